"""What happened, one thing after the other: what became of orders, who got what, what it changed.

Each thing has a number that grows from one to the next and is the same after a rebuild: pages of an
answer go on from it.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Final, Generic, Protocol, TypeVar

from msgspec import Struct

from openvenue.engine.instruments import WalletId
from openvenue.engine.orders import Order, Side
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.twaps import TwapView
from openvenue.engine.units import (
    AccountId,
    AssetId,
    Atoms,
    ExecId,
    FinePrice,
    Lots,
    Nanos,
    OrderId,
    Ppb,
    Symbol,
    Ticks,
)
from openvenue.history.samples import Sample

PLACES: Final = 24  # bits of a number that count within one journal entry


class Change(IntEnum):
    """What became of an order. Numbers are kept in the index: another meaning, another version."""

    PLACED = 1  # after what it traded at once: `leaves` may be 0, or not the whole order
    FILLED = 2  # some of what rested
    TRIMMED = 3  # smaller with the position
    AMENDED = 4
    CANCELED = 5
    REJECTED = 6  # refused with an identity; or a trigger that fired and could not act
    WAITS = 7  # a trigger was placed
    FIRED = 8
    TRAILED = 9  # a trailing stop followed its signal
    EDIT_REFUSED = 10  # `old_order` is as it was asked for, `order` as it stayed


class OrderChange(Struct, frozen=True, array_like=True, gc=False, tag=1):
    """One order changed."""

    number: int
    time: Nanos
    change: Change
    order: Order  # from here on
    leaves: Lots
    old_leaves: Lots
    old_updated: Nanos  # when it had changed last
    is_waiting: bool = False  # it was a trigger, and not an order of the book
    old_order: Order | None = None  # where terms changed
    reduced: Lots = Lots(0)  # what a reduce-only trim took off
    canceled: CancelReason | None = None
    rejected: RejectReason | None = None


class OrderMissed(Struct, frozen=True, array_like=True, gc=False, tag=2):
    """A cancel or a change named an order that its account did not have, or had no more."""

    number: int
    time: Nanos
    account: AccountId
    order_id: OrderId | None
    cl_ord_id: str | None


class Before(Struct, frozen=True, array_like=True, gc=False):
    """An order before a change of terms that made it trade."""

    order: Order
    leaves: Lots
    updated: Nanos


class Execution(Struct, frozen=True, array_like=True, gc=False):
    """One trade with both orders, each with what it had left before."""

    number: int
    time: Nanos
    exec_id: ExecId
    symbol: Symbol
    price: Ticks
    quantity: Lots
    aggressor: Side
    value: Atoms
    mark: FinePrice | None
    maker: Order
    maker_leaves: Lots
    maker_updated: Nanos
    taker: Order
    taker_leaves: Lots
    taker_updated: Nanos
    old_taker: Before | None = None  # where a change of its terms made it trade


class MarkChange(Struct, frozen=True, array_like=True, gc=False):
    """A mark price moved."""

    number: int
    time: Nanos
    price: FinePrice


class TradePosting(Struct, frozen=True, array_like=True, gc=False, tag=1):
    """What one trade did to one account. Costs are signed as in `PositionView`."""

    number: int
    time: Nanos
    entry_id: int  # of the account; the money's is one more
    exec_id: ExecId
    order: Order
    leaves: Lots  # of the order, before
    updated: Nanos  # the order, before
    is_maker: bool
    is_maker_done: bool
    price: Ticks
    quantity: Lots
    value: Atoms
    mark: FinePrice | None
    fee: Atoms
    realized: Atoms
    old_quantity: Lots
    old_cost: Atoms
    new_quantity: Lots
    new_cost: Atoms
    old_balance: Atoms
    new_balance: Atoms
    liquidation_fee: Atoms = Atoms(0)  # beside the fee
    old_taker: Before | None = None
    funding: Atoms = Atoms(0)  # received with it, for the time before


class MoneyKind(IntEnum):
    """Why money came or went other than by trading. Numbers are kept in the index."""

    DEPOSIT = 1  # from outside, or back there
    TRANSFER = 2  # between wallets of one account
    FAMILY_TRANSFER = 3  # between accounts of one family
    WITHDRAWAL = 4  # left the venue, as its owner asked
    CONVERSION = 50  # exchanged with the venue: one asset goes, another comes
    SHORTFALL = 70  # the insurance fund paid what was owed
    COLLATERAL = 71  # to the one who took the positions over, or from whom they came


class MoneyPosting(Struct, frozen=True, array_like=True, gc=False, tag=2):
    """Money came, or went."""

    number: int
    time: Nanos
    entry_id: int
    wallet: WalletId
    asset: AssetId
    old_balance: Atoms
    new_balance: Atoms
    kind: MoneyKind = MoneyKind.DEPOSIT
    spread: Ppb = Ppb(0)  # that a conversion cost
    rate: FinePrice = FinePrice(0)  # the index at which it was done
    rate_of: AssetId | None = None  # whose index that is
    is_bought: bool = False  # this is what came of it


class SettlementPosting(Struct, frozen=True, array_like=True, gc=False, tag=70):
    """What the expiry of a contract did to one account. Costs are signed as in `PositionView`."""

    number: int
    time: Nanos
    entry_id: int  # of the account; the money's is one more
    symbol: Symbol
    price: FinePrice
    fee: Atoms
    realized: Atoms
    old_quantity: Lots
    old_cost: Atoms
    old_balance: Atoms
    new_balance: Atoms


class FundingPosting(Struct, frozen=True, array_like=True, gc=False, tag=3):
    """An hour's funding became money."""

    number: int
    time: Nanos
    entry_id: int
    symbol: Symbol
    quantity: Lots  # that was held then
    rate: int  # of notional, in parts per 10 ** 12 an hour
    index: FinePrice  # what makes the rate an amount of money
    mark: FinePrice | None
    amount: Atoms  # received; negative: paid
    old_balance: Atoms
    new_balance: Atoms
    cost: Atoms = Atoms(0)  # of the position, signed as in `PositionView`


