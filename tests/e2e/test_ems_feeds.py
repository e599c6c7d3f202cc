"""Venues' private feeds, from the installed program, as the desk follows them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from msgspec.structs import replace

from openvenue.ems.commands import Standing
from openvenue.ems.config import Credentials, EmsConfig, VenueAccount
from openvenue.ems.connect import connect
from openvenue.ems.connectors.port import Connector, OrderName
from openvenue.ems.desk import Ems
from openvenue.ems.follow import FeedHealth
from openvenue.ems.orders import (
    Account,
    ClOrdId,
    ExchangeId,
    Order,
    Side,
    Status,
    Terms,
    TimeInForce,
)
from openvenue.ems.timer import RealTimer
from openvenue.engine.units import AccountId, Nanos
from openvenue.testing.server import Server
from tests.e2e.cut_wire import CutWire, cut_wire
from tests.e2e.test_ems_ccxt import in_files
from tests.e2e.test_ems_served import SYMBOLS, past_the_desk

PATIENCE_S: Final = 20.0
OWNER: Final = AccountId("primary")
NAMES: Final = iter(f"5b3f0e0c-6a53-4d0e-9e83-{n:012x}" for n in range(1, 1_000))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """All venues in one process. Each test leaves them empty."""
    with Server(tmp_path_factory.mktemp("venue")) as running:
        yield running


class Listener:
    """A desk that is listened to without asking it to ask, and a way past it."""

    def __init__(self, desk: Ems, venue: Connector, other: Connector, exchange_id: str) -> None:
        self.desk: Final = desk
        self.venue: Final = venue  # the same account
        self.other: Final = other  # another one's
        self.exchange_id: Final = ExchangeId(exchange_id)

    def terms(self, **more: Any) -> Terms:
        """An order that rests."""
        symbol = SYMBOLS[self.exchange_id]
        terms = Terms(
            symbol=self.venue.own_symbol(symbol),
            common_symbol=symbol,
            side=Side.BUY,
            quantity=Decimal("0.01"),
            price=Decimal(95_000),
            time_in_force=TimeInForce.GTC,
        )
        return replace(terms, **more)

    async def place(self, name: str) -> Order:
        """Through the desk."""
        return await self.desk.orders.place(OWNER, self.exchange_id, ClOrdId(name), self.terms())

    async def cancel(self, order: Order) -> None:
        """Past it."""
        name = OrderName(order.order_id, order.venue_cl_ord_id, order.terms.symbol, Nanos(0))
        await self.venue.cancel(name)

    async def sell(self, quantity: str) -> None:
        """The other account takes what is bid."""
        terms = self.terms(
            side=Side.SELL, quantity=Decimal(quantity), time_in_force=TimeInForce.IOC
        )
        word = await self.other.place(next(NAMES), terms)
        assert word.standing is not Standing.REJECTED

    async def known(self, name: str, is_so: Callable[[Order], bool]) -> Order:
        """What the desk knows of an order, once something is the case; nobody asks the venue."""
        order: Order | None = None
        async with asyncio.timeout(PATIENCE_S):
            while True:
                state = await self.desk.accounts.route(OWNER, self.exchange_id).ledger.state()
                order = state.orders.get((OWNER, ClOrdId(name)))
                if order is not None and is_so(order):
                    return order
                await asyncio.sleep(0)

    @property
    def feed(self) -> FeedHealth:
        """How it stands."""
        (status,) = self.desk.accounts.capabilities()
        return status.feed

    async def until(self, is_so: Callable[[FeedHealth], bool]) -> None:
        """The feed stands so."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if is_so(self.feed):
                    return
                await asyncio.sleep(0)


def _account(server: Server, owner: str, exchange_id: str, feed_url: str = "") -> VenueAccount:
    keys = server.key_file.accounts[owner]
    assert keys.desk is not None and keys.pacifica is not None
    credentials = {
        "KRAKENFTS": keys.desk.kraken_futures,
        "KRAKEN": keys.desk.kraken_spot,
    }.get(exchange_id)
    there = next(it for it in past_the_desk(server).accounts if it.exchange_id == exchange_id)
    return replace(
        there,
        owner=AccountId(owner),
        feed_url=feed_url,
        credentials=Credentials(keys.pacifica.account, keys.pacifica.private_key)
        if credentials is None
        else Credentials(credentials.api_key, credentials.api_secret),
    )


