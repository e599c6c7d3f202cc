"""What can happen to a request on its way, and which of it leaves nobody the wiser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from openvenue.ems.connectors.http import Http
from openvenue.ems.connectors.port import Silent, Unreachable, VenueRefused
from openvenue.testing.server import free_ports


@asynccontextmanager
async def served(answer: bytes | None) -> AsyncIterator[Http]:
    """A client of somebody who answers every request so (None: never)."""
    release = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await release.wait()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    http = Http(f"http://127.0.0.1:{port}/", 2.0, 0.2)
    try:
        yield http
    finally:
        release.set()
        await http.close()
        server.close()
        await server.wait_closed()


def reply(status: str, body: bytes = b"{}", kind: str = "application/json") -> bytes:
    """A whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (None, Silent),
        (b"", Silent),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", Silent),
        (b"nonsense\r\n\r\n", Silent),
        (reply("500 Internal Server Error"), Silent),
        (reply("503 Service Unavailable"), Silent),
        (reply("429 Too Many Requests"), VenueRefused),
        (reply("302 Found", b"elsewhere", "text/html"), VenueRefused),
        (reply("404 Not Found", b"nothing here", "text/plain"), VenueRefused),
    ],
)
async def test_what_may_have_had_an_effect_is_never_taken_for_a_refusal(
    answer: bytes | None, kind: type[Exception]
) -> None:
    """In doubt nobody knows."""
    async with served(answer) as http:
        with pytest.raises(kind):
            await http.ask("POST", "/x", body=b"a=b")


async def test_a_refusal_in_json_is_an_answer() -> None:
    """Its words are the connector's business."""
    async with served(reply("400 Bad Request", b'{"error":"no"}')) as http:
        assert await http.ask("GET", "/x?a=%3A") == b'{"error":"no"}'


async def test_a_closed_port_is_unreachable() -> None:
    """The one case in which it is sure that nothing happened."""
    (port,) = free_ports(1)
    http = Http(f"http://127.0.0.1:{port}", 2.0, 2.0)

    with pytest.raises(Unreachable):
        await http.ask("POST", "/x")

    await http.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (None, Silent),
        (b"", Silent),
        (reply("503 Service Unavailable"), Silent),
        (reply("401 Unauthorized"), VenueRefused),
    ],
)
async def test_a_feed_that_does_not_open_says_why(
    answer: bytes | None, kind: type[Exception]
) -> None:
    """A handshake is a request like any other."""
    async with served(answer) as http:
        with pytest.raises(kind):
            async with http.talk("/ws"):
                raise AssertionError("it has opened")


async def test_a_feed_at_a_closed_port_is_unreachable() -> None:
    """It may be elsewhere than the rest."""
    (port,) = free_ports(1)
    http = Http("http://127.0.0.1:1", 2.0, 2.0, f"ws://127.0.0.1:{port}")

    with pytest.raises(Unreachable):
        async with http.talk("/ws"):
            raise AssertionError("it has opened")

    await http.close()
