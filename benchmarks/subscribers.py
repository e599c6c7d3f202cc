"""Readers of the book feed, in a process of their own: `python -m benchmarks.subscribers '{…}'`.

Every subscriber of one product hears the same bytes, so one connection's frames are counted, and
of the others that they got as many bytes. Prints `ready` once all are subscribed, then the figures
when its input ends.
"""

import asyncio
import base64
import os
import sys
from typing import Final, cast

import msgspec
import uvloop
from msgspec import Struct

HEAD_END: Final = b"\r\n\r\n"
SUBSCRIBE: Final = b'{"event":"subscribe","feed":"book","product_ids":["PF_XBTUSD"]}'
QUIET_SECONDS: Final = 0.5  # without a byte for anybody: all of it is here


class Readers(Struct, kw_only=True, forbid_unknown_fields=True):
    """How many, where."""

    port: int
    count: int


class Reader(asyncio.Protocol):
    """One subscriber."""

    def __init__(self, port: int, subscribed: asyncio.Future[None]) -> None:
        self._port = port
        self._subscribed = subscribed
        self._head: bytes | None = b""
        self._tail = b""
        self.received = 0
        self.is_counting = False
        self.frames: list[bytes] = []
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape alone
        name = base64.b64encode(os.urandom(16))
        self._transport.write(
            b"GET /ws/v1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
            % (self._port, name)
        )

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += data
            if HEAD_END not in self._head:
                return
            head, _, data = self._head.partition(HEAD_END)
            assert head.startswith(b"HTTP/1.1 101"), head
            self._head = None
            self._transport.write(masked(SUBSCRIBE))
        if not self._subscribed.done():
            self._tail += data
            if b"book_snapshot" in self._tail and self._take() and not self._tail:
                self.frames.clear()
                self._subscribed.set_result(None)
            return
        self.received += len(data)
        if self.is_counting:
            self._tail += data
            self._take()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._subscribed.done():
            self._subscribed.set_exception(error or ConnectionError("closed"))

    def _take(self) -> bool:
        """Split whole frames off the tail. The server never masks, and uses three lengths."""
        data, at = self._tail, 0
        while len(data) - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[start : start + 2]), start + 2
            elif size == 127:
                size, start = int.from_bytes(data[start : start + 8]), start + 8
            if len(data) < start + size:
                break
            self.frames.append(data[start : start + size])
            at = start + size
        self._tail = data[at:]
        return True


def masked(text: bytes) -> bytes:
    """A client's text frame; the mask is zero, which is one too."""
    assert len(text) < 126
    return bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text


async def read(readers: Readers) -> None:
    """Subscribe, say so, and count until the input ends and nothing more arrives."""
    loop = asyncio.get_running_loop()
    all_of_them: list[Reader] = []
    for _ in range(readers.count):
        subscribed: asyncio.Future[None] = loop.create_future()
        _, reader = await loop.create_connection(
            lambda subscribed=subscribed: Reader(readers.port, subscribed),  # type: ignore[misc]
            "127.0.0.1",
            readers.port,
        )
        await subscribed
        all_of_them.append(reader)
    counting = all_of_them[0]
    counting.is_counting = True
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    before = -1
    while (now := sum(reader.received for reader in all_of_them)) != before:
        before = now
        await asyncio.sleep(QUIET_SECONDS)
    updates = sum(b'"feed":"book"' in frame for frame in counting.frames)
    equal = sum(reader.received == counting.received for reader in all_of_them)
    result = {
        "subscribers": readers.count,
        "equal": equal,
        "frames": updates,
        "others": len(counting.frames) - updates,
        "bytes": before,
    }
    print(msgspec.json.encode(result).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(read(msgspec.json.decode(sys.argv[1], type=Readers)))
