"""Times on the wire: ISO-8601 in UTC with exactly three digits, or milliseconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from openvenue.engine.units import SECOND, Nanos

MS: Final = 1_000_000  # in Nanos
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-][0-9]{2}:[0-9]{2}))"
)


@lru_cache(maxsize=256)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=1024)
def _iso(ms: int) -> str:
    second, part = divmod(ms, 1000)
    return f"{_second(second)}.{part:03d}Z"


def iso(time: int) -> str:
    """`time` as `2026-01-02T03:04:05.678Z`. Worked out once a millisecond."""
    return _iso(time // MS)


def millis(time: int) -> int:
    """`time` in whole milliseconds."""
    return time // MS


def read_iso(text: str) -> Nanos | None:
    """The moment that an ISO-8601 text names, None if it names none. A zone is required."""
    found = ISO.fullmatch(text)
    if found is None:
        return None
    day, clock, part, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone or '+00:00'}")
        seconds = (moment - EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return Nanos(seconds * SECOND + int((part or "0").ljust(9, "0")))
