"""Laws of orders and books, held after every command and at every trade of every script."""

from collections import defaultdict

from openvenue.engine.events import (
    IndexPriceSet,
    LegArmed,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRested,
    OrdersCanceled,
    OrderStarted,
    OrderTrimmed,
    Traded,
    TriggerFired,
)
from openvenue.engine.orders import BUY, SELL, Direction, Order, Side, Signal
from openvenue.engine.units import PRICE_ONE
from tests.simulation import market
from tests.simulation.naive_book import NaiveBook
from tests.simulation.recording import FEW, TRADING, LevelSeen, Recording


def test_a_book_is_never_crossed(recordings: list[Recording]) -> None:
    """Two orders that could trade with each other have traded, before anyone is told."""
    for recording in recordings:
        for step in recording.steps:
            for symbol in market.BY_SYMBOL:
                bids, asks = step.after.bids[symbol], step.after.asks[symbol]
                if bids and asks:
                    assert bids[0].price < asks[0].price, (recording.seed, step.number)


def test_levels_say_what_their_orders_add_up_to(recordings: list[Recording]) -> None:
    """Best price first, no empty level, and each quantity is the sum of what is left."""
    for recording in recordings:
        for step in recording.steps:
            where = (recording.seed, step.number)
            resting: list[int] = []
            for side, toward in ((step.after.bids, -1), (step.after.asks, 1)):
                for levels in side.values():
                    prices = [level.price * toward for level in levels]
                    assert prices == sorted(set(prices)), where
                    for level in levels:
                        assert level.order_ids, where
                        orders = [step.after.orders[each] for each in level.order_ids]
                        shown = sum(each.leaves - each.hidden for each in orders)
                        assert level.quantity == shown, where
                        assert all(0 <= each.hidden < each.leaves for each in orders), where
                        assert all(each.order.limit_price == level.price for each in orders), where
                        assert all(each.leaves > 0 for each in orders), where
                        resting += level.order_ids
            waiting = [each for ids in step.after.waiting.values() for each in ids]
            nowhere = [  # their time has not come, or their parent has not filled
                order_id
                for order_id, view in step.after.orders.items()
                if view.order.extras is not None
                and (
                    (view.order.extras.starts or 0) > step.now
                    or (view.order.extras.parent in step.after.orders and order_id not in waiting)
                )
                and order_id not in resting
            ]
            assert sorted(resting + waiting + nowhere) == sorted(step.after.orders), where
            assert all(step.after.orders[each].is_waiting for each in nowhere), where
            assert all(step.after.orders[each].is_waiting for each in waiting), where
            assert not any(step.after.orders[each].is_waiting for each in resting), where


def test_trades_follow_price_then_time(recordings: list[Recording]) -> None:
    """Each trade takes from the first in line: the best price, there the one who came first.

    Only a reduce-only order whose position this taker has just used up is passed over.
    """
    trades = 0
    for recording in recordings:
        book = NaiveBook()
        for step in recording.setup + recording.steps:
            for event in step.events:
                if isinstance(event, Traded) and not event.origin.is_off_book:
                    first = book.first_in_line(event.symbol, event.aggressor.opposite)
                    assert event.maker_order_id == first, (recording.seed, step.number, event)
                    trades += 1
                book.tell(event)
    assert trades > 100 or len(recordings) < FEW


def test_the_book_is_what_its_events_say(recordings: list[Recording]) -> None:
    """Who listens to the events alone has the same book, in the same order."""
    for recording in recordings:
        book = NaiveBook()
        for step in recording.setup + recording.steps:
            for event in step.events:
                book.tell(event)
            for symbol in market.BY_SYMBOL:
                where = (recording.seed, step.number, symbol)
                assert book.line(symbol, BUY) == _line(step.after.bids.get(symbol, [])), where
                assert book.line(symbol, SELL) == _line(step.after.asks.get(symbol, [])), where
            leaves = {each: view.leaves for each, view in step.after.orders.items()}
            assert book.leaves == leaves, (recording.seed, step.number)
            resting = {
                each
                for ids in (step.after.bids, step.after.asks)
                for it in ids.values()
                for each in _line(it)
            }
            shown = {
                each: view.leaves - view.hidden
                for each, view in step.after.orders.items()
                if each in resting
            }
            assert book.shown == shown, (recording.seed, step.number)


def _line(levels: list[LevelSeen]) -> list[int]:
    return [order_id for level in levels for order_id in level.order_ids]


