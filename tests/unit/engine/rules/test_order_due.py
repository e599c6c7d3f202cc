"""Orders that end or begin by the clock of the journal."""

from msgspec.structs import replace

from openvenue.engine.commands import AmendOrder, CancelOrder, CancelOrders, PassTime, PlaceOrder
from openvenue.engine.due import next_due
from openvenue.engine.engine import Engine
from openvenue.engine.events import OrderActivated, OrderCanceled, OrderRejected, OrdersCanceled
from openvenue.engine.orders import BUY, SELL, Extras, Side, Signal
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Lots, Nanos
from tests.unit.engine.scene import ANN, BOB, PERP, SECOND, START, Scene, names, order, stop, trades


def lasting(side: Side, price: int, seconds: int | None, begins: int | None = None) -> PlaceOrder:
    """An order of Ann that ends, or begins, so many seconds from the start."""
    return replace(
        order(ANN, side, 2, price),
        extras=Extras(
            expires=None if seconds is None else Nanos(START + seconds * SECOND),
            starts=None if begins is None else Nanos(START + begins * SECOND),
        ),
    )


def test_an_order_ends_when_its_time_has_come_and_not_before() -> None:
    """The venue wakes for it: nobody else has to come by."""
    scene = Scene()
    number = scene.place(lasting(BUY, 99, 10))
    assert next_due(scene.engine.state) == START + 10 * SECOND

    scene.wait(9.999)
    assert scene.do(PassTime()) == []
    scene.wait(0.001)
    [event] = scene.do(PassTime())

    assert event == OrderCanceled(
        order_id=number, account=ANN, leaves=Lots(2), reason=CancelReason.LAPSED
    )
    assert next_due(scene.engine.state) is None


def test_it_ends_before_what_comes_at_the_same_time() -> None:
    """Who comes late does not trade with it."""
    scene = Scene()
    scene.place(lasting(BUY, 99, 10))
    scene.wait(20)

    events = scene.do(order(BOB, SELL, 2, 99))

    assert names(events) == ["OrderCanceled", "OrderAccepted"]


def test_what_is_filled_or_canceled_is_not_waited_for() -> None:
    """The clock forgets it with the order."""
    scene = Scene()
    filled = scene.place(lasting(BUY, 99, 10))
    canceled = scene.place(lasting(BUY, 98, 10))
    scene.do(order(BOB, SELL, 2, 99), CancelOrder(account=ANN, order_id=canceled))

    assert filled not in scene.engine.state.orders
    assert next_due(scene.engine.state) is None


def test_a_trigger_and_what_it_became_end_too() -> None:
    """The end is the order's, whatever it waits for."""
    scene = Scene()
    asked = lasting(BUY, 99, 10)
    scene.place(replace(asked, trigger=stop(BUY, 105, Signal.MARK)))
    fired = scene.place(replace(asked, trigger=stop(BUY, 103, Signal.MARK)))
    scene.mark("103")
    assert not scene.engine.state.orders[fired].is_waiting

    scene.wait(10)

    assert names(scene.do(PassTime())) == ["OrderCanceled", "OrderCanceled"]


def test_it_ends_after_a_restart_as_well() -> None:
    """The end is part of what a snapshot keeps."""
    scene = Scene()
    scene.place(lasting(BUY, 99, 10))
    again = Engine(restore(take(scene.engine.state)))

    assert next_due(again.state) == START + 10 * SECOND
    assert names(again.apply(PassTime(), Nanos(START + 60 * SECOND))) == ["OrderCanceled"]


def test_an_end_that_has_passed_is_refused() -> None:
    """So is one before the start."""
    scene = Scene()

    for asked in (lasting(BUY, 99, 0), lasting(BUY, 99, 10, begins=10)):
        [event] = scene.do(asked)
        assert isinstance(event, OrderRejected)
        assert event.reason is Why.EXPIRED


def test_an_order_begins_at_its_time() -> None:
    """Until then it is nowhere; then it trades and rests like one that has just come."""
    scene = Scene()
    number = scene.place(lasting(BUY, 101, 20, begins=10))
    scene.do(order(BOB, SELL, 1, 101))
    assert scene.engine.state.orders[number].is_waiting
    assert scene.engine.state.markets[PERP].book.bids.best() is None
    scene.wait(10)

    events = scene.do(PassTime())

    assert names(events) == ["OrderStarted", "OrderActivated", "Traded", "OrderRested"]
    assert [quantity for _, _, quantity in trades(events)] == [1]
    scene.wait(10)
    assert names(scene.do(PassTime())) == ["OrderCanceled"]


def test_a_trigger_begins_to_wait_at_its_time() -> None:
    """What the price did before that does not count; where it stands then does."""
    scene = Scene()
    asked = replace(lasting(BUY, 101, None, begins=10), trigger=stop(BUY, 105, Signal.MARK))
    number = scene.place(asked)
    scene.mark("110")
    scene.mark("100")
    scene.wait(10)
    assert names(scene.do(PassTime())) == ["OrderStarted"]
    assert scene.engine.state.orders[number].is_waiting

    assert "TriggerFired" in names(scene.mark("105"))


def test_what_has_not_begun_is_canceled_like_all_else() -> None:
    """A cancel of all takes what is nowhere yet."""
    scene = Scene()
    number = scene.place(lasting(BUY, 101, None, begins=10))

    [event] = scene.do(CancelOrders(account=ANN))

    assert isinstance(event, OrdersCanceled)
    assert event.order_ids == (number,)
    scene.wait(60)
    assert scene.do(PassTime()) == []


def test_a_change_before_the_beginning_is_what_begins() -> None:
    """Terms are those of the moment."""
    scene = Scene()
    number = scene.place(lasting(BUY, 101, None, begins=10))
    scene.do(AmendOrder(account=ANN, order_id=number, quantity=Lots(5)))
    scene.wait(10)

    events = scene.do(PassTime())

    assert isinstance(events[1], OrderActivated)
    assert events[1].order.quantity == 5


def test_what_would_guard_a_position_that_is_gone_by_then_ends() -> None:
    """Else it would wait for the next position, which nobody asked it to guard."""
    scene = Scene()
    scene.hold(ANN, 5)
    scene.mark("100")
    begins = Extras(starts=Nanos(START + 10 * SECOND), guards=True)
    number = scene.place(
        order(ANN, SELL, 5, None, trigger=stop(SELL, 90), reduce_only=True, extras=begins)
    )
    scene.do(order(BOB, BUY, 5, 100), order(ANN, SELL, 5, 100))
    scene.wait(10)

    events = scene.do(PassTime())

    assert events == [
        OrderCanceled(
            order_id=number, account=ANN, leaves=Lots(5), reason=CancelReason.POSITION_CLOSED
        )
    ]
