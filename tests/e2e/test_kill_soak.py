"""Killed and released again and again under orders from everywhere, while feeds lose their news.

Each report is held against the venues' journals, and afterwards the desk knows what they know.
More rounds, and what the desk's memory does meanwhile:

    OPENVENUE_KILLS=50 pytest tests/e2e/test_kill_soak.py
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
import pytest

from openvenue.ems.orders import Side
from openvenue.faults.fault import Fault, Kind
from tests.e2e.kill_scene import APIS, OWNER, PATIENCE_S, KillScene

KILLS: Final = int(os.environ.get("OPENVENUE_KILLS", "3"))
RESTING: Final = 6  # orders at each venue before the switch is pulled
SOCKETS: Final = {"kraken_futures": "/ws/v1", "kraken_spot": "/v2", "pacifica": "/ws"}
TROUBLES: Final[tuple[Kind | None, ...]] = (
    None,
    Kind.LOSE_REPLY,
    Kind.REPEAT_REPLY,
    Kind.REORDER,
    Kind.STALE,
)
ENDED: Final = ("FILLED", "CANCELED", "REJECTED")

names = count(1)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[KillScene]:
    """One world."""
    with KillScene(tmp_path) as scene:
        yield scene


class Flow:
    """Orders of the desk's clients and of another program, at each venue, until it is stopped."""

    def __init__(self, scene: KillScene) -> None:
        self.scene = scene
        self.sent: dict[str, str] = {}  # through the desk: names and exchanges
        self.is_open = asyncio.Event()  # for the other program
        self.is_open.set()
        self.mid = 0

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        """On it goes."""
        self.mid = await self.scene.market_price()
        tasks = [asyncio.create_task(self._clients(it)) for it in APIS]
        tasks += [asyncio.create_task(self._others(it)) for it in APIS]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [it for it in ended if not isinstance(it, asyncio.CancelledError)] == []

    async def _clients(self, exchange_id: str) -> None:
        """One order after the other; each third one would trade at once."""
        while True:
            name = f"{exchange_id} {next(names)}"
            self.sent[name] = exchange_id
            price = self.mid * 21 // 20 if next(names) % 3 == 0 else 20_000
            await self.scene.place(exchange_id, name, price=price, amount_order=0.001)

    async def _others(self, exchange_id: str) -> None:
        """With keys of the same account."""
        while True:
            await self.is_open.wait()
            await self.scene.place_past_the_desk(exchange_id, side=Side.BUY)


async def trouble(scene: KillScene, kind: Kind | None) -> None:
    """A fault on the desk's private feeds, for some of what they tell from now on."""
    for exchange_id, api in APIS.items():
        if kind is None:
            continue
        fault = Fault(
            kind=kind,
            api=api,
            path=SOCKETS[api],
            count=0,
            probability=0.2,
            seed=next(names),
            delay_seconds=0.1 if kind is Kind.STALE else 0.0,
        )
        await scene.fault(exchange_id, **msgspec.to_builtins(fault))


async def until(is_so: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    """Wait for something to be the case."""
    async with asyncio.timeout(PATIENCE_S):
        while not await is_so():
            pass


def desk_memory(scene: KillScene) -> int:
    """Resident bytes of the desk's process."""
    pages = int(Path(f"/proc/{scene.desk.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def kill_once(scene: KillScene, flow: Flow) -> Any:
    """Pulled in the middle of it all; the report when the other program stopped and all is gone."""

    async def are_resting() -> bool:
        open_orders = [await asyncio.to_thread(scene.open_at, name) for name in APIS]
        return min(len(it) for it in open_orders) >= RESTING

    await until(are_resting)
    before = {name: await asyncio.to_thread(scene.fates, name) for name in APIS}
    pull = {"reason": "soak", "by": "pytest", "accounts": [OWNER]}
    _, pulled = await scene.admin("POST", "", pull)
    flow.is_open.clear()

    def is_over(report: Any) -> bool:
        return bool(report["status"] == "proven" and not any(scene.truth().values()))

    report = await scene.halt_when(pulled["id"], is_over)
    for name, fates in before.items():
        fates.open -= scene.fates(name).filled
    scene.hold_against_journals(report, before)
    return report


async def open_at_desk(scene: KillScene, exchange_id: str) -> set[str]:
    """What the desk says is open, by the venue's ids. Its venue is asked."""
    status, told = await scene.ask("GET", f"/v1/orders?exchange_id={exchange_id}")
    assert status == 200, told
    return {it["exchange_order_id"] for it in told if "exchange_order_id" in it}


async def hold_desk(scene: KillScene, flow: Flow) -> int:
    """The desk tells the ends that the venues' journals tell; how many of them."""
    fates = {name: scene.fates(name) for name in APIS}
    ends = 0
    for name in APIS:
        assert await open_at_desk(scene, name) == fates[name].open
    for name, exchange_id in flow.sent.items():
        status, told = await scene.ask("GET", f"/v1/orders/status/{quote(name)}")
        if status != 200:
            continue  # it was cut off before it was taken
        assert told["status"] in ENDED, told
        if told["status"] != "REJECTED":
            of = fates[exchange_id]
            ended = of.filled if told["status"] == "FILLED" else of.canceled
            assert told["exchange_order_id"] in ended, told
            ends += 1
    flow.sent.clear()
    return ends


async def test_killed_and_released_again_and_again(
    scene: KillScene, record_property: Callable[[str, object], None]
) -> None:
    """Never proven while something stands; and what feeds lost is made good."""
    flow = Flow(scene)
    memory = []
    canceled = ends = 0
    struck = dict.fromkeys(APIS, 0)
    for round_ in range(KILLS):
        kind = TROUBLES[round_ % len(TROUBLES)]
        await trouble(scene, kind)
        flow.is_open.set()
        async with flow.going():
            report = await kill_once(scene, flow)
        ends += await hold_desk(scene, flow)
        for exchange_id in APIS:
            struck[exchange_id] += sum(await scene.strikes(exchange_id))
            await scene.heal(exchange_id)
        _, released = await scene.admin("POST", f"{report['id']}/release", {"reason": "next"})
        assert not released["halted"], released
        memory.append(desk_memory(scene))
        canceled += report["summary"]["canceled"]
    record_property(
        "says",
        f"{KILLS} kills, {canceled} orders canceled, {ends} ends held against journals; "
        f"faults struck {struck}; "
        f"memory of the desk {memory[0] >> 20} to {memory[-1] >> 20} MiB",
    )
