"""One WebSocket client's conversation: what it asks, in the order in which it asks.

Orders and cancels are handed to the venue as they come and answered by a plain call, so a client
may have many under way; what needs a look at the past waits its turn, and what follows waits too.
Source: Kraken Spot WebSocket v2, "Introduction", "Authentication".
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal

import msgspec
import structlog
from msgspec import Raw

from openvenue.engine.units import Nanos, Symbol
from openvenue.exchange.port import VenueStopped
from openvenue.gateways.kraken_spot import errors, frames
from openvenue.gateways.kraken_spot.auth import Permission, Token
from openvenue.gateways.kraken_spot.desk import Desk
from openvenue.gateways.kraken_spot.feeds import Feeds
from openvenue.gateways.kraken_spot.replies import failure, pong
from openvenue.gateways.kraken_spot.subscriptions import Subscriptions
from openvenue.gateways.kraken_spot.trading import Trading
from openvenue.gateways.wire import Request, Sender, WireError
from openvenue.history.port import HistoryUnavailable, PublicTrade

log = structlog.get_logger(__name__)

WAITING_MAX: Final = 10_000  # frames of one client that wait for a look at the venue
LATER: Final = ("edit_order",)

Job = Coroutine[Any, Any, None]
Role = Literal["both", "public", "private"]


class KrakenSpotSession:
    """One conversation."""

    def __init__(
        self,
        desk: Desk,
        feeds: Feeds,
        request: Request,
        sender: Sender,
        role: Role = "both",
        *,
        new_connection_id: Callable[[], int] = lambda: secrets.randbits(64),
    ) -> None:
        self._desk = desk
        self._feeds = feeds
        self._request = request
        self._sender = sender
        self._role = role
        self._connection_id = new_connection_id()
        self._inbox: deque[tuple[bytes, Nanos]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._is_closed = False
        self._was_told = False  # within this second
        self._silent_beats = 0
        self._idle_beats = desk.profile.idle_seconds * 1000 // desk.profile.heartbeat_ms
        self._subscriptions = Subscriptions(desk, feeds, self, role)
        self._trading = Trading(desk, self)
        feeds.sessions[self] = None
        feeds.start_beating()
        if desk.is_ready:
            self.tell_status()
        else:
            self._begin(self._get_ready())

    # ---- the door calls

    def receive(self, frame: bytes) -> None:
        """Answer one frame, after those before it."""
        self._silent_beats = 0
        received = self._desk.clock.wall()
        if self._worker is None:
            self._answer(frame, received)
        elif len(self._inbox) < WAITING_MAX:
            self._inbox.append((frame, received))
        else:
            self.send(b'{"Error":"%b"}' % errors.TOO_FAST.encode())

    def closed(self) -> None:
        """The client has left."""
        self._is_closed = True
        self._inbox.clear()
        self._feeds.forget(self)
        self._subscriptions.close()
        self._trading.close()
        if self._worker is not None:
            self._worker.cancel()

    # ---- feeds call

    def tell(self, frame: bytes) -> None:
        """One message of a channel."""
        self._was_told = True
        self._sender.send(frame)

    def tell_execution(self, kind: str, frame: bytes) -> None:
        """A step of an order."""
        self._subscriptions.tell_execution(kind, frame)

    def tell_balance(self, frame: bytes) -> None:
        """A ledger entry."""
        self._subscriptions.tell_balance(frame)

    def tell_trades(self, symbol: Symbol, trades: list[PublicTrade]) -> None:
        """Trades."""
        self._subscriptions.tell_trades(symbol, trades)

    def tell_status(self) -> None:
        """How the venue is."""
        self.tell(self._feeds.status(self._connection_id))

    def beat(self, heartbeat: bytes) -> None:
        """A second without a message of a channel is told as such, once there is a subscription.

        A client that says nothing and listens to nothing is not kept.
        """
        if self._subscriptions:
            if not self._was_told:
                self._sender.send(heartbeat)
            self._was_told = False
            return
        self._silent_beats += 1
        if self._silent_beats > self._idle_beats:
            self._sender.close(1000, "idle")

    # ---- parts of this session call

    def send(self, frame: bytes) -> None:
        """An answer; nothing once the client has left."""
        if not self._is_closed:
            self._sender.send(frame)

    def refuse(self, method: str, req_id: bytes, word: str, received: Nanos) -> None:
        """An answer that says no."""
        self.send(failure(method, req_id, word, received, self._desk.clock.wall()))

    def token(self, text: str | None, received: Nanos, *needed: Permission) -> Token:
        """Who asks. Raises: WireError: no token, none that is good, or none that may do this."""
        if text is None:
            raise WireError(errors.NO_TOKEN)
        token = self._desk.tokens.find(text, received)
        if token is None:
            raise WireError(self._desk.profile.bad_order_token)
        if needed and not token.record.may(*needed):
            raise WireError(errors.PERMISSION)
        self.note_token(token)
        return token

    def note_token(self, token: Token) -> None:
        """For the request log and for faults: whose socket this is, the first of them."""
        note = self._request.note
        if "key" not in note:
            note["key"] = token.record.api_key
            note["account"] = token.record.account

    # ---- within

    def _answer(self, data: bytes, received: Nanos) -> None:
        """Answer a frame, or begin what will."""
        try:
            head = frames.HEAD.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            self.refuse("", b"", errors.MALFORMED, received)
            return
        req_id = bytes(head.req_id)
        if req_id == frames.NULL:
            req_id = b""
        method = ""
        try:
            method = read_method(head.method)
            if req_id and not is_integer(req_id):
                req_id = b""
                raise WireError("Req_id field must be an integer")
            self._do(method, head.params, req_id, received)
        except WireError as error:
            self._request.note["why"] = f"{method}: {error.word}"
            self.refuse(method, req_id, error.word, received)

    def _do(self, method: str, params: Raw, req_id: bytes, received: Nanos) -> None:
        if method == "add_order":
            self._may_trade()
            self._trading.add_order(params, req_id, received)
        elif method == "cancel_order":
            self._may_trade()
            self._trading.cancel_order(params, req_id, received)
        elif method == "cancel_all":
            self._may_trade()
            self._trading.cancel_all(params, req_id, received)
        elif method == "cancel_all_orders_after":
            self._may_trade()
            self._trading.cancel_all_orders_after(params, req_id, received)
        elif method == "amend_order":
            self._may_trade()
            self._trading.changes.amend_order(params, req_id, received)
        elif method == "batch_add":
            self._may_trade()
            self._trading.changes.batch_add(params, req_id, received)
        elif method == "batch_cancel":
            self._may_trade()
            self._trading.changes.batch_cancel(params, req_id, received)
        elif method == "ping":
            if bytes(params):
                raise WireError(frames.unsupported("params", "ping"))
            self.send(pong(req_id, received, self._desk.clock.wall()))
        elif method == "subscribe":
            self._begin(self._subscriptions.answer("subscribe", params, req_id, received))
        elif method == "unsubscribe":
            self._begin(self._subscriptions.answer("unsubscribe", params, req_id, received))
        elif method in LATER:
            self._may_trade()
            self._trading.later(params, received)
        elif method == "":
            raise WireError(errors.NO_METHOD)
        else:
            raise WireError(errors.UNSUPPORTED_EVENT)

    def _may_trade(self) -> None:
        if self._role == "public":
            raise WireError(errors.NOT_PUBLIC)

    async def _get_ready(self) -> None:
        await self._desk.ready()
        self.tell_status()

    def _begin(self, job: Job) -> None:
        """Run a job step by step; what comes meanwhile waits behind it."""
        self._worker = asyncio.get_running_loop().create_task(self._run(job))
        self._worker.add_done_callback(self._done)

    async def _run(self, job: Job) -> None:
        try:
            await job
        except (VenueStopped, HistoryUnavailable):
            self.refuse("", b"", errors.UNAVAILABLE, self._desk.clock.wall())

    def _done(self, worker: "asyncio.Task[None]") -> None:
        self._worker = None
        if worker.cancelled() or self._is_closed:
            return
        error = worker.exception()
        if error is not None:
            log.error("session failed", exc_info=error)
            self._sender.close(1011, "internal error")
            return
        while self._inbox and self._worker is None:
            self._answer(*self._inbox.popleft())


def read_method(raw: Raw) -> str:
    """The name of what is asked. Raises: WireError: it is no text."""
    text = bytes(raw)
    if not text or text == frames.NULL:
        return ""
    try:
        return frames.METHOD.decode(text)
    except msgspec.DecodeError:
        raise WireError(errors.UNSUPPORTED_EVENT) from None


def is_integer(text: bytes) -> bool:
    """Whether a number has no fraction, and fits 64 bits or nearly so."""
    return text.removeprefix(b"-").isdigit() and len(text) <= frames.REQ_ID_MAX
