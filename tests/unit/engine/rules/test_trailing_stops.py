"""Trailing stops, relative limits, and triggers that listen to the middle of the book."""

import pytest

from openvenue.engine.commands import AmendOrder, CancelOrder
from openvenue.engine.events import (
    AmendRejected,
    OrderActivated,
    OrderCanceled,
    OrderRejected,
    TriggerFired,
    TriggerMove,
    TriggersMoved,
)
from openvenue.engine.orders import (
    BUY,
    GTC,
    SELL,
    Direction,
    Distance,
    Side,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import PRICE_ONE, Ppb, Ticks
from tests.unit.engine.scene import AMY, ANN, BOB, PERP, Scene, names, order, stop

PERCENT = 10_000_000


def trailing(side: Side, ticks: int = 0, share: int = 0, signal: Signal = Signal.MARK) -> Trigger:
    """A stop that follows its signal."""
    direction = Direction.ABOVE if side is BUY else Direction.BELOW
    trail = Distance(ticks, Ppb(share))
    return Trigger(TriggerKind.STOP, Ticks(0), signal, direction, trail=trail)


def at(scene: Scene, number: int) -> int:
    """Where a waiting order fires now."""
    trigger = scene.engine.state.orders[number].order.trigger
    assert trigger is not None
    return trigger.price


def test_a_sell_follows_its_signal_up_and_fires_when_it_turns() -> None:
    """It never goes back down: that is what a trailing stop is for."""
    scene = Scene()
    scene.mark("100")
    number = scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, 5)))
    assert at(scene, number) == 95

    assert scene.mark("110")[1:] == [
        TriggersMoved(symbol=PERP, moves=(TriggerMove(number, ANN, Ticks(105)),))
    ]
    assert names(scene.mark("106")) == ["MarkPriceSet"]
    assert at(scene, number) == 105
    scene.do(order(BOB, BUY, 5, 104))
    events = scene.mark("105")

    assert names(events) == ["MarkPriceSet", "TriggerFired", "OrderActivated", "Traded"]
    assert isinstance(events[1], TriggerFired)
    assert events[1].price == 105 * PRICE_ONE


def test_a_buy_follows_its_signal_down_by_a_share_of_it() -> None:
    """The share is of the present price, cut to the grid on the far side."""
    scene = Scene()
    scene.mark("100")
    number = scene.place(order(ANN, BUY, 1, None, trigger=trailing(BUY, share=5 * PERCENT)))
    assert at(scene, number) == 105

    scene.mark("90")

    assert at(scene, number) == 95  # 94.5 rounded away from the signal
    assert names(scene.mark("94")) == ["MarkPriceSet"]


def test_each_follows_from_its_own_entry() -> None:
    """Two that came at different prices stand at different ones until both are overtaken."""
    scene = Scene()
    scene.mark("110")
    early = scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, 20)))
    scene.mark("100")
    late = scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, 20)))
    assert (at(scene, early), at(scene, late)) == (90, 80)

    scene.mark("105")
    assert (at(scene, early), at(scene, late)) == (90, 85)
    scene.mark("112")
    assert (at(scene, early), at(scene, late)) == (92, 92)


def test_a_price_between_ticks_moves_what_it_has_moved_by_a_tick() -> None:
    """Marks are finer than the grid: parts of a tick are not forgotten, and not told."""
    scene = Scene()
    scene.mark("100.6")
    number = scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, 5)))
    assert at(scene, number) == 95

    assert names(scene.mark("100.9")) == ["MarkPriceSet"]
    assert names(scene.mark("101")) == ["MarkPriceSet", "TriggersMoved"]


def test_canceled_it_follows_no_more() -> None:
    """A cancel takes it out of both places in which it waits."""
    scene = Scene()
    scene.mark("100")
    number = scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, 5)))

    scene.do(CancelOrder(account=ANN, order_id=number))

    assert names(scene.mark("120")) == ["MarkPriceSet"]
    assert scene.engine.state.accounts[ANN].trailing == 0


def test_a_restored_venue_goes_on_trailing() -> None:
    """Where each moves next is worked out again from where it is."""
    scene = Scene()
    scene.mark("100")
    number = scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, share=PERCENT)))
    restored = restore(take(scene.engine.state))

    assert restored.accounts[ANN].trailing == 1
    trails = restored.markets[PERP].triggers.trails(int(Signal.MARK), int(Direction.BELOW))
    assert [it.order_id for it in trails.moved(102 * PRICE_ONE)] == [number]
    assert trails.moved(101 * PRICE_ONE) == []


def test_its_own_distance_again_starts_it_from_the_present_price() -> None:
    """The way to lower a trailing stop: ask for it anew."""
    scene = Scene()
    scene.mark("110")
    number = scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, 20)))
    scene.mark("100")

    scene.do(AmendOrder(account=ANN, order_id=number, trail=Distance(20)))

    assert at(scene, number) == 80
    scene.mark("101")
    assert at(scene, number) == 81


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"trigger_price": Ticks(90)}, Why.TRAIL_FIXES_TRIGGER),
        ({"limit_price": Ticks(90)}, Why.TRAIL_FIXES_LIMIT),
        ({"trail": Distance(100)}, Why.TRAIL_NO_HEADROOM),
    ],
)
def test_what_of_a_trailing_stop_cannot_be_changed(change: dict[str, Ticks], why: Why) -> None:
    """Its prices are made by the market."""
    scene = Scene()
    scene.mark("100")
    number = scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, 5)))
    before = scene.fingerprint()

    [event] = scene.do(AmendOrder(account=ANN, order_id=number, **change))  # type: ignore[arg-type]

    assert isinstance(event, AmendRejected)
    assert event.reason is why
    assert scene.fingerprint() == before


