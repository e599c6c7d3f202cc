"""All that can be asked of a venue. Each is answered by the events in its docstring.

Commands are journaled: fields are append-only and have defaults from their second version on.
Every command names only what its sender knows; identifiers of orders and trades are the engine's.
"""

from decimal import Decimal

from msgspec import Struct

from openvenue.engine.assignees import AssigneeTerms
from openvenue.engine.instruments import Asset, Dislocation, IndexId, Instrument, Mode, WalletId
from openvenue.engine.notices import NoticeKind, Priority
from openvenue.engine.orders import Distance, Extras, SelfTrade, Side, TimeInForce, Trigger
from openvenue.engine.units import AccountId, AssetId, Atoms, Lots, Nanos, OrderId, Symbol, Ticks


class Bounds(Struct, frozen=True, array_like=True, gc=False):
    """How many orders of a kind an account may have open; an order brings what holds for it."""

    trailing_max: int = 100  # waiting trailing stops
    small_max: int = 0  # in one market, below its least notional


class PlaceOrder(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=1):
    """Ask for a new order: OrderRejected, or OrderAccepted and what follows.

    A market order has `limit_price=None`, and `market_cap`: how far from the best opposite price
    (mark, if there is none) it may trade, as a fraction; None: as far as the book goes. With a
    `trigger` the order waits.

    FIX: NewOrderSingle (35=D).
    """

    account: AccountId
    symbol: Symbol
    side: Side
    quantity: Lots  # > 0
    limit_price: Ticks | None
    time_in_force: TimeInForce
    cl_ord_id: str | None = None
    post_only: bool = False
    reduce_only: bool = False
    trigger: Trigger | None = None
    market_cap: Decimal | None = None
    deadline: Nanos | None = None  # market time after which it must not be processed
    algo_id: str | None = None
    user_ref: int | None = None
    self_trade: SelfTrade = SelfTrade.REJECT_TAKER  # which leaves it to the account's own rule
    slides: bool = False  # post-only that steps back behind the touch instead of being refused
    extras: Extras | None = None
    broker: str | None = None  # who brought it: noted here, and no rule asks for it
    bounds: Bounds | None = None  # None: the venue's own


# A PlaceOrder's fields one after the other, as `astuple` gives them. To read one field of a Struct
# is to look its name up; where all are needed, all of them at once cost as much as six.
Asked = tuple[
    AccountId,
    Symbol,
    Side,
    Lots,
    Ticks | None,
    TimeInForce,
    str | None,
    bool,
    bool,
    Trigger | None,
    Decimal | None,
    Nanos | None,
    str | None,
    int | None,
    SelfTrade,
    bool,
    Extras | None,
    str | None,
    Bounds | None,
]


class CancelOrder(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=2):
    """Cancel one order by one of its names: OrderCanceled, or CancelRejected.

    `order_id` wins where both names are given. FIX: OrderCancelRequest (35=F).
    """

    account: AccountId
    order_id: OrderId | None = None
    cl_ord_id: str | None = None
    deadline: Nanos | None = None


class CancelOrders(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=3):
    """Cancel everything in scope, resting and waiting alike: OrdersCanceled, even of none.

    FIX: OrderMassCancelRequest (35=q).
    """

    account: AccountId
    symbol: Symbol | None = None  # None: every market
    side: Side | None = None
    keep_reduce_only: bool = False
    wallet: WalletId | None = None  # only markets that settle in this wallet
    user_ref: int | None = None
    takes_twaps: bool = False  # open TWAPs, too, which have no `user_ref`


class SetDeadMansSwitch(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=4):
    """Cancel everything of `account` at now + `timeout`, unless asked again: DeadMansSwitchSet.

    A timeout of 0 disarms.
    """

    account: AccountId
    timeout: Nanos


class Batch(Struct, frozen=True, kw_only=True, array_like=True, tag=5):
    """Commands back to back, each deciding for itself: MemberDecided, then its own events."""

    account: AccountId
    members: "tuple[PlaceOrder | CancelOrder | AmendOrder | ReplaceOrder, ...]"


class SetIndexPrice(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=6):
    """The world's price moved: IndexPriceSet, and MarkPriceSet for each contract on it."""

    index: IndexId
    price: Decimal  # > 0


class SetMarkPrice(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=7):
    """Pin the mark price of one contract, or let it follow its rule again (None): MarkPriceSet."""

    symbol: Symbol
    price: Decimal | None


class SetMode(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=8):
    """Open, restrict or close a market: ModeSet."""

    symbol: Symbol
    mode: Mode


class ListAsset(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=9):
    """Make an asset known: AssetListed."""

    asset: Asset


class ListInstrument(Struct, frozen=True, kw_only=True, array_like=True, tag=10):
    """Make an instrument known: InstrumentListed. Its assets must be known."""

    instrument: Instrument


class OpenAccount(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=11):
    """Make an account known: AccountOpened. Accounts of one family never trade with each other."""

    account: AccountId
    family: AccountId
    max_open_orders: int


class Deposit(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=12):
    """Credit a wallet from outside the venue: Deposited. A negative amount is a withdrawal."""

    account: AccountId
    wallet: WalletId
    asset: AssetId
    amount: Atoms


class PassTime(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=13):
    """Nothing but the time: what is due happens, and its events are the answer."""


class Resume(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=14):
    """The venue is back after a stop: Resumed, before any client's command.

    What fell due meanwhile happens in this entry.
    """

    down_since: Nanos


class SetIntake(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=15):
    """Take new orders, or refuse them all with LOW_DISK while cancels still pass: IntakeSet."""

    is_open: bool


class SetLeverage(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=16):
    """Margin an account's exposure in one market at 1 / `leverage` at least: LeverageSet."""

    account: AccountId
    symbol: Symbol
    leverage: int | None  # None: as the margin schedule has it
    is_isolated: bool = False  # carried by margin of its own, taken from the wallet as it grows


