"""The kill switch while things go wrong at the venues: never "proven" unless it is so, and true to
each order. Each fault strikes all three venues, unless the test says otherwise."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect

from openvenue.faults.fault import Fault, Kind
from openvenue.testing.faults import Faults
from tests.e2e.kill_scene import APIS, NOTHING, OWNER, PATIENCE_S, Fates, KillScene, report_of
from tests.e2e.test_faults_of_each_api import checksum

BUTTONS: Final = {
    "kraken_futures": "/derivatives/api/v3/cancelallorders",
    "kraken_spot": "/0/private/CancelAll",
    "pacifica": "/api/v1/orders/cancel_all",
}
LISTS: Final = {
    "kraken_futures": "/derivatives/api/v3/openorders",
    "kraken_spot": "/0/private/OpenOrders",
    "pacifica": "/api/v1/orders",
}
SIGNED_LISTS: Final = {api: path for api, path in LISTS.items() if api != "pacifica"}
ORDERS: Final = {
    "kraken_futures": "/derivatives/api/v3/sendorder",
    "kraken_spot": "/0/private/AddOrder",
    "pacifica": "/api/v1/orders/create",
}
SOCKETS: Final = {"kraken_futures": "/ws/v1", "kraken_spot": "/v2", "pacifica": "/ws"}
FOR_EVER: Final = 0

names = count(1)


def at(paths: dict[str, str], kind: Kind, times: int = 1, **more: Any) -> list[Fault]:
    """The same fault on a path of each API."""
    return [
        Fault(kind=kind, api=api, path=path, count=times, account=OWNER, **more)
        for api, path in paths.items()
    ]


def on_sockets(kind: Kind, times: int, **more: Any) -> list[Fault]:
    """The same fault on the desk's sockets at each API."""
    return at(SOCKETS, kind, times, **more)


def behind(kind: Kind, method: str, times: int = 1, **more: Any) -> list[Fault]:
    """The same fault between each API and its exchange."""
    return [
        Fault(kind=kind, api=api, method=method, count=times, account=OWNER, **more)
        for api in BUTTONS
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillScene]:
    """One for all tests here."""
    patience: dict[str, Any] = {
        "answer_seconds": 1.0,
        "retry_seconds": 0.05,
        "retry_seconds_max": 0.4,
    }
    with KillScene(tmp_path_factory.mktemp("kill"), **patience) as scene:
        yield scene


@pytest.fixture
async def scene(world: KillScene) -> AsyncIterator[KillScene]:
    """It, with three orders of our own at each venue; whole and released again afterwards."""
    await place_everywhere(world, 3)
    try:
        yield world
    finally:
        for exchange_id in APIS:
            await world.heal(exchange_id)
        for halt in (await world.ask("GET", "/v1/kill-switch"))[1]:
            if halt["halted"]:
                await release(world, halt["id"])


async def place_everywhere(scene: KillScene, each: int) -> None:
    """So many orders at each venue, all of which rest."""
    placing = [scene.place(it, f"order {next(names)}") for it in APIS for _ in range(each)]
    for report in await asyncio.gather(*placing):
        assert report["status"] == "NEW", report


async def plan(scene: KillScene, faults: Sequence[Fault]) -> None:
    """Have them go wrong, each at the venue whose API it is of."""
    for exchange_id, api in APIS.items():
        for fault in faults:
            if fault.api == api:
                await scene.fault(exchange_id, **msgspec.to_builtins(fault))


async def strikes(scene: KillScene) -> list[int]:
    """How often each fault has struck."""
    return [number for it in APIS for number in await scene.strikes(it)]


async def kill(scene: KillScene, **body: object) -> tuple[int, Any]:
    """Pull the switch and wait for its report."""
    return await scene.ask("POST", "/v1/kill-switch", {"wait": True, "reason": "test", **body})