class RateChange(Struct, frozen=True, array_like=True, gc=False):
    """A funding rate came into force."""

    number: int
    time: Nanos
    rate: int  # of notional, in parts per 10 ** 12 an hour
    index: FinePrice
    bid_impact: FinePrice
    ask_impact: FinePrice


class TwapChange(Struct, frozen=True, array_like=True, gc=False):
    """A TWAP was opened, came further, or ended."""

    number: int
    time: Nanos
    view: TwapView  # after it
    is_open: bool
    child: OrderId | None = None  # the order that it sent
    ended: CancelReason | None = None  # None: it is open, or all of it has traded
    because: RejectReason | None = None  # why it sent none, or what it ended of


Posting = TradePosting | MoneyPosting | SettlementPosting | FundingPosting
OrderThing = OrderChange | OrderMissed
Thing = OrderThing | Execution | MarkChange | RateChange | TwapChange | Posting
T = TypeVar("T")


class Page(Struct, frozen=True):
    """Which part of the past: from `since` on, before `before`, behind the thing `cursor`."""

    count: int
    is_ascending: bool = False
    since: Nanos = Nanos(0)
    before: Nanos | None = None
    cursor: int | None = None


class Found(Struct, Generic[T], frozen=True):
    """A page, and the cursor of the next one; None: there is no more."""

    things: list[T]
    cursor: int | None


class BarSource(IntEnum):
    """The prices that bars are made of."""

    TRADE = 1
    MARK = 2
    INDEX = 3


class Bar(Struct, frozen=True):
    """A span of time in which a price moved: in ticks (trades), or as a `FinePrice`."""

    time: Nanos  # its beginning
    open: int
    high: int
    low: int
    close: int
    volume: Lots  # 0 but for trades


class BarSpan(Struct, frozen=True):
    """Bars that begin in [since, until]; `count` of them from its beginning, or its end."""

    minutes: int  # of each; bars begin at multiples of it since 1970
    since: Nanos
    until: Nanos
    count: int
    from_end: bool = False


class PastPort(Protocol):
    """What a `HistoryPort` tells in pages."""

    async def order_changes(
        self,
        account: AccountId,
        page: Page,
        *,
        are_waiting: bool = False,
        symbol: Symbol | None = None,
    ) -> Found[OrderThing]:
        """What became of an account's orders; or of its triggers, until they fired."""

    async def market_changes(self, symbol: Symbol, page: Page) -> Found[OrderThing]:
        """What became of all orders of a market but its waiting ones."""

    async def executions(self, symbol: Symbol, page: Page) -> Found[Execution]:
        """Trades of a market."""

    async def marks(self, symbol: Symbol, page: Page) -> Found[MarkChange]:
        """Mark prices of a market."""

    async def rates(self, symbol: Symbol, page: Page) -> Found[RateChange]:
        """Funding rates of a market."""

    async def twap_changes(self, account: AccountId, page: Page) -> Found[TwapChange]:
        """What became of an account's TWAPs; what their orders did is told with other orders."""

    async def postings(
        self, account: AccountId, page: Page, *, wanted: Callable[[Posting], bool] | None = None
    ) -> Found[Posting]:
        """What changed an account's money and positions.

        `wanted` runs on another thread: it must be pure.
        """

    async def samples(self, symbol: Symbol, span: BarSpan) -> tuple[Sample | None, list[Sample]]:
        """How a market was before a span, and in each part of it in which something happened.

        Parts are as long as the bars of the span, and begin where they do.
        """

    async def bars(self, source: BarSource, name: str, span: BarSpan) -> tuple[list[Bar], bool]:
        """Bars of a market's trades or mark, or of an index, ascending; whether there are more."""
