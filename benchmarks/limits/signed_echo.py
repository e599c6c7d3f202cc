"""The least that a signed HTTP API can do: parse, verify `Authent`, decode the form, reply.

`python -m benchmarks.limits.signed_echo SECRET`: prints its port, serves until it is killed. It is
made of httptools, hashlib, msgspec and uvloop alone, and keeps the hash states of its key.
"""

import asyncio
import binascii
import hashlib
import hmac
import sys
from typing import Final, cast

import httptools
import msgspec
import uvloop
from msgspec import Struct

BLOCK: Final = 128
ENCODE: Final = msgspec.json.Encoder().encode


class Status(Struct):
    """What was received, and about as much as a venue says."""

    order_id: str
    status: str
    symbol: str
    side: str
    size: str
    price: str


class Reply(Struct):
    """The envelope."""

    result: str
    status: Status


class Signer:
    """HMAC-SHA512 with the states of its key kept."""

    def __init__(self, secret: bytes) -> None:
        key = secret if len(secret) <= BLOCK else hashlib.sha512(secret).digest()
        block = key.ljust(BLOCK, b"\0")
        self._inner = hashlib.sha512(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha512(bytes(byte ^ 0x5C for byte in block))

    def sign(self, message: bytes) -> bytes:
        """Base64 of HMAC-SHA512 over SHA-256 of `message`."""
        inner = self._inner.copy()
        inner.update(hashlib.sha256(message).digest())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return binascii.b2a_base64(outer.digest(), newline=False)


class Echo(asyncio.Protocol):
    """One connection."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._authent = b""
        self._nonce = b""
        self._body = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape alone

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url = self._authent = self._nonce = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"authent":
            self._authent = value
        elif name == b"nonce":
            self._nonce = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        path = self._url.removeprefix(b"/derivatives")
        expected = self._signer.sign(self._body + self._nonce + path)
        if not hmac.compare_digest(expected, self._authent):
            self._send(b"HTTP/1.1 401 Unauthorized\r\n", b"{}")
            return
        form = dict(pair.split("=", 1) for pair in self._body.decode().split("&"))
        status = Status(
            "1", "placed", form["symbol"], form["side"], form["size"], form["limitPrice"]
        )
        self._send(b"HTTP/1.1 200 OK\r\n", ENCODE(Reply("success", status)))

    def _send(self, head: bytes, body: bytes) -> None:
        self._transport.write(
            b"%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (head, len(body), body)
        )


async def serve(secret: bytes) -> None:
    """Until the process is killed."""
    signer = Signer(secret)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Echo(signer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(binascii.a2b_base64(sys.argv[1])))
