"""Requests to one venue, and which of two things went wrong: it never left, or nobody answered.

The difference decides whether an order may be at the venue. In doubt the answer is `Silent`.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

import aiohttp
import msgspec
from yarl import URL

from openvenue.ems.connectors.port import Silent, Unreachable, VenueRefused

T = TypeVar("T")

UNAVAILABLE_FROM: Final = 500  # statuses that do not say what became of a request
TOO_MANY: Final = 429
JSON: Final = "application/json"
SHOWN: Final = 100  # bytes of an answer that is no API's


class Http:
    """Kept connections to one origin. The session is made with the first request."""

    def __init__(self, base_url: str, connect_seconds: float, answer_seconds: float) -> None:
        self._base = base_url.rstrip("/")
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
            raise VenueRefused("too many requests")
        if response.status >= 300 and response.content_type != JSON:
            raise VenueRefused(f"status {response.status}: {said[:SHOWN].decode(errors='replace')}")
        return said

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


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return "the connection was lost before the answer"
