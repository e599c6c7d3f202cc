"""The desk's journal, folded and decided again: for those who read it while the desk runs, or not.

A difference is not damage. It means that a rule has changed, or that the machine has a fault.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from openvenue.ems.engine import Engine
from openvenue.ems.events import Event
from openvenue.ems.records import EMS, Entry
from openvenue.journal.reader import read_lines

Progress = Callable[[int], None]


class Difference(Struct, frozen=True):
    """The first entry that is decided otherwise today."""

    entry: Entry
    decided: list[Event] | str  # what was decided now; a sentence if the machine stopped


class Verdict(Struct, frozen=True):
    """What came of deciding a journal again."""

    last_seq: int
    fingerprint: str  # of what was folded
    decided_fingerprint: str
    difference: Difference | None

    @property
    def is_good(self) -> bool:
        """Every entry was decided as it was then, and both know the same."""
        return self.difference is None and self.fingerprint == self.decided_fingerprint


def entries(directory: Path, until: int | None = None) -> Iterator[Entry]:
    """What a journal holds, oldest first. Raises: JournalError."""
    for group in read_lines(directory, EMS, 0, until):
        yield from group


def folded(told: Iterable[Entry], progress: Progress | None = None) -> tuple[Engine, int]:
    """The machine as `told` left it, and the sequence of the last entry."""
    engine, seq = Engine(), 0
    for entry in told:
        engine.fold(entry.events, entry.time)
        engine.take_changes()
        seq = entry.seq
        if progress is not None:
            progress(seq)
    return engine, seq


def verify(
    directory: Path, *, until: int | None = None, progress: Progress | None = None
) -> Verdict:
    """Decide every entry up to `until` again, up to the first difference. Raises: JournalError."""
    past, again, seq = Engine(), Engine(), 0
    difference = None
    for entry in entries(directory, until):
        past.fold(entry.events, entry.time)
        difference = _decide(again, entry)
        seq = entry.seq
        for engine in (past, again):
            engine.take_changes()
        if difference is not None:
            break
        if progress is not None:
            progress(seq)
    return Verdict(seq, past.state.fingerprint(), again.state.fingerprint(), difference)


def _decide(engine: Engine, entry: Entry) -> Difference | None:
    try:
        events = engine.apply(entry.command, entry.time)
    except (AssertionError, LookupError) as error:
        return Difference(entry, f"the machine stopped: {error!r}")
    return None if tuple(events) == entry.events else Difference(entry, events)
