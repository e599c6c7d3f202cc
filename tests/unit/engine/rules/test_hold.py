"""Requests that wait before they are decided, so that makers can step aside."""

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import (
    AmendOrder,
    Batch,
    CancelOrder,
    CancelOrders,
    Command,
    PassTime,
    SetDeadMansSwitch,
    SetIntake,
)
from openvenue.engine.due import next_due
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    AmendRejected,
    HoldReleased,
    HoldsCanceled,
    OrderRejected,
    RequestHeld,
)
from openvenue.engine.orders import BUY, FOK, IOC, SELL, Side
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Lots, Nanos, OrderId, Ticks
from tests.unit.engine.scene import (
    ANN,
    BOB,
    PERP,
    SECOND,
    START,
    Scene,
    inverse,
    linear,
    names,
    order,
    stop,
    trades,
)


def held_market() -> Scene:
    """A market that holds for two seconds, and one that does not."""
    return Scene(linear(hold=Nanos(2 * SECOND)), inverse())


def test_an_order_waits_and_is_then_decided() -> None:
    """Nothing of it is there before: no order, no margin, no trade."""
    scene = held_market()
    scene.do(order(ANN, SELL, 2, 100, post_only=True))
    before = scene.account(BOB)

    [event] = scene.do(order(BOB, BUY, 3, 100, cl_ord_id="mine"))

    assert isinstance(event, RequestHeld) and event.until == START + 2 * SECOND
    assert scene.live(BOB) == [] and scene.account(BOB) == before
    assert next_due(scene.engine.state) == START + 2 * SECOND
    scene.wait(1.999999999)
    assert scene.do(PassTime()) == []
    scene.wait(0.000000001)
    events = scene.do(PassTime())
    assert names(events) == ["HoldReleased", "OrderAccepted", "Traded", "OrderRested"]
    assert scene.held(BOB) == 2 and len(scene.live(BOB)) == 1
    assert next_due(scene.engine.state) is None


def test_makers_and_cancels_do_not_wait() -> None:
    """The maker that is about to be taken is gone before the taker is decided."""
    scene = held_market()
    maker = scene.place(order(ANN, SELL, 2, 100, post_only=True))
    scene.do(order(BOB, BUY, 2, 100))

    assert names(scene.do(CancelOrder(account=ANN, order_id=maker))) == ["OrderCanceled"]
    new = scene.place(order(ANN, SELL, 2, 101, post_only=True))
    edit = AmendOrder(account=ANN, order_id=new, limit_price=Ticks(102))
    assert names(scene.do(edit)) == ["OrderAmended"]
    scene.wait(2)

    assert names(scene.do(PassTime())) == ["HoldReleased", "OrderAccepted"]
    assert scene.held(BOB) == 0


def test_a_maker_that_came_meanwhile_is_there_first() -> None:
    """It is met by what was held before it."""
    scene = held_market()
    scene.do(order(BOB, BUY, 2, 100))
    scene.place(order(ANN, SELL, 2, 99, post_only=True))
    scene.wait(2)

    assert len(trades(scene.do(PassTime()))) == 1


def test_they_are_released_in_the_order_in_which_they_came() -> None:
    """Even if time has gone on too far: each at its own place."""
    scene = held_market()
    scene.do(order(ANN, SELL, 1, 100, post_only=True))
    scene.do(order(BOB, BUY, 1, 100, cl_ord_id="first"))
    scene.wait(1)
    scene.do(order(BOB, BUY, 1, 100, cl_ord_id="second"))
    scene.wait(60)

    events = scene.do(PassTime())

    assert [it.hold_id for it in events if isinstance(it, HoldReleased)] == [1, 2]
    assert list(scene.engine.state.accounts[BOB].cl_ord_ids) == ["second"]


def test_other_markets_do_not_hold() -> None:
    """The hold is a term of an instrument."""
    scene = held_market()
    assert names(scene.do(order(ANN, BUY, 1, 100, symbol=inverse().symbol))) == ["OrderAccepted"]


