"""Prices from the last trade, and sizes from money."""

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.events import OrderAccepted, OrderCanceled, OrderRejected
from openvenue.engine.orders import BUY, SELL, Distance, Extras, Order, Signal
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import Atoms, Lots, Ppb
from tests.unit.engine.scene import (
    ANN,
    BOB,
    CENT,
    DOLLAR,
    PAIR,
    Scene,
    linear,
    order,
    pair,
    stop,
    trades,
)


@pytest.fixture
def scene() -> Scene:
    """A pair that traded at 98, while the index is at 100."""
    scene = Scene(pair())
    scene.do(
        order(BOB, SELL, 1, 98, symbol=PAIR),
        order(ANN, BUY, 1, 98, symbol=PAIR),
    )
    return scene


def accepted(scene: Scene, command: PlaceOrder) -> Order:
    """The order that has to come of it."""
    [event, *_] = scene.do(command)
    assert isinstance(event, OrderAccepted), event
    return event.order


def refused(scene: Scene, command: PlaceOrder) -> RejectReason:
    """Why it does not."""
    [event] = scene.do(command)
    assert isinstance(event, OrderRejected), event
    return event.reason


@pytest.mark.parametrize(
    ("away", "limit"),
    [
        (Distance(5), 103),
        (Distance(-5), 93),
        (Distance(share=Ppb(50_000_000)), 102),
        (Distance(share=Ppb(-50_000_000)), 94),
    ],
)
def test_a_limit_may_be_so_far_from_the_last_trade(
    scene: Scene, away: Distance, limit: int
) -> None:
    """Source: Kraken Spot REST, "Add order", price. A share is cut to whole ticks."""
    extras = Extras(limit_from=away)

    placed = accepted(scene, replace(order(ANN, BUY, 1, 1, symbol=PAIR, extras=extras)))

    assert placed.limit_price == limit
    assert not placed.is_market


def test_a_trigger_may_be_so_far_from_the_price_that_it_listens_to(scene: Scene) -> None:
    """With a limit that is so far from it, too."""
    extras = Extras(trigger_from=Distance(-10), limit_from=Distance(-12))
    placed = accepted(
        scene, order(ANN, SELL, 1, 1, symbol=PAIR, trigger=stop(SELL, 1), extras=extras)
    )
    assert placed.trigger is not None
    assert (placed.trigger.price, placed.limit_price) == (88, 86)

    trigger = stop(SELL, 1, Signal.INDEX)
    placed = accepted(scene, order(ANN, SELL, 1, 1, symbol=PAIR, trigger=trigger, extras=extras))

    assert placed.trigger is not None
    assert placed.trigger.price == 90


def test_before_the_first_trade_the_index_stands_in_for_it() -> None:
    """A venue that has just opened is no reason to refuse."""
    scene = Scene(pair())

    placed = accepted(
        scene, order(ANN, BUY, 1, 1, symbol=PAIR, extras=Extras(limit_from=Distance(-3)))
    )

    assert placed.limit_price == 97


def test_a_relative_price_may_be_none(scene: Scene) -> None:
    """Too far down, or up."""
    for away in (Distance(-98), Distance(10**8)):
        extras = Extras(limit_from=away)
        reason = refused(scene, order(ANN, BUY, 1, 1, symbol=PAIR, extras=extras))
        assert reason is RejectReason.INVALID_PRICE
    extras = Extras(trigger_from=Distance(1))
    assert refused(scene, order(ANN, BUY, 1, 1, symbol=PAIR, extras=extras)) is (
        RejectReason.INVALID
    )


def cash(dollars: int) -> PlaceOrder:
    """Ann spends so much."""
    extras = Extras(cash=Atoms(dollars * DOLLAR))
    return replace(order(ANN, BUY, 1, None, symbol=PAIR, extras=extras), market_cap=None)


def test_money_buys_what_it_pays_for_level_by_level(scene: Scene) -> None:
    """A lot is a hundredth of a coin: a dollar at 100. What is hidden is for sale, too."""
    scene.do(
        order(BOB, SELL, 3, 100, symbol=PAIR),
        order(BOB, SELL, 5, 110, symbol=PAIR, extras=Extras(display=Lots(2))),
    )

    events = scene.do(cash(6))

    assert trades(events) == [(3, 100, 3), (4, 110, 2)]  # 3 + 2.20; another lot is 1.10
    first = events[0]
    assert isinstance(first, OrderAccepted)
    assert (first.order.quantity, first.order.is_market) == (5, True)


def test_money_that_the_book_does_not_take_is_left_over(scene: Scene) -> None:
    """It would have bought more at the last price: that much is canceled."""
    scene.do(order(BOB, SELL, 3, 100, symbol=PAIR))

    events = scene.do(cash(10))

    assert [quantity for _, _, quantity in trades(events)] == [3]
    [ended] = [event for event in events if isinstance(event, OrderCanceled)]
    assert ended.leaves == 7


def test_money_buys_nothing_from_nobody(scene: Scene) -> None:
    """As any market order that finds nobody."""
    [event] = scene.do(cash(10))

    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.WOULD_NOT_TAKE
    assert event.order is not None


def test_only_market_orders_buy_for_money(scene: Scene) -> None:
    """And only of pairs, and only for some."""
    extras = Extras(cash=Atoms(CENT))
    for command in (
        order(ANN, BUY, 1, 100, symbol=PAIR, extras=extras),
        order(ANN, SELL, 1, None, symbol=PAIR, extras=extras),
        order(ANN, BUY, 1, None, symbol=PAIR, trigger=stop(BUY, 105), extras=extras),
        order(ANN, BUY, 1, None, symbol=PAIR, extras=Extras(cash=Atoms(0))),
    ):
        assert refused(scene, command) is RejectReason.INVALID
    assert refused(Scene(linear()), order(ANN, BUY, 1, None, extras=extras)) is (
        RejectReason.INVALID
    )
