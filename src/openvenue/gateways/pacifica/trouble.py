"""What this API says when it is in trouble.

Source: Pacifica, "Error codes", HTTP statuses and WebSocket codes.
"""

from typing import Any, Final

from openvenue.gateways.edge import edge_page
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.canonical import parse
from openvenue.gateways.pacifica.profile import Profile
from openvenue.gateways.wire import Response, Trouble

FAILURES: Final = {
    Trouble.TOO_MANY: errors.Failure(errors.LIMIT, status=429),
    Trouble.RATE_LIMIT: errors.Failure(errors.LIMIT, status=429),
    Trouble.MAINTENANCE: errors.Failure("Service unavailable", status=503),
    Trouble.UNAVAILABLE: errors.Failure("Service unavailable", status=503),
    Trouble.INTERNAL: errors.Failure(errors.INTERNAL, status=500),
    Trouble.TIMEOUT: errors.Failure("Request timed out", status=504),
    Trouble.BAD_GATEWAY: errors.Failure("Service unavailable", status=502),
    # A wallet is its own key, and nobody's to revoke; an agent's is.
    Trouble.REVOKED: errors.Failure(errors.AGENT_NOT_AUTHORIZED, ws_code=errors.WS_BAD_SIGNER),
}


def trouble(what: Trouble, profile: Profile) -> Response:
    """The answer to a request."""
    if what is Trouble.BAD_GATEWAY:
        return edge_page(502)
    return errors.encode_failure(FAILURES[what], profile)


def signer(frame: bytes) -> str | None:
    """The account for which a message is signed; None: it is not."""
    asked = parse(frame) or {}
    params = asked.get("params")
    if not isinstance(params, dict) or len(params) != 1:
        return None
    (operation,) = params.values()
    if not isinstance(operation, dict) or "signature" not in operation:
        return None
    account = operation.get("account")
    return account if isinstance(account, str) else ""


def listened_to(frame: bytes) -> str | None:
    """The account whose news a message asks for; None: it asks for none."""
    params = (parse(frame) or {}).get("params")
    account = params.get("account") if isinstance(params, dict) else None
    return account if isinstance(account, str) else None


def trouble_message(what: Trouble, frame: bytes, now_ms: int) -> dict[str, Any]:
    """The answer to a message: with the id and the operation that it had."""
    failure = FAILURES[what]
    told: dict[str, Any] = {"code": failure.ws_code, "err": failure.word}
    asked = parse(frame) or {}
    if isinstance(asked.get("id"), str):
        told["id"] = asked["id"][:128]
    params = asked.get("params")
    if "method" not in asked and isinstance(params, dict) and len(params) == 1:
        told["type"] = str(next(iter(params)))[:128]
    told["t"] = now_ms
    return told