def test_what_does_not_trail_cannot_be_told_to() -> None:
    """The kind of an order does not change."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 1, None, trigger=stop(SELL, 90)))

    [event] = scene.do(AmendOrder(account=ANN, order_id=number, trail=Distance(5)))

    assert isinstance(event, AmendRejected)
    assert event.reason is Why.NOT_A_TRIGGER


def test_refused_without_a_price_without_room_and_beyond_the_limit() -> None:
    """A trailing stop starts from a price, at a price, and an account has so many."""
    scene = Scene()

    def refused(trigger: Trigger) -> Why:
        [event] = scene.do(order(ANN, SELL, 1, None, trigger=trigger))
        assert isinstance(event, OrderRejected)
        return event.reason

    assert refused(trailing(SELL, 5, signal=Signal.LAST)) is Why.TRAIL_NO_REFERENCE
    assert refused(trailing(SELL, 100)) is Why.TRAIL_TOO_WIDE
    for _ in range(100):
        scene.place(order(ANN, SELL, 1, None, trigger=trailing(SELL, 5)))
    assert refused(trailing(SELL, 5)) is Why.TOO_MANY_TRAILING
    scene.place(order(ANN, SELL, 1, None, trigger=stop(SELL, 90)))


@pytest.mark.parametrize(("offset", "limit"), [(3, 98), (0, 95), (-3, 92)])
def test_a_relative_limit_becomes_a_price_when_the_trigger_fires(offset: int, limit: int) -> None:
    """Measured from the trigger's price, not from the signal's, which may have run past it."""
    scene = Scene()
    trigger = stop(SELL, 95, Signal.MARK)
    relative = Trigger(
        trigger.kind, trigger.price, trigger.signal, trigger.direction, offset=Distance(offset)
    )
    asked = order(ANN, SELL, 1, None, trigger=relative)
    asked = type(asked)(
        **{it: getattr(asked, it) for it in asked.__struct_fields__}
        | {"time_in_force": GTC, "market_cap": None}
    )
    scene.place(asked)

    events = scene.mark("90")

    [activated] = [event for event in events if isinstance(event, OrderActivated)]
    assert activated.order.limit_price == limit
    assert activated.rests
    assert not activated.order.is_market


def test_a_relative_limit_that_has_become_no_price_ends_its_order() -> None:
    """A trailing stop can take it to where no price is."""
    scene = Scene()
    scene.mark("100")
    trigger = trailing(SELL, 5)
    relative = Trigger(
        trigger.kind,
        trigger.price,
        trigger.signal,
        trigger.direction,
        trail=trigger.trail,
        offset=Distance(-60),
    )
    number = scene.place(order(ANN, SELL, 1, None, trigger=relative))
    scene.mark("60")
    assert number not in scene.engine.state.orders or at(scene, number) == 95
    again = scene.do(order(ANN, SELL, 1, None, trigger=relative))

    [rejected] = [event for event in again if isinstance(event, OrderRejected)]
    assert rejected.reason is Why.OFFSET_TOO_LOW


def test_the_middle_of_the_book_fires_triggers_once_the_book_stands_still() -> None:
    """Not in the middle of a sweep, and never while a side is empty."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 1, 105, trigger=stop(BUY, 105, Signal.MID)))
    scene.do(order(BOB, SELL, 1, 130))
    assert scene.engine.state.orders[number].is_waiting
    assert names(scene.do(order(BOB, BUY, 1, 70))) == ["OrderAccepted"]

    events = scene.do(order(BOB, BUY, 1, 80))

    assert names(events) == ["OrderAccepted", "TriggerFired", "OrderActivated"]
    assert isinstance(events[1], TriggerFired)
    assert events[1].price == 105 * PRICE_ONE


def test_a_cancel_moves_the_middle_too() -> None:
    """Whatever changes the best prices is heard."""
    scene = Scene()
    low = scene.place(order(BOB, SELL, 1, 110))
    scene.do(order(BOB, SELL, 1, 140), order(BOB, BUY, 1, 90))
    scene.place(order(ANN, BUY, 1, 105, trigger=stop(BUY, 115, Signal.MID)))

    events = scene.do(CancelOrder(account=BOB, order_id=low))

    assert isinstance(events[0], OrderCanceled)
    assert names(events[1:]) == ["TriggerFired", "OrderActivated"]


def test_a_print_fires_what_the_print_before_it_has_moved() -> None:
    """One sweep down and up again: every print counts, in its turn."""
    scene = Scene()
    scene.do(order(BOB, SELL, 1, 104), order(ANN, BUY, 1, 104))
    number = scene.place(order(ANN, BUY, 1, 110, trigger=trailing(BUY, 3, signal=Signal.LAST)))
    assert at(scene, number) == 107
    scene.do(order(BOB, SELL, 1, 98), order(BOB, SELL, 1, 101))

    events = scene.do(order(AMY, BUY, 2, 101))

    assert names(events) == [
        "OrderAccepted",
        "Traded",
        "Traded",
        "TriggersMoved",
        "TriggerFired",
        "OrderActivated",
    ]
