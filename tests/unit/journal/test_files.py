"""A journal on a good disk: who may open it, what it gives back, how it grows."""

import asyncio
import errno
import json
import os
import threading
from pathlib import Path
from typing import Final

import pytest

from openvenue.engine.commands import Deposit
from openvenue.engine.instruments import WalletId
from openvenue.engine.units import AccountId, AssetId, Atoms
from openvenue.journal.disk import Disk
from openvenue.journal.errors import JournalError, JournalFailed
from openvenue.journal.files import open_journal
from openvenue.journal.memory import MemoryJournal
from openvenue.journal.port import Journal
from openvenue.journal.reader import newest_seq, read_groups
from openvenue.journal.records import Entry, Envelope
from openvenue.journal.segments import list_segments
from tests.unit.journal.samples import NOON, entry

SMALL: Final = 4096


class CountingDisk(Disk):
    """Counts what makes bytes durable."""

    def __init__(self) -> None:
        self.syncs = 0

    def sync(self, fd: int) -> None:
        """Count, then sync."""
        self.syncs += 1
        super().sync(fd)


class ReadOnlyDisk(Disk):
    """What a read-only mount says."""

    def open(self, path: Path, *, create: bool = False) -> int:
        """Refuse."""
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))


class FullDisk(Disk):
    """No room for one more file."""

    def allocate(self, fd: int, size: int) -> None:
        """Refuse."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def free_bytes(self, directory: Path) -> int:
        """Nothing left."""
        return 0


class SlowDisk(Disk):
    """A disk that syncs groups when it is told to."""

    def __init__(self) -> None:
        self.may_sync = threading.Event()
        self.may_sync.set()

    def sync(self, fd: int) -> None:
        """Wait, then sync."""
        self.may_sync.wait(10)
        super().sync(fd)


def flat(groups: object) -> list[Entry]:
    """Groups laid end to end."""
    return [one for group in groups for one in group]  # type: ignore[attr-defined]


def test_what_was_appended_is_there_after_a_new_start(tmp_path: Path) -> None:
    """The point of it all."""
    journal = open_journal(tmp_path)
    journal.append_now([entry(1), entry(2)])
    journal.append_now([entry(3)])
    journal.close()

    again = open_journal(tmp_path)

    assert list(again.replay()) == [[entry(1), entry(2)], [entry(3)]]
    assert (again.last_seq, again.last_time) == (3, NOON + 3)
    again.close()


def test_a_new_journal_is_empty(tmp_path: Path) -> None:
    """Its directory is made on the way."""
    journal = open_journal(tmp_path / "a" / "b")

    assert (journal.last_seq, journal.last_time, list(journal.replay())) == (0, 0, [])
    journal.close()


@pytest.mark.parametrize("after", range(7))
def test_a_replay_begins_where_it_is_asked_to(tmp_path: Path, after: int) -> None:
    """Also in the middle of a group, and in the middle of the segments."""
    journal = open_journal(tmp_path, segment_bytes=SMALL)
    for first in (1, 3, 5):
        journal.append_now([entry(first, "x" * 1500), entry(first + 1)])
    assert len(list_segments(tmp_path)) > 1

    found = flat(journal.replay(after))

    assert [one.seq for one in found] == list(range(after + 1, 7))
    journal.close()


def test_a_second_opener_is_turned_away(tmp_path: Path) -> None:
    """Two writers would write over each other."""
    journal = open_journal(tmp_path)

    with pytest.raises(JournalError, match=f"in use by another process \\(number {os.getpid()}\\)"):
        open_journal(tmp_path)

    journal.close()
    open_journal(tmp_path).close()


def test_a_journal_that_must_be_there_and_is_not_is_not_made(tmp_path: Path) -> None:
    """A mistyped directory is not an empty venue."""
    with pytest.raises(JournalError, match="There is no journal in"):
        open_journal(tmp_path / "typo", create=False)

    assert not (tmp_path / "typo").exists()


def test_another_format_is_named_and_left_alone(tmp_path: Path) -> None:
    """A program from yesterday must not cut what tomorrow's wrote."""
    open_journal(tmp_path).close()
    path = tmp_path / "format.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"journal": 2}))

    with pytest.raises(JournalError, match="has format 2, and this program reads format 1"):
        open_journal(tmp_path)


def test_segments_without_their_format_file_are_not_made_into_a_new_journal(
    tmp_path: Path,
) -> None:
    """A new id would make every old group unreadable."""
    journal = open_journal(tmp_path)
    journal.append_now([entry(1)])
    journal.close()
    (tmp_path / "format.json").unlink()

    with pytest.raises(JournalError, match=r"format\.json is missing"):
        open_journal(tmp_path)


