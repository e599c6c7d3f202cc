"""The one writer: gives commands an order and a time, has them decided, makes them durable, tells.

Nothing is decided while a batch is on its way to disk. So whenever this module is not waiting for
the journal, all that is decided is durable, and questions may be answered from the state.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from openvenue.engine.commands import Command, PassTime, Resume
from openvenue.engine.queries import Answer, Query
from openvenue.engine.units import Nanos
from openvenue.exchange.clock import Clock
from openvenue.exchange.feed import Feed
from openvenue.exchange.machine import Machine
from openvenue.exchange.port import Outcome, VenueStopped
from openvenue.exchange.settlements import Settlements
from openvenue.exchange.stats import Stats
from openvenue.journal.port import Journal
from openvenue.journal.records import Entry, Envelope

log = structlog.get_logger(__name__)

BATCH_MAX: Final = 512  # commands per sync: more gains little and makes the first one wait

Answers = Callable[[Outcome | None], None]


class Waiting:
    """A command that was handed in, and whom to tell."""

    __slots__ = ("answer", "command", "envelope")

    def __init__(self, command: Command, envelope: Envelope, answer: Answers) -> None:
        self.command: Final = command
        self.envelope: Final = envelope
        self.answer: Final = answer


class Household(Protocol):
    """What else a venue has to do, between batches and on the same thread."""

    def before_batch(self) -> list[Command]:
        """Commands of the venue's own that go in front of the next batch."""

    def after_batch(self) -> None:
        """A batch is durable and told."""


