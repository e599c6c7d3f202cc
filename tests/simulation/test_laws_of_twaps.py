"""Laws of TWAPs: parts come at their times and add up to what is told, never to more than asked."""

from collections import Counter, defaultdict
from fractions import Fraction

from openvenue.engine.commands import CancelOrders, CancelTwap
from openvenue.engine.events import (
    CancelRejected,
    OrderAccepted,
    Traded,
    TwapAccepted,
    TwapEnded,
    TwapSliced,
)
from openvenue.engine.reasons import CancelReason
from openvenue.engine.units import PRICE_ONE
from tests.simulation import market
from tests.simulation.recording import FEW, Recording
from tests.simulation.test_laws_of_money import (
    test_longs_equal_shorts_and_open_interest as longs_equal_shorts,
)
from tests.simulation.test_laws_of_money import (
    test_money_neither_appears_nor_vanishes as money_stays,
)
from tests.simulation.test_laws_of_money import (
    test_reduce_only_never_flips_or_enlarges_a_position as reducers_reduce,
)
from tests.simulation.test_laws_of_replay import (
    test_a_fold_of_the_events_is_the_world_that_decided_them as folded_alike,
)
from tests.simulation.test_laws_of_replay import (
    test_a_restored_world_goes_on_as_if_nothing_had_happened as restored_alike,
)
from tests.simulation.test_laws_of_replay import (
    test_decided_again_gives_the_same_events_and_the_same_fingerprint as decided_alike,
)
from tests.simulation.test_laws_of_replay import (
    test_events_read_back_from_bytes_fold_to_the_same_world as read_alike,
)
from tests.simulation.test_laws_of_the_book import (
    test_fills_sum_to_the_order as fills_sum,
)
from tests.simulation.test_laws_of_the_book import (
    test_nobody_trades_beyond_their_limit as limits_hold,
)
from tests.simulation.test_laws_of_the_book import (
    test_trades_follow_price_then_time as priority_holds,
)


def test_what_the_orders_of_one_trade_is_what_is_told_of_it(sliced: list[Recording]) -> None:
    """By lots and by money, after each part; and never more than was asked for."""
    parts = 0
    for recording in sliced:
        lots: Counter[str] = Counter()
        value: Counter[str] = Counter()
        children: dict[int, str] = {}
        for step in recording.steps:
            where = (recording.seed, step.number)
            for event in step.events:
                if isinstance(event, OrderAccepted) and event.order.algo_id is not None:
                    children[event.order.order_id] = event.order.algo_id
                elif isinstance(event, Traded) and event.taker_order_id in children:
                    lots[children[event.taker_order_id]] += event.quantity
                    value[children[event.taker_order_id]] += event.value
                elif isinstance(event, TwapSliced | TwapEnded):
                    view = event.view
                    name = str(view.twap.order_id)
                    assert view.filled == lots[name] <= view.twap.quantity, where
                    assert view.value == value[name], where
                    parts += isinstance(event, TwapSliced) and event.child is not None
            assert not set(children) & set(step.after.orders), where  # none of them rests
            for number, view in step.after.twaps.items():
                assert view.filled == lots[str(number)] < view.twap.quantity, where
    assert parts > 100 or len(sliced) < FEW * 3 // 10


def test_parts_come_once_each_and_in_time(sliced: list[Recording]) -> None:
    """No earlier than planned, and as soon as anybody looks; each moment at most once."""
    for recording in sliced:
        past: dict[int, int] = {}
        for step in recording.steps:
            where = (recording.seed, step.number)
            for event in step.events:
                if isinstance(event, TwapAccepted):
                    past[event.view.twap.order_id] = 0
                elif isinstance(event, TwapSliced):
                    view = event.view
                    twap = view.twap
                    at = twap.created + (view.past - 1) * twap.interval
                    assert at <= step.now < at + twap.interval, where
                    assert view.past > past[twap.order_id], where
                    past[twap.order_id] = view.past
            for view in step.after.twaps.values():
                assert view.next > step.now, where
                assert view.past < view.twap.slices, where


