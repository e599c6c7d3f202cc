"""The directory of a journal: who it is, which format it has, and who writes in it now."""

import errno
import fcntl
import os
import secrets
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from openvenue.journal.disk import Disk, write_file
from openvenue.journal.errors import JournalError, explain
from openvenue.journal.records import VENUE
from openvenue.journal.segments import SUFFIX, VERSION

FORMAT_FILE: Final = "format.json"
LOCK_FILE: Final = "lock"
SPARE_FILE: Final = "spare"  # the next segment, before it has a first entry
SNAPSHOTS: Final = "snapshots"


class Format(Struct, frozen=True, omit_defaults=True):
    """The content of the format file."""

    journal: int  # version of the format of the segments
    id: str  # 16 random bytes in hexadecimal; checksums start from it
    holds: str = VENUE.holds  # files of earlier versions do not say


def is_journal(directory: Path) -> bool:
    """A journal was made in `directory`."""
    return (directory / FORMAT_FILE).is_file()


def desks_in(directory: Path) -> list[Path]:
    """Journals of the other kinds at `directory` or right below it, in the order of their names."""
    places = [directory, *sorted(directory.glob("*"))]
    return [path for path in places if is_journal(path) and not _is_venue(path)]


def journals_in(directory: Path) -> list[Path]:
    """Journals of venues at `directory` or up to two levels below it, in the order of their names.

    Raises: JournalError: there is none.
    """
    found = [directory] if _is_venue(directory) else []
    for pattern in ("*", "*/*"):
        found += [path for path in sorted(directory.glob(pattern)) if _is_venue(path)]
    if not found:
        raise JournalError(f"There is no journal in {directory}: name the data directory.")
    return found


def read_id(directory: Path, holds: str = VENUE.holds) -> bytes:
    """The id of the journal.

    Raises: JournalError: there is none, or of another format, or it does not hold that.
    """
    path = directory / FORMAT_FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Format)
        journal_id = bytes.fromhex(found.id)
    except FileNotFoundError:
        if any(directory.glob(f"*{SUFFIX}")):
            raise JournalError(
                f"{path} is missing: put it back from a backup; entries cannot be read without it."
            ) from None
        raise JournalError(f"There is no journal in {directory}.") from None
    except OSError as error:
        raise JournalError(explain(error, directory)) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise JournalError(f"{path} is damaged: put it back from a backup.") from error
    if found.journal != VERSION:
        raise JournalError(
            f"The journal in {directory} has format {found.journal}, and this program reads "
            f"format {VERSION}: use the version of the program that wrote it."
        )
    if found.holds != holds:
        raise JournalError(
            f"The journal in {directory} is of the kind {found.holds}, not {holds}: name another."
        )
    return journal_id


def _is_venue(directory: Path) -> bool:
    """A journal is here, and says no other kind. What cannot be read is told when it is opened."""
    try:
        found = msgspec.json.decode((directory / FORMAT_FILE).read_bytes(), type=Format)
    except (OSError, msgspec.MsgspecError):
        return is_journal(directory)
    return found.holds == VENUE.holds


def make_directory(directory: Path, disk: Disk, holds: str = VENUE.holds) -> None:
    """Make the directory of a new journal, and give it an id. Raises: JournalError, OSError."""
    if any(directory.glob(f"*{SUFFIX}")):
        read_id(directory, holds)  # raises: segments without a format file
    directory.mkdir(parents=True, exist_ok=True)
    fresh = Format(journal=VERSION, id=secrets.token_hex(16), holds=holds)
    write_file(disk, directory / FORMAT_FILE, msgspec.json.encode(fresh) + b"\n")
    disk.sync_directory(directory.parent)


def lock(path: Path) -> int:
    """A descriptor that holds `path` as ours until it is closed, or the process ends.

    Raises: JournalError: somebody else holds it; OSError.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
        os.close(fd)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        raise JournalError(
            f"{path.parent} is in use by another process"
            + (f" (number {holder})" if holder else "")
            + ": stop it first, or name another directory."
        ) from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd
