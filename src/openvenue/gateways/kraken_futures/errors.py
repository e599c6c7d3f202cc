"""This API's words for no, and how they are said.

Three kinds: an `error` word when a request never became a command; a `status` word inside a success
when an order was refused; an `OrderError` where an order's fate is told. Tests hold each table
against the engine's reasons: none is without its word.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.gateways.wire import Response, WireError

AUTHENTICATION: Final = "authenticationError"
LIMIT: Final = "apiLimitExceeded"
MISSING: Final = "requiredArgumentMissing"
JSON_PARSE: Final = "Json Parse Error"
NONCE_BELOW: Final = "nonceBelowThreshold"
NONCE_DUPLICATE: Final = "nonceDuplicate"
INVALID_ACCOUNT: Final = "invalidAccount"
INVALID_AMOUNT: Final = "invalidAmount"
INVALID_UNIT: Final = "invalidUnit"
INSUFFICIENT_FUNDS: Final = "insufficientFunds"
SERVER_ERROR: Final = "Server Error"
UNAVAILABLE: Final = "Unavailable"
MARKET_UNAVAILABLE: Final = "marketUnavailable"  # a cancel in maintenance: the order lives
BAD_REQUEST: Final = "400 BAD_REQUEST"  # not an `error` word: this refusal has a shape of its own
UNAUTHORIZED: Final = "unauthorized"  # the same for paths of the history service

PHRASES: Final[Mapping[int, str]] = {  # of statuses that the service's web framework gives
    400: "BAD_REQUEST",
    403: "FORBIDDEN",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    411: "LENGTH_REQUIRED",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    426: "UPGRADE_REQUIRED",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    431: "REQUEST_HEADER_FIELDS_TOO_LARGE",
    503: "SERVICE_UNAVAILABLE",
}

SEND_STATUS: Final[Mapping[RejectReason, str]] = {
    RejectReason.MARKET_NOT_FOUND: "marketInactive",
    RejectReason.MARKET_SUSPENDED: "marketSuspended",
    RejectReason.MARKET_INACTIVE: "marketInactive",
    RejectReason.MARKET_POST_ONLY: "marketIsPostOnly",
    RejectReason.MARKET_LIMIT_ONLY: "marketSuspended",
    RejectReason.MARKET_REDUCE_ONLY: "wouldNotReducePosition",
    RejectReason.MARKET_CANCEL_ONLY: "marketSuspended",
    RejectReason.MARKET_MAINTENANCE: "marketSuspended",
    RejectReason.PAST_DEADLINE: "wouldProcessAfterSpecifiedTime",
    RejectReason.CL_ORD_ID_IN_USE: "clientOrderIdAlreadyExist",
    RejectReason.INVALID_QUANTITY: "invalidSize",
    RejectReason.SMALL_ORDER: "tooManySmallOrders",
    RejectReason.INVALID_PRICE: "invalidPrice",
    RejectReason.TOO_MANY_ORDERS: "tooManyOrders",
    RejectReason.WOULD_NOT_REDUCE: "wouldNotReducePosition",
    RejectReason.MAX_POSITION: "maxPositionViolation",
    RejectReason.INSUFFICIENT_MARGIN: "insufficientAvailableFunds",
    RejectReason.INSUFFICIENT_FUNDS: "insufficientAvailableFunds",
    RejectReason.WOULD_CAUSE_LIQUIDATION: "wouldCauseLiquidation",
    RejectReason.PRICE_COLLAR: "outsidePriceCollar",
    RejectReason.WOULD_TAKE: "postWouldExecute",
    RejectReason.WOULD_NOT_TAKE: "iocWouldNotExecute",
    RejectReason.WOULD_NOT_FILL: "iocWouldNotExecute",
    RejectReason.SELF_TRADE: "selfFill",
    RejectReason.NO_REFERENCE_PRICE: "iocWouldNotExecute",
    RejectReason.UNKNOWN_ORDER: "notFound",
    RejectReason.ALREADY_FILLED: "filled",
    RejectReason.LEVERAGE_TOO_HIGH: "fixedLeverageTooHigh",
    RejectReason.REDUCES_TOO_MUCH: "wouldNotReducePosition",
    RejectReason.NOT_A_TRIGGER: "orderForEditNotAStop",
    RejectReason.PRICE_DISLOCATION: "wouldIncreasePriceDislocation",
    RejectReason.TRADING_DISABLED: "marketSuspended",  # for this account
    RejectReason.TOO_MANY_TRAILING: "tooManyOrders",
    RejectReason.TOO_MANY_HELD: "tooManyOrders",
    RejectReason.TRAIL_TOO_WIDE: "invalidPrice",
    RejectReason.TRAIL_NO_HEADROOM: "invalidPrice",
    RejectReason.TRAIL_NO_REFERENCE: "invalidPrice",
    RejectReason.TRAIL_FIXES_TRIGGER: "cannotEditTriggerPriceOfTrailingStop",
    RejectReason.TRAIL_FIXES_LIMIT: "cannotEditLimitPriceOfTrailingStop",
    RejectReason.OFFSET_TOO_HIGH: "invalidPrice",
    RejectReason.OFFSET_TOO_LOW: "invalidPrice",
    RejectReason.NO_EFFECT: "invalidPrice",
    RejectReason.CLOSING_MARGIN: "insufficientAvailableFunds",
    RejectReason.EXPIRED: "wouldProcessAfterSpecifiedTime",  # never: no order here has an end
    RejectReason.LOW_DISK: "marketSuspended",  # cancels still pass, as in a suspended market
}

# A change that was refused. What is gone cannot be told from what never was.
EDIT_STATUS: Final[Mapping[RejectReason, str]] = {
    **SEND_STATUS,
    RejectReason.UNKNOWN_ORDER: "orderForEditNotFound",
    RejectReason.ALREADY_FILLED: "orderForEditNotFound",
    RejectReason.LEVERAGE_TOO_HIGH: "insufficientAvailableFunds",  # changes have no other word
}

TOLD_AS_REJECT: Final = (  # of a change: no status has a word of its own for it
    RejectReason.TRAIL_TOO_WIDE,
    RejectReason.TRAIL_NO_HEADROOM,
    RejectReason.TRAIL_NO_REFERENCE,
    RejectReason.NO_EFFECT,
    RejectReason.OFFSET_TOO_HIGH,
    RejectReason.OFFSET_TOO_LOW,
)

# The `OrderError` of a refusal that was found before the order or change became a command.
STATUS_ERROR: Final[Mapping[str, str]] = {
    "marketSuspended": "MARKET_SUSPENDED",
    "marketInactive": "MARKET_NOT_FOUND",
    "invalidPrice": "INVALID_PRICE",
    "invalidSize": "INVALID_QUANTITY",
    "clientOrderIdAlreadyExist": "CLIENT_ORDER_ID_IN_USE",
    "clientOrderIdTooBig": "CLIENT_ORDER_ID_TOO_LONG",
    "clientOrderIdTooLong": "CLIENT_ORDER_ID_TOO_LONG",
    "orderForEditNotAStop": "ORDER_CANNOT_HAVE_TRIGGER_PRICE",
    "orderForEditNotFound": "ORDER_FOR_EDIT_NOT_FOUND",
    "notFound": "ORDER_FOR_CANCELLATION_NOT_FOUND",
}
NO_ORDER_ERROR: Final = (RejectReason.PAST_DEADLINE, RejectReason.EXPIRED)  # none of them says it

# Refusals that are not about an order: the whole request is answered with an error.
REQUEST_ERROR: Final[Mapping[RejectReason, str]] = {
    RejectReason.ACCOUNT_NOT_FOUND: "accountInactive",
    RejectReason.ALREADY_EXISTS: "invalidArgument",
    RejectReason.INVALID: "invalidArgument",
    RejectReason.OPEN_POSITION: "invalidArgument",
    RejectReason.NOT_ISOLATED: "invalidArgument",
    RejectReason.INVALID_DISPLAY: "invalidArgument",
    RejectReason.HAS_CLOSE: "invalidArgument",
    RejectReason.ASSET_NOT_HELD: INVALID_UNIT,
    RejectReason.UNKNOWN_ASSIGNEE: "invalidArgument",
    RejectReason.TWAP_NOT_OFFERED: "invalidArgument",
    RejectReason.TWAP_TOO_SHORT: "invalidArgument",
    RejectReason.TWAP_TOO_LONG: "invalidArgument",
    RejectReason.TWAP_SLICE_SIZE: "invalidArgument",
    RejectReason.TOO_MANY_TWAPS: "invalidArgument",
    RejectReason.TWAP_CL_ORD_ID_IN_USE: "invalidArgument",
    RejectReason.UNKNOWN_TWAP: "invalidArgument",
}

# Refusals of a cancel of all.
CANCEL_ERROR: Final[Mapping[RejectReason, str]] = {
    **REQUEST_ERROR,
    RejectReason.MARKET_MAINTENANCE: MARKET_UNAVAILABLE,
}

# Refusals of money that was to move.
TRANSFER_ERROR: Final[Mapping[RejectReason, str]] = {
    **REQUEST_ERROR,
    RejectReason.ACCOUNT_NOT_FOUND: INVALID_ACCOUNT,
    RejectReason.INSUFFICIENT_FUNDS: INSUFFICIENT_FUNDS,
}

ORDER_ERROR: Final[Mapping[RejectReason, str]] = {
    RejectReason.MARKET_NOT_FOUND: "MARKET_NOT_FOUND",
    RejectReason.MARKET_SUSPENDED: "MARKET_SUSPENDED",
    RejectReason.MARKET_INACTIVE: "MARKET_NOT_FOUND",
    RejectReason.MARKET_POST_ONLY: "MARKET_IS_POST_ONLY",
    RejectReason.MARKET_LIMIT_ONLY: "MARKET_SUSPENDED",
    RejectReason.MARKET_REDUCE_ONLY: "WOULD_NOT_REDUCE_POSITION",
    RejectReason.MARKET_CANCEL_ONLY: "MARKET_SUSPENDED",
    RejectReason.MARKET_MAINTENANCE: "MARKET_SUSPENDED",
    RejectReason.PAST_DEADLINE: "MARKET_SUSPENDED",
    RejectReason.CL_ORD_ID_IN_USE: "CLIENT_ORDER_ID_IN_USE",
    RejectReason.INVALID_QUANTITY: "INVALID_QUANTITY",
    RejectReason.SMALL_ORDER: "SMALL_ORDER_LIMIT_EXCEEDED",
    RejectReason.INVALID_PRICE: "INVALID_PRICE",
    RejectReason.TOO_MANY_ORDERS: "ORDER_LIMIT_EXCEEDED",
    RejectReason.WOULD_NOT_REDUCE: "WOULD_NOT_REDUCE_POSITION",
    RejectReason.MAX_POSITION: "MAX_POSITION_EXCEEDED",
    RejectReason.INSUFFICIENT_MARGIN: "INSUFFICIENT_MARGIN",
    RejectReason.INSUFFICIENT_FUNDS: "INSUFFICIENT_MARGIN",
    RejectReason.WOULD_CAUSE_LIQUIDATION: "WOULD_CAUSE_LIQUIDATION",
    RejectReason.PRICE_COLLAR: "PRICE_COLLAR",
    RejectReason.WOULD_TAKE: "POST_WOULD_EXECUTE",
    RejectReason.WOULD_NOT_TAKE: "IOC_WOULD_NOT_EXECUTE",
    RejectReason.WOULD_NOT_FILL: "IOC_WOULD_NOT_EXECUTE",
    RejectReason.SELF_TRADE: "WOULD_EXECUTE_SELF",
    RejectReason.NO_REFERENCE_PRICE: "IOC_WOULD_NOT_EXECUTE",
    RejectReason.UNKNOWN_ORDER: "ORDER_FOR_CANCELLATION_NOT_FOUND",
    RejectReason.ALREADY_FILLED: "ORDER_FOR_CANCELLATION_NOT_FOUND",
    RejectReason.LOW_DISK: "MARKET_SUSPENDED",
    RejectReason.ACCOUNT_NOT_FOUND: "MARKET_NOT_FOUND",
    RejectReason.ALREADY_EXISTS: "MARKET_NOT_FOUND",
    RejectReason.INVALID: "MARKET_NOT_FOUND",
    RejectReason.LEVERAGE_TOO_HIGH: "FIXED_LEVERAGE_TOO_HIGH",
    RejectReason.OPEN_POSITION: "FIXED_LEVERAGE_TOO_HIGH",
    RejectReason.NOT_ISOLATED: "FIXED_LEVERAGE_TOO_HIGH",
    RejectReason.INVALID_DISPLAY: "INVALID_QUANTITY",
    RejectReason.HAS_CLOSE: "MARKET_NOT_FOUND",
    RejectReason.REDUCES_TOO_MUCH: "WOULD_NOT_REDUCE_POSITION",
    RejectReason.ASSET_NOT_HELD: "MARKET_NOT_FOUND",
    RejectReason.PRICE_DISLOCATION: "PRICE_DISLOCATION",
    RejectReason.UNKNOWN_ASSIGNEE: "MARKET_NOT_FOUND",
    RejectReason.TRADING_DISABLED: "MARKET_SUSPENDED",
    RejectReason.NOT_A_TRIGGER: "ORDER_CANNOT_HAVE_TRIGGER_PRICE",
    RejectReason.TOO_MANY_HELD: "ORDER_LIMIT_EXCEEDED",
    RejectReason.TOO_MANY_TRAILING: "TRAILING_STOP_ORDER_LIMIT_EXCEEDED",
    RejectReason.TRAIL_TOO_WIDE: "TRAILING_STOP_MAX_DEVIATION_TOO_LARGE",
    RejectReason.TRAIL_NO_HEADROOM: (
        "INSUFFICIENT_HEADROOM_AROUND_CURRENT_PRICE_TO_EDIT_TRAILING_STOP"
    ),
    RejectReason.TRAIL_NO_REFERENCE: (
        "NO_REFERENCE_PRICE_AVAILABLE_FOR_CALCULATING_TRAILING_STOP_TRIGGER_PRICE"
    ),
    RejectReason.TRAIL_FIXES_TRIGGER: "CANNOT_EDIT_TRIGGER_PRICE_OF_TRAILING_STOP",
    RejectReason.TRAIL_FIXES_LIMIT: "CANNOT_EDIT_LIMIT_PRICE_OF_TRAILING_STOP",
    RejectReason.OFFSET_TOO_HIGH: "LIMIT_PRICE_OFFSET_TOO_HIGH",
    RejectReason.OFFSET_TOO_LOW: "LIMIT_PRICE_OFFSET_TOO_LOW",
    RejectReason.NO_EFFECT: "EDIT_HAS_NO_EFFECT",
    RejectReason.CLOSING_MARGIN: "INSUFFICIENT_CLOSING_MARGIN",
    RejectReason.EXPIRED: "MARKET_SUSPENDED",
    RejectReason.TWAP_NOT_OFFERED: "MARKET_NOT_FOUND",
    RejectReason.TWAP_TOO_SHORT: "MARKET_NOT_FOUND",
    RejectReason.TWAP_TOO_LONG: "MARKET_NOT_FOUND",
    RejectReason.TWAP_SLICE_SIZE: "MARKET_NOT_FOUND",
    RejectReason.TOO_MANY_TWAPS: "MARKET_NOT_FOUND",
    RejectReason.TWAP_CL_ORD_ID_IN_USE: "MARKET_NOT_FOUND",
    RejectReason.UNKNOWN_TWAP: "MARKET_NOT_FOUND",
}

# Of a change that was refused.
EDIT_ERROR: Final[Mapping[RejectReason, str]] = {
    **ORDER_ERROR,
    RejectReason.UNKNOWN_ORDER: "ORDER_FOR_EDIT_NOT_FOUND",
    RejectReason.ALREADY_FILLED: "ORDER_FOR_EDIT_NOT_FOUND",
}

# `updateReason` in orders/status, and `reason` on the open_orders feed.
UPDATE_REASON: Final[Mapping[CancelReason, str]] = {
    CancelReason.BY_OWNER: "CANCELLED_BY_USER",
    CancelReason.MASS_CANCEL: "CANCELLED_BY_USER",
    CancelReason.DEAD_MANS_SWITCH: "DEAD_MAN_SWITCH",
    CancelReason.IOC_REMAINDER: "IOC_WOULD_NOT_EXECUTE_REASON",
    CancelReason.SELF_TRADE: "WOULD_EXECUTE_SELF_REASON",
    CancelReason.WOULD_NOT_REDUCE: "WOULD_NOT_REDUCE_POSITION",
    CancelReason.TRIGGER_REFUSED: "STOP_ORDER_TRIGGERED",
    CancelReason.BY_VENUE: "CANCELLED_BY_ADMIN",
    CancelReason.LIQUIDATION: "NOT_ENOUGH_MARGIN",
    CancelReason.EXPIRED: "CONTRACT_EXPIRED",
    CancelReason.EVICTED: "CANCELLED_BY_SELF_TRADE",
    CancelReason.LAPSED: "EXPIRED",
    CancelReason.PARENT_ENDED: "CANCELLED_BY_ADMIN",
    CancelReason.REPLACED: "CANCELLED_BY_USER",
    CancelReason.POSITION_CLOSED: "WOULD_NOT_REDUCE_POSITION",
    CancelReason.SLICE_REFUSED: "CANCELLED_BY_ADMIN",  # never: it is no order's end
}
FEED_REASON: Final[Mapping[CancelReason, str]] = {
    CancelReason.BY_OWNER: "cancelled_by_user",
    CancelReason.MASS_CANCEL: "cancelled_by_user",
    CancelReason.DEAD_MANS_SWITCH: "dead_man_switch",
    CancelReason.IOC_REMAINDER: "ioc_order_failed_because_it_would_not_be_executed",
    CancelReason.SELF_TRADE: "would_execute_self",
    CancelReason.WOULD_NOT_REDUCE: "would_not_reduce_position",
    CancelReason.TRIGGER_REFUSED: "not_enough_margin",
    CancelReason.BY_VENUE: "cancelled_by_admin",
    CancelReason.LIQUIDATION: "not_enough_margin",
    CancelReason.EXPIRED: "contract_expired",
    CancelReason.EVICTED: "would_execute_self",
    CancelReason.LAPSED: "cancelled_by_admin",  # never: no order here has an end
    CancelReason.REPLACED: "cancelled_by_user",
    CancelReason.PARENT_ENDED: "cancelled_by_admin",  # never: no order here has legs
    CancelReason.POSITION_CLOSED: "would_not_reduce_position",
    CancelReason.SLICE_REFUSED: "cancelled_by_admin",  # never: it is no order's end
}

# Items of a batch say some things in words of their own.
BATCH_STATUS: Final[Mapping[str, str]] = {
    "clientOrderIdTooBig": "clientOrderIdTooLong",
    "invalidArgument: orderType": "invalidOrderType",
    "invalidArgument: side": "invalidSide",
    "invalidArgument: size": "invalidSize",
    "invalidArgument: limitPrice": "invalidPrice",
    "invalidArgument: stopPrice": "invalidPrice",
    "invalidArgument: symbol": "marketInactive",
    "contractNotFound": "marketInactive",
    "invalidArgument: order_id": "notFound",
    "invalidArgument: orderId": "orderForEditNotFound",
}


def order_error(reason: RejectReason) -> str:
    """The `OrderError` of a refused order; empty: none of them says it."""
    return "" if reason in NO_ORDER_ERROR else ORDER_ERROR[reason]


def edit_error(reason: RejectReason) -> str:
    """The `OrderError` of a refused change; empty: none of them says it."""
    return "" if reason in NO_ORDER_ERROR else EDIT_ERROR[reason]


def invalid(argument: str, why: str = "") -> WireError:
    """An argument with a value that cannot be."""
    return WireError(f"invalidArgument: {argument}", why=why)


def missing(argument: str) -> WireError:
    """An argument that has to be there and is not."""
    return WireError(MISSING, why=f"{argument} is missing")


class NumberedError(WireError):
    """A refusal with a number, in the form that the service's web framework gives."""

    def __init__(self, code: int, message: str, *, status: int) -> None:
        super().__init__(message, status=status)
        self.code = code