class AddMargin(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=50):
    """Give an isolated position more margin from its wallet: MarginMoved."""

    account: AccountId
    symbol: Symbol
    amount: Atoms  # > 0


class SetProfitAsset(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=51):
    """Have what positions in one market gain paid in another asset: ProfitAssetSet."""

    account: AccountId
    symbol: Symbol
    asset: AssetId | None  # one that counts as margin there; None: as it settles


class AmendOrder(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=17):
    """Change a live order in place: AmendRejected, or OrderAmended and what follows.

    OrderCanceled, if it `may_end` and has traded as much as it is to have.

    What is None stays as it is. The new size is given as `quantity` (all of the order) or as
    `leaves` (what is still to trade). Only a smaller size at the same price keeps its place.

    FIX: OrderCancelReplaceRequest (35=G).
    """

    account: AccountId
    order_id: OrderId | None = None
    cl_ord_id: str | None = None
    quantity: Lots | None = None
    leaves: Lots | None = None
    limit_price: Ticks | None = None
    trigger_price: Ticks | None = None
    deadline: Nanos | None = None
    trail: Distance | None = None  # of a trailing stop, which starts again from the present price
    must_change: bool = False  # refused where it would change nothing
    display: Lots | None = None  # of an iceberg; larger slices begin with the next one
    post_only: bool = False  # refused where it would take
    may_end: bool = False  # at a quantity that has traded already, as by a cancel
    loses_place: bool = False  # also a smaller size at the same price


class Transfer(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=90):
    """Move money between wallets, of one account or of one family: Transferred, or Refused.

    What leaves must be there, and neither be held nor carry positions or orders.
    """

    account: AccountId
    wallet: WalletId
    to_account: AccountId
    to_wallet: WalletId
    asset: AssetId
    amount: Atoms  # > 0


class Withdraw(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=91):
    """Take money out of the venue, as its owner asks: Withdrawn, or Refused as a Transfer is."""

    account: AccountId
    wallet: WalletId
    asset: AssetId
    amount: Atoms  # > 0


class SetTradingEnabled(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=92):
    """Let an account trade, or not: TradingEnabledSet. Without it nothing is placed or changed.

    What stands goes on standing, and can be canceled.
    """

    account: AccountId
    is_enabled: bool


class Announce(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=93):
    """Tell all clients something: Announced.

    With `closes` the venue does what it says: at `effective` the markets named (none: all) go into
    that mode, and come back from it after `downtime_minutes`: MaintenanceBegan, MaintenanceEnded.
    """

    kind: NoticeKind
    priority: Priority
    text: str
    effective: Nanos | None = None
    downtime_minutes: int | None = None
    closes: Mode | None = None
    symbols: tuple[Symbol, ...] = ()


class RetractNotice(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=94):
    """Take a notice back, or down once it is over: NoticeRetracted."""

    notice_id: int


class SetConditions(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=95):
    """Flag what a market suffers from: ConditionsSet.

    While a price is dislocated, takers that push it further are refused; in extreme volatility
    initial margin is `margin_multiplier` times what the schedule asks for.
    Source: Kraken Futures REST, "Instrument status".
    """

    symbol: Symbol
    dislocation: Dislocation = Dislocation.NONE
    margin_multiplier: int = 1


class JoinAssignment(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=70):
    """Take over positions that liquidations could not close on the book: AssigneeJoined."""

    account: AccountId
    terms: AssigneeTerms


class LeaveAssignment(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=71):
    """Take the entry `number` out of the assignment programme: AssigneeLeft."""

    account: AccountId
    number: int


class ReplaceOrder(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=31):
    """End a resting order and place another with its names in its stead, which only makes.

    OrderCanceled and what `PlaceOrder` is answered with; or CancelRejected, and nothing changed.
    """

    account: AccountId
    limit_price: Ticks
    order_id: OrderId | None = None
    cl_ord_id: str | None = None
    quantity: Lots | None = None  # None: what is left of the old one


class SetSelfTrade(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=30):
    """What an account's orders do from now on where they meet its family: SelfTradeSet."""

    account: AccountId
    self_trade: SelfTrade


class PlaceTwap(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=130):
    """Trade an amount in equal parts over time: TwapRejected, or TwapAccepted and its first part.

    Source: Pacifica, "Create TWAP order".
    """

    account: AccountId
    symbol: Symbol
    side: Side
    quantity: Lots  # > 0
    slippage: Decimal  # how far from mark each part may trade, as a fraction
    duration: Nanos
    cl_ord_id: str | None = None  # unique among the account's open TWAPs
    reduce_only: bool = False
    self_trade: SelfTrade = SelfTrade.REJECT_TAKER


class CancelTwap(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=131):
    """Stop one TWAP by one of its names: TwapEnded, or CancelRejected.

    What it has traded stands. `order_id` wins where both names are given.
    """

    account: AccountId
    order_id: OrderId | None = None
    cl_ord_id: str | None = None


Command = (
    SetSelfTrade
    | ReplaceOrder
    | PlaceOrder
    | CancelOrder
    | CancelOrders
    | SetDeadMansSwitch
    | Batch
    | SetIndexPrice
    | SetMarkPrice
    | SetMode
    | ListAsset
    | ListInstrument
    | OpenAccount
    | Deposit
    | PassTime
    | Resume
    | AmendOrder
    | SetIntake
    | SetLeverage
    | AddMargin
    | SetProfitAsset
    | Transfer
    | Withdraw
    | PlaceTwap
    | CancelTwap
    | SetTradingEnabled
    | Announce
    | RetractNotice
    | SetConditions
    | JoinAssignment
    | LeaveAssignment
)
