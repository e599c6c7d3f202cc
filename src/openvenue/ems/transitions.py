"""Which status may follow which.

Source: CoinAPI EMS, order life cycle. One edge is ours: ROUTING to REJECTED, for an order that
never left because the venue could not be reached at all. To call it ROUTED first would be untrue.
An ended order that its venue lists as open again begins anew, as one found at the venue does.
"""

from collections import deque
from collections.abc import Mapping
from functools import cache
from typing import Final

from openvenue.ems.orders import Status

S = Status

NEXT: Final[Mapping[Status, tuple[Status, ...]]] = {
    S.RECEIVED: (S.REJECTED, S.ROUTING),
    S.ROUTING: (S.ROUTED, S.REJECTED),
    S.ROUTED: (S.REJECTED, S.NEW, S.PARTIALLY_FILLED, S.FILLED, S.CANCELED),
    S.NEW: (S.PARTIALLY_FILLED, S.FILLED, S.PENDING_CANCEL, S.CANCELED),
    S.PARTIALLY_FILLED: (S.FILLED, S.PENDING_CANCEL, S.CANCELED),
    S.PENDING_CANCEL: (S.CANCELED, S.NEW, S.PARTIALLY_FILLED, S.FILLED),
    S.FILLED: (),
    S.CANCELED: (),
    S.REJECTED: (),
}
FIRST: Final = (S.RECEIVED, S.NEW, S.PARTIALLY_FILLED)  # the last two: found at the venue


@cache
def path(start: Status, end: Status) -> tuple[Status, ...] | None:
    """The shortest way, without `start`; empty if it is there already, None if there is no way."""
    if start is end:
        return ()
    ways: deque[tuple[Status, ...]] = deque((step,) for step in NEXT[start])
    while ways:
        way = ways.popleft()
        if way[-1] is end:
            return way
        ways.extend((*way, step) for step in NEXT[way[-1]] if step not in way)
    return None