def test_nobody_trades_beyond_their_limit(recordings: list[Recording]) -> None:
    """A buyer pays its limit at most, a seller gets its limit at least; makers set the price."""
    for recording in recordings:
        terms: dict[int, Order] = {}
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, OrderAccepted | OrderActivated | OrderAmended):
                    terms[event.order.order_id] = event.order
                if isinstance(event, Traded):
                    where = (recording.seed, step.number, event)
                    maker, taker = terms[event.maker_order_id], terms[event.taker_order_id]
                    assert taker.limit_price is not None, where
                    worse = (event.price - taker.limit_price) * (1 if taker.side is BUY else -1)
                    assert worse <= 0, where
                    assert maker.limit_price == event.price, where
                    assert (maker.side, taker.side) in ((BUY, SELL), (SELL, BUY)), where
                    assert event.aggressor is taker.side, where


def test_nobody_trades_with_their_own_family(recordings: list[Recording]) -> None:
    """Self-trade is refused, and what is left of a taker that would meet itself ends.

    Whom the venue assigns a position to, or unwinds one against, may be of the same family.
    """
    refused = 0
    for recording in recordings:
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, Traded):
                    if event.origin.is_off_book:
                        continue
                    maker = market.FAMILIES[event.maker_account]
                    assert maker != market.FAMILIES[event.taker_account], (recording.seed, event)
                elif isinstance(event, OrderCanceled):
                    refused += event.reason.name == "SELF_TRADE"
    assert refused > 10 or len(recordings) < FEW


def test_fills_sum_to_the_order(recordings: list[Recording]) -> None:
    """What an order asked for is what it traded, what is left, and what was cut or canceled."""
    for recording in recordings:
        asked: dict[int, int] = {}
        filled: defaultdict[int, int] = defaultdict(int)
        cut: defaultdict[int, int] = defaultdict(int)
        value: defaultdict[int, int] = defaultdict(int)
        fees: defaultdict[int, int] = defaultdict(int)
        for step in recording.steps:
            where = (recording.seed, step.number)
            for event in step.events:
                match event:
                    case OrderAccepted():
                        asked[event.order.order_id] = event.order.quantity
                    case OrderActivated():
                        cut[event.order.order_id] += event.reduced
                        extras = event.order.extras
                        if extras is not None and extras.whole:  # all that there is to close
                            asked[event.order.order_id] = event.order.quantity + event.reduced
                        left = asked[event.order.order_id] - event.reduced
                        assert event.order.quantity == left, where
                    case OrderAmended():
                        order_id = event.order.order_id
                        asked[order_id] = event.order.quantity
                        cut[order_id] = 0
                        left = asked[order_id] - filled[order_id]
                        assert event.leaves == left > 0, where
                    case OrderTrimmed():
                        had = asked[event.order_id] - filled[event.order_id] - cut[event.order_id]
                        cut[event.order_id] += had - event.leaves
                        total = asked[event.order_id] - cut[event.order_id]
                        assert (event.leaves > 0, event.quantity) == (True, total), where
                    case Traded():
                        assert event.quantity > 0, where
                        for order_id, leaves, fee in (
                            (event.maker_order_id, event.maker_leaves, event.maker_fee),
                            (event.taker_order_id, event.taker_leaves, event.taker_fee),
                        ):
                            filled[order_id] += event.quantity
                            value[order_id] += event.value
                            fees[order_id] += fee
                            left = asked[order_id] - filled[order_id] - cut[order_id]
                            assert leaves == left >= 0, where
                    case OrderRested() | OrderCanceled():
                        order_id = event.order_id
                        left = asked[order_id] - filled[order_id] - cut[order_id]
                        assert event.leaves == left > 0, where
                    case _:
                        pass
            for number, view in step.after.orders.items():
                left = asked[number] - filled[number] - cut[number]
                assert view.leaves == left > 0, where
                assert view.filled == filled[number], where
                assert (view.value, view.fees) == (value[number], fees[number]), where


def test_an_order_ends_once(recordings: list[Recording]) -> None:
    """Filled or canceled, never both, never twice, and nothing is told of it afterwards."""
    for recording in recordings:
        live: set[int] = set()
        for step in recording.steps:
            where = (recording.seed, step.number)
            for event in step.events:
                match event:
                    case OrderAccepted():
                        assert event.order.order_id not in live, where
                        live.add(event.order.order_id)
                    case OrderActivated() | OrderAmended():
                        assert event.order.order_id in live, where
                    case Traded():
                        assert {event.maker_order_id, event.taker_order_id} <= live, where
                        live -= {event.maker_order_id} if event.maker_leaves == 0 else set()
                        live -= {event.taker_order_id} if event.taker_leaves == 0 else set()
                    case OrderCanceled():
                        live.remove(event.order_id)
                    case OrdersCanceled():
                        assert set(event.order_ids) <= live, where
                        assert len(set(event.order_ids)) == len(event.order_ids), where
                        live -= set(event.order_ids)
                    case OrderRested() | OrderTrimmed() | TriggerFired():
                        assert event.order_id in live, where
                    case _:
                        pass
            assert live == set(step.after.orders), where


