"""The private feed of one account, followed: what happens there is known without being asked for.

Each connection begins with all that is open, so whatever was missed is made good. While the feed is
down the desk asks, as it does without one: nothing depends on a feed being there.
"""

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Literal

import structlog
from msgspec import Struct

from openvenue.ems.commands import RecordHeard
from openvenue.ems.connectors.port import Heard, Silent, Snapshot, Unreachable, VenueRefused
from openvenue.ems.events import Event

if TYPE_CHECKING:
    from openvenue.ems.route import Route

log = structlog.get_logger(__name__)

PENDING_MAX: Final = 256  # news that are not durable yet, before the venue has to wait


class FeedHealth(Struct, frozen=True):
    """How a feed stands."""

    state: Literal["none", "idle", "connecting", "live", "down"]
    why: str = ""  # it is down
    snapshots: int = 0  # how often it has begun anew
    news: int = 0


class Follower:
    """Runs until it is canceled."""

    def __init__(self, route: "Route") -> None:
        self._route = route
        self._pending: set[asyncio.Task[list[Event]]] = set()
        self.health = FeedHealth("connecting")

    async def run(self) -> None:
        """Connect, listen, and connect again. Raises: DeskStopped."""
        config = self._route.config
        pause = config.retry_seconds
        try:
            while True:
                snapshots = self.health.snapshots
                try:
                    await self._listen()
                    why = "the feed has ended"
                except (Unreachable, Silent, VenueRefused) as error:
                    why = str(error)
                if self.health.snapshots > snapshots:
                    pause = config.retry_seconds
                self._be("down", why)
                log.info("private feed is down", account=str(self._route.account), why=why)
                await self._route.timer.sleep(pause)
                pause = min(2 * pause, config.retry_seconds_max)
        finally:
            for task in self._pending:
                task.cancel()

    async def _listen(self) -> None:
        """One connection, to its end."""
        route = self._route
        asked, before = await route.before_look()
        async with aclosing(route.connector.follow()) as feed:
            async for it in feed:
                match it:
                    case Snapshot(orders):
                        await self._settle(0)
                        await route.compare(orders, before, asked)
                        route.vanished.account_in_peace()
                        self._be("live", snapshots=1)
                    case Heard():
                        await self._hear(it)
                        self._be(self.health.state, news=1)

    async def _hear(self, it: Heard) -> None:
        """News are decided in their order; many of them share a sync to disk."""
        command = RecordHeard(
            account=self._route.account, venue_cl_ord_id=it.cl_ord_id, word=it.word, terms=it.terms
        )
        self._pending.add(asyncio.create_task(self._route.ledger.submit(command)))
        await self._settle(PENDING_MAX)

    async def _settle(self, pending_max: int) -> None:
        """Until no more than so many news are on their way to the disk. Raises: DeskStopped."""
        done = {task for task in self._pending if task.done()}
        while len(self._pending) - len(done) > pending_max:
            await asyncio.wait(self._pending - done, return_when=asyncio.FIRST_COMPLETED)
            done = {task for task in self._pending if task.done()}
        self._pending -= done
        for task in done:
            task.result()

    def _be(
        self,
        state: Literal["none", "idle", "connecting", "live", "down"],
        why: str = "",
        *,
        snapshots: int = 0,
        news: int = 0,
    ) -> None:
        was = self.health
        self.health = FeedHealth(state, why, was.snapshots + snapshots, was.news + news)
