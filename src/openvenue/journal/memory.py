"""A journal that nothing survives: for worlds that are thrown away, and for tests."""

import sys
from collections.abc import Iterator, Sequence
from typing import Generic

from openvenue.engine.units import Nanos
from openvenue.journal.records import Entry, L
from openvenue.journal.stats import JournalStats


class MemoryJournalOf(Generic[L]):
    """Takes every group at once. With `keep`, groups stay readable in `groups`.

    The first one always stays: it is the setup, and whoever listens from then on needs it.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.stats = JournalStats()
        self.groups: list[list[L]] = []
        self._keep = keep
        self._last_seq = 0
        self._last_time = Nanos(0)

    @property
    def last_seq(self) -> int:
        """Sequence of the newest entry; 0 if there is none."""
        return self._last_seq

    @property
    def last_time(self) -> Nanos:
        """Market time of the newest entry; 0 if there is none."""
        return self._last_time

    def replay(self, after_seq: int = 0) -> Iterator[list[L]]:
        """What was kept after `after_seq`."""
        for group in self.groups:
            later = [entry for entry in group if entry.seq > after_seq]
            if later:
                yield later

    async def append(self, entries: Sequence[L]) -> None:
        """Take one group."""
        self.append_now(entries)

    def append_now(self, entries: Sequence[L]) -> None:
        """Take one group."""
        if not entries:
            return
        assert entries[0].seq == self._last_seq + 1, "entries follow on one another"
        self._last_seq = entries[-1].seq
        self._last_time = entries[-1].time
        self.stats.count(len(entries), 0, 0)
        if self._keep or not self.groups:
            self.groups.append(list(entries))

    def free_bytes(self) -> int:
        """More than anybody asks for: there is no disk to fill."""
        return sys.maxsize

    def close(self) -> None:
        """Nothing to let go of."""


class MemoryJournal(MemoryJournalOf[Entry]):
    """A venue's."""
