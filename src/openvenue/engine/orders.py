"""What an order is: its terms, which never change, and how they are spelled.

`Order` is shared by everything that speaks about the order (events, replies, feeds). What changes
while it lives (how much is left, its place in the book) is `Live`, in `book.py`.
"""

from decimal import Decimal
from enum import IntEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from openvenue.engine.units import AccountId, Atoms, Lots, Nanos, OrderId, Ppb, Symbol, Ticks


class Side(IntEnum):
    """Which way an order trades; the value is the sign of its effect on a position."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> "Side":
        """The side that this one trades with."""
        return SELL if self is BUY else BUY


BUY: Final = Side.BUY
SELL: Final = Side.SELL


class TimeInForce(IntEnum):
    """How long an order may wait. FIX: TimeInForce (59)."""

    GTC = 1
    IOC = 3
    FOK = 4


GTC: Final = TimeInForce.GTC
IOC: Final = TimeInForce.IOC
FOK: Final = TimeInForce.FOK


class SelfTrade(IntEnum):
    """What happens where an order would meet one of its own family. FIX: SelfMatchPrevention."""

    REJECT_TAKER = 1  # refused if the own order is first in line; else the rest is dropped
    CANCEL_NEWEST = 2  # the incoming order ends there, as an order that had stood
    CANCEL_OLDEST = 3  # own orders in the way end, and the incoming one goes on
    CANCEL_BOTH = 4  # the own order ends, and the incoming one with it
    # As CANCEL_OLDEST, of some of the family; the order meets the others as with REJECT_TAKER.
    CANCEL_MAKER_SELF = 30  # of the same account
    CANCEL_MAKER_CHILD = 31  # and, for the account that heads a family, of all of it
    CANCEL_MAKER_ANY = 32  # of the whole family


class TriggerKind(IntEnum):
    """What the owner wants of a trigger: to leave a losing market, or a winning one."""

    STOP = 1
    TAKE_PROFIT = 2


class Signal(IntEnum):
    """The price that a trigger listens to."""

    LAST = 1
    MARK = 2
    INDEX = 3
    MID = 4  # half-way between the best bid and the best ask; none while a side is empty


class Direction(IntEnum):
    """Where the signal has to go for a trigger to fire: to its price or past it."""

    ABOVE = 1
    BELOW = -1


class Distance(Struct, frozen=True, array_like=True, gc=False):
    """How far one price is from another: so many ticks, and a share of the other price."""

    ticks: int = 0
    share: Ppb = Ppb(0)


class Origin(IntEnum):
    """Who made an order. All but the first are the venue's own. Numbers are journaled."""

    CLIENT = 1
    PARTIAL_LIQUIDATION = 2
    LIQUIDATION = 3
    ASSIGNMENT = 4
    BACKSTOP = 5
    UNWIND = 6

    @property
    def is_off_book(self) -> bool:
        """Whether such orders meet each other, and not what rests in the book."""
        return self >= Origin.ASSIGNMENT


class Trigger(Struct, frozen=True, array_like=True, gc=False):
    """When a waiting order becomes a live one.

    Source: Kraken Futures REST, "Send order": a stop buys above and sells below its price, a
    take-profit buys below and sells above.
    """

    kind: TriggerKind
    price: Ticks  # where it fires now; a command leaves that of a trailing stop at 0
    signal: Signal
    direction: Direction
    trail: Distance | None = None  # follows the signal's best price since entry this far behind
    offset: Distance | None = None  # of the order's limit from `price`, once it fires; signed


class Leg(Struct, frozen=True, array_like=True, gc=False):
    """A reduce-only order on the other side that comes with an order, and arms with its fills."""

    trigger: Trigger
    limit_price: Ticks | None = None  # None: a market order
    quantity: Lots | None = None  # None: all of the position, when it fires
    cl_ord_id: str | None = None
    market_cap: Decimal | None = None


