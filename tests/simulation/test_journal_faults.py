"""Disks that fail, writes that tear: what was acknowledged stays, and no group is half there.

A group whose write failed was never acknowledged, and nobody heard of its effects. After a new
start it may be there as a whole: the bytes may have reached the disk before the fault did. It may
not be there in part, and nothing before it may be missing.
"""

import errno
import os
import shutil
from pathlib import Path

import pytest

from openvenue.journal.directory import read_id
from openvenue.journal.disk import Disk
from openvenue.journal.errors import JournalError, JournalFailed
from openvenue.journal.files import FileJournal, open_journal
from openvenue.journal.reader import read_segment
from openvenue.journal.records import Entry
from openvenue.journal.segments import (
    HEAD_BYTES,
    HEADER_BYTES,
    Group,
    encode_group,
    list_segments,
    segment_path,
)
from tests.unit.journal.samples import entry

SEGMENT = 4096
GROUPS = [[entry(1), entry(2)], [entry(3, "a" * 40)], [entry(4), entry(5, "b" * 30), entry(6)]]


class WorseDisk(Disk):
    """A disk on which the `fails_at`-th call of one kind fails, and all that follow it."""

    def __init__(self, call: str, fails_at: int, code: int, takes: int = 0) -> None:
        self._call, self._left, self._code, self._takes = call, fails_at, code, takes

    def _suffer(self, call: str) -> None:
        if call == self._call:
            self._left -= 1
            if self._left <= 0:
                raise OSError(self._code, os.strerror(self._code))

    def open(self, path: Path, *, create: bool = False) -> int:
        """Fail, or open."""
        self._suffer("open")
        return super().open(path, create=create)

    def allocate(self, fd: int, size: int) -> None:
        """Fail, or make room."""
        self._suffer("allocate")
        super().allocate(fd, size)

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """Fail after the first `takes` bytes, or write."""
        try:
            self._suffer("write")
        except OSError:
            if self._takes:
                super().write(fd, data[: self._takes], offset)
            raise
        return super().write(fd, data, offset)

    def sync(self, fd: int) -> None:
        """Fail, or sync."""
        self._suffer("sync")
        super().sync(fd)

    def rename(self, old: Path, new: Path) -> None:
        """Fail, or rename."""
        self._suffer("rename")
        super().rename(old, new)

    def sync_directory(self, directory: Path) -> None:
        """Fail, or sync."""
        self._suffer("sync_directory")
        super().sync_directory(directory)


class StingyDisk(Disk):
    """A disk that takes a few bytes at a time."""

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """Write at most seven bytes."""
        return super().write(fd, data[:7], offset)


def opened(directory: Path, disk: Disk | None = None) -> FileJournal:
    """A journal with small segments."""
    return open_journal(directory, disk=disk, segment_bytes=SEGMENT)


def content(directory: Path) -> list[Entry]:
    """All entries after a new start, which then takes one more."""
    journal = opened(directory)
    try:
        entries = [one for group in journal.replay() for one in group]
        assert journal.last_seq == len(entries)
        journal.append_now([entry(journal.last_seq + 1, "next")])
        assert [one for group in journal.replay() for one in group][:-1] == entries
    finally:
        journal.close()
    return entries


def last_group(directory: Path) -> tuple[Path, Group]:
    """Where the last group lies."""
    segment = list_segments(directory)[-1]
    _, groups = read_segment(segment, read_id(directory), is_last=True)
    return segment.path, groups[-1]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A journal of three groups, closed."""
    directory = tmp_path / "written"
    journal = opened(directory)
    for group in GROUPS:
        journal.append_now(group)
    journal.close()
    return directory


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A place for worse copies of it."""
    return tmp_path / "copy"


