"""From outcomes to sockets: each message is made once, whoever listens to it.

Of one outcome, own fills come first, then own orders, then public trades, then the book.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, Final, Protocol, TypeVar

from openvenue.engine.events import (
    AssetListed,
    ConditionsSet,
    ContractSettled,
    Event,
    InstrumentListed,
    LeverageSet,
    ModeSet,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRested,
    OrdersCanceled,
    OrderTrimmed,
    Traded,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.queries import BookView, GetBook
from openvenue.engine.reasons import CancelReason
from openvenue.engine.units import AccountId, Nanos, OrderId, Symbol
from openvenue.exchange.port import Outcome
from openvenue.gateways.kraken_futures import encode_feeds, errors
from openvenue.gateways.kraken_futures.books import Books, LevelBook
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.story import Story
from openvenue.gateways.kraken_futures.times import millis
from openvenue.history.port import Fill

Key = TypeVar("Key", Symbol, AccountId)
LISTED: Final = frozenset((ModeSet, ContractSettled, ConditionsSet, InstrumentListed, AssetListed))
EDITED: Final = "edited_by_user"


class Listener(Protocol):
    """A session, as feeds see it."""

    def tell(self, frame: bytes) -> None:
        """One message of a feed that needs no care."""

    def tell_trade(self, symbol: Symbol, seq: int, frame: bytes) -> None:
        """A trade: held back until the session has sent its snapshot."""

    def tell_fill(self, fill: Fill) -> None:
        """A fill: its number depends on the session."""


class Feeds:
    """Who listens to what, and what they hear."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.books: Final = Books()
        self.book_listeners: Final[dict[Symbol, dict[Listener, None]]] = {}
        self.trade_listeners: Final[dict[Symbol, dict[Listener, None]]] = {}
        self.order_listeners: Final[dict[AccountId, dict[Listener, None]]] = {}
        self.fill_listeners: Final[dict[AccountId, dict[Listener, None]]] = {}
        # Of isolated markets, by the accounts whose orders are listened to.
        self.leverages: Final[dict[AccountId, dict[Symbol, int]]] = {}
        self.heart_listeners: Final[dict[Listener, None]] = {}
        self._beat: asyncio.TimerHandle | None = None

    def hear(self, outcomes: list[Outcome]) -> None:
        """Tell everyone who asked."""
        listing = self._desk.listing
        is_idle = not (
            self.books or self.trade_listeners or self.order_listeners or self.fill_listeners
        )
        for outcome in outcomes:
            for event in outcome.entry.events:
                if type(event) in LISTED:
                    listing.hear(event)
                elif isinstance(event, LeverageSet):
                    self._set_leverage(event)
            if not is_idle:
                self._tell(outcome)

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

    def forget(self, listener: Listener) -> None:
        """A client has left."""
        self.heart_listeners.pop(listener, None)
        for group in (self.book_listeners, self.trade_listeners):
            _forget(group, listener)
        for owners in (self.order_listeners, self.fill_listeners):
            _forget(owners, listener)

    def leave(self, feed: str, key: str, listener: Listener) -> None:
        """A client wants one feed of one product, or account, no more."""
        groups: dict[str, dict[Any, dict[Listener, None]]] = {
            "book": self.book_listeners,
            "trade": self.trade_listeners,
            "open_orders": self.order_listeners,
            "fills": self.fill_listeners,
        }
        listeners = groups[feed].get(key)
        if listeners is not None:
            listeners.pop(listener, None)
            if not listeners:
                del groups[feed][key]

    def start_beating(self) -> None:
        """Beat as long as somebody feels it."""
        if self._beat is None:
            self._wait_to_beat()

    def beat(self) -> None:
        """One heartbeat."""
        now = millis(self._desk.clock.wall())
        frame = ENCODER.encode({"feed": "heartbeat", "time": now})
        for listener in list(self.heart_listeners):
            listener.tell(frame)

    def close(self) -> None:
        """Stop the heart."""
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None

    def _wait_to_beat(self) -> None:
        seconds = self._desk.profile.heartbeat_ms / 1000
        self._beat = asyncio.get_running_loop().call_later(seconds, self._on_beat)

    def _on_beat(self) -> None:
        self._beat = None
        if self.heart_listeners:
            self.beat()
            self._wait_to_beat()

    def _set_leverage(self, event: LeverageSet) -> None:
        known = self.leverages.get(event.account)
        if known is None:
            return
        known.pop(event.symbol, None)
        if event.is_isolated and event.leverage is not None:
            known[event.symbol] = event.leverage

    def _tell(self, outcome: Outcome) -> None:
        time = outcome.entry.time
        story = Story(outcome)
        orders: list[tuple[AccountId, bytes]] = []
        trades: list[Traded] = []
        for event in outcome.entry.events:
            self.books.hear(event, story)
            if isinstance(event, Traded):
                self._tell_fills(event, story, time)
                trades.append(event)
            orders.extend(self._order_messages(event, story))
        for account, frame in orders:
            for listener in list(self.order_listeners.get(account, ())):
                listener.tell(frame)
        for trade in trades:
            self._tell_trade(trade, time)
        self._tell_levels(time)

    def _tell_fills(self, event: Traded, story: Story, time: Nanos) -> None:
        if not self._desk.is_ours(event.symbol):
            return
        for account, order_id, is_maker in (
            (event.maker_account, event.maker_order_id, True),
            (event.taker_account, event.taker_order_id, False),
        ):
            listeners = self.fill_listeners.get(account)
            if listeners:
                order = story.views[order_id].order
                fill = encode_feeds.fill_of(
                    event,
                    order,
                    story.views[event.taker_order_id].order,
                    time,
                    is_maker=is_maker,
                    is_after_amend=not is_maker and story.is_crossing(order_id),
                )
                for listener in list(listeners):
                    listener.tell_fill(fill)

    def _tell_trade(self, event: Traded, time: Nanos) -> None:
        listeners = self.trade_listeners.get(event.symbol)
        if listeners:
            frame = encode_feeds.encode_trade(event, time, self._desk.listing.of(event.symbol))
            for listener in list(listeners):
                listener.tell_trade(event.symbol, event.exec_id, frame)

    def _tell_levels(self, time: Nanos) -> None:
        for book, symbol, change in self.books.changes():
            book.seq += 1
            book.time = time
            listeners = self.book_listeners.get(symbol)
            if listeners:
                market = self._desk.listing.of(symbol)
                frame = encode_feeds.encode_level(change, book.seq, time, market)
                for listener in list(listeners):
                    listener.tell(frame)

    def _order_messages(self, event: Event, story: Story) -> Iterator[tuple[AccountId, bytes]]:
        """What owners hear of `event`, which `story` goes past in here."""
        if not self.order_listeners:
            story.tell(event)
            return
        match event:
            case OrderAccepted() | OrderActivated():
                story.tell(event)
                if event.rests or story.is_open(event.order.order_id):
                    yield from self._changed(event.order.order_id, story)
            case OrderAmended():
                story.tell(event)
                if event.rests:
                    yield from self._changed(event.order.order_id, story, EDITED)
            case OrderRested():
                reason = EDITED if story.is_crossing(event.order_id) else ""
                story.tell(event)
                yield from self._changed(event.order_id, story, reason)
            case Traded():
                was_open = story.is_resting(event.maker_order_id)
                was_crossing = story.is_crossing(event.taker_order_id)
                story.tell(event)
                if was_open:
                    reason = "partial_fill" if event.maker_leaves else "full_fill"
                    yield from self._changed(event.maker_order_id, story, reason)
                if was_crossing and event.taker_leaves == 0:
                    yield from self._changed(event.taker_order_id, story, "full_fill")
            case TriggersMoved():
                story.tell(event)
                for move in event.moves:
                    yield from self._changed(move.order_id, story, EDITED)
            case OrderTrimmed():
                story.tell(event)
                yield from self._changed(event.order_id, story, "would_not_reduce_position")
            case TriggerFired():
                order = story.views[event.order_id].order
                story.tell(event)
                if self._is_heard(order.account, order.symbol):
                    frame = encode_feeds.encode_order_gone(
                        order, "stop_order_triggered", self._desk.listing, is_waiting=True
                    )
                    yield order.account, frame
            case OrderCanceled() | OrdersCanceled():
                ids = event.order_ids if isinstance(event, OrdersCanceled) else (event.order_id,)
                open_ids = [order_id for order_id in ids if story.is_open(order_id)]
                waited = [order_id for order_id in open_ids if story.views[order_id].is_waiting]
                story.tell(event)
                reason = errors.FEED_REASON[event.reason]
                if event.reason is CancelReason.LIQUIDATION:
                    reason = self._desk.profile.liquidated_order_word
                for order_id in open_ids:
                    order = story.views[order_id].order
                    if self._is_heard(order.account, order.symbol):
                        frame = encode_feeds.encode_order_gone(
                            order, reason, self._desk.listing, is_waiting=order_id in waited
                        )
                        yield order.account, frame
            case _:
                story.tell(event)

    def _changed(
        self, order_id: OrderId, story: Story, reason: str = ""
    ) -> Iterator[tuple[AccountId, bytes]]:
        view = story.views[order_id]
        order = view.order
        if self._is_heard(order.account, order.symbol):
            if not reason:
                has_fired = order.trigger is not None and not view.is_waiting
                reason = "limit_order_from_stop" if has_fired else "new_placed_order_by_user"
            yield (
                order.account,
                encode_feeds.encode_order_change(
                    view,
                    reason,
                    self._desk.listing,
                    self.leverages.get(order.account, {}).get(order.symbol),
                ),
            )

    def _is_heard(self, account: AccountId, symbol: Symbol) -> bool:
        return account in self.order_listeners and self._desk.is_ours(symbol)


def _forget(group: dict[Key, dict[Listener, None]], listener: Listener) -> None:
    for key in [key for key, listeners in group.items() if listener in listeners]:
        del group[key][listener]
        if not group[key]:
            del group[key]
