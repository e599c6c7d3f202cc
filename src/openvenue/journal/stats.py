"""What a journal counts about itself, for people and for metrics."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SYNC_BOUNDS_US: Final = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 200_000)


@dataclass(slots=True)
class JournalStats:
    """Counters since the journal was opened. Written by one thread, read by any."""

    groups: int = 0
    entries: int = 0
    bytes: int = 0  # of groups, their heads included
    sync_ns: int = 0  # total time of write and sync
    sync_ns_max: int = 0
    # How many groups took up to each of SYNC_BOUNDS_US; the last count is of those past them all.
    sync_counts: list[int] = field(default_factory=lambda: [0] * (len(SYNC_BOUNDS_US) + 1))
    # Called after each group with (entries, bytes, nanoseconds), on the journal's own thread.
    on_group: Callable[[int, int, int], None] | None = None

    def count(self, entries: int, size: int, took_ns: int) -> None:
        """Take note of one durable group."""
        self.groups += 1
        self.entries += entries
        self.bytes += size
        self.sync_ns += took_ns
        self.sync_ns_max = max(self.sync_ns_max, took_ns)
        self.sync_counts[bisect_left(SYNC_BOUNDS_US, took_ns // 1000)] += 1
        if self.on_group is not None:
            self.on_group(entries, size, took_ns)