def copy_with(written: Path, copy: Path, path: Path, data: bytes) -> None:
    """A copy of the directory in which one file has other bytes."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(written, copy)
    (copy / path.name).write_bytes(data)


def test_a_group_torn_at_any_byte_is_gone_and_all_before_it_is_there(
    written: Path, copies: Path
) -> None:
    """Torn three ways: the rest is zeros, the rest is garbage, or the file ends there."""
    path, group = last_group(written)
    whole = path.read_bytes()
    before = [one for group in GROUPS[:-1] for one in group]

    for cut in range(group.start, group.end):
        zeros = whole[:cut] + bytes(len(whole) - cut)
        noise = whole[:cut] + bytes(byte ^ 0xA5 for byte in whole[cut : group.end])
        for data in (zeros, noise + bytes(len(whole) - group.end), whole[:cut]):
            copy_with(written, copies, path, data)

            assert content(copies) == before, f"cut at {cut}"
            assert content(copies) == [*before, entry(4, "next")]


def test_a_group_with_any_byte_changed_is_gone(written: Path, copies: Path) -> None:
    """Head, checksum and entries alike."""
    path, group = last_group(written)
    whole = path.read_bytes()

    for place in range(group.start, group.end):
        data = bytearray(whole)
        data[place] ^= 0x40
        copy_with(written, copies, path, bytes(data))

        assert len(content(copies)) == 3, f"changed at {place}"


def test_a_torn_group_of_which_only_the_end_was_written_is_gone(
    written: Path, copies: Path
) -> None:
    """Disks write sectors in any order: the first bytes may be the ones that are missing."""
    path, group = last_group(written)
    whole = path.read_bytes()

    for start in range(group.start + 1, group.end):
        data = whole[: group.start] + bytes(start - group.start) + whole[start:]
        copy_with(written, copies, path, data)

        assert len(content(copies)) == 3, f"begins at {start}"


def test_a_changed_byte_before_the_last_group_stops_the_start(written: Path, copies: Path) -> None:
    """A bad middle is not a torn tail: cutting there would lose what was acknowledged."""
    path, group = last_group(written)
    whole = path.read_bytes()

    for place in range(HEADER_BYTES, group.start):
        data = bytearray(whole)
        data[place] ^= 0x01
        copy_with(written, copies, path, bytes(data))

        with pytest.raises(JournalError, match=r"is damaged at byte .* docs/journal\.md"):
            opened(copies)
        assert (copies / path.name).read_bytes() == bytes(data), "and nothing was changed"


def test_a_damaged_header_in_front_of_entries_stops_the_start(written: Path, copies: Path) -> None:
    """Magic, version, id, sequence or checksum: the entries behind it are not thrown away."""
    path, _ = last_group(written)
    whole = path.read_bytes()

    for place in range(40):
        data = bytearray(whole)
        data[place] ^= 0x01
        copy_with(written, copies, path, bytes(data))

        with pytest.raises(JournalError):
            opened(copies)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["write", "sync", "rename", "sync_directory", "allocate", "open"])
@pytest.mark.parametrize("takes", [0, 1, HEAD_BYTES, 60])
def test_after_any_fault_what_was_acknowledged_is_there_and_nothing_is_half_there(
    tmp_path: Path, code: int, call: str, takes: int
) -> None:
    """The fault moves through a run that fills several segments, one call later each time."""
    groups = [[entry(2 * i + 1, "c" * 300), entry(2 * i + 2)] for i in range(20)]
    for fails_at in range(1, 60):
        directory = tmp_path / str(fails_at)
        opened(directory).close()
        acknowledged: list[Entry] = []
        failed = False

        try:
            journal = opened(directory, WorseDisk(call, fails_at, code, takes))
        except JournalError:
            continue  # the fault came before anything could be appended
        for group in groups:
            try:
                journal.append_now(group)
            except JournalFailed:
                failed = True
                break
            acknowledged += group
        if failed:
            with pytest.raises(JournalFailed):
                journal.append_now([entry(journal.last_seq + 1)])
        assert journal.last_seq == len(acknowledged)
        journal.close()

        found = content(directory)
        assert found[: len(acknowledged)] == acknowledged
        rest = found[len(acknowledged) :]
        assert not rest or rest == groups[len(acknowledged) // 2]
        if not failed:
            break  # the fault lies behind the end of the run
    else:
        pytest.fail("the run never got past the fault")


def test_a_disk_that_takes_few_bytes_at_a_time_is_slow_and_no_worse(tmp_path: Path) -> None:
    """A short write is not an error."""
    journal = opened(tmp_path, StingyDisk())
    for group in GROUPS:
        journal.append_now(group)
    journal.close()

    assert content(tmp_path) == [one for group in GROUPS for one in group]


def test_a_group_inside_an_order_is_no_group(written: Path, copies: Path) -> None:
    """A client may send the bytes of a group as a name: without the journal's id, no matter."""
    forged = bytes(encode_group([entry(9)], bytes(16)))
    path, group = last_group(written)
    whole = path.read_bytes()
    torn = whole[: group.start + 10] + forged
    copy_with(written, copies, path, torn.ljust(len(whole), b"\0"))

    assert len(content(copies)) == 3


def test_a_first_group_that_did_not_reach_the_disk_leaves_an_empty_journal(tmp_path: Path) -> None:
    """Power may fail between a file's name and its bytes where nothing is synced."""
    opened(tmp_path).close()
    segment_path(tmp_path, 1).write_bytes(bytes(SEGMENT))

    assert content(tmp_path) == []
    assert [path.name for path in tmp_path.glob("*.torn")] == [f"{1:020d}.torn"]
