"""Samples of markets say what happened in each minute, and what there was at its end."""

from pathlib import Path

from openvenue.engine.orders import BUY
from openvenue.engine.queries import GetAccount, GetBook
from openvenue.engine.units import SECOND, Nanos
from openvenue.exchange.clock import VirtualClock
from openvenue.history.past import BarSpan
from openvenue.history.samples import Sample
from openvenue.history.worker import FILE
from openvenue.testing.worlds import ANN, BOB, PERP, ask, bid
from tests.unit.history.doubles import START, Venue, script

MINUTE = 60 * SECOND


def span(venue: Venue, minutes: int) -> BarSpan:
    """All of the past in parts of so many minutes."""
    return BarSpan(minutes=minutes, since=Nanos(0), until=venue.clock.now(), count=10_000)


async def samples(venue: Venue, minutes: int = 1) -> list[Sample]:
    """How the market was from the beginning to now."""
    before, found = await venue.history.samples(PERP, span(venue, minutes))
    assert before is None
    return found


async def test_samples_are_the_same_after_a_restart_and_a_rebuild(tmp_path: Path) -> None:
    """Also where a minute is cut in two by the restart; and they agree with plain counts."""
    commands = script(5, 400)
    async with Venue(tmp_path) as first:
        await first.do(*commands[:200])
        time = first.clock.now()
    second = Venue(tmp_path)
    second.clock = VirtualClock(time)
    async with second:
        await second.do(*commands[200:])
        kept = await samples(second)
        hours = await samples(second, 60)
        story = second.story()
        book = await second.exchange.look(GetBook(PERP))
        views = [await second.exchange.look(GetAccount(it)) for it in (ANN, BOB)]
        time = second.clock.now()
    (tmp_path / FILE).unlink()
    third = Venue(tmp_path)
    third.clock = VirtualClock(time)
    async with third:
        assert await samples(third) == kept

    assert len(kept) > 5 and len(story.trades) > 50  # else this test says little
    for found in (kept, hours):
        assert sum(it.trades for it in found) == len(story.trades)
        bought = sum(it.quantity for it in story.trades if it.aggressor is BUY)
        assert sum(it.bought for it in found) == bought
        assert sum(it.sold for it in found) == sum(it.quantity for it in story.trades) - bought
        held = [it.quantity for view in views if view is not None for it in view.positions]
        assert found[-1].close == sum(max(it, 0) for it in held)
        assert found[-1].holders.longs == sum(it > 0 for it in held)
        assert book is not None
        assert found[-1].bids.best == (book.bids[0][0] if book.bids else 0)
        assert found[-1].asks.liquidity[-1] == sum(quantity for _, quantity in book.asks)
        assert all(it.low <= it.open <= it.high and it.low <= it.close <= it.high for it in found)
    assert [it.minute for it in kept] == sorted({it.minute for it in kept})


async def test_a_position_that_changes_hands_does_not_move_the_open_interest(
    tmp_path: Path,
) -> None:
    """Between the two halves of a trade there is no moment to look at."""
    async with Venue(tmp_path) as venue:
        await venue.do(bid(ANN, 4, 100), ask(BOB, 4, 100))
        venue.clock.advance(MINUTE)
        await venue.do(ask(ANN, 6, 100), bid(BOB, 6, 100))  # ann is short two now, bob long two
        first, second = await samples(venue)

    assert (first.open, first.high, first.low, first.close) == (0, 4, 0, 4)
    assert (second.open, second.high, second.low, second.close) == (4, 4, 2, 2)


async def test_what_was_before_a_span_is_told_beside_it(tmp_path: Path) -> None:
    """So that a quiet span can be told of."""
    async with Venue(tmp_path) as venue:
        await venue.do(bid(ANN, 4, 100), ask(BOB, 4, 100))
        venue.clock.advance(10 * MINUTE)
        now = venue.clock.now()
        before, found = await venue.history.samples(
            PERP, BarSpan(minutes=1, since=now, until=now, count=10)
        )

    assert before is not None
    assert (before.close, before.trades, found) == (4, 1, [])
    assert before.minute == (START + 2 * SECOND) // MINUTE
