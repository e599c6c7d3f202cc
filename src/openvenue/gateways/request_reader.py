"""Bytes to requests: one connection's stream, parsed and bounded. It answers nothing itself."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import httptools

from openvenue.engine.units import Nanos
from openvenue.gateways.arrivals import HeaderNames, Refusal, Upgrade
from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.wire import Request

_METHODS: Final = {b"GET": "GET", b"POST": "POST"}  # the others are rare


class _Stop(Exception):
    """Leaves the parser; what is wrong is in `_refused`."""


class RequestReader:
    """Puts what has arrived whole into `queue`, and last of all what ends the stream, if anything.

    After a refusal, an upgrade or `Connection: close` it `is_ended`, and reads no more.
    """

    def __init__(self, limits: DoorLimits, names: HeaderNames, now: Callable[[], Nanos]) -> None:
        self.queue: deque[Request | Refusal | Upgrade] = deque()
        self.peer = ""
        self.is_ended = False
        self.owes_continue = False  # the client waits to be told to send its body
        self._limits = limits
        self._names = names
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._refused: tuple[int, str] | None = None
        self._headers: dict[str, str] = {}
        self._chunk_bytes = 0
        self._time = self._loop.time()  # of the bytes at hand
        self._begin()

    # ---- the parser calls

    def on_message_begin(self) -> None:
        self._begin()
        self.is_reading = True

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > self._limits.url_bytes:
            self._stop(414, "URL too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.has_headers:
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
        self.has_headers = True
        self.phase_began = self._time
        parser = self._parser
        method = parser.get_method()
        self._method = _METHODS.get(method) or method.decode("latin-1")
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
            self.owes_continue = "transfer-encoding" in headers or length not in (None, "0")

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.body_bytes:
            self._stop(413, "body too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return  # goes on where the parser says so, in `feed`
        self.owes_continue = False
        self.is_reading = False
        self.queue.append(self._request())
        if not self._keeps_alive:
            self.is_ended = True

    # ---- reading

    def _begin(self) -> None:
        self._url = b""
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._body_bytes = self._raw_bytes = self._trailers = 0
        self.has_headers = self.is_reading = False
        self._is_fresh = True  # began in the bytes at hand
        self._method = ""
        self._is_old = False
        self._keeps_alive = True
        self.phase_began = self._time

    def feed(self, data: bytes) -> None:
        """Parse `data`; requests that it completes are in the queue afterwards."""
        self._time = self._loop.time()
        while True:
            self._chunk_bytes = len(data)
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                rest = data[upgrade.args[0] :]
                if self._is_websocket():
                    self.is_ended = True
                    self.is_reading = False
                    self.queue.append(Upgrade(self._request(), rest))
                    return
                data = self._without_upgrade() + rest
                continue
            except httptools.HttpParserInvalidMethodError:
                if data.partition(b" ")[0].isalpha():
                    self._end(501, "method not supported")
                else:
                    self._end(400, "not HTTP")
            except httptools.HttpParserCallbackError as error:
                if self._refused is None:
                    raise  # a bug in a callback above
                del error
                self._end(*self._refused)
            except httptools.HttpParserError as error:
                if not (self.is_ended and self.queue):  # else: bytes after "Connection: close"
                    self._end(400, f"not HTTP: {error}")
            break
        if self.is_reading and not self.is_ended:
            # What the parser keeps to itself (half a header, a long trailer) is bounded here.
            self._raw_bytes += 0 if self._is_fresh else len(data)
            self._is_fresh = False
            bound = self._limits.header_bytes
            if self.has_headers:
                bound += 8 * self._limits.body_bytes
            if self._raw_bytes > bound:
                self._end(400 if self.has_headers else 431, "request too large")

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
            self._method,
            path,
            query,
            self._headers,
            body[0] if len(body) == 1 else b"".join(body),
            self.peer,
            self._now(),
            {},
            self._keeps_alive,
            False,
            self._is_old,
        )

    def _stop(self, status: int, why: str) -> None:
        self._refused = (status, why)
        raise _Stop

    def _end(self, status: int, why: str) -> None:
        path = self._url.partition(b"?")[0].decode("latin-1")
        self.end(Refusal(status, why, self._method, path))

    def time_out(self) -> None:
        """The rest of this request took too long."""
        self._end(408, "took too long")

    def end(self, refusal: Refusal) -> None:
        """Read no more; `refusal` is the last thing to be said."""
        self.is_ended = True
        self.is_reading = False
        self.queue.append(refusal)
