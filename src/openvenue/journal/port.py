"""A journal as the exchange sees it, wherever it keeps its entries."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

from openvenue.engine.units import Nanos
from openvenue.journal.records import Entry, L
from openvenue.journal.stats import JournalStats


class JournalOf(Protocol[L]):
    """Entries in order, kept in groups; a group is durable as a whole or not there at all."""

    stats: JournalStats

    @property
    def last_seq(self) -> int:
        """Sequence of the newest durable entry; 0 if there is none."""

    @property
    def last_time(self) -> Nanos:
        """Market time of the newest entry that was taken; 0 if there is none."""

    def replay(self, after_seq: int = 0) -> Iterator[list[L]]:
        """Durable entries after `after_seq`, oldest first, a group at a time.

        Raises: JournalError: entries are missing or damaged.
        """

    async def append(self, entries: Sequence[L]) -> None:
        """Make `entries` durable as one group; they follow on all that was appended before.

        A cancelled caller does not stop the write. Raises: JournalFailed.
        """

    def append_now(self, entries: Sequence[L]) -> None:
        """As `append`, for callers without an event loop: returns when it is done."""

    def free_bytes(self) -> int:
        """Room left on the disk, as of about a second ago. Never blocks."""

    def close(self) -> None:
        """Finish what was handed over, then let go of the files. Closing twice is closing once."""


Journal: TypeAlias = JournalOf[Entry]  # a venue's
