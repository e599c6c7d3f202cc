"""Faults on purpose: what a plan says goes wrong with which requests. Empty plans cost nothing."""

import re
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct


class Harm(StrEnum):
    """What is done to a request that a fault matches."""

    NONE = "none"  # only the delay
    CLOSE = "close"  # the connection closes and the request is not handled
    LOSE_REPLY = "lose_reply"  # it is handled, and the connection closes in place of the reply
    STATUS = "status"  # it is not handled, and answered with `status` and `body`


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong, `count` times."""

    path: str  # a regular expression that the whole path must match
    method: str | None = None  # None: any
    count: int | None = 1  # None: for ever
    delay_seconds: float = 0.0  # before anything else happens
    harm: Harm = Harm.NONE
    status: int = 503
    body: str = ""
    content_type: str = "text/plain"


class FaultPlan:
    """The faults still to come, in the order in which they are tried."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._rows: list[_Row] = []
        self.replace(faults)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def replace(self, faults: Sequence[Fault]) -> None:
        """Forget the plan and follow `faults`. Raises: ValueError: a path that is no expression."""
        rows = []
        for fault in faults:
            try:
                rows.append(_Row(fault, re.compile(fault.path)))
            except re.error as error:
                raise ValueError(f"not a regular expression: {fault.path!r} ({error})") from None
        self._rows = rows

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that matches, counted as done; None: this request goes well."""
        for row in self._rows:
            fault = row.fault
            if fault.method is not None and fault.method != method:
                continue
            if row.pattern.fullmatch(path) is None:
                continue
            row.done += 1
            if row.left == 0:
                self._rows.remove(row)
            return fault
        return None

    def left(self) -> list[tuple[Fault, int | None]]:
        """Each fault with the number of times that it is still to happen (None: for ever)."""
        return [(row.fault, row.left) for row in self._rows]


class _Row:
    """A fault and how often it has happened."""

    def __init__(self, fault: Fault, pattern: re.Pattern[str]) -> None:
        self.fault = fault
        self.pattern = pattern
        self.done = 0

    @property
    def left(self) -> int | None:
        return None if self.fault.count is None else self.fault.count - self.done
