"""A world comes back as it was: from entries alone, from any snapshot, and after any crash."""

import gc
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openvenue.engine.engine import Engine
from openvenue.engine.snapshot import take
from openvenue.engine.units import Nanos
from openvenue.journal.check import oldest_world
from openvenue.journal.directory import SNAPSHOTS
from openvenue.journal.errors import JournalError
from openvenue.journal.files import open_journal
from openvenue.journal.helper import main, make_snapshot
from openvenue.journal.memory import MemoryJournal
from openvenue.journal.records import Entry
from openvenue.journal.recover import Recovered, recover
from openvenue.journal.segments import list_segments
from openvenue.journal.snapshots import (
    list_snapshots,
    newest_snapshot,
    read_snapshot,
    write_snapshot,
)
from tests.unit.journal.worlds import SETUP, entries_of, script, write_world


def recovered(directory: Path) -> Recovered:
    """The world of a journal, opened as a venue opens it."""
    journal = open_journal(directory)
    try:
        return recover(journal, directory / SNAPSHOTS)
    finally:
        journal.close()


def test_a_fold_leads_to_the_world_that_was(tmp_path: Path) -> None:
    """Nothing is decided again, and nothing is missing."""
    lived, entries = write_world(tmp_path)

    world = recovered(tmp_path)

    assert world.engine.state.fingerprint() == lived.state.fingerprint()
    assert (world.seq, world.time) == (entries[-1].seq, entries[-1].time)
    assert world.nonces == {"key-0": 1_000 + 208, "key-1": 1_000 + 207}


@pytest.mark.parametrize("seq", [1, 8, 100, 207, 208])
def test_a_snapshot_of_any_entry_leads_to_the_same_world(tmp_path: Path, seq: int) -> None:
    """In the middle of a group or of a segment, and at both ends."""
    lived, entries = write_world(tmp_path)
    early = Engine()
    for entry in entries[:seq]:
        early.fold(entry.events, entry.time)
    nonces = {"key-9": 5, "key-1": 10**12}
    write_snapshot(tmp_path / SNAPSHOTS, seq, entries[seq - 1].time, take(early.state), nonces)

    world = recovered(tmp_path)

    assert world.engine.state.fingerprint() == lived.state.fingerprint()
    assert world.seq == 208
    assert world.nonces["key-9"] == 5, "known from the snapshot alone"
    assert world.nonces["key-1"] == 10**12, "never lowered"


def test_a_recovered_world_decides_what_the_lived_one_would(tmp_path: Path) -> None:
    """Queues of the book, counters and timers are all part of it."""
    lived, entries = write_world(tmp_path)
    make_snapshot(tmp_path)

    world = recovered(tmp_path)

    for step, command in enumerate(script(60)):
        now = Nanos(entries[-1].time + step * 10**6)
        assert world.engine.apply(command, now) == lived.apply(command, now)


def test_a_new_world_is_empty() -> None:
    """Nothing to read is nothing to fear."""
    world = recover(MemoryJournal(), None)

    assert (world.seq, world.time, world.nonces) == (0, 0, {})
    assert world.engine.state.fingerprint() == Engine().state.fingerprint()


def test_the_collector_rests_while_folding_and_works_again_after(tmp_path: Path) -> None:
    """It would walk millions of new objects over and over and find no garbage."""
    entries = list(entries_of(SETUP, Engine()))
    seen: list[bool] = []

    class Watched(MemoryJournal):
        """Looks at the collector before each group."""

        def replay(self, after_seq: int = 0) -> Iterator[list[Entry]]:
            """Note, then go on."""
            for group in super().replay(after_seq):
                seen.append(gc.isenabled())
                yield group

    journal = Watched(keep=True)
    journal.append_now(entries)
    recover(journal, None)

    assert seen == [False]
    assert gc.isenabled()


