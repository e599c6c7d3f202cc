"""The index is a copy: it follows the journal, and what is lost is built again."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from openvenue.engine.orders import (
    Order,
)
from openvenue.engine.queries import GetOpenOrders
from openvenue.exchange.clock import VirtualClock
from openvenue.history.port import Fill, HistoryUnavailable
from openvenue.history.worker import FILE
from openvenue.testing.worlds import ANN, BOB, PERP, ask, bid
from tests.unit.history.doubles import Venue, everything, script


def by(account: str, fills: Sequence[Fill]) -> list[Fill]:
    """Newest first, as a client reads them."""
    return [fill for fill in reversed(fills) if fill.account == account]


@pytest.mark.parametrize("seed", range(3))
async def test_the_index_says_what_a_fold_of_the_whole_journal_says(
    tmp_path: Path, seed: int
) -> None:
    """Also across a restart in the middle, where it goes on from what it had kept."""
    commands = script(seed, 600)
    async with Venue(tmp_path) as first:
        await first.do(*commands[:300])
        time = first.clock.now()
    venue = Venue(tmp_path)
    venue.clock = VirtualClock(time)
    async with venue:
        await venue.do(*commands[300:])
        anns, bobs, trades, ann_closed, bob_closed, day = await everything(venue.history)
        story = venue.story()
        alive = {it.order_id for it in await orders_of(venue)}

    assert len(story.trades) > 100  # else this test says little
    assert len({it.canceled for it in story.closed}) >= 5
    assert any(it.was_triggered for it in story.closed)
    assert trades == story.trades[::-1]
    assert anns == by("ann", story.fills)
    assert bobs == by("bob", story.fills)
    assert ann_closed == [it for it in story.closed if it.view.order.account == ANN]
    assert bob_closed == [it for it in story.closed if it.view.order.account == BOB]
    assert alive.isdisjoint(it.view.order.order_id for it in story.closed)
    assert day == {
        PERP: replace(
            day[PERP],  # type: ignore[index]
            volume=sum(it.quantity for it in trades),
            value=sum(story.values),
            trades=len(trades),
            open=story.trades[0].price,
            high=max(it.price for it in trades),
            low=min(it.price for it in trades),
        )
    }


async def orders_of(venue: Venue) -> list[Order]:
    """All that rest or wait."""
    return [
        view.order
        for account in (ANN, BOB)
        for view in await venue.exchange.look(GetOpenOrders(account))
    ]


@pytest.mark.parametrize("fate", ["deleted", "damaged", "of another version", "kept"])
async def test_an_index_that_is_lost_is_built_again_and_says_the_same(
    tmp_path: Path, fate: str
) -> None:
    """The journal is the truth; this file may be thrown away at any time."""
    async with Venue(tmp_path) as first:
        await first.do(*script(7, 200))
        before = await everything(first.history)
        time = first.clock.now()
    file = tmp_path / FILE
    if fate == "deleted":
        file.unlink()
    elif fate == "damaged":
        file.write_bytes(b"not a database, by any means" * 400)
    elif fate == "of another version":
        db = sqlite3.connect(file)
        db.execute("PRAGMA user_version = 99")
        db.commit()
        db.close()

    again = Venue(tmp_path)
    again.clock = VirtualClock(time)
    async with again:
        assert await everything(again.history) == before
        await again.do(*script(8, 50))
        assert (await everything(again.history))[2] == again.story().trades[::-1]


async def test_an_index_ahead_of_its_journal_is_built_again(tmp_path: Path) -> None:
    """A machine that fell may have lost the journal's end; other entries took those places."""
    async with Venue(tmp_path) as first:
        await first.do(ask(ANN, 1, 101), bid(BOB, 1, 101))
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("UPDATE progress SET seq = seq + 1")
    db.execute("UPDATE trades SET price = 7")
    db.commit()
    db.close()

    async with Venue(tmp_path) as again:
        assert [it.price for it in await again.history.trades(PERP)] == [101]


async def test_a_broken_index_says_so_and_the_venue_trades_on(tmp_path: Path) -> None:
    """It is a convenience; the venue is not."""
    (tmp_path / FILE).mkdir()
    async with Venue(tmp_path) as venue:
        await venue.do(ask(ANN, 1, 101), bid(BOB, 1, 101))

        with pytest.raises(HistoryUnavailable):
            await venue.history.fills(ANN)
        assert venue.exchange.stopped is None
