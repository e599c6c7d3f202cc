"""A clock that stands still until a test moves it."""

from typing import Final

from openvenue.engine.units import SECOND, Nanos
from openvenue.exchange.clock import VirtualClock

START: Final = Nanos(1_767_225_600 * SECOND)  # 2026-01-01T00:00:00Z, a Thursday


def still_clock(start: Nanos = START) -> VirtualClock:
    """A virtual clock at `start`; the machine's time, as it tells it, stands there, too."""
    return VirtualClock(start)
