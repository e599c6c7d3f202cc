"""The operator's API from the other side: one call, one answer, with a bounded patience."""

import socket
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec

from openvenue.faults.fault import Fault
from openvenue.faults.plan import Planned
from openvenue.gateways.admin.rest import DESK_HEADER, KEY_HEADER

ANSWER_SECONDS: Final = 30.0
ANSWER_MAX: Final = 1 << 28  # bytes: far above any report, and no end in sight beyond


class AdminError(Exception):
    """The server cannot be asked, or said no; the text is one plain sentence."""


class AdminSilent(AdminError):
    """No answer in time, none of this server's, or it cannot do anything any more."""


class AdminRefused(AdminError):
    """It said no; `why` in its own words."""

    def __init__(self, base_url: str, status: int, why: str) -> None:
        super().__init__(f"the server at {base_url} said no: {why}.")
        self.status = status
        self.why = why


class _Listed(msgspec.Struct):
    faults: list[Planned]


class _Announced(msgspec.Struct):
    notice_id: int


class _Venue(msgspec.Struct):
    venue: str
    stopped: str | None


class _Venues(msgspec.Struct):
    venues: list[_Venue]


class _Added(msgspec.Struct):
    added: list[int]


class AdminClient:
    """The admin API at `base_url`, with its key. Every method raises: AdminSilent; AdminRefused.

    `desk_id`: by which the server is known; what answers without it is another program, which took
    the port of a dead one. None: whoever answers is taken for it. `seconds`: of a whole answer.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        desk_id: str | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._url = urlsplit(base_url)
        self._base_url = base_url
        self._key = key
        self._desk_id = desk_id
        self._seconds = seconds

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

    def restart(self, down_seconds: float, venue: str | None = None) -> None:
        """Have the server end, be away for so long, and begin again on what its journals hold.

        With `venue`: that one, while the others trade on.
        """
        asked = {"down_seconds": down_seconds, **({} if venue is None else {"venue": venue})}
        self.ask("POST", "restart", msgspec.json.encode(asked))

    def stopped(self) -> dict[str, str | None]:
        """Each venue, and why it does not serve."""
        venues = msgspec.json.decode(self.ask("GET", "venues"), type=_Venues).venues
        return {it.venue: it.stopped for it in venues}

    def announce(self, venue: str, notice: dict[str, Any]) -> int:
        """Tell all clients of a venue something; the number of the notice."""
        said = self.ask("POST", f"venues/{quote(venue)}/announce", msgspec.json.encode(notice))
        return msgspec.json.decode(said, type=_Announced).notice_id

    def retract_notice(self, venue: str, notice_id: int) -> None:
        """Let a notice stand no more."""
        body = msgspec.json.encode({"notice_id": notice_id})
        self.ask("POST", f"venues/{quote(venue)}/retract-notice", body)

    def kill_switch(self, method: str, path: str = "", body: object = None) -> Any:
        """The JSON of an answer under `/admin/kill-switch`."""
        sent = b"" if body is None else msgspec.json.encode(body)
        said = self.ask(method, f"kill-switch{quote(path)}", sent)
        try:
            return msgspec.json.decode(said)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise AdminSilent(f"what {self._base_url} says cannot be read: {error}.") from error

    def ask(self, method: str, what: str, body: bytes = b"") -> bytes:
        """The answer to a request under `/admin/`."""
        status, said, desk_id = self._said(method, f"/admin/{what}", body)
        if self._desk_id is not None and desk_id != self._desk_id:
            raise AdminSilent(
                f"what answers at {self._base_url} is not the desk that was started here."
            )
        if status in (200, 202):
            return said
        why = _reason(said)
        if status >= 500:
            raise AdminSilent(f"the server at {self._base_url} cannot: {why}.")
        raise AdminRefused(self._base_url, status, why)

    def _said(self, method: str, path: str, body: bytes) -> tuple[int, bytes, str]:
        """Status, body, and who says so."""
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        until = monotonic() + self._seconds
        try:
            connection = kind(self._url.netloc, timeout=self._seconds)
            connection.connect()
            # A time-out of a socket counts from byte to byte; whoever dribbles ends with this one.
            end = Timer(self._seconds, _cut, [connection.sock])
            end.start()
            try:
                connection.request(method, path, body or None, {KEY_HEADER: self._key})
                answer = connection.getresponse()
                said = answer.read(ANSWER_MAX)
                if not answer.isclosed():
                    raise HTTPException("an answer without an end")
                return answer.status, said, answer.headers.get(DESK_HEADER, "")
            finally:
                end.cancel()
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            if monotonic() >= until:
                why = f"no answer in {self._seconds:g} s"
            raise AdminSilent(f"nobody answers at {self._base_url}: {why}.") from error


def _cut(one: socket.socket) -> None:
    with suppress(OSError):  # it may have ended
        one.shutdown(socket.SHUT_RDWR)


def _reason(said: bytes) -> str:
    try:
        told: Any = msgspec.json.decode(said)
        return str(told["error"])
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError):
        return said[:100].decode("utf-8", "replace").strip() or "nothing"
