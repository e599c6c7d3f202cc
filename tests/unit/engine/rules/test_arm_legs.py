"""Legs: orders that come with an order, arm with its fills, and end with the position."""

from msgspec.structs import replace

from openvenue.engine.commands import CancelOrder, CancelOrders, PlaceOrder
from openvenue.engine.engine import Engine
from openvenue.engine.events import OrderActivated, OrderCanceled, OrderRejected, OrdersCanceled
from openvenue.engine.orders import BUY, SELL, Extras, Leg, Side, Signal
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Lots, Ticks
from tests.unit.engine.scene import (
    ANN,
    BOB,
    PERP,
    Scene,
    names,
    order,
    stop,
    take_profit,
    trades,
)

TAKE_PROFIT = Leg(take_profit(SELL, 110, Signal.MARK), cl_ord_id="profit")
STOP_LOSS = Leg(stop(SELL, 90, Signal.MARK), limit_price=Ticks(89), cl_ord_id="loss")


def guarded(side: Side = BUY, quantity: int = 3, price: int = 100) -> PlaceOrder:
    """An order of Ann that comes with both legs."""
    asked = order(ANN, side, quantity, price, cl_ord_id="parent")
    return replace(asked, extras=Extras(legs=(TAKE_PROFIT, STOP_LOSS)))


def waits(scene: Scene, number: int) -> bool:
    """Whether an order is among the triggers that listen to prices."""
    return number in [it.order_id for it in scene.engine.state.markets[PERP].triggers.in_order()]


def test_legs_come_with_their_order_and_wait_for_nothing_yet() -> None:
    """They have ids and names from the start, and no price fires them."""
    scene = Scene()

    events = scene.do(guarded())

    assert names(events) == ["OrderAccepted"] * 3
    parent, profit, loss = scene.live(ANN)
    assert (profit, loss) == (parent + 1, parent + 2)
    assert not waits(scene, profit)
    assert names(scene.mark("120")) == ["MarkPriceSet"]
    assert scene.engine.state.accounts[ANN].cl_ord_ids["loss"].order_id == loss


def test_the_first_fill_arms_them() -> None:
    """From then on they wait, however much of the parent is left."""
    scene = Scene()
    scene.do(guarded())
    _, profit, loss = scene.live(ANN)

    events = scene.do(order(BOB, SELL, 1, 100))

    assert names(events) == ["OrderAccepted", "Traded", "LegArmed", "LegArmed"]
    assert waits(scene, profit)
    assert waits(scene, loss)
    assert "LegArmed" not in names(scene.do(order(BOB, SELL, 1, 100)))


def test_a_leg_that_fires_closes_what_is_held_then_and_the_other_one_ends() -> None:
    """Two of three were filled: two are closed."""
    scene = Scene()
    scene.do(guarded())
    _, profit, loss = scene.live(ANN)
    scene.do(order(BOB, SELL, 2, 100), CancelOrder(account=ANN, cl_ord_id="parent"))
    scene.do(order(BOB, BUY, 5, 110))

    events = scene.mark("110")

    activated = events[2]
    assert isinstance(activated, OrderActivated)
    assert (activated.order.order_id, activated.order.quantity) == (profit, 2)
    assert [quantity for _, _, quantity in trades(events)] == [2]
    ended = events[-1]
    assert isinstance(ended, OrderCanceled)
    assert (ended.order_id, ended.reason) == (loss, CancelReason.POSITION_CLOSED)
    assert scene.live(ANN) == []


def test_legs_of_an_order_that_never_fills_end_with_it() -> None:
    """There is nothing that they could guard."""
    scene = Scene()
    scene.do(guarded())
    parent, profit, loss = scene.live(ANN)

    events = scene.do(CancelOrder(account=ANN, cl_ord_id="parent"))

    assert [
        (event.order_id, event.reason) for event in events if isinstance(event, OrderCanceled)
    ] == [
        (parent, CancelReason.BY_OWNER),
        (profit, CancelReason.PARENT_ENDED),
        (loss, CancelReason.PARENT_ENDED),
    ]


def test_a_position_from_elsewhere_does_not_arm_them() -> None:
    """They guard what their own order brought."""
    scene = Scene()
    scene.hold(ANN, 5)
    scene.do(guarded())

    events = scene.do(CancelOrder(account=ANN, cl_ord_id="parent"))

    assert names(events) == ["OrderCanceled"] * 3


