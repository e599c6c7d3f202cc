"""What a benchmark says: a figure beside its target, and the limit it was measured against."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from msgspec import Struct
from rich.console import Console


class Row(Struct, kw_only=True):
    """One line of the report."""

    name: str
    what: str
    data_set: str
    target: str
    figure: str = ""
    limit: str = ""  # measured in the same run; empty where the target is absolute
    is_met: bool | None = None  # None: there is no target, or nothing was measured
    why_not: str = ""  # why nothing was measured
    runs: int = 0
    numbers: dict[str, Any] = {}


class Bench:
    """One run of the benchmarks: how thorough, where to put files, where to say what goes on."""

    def __init__(self, scratch: Path, console: Console, *, is_quick: bool) -> None:
        self.scratch = scratch
        self.is_quick = is_quick
        self._console = console
        self._made = 0

    def size(self, full: int, quick: int) -> int:
        """How much of something this run does."""
        return quick if self.is_quick else full

    def say(self, text: str) -> None:
        """What is being done now."""
        self._console.print(f"  [dim]{text}[/dim]")

    def directory(self) -> Path:
        """A new place for files, on the disk that is measured."""
        self._made += 1
        path = self.scratch / f"data-{self._made}"
        path.mkdir()
        return path

    def repeat(self, what: str, once: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
        """`once`, five times; once in a quick run."""
        results = []
        runs = self.size(5, 1)
        for number in range(runs):
            self.say(f"{what}: run {number + 1} of {runs}")
            results.append(once())
        return results


def mid(results: list[dict[str, Any]], key: str) -> float:
    """The median of one figure over runs."""
    return float(median(result[key] for result in results))


def rate(value: float) -> str:
    """A number per second, for people."""
    return f"{value / 1e3:,.1f}k/s" if value >= 1e3 else f"{value:,.0f}/s"
