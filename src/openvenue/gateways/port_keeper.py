"""A port that nobody listens on for a while, because the plan of faults says so."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from openvenue.faults.plan import FaultPlan

AGAIN_SECONDS: Final = 0.2  # where another program has taken the port meanwhile

log = structlog.get_logger("openvenue.door")


class PortKeeper:
    """Closes and opens as planned. `open_again` raises OSError: the port is taken."""

    def __init__(
        self,
        plan: FaultPlan,
        close: Callable[[], None],
        open_again: Callable[[], Awaitable[None]],
    ) -> None:
        self._plan = plan
        self._close = close
        self._open_again = open_again
        self._changed: asyncio.Event = asyncio.Event()

    async def run(self) -> None:
        """Until it is canceled."""
        self._plan.changed = self._changed.set
        while True:
            self._changed.clear()
            seconds = self._plan.close_port()
            if seconds is not None:
                self._close()
                await asyncio.sleep(seconds)
                await self._open()
                continue
            wait = self._plan.seconds_to_close_port()
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _open(self) -> None:
        while True:
            try:
                await self._open_again()
                return
            except OSError as error:
                log.error("the port cannot be opened again", why=str(error))
                await asyncio.sleep(AGAIN_SECONDS)