def test_a_damaged_snapshot_is_passed_over_for_the_older_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The journal is the truth; a snapshot only saves time."""
    lived, entries = write_world(tmp_path)
    snapshots = tmp_path / SNAPSHOTS
    early = Engine()
    for entry in entries[:50]:
        early.fold(entry.events, entry.time)
    write_snapshot(snapshots, 50, entries[49].time, take(early.state), {})
    make_snapshot(tmp_path)
    newest = list_snapshots(snapshots)[0]
    whole = newest.read_bytes()
    flipped = whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:]

    for data in (b"", whole[:20], whole[:-1], flipped, whole + b"\0"):
        newest.write_bytes(data)

        assert read_snapshot(list_snapshots(snapshots)[1]).seq == 50
        found = newest_snapshot(snapshots)
        assert found is not None
        assert found.seq == 50
        assert recovered(tmp_path).engine.state.fingerprint() == lived.state.fingerprint()


def test_a_snapshot_of_a_state_that_this_program_cannot_read_is_passed_over(
    tmp_path: Path,
) -> None:
    """After an upgrade or a downgrade the entries are folded instead."""
    lived, _ = write_world(tmp_path)
    write_snapshot(tmp_path / SNAPSHOTS, 60, Nanos(0), b"of another version", {})

    assert recovered(tmp_path).engine.state.fingerprint() == lived.state.fingerprint()


def test_a_snapshot_newer_than_the_journal_is_never_used_again(tmp_path: Path) -> None:
    """Its entries are gone, and their numbers will soon mean something else."""
    lived, entries = write_world(tmp_path)
    path = write_snapshot(
        tmp_path / SNAPSHOTS, 300, entries[-1].time, take(Engine().state), {"k": 1}
    )

    world = recovered(tmp_path)

    assert world.engine.state.fingerprint() == lived.state.fingerprint()
    assert not path.exists()
    assert path.with_suffix(".newer").exists(), "kept for whoever wants to know"


def test_two_snapshots_are_kept_and_drafts_of_dead_helpers_are_not(tmp_path: Path) -> None:
    """The older one is there for the day when the newer one is damaged."""
    (tmp_path / f"{9:020d}.snapshot.draft").write_bytes(b"half")

    for seq in (1, 2, 3, 4):
        write_snapshot(tmp_path, seq, Nanos(seq), b"state", {"k": seq})

    assert [path.name for path in list_snapshots(tmp_path)] == [
        f"{seq:020d}.snapshot" for seq in (4, 3)
    ]
    assert len(list(tmp_path.iterdir())) == 2
    newest = newest_snapshot(tmp_path)
    assert newest is not None
    assert (newest.seq, newest.time, newest.state, newest.nonces) == (4, 4, b"state", {"k": 4})


def test_the_helper_makes_a_snapshot_beside_an_open_journal(tmp_path: Path) -> None:
    """As the exchange starts it: another process, while the writer holds the lock."""
    lived, entries = write_world(tmp_path)
    journal = open_journal(tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "openvenue.journal.helper", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )

    assert (done.returncode, done.stderr) == (0, "")
    found = newest_snapshot(tmp_path / SNAPSHOTS)
    assert found is not None
    assert (found.seq, found.time) == (entries[-1].seq, entries[-1].time)
    assert found.nonces == {"key-0": 1_208, "key-1": 1_207}
    assert found.state == take(lived.state)
    journal.close()


def test_the_helper_goes_on_from_its_last_snapshot(tmp_path: Path) -> None:
    """Its work is bounded by what is new."""
    write_world(tmp_path)
    first = make_snapshot(tmp_path)
    again = make_snapshot(tmp_path)

    engine = recovered(tmp_path).engine
    journal = open_journal(tmp_path)
    more = list(entries_of([*SETUP, *script(210)], Engine()))[208:]
    journal.append_now(more)
    journal.close()
    for entry in more:
        engine.fold(entry.events, entry.time)

    assert (first, again, make_snapshot(tmp_path)) == (208, None, 218)
    found = newest_snapshot(tmp_path / SNAPSHOTS)
    assert found is not None
    assert found.state == take(engine.state)


def test_the_helper_says_in_one_sentence_why_it_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exchange logs what it says and goes on."""
    assert main([str(tmp_path)]) == 1
    assert "There is no journal in" in capsys.readouterr().err
    assert main([]) == 1
    assert capsys.readouterr().err.startswith("usage:")


def test_archived_segments_are_not_missed_where_a_snapshot_stands_in(tmp_path: Path) -> None:
    """Retention: what is older than the snapshots may be moved away."""
    lived, _ = write_world(tmp_path, segment_bytes=4096)
    segments = list_segments(tmp_path)
    assert len(segments) > 3
    make_snapshot(tmp_path)
    for segment in segments[:-1]:
        segment.path.unlink()

    assert recovered(tmp_path).engine.state.fingerprint() == lived.state.fingerprint()
    assert oldest_world(tmp_path).seq == 208
    list_snapshots(tmp_path / SNAPSHOTS)[0].unlink()
    with pytest.raises(JournalError, match="put archived segments back"):
        recovered(tmp_path)
    with pytest.raises(JournalError, match="put archived segments back"):
        oldest_world(tmp_path)


def damaged(directory: Path) -> tuple[Path, int, int]:
    """Change one byte in the second of several segments; what the refusal says about it."""
    path = list_segments(directory)[1].path
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(JournalError, match="A bad middle") as refusal:
        recovered(directory)
    found = re.search(r"(\S+) is damaged at byte (\d+), where entry (\d+)", str(refusal.value))
    assert found is not None
    return Path(found[1]), int(found[2]), int(found[3])


def test_a_bad_middle_can_be_left_behind_with_a_snapshot(tmp_path: Path) -> None:
    """The second way out that docs/journal.md gives."""
    lived, _ = write_world(tmp_path, segment_bytes=4096)
    make_snapshot(tmp_path)
    snapshot = list_snapshots(tmp_path / SNAPSHOTS)[0]
    away = tmp_path / "away"
    snapshot.rename(away)
    path, _, _ = damaged(tmp_path)

    away.rename(snapshot)
    for segment in list_segments(tmp_path):
        if segment.path <= path:
            segment.path.unlink()

    assert recovered(tmp_path).engine.state.fingerprint() == lived.state.fingerprint()


def test_what_follows_a_bad_middle_can_be_given_up(tmp_path: Path) -> None:
    """The third way out that docs/journal.md gives."""
    _, entries = write_world(tmp_path, segment_bytes=4096)
    path, offset, seq = damaged(tmp_path)

    os.truncate(path, offset)
    for segment in list_segments(tmp_path):
        if segment.path > path:
            segment.path.unlink()

    world = recovered(tmp_path)
    before = Engine()
    for entry in entries[: seq - 1]:
        before.fold(entry.events, entry.time)
    assert world.seq == seq - 1
    assert world.engine.state.fingerprint() == before.state.fingerprint()
    journal = open_journal(tmp_path)
    journal.append_now(entries[seq - 1 : seq + 1])
    assert [one.seq for group in journal.replay(seq - 2) for one in group] == [
        seq - 1,
        seq,
        seq + 1,
    ]
    journal.close()
