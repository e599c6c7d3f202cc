"""`openvenue inspect`: what a journal holds, entry by entry, also while the venue runs."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, get_args

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from openvenue.cli import desk_journal
from openvenue.cli.reading import GOOD, desks, print_json, print_line, say, say_why, venues
from openvenue.cli.show import as_line, as_plain, names_in
from openvenue.engine.commands import Command
from openvenue.engine.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderRefilled,
    OrderRested,
    OrdersCanceled,
    OrderTrimmed,
    TriggerFired,
)
from openvenue.journal.directory import SNAPSHOTS
from openvenue.journal.errors import JournalError
from openvenue.journal.reader import newest_seq, read_groups
from openvenue.journal.records import Entry
from openvenue.journal.segments import list_segments
from openvenue.journal.snapshots import list_snapshots

TYPES: Final = {kind.__name__.lower(): kind for kind in (*get_args(Command), *get_args(Event))}


class Wanted(Struct, frozen=True):
    """Which entries to show. What is None is not asked about."""

    account: str | None = None
    symbol: str | None = None
    type: str | None = None  # of the command or of an event; case does not matter
    from_seq: int | None = None  # None: the newest ones
    limit: int = 50  # 0: all

    @property
    def is_everything(self) -> bool:
        """No entry is left out for what it says."""
        return self.account is None and self.symbol is None and self.type is None


def run(
    data_dir: Path,
    *,
    venue: str | None = None,
    account: str | None = None,
    symbol: str | None = None,
    type: str | None = None,
    from_seq: int | None = None,
    limit: int = 50,
    summary: bool = False,
    halt: str | None = None,
    json: bool = False,
) -> int:
    """Print entries (`summary`: only what files there are); the exit status."""
    wanted = Wanted(account, symbol, type, from_seq, limit)
    try:
        if halt is not None:
            for _, directory in desks(data_dir, venue):
                desk_journal.halt_report(directory, halt, json=json)
            return GOOD
        if type is not None and type.lower() not in {**TYPES, **desk_journal.TYPES}:
            raise JournalError(f"There is no type {type}: PlaceOrder and Traded are two of them.")
        if limit < 0 or (from_seq is not None and from_seq < 1):
            raise JournalError("Entries are counted from 1, and a limit of 0 shows them all.")
        is_found = summary or wanted.is_everything
        for name, directory in venues(data_dir, venue):
            if not summary:
                for entry in entries(directory, wanted):
                    is_found = True
                    if json:
                        print_json({"venue": name, **as_plain(entry)})
                    else:
                        print_line(as_line(entry))
            if summary or not json:
                _print_summary(summarize(name, directory), json=json)
        for name, directory in desks(data_dir, venue):
            if not summary:
                is_found |= desk_journal.show(
                    name,
                    directory,
                    account=account,
                    symbol=symbol,
                    kind=type,
                    from_seq=from_seq,
                    limit=limit,
                    json=json,
                )
            if summary or not json:
                _print_summary(desk_journal.summarize(name, directory), json=json)
    except JournalError as error:
        return say_why(error)
    if not is_found:
        asked = {"account": account, "symbol": symbol, "type": type}
        about = ", ".join(f"{name} {value}" for name, value in asked.items() if value is not None)
        say(f"No entry is about {about}.")
    return GOOD


def entries(directory: Path, wanted: Wanted) -> Iterable[Entry]:
    """The entries that are wanted, oldest first. Raises: JournalError."""
    if wanted.from_seq is not None:
        return _first(_matching(directory, wanted, wanted.from_seq - 1), wanted.limit)
    newest = newest_seq(directory)
    after = _before_first(directory)
    if wanted.is_everything and wanted.limit:
        after = max(newest - wanted.limit, after)
    return deque(_matching(directory, wanted, after), maxlen=wanted.limit or None)


def summarize(name: str, directory: Path) -> dict[str, Any]:
    """Files of a journal, and from when to when it goes. Raises: JournalError."""
    segments = list_segments(directory)
    newest = newest_seq(directory)
    last = next((g[-1] for g in read_groups(directory, newest - 1)), None) if newest else None
    return {
        "venue": name,
        "directory": str(directory),
        "first_seq": segments[0].first_seq if segments else None,
        "last_seq": newest,
        "last_time": last.time if last is not None else None,
        "segments": [
            {"file": s.path.name, "first_seq": s.first_seq, "bytes": s.path.stat().st_size}
            for s in segments
        ],
        "snapshots": [
            {"file": path.name, "seq": int(path.stem), "bytes": path.stat().st_size}
            for path in list_snapshots(directory / SNAPSHOTS)
        ],
    }


def _matching(directory: Path, wanted: Wanted, after: int) -> Iterator[Entry]:
    """Entries after `after` that are wanted for what they say."""
    symbols: dict[int, str] = {}  # of orders: most events name only the order
    start = _before_first(directory) if wanted.symbol is not None else after
    for group in read_groups(directory, start):
        for entry in group:
            if wanted.symbol is not None:
                _learn(symbols, entry)
            if entry.seq > after and _matches(entry, wanted, symbols):
                yield entry


def _matches(entry: Entry, wanted: Wanted, symbols: dict[int, str]) -> bool:
    if wanted.account is not None and wanted.account not in names_in(entry, "account"):
        return False
    if wanted.type is not None:
        kind = TYPES.get(wanted.type.lower())
        if not any(type(value) is kind for value in (entry.command, *entry.events)):
            return False
    return (
        wanted.symbol is None
        or wanted.symbol in names_in(entry, "symbol")
        or any(symbols.get(order_id) == wanted.symbol for order_id in _order_ids(entry))
    )


def _learn(symbols: dict[int, str], entry: Entry) -> None:
    for event in entry.events:
        if isinstance(event, OrderAccepted):
            symbols[event.order.order_id] = event.order.symbol


def _order_ids(entry: Entry) -> Iterator[int]:
    for event in entry.events:
        if isinstance(
            event, OrderCanceled | OrderRested | OrderRefilled | OrderTrimmed | TriggerFired
        ):
            yield event.order_id
        elif isinstance(event, OrdersCanceled):
            yield from event.order_ids


def _first(found: Iterable[Entry], limit: int) -> Iterator[Entry]:
    for count, entry in enumerate(found, 1):
        yield entry
        if count == limit:
            return


def _before_first(directory: Path) -> int:
    return next((segment.first_seq for segment in list_segments(directory)), 1) - 1


def _print_summary(found: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(found)
        return
    title = f"{found['venue']}: entries {found['first_seq'] or 0} to {found['last_seq']}"
    table = Table("file", "from entry", "bytes", title=title, title_justify="left")
    for row in found["segments"]:
        table.add_row(row["file"], str(row["first_seq"]), f"{row['bytes']:,}")
    for row in found["snapshots"]:
        table.add_row(row["file"], str(row["seq"]), f"{row['bytes']:,}")
    Console().print(table)
