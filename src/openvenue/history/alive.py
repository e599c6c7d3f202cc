"""What the fold carries from entry to entry, and what it hands over after some of them."""

from msgspec import Struct

from openvenue.engine.instruments import Instrument
from openvenue.engine.orders import Order, OrderView
from openvenue.engine.units import AccountId, Atoms, FinePrice, Lots, Nanos, OrderId, Symbol
from openvenue.history.past import (
    BarSource,
    Execution,
    MarkChange,
    OrderThing,
    Posting,
    RateChange,
    TwapChange,
)
from openvenue.history.port import ClosedOrder, Fill, PublicTrade


class Alive(Struct, gc=False, array_like=True):
    """An order that has not ended: its terms, and what changes."""

    order: Order
    leaves: Lots
    updated: Nanos
    is_waiting: bool
    was_triggered: bool = False
    value: Atoms = Atoms(0)  # of all that has traded
    fees: Atoms = Atoms(0)  # paid on that

    def view(self) -> OrderView:
        """As it is now."""
        return OrderView(
            self.order, self.leaves, self.updated, self.is_waiting, self.value, self.fees
        )


class Story(Struct):
    """What some entries added to the past, in the order in which it happened."""

    fills: list[Fill] = []
    trades: list[PublicTrade] = []
    values: list[int] = []  # of each trade, in atoms of the settlement asset
    closed: list[ClosedOrder] = []
    touched: set[OrderId] = set()  # orders that began, changed or ended
    changes: list[OrderThing] = []
    executions: list[Execution] = []
    postings: list[tuple[AccountId, Posting]] = []  # with the account
    rates: list[tuple[Symbol, RateChange]] = []
    twaps: list[TwapChange] = []
    marks: list[tuple[Symbol, MarkChange]] = []
    prices: list[tuple[BarSource, str, Nanos, FinePrice]] = []
    instruments: list[Instrument] = []
