"""Deciding a journal again finds the entry at which the engine and the past part ways."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import PassTime, PlaceOrder
from openvenue.engine.events import OrderAccepted, Traded
from openvenue.engine.units import Atoms, Nanos
from openvenue.journal.check import Verdict, verify
from openvenue.journal.files import open_journal
from openvenue.journal.helper import make_snapshot
from openvenue.journal.records import Entry
from openvenue.journal.recover import recover
from openvenue.journal.segments import list_segments
from tests.unit.journal.worlds import write_world


def rewritten(target: Path, entries: list[Entry]) -> Verdict:
    """What is said of a journal that holds these entries instead."""
    journal = open_journal(target)
    journal.append_now(entries)
    journal.close()
    return verify(target)


def test_a_journal_of_this_engine_is_decided_as_it_was(tmp_path: Path) -> None:
    """The common case: nothing to report."""
    lived, _ = write_world(tmp_path)

    verdict = verify(tmp_path)

    assert verdict.is_good
    assert (verdict.first_seq, verdict.last_seq) == (1, 208)
    assert verdict.fingerprint == verdict.decided_fingerprint == lived.state.fingerprint()


def test_it_may_stop_early(tmp_path: Path) -> None:
    """In the middle of a group, too."""
    write_world(tmp_path, group=50)

    verdict = verify(tmp_path, until=120)

    assert verdict.is_good
    assert verdict.last_seq == 120


def test_a_fee_that_changed_is_found_at_its_entry(tmp_path: Path) -> None:
    """A bug report needs the sequence, what was said then, and what is said now."""
    _, entries = write_world(tmp_path / "lived")
    place = next(
        i for i, entry in enumerate(entries) if any(isinstance(e, Traded) for e in entry.events)
    )
    then = entries[place]
    events = tuple(
        replace(event, taker_fee=Atoms(event.taker_fee + 1)) if isinstance(event, Traded) else event
        for event in then.events
    )
    entries[place] = replace(then, events=events)

    verdict = rewritten(tmp_path / "other", entries)

    assert not verdict.is_good
    assert verdict.difference is not None
    assert verdict.difference.entry == entries[place]
    assert verdict.difference.decided == list(then.events)
    assert verdict.last_seq == then.seq
    assert verdict.fingerprint != verdict.decided_fingerprint


@pytest.mark.parametrize("kind", ["missing", "added"])
def test_an_event_too_few_or_too_many_is_found(tmp_path: Path, kind: str) -> None:
    """Not only a changed one."""
    _, entries = write_world(tmp_path / "lived")
    place = next(
        i
        for i, entry in enumerate(entries)
        if len(entry.events) == 1 and isinstance(entry.events[0], OrderAccepted)
    )
    event = entries[place].events[0]
    changed = () if kind == "missing" else (event, entries[0].events[0])
    entries[place] = replace(entries[place], events=changed)

    verdict = rewritten(tmp_path / "other", entries[: place + 1])

    assert verdict.difference is not None
    assert verdict.difference.entry.seq == place + 1


def test_an_engine_that_stops_is_a_difference_with_its_reason(tmp_path: Path) -> None:
    """Time that goes back, say: an assertion, and no event."""
    _, entries = write_world(tmp_path / "lived", length=4)
    last = entries[-1]
    entries.append(replace(last, seq=last.seq + 1, time=Nanos(1), command=PassTime(), events=()))

    verdict = rewritten(tmp_path / "other", entries)

    assert verdict.difference is not None
    assert verdict.difference.decided == "the engine stopped: market time does not go back"


def test_a_journal_without_its_first_segments_is_decided_from_its_oldest_snapshot(
    tmp_path: Path,
) -> None:
    """What was archived was verified before, or can be put back."""
    _, entries = write_world(tmp_path, segment_bytes=4096)
    make_snapshot(tmp_path)
    journal = open_journal(tmp_path)
    late = next(entry.command for entry in entries if isinstance(entry.command, PlaceOrder))
    engine = recover(journal, tmp_path / "snapshots").engine
    now = Nanos(entries[-1].time + 1)
    journal.append_now([Entry(209, now, entries[0].envelope, late, tuple(engine.apply(late, now)))])
    journal.close()
    for segment in list_segments(tmp_path)[:-1]:
        segment.path.unlink()

    verdict = verify(tmp_path)

    assert verdict.is_good
    assert (verdict.first_seq, verdict.last_seq) == (209, 209)
    assert verdict.fingerprint == engine.state.fingerprint()
