"""All that can happen. An event is a fact: complete, journaled, and enough to rebuild the state.

Fields are append-only and have defaults from their second version on. Amounts are in atoms of the
instrument's settlement asset unless the name says otherwise.
"""

from msgspec import Struct

from openvenue.engine.assignees import AssigneeTerms
from openvenue.engine.commands import AmendOrder, PlaceOrder
from openvenue.engine.instruments import Asset, Dislocation, IndexId, Instrument, Mode, WalletId
from openvenue.engine.notices import Notice
from openvenue.engine.orders import Order, Origin, SelfTrade, Side
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


class OrderAccepted(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=1):
    """An order stands. If it `rests`, it is in the book now; if it waits, among the triggers.

    Otherwise what it trades follows at once, and then OrderRested or OrderCanceled for the rest.
    """

    order: Order
    rests: bool
    reduced: Lots = Lots(0)  # what a reduce-only trim took off at entry


class OrderRejected(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=2):
    """An order was refused, nothing changed. `order` is set where it had got an identity."""

    account: AccountId
    symbol: Symbol
    reason: RejectReason
    cl_ord_id: str | None = None
    order: Order | None = None


class Traded(Struct, frozen=True, array_like=True, gc=False, tag=3):
    """One maker met one taker. Both sides' execution reports are made from this one fact."""

    exec_id: ExecId
    symbol: Symbol
    price: Ticks  # the maker's
    quantity: Lots  # > 0
    aggressor: Side
    maker_account: AccountId
    maker_order_id: OrderId
    maker_leaves: Lots  # after this trade
    maker_fee: Atoms  # paid; negative: a rebate
    maker_realized: Atoms  # profit from closing, before the fee
    taker_account: AccountId
    taker_order_id: OrderId
    taker_leaves: Lots
    taker_fee: Atoms
    taker_realized: Atoms
    value: Atoms  # of the trade, unsigned
    origin: Origin = Origin.CLIENT  # of the taker; from ASSIGNMENT on they met outside the book
    liquidation_fee: Atoms = Atoms(0)  # paid by the taker on top, to the insurance fund
    maker_funding: Atoms = Atoms(0)  # received with this trade for the time before it
    taker_funding: Atoms = Atoms(0)


class OrderRested(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=4):
    """What a taker left over went into the book."""

    order_id: OrderId
    account: AccountId
    leaves: Lots


class OrderCanceled(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=5):
    """One order ended before it was filled."""

    order_id: OrderId
    account: AccountId
    leaves: Lots  # what will not trade
    reason: CancelReason
    because: RejectReason | None = None  # with TRIGGER_REFUSED


class OrdersCanceled(Struct, frozen=True, kw_only=True, array_like=True, tag=6):
    """Everything in a mass cancel's scope ended, in this order. Empty if there was nothing."""

    account: AccountId
    order_ids: tuple[OrderId, ...]
    reason: CancelReason


class CancelRejected(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=7):
    """There was nothing to cancel: unknown, already ended, or too late."""

    account: AccountId
    reason: RejectReason
    order_id: OrderId | None = None
    cl_ord_id: str | None = None


class OrderTrimmed(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=8):
    """A reduce-only order shrank with its position; it keeps its place."""

    order_id: OrderId
    account: AccountId
    quantity: Lots  # the new total
    leaves: Lots


class TriggerFired(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=9):
    """A waiting order's price was reached. OrderActivated or OrderCanceled follows at once."""

    order_id: OrderId
    account: AccountId
    price: FinePrice  # of the signal


class OrderActivated(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=10):
    """A trigger's order stands, under the trigger's id. As OrderAccepted from here on."""

    order: Order
    rests: bool
    reduced: Lots = Lots(0)


class DeadMansSwitchSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=11):
    """The switch of an account is armed until `deadline`, or off (None)."""

    account: AccountId
    deadline: Nanos | None


class DeadMansSwitchFired(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=12):
    """A deadline passed and the switch is off; OrdersCanceled follows."""

    account: AccountId
    deadline: Nanos


