"""All that can happen to halts. Append-only: new fields at the end, with defaults."""

from enum import StrEnum

from msgspec import Struct

from openvenue.ems.halts import Act, HaltOrder, Positions, Trigger
from openvenue.ems.orders import Account, ClOrdId, HaltId
from openvenue.ems.proof import Ending, Sight
from openvenue.ems.scope import Names, Scope
from openvenue.engine.units import Nanos


class HaltRefusal(StrEnum):
    """Why a halt stays as it is."""

    UNKNOWN = "there is no such halt"
    RELEASED = "it was released before"
    NOT_YOURS = "only the operator can release it"
    UNPROVEN = (
        "nothing has proven that no order in scope is open: to release it all the same, confirm "
        "that with even_unproven"
    )
    RUNNING = "it is still canceling: it can be released when that has ended"


class Halted(Struct, frozen=True, kw_only=True, tag=20, array_like=True):
    """The gate of a scope is closed, and what is on its way there is to be canceled."""

    halt_id: HaltId
    scope: Scope
    accounts: tuple[Account, ...]
    trigger: Trigger
    flatten: bool
    deadline_seconds: float
    orders: tuple[HaltOrder, ...]  # in scope, that had not ended
    names: Names = Names()


class HaltRepeated(Struct, frozen=True, kw_only=True, tag=21, array_like=True):
    """Somebody pulled the switch of a scope that is halted already."""

    halt_id: HaltId
    trigger: Trigger
    flatten: bool  # from now on
    deadline_seconds: float = 0.0  # the same; 0: as it was
    has_named_deadline: bool = False
    strange: tuple[str, ...] = ()


class RoundBegun(Struct, frozen=True, kw_only=True, tag=22, array_like=True):
    """An account is swept once more; what is in scope by now is to be canceled."""

    halt_id: HaltId
    account: Account
    orders: tuple[HaltOrder, ...]  # that the halt had not met yet


class Looked(Struct, frozen=True, kw_only=True, tag=23, array_like=True):
    """A piece of evidence: what the venue said is open."""

    halt_id: HaltId
    account: Account
    sight: Sight
    orders: tuple[HaltOrder, ...]  # that the halt had not met yet
    reappeared: int  # orders after an empty look


class Acted(Struct, frozen=True, kw_only=True, tag=24, array_like=True):
    """What was asked of a venue, and its answers."""

    halt_id: HaltId
    account: Account
    acts: tuple[Act, ...]


class PositionsSeen(Struct, frozen=True, kw_only=True, tag=25, array_like=True):
    """What an account was in."""

    halt_id: HaltId
    account: Account
    positions: Positions
    is_after: bool


class RoundEnded(Struct, frozen=True, kw_only=True, tag=26, array_like=True):
    """How it stands on one account."""

    halt_id: HaltId
    account: Account
    ending: Ending
    why: str
    unlistable: tuple[str, ...]
    kept: tuple[ClOrdId, ...] = ()
    unknown_symbols: tuple[str, ...] | None = None
    first_request: Nanos | None = None


class HaltReleased(Struct, frozen=True, kw_only=True, tag=27, array_like=True):
    """Orders pass again."""

    halt_id: HaltId
    by: str
    reason: str
    was_unproven: bool = False


class ReleaseRefused(Struct, frozen=True, kw_only=True, tag=28, array_like=True):
    """The halt stays; it was tried, and that is kept, too."""

    halt_id: HaltId
    by: str
    reason: HaltRefusal


class OrdersMet(Struct, frozen=True, kw_only=True, tag=120, array_like=True):
    """Orders in scope that were canceled before any look could show them."""

    halt_id: HaltId
    account: Account
    orders: tuple[HaltOrder, ...]


HaltEvent = (
    Halted
    | HaltRepeated
    | RoundBegun
    | Looked
    | Acted
    | PositionsSeen
    | RoundEnded
    | HaltReleased
    | ReleaseRefused
    | OrdersMet
)
