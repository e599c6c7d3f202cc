"""TWAP orders: an amount in equal parts over time, each a market order of its own.

What is fixed when one is accepted is `Twap`; how far it has come is `TwapView`, which is also what
a state keeps of it. Source: Pacifica, "Create TWAP order".
"""

from decimal import Decimal

from msgspec import Struct

from openvenue.engine.orders import SelfTrade, Side
from openvenue.engine.units import AccountId, Atoms, Lots, Nanos, OrderId, Symbol


class Twap(Struct, frozen=True, array_like=True, gc=False):
    """The terms, as accepted. Its orders carry its number as their `algo_id`."""

    order_id: OrderId  # of the same counter as those of orders
    account: AccountId
    symbol: Symbol
    side: Side
    quantity: Lots
    slippage: Decimal  # how far from mark each of its orders may trade, as a fraction
    created: Nanos
    interval: Nanos  # from one order to the next; the first comes at once
    slices: int  # how many are planned
    expires: Nanos  # told, and later than the last of them
    catch_up: int  # one order is at most so many times the planned size
    cl_ord_id: str | None = None
    reduce_only: bool = False
    self_trade: SelfTrade = SelfTrade.REJECT_TAKER

    @property
    def planned(self) -> Lots:
        """The size of one order, if every one fills."""
        return Lots(self.quantity // self.slices)


class TwapView(Struct, frozen=True, array_like=True, gc=False):
    """A TWAP at one moment."""

    twap: Twap
    next: Nanos  # when its next order is due
    updated: Nanos
    past: int = 0  # orders whose time has come, whether there was one or not
    filled: Lots = Lots(0)
    value: Atoms = Atoms(0)  # of all that has traded, in the settlement asset
    last_filled: Lots = Lots(0)  # by the newest of its orders that traded at all
    last_value: Atoms = Atoms(0)

    @property
    def leaves(self) -> Lots:
        """What has not traded."""
        return Lots(self.twap.quantity - self.filled)
