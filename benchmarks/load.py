"""A load generator in a process of its own: `python -m benchmarks.load '{…}'`.

Requests are made and signed before the clock starts (without nonces, which are optional), each
connection keeps one in flight, and a reply is read no further than it must be. `rate` paces it;
without one it goes as fast as the server answers.
"""

import asyncio
import binascii
import hashlib
import hmac
import sys
import time
from random import Random
from typing import Any, Final, cast

import msgspec
import uvloop
from msgspec import Struct

PATH: Final = "/derivatives/api/v3/sendorder"
HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length:"


class Load(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to send."""

    port: int
    keys: list[tuple[str, str]]  # API key and secret; connections take turns
    connections: int
    requests: int
    seed: int = 1
    crossing: float = 0.1  # share of orders that take
    levels: int = 200
    mid: int = 95_000
    rate: float = 0.0  # requests per second; 0: as fast as it goes
    symbol: str = "PF_XBTUSD"


def authent(secret: bytes, data: str, path: str) -> str:
    """The signature of a request without a nonce. Source: Kraken Futures, "Authentication"."""
    text = (data + path.removeprefix("/derivatives")).encode()
    signed = hmac.digest(secret, hashlib.sha256(text).digest(), "sha512")
    return binascii.b2a_base64(signed, newline=False).decode()


def signed_post(key: tuple[str, str], path: str, data: str) -> bytes:
    """A whole signed request."""
    signature = authent(binascii.a2b_base64(key[1]), data, path)
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAPIKey: {key[0]}\r\nAuthent: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(data)}\r\n\r\n"
        f"{data}"
    ).encode()


def orders(load: Load) -> list[list[bytes]]:
    """Requests of each connection: limit orders around `mid`, some of which take."""
    random = Random(load.seed)
    share = load.requests // load.connections
    made = []
    for connection in range(load.connections):
        key = load.keys[connection % len(load.keys)]
        mine = []
        for _ in range(share):
            side = random.choice(("buy", "sell"))
            sign = 1 if side == "buy" else -1
            takes = random.random() < load.crossing
            away = -50 if takes else random.randint(1, load.levels)
            kind = "ioc" if takes else "lmt"
            size = random.randint(1, 3 if takes else 10)
            data = (
                f"orderType={kind}&symbol={load.symbol}&side={side}&size=0.{size:04}"
                f"&limitPrice={load.mid - sign * away}"
            )
            mine.append(signed_post(key, PATH, data))
        made.append(mine)
    return made


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, generator: "Generator", requests: list[bytes]) -> None:
        self._generator = generator
        self._requests = requests
        self._next = 0
        self._began = 0.0
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape alone

    def send(self) -> bool:
        """The next request; False: there is none left."""
        at = self._next
        if at == len(self._requests):
            return False
        self._next = at + 1
        self._began = time.perf_counter()
        self._transport.write(self._requests[at])
        return True

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        end = data.find(HEAD_END)
        if end < 0 or len(data) < end + 4 + content_length(data, end):
            self._buffer = data
            return
        self._buffer = b""
        self._generator.answered(self, time.perf_counter() - self._began, data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._generator.is_done:
            self._generator.fail(f"the server closed a connection: {error}")

    def close(self) -> None:
        """Leave."""
        self._transport.close()


def content_length(data: bytes, end: int) -> int:
    """What the header of that name says."""
    head = data[:end].lower()
    at = head.index(LENGTH) + len(LENGTH)
    stop = head.find(b"\r", at)
    return int(head[at:] if stop < 0 else head[at:stop])


class Generator:
    """All connections, and what came back."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._left = 0
        self._idle: list[Connection] = []
        self._done: asyncio.Future[None]
        self.took: list[float] = []
        self.refused = 0
        self.refusal = ""

    @property
    def is_done(self) -> bool:
        """Whether every request was answered."""
        return self._done.done()

    def answered(self, connection: Connection, took: float, reply: bytes) -> None:
        """One reply is here; on with the next."""
        self.took.append(took)
        if not (reply.startswith(b"HTTP/1.1 200") and b'"result":"success"' in reply):
            self.refused += 1
            self.refusal = reply.decode("utf-8", "replace")[-400:]
        self._left -= 1
        if self._left == 0:
            self._done.set_result(None)
        elif self._load.rate:
            self._idle.append(connection)
        else:
            connection.send()

    def fail(self, why: str) -> None:
        """Give up."""
        if not self._done.done():
            self._done.set_exception(ConnectionError(why))

    async def run(self) -> dict[str, Any]:
        """Send everything; what it took."""
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        made = orders(self._load)
        self._left = sum(len(mine) for mine in made)
        connections = []
        for mine in made:
            _, connection = await loop.create_connection(
                lambda mine=mine: Connection(self, mine),  # type: ignore[misc]
                "127.0.0.1",
                self._load.port,
            )
            connections.append(connection)
        total = self._left
        print("sending", flush=True)
        begin = time.perf_counter()
        cpu = time.process_time()
        if self._load.rate:
            self._idle = connections[:]
            pacer = asyncio.create_task(self._pace())
            await self._done
            pacer.cancel()
        else:
            for connection in connections:
                connection.send()
            await self._done
        wall = time.perf_counter() - begin
        cpu = time.process_time() - cpu
        for connection in connections:
            connection.close()
        self.took.sort()
        return {
            "requests": total,
            "wall_s": wall,
            "cpu_s": cpu,
            "p50_ms": self.took[total // 2] * 1e3,
            "p99_ms": self.took[int(total * 0.99)] * 1e3,
            "max_ms": self.took[-1] * 1e3,
            "refused": self.refused,
            "refusal": self.refusal,
        }

    async def _pace(self) -> None:
        """Send what is due, every millisecond, on connections that have nothing in flight."""
        begin = time.perf_counter()
        sent = 0
        while True:
            due = int((time.perf_counter() - begin) * self._load.rate) - sent
            while due > 0 and self._idle:
                sent += self._idle.pop().send()
                due -= 1
            await asyncio.sleep(0.001)


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[1], type=Load)
    print(msgspec.json.encode(uvloop.run(Generator(given).run())).decode())
