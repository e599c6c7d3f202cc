"""Deciding a journal again: does today's engine still say what was said then?

A difference is not damage. It means that a rule has changed, or that the engine has a fault; the
journal keeps what happened, and the entry named here is where to look.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from openvenue.engine.events import Event
from openvenue.journal.directory import SNAPSHOTS
from openvenue.journal.errors import JournalError
from openvenue.journal.reader import read_groups
from openvenue.journal.records import Entry
from openvenue.journal.recover import Recovered, begin, fold, without_collector, world_in
from openvenue.journal.segments import list_segments
from openvenue.journal.snapshots import list_snapshots

Progress = Callable[[Recovered, list[Entry]], None]


class Difference(Struct, frozen=True):
    """The first entry that is decided otherwise today."""

    entry: Entry
    decided: list[Event] | str  # what was decided now; a sentence if the engine stopped


class Verdict(Struct, frozen=True):
    """What came of deciding a journal again."""

    first_seq: int  # of the entries that were decided
    last_seq: int
    fingerprint: str  # of the folded world
    decided_fingerprint: str
    difference: Difference | None

    @property
    def is_good(self) -> bool:
        """Every entry was decided as it was then, and both worlds are the same."""
        return self.difference is None and self.fingerprint == self.decided_fingerprint


def verify(
    directory: Path, *, until: int | None = None, progress: Progress | None = None
) -> Verdict:
    """Decide every entry of a journal up to `until` again, up to the first difference.

    A journal whose first segments were archived is decided from its oldest snapshot on.
    Raises: JournalError: it cannot be read.
    """
    folded, decided = oldest_world(directory), oldest_world(directory)
    return decide_again(folded, decided, read_groups(directory, folded.seq, until), progress)


def oldest_world(directory: Path) -> Recovered:
    """The oldest world from which the journal can be carried forward: mostly the empty one.

    Raises: JournalError: its first segments are gone, and no snapshot stands in for them.
    """
    first_seq = next((segment.first_seq for segment in list_segments(directory)), 1)
    if first_seq == 1:
        return begin(None)
    for path in reversed(list_snapshots(directory / SNAPSHOTS)):
        if int(path.stem) + 1 >= first_seq:
            return world_in(path)
    raise JournalError(
        f"The journal in {directory} begins with entry {first_seq}, and no snapshot holds what was "
        "before: put archived segments back."
    )


def decide_again(
    folded: Recovered,
    decided: Recovered,
    groups: Iterable[list[Entry]],
    progress: Progress | None = None,
) -> Verdict:
    """Fold what happened in one world, and decide it once more in another that began the same."""
    first_seq = folded.seq + 1
    difference = None
    with without_collector():
        for group in groups:
            difference = next((d for e in group if (d := _decide(decided, e))), None)
            if difference is not None:
                fold(folded, [[entry for entry in group if entry.seq <= difference.entry.seq]])
                break
            fold(folded, [group], progress)
    return Verdict(
        first_seq,
        folded.seq,
        folded.engine.state.fingerprint(),
        decided.engine.state.fingerprint(),
        difference,
    )


def _decide(world: Recovered, entry: Entry) -> Difference | None:
    try:
        events = world.engine.apply(entry.command, entry.time)
    except AssertionError as error:
        return Difference(entry, f"the engine stopped: {str(error) or 'an assertion failed'}")
    return None if tuple(events) == entry.events else Difference(entry, list(events))
