"""Orders stop before what is kept for cancels is touched; cancels never stop."""

from decimal import Decimal
from typing import Final

import pytest
from msgspec.structs import replace

from openvenue.ems.connectors.budget import HELD_BACK, Budget
from openvenue.ems.connectors.kraken_futures import KrakenFuturesConnector
from openvenue.ems.connectors.kraken_spot import KrakenSpotConnector
from openvenue.ems.connectors.pacifica import PacificaConnector
from openvenue.ems.connectors.port import OrderName, TooMany
from openvenue.ems.errors import NoAnswer
from openvenue.ems.orders import Status
from openvenue.engine.units import SECOND, Nanos
from tests.unit.ems.connectors.doubles import PaperWire, account
from tests.unit.ems.connectors.test_pacifica import PRIVATE, WALLET
from tests.unit.ems.scene import ANN, FUTURES, TERMS, Scene, ToldTime

SECRET: Final = "c2VjcmV0"
GONE: Final = {"result": "success", "cancelStatus": {"status": "notFound"}}


def admitted(connector: object, most: int = 1_000) -> int:
    """How many orders can be sent at once."""
    for n in range(most):
        if connector.admit(TERMS):  # type: ignore[attr-defined]
            return n
    return most


def test_orders_stop_before_the_part_that_is_kept() -> None:
    """And go on as what was spent is forgotten."""
    time = ToldTime()
    budget = Budget(time, most=100, kept=30, per_second=10)

    sent = 0
    while not budget.admit(10, kept=30):
        sent += 1
    time.seconds += 1
    again = [budget.admit(10, kept=30), budget.admit(10, kept=30)]

    assert sent == 7
    assert again == ["", HELD_BACK]


def test_what_is_kept_can_be_spent_and_more() -> None:
    """Nobody holds back a cancel; an order waits until all of it is made good."""
    time = ToldTime()
    budget = Budget(time, most=100, kept=30, per_second=10)

    budget.count(120)
    held = budget.admit(1, kept=30)
    time.seconds += 5.1

    assert held == HELD_BACK
    assert not budget.admit(1, kept=30)


async def test_futures_keep_points_for_six_mass_cancels() -> None:
    """500, fifty a second: 35 orders at ten each, and 150 are left; cancels are counted, too."""
    time = ToldTime()
    there = replace(account("kraken_futures", "key", SECRET), keeps_limits=True)
    venue = KrakenFuturesConnector(there, PaperWire(GONE, GONE), time)

    at_once = admitted(venue)
    time.seconds += 2
    for _ in range(2):
        await venue.cancel(OrderName("X1", "", "PF_XBTUSD", Nanos(0)))

    assert at_once == 35
    assert admitted(venue) == 8


async def test_spot_counts_each_pair_and_young_cancels_cost_most() -> None:
    """A cancel of an order that is six seconds old costs six, of an old one nothing."""
    time = ToldTime()
    there = replace(account("kraken_spot", "key", SECRET), keeps_limits=True)
    done = {"error": [], "result": {"count": 0, "pending": True}}
    venue = KrakenSpotConnector(there, PaperWire(done, done), time)
    young = Nanos(time.wall() - 6 * SECOND)

    await venue.cancel(OrderName("O1", "", "BTC/USD", young))
    await venue.cancel(OrderName("O2", "", "XBTUSD", Nanos(0)))
    terms = replace(TERMS, symbol="BTC/USD")
    sent = 0
    while not venue.admit(terms):
        sent += 1

    assert sent == 40 - 6
    assert not venue.admit(replace(TERMS, symbol="ETH/USD"))


async def test_pacifica_keeps_credits_and_asks_less_when_they_are_few() -> None:
    """Its history costs twelve: what an order did at once, the feed tells then."""
    there = replace(account("pacifica", WALLET, PRIVATE), keeps_limits=True)
    wire = PaperWire({"success": True, "data": {"order_id": 7}})
    venue = PacificaConnector(there, wire, ToldTime())
    first = admitted(venue, 60)

    word = await venue.place("ours", replace(TERMS, quantity=Decimal(1)))

    assert first == 60
    assert word.order_id == "7"
    assert [it.target for it in wire.asked] == ["/api/v1/orders/create"]
    assert admitted(venue) == 20


def test_where_there_are_no_limits_nothing_is_held_back() -> None:
    """A rehearsal without them is not slowed down."""
    venue = KrakenFuturesConnector(
        account("kraken_futures", "key", SECRET), PaperWire(), ToldTime()
    )

    assert admitted(venue) == 1_000


@pytest.mark.parametrize(
    ("api", "answer"),
    [
        ("kraken_futures", {"result": "error", "error": "apiLimitExceeded"}),
        ("kraken_spot", {"error": ["EAPI:Rate limit exceeded"]}),
        ("pacifica", {"success": False, "error": "Rate limit exceeded", "code": 429}),
    ],
)
async def test_each_exchange_has_a_word_for_too_much(api: str, answer: object) -> None:
    """Nothing happened there; later it may."""
    wire = PaperWire(answer)
    venue: KrakenFuturesConnector | KrakenSpotConnector | PacificaConnector
    if api == "kraken_futures":
        venue = KrakenFuturesConnector(account("kraken_futures", "k", SECRET), wire, ToldTime())
    elif api == "kraken_spot":
        venue = KrakenSpotConnector(account("kraken_spot", "k", SECRET), wire, ToldTime())
    else:
        venue = PacificaConnector(account("pacifica", WALLET, PRIVATE), wire, ToldTime())

    with pytest.raises(TooMany):
        await venue.open_orders()


async def test_an_order_that_is_held_back_does_not_leave(scene: Scene) -> None:
    """It is refused by the desk, and says so."""
    scene.venue.holds_back = HELD_BACK

    order = await scene.place()

    assert (order.status, order.message) == (Status.REJECTED, HELD_BACK)
    assert "place" not in scene.venue.calls


async def test_a_cancel_that_met_a_limit_is_tried_until_it_is_heard(scene: Scene) -> None:
    """The wish stays: the client is told that it is not known yet, and then it is done."""
    await scene.place()
    scene.venue.fail["cancel"] = [TooMany("apiLimitExceeded")] * 3

    with pytest.raises(NoAnswer):
        await scene.desk.orders.cancel(ANN, FUTURES.exchange_id, cl_ord_id="one")
    order = await scene.order("one", lambda it: it.has_ended)

    assert order.status is Status.CANCELED
    assert scene.venue.calls.count("cancel") == 4
