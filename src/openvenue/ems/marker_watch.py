"""Halts that were left as files while the desk was silent, taken into its journal.

Before the desk takes anything, before each order goes on, and while nobody asks for anything.
"""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from openvenue.ems import markers
from openvenue.ems.config import EmsConfig
from openvenue.ems.kill_switch import KillSwitch
from openvenue.ems.ledger import Ledger
from openvenue.ems.tasks import Tasks
from openvenue.ems.timer import Timer

log = structlog.get_logger(__name__)


class MarkerWatch:
    """Of one desk's folder; None: it has none."""

    def __init__(
        self,
        folder: Path | None,
        config: EmsConfig,
        ledger: Ledger,
        timer: Timer,
        kill_switch: KillSwitch,
        tasks: Tasks,
    ) -> None:
        self._markers: Final = markers.Markers(folder)
        self._config: Final = config
        self._ledger: Final = ledger
        self._timer: Final = timer
        self._kill_switch: Final = kill_switch
        self._tasks: Final = tasks
        self._honouring: Final = asyncio.Lock()

    async def honour_what_came(self) -> None:
        """Before an order goes on: whatever was left as a file counts from now on."""
        if self._honouring.locked() or self._markers.have_come():
            await self.honour()

    async def honour(self) -> None:
        """Take halts that were left as files into the journal."""
        async with self._honouring:
            for marker in self._markers.take():
                log.warning("a halt was left as a file", halt=marker.halt_id, by=marker.by)
                if marker.halt_id not in self._ledger.peek().halts:
                    pulling = self._kill_switch.pull(
                        marker.scope,
                        marker.trigger,
                        flatten=marker.flatten,
                        deadline_seconds=marker.deadline_seconds,
                        halt_id=marker.halt_id,
                        names=marker.names,
                    )
                    await self._tasks.shielded(pulling)
                assert self._markers.folder is not None, "it was in there"
                markers.set_aside(self._markers.folder, marker.halt_id, markers.TAKEN)

    async def honour_for_ever(self) -> None:
        """While nobody asks for anything, too."""
        while True:
            await self._timer.sleep(self._config.marker_seconds)
            try:
                await self.honour_what_came()
            except OSError as error:
                log.error("halts that were left as files cannot be read", why=str(error))
