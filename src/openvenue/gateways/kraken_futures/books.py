"""Price levels as the book feed tells them: kept from events, so each change is known once."""

from openvenue.engine.events import (
    Event,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRested,
    OrdersCanceled,
    OrderTrimmed,
    Traded,
)
from openvenue.engine.orders import BUY, OrderView, Side
from openvenue.engine.queries import BookView
from openvenue.engine.units import Lots, Symbol, Ticks
from openvenue.gateways.kraken_futures.story import Story

Change = tuple[Side, Ticks, Lots]  # a level and its new total; 0: it is gone


class LevelBook:
    """Both sides of one market, total quantity by price, as of some outcome."""

    def __init__(self, view: BookView) -> None:
        self.seq = 0  # of the last change that was told
        self.time: int = 0  # of that change, market time
        self._bids = dict(view.bids)
        self._asks = dict(view.asks)

    def bids(self) -> list[tuple[Ticks, Lots]]:
        """Best (highest) first."""
        return sorted(self._bids.items(), reverse=True)

    def asks(self) -> list[tuple[Ticks, Lots]]:
        """Best (lowest) first."""
        return sorted(self._asks.items())

    def add(self, side: Side, price: Ticks, lots: int) -> int:
        """Add to a level, or take from it; what it was before."""
        levels = self._bids if side is BUY else self._asks
        before = levels.get(price, Lots(0))
        after = before + lots
        assert after >= 0, "a level has what its orders have"
        if after:
            levels[price] = Lots(after)
        else:
            levels.pop(price, None)
        return before

    def total(self, side: Side, price: Ticks) -> Lots:
        """What stands at a price."""
        return (self._bids if side is BUY else self._asks).get(price, Lots(0))


class Books:
    """The books that somebody has asked for."""

    def __init__(self) -> None:
        self._books: dict[Symbol, LevelBook] = {}
        self._touched: dict[tuple[Symbol, Side, Ticks], int] = {}  # totals before this outcome

    def __bool__(self) -> bool:
        return bool(self._books)

    def find(self, symbol: Symbol) -> LevelBook | None:
        """The book of `symbol`, if it is kept."""
        return self._books.get(symbol)

    def keep(self, view: BookView) -> LevelBook:
        """Keep a book from here on: `view` holds all that was told so far, and nothing else."""
        return self._books.setdefault(view.symbol, LevelBook(view))

    def hear(self, event: Event, story: Story) -> None:
        """Make `event` true here; `story` stands just before it."""
        if isinstance(event, Traded):
            if event.origin.is_off_book:
                return
            self._add(event.symbol, event.aggressor.opposite, event.price, -event.quantity)
        elif isinstance(event, OrderAccepted | OrderActivated):
            order = event.order
            if event.rests and order.limit_price is not None:
                self._add(order.symbol, order.side, order.limit_price, order.quantity)
        elif isinstance(event, OrderAmended):
            order = event.order
            if story.is_resting(order.order_id):
                view = story.views[order.order_id]
                self._add_order(view, -view.leaves)
                if event.rests and order.limit_price is not None:
                    self._add(order.symbol, order.side, order.limit_price, event.leaves)
        elif isinstance(event, OrderRested):
            self._add_order(story.views[event.order_id], event.leaves)
        elif isinstance(event, OrderTrimmed):
            if story.is_resting(event.order_id):
                view = story.views[event.order_id]
                self._add_order(view, event.leaves - view.leaves)
        elif isinstance(event, OrderCanceled):
            if story.is_resting(event.order_id):
                self._add_order(story.views[event.order_id], -event.leaves)
        elif isinstance(event, OrdersCanceled):
            for order_id in event.order_ids:
                if story.is_resting(order_id):
                    view = story.views[order_id]
                    self._add_order(view, -view.leaves)

    def changes(self) -> list[tuple[LevelBook, Symbol, Change]]:
        """Levels that are not what they were before this outcome, in the order of their changes."""
        changed: list[tuple[LevelBook, Symbol, Change]] = []
        for (symbol, side, price), before in self._touched.items():
            book = self._books[symbol]
            total = book.total(side, price)
            if total != before:
                changed.append((book, symbol, (side, price, total)))
        self._touched.clear()
        return changed

    def _add_order(self, view: OrderView, lots: int) -> None:
        order = view.order
        assert order.limit_price is not None, "what rests has a limit"
        self._add(order.symbol, order.side, order.limit_price, lots)

    def _add(self, symbol: Symbol, side: Side, price: Ticks, lots: int) -> None:
        book = self._books.get(symbol)
        if book is not None:
            before = book.add(side, price, lots)
            self._touched.setdefault((symbol, side, price), before)
