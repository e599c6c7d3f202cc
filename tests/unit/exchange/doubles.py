"""Parts of a venue with a handle: an engine that echoes, a journal that waits to be let go."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from openvenue.engine.commands import Command, Resume, SetDeadMansSwitch, SetIntake
from openvenue.engine.events import DeadMansSwitchFired, DeadMansSwitchSet, Event, Resumed
from openvenue.engine.orders import OrderView
from openvenue.engine.queries import AccountView, Answer, GetAccount, Query
from openvenue.engine.units import AccountId, Nanos, OrderId
from openvenue.exchange.clock import VirtualClock
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.port import Outcome
from openvenue.journal.errors import JournalFailed
from openvenue.journal.memory import MemoryJournal
from openvenue.journal.records import Entry, Envelope

ANN = AccountId("ann")
BOB = AccountId("bob")
DOOR = Envelope("a door")
START = Nanos(1_700_000_000_000_000_000)


def switch(account: AccountId, timeout: int) -> SetDeadMansSwitch:
    """The command that these tests tell apart by its time-out."""
    return SetDeadMansSwitch(account=account, timeout=Nanos(timeout))


class EchoMachine:
    """Knows dead man's switches only. `decided` has all that it was asked, in order."""

    def __init__(self) -> None:
        self.decided: list[tuple[Command, Nanos]] = []
        self.deadlines: dict[AccountId, Nanos] = {}
        self.is_intake_open = True
        self.live_orders = 0
        self.fails_at: Command | None = None

    def decide(
        self, command: Command, now: Nanos
    ) -> tuple[list[Event], Mapping[OrderId, OrderView]]:
        """What is due, then the command."""
        self.decided.append((command, now))
        assert command != self.fails_at, "a rule of ours is wrong"
        events: list[Event] = []
        if isinstance(command, Resume):
            events.append(Resumed(down_since=command.down_since))
        for account, deadline in list(self.deadlines.items()):
            if deadline <= now:
                del self.deadlines[account]
                events.append(DeadMansSwitchFired(account=account, deadline=deadline))
        if isinstance(command, SetDeadMansSwitch):
            deadline = Nanos(now + command.timeout)
            self.deadlines[command.account] = deadline
            events.append(DeadMansSwitchSet(account=command.account, deadline=deadline))
        if isinstance(command, SetIntake):
            self.is_intake_open = command.is_open
        return events, {}

    def look(self, query: Query) -> Answer:
        """How many commands were decided, in the place of open orders."""
        assert isinstance(query, GetAccount)
        return AccountView(
            account=query.account,
            family=query.account,
            wallets=[],
            positions=[],
            dead_mans_switch=None,
            open_orders=len(self.decided),
        )

    def next_due(self) -> Nanos | None:
        """The first deadline."""
        return min(self.deadlines.values(), default=None)


class HeldJournal(MemoryJournal):
    """Keeps every group; when `held`, `append` returns only after `release`, or fails."""

    def __init__(self) -> None:
        super().__init__(keep=True)
        self.held: list[asyncio.Future[None]] = []
        self.is_holding = False
        self.room = 10**12
        self.error: str | None = None
        self.is_closed = False

    async def append(self, entries: Sequence[Entry]) -> None:
        """Wait if told to, then take the group or fail."""
        if self.is_holding:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.held.append(future)
            await future
        if self.error is not None:
            raise JournalFailed(self.error)
        self.append_now(entries)

    def release(self) -> None:
        """Let every append that waits go on."""
        waiting, self.held = self.held, []
        for future in waiting:
            future.set_result(None)

    def free_bytes(self) -> int:
        """What the test says."""
        return self.room

    def close(self) -> None:
        """Remember it."""
        self.is_closed = True

    def entries(self) -> list[Entry]:
        """All that is durable."""
        return [entry for group in self.groups for entry in group]


async def decided_so_far(exchange: Exchange) -> int:
    """What `EchoMachine` answers."""
    view = await exchange.look(GetAccount(ANN))
    assert view is not None
    return view.open_orders


class Scene:
    """A venue of doubles, and what its listeners heard."""

    def __init__(
        self, *, batch_max: int = 512, floor_bytes: int = 0, journal: HeldJournal | None = None
    ) -> None:
        self.machine = EchoMachine()
        self.journal = journal or HeldJournal()
        self.clock = VirtualClock(START)
        self.exchange = Exchange(
            "test",
            self.machine,
            self.journal,
            self.clock,
            batch_max=batch_max,
            floor_bytes=floor_bytes,
        )
        self.heard: list[Outcome] = []
        self.exchange.subscribe(self.heard.extend)

    async def __aenter__(self) -> "Scene":
        await self.exchange.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.journal.is_holding = False
        self.journal.release()
        await self.exchange.close()


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something holds."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came true")


async def turns(count: int = 20) -> None:
    """Let the loop turn: long enough for anything that does not wait."""
    for _ in range(count):
        await asyncio.sleep(0)


def asked_at(outcome: Outcome | None) -> int:
    """The time-out that told one command of these tests from the next."""
    assert outcome is not None
    assert isinstance(outcome.entry.command, SetDeadMansSwitch)
    return outcome.entry.command.timeout
