"""The operator's API from the other side: one call, one answer."""

from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from openvenue.faults.fault import Fault
from openvenue.faults.plan import Planned
from openvenue.gateways.admin.rest import KEY_HEADER

ANSWER_SECONDS: Final = 30.0


class AdminError(Exception):
    """The server cannot be asked, or said no; the text is one plain sentence."""


class _Listed(msgspec.Struct):
    faults: list[Planned]


class _Added(msgspec.Struct):
    added: list[int]


class AdminClient:
    """The admin API at `base_url`, with its key. Every method raises: AdminError."""

    def __init__(self, base_url: str, key: str) -> None:
        self._url = urlsplit(base_url)
        self._base_url = base_url
        self._key = key

    def faults(self) -> list[Planned]:
        """What may go wrong, and how often it did."""
        return msgspec.json.decode(self.ask("GET", "faults"), type=_Listed).faults

    def add_faults(self, faults: Iterable[Fault]) -> list[int]:
        """Plan these as well: all or none; their numbers."""
        body = msgspec.json.encode({"faults": list(faults)})
        return msgspec.json.decode(self.ask("POST", "faults", body), type=_Added).added

    def remove_fault(self, number: int) -> None:
        """Forget one."""
        self.ask("DELETE", f"faults/{number}")

    def clear_faults(self) -> None:
        """Forget all."""
        self.ask("DELETE", "faults")

    def restart(self, down_seconds: float) -> None:
        """Have the server end, be away for so long, and begin again on what its journals hold."""
        self.ask("POST", "restart", msgspec.json.encode({"down_seconds": down_seconds}))

    def ask(self, method: str, what: str, body: bytes = b"") -> bytes:
        """The answer to a request under `/admin/`."""
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        try:
            connection = kind(self._url.netloc, timeout=ANSWER_SECONDS)
            try:
                headers = {KEY_HEADER: self._key}
                connection.request(method, f"/admin/{what}", body or None, headers)
                answer = connection.getresponse()
                said = answer.read()
            finally:
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise AdminError(f"nobody answers at {self._base_url}: {why}.") from error
        if answer.status != 200:
            raise AdminError(f"the server at {self._base_url} said no: {_reason(said)}.")
        return said


def _reason(said: bytes) -> str:
    try:
        told: Any = msgspec.json.decode(said)
        return str(told["error"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return said[:100].decode("utf-8", "replace").strip() or "nothing"
