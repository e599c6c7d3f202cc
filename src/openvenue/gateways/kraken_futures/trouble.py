"""What this API says when it is in trouble.

Source: Kraken Futures REST, "Introduction", errors; what clients saw of its framework and its edge.
"""

from typing import Final

import msgspec

from openvenue.gateways.edge import edge_page
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.wire import Response, Trouble, WireError

RESET_SECONDS: Final = "10"  # in which a pool is full again
UNAUTHORIZED_ROOTS: Final = ("/api/history/", "/api/auth/")  # their no has another form
NO_KEY: Final = "Invalid API key"
NOT_SIGNED: Final = "Failed to subscribe to authenticated feed"
FRAMEWORK: Final = {
    Trouble.INTERNAL: (500, "500 INTERNAL_SERVER_ERROR"),
    Trouble.UNAVAILABLE: (503, "503 SERVICE_UNAVAILABLE"),
}
ALERTS: Final = {
    Trouble.TOO_MANY: "Too many requests",
    Trouble.RATE_LIMIT: "Too many requests",
    Trouble.MAINTENANCE: "Unavailable",
}


class Shown(msgspec.Struct):
    """What a message says of who sent it."""

    event: str | None = None
    api_key: str | None = None


def shown(frame: bytes) -> Shown:
    """It, as far as it can be read."""
    try:
        return msgspec.json.decode(frame, type=Shown)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return Shown()


def trouble(what: Trouble, limit_status: int, server_time: str, path: str = "") -> Response:
    """The answer to a request; `limit_status` goes with what was asked too often."""
    match what:
        case Trouble.REVOKED if path.startswith(UNAUTHORIZED_ROOTS):
            return errors.encode_error(WireError(errors.UNAUTHORIZED, status=401), server_time)
        case Trouble.REVOKED:
            return errors.encode_error(WireError(errors.AUTHENTICATION), server_time)
        case Trouble.MAINTENANCE:
            return errors.encode_error(WireError(errors.UNAVAILABLE), server_time)
        case Trouble.TOO_MANY | Trouble.RATE_LIMIT:
            status = 429 if what is Trouble.TOO_MANY else limit_status
            response = errors.encode_error(WireError(errors.LIMIT, status=status), server_time)
            if status == 429:
                response.headers = (("rate-limit-reset", RESET_SECONDS),)
            return response
        case Trouble.BAD_GATEWAY | Trouble.TIMEOUT:
            return edge_page(int(what))
        case Trouble.INTERNAL | Trouble.UNAVAILABLE:
            return errors.encode_framework_error(*FRAMEWORK[what], server_time)


def trouble_frame(what: Trouble, frame: bytes, unknown_key: str) -> bytes:
    """The answer to a message: an alert, which does not say what it is about.

    `unknown_key`: what the answer to the challenge of a key that is none is called.
    """
    if what is Trouble.REVOKED:
        is_challenge = shown(frame).event == "challenge"
        event, message = (unknown_key, NO_KEY) if is_challenge else ("alert", NOT_SIGNED)
        return msgspec.json.encode({"event": event, "message": message})
    message = ALERTS.get(what, errors.SERVER_ERROR)
    return msgspec.json.encode({"event": "alert", "message": message})
