"""The machine and its journal: commands are decided in order, and nothing shows before it is kept.

What is asked for while a sync is under way is decided together afterwards: one sync for all of it.
"""

import asyncio
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

Asked = tuple[Command, str, "asyncio.Future[list[Event]]"]


class DeskStopped(Exception):
    """The desk takes and tells nothing more; the text says why."""


class Ledger:
    """One writer. `engine` is as the journal left it."""

    def __init__(self, engine: Engine, journal: JournalOf[Entry], timer: Timer) -> None:
        self._engine = engine
        self._journal: Final = journal
        self._timer = timer
        self._inbox: list[Asked] = []
        self._writing: asyncio.Task[None] | None = None
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._seq = journal.last_seq
        self.log: Final = OrderLog()  # of what is durable
        self.log.add(engine.take_changes())
        self.stopped: str | None = None

    def now(self) -> Nanos:
        """When what is decided next would be decided."""
        return Nanos(max(self._engine.state.now, self._timer.wall()))

    async def submit(self, command: Command, by: str = "desk") -> list[Event]:
        """What `command` caused, once it is durable. Raises: DeskStopped."""
        if self.stopped is not None:
            raise DeskStopped(self.stopped)
        future: asyncio.Future[list[Event]] = asyncio.get_running_loop().create_future()
        self._inbox.append((command, by, future))
        if self._writing is None:
            self._quiet.clear()
            self._writing = asyncio.create_task(self._write(), name="the desk's journal")
        return await future

    async def state(self) -> State:
        """What is known and durable: to be read before the next `await`. Raises: DeskStopped."""
        while not self._quiet.is_set():
            await self._quiet.wait()
        if self.stopped is not None:
            raise DeskStopped(self.stopped)
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

    async def _write(self) -> None:
        """Until nothing is left to do. A pause between batches lets readers in."""
        try:
            while self._inbox:
                batch, self._inbox = self._inbox, []
                caused = self._decide(batch)
                await self._journal.append([entry for entry in caused if entry.events])
                self.log.add(self._engine.take_changes())
                for (_, _, future), entry in zip(batch, caused, strict=True):
                    if not future.done():
                        future.set_result(list(entry.events))
        except Exception as error:
            log.exception("the desk cannot go on", seq=self._seq)
            self.stopped = f"the desk cannot go on: {error}"
            for _, _, future in [*batch, *self._inbox]:
                if not future.done():
                    future.set_exception(DeskStopped(self.stopped))
            self._inbox.clear()
        finally:
            self._writing = None
            self._quiet.set()

    def _decide(self, batch: list[Asked]) -> list[Entry]:
        """An entry for each; one without events is old news, and not journaled."""
        now = self.now()
        entries = []
        for command, by, _ in batch:
            events = self._engine.apply(command, now)
            self._seq += bool(events)
            entries.append(Entry(self._seq, now, by, command, tuple(events)))
        return entries
