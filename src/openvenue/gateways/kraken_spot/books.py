"""Books as the channel tells them: each depth is a window of its own, and only it is compared.

A client keeps the best `depth` levels of each side and drops what it sees pushed out. So a level
that left the window is not told, one that came into view at the far edge is, and one that is gone
is told with a quantity of zero. Source: Kraken Spot WebSocket v2, "Book", "Book checksum".
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Final
from zlib import crc32

from openvenue.engine.events import (
    Event,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRefilled,
    OrderRested,
    OrdersCanceled,
    Traded,
)
from openvenue.engine.orders import BUY, OrderView, Side, hidden_of
from openvenue.engine.queries import BookView
from openvenue.engine.units import Lots, Symbol, Ticks
from openvenue.gateways.kraken_spot.listing import Market
from openvenue.gateways.kraken_spot.story import Story

DEPTHS: Final = (10, 25, 100, 500, 1000)
CHECKED: Final = 10  # levels of each side that a checksum covers

Levels = dict[Ticks, Lots]  # best first


class Ladder:
    """One side: totals by price, and prices in order."""

    def __init__(self, levels: Iterable[tuple[Ticks, Lots]], *, is_bid: bool) -> None:
        self.totals = dict(levels)
        self._prices = sorted(self.totals)
        self._is_bid = is_bid

    def add(self, price: Ticks, lots: int) -> None:
        """Add to a level, or take from it."""
        before = self.totals.get(price)
        after = lots if before is None else before + lots
        assert after >= 0, "a level has what its orders have"
        if after:
            if before is None:
                insort(self._prices, price)
            self.totals[price] = Lots(after)
        elif before is not None:
            del self.totals[price]
            del self._prices[bisect_left(self._prices, price)]

    def best(self) -> tuple[Ticks, Lots] | None:
        """The first level."""
        if not self._prices:
            return None
        price = self._prices[-1 if self._is_bid else 0]
        return price, self.totals[price]

    def top(self, depth: int) -> Levels:
        """The best `depth` levels, best first."""
        prices = self._prices[: -depth - 1 : -1] if self._is_bid else self._prices[:depth]
        totals = self.totals
        return {price: totals[price] for price in prices}


class Window:
    """What clients of one depth see."""

    def __init__(self, book: "LevelBook", depth: int) -> None:
        self._book = book
        self._depth = depth
        self.bids = book.bids.top(depth)
        self.asks = book.asks.top(depth)

    def move(self) -> tuple[Levels, Levels] | None:
        """Levels of bids and asks to be told since the last time; None if there are none."""
        bids = self._book.bids.top(self._depth)
        asks = self._book.asks.top(self._depth)
        changed = (
            _changes(self.bids, bids, self._book.bids.totals),
            _changes(self.asks, asks, self._book.asks.totals),
        )
        self.bids, self.asks = bids, asks
        return changed if changed[0] or changed[1] else None


def _changes(shown: Levels, now: Levels, all_levels: Levels) -> Levels:
    if shown == now:
        return {}
    told = {price: Lots(0) for price in shown if price not in all_levels}
    told.update((price, total) for price, total in now.items() if shown.get(price) != total)
    return told


class LevelBook:
    """Both sides of one market, and the windows through which it is seen."""

    def __init__(self, view: BookView) -> None:
        self.bids: Final = Ladder(view.bids, is_bid=True)
        self.asks: Final = Ladder(view.asks, is_bid=False)
        self.windows: Final[dict[int, Window]] = {}
        self.time: int = 0  # of the last change, market time; 0: before we looked

    def window(self, depth: int) -> Window:
        """The window of this depth."""
        window = self.windows.get(depth)
        if window is None:
            window = self.windows[depth] = Window(self, depth)
        return window


def checksum(bids: Levels, asks: Levels, market: Market) -> int:
    """CRC-32 over the digits of the ten best levels of both sides, asks first. Nothing: 0."""
    price, size = market.prices.units, market.sizes.units
    digits: list[str] = []
    for levels in (asks, bids):
        for place, (ticks, lots) in enumerate(levels.items()):
            if place == CHECKED:
                break
            digits.append(f"{price(ticks)}{size(lots)}")
    return crc32("".join(digits).encode())


class Books:
    """The books that somebody has asked for."""

    def __init__(self) -> None:
        self._books: dict[Symbol, LevelBook] = {}
        self._touched: dict[Symbol, int] = {}  # when

    def __bool__(self) -> bool:
        return bool(self._books)

    def find(self, symbol: Symbol) -> LevelBook | None:
        """The book of `symbol`, if it is kept."""
        return self._books.get(symbol)

    def keep(self, view: BookView) -> LevelBook:
        """Keep a book from here on: `view` holds all that was told so far, and nothing else."""
        return self._books.setdefault(view.symbol, LevelBook(view))

    def drop(self, symbol: Symbol) -> None:
        """Nobody looks any more."""
        self._books.pop(symbol, None)
        self._touched.pop(symbol, None)

    def hear(self, event: Event, story: Story, time: int) -> None:
        """Make `event` true here; `story` stands just before it."""
        if isinstance(event, Traded):
            side = event.aggressor.opposite
            self._add(event.symbol, side, event.price, -event.quantity, time)
        elif isinstance(event, OrderAccepted | OrderActivated):
            order = event.order
            if event.rests and order.limit_price is not None:
                shown = order.quantity - hidden_of(order, order.quantity)
                self._add(order.symbol, order.side, order.limit_price, shown, time)
        elif isinstance(event, OrderRested):
            view = story.views[event.order_id]
            self._add_order(view, event.leaves - hidden_of(view.order, event.leaves), time)
        elif isinstance(event, OrderRefilled):
            self._add_order(story.views[event.order_id], event.shown, time)
        elif isinstance(event, OrderAmended):
            view = story.views[event.order.order_id]
            if story.is_resting(event.order.order_id):
                self._add_order(view, view.hidden - view.leaves, time)
            if event.rests and not view.is_waiting:
                shown = event.leaves - event.hidden
                self._add_order(OrderView(event.order, event.leaves, view.updated), shown, time)
        elif isinstance(event, OrderCanceled):
            if story.is_resting(event.order_id):
                view = story.views[event.order_id]
                self._add_order(view, view.hidden - event.leaves, time)
        elif isinstance(event, OrdersCanceled):
            for order_id in event.order_ids:
                if story.is_resting(order_id):
                    view = story.views[order_id]
                    self._add_order(view, view.hidden - view.leaves, time)

    def touched(self) -> list[tuple[Symbol, LevelBook]]:
        """Books in which something happened since the last time."""
        if not self._touched:
            return []
        found = []
        for symbol, time in self._touched.items():
            book = self._books[symbol]
            book.time = time
            found.append((symbol, book))
        self._touched.clear()
        return found

    def _add_order(self, view: OrderView, lots: int, time: int) -> None:
        order = view.order
        assert order.limit_price is not None, "what rests has a limit"
        self._add(order.symbol, order.side, order.limit_price, lots, time)

    def _add(self, symbol: Symbol, side: Side, price: Ticks, lots: int, time: int) -> None:
        book = self._books.get(symbol)
        if book is not None:
            (book.bids if side is BUY else book.asks).add(price, lots)
            self._touched[symbol] = time