@pytest.mark.parametrize(
    "cancel",
    [
        CancelOrder(account=BOB, cl_ord_id="mine"),
        CancelOrders(account=BOB),
        CancelOrders(account=BOB, symbol=PERP, side=BUY),
        SetDeadMansSwitch(account=BOB, timeout=Nanos(SECOND)),
    ],
)
def test_a_held_order_that_is_canceled_may_take_and_never_stays(cancel: Command) -> None:
    """It becomes one that is immediate or canceled; cancels of all and the switch do the same."""
    scene = held_market()
    scene.do(order(ANN, SELL, 2, 100, post_only=True))
    scene.do(order(BOB, BUY, 3, 100, cl_ord_id="mine"))

    events = scene.do(cancel)
    scene.wait(1)
    events += scene.do(PassTime())

    assert HoldsCanceled(account=BOB, hold_ids=(1,)) in events
    assert scene.live(BOB) == []
    scene.wait(1)
    released = names(scene.do(PassTime()))
    assert released == ["HoldReleased", "OrderAccepted", "Traded", "OrderCanceled"]
    assert scene.live(BOB) == [] and scene.held(BOB) == 2


def test_one_that_finds_nobody_is_refused() -> None:
    """As any order that is immediate or canceled."""
    scene = held_market()
    scene.do(order(BOB, BUY, 3, 100))
    scene.do(CancelOrders(account=BOB))
    scene.wait(2)

    [_, refused] = scene.do(PassTime())

    assert isinstance(refused, OrderRejected) and refused.reason is Why.WOULD_NOT_TAKE


def test_one_that_would_only_wait_is_refused() -> None:
    """A trigger that is not wanted any more has nothing to take."""
    scene = held_market()
    scene.do(order(BOB, BUY, 3, None, trigger=stop(BUY, 120)), CancelOrders(account=BOB))
    scene.wait(2)

    [_, refused] = scene.do(PassTime())

    assert isinstance(refused, OrderRejected) and refused.reason is Why.WOULD_NOT_TAKE
    assert scene.live(BOB) == []


@pytest.mark.parametrize("kind", [IOC, FOK])
def test_what_would_not_have_stayed_is_what_it_was(kind: object) -> None:
    """All or nothing stays all or nothing."""
    scene = held_market()
    scene.do(order(ANN, SELL, 2, 100, post_only=True))
    scene.do(replace(order(BOB, BUY, 3, 100), time_in_force=kind), CancelOrders(account=BOB))
    scene.wait(2)
    scene.do(PassTime())

    assert scene.held(BOB) == (2 if kind is IOC else 0)


@pytest.mark.parametrize(
    "scope",
    [
        CancelOrders(account=ANN),
        CancelOrders(account=BOB, side=SELL),
        CancelOrders(account=BOB, symbol=inverse().symbol),
        CancelOrders(account=BOB, wallet=inverse().wallet),
        CancelOrders(account=BOB, user_ref=7),
        CancelOrder(account=BOB, cl_ord_id="other"),
    ],
)
def test_what_is_out_of_scope_stays(scope: Command) -> None:
    """All means all of it, and nothing else."""
    scene = held_market()
    scene.do(order(BOB, BUY, 3, 100, cl_ord_id="mine"), scope)
    scene.wait(2)

    assert names(scene.do(PassTime())) == ["HoldReleased", "OrderAccepted"]


def test_reduce_only_orders_are_kept_if_wanted() -> None:
    """The same scope as for orders that stand."""
    scene = held_market()
    scene.do(order(BOB, SELL, 2, 100, post_only=True), order(ANN, BUY, 2, 100))
    scene.wait(2)
    scene.do(PassTime(), order(BOB, BUY, 2, 90, reduce_only=True))
    scene.do(CancelOrders(account=BOB, keep_reduce_only=True))
    scene.wait(2)

    assert names(scene.do(PassTime())) == ["HoldReleased", "OrderAccepted"]


