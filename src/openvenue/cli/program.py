"""The running program: venues, each with its past, gateway and crowd, and the door before them.

Everything is made here and handed to whoever needs it; nothing elsewhere knows how it was chosen.
"""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import structlog
from msgspec.structs import replace

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFile
from openvenue.cli.rooms import Rooms
from openvenue.cli.venues import Plan, wipe
from openvenue.ems.config import ApiKind, Credentials, EmsConfig, VenueAccount
from openvenue.ems.desk import Ems
from openvenue.ems.orders import ExchangeId, HaltId
from openvenue.engine.units import SECOND, AccountId, Nanos
from openvenue.exchange.clock import RealClock, VirtualClock
from openvenue.exchange.keys import AccountKeys, KeyFile
from openvenue.faults.plan import FaultPlan
from openvenue.faults.served import Served
from openvenue.gateways.access import is_loopback
from openvenue.gateways.admin.rest import AdminGateway, AdminTools
from openvenue.gateways.coinapi_ems import CoinApiEms
from openvenue.gateways.fault_metrics import fault_families
from openvenue.gateways.health import HealthGateway
from openvenue.gateways.metrics import Metrics
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.serve import Door
from openvenue.gateways.venue_metrics import venue_families
from openvenue.gateways.wire import Gateway, Hurtable

log = structlog.get_logger(__name__)

EMS: Final = "ems"  # its directory
GRACE_SECONDS: Final = 5.0  # for clients, when we leave

Why = Literal["stop", "reset", "restart"]


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

    async def run(self, ready: Callable[[Sequence[HaltId]], None]) -> None:
        """Serve until `stop`; a reset or a restart is an end and a new beginning.

        `ready` is called at each beginning, with the names of the desk's standing halts.

        Raises: JournalError; SetupRefused; VenueStopped; OSError: a port is taken. FaultError: one
        of the plan's could strike nothing.
        """
        while True:
            async with self._open():
                ready(await self._ems.switchboard.standing() if self._ems is not None else [])
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
            rooms = Rooms(plan, clock, self._faults, RequestLog())
            stack.push_async_callback(rooms.close)
            await rooms.open()
            await self._open_door(stack, rooms, clock)
            yield

    async def _open_door(
        self,
        stack: AsyncExitStack,
        rooms: Rooms,
        clock: RealClock | VirtualClock,
    ) -> None:
        """Gateways, and the door that leads to them."""
        plan = self._plan
        metrics, request_log, faults = Metrics(), rooms.request_log, self._faults
        metrics.also(fault_families(faults))
        metrics.also(venue_families(rooms.exchanges))

        ems = await Ems.open(plan.directory(EMS), ems_config(plan))
        stack.push_async_callback(ems.close)
        self._ems = ems
        base_url = own_url(plan.host, plan.port)
        served = tuple(plan.world.venues.tables())
        stack.enter_context(desk_file.claim(plan.data_dir))
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
            return {**rooms.stopped(), EMS: ems.stopped}

        tools = AdminTools(
            venues=rooms.exchanges,
            stopped=stopped,
            request_log=request_log,
            faults=faults,
            desk_id=desk_id,
            clock=clock if isinstance(clock, VirtualClock) else None,
            reset=self._reset,
            ems=ems,
            restart=None if plan.is_in_memory else self._restart,
            restart_venue=None if plan.is_in_memory else rooms.restart,
        )
        desk = CoinApiEms(ems, plan.keys.coinapi_ems())
        gateways: list[Gateway] = [*await rooms.serve(), desk]
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
        rooms.door = door
        stack.push_async_callback(rooms.settle)


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


def _clock(is_virtual: bool, start: Nanos) -> RealClock | VirtualClock:
    """The clock of the market. A virtual one stands at `start`, or the machine's time if later."""
    now = Nanos(max(start, time.time_ns()))
    return VirtualClock(now, time.time_ns) if is_virtual else RealClock()


def _tls_context(data_dir: Path) -> ssl.SSLContext:
    from openvenue.gateways.tls import server_context  # takes a while to import

    return server_context(data_dir)
