"""A venue of the default world with a crowd in it, on a clock that stands still."""

from collections.abc import AsyncIterator
from random import Random

import pytest

from openvenue.crowd.crowd import Crowd
from openvenue.engine.units import SECOND
from openvenue.exchange.clock import VirtualClock
from openvenue.exchange.config import VenueTable, load_world
from openvenue.exchange.exchange import Exchange
from openvenue.journal.memory import MemoryJournal
from openvenue.journal.records import Entry
from openvenue.testing.clock import still_clock
from openvenue.testing.worlds import default_world, exchange_of


class RoomyJournal(MemoryJournal):
    """A journal in memory whose disk has as much room as a test says."""

    free = 2**40

    def free_bytes(self) -> int:
        """Room left."""
        return self.free


class Town:
    """A venue, its clock and its crowd."""

    def __init__(self, seed: int = 7) -> None:
        self.seed = seed
        self.clock: VirtualClock = still_clock()
        self.journal = RoomyJournal(keep=True)
        self.venue: VenueTable = load_world().venues.kraken_futures
        self.exchange: Exchange
        self.crowd: Crowd

    async def open(self) -> "Town":
        """Begin, with empty books."""
        self.exchange = await exchange_of(default_world(), self.clock, journal=self.journal)
        self.newcomers(self.seed)
        return self

    def newcomers(self, seed: int) -> None:
        """A crowd that remembers nothing of the one before, as after a restart."""
        self.crowd = Crowd(self.exchange, self.venue, Random(seed))

    async def live(self, seconds: int) -> None:
        """Let time pass, a second at a time."""
        for _ in range(seconds):
            self.clock.advance(SECOND)
            await self.crowd.live_until(self.clock.now())

    def entries(self, after: int = 0) -> list[Entry]:
        """What was journaled after an entry."""
        return [entry for group in self.journal.groups for entry in group if entry.seq > after]


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    """A town in which one second has passed."""
    town = await Town().open()
    await town.live(1)
    yield town
    await town.exchange.close()
