"""How canceling ended, and the evidence for it."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from openvenue.engine.units import Nanos


class Ending(StrEnum):
    """How a cancel-all ended."""

    PROVEN = "proven"  # the venue listed no open order, twice
    UNREACHABLE = "unreachable"  # nothing could be asked of the venue
    UNPROVEN = "unproven"  # the deadline came first
    INTERRUPTED = "interrupted"  # the desk itself ended
    LEFT = "left"  # of a halt: the deadline came, and orders are listed
    UNKNOWN = "unknown"  # of a halt: the deadline came, and it is not known what is left
    UNVERIFIABLE = "unverifiable"  # empty, but there are orders that nobody lists


class Sight(Struct, frozen=True, array_like=True):
    """One look at what the venue says is open."""

    time: Nanos
    order_ids: tuple[str, ...]  # the venue's, of orders that are to go
    source: str = "list"  # or "feed": what a new subscription to the private feed began with
    beside: int = 0  # orders that are none of our business


def nobody_lists(classes: Sequence[str]) -> str:
    """Why an empty list proves nothing there."""
    return f"nobody lists {', '.join(classes)} orders"


def nobody_tells(count: int) -> str:
    """Why a list that cannot be told apart proves nothing there."""
    return f"{count} kept that may have been triggered: the exchange lists them alike"
