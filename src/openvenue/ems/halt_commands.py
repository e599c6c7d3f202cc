"""All that can be told to the desk's machine about halts: by who pulls, by the runner, by venues.

Journaled like the commands beside them. Append-only: new fields at the end, with defaults.
"""

from msgspec import Struct

from openvenue.ems.halts import Act, Positions, Trigger
from openvenue.ems.orders import Account, ClOrdId, HaltId
from openvenue.ems.proof import Ending, Sight
from openvenue.ems.scope import Names, Scope
from openvenue.engine.units import Nanos


class PullSwitch(Struct, frozen=True, kw_only=True, tag=20, array_like=True):
    """Halt a scope until it is released. The same scope again joins the halt that stands."""

    scope: Scope
    accounts: tuple[Account, ...]  # in scope, as far as the desk reaches them
    trigger: Trigger
    flatten: bool
    deadline_seconds: float
    halt_id: HaltId | None = None  # as a marker calls it; None: the next number
    names: Names = Names()
    has_named_deadline: bool = True  # else it is the desk's own, which shortens nothing


class BeginRound(Struct, frozen=True, kw_only=True, tag=21, array_like=True):
    """A halt's account is swept once more: it was not proven, or this is a new start."""

    halt_id: HaltId
    account: Account


class RecordLook(Struct, frozen=True, kw_only=True, tag=22, array_like=True):
    """What the venue said is open, on behalf of a halt."""

    halt_id: HaltId
    account: Account
    sight: Sight
    listed: tuple[ClOrdId, ...]  # the desk's names of the same orders


class RecordActs(Struct, frozen=True, kw_only=True, tag=23, array_like=True):
    """What was asked of the venue on behalf of a halt, and what it answered."""

    halt_id: HaltId
    account: Account
    acts: tuple[Act, ...]


class RecordPositions(Struct, frozen=True, kw_only=True, tag=24, array_like=True):
    """Positions in scope, before and after they were closed."""

    halt_id: HaltId
    account: Account
    positions: Positions
    is_after: bool


class EndRound(Struct, frozen=True, kw_only=True, tag=25, array_like=True):
    """How it stands on one account when a round is over. The gate stays closed."""

    halt_id: HaltId
    account: Account
    ending: Ending
    why: str = ""
    unlistable: tuple[str, ...] = ()
    kept: tuple[ClOrdId, ...] = ()  # open beside the scope
    unknown_symbols: tuple[str, ...] | None = None  # of its names; None: not asked for now
    first_request: Nanos | None = None  # so long after the trigger; None: it was not pulled now


class ReleaseHalt(Struct, frozen=True, kw_only=True, tag=26, array_like=True):
    """Let orders pass again."""

    halt_id: HaltId
    by: str
    reason: str
    even_unproven: bool = False


HaltCommand = (
    PullSwitch | BeginRound | RecordLook | RecordActs | RecordPositions | EndRound | ReleaseHalt
)
