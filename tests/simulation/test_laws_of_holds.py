"""Laws of what is held: nothing of it happens early, and makers are never kept waiting."""

from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from openvenue.engine.commands import (
    AmendOrder,
    Batch,
    CancelOrder,
    CancelOrders,
    PassTime,
    PlaceOrder,
    Resume,
)
from openvenue.engine.events import (
    HoldReleased,
    HoldsCanceled,
    MemberDecided,
    OrderAccepted,
    OrderAmended,
    RequestHeld,
    Traded,
)
from tests.simulation import market
from tests.simulation import test_laws_of_legs as of_legs
from tests.simulation import test_laws_of_money as of_money
from tests.simulation import test_laws_of_replay as of_replay
from tests.simulation import test_laws_of_the_book as of_the_book
from tests.simulation import test_laws_of_time as of_time
from tests.simulation.recording import FEW, Recording
from tests.simulation.test_laws_of_risk import LAWS

MORE: Final[list[Callable[[list[Recording]], None]]] = [
    of_money.test_a_trade_is_worth_its_size_at_its_price,
    of_money.test_holds_are_what_open_spot_orders_need,
    of_money.test_nobody_spends_what_they_do_not_have,
    of_money.test_funding_is_what_longs_pay_to_shorts,
    of_money.test_an_isolated_position_stands_on_its_own_margin,
    of_replay.test_events_read_back_from_bytes_fold_to_the_same_world,
    of_replay.test_a_refusal_changes_nothing,
    of_the_book.test_nobody_trades_with_their_own_family,
    of_the_book.test_no_trigger_is_left_waiting_at_a_price_that_was_reached,
    of_the_book.test_waiting_orders_have_not_reached_the_prices_that_stand,
    of_the_book.test_a_side_is_bought_by_buyers,
    of_legs.test_what_guards_a_position_waits_only_while_there_is_one,
    of_time.test_no_order_outlives_its_end_and_none_ends_before_it,
    of_time.test_no_order_acts_before_its_time,
]


@pytest.mark.parametrize("law", LAWS + MORE, ids=lambda law: law.__name__.removeprefix("test_"))
def test_laws_hold_where_requests_are_held(
    held: list[Recording], law: Callable[[list[Recording]], None]
) -> None:
    """The laws of money, margin, the book and replay do not depend on when a request is decided."""
    law(held)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("test_"))
def test_laws_hold_in_storms_where_requests_are_held(
    held_storms: list[Recording], law: Callable[[list[Recording]], None]
) -> None:
    """Liquidation comes between a request and its decision."""
    law(held_storms)


def test_what_is_held_is_released_once_in_order_and_at_its_time(held: list[Recording]) -> None:
    """Not before, and no later than the first time that anybody looks."""
    counts: Counter[str] = Counter()
    for recording in held:
        waiting: dict[int, RequestHeld] = {}
        for step in recording.steps:
            where = (recording.seed, step.number)
            for event in step.events:
                if isinstance(event, RequestHeld):
                    assert event.until == step.now + market.HOLD, where
                    assert event.hold_id not in waiting, where
                    waiting[event.hold_id] = event
                    counts["held"] += 1
                elif isinstance(event, HoldReleased):
                    assert event.hold_id == next(iter(waiting)), where
                    mine = waiting.pop(event.hold_id)
                    assert mine.until <= step.now and mine.request == event.request, where
                    counts[type(mine.request).__name__] += 1
            assert all(each.until > step.now for each in waiting.values()), where
    assert counts["held"] > 100 or len(held) < FEW * 3 // 10
    assert (counts["AmendOrder"] and counts["PlaceOrder"]) or len(held) < FEW * 3 // 10


