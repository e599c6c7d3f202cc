"""What the desk asks of a venue, whichever it is, and the ways in which that can go wrong.

A connector speaks one public wire API, as any client of that venue would. It keeps nothing but
connections: what is known of orders is the desk's.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, Protocol, runtime_checkable

from msgspec import Struct

from openvenue.ems.commands import Word
from openvenue.ems.orders import Side, Terms
from openvenue.engine.units import Nanos


class Unreachable(Exception):
    """Nobody took the connection: the request never left."""


class Silent(Exception):
    """The request left, and no answer came, or none that says what became of it."""


class VenueRefused(Exception):
    """The venue said no, in its own words; nothing happened there."""


class NotAllowed(VenueRefused):
    """The venue does not let this key do it: it is unknown, revoked, or signs wrongly."""


class TooMany(VenueRefused):
    """The venue has heard too much of us; nothing happened there, and later it may."""


FAILURES: Final = (Unreachable, Silent, VenueRefused)


class OrderName(Struct, frozen=True):
    """An order as its venue can find it. One of the two may be empty."""

    order_id: str  # the venue's
    cl_ord_id: str  # the one that the desk gave it there
    symbol: str
    since: Nanos  # no earlier than this was it sent


class VenueOrder(Struct, frozen=True, kw_only=True):
    """An order in a venue's own list."""

    order_id: str
    cl_ord_id: str  # "" where it has none
    terms: Terms  # as far as the list tells
    word: Word

    @property
    def names(self) -> tuple[str, str]:
        """By which the desk may know it."""
        return self.cl_ord_id, self.order_id


class Relayed(Struct, frozen=True):
    """The venue took a cancel and will carry it out."""


class Gone(Struct, frozen=True):
    """The venue has no such order open: canceled before, filled, or never there."""


class Balance(Struct, frozen=True, kw_only=True):
    """What an account holds of one asset."""

    asset: str  # the exchange's name
    common_asset: str
    balance: Decimal
    available: Decimal
    locked: Decimal


class Position(Struct, frozen=True, kw_only=True):
    """An open position."""

    symbol: str
    common_symbol: str
    side: str  # BUY (long) or SELL
    quantity: Decimal  # > 0
    average_price: Decimal
    unrealized: Decimal | None = None
    leverage: Decimal | None = None
    is_cross: bool | None = None
    liquidation_price: Decimal | None = None
    raw: Mapping[str, object] = {}  # as the venue told it


class Snapshot(Struct, frozen=True):
    """Every order that is open now."""

    orders: tuple[VenueOrder, ...]


class Heard(Struct, frozen=True):
    """Something happened to an order; `word` has the venue's id of it."""

    cl_ord_id: str  # "" where it has none, or the feed does not tell
    word: Word
    terms: Terms | None = None  # where the feed tells all of them


class MassCanceled(Struct, frozen=True):
    """What a venue told of the mass cancel that it has done."""

    told: tuple[Heard, ...] = ()  # of each order that it told about
    count: int | None = None  # how many it canceled, those told about among them; None: untold


Feed = AsyncGenerator[Snapshot | Heard, None]


class Capabilities(Struct, frozen=True, kw_only=True):
    """What can be asked of a venue, and how much an empty list of its proves."""

    mass_cancel: tuple[str, ...]  # "account", "symbol": what its own mass cancel can be told
    lists: tuple[str, ...]  # order classes in `open_orders`: "limit", "trigger", "twap", …
    unlistable: tuple[str, ...] = ()  # classes that may be open there and that nothing lists
    dead_mans_switch: Literal["native", "emulated", "none"]
    has_private_feed: bool
    is_live: bool  # not on this machine


class Market(Struct, frozen=True, kw_only=True):
    """What can be traded at a venue, and on which grid."""

    symbol: str  # the exchange's name; assets alike
    common_symbol: str  # "" where it has none
    base: str
    quote: str
    common_base: str
    common_quote: str
    price_step: Decimal  # > 0
    size_step: Decimal  # > 0


class Ended(Struct, frozen=True):
    """An order that is over."""

    order: VenueOrder
    time: Nanos  # of its end, by the venue's clock, cut to what the venue tells