async def release(scene: KillScene, halt_id: str) -> None:
    """The explicit end."""
    path = f"/v1/kill-switch/{halt_id}/release"
    status, told = await scene.ask("POST", path, {"reason": "the test is over"})
    assert status == 200, told


def opened(scene: KillScene) -> dict[str, Fates]:
    """What is open now, everywhere."""
    return {exchange_id: scene.fates(exchange_id) for exchange_id in APIS}


MENDED: Final = {
    "a button that is slow": at(BUTTONS, Kind.DELAY, delay_seconds=0.3),
    "a button that refuses connections": at(BUTTONS, Kind.REFUSE, 2),
    "a button that hangs": at(BUTTONS, Kind.HANG),
    "a button that closes": at(BUTTONS, Kind.CLOSE, 2),
    "too many requests": at(BUTTONS, Kind.STATUS, 2, status=429),
    "an internal error": at(BUTTONS, Kind.STATUS, 2, status=500),
    "a bad gateway": at(BUTTONS, Kind.STATUS, 2, status=502),
    "an unavailable service": at(BUTTONS, Kind.STATUS, 2, status=503),
    "a gateway's timeout": at(BUTTONS, Kind.STATUS, 2, status=504),
    "a rate limit": at(BUTTONS, Kind.RATE_LIMIT, 3),
    "a maintenance that ends": at(BUTTONS, Kind.MAINTENANCE, 3),
    "a key that is revoked, and restored": at(BUTTONS, Kind.REVOKED_KEY, 3),
    "lists that know no key": at(SIGNED_LISTS, Kind.REVOKED_KEY, 2),
    "a late reply": at(BUTTONS, Kind.LATE_REPLY, delay_seconds=0.3),
    "a reply lost after the effect": at(BUTTONS, Kind.LOSE_REPLY),
    "a reply cut in the middle": at(BUTTONS, Kind.CUT_REPLY),
    "a reply told twice": at(BUTTONS, Kind.REPEAT_REPLY),
    "lists that fail": at(LISTS, Kind.STATUS, 3, status=502),
    "lists that are cut": at(LISTS, Kind.CUT_REPLY, 2),
    "a cancel accepted and not done": behind(Kind.IGNORE_CANCEL, "CancelOrders"),
    "a cancel done late": behind(Kind.IGNORE_CANCEL, "CancelOrders", delay_seconds=0.5),
    "a cancel acknowledged late": behind(Kind.LATE_ACK, "CancelOrders", delay_seconds=0.4),
    "a cancel of every other order": behind(Kind.PARTIAL, "CancelOrders"),
    "orders that stay listed for a while": behind(Kind.GHOST, "CancelOrders", delay_seconds=1.0),
    "a feed that loses messages": on_sockets(Kind.LOSE_REPLY, 5),
    "a feed that repeats itself": on_sockets(Kind.REPEAT_REPLY, FOR_EVER),
    "a feed out of order": on_sockets(Kind.REORDER, 5),
    "a feed that is stale": on_sockets(Kind.STALE, 5, delay_seconds=0.3),
    "a feed that is cut": on_sockets(Kind.CUT_REPLY, 5),
}


@pytest.mark.parametrize("faults", MENDED.values(), ids=MENDED)
async def test_it_proves_that_all_is_gone_in_spite_of(
    scene: KillScene, faults: Sequence[Fault]
) -> None:
    """One press is enough, whatever went wrong on its way."""
    before = opened(scene)
    await plan(scene, faults)

    status, told = await kill(scene)

    struck = await strikes(scene)
    assert all(len(fates.open) >= 3 for fates in before.values())
    assert (status, told["status"]) == (200, "proven"), told
    assert all(struck), struck
    scene.hold_against_journals(told, before)
    await release(scene, told["id"])
    await place_everywhere(scene, 1)  # and it trades again


