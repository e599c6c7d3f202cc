"""The machine and its journal: commands are decided in order, and nothing shows before it is kept.

What is asked for while a sync is under way is decided together afterwards: one sync for all of it.
News that nobody waits for, as feeds bring them by the thousand, are decided in their own order and
behind what somebody waits for, so few at a time that nobody waits long.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from openvenue.ems.commands import Command
from openvenue.ems.engine import Engine
from openvenue.ems.events import Event
from openvenue.ems.order_log import OrderLog
from openvenue.ems.records import Entry
from openvenue.ems.state import State
from openvenue.ems.timer import Timer
from openvenue.engine.units import Nanos
from openvenue.journal.port import JournalOf

log = structlog.get_logger(__name__)

NEWS_AT_ONCE: Final = 128  # with one sync, at most
NEWS_BESIDE: Final = 16  # what somebody waits for
DESK: Final = "desk"

Asked = tuple[Sequence[Command], str, "asyncio.Future[list[Event]]"]


class DeskStopped(Exception):
    """The desk takes and tells nothing more; the text says why."""


class Ledger:
    """One writer. `engine` is as the journal left it."""

    def __init__(self, engine: Engine, journal: JournalOf[Entry], timer: Timer) -> None:
        self._engine = engine
        self._journal: Final = journal
        self._timer = timer
        self._inbox: list[Asked] = []
        self._news: Final = News()
        self._writing: asyncio.Task[None] | None = None
        self._is_durable = asyncio.Event()  # all that was decided
        self._is_durable.set()
        self._seq = journal.last_seq
        self.log: Final = OrderLog()  # of what is durable
        self.log.add(engine.take_changes())
        self.stopped: str | None = None

    def now(self) -> Nanos:
        """When what is decided next would be decided."""
        return Nanos(max(self._engine.state.now, self._timer.wall()))

    async def submit(self, command: Command, by: str = DESK) -> list[Event]:
        """What `command` caused, once it is durable. Raises: DeskStopped."""
        return await self.submit_all((command,), by)

    async def submit_all(self, commands: Sequence[Command], by: str = DESK) -> list[Event]:
        """The same of several, which are decided together."""
        self.check()
        future: asyncio.Future[list[Event]] = asyncio.get_running_loop().create_future()
        self._inbox.append((commands, by, future))
        self._go_on()
        return await future

    def note(self, news: Iterable[Command]) -> None:
        """Have news decided, the desk's own commands that nobody waits for. Raises: DeskStopped."""
        self.check()
        self._news.add(news)
        self._go_on()

    async def noted(self, most: int = 0) -> None:
        """When all news up to now are durable, but for `most`. Raises: DeskStopped."""
        self.check()
        await self._news.kept(most)

    async def state(self) -> State:
        """What is known and durable: to be read before the next `await`. Raises: DeskStopped."""
        while not self._is_durable.is_set():
            await self._is_durable.wait()
        self.check()
        return self._engine.state

    @property
    def seq(self) -> int:
        """Of the newest entry that was decided."""
        return self._seq

    def peek(self) -> State:
        """What is known, the last of it perhaps not durable yet: nobody outside may be told."""
        return self._engine.state

    async def close(self) -> None:
        """Finish what was asked for, then let go of the journal."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        self.stopped = self.stopped or "the desk is closed"
        self._journal.close()

    def check(self) -> None:
        """Whether anything goes on here. Raises: DeskStopped."""
        if self.stopped is not None:
            raise DeskStopped(self.stopped)

    def _go_on(self) -> None:
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="the desk's journal")

    async def _write(self) -> None:
        """Until nothing is left to do. A pause between batches lets readers in."""
        asked: list[Asked] = []
        try:
            while self._inbox or self._news:
                asked, self._inbox = self._inbox, []
                news = self._news.take(NEWS_BESIDE if asked else NEWS_AT_ONCE)
                self._is_durable.clear()
                now, entries = self.now(), list[Entry]()
                caused = [self._decide(commands, by, now, entries) for commands, by, _ in asked]
                self._decide(news, DESK, now, entries)
                await self._journal.append(entries)
                self.log.add(self._engine.take_changes())
                for (_, _, future), events in zip(asked, caused, strict=True):
                    if not future.done():
                        future.set_result(events)
                self._news.keep(len(news))
                self._is_durable.set()
                await asyncio.sleep(0)
        except Exception as error:
            log.exception("the desk cannot go on", seq=self._seq)
            self.stopped = f"the desk cannot go on: {error}"
            for _, _, future in [*asked, *self._inbox]:
                if not future.done():
                    future.set_exception(DeskStopped(self.stopped))
            self._inbox.clear()
            self._news.fail(DeskStopped(self.stopped))
        finally:
            self._writing = None
            self._is_durable.set()

    def _decide(
        self, commands: Sequence[Command], by: str, now: Nanos, entries: list[Entry]
    ) -> list[Event]:
        """What they cause. One that causes nothing is old news, and not journaled."""
        caused: list[Event] = []
        for command in commands:
            events = self._engine.apply(command, now)
            if events:
                self._seq += 1
                entries.append(Entry(self._seq, now, by, command, tuple(events)))
                caused += events
        return caused


class News:
    """Commands that nobody waits for, in their order; and who wants to know when they are kept."""

    def __init__(self) -> None:
        self._waiting: deque[Command] = deque()
        self._added = 0  # ever
        self._kept = 0
        self._readers: list[tuple[int, asyncio.Future[None]]] = []  # until so many are kept

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, news: Iterable[Command]) -> None:
        """Some more."""
        before = len(self._waiting)
        self._waiting.extend(news)
        self._added += len(self._waiting) - before

    def take(self, most: int) -> list[Command]:
        """The oldest, to be decided."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def keep(self, count: int) -> None:
        """So many that were taken are durable."""
        self._kept += count
        readers, self._readers = self._readers, []
        for until, future in readers:
            if until > self._kept:
                self._readers.append((until, future))
            elif not future.done():
                future.set_result(None)

    def fail(self, error: Exception) -> None:
        """None will be kept any more."""
        self._waiting.clear()
        for _, future in self._readers:
            if not future.done():
                future.set_exception(error)
        self._readers.clear()

    async def kept(self, most: int) -> None:
        """When all up to now are kept, but for `most`. Raises: what `fail` was told."""
        until = self._added - most
        if self._kept < until:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._readers.append((until, future))
            await future
