"""Reduce-only: at entry, at rest, and as the position shrinks."""

from msgspec.structs import replace

from openvenue.engine.commands import AmendOrder
from openvenue.engine.engine import Engine
from openvenue.engine.events import OrderAccepted, OrderCanceled, OrderRejected, OrderTrimmed
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Lots, OrderId
from tests.unit.engine.scene import AMY, ANN, BOB, PAIR, Scene, linear, names, order, pair, trades


def test_a_reduce_only_order_is_cut_to_the_position_at_entry() -> None:
    """Asked for eight, holds five: it is an order of five, and the event tells of the three."""
    scene = Scene()
    scene.hold(ANN, 5)

    [event] = scene.do(order(ANN, SELL, 8, 110, reduce_only=True))

    assert isinstance(event, OrderAccepted)
    assert (event.order.quantity, event.reduced) == (5, 3)


def test_some_markets_refuse_what_others_cut() -> None:
    """It is the instrument's choice."""
    scene = Scene(replace(linear(), trims_reducers=False))
    scene.hold(ANN, 5)

    [event] = scene.do(order(ANN, SELL, 6, 110, reduce_only=True))
    fits = scene.do(order(ANN, SELL, 5, 110, reduce_only=True))

    assert isinstance(event, OrderRejected)
    assert event.reason is Why.REDUCES_TOO_MUCH
    assert names(fits) == ["OrderAccepted"]


def test_without_an_opposite_position_there_is_nothing_to_reduce() -> None:
    """Flat, or on the same side already."""
    scene = Scene()
    [flat] = scene.do(order(ANN, SELL, 1, 110, reduce_only=True))
    scene.hold(ANN, -5)
    [same] = scene.do(order(ANN, SELL, 1, 110, reduce_only=True))

    for event in (flat, same):
        assert isinstance(event, OrderRejected)
        assert event.reason is Why.WOULD_NOT_REDUCE


def test_a_spot_pair_has_no_position_to_reduce() -> None:
    """Balances are not positions."""
    scene = Scene(pair())

    [event] = scene.do(order(ANN, SELL, 1, 110, symbol=PAIR, reduce_only=True))

    assert isinstance(event, OrderRejected)
    assert event.reason is Why.WOULD_NOT_REDUCE


def test_resting_orders_shrink_with_the_position_and_keep_their_place() -> None:
    """Five held; two are sold otherwise: an order for four becomes one for three."""
    scene = Scene()
    scene.hold(ANN, 5)
    small = scene.place(order(ANN, SELL, 2, 110, reduce_only=True))
    large = scene.place(order(ANN, SELL, 4, 110, reduce_only=True))
    behind = scene.place(order(ANN, SELL, 1, 110))
    scene.do(order(BOB, BUY, 2, 100))

    events = scene.do(order(ANN, SELL, 2, 100))

    assert events[-1] == OrderTrimmed(order_id=large, account=ANN, quantity=Lots(3), leaves=Lots(3))
    assert (scene.leaves(small), scene.leaves(large)) == (2, 3)
    met = trades(scene.do(order(BOB, BUY, 4, 110)))
    assert [maker for maker, _, _ in met] == [small, large, behind]


def test_a_partly_filled_order_keeps_what_it_has_traded_when_it_shrinks() -> None:
    """Quantity is always filled and left together."""
    scene = Scene()
    scene.hold(ANN, 10)
    number = scene.place(order(ANN, SELL, 8, 110, reduce_only=True))
    scene.do(order(BOB, BUY, 3, 110))  # 3 of 8 done, 7 held
    scene.do(order(BOB, BUY, 5, 100))

    events = scene.do(order(ANN, SELL, 5, 100))  # 2 held

    assert events[-1] == OrderTrimmed(
        order_id=number, account=ANN, quantity=Lots(5), leaves=Lots(2)
    )
    view = scene.engine.state.orders[number].view()
    assert (view.order.quantity, view.filled, view.leaves) == (5, 3, 2)


