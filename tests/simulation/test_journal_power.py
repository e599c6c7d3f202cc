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


class ForgetfulDisk(Disk):
    """Shows what was written, as a cache does; has on its platter only what was synced.

    A sync that fails leaves the written bytes to be seen, and not to be written by a later one.
    """

    def __init__(self) -> None:
        self.fails = False
        self._paths: dict[int, Path] = {}
        self._dirty: dict[Path, list[tuple[int, int]]] = {}
        self._platter: dict[Path, bytearray] = {}

    def open(self, path: Path, *, create: bool = False) -> int:
        """Open; what is there when it is first seen is on the platter."""
        fd = super().open(path, create=create)
        self._paths[fd] = path
        if create or path not in self._platter:
            self._platter[path] = bytearray(path.read_bytes())
        return fd

    def allocate(self, fd: int, size: int) -> None:
        """Make room of zeros."""
        super().allocate(fd, size)
        platter = self._platter[self._paths[fd]]
        platter.extend(bytes(size - len(platter)))

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """Write into the cache."""
        self._dirty.setdefault(self._paths[fd], []).append((offset, len(data)))
        return super().write(fd, data, offset)

    def sync(self, fd: int) -> None:
        """Write the cache to the platter, or fail and forget that it should have been."""
        path = self._paths[fd]
        dirty = self._dirty.pop(path, [])
        if self.fails:
            raise OSError(errno.EIO, "the disk is not well")
        data = path.read_bytes()
        for offset, size in dirty:
            self._platter[path][offset : offset + size] = data[offset : offset + size]

    def rename(self, old: Path, new: Path) -> None:
        """Names are on the platter at once: they are not what this disk is about."""
        super().rename(old, new)
        self._platter[new] = self._platter.pop(old)
        self._paths = {fd: new if path == old else path for fd, path in self._paths.items()}

    def lose_power(self) -> None:
        """What was only in the cache is gone."""
        for path, data in self._platter.items():
            if path.exists():
                path.write_bytes(data)


@pytest.mark.parametrize("torn", [b"", b"half of a gro"], ids=["whole", "torn tail"])
def test_a_group_that_a_start_builds_on_is_on_the_disk_by_then(tmp_path: Path, torn: bytes) -> None:
    """A failed sync left it to be seen. Whoever opens the journal tells clients what it says."""
    disk = ForgetfulDisk()
    journal = open_journal(tmp_path, disk=disk, segment_bytes=SEGMENT)
    journal.append_now([entry(1, "kept")])
    disk.fails = True
    with pytest.raises(JournalFailed):
        journal.append_now([entry(2, "seen")])
    journal.close()
    disk.fails = False
    (segment,) = tmp_path.glob("*.journal")
    data = segment.read_bytes()
    end = len(data.rstrip(b"\0"))
    segment.write_bytes(data[:end] + torn + data[end + len(torn) :])

    again = open_journal(tmp_path, disk=disk, segment_bytes=SEGMENT)
    assert again.last_seq == 2
    disk.lose_power()  # before anything else could sync it
    again.close()

    assert content(tmp_path) == [entry(1, "kept"), entry(2, "seen")]
