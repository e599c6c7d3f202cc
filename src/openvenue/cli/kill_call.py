"""What `cancel-all` is asked for, and how it speaks: reports to standard output, else to error."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from openvenue.cli.who import who
from openvenue.ems.orders import Side
from openvenue.ems.report import Verdict
from openvenue.ems.scope import TriggerState

PROVEN, LEFT, UNKNOWN, USAGE = 0, 1, 2, 3
CODES: Final[Mapping[str, int]] = {Verdict.PROVEN: PROVEN, Verdict.LEFT: LEFT}
SILENT_SECONDS: Final = 2.0  # then the desk is gone past
POLL_SECONDS: Final = 0.1


class Options(Struct, frozen=True, kw_only=True):
    """The flags."""

    data_dir: Path
    url: str | None = None
    config: Path | None = None
    venues: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    side: str | None = None
    accounts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    keep_reduce_only: bool = False
    mine_only: bool = False
    trigger_state: str | None = None
    flatten: bool = False
    deadline_seconds: float | None = None  # None: the desk's own
    reason: str = ""
    by: str = ""
    dry_run: bool = False
    json: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """As the API takes them."""
        named: dict[str, Any] = {
            "exchange_ids": self.venues,
            "symbols": self.symbols,
            "accounts": self.accounts,
            "tags": self.tags,
            "side": None if self.side is None else self.side.upper(),
            "keep_reduce_only": self.keep_reduce_only,
            "mine_only": self.mine_only,
            "trigger_state": None if self.trigger_state is None else self.trigger_state.upper(),
            "flatten": self.flatten,
            "deadline_seconds": self.deadline_seconds,
            "reason": self.reason,
            "by": who(self.by),
            "dry_run": self.dry_run,
        }
        return {
            name: value
            for name, value in named.items()
            if value is not None and (value not in ((), "", False) or name == "deadline_seconds")
        }

    @property
    def filters(self) -> dict[str, Any]:
        """Those of orders, as a scope has them."""
        state = self.trigger_state
        return {
            "side": None if self.side is None else Side(self.side.upper()),
            "keeps_reduce_only": self.keep_reduce_only,
            "mine_only": self.mine_only,
            "trigger_state": None if state is None else TriggerState(state.upper()),
        }


def progress(halt_id: str, told: dict[str, Any], last: str) -> str:
    """One line on standard error whenever something has changed."""
    legs = ", ".join(
        f"{leg['account']} at {leg['exchange_id']}: {leg['status']}" for leg in told["accounts"]
    )
    if legs != last:
        note(f"{halt_id}  {legs}")
    return legs


def print_json(told: object) -> None:
    """For programs."""
    print(msgspec.json.encode(told).decode())


def note(line: str) -> None:
    """For whoever watches."""
    print(line, file=sys.stderr, flush=True)


def warn(warnings: Sequence[str]) -> None:
    """What a report says of names that nobody knows, to whoever does not read it."""
    for warning in warnings:
        note(f"WARNING: {warning}")


def say(why: str, code: int) -> int:
    """The last word; `code`."""
    print(f"openvenue: {why}", file=sys.stderr)
    return code
