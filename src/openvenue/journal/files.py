"""The journal on disk: opening it, which mends a torn tail, and appending to it."""

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Generic, Literal

import structlog

from openvenue.engine.units import Nanos
from openvenue.journal.directory import (
    LOCK_FILE,
    SPARE_FILE,
    is_journal,
    lock,
    make_directory,
    read_id,
)
from openvenue.journal.disk import Disk, write_all
from openvenue.journal.errors import JournalError, JournalFailed, explain
from openvenue.journal.reader import read_lines, read_segment
from openvenue.journal.records import VENUE, Entry, Kind, L
from openvenue.journal.segments import (
    SEGMENT_BYTES,
    Group,
    decode_group,
    encode_group,
    list_segments,
)
from openvenue.journal.stats import JournalStats
from openvenue.journal.writer import Done, Job, Writer

LOG: Final[Any] = structlog.get_logger()


def open_journal(
    directory: Path,
    *,
    durability: Literal["disk", "os"] = "disk",
    create: bool = True,
    disk: Disk | None = None,
    segment_bytes: int = SEGMENT_BYTES,
) -> "FileJournal":
    """The journal in `directory`, ours alone until it is closed, ready for its next entry.

    A torn tail is cut. With `durability="os"` a group outlives this process, not the machine.
    Raises: JournalError: in use, damaged, of another format, not writable, or not there.
    """
    return FileJournal(
        directory, VENUE, durability, create=create, disk=disk, segment_bytes=segment_bytes
    )


class FileJournalOf(Generic[L]):
    """Entries in files, one thread writing them.

    Raises, when made: see `open_journal`.
    """

    def __init__(
        self,
        directory: Path,
        kind: Kind[L],
        durability: Literal["disk", "os"] = "disk",
        *,
        create: bool = True,
        disk: Disk | None = None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        disk = disk or Disk()
        if not create and not is_journal(directory):
            raise JournalError(f"There is no journal in {directory}.")
        lock_fd = writer = None
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock_fd = lock(directory / LOCK_FILE)
            if not is_journal(directory):
                make_directory(directory, disk, kind.holds)
            journal_id = read_id(directory, kind.holds)
            stats = JournalStats()
            writer = Writer(
                directory, journal_id, disk, durability, stats, segment_bytes=segment_bytes
            )
            disk.remove(directory / SPARE_FILE)  # what it holds was never acknowledged
            last_time = _continue(writer, directory, journal_id, disk, kind)
            writer.start()
        except (OSError, JournalError) as error:
            if writer is not None:
                writer.let_go()
            if lock_fd is not None:
                os.close(lock_fd)
            if isinstance(error, OSError):
                raise JournalError(explain(error, directory)) from error
            raise
        self.directory = directory
        self.stats = stats
        self._id = journal_id
        self._kind = kind
        self._writer = writer
        self._lock_fd: int | None = lock_fd
        self._handed_seq = writer.last_seq  # the newest entry given to the writer, durable or not
        self._last_time = last_time

    @property
    def last_seq(self) -> int:
        """Sequence of the newest durable entry; 0 if there is none."""
        return self._writer.last_seq

    @property
    def last_time(self) -> Nanos:
        """Market time of the newest entry that was taken; 0 if there is none."""
        return self._last_time

    def replay(self, after_seq: int = 0) -> Iterator[list[L]]:
        """Durable entries after `after_seq`, oldest first, a group at a time.

        Raises: JournalError: entries are missing or damaged.
        """
        return read_lines(self.directory, self._kind, after_seq, self.last_seq)

    async def append(self, entries: Sequence[L]) -> None:
        """Make `entries` durable as one group. Raises: JournalFailed."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()

        def settle(failed: JournalFailed | None) -> None:
            if written.done():
                return  # the caller was cancelled meanwhile
            if failed is None:
                written.set_result(None)
            else:
                written.set_exception(failed)

        def done(failed: JournalFailed | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, failed)

        if entries:
            self._hand_over(entries, done)
            await written

    def append_now(self, entries: Sequence[L]) -> None:
        """As `append`, waiting on this thread. Raises: JournalFailed."""
        written = threading.Event()
        failures: list[JournalFailed] = []

        def done(failed: JournalFailed | None) -> None:
            if failed is not None:
                failures.append(failed)
            written.set()

        if entries:
            self._hand_over(entries, done)
            written.wait()
        if failures:
            raise failures[0]

    def free_bytes(self) -> int:
        """Room left on the disk, as of about a second ago. Never blocks."""
        return self._writer.ask_free_bytes()

    def close(self) -> None:
        """Finish what was handed over, then let go of the files and the lock."""
        if self._lock_fd is not None:
            self._writer.stop()
            os.close(self._lock_fd)
            self._lock_fd = None

    def _hand_over(self, entries: Sequence[L], done: Done) -> None:
        if self._lock_fd is None:
            raise JournalFailed(f"The journal in {self.directory} is closed.")
        if self._writer.failure is not None:
            raise JournalFailed(self._writer.failure)
        assert entries[0].seq == self._handed_seq + 1, "entries follow on one another"
        assert entries[-1].seq == self._handed_seq + len(entries), "entries have no gaps"
        try:
            data = encode_group(entries, self._id)
        except OverflowError as error:
            # The world in memory is now ahead of what can be written down: it must not go on.
            self._writer.failure = f"An entry cannot be written down: {error}."
            raise JournalFailed(self._writer.failure) from error
        self._handed_seq = entries[-1].seq
        self._last_time = entries[-1].time
        self._writer.hand_over(Job(data, entries[0].seq, len(entries), done))


class FileJournal(FileJournalOf[Entry]):
    """A venue's. Made by `open_journal`."""


def _continue(
    writer: Writer, directory: Path, journal_id: bytes, disk: Disk, kind: Kind[L]
) -> Nanos:
    """Make the writer go on behind the last whole group; the time of its last entry.

    Raises: JournalError: the last segment is damaged before its tail; OSError.
    """
    segments = list_segments(directory)
    groups: list[Group] = []
    while segments and not groups:
        data, groups = read_segment(segments[-1], journal_id, is_last=True)
        if not groups:
            path = segments.pop().path
            LOG.warning("journal_segment_without_entries_set_aside", file=str(path))
            disk.rename(path, path.with_suffix(".torn"))
            disk.sync_directory(directory)
    if not groups:
        return Nanos(0)
    last = groups[-1]
    fd = disk.open(segments[-1].path)
    writer.continue_in(fd, last.end, len(data), last.first_seq + last.entries - 1)
    torn = len(data.rstrip(b"\0")) - last.end
    if torn > 0:
        LOG.warning(
            "journal_torn_tail_cut", file=str(segments[-1].path), offset=last.end, bytes=torn
        )
        # Overwritten, not truncated: a full disk might not give the room back.
        write_all(disk, fd, bytes(torn), last.end)
    # After a sync that failed, the system may show us bytes that the disk never took. We will
    # build on this group now, so it is written once more. The bytes are the same: it cannot tear.
    write_all(disk, fd, data[last.start : last.end], last.start)
    disk.sync(fd)
    return decode_group(data, last, kind)[-1].time
