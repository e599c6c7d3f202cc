"""Words that all gateways share: a request, a response, a refusal, a WebSocket session.

A gateway sees these and an `ExchangePort`, never a socket. `serve.py` is the only listener.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from enum import StrEnum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from openvenue.engine.units import Nanos

JSON = "application/json"


class Request(Struct):
    """One HTTP request, whole. Header names are lower case; of a repeated one the last counts."""

    method: str
    path: str  # percent-encoded as sent, without the query
    query: bytes  # as sent, without the question mark
    headers: Mapping[str, str]
    body: bytes
    peer: str  # address of the client
    received: Nanos  # machine time at which its last byte was read
    note: dict[str, str]  # for the request log, while it is handled and after: "account", "key"
    # (the log shows four characters), "why" (it was refused), and more; never a secret
    keeps_alive: bool = True  # these three are the connection's own
    is_head: bool = False
    is_old: bool = False  # HTTP/1.0


class Response(Struct):
    """What goes back. `serve.py` adds length, date, connection and content encoding."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Manner(StrEnum):
    """How a reply goes wrong on purpose."""

    HANG = "hang"  # it never comes, and the connection stays
    RESET = "reset"  # in its place the connection is reset
    CUT = "cut"  # the connection closes in the middle of it
    TWICE = "twice"  # it comes two times
    LATER = "later"  # an upgrade happens after a while


class Spoiled(Response):
    """A reply that goes wrong on purpose. Status 0: there is none."""

    manner: Manner = Manner.RESET
    seconds: float = 0.0


class Trouble(StrEnum):
    """What a service suffers from when it answers nothing else."""

    TOO_MANY = "429"
    INTERNAL = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    TIMEOUT = "504"  # what became of the request is not known
    RATE_LIMIT = "rate_limit"  # as TOO_MANY, with the status that this API gives it
    MAINTENANCE = "maintenance"
    REVOKED = "revoked"  # of a client: its key is none any more


class WireError(Exception):
    """A request that never became a command; the gateway's `errors.py` knows how to say it.

    `why` is for the operator's request log (what text a failed signature should have signed), and
    never leaves through the API.
    """

    def __init__(self, word: str, *, status: int = 200, why: str = "") -> None:
        super().__init__(word)
        self.word = word
        self.status = status
        self.why = why


# An `async def`. Its steps up to its first wait for anything but an exchange's answer run outside
# any task, so what needs a current task (`asyncio.timeout`) goes behind such a wait. An attribute
# `endpoint` on it names it in the metrics; without one its function's name does.
Handler = Callable[[Request], Awaitable[Response]]


class Sender(Protocol):
    """The way out of a session: frames leave in order, in one write per turn of the loop."""

    def send(self, frame: bytes) -> None:
        """Queue one text frame. Never blocks; a reader that stays slow is cut off by the door."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye and close once what was queued is out."""


class Session(Protocol):
    """One WebSocket client's conversation, without the socket."""

    def receive(self, frame: bytes) -> None:
        """Answer one text frame from the client, through the Sender it was opened with."""

    def closed(self) -> None:
        """The client has left: forget it."""


OpenSession = Callable[[Request, Sender], Session]


class Gateway(Protocol):
    """One API: which paths are its own, and how it talks on them.

    Beside these it may have what `OwnWords`, `Guarded` and `LocalOnly` say.
    """

    @property
    def name(self) -> str:
        """The API's name, as metrics and the request log have it."""

    def route(self, method: str, path: str) -> Handler | None:
        """Who answers an HTTP request of this path; None: not this API's path."""

    def socket(self, path: str) -> OpenSession | None:
        """Who talks on a WebSocket of this path; None: not this API's path."""


@runtime_checkable
class OwnWords(Protocol):
    """A gateway that says in its API's shape what the door would say plainly."""

    def fault(self) -> Response:
        """Our bug: a handler raised. The traceback is in the log, and the connection closes."""

    def refusal(self, path: str, status: int, why: str) -> Response | None:
        """A request that never reached a handler (404, 405, 408, 413, …); None: not my path."""


@runtime_checkable
class Guarded(Protocol):
    """A gateway that wants to know who opens a WebSocket before it is one."""

    def turned_away(self, request: Request) -> Response | None:
        """The reply to a client that may not have one; None: it may."""


@runtime_checkable
class LocalOnly(Protocol):
    """A gateway for this machine alone: the door checks peer, Host and Origin first."""

    local_only: bool


@runtime_checkable
class Hurtable(Protocol):
    """A gateway whose traffic can be hurt on purpose: it has words for a service in trouble."""

    @property
    def name(self) -> str:
        """As faults name it."""

    @property
    def paths(self) -> Collection[str]:
        """Every path that it answers, of sockets, too; `{…}` in one stands for a name."""

    def claimed(self, request: Request) -> str:
        """Whose key a request shows, as nobody has checked yet; empty: nobody's."""

    def shows_key(self, request: Request) -> bool:
        """Whether a request shows a key, or is signed with one."""

    def claimed_by(self, frame: bytes) -> str | None:
        """Whose key or token a WebSocket message shows; None: it shows none; empty: nobody's."""

    def subject(self, frame: bytes) -> str:
        """Whose account a WebSocket message shows a key of or asks about; empty: nobody's."""

    def trouble(self, trouble: Trouble, request: Request) -> Response:
        """What this service answers when it is in trouble."""

    def trouble_frame(self, trouble: Trouble, frame: bytes) -> bytes:
        """The same to a WebSocket message."""
