"""`openvenue verify`: decide every command of a journal again, and compare."""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from openvenue.cli import desk_journal
from openvenue.cli.reading import (
    DIFFERS,
    GOOD,
    desks,
    print_json,
    print_line,
    progress,
    say_why,
    venues,
)
from openvenue.cli.show import as_line, as_plain, printable
from openvenue.journal.check import Verdict, oldest_world, verify
from openvenue.journal.errors import JournalError
from openvenue.journal.reader import newest_seq


def run(
    data_dir: Path, *, venue: str | None = None, until: int | None = None, json: bool = False
) -> int:
    """Verify each venue's journal up to `until` (None: all), print the verdict; the exit status.

    Status 0: every entry is decided today as it was then. Status 1: one is not.
    """
    status = GOOD
    try:
        for name, directory in venues(data_dir, venue):
            newest = newest_seq(directory)
            last = newest if until is None else min(until, newest)
            with progress("deciding", oldest_world(directory).seq + 1, last) as reached:
                verdict = verify(
                    directory, until=last, progress=lambda world, _: reached(world.seq)
                )
            if not verdict.is_good:
                status = DIFFERS
            if json:
                print_json(_as_plain(name, verdict))
            else:
                _print(name, verdict)
        for name, directory in desks(data_dir, venue):
            if not desk_journal.verify(name, directory, until, json=json):
                status = DIFFERS
    except JournalError as error:
        return say_why(error)
    return status


def _as_plain(name: str, verdict: Verdict) -> dict[str, Any]:
    plain = {"venue": name, "good": verdict.is_good, **as_plain(verdict)}
    difference = verdict.difference
    if difference is not None:
        plain["difference"] = {
            "seq": difference.entry.seq,
            "entry": as_plain(difference.entry),
            "decided": as_plain(difference.decided),
        }
    return plain


def _print(name: str, verdict: Verdict) -> None:
    difference = verdict.difference
    if difference is not None:
        print_line(f"{name}: entry {difference.entry.seq} is decided otherwise today.")
        print_line(f"  then: {as_line(difference.entry).strip()}")
        decided = difference.decided
        if isinstance(decided, str):
            print_line(f"  now:  {printable(decided)}")
        else:
            now = replace(difference.entry, events=tuple(decided))
            print_line(f"  now:  {as_line(now).strip()}")
    elif not verdict.is_good:
        print_line(f"{name}: every entry is decided as it was, and yet the worlds differ.")
        print_line(f"  folded:  {verdict.fingerprint}")
        print_line(f"  decided: {verdict.decided_fingerprint}")
    else:
        print_line(
            f"{name}: entries {verdict.first_seq} to {verdict.last_seq} are decided today as they "
            f"were then; fingerprint {verdict.fingerprint}."
        )
