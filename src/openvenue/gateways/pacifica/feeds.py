"""From outcomes to sockets: who listens to what, and what they hear.

What happens (trades, what becomes of orders) is told at once, event by event. How things stand
(books, prices, an account's orders, positions and money) is looked up and told whole, soon after it
changed and never more often than its interval allows.
Source: Pacifica, WebSocket "Subscriptions".
"""

import asyncio
from typing import Any, Final, Protocol

import structlog
from msgspec import Struct

from openvenue.engine.events import Traded
from openvenue.engine.queries import GetOpenOrders, GetTwaps
from openvenue.engine.units import AccountId, Symbol
from openvenue.exchange.port import Outcome, VenueStopped
from openvenue.gateways.pacifica import (
    encode_account,
    encode_market,
    encode_orders,
    encode_twaps,
    errors,
)
from openvenue.gateways.pacifica.desk import ENCODER, Desk
from openvenue.gateways.pacifica.listing import LISTED
from openvenue.gateways.pacifica.private import position_rows
from openvenue.gateways.pacifica.public import bbo_data, book_data, candle_now, price_rows
from openvenue.gateways.pacifica.story import Story
from openvenue.gateways.pacifica.times import millis
from openvenue.gateways.pacifica.updates import touched, update_rows
from openvenue.history.port import HistoryUnavailable

log = structlog.get_logger(__name__)

TRADES: Final = "trades"
UPDATES: Final = "account_order_updates"
TWAPS: Final = "account_twap_orders"  # told when one of them changes, and not before
TWAP_UPDATES: Final = "account_twap_order_updates"
WITHOUT_LI: Final = ("prices", "book", "bbo", "candle", "account_info", "account_balance")
NO_CANDLE: Final = b'{"channel":"candle","data":null}'
ON_CHANGE: Final = ("bbo", "candle")  # not told again while they say the same


class Topic(Struct, frozen=True):
    """One thing that can be listened to."""

    source: str
    key: str = ""  # a symbol, or an account of the venue
    agg_level: int = 1
    interval: str = ""  # of candles


class Listener(Protocol):
    """A session, as feeds see it."""

    def tell(self, frame: bytes) -> None:
        """One message."""


