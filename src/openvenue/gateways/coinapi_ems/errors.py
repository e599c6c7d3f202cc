"""This API's words for no.

A problem body where a request does not fit its model; a MESSAGE_REJECT where the desk or the venue
did not do what was asked. Source: CoinAPI EMS REST, "Orders", responses 400, 404, 490 and 504.
"""

from enum import StrEnum
from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.ems.errors import (
    CancelRefused,
    DuplicateOrder,
    NoAnswer,
    NoSuchExchange,
    NoSuchOrder,
    VenueDown,
)
from openvenue.ems.ledger import DeskStopped
from openvenue.gateways.coinapi_ems.profile import Profile
from openvenue.gateways.wire import JSON, Response, WireError

UNREACHABLE_STATUS: Final = 490
TIMEOUT_STATUS: Final = 504
RFC: Final = "https://tools.ietf.org/html/rfc7231#section-6.5.1"
TITLE: Final = "One or more validation errors occurred."


class Reason(StrEnum):
    """RejectReason."""

    OTHER = "OTHER"
    EXCHANGE_UNREACHABLE = "EXCHANGE_UNREACHABLE"
    EXCHANGE_RESPONSE_TIMEOUT = "EXCHANGE_RESPONSE_TIMEOUT"
    ORDER_ID_NOT_FOUND = "ORDER_ID_NOT_FOUND"
    INVALID_TYPE = "INVALID_TYPE"
    METHOD_NOT_SUPPORTED = "METHOD_NOT_SUPPORTED"
    JSON_ERROR = "JSON_ERROR"


class RejectJson(Struct, kw_only=True):
    """MessageReject."""

    type: str = "MESSAGE_REJECT"
    reject_reason: Reason
    exchange_id: str | UnsetType
    message: str
    rejected_message: str | UnsetType


class ProblemJson(Struct, kw_only=True, rename={"trace_id": "traceId"}):
    """ValidationError. `errors` is declared as one string."""

    type: str = RFC
    title: str = TITLE
    status: int = 400
    trace_id: str
    errors: str


class MessageJson(Struct):
    """MessageError."""

    message: str


class Unreadable(WireError):
    """A request that does not fit its model; the text names the member."""

    def __init__(self, why: str) -> None:
        super().__init__(why, status=400, why=why)


class Duplicate(Unreadable):
    """An order under a name that was used before."""


class Rejected(WireError):
    """What was asked for was not done, or is not known to be."""

    def __init__(
        self, reason: Reason, message: str, *, status: int, exchange_id: str | None = None
    ) -> None:
        super().__init__(message, status=status, why=message)
        self.reason = reason
        self.exchange_id = exchange_id


class Unauthorized(WireError):
    """No key, or none that is known."""

    def __init__(self, why: str) -> None:
        super().__init__("Invalid API key", status=401, why=why)


# In which ways the desk says no.
DESK_ERRORS: Final = (
    NoSuchExchange,
    NoSuchOrder,
    DuplicateOrder,
    VenueDown,
    NoAnswer,
    CancelRefused,
    DeskStopped,
)


def in_words(error: Exception, exchange_id: str | None, *, is_question: bool) -> WireError:
    """One of `DESK_ERRORS`, as this API says it. A question that is not answered did nothing."""
    match error:
        case DuplicateOrder():
            return Duplicate(str(error))
        case NoSuchOrder():
            reason, status = Reason.ORDER_ID_NOT_FOUND, 404
        case NoAnswer() if not is_question:
            reason, status = Reason.EXCHANGE_RESPONSE_TIMEOUT, TIMEOUT_STATUS
        case NoSuchExchange() if error.tagged:
            reason, status = Reason.OTHER, UNREACHABLE_STATUS
        case NoSuchExchange() | VenueDown() | NoAnswer():
            reason, status = Reason.EXCHANGE_UNREACHABLE, UNREACHABLE_STATUS
        case _:
            reason, status = Reason.OTHER, UNREACHABLE_STATUS
    return Rejected(reason, str(error), status=status, exchange_id=exchange_id)


def encode_error(
    error: WireError, asked: dict[str, Raw], kind: str, trace_id: str, profile: Profile
) -> Response:
    """What the client hears. `asked` is the refused request, `kind` the type word of its kind."""
    match error:
        case Unreadable():
            return Response(
                400, msgspec.json.encode(ProblemJson(trace_id=trace_id, errors=error.word))
            )
        case Rejected():
            body = RejectJson(
                reject_reason=error.reason,
                exchange_id=UNSET if error.exchange_id is None else error.exchange_id,
                message=error.word,
                rejected_message=encode_rejected(asked, kind) if kind else UNSET,
            )
            content_type = JSON if error.status == 404 else profile.reject_content_type
            return Response(error.status, msgspec.json.encode(body), content_type)
        case _:
            return Response(error.status, msgspec.json.encode(MessageJson(error.word)))


def encode_rejected(asked: dict[str, Raw], kind: str) -> str:
    """The request as it would stand on the WebSocket: its members as sent, and its type."""
    return msgspec.json.encode({**asked, "type": Raw(f'"{kind}"'.encode())}).decode()
