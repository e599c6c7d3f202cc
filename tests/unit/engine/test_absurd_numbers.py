"""Numbers that no client means: each is refused in words, and none is worked with."""

from decimal import Decimal

import pytest

from openvenue.engine.assignees import AssigneeTerms
from openvenue.engine.commands import (
    AmendOrder,
    CancelOrders,
    Command,
    JoinAssignment,
    SetIndexPrice,
    SetMarkPrice,
)
from openvenue.engine.events import AmendRejected, Event, OrderRejected, OrdersCanceled, Refused
from openvenue.engine.instruments import Kind
from openvenue.engine.orders import (
    BUY,
    SELL,
    Direction,
    Distance,
    Extras,
    Leg,
    Side,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import OrderId, Ppb, Ticks
from tests.unit.engine.scene import ANN, BOB, INDEX, INVERSE, PERP, Scene, inverse, linear, order

HUGE = Decimal("1e999999")
TINY = Decimal("1e-999999")
ABSURD = [HUGE, TINY, Decimal("NaN"), Decimal("Infinity"), Decimal("0e-999999")]
ONE = 10**9
STOP = Trigger(TriggerKind.STOP, Ticks(90), Signal.MARK, Direction.BELOW)


def refused(events: list[Event]) -> Why:
    """Why the only answer is no."""
    [event] = events
    assert isinstance(event, OrderRejected | AmendRejected | Refused)
    return event.reason


@pytest.mark.parametrize("number", ABSURD)
def test_a_number_that_would_fill_memory_is_no_number(number: Decimal) -> None:
    """As a fraction it would have a million digits, and a venue would think of nothing else."""
    scene = Scene()
    scene.place(order(BOB, SELL, 5, 100))
    commands: list[Command] = [
        SetIndexPrice(index=INDEX, price=number),
        SetMarkPrice(symbol=PERP, price=number),
        JoinAssignment(account=ANN, terms=AssigneeTerms(kind=Kind.LINEAR, max_size=number)),
        JoinAssignment(account=ANN, terms=AssigneeTerms(kind=Kind.LINEAR, max_position=number)),
        order(ANN, BUY, 1, None, market_cap=number),
        order(ANN, BUY, 1, 100, extras=Extras(legs=(Leg(STOP, market_cap=number),))),
    ]
    for command in commands:
        assert refused(scene.do(command)) is Why.INVALID, command


def test_an_inverse_contract_is_never_worth_more_coins_than_can_be_counted() -> None:
    """Below a tick there is no price; what is worth 1 / price stays what a journal can hold."""
    scene = Scene(linear(), inverse())
    scene.do(order(BOB, SELL, 500, 200, symbol=INVERSE), order(ANN, BUY, 500, 200, symbol=INVERSE))
    tiny = Decimal("0.000000001")
    assert refused(scene.do(SetIndexPrice(index=INDEX, price=tiny))) is Why.INVALID
    assert refused(scene.do(SetMarkPrice(symbol=INVERSE, price=tiny))) is Why.INVALID
    scene.do(SetIndexPrice(index=INDEX, price=Decimal("0.5")))
    assert (
        restore(take(scene.engine.state)).markets[INVERSE].mark
        == scene.engine.state.markets[INVERSE].mark
    )


def test_there_is_no_mark_to_go_back_to_before_there_is_an_index() -> None:
    """A billionth of a dollar would be a price like any other."""
    scene = Scene()
    scene.engine.state.markets[PERP].index = 0
    assert refused(scene.do(SetMarkPrice(symbol=PERP, price=None))) is Why.INVALID


@pytest.mark.parametrize(
    ("side", "ticks", "share"), [(SELL, -5, ONE), (BUY, 5, -ONE), (SELL, 0, ONE), (BUY, -1, 0)]
)
def test_nothing_trails_in_front_of_its_signal(side: Side, ticks: int, share: int) -> None:
    """Nor all of the way behind it: where it moves next would be a division by nothing."""
    scene = Scene()
    direction = Direction.ABOVE if side is BUY else Direction.BELOW

    def stop(trail: Distance) -> Trigger:
        return Trigger(TriggerKind.STOP, Ticks(0), Signal.MARK, direction, trail=trail)

    wrong = Distance(ticks, Ppb(share))
    assert refused(scene.do(order(ANN, side, 1, None, trigger=stop(wrong)))) is Why.TRAIL_TOO_WIDE
    number = scene.place(order(ANN, side, 1, None, trigger=stop(Distance(5))))
    amended = scene.do(AmendOrder(account=ANN, order_id=number, trail=wrong))
    assert refused(amended) is Why.TRAIL_NO_HEADROOM


def test_what_is_a_leg_is_for_the_engine_to_say() -> None:
    """From outside an order has no parent, and what guards a position brings no legs along."""
    scene = Scene()
    scene.do(order(BOB, SELL, 5, 100), order(ANN, BUY, 5, 100))
    orphan = order(ANN, SELL, 5, 101, extras=Extras(parent=OrderId(1)))
    assert refused(scene.do(orphan)) is Why.INVALID
    extras = Extras(guards=True, legs=(Leg(STOP, cl_ord_id="x"), Leg(STOP, cl_ord_id="x")))
    both = order(ANN, SELL, 5, None, reduce_only=True, trigger=STOP, extras=extras)
    assert refused(scene.do(both)) is Why.WOULD_NOT_REDUCE
    [told] = scene.do(CancelOrders(account=ANN))
    assert isinstance(told, OrdersCanceled)
    assert told.order_ids == ()