def test_every_live_order_is_reachable_by_each_of_its_names(recordings: list[Recording]) -> None:
    """By its own id, by its owner's list, by the name its owner gave it: and only live ones."""
    for recording in recordings:
        for step in recording.steps:
            where = (recording.seed, step.number)
            names = {
                (view.order.account, view.order.cl_ord_id): order_id
                for order_id, view in step.after.orders.items()
                if view.order.cl_ord_id is not None
            }
            assert step.after.names == names, where
            listed = [each for ids in step.after.of_account.values() for each in ids]
            assert sorted(listed) == sorted(step.after.orders), where
            for account, order_ids in step.after.of_account.items():
                assert order_ids == sorted(order_ids), where
                owners = {step.after.orders[each].order.account for each in order_ids}
                assert owners <= {account}, where
                assert len(order_ids) <= market.MAX_OPEN_ORDERS, where


def test_no_trigger_is_left_waiting_at_a_price_that_was_reached(
    recordings: list[Recording],
) -> None:
    """Every print counts, also those inside one sweep and those that other triggers cause."""
    fired = 0
    for recording in recordings:
        for step in recording.steps:
            waiting = {
                each: step.after.orders[each].order
                for ids in step.after.waiting.values()
                for each in ids
            }
            since: dict[int, int] = dict.fromkeys(waiting, 0)
            for at, event in enumerate(step.events):
                if isinstance(event, OrderAccepted | OrderAmended):
                    if event.order.order_id in waiting:
                        since[event.order.order_id] = at
                if isinstance(event, LegArmed | OrderStarted) and event.order_id in waiting:
                    since[event.order_id] = at
                fired += isinstance(event, TriggerFired)
            for order_id, order in waiting.items():
                trigger = order.trigger
                assert trigger is not None
                if trigger.signal is not Signal.LAST or trigger.trail is not None:
                    continue  # those that trail have laws of their own
                for event in step.events[since[order_id] :]:
                    if isinstance(event, Traded) and event.symbol == order.symbol:
                        above = trigger.direction is Direction.ABOVE
                        reached = (
                            event.price >= trigger.price if above else event.price <= trigger.price
                        )
                        assert not reached, (recording.seed, step.number, order, event)
    assert fired > 50 or len(recordings) < FEW


def test_waiting_orders_have_not_reached_the_prices_that_stand(
    recordings: list[Recording],
) -> None:
    """Mark and index, too: what could fire now has fired."""
    for recording in recordings:
        index = 100 * PRICE_ONE
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, IndexPriceSet):
                    index = event.price
            for ids in step.after.waiting.values():
                for order_id in ids:
                    order = step.after.orders[order_id].order
                    trigger = order.trigger
                    assert trigger is not None
                    if trigger.signal is Signal.LAST:
                        continue
                    if step.after.modes[order.symbol] not in TRADING:
                        continue
                    instrument = market.BY_SYMBOL[order.symbol]
                    is_mark = trigger.signal is Signal.MARK
                    price = step.after.marks[order.symbol] if is_mark else index
                    if trigger.signal is Signal.MID:
                        bids, asks = step.after.bids[order.symbol], step.after.asks[order.symbol]
                        if not bids or not asks:
                            continue
                        both = (bids[0].price + asks[0].price) * instrument.tick_size
                        price = int(both * PRICE_ONE) // 2
                    at = int(trigger.price * instrument.tick_size * PRICE_ONE)
                    assert (price - at) * int(trigger.direction) < 0, (recording.seed, step.number)


def test_a_side_is_bought_by_buyers(recordings: list[Recording]) -> None:
    """Bids are orders to buy, asks are orders to sell."""
    for recording in recordings:
        for step in recording.steps:
            for ladder, side in ((step.after.bids, Side.BUY), (step.after.asks, Side.SELL)):
                for levels in ladder.values():
                    for order_id in _line(levels):
                        assert step.after.orders[order_id].order.side is side
