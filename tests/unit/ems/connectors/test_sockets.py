"""A socket to a venue that falls silent: is it alive? If it does not say, it is left."""

import asyncio
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from openvenue.ems.connectors.http import PINGS_MAX, WARNING, Http, Socket
from openvenue.ems.connectors.port import Silent

PING = {"method": "ping"}


class Wire:
    """The far end, as much of it as a socket uses."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.frames: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue()
        self.answers = 0  # pings that are answered
        self.is_closed = False

    async def send_str(self, text: str) -> None:
        """It hears, and may answer."""
        self.said.append(text)
        if self.answers:
            self.answers -= 1
            self.tell(b"pong")

    async def receive(self) -> aiohttp.WSMessage:
        """The next frame."""
        return await self.frames.get()

    async def close(self) -> None:
        """Whoever receives is told."""
        self.is_closed = True
        self.frames.put_nowait(aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None))

    def tell(self, data: bytes) -> None:
        """A frame."""
        self.frames.put_nowait(aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, data, None))


def socket_of(wire: Wire, ping_seconds: float = 0.0) -> Socket:
    """This end."""
    return Socket(cast(Any, wire), answer_seconds=60.0, ping_seconds=ping_seconds)


async def test_a_silent_venue_is_pinged_and_then_left() -> None:
    """A connection that died without a word would look like a quiet market for ever."""
    wire = Wire()

    with pytest.raises(Silent):
        await socket_of(wire).wait(PING)

    assert wire.said == ['{"method":"ping"}'] * PINGS_MAX
    assert wire.is_closed


async def test_an_answer_of_any_kind_is_a_sign_of_life() -> None:
    """Pings are counted in a row."""
    wire = Wire()
    wire.answers = 5
    socket = socket_of(wire)

    heard = [await socket.wait(PING) for _ in range(5)]
    with pytest.raises(Silent):
        await socket.wait(PING)

    assert heard == [b"pong"] * 5
    assert len(wire.said) == 5 + PINGS_MAX
    await socket.close()


async def test_a_busy_venue_is_not_pinged() -> None:
    """News are a sign of life."""
    wire = Wire()
    socket = socket_of(wire, ping_seconds=3_600.0)
    wire.tell(b"{}")

    assert await socket.wait(PING) == b"{}"

    await socket.close()
    assert wire.said == []


async def test_a_venue_that_warns_about_a_key_is_heard_once() -> None:
    """A real key at a rehearsal venue: whoever reads the desk's log learns it."""

    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"result": "error"}, headers={WARNING: "this key looks real"})

    app = web.Application()
    app.router.add_get("/", refuse)
    async with TestServer(app) as venue:
        http = Http(str(venue.make_url("")), 5.0, 5.0)
        with capture_logs() as lines:
            said = [await http.ask("GET", "/"), await http.ask("GET", "/")]
        await http.close()

    assert said == [b'{"result": "error"}'] * 2
    assert [it["log_level"] for it in lines] == ["warning"]
    assert lines[0]["event"].endswith(" warns: this key looks real")