class MemberDecided(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=13):
    """The events from here to the next MemberDecided answer this member of a batch."""

    index: int


class IndexPriceSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=14):
    """The index moved."""

    index: IndexId
    price: FinePrice


class MarkPriceSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=15):
    """The mark price of a contract, and the smoothed premium (parts per billion) that made it."""

    symbol: Symbol
    price: FinePrice
    premium: int
    is_pinned: bool


class ModeSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=16):
    """A market opened, closed or changed what it accepts."""

    symbol: Symbol
    mode: Mode


class AssetListed(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=17):
    """An asset is known."""

    asset: Asset


class InstrumentListed(Struct, frozen=True, kw_only=True, array_like=True, tag=18):
    """An instrument is known; its market is open unless its dates say otherwise."""

    instrument: Instrument


class AccountOpened(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=19):
    """An account is known."""

    account: AccountId
    family: AccountId
    max_open_orders: int


class Deposited(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=20):
    """Money came from outside (or left, if negative)."""

    account: AccountId
    wallet: WalletId
    asset: AssetId
    amount: Atoms


class Refused(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=21):
    """A command about the venue itself was refused, and nothing changed."""

    reason: RejectReason
    detail: str


class Resumed(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=22):
    """The venue is back after having been down."""

    down_since: Nanos


class IntakeSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=23):
    """From here on new orders are taken, or refused with LOW_DISK."""

    is_open: bool


class LeverageSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=24):
    """From now on the account's exposure in this market is margined at this leverage at most."""

    account: AccountId
    symbol: Symbol
    leverage: int | None
    is_isolated: bool = False


class OrderAmended(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=25):
    """A live order has new terms, under the same id. If it `rests`, it is in the book, or waits.

    Otherwise its new price crosses, and what it trades follows at once, as for a new order.
    """

    order: Order
    leaves: Lots
    keeps_place: bool
    rests: bool
    reduced: Lots = Lots(0)  # what a reduce-only trim took off
    hidden: Lots = Lots(0)  # of `leaves`: what the book does not show of it


class AmendRejected(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=26):
    """An order was not changed, and is as it was; or there was none to change."""

    account: AccountId
    reason: RejectReason
    order_id: OrderId | None = None
    cl_ord_id: str | None = None


class Transferred(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=90):
    """Money moved from one wallet to another, of the same account or of its family."""

    account: AccountId
    wallet: WalletId
    to_account: AccountId
    to_wallet: WalletId
    asset: AssetId
    amount: Atoms


class Withdrawn(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=91):
    """Money left the venue because its owner asked for it."""

    account: AccountId
    wallet: WalletId
    asset: AssetId
    amount: Atoms


class TradingEnabledSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=92):
    """From here on an account may place and change orders, or may not."""

    account: AccountId
    is_enabled: bool


class Announced(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=93):
    """The operator says something; it stands until it is retracted."""

    notice: Notice


class NoticeRetracted(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=94):
    """A notice stands no more."""

    notice_id: int


class ConditionsSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=95):
    """What a market suffers from, from here on."""

    symbol: Symbol
    dislocation: Dislocation
    margin_multiplier: int


class TriggerMove(Struct, frozen=True, array_like=True, gc=False):
    """Where one trailing stop fires from now on."""

    order_id: OrderId
    account: AccountId
    price: Ticks


class TriggersMoved(Struct, frozen=True, kw_only=True, array_like=True, tag=30):
    """A signal went the way of those that trail it: they follow, and the one that is next first."""

    symbol: Symbol
    moves: tuple[TriggerMove, ...]


class LiquidationStarted(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=70):
    """A wallet has less equity than maintenance margin: its orders end, its positions are closed.

    Where nothing could be done it is told again at the next mark price.
    """

    account: AccountId
    wallet: WalletId
    equity: Atoms
    maintenance: Atoms


class LiquidationMoved(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=71):
    """A position's liquidation tries a rung of its ladder. What trades follows."""

    account: AccountId
    wallet: WalletId
    symbol: Symbol
    rung: int  # of the instrument's ladder, from 0
    attempt: int  # of the rung, from 0


