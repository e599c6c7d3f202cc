"""The desk at exchanges that ccxt speaks to: its own classes, unmodified, over real sockets.

Three exchanges that differ in what they can do, each answering in its own shapes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from openvenue.ems.config import Credentials, EmsConfig, VenueAccount
from openvenue.ems.desk import Ems
from openvenue.ems.errors import NoAnswer, VenueDown
from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.orders import ClOrdId, ExchangeId, Order, Side, Status, Terms, TimeInForce
from openvenue.ems.report import Verdict
from openvenue.ems.scope import Scope
from openvenue.engine.units import AccountId
from openvenue.testing.server import free_ports
from tests.e2e.fake_exchanges import Binance, Bitstamp, FakeExchange, Luno, served

ANN: Final = AccountId("ann")
KEY: Final = "a-key-that-is-a-secret-too"
SECRET: Final = "c2VjcmV0LXRoYXQtbm9ib2R5LW1heS1zZWU="
FAKES: Final[Mapping[str, type[FakeExchange]]] = {
    "bitstamp": Bitstamp,
    "binance": Binance,
    "luno": Luno,
}
SYMBOLS: Final = {
    "bitstamp": ("btcusd", "BITSTAMP_SPOT_BTC_USD"),
    "binance": ("BTCUSDT", "BINANCE_SPOT_BTC_USDT"),
    "luno": ("XBTZAR", "LUNO_SPOT_BTC_ZAR"),
}
PATIENCE_S: Final = 20.0
PULL: Final = Trigger(origin=Origin.OPERATOR, by="ann", reason="a test")


def account(name: str, base_url: str) -> VenueAccount:
    """Ann's there."""
    return VenueAccount(
        owner=ANN,
        exchange_id=ExchangeId(name.upper()),
        api="ccxt",
        exchange=name,
        market_type="spot",
        base_url=base_url,
        credentials=Credentials(KEY, SECRET),
    )


class At:
    """A desk with one account at a fake exchange."""

    def __init__(self, desk: Ems, venue: FakeExchange, name: str) -> None:
        self.desk: Final = desk
        self.venue: Final = venue
        self.name: Final = name
        self.exchange_id: Final = ExchangeId(name.upper())

    def terms(self, **more: Any) -> Terms:
        """An order that rests."""
        own, _ = SYMBOLS[self.name]
        terms = Terms(
            symbol=own,
            common_symbol="",
            side=Side.BUY,
            quantity=Decimal("0.0500"),
            price=Decimal(40_000),
            time_in_force=TimeInForce.GTC,
        )
        return replace(terms, **more)

    async def place(self, name: str = "one", **more: Any) -> Order:
        """Through the desk."""
        return await self.desk.orders.place(
            ANN, self.exchange_id, ClOrdId(name), self.terms(**more)
        )

    async def when(self, name: str, is_so: Callable[[Order], bool]) -> Order:
        """An order, once something is the case."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                order = await self.desk.questions.order(ANN, name)
                if is_so(order):
                    return order
                await asyncio.sleep(0)


def config(*accounts: VenueAccount) -> EmsConfig:
    """Little patience."""
    return EmsConfig(
        accounts=accounts,
        settling_seconds=0.02,
        deadline_seconds=20.0,
        retry_seconds=0.02,
        answer_seconds=2.0,
    )


def in_files(directory: Path) -> bytes:
    """All that is in them."""
    return b"".join(it.read_bytes() for it in directory.rglob("*") if it.is_file())


@asynccontextmanager
async def at(name: str, directory: Path | None = None) -> AsyncIterator[At]:
    """A desk in front of a fake of `name`."""
    async with served(FAKES[name]()) as venue:
        desk = await Ems.open(directory, config(account(name, venue.base_url)))
        try:
            yield At(desk, venue, name)
        finally:
            await desk.close()


@pytest.mark.parametrize("name", list(FAKES))
async def test_an_order_lives_and_dies(name: str) -> None:
    """The digits arrive as they were written, and both names of the market mean it."""
    own, common = SYMBOLS[name]
    async with at(name) as here:
        placed = await here.place()
        again = await here.place("two", symbol="", common_symbol=common)
        (listed, _) = await here.desk.questions.open_orders(ANN, here.exchange_id)
        await here.desk.orders.cancel(ANN, here.exchange_id, cl_ord_id="one")
        canceled = await here.when("one", lambda it: it.has_ended)
        late = await here.desk.orders.cancel(ANN, here.exchange_id, cl_ord_id="one")

        (first, second) = here.venue.orders.values()
        assert (placed.status, placed.order_id) == (Status.NEW, first.order_id)
        assert placed.terms.common_symbol == common
        assert (first.price, first.quantity) == (Decimal(40_000), Decimal("0.05"))
        assert again.terms.symbol == own and second.is_open
        assert listed.cl_ord_id == "one"
        assert canceled.status is late.status is Status.CANCELED
        assert not first.is_open


@pytest.mark.parametrize("name", list(FAKES))
async def test_what_traded_is_seen_by_asking(name: str) -> None:
    """There is no feed here: the list and the order's own state tell."""
    async with at(name) as here:
        await here.place()
        await here.place("two")
        first, second = here.venue.orders.values()
        first.filled = Decimal("0.02")
        second.filled, second.is_open = second.quantity, False

        part = await here.desk.questions.order(ANN, "one")
        full = await here.desk.questions.order(ANN, "two")

        (status,) = here.desk.accounts.capabilities()
        assert status.feed.state == "none"
        assert full.status is Status.FILLED
        if name != "bitstamp":  # its order state has trades, and no sum of them
            assert (part.status, part.filled) == (Status.PARTIALLY_FILLED, Decimal("0.02"))
            assert full.filled == Decimal("0.05")


