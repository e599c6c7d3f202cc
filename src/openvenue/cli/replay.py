"""`openvenue replay`: fold a journal again, and say what world comes of it."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from openvenue.cli import desk_journal
from openvenue.cli.reading import GOOD, desks, print_json, progress, say_why, venues
from openvenue.cli.show import as_time
from openvenue.journal.check import oldest_world
from openvenue.journal.directory import SNAPSHOTS
from openvenue.journal.errors import JournalError
from openvenue.journal.reader import newest_seq, read_groups
from openvenue.journal.records import Entry
from openvenue.journal.recover import Recovered, begin, fold


def run(
    data_dir: Path,
    *,
    venue: str | None = None,
    until: int | None = None,
    from_snapshot: bool = False,
    json: bool = False,
) -> int:
    """Fold each venue's journal up to `until` (None: all) and print the outcome; the exit status.

    With `from_snapshot` the newest snapshot is the start, as it is for the venue itself.
    """
    try:
        for name, directory in venues(data_dir, venue):
            figures = {"venue": name, **replay(directory, until, from_snapshot=from_snapshot)}
            _say(figures, json=json)
        for name, directory in desks(data_dir, venue):
            _say({"venue": name, **desk_journal.replay(directory, until)}, json=json)
    except JournalError as error:
        return say_why(error)
    return GOOD


def replay(directory: Path, until: int | None, *, from_snapshot: bool) -> dict[str, Any]:
    """What came of folding one journal. Raises: JournalError."""
    newest = newest_seq(directory)
    last = newest if until is None else min(until, newest)
    world = begin(directory / SNAPSHOTS, last) if from_snapshot else oldest_world(directory)
    start = world.seq
    events = 0
    began = time.perf_counter()
    with progress("folding", start + 1, last) as reached:

        def note(world: Recovered, group: list[Entry]) -> None:
            nonlocal events
            events += sum(len(entry.events) for entry in group)
            reached(world.seq)

        fold(world, read_groups(directory, start, last), note)
    took = time.perf_counter() - began
    state = world.engine.state
    return {
        "from_seq": start + 1,
        "last_seq": world.seq,
        "last_time": world.time,
        "entries": world.seq - start,
        "events": events,
        "entries_per_second": round((world.seq - start) / took) if took else 0,
        "accounts": len(state.accounts),
        "markets": len(state.markets),
        "open_orders": len(state.orders),
        "fingerprint": state.fingerprint(),
    }


def _say(figures: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(figures)
    else:
        _print(figures)


def _print(figures: dict[str, Any]) -> None:
    table = Table(show_header=False, title=figures["venue"], title_justify="left")
    for name, value in figures.items():
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        if name == "last_time":
            shown = as_time(value)
        table.add_row(name.replace("_", " "), shown)
    Console().print(table)
