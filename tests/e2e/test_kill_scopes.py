"""Whose orders go, and which of them: with another program on the same accounts, at real venues.

What is open is read from the venues' journals.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from openvenue.engine.commands import CancelOrders
from openvenue.journal.reader import read_groups
from tests.e2e.api import Kind, Wish
from tests.e2e.apis import SERVED
from tests.e2e.kill_scene import APIS, OWNER, KillScene, report_of

API_OF = {api.exchange_id: api for api in SERVED}
STOP_PRICE = 120_000  # far above the market
LOW_PRICE = 20_000


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillScene]:
    """One world for all tests here; each leaves it empty and released."""
    with KillScene(tmp_path_factory.mktemp("scopes")) as scene:
        yield scene


async def past_the_desk(scene: KillScene, exchange_id: str, kind: Kind = "limit") -> str:
    """An order of another program, far from the market; the venue's id."""
    api = API_OF[exchange_id](scene.venues[exchange_id], OWNER)
    wish = Wish(
        symbol=next(iter(api.mids)),
        side="buy",
        size=Decimal("0.01"),
        price=STOP_PRICE if kind == "stop" else LOW_PRICE,
        kind=kind,
        name=str(uuid4()),
    )
    try:
        return await api.place(wish)
    finally:
        await api.leave()


def mass_cancels(scene: KillScene, exchange_id: str) -> int:
    """Of the owner, that ever came to the venue."""
    return sum(
        isinstance(entry.command, CancelOrders) and entry.command.account == OWNER
        for group in read_groups(scene.journal(exchange_id))
        for entry in group
    )


async def emptied(scene: KillScene, *halts: str) -> None:
    """Nothing is halted and nothing is open any more."""
    for halt_id in halts:
        ran = await scene.cli("release", halt_id, "--reason", "over", "--by", "pytest")
        assert ran.code == 0, ran.err
    ran = await scene.cli("cancel-all", "--json")
    assert ran.code == 0, ran.err
    ran = await scene.cli("release", report_of(ran)["id"], "--reason", "over")
    assert ran.code == 0, ran.err


def kept(leg: Any) -> dict[str, str]:
    """Why each order stayed, by its venue's id."""
    return {it["exchange_order_id"]: it["kept_for"] for it in leg["kept"]}


async def test_what_another_program_has_sent_stays(
    scene: KillScene, record_property: Callable[[str, object], None]
) -> None:
    """At three venues at once; none of them is asked for a mass cancel."""
    theirs: dict[str, list[str]] = {}
    for exchange_id in APIS:
        await scene.place(exchange_id, f"{exchange_id} mine")
        resting = await past_the_desk(scene, exchange_id)
        theirs[exchange_id] = [resting, await past_the_desk(scene, exchange_id, "stop")]
    asked = {exchange_id: mass_cancels(scene, exchange_id) for exchange_id in APIS}

    dry = await scene.cli("cancel-all", "--mine-only", "--dry-run", "--json")
    ran = await scene.cli("cancel-all", "--mine-only", "--json", "--by", "pytest")
    report = report_of(ran)
    page = await scene.cli("cancel-all", "--mine-only")
    refused = [await scene.place(exchange_id, f"{exchange_id} late") for exchange_id in APIS]
    later = {exchange_id: await past_the_desk(scene, exchange_id) for exchange_id in APIS}
    await scene.halt_when(report["id"], lambda it: it["status"] == "proven")

    assert ran.code == dry.code == page.code == 0, ran.err
    assert report["status"] == "proven"
    assert report["scope"]["mine_only"]
    assert {name: set(it) for name, it in theirs.items()} == {
        name: scene.fates(name).open - {later[name]} for name in APIS
    }
    assert asked == {exchange_id: mass_cancels(scene, exchange_id) for exchange_id in APIS}
    for leg in report["accounts"]:
        name = leg["exchange_id"]
        assert [it["client_order_id"] for it in leg["orders"]] == [f"{name} mine"]
        assert [it["outcome"] for it in leg["orders"]] == ["canceled"]
        assert kept(leg) == dict.fromkeys(theirs[name], "foreign")
        assert [(it["source"], it["order_ids"]) for it in leg["evidence"]][-3:] == [
            ("list", []),
            ("list", []),
            ("feed", []),
        ]
        record_property("says", f"{name}: kept {len(leg['kept'])} foreign, proved its own gone")
    for leg in report_of(dry)["accounts"]:
        assert {it["kept_for"] for it in leg["would_stay"]} == {"foreign"}
    assert page.out.count("kept for foreign") == 2 * len(APIS)
    assert {it["status"] for it in refused} == {"REJECTED"}
    await emptied(scene, report["id"])


