"""One venue of the program: with its past, its gateway, its crowd, and its faults."""

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from traceback import format_exception
from typing import Final, Protocol

import structlog
from msgspec import Struct

from openvenue.crowd.crowd import Crowd
from openvenue.engine.commands import Command
from openvenue.engine.units import Nanos
from openvenue.exchange.clock import RealClock, VirtualClock
from openvenue.exchange.collector import Collector
from openvenue.exchange.config import VenueTable, World
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.keys import KeyFile
from openvenue.exchange.port import ExchangePort
from openvenue.exchange.relisting import Relisting
from openvenue.exchange.setup import build_setup, gateway_facts, still_missing
from openvenue.faults.exchange import FaultyExchange
from openvenue.faults.fault import Fault
from openvenue.faults.plan import FaultPlan, Strike
from openvenue.gateways.kraken_futures.auth import KeyRing
from openvenue.gateways.kraken_futures.facts import read_facts
from openvenue.gateways.kraken_futures.rest import KrakenFutures
from openvenue.gateways.kraken_spot import auth as kraken_spot_auth
from openvenue.gateways.kraken_spot import facts as kraken_spot_facts
from openvenue.gateways.kraken_spot.rest import KrakenSpot
from openvenue.gateways.pacifica import facts as pacifica_facts
from openvenue.gateways.pacifica.auth import WalletRing
from openvenue.gateways.pacifica.rest import Pacifica
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.wire import Gateway
from openvenue.history.history import History, open_history
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)

SNAPSHOT_EVERY: Final = 100_000  # entries
BY_SETUP: Final = Envelope(gateway="setup")


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


async def populate(
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


def hurtable(
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


async def _end_task(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def _tell_failure(task: "asyncio.Task[None]") -> None:
    """A crowd that fails, fails alone."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("the crowd failed", exception="".join(format_exception(error)))
