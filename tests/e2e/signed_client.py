"""A plain client of Kraken Futures that signs for itself, knows no library, and sends raw bytes."""

import asyncio
import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import count
from typing import Any, Final, Self
from urllib.parse import urlencode

from openvenue.exchange.keys import KeyPair
from openvenue.testing.server import Server
from tests.e2e.door_scene import Reply, Wire

BASE: Final = "/derivatives/api/v3/"
FORM: Final = "application/x-www-form-urlencoded"
PATIENCE_S: Final = 20.0  # for what must come; never reached when all is well

_nonces: Final[Iterator[int]] = count(time.time_ns() // 1_000)


def next_nonce() -> str:
    """Microseconds since 1970, or one more than the last one given out."""
    return str(next(_nonces))


def authent(secret: str, data: bytes, nonce: str, path: str) -> str:
    """The signature of a request. Source: Kraken Futures REST, "Authentication"."""
    message = hashlib.sha256(data + nonce.encode() + path.removeprefix("/derivatives").encode())
    return b64encode(hmac.digest(b64decode(secret), message.digest(), "sha512")).decode()


class Trader:
    """One API key, and the requests it signs."""

    def __init__(self, server: Server, account: str = "primary") -> None:
        self.account = account
        self.keys: KeyPair = server.keys(account)

    def signed(
        self,
        method: str,
        name: str,
        data: bytes = b"",
        *,
        nonce: str | None = None,
        content_type: str = FORM,
        query: bytes = b"",
    ) -> bytes:
        """The bytes of a signed request; `data` is its body, `query` what follows the path."""
        path = BASE + name
        nonce = next_nonce() if nonce is None else nonce
        target = path.encode() + (b"?" + query if query else b"")
        signature = authent(self.keys.api_secret, query + data, nonce, path)
        head = f"APIKey: {self.keys.api_key}\r\nNonce: {nonce}\r\nAuthent: {signature}\r\n"
        return request(method.encode(), target, data, head.encode(), content_type)

    def get(self, name: str, **arguments: object) -> bytes:
        """A signed question."""
        return self.signed("GET", name, query=urlencode(arguments).encode())

    def post(self, name: str, **arguments: object) -> bytes:
        """A signed order to do something."""
        return self.signed("POST", name, urlencode(arguments).encode())

    def batch(self, *instructions: dict[str, object]) -> bytes:
        """A signed batch."""
        return self.post("batchorder", json=json.dumps({"batchOrder": instructions}))


def request(
    method: bytes, target: bytes, body: bytes = b"", head: bytes = b"", content_type: str = FORM
) -> bytes:
    """The bytes of a request. `head` holds whole header lines."""
    size = b"Content-Length: %d\r\nContent-Type: %b\r\n" % (len(body), content_type.encode())
    return b"%b %b HTTP/1.1\r\nHost: localhost\r\n%b%b\r\n%b" % (
        *(method, target),
        *(head, size if body or method == b"POST" else b""),
        body,
    )


class Line:
    """A kept connection to a server. Requests are answered in order."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    @classmethod
    async def to(cls, server: Server) -> Self:
        """Connect."""
        return cls(Wire(*await asyncio.open_connection("127.0.0.1", server.port)))

    async def reply(self, data: bytes) -> Reply:
        """Send, and wait for the reply."""
        return await self.wire.send(data).reply()

    async def ask(self, data: bytes) -> dict[str, Any]:
        """The JSON of a reply. Whatever it says, it says with status 200."""
        reply = await self.reply(data)
        assert reply.status == 200, reply.body
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    async def success(self, data: bytes) -> dict[str, Any]:
        """The same, of a request that is not refused as a whole."""
        answer = await self.ask(data)
        assert answer["result"] == "success", answer
        return answer

    def close(self) -> None:
        """Leave at once."""
        self.wire.writer.transport.abort()


def traceback_in(server: Server) -> str:
    """The first lines of a stack trace in what the program has printed; empty if there is none."""
    said = server.output
    at = next((n for n, line in enumerate(said) if "Traceback" in line or "failed" in line), None)
    return "" if at is None else "\n".join(said[at : at + 30])
