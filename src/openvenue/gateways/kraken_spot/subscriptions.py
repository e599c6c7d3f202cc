"""What one session listens to: acknowledgements, snapshots, and the sequence of its own frames.

Source: Kraken Spot WebSocket v2, "Introduction" and each channel's page.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from msgspec import Raw

from openvenue.engine.queries import GetAccount, GetOpenOrders, GetOrders
from openvenue.engine.units import AccountId, Nanos, Symbol
from openvenue.gateways.kraken_spot import encode_feeds, errors, frames
from openvenue.gateways.kraken_spot.auth import Permission, Token
from openvenue.gateways.kraken_spot.books import DEPTHS
from openvenue.gateways.kraken_spot.decode_ws import why_no_market
from openvenue.gateways.kraken_spot.desk import Desk
from openvenue.gateways.kraken_spot.encode_orders import trade_name
from openvenue.gateways.kraken_spot.feeds import Feeds, Listener, join, leave
from openvenue.gateways.kraken_spot.listing import Market
from openvenue.gateways.kraken_spot.replies import failure, success
from openvenue.gateways.wire import WireError
from openvenue.history.port import PublicTrade

PRIVATE: Final = ("executions", "balances")
SNAPSHOT_MAX: Final = 50  # trades
ALWAYS: Final = ("new", "trade", "filled", "canceled", "expired")  # without `order_status`
TRIGGERS: Final = ("trades", "bbo")
EXECUTION_WARNINGS: Final = (
    "cancel_reason is deprecated, use reason",
    "stop_price is deprecated, use triggers.price",
    "trigger is deprecated use triggers.reference",
    "triggered_price is deprecated use triggers.last_price",
)
INSTRUMENT_WARNINGS: Final = ("tick_size is deprecated, use price_increment",)

Method = Literal["subscribe", "unsubscribe"]
Key = tuple[str, str]  # channel and symbol; private ones have no symbol


class Speaker(Listener, Protocol):
    """The session, as this part of it sees it."""

    def note_token(self, token: Token) -> None:
        """Whose socket it is."""

    def send(self, frame: bytes) -> None:
        """An answer."""


class Private:
    """A private subscription: whose, what of it, and how many frames so far."""

    def __init__(self, account: AccountId, token: Token, *, with_status: bool) -> None:
        self.account: Final = account
        self.token: Final = token
        self.with_status: Final = with_status
        self.sequence = 0


class Subscriptions:
    """Of one session."""

    def __init__(self, desk: Desk, feeds: Feeds, session: Speaker, role: str) -> None:
        self._desk = desk
        self._feeds = feeds
        self._session = session
        self._listener: Listener = session
        self._role = role
        self._held: dict[Symbol, list[PublicTrade]] = {}  # trades before their snapshot
        self._held_executions: list[tuple[str, bytes]] | None = None
        self._public: dict[Key, int | str | None] = {}  # with its depth or trigger
        self._private: dict[str, Private] = {}
        self._executions = encode_feeds.Executions(desk.listing)

    def __bool__(self) -> bool:
        return bool(self._public or self._private)

    def close(self) -> None:
        """The client has left."""
        for subscription in self._private.values():
            subscription.token.holders -= 1
        self._private.clear()

    # ---- feeds call

    def tell_execution(self, kind: str, frame: bytes) -> None:
        """A step of an order, if this client wants steps of its kind."""
        subscription = self._private.get("executions")
        if subscription is None or not (subscription.with_status or kind in ALWAYS):
            return
        if self._held_executions is None:
            self._number(subscription, frame)
        else:
            self._held_executions.append((kind, frame))

    def tell_balance(self, frame: bytes) -> None:
        """A ledger entry."""
        subscription = self._private.get("balances")
        if subscription is not None:
            self._number(subscription, frame)

    def tell_trades(self, symbol: Symbol, trades: list[PublicTrade]) -> None:
        """Trades, or ones to be told after the snapshot."""
        held = self._held.get(symbol)
        if held is not None:
            held.extend(trades)
        elif trades:
            market = self._desk.listing.of(symbol)
            items = [encode_feeds.trade_item(trade, market) for trade in trades]
            self._session.tell(encode_feeds.trade_frame(items, is_snapshot=False))

    def _number(self, subscription: Private, frame: bytes) -> None:
        subscription.sequence += 1
        self._session.tell(b"%b%d}" % (frame, subscription.sequence))

    # ---- requests

    async def answer(self, method: Method, params: Raw, req_id: bytes, received: Nanos) -> None:
        """Begin or end what is asked, symbol by symbol."""
        reply = Reply(self._desk, self._session, method, req_id, received)
        try:
            asked = read_subscription(params, method)
            channel = asked.channel
            assert channel is not None, "it was read"
            if channel in PRIVATE:
                if self._role == "public":
                    raise WireError(errors.NOT_PUBLIC)
                if method == "subscribe":
                    await self._subscribe_private(channel, asked, reply)
                else:
                    self._unsubscribe_private(channel, asked, reply)
                return
            if self._role == "private":
                raise WireError(errors.NOT_PRIVATE)
            if channel == "instrument":
                self._instrument(method, asked, reply)
                return
            if not asked.symbol:
                raise WireError(errors.NO_SYMBOL)
            check_public(channel, asked)
            for symbol in asked.symbol:
                market = self._desk.listing.symbol(symbol)
                if market is None:
                    reply.no(why_no_market(symbol), symbol=symbol)
                elif method == "subscribe":
                    await self._subscribe(channel, market, asked, reply)
                else:
                    self._unsubscribe(channel, market, asked, reply)
        except WireError as error:
            reply.no(error.word)

    async def _subscribe(
        self, channel: str, market: Market, asked: frames.Subscription, reply: "Reply"
    ) -> None:
        """Acknowledgement, snapshot, then updates."""
        symbol = market.symbol
        key = channel, symbol
        if key in self._public:
            reply.no(errors.SUBSCRIBED, symbol=symbol)
            return
        feeds, listener, session = self._feeds, self._listener, self._session
        snapshot = asked.snapshot
        if channel == "book":
            depth = 10 if asked.depth is None else asked.depth
            has_snapshot = snapshot is not False
            self._public[key] = depth
            reply.yes(channel=channel, depth=depth, snapshot=has_snapshot, symbol=symbol)
            book = await feeds.book(symbol)
            join(feeds.book_listeners, (symbol, depth), listener)
            window = book.window(depth)
            if has_snapshot:
                now = self._desk.exchange.now()
                session.tell(
                    encode_feeds.encode_book(
                        "snapshot", window.bids, window.asks, book, market, now
                    )
                )
        elif channel == "trade":
            has_snapshot = snapshot is True
            self._public[key] = None
            reply.yes(channel=channel, snapshot=has_snapshot, symbol=symbol)
            if has_snapshot:
                self._held[symbol] = []
            join(feeds.trade_listeners, symbol, listener)
            if has_snapshot:
                await self._trade_snapshot(market)
        else:
            trigger = asked.event_trigger or "trades"
            has_snapshot = snapshot is not False
            self._public[key] = trigger
            reply.yes(channel=channel, event_trigger=trigger, snapshot=has_snapshot, symbol=symbol)
            if trigger == "bbo":
                await feeds.book(symbol)
            join(feeds.ticker_listeners, (symbol, trigger), listener)
            trades = feeds.trades
            if has_snapshot:
                session.tell(await feeds.ticker(symbol, "snapshot"))
                if feeds.trades != trades:
                    feeds.tick(symbol, trigger)  # what happened while it was worked out

    async def _trade_snapshot(self, market: Market) -> None:
        symbol = market.symbol
        trades = await self._desk.history.trades(symbol, limit=SNAPSHOT_MAX)
        trades.reverse()
        items = [encode_feeds.trade_item(trade, market) for trade in trades]
        self._session.tell(encode_feeds.trade_frame(items, is_snapshot=True))
        told = trades[-1].exec_id if trades else 0
        held = self._held.pop(symbol)
        self.tell_trades(symbol, [trade for trade in held if trade.exec_id > told])

    def _unsubscribe(
        self, channel: str, market: Market, asked: frames.Subscription, reply: "Reply"
    ) -> None:
        symbol = market.symbol
        key = channel, symbol
        feeds, listener = self._feeds, self._listener
        detail = self._public.get(key)
        told: dict[str, object] = {"channel": channel}
        if channel == "book":
            depth = 10 if asked.depth is None else asked.depth
            told["depth"] = depth
            is_there = detail == depth
            leave_from: tuple[Any, Any] = (feeds.book_listeners, (symbol, depth))
        elif channel == "ticker":
            trigger = asked.event_trigger or "trades"
            told["event_trigger"] = trigger
            is_there = detail == trigger
            leave_from = (feeds.ticker_listeners, (symbol, trigger))
        else:
            is_there = key in self._public
            leave_from = (feeds.trade_listeners, symbol)
        if not is_there:
            reply.no(errors.NOT_SUBSCRIBED, symbol=symbol)
            return
        del self._public[key]
        leave(*leave_from, listener)
        feeds.tidy()
        reply.yes(**told, symbol=symbol)

    def _instrument(self, method: Method, asked: frames.Subscription, reply: "Reply") -> None:
        key = "instrument", ""
        listeners = self._feeds.instrument_listeners
        if method == "unsubscribe":
            if key not in self._public:
                raise WireError(errors.NOT_SUBSCRIBED)
            del self._public[key]
            listeners.pop(self._listener, None)
            reply.yes(channel="instrument")
            return
        if key in self._public:
            raise WireError(errors.SUBSCRIBED)
        has_snapshot = asked.snapshot is not False
        self._public[key] = None
        reply.yes(channel="instrument", snapshot=has_snapshot, warnings=INSTRUMENT_WARNINGS)
        listeners[self._listener] = None
        if has_snapshot:
            listing = self._desk.listing
            self._session.tell(
                encode_feeds.encode_instruments("snapshot", listing.monies(), listing)
            )

    # ---- private ones

    async def _subscribe_private(
        self, channel: str, asked: frames.Subscription, reply: "Reply"
    ) -> None:
        if asked.token is None:
            raise WireError(errors.NO_TOKEN)
        token = self._desk.tokens.find(asked.token, reply.received)
        if token is None:
            reply.no(errors.INVALID_SESSION, channel=channel)
            return
        needed: Permission = "query-funds" if channel == "balances" else "query-open-trades"
        if not token.record.may(needed):
            raise WireError(errors.PERMISSION)
        if asked.ratecounter or asked.users is not None:
            raise WireError(errors.LATER)
        if channel in self._private:
            raise WireError(errors.SUBSCRIBED)
        self._session.note_token(token)
        account = token.record.account
        subscription = Private(account, token, with_status=asked.order_status)
        token.holders += 1
        self._private[channel] = subscription
        if channel == "balances":
            await self._subscribe_balances(account, subscription, asked, reply)
        else:
            await self._subscribe_executions(account, subscription, asked, reply)

    async def _subscribe_balances(
        self,
        account: AccountId,
        subscription: Private,
        asked: frames.Subscription,
        reply: "Reply",
    ) -> None:
        has_snapshot = asked.snapshot is not False
        reply.yes(channel="balances", snapshot=has_snapshot)
        view = await self._desk.exchange.look(GetAccount(account))
        if view is None:
            return
        self._feeds.keep_balances(account, view)
        join(self._feeds.balance_listeners, account, self._listener)
        if has_snapshot:
            found = [(money, amount) for money, amount, _ in self._desk.balances(view)]
            self._number(subscription, encode_feeds.encode_balances(found))

    async def _subscribe_executions(
        self,
        account: AccountId,
        subscription: Private,
        asked: frames.Subscription,
        reply: "Reply",
    ) -> None:
        """Orders and trades come in frames of their own: clients look at the first entry only."""
        snap_orders = first_of(asked.snap_orders, asked.snapshot, default=True)
        snap_trades = first_of(asked.snap_trades, asked.snapshot_trades, default=False)
        reply.yes(
            channel="executions",
            maxratecount=self._desk.profile.max_rate_count,
            snap_orders=snap_orders,
            snap_trades=snap_trades,
            snapshot=snap_orders,
            warnings=EXECUTION_WARNINGS,
        )
        views = await self._desk.exchange.look(GetOpenOrders(account))
        join(self._feeds.execution_listeners, account, self._listener)
        if snap_orders:
            items = [
                self._executions.open_order(view)
                for view in views
                if self._desk.listing.has(view.order.symbol)
            ]
            self._number(subscription, encode_feeds.execution_frame(items, is_snapshot=True))
        if snap_trades:
            await self._snapshot_trades(account, subscription)

    async def _snapshot_trades(self, account: AccountId, subscription: Private) -> None:
        """What happens while the past is asked is told after it, and only once."""
        held = self._held_executions = []
        past = await self._past_trades(account)
        items = list(past.values())
        self._number(subscription, encode_feeds.execution_frame(items, is_snapshot=True))
        self._held_executions = None
        for kind, frame in held:
            if kind != "trade" or not any(name.encode() in frame for name in past):
                self.tell_execution(kind, frame)

    async def _past_trades(self, account: AccountId) -> dict[str, str]:
        """The newest fills by name, newest first."""
        desk = self._desk
        fills = await desk.history.fills(account, limit=SNAPSHOT_MAX)
        ids = tuple({fill.order_id: None for fill in fills})
        live = await desk.exchange.look(GetOrders(account, ids))
        closed = await desk.history.closed_orders(account, order_ids=ids) if ids else []
        views = [*(it.view for it in closed), *live]
        orders = {view.order.order_id: view.order for view in views}
        return {
            trade_name(fill): self._executions.past_trade(
                fill, orders[fill.order_id], desk.listing.of(fill.symbol)
            )
            for fill in fills
            if fill.order_id in orders
        }

    def _unsubscribe_private(
        self, channel: str, asked: frames.Subscription, reply: "Reply"
    ) -> None:
        if asked.token is None:
            raise WireError(errors.NO_TOKEN)
        if self._desk.tokens.find(asked.token, reply.received) is None:
            reply.no(errors.INVALID_SESSION, channel=channel)
            return
        subscription = self._private.pop(channel, None)
        if subscription is None:
            raise WireError(errors.NOT_SUBSCRIBED)
        subscription.token.holders -= 1
        feeds = self._feeds
        group = feeds.balance_listeners if channel == "balances" else feeds.execution_listeners
        leave(group, subscription.account, self._listener)
        feeds.tidy()
        reply.yes(channel=channel)


class Reply:
    """Answers to one request, which may get several."""

    def __init__(
        self, desk: Desk, session: Speaker, method: str, req_id: bytes, received: Nanos
    ) -> None:
        self._desk = desk
        self._session = session
        self._method = method
        self._req_id = req_id
        self.received: Final = received

    def yes(self, **result: object) -> None:
        """An acknowledgement; its members are in alphabetical order."""
        data = json.dumps(dict(sorted(result.items())), separators=(",", ":")).encode()
        self._session.send(
            success(self._method, self._req_id, data, self.received, self._desk.clock.wall())
        )

    def no(self, word: str, *, symbol: str | None = None, channel: str | None = None) -> None:
        """A refusal, of the whole request or of one symbol."""
        sent = self._desk.clock.wall()
        self._session.send(
            failure(
                self._method,
                self._req_id,
                word,
                self.received,
                sent,
                symbol=symbol,
                channel=channel,
            )
        )


def read_subscription(params: Raw, method: Method) -> frames.Subscription:
    """What is asked. Raises: WireError: there is no such channel, or it has no such member."""
    asked = frames.read(params, frames.READ_SUBSCRIPTION, frames.SUBSCRIPTION, method)
    channel = asked.channel
    if channel is None:
        raise WireError("Channel(s) not found")
    if channel in frames.LATER:
        raise WireError(errors.LATER)
    if channel in ("status", "heartbeat"):
        raise WireError(errors.NO_SYMBOL)
    members = frames.CHANNELS.get(channel)
    if members is None:
        raise WireError(errors.NO_CHANNEL)
    sent: Mapping[str, Raw] = frames.OBJECT.decode(bytes(params))
    for name in sent:
        if name not in members and name not in ("channel", "token"):
            raise WireError(frames.unsupported(name, method))
    return asked


def check_public(channel: str, asked: frames.Subscription) -> None:
    """Raises: WireError: a depth or a trigger that there is not."""
    if channel == "book" and asked.depth is not None and asked.depth not in DEPTHS:
        raise WireError(errors.NO_DEPTH)
    if channel == "ticker" and asked.event_trigger not in (None, *TRIGGERS):
        raise errors.invalid("event_trigger")


def first_of(*values: bool | None, default: bool) -> bool:
    """The first that was said."""
    return next((value for value in values if value is not None), default)
