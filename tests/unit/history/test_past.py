"""Everything that became of orders, accounts and prices, against what the venue itself says."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import (
    AmendOrder,
    CancelOrder,
    CancelOrders,
    Deposit,
    SetIndexPrice,
    SetMarkPrice,
)
from openvenue.engine.instruments import IndexId
from openvenue.engine.orders import FOK, IOC, Direction, Signal, Trigger, TriggerKind
from openvenue.engine.queries import GetAccount
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import PRICE_ONE, SECOND, Atoms, Lots, Nanos, OrderId, Ticks
from openvenue.exchange.clock import VirtualClock
from openvenue.history.past import (
    BarSource,
    BarSpan,
    Change,
    Found,
    MoneyPosting,
    OrderChange,
    OrderMissed,
    OrderThing,
    Page,
    Posting,
    TradePosting,
)
from openvenue.history.store import remove
from openvenue.history.worker import FILE
from openvenue.testing.worlds import ANN, BOB, CAPITAL, FLEX, PERP, USD, ask, bid
from tests.unit.history.doubles import START, Venue, script

ALL = Page(count=10**6, is_ascending=True)
MINUTE = 60 * SECOND


def changes_in(found: Found[OrderThing]) -> list[OrderChange]:
    """Of orders that there were."""
    return [it for it in found.things if isinstance(it, OrderChange)]


def told(changes: list[OrderChange]) -> list[tuple[Change, int, int]]:
    """What became of orders: how, what was left before, and after."""
    return [(it.change, it.old_leaves, it.leaves) for it in changes]


async def test_an_order_is_placed_with_what_it_did_not_trade_at_once() -> None:
    """Whole, in part, not at all; a maker is told of each fill."""
    async with Venue(None) as venue:
        await venue.do(
            ask(ANN, 5, 101),
            bid(BOB, 2, 101),
            bid(BOB, 4, 101),
            bid(BOB, 1, 100),
            ask(ANN, 3, 99, time_in_force=IOC),
            CancelOrders(account=BOB),
        )

        anns = changes_in(await venue.history.order_changes(ANN, ALL))
        bobs = changes_in(await venue.history.order_changes(BOB, ALL))
        market = changes_in(await venue.history.market_changes(PERP, ALL))

        assert told(anns) == [
            (Change.PLACED, 5, 5),
            (Change.FILLED, 5, 3),
            (Change.FILLED, 3, 0),
            (Change.PLACED, 3, 1),
            (Change.CANCELED, 1, 1),
        ]
        assert told(bobs) == [
            (Change.PLACED, 2, 0),
            (Change.PLACED, 4, 1),
            (Change.PLACED, 1, 1),
            (Change.FILLED, 1, 0),
            (Change.FILLED, 1, 0),
        ]
        assert anns[-1].canceled is CancelReason.IOC_REMAINDER
        assert sorted(it.number for it in anns + bobs) == [it.number for it in market]
        assert anns[1].time == START + 2 * SECOND and anns[1].old_updated == START + SECOND


async def test_every_way_to_change_or_end_is_told() -> None:
    """Amended, trimmed with its position, canceled, refused."""
    async with Venue(None) as venue:
        await venue.do(
            bid(ANN, 5, 90, cl_ord_id="a"),
            AmendOrder(account=ANN, cl_ord_id="a", quantity=Lots(3), limit_price=Ticks(91)),
            CancelOrder(account=ANN, cl_ord_id="a"),
            bid(ANN, 4, 100),
            ask(BOB, 4, 100),
            replace(ask(ANN, 4, 110), reduce_only=True),
            bid(BOB, 1, 101),
            ask(ANN, 1, 101),
            bid(ANN, 9, 100, time_in_force=FOK),
        )

        changes = changes_in(await venue.history.order_changes(ANN, ALL))
        (amended,) = [it for it in changes if it.change is Change.AMENDED]
        (trimmed,) = [it for it in changes if it.change is Change.TRIMMED]

        assert amended.old_order is not None
        assert (amended.old_order.limit_price, amended.order.limit_price) == (90, 91)
        assert (amended.old_leaves, amended.leaves, amended.order.quantity) == (5, 3, 3)
        assert (trimmed.old_leaves, trimmed.leaves, trimmed.reduced) == (4, 3, 1)
        ends = [it for it in changes if it.change in (Change.CANCELED, Change.REJECTED)]
        assert ends[0].canceled is CancelReason.BY_OWNER
        assert [it.rejected for it in ends[1:]] in ([], [RejectReason.WOULD_NOT_FILL])


async def test_a_name_that_nothing_has_is_told_as_missed() -> None:
    """Of an order that was canceled before, and of one that never was; not of a late request."""
    async with Venue(None) as venue:
        await venue.do(
            bid(ANN, 5, 90, cl_ord_id="a"),
            CancelOrder(account=ANN, cl_ord_id="a"),
            CancelOrder(account=ANN, cl_ord_id="a"),
            AmendOrder(account=ANN, order_id=OrderId(1), leaves=Lots(2)),
            CancelOrder(account=ANN, cl_ord_id="a", deadline=Nanos(0)),
            CancelOrder(account=BOB, order_id=OrderId(1)),
        )

        anns = (await venue.history.order_changes(ANN, ALL)).things
        bobs = (await venue.history.order_changes(BOB, ALL)).things
        in_market = (await venue.history.order_changes(ANN, ALL, symbol=PERP)).things

        missed = [it for it in anns + bobs if isinstance(it, OrderMissed)]
        assert [(it.account, it.order_id, it.cl_ord_id) for it in missed] == [
            (ANN, None, "a"),
            (ANN, 1, None),
            (BOB, 1, None),
        ]
        assert [it.number for it in anns] == sorted(it.number for it in anns)
        assert in_market == anns[:2]


async def test_a_trigger_is_told_apart_until_it_fires() -> None:
    """Waits, fires, and then its order is one like any other; or it is canceled waiting."""
    trigger = Trigger(TriggerKind.STOP, Ticks(105), Signal.INDEX, Direction.ABOVE)
    async with Venue(None) as venue:
        await venue.do(
            replace(bid(ANN, 1, 106), trigger=trigger),
            replace(bid(ANN, 2, 106), trigger=replace(trigger, price=Ticks(200))),
            SetIndexPrice(index=IndexId("XBT:USD"), price=Decimal(105)),
            CancelOrders(account=ANN),
        )

        waiting = changes_in(await venue.history.order_changes(ANN, ALL, are_waiting=True))
        orders = changes_in(await venue.history.order_changes(ANN, ALL))
        market = changes_in(await venue.history.market_changes(PERP, ALL))

        assert [it.change for it in waiting] == [
            Change.WAITS,
            Change.WAITS,
            Change.FIRED,
            Change.CANCELED,
        ]
        assert [it.change for it in orders] == [Change.PLACED, Change.CANCELED]
        assert waiting[2].order.order_id == orders[0].order.order_id
        assert market == orders


@pytest.mark.parametrize("seed", range(3))
async def test_postings_add_up_to_what_the_venue_says(tmp_path: Path, seed: int) -> None:
    """Each begins where the one before ended, across a restart; the last is the account now."""
    commands = script(seed, 500)
    async with Venue(tmp_path) as first:
        await first.do(*commands[:250])
        await first.do(Deposit(account=ANN, wallet=FLEX, asset=USD, amount=Atoms(-7)))
        time = first.clock.now()
    venue = Venue(tmp_path)
    venue.clock = VirtualClock(time)
    async with venue:
        await venue.do(*commands[250:])
        for account in (ANN, BOB):
            postings = (await venue.history.postings(account, ALL)).things
            fills = await venue.history.fills(account, limit=10**6)
            view = await venue.exchange.look(GetAccount(account))
            assert view is not None
            balance, quantity, cost, entry = 0, 0, 0, 1
            for it in postings:
                assert it.entry_id == entry
                assert it.old_balance == balance
                balance = it.new_balance
                if isinstance(it, TradePosting):
                    assert it.new_balance - it.old_balance == it.realized - it.fee
                    assert (it.old_quantity, it.old_cost) == (quantity, cost)
                    quantity, cost = it.new_quantity, it.new_cost
                    entry += 2
                else:
                    entry += 1
            trades = [it for it in postings if isinstance(it, TradePosting)]
            assert [it.exec_id for it in trades] == [it.exec_id for it in reversed(fills)]
            assert len(trades) > 50
            assert balance == view.wallets[0].balances[USD]
            held = [(it.quantity, it.cost) for it in view.positions]
            assert held == ([(quantity, cost)] if quantity else [])
            money = [it for it in postings if isinstance(it, MoneyPosting)]
            assert money[0].new_balance == CAPITAL
            assert len(money) == (2 if account == ANN else 1)


async def everything(venue: Venue) -> list[object]:
    """All of the past that is told in pages."""
    history = venue.history
    span = BarSpan(5, Nanos(0), venue.exchange.now(), 10**6)
    return [
        await history.order_changes(ANN, ALL),
        await history.order_changes(BOB, ALL),
        await history.order_changes(ANN, ALL, are_waiting=True),
        await history.market_changes(PERP, ALL),
        await history.executions(PERP, ALL),
        await history.marks(PERP, ALL),
        await history.postings(ANN, ALL),
        await history.postings(BOB, ALL),
        await history.bars(BarSource.TRADE, PERP, span),
        await history.bars(BarSource.MARK, PERP, span),
        await history.bars(BarSource.INDEX, "XBT:USD", span),
    ]


@pytest.mark.parametrize("seed", range(2))
async def test_a_rebuilt_index_says_the_same(tmp_path: Path, seed: int) -> None:
    """Kept in pieces as it happened, or read from the journal in one go."""
    async with Venue(tmp_path) as venue:
        await venue.do(*script(seed, 300))
        before = await everything(venue)
        time = venue.clock.now()
    remove(tmp_path / FILE)
    again = Venue(tmp_path)
    again.clock = VirtualClock(time)
    async with again:
        # The venue resumed, which says nothing about orders, money or prices.
        assert await everything(again) == before


async def test_pages_follow_on_one_another_both_ways_without_gap_or_overlap() -> None:
    """Whatever the size of a page, and wherever blocks begin."""
    async with Venue(None) as venue:
        await venue.do(*script(5, 200))
        whole = changes_in(await venue.history.market_changes(PERP, ALL))
        assert len(whole) > 150
        for count in (1, 7, 64, len(whole)):
            for is_ascending in (True, False):
                page, found = Page(count, is_ascending), []
                while True:
                    got = await venue.history.market_changes(PERP, page)
                    found += got.things
                    if got.cursor is None:
                        break
                    assert len(got.things) == count
                    page = replace(page, cursor=got.cursor)
                assert found == (whole if is_ascending else whole[::-1])


async def test_a_page_has_its_bounds_in_time_and_what_is_wanted() -> None:
    """`since` counts, `before` does not; an answer of nothing is an empty page."""
    async with Venue(None) as venue:
        await venue.do(ask(ANN, 5, 101), *(bid(BOB, 1, 101) for _ in range(4)))
        page = Page(
            10, is_ascending=True, since=Nanos(START + 3 * SECOND), before=Nanos(START + 5 * SECOND)
        )

        executions = (await venue.history.executions(PERP, page)).things
        nobody = await venue.history.postings(ANN, replace(page, count=3), wanted=is_bobs)

        assert [it.time - START for it in executions] == [3 * SECOND, 4 * SECOND]
        assert executions[0].maker.account == ANN and executions[0].taker.account == BOB
        assert [it.maker_leaves for it in executions] == [4, 3]
        assert executions[0].mark == 100 * PRICE_ONE
        assert (nobody.things, nobody.cursor) == ([], None)


def is_bobs(posting: Posting) -> bool:
    """Whether a posting is one of Bob's trades."""
    return isinstance(posting, TradePosting) and posting.order.account == BOB


