"""The desk: one face for clients' orders to many venues, behind a machine with its own journal.

Here it is put together, opened and closed. What clients want is in its rooms.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from openvenue.ems import markers, snapshots
from openvenue.ems.accounts import Accounts
from openvenue.ems.commands import PlaceOrder, Resume
from openvenue.ems.config import EmsConfig
from openvenue.ems.connect import connect
from openvenue.ems.connectors.port import Connector
from openvenue.ems.engine import Engine
from openvenue.ems.flatten import Flattener
from openvenue.ems.kill_switch import KillSwitch
from openvenue.ems.ledger import Ledger
from openvenue.ems.marker_watch import MarkerWatch
from openvenue.ems.order_entry import OrderEntry
from openvenue.ems.orders import Account, Order
from openvenue.ems.questions import Questions
from openvenue.ems.records import EMS, Entry
from openvenue.ems.route import Route
from openvenue.ems.snapshot_keeper import keep_snapshots
from openvenue.ems.switchboard import Switchboard
from openvenue.ems.tasks import Tasks
from openvenue.ems.timer import RealTimer, Timer
from openvenue.engine.units import Nanos
from openvenue.journal.files import FileJournalOf
from openvenue.journal.memory import MemoryJournalOf
from openvenue.journal.port import JournalOf


class Ems:
    """Made by `open`."""

    def __init__(
        self,
        config: EmsConfig,
        ledger: Ledger,
        timer: Timer,
        connectors: Mapping[Account, Connector],
        markers_folder: Path | None = None,
    ) -> None:
        self._config: Final = config
        self._timer: Final = timer
        self._ledger: Final = ledger
        self._tasks: Final = Tasks()
        routes = {
            account: Route(account, connector, ledger, timer, config)
            for account, connector in connectors.items()
        }
        self.accounts: Final = Accounts(routes)
        self.kill_switch: Final = KillSwitch(
            config, ledger, timer, routes, Flattener(self._place_own)
        )
        self._marker_watch: Final = MarkerWatch(
            markers_folder, config, ledger, timer, self.kill_switch, self._tasks
        )
        self.orders: Final = OrderEntry(self.accounts, ledger, self._marker_watch, self._tasks)
        self.questions: Final = Questions(self.accounts, ledger, self._tasks)
        self.switchboard: Final = Switchboard(self.accounts, ledger, self.kill_switch, self._tasks)

    @classmethod
    async def open(
        cls,
        directory: Path | None,
        config: EmsConfig,
        timer: Timer | None = None,
        connectors: Mapping[Account, Connector] | None = None,
    ) -> "Ems":
        """The desk as its journal in `directory` left it (None: nowhere, and nothing survives).

        `connectors`: other ways to the accounts than `config` says. Raises: JournalError.
        """
        journal: JournalOf[Entry]
        engine, seq = Engine(), 0
        if directory is None:
            journal = MemoryJournalOf[Entry]()
        else:
            journal = await asyncio.to_thread(FileJournalOf, directory, EMS, config.durability)
            engine, changes, seq = await asyncio.to_thread(
                snapshots.begin, directory, journal.last_seq
            )
            engine.remember(changes)
            snapshots.set_aside_newer(directory / snapshots.SNAPSHOTS, journal.last_seq)
        folder = None if directory is None else markers.folder_of(directory)
        past = journal.replay(seq)
        desk = await cls._begin(config, engine, journal, past, timer, connectors, folder)
        await desk.kill_switch.resume()
        await desk._marker_watch.honour()
        desk._tasks.start(desk._marker_watch.honour_for_ever())
        desk.accounts.guard(config, desk._tasks)
        if directory is not None:
            every = config.snapshot_every
            desk._tasks.start(keep_snapshots(directory, desk._ledger, desk._timer, seq, every))
        return desk

    @classmethod
    async def stand_in(cls, config: EmsConfig, past: Iterable[Sequence[Entry]]) -> "Ems":
        """A desk that knows what another one's journal says, and writes nothing.

        For the kill switch while the other one is silent. Halts in `past` are not taken up.
        """
        journal, timer = MemoryJournalOf[Entry](), RealTimer()
        connectors = connect(config, timer, forgiving=True)
        return await cls._begin(config, Engine(), journal, past, timer, connectors, None)

    @classmethod
    async def _begin(
        cls,
        config: EmsConfig,
        engine: Engine,
        journal: JournalOf[Entry],
        past: Iterable[Sequence[Entry]],
        timer: Timer | None,
        connectors: Mapping[Account, Connector] | None,
        folder: Path | None,
    ) -> "Ems":
        timer = timer or RealTimer()
        connectors = connect(config, timer) if connectors is None else connectors
        for group in past:
            for entry in group:
                engine.fold(entry.events, entry.time)
        ledger = Ledger(engine, journal, timer)
        await ledger.submit(Resume())
        desk = cls(config, ledger, timer, connectors, folder)
        for route in desk.accounts.routes.values():
            route.chaser.catch_up()
            for order in await route.live():
                desk.orders.inherit(route, order)
        return desk

    async def close(self) -> None:
        """Leave orders where they are; whatever is under way is unknown to the next start."""
        await self._tasks.close()
        await self.kill_switch.close()
        await self.accounts.close()
        await self._ledger.close()

    async def _place_own(self, route: Route, command: PlaceOrder) -> Order:
        return await self.orders.place_own(route, command)

    @property
    def stopped(self) -> str | None:
        """Why the desk takes nothing more; None while it does."""
        return self._ledger.stopped

    def now(self) -> Nanos:
        """The desk's time."""
        return self._ledger.now()
