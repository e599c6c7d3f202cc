"""The running program: one venue, its past, its gateway, its crowd, and the door in front of them.

Everything is made here and handed to whoever needs it; nothing elsewhere knows how it was chosen.
"""

import asyncio
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from traceback import format_exception
from typing import Final, Literal

import structlog
from msgspec import Struct

from openvenue.crowd.crowd import Crowd
from openvenue.engine.units import Nanos, Symbol
from openvenue.exchange.clock import RealClock, VirtualClock
from openvenue.exchange.collector import Collector
from openvenue.exchange.config import VenueTable, World
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.keys import KeyFile
from openvenue.exchange.setup import build_setup, gateway_facts, still_missing
from openvenue.gateways.admin.rest import AdminGateway, AdminTools
from openvenue.gateways.faults import FaultPlan
from openvenue.gateways.health import HealthGateway
from openvenue.gateways.kraken_futures.auth import KeyRing
from openvenue.gateways.kraken_futures.facts import Facts, read_facts
from openvenue.gateways.kraken_futures.rest import KrakenFutures
from openvenue.gateways.metrics import Metrics
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.serve import Door
from openvenue.gateways.venue_metrics import venue_families
from openvenue.history.history import History
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)

VENUE: Final = "kraken-futures"
SNAPSHOT_EVERY: Final = 100_000  # entries: what a start has to fold at most, within a second
GRACE_SECONDS: Final = 5.0  # for clients, when we leave
BY_SETUP: Final = Envelope(gateway="setup")

Why = Literal["stop", "reset"]


class Plan(Struct, frozen=True, kw_only=True):
    """All that was decided before the first socket."""

    world: World
    keys: KeyFile
    data_dir: Path
    host: str
    port: int
    tls_port: int
    is_in_memory: bool = False
    is_virtual: bool = False
    has_crowd: bool = True
    seed: int | None = None

    @property
    def venue(self) -> VenueTable:
        """The table of the one venue."""
        return self.world.venues.kraken_futures

    def facts_of(self, symbol: Symbol) -> Facts:
        """What the file says of a contract for its gateway alone."""
        return read_facts(gateway_facts(self.venue, symbol))

    @property
    def directory(self) -> Path | None:
        """Where the venue's journal is; None: nowhere."""
        return None if self.is_in_memory else self.data_dir / VENUE


class Program:
    """The venue from one start to its end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._end: asyncio.Event = asyncio.Event()
        self._why: Why = "stop"

    def stop(self) -> None:
        """End, in good order."""
        self._end.set()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`; a reset is an end and a new beginning. `ready` is called at each.

        Raises: JournalError; SetupRefused; VenueStopped; OSError: a port is taken.
        """
        while True:
            async with self._open():
                ready()
                await self._end.wait()
            if self._why == "stop":
                return
            await asyncio.to_thread(wipe, self._plan)
            self._end.clear()
            self._why = "stop"

    async def _reset(self, venue: str) -> None:
        """Ask for a new beginning; it happens once this request is answered."""
        log.warning("reset", venue=venue)
        self._why = "reset"
        self._end.set()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        """Everything running; at the end all of it is closed, the door first."""
        plan = self._plan
        clock = _clock(plan.is_virtual)
        async with AsyncExitStack() as stack:
            exchange = await Exchange.open(
                VENUE,
                plan.directory,
                clock,
                durability=plan.world.durability,
                setup=build_setup(plan.venue, clock.now()),
                floor_bytes=plan.world.floor_bytes,
                snapshot_every=SNAPSHOT_EVERY,
                collector=Collector(),
            )
            stack.push_async_callback(exchange.close)
            clock.reach(exchange.now())  # market time may have been moved ahead
            history = History(plan.directory, exchange)
            stack.push_async_callback(history.close)
            for command in await still_missing(plan.venue, exchange):
                await exchange.submit(command, BY_SETUP)
            if plan.has_crowd and plan.venue.crowd is not None:
                crowd = Crowd(exchange, plan.venue, Random(plan.seed))
                await crowd.live_until(exchange.now())  # whoever comes first finds living markets
                task = asyncio.create_task(crowd.run(clock), name="crowd")
                task.add_done_callback(_tell_failure)
                stack.push_async_callback(_end_task, task)
            await self._open_door(stack, exchange, history, clock)
            yield

    async def _open_door(
        self,
        stack: AsyncExitStack,
        exchange: Exchange,
        history: History,
        clock: RealClock | VirtualClock,
    ) -> None:
        """Gateways, and the door that leads to them."""
        plan = self._plan
        metrics, request_log, faults = Metrics(), RequestLog(), FaultPlan()
        metrics.also(venue_families({VENUE: exchange}))

        def stopped() -> dict[str, str | None]:
            return {VENUE: exchange.stopped}

        tools = AdminTools(
            venues={VENUE: exchange},
            stopped=stopped,
            request_log=request_log,
            faults=faults,
            clock=clock if isinstance(clock, VirtualClock) else None,
            reset=self._reset,
        )
        gateway = KrakenFutures(
            exchange,
            history,
            KeyRing.of_accounts(plan.keys.kraken_futures()),
            clock,
            plan.world.limits,
            nonces=exchange.nonces,
            facts_of=plan.facts_of,
        )
        stack.callback(gateway.close)
        await gateway.start()
        door = Door(
            [gateway, HealthGateway(stopped, metrics), AdminGateway(plan.keys.admin_key, tools)],
            faults=faults,
            request_log=request_log,
            metrics=metrics,
        )
        tls = await asyncio.to_thread(_tls_context, plan.data_dir) if plan.tls_port else None
        await door.start(plan.host, plan.port, plan.tls_port or None, tls)
        stack.push_async_callback(door.stop, GRACE_SECONDS)


def wipe(plan: Plan) -> None:
    """Remove the venue's past. Keys and certificate stay."""
    if plan.directory is None or not plan.directory.exists():
        return
    doomed = plan.directory.with_name(f"{VENUE}.doomed")
    shutil.rmtree(doomed, ignore_errors=True)
    plan.directory.rename(doomed)  # at once: a crash leaves the whole past, or none of it
    shutil.rmtree(doomed)


def _clock(is_virtual: bool) -> RealClock | VirtualClock:
    """The clock of the market. A virtual one begins at the machine's time, and stands still."""
    return VirtualClock(Nanos(time.time_ns()), time.time_ns) if is_virtual else RealClock()


def _tls_context(data_dir: Path) -> ssl.SSLContext:
    from openvenue.gateways.tls import server_context  # takes a while to import

    return server_context(data_dir)


async def _end_task(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _tell_failure(task: "asyncio.Task[None]") -> None:
    """A crowd that fails, fails alone."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("the crowd failed", exception="".join(format_exception(error)))
