"""This API's words for no: texts, statuses, and three numberings of business refusals.

Source: Pacifica, "Error codes" (of 2025 and 2026), and answers that the live service was seen to
give. The engine's numbers are the newest table; the short ones are the first that was published.
"""

from typing import Final, Literal

import msgspec

from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.gateways.pacifica.profile import Profile
from openvenue.gateways.wire import Response, WireError

INVALID_PARAMETERS: Final = "Invalid parameters"
INVALID_SIGNATURE: Final = "Invalid signature"
INVALID_MESSAGE: Final = "Invalid message"
INVALID_PUBLIC_KEY: Final = "Invalid public key"
VERIFICATION_FAILED: Final = (
    "Verification failed: signature does not match signer and canonical payload."
)
AGENT_NOT_AUTHORIZED: Final = "Agent not authorized for account"
INTERNAL: Final = "Internal server error"
LIMIT: Final = "Rate limit exceeded"
NOT_FOUND: Final = "Not found"
UNSUPPORTED: Final = "Unsupported operation"
EDIT_NOT_FOUND: Final = "Order not found"
FAILED_TO_CANCEL: Final = "Failed to cancel order"
STOP_NOT_FOUND: Final = "Stop order not found"
NO_PRICE: Final = "No reasonable price found"

UNSPECIFIED: Final = "unspecified"
BAD_SIGNATURE: Final = "signature_verification_failed"
BAD_AMOUNT: Final = "invalid_amount"

Scope = Literal["order", "account"]  # which numbering a refusal takes under `live`

# The engine's numbers that this gateway can tell.
ACCOUNT_NOT_FOUND: Final = 1
BOOK_NOT_FOUND: Final = 3
INVALID_TICK_LEVEL: Final = 4
INSUFFICIENT_BALANCE: Final = 5
ORDER_NOT_FOUND: Final = 6
AMOUNT_TOO_LOW: Final = 7
AMOUNT_TOO_HIGH: Final = 8
ORDER_LIMIT: Final = 10
INVALID_LEVERAGE: Final = 11
CANNOT_UPDATE_MARGIN: Final = 12
POSITION_NOT_FOUND: Final = 13
INVALID_STOP_TICK: Final = 16
INVALID_STOP_SIDE: Final = 17
INVALID_STOP_AMOUNT: Final = 18
INVALID_STOP_REDUCE_ONLY: Final = 19
REDUCE_SIDE: Final = 21
REDUCE_AMOUNT: Final = 22
NO_POSITION: Final = 23
NO_REASONABLE_PRICE: Final = 25
CHANNEL_CLOSED: Final = 26
IMMEDIATE_LIQUIDATION: Final = 28
TOO_FAR_FROM_MARK: Final = 30
DUPLICATE_CLIENT_ID: Final = 36
TRADING_DISABLED: Final = 38
OPEN_INTEREST: Final = 41
TWAP_DUPLICATE_CLIENT_ID: Final = 43
TWAP_SUB_AMOUNT: Final = 45
TWAP_TOO_SHORT: Final = 46
TWAP_NOT_FOUND: Final = 47
TOO_MANY_TWAPS: Final = 48
UNSUPPORTED_OPERATION: Final = 51
INSUFFICIENT_SPOT: Final = 62
REDUCE_ONLY_SPOT: Final = 106

# What the short table has; everything else is 0 there.
SHORT: Final = {1: 1, 3: 2, 4: 3, 5: 4, 6: 5, 9: 6, 11: 7, 12: 8, 13: 9, 49: 10}

