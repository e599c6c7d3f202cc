"""What people look up, against what happened."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import (
    AmendOrder,
    CancelOrder,
    CancelOrders,
    PlaceOrder,
    SetDeadMansSwitch,
    SetIndexPrice,
)
from openvenue.engine.instruments import IndexId
from openvenue.engine.orders import (
    BUY,
    FOK,
    IOC,
    SELL,
    Direction,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import SECOND, Nanos, OrderId, Ticks
from openvenue.testing.worlds import ANN, BOB, PERP, ask, bid
from tests.unit.history.doubles import START, Venue


async def test_both_sides_of_a_trade_have_a_fill() -> None:
    """Each with its own order's name, side, fee and what was left of it."""
    async with Venue(None) as venue:
        await venue.do(ask(ANN, 5, 101, cl_ord_id="mine"), bid(BOB, 2, 103, time_in_force=IOC))

        (maker,) = await venue.history.fills(ANN)
        (taker,) = await venue.history.fills(BOB)
        (trade,) = await venue.history.trades(PERP)

        assert (maker.side, maker.is_maker, maker.cl_ord_id) == (SELL, True, "mine")
        assert (maker.price, maker.quantity, maker.leaves) == (101, 2, 3)
        assert (taker.side, taker.is_maker, taker.order_type) == (BUY, False, "ioc")
        assert (taker.price, taker.quantity, taker.leaves) == (101, 2, 0)
        assert maker.exec_id == taker.exec_id == trade.exec_id
        assert (trade.price, trade.quantity, trade.aggressor) == (101, 2, BUY)
        assert maker.time == taker.time == trade.time == START + 2 * SECOND
        assert taker.fee == 101_000_000 * 2 // 20  # 0.05 % of 202 dollars, in 1e-8
        assert maker.fee < taker.fee


async def test_a_fill_knows_whether_a_change_of_its_order_made_it() -> None:
    """Only the taker's, and only those of the change itself: what rested then is a maker again."""
    async with Venue(None) as venue:
        await venue.do(ask(BOB, 2, 103), bid(ANN, 3, 101, cl_ord_id="mine"))
        amend = AmendOrder(account=ANN, cl_ord_id="mine", limit_price=Ticks(103))
        await venue.do(amend, ask(BOB, 1, 103))

        later, at_once = await venue.history.fills(ANN)
        others = await venue.history.fills(BOB)

        assert (at_once.is_maker, at_once.quantity, at_once.is_after_amend) == (False, 2, True)
        assert (later.is_maker, later.quantity, later.is_after_amend) == (True, 1, False)
        assert not any(fill.is_after_amend for fill in others)


async def test_pages_of_fills_go_back_in_time_without_overlap() -> None:
    """`before` is strict: a client asks again with the time of the last line it has."""
    async with Venue(None) as venue:
        for price in range(101, 106):
            await venue.do(ask(ANN, 1, price), bid(BOB, 1, price))

        newest = await venue.history.fills(BOB, limit=2)
        older = await venue.history.fills(BOB, before=newest[-1].time, limit=2)
        oldest = await venue.history.fills(BOB, before=older[-1].time, limit=2)

        assert [fill.price for fill in newest + older + oldest] == [105, 104, 103, 102, 101]
        assert [it.price for it in await venue.history.trades(PERP, limit=2)] == [105, 104]
        assert await venue.history.fills(ANN, before=newest[-1].time, limit=1) != newest[-1:]


def stop(account: str, trigger_price: int, limit_price: int, quantity: int = 1) -> PlaceOrder:
    """A stop to buy, on the index price."""
    trigger = Trigger(
        kind=TriggerKind.STOP,
        price=Ticks(trigger_price),
        signal=Signal.INDEX,
        direction=Direction.ABOVE,
    )
    return replace(bid(ANN, quantity, limit_price), trigger=trigger)


async def test_every_order_that_ended_says_how() -> None:
    """Filled, canceled by its owner or with others, by the switch, as an IOC's rest."""
    async with Venue(None) as venue:
        await venue.do(
            bid(ANN, 3, 90, cl_ord_id="one"),
            bid(ANN, 3, 91, cl_ord_id="all 1"),
            bid(ANN, 3, 92, cl_ord_id="all 2"),
            CancelOrder(account=ANN, cl_ord_id="one"),
            CancelOrders(account=ANN),
            bid(ANN, 3, 93, cl_ord_id="switch"),
            SetDeadMansSwitch(account=ANN, timeout=Nanos(SECOND)),
            bid(ANN, 4, 100, cl_ord_id="filled"),
            ask(BOB, 6, 100, cl_ord_id="rest", time_in_force=IOC),
        )

        anns = {it.view.order.cl_ord_id: it for it in await venue.history.closed_orders(ANN)}
        (rest,) = await venue.history.closed_orders(BOB)

        assert list(anns) == ["one", "all 1", "all 2", "switch", "filled"]
        assert [it.canceled for it in anns.values()] == [
            CancelReason.BY_OWNER,
            CancelReason.MASS_CANCEL,
            CancelReason.MASS_CANCEL,
            CancelReason.DEAD_MANS_SWITCH,
            None,
        ]
        assert [it.view.leaves for it in anns.values()] == [3, 3, 3, 3, 0]
        assert anns["filled"].view.filled == 4
        assert (rest.canceled, rest.view.leaves) == (CancelReason.IOC_REMAINDER, 2)
        assert anns["one"].closed == START + 4 * SECOND