class Writer:
    """Commands in, outcomes out, in the order of arrival."""

    def __init__(
        self,
        venue: str,
        machine: Machine,
        journal: Journal,
        clock: Clock,
        feed: Feed,
        stats: Stats,
        household: Household,
        *,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._venue = venue
        self._machine = machine
        self._journal = journal
        self._clock = clock
        self._feed = feed
        self._stats = stats
        self._household = household
        self._batch_max = batch_max
        self._inbox: deque[Waiting] = deque()
        self._questions: deque[tuple[Query, asyncio.Future[Answer]]] = deque()
        self._asleep: asyncio.Future[None] | None = None
        self._syncing = False
        self._leaving = False
        self.settlements: Final = Settlements()
        self.seq = journal.last_seq  # of the newest entry that was told
        self.last_time = journal.last_time
        self.stopped: str | None = None  # why, once the venue halted

    def post(self, command: Command, envelope: Envelope, answer: Answers) -> None:
        """Have `command` decided after all that was posted before; `answer` is called once."""
        if self.stopped is not None or self._leaving:
            asyncio.get_running_loop().call_soon(answer, None)
            return
        self._inbox.append(Waiting(command, envelope, answer))
        self._wake()

    async def look(self, query: Query) -> Answer:
        """The answer from what is durable now, or as soon as the batch in flight is told."""
        if self.stopped is not None:
            raise VenueStopped(self.stopped)
        if not self._syncing:
            return self._machine.look(query)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._questions.append((query, future))
        return await future

    async def run(self) -> None:
        """Serve the inbox until `leave`, or until the venue has to stop."""
        try:
            while self.stopped is None:
                if not self._inbox:
                    if self._leaving:
                        break
                    await self._sleep()
                    continue
                await self.serve(self._take())
                if self._inbox:
                    await asyncio.sleep(0)  # a journal in memory never waits: others want a turn
        except Exception as error:
            log.exception("the venue cannot go on", venue=self._venue, seq=self.seq)
            self._halt(f"a fault between commands: {error!r}")
        finally:
            self._halt(self.stopped or "this venue is closed")

    async def serve(
        self, batch: list[Waiting], *, approve: Callable[[list[Outcome]], None] | None = None
    ) -> None:
        """Decide, make durable, answer, tell: one sync for the whole batch.

        What `approve` raises ends it before anything is durable.
        """
        started = time.perf_counter()
        outcomes, fault = self._decide(batch)
        if approve is not None:
            approve(outcomes)
        decided = time.perf_counter()
        if outcomes:
            self._syncing = True
            try:
                await self._journal.append([outcome.entry for outcome in outcomes])
            except asyncio.CancelledError:
                self._halt("this venue was interrupted", batch)
                raise
            except Exception as error:
                # Nobody has heard of this batch, nobody will: the state holds it, the disk may not.
                log.exception("journal failed", venue=self._venue, seq=outcomes[0].entry.seq)
                self._halt(f"the journal cannot be written: {error}", batch)
                return
            self._syncing = False
            self.seq = outcomes[-1].entry.seq
            self._count(outcomes, decided - started, time.perf_counter() - decided)
        for outcome, waiting in zip(outcomes, batch, strict=False):
            self._answer(waiting, outcome)
        for ticket, settled in self.settlements.hear(outcomes):
            self._answer(Waiting(settled.entry.command, BY_VENUE, ticket), settled)
        deaf = self._feed.publish(outcomes) if outcomes else None
        if fault is not None or deaf is not None:
            self._halt(fault or deaf or "", batch[len(outcomes) :])
            return
        self._answer_questions()
        self._household.after_batch()

    def leave(self) -> None:
        """Take nothing more; `run` returns when what was accepted is done."""
        self._leaving = True
        self._wake()

    def _decide(self, batch: list[Waiting]) -> tuple[list[Outcome], str | None]:
        """Outcomes in order; and if the engine failed, why: those before it still count."""
        now = self.last_time = Nanos(max(self.last_time, self._clock.now()))
        seq = self.seq
        decide = self._machine.decide
        due = self._machine.next_due()
        if due is not None and due <= now and type(batch[0].command) not in (PassTime, Resume):
            # What time alone brings about has an entry of its own, so that the events of a
            # client's command are its answer and what follows from it, and nothing else.
            batch.insert(0, Waiting(PassTime(), BY_VENUE, nobody))
        outcomes: list[Outcome] = []
        for waiting in batch:
            seq += 1
            command = waiting.command
            try:
                events, before = decide(command, now)
            except Exception as error:
                # The failed command has half-changed the state: no later one may be decided on it.
                log.exception("engine failed", venue=self._venue, seq=seq, command=repr(command))
                return outcomes, f"a fault in the engine at entry {seq}: {error!r}"
            entry = Entry(seq, now, waiting.envelope, command, tuple(events))
            outcomes.append(Outcome(entry, before))
        return outcomes, None

    def _take(self) -> list[Waiting]:
        """The next batch: the venue's own commands, then the oldest of the inbox."""
        own = [Waiting(it, BY_VENUE, nobody) for it in self._household.before_batch()]
        room = min(len(self._inbox), self._batch_max)
        return own + [self._inbox.popleft() for _ in range(room)]

    def _answer(self, waiting: Waiting, outcome: Outcome | None) -> None:
        try:
            waiting.answer(outcome)
        except Exception:
            # A client that cannot be answered has the fault to itself; what it asked for is done.
            self._stats.answers_failed += 1
            log.exception("answer failed", venue=self._venue, gateway=waiting.envelope.gateway)

    def _answer_questions(self) -> None:
        """Before anything else is decided: this is the moment in which state and disk agree."""
        while self._questions:
            query, future = self._questions.popleft()
            if future.done():
                continue
            try:
                future.set_result(self._machine.look(query))
            except Exception as error:  # noqa: BLE001
                future.set_exception(error)  # raised where it would have been without the wait

    def _halt(self, why: str, undecided: list[Waiting] | None = None) -> None:
        """Decide nothing more; all who wait are told that the venue stopped."""
        if self.stopped is None:
            self.stopped = why
            if not self._leaving:
                log.error("venue stopped", venue=self._venue, seq=self.seq, why=why)
        for waiting in [*(undecided or ()), *self._inbox]:
            self._answer(waiting, None)
        self._inbox.clear()
        for ticket in self.settlements.stop():
            self._answer(Waiting(PassTime(), BY_VENUE, ticket), None)
        while self._questions:
            _, future = self._questions.popleft()
            if not future.done():
                future.set_exception(VenueStopped(self.stopped))

    def _count(self, outcomes: list[Outcome], decide: float, sync: float) -> None:
        counter = self._stats.commands
        events = 0
        for outcome in outcomes:
            counter[type(outcome.entry.command).__name__] += 1
            events += len(outcome.entry.events)
        self._stats.count(len(outcomes), events, decide, sync)

    async def _sleep(self) -> None:
        self._asleep = asyncio.get_running_loop().create_future()
        try:
            await self._asleep
        finally:
            self._asleep = None

    def _wake(self) -> None:
        if self._asleep is not None and not self._asleep.done():
            self._asleep.set_result(None)


BY_VENUE: Final = Envelope("exchange")


def nobody(outcome: Outcome | None) -> None:
    """The venue's own commands are answered by their events."""
