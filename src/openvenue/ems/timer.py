"""Where the desk gets the time from: the machine's for its journal, a monotonic one for waiting."""

import asyncio
import time
from typing import Protocol

from openvenue.engine.units import Nanos


class Timer(Protocol):
    """Both times, and how to wait. Market time of a venue is none of the desk's business."""

    def wall(self) -> Nanos:
        """The machine's time."""

    def monotonic(self) -> float:
        """Seconds that nobody sets back."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many of them."""


class RealTimer:
    """The machine's clocks."""

    def wall(self) -> Nanos:
        """The machine's time."""
        return Nanos(time.time_ns())

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let others go on."""
        await asyncio.sleep(seconds)
