"""One WebSocket: picows' frames in, a session's frames out in one write per turn of the loop.

The HTTP connection that the client came in by is replaced on its own transport: `hand_over` gives
picows the upgrade request in its plainest form (it was checked already) and every byte after it.
"""

import asyncio
import logging
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from struct import Struct as Layout
from typing import Any, Final, Protocol

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest

# Not in its type stubs: the protocol behind its own server.
from picows.picows import WSAutoPingStrategy, WSProtocol  # type: ignore[attr-defined]

from openvenue.faults.plan import FaultPlan
from openvenue.gateways.faulty_socket import Spoiler
from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.wire import Hurtable, OpenSession, Request, Session

_SHORT: Final = [bytes((0x81, size)) for size in range(126)]  # a whole text frame, not masked
_MIDDLE: Final = Layout("!BBH").pack
_LONG: Final = Layout("!BBQ").pack
_HUNG_SECONDS: Final = 3_600.0  # we do not read, so that we would not notice a client leave
_SILENT: Final = logging.Logger("picows", logging.CRITICAL + 1)  # a client's mistakes are not news


class SocketHall(Protocol):
    """What a WebSocket asks of the door that it came in by."""

    limits: DoorLimits
    faults: FaultPlan

    def hurtable(self, gateway: str) -> Hurtable | None:
        """The words of a gateway for trouble, if faults may strike it."""

    def due(self, socket: "Socket") -> None:
        """Have `flush` called at the end of this turn of the loop."""

    def socket_fault(self, request: Request, gateway: str) -> None:
        """The exception at hand is our bug in a session: log it."""

    def socket_closed(self, socket: "Socket") -> None:
        """Count it out."""

    def count_frames(self, received: int, sent: int, size: int) -> None:
        """For the metrics."""

    def count_cut(self) -> None:
        """For the metrics: a slow reader."""