def test_a_segment_of_another_journal_is_refused(tmp_path: Path) -> None:
    """Files get copied about; mixed journals would be a past that never was."""
    for name in ("one", "two"):
        journal = open_journal(tmp_path / name)
        journal.append_now([entry(1)])
        journal.close()
    stranger = list_segments(tmp_path / "one")[0].path
    stranger.replace(tmp_path / "two" / stranger.name)

    with pytest.raises(JournalError, match="not the file that was written under this name"):
        open_journal(tmp_path / "two")


def test_a_missing_segment_is_noticed(tmp_path: Path) -> None:
    """In the middle or at the front."""
    journal = open_journal(tmp_path, segment_bytes=SMALL)
    for seq in range(1, 9):
        journal.append_now([entry(seq, "x" * 1500)])
    segments = list_segments(tmp_path)
    assert len(segments) >= 3

    segments[1].path.rename(tmp_path / "away")
    with pytest.raises(JournalError, match="is damaged at byte"):
        flat(journal.replay())
    segments[0].path.unlink()
    with pytest.raises(JournalError, match="put archived segments back"):
        flat(journal.replay())
    assert flat(journal.replay(segments[2].first_seq - 1))
    journal.close()


def test_a_read_only_directory_is_one_plain_sentence(tmp_path: Path) -> None:
    """Not a stack trace."""
    with pytest.raises(JournalError, match="may not write in"):
        open_journal(tmp_path, disk=ReadOnlyDisk())


def test_a_file_in_place_of_the_directory_is_one_plain_sentence(tmp_path: Path) -> None:
    """Neither."""
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="is not a directory"):
        open_journal(tmp_path / "file")


def test_a_full_disk_stops_a_new_journal(tmp_path: Path) -> None:
    """There would be no room for even one cancel."""
    with pytest.raises(JournalError, match="is full: make room"):
        open_journal(tmp_path, disk=FullDisk())


def test_a_full_disk_does_not_stop_one_with_room_left_in_its_segment(tmp_path: Path) -> None:
    """What is open must still be cancelable."""
    journal = open_journal(tmp_path)
    journal.append_now([entry(1)])
    journal.close()

    again = open_journal(tmp_path, disk=FullDisk())
    again.append_now([entry(2)])

    assert again.last_seq == 2
    assert again.free_bytes() == 0
    again.close()


def test_a_failed_open_leaves_the_lock_to_others(tmp_path: Path) -> None:
    """Otherwise mending it would need a new process."""
    with pytest.raises(JournalError):
        open_journal(tmp_path, disk=FullDisk())

    open_journal(tmp_path).close()


def test_a_group_larger_than_a_segment_gets_a_segment_of_its_own(tmp_path: Path) -> None:
    """A cancel-all is one group, however many orders it ends."""
    journal = open_journal(tmp_path, segment_bytes=SMALL)
    huge = [entry(seq, "y" * 90) for seq in range(2, 202)]

    journal.append_now([entry(1)])
    journal.append_now(huge)
    journal.append_now([entry(202)])
    journal.close()

    again = open_journal(tmp_path, segment_bytes=SMALL)
    assert list(again.replay()) == [[entry(1)], huge, [entry(202)]]
    assert [segment.first_seq for segment in list_segments(tmp_path)] == [1, 2, 202]
    again.close()


def test_each_group_is_synced_once(tmp_path: Path) -> None:
    """That one sync is most of what a durable order costs."""
    disk = CountingDisk()
    journal = open_journal(tmp_path, disk=disk)
    journal.append_now([entry(1)])
    before = disk.syncs

    for seq in range(2, 12):
        journal.append_now([entry(seq)])

    journal.append_now([entry(12)])  # what the thread does after a group is now done for the tenth
    assert disk.syncs - before in (11, 12)  # the spare file of a new segment may be one
    journal.close()


def test_without_durability_nothing_is_synced_before_the_answer(tmp_path: Path) -> None:
    """The user chose to trust the machine to stay up."""
    disk = CountingDisk()
    journal = open_journal(tmp_path, durability="os", disk=disk)
    journal.append_now([entry(1)])
    journal.append_now([entry(2)])
    before = disk.syncs

    for seq in range(3, 20):
        journal.append_now([entry(seq)])

    assert disk.syncs == before
    journal.close()


def test_an_empty_group_is_nothing(tmp_path: Path) -> None:
    """And waits for nothing."""
    journal = open_journal(tmp_path)

    journal.append_now([])

    assert journal.last_seq == 0
    journal.close()


def test_a_closed_journal_takes_nothing_and_closes_again(tmp_path: Path) -> None:
    """A late caller hears of it."""
    journal = open_journal(tmp_path)
    journal.close()

    with pytest.raises(JournalFailed, match="is closed"):
        journal.append_now([entry(1)])
    journal.close()