def test_a_cancel_of_all_takes_legs_too_and_tells_each_once() -> None:
    """Armed or not; one that keeps reduce-only orders keeps the armed ones alone."""
    scene = Scene()
    scene.do(guarded())
    ids = scene.live(ANN)
    [event] = scene.do(CancelOrders(account=ANN))
    assert isinstance(event, OrdersCanceled)
    assert list(event.order_ids) == ids

    scene.do(guarded(), order(BOB, SELL, 1, 100))
    parent, profit, loss = scene.live(ANN)
    [event] = scene.do(CancelOrders(account=ANN, keep_reduce_only=True))

    assert isinstance(event, OrdersCanceled)
    assert event.order_ids == (parent,)
    assert scene.live(ANN) == [profit, loss]


def test_a_fill_that_leaves_nothing_to_guard_arms_nothing() -> None:
    """It closed a position of the other side: the legs end with their order."""
    scene = Scene()
    scene.hold(ANN, -5)
    scene.do(guarded())

    events = scene.do(order(BOB, SELL, 3, 100))

    assert names(events) == ["OrderAccepted", "Traded", "OrderCanceled", "OrderCanceled"]
    assert scene.live(ANN) == []


def test_what_guards_a_position_needs_one_and_ends_with_it() -> None:
    """Source: Pacifica, "Create position TP/SL"."""
    scene = Scene()
    asked = replace(
        order(ANN, SELL, 1, None, reduce_only=True, trigger=stop(SELL, 90, Signal.MARK)),
        extras=Extras(guards=True, whole=True),
    )
    [event] = scene.do(asked)
    assert isinstance(event, OrderRejected)
    assert event.reason is Why.WOULD_NOT_REDUCE
    scene.hold(ANN, 5)
    number = scene.place(asked)

    scene.do(order(BOB, BUY, 5, 100))
    events = scene.do(order(ANN, SELL, 5, 100))

    ended = events[-1]
    assert isinstance(ended, OrderCanceled)
    assert (ended.order_id, ended.reason) == (number, CancelReason.POSITION_CLOSED)


def test_one_that_closes_everything_closes_what_there_is_when_it_fires() -> None:
    """The position may have grown since."""
    scene = Scene()
    scene.hold(ANN, 5)
    asked = order(ANN, SELL, 1, None, reduce_only=True, trigger=stop(SELL, 90, Signal.MARK))
    scene.place(replace(asked, extras=Extras(guards=True, whole=True)))
    scene.hold(ANN, 3) if scene.held(ANN) == 0 else scene.do(
        order(BOB, SELL, 3, 100), order(ANN, BUY, 3, 100)
    )
    scene.do(order(BOB, BUY, 20, 90))

    events = scene.mark("90")

    assert [quantity for _, _, quantity in trades(events)] == [8]
    assert scene.held(ANN) == 0


def test_a_leg_that_cannot_be_refuses_the_whole_order() -> None:
    """Nothing of it stands."""
    scene = Scene()
    before = scene.fingerprint()
    bad = Leg(stop(SELL, 0, Signal.MARK))
    for asked, why in (
        (replace(guarded(), extras=Extras(legs=(TAKE_PROFIT, bad))), Why.INVALID_PRICE),
        (replace(guarded(), extras=Extras(legs=(TAKE_PROFIT, TAKE_PROFIT))), Why.CL_ORD_ID_IN_USE),
        (replace(guarded(), reduce_only=True), Why.WOULD_NOT_REDUCE),
    ):
        [event] = scene.do(asked)
        assert isinstance(event, OrderRejected)
        assert event.reason is why
    assert scene.fingerprint() == before


def test_a_restored_venue_knows_which_legs_are_armed() -> None:
    """And what guards which position."""
    scene = Scene()
    scene.do(guarded())
    scene.do(order(BOB, SELL, 1, 100))
    scene.do(replace(guarded(), cl_ord_id="other", extras=Extras(legs=(Leg(stop(SELL, 80)),))))
    again = Engine(restore(take(scene.engine.state)))

    assert again.state.fingerprint() == scene.fingerprint()
    position = again.state.accounts[ANN].positions[PERP]
    assert sorted(position.guards) == scene.live(ANN)[1:3]
    assert Lots(0) not in [it.leaves for it in position.guards.values()]
