"""All venues and the desk are killed at once, under the load of all APIs: nothing told is lost.

A seed makes what clients send and after how many requests the kill comes; the machine adds chance
of its own. More rounds, or other ones:

    OPENVENUE_CRASHES_ALL=60 OPENVENUE_CRASH_SEED=7 pytest tests/e2e/test_crashes_all_venues.py
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

import pytest

from openvenue.cli.replay import replay
from openvenue.ems.orders import ClOrdId, Order, Status
from openvenue.engine.commands import PlaceOrder
from openvenue.engine.events import InstrumentListed, OrderRejected, Traded
from openvenue.engine.units import AccountId
from openvenue.journal.check import verify
from openvenue.journal.records import Entry
from openvenue.testing.server import Server
from tests.e2e.api import GONE, Api, Listener, News, Refusal, Wish, wish
from tests.e2e.api_ems import Desk, DeskLedger
from tests.e2e.apis import EXCHANGES, SERVED
from tests.e2e.crash_ledger import Ledger, Told
from tests.e2e.signed_client import PATIENCE_S, traceback_in

CRASHES: Final = int(os.environ.get("OPENVENUE_CRASHES_ALL", "25"))
SEED: Final = int(os.environ.get("OPENVENUE_CRASH_SEED", "1"))
CONNECTIONS: Final = 2  # of `primary` at each venue, and of `secondary` at the desk for each
FAR_SECONDS: Final = (3_000, 9_000)  # of switches that are not to fire
SOON_SECONDS: Final = 1  # of one that is to fire after the kill
VENUES: Final = {api.exchange_id: api.venue for api in SERVED}


class VenueLedger(Ledger):
    """A venue's journal; how often each order was asked for, whatever was said to it; and fills."""

    def __init__(self, directory: Path, api: type[Api]) -> None:
        super().__init__(directory, api.names)
        self.asked: Counter[tuple[str, str]] = Counter()  # account, client's name
        self.over: dict[tuple[str, str], str] = {}  # orders with an identity that never stood
        self.fills: set[tuple[str, Decimal]] = set()  # orders, and how much of them had traded
        self._lot_sizes: dict[str, Decimal] = {}
        self._filled: Counter[str] = Counter()  # lots

    def add(self, entry: Entry) -> None:
        command = entry.command
        if isinstance(command, PlaceOrder) and command.cl_ord_id is not None:
            self.asked[command.account, command.cl_ord_id] += 1
            for event in entry.events:
                if isinstance(event, OrderRejected) and event.order is not None:
                    name = self.api.order(event.order.order_id)
                    self.over[command.account, command.cl_ord_id] = name
        for event in entry.events:
            if isinstance(event, InstrumentListed):
                self._lot_sizes[event.instrument.symbol] = event.instrument.lot_size
            elif isinstance(event, Traded):
                for order_id in (event.maker_order_id, event.taker_order_id):
                    name = self.api.order(order_id)
                    self._filled[name] += event.quantity
                    self.fills.add((name, self._filled[name] * self._lot_sizes[event.symbol]))
        super().add(entry)


class DeskTold:
    """What the desk acknowledged."""

    def __init__(self) -> None:
        self.placed: dict[str, str] = {}  # client's name, exchange: it stands, or stood, there
        self.ended: set[str] = set()  # client's names: no part of it can trade any more
        self.rejected: set[str] = set()
        self.emptied = 0  # how often an exchange was said to be empty


class Load:
    """All requests of one turn, up to the kill."""

    def __init__(self, requests: int) -> None:
        self.left = requests
        self.is_down = False
        self.is_enough = asyncio.Event()
        self.arming = asyncio.Lock()  # a switch that is to fire must not be set again

    def count(self) -> None:
        """One more request is on its way."""
        self.left -= 1
        if self.left == 0:
            self.is_enough.set()


