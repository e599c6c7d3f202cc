"""Reading on in a journal while it grows."""

from pathlib import Path
from random import Random

import pytest

from openvenue.journal.errors import JournalError
from openvenue.journal.files import open_journal
from openvenue.journal.records import VENUE, Entry
from openvenue.journal.segments import list_segments
from openvenue.journal.tail import CHUNK_BYTES, Tail
from tests.unit.journal.samples import entry

SMALL = 4096


def seqs(groups: object) -> list[int]:
    """Of all entries, as they came."""
    return [one.seq for group in groups for one in group]  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(5))
def test_every_entry_is_read_once_and_in_order_however_the_journal_grows(
    tmp_path: Path, seed: int
) -> None:
    """Over many segments, a group at a time, never past what was asked for but to a group's end."""
    rng = Random(seed)
    journal = open_journal(tmp_path, durability="os", segment_bytes=SMALL)
    tail = Tail(tmp_path, VENUE)
    read: list[int] = []
    ends: list[int] = []
    for _ in range(60):
        for _ in range(rng.randint(0, 3)):
            first = journal.last_seq + 1
            journal.append_now([entry(first + at) for at in range(rng.randint(1, 12))])
            ends.append(journal.last_seq)
        until = rng.randint(read[-1] if read else 0, journal.last_seq)
        read += seqs(tail.replay(read[-1] if read else 0, until))
        assert (read[-1] if read else 0) >= until
        assert not read or read[-1] == next(it for it in ends if it >= until)
    read += seqs(tail.replay(read[-1], journal.last_seq))

    assert read == list(range(1, journal.last_seq + 1))
    assert len(list_segments(tmp_path)) > 3
    journal.close()


def test_it_begins_anywhere_and_jumps_where_it_is_told(tmp_path: Path) -> None:
    """In the middle of a group, too; and a reader that left off early misses nothing."""
    journal = open_journal(tmp_path, durability="os", segment_bytes=SMALL)
    for first in range(1, 101, 5):
        journal.append_now([entry(first + at) for at in range(5)])
    tail = Tail(tmp_path, VENUE)

    assert seqs(tail.replay(47, 60)) == list(range(48, 61))
    assert seqs(tail.replay(12, 20)) == list(range(13, 21))
    for group in tail.replay(20, 100):
        assert [one.seq for one in group] == list(range(21, 26))
        break
    assert seqs(tail.replay(25, 100)) == list(range(26, 101))
    assert seqs(tail.replay(100, 100)) == []
    journal.close()


def test_a_group_may_be_larger_than_what_is_read_at_a_time(tmp_path: Path) -> None:
    """A batch of five hundred orders is one entry."""
    journal = open_journal(tmp_path, durability="os")
    many = CHUNK_BYTES // len(repr(entry(1))) * 8
    journal.append_now([entry(1)])
    journal.append_now([entry(2 + at) for at in range(many)])
    tail = Tail(tmp_path, VENUE)

    assert list_segments(tmp_path)[-1].path.stat().st_size > CHUNK_BYTES
    assert len(seqs(tail.replay(0, journal.last_seq))) == many + 1
    journal.close()


def test_entries_that_are_not_there_are_missed(tmp_path: Path) -> None:
    """A gap must not be taken for an end."""
    journal = open_journal(tmp_path, durability="os", segment_bytes=SMALL)
    for first in range(1, 201, 5):
        journal.append_now([entry(first + at) for at in range(5)])
    journal.close()
    segments = list_segments(tmp_path)
    assert len(segments) == 3
    segments[1].path.unlink()

    with pytest.raises(JournalError, match="damaged"):
        seqs(Tail(tmp_path, VENUE).replay(0, 200))
    with pytest.raises(JournalError, match="damaged"):
        seqs(Tail(tmp_path, VENUE).replay(199, 201))


def test_an_entry_whose_bytes_changed_is_not_read(tmp_path: Path) -> None:
    """Its checksum no longer fits."""
    journal = open_journal(tmp_path, durability="os")
    entries: list[Entry] = [entry(1), entry(2, name="changed")]
    for one in entries:
        journal.append_now([one])
    journal.close()
    path = list_segments(tmp_path)[0].path
    path.write_bytes(path.read_bytes().replace(b"changed", b"CHANGED", 1))

    with pytest.raises(JournalError, match="entry 2"):
        seqs(Tail(tmp_path, VENUE).replay(0, 2))
