"""What this API says when it is in trouble.

Source: CoinAPI EMS REST, "Orders", response 504; what it has no word for is a MessageError.
"""

from typing import Final

import msgspec
from msgspec import UNSET, Raw

from openvenue.gateways.coinapi_ems.errors import (
    TIMEOUT_STATUS,
    MessageJson,
    Reason,
    Rejected,
    RejectJson,
    encode_error,
)
from openvenue.gateways.coinapi_ems.profile import Profile
from openvenue.gateways.edge import edge_page
from openvenue.gateways.wire import Response, Trouble

MESSAGES: Final = {
    Trouble.TOO_MANY: (429, "Too many requests"),
    Trouble.RATE_LIMIT: (429, "Too many requests"),
    Trouble.INTERNAL: (500, "Internal server error"),
    Trouble.UNAVAILABLE: (503, "Service unavailable"),
    Trouble.MAINTENANCE: (503, "Service unavailable"),
    Trouble.BAD_GATEWAY: (502, "Bad gateway"),
    Trouble.REVOKED: (401, "Invalid API key"),
    Trouble.TIMEOUT: (504, "No answer from the exchange in time"),
}


def trouble(what: Trouble, body: bytes, kind: str, profile: Profile) -> Response:
    """The answer to a request; `kind`: the type word of its kind, empty for questions."""
    status, message = MESSAGES[what]
    if what is Trouble.BAD_GATEWAY:
        return edge_page(502)
    if what is not Trouble.TIMEOUT:
        return Response(status, msgspec.json.encode(MessageJson(message)))
    asked = _members(body)
    error = Rejected(
        Reason.EXCHANGE_RESPONSE_TIMEOUT,
        message,
        status=TIMEOUT_STATUS,
        exchange_id=_text(asked.get("exchange_id")),
    )
    return encode_error(error, asked, kind, "", profile)


def trouble_frame(what: Trouble, frame: bytes) -> bytes:
    """The answer to a message: a reject that quotes it."""
    is_timeout = what is Trouble.TIMEOUT
    reason = Reason.EXCHANGE_RESPONSE_TIMEOUT if is_timeout else Reason.OTHER
    exchange_id = _text(_members(frame).get("exchange_id"))
    return msgspec.json.encode(
        RejectJson(
            reject_reason=reason,
            exchange_id=UNSET if exchange_id is None else exchange_id,
            message=MESSAGES[what][1],
            rejected_message=frame.decode("utf-8", "replace"),
        )
    )


def _members(body: bytes) -> dict[str, Raw]:
    try:
        return msgspec.json.decode(body, type=dict[str, Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return {}  # what cannot be read is not quoted


def _text(raw: Raw | None) -> str | None:
    try:
        return None if raw is None else msgspec.json.decode(raw, type=str)
    except msgspec.DecodeError:
        return None
