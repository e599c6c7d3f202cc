"""What the operator of a venue tells its clients: news, and when the venue will not be there."""

from enum import IntEnum
from typing import Final

from msgspec import Struct

from openvenue.engine.instruments import Mode
from openvenue.engine.units import SECOND, Nanos, Symbol

MINUTE: Final = 60 * SECOND


class NoticeKind(IntEnum):
    """What a notice is about. Numbers are journaled: append only."""

    GENERAL = 1
    MAINTENANCE = 2
    MARKET = 3
    SETTLEMENT = 4
    NEW_FEATURE = 5
    BUG_FIX = 6


class Priority(IntEnum):
    """How much it matters; HIGH: the API will not be there. Numbers are journaled: append only."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Notice(Struct, frozen=True, array_like=True, gc=False):
    """One notice, as long as it stands."""

    notice_id: int
    kind: NoticeKind
    priority: Priority
    text: str
    effective: Nanos | None = None
    downtime_minutes: int | None = None  # expected
    closes: Mode | None = None  # what markets go into then, and come back from; None: nothing
    symbols: tuple[Symbol, ...] = ()  # of those markets; none: all

    @property
    def ends(self) -> int:
        """When the markets that it closes open again."""
        assert self.effective is not None and self.downtime_minutes is not None, "it closes some"
        return self.effective + self.downtime_minutes * MINUTE