# Of each refusal of the engine: its number here, and its text. `{…}` is filled in by `story_of`.
REFUSAL: Final = {
    RejectReason.MARKET_NOT_FOUND: (BOOK_NOT_FOUND, "Book not found: {symbol}"),
    RejectReason.MARKET_SUSPENDED: (TRADING_DISABLED, "Trading disabled: {symbol}"),
    RejectReason.MARKET_INACTIVE: (TRADING_DISABLED, "Trading disabled: {symbol}"),
    RejectReason.MARKET_POST_ONLY: (TRADING_DISABLED, "Trading disabled: {symbol}"),
    RejectReason.MARKET_LIMIT_ONLY: (TRADING_DISABLED, "Trading disabled: {symbol}"),
    RejectReason.MARKET_REDUCE_ONLY: (TRADING_DISABLED, "Trading disabled: {symbol}"),
    RejectReason.MARKET_CANCEL_ONLY: (TRADING_DISABLED, "Trading disabled: {symbol}"),
    RejectReason.MARKET_MAINTENANCE: (TRADING_DISABLED, "Trading disabled: {symbol}"),
    RejectReason.PAST_DEADLINE: (0, INVALID_MESSAGE),
    RejectReason.CL_ORD_ID_IN_USE: (DUPLICATE_CLIENT_ID, "Duplicate client order id: {cloid}"),
    RejectReason.INVALID_QUANTITY: (
        AMOUNT_TOO_HIGH,
        "Order amount too high for {address}: {amount} > {most}",
    ),
    RejectReason.SMALL_ORDER: (
        AMOUNT_TOO_LOW,
        "Order amount too low for {address}: {notional} < {least}",
    ),
    RejectReason.INVALID_PRICE: (INVALID_TICK_LEVEL, "Invalid tick level: {ticks}"),
    RejectReason.TOO_MANY_ORDERS: (ORDER_LIMIT, "Open order limit reached for {address}"),
    RejectReason.WOULD_NOT_REDUCE: (
        REDUCE_SIDE,
        "Invalid reduce-only order side: must be opposite to position side",
    ),
    RejectReason.MAX_POSITION: (OPEN_INTEREST, "Open interest limit exceeded: {symbol}"),
    RejectReason.INSUFFICIENT_MARGIN: (
        INSUFFICIENT_BALANCE,
        "Insufficient balance for {address}: {required} (account value: {available})",
    ),
    RejectReason.INSUFFICIENT_FUNDS: (
        INSUFFICIENT_SPOT,
        "Insufficient spot balance for {address}: {symbol}",
    ),
    RejectReason.WOULD_CAUSE_LIQUIDATION: (
        IMMEDIATE_LIQUIDATION,
        "Immediate liquidation for {symbol}: size {amount} tick level {ticks}",
    ),
    RejectReason.PRICE_COLLAR: (TOO_FAR_FROM_MARK, "Price too far from mark: {price} {mark}"),
    RejectReason.WOULD_TAKE: (0, "Post-only order would take"),
    RejectReason.WOULD_NOT_TAKE: (NO_REASONABLE_PRICE, NO_PRICE),
    RejectReason.WOULD_NOT_FILL: (0, "Order cannot be filled at once"),
    RejectReason.SELF_TRADE: (0, "Self trade prevented"),
    RejectReason.NO_REFERENCE_PRICE: (NO_REASONABLE_PRICE, NO_PRICE),
    RejectReason.UNKNOWN_ORDER: (ORDER_NOT_FOUND, FAILED_TO_CANCEL),
    RejectReason.ALREADY_FILLED: (ORDER_NOT_FOUND, FAILED_TO_CANCEL),
    RejectReason.ACCOUNT_NOT_FOUND: (ACCOUNT_NOT_FOUND, "Account not found: {address}"),
    RejectReason.LOW_DISK: (TRADING_DISABLED, "Trading disabled"),
    RejectReason.ALREADY_EXISTS: (0, "Already exists"),
    RejectReason.INVALID: (0, INVALID_PARAMETERS),
    RejectReason.LEVERAGE_TOO_HIGH: (INVALID_LEVERAGE, "Invalid leverage"),
    RejectReason.OPEN_POSITION: (
        INVALID_LEVERAGE,
        "Cannot decrease leverage with open position.: {leverage}",
    ),
    RejectReason.INVALID_DISPLAY: (0, INVALID_PARAMETERS),
    RejectReason.HAS_CLOSE: (0, INVALID_PARAMETERS),
    RejectReason.NOT_ISOLATED: (POSITION_NOT_FOUND, "PositionNotFound"),
    RejectReason.REDUCES_TOO_MUCH: (
        REDUCE_AMOUNT,
        "Invalid reduce-only order amount: {amount} exceeds position amount {held}",
    ),
    RejectReason.ASSET_NOT_HELD: (0, INVALID_PARAMETERS),
    RejectReason.PRICE_DISLOCATION: (TOO_FAR_FROM_MARK, "Price too far from mark: {price} {mark}"),
    RejectReason.UNKNOWN_ASSIGNEE: (0, INVALID_PARAMETERS),
    RejectReason.TRADING_DISABLED: (TRADING_DISABLED, "Trading disabled"),
    RejectReason.NOT_A_TRIGGER: (UNSUPPORTED_OPERATION, UNSUPPORTED),
    RejectReason.TOO_MANY_HELD: (ORDER_LIMIT, "Open order limit reached for {address}"),
    RejectReason.TOO_MANY_TRAILING: (ORDER_LIMIT, "Open order limit reached for {address}"),
    RejectReason.TRAIL_TOO_WIDE: (INVALID_STOP_TICK, "Invalid stop tick: {stop}"),
    RejectReason.TRAIL_NO_HEADROOM: (INVALID_STOP_TICK, "Invalid stop tick: {stop}"),
    RejectReason.NO_EFFECT: (0, INVALID_PARAMETERS),
    RejectReason.CLOSING_MARGIN: (
        INSUFFICIENT_BALANCE,
        "Insufficient balance for {address}: {required} (account value: {available})",
    ),
    RejectReason.TRAIL_NO_REFERENCE: (NO_REASONABLE_PRICE, NO_PRICE),
    RejectReason.TRAIL_FIXES_TRIGGER: (UNSUPPORTED_OPERATION, UNSUPPORTED),
    RejectReason.TRAIL_FIXES_LIMIT: (UNSUPPORTED_OPERATION, UNSUPPORTED),
    RejectReason.OFFSET_TOO_HIGH: (INVALID_TICK_LEVEL, "Invalid tick level: {ticks}"),
    RejectReason.OFFSET_TOO_LOW: (INVALID_TICK_LEVEL, "Invalid tick level: {ticks}"),
    RejectReason.EXPIRED: (0, INVALID_MESSAGE),
    RejectReason.TWAP_NOT_OFFERED: (UNSUPPORTED_OPERATION, UNSUPPORTED),
    RejectReason.TWAP_TOO_SHORT: (TWAP_TOO_SHORT, "duration of twap order too short"),
    RejectReason.TWAP_TOO_LONG: (0, "duration of twap order too long"),
    RejectReason.TWAP_SLICE_SIZE: (TWAP_SUB_AMOUNT, "Failed to get sub-order amount: {amount}"),
    RejectReason.TOO_MANY_TWAPS: (TOO_MANY_TWAPS, "TWAP order limit reached for {symbol}"),
    RejectReason.TWAP_CL_ORD_ID_IN_USE: (
        TWAP_DUPLICATE_CLIENT_ID,
        "Duplicate client order id: {cloid}",
    ),
    RejectReason.UNKNOWN_TWAP: (TWAP_NOT_FOUND, "TWAP order not found"),
}

