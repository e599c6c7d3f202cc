"""Whole states on disk, so that a start need not fold the journal from its first entry.

A snapshot is a convenience: the journal is the truth, and a snapshot that cannot be used is passed
over. Only `journal.helper` writes them while a venue runs.
"""

import re
import struct
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from crc32c import crc32c
from msgspec import Struct

from openvenue.engine.units import Nanos
from openvenue.journal.disk import Disk, write_file
from openvenue.journal.errors import JournalError, explain

LOG: Final[Any] = structlog.get_logger()
VERSION: Final = 1
KEPT: Final = 2

_HEAD: Final = struct.Struct("<8sIIQ")  # magic, version, checksum of the body, bytes of the body
_MAGIC: Final = b"OVSNAP\r\n"
_NAME: Final = re.compile(r"[0-9]{20}\.snapshot")


class Snapshot(Struct, frozen=True, array_like=True):
    """The state of a venue right after one entry."""

    seq: int  # of that entry
    time: Nanos  # of that entry
    nonces: dict[str, int]  # highest one seen, by key id
    state: bytes  # as `engine.snapshot` makes it


def write_snapshot(
    directory: Path,
    seq: int,
    time: Nanos,
    state_bytes: bytes,
    nonces: dict[str, int],
    *,
    disk: Disk | None = None,
) -> Path:
    """Put a snapshot on the disk, whole or not at all, and remove all but the newest two.

    Raises: JournalError: the disk refuses.
    """
    disk = disk or Disk()
    body = msgspec.msgpack.encode(Snapshot(seq, time, nonces, state_bytes))
    path = directory / f"{seq:020d}.snapshot"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for draft in directory.glob("*.draft"):  # of a helper that died
            disk.remove(draft)
        write_file(disk, path, _HEAD.pack(_MAGIC, VERSION, crc32c(body), len(body)) + body)
        for old in list_snapshots(directory)[KEPT:]:
            disk.remove(old)
    except OSError as error:
        raise JournalError(explain(error, directory)) from error
    return path


def list_snapshots(directory: Path) -> list[Path]:
    """Files of snapshots, newest first."""
    return sorted(
        (p for p in directory.glob("*.snapshot") if _NAME.fullmatch(p.name)), reverse=True
    )


def newest_snapshot(directory: Path) -> Snapshot | None:
    """The newest one that can be read; None if there is none."""
    for path in list_snapshots(directory):
        try:
            return read_snapshot(path)
        except JournalError as error:
            LOG.warning("snapshot_passed_over", file=str(path), why=str(error))
    return None


def set_aside_newer(directory: Path, seq: int) -> None:
    """Rename snapshots of entries after `seq`, which the journal does not have.

    Their numbers will be given to other entries, and then they would look right. Raises:
    JournalError: the disk refuses.
    """
    for path in list_snapshots(directory):
        if int(path.stem) > seq:
            LOG.warning("snapshot_newer_than_journal_set_aside", file=str(path), last_seq=seq)
            try:
                path.rename(path.with_suffix(".newer"))
            except OSError as error:
                raise JournalError(explain(error, directory)) from error


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in a file. Raises: JournalError: damaged, unreadable, or of another format."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(explain(error, path.parent)) from error
    if len(data) < _HEAD.size:
        raise JournalError(f"{path} is damaged.")
    magic, version, checksum, size = _HEAD.unpack_from(data)
    body = memoryview(data)[_HEAD.size :]
    if magic != _MAGIC or (version == VERSION and (size != len(body) or checksum != crc32c(body))):
        raise JournalError(f"{path} is damaged.")
    if version != VERSION:
        raise JournalError(f"{path} has format {version}; this program reads format {VERSION}.")
    try:
        return msgspec.msgpack.decode(body, type=Snapshot)
    except msgspec.MsgspecError as error:
        raise JournalError(f"{path} is damaged.") from error
