"""The next contract of a series, listed when the one before it has expired."""

import asyncio

import structlog

from openvenue.engine.commands import ListInstrument
from openvenue.engine.events import ContractSettled
from openvenue.exchange.config import VenueTable
from openvenue.exchange.port import ExchangePort, Outcome, VenueStopped
from openvenue.exchange.setup import still_missing
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)
BY_SERIES = Envelope("series")


class Relisting:
    """Hears of expiries. The engine knows no series: the world's table does."""

    def __init__(self, table: VenueTable, exchange: ExchangePort) -> None:
        self._table = table
        self._exchange = exchange
        self._tasks: set[asyncio.Task[None]] = set()
        self._leave = exchange.subscribe(self._hear)

    def close(self) -> None:
        """List nothing more."""
        self._leave()
        for task in self._tasks:
            task.cancel()

    def _hear(self, outcomes: list[Outcome]) -> None:
        settled = any(
            isinstance(event, ContractSettled)
            for outcome in outcomes
            for event in outcome.entry.events
        )
        if settled:
            task = asyncio.get_running_loop().create_task(self._list())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _list(self) -> None:
        try:
            for command in await still_missing(self._table, self._exchange):
                if isinstance(command, ListInstrument):
                    await self._exchange.submit(command, BY_SERIES)
                    log.info("next contract listed", symbol=command.instrument.symbol)
        except VenueStopped as stopped:
            log.warning("the next contract is not listed", why=str(stopped))
