"""The one thread that writes a journal: groups in the order in which they were handed over.

A group is written and synced before its caller hears of it. After the first failure nothing more
is written: what the disk holds is then unknown until a new start has read it.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Literal

import structlog
from msgspec import Struct

from openvenue.journal.directory import SPARE_FILE
from openvenue.journal.disk import Disk, write_all
from openvenue.journal.errors import JournalFailed, explain
from openvenue.journal.segments import (
    HEADER_BYTES,
    SEGMENT_BYTES,
    encode_header,
    segment_path,
)
from openvenue.journal.stats import JournalStats

LOG: Final[Any] = structlog.get_logger()
Durability = Literal["disk", "os"]
Done = Callable[[JournalFailed | None], None]  # called on the writer's thread

_FREE_BYTES_AGE_NS: Final = 10**9


class Job(Struct, frozen=True, gc=False):
    """One group on its way to the disk."""

    data: bytearray
    first_seq: int
    count: int
    done: Done


class Writer:
    """Owns the open segment and the spare one. All its files are touched by its thread alone."""

    def __init__(
        self,
        directory: Path,
        journal_id: bytes,
        disk: Disk,
        durability: Durability,
        stats: JournalStats,
        *,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.failure: str | None = None
        self.last_seq = 0  # durable
        self.free_bytes = 0
        self._free_bytes_read = 0  # monotonic
        self._free_bytes_asked = False
        self._directory = directory
        self._journal_id = journal_id
        self._disk = disk
        self._is_synced = durability == "disk"
        self._stats = stats
        self._segment_bytes = segment_bytes
        self._fd: int | None = None
        self._offset = 0
        self._size = 0
        self._spare: int | None = None
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._wake = Job(bytearray(), 0, 0, lambda _: None)
        self._thread = threading.Thread(
            target=self._run, name=f"journal {directory.name}", daemon=True
        )

    def continue_in(self, fd: int, offset: int, size: int, last_seq: int) -> None:
        """Write the next group here. Before `start`."""
        self._fd, self._offset, self._size, self.last_seq = fd, offset, size, last_seq

    def start(self) -> None:
        """Make what the first groups need, then begin. Raises: OSError: the disk refuses."""
        self._read_free_bytes()
        try:
            self._prepare()
        except OSError:
            if self._size - self._offset < self._segment_bytes // 64:
                raise
            # A full disk with room left in the segment: cancels can still be journaled.
        self._thread.start()

    def hand_over(self, job: Job) -> None:
        """Have a group written. From any thread, one at a time."""
        self._jobs.put(job)

    def ask_free_bytes(self) -> int:
        """Room on the disk as last seen; if that is long ago, the thread looks again."""
        age = time.monotonic_ns() - self._free_bytes_read
        if age > _FREE_BYTES_AGE_NS and not self._free_bytes_asked:
            self._free_bytes_asked = True
            self._jobs.put(self._wake)
        return self.free_bytes

    def stop(self) -> None:
        """Write what was handed over, then end."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job is not self._wake:
                job.done(self._write(job))
            if self._spare is None and self.failure is None:
                self._try_prepare()
            if time.monotonic_ns() - self._free_bytes_read > _FREE_BYTES_AGE_NS:
                self._read_free_bytes()
        self._close()

    def _write(self, job: Job) -> JournalFailed | None:
        if self.failure is not None:
            return JournalFailed(self.failure)
        began = time.perf_counter_ns()
        try:
            if self._fd is not None and self._offset + len(job.data) <= self._size:
                write_all(self._disk, self._fd, job.data, self._offset)
                if self._is_synced:
                    self._disk.sync(self._fd)
                self._offset += len(job.data)
            else:
                self._begin_segment(job)
            self._stats.count(job.count, len(job.data), time.perf_counter_ns() - began)
        except OSError as error:
            self.failure = explain(error, self._directory)
            return JournalFailed(self.failure)
        except Exception as error:
            # A fault of ours ends the journal, and says so: whoever waits must not wait for ever.
            self.failure = f"The journal in {self._directory} met a fault of its own: {error!r}."
            LOG.exception("journal_fault", directory=str(self._directory))
            return JournalFailed(self.failure)
        self.last_seq = job.first_seq + job.count - 1
        return None

    def _begin_segment(self, job: Job) -> None:
        """Put header and group into the spare file; it gets its name when they are on the disk."""
        needed = HEADER_BYTES + len(job.data)
        if self._spare is None:
            self._prepare(needed)
        elif needed > self._segment_bytes:
            self._disk.allocate(self._spare, needed)
        assert self._spare is not None
        data = encode_header(self._journal_id, job.first_seq) + job.data
        write_all(self._disk, self._spare, data, 0)
        if self._is_synced:
            self._disk.sync(self._spare)
        path = segment_path(self._directory, job.first_seq)
        self._disk.rename(self._directory / SPARE_FILE, path)
        if self._is_synced:
            self._disk.sync_directory(self._directory)
        if self._fd is not None:
            self._disk.close(self._fd)
        self._fd, self._spare = self._spare, None
        self._offset, self._size = len(data), max(needed, self._segment_bytes)

    def _prepare(self, needed: int = 0) -> None:
        """Make the spare file, its room taken from the disk already."""
        path = self._directory / SPARE_FILE
        fd = self._disk.open(path, create=True)
        try:
            self._disk.allocate(fd, max(needed, self._segment_bytes))
            self._disk.sync(fd)
            self._disk.sync_directory(self._directory)
        except OSError:
            self._disk.close(fd)
            self._disk.remove(path)
            raise
        self._spare = fd

    def _try_prepare(self) -> None:
        try:
            self._prepare()
        except OSError:
            # Not needed yet: asked again after each group, and the group that needs it will fail.
            return

    def _read_free_bytes(self) -> None:
        try:
            self.free_bytes = self._disk.free_bytes(self._directory)
        except OSError:
            self.free_bytes = 0  # a disk that cannot say how much room it has is full, to us
        self._free_bytes_asked = False
        self._free_bytes_read = time.monotonic_ns()

    def _close(self) -> None:
        try:
            if self._fd is not None:
                self._disk.sync(self._fd)
        except OSError as error:
            self.failure = self.failure or explain(error, self._directory)
        self.let_go()

    def let_go(self) -> None:
        """Close the files. Where the thread was started, `stop` does this."""
        for fd in (self._fd, self._spare):
            if fd is not None:
                self._disk.close(fd)
        self._fd = self._spare = None
