"""Whole states of the desk on disk, so that a start need not fold its journal from the first entry.

`python -m openvenue.ems.snapshots DIRECTORY` folds the journal up to the newest whole group and
writes the state down, beside a running desk and at low priority. The journal is the truth: what
cannot be used is passed over. Exit status: 0, or 1 after one sentence on standard error.
"""

import sys
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from openvenue.ems.engine import Engine
from openvenue.ems.halts import Halt, HaltOrder, Leg
from openvenue.ems.order_log import Change
from openvenue.ems.orders import Account, ClOrdId, HaltId, Order, RunId
from openvenue.ems.records import EMS
from openvenue.ems.state import Run
from openvenue.engine.units import Nanos
from openvenue.journal.directory import SNAPSHOTS
from openvenue.journal.errors import JournalError
from openvenue.journal.helper import alone, run, sync_newest_segment
from openvenue.journal.reader import read_lines
from openvenue.journal.recover import without_collector
from openvenue.journal.snapshots import (
    list_snapshots,
    read_snapshot,
    set_aside_newer,
    write_snapshot,
)

__all__ = ["SNAPSHOTS", "begin", "make_snapshot", "restore", "set_aside_newer", "take"]

log = structlog.get_logger(__name__)

VERSION: Final = 1  # of what is saved: a snapshot of another one is passed over


class SavedHalt(Struct, frozen=True, array_like=True):
    """A halt, and its tables beside it."""

    halt: Halt
    legs: list[Leg]
    orders: list[HaltOrder]


class Saved(Struct, frozen=True, array_like=True):
    """All that the desk knows, and every version of every order."""

    version: int
    now: Nanos
    orders: list[Order]
    live: list[tuple[Account, list[ClOrdId]]]
    named: list[tuple[Account, str, ClOrdId]]
    gates: list[tuple[Account, RunId]]
    runs: list[Run]
    halts: list[SavedHalt]
    active: list[HaltId]
    changes: list[Change]


def take(engine: Engine, changes: list[Change]) -> bytes:
    """The state of `engine`, which went through `changes`."""
    state = engine.state
    return msgspec.msgpack.encode(
        Saved(
            version=VERSION,
            now=state.now,
            orders=list(state.orders.values()),
            live=[(account, list(live)) for account, live in state.live.items()],
            named=[(account, name, it) for (account, name), it in state.named.items()],
            gates=list(state.gates.items()),
            runs=list(state.runs.values()),
            halts=[
                SavedHalt(
                    replace(halt, legs={}, orders={}),
                    list(halt.legs.values()),
                    list(halt.orders.values()),
                )
                for halt in state.halts.values()
            ],
            active=list(state.active),
            changes=changes,
        )
    )


def restore(saved_bytes: bytes) -> tuple[Engine, list[Change]]:
    """What `take` took. Raises: JournalError: this program cannot read it."""
    try:
        saved = msgspec.msgpack.decode(saved_bytes, type=Saved)
    except msgspec.MsgspecError as error:
        raise JournalError(f"it is of another form: {error}") from error
    if saved.version != VERSION:
        raise JournalError(f"it has version {saved.version}, and this program reads {VERSION}")
    engine = Engine()
    state = engine.state
    state.now = saved.now
    state.orders = {order.key: order for order in saved.orders}
    state.live = {account: dict.fromkeys(live) for account, live in saved.live}
    state.named = {(account, name): it for account, name, it in saved.named}
    state.gates = dict(saved.gates)
    state.runs = {run.run_id: run for run in saved.runs}
    for it in saved.halts:
        state.halts[it.halt.halt_id] = replace(
            it.halt,
            legs={leg.account: leg for leg in it.legs},
            orders={(order.account.owner, order.cl_ord_id): order for order in it.orders},
        )
    state.active = dict.fromkeys(saved.active)
    for order in saved.orders:
        if order.order_id:
            state.note_names(order)
        if order.tag:
            state.tags[order.account.owner, order.tag] = None
    return engine, saved.changes


def begin(directory: Path, until: int | None = None) -> tuple[Engine, list[Change], int]:
    """The desk of the newest snapshot that can be read, and the entry it is of; 0: a new one.

    Snapshots of entries after `until` are left out.
    """
    for path in list_snapshots(directory / SNAPSHOTS):
        if until is not None and int(path.stem) > until:
            continue
        try:
            snapshot = read_snapshot(path)
            with without_collector():
                engine, changes = restore(snapshot.state)
        except JournalError as error:
            log.warning("snapshot passed over", file=str(path), why=str(error))
            continue
        return engine, changes, snapshot.seq
    return Engine(), [], 0


def make_snapshot(directory: Path) -> int | None:
    """Write a snapshot of the journal in `directory`; the entry it is of, None if nothing is new.

    Raises: JournalError: the journal cannot be read, or the snapshot not be written.
    """
    with alone(directory) as snapshots:
        engine, changes, before = begin(directory)
        seq, time = before, Nanos(0)
        with without_collector():
            for group in read_lines(directory, EMS, before):
                for entry in group:
                    engine.fold(entry.events, entry.time)
                    seq, time = entry.seq, entry.time
        if seq == before:
            return None
        changes += engine.take_changes()
        sync_newest_segment(directory)
        write_snapshot(snapshots, seq, time, take(engine, changes), {})
        return seq


if __name__ == "__main__":
    sys.exit(run("openvenue.ems.snapshots", make_snapshot, sys.argv[1:]))
