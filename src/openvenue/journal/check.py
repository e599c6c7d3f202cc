"""Deciding a journal again: does today's engine still say what was said then?

A difference is not damage. It means that a rule has changed, or that the engine has a fault; the
journal keeps what happened, and the entry named here is where to look.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from openvenue.engine.events import Event, OrderRejected
from openvenue.engine.reasons import RejectReason
from openvenue.journal.records import Entry
from openvenue.journal.recover import Recovered, begin, fold, without_collector
from openvenue.journal.snapshots import Snapshot


class Difference(Struct, frozen=True):
    """The first entry that is decided otherwise today."""

    entry: Entry
    decided: list[Event] | str  # what was decided now; a sentence if the engine stopped


class Verdict(Struct, frozen=True):
    """What came of deciding a journal again."""

    first_seq: int
    last_seq: int
    fingerprint: str  # of the folded world
    decided_fingerprint: str
    difference: Difference | None

    @property
    def is_good(self) -> bool:
        """Every entry was decided as it was then, and both worlds are the same."""
        return self.difference is None and self.fingerprint == self.decided_fingerprint


def decide_again(
    groups: Iterable[list[Entry]],
    start: Snapshot | None = None,
    progress: Callable[[Recovered, list[Entry]], None] | None = None,
) -> Verdict:
    """Decide every command once more, in one world, and fold what happened then in another.

    Both begin with `start`. Stops at the first difference.
    """
    folded, decided = begin(start), begin(start)
    first_seq = folded.seq + 1
    difference = None
    with without_collector():
        for group in groups:
            for entry in group:
                difference = _decide(decided, entry)
                if difference is not None:
                    break
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
    if _is_about_the_disk(entry):
        world.engine.fold(entry.events, entry.time)
        return None
    try:
        events = world.engine.apply(entry.command, entry.time)
    except AssertionError as error:
        return Difference(entry, f"the engine stopped: {str(error) or 'an assertion failed'}")
    return None if tuple(events) == entry.events else Difference(entry, list(events))


def _is_about_the_disk(entry: Entry) -> bool:
    """The exchange refused for lack of room, which the engine knows nothing about."""
    return any(
        isinstance(event, OrderRejected) and event.reason is RejectReason.LOW_DISK
        for event in entry.events
    )
