"""A venue to measure: the installed program on one core, in a world with room for many orders."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import msgspec
from msgspec import Struct

from benchmarks.load import HEAD_END, Load, content_length, signed_post
from benchmarks.processes import LOAD_CORE, SERVER_CORE, on_core, run_module
from openvenue.testing.server import Server

VENUE: Final = "kraken-futures"  # its directory in the data directory
API: Final = "/derivatives/api/v3/"
ROOM: Final = 10_000_000  # open orders


class Part(Struct, frozen=True):
    """One venue of the default world, and what makes room in it for very many orders."""

    file: str
    replaced: tuple[tuple[str, str], ...]


FUTURES: Final = Part(
    "default.toml",
    (
        ("max_open_orders = 2000", f"max_open_orders = {ROOM}"),
        (
            'wallet = "flex", asset = "USD", amount = 1_000_000 }',
            'wallet = "flex", asset = "USD", amount = 10_000_000_000 }',
        ),
        ("max_position = 1_200\n", "max_position = 12_000_000\n"),
    ),
)
SPOT: Final = Part(
    "kraken_spot.toml",
    (
        ("max_open_orders = 80 ", f"max_open_orders = {ROOM} "),
        ('asset = "USD", amount = 1_000_000 }', 'asset = "USD", amount = 10_000_000_000 }'),
        ('asset = "BTC", amount = 10 }', 'asset = "BTC", amount = 1_000_000 }'),
    ),
)
PACIFICA: Final = Part(
    "pacifica.toml", (("max_open_orders = 1000\n", f"max_open_orders = {ROOM}\n"),)
)


class UnexpectedReply(OSError):
    """The venue did not do what a row needs."""


def world_file(directory: Path, *parts: Part, more: str = "") -> Path:
    """Parts of the default world (Kraken Futures alone, if none is named), with rich accounts."""
    worlds = resources.files("openvenue.exchange") / "worlds"
    texts = []
    for part in parts or (FUTURES,):
        text = (worlds / part.file).read_text("utf-8")
        for old, new in part.replaced:
            if old not in text:
                raise UnexpectedReply(f"{part.file} no longer says {old!r}")
            text = text.replace(old, new)
        texts.append(text)
    path = directory / "world.toml"
    path.write_text("\n".join([*texts, more]), "utf-8")
    return path


@contextmanager
def venue(directory: Path, *, core: int | None = SERVER_CORE) -> Iterator[Server]:
    """Kraken Futures alone, without a crowd and without rate limits, on one core or on all."""
    with serving(Server(directory, config=world_file(directory)), core) as server:
        yield server


@contextmanager
def serving(server: Server, core: int | None) -> Iterator[Server]:
    """A server that runs on one core, or on all."""
    with on_core(core):
        server.start()
    try:
        yield server
    finally:
        server.kill()


def keys(server: Server) -> list[tuple[str, str]]:
    """API key and secret of both accounts."""
    pairs = [server.keys("primary"), server.keys("secondary")]
    return [(pair.api_key, pair.api_secret) for pair in pairs]


def send(load: Load) -> dict[str, Any]:
    """A load, made by another process on the other core; all of it must succeed."""
    with on_core(LOAD_CORE):
        result = run_module("benchmarks.load", msgspec.json.encode(load).decode())
    if result["refused"]:
        raise UnexpectedReply(f"{result['refused']} requests were refused: {result['refusal']}")
    return result


class Client:
    """One blocking keep-alive connection with one request in flight: what a plain client feels."""

    def __init__(self, port: int, key: tuple[str, str]) -> None:
        self._key = key
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, endpoint: str, data: str = "") -> bytes:
        """The body of the reply to a signed POST."""
        return self.exchange(signed_post(self._key, API + endpoint, data))

    def get(self, path: str) -> bytes:
        """The body of the reply to an unsigned GET."""
        return self.exchange(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    def exchange(self, request: bytes) -> bytes:
        """The body of the reply. Raises: UnexpectedReply: it is none of success."""
        self._socket.sendall(request)
        data = b""
        while (end := data.find(HEAD_END)) < 0:
            data += self._read()
        parts = [data]
        left = end + 4 + content_length(data, end) - len(data)
        while left > 0:
            parts.append(self._read())
            left -= len(parts[-1])
        data = b"".join(parts)
        if (
            not data.startswith(b"HTTP/1.1 200")
            or b'"result":"success"' not in data[-200:] + data[end : end + 200]
        ):
            raise UnexpectedReply(data[:400].decode("utf-8", "replace"))
        return data[end + 4 :]

    def timed(self, request: bytes) -> float:
        """Seconds until the last byte of the reply."""
        begin = perf_counter()
        self.exchange(request)
        return perf_counter() - begin

    def order(self, number: int) -> bytes:
        """A signed order that rests, at one of 200 prices."""
        price = 94_000 - number % 200
        data = f"orderType=lmt&symbol=PF_XBTUSD&side=buy&size=0.0001&limitPrice={price}"
        return signed_post(self._key, API + "sendorder", data)

    def cancel_all(self) -> bytes:
        """A signed cancel of everything."""
        return signed_post(self._key, API + "cancelallorders", "")

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def _read(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise UnexpectedReply("the server closed the connection")
        return data
