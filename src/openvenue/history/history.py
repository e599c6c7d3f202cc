"""A `HistoryPort` over an index that is kept off the order path."""

from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar, final

from openvenue.engine.queries import GetMarkets
from openvenue.engine.units import AccountId, Nanos, OrderId, Symbol
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.port import Outcome
from openvenue.history.blocks import Stream
from openvenue.history.host import Host, Question
from openvenue.history.index import Index
from openvenue.history.past import (
    Bar,
    BarSource,
    BarSpan,
    Execution,
    Found,
    MarkChange,
    OrderChange,
    OrderThing,
    Page,
    Posting,
    RateChange,
    TwapChange,
)
from openvenue.history.port import (
    BEGINNING,
    Candle,
    ClosedOrder,
    DayFigures,
    Fill,
    PublicTrade,
)
from openvenue.history.process import ProcessHost
from openvenue.history.samples import Sample
from openvenue.history.thread import ThreadHost

T = TypeVar("T")
P = ParamSpec("P")


@final
class OfSymbol:
    """Changes of orders in one market. A class, because a question is pickled."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol

    def __call__(self, change: OrderThing) -> bool:
        """Whether it is one."""
        return isinstance(change, OrderChange) and change.order.symbol == self.symbol


class History:
    """The past of one venue. An answer includes all that was told before its question."""

    def __init__(self, exchange: Exchange, host: Host) -> None:
        """Listen from now on. Made by `open_history`."""
        self._exchange = exchange
        self._host = host
        self._heard = exchange.seq
        self._leave = exchange.subscribe(self._hear)

    async def close(self) -> None:
        """Keep what was heard, then let go of the file."""
        self._leave()
        await self._host.close()

    async def fills(
        self, account: AccountId, *, before: Nanos | None = None, limit: int = 100
    ) -> list[Fill]:
        """The newest fills strictly before `before`, newest first. Raises: HistoryUnavailable."""
        return await self._ask(Index.fills, account, before, limit)

    async def trades(
        self, symbol: Symbol, *, before: Nanos | None = None, limit: int = 100
    ) -> list[PublicTrade]:
        """The newest trades strictly before `before`, newest first. Raises: HistoryUnavailable."""
        return await self._ask(Index.trades, symbol, before, limit)

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
        return await self._ask(Index.closed, account, order_ids, cl_ord_ids, since)

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
        return await self._ask(Index.days, symbols, now, since)

    async def candles(self, symbol: Symbol, *, since: Nanos = BEGINNING) -> list[Candle]:
        """Minutes in which something was traded, from the one of `since` on, oldest first.

        Raises: HistoryUnavailable.
        """
        return await self._ask(Index.candles, symbol, since)

    async def order_changes(
        self,
        account: AccountId,
        page: Page,
        *,
        are_waiting: bool = False,
        symbol: Symbol | None = None,
    ) -> Found[OrderThing]:
        """What became of an account's orders; or of its triggers, until they fired.

        Raises: HistoryUnavailable.
        """
        stream = Stream.TRIGGERS if are_waiting else Stream.ORDERS
        wanted = None if symbol is None else OfSymbol(symbol)
        return await self._ask(Index.order_changes, stream, account, page, wanted)

    async def market_changes(self, symbol: Symbol, page: Page) -> Found[OrderThing]:
        """What became of all orders of a market but its waiting ones.

        Raises: HistoryUnavailable.
        """
        return await self._ask(Index.order_changes, Stream.MARKET, symbol, page, None)

    async def executions(self, symbol: Symbol, page: Page) -> Found[Execution]:
        """Trades of a market. Raises: HistoryUnavailable."""
        return await self._ask(Index.executions, symbol, page)

    async def marks(self, symbol: Symbol, page: Page) -> Found[MarkChange]:
        """Mark prices of a market. Raises: HistoryUnavailable."""
        return await self._ask(Index.marks, symbol, page)

    async def rates(self, symbol: Symbol, page: Page) -> Found[RateChange]:
        """Funding rates of a market. Raises: HistoryUnavailable."""
        return await self._ask(Index.rates, symbol, page)

    async def twap_changes(self, account: AccountId, page: Page) -> Found[TwapChange]:
        """What became of an account's TWAPs. Raises: HistoryUnavailable."""
        return await self._ask(Index.twap_changes, account, page)

    async def postings(
        self, account: AccountId, page: Page, *, wanted: Callable[[Posting], bool] | None = None
    ) -> Found[Posting]:
        """What changed an account's money and positions. Raises: HistoryUnavailable."""
        return await self._ask(Index.postings, account, page, wanted)

    async def samples(self, symbol: Symbol, span: BarSpan) -> tuple[Sample | None, list[Sample]]:
        """How a market was before a span, and in each part of it in which something happened.

        Raises: HistoryUnavailable.
        """
        return await self._ask(Index.samples, symbol, span)

    async def bars(self, source: BarSource, name: str, span: BarSpan) -> tuple[list[Bar], bool]:
        """Bars of a market's trades or mark, or of an index, ascending; whether there are more.

        Raises: HistoryUnavailable.
        """
        return await self._ask(Index.bars, source, name, span)

    def _hear(self, outcomes: list[Outcome]) -> None:
        self._heard = outcomes[-1].entry.seq
        self._host.hear(outcomes)

    async def _ask(
        self,
        function: Callable[Concatenate[Index, P], T],
        *arguments: P.args,
        **nothing: P.kwargs,
    ) -> T:
        assert not nothing, "arguments are passed by place"
        answer: T = await self._host.ask(Question(self._heard, function, arguments))
        return answer


def open_history(directory: Path | None, exchange: Exchange) -> History:
    """The past of a venue: in a process beside it, or in a thread if it keeps nothing on disk."""
    host: Host
    if directory is None:
        host = ThreadHost(exchange.name, exchange.journal, exchange.seq)
    else:
        host = ProcessHost(exchange.name, directory, exchange.recovered_seq, exchange.seq)
    return History(exchange, host)