class Past(Struct, frozen=True):
    """What a venue tells of orders that are over."""

    ended: tuple[Ended, ...] = ()
    is_whole: bool = False  # none that ended in the time that was asked for is missing


@runtime_checkable
class TellsThePast(Protocol):
    """A connector to a venue that says which orders have ended of late."""

    async def ended_since(self, time: Nanos) -> Past:
        """Those that ended at `time` or later, as far as questions can be spared for it.

        May raise Unreachable, Silent, VenueRefused.
        """


@runtime_checkable
class ListsMarkets(Protocol):
    """A connector that can say what is traded there."""

    async def markets(self) -> Sequence[Market]:
        """All of it. May raise Unreachable, Silent, VenueRefused."""


@runtime_checkable
class CountsQuestions(Protocol):
    """A connector to a venue that bears only so many of them."""

    def may_look(self) -> bool:
        """Whether a question can be spared that nobody has asked."""


class PathChange(Struct, frozen=True):
    """From now on a kill goes by another path."""

    time: Nanos
    path: str
    why: str  # what was wrong with the one before


@runtime_checkable
class HasTwoPaths(Protocol):
    """A connector with a second path, which only kills may use."""

    def need(self) -> None:
        """A kill wants something of this account; until `need_no_more`."""

    def need_no_more(self) -> None:
        """It has ended, or waits."""

    def take_changes(self) -> Sequence[PathChange]:
        """Every change of path that was not told yet."""


@runtime_checkable
class CountsRequests(Protocol):
    """A connector to a venue that bears only so many of them."""

    def is_used_up(self) -> bool:
        """Whether the next one would be one too many, as far as a client can tell."""


class Connector(Protocol):
    """One account at one venue.

    All that asks may raise Unreachable, Silent, VenueRefused.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this venue can do for the desk."""

    async def ready(self) -> None:
        """Know what names and `why_unfit` need. Most know it from the beginning."""

    def common_symbol(self, symbol: str) -> str:
        """The name over all exchanges of what the exchange calls `symbol`; "" if there is none."""

    def own_symbol(self, common_symbol: str) -> str:
        """The other way round; "" if it is none of this exchange."""

    def why_unfit(self, terms: Terms) -> str:
        """Why this API cannot express an order; "" if it can."""

    def admit(self, terms: Terms) -> str:
        """Count an order that is about to be sent against what the venue allows.

        Why it is held back, or "": some of what is allowed is kept for cancels.
        """

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        """Send an order. VenueRefused: it is not there, and will not be."""

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """Cancel one order. VenueRefused: the venue keeps it."""

    async def cancel_all(self, symbol: str | None = None) -> MassCanceled:
        """The venue's own mass cancel.

        VenueRefused, without asking: `capabilities.mass_cancel` has no such thing.
        """

    async def open_orders(self) -> Sequence[VenueOrder]:
        """The venue's own list: every order that is not over, whoever sent it."""

    async def fresh_open_orders(self) -> Sequence[VenueOrder] | None:
        """The same list by another way: what a new subscription to the private feed begins with.

        None: the venue has no such feed.
        """

    def follow(self) -> Feed:
        """The private feed: first a Snapshot, then what is heard, until it raises.

        Only where `capabilities.has_private_feed`. It repeats itself, and may tell what is older
        than an answer: `RecordHeard` is made for that. A feed with a gap ends.
        """

    async def find(self, name: OrderName) -> Word | None:
        """What became of an order; None: the venue knows nothing of it."""

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        """As `find`, of many that the venue once confirmed, in as few requests as it takes."""

    async def arm(self, seconds: int) -> None:
        """Have the venue cancel all of the account so long from now; 0: not any more.

        Each call replaces the one before, whoever made it. VenueRefused where there is none.
        """

    async def balances(self) -> Sequence[Balance]:
        """What the account holds."""

    async def positions(self) -> Sequence[Position]:
        """Open positions."""

    async def depth(self, symbol: str, side: Side) -> Sequence[tuple[Decimal, Decimal]]:
        """Price and quantity of what an order of `side` would meet, best first."""

    async def close(self) -> None:
        """Let go of all connections."""
