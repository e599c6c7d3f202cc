"""A resting order ends and another takes its names."""

import pytest

from openvenue.engine.commands import Batch, PassTime, ReplaceOrder, SetMode, SetTradingEnabled
from openvenue.engine.events import CancelRejected, OrderAccepted, OrderCanceled, OrderRejected
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import BUY, SELL, Direction, Extras, Leg, Signal, Trigger, TriggerKind
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import Lots, Nanos, OrderId, Ticks
from tests.unit.engine.scene import ANN, BOB, PERP, SECOND, Scene, names, order, stop


def replaced(price: int, lots: int | None = None, name: str = "mine") -> ReplaceOrder:
    """What Ann asks for."""
    return ReplaceOrder(
        account=ANN,
        cl_ord_id=name,
        limit_price=Ticks(price),
        quantity=None if lots is None else Lots(lots),
    )


def test_the_new_order_has_the_old_name_and_what_was_left() -> None:
    """Another id, another place; fills stay with the old one."""
    scene = Scene()
    old = scene.place(order(ANN, BUY, 5, 99, cl_ord_id="mine"))
    scene.do(order(BOB, SELL, 2, 99))

    ended, accepted = scene.do(replaced(98))

    assert isinstance(ended, OrderCanceled)
    assert (ended.order_id, ended.leaves, ended.reason) == (old, 3, CancelReason.REPLACED)
    assert isinstance(accepted, OrderAccepted)
    new = accepted.order
    assert new.order_id != old
    assert (new.cl_ord_id, new.quantity, new.limit_price) == ("mine", 3, 98)
    assert new.post_only


def test_one_that_would_take_is_refused_after_the_old_one_has_ended() -> None:
    """That is the price of cancel and new."""
    scene = Scene()
    scene.place(order(ANN, BUY, 5, 99, cl_ord_id="mine"))
    scene.do(order(BOB, SELL, 1, 101))

    ended, refused = scene.do(replaced(101, 7))

    assert isinstance(ended, OrderCanceled)
    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.WOULD_TAKE
    assert scene.live(ANN) == []


@pytest.mark.parametrize("mode", [Mode.CANCEL_ONLY, Mode.SUSPENDED])
def test_in_a_closed_market_the_old_one_stays(mode: Mode) -> None:
    """Nothing could take its stead."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, 99, cl_ord_id="mine"))
    scene.do(SetMode(symbol=PERP, mode=mode))
    before = scene.fingerprint()

    [event] = scene.do(replaced(98))

    assert isinstance(event, CancelRejected)
    assert scene.live(ANN) == [number]
    assert scene.fingerprint() == before


def test_only_what_rests_is_replaced() -> None:
    """A trigger is not, nor is what is not there."""
    scene = Scene()
    scene.place(order(ANN, BUY, 5, 99, cl_ord_id="mine", trigger=stop(BUY, 105)))

    for asked in (replaced(98), replaced(98, name="nobody's")):
        [event] = scene.do(asked)
        assert isinstance(event, CancelRejected)
        assert event.reason is Why.UNKNOWN_ORDER


def test_in_a_batch_it_is_one_member() -> None:
    """What comes after it finds the new order under the old name."""
    scene = Scene()
    scene.place(order(ANN, BUY, 5, 99, cl_ord_id="mine"))

    events = scene.do(Batch(account=ANN, members=(replaced(98), replaced(97))))

    one = ["MemberDecided", "OrderCanceled", "OrderAccepted"]
    assert names(events) == one + one
    [left] = scene.live(ANN)
    assert scene.engine.state.orders[OrderId(left)].price == 97


def test_for_an_account_that_may_not_trade_the_old_one_stays() -> None:
    """It goes on standing, and can be canceled; its successor would be refused."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, 99, cl_ord_id="mine"))
    scene.do(SetTradingEnabled(account=ANN, is_enabled=False))

    [refused] = scene.do(replaced(98))

    assert isinstance(refused, CancelRejected)
    assert refused.reason is Why.TRADING_DISABLED
    assert scene.live(ANN) == [number]


def test_the_new_order_ends_when_the_old_one_would_have() -> None:
    """Its end is kept; that it had started, or fired, is over."""
    scene = Scene()
    ends = Nanos(scene.now + 60 * SECOND)
    starts = Nanos(scene.now + SECOND)
    extras = Extras(expires=ends, starts=starts)
    scene.place(order(ANN, BUY, 5, 99, cl_ord_id="mine", extras=extras))
    scene.wait(2)
    scene.do(PassTime())

    accepted = scene.do(replaced(98))[-1]

    assert isinstance(accepted, OrderAccepted) and accepted.rests
    assert accepted.order.extras == Extras(expires=ends)
    scene.wait(60)
    [ended] = scene.do(PassTime())
    assert isinstance(ended, OrderCanceled) and ended.reason is CancelReason.LAPSED


def test_legs_come_again_with_the_new_order_unless_they_guard_already() -> None:
    """Names and all; what has filled keeps its own."""
    scene = Scene()
    leg = Leg(stop(SELL, 90, Signal.MARK), cl_ord_id="stop")
    scene.place(order(ANN, BUY, 5, 99, cl_ord_id="mine", extras=Extras(legs=(leg,))))

    scene.do(replaced(98))

    parent, child = scene.live(ANN)
    assert scene.engine.state.orders[parent].order.cl_ord_id == "mine"
    waiting = scene.engine.state.orders[child].order
    assert (waiting.cl_ord_id, waiting.extras) == (
        "stop",
        Extras(parent=OrderId(parent), guards=True, whole=True),
    )
    scene.do(order(BOB, SELL, 2, 98), replaced(97))
    left = [scene.engine.state.orders[each].order for each in scene.live(ANN)]
    assert sorted(str(each.cl_ord_id) for each in left) == ["mine", "stop"]
    assert next(each.extras for each in left if each.cl_ord_id == "mine") is None


def test_a_leg_that_fired_and_rests_is_replaced_like_any_order() -> None:
    """It came with another order; the new one comes alone."""
    scene = Scene()
    gain = Trigger(TriggerKind.TAKE_PROFIT, Ticks(105), Signal.MARK, Direction.ABOVE)
    leg = Leg(gain, limit_price=Ticks(106), cl_ord_id="gain")
    scene.place(order(ANN, BUY, 5, 99, extras=Extras(legs=(leg,))))
    scene.do(order(BOB, SELL, 5, 99))
    scene.mark("105")

    accepted = scene.do(replaced(107, name="gain"))[-1]

    assert isinstance(accepted, OrderAccepted)
    assert (accepted.order.extras, accepted.order.reduce_only) == (None, True)