class Feeds:
    """Listeners by topic, and what there is to tell them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._listeners: dict[Topic, dict[Listener, None]] = {}
        self._dirty: set[Topic] = set()  # changed while they were being looked up
        self._timers: dict[Topic, asyncio.TimerHandle] = {}
        self._tasks: dict[Topic, asyncio.Task[None]] = {}
        self._told: dict[Topic, bytes] = {}  # of those that are told on change alone
        self._is_closed = False

    def join(self, topic: Topic, listener: Listener) -> None:
        """Listen from now on."""
        self._listeners.setdefault(topic, {})[listener] = None

    def leave(self, topic: Topic, listener: Listener) -> None:
        """Listen no more."""
        listeners = self._listeners.get(topic)
        if listeners is not None:
            listeners.pop(listener, None)
            if not listeners:
                del self._listeners[topic]
                self._told.pop(topic, None)
                timer = self._timers.pop(topic, None)
                if timer is not None:
                    timer.cancel()

    def close(self) -> None:
        """Tell nobody anything."""
        self._is_closed = True
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks.values():
            task.cancel()
        self._timers.clear()
        self._tasks.clear()

    def hear(self, outcomes: list[Outcome]) -> None:
        """Tell everyone who asked."""
        for outcome in outcomes:
            self._desk.heard(outcome.entry.seq)
            for event in outcome.entry.events:
                if isinstance(event, LISTED):
                    self._desk.listing.hear(event)
            if self._listeners:
                self._tell(outcome)

    async def frame(self, topic: Topic) -> bytes:
        """How a topic stands, as its message. Raises: VenueStopped; HistoryUnavailable; Failure."""
        return _message(topic.source, await self._standing(topic), self._desk.seq)

    async def _standing(self, topic: Topic) -> object:
        desk = self._desk
        account = AccountId(topic.key)
        match topic.source:
            case "prices":
                return await price_rows(desk)
            case "book":
                market = desk.listing.of(Symbol(topic.key))
                data = await book_data(desk, market, topic.agg_level)
                return {**data, "li": desk.seq}
            case "bbo":
                return await bbo_data(desk, desk.listing.of(Symbol(topic.key)))
            case "candle":
                return await candle_now(desk, desk.listing.of(Symbol(topic.key)), topic.interval)
            case "account_balance":
                view = await desk.account(account)
                return encode_account.account_balance(view, desk.listing, desk.exchange.now())
            case "account_orders":
                views = await desk.exchange.look(GetOpenOrders(account))
                return [
                    encode_orders.socket_row(it, desk.listing.of(it.order.symbol)) for it in views
                ]
            case "account_positions":
                rows = await position_rows(desk, account)
                return [encode_account.socket_position(row) for row in rows]
            case "account_twap_orders":
                open_twaps = await desk.exchange.look(GetTwaps(account))
                return [
                    encode_twaps.socket_row(it, desk.listing.of(it.twap.symbol))
                    for it in open_twaps
                ]
            case _:
                view = await desk.account(account)
                views = await desk.exchange.look(GetOpenOrders(account))
                now = desk.exchange.now()
                return encode_account.account_info(view, views, desk.listing, now)

    def _tell(self, outcome: Outcome) -> None:
        story = Story(outcome)
        trades: dict[Symbol, list[Traded]] = {}
        updates: dict[AccountId, list[encode_orders.Row]] = {}
        changed: set[str] = set()
        for event in outcome.entry.events:
            story.tell(event)
            for account, row in update_rows(event, story, self._desk, self._hears_updates):
                updates.setdefault(account, []).append(row)
            changed.update(touched(event, story))
            if isinstance(event, Traded):
                trades.setdefault(event.symbol, []).append(event)
        self._tell_twaps(outcome)
        for account, rows in updates.items():
            self._say(Topic(UPDATES, account), _message(UPDATES, rows, None))
        for symbol, traded in trades.items():
            topic = Topic(TRADES, symbol)
            if topic in self._listeners:
                self._say(topic, _message(TRADES, self._trades(symbol, traded, story), None))
        if changed:
            for topic in self._listeners:
                is_meant = topic.source == "prices" or topic.key in changed
                if is_meant and topic.source != TWAPS:
                    self._stir(topic)

    def _tell_twaps(self, outcome: Outcome) -> None:
        """What became of TWAPs, and the lists of those who have them."""
        told: dict[AccountId, list[encode_orders.Row]] = {}
        for event in outcome.entry.events:
            found = encode_twaps.told_words(event)
            if found is None:
                continue
            view, word, status = found
            account = view.twap.account
            rows = told.setdefault(account, [])
            address = self._desk.keys.address_of(account)
            if address is not None and Topic(TWAP_UPDATES, account) in self._listeners:
                market = self._desk.listing.of(view.twap.symbol)
                time = outcome.entry.time
                rows.append(encode_twaps.update_row(view, market, address, word, status, time))
        for account, rows in told.items():
            if rows:
                self._say(Topic(TWAP_UPDATES, account), _message(TWAP_UPDATES, rows, None))
            if Topic(TWAPS, account) in self._listeners:
                self._stir(Topic(TWAPS, account))

    def _trades(self, symbol: Symbol, traded: list[Traded], story: Story) -> list[dict[str, Any]]:
        market = self._desk.listing.of(symbol)
        return [
            {
                "h": 2 * trade.exec_id,
                "s": symbol,
                "a": market.sizes.text(trade.quantity),
                "p": market.prices.text(trade.price),
                "d": encode_market.trade_side(trade.aggressor),
                "tc": encode_market.CAUSES[trade.origin],
                "t": millis(story.time),
                "li": story.seq,
            }
            for trade in traded
        ]

    def _hears_updates(self, account: AccountId) -> bool:
        return Topic(UPDATES, account) in self._listeners

    def _say(self, topic: Topic, frame: bytes) -> None:
        for listener in list(self._listeners.get(topic, ())):
            listener.tell(frame)

    def _stir(self, topic: Topic) -> None:
        """Tell how a topic stands, once its interval is over."""
        if topic.source in (TRADES, UPDATES, TWAP_UPDATES) or self._is_closed:
            return
        if topic in self._timers:
            return
        if topic in self._tasks:
            self._dirty.add(topic)  # it is being looked up; what was found may be old already
            return
        profile = self._desk.profile
        interval_ms = {"book": profile.book_interval_ms, "prices": profile.prices_interval_ms}
        seconds = interval_ms.get(topic.source, 0) / 1000
        loop = asyncio.get_running_loop()
        self._timers[topic] = loop.call_later(seconds, self._push, topic)

    def _push(self, topic: Topic) -> None:
        del self._timers[topic]
        task = asyncio.get_running_loop().create_task(self._look_and_say(topic))
        self._tasks[topic] = task
        task.add_done_callback(lambda _: self._pushed(topic))

    async def _look_and_say(self, topic: Topic) -> None:
        try:
            frame = await self.frame(topic)
            if frame == NO_CANDLE:
                return
            if topic.source in ON_CHANGE:
                known = self._told.get(topic)
                self._told[topic] = frame
                if frame == known:
                    return
            self._say(topic, frame)
        except (VenueStopped, HistoryUnavailable, errors.Failure) as stopped:
            log.warning("a feed pauses", source=topic.source, why=str(stopped))

    def _pushed(self, topic: Topic) -> None:
        self._tasks.pop(topic, None)
        if topic in self._dirty:
            self._dirty.discard(topic)
            if topic in self._listeners:
                self._stir(topic)


def _message(source: str, data: object, seq: int | None) -> bytes:
    told = ENCODER.encode(data)
    if seq is None or source in WITHOUT_LI:
        return b'{"channel":"%b","data":%b}' % (source.encode(), told)
    return b'{"channel":"%b","data":%b,"li":%d}' % (source.encode(), told, seq)
