"""The nouns of the kill switch: what is halted, what was asked and seen on its behalf, and why.

A halt stands from its trigger to its release. On each account in its scope it has a leg: one or
more rounds of canceling and looking, of which the last one's ending counts.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from openvenue.ems.orders import Account, ClOrdId, HaltId, Side, Status
from openvenue.ems.proof import Ending, Sight
from openvenue.ems.scope import Names, Scope
from openvenue.engine.units import AccountId, Nanos


class Origin(StrEnum):
    """Through which door a halt came; it decides who may release it."""

    CLIENT = "client"  # an owner, with an API key: the owner's accounts only
    OPERATOR = "operator"
    SIGNAL = "signal"
    MARKER = "marker"  # a file that somebody left while the desk was silent


class Trigger(Struct, frozen=True, array_like=True, kw_only=True):
    """Who pulled it, and why."""

    origin: Origin
    by: str
    reason: str = ""
    owner: AccountId | None = None  # whose key it was; None: the operator's doing


class HaltOrder(Struct, frozen=True, array_like=True, kw_only=True):
    """An order in scope as it stood when the halt met it."""

    account: Account
    cl_ord_id: ClOrdId
    status: Status
    filled: Decimal
    has_appeared: bool = False  # after the account had been seen empty


class Act(Struct, frozen=True, array_like=True, kw_only=True):
    """Something that was asked of a venue on behalf of a halt, and its answer."""

    kind: str  # "mass cancel", "mass cancel of PF_XBTUSD", "cancel", "close"
    asked: Nanos
    answered: Nanos
    answer: str  # DONE, TAKEN, GONE, or why not
    cl_ord_id: ClOrdId | None = None  # of a single order
    count: int | None = None  # how many orders a mass cancel has canceled, if that was told


PATH = "went over to: "  # and a path; the answer is why
FIRST_PATH = "first path"
SECOND_PATH = "second path"  # kept for kills
DONE = "done"
TAKEN = "taken"  # and not done yet
GONE = "gone"  # it was not there any more


class HeldPosition(Struct, frozen=True, array_like=True, kw_only=True):
    """A position in scope."""

    symbol: str
    common_symbol: str
    side: Side
    quantity: Decimal


class Positions(Struct, frozen=True, array_like=True, kw_only=True):
    """What an account was in, at one moment."""

    time: Nanos
    held: tuple[HeldPosition, ...]


class Leg(Struct, frozen=True, kw_only=True):
    """A halt on one account."""

    account: Account
    begun: Nanos  # the round that counts
    rounds: int = 1
    ended: Nanos | None = None
    ending: Ending | None = None
    why: str = ""
    sights: tuple[Sight, ...] = ()  # of all rounds, and those of the watch that showed something
    acts: tuple[Act, ...] = ()
    was_empty: bool = False  # at the last look
    reappeared: int = 0  # orders seen after an empty look
    unlistable: tuple[str, ...] = ()  # classes of orders that the venue shows to nobody
    before: Positions | None = None
    after: Positions | None = None
    kept: tuple[ClOrdId, ...] = ()  # open beside the scope, at the last look of the round
    unknown_symbols: tuple[str, ...] | None = None  # of its names; None: not asked for yet
    came_back: int = 0  # how often positions were held after none had been
    first_request: Nanos | None = None  # so long after the trigger; None: it was resumed


class Release(Struct, frozen=True, array_like=True, kw_only=True):
    """The explicit end of a halt."""

    time: Nanos
    by: str
    reason: str
    was_unproven: bool = False


class Repeat(Struct, frozen=True, array_like=True, kw_only=True):
    """Somebody pulled a switch that was pulled."""

    time: Nanos
    trigger: Trigger
    deadline_seconds: float | None = None  # if one was named


class Halt(Struct, frozen=True, kw_only=True):
    """One halt, and what came of it."""

    halt_id: HaltId
    scope: Scope
    trigger: Trigger
    begun: Nanos
    flatten: bool
    deadline_seconds: float
    legs: dict[Account, Leg]
    orders: dict[tuple[AccountId, ClOrdId], HaltOrder]
    repeats: tuple[Repeat, ...] = ()
    release: Release | None = None
    names: Names = Names()

    @property
    def is_active(self) -> bool:
        """Orders in scope are refused."""
        return self.release is None

    @property
    def is_running(self) -> bool:
        """A round is under way."""
        return any(leg.ending is None for leg in self.legs.values())

    @property
    def is_proven(self) -> bool:
        """Nothing in scope was open on any account when it was swept last."""
        return all(leg.ending is Ending.PROVEN for leg in self.legs.values())