class LiquidationEnded(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=72):
    """No more is closed now: the wallet has enough, or nothing, or nobody to trade with."""

    account: AccountId
    wallet: WalletId
    equity: Atoms


class ShortfallCovered(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=73):
    """A wallet without positions owed money: the insurance fund paid, and it owes nothing."""

    account: AccountId
    wallet: WalletId
    asset: AssetId
    amount: Atoms  # > 0


class CollateralTaken(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=74):
    """What a backstop liquidation left in a wallet went to the one who took its positions."""

    account: AccountId
    wallet: WalletId
    asset: AssetId
    amount: Atoms  # may be negative
    to: AccountId
    to_wallet: WalletId


class AssigneeJoined(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=75):
    """An account takes over positions of others from now on, on these terms."""

    number: int
    account: AccountId
    terms: AssigneeTerms


class AssigneeLeft(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=76):
    """An account does not take over positions on these terms any more."""

    number: int
    account: AccountId


class PositionSettled(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=77):
    """A position ended with its contract. Each part of an atom that rounding took is dust."""

    account: AccountId
    symbol: Symbol
    quantity: Lots  # signed, as it was
    price: FinePrice
    realized: Atoms  # before the fee
    fee: Atoms


class ContractSettled(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=78):
    """A contract expired at this price: its orders and positions are gone, its market is closed."""

    symbol: Symbol
    price: FinePrice


class MarginMoved(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=53):
    """Margin went from a wallet to one of its isolated positions, or back if it is negative."""

    account: AccountId
    symbol: Symbol
    amount: Atoms


class ProfitAssetSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=54):
    """From now on what the account gains in this market becomes this asset."""

    account: AccountId
    symbol: Symbol
    asset: AssetId | None


class ProfitConverted(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=55):
    """What an account gained in a market was exchanged with the venue at an index price.

    `bought` is less than that price would give, by the asset's conversion spread.
    """

    account: AccountId
    symbol: Symbol
    wallet: WalletId
    asset: AssetId
    bought: Atoms  # of that asset
    paid_in: AssetId
    paid: Atoms  # of what the contract settles in
    price: FinePrice
    spread: Ppb = Ppb(0)  # what the venue kept


class MaintenanceBegan(Struct, frozen=True, kw_only=True, array_like=True, tag=151):
    """The time of an announced closure came; ModeSet for each of these markets follows.

    With each goes the mode that it had.
    """

    notice_id: int
    modes: tuple[tuple[Symbol, Mode], ...]


class MaintenanceEnded(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=152):
    """Its end came, or it was taken back; ModeSet for each market that opens follows."""

    notice_id: int


class Converted(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=150):
    """A wallet without positions owed money: coins in it were sold to the venue at an index price.

    `bought` is less than that price would give, by the conversion spread.
    """

    account: AccountId
    wallet: WalletId
    asset: AssetId  # that was owed
    bought: Atoms  # of it, > 0
    paid_in: AssetId
    paid: Atoms  # > 0
    price: FinePrice  # of what was paid
    spread: Ppb


class FundingSampled(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=50):
    """The premium of a perpetual over its index was looked at `count` times until `time`.

    Nothing had moved between those looks. `count` is 0 where the book was too thin to tell.
    """

    symbol: Symbol
    time: Nanos
    premium: int  # the sum, in parts per 10 ** 12 of the index
    count: int
    bid_impact: FinePrice = FinePrice(0)  # 0: not looked at, or too thin
    ask_impact: FinePrice = FinePrice(0)


class FundingRateSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=51):
    """The funding rate of the hour that begins (or, where nothing accrues, ends) at `time`."""

    symbol: Symbol
    time: Nanos
    rate: int  # of notional, in parts per 10 ** 12 an hour; positive: longs pay
    index: FinePrice  # what makes the rate an amount of money
    bid_impact: FinePrice = FinePrice(0)
    ask_impact: FinePrice = FinePrice(0)


