"""`openvenue fault`: what goes wrong at a running server, from a shell.

Exit code 0: done. 1: the server is not there, or cannot. 2: it was asked for something that cannot
be.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from openvenue.cli.reading import print_json, print_line
from openvenue.faults.fault import Fault, FaultError, Kind, check
from openvenue.faults.file import load_faults
from openvenue.faults.plan import Planned
from openvenue.gateways.admin.client import AdminClient


def show(as_json: bool) -> Callable[[AdminClient], None]:
    """What is planned, and how often it struck."""

    def act(client: AdminClient) -> None:
        planned = client.faults()
        if as_json:
            print_json({"faults": planned})
        elif planned:
            Console().print(_table(planned))
        else:
            print_line("Nothing is planned to go wrong.")

    return act


def add(
    kind: str | None, file: Path | None, fields: dict[str, Any], as_json: bool
) -> Callable[[AdminClient], None]:
    """Plan one fault, or those of a file."""

    def act(client: AdminClient) -> None:
        numbers = client.add_faults(_wanted(kind, file, fields))
        if as_json:
            print_json({"added": numbers})
        else:
            print_line(f"Planned: {', '.join(map(str, numbers)) or 'nothing'}.")

    return act


def remove(numbers: Sequence[int], as_json: bool) -> Callable[[AdminClient], None]:
    """Forget some."""

    def act(client: AdminClient) -> None:
        for number in numbers:
            client.remove_fault(number)
        if as_json:
            print_json({"removed": list(numbers)})
        else:
            print_line(f"Removed: {', '.join(map(str, numbers))}.")

    return act


def clear(as_json: bool) -> Callable[[AdminClient], None]:
    """Forget all."""

    def act(client: AdminClient) -> None:
        numbers = [row.id for row in client.faults()]
        client.clear_faults()
        if as_json:
            print_json({"removed": numbers})
        else:
            print_line("Everything goes well again.")

    return act


def restart(down_seconds: float, venue: str | None, as_json: bool) -> Callable[[AdminClient], None]:
    """Have the server, or one venue, go and come back."""

    def act(client: AdminClient) -> None:
        client.restart(down_seconds, venue)
        if as_json:
            print_json({"down_seconds": down_seconds, "venue": venue})
        else:
            print_line(f"{venue or 'The server'} goes, and is back after {down_seconds:g} s.")

    return act


def _wanted(kind: str | None, file: Path | None, fields: dict[str, Any]) -> Sequence[Fault]:
    """Raises: FaultError."""
    given = {name: value for name, value in fields.items() if value is not None}
    if file is not None:
        if kind is not None or given:
            raise FaultError("give a --file, or one fault with flags, not both.")
        return load_faults(file)
    if kind is None:
        raise FaultError(f"say what goes wrong: --kind is one of {', '.join(Kind)}.")
    try:
        fault = msgspec.convert({"kind": kind, **given}, Fault)
    except msgspec.ValidationError:
        raise FaultError(f"--kind is one of {', '.join(Kind)}, not {kind!r}.") from None
    try:
        check(fault)
    except FaultError as error:
        raise FaultError(f"{error}.") from None
    return [fault]


def _table(planned: Sequence[Planned]) -> Table:
    table = Table("id", "stage", "struck", "left", "kind", "what it strikes, and how")
    for row in planned:
        told = msgspec.to_builtins(row.fault)
        del told["kind"]
        rest = " ".join(f"{name}={value}" for name, value in told.items())
        left = "–" if row.left is None else str(row.left)
        table.add_row(str(row.id), row.stage, str(row.struck), left, row.fault.kind, rest)
    return table
