"""What follows from an event, decided in a world where that event has already happened.

Steps wait in a queue, never on the stack: a trigger may fire others, which may fire others. They
are not commands: nobody sends them, and they are not journaled (their events are).
"""

from msgspec import Struct

from openvenue.engine.commands import AmendOrder, PlaceOrder
from openvenue.engine.instruments import WalletId
from openvenue.engine.orders import Order
from openvenue.engine.units import (
    AccountId,
    Atoms,
    FinePrice,
    Lots,
    Nanos,
    OrderId,
    Symbol,
    Ticks,
)


class FireTriggers(Struct, frozen=True, gc=False):
    """A signal moved: see which waiting orders it reached.

    The price is the step's own: by the time of the look, another trade may have moved the signal.
    """

    symbol: Symbol
    signal: int
    price: FinePrice


class ActivateOrder(Struct, frozen=True, gc=False):
    """A trigger fired: let its order try to stand."""

    account: AccountId
    order_id: OrderId


class TrimReducers(Struct, frozen=True, gc=False):
    """A position shrank: reduce-only orders must not be larger than it."""

    account: AccountId
    symbol: Symbol


class SliceTwap(Struct, frozen=True, gc=False):
    """The time for the next order of a TWAP has come."""

    order_id: OrderId


class FireDeadMansSwitch(Struct, frozen=True, gc=False):
    """A deadline passed."""

    account: AccountId
    deadline: Nanos


class ArmLegs(Struct, frozen=True, gc=False):
    """An order with legs filled, or ended: see what becomes of them."""

    account: AccountId
    order_id: OrderId
    count: int
    has_filled: bool  # some of it, ever


class PlaceClose(Struct, frozen=True, gc=False):
    """An order filled that brings another with each fill."""

    order: Order
    quantity: Lots
    price: Ticks  # of the fill


class OrderDue(Struct, frozen=True, gc=False):
    """A time that one order waited for has come."""

    account: AccountId
    order_id: OrderId


class HoldRequest(Struct, frozen=True, gc=False):
    """A request came that has to wait before it is decided."""

    request: PlaceOrder | AmendOrder
    hold: int


class ReleaseHold(Struct, frozen=True, gc=False):
    """What was held is about to be decided."""

    hold_id: int


class DecideMember(Struct, frozen=True, gc=False):
    """It is a batch member's turn."""

    index: int


class CheckHolders(Struct, frozen=True, gc=False):
    """A mark price moved: see whose equity no longer carries their positions there."""

    symbol: Symbol


class CheckWallet(Struct, frozen=True, gc=False):
    """A wallet paid for something that was not its own doing: see whether it still carries."""

    account: AccountId
    wallet: WalletId


class Liquidate(Struct, frozen=True, gc=False):
    """Close more of a wallet's positions, going on from what was tried last (None: nothing yet)."""

    account: AccountId
    wallet: WalletId
    symbol: Symbol | None = None
    rung: int = 0
    attempt: int = 0


class SettleContract(Struct, frozen=True, gc=False):
    """A contract's last moment has come."""

    symbol: Symbol


class BeginMaintenance(Struct, frozen=True, gc=False):
    """The time came at which a notice closes markets."""

    notice_id: int


class EndMaintenance(Struct, frozen=True, gc=False):
    """The time came at which they open again."""

    notice_id: int


class AccrueFunding(Struct, frozen=True, gc=False):
    """Time has passed: look at premiums, and settle each full hour."""

    until: Nanos


class MoveMargin(Struct, frozen=True, gc=False):
    """An isolated position changed its size: give it margin, or take back what it needs no more."""

    account: AccountId
    symbol: Symbol
    before: int  # lots


class ConvertProfit(Struct, frozen=True, gc=False):
    """A position gained money that its owner wants to have in another asset."""

    account: AccountId
    symbol: Symbol
    amount: Atoms  # of what the contract settles in


Step = (
    MoveMargin
    | ConvertProfit
    | FireTriggers
    | ActivateOrder
    | TrimReducers
    | FireDeadMansSwitch
    | OrderDue
    | SliceTwap
    | HoldRequest
    | ReleaseHold
    | ArmLegs
    | PlaceClose
    | DecideMember
    | CheckHolders
    | CheckWallet
    | Liquidate
    | SettleContract
    | AccrueFunding
    | BeginMaintenance
    | EndMaintenance
)