class Close(Struct, frozen=True, array_like=True, gc=False):
    """What each fill of an order brings: an order on the other side, of the filled size.

    It is an order of its own from the start. Source: Kraken Spot WebSocket v2, "Add order",
    conditional; support article "Conditional Close".
    """

    limit_price: Ticks | None = None  # None: a market order, unless an offset says otherwise
    trigger: Trigger | None = None  # with a trail, or a price of its own
    # Of the limit, or of the trigger's price, from the price of the order that filled.
    limit_from: Distance | None = None
    trigger_from: Distance | None = None


class Extras(Struct, frozen=True, array_like=True, gc=False):
    """Terms that few orders have."""

    expires: Nanos | None = None  # market time at which it ends by itself. FIX: ExpireTime (126)
    starts: Nanos | None = None  # until then it only waits. FIX: EffectiveTime (168)
    legs: tuple[Leg, ...] = ()  # their ids follow the order's own
    parent: OrderId | None = None  # of a leg; its sender leaves it to the engine
    guards: bool = False  # reduce-only trigger that ends with the position
    whole: bool = False  # closes all of the position, whatever its quantity says
    display: Lots | None = None  # of an iceberg: how much the book shows at a time
    close: Close | None = None
    closes: OrderId | None = None  # whose fill brought it; its sender leaves it to the engine
    # Of the limit, or of the trigger's price, from the last trade as the order comes; signed.
    limit_from: Distance | None = None
    trigger_from: Distance | None = None
    cash: Atoms | None = None  # what a market order is to buy for, in the quote asset, fees apart


class Order(Struct, frozen=True, array_like=True, gc=False):
    """The terms of an order, as accepted. The same object from the event to every reader.

    `limit_price` of a market order is the worst price that its cap allows, fixed at entry
    (None only while a market order waits for its trigger).
    """

    order_id: OrderId
    account: AccountId
    symbol: Symbol
    side: Side
    quantity: Lots  # > 0; the whole order, filled or not, after any reduce-only trim at entry
    limit_price: Ticks | None
    time_in_force: TimeInForce
    created: Nanos  # when the venue accepted it
    cl_ord_id: str | None = None
    post_only: bool = False
    reduce_only: bool = False
    is_market: bool = False  # asked for without a limit; `limit_price` is then the cap
    trigger: Trigger | None = None  # set on orders that wait, or once waited, for a price
    market_cap: Decimal | None = None  # how far a market order may go, as a fraction (0.01 is 1 %)
    algo_id: str | None = None
    user_ref: int | None = None  # the owner's mark; many orders may carry the same
    self_trade: SelfTrade = SelfTrade.REJECT_TAKER
    origin: Origin = Origin.CLIENT
    extras: Extras | None = None


def begins_waiting(order: Order) -> bool:
    """Whether a newly accepted order only waits: for its price, or its time."""
    extras = order.extras
    if extras is not None and extras.starts is not None and extras.starts > order.created:
        return True
    return order.trigger is not None


def hidden_of(order: Order, leaves: int) -> Lots:
    """What the book does not show of an order that comes to rest with `leaves`."""
    extras = order.extras
    if extras is None or extras.display is None:
        return Lots(0)
    return Lots(max(leaves - extras.display, 0))


def moved(order: Order, price: Ticks) -> Order:
    """The order with its trigger at another price."""
    assert order.trigger is not None, "only a trigger has such a price"
    return replace(order, trigger=replace(order.trigger, price=price))


class OrderView(Struct, frozen=True, array_like=True, gc=False):
    """An order at one moment: its terms, what is left of it, and when it last changed."""

    order: Order
    leaves: Lots  # >= 0
    updated: Nanos
    is_waiting: bool = False  # a trigger that has not fired
    value: Atoms = Atoms(0)  # of all that has traded, unsigned, in the settlement asset
    fees: Atoms = Atoms(0)  # paid on that; negative: rebates
    hidden: Lots = Lots(0)  # of `leaves`: the part of a resting iceberg that the book does not show

    @property
    def filled(self) -> Lots:
        """How much of the order has traded."""
        return Lots(self.order.quantity - self.leaves)
