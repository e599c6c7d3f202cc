"""One venue: its writer, its timer, its room on the disk, and how it starts and stops."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, Self, overload

import structlog

from openvenue.engine.assignees import Assignee
from openvenue.engine.commands import Command, PassTime, Resume, SetIntake
from openvenue.engine.events import Refused
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
from openvenue.engine.units import FinePrice, Lots, Nanos
from openvenue.exchange.clock import Clock
from openvenue.exchange.collector import Collector
from openvenue.exchange.engine_machine import EngineMachine
from openvenue.exchange.feed import Feed
from openvenue.exchange.machine import Machine
from openvenue.exchange.port import Outcome, Sink, VenueStopped
from openvenue.exchange.snapshots import SnapshotHelper, helper_command
from openvenue.exchange.stats import Stats
from openvenue.exchange.ticket import Ticket
from openvenue.exchange.writer import BATCH_MAX, BY_VENUE, Waiting, Writer, nobody
from openvenue.journal.directory import SNAPSHOTS
from openvenue.journal.files import open_journal
from openvenue.journal.memory import MemoryJournal
from openvenue.journal.port import Journal
from openvenue.journal.records import Envelope
from openvenue.journal.recover import recover
from openvenue.journal.snapshots import list_snapshots

log = structlog.get_logger(__name__)

FLOOR_BYTES: Final = 256 * 2**20  # room for some millions of cancels
SNAPSHOT_EVERY: Final = 250_000  # entries; folding those takes about a second


class SetupRefused(Exception):
    """The world that a new venue was to start with makes no sense; the message says where."""


class Exchange:
    """An `ExchangePort` in this process."""

    def __init__(
        self,
        name: str,
        machine: Machine,
        journal: Journal,
        clock: Clock,
        *,
        nonces: Mapping[str, int] | None = None,
        snapshots: SnapshotHelper | None = None,
        collector: Collector | None = None,
        floor_bytes: int = FLOOR_BYTES,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self.name = name
        self.journal = journal
        self.nonces = dict(nonces or {})  # highest journaled before this start, by key id
        self.stats = Stats()
        self.recovered_seq = journal.last_seq  # what was there before this start
        self._machine = machine
        self._clock = clock
        self._snapshots = snapshots
        self._collector = collector
        self._floor = floor_bytes
        self._feed = Feed(name)
        self._writer = Writer(
            name, machine, journal, clock, self._feed, self.stats, self, batch_max=batch_max
        )
        self._running: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: Callable[[], None] | None = None  # forgets it
        self._alarm_at: Nanos | None = None

    @classmethod
    async def open(
        cls,
        name: str,
        directory: Path | None,
        clock: Clock,
        *,
        durability: Literal["disk", "os"] = "disk",
        setup: Sequence[Command] = (),
        snapshot_every: int = SNAPSHOT_EVERY,
        floor_bytes: int = FLOOR_BYTES,
        batch_max: int = BATCH_MAX,
        collector: Collector | None = None,
    ) -> Self:
        """The venue that `directory` remembers, serving; without one, a venue without a past.

        Raises: JournalError; SetupRefused; VenueStopped.
        """
        journal: Journal
        snapshots = None
        if directory is None:
            journal = MemoryJournal()
        else:
            journal = await asyncio.to_thread(open_journal, directory, durability=durability)
            newest = next((int(path.stem) for path in list_snapshots(directory / SNAPSHOTS)), 0)
            snapshots = SnapshotHelper(helper_command(directory), snapshot_every, newest)
        try:
            place = None if directory is None else directory / SNAPSHOTS
            world = await asyncio.to_thread(recover, journal, place)
            if collector is not None:
                collector.settle()
            exchange = cls(
                name,
                EngineMachine(world.engine),
                journal,
                clock,
                nonces=world.nonces,
                snapshots=snapshots,
                collector=collector,
                floor_bytes=floor_bytes,
                batch_max=batch_max,
            )
            await exchange.start(setup)
        except BaseException:
            journal.close()
            raise
        return exchange

    async def start(self, setup: Sequence[Command] = ()) -> None:
        """Journal what comes before any client's command, then serve.

        A venue without a past begins with `setup`, as one group: all of it or nothing. One with a
        past resumes, and what fell due meanwhile happens now.
        Raises: SetupRefused; VenueStopped.
        """
        if self._writer.seq:
            first: Sequence[Command] = [Resume(down_since=self._writer.last_time)]
        else:
            first = setup
        if first:
            batch = [Waiting(command, BY_VENUE, nobody) for command in first]
            await self._writer.serve(batch, approve=_approve_setup)
        if self.stopped is not None:
            raise VenueStopped(self.stopped)
        self._running = asyncio.create_task(self._writer.run(), name=f"exchange {self.name}")

    async def close(self) -> None:
        """Finish what was accepted, take nothing more, and let go of the journal."""
        self._writer.leave()
        if self._running is not None:
            await self._running
        self._forget_alarm()
        if self._snapshots is not None:
            await self._snapshots.close()
        await asyncio.to_thread(self.journal.close)

    @property
    def stopped(self) -> str | None:
        """Why this venue serves no more; None while it does."""
        return self._writer.stopped

    @property
    def seq(self) -> int:
        """Sequence of the newest entry that was told."""
        return self._writer.seq

    @property
    def live_orders(self) -> int:
        """How many orders rest or wait."""
        return self._machine.live_orders

    async def submit(self, command: Command, envelope: Envelope) -> Outcome:
        """Have `command` decided; its outcome, once durable. Raises: VenueStopped."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()  # asked once: it is a system call each time
        ticket = Ticket(self._loop)
        self._writer.post(command, envelope, ticket)
        outcome = await ticket
        if outcome is None:
            raise VenueStopped(self.stopped or "this venue is closing")
        return outcome

    async def settled(self, hold_id: int) -> Outcome:
        """The outcome in which a hold of this venue ended, or will. Raises: VenueStopped."""
        ticket = Ticket(asyncio.get_running_loop())
        outcome = self._writer.settlements.ask(hold_id, ticket)
        if outcome is None:
            if self.stopped is not None:
                raise VenueStopped(self.stopped)
            outcome = await ticket
        if outcome is None:
            raise VenueStopped(self.stopped or "this venue is closing")
        return outcome

    def post(
        self, command: Command, envelope: Envelope, answer: Callable[[Outcome | None], None]
    ) -> None:
        """As `submit`, answered by a plain call (None: the venue stopped), in order of posting."""
        self._writer.post(command, envelope, answer)

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
        """The answer to `query`, of a state that is durable. Raises: VenueStopped."""
        return await self._writer.look(query)

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        """Hear every outcome from now on, after its sender was answered; the result ends it."""
        return self._feed.subscribe(sink)

    def now(self) -> Nanos:
        """Market time, which never goes back."""
        return Nanos(max(self._writer.last_time, self._clock.now()))

    @property
    def offset(self) -> Nanos:
        """How far market time is ahead of the machine's clock."""
        return self._clock.offset

    # What the writer calls between batches.

    def before_batch(self) -> list[Command]:
        """Close intake when room on the disk runs out, open it when there is enough again.

        It is a command like any other, so a replay refuses the same orders.
        """
        free = self.journal.free_bytes()
        if self._machine.is_intake_open:
            if free >= self._floor:
                return []
            log.warning("low disk: orders are refused, cancels pass", venue=self.name, free=free)
            return [SetIntake(is_open=False)]
        if free < self._floor + self._floor // 4:
            return []
        log.info("room again: orders are taken", venue=self.name, free=free)
        return [SetIntake(is_open=True)]

    def after_batch(self) -> None:
        """Set the alarm for what is due next; start a snapshot if it is time."""
        due = self._machine.next_due()
        if due != self._alarm_at:
            self._forget_alarm()
            if due is not None:
                assert due > self._writer.last_time, "what was due has been done"
                self._alarm_at = due
                self._alarm = self._clock.call_at(due, self._ring)
        if self._snapshots is not None:
            self._snapshots.reached(self._writer.seq)
        if self._collector is not None:
            self._collector.touch()

    def _ring(self) -> None:
        """The alarm went off, perhaps early."""
        due, self._alarm, self._alarm_at = self._alarm_at, None, None
        if due is None or self.stopped is not None:
            return
        if self._clock.now() < due:
            self._alarm_at = due
            self._alarm = self._clock.call_at(due, self._ring)
        else:
            self._writer.post(PassTime(), BY_VENUE, nobody)

    def _forget_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm()
        self._alarm = self._alarm_at = None


def _approve_setup(outcomes: list[Outcome]) -> None:
    """Raises: SetupRefused: a command of the first group was refused; none of it is kept."""
    for outcome in outcomes:
        for event in outcome.entry.events:
            if isinstance(event, Refused):
                what = type(outcome.entry.command).__name__
                raise SetupRefused(f"{what} was refused ({event.reason.name}): {event.detail}")
