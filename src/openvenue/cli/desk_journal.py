"""The verbs that read journals, on that of the desk: what was asked of it, and what it decided."""

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

from openvenue.cli.reading import print_json, print_line, progress
from openvenue.cli.show import as_plain, as_text, names_in, printable
from openvenue.ems import check
from openvenue.ems.commands import Command
from openvenue.ems.events import Event, OrderFound, OrderReceived
from openvenue.ems.orders import HaltId, OrderKey
from openvenue.ems.records import EMS, Entry
from openvenue.ems.report import report
from openvenue.ems.report_page import page
from openvenue.gateways.halt_words import as_json
from openvenue.journal.errors import JournalError
from openvenue.journal.reader import newest_seq, read_lines
from openvenue.journal.segments import list_segments

TYPES: Final = {kind.__name__.lower(): kind for kind in (*get_args(Command), *get_args(Event))}


def show(
    name: str,
    directory: Path,
    *,
    account: str | None,
    symbol: str | None,
    kind: str | None,
    from_seq: int | None,
    limit: int,
    json: bool,
) -> bool:
    """Print entries, the newest `limit` of them, or from `from_seq` on; whether there were any.

    Raises: JournalError.
    """
    matching = _matching(directory, account, symbol, kind)
    found: Any
    if from_seq is None:
        found = deque(matching, maxlen=limit or None)
    else:
        found = _first((it for it in matching if it.seq >= from_seq), limit)
    is_found = False
    for entry in found:
        is_found = True
        if json:
            print_json({"venue": name, **as_plain(entry)})
        else:
            print_line(_line(entry))
    return is_found


def summarize(name: str, directory: Path) -> dict[str, Any]:
    """Files of the journal, and how far it goes. Raises: JournalError."""
    segments = list_segments(directory)
    newest = newest_seq(directory, EMS.holds)
    groups = read_lines(directory, EMS, newest - 1) if newest else iter(())
    last = next((group[-1] for group in groups), None)
    return {
        "venue": name,
        "directory": str(directory),
        "first_seq": segments[0].first_seq if segments else None,
        "last_seq": newest,
        "last_time": None if last is None else last.time,
        "segments": [
            {"file": s.path.name, "first_seq": s.first_seq, "bytes": s.path.stat().st_size}
            for s in segments
        ],
        "snapshots": [],
    }


def halt_report(directory: Path, halt: str, *, json: bool) -> None:
    """Print the report of a halt, from the journal alone. Raises: JournalError."""
    engine, _ = check.folded(check.entries(directory))
    found = engine.state.halts.get(HaltId(halt))
    if found is None:
        known = ", ".join(engine.state.halts) or "none"
        raise JournalError(f"There is no halt {halt} in {directory}: there is {known}.")
    told = report(engine.state, found, None, live=())
    if json:
        print_json(as_json(told))
    else:
        print_line(page(told).rstrip())


def replay(directory: Path, until: int | None) -> dict[str, Any]:
    """What came of folding it. Raises: JournalError."""
    newest = newest_seq(directory, EMS.holds)
    last = newest if until is None else min(until, newest)
    began = time.perf_counter()
    with progress("folding", 1, last) as reached:
        engine, seq = check.folded(check.entries(directory, last), reached)
    took = time.perf_counter() - began
    state = engine.state
    return {
        "from_seq": 1,
        "last_seq": seq,
        "last_time": state.now,
        "entries": seq,
        "entries_per_second": round(seq / took) if took else 0,
        "orders": len(state.orders),
        "open_orders": sum(len(live) for live in state.live.values()),
        "cancel_alls": len(state.runs),
        "halts": len(state.halts),
        "halts_that_stand": len(state.active),
        "fingerprint": state.fingerprint(),
    }


def verify(name: str, directory: Path, until: int | None, *, json: bool) -> bool:
    """Print whether every entry is decided today as it was. Raises: JournalError."""
    newest = newest_seq(directory, EMS.holds)
    last = newest if until is None else min(until, newest)
    with progress("deciding", 1, last) as reached:
        verdict = check.verify(directory, until=last, progress=reached)
    if json:
        print_json({"venue": name, "good": verdict.is_good, **as_plain(verdict)})
    elif verdict.difference is not None:
        it = verdict.difference
        print_line(f"{name}: entry {it.entry.seq} is decided otherwise today.")
        print_line(f"  then: {_line(it.entry).strip()}")
        print_line(f"  now:  {printable(str(it.decided))}")
    elif not verdict.is_good:
        print_line(f"{name}: every entry is decided as it was, and yet what is known differs.")
    else:
        print_line(
            f"{name}: entries 1 to {verdict.last_seq} are decided today as they were then; "
            f"fingerprint {verdict.fingerprint}."
        )
    return verdict.is_good


def _matching(
    directory: Path, account: str | None, symbol: str | None, kind: str | None
) -> Iterator[Entry]:
    """Entries that are wanted for what they say."""
    wanted = None if kind is None else TYPES.get(kind.lower())
    symbols: dict[OrderKey, tuple[str, str]] = {}  # of orders: most events name only the order
    for entry in check.entries(directory):
        for event in entry.events:
            if isinstance(event, OrderReceived | OrderFound):
                names = event.terms.symbol, event.terms.common_symbol
                symbols[event.account.owner, event.cl_ord_id] = names
        told = (entry.command, *entry.events)
        if kind is not None and not any(type(it) is wanted for it in told):
            continue
        if account is not None and account not in {
            *names_in(entry, "owner"),
            *names_in(entry, "exchange_id"),
        }:
            continue
        if symbol is None or symbol in set(_symbols_in(entry, symbols)):
            yield entry


def _symbols_in(entry: Entry, symbols: dict[OrderKey, tuple[str, str]]) -> Iterator[str]:
    yield from names_in(entry, "symbol")
    for it in (entry.command, *entry.events):
        owner, cl_ord_id = getattr(it, "owner", None), getattr(it, "cl_ord_id", None)
        if owner is not None and cl_ord_id is not None:
            yield from symbols.get((owner, cl_ord_id), ())


def _first(found: Iterator[Entry], limit: int) -> Iterator[Entry]:
    for count, entry in enumerate(found, 1):
        yield entry
        if count == limit:
            return


def _line(entry: Entry) -> str:
    return as_text(entry.seq, entry.time, entry.by, entry.command, entry.events)
