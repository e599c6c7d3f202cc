"""The running program: venues, each with its past, gateway and crowd, and the door before them.

Everything is made here and handed to whoever needs it; nothing elsewhere knows how it was chosen.
"""

import asyncio
import os
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from traceback import format_exception
from typing import Final, Literal, Protocol

import structlog
from msgspec import Struct
from msgspec.structs import replace

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFile
from openvenue.crowd.crowd import Crowd
from openvenue.ems.config import ApiKind, Credentials, EmsConfig, VenueAccount
from openvenue.ems.desk import Ems
from openvenue.ems.orders import ExchangeId
from openvenue.engine.commands import Command
from openvenue.engine.units import SECOND, AccountId, Nanos
from openvenue.exchange.clock import RealClock, VirtualClock
from openvenue.exchange.collector import Collector
from openvenue.exchange.config import VenueTable, World
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.keys import AccountKeys, KeyFile
from openvenue.exchange.port import ExchangePort
from openvenue.exchange.relisting import Relisting
from openvenue.exchange.setup import build_setup, gateway_facts, still_missing
from openvenue.faults.exchange import FaultyExchange
from openvenue.faults.fault import Fault
from openvenue.faults.plan import FaultPlan, Strike
from openvenue.faults.served import Served
from openvenue.gateways.access import is_loopback
from openvenue.gateways.admin.rest import AdminGateway, AdminTools
from openvenue.gateways.coinapi_ems import CoinApiEms
from openvenue.gateways.fault_metrics import fault_families
from openvenue.gateways.health import HealthGateway
from openvenue.gateways.kraken_futures.auth import KeyRing
from openvenue.gateways.kraken_futures.facts import read_facts
from openvenue.gateways.kraken_futures.rest import KrakenFutures
from openvenue.gateways.kraken_spot import auth as kraken_spot_auth
from openvenue.gateways.kraken_spot import facts as kraken_spot_facts
from openvenue.gateways.kraken_spot.rest import KrakenSpot
from openvenue.gateways.metrics import Metrics
from openvenue.gateways.pacifica import facts as pacifica_facts
from openvenue.gateways.pacifica.auth import WalletRing
from openvenue.gateways.pacifica.rest import Pacifica
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.serve import Door
from openvenue.gateways.venue_metrics import venue_families
from openvenue.gateways.wire import Gateway, Hurtable
from openvenue.history.history import History, open_history
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)

EMS: Final = "ems"  # its directory
GRACE_SECONDS: Final = 5.0  # for clients, when we leave
SNAPSHOT_EVERY: Final = 100_000  # entries
BY_SETUP: Final = Envelope(gateway="setup")

Why = Literal["stop", "reset", "restart"]


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
    faults: tuple[Fault, ...] = ()  # planned before the first client

    def directory(self, venue: str) -> Path | None:
        """Where a venue's journal is; None: nowhere."""
        return None if self.is_in_memory else self.data_dir / venue


class Venue(Struct, frozen=True):
    """A running venue and its past."""

    name: str
    table: VenueTable
    exchange: Exchange
    history: History


class VenueGateway(Gateway, Protocol):
    """A gateway that follows a venue from its start to its end."""

    async def start(self) -> None:
        """Read what it needs to know of the present, and follow from there."""

    def close(self) -> None:
        """Follow no more."""


