"""The least that a WebSocket order API can do: decode `add_order` with its digits, reply.

`python -m benchmarks.limits.socket_echo`: prints its port, serves until it is killed. One port: the
upgrade request is read by httptools, then the transport is handed to picows, as a venue with both
on one port has to. Made of these, msgspec and uvloop alone. Times are formatted once for a batch,
and the replies to what one read brought leave in one write.
"""

import asyncio
import logging
from datetime import UTC, datetime
from struct import Struct as Layout
from time import time_ns
from typing import Any, Final, cast

import httptools
import msgspec
import uvloop
from msgspec import Raw, Struct
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest
from picows.picows import WSAutoPingStrategy, WSProtocol  # type: ignore[attr-defined]

ENCODE: Final = msgspec.json.Encoder().encode
MIDDLE: Final = Layout("!BBH").pack
FRAME_MAX: Final = 2**20
SILENT: Final = logging.Logger("picows", logging.CRITICAL + 1)


class Params(Struct):
    """An order, its numbers as digits."""

    order_type: str
    side: str
    symbol: str
    order_qty: Raw
    limit_price: Raw
    token: str
    time_in_force: str = "gtc"


class Request(Struct):
    """What is asked."""

    method: str
    params: Params
    req_id: int


class Result(Struct):
    """What came of it."""

    order_id: str


class Reply(Struct):
    """About as much as a venue says."""

    method: str
    req_id: int
    result: Result
    success: bool
    time_in: str
    time_out: str


DECODE: Final = msgspec.json.Decoder(Request).decode


class Echo(WSListener):
    """One client."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self._stamp = ""
        self._wire: asyncio.Transport

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._wire = transport.underlying_transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            transport.disconnect()
            return
        if not self._out:
            self._stamp = stamp()
            self._loop.call_soon(self._flush)
        asked = DECODE(frame.get_payload_as_memoryview())
        params = asked.params
        read_digits(params.order_qty)
        read_digits(params.limit_price)
        reply = ENCODE(
            Reply(
                asked.method,
                asked.req_id,
                Result("OABCDE-FGHIJ-KLMNOP"),
                True,
                self._stamp,
                self._stamp,
            )
        )
        self._out.append(MIDDLE(0x81, 126, len(reply)))
        self._out.append(reply)

    def _flush(self) -> None:
        out, self._out = self._out, []
        self._wire.write(b"".join(out))


class Door(asyncio.Protocol):
    """Reads one upgrade request, and leaves."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._key = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape alone

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"sec-websocket-key":
            self._key = value

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._hand_over()

    def _hand_over(self) -> None:
        """A client waits for the answer before it sends more: nothing is left to pass on."""

        def listener(_: WSUpgradeRequest) -> WSListener:
            return Echo()

        protocol: Any = WSProtocol(
            *(None, None, False, listener, SILENT, True, None, False, 10, 10),
            *(WSAutoPingStrategy.PING_WHEN_IDLE, True, FRAME_MAX, None, 16 * 1024),
        )
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        head = (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n" % self._key
        )
        room = protocol.get_buffer(-1)
        room[: len(head)] = head
        protocol.buffer_updated(len(head))


def read_digits(raw: Raw) -> tuple[int, int]:
    """An exact number: an integer, and how many of its digits are decimals."""
    whole, _, part = bytes(raw).partition(b".")
    return int(whole + part), len(part)


def stamp() -> str:
    """Now, with microseconds."""
    return datetime.fromtimestamp(time_ns() / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def serve() -> None:
    """Until the process is killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Door, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
