"""What the operator of a venue tells its clients: news, and when the venue will not be there."""

from enum import IntEnum

from msgspec import Struct

from openvenue.engine.units import Nanos


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