# Refused with an identity: the client gets an id, and the order's end is its story.
IDENTIFIED: Final = {
    RejectReason.WOULD_TAKE: ("post_only_rejected", "rejected"),
    RejectReason.WOULD_NOT_TAKE: ("expired", "cancelled"),
    RejectReason.WOULD_NOT_FILL: ("expired", "cancelled"),
}

# Why an order ended: the event, which is also its `reason`, and the order's last status.
ENDED: Final = {
    CancelReason.BY_OWNER: ("cancel", "cancelled"),
    CancelReason.MASS_CANCEL: ("cancel", "cancelled"),
    CancelReason.DEAD_MANS_SWITCH: ("force_cancel", "cancelled"),
    CancelReason.IOC_REMAINDER: ("expired", "cancelled"),
    CancelReason.SELF_TRADE: ("self_trade_prevented", "rejected"),
    CancelReason.WOULD_NOT_REDUCE: ("force_cancel", "cancelled"),
    CancelReason.TRIGGER_REFUSED: ("force_cancel", "cancelled"),
    CancelReason.BY_VENUE: ("force_cancel", "cancelled"),
    CancelReason.LIQUIDATION: ("force_cancel", "cancelled"),
    CancelReason.EXPIRED: ("force_cancel", "cancelled"),
    CancelReason.EVICTED: ("self_trade_prevented", "rejected"),
    CancelReason.LAPSED: ("expired", "cancelled"),
    CancelReason.PARENT_ENDED: ("cancel", "cancelled"),
    CancelReason.REPLACED: ("cancel", "cancelled"),
    CancelReason.POSITION_CLOSED: ("force_cancel", "cancelled"),
    CancelReason.SLICE_REFUSED: ("force_cancel", "cancelled"),  # never: it is no order's end
}

