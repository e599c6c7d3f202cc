"""What a gateway may ask of an exchange, in plain values: it cannot tell where that runs."""

from collections.abc import Callable, Mapping
from typing import Protocol, overload

from msgspec import Struct

from openvenue.engine.assignees import Assignee
from openvenue.engine.commands import Command
from openvenue.engine.instruments import Asset, IndexId
from openvenue.engine.notices import Notice
from openvenue.engine.orders import OrderView
from openvenue.engine.queries import (
    AccountView,
    Answer,
    BookView,
    GetAccount,
    GetAssets,
    GetAssignees,
    GetBook,
    GetFamily,
    GetIndexPrices,
    GetLargestOrder,
    GetMarkets,
    GetNotices,
    GetOpenOrders,
    GetOrders,
    GetTwaps,
    GetUnwindQueue,
    MarketView,
    OrderWeight,
    Query,
    UnwindPlace,
    WeighOrder,
)
from openvenue.engine.twaps import TwapView
from openvenue.engine.units import FinePrice, Lots, Nanos, OrderId
from openvenue.journal.records import Entry, Envelope


class Outcome(Struct, frozen=True):
    """A durable entry, with each order that its events name as it was before them.

    An order that the entry itself accepted is here as it was at acceptance.
    """

    entry: Entry
    before: Mapping[OrderId, OrderView]


Sink = Callable[[list[Outcome]], None]  # hears every outcome once, in order, a group at a time


class ExchangePort(Protocol):
    """One venue, as its gateways see it."""

    async def submit(self, command: Command, envelope: Envelope) -> Outcome:
        """Have `command` decided; its outcome, once durable.

        Raises: VenueStopped: the venue halted before this was durable.
        """

    async def settled(self, hold_id: int) -> Outcome:
        """The outcome that decides a request whose own outcome only told that it is held.

        It holds the events of others, too: those of this one follow its HoldReleased.
        Raises: VenueStopped: the venue halted before that was durable.
        """

    def post(
        self, command: Command, envelope: Envelope, answer: Callable[[Outcome | None], None]
    ) -> None:
        """As `submit`, answered by a plain call (None: the venue stopped): for ordered sessions."""

    @overload
    async def look(self, query: GetOpenOrders | GetOrders) -> list[OrderView]: ...
    @overload
    async def look(self, query: GetBook) -> BookView | None: ...
    @overload
    async def look(self, query: GetMarkets) -> list[MarketView]: ...
    @overload
    async def look(self, query: GetAccount) -> AccountView | None: ...
    @overload
    async def look(self, query: GetFamily) -> list[AccountView]: ...
    @overload
    async def look(self, query: GetAssets) -> list[Asset]: ...
    @overload
    async def look(self, query: GetIndexPrices) -> dict[IndexId, FinePrice]: ...
    @overload
    async def look(self, query: GetNotices) -> list[Notice]: ...
    @overload
    async def look(self, query: GetUnwindQueue) -> list[UnwindPlace]: ...
    @overload
    async def look(self, query: GetTwaps) -> list[TwapView]: ...
    @overload
    async def look(self, query: GetAssignees) -> list[Assignee]: ...
    @overload
    async def look(self, query: WeighOrder) -> OrderWeight | None: ...
    @overload
    async def look(self, query: GetLargestOrder) -> Lots: ...
    async def look(self, query: Query) -> Answer:
        """The answer to `query`, of a state that is durable. See `engine.queries`."""

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        """Hear every outcome from now on, after its sender was answered; the result ends it.

        What `sink` raises stops the venue: who listens must not go on with a gap.
        """

    def now(self) -> Nanos:
        """Market time."""

    @property
    def offset(self) -> Nanos:
        """How far market time is ahead of the machine's clock."""


class VenueStopped(Exception):
    """This venue halted (a fault of ours, or the disk); others go on."""
