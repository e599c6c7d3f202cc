"""Requests and sockets to one venue, and what went wrong: it never left, or nobody answered.

The difference decides whether an order may be at the venue. In doubt the answer is `Silent`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Literal, TypeVar

import aiohttp
import msgspec
import structlog
from yarl import URL

from openvenue.ems.connectors.port import Silent, TooMany, Unreachable, VenueRefused
from openvenue.ems.times import read_time
from openvenue.engine.units import Nanos

T = TypeVar("T")

log = structlog.get_logger(__name__)

UNAVAILABLE_FROM: Final = 500  # statuses that do not say what became of a request
TOO_MANY: Final = 429
WARNING: Final = "X-OpenVenue-Warning"  # from a rehearsal venue, about a key that looks real
WARNING_SHOWN: Final = 300
JSON: Final = "application/json"
PING_SECONDS: Final = 15.0  # venues close sockets that are silent for a minute
PINGS_MAX: Final = 3  # in a row that nothing is heard after
SHOWN: Final = 100  # bytes of an answer that is no API's


class Socket:
    """A conversation in frames of JSON."""

    def __init__(
        self,
        wire: "aiohttp.ClientWebSocketResponse[Literal[False]]",
        answer_seconds: float,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self._wire = wire
        self._answer_seconds = answer_seconds
        self._ping_seconds = ping_seconds
        self._pinging: asyncio.Task[None] | None = None
        self._has_heard = False  # since it was looked at

    async def say(self, message: object) -> None:
        """Send one frame. Raises: Silent."""
        try:
            await self._wire.send_str(msgspec.json.encode(message).decode())
        except (aiohttp.ClientError, OSError) as error:
            raise Silent("the connection was lost") from error

    async def hear(self) -> bytes:
        """The next frame. Raises: Silent: none came for as long as an answer may take."""
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await self._frame()
        except TimeoutError as error:
            raise Silent("nothing was heard in time") from error

    async def wait(self, ping: object) -> bytes:
        """The next frame, whenever it comes. From now on `ping` is said while none does.

        Raises: Silent: the connection is lost, or nobody answers pings.
        """
        if self._pinging is None:  # one clock for all frames: they come by the thousand
            self._pinging = asyncio.create_task(self._ping(ping), name="pings")
        return await self._frame()

    async def close(self) -> None:
        """Hang up."""
        if self._pinging is not None:
            self._pinging.cancel()
            await asyncio.wait([self._pinging])
        await self._wire.close()

    async def _frame(self) -> bytes:
        frame = await self._wire.receive()
        self._has_heard = True
        if frame.type is aiohttp.WSMsgType.TEXT or frame.type is aiohttp.WSMsgType.BINARY:
            return bytes(frame.data)
        raise Silent("the feed has ended")

    async def _ping(self, ping: object) -> None:
        """Until so many in a row were not answered by anything; then it ends."""
        unanswered = 0
        while unanswered < PINGS_MAX:
            await asyncio.sleep(self._ping_seconds)
            unanswered = 0 if self._has_heard else unanswered + 1
            if not self._has_heard:
                try:
                    await self.say(ping)
                except Silent:
                    return  # whoever waits for frames is told
            self._has_heard = False
        await self._wire.close()


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
        self._was_warned = False

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
                self._hear_warning(response.headers.get(WARNING, ""))
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

    def _hear_warning(self, text: str) -> None:
        """What a rehearsal venue says of a key that looks real, once."""
        if text and not self._was_warned:
            self._was_warned = True
            log.warning(f"{self._base} warns: {text[:WARNING_SHOWN]}")

    @asynccontextmanager
    async def talk(self, path: str) -> AsyncIterator[Socket]:
        """A new WebSocket. Raises: Unreachable; Silent; VenueRefused: it takes none there."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=True)
        url = URL(self._feed_base + path, encoded=True)
        try:
            wire = await self._session.ws_connect(
                url, heartbeat=PING_SECONDS, max_msg_size=0, decode_text=False
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable("the exchange's feed cannot be reached") from error
        except aiohttp.WSServerHandshakeError as error:
            if error.status >= UNAVAILABLE_FROM:
                raise Silent(f"status {error.status}") from error
            raise VenueRefused(f"status {error.status} from the feed") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Silent(_reason(error)) from error
        socket = Socket(wire, self.answer_seconds)
        try:
            yield socket
        finally:
            await socket.close()

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
