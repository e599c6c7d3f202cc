"""Times as clients of the desk write them: ISO 8601, up to seven digits of a second, UTC.

Source: CoinAPI EMS REST, examples of `expire_time`, `status_history`, `time_start`.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from openvenue.engine.units import SECOND, Nanos

_FRACTION: Final = re.compile(r"\.([0-9]{1,9})(?=Z$|[+-]|$)")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def iso(time: int) -> str:
    """`time` as `2020-01-01T10:45:20.1677709Z`."""
    second, part = divmod(time, SECOND)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{part // 100:07d}Z"


def read_time(text: str) -> Nanos | None:
    """A time with or without a zone (then it is UTC) or part of a second; None: it is none."""
    found = _FRACTION.search(text)
    part = int(found.group(1).ljust(9, "0")) if found else 0
    rest = _FRACTION.sub("", text)
    if "." in rest:
        return None
    try:
        whole = datetime.fromisoformat(rest)
    except ValueError:
        return None
    if whole.tzinfo is None:
        whole = whole.replace(tzinfo=UTC)
    seconds = (whole - _EPOCH) // timedelta(seconds=1)
    return Nanos(seconds * SECOND + part)
