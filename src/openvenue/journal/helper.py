"""The process that makes snapshots beside a running venue.

`python -m openvenue.journal.helper DIRECTORY` folds the journal up to the newest whole group and
writes the state down, so that the writer never pauses for it. It takes no lock of the journal; a
second helper in the same directory leaves at once. Exit status: 0, or 1 after one sentence on
standard error.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from openvenue.engine.snapshot import take
from openvenue.journal.directory import SNAPSHOTS, lock
from openvenue.journal.errors import JournalError, explain
from openvenue.journal.reader import read_groups
from openvenue.journal.recover import begin, fold
from openvenue.journal.segments import list_segments
from openvenue.journal.snapshots import write_snapshot


def make_snapshot(directory: Path) -> int | None:
    """Write a snapshot of the journal in `directory`; the entry it is of, None if nothing is new.

    Raises: JournalError: the journal cannot be read, or the snapshot not be written.
    """
    with alone(directory) as snapshots:
        world = begin(snapshots)
        before = world.seq
        fold(world, read_groups(directory, world.seq))
        if world.seq == before:
            return None
        sync_newest_segment(directory)
        write_snapshot(snapshots, world.seq, world.time, take(world.engine.state), world.nonces)
        return world.seq


@contextmanager
def alone(directory: Path) -> Iterator[Path]:
    """The folder of snapshots of the journal in `directory`, while no other helper writes there.

    Raises: JournalError.
    """
    snapshots = directory / SNAPSHOTS
    try:
        snapshots.mkdir(exist_ok=True)
        fd = lock(snapshots / "lock")
    except OSError as error:
        raise JournalError(explain(error, directory)) from error
    try:
        yield snapshots
    finally:
        os.close(fd)


def sync_newest_segment(directory: Path) -> None:
    """What we folded may not be on the disk yet, and a snapshot must not outlive its entries."""
    for segment in list_segments(directory)[-2:]:
        fd = os.open(segment.path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def run(module: str, make: Callable[[Path], int | None], arguments: list[str]) -> int:
    """Make one snapshot. The process gives way to everything else: it runs at low priority."""
    if len(arguments) != 1:
        print(f"usage: python -m {module} DIRECTORY", file=sys.stderr)
        return 1
    os.nice(10)
    try:
        make(Path(arguments[0]))
    except JournalError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def main(arguments: list[str]) -> int:
    """Make one of a venue."""
    return run("openvenue.journal.helper", make_snapshot, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
