"""Requests and sockets to one venue, and what went wrong: it never left, or nobody answered.

The difference decides whether an order may be at the venue. In doubt the answer is `Silent`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import aiohttp
import msgspec
from yarl import URL

from openvenue.ems.connectors.port import Silent, TooMany, Unreachable, VenueRefused
from openvenue.ems.times import read_time
from openvenue.engine.units import Nanos

T = TypeVar("T")

UNAVAILABLE_FROM: Final = 500  # statuses that do not say what became of a request
TOO_MANY: Final = 429
JSON: Final = "application/json"
PING_SECONDS: Final = 15.0  # venues close sockets that are silent for a minute
PINGS_MAX: Final = 3  # in a row that nothing is heard after
SHOWN: Final = 100  # bytes of an answer that is no API's


class Socket:
    """A conversation in frames of JSON."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse, answer_seconds: float) -> None:
        self._wire = wire
        self._answer_seconds = answer_seconds

    async def say(self, message: object) -> None:
        """Send one frame. Raises: Silent."""
        try:
            await self._wire.send_str(msgspec.json.encode(message).decode())
        except (aiohttp.ClientError, OSError) as error:
            raise Silent("the connection was lost") from error

    async def hear(self) -> bytes:
        """The next frame. Raises: Silent: none came for as long as an answer may take."""
        try:
            return await self._frame(self._answer_seconds)
        except TimeoutError as error:
            raise Silent("nothing was heard in time") from error

    async def wait(self, ping: object) -> bytes:
        """The next frame, whenever it comes. `ping` is said while it does not.

        Raises: Silent: the connection is lost, or nobody answers pings.
        """
        for _ in range(PINGS_MAX):
            try:
                return await self._frame(PING_SECONDS)
            except TimeoutError:
                await self.say(ping)
        raise Silent("the feed does not answer")

    async def _frame(self, seconds: float) -> bytes:
        async with asyncio.timeout(seconds):
            frame = await self._wire.receive()
        match frame.type:
            case aiohttp.WSMsgType.TEXT:
                return str(frame.data).encode()
            case aiohttp.WSMsgType.BINARY:
                return bytes(frame.data)
            case _:
                raise Silent("the feed has ended")


class Http:
    """Kept connections to one origin. The session is made with the first request."""

    def __init__(
        self,
        base_url: str,
        connect_seconds: float,
        answer_seconds: float,
        feed_url: str = "",
    ) -> None:
        self._base = base_url.rstrip("/")
        self._feed_base = feed_url.rstrip("/") or _as_socket(self._base)
        self.answer_seconds = answer_seconds
        self._timeout = aiohttp.ClientTimeout(total=answer_seconds, sock_connect=connect_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        target: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of an answer; `target` is path and query as they are to be sent.

        A refusal in JSON is an answer: who asked knows its words.
        Raises: Unreachable; Silent, on a status of 500 and above, too; VenueRefused.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=True)
        url = URL(self._base + target, encoded=True)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                said = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable("the exchange cannot be reached") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Silent(_reason(error)) from error
        if response.status >= UNAVAILABLE_FROM:
            raise Silent(f"status {response.status}")
        if response.status == TOO_MANY:
            raise TooMany("too many requests")
        if response.status >= 300 and response.content_type != JSON:
            raise VenueRefused(f"status {response.status}: {said[:SHOWN].decode(errors='replace')}")
        return said

    @asynccontextmanager
    async def talk(self, path: str) -> AsyncIterator[Socket]:
        """A new WebSocket. Raises: Unreachable; Silent; VenueRefused: it takes none there."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=True)
        url = URL(self._feed_base + path, encoded=True)
        try:
            wire = await self._session.ws_connect(url, heartbeat=PING_SECONDS, max_msg_size=0)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable("the exchange's feed cannot be reached") from error
        except aiohttp.WSServerHandshakeError as error:
            if error.status >= UNAVAILABLE_FROM:
                raise Silent(f"status {error.status}") from error
            raise VenueRefused(f"status {error.status} from the feed") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Silent(_reason(error)) from error
        try:
            yield Socket(wire, self.answer_seconds)
        finally:
            await wire.close()

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def read(said: bytes, kind: type[T]) -> T:
    """An answer as `kind`. Raises: Silent: it is not what this API answers."""
    try:
        return msgspec.json.decode(said, type=kind)
    except msgspec.MsgspecError as error:
        raise Silent(f"an answer that cannot be read: {error}") from error


def time_of(text: str) -> Nanos:
    """The moment that an answer names. Raises: Silent: it names none."""
    time = read_time(text)
    if time is None:
        raise Silent(f"an answer that cannot be read: {text} is no time")
    return time


def _as_socket(base_url: str) -> str:
    scheme, _, rest = base_url.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return "the connection was lost before the answer"
