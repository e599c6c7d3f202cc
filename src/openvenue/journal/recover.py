"""Bringing a world back: the newest snapshot, then the events of every later entry.

Nothing is decided here. What an entry caused was written down with it, so a rule that has changed
since does not change the past.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from openvenue.engine.engine import Engine
from openvenue.engine.snapshot import restore
from openvenue.engine.units import Nanos
from openvenue.journal.port import Journal
from openvenue.journal.records import Entry
from openvenue.journal.snapshots import Snapshot, newest_snapshot, set_aside_newer


class Recovered(Struct):
    """A world as of its newest entry."""

    engine: Engine
    seq: int  # of that entry; 0 in a new world
    time: Nanos  # of that entry
    nonces: dict[str, int]  # highest one journaled, by key id


def recover(journal: Journal, snapshots_dir: Path | None) -> Recovered:
    """The world that the journal holds; an empty one if it is new.

    Raises: JournalError: entries are missing or damaged.
    """
    snapshot = None
    if snapshots_dir is not None:
        set_aside_newer(snapshots_dir, journal.last_seq)
        snapshot = newest_snapshot(snapshots_dir, journal.last_seq)
    world = begin(snapshot)
    fold(world, journal.replay(world.seq))
    return world


def begin(snapshot: Snapshot | None) -> Recovered:
    """The world of a snapshot; an empty one without."""
    if snapshot is None:
        return Recovered(Engine(), 0, Nanos(0), {})
    with without_collector():
        engine = Engine(restore(snapshot.state))
    return Recovered(engine, snapshot.seq, snapshot.time, dict(snapshot.nonces))


def fold(
    world: Recovered,
    groups: Iterable[list[Entry]],
    progress: Callable[[Recovered, list[Entry]], None] | None = None,
) -> None:
    """Carry `world` forward by what happened in `groups`; `progress` is called after each."""
    make_true, nonces = world.engine.fold, world.nonces
    with without_collector():
        for group in groups:
            for entry in group:
                make_true(entry.events, entry.time)
                who = entry.envelope
                if who.nonce > nonces.get(who.key_id, 0):
                    nonces[who.key_id] = who.nonce
            world.seq, world.time = group[-1].seq, group[-1].time
            if progress is not None:
                progress(world, group)


@contextmanager
def without_collector() -> Iterator[None]:
    """No garbage collection meanwhile: a fold makes millions of objects and no garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
