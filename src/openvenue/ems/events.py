"""All that can happen at the desk. Append-only: new fields at the end, with defaults."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from openvenue.ems.halt_events import HaltEvent
from openvenue.ems.halts import Act
from openvenue.ems.orders import Account, ClOrdId, Fill, HaltId, RunId, Status, Terms, Waits
from openvenue.ems.proof import Ending, Sight
from openvenue.engine.units import AccountId


class RefusalReason(StrEnum):
    """Why something was not done at all."""

    DUPLICATE_CL_ORD_ID = "duplicate client order id"
    UNKNOWN_ORDER = "unknown order"


class OrderReceived(Struct, frozen=True, kw_only=True, tag=1, array_like=True):
    """The desk took a new order."""

    account: Account
    cl_ord_id: ClOrdId
    terms: Terms
    venue_cl_ord_id: str
    tag: str = ""
    flattens: HaltId | None = None
    ends_with_session: bool = False


class Refused(Struct, frozen=True, kw_only=True, tag=2, array_like=True):
    """Nothing changed."""

    owner: AccountId
    cl_ord_id: ClOrdId
    reason: RefusalReason


class OrderMoved(Struct, frozen=True, kw_only=True, tag=3, array_like=True):
    """An order has a new status, of the desk's own doing."""

    owner: AccountId
    cl_ord_id: ClOrdId
    status: Status
    message: str = ""


class OrderReported(Struct, frozen=True, kw_only=True, tag=4, array_like=True):
    """The venue's word on an order: all that is known now, and every status it went through."""

    owner: AccountId
    cl_ord_id: ClOrdId
    path: tuple[Status, ...]  # may be empty: it got more fills, or is known again
    order_id: str
    filled: Decimal
    average: Decimal | None
    fills: tuple[Fill, ...]
    message: str
    waits: Waits = Waits.NO


class OrderLost(Struct, frozen=True, kw_only=True, tag=5, array_like=True):
    """What the venue made of an order is not known."""

    owner: AccountId
    cl_ord_id: ClOrdId
    why: str


class OrderFound(Struct, frozen=True, kw_only=True, tag=6, array_like=True):
    """An open order of somebody else's sending, on the same account."""

    account: Account
    cl_ord_id: ClOrdId  # the venue's order id: it has no other name that is surely unique
    terms: Terms
    venue_cl_ord_id: str
    order_id: str
    status: Status
    filled: Decimal
    waits: Waits = Waits.NO


class CancelAsked(Struct, frozen=True, kw_only=True, tag=7, array_like=True):
    """An order is to go."""

    owner: AccountId
    cl_ord_id: ClOrdId


class CancelGivenUp(Struct, frozen=True, kw_only=True, tag=8, array_like=True):
    """The venue keeps the order; it is not to go any more."""

    owner: AccountId
    cl_ord_id: ClOrdId
    status: Status
    message: str


class CancelAllBegun(Struct, frozen=True, kw_only=True, tag=9, array_like=True):
    """The gate of an account is closed."""

    run_id: RunId
    account: Account
    in_flight: tuple[ClOrdId, ...]  # to be canceled when the venue knows them
    open: tuple[ClOrdId, ...]


class CancelAllEnded(Struct, frozen=True, kw_only=True, tag=10, array_like=True):
    """The gate is open again. The evidence: every look at the venue's own list."""

    run_id: RunId
    account: Account
    ending: Ending
    sights: tuple[Sight, ...]
    why: str
    acts: tuple[Act, ...] = ()


class Resumed(Struct, frozen=True, kw_only=True, tag=11, array_like=True):
    """The desk has started; how many orders are unknown."""

    unknown: int


Event = (
    OrderReceived
    | Refused
    | OrderMoved
    | OrderReported
    | OrderLost
    | OrderFound
    | CancelAsked
    | CancelGivenUp
    | CancelAllBegun
    | CancelAllEnded
    | Resumed
    | HaltEvent
)