def test_nothing_that_could_take_is_decided_when_it_comes(held: list[Recording]) -> None:
    """What a client asks for in a market that holds is only ever accepted if it only makes."""
    makers = 0
    for recording in held:
        for step in recording.steps:
            if isinstance(step.command, PassTime | Resume):
                continue
            asked = step.command.members if isinstance(step.command, Batch) else (step.command,)
            if not any(isinstance(each, PlaceOrder | AmendOrder) for each in asked):
                continue
            for event in step.events:
                if isinstance(event, OrderAccepted | OrderAmended):
                    order = event.order
                    legs = order.extras is not None and order.extras.parent is not None
                    waits = order.symbol == market.INVERSE.symbol and order.trigger is not None
                    if order.symbol in market.HELD and not legs and not waits:
                        assert order.post_only, (recording.seed, step.number, event)
                        makers += 1
    assert makers > 10 or len(held) < FEW * 3 // 10


def test_orders_behind_a_held_one_of_their_batch_wait_with_it(held: list[Recording]) -> None:
    """Where the market has it so: whatever they are, and until the same moment."""
    behind = 0
    for recording in held:
        for step in recording.steps:
            if not isinstance(step.command, Batch):
                continue
            until: int | None = None
            at = -1
            for event in step.events:
                if isinstance(event, MemberDecided):
                    at = event.index
                elif isinstance(event, RequestHeld):
                    assert until in (None, event.until), (recording.seed, step.number)
                    behind += until is not None
                    until = event.until
                elif isinstance(event, OrderAccepted) and until is not None and at >= 0:
                    member = step.command.members[at]
                    is_own = isinstance(member, PlaceOrder)
                    assert not is_own or event.order.symbol != market.INVERSE.symbol, (
                        recording.seed,
                        step.number,
                    )
    assert behind > 5 or len(held) < FEW * 3 // 10


def test_what_was_canceled_while_it_was_held_does_not_stay(held: list[Recording]) -> None:
    """Whoever canceled it, and whatever it was."""
    canceled = traded = 0
    for recording in held:
        unwanted: set[int] = set()
        for step in recording.steps:
            is_unwanted = False
            mine: set[int] = set()
            for event in step.events:
                if isinstance(event, HoldsCanceled):
                    unwanted.update(event.hold_ids)
                elif isinstance(event, HoldReleased):
                    is_unwanted = event.hold_id in unwanted
                    canceled += is_unwanted
                elif isinstance(event, OrderAccepted) and is_unwanted:
                    mine.add(event.order.order_id)
                elif isinstance(event, Traded) and event.taker_order_id in mine:
                    traded += 1
            assert not mine & set(step.after.orders), (recording.seed, step.number)
    assert canceled > 5 or len(held) < FEW * 3 // 10


def test_a_cancel_covers_what_is_held_in_its_scope(held: list[Recording]) -> None:
    """A cancel of all of an account leaves no order of it that could still come to stay."""
    covered = 0
    for recording in held:
        waiting: dict[int, RequestHeld] = {}
        unwanted: set[int] = set()
        for step in recording.steps:
            command = step.command
            scope: set[int] | None = None
            if isinstance(command, CancelOrders | CancelOrder) and not (
                isinstance(command, CancelOrders) and command.wallet is not None
            ):
                scope = {
                    hold_id
                    for hold_id, each in waiting.items()
                    if isinstance(each.request, PlaceOrder) and _is_in(each.request, command)
                }
            for event in step.events:
                if isinstance(event, RequestHeld):
                    waiting[event.hold_id] = event
                elif isinstance(event, HoldReleased):
                    waiting.pop(event.hold_id)
                elif isinstance(event, HoldsCanceled):
                    unwanted.update(event.hold_ids)
                    if scope is not None:
                        assert set(event.hold_ids) == scope, (recording.seed, step.number)
            if scope:
                assert scope <= unwanted, (recording.seed, step.number)
                covered += 1
    assert covered > 5 or len(held) < FEW * 3 // 10


def _is_in(order: PlaceOrder, scope: CancelOrders | CancelOrder) -> bool:
    if order.account != scope.account:
        return False
    if isinstance(scope, CancelOrder):
        is_late = scope.deadline is not None
        is_named = scope.order_id is None and scope.cl_ord_id is not None
        return is_named and not is_late and order.cl_ord_id == scope.cl_ord_id
    return (
        scope.symbol in (None, order.symbol)
        and scope.side in (None, order.side)
        and scope.user_ref in (None, order.user_ref)
        and not (scope.keep_reduce_only and order.reduce_only)
    )
