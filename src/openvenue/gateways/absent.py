"""A gateway whose venue is away for a while: on its paths connections are reset."""

from typing import Final

from openvenue.gateways.faulty_http import RESET
from openvenue.gateways.wire import Gateway, Handler, OpenSession, Request, Response


class Absent:
    """In the place of `gateway`, which knows its paths and does nothing any more."""

    def __init__(self, gateway: Gateway) -> None:
        self.name: Final = gateway.name
        self._gateway = gateway

    def route(self, method: str, path: str) -> Handler | None:
        """Nobody behind the same paths."""
        return None if self._gateway.route(method, path) is None else _reset

    def socket(self, path: str) -> OpenSession | None:
        """The same; nobody gets in."""
        return self._gateway.socket(path)

    def turned_away(self, request: Request) -> Response | None:
        """Whoever asks for a WebSocket."""
        return RESET


async def _reset(request: Request) -> Response:
    """There is nobody."""
    request.note["why"] = "the venue is away"
    return RESET
