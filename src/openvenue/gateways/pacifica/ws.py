"""One WebSocket client's conversation: subscriptions, signed operations, pings.

Source: Pacifica, WebSocket "Subscriptions", "Trading operations".
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import structlog

from openvenue.exchange.port import VenueStopped
from openvenue.gateways.pacifica import errors, operations
from openvenue.gateways.pacifica.canonical import Number, parse
from openvenue.gateways.pacifica.desk import ENCODER, Desk
from openvenue.gateways.pacifica.encode_market import AGG_LEVELS, INTERVALS
from openvenue.gateways.pacifica.feeds import (
    NO_CANDLE,
    TRADES,
    TWAP_UPDATES,
    TWAPS,
    UPDATES,
    Feeds,
    Topic,
)
from openvenue.gateways.pacifica.limits import HALF, ONE
from openvenue.gateways.pacifica.times import millis
from openvenue.gateways.wire import Request, Sender
from openvenue.history.port import HistoryUnavailable

log = structlog.get_logger(__name__)

WAITING_MAX: Final = 200  # frames of one client that wait for an answer of the venue
TOPICS_MAX: Final = 20  # of one channel and connection
OF_SYMBOL: Final = ("book", "bbo", "candle", TRADES)
OF_ACCOUNT: Final = (
    UPDATES,
    TWAPS,
    TWAP_UPDATES,
    "account_orders",
    "account_positions",
    "account_info",
    "account_balance",
)
SNAPSHOTS: Final = (
    *("prices", "book", "bbo", "candle"),
    *("account_orders", "account_positions", "account_info", "account_balance"),
)
# Known operations that this venue does not serve yet; what else is asked for is a bad request.

Job = Coroutine[Any, Any, None]


class PacificaSession:
    """One conversation. Frames are answered in the order in which they came."""

    def __init__(self, desk: Desk, feeds: Feeds, request: Request, sender: Sender) -> None:
        self._desk = desk
        self._feeds = feeds
        self._request = request
        self._sender = sender
        self._inbox: deque[bytes] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._is_closed = False
        self._topics: dict[Topic, None] = {}
        self._held: list[bytes] | None = None  # of feeds, until an operation has been answered

    def receive(self, frame: bytes) -> None:
        """Answer one frame, after those before it."""
        if len(self._inbox) >= WAITING_MAX:
            self._fail(None, "", errors.Failure(errors.LIMIT, status=429))
            return
        self._inbox.append(frame)
        if self._worker is None:
            self._serve()

    def closed(self) -> None:
        """The client has left."""
        self._is_closed = True
        self._inbox.clear()
        for topic in self._topics:
            self._feeds.leave(topic, self)
        self._topics.clear()
        if self._worker is not None:
            self._worker.cancel()

    def tell(self, frame: bytes) -> None:
        """One message of a feed; who does something is first told that it was done."""
        if self._held is None:
            self._sender.send(frame)
        else:
            self._held.append(frame)

    def _serve(self) -> None:
        while self._inbox and not self._is_closed:
            job = self._answer(self._inbox.popleft())
            if job is not None:
                self._worker = asyncio.get_running_loop().create_task(job)
                self._worker.add_done_callback(self._done)
                return

    def _done(self, worker: "asyncio.Task[None]") -> None:
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
        frame = parse(data) if len(data) <= self._desk.profile.body_max else None
        if frame is None:
            self._fail(None, "", errors.invalid("Invalid request"))
            return None
        method = frame.get("method")
        params = frame.get("params")
        if method == "ping":
            self._say({"channel": "pong"})
            return None
        if method in ("subscribe", "unsubscribe") and isinstance(params, dict):
            if method == "subscribe":
                return self._subscribe(params)
            return self._unsubscribe(params)
        if "method" not in frame and isinstance(params, dict):
            return self._operate_first(frame.get("id"), params)
        self._fail(_text(frame.get("id")), "", errors.invalid("Invalid request"))
        return None

    async def _subscribe(self, params: Mapping[str, Any]) -> None:
        await self._desk.ready()
        topic = self._topic(params)
        if topic is None:
            return  # the real service says nothing at all to a symbol that it does not know
        same = sum(1 for each in self._topics if each.source == topic.source)
        if same >= TOPICS_MAX and topic not in self._topics:
            self._fail(None, "", errors.Failure(errors.LIMIT, status=429))
            return
        self._say({"channel": "subscribe", "data": _plain(params)})
        self._topics[topic] = None
        if topic.source in OF_ACCOUNT:  # unless somebody has signed: a signature says more
            self._request.note.setdefault("account", topic.key)
        self._feeds.join(topic, self)
        if topic.source in SNAPSHOTS:
            try:
                frame = await self._feeds.frame(topic)
                if frame != NO_CANDLE:
                    self._sender.send(frame)
            except (VenueStopped, HistoryUnavailable, errors.Failure) as stopped:
                self._request.note["why"] = f"the venue cannot answer: {stopped}"

    async def _unsubscribe(self, params: Mapping[str, Any]) -> None:
        await self._desk.ready()
        topic = self._topic(params)
        if topic is None:
            return
        self._topics.pop(topic, None)
        self._feeds.leave(topic, self)
        data = _plain(params)
        if self._desk.profile.nested_unsubscribe:
            data = {**data, "data": data}
        self._say({"channel": "unsubscribe", "data": data})

    def _topic(self, params: Mapping[str, Any]) -> Topic | None:
        """What is asked for; None if there is no such thing."""
        source = params.get("source")
        if source == "order_updates" and self._desk.profile.order_updates_alias:
            source = UPDATES
        if source == "prices":
            return Topic("prices")
        if source in OF_SYMBOL:
            symbol = params.get("symbol")
            if not isinstance(symbol, str) or self._desk.listing.find(symbol) is None:
                return None
            if source in (TRADES, "bbo"):
                return Topic(source, symbol)
            if source == "candle":
                interval = params.get("interval")
                is_known = isinstance(interval, str) and interval in INTERVALS
                return Topic("candle", symbol, interval=str(interval)) if is_known else None
            level = params.get("agg_level")
            if not isinstance(level, Number) or level not in map(str, AGG_LEVELS):
                return None
            return Topic("book", symbol, int(level))
        if source in OF_ACCOUNT:
            address = params.get("account")
            account = self._desk.keys.find(address) if isinstance(address, str) else None
            return None if account is None else Topic(source, account)
        return None

    async def _operate_first(self, sent_id: object, params: Mapping[str, Any]) -> None:
        """A signed operation, and then what feeds had to tell meanwhile."""
        self._held = []
        try:
            await self._operate(sent_id, params)
        finally:
            held, self._held = self._held, None
            for frame in held:
                self._sender.send(frame)

    async def _operate(self, sent_id: object, params: Mapping[str, Any]) -> None:
        """A signed operation."""
        name = next(iter(params), "")
        body = params.get(name)
        frame_id = _text(sent_id)
        if name == "actions":  # a batch without the name around it
            name, body = "batch_orders", params
        is_known = name in operations.BY_NAME
        if frame_id is None or len(params) != 1 or not isinstance(body, dict) or not is_known:
            self._fail(frame_id, "", errors.invalid("Invalid request"))
            return
        desk = self._desk
        note = self._request.note
        note.pop("why", None)
        try:
            await desk.ready()
            desk.spend(self._request.peer, HALF if name in operations.CANCELS else ONE)
            result = await operations.BY_NAME[name](desk, body, note)
        except errors.Failure as failure:
            note["why"] = f"{failure.word}: {failure.why}" if failure.why else failure.word
            self._fail(frame_id, name, failure)
            return
        except VenueStopped as stopped:
            note["why"] = f"the venue cannot answer: {stopped}"
            self._fail(frame_id, name, errors.Failure(errors.INTERNAL, status=500))
            return
        time = millis(desk.exchange.now())
        self._say(
            {"code": 200, "data": result.for_socket(), "id": frame_id, "t": time, "type": name}
        )

    def _fail(self, frame_id: str | None, name: str, failure: errors.Failure) -> None:
        told: dict[str, Any] = {"code": failure.ws_code, "err": failure.word}
        if frame_id is not None and not self._desk.profile.ws_error_without_id:
            told["id"] = frame_id
        if name:
            told["type"] = name
        told["t"] = millis(self._desk.exchange.now())
        self._say(told)

    def _say(self, message: object) -> None:
        self._sender.send(ENCODER.encode(message))


def _text(value: object) -> str | None:
    """An id that a client chose: a text of a decent length, or a number."""
    return str(value) if isinstance(value, str) and 0 < len(value) <= 128 else None


def _plain(value: Any) -> Any:
    """What a client sent, to be sent back: numbers as numbers."""
    if isinstance(value, Number):
        return int(value) if value.isdigit() and len(value) <= 16 else str(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