@pytest.mark.parametrize("name", list(FAKES))
async def test_a_kill_empties_an_account_by_what_its_exchange_can_do(name: str) -> None:
    """All at once, or symbol by symbol, or one by one; orders of other clients, too."""
    async with at(name) as here:
        for n in range(5):
            await here.place(f"mine {n}")
            here.venue.add("sell", "90000", "0.01")
        here.venue.asked.clear()

        report = await here.desk.switchboard.kill(Scope(owners=(ANN,)), PULL, waits=True)
        after = await here.place("after")

        (leg,) = report.legs
        assert here.venue.open == []
        assert after.status is Status.REJECTED
        assert {f"mine {n}" for n in range(5)} <= {it.cl_ord_id for it in leg.orders}
        asked = here.venue.asked
        match name:
            case "bitstamp":
                assert leg.verdict is Verdict.PROVEN
                assert asked.count("POST /api/v2/cancel_all_orders/") == 1
                assert "POST /api/v2/cancel_order/" not in asked
            case "binance":
                assert leg.verdict is Verdict.PROVEN
                assert asked.count("DELETE /api/v3/openOrders") == 1
                assert "DELETE /api/v3/order" not in asked
            case "luno":
                assert leg.verdict is Verdict.UNVERIFIABLE
                assert leg.unlistable == ("trigger",)
                assert asked.count("POST /api/1/stoporder") == 10


async def test_capabilities_are_read_from_what_ccxt_knows() -> None:
    """Three exchanges, three answers; none of them is asked for it."""
    told = {}
    for name in FAKES:
        async with at(name) as here:
            (status,) = here.desk.accounts.capabilities()
            told[name] = status.capabilities
            assert here.venue.asked == []

    assert {name: it.mass_cancel for name, it in told.items()} == {
        "bitstamp": ("account", "symbol"),
        "binance": ("symbol",),
        "luno": (),
    }
    assert {name: it.lists for name, it in told.items()} == {
        "bitstamp": ("limit",),
        "binance": ("limit", "trigger"),
        "luno": ("limit",),
    }
    assert {name: it.unlistable for name, it in told.items()} == {
        "bitstamp": (),
        "binance": (),
        "luno": ("trigger",),
    }
    assert not any(it.has_private_feed or it.is_live for it in told.values())


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("bitstamp", "/api/v2/buy/btcusd/"),
        ("binance", "/api/v3/order"),
    ],
)
async def test_an_answer_that_is_lost_leaves_an_order_unknown_until_it_is_found(
    name: str, path: str
) -> None:
    """By the name that the desk gave it: it is not sent again."""
    async with at(name) as here:
        await here.desk.accounts.route(ANN, here.exchange_id).connector.ready()
        here.venue.lose[path] = 1

        with pytest.raises(NoAnswer):
            await here.place()
        known = await here.when("one", lambda it: not it.is_unknown)

        (order,) = here.venue.orders.values()
        assert (known.status, known.order_id) == (Status.NEW, order.order_id)
        assert known.venue_cl_ord_id == order.name
        assert sum(it.startswith("POST") and it.endswith(path) for it in here.venue.asked) == 1


