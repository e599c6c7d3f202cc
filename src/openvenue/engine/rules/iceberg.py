"""Icebergs: orders of which the book shows a slice at a time.

Only the slice is matched. When it is taken the next one stands behind all others at its price, so
that what is hidden has no place in line. Source: Kraken Spot WebSocket v2, "Add order", "Amend
order", display_qty.
"""

from typing import Final

from openvenue.engine.book import Live
from openvenue.engine.reasons import RejectReason

SLICES_MAX: Final = 15  # of what is to trade
INVALID_DISPLAY: Final = RejectReason.INVALID_DISPLAY


def why_display_refused(display: int, leaves: int) -> RejectReason | None:
    """Whether an order with so much to trade would show too little of it."""
    return None if display * SLICES_MAX >= leaves and display > 0 else INVALID_DISPLAY


def hidden_in_place(live: Live, display: int, leaves: int) -> int:
    """What a resting order hides after a change that keeps its place.

    What it shows does not grow before the next slice, and shrinks at once.
    """
    if display == 0:
        return 0
    return leaves - min(live.leaves - live.hidden, display, leaves)
