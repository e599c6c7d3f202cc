"""A door with a gateway that does what tests need, and a client that speaks in raw bytes."""

import asyncio
import os
import ssl
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Final, Self, TypeVar, cast

from openvenue.faults.plan import FaultPlan
from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.serve import Door
from openvenue.gateways.wire import (
    Gateway,
    Handler,
    OpenSession,
    Request,
    Response,
    Sender,
    Trouble,
)

T = TypeVar("T")

PATIENCE_S: Final = 10.0  # of a test with the door; never reached when all is well


class Conversation:
    """Greets, echoes; `burst N` sends N frames in one turn, `flood` never stops."""

    def __init__(self, gateway: "TestGateway", request: Request, sender: Sender) -> None:
        self.gateway = gateway
        self.sender = sender
        gateway.conversations.append(self)
        sender.send(b"hello " + request.query)

    def receive(self, frame: bytes) -> None:
        match frame.split():
            case [b"burst", count]:
                for number in range(int(count)):
                    self.sender.send(b"frame %d" % number)
            case [b"flood"]:
                self.flood()
            case [b"leave"]:
                self.sender.send(b"last words")
                self.sender.close(4001, "enough")
            case [b"fail"]:
                raise LookupError("a bug in a session")
            case _:
                self.sender.send(frame)

    def flood(self) -> None:
        if not self.gateway.closed.is_set():
            self.sender.send(b"x" * 65_536)
            asyncio.get_running_loop().call_soon(self.flood)

    def closed(self) -> None:
        self.gateway.closed.set()


class TestGateway:
    """Echoes; waits where told; fails where told."""

    __test__ = False
    name = "test"

    def __init__(self) -> None:
        self.entered = asyncio.Event()  # somebody is in /wait
        self.release = asyncio.Event()
        self.closed = asyncio.Event()  # a conversation ended
        self.conversations: list[Conversation] = []
        self.handled: list[str] = []
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "/echo"): self.echo,
            ("POST", "/echo"): self.echo,
            ("GET", "/wait"): self.wait,
            ("GET", "/large"): self.large,
            ("GET", "/bug"): self.bug,
            ("GET", "/late-bug"): self.late_bug,
        }

    def route(self, method: str, path: str) -> Handler | None:
        return self._routes.get((method, path))

    def socket(self, path: str) -> OpenSession | None:
        if path != "/ws":
            return None
        return lambda request, sender: Conversation(self, request, sender)

    @property
    def paths(self) -> tuple[str, ...]:
        return (*(path for _, path in self._routes), "/ws")

    def claimed(self, request: Request) -> str:
        return request.headers.get("who", "")

    def shows_key(self, request: Request) -> bool:
        return "who" in request.headers

    def claimed_by(self, frame: bytes) -> str | None:
        return None

    def subject(self, frame: bytes) -> str:
        return ""

    def trouble(self, trouble: Trouble, request: Request) -> Response:
        return Response(200, f"trouble {trouble}".encode())

    def trouble_frame(self, trouble: Trouble, frame: bytes) -> bytes:
        return f"trouble {trouble}".encode()

    async def echo(self, request: Request) -> Response:
        self.handled.append(request.query.decode())
        return Response(200, request.body or request.query)

    async def wait(self, request: Request) -> Response:
        self.entered.set()
        await self.release.wait()
        return Response(200, b"waited")

    async def large(self, request: Request) -> Response:
        return Response(200, b"y" * int(request.query or b"2000"), "text/plain")

    async def bug(self, request: Request) -> Response:
        raise LookupError("a bug in a handler")

    async def late_bug(self, request: Request) -> Response:
        await asyncio.sleep(0)
        raise LookupError("a bug in a handler")