class Program:
    """The venues from one start to their end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._end: asyncio.Event = asyncio.Event()
        self._why: Why = "stop"
        self._doomed: list[str] = []
        self._ems: Ems | None = None  # the last one that was opened
        self._down_seconds = 0.0
        self._clock = _clock(plan.is_virtual, Nanos(0))
        # The operator's, not a venue's: it outlives a restart.
        self._faults = FaultPlan(plan.faults, clock=lambda: self._clock.now())

    def stop(self) -> None:
        """End, in good order."""
        self._end.set()

    def kill_everything(self) -> None:
        """The kill switch, for everything of every account: what SIGUSR1 does."""
        if self._ems is not None:
            self._ems.switchboard.kill_by_signal()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until `stop`; a reset or a restart is an end and a new beginning.

        `ready` is called at each beginning.

        Raises: JournalError; SetupRefused; VenueStopped; OSError: a port is taken. FaultError: one
        of the plan's could strike nothing.
        """
        while True:
            async with self._open():
                ready()
                await self._end.wait()
            if self._why == "stop":
                return
            for venue in self._doomed:
                await asyncio.to_thread(wipe, self._plan, venue)
            self._doomed.clear()
            self._end.clear()
            why, self._why = self._why, "stop"
            if why == "restart" and await self._stay_away():
                return
            if why == "reset":
                self._clock = _clock(self._plan.is_virtual, Nanos(0))

    async def _reset(self, venue: str) -> None:
        """Ask for a new beginning; it happens once this request is answered."""
        log.warning("reset", venue=venue)
        self._doomed.append(venue)
        self._why = "reset"
        self._end.set()

    async def _restart(self, down_seconds: float) -> None:
        """Ask for a new beginning on the same journals, once this request is answered."""
        log.warning("restart", down_seconds=down_seconds)
        self._down_seconds = down_seconds
        self._why = "restart"
        self._end.set()

    async def _stay_away(self) -> bool:
        """Be down for a while: a virtual clock has moved on when this returns. True: for good."""
        if self._plan.is_virtual:
            now = self._clock.now() + int(self._down_seconds * SECOND)
            self._clock = _clock(True, Nanos(now))
            return False
        self._clock = _clock(False, Nanos(0))
        try:
            async with asyncio.timeout(self._down_seconds):
                await self._end.wait()
        except TimeoutError:
            return False
        return True

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        """Everything running; at the end all of it is closed, the door first."""
        plan = self._plan
        clock = self._clock
        async with AsyncExitStack() as stack:
            venues = {
                name: await open_venue(stack, plan, name, table, clock)
                for name, table in plan.world.venues.tables().items()
            }
            for venue in venues.values():
                await _populate(stack, plan, venue, clock)
            await self._open_door(stack, venues, clock)
            yield

    async def _open_door(
        self,
        stack: AsyncExitStack,
        venues: Mapping[str, Venue],
        clock: RealClock | VirtualClock,
    ) -> None:
        """Gateways, and the door that leads to them."""
        plan = self._plan
        metrics, request_log, faults = Metrics(), RequestLog(), self._faults
        metrics.also(fault_families(faults))
        exchanges = {name: venue.exchange for name, venue in venues.items()}
        metrics.also(venue_families(exchanges))

        ems = await Ems.open(plan.directory(EMS), ems_config(plan))
        stack.push_async_callback(ems.close)
        self._ems = ems
        base_url = own_url(plan.host, plan.port)
        served = tuple(plan.world.venues.tables())
        desk_id = await asyncio.to_thread(desk_file.identity, plan.data_dir)
        found = DeskFile(
            id=desk_id,
            base_url=base_url,
            pid=os.getpid(),
            is_live=ems.accounts.is_live,
            venues=served,
        )
        await asyncio.to_thread(desk_file.write, plan.data_dir, found)

        def stopped() -> dict[str, str | None]:
            venues = {name: exchange.stopped for name, exchange in exchanges.items()}
            return {**venues, EMS: ems.stopped}

        tools = AdminTools(
            venues=exchanges,
            stopped=stopped,
            request_log=request_log,
            faults=faults,
            desk_id=desk_id,
            clock=clock if isinstance(clock, VirtualClock) else None,
            reset=self._reset,
            ems=ems,
            restart=None if plan.is_in_memory else self._restart,
        )
        gateways: list[Gateway] = []
        for venue in venues.values():
            port = _hurtable(stack, venue, faults, request_log)
            gateway = GATEWAYS[venue.name](plan, venue, port, clock)
            stack.callback(gateway.close)
            await gateway.start()
            gateways.append(gateway)
        gateways.append(CoinApiEms(ems, plan.keys.coinapi_ems()))
        faults.know(served_by(gateways, plan.keys.accounts))
        door = Door(
            [*gateways, HealthGateway(stopped, metrics), AdminGateway(plan.keys.admin_key, tools)],
            faults=faults,
            request_log=request_log,
            metrics=metrics,
        )
        tls = await asyncio.to_thread(_tls_context, plan.data_dir) if plan.tls_port else None
        await door.start(plan.host, plan.port, plan.tls_port or None, tls)
        stack.push_async_callback(door.stop, GRACE_SECONDS)