class Socket(WSListener):
    """The wire under one session. It is the session's `Sender`."""

    def __init__(
        self, hall: SocketHall, request: Request, gateway: str, open_session: OpenSession
    ) -> None:
        self._hall = hall
        self._limits = hall.limits
        self._loop = asyncio.get_running_loop()
        self._open_session = open_session
        self._session: Session | None = None
        self._wire: asyncio.Transport | None = None
        self._picows: WSTransport | None = None
        self._out: list[bytes] = []
        self._fragments: list[bytes] = []
        self._fragment_bytes = 0
        self._goodbye: tuple[int, str] | None = None
        self._is_gone = False
        self._timer: asyncio.TimerHandle | None = None
        self._pulse: asyncio.TimerHandle | None = None
        self._was_heard = self._was_asked = False
        self._spoiler: Spoiler | None = None
        self.request = request
        self.gateway = gateway

    # ---- the session calls

    def send(self, frame: bytes) -> None:
        """Queue one text frame for the end of this turn."""
        if self._goodbye is not None or self._is_gone:
            return
        if not self._out:
            self._hall.due(self)
        self._out.append(frame)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye and close once what was queued is out."""
        if self._goodbye is None and not self._is_gone:
            if not self._out:
                self._hall.due(self)
            self._goodbye = (code, reason)

    # ---- the door calls

    def flush(self) -> None:
        """Write what was queued, in one go."""
        wire, out = self._wire, self._out
        if self._is_gone or wire is None or wire.is_closing():
            self._out = []
            return
        if out:
            self._out = []
            if self._hall.faults.is_armed or self._spoiler is not None:
                out = self._spoil().leave(out)
        if out:
            if wire.get_write_buffer_size() > self._limits.socket_buffer_bytes:
                self._cut()
                return
            self._write(wire, out)
        if self._goodbye is not None and self._picows is not None:
            if not self._picows.is_close_frame_sent:
                code, reason = self._goodbye
                self._picows.send_close(code, reason.encode()[:123])  # type: ignore[arg-type]
            self._patience(self._limits.linger_seconds, self.abort)

    def abort(self) -> None:
        """Go now."""
        if self._wire is not None:
            self._wire.abort()

    # ---- a spoiler calls

    def hear(self, payload: bytes) -> None:
        """Have the session answer a message."""
        if self._session is not None:
            try:
                self._session.receive(payload)
            except Exception:  # noqa: BLE001 - as below
                self._fault()

    def write(self, frames: list[bytes]) -> None:
        """Write these now."""
        wire = self._wire
        if not self._is_gone and wire is not None and not wire.is_closing():
            self._write(wire, frames)

    def cut(self, frame: bytes) -> None:
        """Write half of a frame, and leave."""
        wire = self._wire
        if wire is not None and not wire.is_closing():
            whole = _framed([frame])
            wire.write(whole[: -max(len(frame) // 2, 1)])
            wire.close()

    def hang(self) -> None:
        """Read and say nothing any more; the connection stays."""
        if self._pulse is not None:
            self._pulse.cancel()
            self._pulse = None
        if self._wire is not None and not self._wire.is_closing():
            self._wire.pause_reading()
            self._patience(_HUNG_SECONDS, self.abort)

    # ---- picows calls

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._picows = transport
        self._wire = transport.underlying_transport
        self._pulse = self._loop.call_later(self._limits.ping_seconds, self._feel_pulse)
        try:
            self._session = self._open_session(self.request, self)
        except Exception:  # noqa: BLE001 - the door logs it, this socket ends
            self._fault()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self._was_heard = True
        if self._goodbye is not None and frame.msg_type != WSMsgType.CLOSE:
            return
        kind = frame.msg_type
        if kind == WSMsgType.TEXT and frame.fin and not self._fragments and not frame.rsv1:
            self._hear(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            self._returned_goodbye(transport, frame)
        elif kind == WSMsgType.PONG:
            pass
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.close(1002, "no extension was agreed on")
        elif kind == WSMsgType.BINARY:
            self.close(1003, "text only")
        elif kind == WSMsgType.TEXT or kind == WSMsgType.CONTINUATION:
            self._collect(kind == WSMsgType.TEXT, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._is_gone = True
        for timer in (self._timer, self._pulse):
            if timer is not None:
                timer.cancel()
        self._timer = self._pulse = None
        if self._spoiler is not None:
            self._spoiler.close()
        session, self._session = self._session, None
        if session is not None:
            try:
                session.closed()
            except Exception:  # noqa: BLE001 - as above
                self._hall.socket_fault(self.request, self.gateway)
        self._hall.socket_closed(self)

    def pause_writing(self) -> None:
        wire = self._wire
        if wire is not None and not wire.is_closing():
            wire.pause_reading()
            unread = wire.get_write_buffer_size()
            limits = self._limits
            seconds = limits.write_seconds + unread / limits.write_bytes_per_second
            self._patience(seconds, self._cut)

    def resume_writing(self) -> None:
        wire = self._wire
        if self._timer is not None and self._goodbye is None:
            self._timer.cancel()
            self._timer = None
        if wire is not None and not wire.is_closing():
            wire.resume_reading()

    # ---- within

    def _hear(self, payload: bytes) -> None:
        if not payload.isascii():
            try:
                payload.decode()
            except UnicodeDecodeError:
                self.close(1007, "not UTF-8")
                return
        self._hall.count_frames(1, 0, len(payload))
        if self._hall.faults.is_armed or self._spoiler is not None:
            self._spoil().arrive(payload)
        else:
            self.hear(payload)

    def _spoil(self) -> Spoiler:
        if self._spoiler is None:
            words = self._hall.hurtable(self.gateway)
            self._spoiler = Spoiler(self, self._hall.faults, words, self.request)
        return self._spoiler

    def _write(self, wire: asyncio.Transport, frames: list[bytes]) -> None:
        data = _framed(frames)
        self._hall.count_frames(0, len(frames), len(data))
        wire.write(data)

    def _fault(self) -> None:
        """A fault in one session closes that socket, and no other."""
        self._hall.socket_fault(self.request, self.gateway)
        self.close(1011)

    def _collect(self, is_first: bool, frame: WSFrame) -> None:
        """Put a fragmented message together. Source: RFC 6455, 5.4."""
        if is_first == bool(self._fragments):
            self.close(1002, "fragments out of order")
            return
        payload = frame.get_payload_as_bytes()
        self._fragments.append(payload)
        # Each fragment costs, so that a flood of empty ones is bounded as well.
        self._fragment_bytes += max(len(payload), 64)
        if self._fragment_bytes > self._limits.frame_bytes:
            self._fragments = []
            self.close(1009, "message too big")
        elif frame.fin:
            whole = b"".join(self._fragments)
            self._fragments = []
            self._fragment_bytes = 0
            self._hear(whole)

    def _returned_goodbye(self, transport: WSTransport, frame: WSFrame) -> None:
        if not transport.is_close_frame_sent:
            code = int.from_bytes(frame.get_payload_as_bytes()[:2]) or 1000
            self._out.clear()
            self._goodbye = (code, "")
            transport.send_close(code)  # type: ignore[arg-type]
        transport.disconnect()
        self._patience(self._limits.linger_seconds, self.abort)

    def _cut(self) -> None:
        """The client does not read: say so behind what it left unread, and give it a moment."""
        if self._is_gone or self._picows is None:
            return
        self._hall.count_cut()
        self._out = []
        self._goodbye = (WSCloseCode.TRY_AGAIN_LATER.value, "too slow")
        self._picows.send_close(WSCloseCode.TRY_AGAIN_LATER, b"too slow")
        self._patience(self._limits.linger_seconds, self.abort)

    def _feel_pulse(self) -> None:
        """Ask a silent client whether it is there; leave one that is not, or that never closes."""
        wire, was_heard = self._wire, self._was_heard
        if wire is None or wire.is_closing() or (self._was_asked and not was_heard):
            self.abort()
            return
        self._was_heard = False
        self._was_asked = not was_heard
        seconds = self._limits.ping_seconds
        if self._was_asked and self._picows is not None:
            self._picows.send_ping()
            seconds = self._limits.pong_seconds
        self._pulse = self._loop.call_later(seconds, self._feel_pulse)

    def _patience(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, then)


def _framed(frames: list[bytes]) -> bytes:
    """Whole text frames, not masked. Source: RFC 6455, 5.2."""
    parts: list[bytes] = []
    for frame in frames:
        size = len(frame)
        if size < 126:
            parts.append(_SHORT[size])
        elif size < 65_536:
            parts.append(_MIDDLE(0x81, 126, size))
        else:
            parts.append(_LONG(0x81, 127, size))
        parts.append(frame)
    return b"".join(parts)


def why_no_upgrade(request: Request) -> tuple[int, str] | None:
    """What is wrong with a request to become a WebSocket, or None. Source: RFC 6455, 4.2.1."""
    headers = request.headers
    if request.is_old:
        return 400, "an upgrade needs HTTP/1.1"
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        return 400, "an upgrade has no body"
    if headers.get("sec-websocket-version") != "13":
        return 426, "WebSocket version 13 only"
    try:
        key = b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except (NotBase64, ValueError):
        key = b""
    return None if len(key) == 16 else (400, "Sec-WebSocket-Key is not 16 bytes in base64")


def hand_over(
    transport: asyncio.Transport, request: Request, tail: bytes, socket: Socket, limits: DoorLimits
) -> None:
    """Let picows speak on `transport` from here on; `tail` is what came after the request."""

    def listener(_: WSUpgradeRequest) -> WSListener:
        return socket

    protocol: Any = WSProtocol(
        None,
        None,
        False,
        listener,
        _SILENT,
        True,
        None,
        False,  # pings are ours: picows would wait for a dead client to take its last bytes
        limits.ping_seconds,
        limits.pong_seconds,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        True,
        limits.frame_bytes,
        None,
        16 * 1024,
    )
    transport.pause_reading()  # the loop reads into the buffers of the new protocol from now on
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    key = request.headers["sec-websocket-key"]
    head = (
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    )
    _replay(protocol, head.encode("latin-1"))
    _replay(protocol, tail)
    if not transport.is_closing():
        transport.resume_reading()


def _replay(protocol: Any, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        room = protocol.get_buffer(-1)
        size = min(len(room), len(rest))
        room[:size] = rest[:size]
        protocol.buffer_updated(size)
        rest = rest[size:]