class Reply:
    """A reply as it came."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Wire:
    """A client's socket. Nothing is added to what a test sends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._sent = b""

    def send(self, data: bytes) -> Self:
        self._sent = data
        self.writer.write(data)
        return self

    async def reply(self, *, has_body: bool = True) -> Reply:
        head = await self._in_time(self.reader.readuntil(b"\r\n\r\n"), "answer")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        size = int(headers.get("content-length", 0)) if has_body else 0
        body = await self._in_time(self.reader.readexactly(size), "body")
        return Reply(int(first.split()[1]), headers, body)

    def stop_reading(self) -> None:
        """Leave what comes in the buffers of the machine, as a client does that hangs."""
        cast(asyncio.Transport, self.writer.transport).pause_reading()

    async def everything(self) -> bytes:
        """All that comes until the door closes."""
        return await self._in_time(self.reader.read(), "end of the connection")

    async def frame(self) -> tuple[int, bytes]:
        """The opcode and payload of the next WebSocket frame."""
        return await self._in_time(self.frame_at_last(), "frame")

    async def frame_at_last(self) -> tuple[int, bytes]:
        """The same, however long nothing comes."""
        first, size = await self.reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8))
        return first & 0xF, await self.reader.readexactly(size)

    async def upgraded(self, path: str = "/ws", extra: str = "", tail: bytes = b"") -> Reply:
        self.send(upgrade(path, extra) + tail)
        return await self.reply()

    async def close(self) -> None:
        self.writer.close()

    async def _in_time(self, waiting: Awaitable[T], what: str) -> T:
        # Not `wait_for`: that of Python 3.11 forgets a cancellation that comes with what it waits
        # for, and a client that is told to stop goes on.
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await waiting
        except TimeoutError:
            line = self._sent.partition(b"\r\n")[0][:200]
            raise TimeoutError(f"no {what} within {PATIENCE_S:g} s after {line!r}") from None


class Scene:
    """An open door, its gateway, and a way to knock."""

    def __init__(self, door: Door, gateway: TestGateway) -> None:
        self.door = door
        self.gateway = gateway
        self._wires: list[Wire] = []

    async def connect(self, tls: ssl.SSLContext | None = None) -> Wire:
        port = self.door.port if tls is None else self.door.tls_port
        name = None if tls is None else "localhost"
        wire = Wire(
            *await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
        )
        self._wires.append(wire)
        return wire

    async def ask(self, request: bytes) -> Reply:
        """One request on a connection of its own."""
        return await (await self.connect()).send(request).reply()

    def close(self) -> None:
        for wire in self._wires:
            wire.writer.transport.abort()


@asynccontextmanager
async def open_door(
    *others: Gateway,
    limits: DoorLimits | None = None,
    faults: FaultPlan | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Scene]:
    """A door on a free port, closed again afterwards."""
    gateway = TestGateway()
    door = Door([gateway, *others], limits=limits, faults=faults)
    await door.start("127.0.0.1", 0, None if tls is None else 0, tls)
    scene = Scene(door, gateway)
    try:
        yield scene
    finally:
        gateway.release.set()
        scene.close()
        await door.stop(PATIENCE_S)


def get(target: str, *headers: str) -> bytes:
    """A GET as bytes."""
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def post(target: str, body: bytes, *headers: str) -> bytes:
    """A POST as bytes."""
    size = f"Content-Length: {len(body)}"
    head = [f"POST {target} HTTP/1.1", "Host: localhost", size, *headers, "", ""]
    return "\r\n".join(head).encode() + body


def upgrade(path: str = "/ws", extra: str = "") -> bytes:
    """A request to go on as a WebSocket."""
    key = b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        f"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n{extra}\r\n"
    ).encode()


def frame(payload: bytes, opcode: int = 1, *, is_last: bool = True, first_bits: int = 0) -> bytes:
    """A masked frame, as clients send them."""
    mask = os.urandom(4)
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", (is_last << 7) | first_bits | opcode, 128 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", (is_last << 7) | first_bits | opcode, 128 | 126, size)
    else:
        head = struct.pack("!BBQ", (is_last << 7) | first_bits | opcode, 128 | 127, size)
    masked = bytes(byte ^ mask[at & 3] for at, byte in enumerate(payload))
    return head + mask + masked
