"""From outcomes to sockets: each message is made once, whoever listens to it.

Of one outcome, executions come first and then balances; once a whole group has been told to its
owners, public trades, books and tickers follow, so that many changes share a message.
"""

import asyncio
from typing import Any, Final, Protocol, TypeVar

import structlog

from openvenue.engine.events import (
    AssetListed,
    Deposited,
    Event,
    IndexPriceSet,
    InstrumentListed,
    ModeSet,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRefilled,
    OrderRejected,
    OrdersCanceled,
    OrderStarted,
    Traded,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.orders import Order, OrderView
from openvenue.engine.queries import AccountView, BookView, GetBook, GetMarkets
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import AccountId, AssetId, Nanos, Symbol
from openvenue.exchange.port import Outcome, VenueStopped
from openvenue.gateways.kraken_spot import encode_feeds, errors
from openvenue.gateways.kraken_spot.books import Books, LevelBook
from openvenue.gateways.kraken_spot.desk import Desk
from openvenue.gateways.kraken_spot.encode_market import system_status
from openvenue.gateways.kraken_spot.story import Story
from openvenue.history.port import HistoryUnavailable, PublicTrade

log = structlog.get_logger(__name__)

Key = TypeVar("Key")
LISTED: Final = (IndexPriceSet, ModeSet, InstrumentListed, AssetListed)
WOULD_NOT_TAKE: Final = RejectReason.WOULD_NOT_TAKE


class Listener(Protocol):
    """A session, as feeds see it."""

    def tell(self, frame: bytes) -> None:
        """One message of a channel that needs no care."""

    def tell_execution(self, kind: str, frame: bytes) -> None:
        """A step of an order, up to its sequence number; the session may want some kinds only."""

    def tell_balance(self, frame: bytes) -> None:
        """A ledger entry, up to its sequence number."""

    def tell_trades(self, symbol: Symbol, trades: list[PublicTrade]) -> None:
        """Trades, of which a session that waits for its snapshot keeps what that will not have."""

    def tell_status(self) -> None:
        """The venue changed what it accepts."""

    def beat(self, heartbeat: bytes) -> None:
        """Another second has passed."""


class Feeds:
    """Who listens to what, and what they hear."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._executions = encode_feeds.Executions(desk.listing)
        self.books: Final = Books()
        self.sessions: Final[dict[Listener, None]] = {}
        self.execution_listeners: Final[dict[AccountId, dict[Listener, None]]] = {}
        self.balance_listeners: Final[dict[AccountId, dict[Listener, None]]] = {}
        self.trade_listeners: Final[dict[Symbol, dict[Listener, None]]] = {}
        self.book_listeners: Final[dict[tuple[Symbol, int], dict[Listener, None]]] = {}
        self.ticker_listeners: Final[dict[tuple[Symbol, str], dict[Listener, None]]] = {}
        self.instrument_listeners: Final[dict[Listener, None]] = {}
        self._balances: dict[AccountId, dict[AssetId, int]] = {}  # of those somebody listens to
        self._tops: dict[Symbol, object] = {}  # best levels, as last told to tickers
        self._due: dict[Symbol, set[str]] = {}  # tickers to be told, and to whom
        self._ticking: asyncio.Task[None] | None = None
        self.trades = 0  # heard of; who looked at something may see whether it is still so
        self._status = ""
        self._beat: asyncio.TimerHandle | None = None

    def hear(self, outcomes: list[Outcome]) -> None:
        """Tell everyone who asked."""
        is_told = bool(
            self.books
            or self.execution_listeners
            or self.balance_listeners
            or self.trade_listeners
            or self.ticker_listeners
        )
        trades: dict[Symbol, list[PublicTrade]] = {}
        for outcome in outcomes:
            for event in outcome.entry.events:
                if isinstance(event, LISTED):
                    self._hear_listing(event)
                elif type(event) is Traded:
                    self.trades += 1
            if is_told:
                self._tell(outcome, trades)
        for symbol, found in trades.items():
            for listener in list(self.trade_listeners.get(symbol, ())):
                listener.tell_trades(symbol, found)
            self.tick(symbol, "trades")
        for symbol, book in self.books.touched():
            self._tell_book(symbol, book)

    # ---- what sessions ask for

    async def book(self, symbol: Symbol) -> LevelBook:
        """The book of a market, kept from now on.

        The venue answers a question at a moment when all that it decided has been told, and we hear
        everything from the start on: what it shows is what was heard so far.
        """
        book = self.books.find(symbol)
        if book is None:
            view = await self._desk.exchange.look(GetBook(symbol))
            book = self.books.keep(BookView(symbol, [], []) if view is None else view)
        return book

    def keep_balances(self, account: AccountId, view: AccountView) -> None:
        """Go on counting from what the account has now."""
        if account not in self._balances:
            self._balances[account] = {
                money.name: amount for money, amount, _ in self._desk.balances(view)
            }

    async def ticker(self, symbol: Symbol, kind: str) -> bytes:
        """The figures of a market now. Raises: VenueStopped; HistoryUnavailable."""
        day = await self._desk.history.day(symbol)
        (view,) = await self._desk.exchange.look(GetMarkets(symbol))
        market = self._desk.listing.of(symbol)
        now = self._desk.exchange.now()
        return encode_feeds.encode_ticker(kind, view, day[symbol], market, now)

    def status(self, connection_id: int) -> bytes:
        """How the venue is."""
        self._status = system_status(self._desk.listing)
        return encode_feeds.encode_status(self._desk.profile.version, self._status, connection_id)

    def forget(self, listener: Listener) -> None:
        """A client has left."""
        self.sessions.pop(listener, None)
        self.instrument_listeners.pop(listener, None)
        _forget(self.execution_listeners, listener)
        _forget(self.balance_listeners, listener)
        _forget(self.trade_listeners, listener)
        _forget(self.book_listeners, listener)
        _forget(self.ticker_listeners, listener)
        self.tidy()

    def tidy(self) -> None:
        """Keep no more than what somebody listens to."""
        for account in [it for it in self._balances if it not in self.balance_listeners]:
            del self._balances[account]
        seen = {symbol for symbol, _ in self.book_listeners}
        seen |= {symbol for symbol, trigger in self.ticker_listeners if trigger == "bbo"}
        for symbol in [market.symbol for market in self._desk.listing]:
            book = self.books.find(symbol)
            if book is None:
                continue
            if symbol not in seen:
                self.books.drop(symbol)
                self._tops.pop(symbol, None)
                continue
            for depth in [it for it in book.windows if (symbol, it) not in self.book_listeners]:
                del book.windows[depth]

    # ---- the heart

    def start_beating(self) -> None:
        """Beat as long as somebody is connected."""
        if self._beat is None:
            seconds = self._desk.profile.heartbeat_ms / 1000
            self._beat = asyncio.get_running_loop().call_later(seconds, self._on_beat)

    def beat(self) -> None:
        """One second of every session's life."""
        for listener in list(self.sessions):
            listener.beat(encode_feeds.HEARTBEAT)

    def close(self) -> None:
        """Stop the heart, and what is being worked out."""
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        if self._ticking is not None:
            self._ticking.cancel()

    def _on_beat(self) -> None:
        self._beat = None
        if self.sessions:
            self.beat()
            self.start_beating()

    # ---- telling

    def _hear_listing(self, event: Event) -> None:
        listing = self._desk.listing
        listing.hear(event)
        if isinstance(event, IndexPriceSet):
            return
        if self.instrument_listeners:
            monies = [listing.money(event.asset.asset_id)] if isinstance(event, AssetListed) else []
            markets = []
            if isinstance(event, ModeSet) and listing.has(event.symbol):
                markets = [listing.of(event.symbol)]
            elif isinstance(event, InstrumentListed) and listing.has(event.instrument.symbol):
                markets = [listing.of(event.instrument.symbol)]
            if monies or markets:
                frame = encode_feeds.encode_instruments("update", monies, markets)
                for listener in list(self.instrument_listeners):
                    listener.tell(frame)
        status = system_status(listing)
        if status != self._status:
            self._status = status
            for listener in list(self.sessions):
                listener.tell_status()

    def _tell(self, outcome: Outcome, trades: dict[Symbol, list[PublicTrade]]) -> None:
        time = outcome.entry.time
        story = Story(outcome)
        for event in outcome.entry.events:
            self.books.hear(event, story, time)
            if isinstance(event, Traded):
                taker = story.views[event.taker_order_id].order
                trades.setdefault(event.symbol, []).append(
                    PublicTrade(
                        event.exec_id,
                        outcome.entry.seq,
                        time,
                        event.symbol,
                        event.price,
                        event.quantity,
                        event.aggressor,
                        taker.is_market,
                    )
                )
            story.tell(event)
            if self.execution_listeners:
                self._tell_executions(event, story, time)
            if self._balances:
                self._tell_balances(event, outcome.entry.seq, time)

    def _tell_executions(self, event: Event, story: Story, time: Nanos) -> None:
        """What owners hear of `event`, which `story` has gone past."""
        told = self._executions
        if isinstance(event, Traded):
            for account, order_id, is_maker in (
                (event.maker_account, event.maker_order_id, True),
                (event.taker_account, event.taker_order_id, False),
            ):
                if account in self.execution_listeners:
                    view = story.views[order_id]
                    self._say(account, "trade", told.trade(event, view, time, is_maker=is_maker))
                    if view.leaves == 0:
                        self._say(account, "filled", told.filled(view, time))
        elif isinstance(event, OrderAmended):
            account = event.order.account
            if account in self.execution_listeners:
                view = story.views[event.order.order_id]
                self._say(account, "amended", told.amended(view, time))
        elif isinstance(event, OrderRefilled):
            if event.account in self.execution_listeners:
                view = story.views[event.order_id]
                self._say(event.account, "iceberg_refill", told.refilled(view, time))
        elif isinstance(event, TriggersMoved):
            for move in event.moves:
                if move.account in self.execution_listeners:
                    view = story.views[move.order_id]
                    self._say(move.account, "status", told.moved(view, time))
        elif isinstance(event, OrderAccepted):
            waits = story.views[event.order.order_id].is_waiting and event.order.trigger is None
            self._tell_new(event.order, time, is_live=not waits)
        elif isinstance(event, OrderStarted):
            if event.account in self.execution_listeners:
                started = story.views[event.order_id].order
                self._say(event.account, "new", self._executions.new(started, time))
        elif isinstance(event, OrderCanceled):
            if event.account in self.execution_listeners:
                reason = errors.reason_of(event.reason, event.because) or ""
                view = story.views[event.order_id]
                if event.reason is CancelReason.LAPSED:
                    self._say(event.account, "expired", told.expired(view, time))
                else:
                    self._say(event.account, "canceled", told.canceled(view, reason, time))
        elif isinstance(event, OrdersCanceled):
            if event.account in self.execution_listeners:
                reason = errors.ENDED[event.reason]
                for order_id in event.order_ids:
                    text = told.canceled(story.views[order_id], reason, time)
                    self._say(event.account, "canceled", text)
        elif isinstance(event, OrderRejected):
            order = event.order
            if order is not None and order.account in self.execution_listeners:
                self._tell_new(order, time, is_live=event.reason is WOULD_NOT_TAKE)
                view = OrderView(order, order.quantity, time)
                reason = errors.reason_of(None, event.reason) or ""
                self._say(order.account, "canceled", told.canceled(view, reason, time))
        elif isinstance(event, TriggerFired):
            if event.account in self.execution_listeners:
                view = story.views[event.order_id]
                tick = self._desk.listing.of(view.order.symbol).contract.tick_fine
                self._say(event.account, "status", told.fired(view, event.price // tick, time))

    def _tell_new(self, order: Order, time: Nanos, *, is_live: bool) -> None:
        if order.account in self.execution_listeners:
            self._say(order.account, "pending_new", self._executions.pending(order, time))
            if is_live:
                self._say(order.account, "new", self._executions.new(order, time))

    def _say(self, account: AccountId, kind: str, item: str) -> None:
        """One order in one frame: clients look at the first entry only."""
        frame = encode_feeds.execution_frame((item,), is_snapshot=False)
        for listener in list(self.execution_listeners[account]):
            listener.tell_execution(kind, frame)

    def _tell_balances(self, event: Event, seq: int, time: Nanos) -> None:
        listing = self._desk.listing
        if isinstance(event, Deposited):
            held = self._balances.get(event.account)
            if held is None or event.wallet not in listing.wallets:
                return
            balance = held[event.asset] = held.get(event.asset, 0) + event.amount
            money = listing.money(event.asset)
            frame = encode_feeds.encode_deposit(seq, money, event.amount, balance, time)
            for listener in list(self.balance_listeners.get(event.account, ())):
                listener.tell_balance(frame)
        elif isinstance(event, Traded):
            for is_maker in (True, False):
                self._tell_exchanged(event, is_maker, time)

    def _tell_exchanged(self, event: Traded, is_maker: bool, time: Nanos) -> None:
        """One frame for the base and one for the quote."""
        account = event.maker_account if is_maker else event.taker_account
        held = self._balances.get(account)
        if held is None:
            return
        listing = self._desk.listing
        market = listing.of(event.symbol)
        base, quote = market.instrument.base, market.instrument.quote
        side = event.aggressor.opposite if is_maker else event.aggressor
        fee = event.maker_fee if is_maker else event.taker_fee
        lots = event.quantity * market.contract.base_per_lot
        held[base] = held.get(base, 0) + side * lots
        held[quote] = held.get(quote, 0) - side * event.value - fee
        frames = encode_feeds.encode_trade_entries(
            event,
            market,
            (listing.money(base), listing.money(quote)),
            (held[base], held[quote]),
            time,
            is_maker=is_maker,
        )
        for listener in list(self.balance_listeners.get(account, ())):
            for frame in frames:
                listener.tell_balance(frame)

    def _tell_book(self, symbol: Symbol, book: LevelBook) -> None:
        market = self._desk.listing.of(symbol)
        now = Nanos(book.time)
        for depth, window in book.windows.items():
            changed = window.move()
            if changed is not None:
                frame = encode_feeds.encode_book("update", *changed, book, market, now)
                for listener in list(self.book_listeners.get((symbol, depth), ())):
                    listener.tell(frame)
        if (symbol, "bbo") in self.ticker_listeners:
            top = book.bids.best(), book.asks.best()
            if self._tops.get(symbol) != top:
                self._tops[symbol] = top
                self.tick(symbol, "bbo")

    def tick(self, symbol: Symbol, trigger: str) -> None:
        """Have a ticker told. While one is being worked out, what happens is in the next."""
        if (symbol, trigger) not in self.ticker_listeners:
            return
        self._due.setdefault(symbol, set()).add(trigger)
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().create_task(self._tick_all())
            self._ticking.add_done_callback(self._ticked)

    async def _tick_all(self) -> None:
        while self._due:
            symbol = next(iter(self._due))
            triggers = self._due.pop(symbol)
            frame = await self.ticker(symbol, "update")
            for trigger in sorted(triggers):
                for listener in list(self.ticker_listeners.get((symbol, trigger), ())):
                    listener.tell(frame)

    def _ticked(self, task: "asyncio.Task[None]") -> None:
        self._ticking = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, VenueStopped | HistoryUnavailable):
            log.error("tickers failed", exc_info=error)


def _forget(group: dict[Any, dict[Listener, None]], listener: Listener) -> None:
    for key in [key for key, listeners in group.items() if listener in listeners]:
        leave(group, key, listener)


def join(group: dict[Key, dict[Listener, None]], key: Key, listener: Listener) -> None:
    """Listen to something."""
    group.setdefault(key, {})[listener] = None


def leave(group: dict[Key, dict[Listener, None]], key: Key, listener: Listener) -> None:
    """Listen to it no more."""
    listeners = group.get(key)
    if listeners is not None:
        listeners.pop(listener, None)
        if not listeners:
            del group[key]
