"""Halts left as files while the desk was silent: read before anything is taken, and while it runs.

A marker is written whole or not at all. One that cannot be read means that somebody wanted a halt
and nobody knows of what: then of everything.
"""

import os
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.orders import HaltId
from openvenue.ems.scope import Names, Scope
from openvenue.engine.units import Nanos
from openvenue.journal.disk import Disk, write_file

log = structlog.get_logger(__name__)

FOLDER: Final = "halts"
SUFFIX: Final = ".halt"
TAKEN: Final = ".taken"  # the desk has it in its journal
RELEASED: Final = ".released"  # it was ended before the desk saw it


class Marker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One halt, as whoever pulled the switch meant it."""

    halt_id: HaltId
    time: Nanos
    scope: Scope
    by: str
    reason: str
    flatten: bool
    deadline_seconds: float
    names: Names | None = None  # as whoever pulled wrote them

    @property
    def trigger(self) -> Trigger:
        """For the journal."""
        return Trigger(origin=Origin.MARKER, by=self.by, reason=self.reason)


def folder_of(desk: Path) -> Path:
    """Where markers for the desk that keeps its journal in `desk` are."""
    return desk / FOLDER


def leave(folder: Path, marker: Marker) -> Path:
    """Write a marker; it is durable when this returns. Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{marker.halt_id}{SUFFIX}"
    write_file(Disk(), path, msgspec.json.encode(marker) + b"\n")
    return path


def read(folder: Path) -> list[Marker]:
    """Markers that nobody has taken, oldest name first."""
    return [_read(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]


def set_aside(folder: Path, halt_id: HaltId, suffix: str) -> None:
    """Keep a marker as a record: it was taken, or released."""
    path = folder / f"{halt_id}{SUFFIX}"
    if path.exists():
        path.rename(path.with_suffix(suffix))


def _read(path: Path) -> Marker:
    halt_id = HaltId(path.stem)
    try:
        marker = msgspec.json.decode(path.read_bytes(), type=Marker)
    except (OSError, msgspec.MsgspecError) as error:
        log.error("a marker that cannot be read halts everything", file=str(path), why=str(error))
        return Marker(
            halt_id=halt_id,
            time=Nanos(0),
            scope=Scope(),
            by="a marker that cannot be read",
            reason=str(path),
            flatten=False,
            deadline_seconds=30.0,
        )
    return msgspec.structs.replace(marker, halt_id=halt_id)


class Markers:
    """A folder that is looked at often; nearly always nothing has changed."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._seen = -1

    def have_come(self) -> bool:
        """Whether there may be new ones."""
        if self.folder is None:
            return False
        try:
            changed = os.stat(self.folder).st_mtime_ns
        except FileNotFoundError:
            return False
        return changed != self._seen

    def take(self) -> list[Marker]:
        """Those that are there."""
        if self.folder is None:
            return []
        try:
            self._seen = os.stat(self.folder).st_mtime_ns  # before: what comes now is seen next
        except FileNotFoundError:
            return []
        return read(self.folder)