def ems_config(plan: Plan) -> EmsConfig:
    """The desk of this machine: every key holder's account at every venue that it can reach.

    It goes through the door like any client, although the venues are in the same process: what is
    rehearsed is what runs live.
    """
    config = config_of_served(plan.keys, own_url(plan.host, plan.port), plan.world.venues.tables())
    keeps_limits = plan.world.limits == "production"
    accounts = tuple(replace(it, keeps_limits=keeps_limits) for it in config.accounts)
    return replace(config, accounts=accounts, durability=plan.world.durability)


def served_by(gateways: Iterable[Gateway], accounts: Iterable[str]) -> Served:
    """What faults can be about."""
    paths = {one.name: tuple(one.paths) for one in gateways if isinstance(one, Hurtable)}
    return Served(paths, frozenset(accounts))


def own_url(host: str, port: int) -> str:
    """Where this machine reaches what listens on `host`."""
    host = host if is_loopback(host) else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def config_of_served(keys: KeyFile, base_url: str, venues: Collection[str]) -> EmsConfig:
    """Every key holder's account at each of the venues behind `base_url`."""
    return EmsConfig(
        accounts=tuple(
            VenueAccount(
                owner=AccountId(name),
                exchange_id=exchange_id,
                api=api,
                base_url=base_url,
                credentials=credentials,
            )
            for name, of_account in keys.accounts.items()
            for venue, exchange_id, api, credentials in _ways(of_account)
            if venue in venues
        )
    )


def _ways(keys: AccountKeys) -> Iterator[tuple[str, ExchangeId, ApiKind, Credentials]]:
    """Where an account can be reached: venue, what the desk calls it, how, and with which key."""
    if keys.desk is not None:
        pair = keys.desk.kraken_futures
        credentials = Credentials(pair.api_key, pair.api_secret)
        yield "kraken-futures", ExchangeId("KRAKENFTS"), "kraken_futures", credentials
        pair = keys.desk.kraken_spot
        credentials = Credentials(pair.api_key, pair.api_secret)
        yield "kraken-spot", ExchangeId("KRAKEN"), "kraken_spot", credentials
    if keys.pacifica is not None:
        wallet = Credentials(keys.pacifica.account, keys.pacifica.private_key)
        yield "pacifica", ExchangeId("PACIFICA"), "pacifica", wallet


def wipe(plan: Plan, venue: str) -> None:
    """Remove a venue's past. Keys and certificate stay."""
    directory = plan.directory(venue)
    if directory is None or not directory.exists():
        return
    doomed = directory.with_name(f"{venue}.doomed")
    shutil.rmtree(doomed, ignore_errors=True)
    directory.rename(doomed)  # at once: a crash leaves the whole past, or none of it
    shutil.rmtree(doomed)


