"""Orders over WebSocket, by a process of its own: `python -m benchmarks.socket_load '{…}'`.

Whole frames, masked, are made before the clock starts; each connection keeps so many in flight and
answers a batch of replies with one write of as many frames, taken in turns from those that were
made. Every reply has to be a success. `rate` paces all connections together; without one they go as
fast as the server answers.
"""

import asyncio
import os
import sys
import time
from collections import deque
from random import Random
from typing import Any, Final

import msgspec
import uvloop
from msgspec import Struct
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

SUCCESS: Final = b'"success":true'
TICK_S: Final = 0.001


class SocketLoad(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to send."""

    port: int
    tokens: list[str]  # the first buys, the second sells; connections take turns
    connections: int
    in_flight: int  # on each connection
    requests: int
    path: str = "/v2"
    frames: int = 4_000  # made for each connection, sent over and over
    seed: int = 1
    taking: float = 0.45  # share of orders that take
    levels: int = 200
    mid: int = 950_000  # in ticks of 0.1
    rate: float = 0.0  # requests per second; 0: as fast as it goes
    symbol: str = "BTC/USD"


def masked(text: bytes, mask: bytes) -> bytes:
    """A client's text frame. Source: RFC 6455, 5.2."""
    size = len(text)
    head = b"\x81" + (bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big"))
    assert size < 65_536
    key = (mask * (size // 4 + 1))[:size]
    mixed = int.from_bytes(text, "big") ^ int.from_bytes(key, "big")
    return head + mask + mixed.to_bytes(size, "big")


def orders(load: SocketLoad, connection: int) -> list[bytes]:
    """Frames of one connection: limit orders that rest beside `mid`, and IOC ones that take.

    Who buys never sells, so that nobody meets themselves.
    """
    random = Random(load.seed * 1_000 + connection)
    turn = connection % len(load.tokens)
    token, is_buy = load.tokens[turn], turn == 0
    made = []
    for number in range(load.frames):
        takes = random.random() < load.taking
        away = -load.levels if takes else random.randint(1, load.levels)
        price = load.mid + (-away if is_buy else away)
        text = (
            '{"method":"add_order","params":{"order_type":"limit",'
            f'"side":"{"buy" if is_buy else "sell"}","symbol":"{load.symbol}",'
            f'"order_qty":0.00{random.randint(10, 99)},"limit_price":{price // 10}.{price % 10},'
            f'"time_in_force":"{"ioc" if takes else "gtc"}","token":"{token}"}},"req_id":{number}}}'
        )
        made.append(masked(text.encode(), os.urandom(4)))
    return made


class Connection(WSListener):
    """One client with some orders in flight."""

    def __init__(self, generator: "Generator", frames: list[bytes]) -> None:
        self._generator = generator
        self._frames = frames
        self._at = 0
        self._sent: deque[tuple[int, float]] = deque()  # how many at once, when
        self._replies = 0  # of the turn that goes on
        self._wire: asyncio.Transport
        self.in_flight = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._wire = transport.underlying_transport

    def send(self, count: int) -> None:
        """So many orders in one write."""
        frames, at = self._frames, self._at
        chosen = frames[at : at + count]
        if len(chosen) < count:
            chosen += frames[: count - len(chosen)]
        self._at = (at + count) % len(frames)
        self.in_flight += count
        self._sent.append((count, time.perf_counter()))
        self._wire.write(b"".join(chosen))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if SUCCESS not in payload:
            if frame.msg_type != WSMsgType.TEXT or b'"channel"' not in payload:
                self._generator.refused(payload)
            return  # the venue's own status, and heartbeats
        if not self._replies:
            self._generator.loop.call_soon(self._turn_over)
        self._replies += 1

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._generator.fail("the server closed a connection")

    def _turn_over(self) -> None:
        """All that one read brought is here: note how long it took, and send as many."""
        replies, self._replies = self._replies, 0
        self.in_flight -= replies
        now = time.perf_counter()
        left, sent, took = replies, self._sent, self._generator.took
        while left:
            count, began = sent.popleft()
            if count > left:
                sent.appendleft((count - left, began))
                count = left
            left -= count
            took.append((now - began, count))
        self._generator.answered(self, replies)


class Generator:
    """All connections, and what came back."""

    def __init__(self, load: SocketLoad) -> None:
        self._load = load
        self._to_send = self._to_hear = load.requests
        self._done: asyncio.Future[None]
        self.loop: asyncio.AbstractEventLoop
        self.took: list[tuple[float, int]] = []

    def answered(self, connection: Connection, replies: int) -> None:
        """Some replies are here; on with as many."""
        self._to_hear -= replies
        if self._to_hear <= 0:
            if not self._done.done():
                self._done.set_result(None)
        elif not self._load.rate:
            self._send(connection, replies)

    def refused(self, payload: bytes) -> None:
        """A reply that is no success."""
        self.fail(f"refused: {payload.decode('utf-8', 'replace')[:400]}")

    def fail(self, why: str) -> None:
        """Give up."""
        if not self._done.done():
            self._done.set_exception(ConnectionError(why))

    async def run(self) -> dict[str, Any]:
        """Send everything; what it took. Raises: ConnectionError: an order was refused."""
        load = self._load
        self.loop = asyncio.get_running_loop()
        self._done = self.loop.create_future()
        connections: list[Connection] = []
        for number in range(load.connections):
            made = orders(load, number)
            _, listener = await ws_connect(
                lambda made=made: Connection(self, made),
                f"ws://127.0.0.1:{load.port}{load.path}",
            )
            assert isinstance(listener, Connection)
            connections.append(listener)
        print("sending", flush=True)
        begin = time.perf_counter()
        cpu = time.process_time()
        if load.rate:
            pacer = asyncio.create_task(self._pace(connections))
            await self._done
            pacer.cancel()
        else:
            for connection in connections:
                self._send(connection, load.in_flight)
            await self._done
        wall = time.perf_counter() - begin
        cpu = time.process_time() - cpu
        p50, p99 = self._percentiles()
        return {
            "requests": load.requests,
            "wall_s": wall,
            "cpu_s": cpu,
            "p50_ms": p50 * 1e3,
            "p99_ms": p99 * 1e3,
        }

    def _send(self, connection: Connection, count: int) -> None:
        count = min(count, self._to_send)
        if count > 0:
            self._to_send -= count
            connection.send(count)

    async def _pace(self, connections: list[Connection]) -> None:
        """Send what is due, every millisecond, one connection after the other."""
        begin = time.perf_counter()
        sent = turn = 0
        share = max(1, round(self._load.rate * TICK_S / len(connections)))
        while True:
            due = int((time.perf_counter() - begin) * self._load.rate) - sent
            for _ in connections:
                turn = (turn + 1) % len(connections)
                count = min(due, share * 4, self._load.in_flight - connections[turn].in_flight)
                if count > 0:
                    self._send(connections[turn], count)
                    sent += count
                    due -= count
            await asyncio.sleep(TICK_S)

    def _percentiles(self) -> tuple[float, float]:
        self.took.sort()
        total = sum(count for _, count in self.took)
        found: list[float] = []
        seen = 0
        for seconds, count in self.took:
            seen += count
            while len(found) < 2 and seen >= total * (0.5, 0.99)[len(found)]:
                found.append(seconds)
        return found[0], found[1]


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[1], type=SocketLoad)
    print(msgspec.json.encode(uvloop.run(Generator(given).run())).decode())
