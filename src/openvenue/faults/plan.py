"""Which faults are planned, and which of them a request meets.

A plan is an argument of the door and of the exchange port. Nobody asks whether faults are "on":
where `is_armed` is false there is nothing to meet, and that is all that a request pays.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from random import Random
from typing import Final, Protocol

import structlog
from msgspec import Struct

from openvenue.faults.fault import APIS, AT_PORT, Fault, FaultError, Kind, check

SECOND: Final = 1_000_000_000
ALL: Final = "all"  # in the counts: what strikes every API at once
PLANNED_MAX: Final = 1_000  # those that are over among them

log = structlog.get_logger(__name__)


class Stage(StrEnum):
    """Where a fault is in its life."""

    WAITING = "waiting"  # its time has not come
    ARMED = "armed"
    OVER = "over"  # it struck as often as it was to, or its time has passed


class Strike(Struct, frozen=True):
    """A fault met by one request, message or command."""

    number: int
    fault: Fault
    delay_seconds: float  # drawn, where there is a range

    @property
    def label(self) -> str:
        """For the request log."""
        return f"{self.number} {self.fault.kind}"


class Planned(Struct, frozen=True):
    """A fault as it stands."""

    id: int
    stage: Stage
    struck: int
    left: int | None  # None: as often as it matches
    fault: Fault


class Known(Protocol):
    """What is served."""

    def check(self, fault: Fault) -> None:
        """Nothing, if `fault` can strike something. Raises: FaultError."""


class FaultPlan:
    """Faults in the order in which they were planned: the first that matches is met.

    `clock` tells market time in nanoseconds: windows move with a virtual clock. `machine` tells the
    machine's, for what shuts out whoever could move the other.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        clock: Callable[[], int] = time.monotonic_ns,
        machine: Callable[[], int] = time.monotonic_ns,
        apis: Sequence[str] = APIS,
    ) -> None:
        self.is_armed = False  # something may go wrong
        self._known: Known | None = None
        self.struck: Counter[tuple[str, str]] = Counter()  # by API and kind, removed ones, too
        self.changed: Callable[[], None] = lambda: None  # called when it has
        self._clock = clock
        self._machine = machine
        self._apis = tuple(apis)
        self._rows: list[_Row] = []
        self._next = 1
        self.add(faults)

    def add(self, faults: Iterable[Fault]) -> list[int]:
        """Plan these as well; their numbers. Raises: FaultError: none of them is planned."""
        wanted = list(faults)
        for fault in wanted:
            check(fault, self._apis)
            if self._known is not None:
                self._known.check(fault)
        if len(self._rows) + len(wanted) > PLANNED_MAX:
            raise FaultError(f"a plan holds {PLANNED_MAX} faults: remove those that are over")
        numbers = []
        for fault in wanted:
            clock = self._machine if fault.kind in AT_PORT else self._clock
            self._rows.append(_Row(self._next, fault, clock))
            numbers.append(self._next)
            self._next += 1
        self._look()
        self.changed()
        return numbers

    def know(self, known: Known) -> None:
        """From now on a fault that nothing here could meet is refused.

        Raises: FaultError: one of those that are planned.
        """
        for row in self._rows:
            known.check(row.fault)
        self._known = known

    def remove(self, number: int) -> bool:
        """Forget one fault; whether there was one of this number."""
        kept = [row for row in self._rows if row.number != number]
        was_there = len(kept) < len(self._rows)
        self._rows = kept
        self._look()
        self.changed()
        return was_there

    def clear(self) -> None:
        """Forget all: everything goes well again."""
        self._rows = []
        self._look()
        self.changed()

    def planned(self) -> list[Planned]:
        """Each fault and how often it struck."""
        return [row.view() for row in self._rows]

    def has(self, kinds: Collection[Kind]) -> bool:
        """Whether a fault of these kinds may strike, now or later."""
        if not self.is_armed:
            return False
        return any(it.fault.kind in kinds and it.stage() is not Stage.OVER for it in self._rows)

    def take(
        self, kinds: Collection[Kind], api: str, account: str, path: str, names: Sequence[str]
    ) -> Strike | None:
        """The first of these kinds that is met here, counted as struck; None: all goes well.

        `names` is what the request goes by: the method of HTTP, the names in a message, or the
        name of a command.
        """
        if not self.is_armed:
            return None
        for row in self._rows:
            if row.fault.kind in kinds and row.strikes(api, account, path, names):
                self.struck[api, row.fault.kind] += 1
                strike = Strike(row.number, row.fault, row.delay())
                log.info(
                    "fault on purpose",
                    fault=row.number,
                    kind=str(row.fault.kind),
                    api=api,
                    account=account,
                    of=path or "/".join(names),
                )
                self._look()
                return strike
        self._look()
        return None

    def close_port(self) -> float | None:
        """For how many seconds nobody is to listen, from now on, counted as struck; None: do."""
        for row in self._rows:
            if row.fault.kind in AT_PORT and row.strikes("", "", "", ()):
                self.struck[ALL, row.fault.kind] += 1
                log.info("fault on purpose", fault=row.number, kind=str(row.fault.kind))
                self._look()
                return row.seconds_left
        return None

    def seconds_to_close_port(self) -> float | None:
        """Until nobody is to listen; None: it is not planned."""
        waits = [
            row.seconds_to_begin
            for row in self._rows
            if row.fault.kind in AT_PORT and row.stage() is not Stage.OVER
        ]
        return min(waits, default=None)

    def _look(self) -> None:
        self.is_armed = any(row.stage() is not Stage.OVER for row in self._rows)


class _Row:
    """A fault, its own chance, and what has become of it."""

    def __init__(self, number: int, fault: Fault, clock: Callable[[], int]) -> None:
        self.number = number
        self.fault = fault
        self._clock = clock
        self._pattern = None if fault.path is None else re.compile(fault.path)
        self._chance = Random(fault.seed)
        self._begins = clock() + int(fault.from_seconds * SECOND)
        self._ends = self._begins + int(fault.for_seconds * SECOND)
        self._struck = 0

    @property
    def seconds_to_begin(self) -> float:
        """Until its time comes."""
        return max(self._begins - self._clock(), 0) / SECOND

    @property
    def seconds_left(self) -> float:
        """Until its time has passed."""
        return max(self._ends - self._clock(), 0) / SECOND

    def stage(self) -> Stage:
        """Where it is in its life."""
        fault, now = self.fault, self._clock()
        if fault.count and self._struck >= fault.count:
            return Stage.OVER
        if now < self._begins:
            return Stage.WAITING
        return Stage.OVER if fault.for_seconds and now >= self._ends else Stage.ARMED

    def strikes(self, api: str, account: str, path: str, names: Sequence[str]) -> bool:
        """Whether it happens to this one; if so, it is counted."""
        fault = self.fault
        if self.stage() is not Stage.ARMED:
            return False
        if fault.api is not None and fault.api != api:
            return False
        if fault.account is not None and fault.account != account:
            return False
        if fault.method is not None and fault.method not in names:
            return False
        if self._pattern is not None and self._pattern.fullmatch(path) is None:
            return False
        if fault.probability < 1 and self._chance.random() >= fault.probability:
            return False
        self._struck += 1
        return True

    def delay(self) -> float:
        """How long, this time."""
        least, most = self.fault.delay_seconds, self.fault.delay_max_seconds
        return self._chance.uniform(least, most) if most > least else least

    def view(self) -> Planned:
        """As it stands."""
        count = self.fault.count
        left = count - self._struck if count else None
        return Planned(self.number, self.stage(), self._struck, left, self.fault)
