"""Who takes over positions that the book could not close, and on which terms."""

from decimal import Decimal
from enum import IntEnum

from msgspec import Struct

from openvenue.engine.instruments import Kind
from openvenue.engine.units import AccountId, Nanos, Symbol


class Days(IntEnum):
    """When an assignee takes positions, by the calendar of UTC. Numbers are journaled."""

    ALL = 1
    WEEKDAYS = 2
    WEEKENDS = 3


class AssigneeTerms(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What an account is ready to take. Source: Kraken Futures REST, "Assignment program"."""

    kind: Kind
    symbol: Symbol | None = None  # None: every market of the kind
    max_size: Decimal | None = None  # of one position, as sizes are given; None: any
    max_position: Decimal | None = None  # that it may come to hold; None: any
    accepts_long: bool = True
    accepts_short: bool = True
    days: Days = Days.ALL
    is_enabled: bool = True


class Assignee(Struct, frozen=True, array_like=True, gc=False):
    """One entry of the assignment programme. `left` is when it ended; 0: it stands."""

    number: int
    account: AccountId
    terms: AssigneeTerms
    joined: Nanos
    left: Nanos = Nanos(0)
