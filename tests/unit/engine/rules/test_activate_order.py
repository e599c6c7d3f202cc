"""Triggers: when a waiting order's price is reached, and what its order then does."""

from collections.abc import Callable

import pytest

from openvenue.engine.commands import CancelOrder, CancelOrders, SetMode
from openvenue.engine.events import (
    OrderAccepted,
    OrderActivated,
    OrderCanceled,
    Traded,
    TriggerFired,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import BUY, SELL, Side, Signal, Trigger
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import PRICE_ONE, Lots
from tests.unit.engine.scene import (
    AMY,
    ANN,
    BOB,
    DOLLAR,
    PERP,
    PIP,
    Scene,
    linear,
    names,
    order,
    stop,
    take_profit,
    trades,
)

WAYS = [  # what the order wants, its trigger, a price short of it, a price that reaches it
    (BUY, stop, 105, 104, 105),
    (BUY, stop, 105, 104, 106),
    (SELL, stop, 95, 96, 95),
    (SELL, stop, 95, 96, 94),
    (BUY, take_profit, 95, 96, 95),
    (SELL, take_profit, 105, 104, 105),
]


@pytest.mark.parametrize("signal", [Signal.LAST, Signal.MARK, Signal.INDEX])
@pytest.mark.parametrize(("side", "kind", "at", "short", "reached"), WAYS)
def test_a_trigger_fires_when_its_signal_reaches_its_price_and_not_before(
    signal: Signal, side: Side, kind: Callable[..., Trigger], at: int, short: int, reached: int
) -> None:
    """A stop buys above and sells below; a take-profit does the opposite."""
    scene = Scene()
    number = scene.place(order(ANN, side, 1, 100, trigger=kind(side, at, signal)))

    def move(price: int) -> list[str]:
        if signal is Signal.MARK:
            return names(scene.mark(str(price)))
        if signal is Signal.INDEX:
            scene.mark("100")
            return names(scene.index(str(price)))
        scene.do(order(BOB, SELL, 1, price))
        return names(scene.do(order(AMY, BUY, 1, price)))

    assert "TriggerFired" not in move(short)
    assert scene.engine.state.orders[number].is_waiting
    events = move(reached)

    assert events.count("TriggerFired") == 1
    assert "OrderActivated" in events
    assert number in scene.engine.state.orders
    assert not scene.engine.state.orders[number].is_waiting


def test_an_index_trigger_does_not_hear_of_marks_and_trades() -> None:
    """Each order listens to one signal."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 1, 100, trigger=stop(BUY, 105, Signal.INDEX)))

    scene.mark("110")
    scene.do(order(BOB, SELL, 1, 106), order(AMY, BUY, 1, 106))

    assert scene.engine.state.orders[number].is_waiting


def test_a_waiting_order_reserves_nothing_and_is_in_no_book() -> None:
    """It may be larger than its owner could pay for today."""
    scene = Scene()
    scene.give(PIP, DOLLAR)
    number = scene.place(order(PIP, BUY, 1_000, 100, trigger=stop(BUY, 105)))

    position = scene.engine.state.accounts[PIP].positions[PERP]
    assert (position.buys, position.sells) == (0, 0)
    assert scene.engine.state.markets[PERP].book.bids.best() is None
    assert scene.wallet(PIP).initial_margin_with_orders == 0
    assert names(scene.do(CancelOrder(account=PIP, order_id=number))) == ["OrderCanceled"]


def test_a_trigger_that_is_already_true_fires_at_entry() -> None:
    """The whole story in one entry, under one number."""
    scene = Scene()
    scene.do(order(BOB, SELL, 2, 101))
    scene.mark("110")

    events = scene.do(order(ANN, BUY, 2, None, trigger=stop(BUY, 105, Signal.MARK)))

    accepted, fired, activated, traded = events
    assert isinstance(accepted, OrderAccepted)
    assert not accepted.rests
    assert accepted.order.limit_price is None
    assert isinstance(fired, TriggerFired)
    assert fired.price == 110 * PRICE_ONE
    assert isinstance(activated, OrderActivated)
    assert activated.order.order_id == accepted.order.order_id
    assert activated.order.limit_price == 102
    assert isinstance(traded, Traded)
    assert scene.live(ANN) == []


def test_a_last_price_trigger_waits_until_there_is_a_trade() -> None:
    """No trade yet is no price, not the price zero."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 1, 99, trigger=stop(SELL, 95)))

    assert scene.engine.state.orders[number].is_waiting


def test_a_limit_order_behind_a_trigger_rests_at_the_back_of_its_level() -> None:
    """It has waited for its price, not in the book."""
    scene = Scene()
    waiting = scene.place(order(ANN, BUY, 1, 99, trigger=stop(BUY, 105, Signal.MARK)))
    resting = scene.place(order(ANN, BUY, 1, 99))

    scene.mark("105")

    met = trades(scene.do(order(BOB, SELL, 2, 99)))
    assert [maker for maker, _, _ in met] == [resting, waiting]


REFUSED = [
    ("margin", Why.INSUFFICIENT_MARGIN),
    ("nobody there", Why.WOULD_NOT_TAKE),
    ("own family first", Why.SELF_TRADE),
    ("nothing to reduce", Why.WOULD_NOT_REDUCE),
    ("reduce only", Why.MARKET_REDUCE_ONLY),
    ("limit only", Why.MARKET_LIMIT_ONLY),
    ("too large", Why.MAX_POSITION),
]


@pytest.mark.parametrize(("what", "why"), REFUSED)
def test_a_trigger_whose_order_cannot_stand_is_canceled_and_says_why(what: str, why: Why) -> None:
    """A trigger is checked when it fires; by then its owner is not there to be refused."""
    scene = Scene(linear(max_position=Lots(100)))
    price = None if what in ("nobody there", "limit only") else 103
    quantity = {"margin": 50, "too large": 101}.get(what, 1)
    account = PIP if what == "margin" else ANN
    number = scene.place(
        order(
            account,
            BUY,
            quantity,
            price,
            trigger=stop(BUY, 105, Signal.MARK),
            reduce_only=what == "nothing to reduce",
        )
    )
    if what == "own family first":
        scene.do(order(AMY, SELL, 1, 101))
    if what in ("reduce only", "limit only"):
        mode = Mode.REDUCE_ONLY if what == "reduce only" else Mode.LIMIT_ONLY
        scene.do(SetMode(symbol=PERP, mode=mode))

    events = scene.mark("105")

    assert names(events) == ["MarkPriceSet", "TriggerFired", "OrderCanceled"]
    ended = events[-1]
    assert isinstance(ended, OrderCanceled)
    assert (ended.order_id, ended.leaves) == (number, quantity)
    assert (ended.reason, ended.because) == (CancelReason.TRIGGER_REFUSED, why)
    assert scene.live(account) == []


def test_triggers_fire_each_other_one_after_the_other() -> None:
    """A falling market: each stop's sale reaches the next stop's price."""
    scene = Scene()
    scene.hold(ANN, 3)
    for price in (99, 98, 97, 96):
        scene.do(order(BOB, BUY, 1, price))
    stops = [
        scene.place(order(ANN, SELL, 1, 90, trigger=stop(SELL, price))) for price in (99, 98, 97)
    ]

    events = scene.do(order(AMY, SELL, 1, 99))

    assert [(maker, price) for maker, price, _ in trades(events)] == [
        (maker, price) for maker, price in zip(range(3, 7), (99, 98, 97, 96), strict=True)
    ]
    fired = [event.order_id for event in events if isinstance(event, TriggerFired)]
    assert fired == stops
    assert scene.held(ANN) == 0


def test_every_print_of_a_sweep_counts() -> None:
    """A buyer sweeps 97 and 101; the stop at 98 saw 97, though the last price is 101."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 1, 110, trigger=stop(SELL, 98)))
    scene.do(order(BOB, SELL, 1, 97), order(BOB, SELL, 1, 101))

    events = scene.do(order(AMY, BUY, 2, 101))

    [fired] = [event for event in events if isinstance(event, TriggerFired)]
    assert (fired.order_id, fired.price) == (number, 97 * PRICE_ONE)


def test_a_print_that_another_trigger_follows_counts() -> None:
    """Two stops fire together and trade at 110 and at 90; the stop at 108 saw 110."""
    scene = Scene()
    scene.do(order(BOB, SELL, 1, 110), order(BOB, BUY, 1, 90))
    scene.do(order(ANN, BUY, 1, 110, trigger=stop(BUY, 103, Signal.MARK)))
    scene.do(order(ANN, SELL, 1, 90, trigger=take_profit(SELL, 104, Signal.MARK)))
    number = scene.place(order(ANN, SELL, 1, 120, trigger=take_profit(SELL, 108)))

    events = scene.mark("105")

    assert [price for _, price, _ in trades(events)] == [110, 90]
    assert number in [event.order_id for event in events if isinstance(event, TriggerFired)]


def test_canceling_everything_takes_waiting_orders_too() -> None:
    """All means all."""
    scene = Scene()
    scene.place(order(ANN, BUY, 1, 99, trigger=stop(BUY, 105)))
    scene.place(order(ANN, BUY, 1, 99))

    scene.do(CancelOrders(account=ANN))

    assert scene.live(ANN) == []
    assert "TriggerFired" not in names(scene.mark("200"))


def test_a_reduce_only_trigger_is_cut_to_the_position_when_it_fires() -> None:
    """Asked for ten, holds three: three trade, and the event tells of the seven."""
    scene = Scene()
    scene.hold(ANN, 3)
    scene.do(order(BOB, BUY, 10, 95))
    scene.place(order(ANN, SELL, 10, 95, trigger=stop(SELL, 96, Signal.MARK), reduce_only=True))

    events = scene.mark("96")

    [activated] = [event for event in events if isinstance(event, OrderActivated)]
    assert (activated.order.quantity, activated.reduced) == (3, 7)
    assert [quantity for _, _, quantity in trades(events)] == [3]
    assert scene.held(ANN) == 0