LASTING: Final = {
    "connections are refused": ([Fault(kind=Kind.REFUSE, api="kraken_spot", count=0)], "unknown"),
    "everything hangs": ([Fault(kind=Kind.HANG, api="kraken_spot", count=0)], "unknown"),
    "it is closed for a while": (
        [Fault(kind=Kind.MAINTENANCE, api="kraken_spot", count=0)],
        "unknown",
    ),
    "its key is revoked": (
        [Fault(kind=Kind.REVOKED_KEY, api="kraken_spot", account=OWNER, count=0)],
        "unknown",
    ),
    "replies never come": ([Fault(kind=Kind.LOSE_REPLY, api="kraken_spot", count=0)], "unknown"),
    "cancels are not done": (
        [
            Fault(kind=Kind.IGNORE_CANCEL, api="kraken_spot", count=0, method="CancelOrders"),
            Fault(kind=Kind.IGNORE_CANCEL, api="kraken_spot", count=0, method="CancelOrder"),
        ],
        "left",
    ),
}


@pytest.mark.parametrize(("faults", "verdict"), LASTING.values(), ids=LASTING)
async def test_of_three_venues_one_never_gives_in(
    scene: KillScene, faults: list[Fault], verdict: str
) -> None:
    """The others are proven, it is told as what it is; and the watch mends it when it can."""
    before = opened(scene)
    await plan(scene, faults)

    status, told = await kill(scene, deadline_seconds=3)

    assert (status, told["status"]) == (504, verdict), told
    by_venue = {leg["exchange_id"]: leg["status"] for leg in told["accounts"]}
    assert by_venue == {"KRAKENFTS": "proven", "KRAKEN": verdict, "PACIFICA": "proven"}
    scene.hold_against_journals(told, before)
    assert opened(scene)["KRAKEN"].open or verdict == "unknown"

    await scene.heal("KRAKEN")
    told = await scene.halt_when(told["id"], is_proven)
    scene.hold_against_journals(told, before)
    assert scene.truth() == NOTHING


async def test_venues_that_nobody_listens_for_during_the_kill(scene: KillScene) -> None:
    """Connections are refused for real, and then they are not: one press is enough."""
    before = opened(scene)
    for exchange_id in APIS:
        await scene.fault(exchange_id, kind="closed_port", for_seconds=2)
    for exchange_id in APIS:
        await refused(scene.venues[exchange_id].port)

    status, told = await kill(scene)

    assert (status, told["status"]) == (200, "proven"), told
    acts = [act["answer"] for leg in told["accounts"] for act in leg["requests"]]
    assert acts.count("the exchange cannot be reached") >= len(APIS)
    assert await strikes(scene) == [1, 1, 1]
    scene.hold_against_journals(told, before)
    assert scene.truth() == NOTHING


async def test_a_desk_that_nobody_can_reach_is_gone_past_while_it_lives(scene: KillScene) -> None:
    """Its port is closed: the shell and the desk, which finds the marker, sweep at once.

    What the shell has canceled before the desk looked is in the shell's report alone.
    """
    before = opened(scene)
    planned = await scene.cli("fault", "add", "--kind", "closed_port", "--for", "8")
    assert planned.code == 0, planned.err
    await refused(scene.desk.port)

    ran = await scene.cli("cancel-all", "--reason", "nobody there", "--json")
    told = report_of(ran)
    taken = await scene.halt_when(told["id"], is_proven)

    assert "Connection refused. Going past it." in ran.err
    assert (ran.code, told["status"]) == (0, "proven"), ran.err
    scene.hold_against_journals(told, before)
    scene.hold_against_journals(taken, {exchange_id: Fates() for exchange_id in APIS})
    assert scene.truth() == NOTHING
    assert (await scene.place("KRAKEN", f"order {next(names)}"))["status"] == "REJECTED"
    freed = await scene.cli("release", told["id"], "--reason", "over")  # only the operator can
    assert freed.code == 0, freed.err


