"""A resting order ends and another takes its names."""

import pytest

from openvenue.engine.commands import Batch, ReplaceOrder, SetMode, SetTradingEnabled
from openvenue.engine.events import CancelRejected, OrderAccepted, OrderCanceled, OrderRejected
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import Lots, OrderId, Ticks
from tests.unit.engine.scene import ANN, BOB, PERP, Scene, names, order, stop


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
