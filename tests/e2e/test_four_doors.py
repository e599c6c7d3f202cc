"""Every venue and the desk in one process: all their buttons at once, and each order accounted for.

The accounts of one test: `primary` trades at the venues themselves and presses their buttons,
`secondary` trades through the desk alone, and the crowd makes the markets in which both do.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from openvenue.ems.proof import Ending
from openvenue.engine.commands import CancelOrder, CancelOrders
from openvenue.engine.events import OrderCanceled, OrdersCanceled
from openvenue.journal.records import Entry
from openvenue.testing.server import Server
from tests.e2e.api import Api, Listener, News, Refusal, Wish, heard, wish
from tests.e2e.api_ems import Desk, DeskLedger
from tests.e2e.apis import EXCHANGES, SERVED
from tests.e2e.crash_ledger import Ledger
from tests.e2e.signed_client import PATIENCE_S, traceback_in

RESTING: Final = 12  # orders of each client before the first press
BETWEEN: Final = 8  # orders of each client from one press to the next
PRESSES: Final = 3  # while everybody goes on trading, and one more when they have stopped
STAND_MAX: Final = 25  # of one client: beyond that it cancels

ACCOUNTS: Final = ("primary", "secondary")

Place = tuple[str, str]  # venue, account
Press = Callable[[], Coroutine[Any, Any, int]]


class Accounts(Ledger):
    """A venue's journal, and what each mass cancel found and took."""

    def __init__(self, directory: Path, api: type[Api]) -> None:
        super().__init__(directory, api.names)
        self.presses: list[tuple[str, int]] = []  # whose, and how many orders it took
        self.canceled: dict[str, list[str]] = {}  # by account, because somebody asked for it

    def add(self, entry: Entry) -> None:
        """As before; and what a mass cancel took is exactly what its owner had open."""
        command = entry.command
        if isinstance(command, CancelOrders):
            owner = command.account
            stood = {name for name, (account, _, _) in self.open.items() if account == owner}
            (event,) = (it for it in entry.events if isinstance(it, OrdersCanceled))
            taken = [self.api.order(order_id) for order_id in event.order_ids]
            assert set(taken) == stood and len(taken) == len(stood)
            assert event.account == owner
            self.presses.append((owner, len(taken)))
            self.canceled.setdefault(owner, []).extend(taken)
        elif isinstance(command, CancelOrder):
            told = [it.order_id for it in entry.events if isinstance(it, OrderCanceled)]
            names = [self.api.order(order_id) for order_id in told]
            self.canceled.setdefault(command.account, []).extend(names)
        super().add(entry)


class Client:
    """Trades at a venue, or through the desk, until it is told to stop."""

    def __init__(self, random: Random, api: type[Api]) -> None:
        self.random = random
        self.stepped = asyncio.Event()  # one order more, or it failed
        self.mids = api.mids
        self.placed = 0
        self.stand: list[tuple[str, Wish]] = []
        self.is_over = False

    async def run(self) -> None:
        """Orders and cancels, one after the other."""
        try:
            while not self.is_over:
                await self.step()
                self.placed += 1
                self.stepped.set()
        finally:
            self.is_over = True
            self.stepped.set()

    async def step(self) -> None:
        """An order, and perhaps a cancel."""
        order = wish(self.random, self.mids, far=self.random.random() < 0.7)
        name = await self.place(order)
        if name is not None:
            self.stand.append((name, order))
        is_full = len(self.stand) > STAND_MAX
        if self.stand and (is_full or self.random.random() < 0.2):
            await self.cancel(*self.stand.pop(self.random.randrange(len(self.stand))))

    async def do(self, count: int) -> None:
        """Return when it has sent that many orders more."""
        goal = self.placed + count
        while self.placed < goal:
            assert not self.is_over, "it failed"
            self.stepped.clear()
            await self.stepped.wait()

    async def place(self, order: Wish) -> str | None:
        raise NotImplementedError

    async def cancel(self, name: str, order: Wish) -> None:
        raise NotImplementedError


class AtVenue(Client):
    """With the venue's own API."""

    def __init__(self, random: Random, api: Api) -> None:
        super().__init__(random, type(api))
        self.api = api

    async def place(self, order: Wish) -> str | None:
        try:
            return await self.api.place(order)
        except Refusal:
            return None

    async def cancel(self, name: str, order: Wish) -> None:
        await self.api.cancel(name, order)


class AtDesk(Client):
    """With the desk's API, which knows limit orders alone."""

    def __init__(self, random: Random, api: type[Api], desk: Desk) -> None:
        super().__init__(random, api)
        self.exchange_id = api.exchange_id
        self.desk = desk

    async def place(self, order: Wish) -> str | None:
        status, told = await self.desk.place(self.exchange_id, order)
        assert status == 200, told
        return None if told["status"] == "REJECTED" else order.name  # its gate may be closed

    async def cancel(self, name: str, order: Wish) -> None:
        status, told = await self.desk.cancel(self.exchange_id, name)
        assert status == 200, told


class Scene:
    """Clients at work, and whoever presses."""

    def __init__(self, server: Server, random: Random) -> None:
        self.server = server
        self.hangs = AsyncExitStack()
        self.clients: list[Client] = []
        for api in SERVED:
            venue_client = AtVenue(random, self.api(api))
            desk_client = AtDesk(random, api, self.desk())
            self.clients += [venue_client, desk_client]
        self.buttons = {api: self.api(api) for api in SERVED}
        self.desks = {exchange_id: self.desk() for exchange_id in sorted(EXCHANGES)}
        self.told: dict[str, int] = {api.venue: 0 for api in SERVED}  # orders, by all answers

    def api(self, api: type[Api], account: str = "primary") -> Api:
        """A client at the venue itself."""
        made = api(self.server, account)
        self.hangs.push_async_callback(made.leave)
        return made

    def desk(self) -> Desk:
        """A client of `secondary`, at the desk."""
        made = Desk(self.server, "secondary")
        self.hangs.callback(made.leave)
        return made

    async def trade(self, count: int) -> None:
        """Until every client has sent that many orders more."""
        async with asyncio.timeout(PATIENCE_S * 2):
            await asyncio.gather(*(client.do(count) for client in self.clients))

    async def press_all(self) -> None:
        """Every button of every API, all at once."""
        await asyncio.gather(
            *(
                self._press(button.venue, press)
                for button in self.buttons.values()
                for press in button.presses().values()
            ),
            *(self._press_desk(exchange_id) for exchange_id in self.desks),
        )

    async def _press(self, venue: str, press: Press) -> None:
        count = await press()
        self.told[venue] += count

    async def _press_desk(self, exchange_id: str) -> None:
        status, told = await self.desks[exchange_id].cancel_all(exchange_id)
        assert (status, told) == (
            200,
            {"type": "MESSAGE", "exchange_id": exchange_id, "message": "Ok"},
        )


@pytest.mark.timeout(180)
async def test_all_buttons_pressed_at_once_take_what_stood_and_nothing_else(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Clients of every API, and a crowd; the journals say what every single order came to."""
    with Server(tmp_path, crowd=True) as server:
        scene = Scene(server, Random(7))
        assert await scene.desks["KRAKENFTS"].exchanges() == EXCHANGES
        listeners: dict[Place, Listener] = {}
        news: dict[Place, News] = {}
        for api in SERVED:
            for account in ACCOUNTS:
                place = (api.venue, account)
                news[place] = News()
                listeners[place] = await scene.api(api, account).listen(news[place])
        async with scene.hangs, heard(*listeners.values()):
            async with asyncio.TaskGroup() as working:
                for client in scene.clients:
                    working.create_task(client.run())
                await scene.trade(RESTING)
                for _ in range(PRESSES):
                    await scene.press_all()
                    await scene.trade(BETWEEN)
                for client in scene.clients:
                    client.is_over = True
            await scene.press_all()

            for button in scene.buttons.values():
                assert await button.open_orders() == set()
            for exchange_id, desk in scene.desks.items():
                status, listed = await desk.get(f"/v1/orders?exchange_id={exchange_id}")
                assert (status, listed) == (200, [])
            accounts = {api.venue: Accounts(tmp_path / api.venue, api) for api in SERVED}
            for ledger in accounts.values():
                ledger.read_on()
            for (venue, account), listener in listeners.items():
                await listener.catch_up(len(accounts[venue].canceled[account]))
        assert server.stop() == 0
        assert traceback_in(server) == ""

    said = []
    for api in SERVED:
        ledger = accounts[api.venue]
        hold_accounts(ledger, scene.told[api.venue])
        for account in ACCOUNTS:
            hold_news(ledger.canceled[account], news[api.venue, account])
        canceled = sum(len(ledger.canceled[account]) for account in ACCOUNTS)
        said.append(f"{api.venue} {canceled} of {len(ledger.ended)}")
    desk_orders = hold_desk(tmp_path / "ems", accounts)
    record_property(
        "says",
        f"all buttons at once, {PRESSES + 1} times: canceled by their owners, and each told once, "
        f"of all orders that ended: {', '.join(said)}; {desk_orders} orders of the desk",
    )


def hold_accounts(ledger: Accounts, told: int) -> None:
    """A venue's journal against what its clients were told."""
    for account in ACCOUNTS:
        assert not [it for it in ledger.open.values() if it[0] == account], "an order is open"
        pressed = [count for owner, count in ledger.presses if owner == account]
        assert sum(count > 0 for count in pressed) > PRESSES / 2, "nothing stood to be canceled"
    assert {owner for owner, _ in ledger.presses} == set(ACCOUNTS)
    assert all(times == 1 for times in ledger.ended.values()), "an order ended twice"
    assert all(times == 1 for times in ledger.names.values()), "an order stood twice"
    assert told == sum(count for owner, count in ledger.presses if owner == "primary")
    assert any(account.startswith("crowd") for account, _, _ in ledger.open.values())


def hold_news(canceled: list[str], news: News) -> None:
    """What an account's feed told of its cancels: each of them, and each once."""
    assert news.canceled.keys() == set(canceled)
    assert all(times == 1 for times in news.canceled.values()), "a cancel was told twice"


def hold_desk(directory: Path, accounts: dict[str, Accounts]) -> int:
    """The desk's journal against those of the venues; how many orders it sent."""
    desk = DeskLedger(directory)
    for run in desk.ended_runs():
        assert run.ending is Ending.PROVEN, run
        assert [sight.order_ids for sight in run.sights[-2:]] == [(), ()]
    sent = 0
    for order in desk.own:
        assert order.has_ended, order
        (venue,) = (it.venue for it in SERVED if it.exchange_id == order.account.exchange_id)
        stood = accounts[venue].names["secondary", order.venue_cl_ord_id]
        assert stood == (order.order_id != ""), order
        sent += stood
        if stood:
            assert accounts[venue].ended[order.order_id] == 1
    for venue, ledger in accounts.items():
        names = {name for account, name in ledger.names if account == "secondary"}
        assert names <= {order.venue_cl_ord_id for order in desk.own}, venue
    return sent
