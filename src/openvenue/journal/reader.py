"""Reading a journal from its files, also while another process writes in it.

A reader takes no lock and changes nothing. It sees whole groups only: what comes behind the last
whole group is either being written, or the torn tail of a writer that died.
"""

from collections.abc import Iterator
from pathlib import Path

from openvenue.journal.directory import read_id
from openvenue.journal.errors import JournalError, explain
from openvenue.journal.records import VENUE, Entry, Kind, L
from openvenue.journal.segments import (
    HEADER_BYTES,
    Group,
    Segment,
    any_group_behind,
    decode_group,
    groups_from,
    has_header,
    is_blank,
    list_segments,
)

_GLANCES = 5  # at a tail that changes while we read it


def damaged(path: Path, offset: int, seq: int) -> JournalError:
    """The refusal of a bad middle."""
    return JournalError(
        f"{path} is damaged at byte {offset}, where entry {seq} should begin, and entries follow "
        "behind it: nothing was changed. Put the file back from a backup, or see "
        '"A bad middle" in docs/journal.md.'
    )


def read_groups(
    directory: Path, after_seq: int = 0, until: int | None = None
) -> Iterator[list[Entry]]:
    """Entries after `after_seq` up to `until` (None: the newest whole group), a group at a time.

    Raises: JournalError: entries are missing or damaged, or the files cannot be read.
    """
    return read_lines(directory, VENUE, after_seq, until)


def read_lines(
    directory: Path, kind: Kind[L], after_seq: int = 0, until: int | None = None
) -> Iterator[list[L]]:
    """As `read_groups`, of a journal of any kind."""
    journal_id = read_id(directory, kind.holds)
    segments = list_segments(directory)
    last_seq = after_seq
    if segments and segments[0].first_seq > after_seq + 1:
        raise JournalError(
            f"Entries {after_seq + 1} to {segments[0].first_seq - 1} are not in {directory}: put "
            "archived segments back, or start from a newer snapshot."
        )
    start = max((i for i, s in enumerate(segments) if s.first_seq <= after_seq + 1), default=0)
    for place in range(start, len(segments)):
        is_last = place + 1 == len(segments)
        data, groups = read_segment(segments[place], journal_id, is_last=is_last)
        for group in groups:
            last_seq = group.first_seq + group.entries - 1
            if last_seq <= after_seq:
                continue
            if until is not None and group.first_seq > until:
                return
            entries = decode_group(data, group, kind)
            skipped = max(after_seq + 1 - group.first_seq, 0)
            wanted = len(entries) if until is None else until + 1 - group.first_seq
            yield entries[skipped:wanted]
        if not is_last and last_seq + 1 != segments[place + 1].first_seq:
            raise damaged(segments[place].path, groups[-1].end, last_seq + 1)
    if until is not None and last_seq < until:
        raise JournalError(f"Entries {last_seq + 1} to {until} are missing in {directory}.")


def read_segment(
    segment: Segment, journal_id: bytes, *, is_last: bool
) -> tuple[bytes, list[Group]]:
    """The bytes of a segment, and where its whole groups lie in them.

    Raises: JournalError: there is more behind the first place that is not a whole group.
    """
    for _ in range(_GLANCES):
        try:
            data = segment.path.read_bytes()
        except OSError as error:
            raise JournalError(explain(error, segment.path.parent)) from error
        groups: list[Group] = []
        end = 0
        if has_header(data, journal_id, segment):
            groups += groups_from(data, HEADER_BYTES, segment.first_seq, journal_id)
            end = groups[-1].end if groups else HEADER_BYTES
        if is_blank(data, end) and (is_last or groups):
            return data, groups
        if not is_last:
            break
        if not any_group_behind(data, end, journal_id):
            return data, groups
        # A group that was half there a moment ago may be whole now, with the next one behind it.
    next_seq = groups[-1].first_seq + groups[-1].entries if groups else segment.first_seq
    raise damaged(segment.path, end, next_seq)


def newest_seq(directory: Path, holds: str = VENUE.holds) -> int:
    """Sequence of the newest whole entry; 0 if there is none.

    Raises: JournalError: the newest segment is damaged or cannot be read.
    """
    journal_id = read_id(directory, holds)
    for segment in reversed(list_segments(directory)):
        _, groups = read_segment(segment, journal_id, is_last=True)
        if groups:
            return groups[-1].first_seq + groups[-1].entries - 1
    return 0