async def test_bars_of_every_source_and_width() -> None:
    """Open, highest, lowest and last of all that happened within, and what was traded."""
    index = IndexId("XBT:USD")
    async with Venue(None) as venue:
        start = START // (3600 * SECOND) * 3600 * SECOND + 3600 * SECOND
        venue.clock.advance(start - START)
        for price in (100, 103, 98, 101):
            await venue.do(
                SetIndexPrice(index=index, price=Decimal(price)),
                ask(ANN, 2, price),
                bid(BOB, 2, price),
            )
            venue.clock.advance(MINUTE)
        await venue.do(SetMarkPrice(symbol=PERP, price=Decimal("104.5")))
        until = venue.exchange.now()

        minutes, _ = await venue.history.bars(
            BarSource.TRADE, PERP, BarSpan(1, Nanos(0), until, 10)
        )
        hours, is_more = await venue.history.bars(
            BarSource.TRADE, PERP, BarSpan(60, Nanos(0), until, 10)
        )
        marks, _ = await venue.history.bars(
            BarSource.MARK, PERP, BarSpan(60, Nanos(start), until, 10)
        )
        indexes, _ = await venue.history.bars(
            BarSource.INDEX, index, BarSpan(60, Nanos(start), until, 10)
        )

        assert [(it.open, it.close, it.volume) for it in minutes] == [
            (100, 100, 2),
            (103, 103, 2),
            (98, 98, 2),
            (101, 101, 2),
        ]
        (hour,) = hours
        assert not is_more
        assert (hour.time, hour.volume) == (start, 8)
        assert (hour.open, hour.high, hour.low, hour.close) == (100, 103, 98, 101)
        (bar,) = indexes
        prices = [it // PRICE_ONE for it in (bar.open, bar.high, bar.low, bar.close)]
        assert prices == [100, 103, 98, 101]
        assert marks[0].close == 104_500_000_000
        first, rest = await venue.history.bars(
            BarSource.TRADE, PERP, BarSpan(1, Nanos(0), until, 1)
        )
        last, older = await venue.history.bars(
            BarSource.TRADE, PERP, BarSpan(1, Nanos(0), until, 1, from_end=True)
        )
        assert (first, rest, last, older) == (minutes[:1], True, minutes[-1:], True)