async def refused(port: int) -> None:
    """Once nobody listens there."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.close()


async def test_a_book_with_wrong_checksums_during_the_kill(scene: KillScene) -> None:
    """Whoever follows the book sees that it cannot be trusted; the proof does not rest on it."""
    before = opened(scene)
    await scene.fault("KRAKEN", kind="bad_checksum", api="kraken_spot", count=0)
    asked = {"method": "subscribe", "params": {"channel": "book", "symbol": ["BTC/USD"]}}
    address = scene.venues["KRAKEN"].base_url.replace("http", "ws", 1) + "/v2"
    async with connect(address) as socket:
        await socket.send(json.dumps(asked))
        status, told = await kill(scene)
        book = await told_of_book(socket)

    assert (status, told["status"]) == (200, "proven"), told
    assert int(book["checksum"]) != checksum(book)
    scene.hold_against_journals(told, before)
    assert scene.truth() == NOTHING


async def told_of_book(socket: ClientConnection) -> Any:
    """The snapshot, its numbers as they are written."""
    async for frame in socket:
        if '"type":"snapshot"' in str(frame) and '"book"' in str(frame):
            return json.loads(frame, parse_float=str, parse_int=str)["data"][0]
    raise AssertionError("the socket has closed")


async def test_orders_that_come_back_are_canceled_again(scene: KillScene) -> None:
    """Placed anew by the venue after a cancel, under a new id: the watch sees them.

    The client's name is the same, so the report goes on with the same order, and its newest id.
    """
    await plan(scene, behind(Kind.REAPPEAR, "CancelOrders", delay_seconds=1.0))

    status, told = await kill(scene)
    first = told["status"]
    told = await scene.halt_when(told["id"], lambda it: bool(it["summary"]["recanceled"] >= 9))
    told = await scene.halt_when(told["id"], is_proven)

    assert (status, first) == (200, "proven")
    scene.hold_against_journals(told, opened(scene))
    assert scene.truth() == NOTHING
    assert {leg["exchange_id"] for leg in told["accounts"] if leg["reappeared"]} == set(APIS)


@pytest.mark.parametrize("kind", [Kind.LATE_REPLY, Kind.LOSE_REPLY, Kind.FALSE_REJECT])
async def test_orders_on_their_way_are_caught(scene: KillScene, kind: Kind) -> None:
    """Acknowledged late, never, or with a no that is not true: none of them survives."""
    if kind is Kind.FALSE_REJECT:
        faults = behind(kind, "PlaceOrder", 2)
    else:
        faults = at(ORDERS, kind, 2, delay_seconds=0.5 if kind is Kind.LATE_REPLY else 0.0)
    await plan(scene, faults)
    placing = [
        asyncio.create_task(scene.place(it, f"order {next(names)}")) for it in APIS for _ in "ab"
    ]
    async with asyncio.timeout(PATIENCE_S):
        while not any(await strikes(scene)):
            pass
    before = opened(scene)
    if kind is Kind.FALSE_REJECT:  # what a venue says it refused is nobody's to look for
        before = {exchange_id: Fates() for exchange_id in APIS}

    status, told = await kill(scene)
    await asyncio.gather(*placing)

    assert (status, told["status"]) == (200, "proven"), told
    scene.hold_against_journals(told, before)
    assert scene.truth() == NOTHING


async def test_orders_that_others_send_during_the_kill_go_too(scene: KillScene) -> None:
    """A program with keys of the same account, past the desk."""
    before = opened(scene)
    pulling = asyncio.create_task(kill(scene))
    sent = [await scene.place_past_the_desk("PACIFICA") for _ in range(6)]

    status, told = await pulling
    async with asyncio.timeout(PATIENCE_S):
        while scene.open_at("PACIFICA"):
            await scene.ask("GET", "/v1/kill-switch")
    told = await scene.halt_when(told["id"], is_proven)

    caught = [
        it
        for leg in told["accounts"]
        for it in leg["orders"]
        if it.get("exchange_order_id") in sent
    ]
    assert status == 200
    assert caught
    assert all(it["foreign"] and it["outcome"] in ("canceled", "already_done") for it in caught)
    scene.hold_against_journals(told, before)
    assert scene.truth() == NOTHING


async def test_a_venue_that_falls_during_the_kill_with_its_own_switch_armed(
    scene: KillScene,
) -> None:
    """Its dead man's switch fires once when it is back; told as unknown, and proven later."""
    before = opened(scene)
    await scene.arm("KRAKEN", 2)
    await scene.fault("KRAKEN", kind="hang", path=BUTTONS["kraken_spot"], count=0)
    pulling = asyncio.create_task(kill(scene, deadline_seconds=2))
    async with asyncio.timeout(PATIENCE_S):
        while not any(await scene.strikes("KRAKEN")):
            pass

    await asyncio.to_thread(scene.venues["KRAKEN"].kill)
    status, told = await pulling
    by_venue = {leg["exchange_id"]: leg["status"] for leg in told["accounts"]}
    await asyncio.to_thread(scene.venues["KRAKEN"].start)
    told = await scene.halt_when(told["id"], is_proven)

    assert (status, by_venue["KRAKEN"], by_venue["PACIFICA"]) == (504, "unknown", "proven")
    assert scene.switches_fired("KRAKEN") == 1
    scene.hold_against_journals(told, before)
    assert scene.truth() == NOTHING


