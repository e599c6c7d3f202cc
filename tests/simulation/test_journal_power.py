"""The power fails: what was synced stays, of what was not any part may be on the disk."""

import errno
import random
from pathlib import Path
from typing import Final

import pytest

from openvenue.journal.disk import Disk
from openvenue.journal.errors import JournalError, JournalFailed
from openvenue.journal.files import open_journal
from openvenue.journal.records import Entry
from tests.unit.journal.samples import entry

SECTOR: Final = 32  # bytes that a disk writes whole; small, so that small groups tear too
SEGMENT: Final = 2048


class PoweredDisk(Disk):
    """Keeps writes and names in memory until they are synced; loses power at one call."""

    def __init__(self, calls: int, chance: random.Random) -> None:
        self.is_on = True
        self._calls = calls
        self._chance = chance
        self._unsynced: dict[int, list[tuple[int, bytes]]] = {}
        self._renames: list[tuple[Path, Path]] = []

    def _use(self) -> None:
        self._calls -= 1
        if self._calls == 0:
            self._lose_power()
        if not self.is_on:
            raise OSError(errno.EIO, "no power")

    def _lose_power(self) -> None:
        """Some sectors and some names were on their way, in any order."""
        self.is_on = False
        for fd, writes in self._unsynced.items():
            sectors = [
                (offset + start, data[start : start + SECTOR])
                for offset, data in writes
                for start in range(0, len(data), SECTOR)
            ]
            for offset, data in sectors:
                if self._chance.random() < 0.5:
                    super().write(fd, memoryview(data), offset)
        if self._chance.random() < 0.5:
            self._rename()

    def _rename(self) -> None:
        for old, new in self._renames:
            super().rename(old, new)
        self._renames.clear()

    def open(self, path: Path, *, create: bool = False) -> int:
        """Open, while there is power."""
        self._use()
        return super().open(path, create=create)

    def allocate(self, fd: int, size: int) -> None:
        """Make room, while there is power."""
        self._use()
        super().allocate(fd, size)

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """Remember what is to be written."""
        self._unsynced.setdefault(fd, []).append((offset, bytes(data)))
        self._use()
        return len(data)

    def sync(self, fd: int) -> None:
        """Write what is remembered."""
        self._use()
        for offset, data in self._unsynced.pop(fd, []):
            super().write(fd, memoryview(data), offset)

    def rename(self, old: Path, new: Path) -> None:
        """Remember the name."""
        self._renames.append((old, new))
        self._use()

    def sync_directory(self, directory: Path) -> None:
        """Give files their names."""
        self._use()
        self._rename()

    def close(self, fd: int) -> None:
        """Close; what was not synced may never be."""
        self._unsynced.pop(fd, None)
        super().close(fd)

    def remove(self, path: Path) -> None:
        """Remove, while there is power."""
        self._use()
        super().remove(path)


def content(directory: Path) -> list[Entry]:
    """What a start with good power finds."""
    journal = open_journal(directory, segment_bytes=SEGMENT)
    try:
        return [one for group in journal.replay() for one in group]
    finally:
        journal.close()


@pytest.mark.parametrize("seed", range(6))
def test_no_loss_of_power_takes_back_what_was_acknowledged(tmp_path: Path, seed: int) -> None:
    """One journal lives through many failures, each at another call."""
    chance = random.Random(seed)
    known: list[Entry] = []
    losses = 0
    open_journal(tmp_path, segment_bytes=SEGMENT).close()
    for _ in range(60):
        disk = PoweredDisk(chance.randrange(1, 60), chance)
        group: list[Entry] = []
        try:
            journal = open_journal(tmp_path, disk=disk, segment_bytes=SEGMENT)
        except JournalError:
            losses += 1
            assert content(tmp_path) == known
            continue
        for _ in range(40):
            first = journal.last_seq + 1
            count = chance.randrange(1, 5)
            group = [entry(first + i, "p" * chance.randrange(90)) for i in range(count)]
            try:
                journal.append_now(group)
            except JournalFailed:
                losses += 1
                break
            known += group
        journal.close()

        found = content(tmp_path)
        assert found in (known, known + group)
        known = found
    assert losses > 50
    assert len(known) > 200