class Client:
    """Sends, one request after the other, until there is no server."""

    def __init__(self, load: Load, random: Random, mids: dict[str, int]) -> None:
        self.load = load
        self.random = Random(random.random())
        self.mids = mids
        self.mine: list[tuple[str, Wish]] = []  # orders that stood when they were told

    async def run(self) -> None:
        """Trade."""
        try:
            while not self.load.is_down:
                self.load.count()
                await self.step()
        except GONE:
            assert self.load.is_down, "the server closed a connection by itself"
        finally:
            await self.leave()

    async def step(self) -> None:
        raise NotImplementedError

    async def leave(self) -> None:
        raise NotImplementedError

    def some_of_mine(self) -> tuple[str, Wish]:
        """One order, which may have gone."""
        return self.mine.pop(self.random.randrange(len(self.mine)))


class AtVenue(Client):
    """`primary`, with the venue's own API."""

    def __init__(self, load: Load, random: Random, api: Api, told: Told) -> None:
        super().__init__(load, random, dict(api.mids))
        self.api = api
        self.told = told

    async def step(self) -> None:
        chance = self.random.random()
        if chance < 0.02:
            await self.api.cancel_all()
            self.mine.clear()
        elif chance < 0.06 and self.api.has_switch:
            async with self.load.arming:
                deadline = await self.api.arm(self.random.randrange(*FAR_SECONDS))
            self.told.switches.add((self.api.account, deadline))
        elif chance < 0.25 and self.mine:
            name, order = self.some_of_mine()
            if await self.api.cancel(name, order):
                self.told.canceled.add(name)
        else:
            await self.place(wish(self.random, self.mids, far=chance > 0.7))

    async def place(self, order: Wish) -> None:
        try:
            name = await self.api.place(order)
        except Refusal:
            self.told.refused.add((self.api.account, order.name))
            return
        self.told.placed[self.api.account, order.name] = name
        self.mine.append((name, order))

    async def leave(self) -> None:
        await self.api.leave()


class AtDesk(Client):
    """`secondary`, with the desk's API."""

    def __init__(
        self, load: Load, random: Random, api: type[Api], desk: Desk, told: DeskTold
    ) -> None:
        super().__init__(load, random, dict(api.mids))
        self.exchange_id = api.exchange_id
        self.desk = desk
        self.told = told

    async def step(self) -> None:
        chance = self.random.random()
        if chance < 0.03:
            before = [name for name, at in self.told.placed.items() if at == self.exchange_id]
            status, said = await self.desk.cancel_all(self.exchange_id)
            if status == 200:
                assert said["message"] == "Ok"
                self.told.ended.update(before)
                self.told.emptied += 1
                self.mine.clear()
        elif chance < 0.2 and self.mine:
            name, _ = self.some_of_mine()
            status, said = await self.desk.cancel(self.exchange_id, name)
            if (status, said["status"]) == (200, "CANCELED"):
                self.told.ended.add(name)
        else:
            await self.place(wish(self.random, self.mids, far=chance > 0.7))

    async def place(self, order: Wish) -> None:
        status, said = await self.desk.place(self.exchange_id, order)
        if status != 200:
            assert self.load.is_down or status == 504, said  # it goes down with its venues
        elif said["status"] == "REJECTED":
            self.told.rejected.add(order.name)
        else:
            self.told.placed[order.name] = self.exchange_id
            self.mine.append((order.name, order))

    async def leave(self) -> None:
        self.desk.leave()