async def test_a_closed_order_is_found_by_each_of_its_names_and_only_by_its_owner() -> None:
    """Names of somebody else's orders find nothing."""
    async with Venue(None) as venue:
        await venue.do(bid(ANN, 3, 90, cl_ord_id="one"), bid(ANN, 3, 90, cl_ord_id="two"))
        await venue.do(CancelOrders(account=ANN))
        one, two = await venue.history.closed_orders(ANN)

        by_id = await venue.history.closed_orders(ANN, order_ids=(two.view.order.order_id,))
        by_name = await venue.history.closed_orders(ANN, cl_ord_ids=("one", "three"))
        both = await venue.history.closed_orders(
            ANN, order_ids=(one.view.order.order_id,), cl_ord_ids=("one", "two")
        )

        assert (by_id, by_name, both) == ([two], [one], [one, two])
        assert await venue.history.closed_orders(BOB, cl_ord_ids=("one",)) == []
        assert await venue.history.closed_orders(ANN, since=Nanos(two.closed + 1)) == []
        assert await venue.history.closed_orders(ANN, order_ids=(OrderId(10**18),)) == []


async def test_a_trigger_that_fired_and_was_refused_is_told_from_one_that_was_canceled() -> None:
    """Its owner has to know that the stop did not protect anything, and why."""
    async with Venue(None) as venue:
        refused = replace(stop("ann", 105, 99), post_only=False, time_in_force=FOK)
        await venue.do(refused, stop("ann", 200, 201))
        await venue.do(SetIndexPrice(index=IndexId("XBT:USD"), price=Decimal(106)))
        await venue.do(CancelOrders(account=ANN))

        fired, waiting = await venue.history.closed_orders(ANN)

        assert fired.was_triggered
        assert fired.canceled is CancelReason.TRIGGER_REFUSED
        assert fired.rejected is RejectReason.WOULD_NOT_FILL
        assert not fired.view.is_waiting
        assert not waiting.was_triggered
        assert waiting.view.is_waiting


async def test_a_question_sees_everything_that_was_answered_before_it() -> None:
    """A client that reads "filled" and then asks for its fills finds this one, always."""
    async with Venue(None) as venue:
        for count in range(1, 40):
            await venue.do(ask(ANN, 1, 101), bid(BOB, 1, 101))
            assert len(await venue.history.fills(BOB)) == count


async def test_the_day_forgets_what_is_older_than_24_hours() -> None:
    """By the minute of market time, with its first price as the open."""
    async with Venue(None) as venue:
        await venue.do(ask(ANN, 2, 105), bid(BOB, 2, 105))
        venue.clock.advance(3600 * SECOND)
        await venue.do(ask(ANN, 1, 99), bid(BOB, 1, 99), ask(ANN, 4, 102), bid(BOB, 4, 102))

        day = (await venue.history.day())[PERP]
        assert (day.open, day.high, day.low, day.volume, day.trades) == (105, 105, 99, 7, 3)
        assert day.value == (2 * 105 + 99 + 4 * 102) * 10**8

        venue.clock.advance(23 * 3600 * SECOND)
        day = (await venue.history.day(PERP))[PERP]
        assert (day.open, day.high, day.low, day.volume, day.trades) == (99, 102, 99, 5, 2)

        venue.clock.advance(3600 * SECOND)
        day = (await venue.history.day(PERP))[PERP]
        assert (day.open, day.high, day.low, day.volume, day.value) == (None, None, None, 0, 0)


async def test_the_day_can_begin_at_midnight_instead() -> None:
    """Some APIs tell the figures of today beside those of 24 hours."""
    async with Venue(None) as venue:
        await venue.do(ask(ANN, 2, 105), bid(BOB, 2, 105))
        venue.clock.advance(3600 * SECOND)
        await venue.do(ask(ANN, 1, 99), bid(BOB, 1, 99))

        day = (await venue.history.day(PERP, since=venue.exchange.now()))[PERP]

        assert (day.open, day.high, day.low, day.volume, day.trades) == (99, 99, 99, 1, 1)


async def test_candles_are_minutes_in_which_something_was_traded() -> None:
    """A minute has its first, highest, lowest and last price; a quiet one is not there."""
    async with Venue(None) as venue:
        await venue.do(ask(ANN, 2, 105), bid(BOB, 2, 105))
        start = venue.exchange.now()
        venue.clock.advance(180 * SECOND)
        await venue.do(ask(ANN, 1, 99), bid(BOB, 1, 99), ask(ANN, 4, 102), bid(BOB, 4, 102))

        first, second = await venue.history.candles(PERP)

        assert (first.open, first.close, first.volume, first.trades) == (105, 105, 2, 1)
        assert (second.open, second.high, second.low, second.close) == (99, 102, 99, 102)
        assert second.time - first.time == 180 * SECOND
        assert second.value == (99 + 4 * 102) * 10**8
        assert await venue.history.candles(PERP, since=Nanos(start + 60 * SECOND)) == [second]


async def test_a_closed_order_knows_what_it_traded_for() -> None:
    """Cost and fees of an order are told long after it ended."""
    async with Venue(None) as venue:
        await venue.do(ask(ANN, 2, 105), ask(ANN, 1, 106), bid(BOB, 3, 106))

        (closed,) = await venue.history.closed_orders(BOB)
        fills = await venue.history.fills(BOB)

        assert closed.view.value == (2 * 105 + 106) * 10**8
        assert closed.view.fees == sum(fill.fee for fill in fills) > 0


async def test_a_fault_in_one_question_is_its_own() -> None:
    """The next one is answered."""
    async with Venue(None) as venue:
        with pytest.raises(OverflowError):
            await venue.history.fills(ANN, limit=10**30)
        assert await venue.history.fills(ANN) == []