async def test_one_venue_of_a_program_restarts_during_the_kill_with_its_switch_armed(
    tmp_path: Path,
) -> None:
    """All three in one process: the others are proven, and it when it is back.

    Its dead man's switch fires once while nobody is there; the report says what became of each.
    """
    with KillScene(tmp_path, together=True, answer_seconds=1.0) as scene:
        await place_everywhere(scene, 3)
        before = opened(scene)
        await scene.arm("KRAKEN", 2)
        await scene.fault("KRAKEN", kind="hang", path=BUTTONS["kraken_spot"], count=0)
        pulling = asyncio.create_task(kill(scene, deadline_seconds=4))
        async with asyncio.timeout(PATIENCE_S):
            while not any(await scene.strikes("KRAKEN")):
                pass
        await scene.heal("KRAKEN")

        faults = Faults(scene.venues["KRAKEN"])
        await asyncio.to_thread(faults.send_away, "kraken-spot", 5)
        status, told = await pulling
        by_venue = {leg["exchange_id"]: leg["status"] for leg in told["accounts"]}
        told = await scene.halt_when(told["id"], is_proven)

        assert (status, by_venue) == (
            504,
            {"KRAKENFTS": "proven", "KRAKEN": "unknown", "PACIFICA": "proven"},
        )
        assert scene.switches_fired("KRAKEN") == 1
        scene.hold_against_journals(told, before)
        assert scene.truth() == NOTHING


@pytest.mark.parametrize("scope", [{}, {"side": "BUY"}], ids=["all", "one by one"])
async def test_sixty_orders_at_each_venue_with_the_limits_of_production(
    tmp_path: Path, scope: dict[str, object]
) -> None:
    """All at once by the venues' own mass cancel; and singly, because only bids are meant."""
    with KillScene(tmp_path, limits="production", deadline_seconds=60.0) as scene:
        placed = 0
        async with asyncio.timeout(4 * PATIENCE_S):
            for exchange_id in APIS:
                for _ in range(60):
                    placed += await place_patiently(scene, exchange_id)
        before = opened(scene)

        status, told = await kill(scene, **scope)

        assert placed == sum(len(fates.open) for fates in before.values()) == 180
        assert (status, told["status"]) == (200, "proven"), told
        assert told["summary"]["canceled"] >= 180
        scene.hold_against_journals(told, before)
        assert scene.truth() == NOTHING


async def place_patiently(scene: KillScene, exchange_id: str) -> int:
    """One order that rests, however often the venue says that it was asked too often."""
    while (await scene.place(exchange_id, f"order {next(names)}"))["status"] != "NEW":
        pass
    return 1


def is_proven(report: Any) -> bool:
    """The good end."""
    return bool(report["status"] == "proven")