WS_OK: Final = 200
WS_BAD_REQUEST: Final = 400
WS_BAD_SIGNATURE: Final = 401
WS_BAD_SIGNER: Final = 402
WS_FORBIDDEN: Final = 403
WS_REFUSED: Final = 420
WS_LIMIT: Final = 429
WS_UNKNOWN: Final = 500


class Failure(WireError):
    """A request that got no further; `code` is the engine's number, None for HTTP's own."""

    def __init__(
        self,
        text: str,
        *,
        status: int = 400,
        code: int | None = None,
        scope: Scope = "order",
        error_id: str = UNSPECIFIED,
        ws_code: int | None = None,
        why: str = "",
    ) -> None:
        super().__init__(text, status=status, why=why)
        self.code = code
        self.scope: Scope = scope
        self.error_id = error_id
        self._ws_code = ws_code

    def number(self, profile: Profile) -> int:
        """`code` of the answer."""
        if self.code is None:
            return self.status
        if profile.codes == "short" or (profile.codes == "live" and self.scope == "order"):
            return SHORT.get(self.code, 0)
        return self.code

    @property
    def ws_code(self) -> int:
        """The same on the socket."""
        if self._ws_code is not None:
            return self._ws_code
        if self.status in (WS_BAD_REQUEST, WS_FORBIDDEN, WS_LIMIT):
            return self.status
        return WS_UNKNOWN if self.status >= 500 else WS_REFUSED


def refused(text: str, code: int, scope: Scope = "order", why: str = "") -> Failure:
    """A rule of the market says no."""
    error_id = BAD_AMOUNT if code in (AMOUNT_TOO_LOW, AMOUNT_TOO_HIGH) else UNSPECIFIED
    return Failure(text, status=422, code=code, scope=scope, error_id=error_id, why=why)


def unsupported(what: str) -> Failure:
    """Something that the real service has and this one does not have yet."""
    return Failure(UNSUPPORTED, status=422, code=UNSUPPORTED_OPERATION, scope="account", why=what)


def invalid(text: str = INVALID_PARAMETERS, why: str = "") -> Failure:
    """A body or a query that cannot be read."""
    return Failure(text, why=why)


class _Bare(msgspec.Struct):
    error: str
    code: int


class _Envelope(msgspec.Struct):
    success: bool
    data: None
    error: str
    code: int
    error_id: str | msgspec.UnsetType = msgspec.UNSET


def encode_failure(failure: Failure, profile: Profile) -> Response:
    """What a client is told."""
    text = failure.word
    code = failure.number(profile)
    if profile.bare_string_errors and failure.error_id == BAD_SIGNATURE:
        return Response(failure.status, b"Verification failed", "text/plain")
    if profile.response == "alpha":
        return Response(failure.status, msgspec.json.encode(_Bare(text, code)))
    told = _Envelope(False, None, text, code)
    if failure.code is not None or failure.error_id != UNSPECIFIED:
        told.error_id = failure.error_id
    return Response(failure.status, msgspec.json.encode(told))
