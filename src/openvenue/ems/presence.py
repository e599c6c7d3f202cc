"""A client's connection whose end is to be the end of its orders: cancel on disconnect.

Each such order is marked in the journal. What the desk could not cancel because it ended itself, it
cancels at its next start: that connection is certainly gone by then.
"""

from typing import Final

from openvenue.ems.orders import ClOrdId
from openvenue.ems.route import Route


class Presence:
    """While it lasts, its orders may stay."""

    def __init__(self) -> None:
        self.orders: Final[dict[ClOrdId, Route]] = {}  # that came by it and may not have ended
        self.is_over = False