class FundingShare(Struct, frozen=True, array_like=True, gc=False):
    """What one account received (or paid, if negative) for what it held."""

    account: AccountId
    quantity: Lots
    amount: Atoms


class FundingPaid(Struct, frozen=True, kw_only=True, array_like=True, tag=52):
    """An hour is over: everybody's funding in one market became money."""

    symbol: Symbol
    time: Nanos
    rate: int
    index: FinePrice  # what made the rate an amount of money
    shares: tuple[FundingShare, ...]


class SelfTradeSet(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=31):
    """What an account's orders do where they meet its family."""

    account: AccountId
    self_trade: SelfTrade


class OrderStarted(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=32):
    """The time that an order waited for has come; it now waits for its price, or acts at once."""

    order_id: OrderId
    account: AccountId
    price: Ticks | None = None  # where a trailing stop fires from now on


class LegArmed(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=33):
    """The order that a leg came with has filled: it waits for its price from now on."""

    order_id: OrderId
    account: AccountId


class OrderRefilled(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=120):
    """What an iceberg showed is taken: it shows its next slice, behind all others at its price."""

    order_id: OrderId
    account: AccountId
    shown: Lots  # > 0


class RequestHeld(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=34):
    """A request waits: nothing of it is decided before `until`."""

    hold_id: int
    request: PlaceOrder | AmendOrder
    until: Nanos
    is_canceled: bool = False  # in a state; never in an event


class HoldsCanceled(Struct, frozen=True, kw_only=True, array_like=True, tag=35):
    """Owners of held orders want them no more: they may take at their release, and not stay."""

    account: AccountId
    hold_ids: tuple[int, ...]


class HoldReleased(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=36):
    """A hold is over: the events from here to the next HoldReleased answer what was held."""

    hold_id: int
    request: PlaceOrder | AmendOrder  # as it was asked for


class TwapAccepted(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=130):
    """A TWAP is open. What its first order does follows at once."""

    view: TwapView


class TwapRejected(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=131):
    """A TWAP was refused, and nothing changed."""

    account: AccountId
    symbol: Symbol
    reason: RejectReason
    cl_ord_id: str | None = None


class TwapSliced(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=132):
    """The time for one order of a TWAP came; what that order did is told before this."""

    view: TwapView  # after it
    child: OrderId | None = None  # None: there was none
    because: RejectReason | None = None  # why there was none


class TwapEnded(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag=133):
    """A TWAP is over."""

    view: TwapView
    reason: CancelReason | None  # None: all of it has traded
    because: RejectReason | None = None  # with SLICE_REFUSED


Event = (
    OrderRefilled
    | RequestHeld
    | HoldsCanceled
    | HoldReleased
    | LegArmed
    | SelfTradeSet
    | OrderStarted
    | OrderAccepted
    | OrderRejected
    | Traded
    | OrderRested
    | OrderCanceled
    | OrdersCanceled
    | CancelRejected
    | OrderTrimmed
    | TriggerFired
    | OrderActivated
    | DeadMansSwitchSet
    | DeadMansSwitchFired
    | MemberDecided
    | IndexPriceSet
    | MarkPriceSet
    | ModeSet
    | AssetListed
    | InstrumentListed
    | AccountOpened
    | Deposited
    | Refused
    | Resumed
    | OrderAmended
    | AmendRejected
    | IntakeSet
    | LeverageSet
    | Transferred
    | Withdrawn
    | TwapAccepted
    | TwapRejected
    | TwapSliced
    | TwapEnded
    | TradingEnabledSet
    | Announced
    | NoticeRetracted
    | ConditionsSet
    | TriggersMoved
    | LiquidationStarted
    | LiquidationMoved
    | LiquidationEnded
    | ShortfallCovered
    | CollateralTaken
    | AssigneeJoined
    | AssigneeLeft
    | PositionSettled
    | ContractSettled
    | MarginMoved
    | ProfitAssetSet
    | ProfitConverted
    | Converted
    | MaintenanceBegan
    | MaintenanceEnded
    | FundingSampled
    | FundingRateSet
    | FundingPaid
)