def test_a_part_trades_within_its_slippage_of_mark(sliced: list[Recording]) -> None:
    """And is no larger than three times the plan."""
    seen = 0
    for recording in sliced:
        terms = {}
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, TwapAccepted):
                    terms[str(event.view.twap.order_id)] = event.view.twap
                if isinstance(event, OrderAccepted) and event.order.algo_id is not None:
                    order = event.order
                    twap = terms[str(order.algo_id)]
                    instrument = market.BY_SYMBOL[order.symbol]
                    mark = Fraction(step.after.marks[order.symbol], PRICE_ONE)
                    assert order.limit_price is not None
                    limit = order.limit_price * Fraction(instrument.tick_size)
                    slip = Fraction(twap.slippage)
                    where = (recording.seed, step.number)
                    if mark == Fraction(step.before.marks[order.symbol], PRICE_ONE):
                        assert order.side * (limit - mark) <= slip * mark, where
                        seen += 1
                    assert order.quantity <= 3 * (twap.quantity // twap.slices), where
    assert seen > 100 or len(sliced) < FEW * 3 // 10


def test_what_has_ended_is_over(sliced: list[Recording]) -> None:
    """Once, with a reason that fits; no order of it comes later."""
    reasons: Counter[str] = Counter()
    for recording in sliced:
        ended: set[str] = set()
        for step in recording.steps:
            where = (recording.seed, step.number)
            for event in step.events:
                if isinstance(event, OrderAccepted):
                    assert event.order.algo_id not in ended, where
                elif isinstance(event, TwapEnded):
                    name = str(event.view.twap.order_id)
                    assert name not in ended, where
                    ended.add(name)
                    assert (event.reason is None) == (event.view.leaves == 0), where
                    is_refused = event.reason is CancelReason.SLICE_REFUSED
                    assert is_refused == (event.because is not None), where
                    reasons["filled" if event.reason is None else event.reason.name] += 1
            assert not {str(number) for number in step.after.twaps} & ended, where
    for reason in ("filled", "LAPSED", "SLICE_REFUSED", "BY_OWNER", "MASS_CANCEL"):
        assert reasons[reason] > 0 or len(sliced) < FEW * 3 // 10, reasons


def test_cancels_stop_what_is_theirs_and_nothing_else(sliced: list[Recording]) -> None:
    """By name, or all of an account in scope; a cancel of orders alone leaves them running."""
    stopped = left = 0
    for recording in sliced:
        for step in recording.steps:
            where = (recording.seed, step.number)
            command = step.command
            gone = {k: v for k, v in step.before.twaps.items() if k not in step.after.twaps}
            if isinstance(command, CancelTwap):
                assert all(view.twap.account == command.account for view in gone.values()), where
                refused = any(isinstance(event, CancelRejected) for event in step.events)
                assert len(gone) == (0 if refused else 1), where
                stopped += len(gone)
            elif isinstance(command, CancelOrders):
                mine = {
                    number
                    for number, view in step.before.twaps.items()
                    if command.takes_twaps
                    and view.twap.account == command.account
                    and command.symbol in (None, view.twap.symbol)
                    and not (command.keep_reduce_only and view.twap.reduce_only)
                }
                assert set(gone) == mine, where
                stopped += len(mine)
                left += not command.takes_twaps and any(
                    view.twap.account == command.account for view in step.before.twaps.values()
                )
    assert (stopped > 10 and left > 2) or len(sliced) < FEW * 3 // 10


def test_no_account_has_more_than_the_market_allows(sliced: list[Recording]) -> None:
    """Nor two of one name."""
    for recording in sliced:
        for step in recording.steps:
            count: Counter[tuple[str, str]] = Counter()
            names: defaultdict[str, list[str]] = defaultdict(list)
            for view in step.after.twaps.values():
                twap = view.twap
                count[twap.account, twap.symbol] += 1
                if twap.cl_ord_id is not None:
                    names[twap.account].append(twap.cl_ord_id)
            where = (recording.seed, step.number)
            assert all(each <= market.TWAPS.open_max for each in count.values()), where
            assert all(len(set(each)) == len(each) for each in names.values()), where


def test_twaps_suspend_no_law(sliced: list[Recording]) -> None:
    """Their orders are orders like others, and a replay knows them."""
    decided_alike(sliced)
    folded_alike(sliced)
    read_alike(sliced)
    restored_alike(sliced)
    money_stays(sliced)
    longs_equal_shorts(sliced)
    reducers_reduce(sliced)
    fills_sum(sliced)
    limits_hold(sliced)
    priority_holds(sliced)
