"""The running desk as its operator asks it: over the admin API, with little patience."""

from typing import Any, Final

import aiohttp
import msgspec

SILENT_SECONDS: Final = 2.0  # then the desk is gone past
ANOTHER: Final = "what answers there is not the desk"  # which died, and another took its port


class DeskSilent(Exception):
    """The desk has not answered in time, or cannot do anything any more."""


class DeskRefused(Exception):
    """The desk said no; the text says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class DeskClient:
    """One desk. Each call raises DeskSilent or DeskRefused."""

    def __init__(self, base_url: str, admin_key: str) -> None:
        self._base = f"{base_url}/admin/kill-switch"
        self._headers = {"X-Admin-Key": admin_key}
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, method: str, path: str = "", body: object = None) -> Any:
        """The JSON of an answer."""
        said = await self._said(method, path, body)
        try:
            told = msgspec.json.decode(said)
        except msgspec.MsgspecError as error:
            raise DeskSilent(ANOTHER) from error
        if not isinstance(told, list) and not (isinstance(told, dict) and "live" in told):
            raise DeskSilent(ANOTHER)
        return told

    async def page(self, path: str) -> str:
        """The text of an answer."""
        return (await self._said("GET", f"{path}?format=text", None)).decode()

    async def _said(self, method: str, path: str, body: object) -> bytes:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=SILENT_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout, headers=self._headers)
        data = None if body is None else msgspec.json.encode(body)
        try:
            async with self._session.request(method, self._base + path, data=data) as response:
                said, status = await response.read(), response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DeskSilent(f"the desk is silent: {str(error) or 'no answer in time'}") from error
        if status in (200, 202, 504):
            return said
        why = _why(said)
        if why is None:
            raise DeskSilent(ANOTHER)
        if status >= 500:
            raise DeskSilent(f"the desk cannot: {why}")
        raise DeskRefused(status, why)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()


def _why(said: bytes) -> str | None:
    """What the desk's own errors say; None: these are not its words."""
    try:
        return str(msgspec.json.decode(said)["error"])
    except (msgspec.MsgspecError, LookupError, TypeError):
        return None
