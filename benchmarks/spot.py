"""Kraken Spot to measure: its world, a token of an account, a blocking client of its socket."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import msgspec

from benchmarks.processes import LOAD_CORE, SERVER_CORE, on_core, run_module
from benchmarks.socket_load import SocketLoad, masked
from benchmarks.venue import FUTURES, SPOT, UnexpectedReply, serving, world_file
from openvenue.engine.units import AccountId
from openvenue.gateways.kraken_spot.auth import KeyRing, sign
from openvenue.testing.server import Server

CANCELER: Final = "canceler"  # an account of its own: its cancel-all leaves the load alone
WORLD: Final = """
[[venues.kraken-spot.accounts]]
name = "canceler"
deposits = [{ wallet = "spot", asset = "USD", amount = 1_000_000_000 }]
"""


@contextmanager
def spot_venue(directory: Path, *, in_memory: bool = False) -> Iterator[Server]:
    """A server with Kraken Spot, beside the Kraken Futures that no world is without."""
    config = world_file(directory, FUTURES, SPOT, more=WORLD)
    with serving(Server(directory, config=config, in_memory=in_memory), SERVER_CORE) as server:
        yield server


def token(server: Server, account: str) -> str:
    """What an account's socket says instead of a signature. Raises: UnexpectedReply."""
    return str(_private(server, account, "GetWebSocketsToken")["token"])


def open_orders(server: Server, *accounts: str) -> int:
    """How many orders these accounts have. Raises: UnexpectedReply."""
    return sum(len(_private(server, account, "OpenOrders")["open"]) for account in accounts)


def _private(server: Server, account: str, method: str) -> dict[str, Any]:
    """The result of a signed POST without arguments. Raises: UnexpectedReply."""
    pair = server.key_file.accounts[account].kraken_spot
    assert pair is not None, "keys of a new directory"
    ring = KeyRing.of_accounts({pair.api_key: (AccountId(account), pair.api_secret)})
    record = ring.find(pair.api_key)
    assert record is not None
    nonce = str(time.time_ns())
    body = f"nonce={nonce}"
    path = f"/0/private/{method}"
    connection = HTTPConnection("127.0.0.1", server.port)
    headers = {
        "API-Key": pair.api_key,
        "API-Sign": sign(record.secret, path, nonce, body.encode()),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", path, body, headers)
    reply = msgspec.json.decode(connection.getresponse().read(), type=dict[str, Any])
    connection.close()
    if reply["error"]:
        raise UnexpectedReply(f"{method}: {reply['error']}")
    result = reply["result"]
    assert isinstance(result, dict)
    return result


def send_frames(load: SocketLoad) -> dict[str, Any]:
    """A load, made by another process on the other core; all of it must succeed."""
    with on_core(LOAD_CORE):
        return run_module("benchmarks.socket_load", msgspec.json.encode(load).decode())


def count(server: Server, name: str) -> float:
    """What a counter of Kraken Spot says on `/metrics`, all its labels together."""
    connection = HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith(f"{name}{{") and 'venue="kraken-spot"' in line
    )


class SocketClient:
    """One blocking client: what a plain program feels."""

    def __init__(self, port: int, token: str) -> None:
        self._token = token
        self._data = b""
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(
            b"GET /v2 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % port
        )
        while b"\r\n\r\n" not in self._data:
            self._read()
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise UnexpectedReply(head.decode())

    def rest(self, orders: int) -> None:
        """Have so many orders rest, far below the price. Raises: UnexpectedReply."""
        text = (
            '{"method":"add_order","params":{"order_type":"limit","side":"buy",'
            '"symbol":"BTC/USD","order_qty":0.001,"limit_price":%d,"token":"%s"}}'
        )
        frames = [
            masked((text % (80_000 + number, self._token)).encode(), os.urandom(4))
            for number in range(orders)
        ]
        self._socket.sendall(b"".join(frames))
        for _ in frames:
            self._answer()

    def cancel_all(self, orders: int) -> float:
        """Seconds that it takes to cancel them. Raises: UnexpectedReply: others were canceled."""
        text = f'{{"method":"cancel_all","params":{{"token":"{self._token}"}}}}'
        frame = masked(text.encode(), os.urandom(4))
        begin = perf_counter()
        self._socket.sendall(frame)
        reply = self._answer()
        took = perf_counter() - begin
        if b'"count":%d}' % orders not in reply:
            raise UnexpectedReply(reply.decode())
        return took

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def _answer(self) -> bytes:
        """The next answer; the venue's status and heartbeats come in between."""
        while True:
            frame = self._frame()
            if b'"success":true' in frame:
                return frame
            if b'"channel"' not in frame:
                raise UnexpectedReply(frame.decode("utf-8", "replace"))

    def _frame(self) -> bytes:
        """The next text frame; the server never masks, and its pings are not answered."""
        while True:
            self._need(2)
            kind, size = self._data[0] & 15, self._data[1]
            start = 2
            if size == 126:
                self._need(4)
                size, start = int.from_bytes(self._data[2:4], "big"), 4
            self._need(start + size)
            frame, self._data = self._data[start : start + size], self._data[start + size :]
            if kind == 1:
                return frame

    def _need(self, size: int) -> None:
        while len(self._data) < size:
            self._read()

    def _read(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise UnexpectedReply("the server closed the connection")
        self._data += data
