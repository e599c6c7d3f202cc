"""A transport that keeps what is written, a door without ports, an exchange that remembers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from openvenue.engine.commands import Command
from openvenue.engine.events import Event
from openvenue.engine.queries import Answer, Query
from openvenue.engine.units import Nanos
from openvenue.exchange.port import ExchangePort, Outcome, Sink, VenueStopped
from openvenue.gateways.http import HttpConnection
from openvenue.gateways.serve import Door
from openvenue.gateways.wire import Request
from openvenue.journal.records import Entry, Envelope


class PaperTransport(asyncio.Transport):
    """Everything written is kept; whoever reads it decides when buffers are empty."""

    def __init__(self, peer: str = "127.0.0.1") -> None:
        super().__init__({"peername": (peer, 40_000)})
        self.writes: list[bytes] = []
        self.unread = 0
        self.is_paused = False
        self.is_aborted = False
        self.has_eof = False
        self._is_closing = False

    @property
    def text(self) -> bytes:
        return b"".join(self.writes)

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    def abort(self) -> None:
        self._is_closing = self.is_aborted = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_eof = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


def connect(door: Door, peer: str = "127.0.0.1") -> tuple[HttpConnection, PaperTransport]:
    """A client of `door` that only exists on paper."""
    connection, transport = HttpConnection(door), PaperTransport(peer)
    connection.connection_made(transport)
    return connection, transport


def request(
    method: str,
    path: str,
    body: bytes = b"",
    query: bytes = b"",
    peer: str = "127.0.0.1",
    **headers: str,
) -> Request:
    """A request as the door hands it to a gateway; `x_admin_key=` is the header x-admin-key."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, query, named, body, peer, Nanos(1), {})


class RememberingExchange:
    """Answers every command with the events given, and keeps the command."""

    def __init__(self, *events: Event, stopped: str | None = None) -> None:
        self.events = events
        self.stopped = stopped
        self.asked: list[tuple[Command, Envelope]] = []
        self.time = Nanos(1_000)
        self.offset = Nanos(5)

    async def submit(self, command: Command, envelope: Envelope) -> Outcome:
        if self.stopped is not None:
            raise VenueStopped(self.stopped)
        self.asked.append((command, envelope))
        entry = Entry(len(self.asked), self.time, envelope, command, self.events)
        return Outcome(entry, {})

    def post(
        self, command: Command, envelope: Envelope, answer: Callable[[Outcome | None], None]
    ) -> None:
        raise AssertionError("nobody here talks in order")

    async def look(self, query: Query) -> Answer:
        raise AssertionError("nobody here looks")

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        raise AssertionError("nobody here listens")

    def now(self) -> Nanos:
        return self.time

    def as_port(self) -> ExchangePort:
        return cast(ExchangePort, self)


def replies(transport: PaperTransport) -> Sequence[int]:
    """The statuses written so far."""
    return [int(part[:3]) for part in transport.text.split(b"HTTP/1.1 ")[1:]]
