"""What time it is for a market, and when to wake up. Nothing else in a venue asks the machine.

Market time is what rules live on: the machine's time plus an offset. A `RealClock` goes on
by itself; a `VirtualClock` stands still until somebody advances it, so its offset changes.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count
from typing import Final, Protocol

from openvenue.engine.units import SECOND, Nanos

LONGEST_NAP: Final = 60 * SECOND  # the machine's clock may be set forward while we sleep


class Clock(Protocol):
    """Where an exchange and its gateways get the time from."""

    def wall(self) -> Nanos:
        """The machine's time: what honest clients have on their own clocks."""

    def now(self) -> Nanos:
        """Market time: `wall() + offset`. It may step back with the machine's clock."""

    @property
    def offset(self) -> Nanos:
        """How far market time is ahead of the machine's."""

    def call_at(self, when: Nanos, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` once around market time `when`, perhaps early; the result forgets about it.

        Who is woken early looks at the time and asks again.
        """


class RealClock:
    """The machine's clock, plus what a market is ahead of it. `call_at` needs a running loop."""

    def __init__(self, offset: int = 0) -> None:
        self._offset = Nanos(offset)

    def wall(self) -> Nanos:
        """The machine's time."""
        return Nanos(time.time_ns())

    def now(self) -> Nanos:
        """Market time."""
        return Nanos(time.time_ns() + self._offset)

    @property
    def offset(self) -> Nanos:
        """As given, or as `reach` found necessary."""
        return self._offset

    def reach(self, now: Nanos) -> None:
        """Be at `now` or later: a market whose time was moved ahead goes on from there."""
        self._offset = Nanos(max(self._offset, now - self.wall()))

    def call_at(self, when: Nanos, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` at `when`, or after `LONGEST_NAP` if that comes first."""
        nap = min(max(when - self.now(), 0), LONGEST_NAP)
        return asyncio.get_running_loop().call_later(nap / SECOND, wake).cancel


class VirtualClock:
    """Time that moves only when told to, and wakes those for whom the moment has come.

    `machine` is what honest clients have on their clocks; it stands still at `start` if not given.
    """

    def __init__(self, start: Nanos, machine: Callable[[], int] | None = None) -> None:
        self._now = start
        self._machine = machine if machine is not None else lambda: start
        self._sleepers: list[tuple[Nanos, int]] = []  # by when, then by who asked first
        self._wakes: dict[int, Callable[[], None]] = {}
        self._tickets = count()

    def wall(self) -> Nanos:
        """The machine's time, real or still."""
        return Nanos(self._machine())

    def now(self) -> Nanos:
        """Market time."""
        return self._now

    @property
    def offset(self) -> Nanos:
        """What `advance` has added, less what the machine's clock has gone on by itself."""
        return Nanos(self._now - self._machine())

    def reach(self, now: Nanos) -> None:
        """Be at `now` or later."""
        self.advance(max(0, now - self._now))

    def advance(self, nanos: int) -> None:
        """Move time forward; wake, in order of their time, all who waited for what has passed."""
        assert nanos >= 0, "market time does not go back"
        self._now = Nanos(self._now + nanos)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, ticket = heapq.heappop(self._sleepers)
            wake = self._wakes.pop(ticket, None)
            if wake is not None:
                wake()

    def call_at(self, when: Nanos, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` from the `advance` that reaches `when`, or from the loop if that is past."""
        if when <= self._now:
            return asyncio.get_running_loop().call_soon(wake).cancel
        ticket = next(self._tickets)
        heapq.heappush(self._sleepers, (when, ticket))
        self._wakes[ticket] = wake

        def forget() -> None:
            self._wakes.pop(ticket, None)

        return forget