class ErrorJson(Struct, rename={"server_time": "serverTime"}, tag_field="result", tag="error"):
    """The documented form of an error."""

    error: str
    server_time: str


class NumberedJson(Struct):
    """One entry of the other form."""

    code: int
    message: str


class ErrorsJson(Struct, rename={"server_time": "serverTime"}, tag_field="result", tag="error"):
    """The form that the service's web framework gives."""

    status: str
    errors: list[NumberedJson]
    server_time: str


class UnauthorizedJson(Struct):
    """How the history service says that it does not know who asks."""

    status: str = "unauthorized"
    reason: str = "You are not authorized to access this endpoint."


def encode_error(error: WireError, server_time: str) -> Response:
    """What the client hears of `error`. The reason for the operator stays inside."""
    word = error.word
    if isinstance(error, NumberedError):
        return _encode_numbered(
            error.status, NumberedJson(error.code, word), PHRASES[error.status], server_time
        )
    if word == BAD_REQUEST:
        return encode_framework_error(error.status, word, server_time)
    if word == UNAUTHORIZED:
        return Response(error.status, msgspec.json.encode(UnauthorizedJson()))
    return Response(error.status, msgspec.json.encode(ErrorJson(word, server_time)))


def encode_framework_error(status: int, word: str, server_time: str) -> Response:
    """The other form: a number and the words of an HTTP status."""
    return _encode_numbered(status, NumberedJson(0, word), word.partition(" ")[2], server_time)


def _encode_numbered(status: int, error: NumberedJson, phrase: str, server_time: str) -> Response:
    return Response(status, msgspec.json.encode(ErrorsJson(phrase, [error], server_time)))
