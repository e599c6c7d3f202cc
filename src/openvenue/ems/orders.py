"""The nouns of the desk: accounts at exchanges, orders sent there, and what is known of each.

Prices and quantities are decimals as the client wrote them: the desk does not know every venue's
grid, and passes digits on unchanged.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from openvenue.engine.units import AccountId, Nanos

ExchangeId = NewType("ExchangeId", str)  # where an order goes: "KRAKENFTS", or tagged "KRAKENFTS/2"
ClOrdId = NewType("ClOrdId", str)  # the client's own name of an order; its key everywhere
RunId = NewType("RunId", str)  # one cancel-all, from the closing of its gate to its report

HaltId = NewType("HaltId", str)  # one halt, from its trigger to its release


OrderKey = tuple[AccountId, ClOrdId]

SEPARATORS: Final = "~/.,:;\\!@#$%^&*-_+="  # between an exchange's name and an account's tag
ZERO: Final = Decimal(0)

# Names that the desk gives orders at venues are made from the client's under this one. It stands in
# journals and at venues: never change it.
_NAMES: Final = UUID("5b3f0e0c-6a53-5d0e-9e83-0d6f5a3c1f27")


class Side(StrEnum):
    """FIX: Side (54)."""

    BUY = "BUY"
    SELL = "SELL"


class TimeInForce(StrEnum):
    """FIX: TimeInForce (59)."""

    GTC = "GOOD_TILL_CANCEL"
    GTD_EXCHANGE = "GOOD_TILL_TIME_EXCHANGE"  # the venue lets it expire
    GTD_DESK = "GOOD_TILL_TIME_OMS"  # the desk has to
    FOK = "FILL_OR_KILL"
    IOC = "IMMEDIATE_OR_CANCEL"


class Status(StrEnum):
    """Where an order is in its life. `transitions` has the edges."""

    RECEIVED = "RECEIVED"
    ROUTING = "ROUTING"
    ROUTED = "ROUTED"
    NEW = "NEW"
    PENDING_CANCEL = "PENDING_CANCEL"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"


IN_FLIGHT: Final = (Status.RECEIVED, Status.ROUTING, Status.ROUTED)  # the venue has not answered
ENDED: Final = (Status.FILLED, Status.CANCELED, Status.REJECTED)


class Waits(StrEnum):
    """Whether an order waits for a price before it stands in the book: stops and take-profits."""

    NO = "no"
    YES = "yes"
    UNTOLD = "untold"  # its exchange lists it the same before and after


class Account(Struct, frozen=True, array_like=True):
    """Whose account at which exchange: what an order goes to, and what a cancel-all empties."""

    owner: AccountId
    exchange_id: ExchangeId

    def __str__(self) -> str:
        return f"{self.owner} at {self.exchange_id}"


class Terms(Struct, frozen=True, array_like=True, kw_only=True):
    """What the client asked for; it never changes. All orders are limit orders."""

    symbol: str  # the exchange's own name
    common_symbol: str  # one name over all exchanges; "" where there is none
    side: Side
    quantity: Decimal  # > 0
    price: Decimal  # > 0
    time_in_force: TimeInForce
    expires: str = ""  # as the client wrote it
    instructions: tuple[str, ...] = ()  # MAKER_OR_CANCEL, …
    reduce_only: bool = False

    @property
    def as_sent(self) -> "Terms":
        """What the exchange is told: an expiry that is the desk's is none of its business."""
        if self.time_in_force is not TimeInForce.GTD_DESK:
            return self
        return replace(self, time_in_force=TimeInForce.GTC, expires="")


class Fill(Struct, frozen=True, array_like=True):
    """A part of an order that was executed."""

    time: Nanos
    price: Decimal
    quantity: Decimal
    exec_id: str = ""  # the venue's, by which a fill that is told twice is known; "" of old


class Order(Struct, frozen=True, kw_only=True):
    """An order as far as the desk knows. Replaced by a new one when something becomes known."""

    account: Account
    cl_ord_id: ClOrdId
    terms: Terms
    venue_cl_ord_id: str  # what the venue knows as the client's name; "" if it was given none
    order_id: str = ""  # the venue's; "" until it answers
    status: Status
    filled: Decimal = ZERO
    average: Decimal | None = None  # of the fills, where the venue tells it
    fills: tuple[Fill, ...] = ()
    history: tuple[tuple[Status, Nanos], ...] = ()
    message: str = ""  # why it was refused, or what is not known
    is_unknown: bool = False  # nobody here knows what the venue did: being asked for
    cancel_wanted: bool = False  # to be canceled as soon as the venue knows it
    is_foreign: bool = False  # found at the venue, not sent by this desk
    tag: str = ""  # whose it is within its owner: a strategy, a trader, a client of the owner's
    flattens: HaltId | None = None  # the desk's own: it closes a position on behalf of this halt
    ends_with_session: bool = False  # to be canceled when its client's connection ends
    waits: Waits = Waits.NO

    @property
    def key(self) -> OrderKey:
        """How the desk finds it."""
        return self.account.owner, self.cl_ord_id

    @property
    def is_in_flight(self) -> bool:
        """On its way: the venue has not said anything about it."""
        return self.status in IN_FLIGHT

    @property
    def has_ended(self) -> bool:
        """Nothing of it can trade any more."""
        return self.status in ENDED

    @property
    def leaves(self) -> Decimal:
        """FIX: LeavesQty (151), but of an ended order what it left unfilled."""
        return self.terms.quantity - self.filled


def bare_name(exchange_id: str) -> str:
    """An exchange's name without the tag of an account."""
    for place, sign in enumerate(exchange_id):
        if sign in SEPARATORS:
            return exchange_id[:place]
    return exchange_id


def venue_name(account: Account, cl_ord_id: ClOrdId) -> str:
    """The name of an order at its venue: the same each time, so that it can be looked for."""
    return str(uuid5(_NAMES, f"{account.owner}\n{account.exchange_id}\n{cl_ord_id}"))


def is_tagged(exchange_id: str, name: str) -> bool:
    """Whether `exchange_id` is one of several accounts at the exchange `name`."""
    return exchange_id.startswith(name) and exchange_id[len(name) :][:1] in tuple(SEPARATORS)
