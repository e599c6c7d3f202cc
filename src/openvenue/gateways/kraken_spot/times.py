"""Times on the wire: RFC 3339 in UTC with microseconds or whole seconds, or seconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from openvenue.engine.units import SECOND, Nanos

MICRO: Final = 1_000  # in Nanos
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
RFC: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-][0-9]{2}:[0-9]{2}))"
)
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@lru_cache(maxsize=256)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def micros(time: int) -> str:
    """`time` as `2026-01-02T03:04:05.678901Z`."""
    second, rest = divmod(time, SECOND)
    return f"{_second(second)}.{rest // MICRO:06d}Z"


def whole_second(time: int) -> str:
    """`time`, which is a whole second, as `2026-01-02T03:04:05Z`."""
    return f"{_second(time // SECOND)}Z"


def seconds(time: int) -> str:
    """`time` as seconds since 1970 with a fraction, in digits of a JSON number."""
    second, rest = divmod(time, SECOND)
    return f"{second}.{rest // 100_000:04d}"


def rfc1123(time: int) -> str:
    """`time` as `Tue, 11 Nov 25 00:17:04 +0000`, in English wherever we run."""
    moment = datetime.fromtimestamp(time // SECOND, UTC)
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day}, {moment:%d} {month} {moment:%y %H:%M:%S} +0000"


def up_to_second(time: int) -> int:
    """The whole second at or after `time`, in Nanos."""
    return -(-time // SECOND) * SECOND


def read_time(text: str) -> Nanos | None:
    """The moment that an RFC 3339 text names, None if it names none. A zone is required."""
    found = RFC.fullmatch(text)
    if found is None:
        return None
    day, clock, part, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone or '+00:00'}")
        since = (moment - EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return Nanos(since * SECOND + int((part or "0").ljust(9, "0")))