async def test_orders_go_by_whether_they_wait_for_a_price(scene: KillScene) -> None:
    """Only those that wait; then, of the rest, only those that do not."""
    resting, stops = {}, {}
    for exchange_id in APIS:
        await scene.place(exchange_id, f"{exchange_id} stands")
        resting[exchange_id] = await past_the_desk(scene, exchange_id)
        stops[exchange_id] = await past_the_desk(scene, exchange_id, "stop")

    ran = await scene.cli("cancel-all", "--trigger-state", "untriggered", "--json")
    report = report_of(ran)
    after = {exchange_id: scene.fates(exchange_id).open for exchange_id in APIS}
    ran_rest = await scene.cli("cancel-all", "--trigger-state", "resting", "--json")
    rest = report_of(ran_rest)

    assert (ran.code, ran_rest.code) == (0, 0), (ran.err, ran_rest.err)
    assert (report["status"], rest["status"]) == ("proven", "proven")
    for leg in report["accounts"]:
        name = leg["exchange_id"]
        assert {it["exchange_order_id"] for it in leg["orders"]} <= {stops[name]}
        assert stops[name] not in after[name]
        assert resting[name] in after[name] and len(after[name]) == 2
        assert set(kept(leg).values()) == {"resting"} and len(leg["kept"]) == 2
    assert all(not scene.fates(name).open for name in APIS)
    await emptied(scene, report["id"], rest["id"])


async def test_a_stop_stays_when_only_what_rests_is_meant(scene: KillScene) -> None:
    """A protective stop outlives the kill of everything else, and is told."""
    stops = {}
    for exchange_id in APIS:
        await scene.place(exchange_id, f"{exchange_id} rests")
        stops[exchange_id] = await past_the_desk(scene, exchange_id, "stop")

    ran = await scene.cli("cancel-all", "--trigger-state", "resting", "--json")
    report = report_of(ran)
    truth = {exchange_id: scene.fates(exchange_id).open for exchange_id in APIS}

    assert ran.code == 0, ran.err
    assert truth == {name: {stop} for name, stop in stops.items()}
    assert {leg["exchange_id"]: kept(leg) for leg in report["accounts"]} == {
        name: {stop: "untriggered"} for name, stop in stops.items()
    }
    await emptied(scene, report["id"])


async def test_the_owner_asks_for_the_same_over_rest(scene: KillScene) -> None:
    """And what makes no sense is refused before anything is halted."""
    await scene.place("KRAKENFTS", "mine by rest")
    theirs = await past_the_desk(scene, "KRAKENFTS")
    body = {"exchange_id": "KRAKENFTS", "mine_only": True, "reason": "drill", "wait": True}

    status, report = await scene.ask("POST", "/v1/kill-switch", body)
    wrong, _ = await scene.ask("POST", "/v1/kill-switch", {"trigger_state": "up"})
    flat, why = await scene.ask("POST", "/v1/kill-switch", {"mine_only": True, "flatten": True})

    assert (status, report["status"]) == (200, "proven")
    assert report["scope"]["text"] == "own orders of primary at KRAKENFTS"
    assert scene.fates("KRAKENFTS").open == {theirs}
    assert (wrong, flat) == (400, 400)
    assert "without flatten" in str(why)
    await emptied(scene, report["id"])