def test_a_gap_is_our_own_fault_and_stops_us(tmp_path: Path) -> None:
    """Numbers without gaps are what all readers count on."""
    journal = open_journal(tmp_path)

    with pytest.raises(AssertionError):
        journal.append_now([entry(2)])
    with pytest.raises(AssertionError):
        journal.append_now([entry(1), entry(3)])
    journal.close()


def test_a_number_that_cannot_be_written_down_fails_the_journal(tmp_path: Path) -> None:
    """The state in memory has it already, so it must not go on from there."""
    journal = open_journal(tmp_path)
    amount = Atoms(10**30)
    command = Deposit(
        account=AccountId("a"), wallet=WalletId("w"), asset=AssetId("x"), amount=amount
    )

    with pytest.raises(JournalFailed, match="cannot be written down"):
        journal.append_now([Entry(1, NOON, Envelope("admin"), command, ())])
    with pytest.raises(JournalFailed):
        journal.append_now([entry(1)])
    journal.close()


async def test_appends_of_one_loop_become_durable_in_order(tmp_path: Path) -> None:
    """Also when nobody waits for the one before."""
    journal = open_journal(tmp_path)

    await asyncio.gather(*(journal.append([entry(seq)]) for seq in range(1, 50)))

    assert [one.seq for one in flat(journal.replay())] == list(range(1, 50))
    journal.close()


async def test_a_caller_that_leaves_does_not_stop_its_group(tmp_path: Path) -> None:
    """Its entries have their numbers already."""
    disk = SlowDisk()
    journal = open_journal(tmp_path, disk=disk)
    disk.may_sync.clear()
    leaving = asyncio.ensure_future(journal.append([entry(1)]))
    await asyncio.sleep(0)
    assert journal.last_seq == 0, "not durable yet"

    leaving.cancel()
    disk.may_sync.set()
    await journal.append([entry(2)])

    assert [one.seq for one in flat(journal.replay())] == [1, 2]
    journal.close()


def test_a_reader_beside_the_writer_sees_whole_groups_only(tmp_path: Path) -> None:
    """It takes no lock, and the writer does not wait for it."""
    journal = open_journal(tmp_path, segment_bytes=64 * 1024, durability="os")
    finished = threading.Event()

    def write() -> None:
        for first in range(1, 6001, 3):
            journal.append_now([entry(first, "z" * 40), entry(first + 1), entry(first + 2)])
        finished.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[int] = []
    while not finished.is_set():
        found = flat(read_groups(tmp_path))
        assert [one.seq for one in found] == list(range(1, len(found) + 1))
        assert len(found) % 3 == 0
        seen.append(len(found))
    writer.join()

    assert newest_seq(tmp_path) == 6000
    assert seen
    journal.close()


def test_a_journal_counts_what_it_does(tmp_path: Path) -> None:
    """For the metrics page."""
    journal = open_journal(tmp_path)
    told: list[tuple[int, int, int]] = []
    journal.stats.on_group = lambda entries, size, took: told.append((entries, size, took))

    journal.append_now([entry(1), entry(2)])
    journal.append_now([entry(3)])

    stats = journal.stats
    assert (stats.groups, stats.entries) == (2, 3)
    assert [entries for entries, _, _ in told] == [2, 1]
    assert stats.bytes == sum(size for _, size, _ in told) > 100
    assert stats.sync_ns == sum(took for _, _, took in told) > 0
    assert sum(stats.sync_counts) == 2
    assert journal.free_bytes() > 0
    journal.close()


def test_a_fault_of_our_own_ends_the_journal_and_leaves_nobody_waiting(tmp_path: Path) -> None:
    """A thread that ended silently would hang every client."""
    journal = open_journal(tmp_path)

    def fault(entries: int, size: int, took: int) -> None:
        raise ZeroDivisionError("in the metrics")

    journal.stats.on_group = fault
    with pytest.raises(JournalFailed, match="a fault of its own: ZeroDivisionError"):
        journal.append_now([entry(1)])
    with pytest.raises(JournalFailed):
        journal.append_now([entry(2)])
    journal.close()


async def test_a_journal_in_memory_has_the_same_face(tmp_path: Path) -> None:
    """What the exchange is given, it cannot tell."""
    journals: list[Journal] = [MemoryJournal(keep=True), open_journal(tmp_path)]
    for journal in journals:
        await journal.append([entry(1), entry(2)])
        journal.append_now([entry(3)])

        assert list(journal.replay(1)) == [[entry(2)], [entry(3)]]
        assert (journal.last_seq, journal.last_time) == (3, NOON + 3)
        assert journal.stats.entries == 3
        assert journal.free_bytes() > 0
        journal.close()
