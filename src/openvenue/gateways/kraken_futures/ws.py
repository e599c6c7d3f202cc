"""One WebSocket client's conversation: challenge, subscriptions, snapshots, then what happens.

Source: Kraken Futures WebSocket v1, "Introduction", "Challenge", "Subscriptions".
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final
from uuid import uuid4

import msgspec
import structlog
from msgspec import UNSET, Struct, UnsetType

from openvenue.engine.queries import GetAccount, GetOpenOrders
from openvenue.engine.units import AccountId, Symbol
from openvenue.exchange.port import VenueStopped
from openvenue.gateways.kraken_futures import encode_feeds, notices
from openvenue.gateways.kraken_futures.asking import KeyRecord
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.feeds import Feeds
from openvenue.gateways.kraken_futures.limits import Requests
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.live import (
    ACCOUNTS,
    PLAIN,
    TICKERS,
    VERBOSE,
    Live,
    VerboseOrders,
)
from openvenue.gateways.kraken_futures.preferences import isolated_leverages
from openvenue.gateways.strange_keys import WARNING, note_stranger
from openvenue.gateways.wire import Request, Sender
from openvenue.history.port import Fill, HistoryUnavailable

log = structlog.get_logger(__name__)

REQUESTS_PER_SECOND: Final = 100
WAITING_MAX: Final = 200  # frames of one client that wait for an answer of the venue
CHALLENGES_MAX: Final = 16  # of one connection that stay valid
SNAPSHOT_MAX: Final = 100  # trades or fills
PUBLIC: Final = ("trade", "book", *TICKERS)
PRIVATE: Final = ("open_orders", "open_orders_verbose", "fills", *ACCOUNTS, notices.FEED)

Job = Callable[[], Coroutine[Any, Any, None]]  # begun only if its client is still there


class ClientFrame(Struct):
    """What a client may say."""

    event: str | None = None
    feed: str | None = None
    product_ids: list[str] | None = None
    api_key: str | None = None
    original_challenge: str | None = None
    signed_challenge: str | None = None


class Confirmation(Struct):
    """A subscription began or ended."""

    event: str
    feed: str
    product_ids: list[str] | UnsetType = UNSET
    api_key: str | UnsetType = UNSET
    original_challenge: str | UnsetType = UNSET
    signed_challenge: str | UnsetType = UNSET


DECODER: Final = msgspec.json.Decoder(ClientFrame)


class KrakenFuturesSession:
    """One conversation. Frames are answered in the order in which they came."""

    def __init__(
        self,
        desk: Desk,
        feeds: Feeds,
        live: Live,
        request: Request,
        sender: Sender,
        *,
        new_challenge: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._desk = desk
        self._feeds = feeds
        self._live = live
        self._verbose = VerboseOrders(live, self)
        self._request = request
        self._sender = sender
        self._new_challenge = new_challenge
        self._requests = Requests(REQUESTS_PER_SECOND, desk.limits)
        self._challenges: deque[tuple[str, str]] = deque(maxlen=CHALLENGES_MAX)  # key, message
        self._inbox: deque[bytes] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._is_closed = False
        self._subscribed: dict[tuple[str, str], None] = {}  # feed and product, or account
        self._held: dict[Symbol, list[tuple[int, bytes]]] = {}  # trades before their snapshot
        self._fills_held: list[Fill] | None = None
        self._fills_of: frozenset[Symbol] = frozenset()  # a filter; empty: all
        self._fills_seq = 0
        self._say({"event": "info", "version": 1})

    def receive(self, frame: bytes) -> None:
        """Answer one frame, after those before it."""
        if not self._requests.allows(self._desk.exchange.now()) or len(self._inbox) >= WAITING_MAX:
            self._refuse("Too many requests")
        else:
            self._inbox.append(frame)
            if self._worker is None:
                self._serve()

    def closed(self) -> None:
        """The client has left."""
        self._is_closed = True
        self._inbox.clear()
        self._feeds.forget(self)
        self._feeds.forget(self._verbose)
        self._live.forget(self)
        self._live.forget(self._verbose)
        if self._worker is not None:
            self._worker.cancel()

    def tell(self, frame: bytes) -> None:
        """One message of a feed."""
        self._sender.send(frame)

    def tell_trade(self, symbol: Symbol, seq: int, frame: bytes) -> None:
        """A trade, or one to be told after the snapshot."""
        held = self._held.get(symbol)
        if held is None:
            self._sender.send(frame)
        else:
            held.append((seq, frame))

    def tell_fill(self, fill: Fill) -> None:
        """A fill, or one to be told after the snapshot."""
        if self._fills_of and fill.symbol not in self._fills_of:
            return
        if self._fills_held is not None:
            self._fills_held.append(fill)
            return
        item = encode_feeds.fill_item(fill, self._desk.listing)
        item.seq = self._fills_seq = self._fills_seq + 1
        self._sender.send(ENCODER.encode(encode_feeds.FillsMessage(fill.account, [item])))

    def _serve(self) -> None:
        while self._inbox and not self._is_closed:
            job = self._answer(self._inbox.popleft())
            if job is not None:
                self._worker = asyncio.get_running_loop().create_task(self._run(job))
                self._worker.add_done_callback(self._done)
                return

    async def _run(self, job: Job) -> None:
        try:
            await job()
        except (VenueStopped, HistoryUnavailable):
            self._refuse("Unavailable")

    def _done(self, worker: asyncio.Task[None]) -> None:
        self._worker = None
        if worker.cancelled() or self._is_closed:
            return
        error = worker.exception()
        if error is not None:
            log.error("session failed", exc_info=error)
            self._sender.close(1011, "internal error")
            return
        self._serve()

    def _answer(self, data: bytes) -> Job | None:
        """Answer a frame; or the job that will, where the venue has to be asked."""
        try:
            frame = DECODER.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            self._refuse("Json Error")
            return None
        match frame.event:
            case "subscribe":
                return partial(self._subscribe, frame)
            case "unsubscribe":
                return partial(self._unsubscribe, frame)
            case "challenge":
                self._challenge(frame)
            case "ping":
                self._say({"event": "pong"})
            case _:
                self._refuse("Json Error")
        return None

    def _challenge(self, frame: ClientFrame) -> None:
        """A new text to sign; earlier ones of this connection stay valid for a while."""
        api_key = frame.api_key or ""
        record = self._desk.keys.find(api_key)
        if record is None or not record.is_allowed_from(self._request.peer):
            self._request.note["why"] = "challenge: no such API key"
            if WARNING not in self._request.note:
                note_stranger(self._request.note, "kraken_futures", api_key)
                if WARNING in self._request.note:
                    log.warning(self._request.note[WARNING], key=f"{api_key[:4]}…")
            self._complain("Invalid API key", self._desk.profile.unknown_key)
            return
        known = [text for key, text in self._challenges if key == api_key]
        if known and self._desk.profile.second_challenge == "same":
            message = known[-1]
        else:
            message = self._new_challenge()
            self._challenges.append((api_key, message))
        self._say({"event": "challenge", "message": message})

    async def _subscribe(self, frame: ClientFrame) -> None:
        await self._desk.ready()
        feed = frame.feed
        if feed == "heartbeat":
            self._say(Confirmation("subscribed", feed))
            self._feeds.heart_listeners[self] = None
            self._feeds.start_beating()
        elif feed in PUBLIC:
            markets = self._markets(frame.product_ids)
            for market in markets or ():
                await self._subscribe_public(feed, market)
        elif feed in PRIVATE:
            record = self._authenticated(frame)
            if record is None:
                self._request.note["why"] = "subscribe: the challenge is not signed with this key"
                self._alert("Failed to subscribe to authenticated feed")
                return
            self._request.note["account"] = record.account
            await self._subscribe_private(feed, record, frame)
        else:
            self._refuse("Invalid feed")

    async def _subscribe_public(self, feed: str, market: Market) -> None:
        symbol = market.symbol
        if (feed, symbol) in self._subscribed:
            self._alert("Already subscribed to feed, re-requesting")
        else:
            self._subscribed[feed, symbol] = None
            self._say(Confirmation("subscribed", feed, [symbol]))
        if feed in TICKERS:
            await self._live.join_ticker(feed, symbol, self)
            return
        if feed == "book":
            book = await self._feeds.book(symbol)
            now = self._desk.exchange.now()
            self._sender.send(encode_feeds.encode_levels(book, now, market))
            self._feeds.book_listeners.setdefault(symbol, {})[self] = None
            return
        self._held[symbol] = []
        self._feeds.trade_listeners.setdefault(symbol, {})[self] = None
        trades = await self._desk.history.trades(symbol, limit=SNAPSHOT_MAX)
        self._sender.send(encode_feeds.encode_trades(trades, market))
        told = max((trade.exec_id for trade in trades), default=0)
        for seq, frame in self._held.pop(symbol):
            if seq > told:
                self._sender.send(frame)

    async def _subscribe_private(self, feed: str, record: KeyRecord, frame: ClientFrame) -> None:
        account = record.account
        symbols: frozenset[Symbol] = frozenset()
        if feed == "fills" and frame.product_ids:
            markets = self._markets(frame.product_ids)
            if markets is None:
                return
            symbols = frozenset(market.symbol for market in markets)
        others = [name for kind, name in self._subscribed if kind == feed and name != account]
        if others:  # one account for each feed of a connection: the newest
            self._leave_private(feed)
        if (feed, account) in self._subscribed:
            self._alert("Already subscribed to feed, re-requesting")
        else:
            self._subscribed[feed, account] = None
            self._say(
                Confirmation(
                    "subscribed",
                    feed,
                    api_key=frame.api_key or "",
                    original_challenge=frame.original_challenge or "",
                    signed_challenge=frame.signed_challenge or "",
                )
                if feed != "balances"
                else Confirmation("subscribed", feed)
            )
        if feed.startswith("open_orders"):
            await self._subscribe_orders(feed, account)
        elif feed in ACCOUNTS:
            await self._live.join_account(feed, account, self)
        elif feed == notices.FEED:
            await self._live.join_notices(self)
        else:
            await self._subscribe_fills(account, symbols)

    async def _subscribe_orders(self, feed: str, account: AccountId) -> None:
        views = await self._desk.exchange.look(GetOpenOrders(account))
        ours = [view for view in views if self._desk.is_ours(view.order.symbol)]
        owner = await self._desk.exchange.look(GetAccount(account))
        leverages = {} if owner is None else isolated_leverages(owner)
        self._feeds.leverages[account] = leverages
        frame = encode_feeds.encode_open_orders(account, ours, self._desk.listing, leverages)
        listeners = self._feeds.order_listeners.setdefault(account, {})
        if feed == "open_orders":
            self._sender.send(frame)
            listeners[self] = None
        else:
            self._sender.send(VERBOSE + frame.removeprefix(PLAIN))
            listeners[self._verbose] = None
            self._live.join_failed_posts(account, self._verbose)

    async def _subscribe_fills(self, account: AccountId, symbols: frozenset[Symbol]) -> None:
        listing = self._desk.listing
        self._fills_of = symbols
        self._fills_held = []
        self._feeds.fill_listeners.setdefault(account, {})[self] = None
        fills = await self._desk.history.fills(account, limit=SNAPSHOT_MAX)
        items = []
        for fill in fills:
            if self._desk.is_ours(fill.symbol) and (not symbols or fill.symbol in symbols):
                items.append(encode_feeds.fill_item(fill, listing))
        for item in reversed(items):
            item.seq = self._fills_seq = self._fills_seq + 1
        self._sender.send(ENCODER.encode(encode_feeds.FillsSnapshot(account, items)))
        told = max((fill.exec_id for fill in fills), default=0)
        held, self._fills_held = self._fills_held, None
        for fill in held:
            if fill.exec_id > told:
                self.tell_fill(fill)

    async def _unsubscribe(self, frame: ClientFrame) -> None:
        """Leave a feed. A private one is left without a key: the connection is the proof."""
        await self._desk.ready()
        feed = frame.feed
        if feed == "heartbeat":
            self._feeds.heart_listeners.pop(self, None)
            self._say(Confirmation("unsubscribed", feed))
        elif feed in PUBLIC:
            for market in self._markets(frame.product_ids) or ():
                self._subscribed.pop((feed, market.symbol), None)
                if feed in TICKERS:
                    self._live.leave(feed, market.symbol, self)
                else:
                    self._feeds.leave(feed, market.symbol, self)
                self._say(Confirmation("unsubscribed", feed, [market.symbol]))
        elif feed in PRIVATE:
            self._leave_private(feed)
            self._say(Confirmation("unsubscribed", feed))
        else:
            self._refuse("Invalid feed")

    def _leave_private(self, feed: str) -> None:
        for key in [key for key in self._subscribed if key[0] == feed]:
            del self._subscribed[key]
            if feed == "open_orders_verbose":
                self._feeds.leave("open_orders", key[1], self._verbose)
                self._live.forget(self._verbose)
            elif feed in ACCOUNTS:
                self._live.leave(*key, self)
            elif feed == notices.FEED:
                self._live.leave_notices(self)
            else:
                self._feeds.leave(*key, self)

    def _markets(self, product_ids: list[str] | None) -> list[Market] | None:
        """The markets named; None, and the client was told, if one does not exist."""
        markets = [self._desk.listing.find(symbol) for symbol in product_ids or ()]
        found = [market for market in markets if market is not None]
        if not found or len(found) != len(markets):
            self._refuse("Invalid product id")
            return None
        return found

    def _authenticated(self, frame: ClientFrame) -> KeyRecord | None:
        """The key that signed a challenge of this very connection."""
        api_key = frame.api_key or ""
        challenge = frame.original_challenge or ""
        if (api_key, challenge) not in self._challenges:
            return None
        record = self._desk.keys.find(api_key)
        if record is None:
            return None
        signature = frame.signed_challenge or ""
        auth = self._desk.auth
        return record if auth.is_challenge_signed(record, challenge, signature) else None

    def _say(self, message: object) -> None:
        self._sender.send(ENCODER.encode(message))

    def _refuse(self, text: str) -> None:
        self._complain(text, self._desk.profile.bad_subscription)

    def _complain(self, text: str, event: str) -> None:
        self._say({"event": event, "message": text})

    def _alert(self, text: str) -> None:
        self._say({"event": "alert", "message": text})
