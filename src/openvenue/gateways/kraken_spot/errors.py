"""This API's words for no.

Business comes as `E<category>:<text>` and never with an HTTP status but 200; the socket's gateway
has plain words of its own. Source: Kraken Spot, "API errors"; WebSocket v2, "Introduction".
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.gateways.wire import Response, WireError

INVALID: Final = "EGeneral:Invalid arguments"
PERMISSION: Final = "EGeneral:Permission denied"
INTERNAL: Final = "EGeneral:Internal error"
UNKNOWN_METHOD: Final = "EGeneral:Unknown method"
INVALID_KEY: Final = "EAPI:Invalid key"
INVALID_SIGNATURE: Final = "EAPI:Invalid signature"
INVALID_NONCE: Final = "EAPI:Invalid nonce"
INVALID_TOKEN: Final = "EAPI:Invalid token"
RATE_LIMIT: Final = "EAPI:Rate limit exceeded"
LATER: Final = "EAPI:Feature disabled"
BAD_REQUEST: Final = "EAPI:Bad request"
INVALID_SESSION: Final = "ESession:Invalid session"
UNAVAILABLE: Final = "EService:Unavailable"
BUSY: Final = "EService:Busy"
UNKNOWN_PAIR: Final = "EQuery:Unknown asset pair"
UNKNOWN_ASSET: Final = "EQuery:Unknown asset"
UNKNOWN_ORDER: Final = "EOrder:Unknown order"
INVALID_ORDER: Final = "EOrder:Invalid order"
TICK_SIZE: Final = "EOrder:Tick size check failed"
INVALID_PRICE: Final = "EOrder:Invalid price:Invalid price argument."
NO_CHANGE: Final = "EOrder:No amendable parameters specified"
NO_MARGIN: Final = "EOrder:Margin allowance exceeded"
NO_REDUCING: Final = "EOrder:Reduce only:Non-PC"

# The socket's own.
NO_TOKEN: Final = "Token(s) not found"
NO_SYMBOL: Final = "Symbol(s) not found"
NO_METHOD: Final = "Event(s) not found"
UNSUPPORTED_EVENT: Final = "Unsupported event"
MALFORMED: Final = "Malformed request"
NO_CHANNEL: Final = "Subscription name invalid"
SUBSCRIBED: Final = "Already subscribed"
NOT_SUBSCRIBED: Final = "Subscription Not Found"
NO_DEPTH: Final = "Subscription depth not supported"
TOO_FAST: Final = "Exceeded msg rate"
NOT_PUBLIC: Final = (
    "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"
)
NOT_PRIVATE: Final = (
    "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com"
)

REFUSED: Final[Mapping[RejectReason, str]] = {
    RejectReason.MARKET_NOT_FOUND: UNKNOWN_PAIR,
    RejectReason.MARKET_SUSPENDED: "EService:Market in cancel_only mode",
    RejectReason.MARKET_MAINTENANCE: UNAVAILABLE,
    RejectReason.MARKET_INACTIVE: UNAVAILABLE,
    RejectReason.MARKET_POST_ONLY: "EService:Market in post_only mode",
    RejectReason.MARKET_LIMIT_ONLY: "EService:Market in limit_only mode",
    RejectReason.MARKET_REDUCE_ONLY: "EService:Market in reduce_only mode",
    RejectReason.MARKET_CANCEL_ONLY: "EService:Market in cancel_only mode",
    RejectReason.PAST_DEADLINE: "EService:Deadline elapsed",
    RejectReason.CL_ORD_ID_IN_USE: f"{INVALID}:cl_ord_id not unique",
    RejectReason.INVALID_QUANTITY: f"{INVALID}:volume",
    RejectReason.SMALL_ORDER: "EOrder:Cost minimum not met",
    RejectReason.INVALID_PRICE: "EOrder:Invalid price",
    RejectReason.TOO_MANY_ORDERS: "EOrder:Orders limit exceeded",
    RejectReason.WOULD_NOT_REDUCE: NO_REDUCING,
    RejectReason.MAX_POSITION: "EOrder:Margin position size exceeded",
    RejectReason.INSUFFICIENT_MARGIN: "EOrder:Insufficient initial margin",
    RejectReason.INSUFFICIENT_FUNDS: "EOrder:Insufficient funds",
    RejectReason.WOULD_CAUSE_LIQUIDATION: "EOrder:Margin level too low",
    RejectReason.PRICE_COLLAR: "EOrder:Invalid price",
    RejectReason.WOULD_TAKE: "EOrder:Post only order",
    RejectReason.WOULD_NOT_TAKE: INVALID_ORDER,
    RejectReason.WOULD_NOT_FILL: INVALID_ORDER,
    RejectReason.SELF_TRADE: INVALID_ORDER,  # fill-or-kill that meets its own account
    RejectReason.NO_REFERENCE_PRICE: f"{INVALID}:Index unavailable",
    RejectReason.UNKNOWN_ORDER: UNKNOWN_ORDER,
    RejectReason.ALREADY_FILLED: UNKNOWN_ORDER,
    RejectReason.ACCOUNT_NOT_FOUND: PERMISSION,
    RejectReason.LOW_DISK: "EService:Market in cancel_only mode",  # which is what it means
    RejectReason.ALREADY_EXISTS: INVALID,
    RejectReason.INVALID: INVALID,
    RejectReason.LEVERAGE_TOO_HIGH: NO_MARGIN,
    RejectReason.OPEN_POSITION: NO_MARGIN,
    RejectReason.NOT_ISOLATED: NO_MARGIN,
    RejectReason.INVALID_DISPLAY: f"{INVALID}:displayvol",
    RejectReason.HAS_CLOSE: f"{INVALID}:close",
    RejectReason.REDUCES_TOO_MUCH: NO_REDUCING,
    RejectReason.ASSET_NOT_HELD: f"{INVALID}:asset",
    RejectReason.PRICE_DISLOCATION: "EOrder:Invalid price",
    RejectReason.UNKNOWN_ASSIGNEE: INVALID,
    RejectReason.TRADING_DISABLED: PERMISSION,
    RejectReason.NOT_A_TRIGGER: f"{INVALID}:trigger_price",
    RejectReason.TOO_MANY_HELD: "EOrder:Orders limit exceeded",
    RejectReason.TOO_MANY_TRAILING: "EOrder:Orders limit exceeded",
    RejectReason.TRAIL_TOO_WIDE: INVALID_PRICE,
    RejectReason.TRAIL_NO_HEADROOM: INVALID_PRICE,
    RejectReason.NO_EFFECT: NO_CHANGE,
    RejectReason.CLOSING_MARGIN: "EOrder:Insufficient initial margin",
    RejectReason.TRAIL_NO_REFERENCE: f"{INVALID}:Index unavailable",
    RejectReason.TRAIL_FIXES_TRIGGER: f"{INVALID}:trigger_price",
    RejectReason.TRAIL_FIXES_LIMIT: f"{INVALID}:limit_price",
    RejectReason.OFFSET_TOO_HIGH: INVALID_PRICE,
    RejectReason.OFFSET_TOO_LOW: INVALID_PRICE,
    RejectReason.EXPIRED: f"{INVALID}:expiretm",
    RejectReason.TWAP_NOT_OFFERED: INVALID,
    RejectReason.TWAP_TOO_SHORT: INVALID,
    RejectReason.TWAP_TOO_LONG: INVALID,
    RejectReason.TWAP_SLICE_SIZE: INVALID,
    RejectReason.TOO_MANY_TWAPS: INVALID,
    RejectReason.TWAP_CL_ORD_ID_IN_USE: INVALID,
    RejectReason.UNKNOWN_TWAP: INVALID,
}

# `reason` on executions and in ClosedOrders. Only the first is established.
ENDED: Final[Mapping[CancelReason, str]] = {
    CancelReason.BY_OWNER: "User requested",
    CancelReason.MASS_CANCEL: "User requested",
    CancelReason.DEAD_MANS_SWITCH: "Cancel all orders after",
    CancelReason.IOC_REMAINDER: "Immediate or cancel",
    CancelReason.SELF_TRADE: "Self trade prevention",
    CancelReason.WOULD_NOT_REDUCE: NO_REDUCING,
    CancelReason.TRIGGER_REFUSED: INVALID_ORDER,  # the refusal itself, where there is one
    CancelReason.BY_VENUE: "Canceled by the venue",
    CancelReason.LIQUIDATION: "Liquidation",
    CancelReason.EXPIRED: "Canceled by the venue",
    CancelReason.EVICTED: "Self trade prevention",
    CancelReason.PARENT_ENDED: "Canceled by the venue",  # never: no pair has positions
    CancelReason.POSITION_CLOSED: "Canceled by the venue",
    CancelReason.SLICE_REFUSED: "Canceled by the venue",  # never: it is no order's end
    CancelReason.REPLACED: "Order replaced",
    CancelReason.LAPSED: "Expired",  # never said: such an order ends without a reason
}

# Orders that were acknowledged and never stood.
NEVER_STOOD: Final[Mapping[RejectReason, str]] = {
    RejectReason.WOULD_TAKE: "Post only order",
    RejectReason.WOULD_NOT_TAKE: ENDED[CancelReason.IOC_REMAINDER],
    RejectReason.WOULD_NOT_FILL: "Fill or kill",
}


def invalid(field: str, why: str = "") -> WireError:
    """An argument with a value that cannot be."""
    return WireError(f"{INVALID}:{field}", why=why)


def reason_of(canceled: CancelReason | None, rejected: RejectReason | None) -> str | None:
    """Why an order ended, in this API's words; None: it was filled."""
    if canceled is CancelReason.TRIGGER_REFUSED and rejected is not None:
        return NEVER_STOOD.get(rejected) or REFUSED[rejected]
    if canceled is CancelReason.LAPSED:
        return None
    if canceled is not None:
        return ENDED[canceled]
    return None if rejected is None else NEVER_STOOD.get(rejected) or REFUSED[rejected]


def encode_errors(words: Sequence[str]) -> Response:
    """A failure: always 200, and no `result`."""
    return Response(200, b'{"error":%b}' % msgspec.json.encode(words))
