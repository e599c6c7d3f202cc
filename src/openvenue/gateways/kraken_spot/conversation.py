"""The session, as the parts that take orders see it."""

from typing import Final, Protocol

from openvenue.engine.units import SECOND, Nanos
from openvenue.gateways.kraken_spot.auth import Permission, Token

LEAST_DEADLINE: Final = SECOND // 2
MODIFY: Final[Permission] = "modify-trades"
CLOSE: Final[Permission] = "close-trades"


class Conversation(Protocol):
    """One client's."""

    def send(self, frame: bytes) -> None:
        """An answer."""

    def refuse(self, method: str, req_id: bytes, word: str, received: Nanos) -> None:
        """An answer that says no."""

    def token(self, text: str | None, received: Nanos, *needed: Permission) -> Token:
        """Who asks. Raises: WireError."""
