"""What the verbs that read a data directory share: finding journals, progress, and saying no."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from openvenue.journal.directory import desks_in, journals_in
from openvenue.journal.errors import JournalError

GOOD: Final = 0
DIFFERS: Final = 1  # what was asked about is not as it should be
UNREADABLE: Final = 2  # or asked for in a way that makes no sense


def venues(data_dir: Path, venue: str | None) -> list[tuple[str, Path]]:
    """Names and journals of the venues in a data directory, or of the one that is named.

    None, where `desks` has something in their place. Raises: JournalError: there is none, or none
    of this name.
    """
    beside = desks(data_dir, None)
    is_a_desk = any(venue in (name, path.name) for name, path in beside)
    if is_a_desk or (beside and not _has_venues(data_dir)):
        return []
    found = [(_name(data_dir, path), path) for path in journals_in(data_dir)]
    if venue is None:
        return found
    named = [(name, path) for name, path in found if venue in (name, path.name)]
    if not named:
        known = ", ".join(name for name, _ in found)
        raise JournalError(f"There is no venue {venue} in {data_dir}: there is {known}.")
    return named


def desks(data_dir: Path, venue: str | None) -> list[tuple[str, Path]]:
    """The same of desks."""
    found = [(_name(data_dir, path), path) for path in desks_in(data_dir)]
    return [it for it in found if venue is None or venue in (it[0], it[1].name)]


def _has_venues(data_dir: Path) -> bool:
    try:
        return bool(journals_in(data_dir))
    except JournalError:
        return False


@contextmanager
def progress(title: str, first: int, last: int) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal from entry `first` to `last`; call the result with the one reached.

    Where standard error is no terminal, nothing is drawn.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(title, total=max(last - first + 1, 0))
        yield lambda seq: bar.update(task, completed=seq - first + 1)


def print_json(value: Any) -> None:
    """One line of JSON on standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def print_line(line: str) -> None:
    """One line of text on standard output, as it is."""
    sys.stdout.write(line + "\n")


def say(text: str) -> None:
    """One line on standard error, under our name."""
    sys.stderr.write(f"openvenue: {text}\n")


def say_why(error: JournalError) -> int:
    """The reason on standard error, and the exit status that goes with it."""
    say(str(error))
    return UNREADABLE


def _name(data_dir: Path, journal: Path) -> str:
    inside = journal.relative_to(data_dir).parts
    return inside[0] if inside else journal.resolve().name
