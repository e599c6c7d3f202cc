"""What people look up, as the gateways ask for it: answers come from an index of the journal.

Every answer includes all that was durable when the question was asked.
"""

from typing import Final, Protocol

from msgspec import Struct

from openvenue.engine.orders import OrderView, Origin, Side
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import AccountId, Atoms, ExecId, Lots, Nanos, OrderId, Symbol, Ticks
from openvenue.history.past import PastPort

BEGINNING: Final = Nanos(0)  # before anything happened


class Fill(Struct, frozen=True):
    """What one order got from one trade."""

    exec_id: ExecId
    seq: int  # of the journal entry
    time: Nanos
    account: AccountId
    symbol: Symbol
    side: Side
    price: Ticks
    quantity: Lots
    is_maker: bool
    order_id: OrderId
    cl_ord_id: str | None
    leaves: Lots  # of the order, after this fill
    fee: Atoms  # paid; negative: a rebate
    realized: Atoms  # profit from closing, before the fee
    order_type: str  # "limit", "market", "ioc", "fok", "post"
    is_after_amend: bool = False  # a taker's, whose new price or size made it trade
    origin: Origin = Origin.CLIENT  # of the order
    liquidation_fee: Atoms = Atoms(0)  # paid beside the fee
    taker_type: str = ""  # of the order that took


class PublicTrade(Struct, frozen=True):
    """One trade as everybody sees it."""

    exec_id: ExecId
    seq: int
    time: Nanos
    symbol: Symbol
    price: Ticks
    quantity: Lots
    aggressor: Side
    is_market: bool = False  # the taker asked for no price
    origin: Origin = Origin.CLIENT  # of the taker


class ClosedOrder(Struct, frozen=True):
    """An order that is no longer live, as it ended."""

    view: OrderView  # leaves: what did not trade
    closed: Nanos
    canceled: CancelReason | None  # None: filled, or never stood (see `rejected`)
    rejected: RejectReason | None  # refused with an identity, or a trigger that could not act
    was_triggered: bool


class DayFigures(Struct, frozen=True):
    """The last 24 hours of one market, by the minute."""

    symbol: Symbol
    open: Ticks | None
    high: Ticks | None
    low: Ticks | None
    volume: Lots
    value: Atoms  # in the settlement asset
    trades: int


class Candle(Struct, frozen=True):
    """One minute of one market in which something was traded."""

    time: Nanos  # its beginning
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: Lots
    value: Atoms  # in the settlement asset
    trades: int


class HistoryPort(PastPort, Protocol):
    """One venue's past."""

    async def fills(
        self, account: AccountId, *, before: Nanos | None = None, limit: int = 100
    ) -> list[Fill]:
        """The newest fills strictly before `before`, newest first."""

    async def trades(
        self, symbol: Symbol, *, before: Nanos | None = None, limit: int = 100
    ) -> list[PublicTrade]:
        """The newest trades strictly before `before`, newest first."""

    async def closed_orders(
        self,
        account: AccountId,
        *,
        order_ids: tuple[OrderId, ...] = (),
        cl_ord_ids: tuple[str, ...] = (),
        since: Nanos = BEGINNING,
    ) -> list[ClosedOrder]:
        """Orders of an account that ended at or after `since`; all of them if no name is given."""

    async def day(
        self, symbol: Symbol | None = None, *, since: Nanos = BEGINNING
    ) -> dict[Symbol, DayFigures]:
        """Figures of the last 24 hours of market time, of every market or of one.

        What happened before `since` does not count.
        """

    async def candles(self, symbol: Symbol, *, since: Nanos = BEGINNING) -> list[Candle]:
        """Minutes in which something was traded, from the one of `since` on, oldest first."""


class HistoryUnavailable(Exception):
    """The index cannot be read or written; the venue itself goes on. A restart mends it."""