async def test_where_names_are_not_told_nobody_claims_that_an_order_is_not_there() -> None:
    """Luno lists an order without a name: it may be this one, so this one stays unknown."""
    async with at("luno") as here:
        await here.desk.accounts.route(ANN, here.exchange_id).connector.ready()
        here.venue.lose["/api/1/postorder"] = 1

        with pytest.raises(NoAnswer):
            await here.place()
        looks = "GET /api/1/listorders"
        known = await here.when("one", lambda _: here.venue.asked.count(looks) >= 4)

        assert known.is_unknown
        assert len(here.venue.orders) == 1


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"quantity": Decimal("0.050000001")}, "grid"),
        ({"price": Decimal("40000.5")}, "grid"),
        ({"quantity": Decimal("0.000000001")}, "small"),
        ({"symbol": "nothing"}, "no symbol"),
        ({"time_in_force": TimeInForce.FOK}, "FILL_OR_KILL"),
        ({"instructions": ("MAKER_OR_CANCEL",)}, "MAKER_OR_CANCEL"),
        ({"instructions": ("AUCTION_ONLY",)}, "AUCTION_ONLY"),
        ({"reduce_only": True}, "reduce-only"),
    ],
)
async def test_an_order_that_the_exchange_cannot_take_as_it_is_does_not_leave(
    more: dict[str, Any], why: str
) -> None:
    """Nothing is rounded, dropped or turned into something else on the way."""
    async with at("bitstamp") as here:
        order = await here.place(**more)

        assert order.status is Status.REJECTED
        assert why in order.message
        assert here.venue.orders == {}


async def test_an_exchange_that_refuses_is_heard_in_its_own_words() -> None:
    """Without what must not be shown: queries carry signatures and keys."""
    async with at("binance") as here:
        refusal = (400, {"code": -2010, "msg": f"Account has insufficient balance. {KEY}"})
        here.venue.place = lambda said: refusal  # type: ignore[attr-defined]
        order = await here.place()

        assert order.status is Status.REJECTED
        assert "insufficient balance" in order.message
        assert KEY not in order.message


async def test_an_exchange_that_cannot_be_reached_is_told_before_anything_is_sent() -> None:
    """Its markets are not known either."""
    (port,) = free_ports(1)
    desk = await Ems.open(None, config(account("bitstamp", f"http://127.0.0.1:{port}")))
    here = At(desk, Bitstamp(), "bitstamp")

    with pytest.raises(VenueDown):
        await here.place()

    await desk.close()


@pytest.mark.parametrize("name", list(FAKES))
async def test_money_is_told(name: str) -> None:
    """Whichever shape it has there."""
    async with at(name) as here:
        ((_, balances),) = await here.desk.questions.balances(ANN, here.exchange_id)
        ((_, positions),) = await here.desk.questions.positions(ANN, here.exchange_id)

        assert balances is not None
        (held,) = [it for it in balances if it.balance]
        assert held.balance == Decimal("100.25")
        assert (held.available, held.locked) == (Decimal("60.25"), Decimal(40))
        assert positions == []


@pytest.mark.parametrize("name", list(FAKES))
async def test_keys_are_in_no_journal_and_no_log(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes well or wrong; ccxt itself would log headers at its most talkative."""
    caplog.set_level("DEBUG")
    async with at(name, tmp_path) as here:
        await here.place()
        await here.place("two", symbol="nothing")
        for path in ("/api/v2/buy/btcusd/", "/api/v3/order", "/api/1/postorder"):
            here.venue.lose[path] = 1
        with pytest.raises(NoAnswer):
            await here.place("three")
        await here.desk.switchboard.kill(
            Scope(owners=(ANN,)), PULL, deadline_seconds=0.5, waits=True
        )
        told = repr([it.capabilities for it in here.desk.accounts.capabilities()])

    kept = in_files(tmp_path)
    shown = "".join(capfd.readouterr()) + caplog.text + told
    assert b"nothing" in kept
    for secret in (KEY, SECRET):
        assert secret.encode() not in kept
        assert secret not in shown
