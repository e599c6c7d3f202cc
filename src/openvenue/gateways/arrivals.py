"""What comes out of a connection beside whole requests, and the spelling of header names."""

from typing import Final

from msgspec import Struct

from openvenue.gateways.wire import Request

_NAMES_KEPT: Final = 512


class HeaderNames(dict[bytes, str]):
    """Header names in lower case, each spelling decoded once; strange ones every time."""

    def __missing__(self, name: bytes) -> str:
        lower = name.lower().decode("latin-1")
        if len(self) < _NAMES_KEPT and len(name) < 64:
            self[name] = lower
        return lower


class Refusal(Struct):
    """A request that the door itself turns away; the connection closes after the reply."""

    status: int
    why: str
    method: str
    path: str


class Upgrade(Struct):
    """A request to go on as a WebSocket, and what the client already sent on it."""

    request: Request
    tail: bytes
