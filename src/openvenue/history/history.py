"""A `HistoryPort` over an index that a thread of its own keeps, off the order path."""

import asyncio
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import structlog

from openvenue.engine.queries import GetMarkets
from openvenue.engine.units import AccountId, Nanos, OrderId, Symbol
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.port import Outcome
from openvenue.history.blocks import Stream
from openvenue.history.index import Index
from openvenue.history.past import (
    Bar,
    BarSource,
    BarSpan,
    Execution,
    Found,
    MarkChange,
    OrderChange,
    Page,
    Posting,
)
from openvenue.history.port import (
    BEGINNING,
    Candle,
    ClosedOrder,
    DayFigures,
    Fill,
    HistoryUnavailable,
    PublicTrade,
    Volume,
)

log = structlog.get_logger(__name__)

FILE: Final = "history.sqlite"
QUIET_SECONDS: Final = 0.05  # without an entry: time to commit
BEHIND_MAX: Final = 50_000  # entries kept for the thread; past that it reads the journal instead

T = TypeVar("T")


class _Read(NamedTuple):
    """A question, and how to tell who asked."""

    seq: int  # the answer includes this entry
    ask: Callable[[Index], object]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[object]"


class History:
    """The past of one venue. Questions queue up behind the entries that came before them."""

    def __init__(
        self, directory: Path | None, exchange: Exchange, *, behind_max: int = BEHIND_MAX
    ) -> None:
        """Listen from now on, and read what the index does not have yet from the journal."""
        self._exchange = exchange
        self._path = None if directory is None else directory / FILE
        self._inbox: queue.SimpleQueue[list[Outcome] | _Read | None] = queue.SimpleQueue()
        self._behind_max = behind_max
        self._put = self._done = 0  # entries; each is written by one thread only
        self._heard = exchange.seq
        self._leave = exchange.subscribe(self._hear)
        self._thread = threading.Thread(
            target=self._run, args=(exchange.seq,), name=f"history {exchange.name}", daemon=True
        )
        self._thread.start()

    async def close(self) -> None:
        """Keep what was heard, then let go of the file."""
        self._leave()
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)

    async def fills(
        self, account: AccountId, *, before: Nanos | None = None, limit: int = 100
    ) -> list[Fill]:
        """The newest fills strictly before `before`, newest first. Raises: HistoryUnavailable."""
        return await self._ask(lambda index: index.store.fills(account, before, limit))

    async def trades(
        self, symbol: Symbol, *, before: Nanos | None = None, limit: int = 100
    ) -> list[PublicTrade]:
        """The newest trades strictly before `before`, newest first. Raises: HistoryUnavailable."""
        return await self._ask(lambda index: index.store.trades(symbol, before, limit))

    async def closed_orders(
        self,
        account: AccountId,
        *,
        order_ids: tuple[OrderId, ...] = (),
        cl_ord_ids: tuple[str, ...] = (),
        since: Nanos = BEGINNING,
    ) -> list[ClosedOrder]:
        """Orders of an account that ended at or after `since`, in the order in which they did.

        Raises: HistoryUnavailable.
        """
        return await self._ask(
            lambda index: index.store.closed(account, order_ids, cl_ord_ids, since)
        )

    async def day(
        self, symbol: Symbol | None = None, *, since: Nanos = BEGINNING
    ) -> dict[Symbol, DayFigures]:
        """Figures of the last 24 hours of market time, of every market or of one.

        What happened before `since` does not count.
        Raises: HistoryUnavailable; VenueStopped.
        """
        markets = await self._exchange.look(GetMarkets(symbol))
        symbols = [market.instrument.symbol for market in markets]
        now = self._exchange.now()
        return await self._ask(lambda index: index.days(symbols, now, since))

    async def volumes(
        self, account: AccountId, *, since: Nanos = BEGINNING
    ) -> dict[Symbol, Volume]:
        """How much an account traded at or after `since`, by market. Raises: HistoryUnavailable."""
        return await self._ask(lambda index: index.store.volumes(account, since))

    async def candles(self, symbol: Symbol, *, since: Nanos = BEGINNING) -> list[Candle]:
        """Minutes in which something was traded, from the one of `since` on, oldest first.

        Raises: HistoryUnavailable.
        """
        return await self._ask(lambda index: index.candles(symbol, since))

    async def order_changes(
        self,
        account: AccountId,
        page: Page,
        *,
        are_waiting: bool = False,
        symbol: Symbol | None = None,
    ) -> Found[OrderChange]:
        """What became of an account's orders; or of its triggers, until they fired.

        Raises: HistoryUnavailable.
        """
        stream = Stream.TRIGGERS if are_waiting else Stream.ORDERS

        def is_of_symbol(it: OrderChange) -> bool:
            return it.order.symbol == symbol

        wanted = None if symbol is None else is_of_symbol
        return await self._ask(lambda index: index.store.blocks.read(stream, account, page, wanted))

    async def market_changes(self, symbol: Symbol, page: Page) -> Found[OrderChange]:
        """What became of all orders of a market but its waiting ones.

        Raises: HistoryUnavailable.
        """
        return await self._ask(lambda index: index.store.blocks.read(Stream.MARKET, symbol, page))

    async def executions(self, symbol: Symbol, page: Page) -> Found[Execution]:
        """Trades of a market. Raises: HistoryUnavailable."""
        return await self._ask(
            lambda index: index.store.blocks.read(Stream.EXECUTIONS, symbol, page)
        )

    async def marks(self, symbol: Symbol, page: Page) -> Found[MarkChange]:
        """Mark prices of a market. Raises: HistoryUnavailable."""
        return await self._ask(lambda index: index.store.blocks.read(Stream.MARKS, symbol, page))

    async def postings(
        self, account: AccountId, page: Page, *, wanted: Callable[[Posting], bool] | None = None
    ) -> Found[Posting]:
        """What changed an account's money and positions. Raises: HistoryUnavailable."""
        return await self._ask(
            lambda index: index.store.blocks.read(Stream.POSTINGS, account, page, wanted)
        )

    async def bars(self, source: BarSource, name: str, span: BarSpan) -> tuple[list[Bar], bool]:
        """Bars of a market's trades or mark, or of an index, ascending; whether there are more.

        Raises: HistoryUnavailable.
        """
        return await self._ask(lambda index: index.bars(source, name, span))

    def _hear(self, outcomes: list[Outcome]) -> None:
        self._heard = outcomes[-1].entry.seq
        if self._path is not None and self._put - self._done > self._behind_max:
            return  # the gap is noticed at the next entry or question, and read from the journal
        self._put += len(outcomes)
        self._inbox.put(outcomes)

    async def _ask(self, ask: Callable[[Index], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._inbox.put(_Read(self._heard, ask, loop, future))
        return await future  # type: ignore[return-value]  # what `ask` gives

    def _run(self, seq: int) -> None:
        """The thread."""
        try:
            index = Index(self._path, self._exchange.journal, self._exchange.recovered_seq)
            index.catch_up(seq)
            self._serve(index)
        except Exception as error:
            # The index is a convenience: without it the venue trades on, and who asks is told.
            log.exception("history failed", venue=self._exchange.name)
            self._refuse(f"history is not available: {error!r}")

    def _serve(self, index: Index) -> None:
        while True:
            try:
                item = self._inbox.get(timeout=QUIET_SECONDS if index.is_dirty else None)
            except queue.Empty:
                index.commit()
                continue
            if item is None:
                index.close()
                return
            if isinstance(item, _Read):
                index.catch_up(item.seq)
                try:
                    answer = item.ask(index)
                except Exception as error:  # noqa: BLE001
                    _tell(item, error, None)  # its own fault: raised where it was asked
                else:
                    _tell(item, None, answer)
            else:
                index.take([outcome.entry for outcome in item])
                self._done += len(item)

    def _refuse(self, why: str) -> None:
        """Answer no until closed."""
        while True:
            item = self._inbox.get()
            if item is None:
                return
            if isinstance(item, _Read):
                _tell(item, HistoryUnavailable(why), None)
            else:
                self._done += len(item)


def _tell(read: _Read, error: Exception | None, answer: object) -> None:
    """Answer on the thread of who asked; not at all if it is gone."""

    def settle() -> None:
        if read.future.done():
            return
        if error is not None:
            read.future.set_exception(error)
        else:
            read.future.set_result(answer)

    if not read.loop.is_closed():
        read.loop.call_soon_threadsafe(settle)
