"""One HTTP/1.1 connection: requests handled and answered in order, with bounded patience.

Requests of a connection are handled one after the other, as they came, and answered so. What a
request means is the door's matter (`Hall`), how it is read is `request_reader`'s.
"""

import asyncio
import socket
import struct
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, Protocol, cast

from openvenue.engine.units import Nanos
from openvenue.exchange.ticket import Ticket
from openvenue.gateways.arrivals import HeaderNames, Refusal, Upgrade
from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.replies import CONTINUE, encode
from openvenue.gateways.request_reader import RequestReader
from openvenue.gateways.wire import Manner, Request, Response, Spoiled


class Hall(Protocol):
    """What a connection asks of the door that it came in by."""

    limits: DoorLimits
    header_names: HeaderNames
    is_closing: bool  # no further requests after those that were accepted

    def admit(self, connection: "HttpConnection", peer: str) -> int | None:
        """Count the connection in; or the status with which it is sent away."""

    def leave(self, connection: "HttpConnection", peer: str) -> None:
        """Count the connection out."""

    def answer(self, request: Request) -> Coroutine[Any, Any, Response | None]:
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


class HttpConnection:
    """Bytes in, bytes out. Nothing here awaits a client.

    An `asyncio.Protocol` by shape: without that base it can be compiled to a native class.
    """

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._limits = hall.limits
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(hall.limits, hall.header_names, hall.now)
        self._queue = self._reader.queue
        self._out: list[bytes] = []
        self._is_busy = False  # a handler waits for something
        self._task: asyncio.Task[None] | None = None  # if that is more than an exchange's answer
        self._handled: Request | None = None
        self._answer: Coroutine[Any, Any, Response | None] | None = None
        self.peer = ""

        self._is_admitted = False
        self._is_closing = False  # the last reply was written
        self._has_eof = False  # the client has said all it wants to say
        self._is_full = False  # the client does not read
        self._is_held = False  # we do not read
        self._has_asked = False  # for anything
        self._is_hung = False  # on purpose: nothing is answered any more

        self._began = 0.0  # loop time of the connection
        self._deadline = 0.0  # loop time at which patience ends
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    # ---- the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not its subclasses
        peer = transport.get_extra_info("peername")
        self.peer = self._reader.peer = (
            str(peer[0]) if isinstance(peer, tuple) and peer else "local"
        )
        status = self._hall.admit(self, self.peer)
        if status is not None:
            self._reader.end(Refusal(status, "too many connections", "", ""))
            self._pump()
            return
        self._is_admitted = True
        self._began = self._loop.time()
        self._wait(self._limits.first_byte_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = self._reader.is_ended = True
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._leave()

    def data_received(self, data: bytes) -> None:
        self._hall.count_bytes(len(data), 0)
        if self._reader.is_ended:
            return  # lingering: read only so that the reply is not lost to a reset
        self._reader.feed(data)
        self._pump()

    def eof_received(self) -> bool:
        # A client may close its half and wait for what it asked for.
        self._reader.is_ended = self._has_eof = True
        waits = (self._is_busy or bool(self._queue) or self._is_full) and not self._is_hung
        return waits and self._transport.get_extra_info("sslcontext") is None

    def pause_writing(self) -> None:
        self._is_full = True
        self._hold(True)
        unread = self._transport.get_write_buffer_size()
        self._wait(self._limits.write_seconds + unread / self._limits.write_bytes_per_second)

    def resume_writing(self) -> None:
        self._is_full = False
        self._pump()

    # ---- handling, in order

    def _pump(self) -> None:
        """Handle what waits, as far as it goes without waiting; then say it in one write."""
        queue = self._queue
        while queue and not self._is_busy and not self._is_full and not self._is_closing:
            item = queue.popleft()
            self._has_asked = True
            if type(item) is Request:
                self._step(item, self._hall.answer(item))
            elif type(item) is Refusal:
                self._say(self._hall.refuse(item, self.peer), keep=False, linger=self._is_admitted)
            else:
                assert isinstance(item, Upgrade)
                self._flush()
                if self._change_hands(item):
                    return
        if self._reader.owes_continue and not self._is_busy and not queue and not self._is_closing:
            self._reader.owes_continue = False
            self._out.append(CONTINUE)
        self._flush()
        if not self._is_closing:
            self._hold(self._is_full or len(queue) > self._limits.pipelined)
            self._set_patience()

    def _step(self, request: Request, answer: Coroutine[Any, Any, Response | None]) -> None:
        """Go on with a handler by hand: most need no task, as they wait for an exchange at most."""
        try:
            waits_for = answer.send(None)
        except StopIteration as done:
            self._is_busy = False
            self._reply(request, done.value)
            return
        except BaseException:
            self._is_busy = False
            self._transport.abort()  # the door has a bug of its own: nobody waits here
            raise
        self._is_busy = True
        if type(waits_for) is Ticket:
            self._handled, self._answer = request, answer
            waits_for.then = self._go_on
        else:
            self._task = self._loop.create_task(self._finish(request, answer, waits_for))

    def _go_on(self) -> None:
        """The exchange has answered."""
        request, answer = self._handled, self._answer
        assert request is not None and answer is not None
        self._handled = self._answer = None
        self._step(request, answer)
        self._pump()

    async def _finish(self, request: Request, answer: Coroutine[Any, Any, Any], first: Any) -> None:
        try:
            response = await _rest_of(answer, first)
        except BaseException:
            self._transport.abort()  # the door closes, or has a bug of its own: nobody waits here
            raise
        finally:
            self._task = None
            self._is_busy = False
        self._reply(request, response)
        self._pump()

    def _reply(self, request: Request, response: Response | None) -> None:
        if type(response) is not Response:
            self._misbehave(request, response)
            return
        is_last = not self._queue and (self._reader.is_ended or self._hall.is_closing)
        keep = request.keeps_alive and not is_last
        self._say(
            response,
            keep=keep,
            accepted=request.headers.get("accept-encoding"),
            is_head=request.is_head,
            is_old=request.is_old,
        )

    def _misbehave(self, request: Request, response: Response | None) -> None:
        """Whatever a fault on purpose wants in place of a reply; None: the connection closes."""
        manner: Manner | None = None
        if isinstance(response, Spoiled):
            manner = response.manner
        if response is None or manner is None:
            self._close(linger=False)
        elif manner is Manner.HANG:
            self._is_busy = self._is_hung = True
        elif manner is Manner.RESET:
            self._reset()
        elif not self._is_closing:
            data = encode(
                response,
                self._hall.date(),
                self._limits,
                accepted=None,
                is_head=request.is_head,
                connection=b"",
            )
            if manner is Manner.CUT:
                self._out.append(data[: -max(len(response.body) // 2, 1)])
                self._close(linger=False)
            else:
                self._out += [data, data]

    def _reset(self) -> None:
        """End the connection without a goodbye, as a machine does that is gone."""
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._is_closing = self._reader.is_ended = True
        self._transport.abort()

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
        self._is_closing = self._reader.is_ended = True
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
        """Become a WebSocket. False: not now, or the door said no, and this connection closes."""
        refused = self._hall.upgrade(upgrade, self._transport, self)
        if refused is not None:
            if isinstance(refused, Spoiled):
                self._delay_or_refuse(upgrade, refused)
            else:
                self._say(refused, keep=False, linger=True)
            return False
        self._is_closing = True
        self._is_admitted = False  # counted under its new name
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return True

    def _delay_or_refuse(self, upgrade: Upgrade, spoiled: Spoiled) -> None:
        if spoiled.manner is Manner.LATER:
            self._is_busy = True
            self._loop.call_later(spoiled.seconds, self._change_hands_late, upgrade)
        else:
            self._misbehave(upgrade.request, spoiled)

    def _change_hands_late(self, upgrade: Upgrade) -> None:
        self._is_busy = False
        if not self._transport.is_closing() and not self._is_closing:
            self._change_hands(upgrade)

    # ---- patience

    def _set_patience(self) -> None:
        """How long we wait now, by what we wait for. A busy handler is not the client's fault."""
        limits = self._limits
        if self._is_full:
            return
        if self._is_busy or self._queue:
            self._deadline = 0.0
        elif self._reader.is_reading:
            seconds = limits.body_seconds if self._reader.has_headers else limits.header_seconds
            self._wait(self._reader.phase_began + seconds - self._loop.time())
        elif self._hall.is_closing:
            self._close(linger=False)
        elif self._has_asked:
            self._wait(limits.idle_seconds)
        else:
            self._wait(self._began + limits.first_byte_seconds - self._loop.time())

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
        elif self._reader.is_reading and not self._reader.is_ended:
            self._reader.time_out()
            self._pump()
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
        if self._is_hung:
            self._transport.abort()
        elif (
            not self._is_busy
            and not self._queue
            and not self._reader.is_reading
            and not self._is_closing
        ):
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
