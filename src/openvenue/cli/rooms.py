"""The venues of a running program: each can go and come back while the others trade on."""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

import structlog

from openvenue.cli.venues import (
    GATEWAYS,
    Plan,
    Venue,
    VenueGateway,
    hurtable,
    open_venue,
    populate,
)
from openvenue.engine.units import SECOND
from openvenue.exchange.clock import RealClock, VirtualClock
from openvenue.exchange.exchange import Exchange, SetupRefused
from openvenue.exchange.port import VenueStopped
from openvenue.faults.plan import FaultPlan
from openvenue.gateways.absent import Absent
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.serve import Door
from openvenue.journal.errors import JournalError

log = structlog.get_logger(__name__)

AWAY: Final = "it restarts"


class Rooms:
    """All of them. What it hands out stays true when one comes back: look it up again."""

    def __init__(
        self,
        plan: Plan,
        clock: RealClock | VirtualClock,
        faults: FaultPlan,
        request_log: RequestLog,
    ) -> None:
        self.exchanges: Final[dict[str, Exchange]] = {}
        self.request_log: Final = request_log
        self.door: Door | None = None  # once it is open
        self._plan = plan
        self._clock = clock
        self._faults = faults
        self._venues: dict[str, Venue] = {}
        self._gateways: dict[str, VenueGateway] = {}
        self._stacks: dict[str, AsyncExitStack] = {}
        self._away: dict[str, str] = {}  # and why
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """All venues, as their journals have them. Raises: JournalError; SetupRefused."""
        for name in self._plan.world.venues.tables():
            await self._open(name)
        for name in self._venues:
            await self._populate(name)

    async def serve(self) -> list[VenueGateway]:
        """A gateway to each of them."""
        return [await self._serve(name) for name in self._venues]

    def stopped(self) -> dict[str, str | None]:
        """Each venue, and why it serves no more."""
        return {
            name: self._away.get(name) or exchange.stopped
            for name, exchange in self.exchanges.items()
        }

    def restart(self, name: str, down_seconds: float) -> bool:
        """Have one venue go, and come back to its journal; False: it is away.

        Connections on its paths are reset meanwhile. A virtual clock does not wait: it moves on.
        """
        if name in self._away:
            return False
        log.warning("a venue restarts", venue=name, down_seconds=down_seconds)
        self._away[name] = AWAY
        task = asyncio.create_task(self._restart(name, down_seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def settle(self) -> None:
        """Let nobody come back any more."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Close all of them."""
        for stack in reversed(self._stacks.values()):
            await stack.aclose()

    # ---- within

    async def _restart(self, name: str, down_seconds: float) -> None:
        assert self.door is not None, "whoever asks came in by it"
        gateway = self._gateways[name]
        self.door.replace(Absent(gateway))
        await self._stacks.pop(name).aclose()
        if isinstance(self._clock, VirtualClock):
            self._clock.advance(int(down_seconds * SECOND))
        else:
            await asyncio.sleep(down_seconds)
        try:
            await self._open(name)
            await self._populate(name)
            self.door.replace(await self._serve(name))
        except (JournalError, SetupRefused, VenueStopped, OSError) as error:
            self._away[name] = f"it did not come back: {error}"
            log.error("a venue did not come back", venue=name, why=str(error))
            return
        del self._away[name]
        log.info("a venue is back", venue=name)

    async def _open(self, name: str) -> None:
        table = self._plan.world.venues.tables()[name]
        async with AsyncExitStack() as stack:
            venue = await open_venue(stack, self._plan, name, table, self._clock)
            self._stacks[name] = stack.pop_all()
        self._venues[name] = venue
        self.exchanges[name] = venue.exchange

    async def _populate(self, name: str) -> None:
        await populate(self._stacks[name], self._plan, self._venues[name], self._clock)

    async def _serve(self, name: str) -> VenueGateway:
        stack, venue = self._stacks[name], self._venues[name]
        port = hurtable(stack, venue, self._faults, self.request_log)
        gateway = GATEWAYS[name](self._plan, venue, port, self._clock)
        stack.callback(gateway.close)
        await gateway.start()
        self._gateways[name] = gateway
        return gateway