class Scene:
    """A directory, the server that has it, and all that was ever told about it."""

    def __init__(self, directory: Path, random: Random) -> None:
        self.server = Server(directory)
        self.random = random
        self.directory = directory
        self.told = {api.venue: Told() for api in SERVED}
        self.fills: dict[str, set[tuple[str, Decimal]]] = {api.venue: set() for api in SERVED}
        self.desk_told = DeskTold()
        self.ledgers = {api.venue: VenueLedger(directory / api.venue, api) for api in SERVED}
        self.requests = 0
        self.frames = 0
        self.in_flight = 0  # orders of which the desk knew nothing when it was killed
        self.soon: dict[str, str] = {}  # by venue, the deadline of a switch that is to fire

    async def trade_until_killed(self) -> None:
        """The load of everybody, and the kill in the middle of it."""
        requests = self.random.randrange(100, 1_000)
        load = Load(requests)
        news = {api.venue: News() for api in SERVED}
        listeners: list[Listener] = []
        clients: list[Client] = []
        buttons: list[Api] = []
        async with AsyncExitStack() as hangs:
            for kind in SERVED:
                ear, button = (kind(self.server, "primary") for _ in range(2))
                hangs.push_async_callback(ear.leave)
                hangs.push_async_callback(button.leave)
                listeners.append(await ear.listen(news[kind.venue]))
                buttons.append(button)
                for _ in range(CONNECTIONS):
                    api = kind(self.server, "primary")
                    clients.append(AtVenue(load, self.random, api, self.told[kind.venue]))
                    desk = Desk(self.server, "secondary")
                    clients.append(AtDesk(load, self.random, kind, desk, self.desk_told))
            async with asyncio.TaskGroup() as group:
                for client in clients:
                    group.create_task(client.run())
                ears = [group.create_task(self._listen(it, load)) for it in listeners]
                await load.is_enough.wait()
                async with load.arming:
                    self.soon = {
                        button.venue: await button.arm(SOON_SECONDS)
                        for button in buttons
                        if button.has_switch
                    }
                    load.is_down = True
                    self.server.kill()
            assert all(ear.done() for ear in ears)
        self.requests += requests
        for kind in SERVED:
            told = self.told[kind.venue]
            told.trades |= news[kind.venue].trades
            told.canceled |= news[kind.venue].canceled.keys()
            self.fills[kind.venue] |= news[kind.venue].fills
            self.frames += news[kind.venue].frames
        assert traceback_in(self.server) == ""

    async def _listen(self, listener: Listener, load: Load) -> None:
        try:
            await listener.run()
        except GONE:
            assert load.is_down, "the server closed a socket by itself"

    def compare_worlds(self) -> dict[str, tuple[int, str]]:
        """Of each venue: fold, fold from a snapshot, decide again: one world."""
        found = {}
        for venue, ledger in self.ledgers.items():
            directory = self.directory / venue
            folded = replay(directory, None, from_snapshot=False)
            recovered = replay(directory, None, from_snapshot=True)
            verdict = verify(directory)
            assert verdict.is_good, (venue, verdict.difference)
            fingerprint: str = folded["fingerprint"]
            assert fingerprint == recovered["fingerprint"] == verdict.fingerprint, venue
            ledger.read_on()
            assert ledger.seq == verdict.last_seq
            self._hold_told(self.told[venue], ledger)
            assert self.fills[venue] <= ledger.fills, "a fill was told and is gone"
            found[venue] = (verdict.last_seq, fingerprint)
        return found

    @staticmethod
    def _hold_told(told: Told, ledger: VenueLedger) -> None:
        """Some APIs acknowledge an order that ends in the same moment: it has a name, too."""
        for key in told.placed.keys() & ledger.over.keys():
            assert told.placed.pop(key) == ledger.over[key]
        told.hold_against(ledger)

    def note_in_flight(self) -> None:
        """How many orders' fate the desk did not know when the power went."""
        desk = DeskLedger(self.directory / "ems")
        self.in_flight += sum(it.is_in_flight for it in desk.own)

    async def settle(self) -> None:
        """The server is back: switches fire, and the desk asks for what it does not know."""
        async with AsyncExitStack() as hangs:
            for kind in SERVED:
                api = kind(self.server, "primary")
                hangs.push_async_callback(api.leave)
                ledger = self.ledgers[kind.venue]
                if kind.venue in self.soon:
                    await self._await_switch(api, ledger)
                told = await api.open_orders()
                ledger.read_on()
                assert told == {name for name, it in ledger.open.items() if it[0] == api.account}
            desk = Desk(self.server, "secondary")
            hangs.callback(desk.leave)
            await desk.settle(EXCHANGES, self.directory / "ems", PATIENCE_S)

    async def _await_switch(self, api: Api, ledger: Ledger) -> None:
        armed = (api.account, self.soon[api.venue])
        try:
            async with asyncio.timeout(PATIENCE_S):
                while ledger.fired[armed] == 0:
                    await api.open_orders()
                    ledger.read_on()
        except TimeoutError as late:
            raise TimeoutError(f"{api.venue}'s switch {armed} has not fired {late}") from None
        assert ledger.fired[armed] == 1
        assert await api.open_orders() == set()

    def compare_desk(self) -> None:
        """What the desk knows, and has said, is what the venues' journals say."""
        desk = DeskLedger(self.directory / "ems")
        assert not desk.open_questions
        for ledger in self.ledgers.values():
            ledger.read_on()
        owner = AccountId("secondary")
        for order in desk.own:
            self._hold(order)
        for name in self.desk_told.placed:
            assert desk.orders[owner, ClOrdId(name)].order_id, f"{name} was acknowledged"
        for name in self.desk_told.ended:
            assert desk.orders[owner, ClOrdId(name)].has_ended, f"{name} was said to have ended"
        for name in self.desk_told.rejected:
            assert desk.orders[owner, ClOrdId(name)].status is Status.REJECTED
        known = {order.venue_cl_ord_id for order in desk.own}
        for ledger in self.ledgers.values():
            assert {name for account, name in ledger.asked if account == owner} <= known

    def _hold(self, order: Order) -> None:
        """One order of the desk against its venue's journal."""
        ledger = self.ledgers[VENUES[order.account.exchange_id]]
        name = (order.account.owner, order.venue_cl_ord_id)
        assert not order.is_unknown and not order.is_in_flight, order
        assert ledger.asked[name] <= 1, f"sent again: {order}"
        stood = ledger.names[name]
        if order.status is Status.REJECTED:
            assert stood == 0, order
        else:
            assert stood == 1, order
            assert (ledger.ended[order.order_id] == 1) == order.has_ended, order
            assert (order.order_id in ledger.open) != order.has_ended, order


