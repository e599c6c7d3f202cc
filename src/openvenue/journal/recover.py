"""Bringing a world back: the newest snapshot, then the events of every later entry.

Nothing is decided here. What an entry caused was written down with it, so a rule that has changed
since does not change the past.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import structlog
from msgspec import Struct

from openvenue.engine.engine import Engine
from openvenue.engine.snapshot import SnapshotError, restore
from openvenue.engine.units import Nanos
from openvenue.journal.errors import JournalError
from openvenue.journal.port import Journal
from openvenue.journal.records import Entry
from openvenue.journal.snapshots import list_snapshots, read_snapshot, set_aside_newer

LOG: Final[Any] = structlog.get_logger()


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
    if snapshots_dir is not None:
        set_aside_newer(snapshots_dir, journal.last_seq)
    world = begin(snapshots_dir, journal.last_seq)
    fold(world, journal.replay(world.seq))
    return world


def begin(snapshots_dir: Path | None, until: int | None = None) -> Recovered:
    """The world of the newest snapshot that this program can read; an empty one without any.

    Snapshots of entries after `until` are left out.
    """
    for path in list_snapshots(snapshots_dir) if snapshots_dir is not None else []:
        if until is not None and int(path.stem) > until:
            continue
        try:
            return world_in(path)
        except JournalError as error:
            LOG.warning("snapshot_passed_over", file=str(path), why=str(error))
    return Recovered(Engine(), 0, Nanos(0), {})


def world_in(path: Path) -> Recovered:
    """The world of one snapshot. Raises: JournalError: this program cannot read it."""
    snapshot = read_snapshot(path)
    try:
        with without_collector():
            engine = Engine(restore(snapshot.state))
    except SnapshotError as error:
        raise JournalError(f"{path} cannot be used: {error}.") from error
    return Recovered(engine, snapshot.seq, snapshot.time, snapshot.nonces)


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
