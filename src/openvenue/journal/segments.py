"""How bytes lie in the files of a journal. `docs/journal.md` draws it.

A segment is a header and then groups, one behind the other; zeros follow to its end. A group is a
head and one msgpack list of entries, under one checksum. Checksums start from the journal's own
random id, so bytes that a client sent inside an order can never look like a group.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

import msgspec
from crc32c import crc32c

from openvenue.journal.errors import JournalError
from openvenue.journal.records import Kind, L, Line

VERSION: Final = 1
SEGMENT_BYTES: Final = 16 * 2**20
SUFFIX: Final = ".journal"

_MAGIC: Final = b"OVENUE\r\n"
_HEADER: Final = Struct("<8sI16sQI")  # magic, version, journal id, first sequence, checksum
HEADER_BYTES: Final = 64

_MARK: Final = b"\xf6OVG"  # not UTF-8, so no text contains it
_HEAD: Final = Struct("<4sIIIQ")  # mark, bytes of entries, checksum, count, first sequence
_CHECKED: Final = Struct("<IIQ")  # what the checksum covers beside the entries
HEAD_BYTES: Final = _HEAD.size
GROUP_BYTES_MAX: Final = 2**32 - 1

_ENCODER: Final = msgspec.msgpack.Encoder()


class Segment(NamedTuple):
    """One file of a journal; its name says with which entry it begins."""

    path: Path
    first_seq: int


class Group(NamedTuple):
    """Where one good group lies in the bytes of its segment."""

    first_seq: int
    entries: int
    start: int  # of its head
    end: int


def segment_path(directory: Path, first_seq: int) -> Path:
    """The file whose first entry is `first_seq`."""
    return directory / f"{first_seq:020d}{SUFFIX}"


def list_segments(directory: Path) -> list[Segment]:
    """The segments of a journal, oldest first. Raises: JournalError: a name is not ours."""
    found = []
    for path in directory.glob(f"*{SUFFIX}"):
        if not path.stem.isdecimal():
            raise JournalError(f"{path} is not a segment of a journal: move it elsewhere.")
        found.append(Segment(path, int(path.stem)))
    return sorted(found, key=lambda segment: segment.first_seq)


def encode_header(journal_id: bytes, first_seq: int) -> bytes:
    """The first bytes of a segment."""
    plain = _HEADER.pack(_MAGIC, VERSION, journal_id, first_seq, 0)
    checksum = crc32c(plain)
    return _HEADER.pack(_MAGIC, VERSION, journal_id, first_seq, checksum).ljust(HEADER_BYTES, b"\0")


def has_header(data: bytes, journal_id: bytes, segment: Segment) -> bool:
    """The segment begins with a whole header; False if the disk has none, or a torn one.

    Raises: JournalError: there is one, and it is not that of this segment of this journal.
    """
    if len(data) < HEADER_BYTES:
        return False
    magic, version, found_id, found_seq, checksum = _HEADER.unpack_from(data)
    if magic != _MAGIC or checksum != crc32c(_HEADER.pack(magic, version, found_id, found_seq, 0)):
        return False
    if version != VERSION:
        raise JournalError(
            f"{segment.path} has format {version}, and this program reads format {VERSION}: use "
            "the version of the program that wrote it."
        )
    if found_id != journal_id or found_seq != segment.first_seq:
        raise JournalError(
            f"{segment.path} is not the file that was written under this name (it begins with "
            f"entry {found_seq} of journal {found_id.hex()}): put the right one back."
        )
    return True


def encode_group(entries: Sequence[Line], journal_id: bytes) -> bytearray:
    """One group, head and all. Raises: OverflowError: a number does not fit in 64 bits."""
    data = bytearray(HEAD_BYTES)
    _ENCODER.encode_into(entries, data, HEAD_BYTES)
    size = len(data) - HEAD_BYTES
    if size > GROUP_BYTES_MAX:
        raise OverflowError("a group is larger than 4 GiB")
    checksum = _checksum(memoryview(data)[HEAD_BYTES:], len(entries), entries[0].seq, journal_id)
    _HEAD.pack_into(data, 0, _MARK, size, checksum, len(entries), entries[0].seq)
    return data


def decode_group(data: bytes, group: Group, kind: Kind[L]) -> list[L]:
    """The entries of a group. Raises: JournalError: a newer program wrote something else here."""
    try:
        return kind.decoder.decode(memoryview(data)[group.start + HEAD_BYTES : group.end])
    except msgspec.MsgspecError as error:
        raise JournalError(
            f"Entries from {group.first_seq} on hold what this program does not know ({error}): "
            "use the version of the program that wrote them, or a newer one."
        ) from error


def group_at(data: bytes, start: int, journal_id: bytes) -> Group | None:
    """The whole and undamaged group that begins at `start`, or None."""
    if start + HEAD_BYTES > len(data):
        return None
    mark, size, checksum, count, first_seq = _HEAD.unpack_from(data, start)
    end = start + HEAD_BYTES + size
    if mark != _MARK or end > len(data):
        return None
    content = memoryview(data)[start + HEAD_BYTES : end]
    if checksum != _checksum(content, count, first_seq, journal_id):
        return None
    return Group(first_seq, count, start, end)


def groups_from(data: bytes, start: int, next_seq: int, journal_id: bytes) -> Iterator[Group]:
    """Good groups that follow on one another from `start` on, up to the first that does not."""
    while (group := group_at(data, start, journal_id)) and group.first_seq == next_seq:
        yield group
        start = group.end
        next_seq += group.entries


def is_blank(data: bytes, start: int) -> bool:
    """Nothing was ever written from `start` on."""
    return data.count(0, start) == len(data) - start


def any_group_behind(data: bytes, start: int, journal_id: bytes) -> bool:
    """A good group lies somewhere from `start` on: what is bad before it is not a torn tail."""
    while (start := data.find(_MARK, start)) >= 0:
        if group_at(data, start, journal_id):
            return True
        start += 1
    return False


def _checksum(content: memoryview, count: int, first_seq: int, journal_id: bytes) -> int:
    seed = crc32c(_CHECKED.pack(len(content), count, first_seq), crc32c(journal_id))
    return int(crc32c(content, seed))