@asynccontextmanager
async def listening(
    server: Server,
    exchange_id: str,
    directory: Path,
    wire: CutWire | None = None,
    switch_seconds: float = 0.0,
) -> AsyncIterator[Listener]:
    """A desk in this process, for one account, that has begun to follow its feed."""
    feed_url = "" if wire is None else f"ws://127.0.0.1:{wire.port}"
    there = _account(server, "primary", exchange_id, feed_url)
    accounts = (replace(there, dead_mans_switch_seconds=switch_seconds),)
    config = EmsConfig(accounts=accounts, retry_seconds=0.02, retry_seconds_max=0.1)
    past = connect(past_the_desk(server), RealTimer())
    others = EmsConfig(accounts=(_account(server, "secondary", exchange_id),))
    (other,) = connect(others, RealTimer()).values()
    desk = await Ems.open(directory, config)
    venue = past[Account(OWNER, ExchangeId(exchange_id))]
    try:
        listener = Listener(desk, venue, other, exchange_id)
        desk.accounts.route(OWNER, exchange_id)
        await listener.until(lambda feed: feed.state == "live")
        yield listener
        await venue.cancel_all()
        assert await venue.open_orders() == []
    finally:
        await desk.close()
        for connector in (*past.values(), other):
            await connector.close()


@pytest.mark.parametrize("exchange_id", list(SYMBOLS))
async def test_a_fresh_subscription_tells_the_same_as_the_list(
    server: Server, exchange_id: str, tmp_path: Path
) -> None:
    """So an empty one is worth something."""
    async with listening(server, exchange_id, tmp_path) as here:
        assert not await here.venue.fresh_open_orders()
        name = next(NAMES)
        word = await here.venue.place(name, here.terms())

        fresh = await here.venue.fresh_open_orders()
        listed = await here.venue.open_orders()

        assert fresh is not None
        assert [it.names for it in fresh] == [it.names for it in listed] == [(name, word.order_id)]
        assert fresh[0].terms.quantity == listed[0].terms.quantity == Decimal("0.01")
        await here.venue.cancel_all()
        assert not await here.venue.fresh_open_orders()


@pytest.mark.parametrize("exchange_id", list(SYMBOLS))
async def test_what_happens_at_a_venue_is_known_without_asking(
    server: Server, exchange_id: str, tmp_path: Path
) -> None:
    """A fill, a cancel past the desk, and an order of another client of the account."""
    async with listening(server, exchange_id, tmp_path) as here:
        order = await here.place("one")
        await here.sell("0.004")
        partly = await here.known("one", lambda it: it.average is not None)
        await here.cancel(order)
        canceled = await here.known("one", lambda it: it.has_ended)
        word = await here.venue.place(next(NAMES), here.terms(price=Decimal(50_000)))
        foreign = await here.known(word.order_id, lambda it: True)
        await here.place("two")
        await here.sell("0.01")
        filled = await here.known("two", lambda it: it.has_ended and it.average is not None)

        assert (partly.status, partly.filled) == (Status.PARTIALLY_FILLED, Decimal("0.004"))
        assert partly.average == Decimal(95_000)
        assert (canceled.status, canceled.filled) == (Status.CANCELED, Decimal("0.004"))
        assert foreign.is_foreign and foreign.terms.quantity == Decimal("0.01")
        assert (filled.status, filled.filled) == (Status.FILLED, Decimal("0.01"))
        if exchange_id != "PACIFICA":  # `account_trades` is not served there yet
            assert [it.quantity for it in canceled.fills] == [Decimal("0.004")]
            assert sum(it.quantity for it in filled.fills) == Decimal("0.01")