def test_orders_end_with_the_position() -> None:
    """Closed or flipped: there is nothing to reduce any more."""
    for closing in (5, 7):
        scene = Scene()
        scene.hold(ANN, 5)
        number = scene.place(order(ANN, SELL, 4, 110, reduce_only=True))
        scene.do(order(BOB, BUY, closing, 100))

        events = scene.do(order(ANN, SELL, closing, 100))

        assert events[-1] == OrderCanceled(
            order_id=number,
            account=ANN,
            leaves=Lots(4),
            reason=CancelReason.WOULD_NOT_REDUCE,
        )
        assert scene.live(ANN) == []


def test_adding_to_the_position_leaves_them_alone() -> None:
    """They may be smaller than it."""
    scene = Scene()
    scene.hold(ANN, 5)
    number = scene.place(order(ANN, SELL, 4, 110, reduce_only=True))
    scene.do(order(BOB, SELL, 5, 100))

    events = scene.do(order(ANN, BUY, 5, 100))

    assert names(events) == ["OrderAccepted", "Traded"]
    assert scene.leaves(number) == 4


def test_a_reduce_only_taker_closes_and_does_not_flip() -> None:
    """Ten on the bid, three held: three trade."""
    scene = Scene()
    scene.hold(ANN, 3)
    bid = scene.place(order(BOB, BUY, 10, 100))

    events = scene.do(order(ANN, SELL, 10, 100, reduce_only=True))

    assert trades(events) == [(bid, 100, 3)]
    assert scene.held(ANN) == 0
    assert scene.leaves(bid) == 7
    assert OrderId(bid + 1) not in scene.engine.state.orders


def test_reduce_only_orders_of_a_short_position_buy() -> None:
    """The mirror image."""
    scene = Scene()
    scene.hold(ANN, -5)
    number = scene.place(order(ANN, BUY, 9, 90, reduce_only=True))
    scene.do(order(BOB, SELL, 1, 100))

    events = scene.do(order(ANN, BUY, 1, 100))

    assert scene.leaves(number) == 4
    assert names(events)[-1] == "OrderTrimmed"


def test_an_order_that_grew_is_trimmed_again_also_after_a_restart() -> None:
    """Trimmed to six, amended to five, then to six again: each time the position decides."""
    scene = Scene()
    scene.hold(ANN, 10)
    number = scene.place(order(ANN, SELL, 10, 110, reduce_only=True))
    other = scene.place(order(ANN, SELL, 1, 110, reduce_only=True))

    def sell(lots: int) -> list[str]:
        scene.do(order(BOB, BUY, lots, 100))
        return names(scene.do(order(ANN, SELL, lots, 100)))[2:]

    assert sell(4) == ["OrderTrimmed"]  # 6 held
    scene.do(AmendOrder(account=ANN, order_id=number, quantity=Lots(5)))
    assert sell(1) == []  # 5 held
    scene.do(AmendOrder(account=ANN, order_id=number, quantity=Lots(4)))
    scene.do(order(BOB, SELL, 1, 100), order(ANN, BUY, 1, 100))  # 6 held
    scene.do(AmendOrder(account=ANN, order_id=number, quantity=Lots(6)))
    again = Engine(restore(take(scene.engine.state)))
    again.apply(order(BOB, BUY, 1, 100), scene.now)
    assert names(again.apply(order(ANN, SELL, 1, 100), scene.now))[2:] == ["OrderTrimmed"]

    assert sell(1) == ["OrderTrimmed"]  # 5 held
    assert scene.fingerprint() == again.state.fingerprint()
    assert (scene.leaves(number), scene.leaves(other)) == (5, 1)
    assert sell(5) == ["OrderCanceled", "OrderCanceled"]


def test_one_sweep_takes_no_more_of_many_reducing_orders_than_there_is_to_reduce() -> None:
    """Four and four of five held, with an order of another account and one that opens between."""
    scene = Scene()
    scene.hold(ANN, 5)
    first = scene.place(order(ANN, SELL, 4, 105, reduce_only=True))
    theirs = scene.place(order(AMY, SELL, 2, 106))
    second = scene.place(order(ANN, SELL, 4, 107, reduce_only=True))
    third = scene.place(order(ANN, SELL, 4, 108, reduce_only=True))

    met = trades(scene.do(order(BOB, BUY, 20, 110)))

    assert met == [(first, 105, 4), (theirs, 106, 2), (second, 107, 1)]
    assert third not in scene.engine.state.orders