@pytest.mark.timeout(60 + 30 * CRASHES)
async def test_whatever_any_api_acknowledged_survives_every_kill(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Every venue has a journal of its own and the desk another: all agree after each kill."""
    print(f"seed {SEED}; again with OPENVENUE_CRASH_SEED={SEED}")
    scene = Scene(tmp_path, Random(SEED))
    server = scene.server
    try:
        server.start()
        for turn in range(CRASHES):
            if turn % 3 == 2:  # in a crowd, for once
                server.kill()
                server.flags.remove("--no-crowd")
                server.start()
                server.flags.append("--no-crowd")
            await scene.trade_until_killed()
            before = scene.compare_worlds()
            scene.note_in_flight()

            server.start()
            await scene.settle()
            scene.compare_desk()
            for venue, (seq, fingerprint) in before.items():
                again = replay(tmp_path / venue, seq, from_snapshot=False)
                assert again["fingerprint"] == fingerprint, "a restart changed the past"
        server.kill()
        scene.compare_worlds()
    except BaseException:
        print("the server said at last:", *server.output[-30:], sep="\n")
        raise
    finally:
        server.kill()

    said = []
    for venue, told in scene.told.items():
        fills = len(told.trades) + len(scene.fills[venue])
        assert told.placed and told.canceled and fills, venue
        said.append(
            f"{venue} {len(told.placed)} orders, {len(told.canceled)} cancels, "
            f"{fills} fills, {len(told.switches)} switches"
        )
    desk = scene.desk_told
    assert desk.placed and desk.ended
    record_property(
        "says",
        f"crashes of all venues, seed {SEED}: {CRASHES} kills among {scene.requests:,} requests; "
        f"told, none lost, none twice: {'; '.join(said)}; the desk {len(desk.placed)} orders and "
        f"{desk.emptied} times empty, {scene.in_flight} of its orders in flight when it died",
    )
