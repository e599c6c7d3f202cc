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
from openvenue.ems.connectors.port import FAILURES, Heard, Snapshot

if TYPE_CHECKING:
    from openvenue.ems.route import Route

log = structlog.get_logger(__name__)

PENDING_MAX: Final = 256  # news that are not durable yet, before the venue has to wait
NEWS_AT_ONCE: Final = 16  # heard before others have their turn


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
        self._state: Literal["connecting", "live", "down"] = "connecting"
        self._why = ""
        self._snapshots = 0
        self._news = 0

    @property
    def health(self) -> FeedHealth:
        """How it stands."""
        return FeedHealth(self._state, self._why, self._snapshots, self._news)

    async def run(self) -> None:
        """Connect, listen, and connect again. Raises: DeskStopped."""
        config = self._route.config
        pause = config.retry_seconds
        while True:
            snapshots = self._snapshots
            try:
                await self._listen()
                self._why = "the feed has ended"
            except FAILURES as error:
                self._why = str(error)
            self._state = "down"
            if self._snapshots > snapshots:
                pause = config.retry_seconds
            log.info("private feed is down", account=str(self._route.account), why=self._why)
            await self._route.timer.sleep(pause)
            pause = min(2 * pause, config.retry_seconds_max)

    async def _listen(self) -> None:
        """One connection, to its end."""
        route = self._route
        asked, before = route.before_look()
        async with aclosing(route.connector.follow()) as feed:
            async for it in feed:
                match it:
                    case Snapshot(orders):
                        await route.ledger.noted()
                        await route.compare(orders, before, asked)
                        route.vanished.account_in_peace()
                        self._state, self._why = "live", ""
                        self._snapshots += 1
                    case Heard():
                        await self._hear(it)

    async def _hear(self, it: Heard) -> None:
        """One more. Who wants something of a venue meanwhile need not wait for all that come."""
        ledger = self._route.ledger
        ledger.note(
            [
                RecordHeard(
                    account=self._route.account,
                    venue_cl_ord_id=it.cl_ord_id,
                    word=it.word,
                    terms=it.terms,
                )
            ]
        )
        self._news += 1
        if self._news % NEWS_AT_ONCE == 0:
            await ledger.noted(PENDING_MAX)
            await asyncio.sleep(0)