@pytest.mark.parametrize("exchange_id", list(SYMBOLS))
async def test_what_was_missed_while_the_feed_was_cut_is_made_good(
    server: Server, exchange_id: str, tmp_path: Path
) -> None:
    """In the middle of trading: one order filled, one canceled, one come from elsewhere."""
    async with (
        cut_wire(server.port) as wire,
        listening(server, exchange_id, tmp_path, wire) as here,
    ):
        await here.place("filled")
        await here.sell("0.004")
        await here.known("filled", lambda it: it.filled > 0)
        gone = await here.place("gone")

        wire.cut()
        await here.until(lambda feed: feed.state == "down")
        await here.cancel(gone)
        await here.sell("0.006")
        word = await here.venue.place(next(NAMES), here.terms(price=Decimal(50_000)))
        meanwhile = await here.place("meanwhile")
        state = await here.desk.accounts.route(OWNER, exchange_id).ledger.state()
        still = state.orders[OWNER, ClOrdId("gone")]
        wire.mend()
        await here.until(lambda feed: feed.state == "live")

        assert still.status is Status.NEW, "nobody has told the desk yet"
        assert meanwhile.status is Status.NEW, "the desk works without its feed"
        ended = await here.known("filled", lambda it: it.has_ended)
        assert (ended.status, ended.filled) == (Status.FILLED, Decimal("0.01"))
        canceled = await here.known("gone", lambda it: it.has_ended)
        assert (canceled.status, canceled.filled) == (Status.CANCELED, Decimal(0))
        assert (await here.known(word.order_id, lambda it: True)).is_foreign
        assert wire.accepted == here.feed.snapshots == 2


@pytest.mark.parametrize("exchange_id", list(SYMBOLS))
async def test_orders_of_a_desk_that_is_gone_are_canceled_by_the_venue_if_it_can(
    server: Server, exchange_id: str, tmp_path: Path
) -> None:
    """A native switch fires without the desk; a desk that ends in good order disarms it first."""
    connectors = connect(past_the_desk(server), RealTimer())
    venue = connectors[Account(OWNER, ExchangeId(exchange_id))]
    try:
        async with listening(server, exchange_id, tmp_path, switch_seconds=60.0) as here:
            await here.place("one")
            (status,) = here.desk.accounts.capabilities()
            while status.switch.state == "arming":
                await asyncio.sleep(0)
                (status,) = here.desk.accounts.capabilities()
            if exchange_id == "PACIFICA":
                assert (status.switch.kind, status.switch.state) == ("emulated", "armed")
                return
            assert (status.switch.kind, status.switch.state) == ("native", "armed")

            await venue.arm(1)  # as if the desk had not come in time
            canceled = await here.known("one", lambda it: it.has_ended)

            assert canceled.status is Status.CANCELED
    finally:
        for connector in connectors.values():
            await connector.close()


async def test_no_secret_of_an_account_is_in_the_journal_or_the_log(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Orders, refusals, feeds and a kill: what is kept and what is shown has no key in it."""
    shown = ""
    for exchange_id in SYMBOLS:
        there = _account(server, "primary", exchange_id)
        async with listening(server, exchange_id, tmp_path / exchange_id) as here:
            await here.place("one")
            await here.desk.orders.place(
                OWNER, here.exchange_id, ClOrdId("bad"), here.terms(quantity=Decimal(10**9))
            )
            await here.desk.orders.cancel_all(OWNER, here.exchange_id)
            shown += repr(here.desk.accounts.capabilities()) + repr(there)
        kept = in_files(tmp_path / exchange_id)
        shown += "".join(capfd.readouterr())
        assert b"bad" in kept
        is_wallet = exchange_id == "PACIFICA"  # whose address everybody may know
        for secret in there.credentials.all[:1] if is_wallet else there.credentials.all:
            assert secret.encode() not in kept
            assert secret not in shown


async def test_the_operator_sees_what_each_account_can_do(server: Server) -> None:
    """Without a key of any exchange, and without asking one."""
    url = f"{server.base_url}/admin/desk/accounts"
    headers = {"X-Admin-Key": server.admin_key}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        told = {(it["owner"], it["exchange_id"]): it for it in await response.json()}

    futures, pacifica = told["primary", "KRAKENFTS"], told["primary", "PACIFICA"]
    assert futures["mass_cancel"] == ["account", "symbol"]
    assert futures["lists"] == ["limit", "trigger"]
    assert (futures["live"], futures["feed"]["state"]) == (False, "idle")
    assert futures["dead_mans_switch"]["can"] == "native"
    assert pacifica["dead_mans_switch"] == {
        "can": "emulated",
        "kind": "none",
        "state": "off",
        "seconds": 0.0,
        "why": "",
    }