async def open_venue(
    stack: AsyncExitStack, plan: Plan, name: str, table: VenueTable, clock: RealClock | VirtualClock
) -> Venue:
    """A venue with its past, set up as its table says; closed by `stack`."""
    exchange = await Exchange.open(
        name,
        plan.directory(name),
        clock,
        durability=plan.world.durability,
        setup=build_setup(table, clock.now()),
        floor_bytes=plan.world.floor_bytes,
        snapshot_every=SNAPSHOT_EVERY,
        collector=Collector(),
    )
    stack.push_async_callback(exchange.close)
    clock.reach(exchange.now())  # market time may have been moved ahead
    history = open_history(plan.directory(name), exchange)
    stack.push_async_callback(history.close)
    for command in await still_missing(table, exchange):
        await exchange.submit(command, BY_SETUP)
    stack.callback(Relisting(table, exchange).close)
    return Venue(name, table, exchange, history)


async def _populate(
    stack: AsyncExitStack, plan: Plan, venue: Venue, clock: RealClock | VirtualClock
) -> None:
    """Let the venue's crowd in, if it has one."""
    if not plan.has_crowd or venue.table.crowd is None:
        return
    seed = None if plan.seed is None else f"{plan.seed}/{venue.name}"
    crowd = Crowd(venue.exchange, venue.table, Random(seed))
    await crowd.live_until(venue.exchange.now())  # whoever comes first finds living markets
    task = asyncio.create_task(crowd.run(clock), name=f"crowd of {venue.name}")
    task.add_done_callback(_tell_failure)
    stack.push_async_callback(_end_task, task)


def _hurtable(
    stack: AsyncExitStack, venue: Venue, faults: FaultPlan, request_log: RequestLog
) -> ExchangePort:
    """The exchange as its gateway sees it: through the plan of what goes wrong on purpose."""
    api = venue.name.replace("-", "_")

    def note(strike: Strike, command: Command, envelope: Envelope) -> None:
        account = getattr(command, "account", "")
        told = {"account": account, "key": envelope.key_id, "fault": strike.label}
        request_log.add_struck(Nanos(time.time_ns()), api, type(command).__name__, told)

    port = FaultyExchange(venue.exchange, faults, api, note)
    stack.callback(port.close)
    return port


def _kraken_futures(
    plan: Plan, venue: Venue, port: ExchangePort, clock: RealClock | VirtualClock
) -> VenueGateway:
    return KrakenFutures(
        port,
        venue.history,
        KeyRing.of_accounts(plan.keys.kraken_futures()),
        clock,
        plan.world.limits,
        nonces=venue.exchange.nonces,
        facts_of=lambda symbol: read_facts(gateway_facts(venue.table, symbol)),
    )


def _kraken_spot(
    plan: Plan, venue: Venue, port: ExchangePort, clock: RealClock | VirtualClock
) -> VenueGateway:
    return KrakenSpot(
        port,
        venue.history,
        kraken_spot_auth.KeyRing.of_accounts(plan.keys.kraken_spot()),
        clock,
        plan.world.limits,
        nonces=venue.exchange.nonces,
        facts_of=lambda symbol: kraken_spot_facts.read_facts(gateway_facts(venue.table, symbol)),
    )


def _pacifica(
    plan: Plan, venue: Venue, port: ExchangePort, clock: RealClock | VirtualClock
) -> VenueGateway:
    return Pacifica(
        port,
        venue.history,
        WalletRing(plan.keys.pacifica(), plan.keys.pacifica_agents()),
        clock,
        plan.world.limits,
        nonces=venue.exchange.nonces,
        facts_of=lambda symbol: pacifica_facts.read_facts(gateway_facts(venue.table, symbol)),
    )


MakeGateway = Callable[[Plan, Venue, ExchangePort, RealClock | VirtualClock], VenueGateway]
GATEWAYS: Final[Mapping[str, MakeGateway]] = {
    "kraken-futures": _kraken_futures,
    "kraken-spot": _kraken_spot,
    "pacifica": _pacifica,
}


def _clock(is_virtual: bool, start: Nanos) -> RealClock | VirtualClock:
    """The clock of the market. A virtual one stands at `start`, or the machine's time if later."""
    now = Nanos(max(start, time.time_ns()))
    return VirtualClock(now, time.time_ns) if is_virtual else RealClock()


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
