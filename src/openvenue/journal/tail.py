"""Reading on in a journal that another process writes: what is new since the last time, no more.

Only entries that the writer has told of may be asked for: what lies behind them may not be durable.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Generic

from openvenue.journal.directory import read_id
from openvenue.journal.errors import JournalError, explain
from openvenue.journal.reader import damaged, read_lines
from openvenue.journal.records import Kind, L
from openvenue.journal.segments import (
    HEADER_BYTES,
    decode_group,
    group_at,
    list_segments,
    segment_path,
)

CHUNK_BYTES: Final = 256 * 2**10


class Tail(Generic[L]):
    """A place in a journal, which moves on as it is read. It takes no lock and changes nothing."""

    def __init__(self, directory: Path, kind: Kind[L]) -> None:
        self._directory = directory
        self._kind = kind
        self._id = read_id(directory, kind.holds)
        self._fd: int | None = None
        self._path = directory
        self._offset = 0  # of the group that begins with the entry `_next`
        self._next = 0

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def replay(self, after_seq: int, until: int) -> Iterator[list[L]]:
        """Entries after `after_seq` up to `until` at least, a group at a time.

        Goes on where the last call ended, if that is where `after_seq` points; a group that is cut
        in two by `after_seq` is given from there on.
        Raises: JournalError: entries are missing or damaged, or the files cannot be read.
        """
        if after_seq >= until:
            return
        if self._fd is None or self._next != after_seq + 1:
            yield from self._find(after_seq, until)
        while self._fd is not None and self._next <= until:
            yield from self._read_on(until)

    def _find(self, after_seq: int, until: int) -> Iterator[list[L]]:
        """Stand behind `after_seq`: at the beginning of its segment, the rest is skipped over."""
        segments = [it for it in list_segments(self._directory) if it.first_seq <= after_seq + 1]
        if not segments:
            # Says which entries are missing, or that there are none yet.
            yield from read_lines(self._directory, self._kind, after_seq, until)
            return
        self._open(segments[-1].path)
        self._next = segments[-1].first_seq
        while self._next <= min(after_seq, until):
            for lines in self._read_on(until):
                behind = [line for line in lines if line.seq > after_seq]
                if behind:
                    yield behind

    def _read_on(self, until: int) -> Iterator[list[L]]:
        """The next groups, as many as lie in a chunk, but none behind `until`; at least one."""
        assert self._fd is not None, "a place was found before"
        size = CHUNK_BYTES
        while True:
            data = self._read(size)
            start = 0
            while self._next <= until and (found := group_at(data, start, self._id)) is not None:
                if found.first_seq != self._next:
                    raise damaged(self._path, self._offset, self._next)
                self._offset += found.end - found.start
                self._next += found.entries
                start = found.end
                yield decode_group(data, found, self._kind)
            if start:
                return
            if len(data) == size:  # a group larger than a chunk
                size *= 4
                continue
            break
        following = segment_path(self._directory, self._next)
        if self._path == following or not following.exists():
            raise damaged(self._path, self._offset, self._next)
        self._open(following)

    def _read(self, size: int) -> bytes:
        assert self._fd is not None, "a place was found before"
        try:
            return os.pread(self._fd, size, self._offset)
        except OSError as error:
            raise JournalError(explain(error, self._directory)) from error

    def _open(self, path: Path) -> None:
        self.close()
        try:
            self._fd = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise JournalError(explain(error, self._directory)) from error
        self._path = path
        self._offset = HEADER_BYTES
