"""One HTTP/1.1 connection: bytes to requests, replies to bytes, in order, within bounds.

Requests of a connection are handled one after the other, as they came, and answered so. What a
request means is the door's matter (`Hall`); this file knows bytes and time alone.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, Final, Protocol

import httptools
from msgspec import Struct

from openvenue.engine.units import Nanos
from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.replies import CONTINUE, encode
from openvenue.gateways.wire import Request, Response

_NAMES_KEPT: Final = 512


class HeaderNames(dict[bytes, str]):
    """Header names in lower case, each spelling decoded once; strange ones every time."""

    def __missing__(self, name: bytes) -> str:
        lower = name.lower().decode("latin-1")
        if len(self) < _NAMES_KEPT and len(name) < 64:
            self[name] = lower
        return lower


class Refusal(Struct):
    """A request that the door itself turns away; the connection closes after the reply."""

    status: int
    why: str
    method: str
    path: str


class Upgrade(Struct):
    """A request to go on as a WebSocket, and what the client already sent on it."""

    request: Request
    tail: bytes


class Hall(Protocol):
    """What a connection asks of the door that it came in by."""

    limits: DoorLimits
    header_names: "HeaderNames"
    is_closing: bool  # no further requests after those that were accepted

    def admit(self, connection: "HttpConnection", peer: str) -> int | None:
        """Count the connection in; or the status with which it is sent away."""

    def leave(self, connection: "HttpConnection", peer: str) -> None:
        """Count the connection out."""

    async def answer(self, request: Request) -> Response | None:
        """The reply, whatever happens; None: close without one."""

    def refuse(self, refusal: Refusal, peer: str) -> Response:
        """The words in which the door turns a request away."""

    def upgrade(
        self, upgrade: Upgrade, transport: asyncio.Transport, connection: "HttpConnection"
    ) -> Response | None:
        """Go on as a WebSocket, in other hands; or the reply that says why not."""

    def date(self) -> bytes:
        """The Date header of this second."""

    def now(self) -> Nanos:
        """Machine time."""

    def count_bytes(self, received: int, sent: int) -> None:
        """For the metrics."""


class _Stop(Exception):
    """Leaves the parser; what is wrong is in `_refused`."""


class HttpConnection(asyncio.Protocol):
    """Bytes in, bytes out. Nothing here awaits a client."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._limits = hall.limits
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[Request | Refusal | Upgrade] = deque()
        self._out: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self.peer = ""

        self._is_admitted = False
        self._is_ended = False  # the last request was queued: what follows is not read
        self._is_closing = False  # the last reply was written
        self._has_eof = False  # the client has said all it wants to say
        self._is_full = False  # the client does not read
        self._is_held = False  # we do not read
        self._owes_continue = False

        self._deadline = 0.0  # loop time at which patience ends
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

        self._refused: tuple[int, str] | None = None
        self._names = hall.header_names
        self._headers: dict[str, str] = {}
        self._chunk_bytes = 0
        self._begin()

    # ---- the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if isinstance(peer, tuple) and peer else "local"
        status = self._hall.admit(self, self.peer)
        if status is not None:
            self._end(Refusal(status, "too many connections", "", ""))
            return
        self._is_admitted = True
        self._wait(self._limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = self._is_ended = True
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._leave()

    def data_received(self, data: bytes) -> None:
        self._hall.count_bytes(len(data), 0)
        if self._is_ended:
            return  # lingering: read only so that the reply is not lost to a reset
        self._feed(data)
        self._pump()

    def eof_received(self) -> bool:
        # A client may close its half and wait for what it asked for.
        self._is_ended = self._has_eof = True
        waits = self._task is not None or bool(self._queue) or self._is_full
        return waits and self._transport.get_extra_info("sslcontext") is None

    def pause_writing(self) -> None:
        self._is_full = True
        self._hold(True)
        unread = self._transport.get_write_buffer_size()
        self._wait(self._limits.write_seconds + unread / self._limits.write_bytes_per_second)

    def resume_writing(self) -> None:
        self._is_full = False
        self._pump()

    # ---- the parser calls

    def on_message_begin(self) -> None:
        self._begin()
        self._is_reading = True

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > self._limits.url_bytes:
            self._stop(414, "URL too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_headers:
            self._trailers += 1  # allowed, bounded, and not ours
            if self._trailers > self._limits.header_count:
                self._stop(431, "too many trailers")
        else:
            self._raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        raw, limits = self._raw_headers, self._limits
        names = self._names
        headers = self._headers = {names[name]: value.decode("latin-1") for name, value in raw}
        if self._chunk_bytes + self._raw_bytes > limits.header_bytes:
            size = sum(len(name) + len(value) + 4 for name, value in raw)
            if size + len(self._url) > limits.header_bytes:
                self._stop(431, "headers too large")
        self._has_headers = True
        self._phase_began = self._loop.time()
        parser = self._parser
        method = parser.get_method()
        self._method = method.decode("latin-1")
        self._keeps_alive = parser.should_keep_alive()
        version = parser.get_http_version()
        if len(raw) > limits.header_count:
            self._stop(431, "too many headers")
        if version != "1.1":
            self._is_old = version == "1.0"
            if not self._is_old:
                self._stop(400, "not HTTP/1.1")
        elif "host" not in headers:
            self._stop(400, "no Host header")
        if len(headers) != len(raw) and sum(names[name] == "host" for name, _ in raw) > 1:
            self._stop(400, "two Host headers")
        if method in (b"CONNECT", b"TRACE"):
            self._stop(501, "method not supported")
        length = headers.get("content-length")
        if length is not None and (len(length) > 15 or int(length) > limits.body_bytes):
            self._stop(413, "body too large")
        if "transfer-encoding" in headers and headers["transfer-encoding"].lower() != "chunked":
            self._stop(501, "transfer encoding not supported")
        if "content-encoding" in headers and headers["content-encoding"].lower() != "identity":
            self._stop(415, "content encoding not supported")
        if "expect" in headers and not self._is_old:
            if headers["expect"].lower() != "100-continue":
                self._stop(417, "expectation not known")
            self._owes_continue = "transfer-encoding" in headers or length not in (None, "0")

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.body_bytes:
            self._stop(413, "body too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return  # goes on where the parser says so, in _feed
        self._owes_continue = False
        self._is_reading = False
        request = self._request()
        request.keeps_alive = self._keeps_alive
        self._queue.append(request)
        if not self._keeps_alive:
            self._is_ended = True

    # ---- reading

    def _begin(self) -> None:
        self._url = b""
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._body_bytes = self._raw_bytes = self._trailers = 0
        self._has_headers = self._is_reading = False
        self._is_fresh = True  # began in the bytes at hand
        self._method = ""
        self._is_old = False
        self._keeps_alive = True
        self._phase_began = self._loop.time()

    def _feed(self, data: bytes) -> None:
        """Parse `data`; requests that it completes are in the queue afterwards."""
        while True:
            self._chunk_bytes = len(data)
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                rest = data[upgrade.args[0] :]
                if self._is_websocket():
                    self._is_ended = True
                    self._is_reading = False
                    self._queue.append(Upgrade(self._request(), rest))
                    return
                data = self._without_upgrade() + rest
                continue
            except httptools.HttpParserInvalidMethodError:
                if data.partition(b" ")[0].isalpha():
                    self._end_with(501, "method not supported")
                else:
                    self._end_with(400, "not HTTP")
            except httptools.HttpParserCallbackError as error:
                if self._refused is None:
                    raise  # a bug in a callback above
                del error
                self._end_with(*self._refused)
            except httptools.HttpParserError as error:
                if not (self._is_ended and self._queue):  # else: bytes after "Connection: close"
                    self._end_with(400, f"not HTTP: {error}")
            break
        if self._is_reading and not self._is_ended:
            # What the parser keeps to itself (half a header, a long trailer) is bounded here.
            self._raw_bytes += 0 if self._is_fresh else len(data)
            self._is_fresh = False
            bound = self._limits.header_bytes
            if self._has_headers:
                bound += 8 * self._limits.body_bytes
            if self._raw_bytes > bound:
                self._end_with(400 if self._has_headers else 431, "request too large")

    def _is_websocket(self) -> bool:
        return self._method == "GET" and self._headers.get("upgrade", "").lower() == "websocket"

    def _without_upgrade(self) -> bytes:
        """The head of this request again, without an upgrade that we do not follow (such as h2c).

        A server may ignore an upgrade and answer. Source: RFC 9110, 7.8.
        """
        head = [f"{self._method} ".encode() + self._url + b" HTTP/1.1\r\n"]
        for name, value in self._headers.items():
            if name not in ("upgrade", "connection", "http2-settings"):
                head.append(f"{name}: {value}\r\n".encode("latin-1"))
        if "close" in self._headers.get("connection", "").lower():
            head.append(b"connection: close\r\n")
        self._parser = httptools.HttpRequestParser(self)
        return b"".join(head) + b"\r\n"

    def _request(self) -> Request:
        target, _, query = self._url.partition(b"?")
        path = target.decode("latin-1")
        if path[:1] != "/" and path != "*":
            if path[:7].lower() not in ("http://", "https:/"):
                path = "/"
            else:  # absolute form. Source: RFC 9112, 3.2.2
                path = "/" + path.split("//", 1)[1].partition("/")[2]
        body = self._body
        return Request(
            method=self._method,
            path=path,
            query=query,
            headers=self._headers,
            body=body[0] if len(body) == 1 else b"".join(body),
            peer=self.peer,
            received=self._hall.now(),
            note={},
            is_old=self._is_old,
        )

    def _stop(self, status: int, why: str) -> None:
        self._refused = (status, why)
        raise _Stop

    def _end_with(self, status: int, why: str) -> None:
        path = self._url.partition(b"?")[0].decode("latin-1")
        self._end(Refusal(status, why, self._method, path))

    def _end(self, refusal: Refusal) -> None:
        """The last thing that this connection is told."""
        self._is_ended = True
        self._is_reading = False
        self._queue.append(refusal)
        self._pump()

    # ---- handling, in order

    def _pump(self) -> None:
        """Handle what waits, as far as it goes without waiting; then say it in one write."""
        queue = self._queue
        while queue and self._task is None and not self._is_full and not self._is_closing:
            item = queue.popleft()
            if type(item) is Request:
                answer = self._hall.answer(item)
                assert isinstance(answer, Coroutine)
                try:
                    # Most questions are answered without waiting: they need no task.
                    waits_for = answer.send(None)
                except StopIteration as done:
                    self._reply(item, done.value)
                else:
                    self._task = self._loop.create_task(self._finish(item, answer, waits_for))
            elif type(item) is Refusal:
                self._say(self._hall.refuse(item, self.peer), keep=False, linger=self._is_admitted)
            else:
                assert isinstance(item, Upgrade)
                self._flush()
                if self._change_hands(item):
                    return
        if self._owes_continue and self._task is None and not queue and not self._is_closing:
            self._owes_continue = False
            self._out.append(CONTINUE)
        self._flush()
        if not self._is_closing:
            self._hold(self._is_full or len(queue) > self._limits.pipelined)
            self._set_patience()

    async def _finish(self, request: Request, answer: Coroutine[Any, Any, Any], first: Any) -> None:
        try:
            response = await _rest_of(answer, first)
        except BaseException:
            self._transport.abort()  # the door closes, or has a bug of its own: nobody waits here
            raise
        finally:
            self._task = None
        self._reply(request, response)
        self._pump()

    def _reply(self, request: Request, response: Response | None) -> None:
        if response is None:
            self._close(linger=False)
            return
        is_last = not self._queue and (self._is_ended or self._hall.is_closing)
        keep = request.keeps_alive and not is_last
        self._say(
            response,
            keep=keep,
            accepted=request.headers.get("accept-encoding"),
            is_head=request.is_head,
            is_old=request.is_old,
        )

    def _say(
        self,
        response: Response,
        *,
        keep: bool,
        accepted: str | None = None,
        is_head: bool = False,
        is_old: bool = False,
        linger: bool = False,
    ) -> None:
        if self._is_closing:
            return  # the client has left
        connection = b"" if keep else b"Connection: close\r\n"
        if keep and is_old:
            connection = b"Connection: keep-alive\r\n"
        self._out.append(
            encode(
                response,
                self._hall.date(),
                self._limits,
                accepted=accepted,
                is_head=is_head,
                connection=connection,
            )
        )
        if not keep:
            self._close(linger=linger or self._is_held)

    def _close(self, *, linger: bool) -> None:
        """Close once all is said. Linger: read on meanwhile, lest a reset overtakes the reply."""
        self._flush()
        self._is_closing = self._is_ended = True
        self._queue.clear()
        transport = self._transport
        # Whoever does not take our last words has until then.
        unread = transport.get_write_buffer_size()
        self._wait(self._limits.linger_seconds + unread / self._limits.write_bytes_per_second)
        if not linger or self._has_eof:
            transport.close()
        elif not transport.is_closing():
            if self._is_held:
                self._hold(False)
            if transport.can_write_eof():
                transport.write_eof()

    def _flush(self) -> None:
        out = self._out
        if out and not self._transport.is_closing():
            data = out[0] if len(out) == 1 else b"".join(out)
            self._hall.count_bytes(0, len(data))
            self._transport.write(data)
        self._out = []

    def _change_hands(self, upgrade: Upgrade) -> bool:
        """Become a WebSocket. False: the door said no, and this connection closes."""
        refused = self._hall.upgrade(upgrade, self._transport, self)
        if refused is not None:
            self._say(refused, keep=False, linger=True)
            return False
        self._is_closing = True
        self._is_admitted = False  # counted under its new name
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return True

    # ---- patience

    def _set_patience(self) -> None:
        """How long we wait now, by what we wait for. A busy handler is not the client's fault."""
        limits = self._limits
        if self._is_full:
            return
        if self._task is not None or self._queue:
            self._deadline = 0.0
        elif self._is_reading:
            seconds = limits.body_seconds if self._has_headers else limits.header_seconds
            self._wait(self._phase_began + seconds - self._loop.time())
        elif self._hall.is_closing:
            self._close(linger=False)
        else:
            self._wait(limits.idle_seconds)

    def _wait(self, seconds: float) -> None:
        # One timer per connection; it looks up how late it is instead of being set each time.
        now = self._loop.time()
        self._deadline = now + seconds
        if self._timer is not None:
            if self._timer_at <= self._deadline:
                return
            self._timer.cancel()
        self._timer_at = self._deadline
        self._timer = self._loop.call_at(self._deadline, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        if self._deadline == 0.0:
            return
        left = self._deadline - self._loop.time()
        if left > 0.001:
            self._wait(left)
        elif self._is_reading and not self._is_ended:
            self._end_with(408, "took too long")
        elif self._is_closing or self._is_full:
            self._transport.abort()
        else:
            self._close(linger=False)

    def _hold(self, hold: bool) -> None:
        """Stop reading, or go on."""
        if hold != self._is_held and not self._transport.is_closing():
            self._is_held = hold
            if hold:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    # ---- leaving

    def wind_up(self) -> None:
        """The door closes: answer what was accepted, then go."""
        if self._task is None and not self._queue and not self._is_reading and not self._is_closing:
            self._close(linger=False)

    def abort(self) -> None:
        """Go now."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    def _leave(self) -> None:
        if self._is_admitted:
            self._is_admitted = False
            self._hall.leave(self, self.peer)


@coroutine
def _rest_of(answer: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    """Go on with a coroutine whose first step was made by hand, inside a task."""
    while True:
        try:
            sent = yield waits_for
        except BaseException as error:  # noqa: BLE001 - passed on to where it was awaited
            step = answer.throw
            try:
                waits_for = step(error)
            except StopIteration as done:
                return done.value
        else:
            try:
                waits_for = answer.send(sent)
            except StopIteration as done:
                return done.value
