"""An account whose secret nobody can use: everything about it is unknown, and told with its reason.

Only the kill switch past a desk makes one: what is wrong with one account must not save the others.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from openvenue.ems.commands import Word
from openvenue.ems.connectors.port import (
    Balance,
    Capabilities,
    Feed,
    Gone,
    MassCanceled,
    OrderName,
    Past,
    Position,
    Relayed,
    Unreachable,
    VenueOrder,
)
from openvenue.ems.orders import Side, Terms
from openvenue.engine.units import Nanos


class UnusableConnector:
    """Raises Unreachable, whatever it is asked."""

    def __init__(self, why: str, *, is_live: bool) -> None:
        self._why = why
        self.capabilities: Final = Capabilities(
            mass_cancel=(),
            lists=(),
            dead_mans_switch="none",
            has_private_feed=False,
            is_live=is_live,
        )

    async def ready(self) -> None:
        """There is nothing to know."""

    def common_symbol(self, symbol: str) -> str:
        """None."""
        return ""

    def own_symbol(self, common_symbol: str) -> str:
        """None."""
        return ""

    def why_unfit(self, terms: Terms) -> str:
        """The same for every order."""
        return self._why

    def admit(self, terms: Terms) -> str:
        """The same for every order."""
        return self._why

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        """No."""
        raise Unreachable(self._why)

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """No."""
        raise Unreachable(self._why)

    async def cancel_all(self, symbol: str | None = None) -> MassCanceled:
        """No."""
        raise Unreachable(self._why)

    async def open_orders(self) -> Sequence[VenueOrder]:
        """No."""
        raise Unreachable(self._why)

    async def fresh_open_orders(self) -> Sequence[VenueOrder] | None:
        """No."""
        raise Unreachable(self._why)

    def follow(self) -> Feed:
        """No."""
        raise Unreachable(self._why)

    async def find(self, name: OrderName) -> Word | None:
        """No."""
        raise Unreachable(self._why)

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        """No."""
        raise Unreachable(self._why)

    async def ended_since(self, time: Nanos) -> Past:
        """No."""
        raise Unreachable(self._why)

    async def arm(self, seconds: int) -> None:
        """No."""
        raise Unreachable(self._why)

    async def balances(self) -> Sequence[Balance]:
        """No."""
        raise Unreachable(self._why)

    async def positions(self) -> Sequence[Position]:
        """No."""
        raise Unreachable(self._why)

    async def depth(self, symbol: str, side: Side) -> Sequence[tuple[Decimal, Decimal]]:
        """No."""
        raise Unreachable(self._why)

    async def close(self) -> None:
        """There is nothing to let go of."""