def test_a_cancel_of_a_name_covers_what_stands_and_what_is_held() -> None:
    """The held one would have been refused if the other still stood; now it must not stay."""
    scene = held_market()
    scene.place(order(BOB, BUY, 1, 90, post_only=True, cl_ord_id="mine"))
    scene.do(order(BOB, BUY, 3, 100, cl_ord_id="mine"))

    events = scene.do(CancelOrder(account=BOB, cl_ord_id="mine"))

    assert names(events) == ["OrderCanceled", "HoldsCanceled"]
    scene.wait(2)
    scene.do(PassTime())
    assert scene.live(BOB) == []


def test_a_change_waits_and_its_order_stands_meanwhile() -> None:
    """It is met at its old terms until then."""
    scene = held_market()
    scene.do(order(BOB, BUY, 2, 90))
    scene.wait(2)
    scene.do(PassTime())
    [number] = scene.live(BOB)

    change = AmendOrder(account=BOB, order_id=OrderId(number), limit_price=Ticks(95))
    assert names(scene.do(change)) == ["RequestHeld"]
    assert scene.engine.state.orders[number].price == 90
    scene.wait(2)

    assert names(scene.do(PassTime())) == ["HoldReleased", "OrderAmended"]
    assert scene.engine.state.orders[number].price == 95


def test_a_change_of_what_was_canceled_meanwhile_is_refused() -> None:
    """A cancel is not held, and what it ended does not come back."""
    scene = held_market()
    scene.do(order(BOB, BUY, 2, 90))
    scene.wait(2)
    scene.do(PassTime())
    [number] = scene.live(BOB)
    scene.do(AmendOrder(account=BOB, order_id=OrderId(number), limit_price=Ticks(95)))
    assert names(scene.do(CancelOrders(account=BOB))) == ["OrdersCanceled"]
    scene.wait(2)

    [_, refused] = scene.do(PassTime())

    assert isinstance(refused, AmendRejected) and refused.reason is Why.UNKNOWN_ORDER


def test_a_change_of_a_held_order_comes_after_it() -> None:
    """By its name: it has no number yet."""
    scene = held_market()
    scene.do(order(BOB, BUY, 2, 90, cl_ord_id="mine"))
    scene.wait(1)
    scene.do(AmendOrder(account=BOB, cl_ord_id="mine", quantity=Lots(5)))
    scene.wait(2)

    released = names(scene.do(PassTime()))

    assert released == ["HoldReleased", "OrderAccepted", "HoldReleased", "OrderAmended"]


@pytest.mark.parametrize(
    "change",
    [
        AmendOrder(account=BOB, order_id=OrderId(77), quantity=Lots(5)),
        AmendOrder(account=BOB, cl_ord_id="nothing", quantity=Lots(5)),
        AmendOrder(account=BOB, quantity=Lots(5)),
    ],
)
def test_a_change_of_nothing_is_refused_at_once(change: AmendOrder) -> None:
    """There is no market that could hold it."""
    assert names(held_market().do(change)) == ["AmendRejected"]


def test_there_is_an_end_to_what_one_account_may_have_held() -> None:
    """250 requests; others still have theirs."""
    scene = held_market()
    scene.do(*[order(BOB, BUY, 1, 90) for _ in range(250)])
    before = scene.fingerprint()

    [refused] = scene.do(order(BOB, BUY, 1, 90))

    assert isinstance(refused, OrderRejected) and refused.reason is Why.TOO_MANY_HELD
    assert scene.fingerprint() == before
    assert names(scene.do(order(BOB, BUY, 1, 90, post_only=True))) == ["OrderAccepted"]
    change = AmendOrder(account=BOB, order_id=OrderId(scene.live(BOB)[0]), quantity=Lots(5))
    assert names(scene.do(change)) == ["OrderAmended"]  # of an order that only makes
    assert names(scene.do(order(ANN, BUY, 1, 90))) == ["RequestHeld"]
    scene.wait(2)
    scene.do(PassTime())
    assert names(scene.do(order(BOB, BUY, 1, 90))) == ["RequestHeld"]


