"""All that can be told to the desk's machine: by clients, by the runner, by venues' answers.

Every one is journaled with what it caused. Append-only: new fields at the end, with defaults.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from openvenue.ems.halt_commands import HaltCommand
from openvenue.ems.halts import Act
from openvenue.ems.orders import ZERO, Account, ClOrdId, Fill, HaltId, RunId, Terms, Waits
from openvenue.ems.proof import Ending, Sight
from openvenue.engine.units import AccountId, Nanos


class Standing(StrEnum):
    """How an order stands at its venue."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


class Word(Struct, frozen=True, array_like=True, kw_only=True):
    """What a venue says of one order."""

    standing: Standing
    order_id: str = ""
    filled: Decimal = ZERO
    average: Decimal | None = None
    fills: tuple[Fill, ...] = ()  # those that it told, oldest first
    message: str = ""
    leaves: Decimal | None = None  # where a venue tells this, and not how much was filled
    waits: Waits | None = None  # None: nothing is said of it


class PlaceOrder(Struct, frozen=True, kw_only=True, tag=1, array_like=True):
    """Take an order. FIX: NewOrderSingle (35=D)."""

    account: Account
    cl_ord_id: ClOrdId
    terms: Terms
    unfit: str = ""  # why its venue's connector could not express it; "" if it can
    tag: str = ""
    flattens: HaltId | None = None  # the desk's own, for a halt: it passes the gate
    ends_with_session: bool = False  # to be canceled when its client's connection ends


class RecordUnsent(Struct, frozen=True, kw_only=True, tag=2, array_like=True):
    """The venue could not be reached: the order never left."""

    owner: AccountId
    cl_ord_id: ClOrdId
    why: str


class RecordSilence(Struct, frozen=True, kw_only=True, tag=3, array_like=True):
    """The order was handed over and no answer came: nobody knows what became of it."""

    owner: AccountId
    cl_ord_id: ClOrdId
    why: str


class RecordWord(Struct, frozen=True, kw_only=True, tag=4, array_like=True):
    """The venue has spoken about an order."""

    owner: AccountId
    cl_ord_id: ClOrdId
    word: Word
    asked: Nanos  # when: an answer may be older than what is known already


class RecordAbsence(Struct, frozen=True, kw_only=True, tag=5, array_like=True):
    """The venue was asked, and knows no such order, neither open nor executed."""

    owner: AccountId
    cl_ord_id: ClOrdId
    asked: Nanos


class RecordForeign(Struct, frozen=True, kw_only=True, tag=6, array_like=True):
    """The venue has an open order that this desk did not send."""

    account: Account
    venue_cl_ord_id: str
    terms: Terms
    word: Word


class AskCancel(Struct, frozen=True, kw_only=True, tag=7, array_like=True):
    """An order is to be canceled, now or as soon as the venue knows it."""

    owner: AccountId
    cl_ord_id: ClOrdId


class RecordCancelRelayed(Struct, frozen=True, kw_only=True, tag=8, array_like=True):
    """The venue has taken a cancel, and has not said yet that it is done."""

    owner: AccountId
    cl_ord_id: ClOrdId


class RecordCancelFailed(Struct, frozen=True, kw_only=True, tag=9, array_like=True):
    """The venue says that the order is still active."""

    owner: AccountId
    cl_ord_id: ClOrdId
    why: str


class BeginCancelAll(Struct, frozen=True, kw_only=True, tag=10, array_like=True):
    """Close the gate of an account; its orders in flight are to be canceled when they arrive."""

    account: Account


class EndCancelAll(Struct, frozen=True, kw_only=True, tag=11, array_like=True):
    """Open the gate again, and keep the report."""

    run_id: RunId
    ending: Ending
    sights: tuple[Sight, ...]
    why: str = ""
    acts: tuple[Act, ...] = ()


class RecordHeard(Struct, frozen=True, kw_only=True, tag=50, array_like=True):
    """The venue's private feed says something of an order, perhaps of somebody else's."""

    account: Account
    venue_cl_ord_id: str
    word: Word
    terms: Terms | None = None  # where it tells all of them


class Resume(Struct, frozen=True, kw_only=True, tag=12, array_like=True):
    """The desk starts. What was open is unknown until its venue has been asked."""


Command = (
    PlaceOrder
    | RecordUnsent
    | RecordSilence
    | RecordWord
    | RecordAbsence
    | RecordForeign
    | AskCancel
    | RecordCancelRelayed
    | RecordCancelFailed
    | BeginCancelAll
    | EndCancelAll
    | RecordHeard
    | Resume
    | HaltCommand
)