def test_a_change_too_many_is_refused() -> None:
    """It counts like an order."""
    scene = held_market()
    scene.do(order(BOB, BUY, 1, 90))
    scene.wait(2)
    scene.do(PassTime(), *[order(BOB, BUY, 1, 90) for _ in range(250)])

    number = OrderId(scene.live(BOB)[0])
    [refused] = scene.do(AmendOrder(account=BOB, order_id=number, quantity=Lots(5)))

    assert isinstance(refused, AmendRejected) and refused.reason is Why.TOO_MANY_HELD


def test_a_full_disk_holds_nothing() -> None:
    """What will be refused is refused now."""
    scene = held_market()
    scene.do(SetIntake(is_open=False))

    [refused] = scene.do(order(BOB, BUY, 1, 90))

    assert isinstance(refused, OrderRejected) and refused.reason is Why.LOW_DISK


def test_members_of_a_batch_are_held_one_by_one() -> None:
    """Makers among them are decided at once."""
    scene = held_market()
    both: list[Side] = [BUY, SELL]
    members = tuple(order(BOB, side, 1, 100, post_only=side is BUY) for side in both)

    events = scene.do(Batch(account=BOB, members=members))

    assert names(events) == ["MemberDecided", "OrderAccepted", "MemberDecided", "RequestHeld"]


def test_holds_survive_a_restart() -> None:
    """From a snapshot or from the journal, canceled or not."""
    scene = held_market()
    told = scene.do(
        order(BOB, BUY, 1, 100, cl_ord_id="a"),
        order(BOB, BUY, 1, 99, cl_ord_id="b"),
        CancelOrder(account=BOB, cl_ord_id="a"),
    )
    fresh = held_market()
    fresh.engine.fold(told, scene.now)
    restored = Engine(restore(take(scene.engine.state)))
    assert restored.state.fingerprint() == scene.fingerprint() == fresh.fingerprint()
    scene.wait(2)

    events = scene.do(PassTime())

    assert names(events) == ["HoldReleased", "OrderRejected", "HoldReleased", "OrderAccepted"]
    assert restored.apply(PassTime(), scene.now) == events
    assert fresh.engine.apply(PassTime(), scene.now) == events
    assert restored.state.fingerprint() == scene.fingerprint() == fresh.fingerprint()
    later = scene.do(order(BOB, BUY, 1, 98))
    assert restored.apply(order(BOB, BUY, 1, 98), scene.now) == later  # the same number


def test_a_speed_bump_takes_stops_at_once_and_keeps_batches_together() -> None:
    """What waits for its price does not wait twice; what follows a held order waits with it."""
    scene = Scene(linear(hold=Nanos(2 * SECOND), holds_triggers=False, holds_batches=True))
    scene.place(order(BOB, BUY, 1, 120, trigger=stop(BUY, 110)))
    maker = order(ANN, SELL, 1, 100, post_only=True)

    before = names(scene.do(Batch(account=ANN, members=(maker, order(ANN, SELL, 1, 105)))))
    behind = scene.do(Batch(account=BOB, members=(order(BOB, BUY, 1, 100), order(BOB, BUY, 1, 90))))
    quote = order(BOB, BUY, 1, 80, post_only=True)
    after = names(scene.do(Batch(account=BOB, members=(order(BOB, BUY, 1, 70), quote))))
    scene.wait(2)
    released = names(scene.do(PassTime()))

    assert before == ["MemberDecided", "OrderAccepted", "MemberDecided", "RequestHeld"]
    assert names(behind) == after == ["MemberDecided", "RequestHeld"] * 2
    assert released.count("HoldReleased") == 5 and released.count("Traded") == 1


def test_what_follows_in_a_batch_is_held_only_where_the_market_says_so() -> None:
    """Maker protection lets what only makes go on."""
    scene = held_market()
    quote = order(BOB, BUY, 1, 80, post_only=True)

    events = scene.do(Batch(account=BOB, members=(order(BOB, BUY, 1, 70), quote)))

    assert names(events) == ["MemberDecided", "RequestHeld", "MemberDecided", "OrderAccepted"]
