"""What a client may say on the socket: the shape of each request, and words for a wrong one.

Requests that fit are read in one go. Of those that do not, the first fault is named as the service
names it. Numbers stay digits. Source: Kraken Spot WebSocket v2, all requests.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.wire import WireError

NONE: Final = Raw(b"")  # what is not there is this very object
NULL: Final = b"null"
REQ_ID_MAX: Final = 20  # digits

Kind = Literal["string", "number_float", "integer", "boolean", "array", "objects", "object"]
P = TypeVar("P", bound=Struct)


class Head(Struct):
    """The outside of a request. What else stands there is ignored: one library merges in extras."""

    method: Raw = NONE
    params: Raw = NONE
    req_id: Raw = NONE


class Triggers(Struct, forbid_unknown_fields=True):
    """When an order acts."""

    price: Raw = NONE
    price_type: str = "static"
    reference: str | None = None


class Conditional(Struct, forbid_unknown_fields=True):
    """What each fill is to bring."""

    order_type: str | None = None
    limit_price: Raw = NONE
    limit_price_type: str | None = None
    trigger_price: Raw = NONE
    trigger_price_type: str = "static"
    stop_price: Raw = NONE  # deprecated


class AddOrder(Struct, forbid_unknown_fields=True):
    """`add_order`."""

    order_type: str | None = None
    side: str | None = None
    symbol: str | None = None
    order_qty: Raw = NONE
    token: str | None = None
    limit_price: Raw = NONE
    cl_ord_id: str | None = None
    time_in_force: str | None = None
    post_only: bool = False
    order_userref: Raw = NONE
    deadline: str | None = None
    validate: bool = False
    stp_type: str | None = None
    triggers: Triggers | None = None
    limit_price_type: str | None = None
    reduce_only: bool = False
    margin: bool = False
    fee_preference: str | None = None
    cash_order_qty: Raw = NONE
    display_qty: Raw = NONE
    conditional: Conditional | None = None
    expire_time: str | None = None
    effective_time: str | None = None
    sender_sub_id: str | None = None  # served later, and refused
    # Deprecated twins, and one that nothing hangs on any more.
    stop_price: Raw = NONE
    trigger: str | None = None
    no_mpp: bool | None = None


class CancelOrder(Struct, forbid_unknown_fields=True):
    """`cancel_order`: three kinds of names, all of which count."""

    order_id: list[str] = []
    cl_ord_id: list[str] = []
    order_userref: list[int] = []
    token: str | None = None


class AmendOrder(Struct, forbid_unknown_fields=True):
    """`amend_order`."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    order_qty: Raw = NONE
    display_qty: Raw = NONE
    limit_price: Raw = NONE
    limit_price_type: str = "static"
    trigger_price: Raw = NONE
    trigger_price_type: str = "static"
    post_only: bool = False
    deadline: str | None = None
    symbol: str | None = None  # of what has no pair here
    token: str | None = None


class BatchAdd(Struct, forbid_unknown_fields=True):
    """`batch_add`: orders of one pair, each as in `add_order`."""

    symbol: str | None = None
    orders: list[Raw] = []
    deadline: str | None = None
    validate: bool = False
    token: str | None = None


class BatchCancel(Struct, forbid_unknown_fields=True):
    """`batch_cancel`: ids or user references, and clients' ids."""

    orders: list[str] = []
    cl_ord_id: list[str] = []
    token: str | None = None


class CancelAll(Struct, forbid_unknown_fields=True):
    """`cancel_all`."""

    token: str | None = None


class CancelAllAfter(Struct, forbid_unknown_fields=True):
    """`cancel_all_orders_after`."""

    timeout: int | None = None
    token: str | None = None


class Subscription(Struct, forbid_unknown_fields=True):
    """`subscribe` and `unsubscribe`, of any channel; which members one has is in `CHANNELS`."""

    channel: str | None = None
    symbol: list[str] | None = None
    token: str | None = None
    snapshot: bool | None = None
    depth: int | None = None
    event_trigger: str | None = None
    interval: int | None = None
    snap_orders: bool | None = None
    snap_trades: bool | None = None
    snapshot_trades: bool | None = None
    order_status: bool = True
    ratecounter: bool = False
    rebased: bool | None = None
    users: str | None = None
    include_tokenized_assets: bool | None = None
    execution_venue: str | None = None


ADD_ORDER: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("order_type", "side", "symbol", "token", "cl_ord_id"), "string"),
    **dict.fromkeys(("time_in_force", "deadline", "stp_type", "limit_price_type"), "string"),
    **dict.fromkeys(("fee_preference", "expire_time", "effective_time"), "string"),
    **dict.fromkeys(("sender_sub_id", "trigger"), "string"),
    **dict.fromkeys(("order_qty", "limit_price", "cash_order_qty"), "number_float"),
    **dict.fromkeys(("display_qty", "stop_price"), "number_float"),
    **dict.fromkeys(("post_only", "validate", "reduce_only", "margin", "no_mpp"), "boolean"),
    "order_userref": "integer",
    "triggers": "object",
    "conditional": "object",
}
TRIGGERS: Final[Mapping[str, Kind]] = {
    "price": "number_float",
    "price_type": "string",
    "reference": "string",
}
CONDITIONAL: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("order_type", "limit_price_type", "trigger_price_type"), "string"),
    **dict.fromkeys(("limit_price", "trigger_price", "stop_price"), "number_float"),
}
INNER: Final = {"triggers": TRIGGERS, "conditional": CONDITIONAL}
CANCEL_ORDER: Final[Mapping[str, Kind]] = {
    "order_id": "array",
    "cl_ord_id": "array",
    "order_userref": "array",
    "token": "string",
}
AMEND_ORDER: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("order_id", "cl_ord_id", "symbol", "token", "deadline"), "string"),
    **dict.fromkeys(("limit_price_type", "trigger_price_type"), "string"),
    **dict.fromkeys(("order_qty", "display_qty", "limit_price", "trigger_price"), "number_float"),
    "post_only": "boolean",
}
BATCH_ADD: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("symbol", "deadline", "token"), "string"),
    "orders": "objects",
    "validate": "boolean",
}
BATCH_CANCEL: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("orders", "cl_ord_id"), "array"),
    "token": "string",
}
CANCEL_ALL: Final[Mapping[str, Kind]] = {"token": "string"}
CANCEL_ALL_AFTER: Final[Mapping[str, Kind]] = {"timeout": "integer", "token": "string"}

# Channels that can be subscribed, with the members that they have beside `channel` and `token`.
CHANNELS: Final[Mapping[str, tuple[str, ...]]] = {
    "book": ("symbol", "depth", "snapshot"),
    "trade": ("symbol", "snapshot"),
    "ticker": ("symbol", "event_trigger", "snapshot"),
    "instrument": ("snapshot", "include_tokenized_assets", "execution_venue"),
    "executions": (
        *("snapshot", "snap_orders", "snap_trades", "snapshot_trades"),
        *("order_status", "ratecounter", "rebased", "users"),
    ),
    "balances": ("snapshot", "rebased", "users"),
}
LATER: Final = ("ohlc", "level3")
SUBSCRIPTION: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("channel", "token", "event_trigger", "users", "execution_venue"), "string"),
    **dict.fromkeys(("snapshot", "snap_orders", "snap_trades", "snapshot_trades"), "boolean"),
    **dict.fromkeys(("order_status", "ratecounter", "rebased"), "boolean"),
    "include_tokenized_assets": "boolean",
    "symbol": "array",
    "depth": "integer",
    "interval": "integer",
}

HEAD: Final = msgspec.json.Decoder(Head)
METHOD: Final = msgspec.json.Decoder(str)
OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
LIST: Final = msgspec.json.Decoder(list[Any])
READ_ADD_ORDER: Final = msgspec.json.Decoder(AddOrder)
READ_AMEND_ORDER: Final = msgspec.json.Decoder(AmendOrder)
READ_BATCH_ADD: Final = msgspec.json.Decoder(BatchAdd)
READ_BATCH_CANCEL: Final = msgspec.json.Decoder(BatchCancel)
READ_CANCEL_ORDER: Final = msgspec.json.Decoder(CancelOrder)
READ_CANCEL_ALL: Final = msgspec.json.Decoder(CancelAll)
READ_CANCEL_ALL_AFTER: Final = msgspec.json.Decoder(CancelAllAfter)
READ_SUBSCRIPTION: Final = msgspec.json.Decoder(Subscription)


def read(
    params: Raw, decoder: "msgspec.json.Decoder[P]", members: Mapping[str, Kind], method: str
) -> P:
    """What a request asks. Where there are no params, all of it is missing.

    Raises: WireError: a member that this request does not have, or one of another type.
    """
    data: Any = params
    if not memoryview(params) or bytes(params) == NULL:
        data = b"{}"
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise WireError(why_wrong(bytes(params), members, method)) from None


def why_wrong(params: bytes, members: Mapping[str, Kind], method: str) -> str:
    """The first fault of params that could not be read."""
    try:
        found = OBJECT.decode(params)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return errors.UNSUPPORTED_EVENT
    for name, raw in found.items():
        kind = members.get(name)
        if kind is None:
            return unsupported(name, method)
        why = why_not(name, bytes(raw), kind)
        if why is None and name in INNER:
            inner = why_wrong(bytes(raw), INNER[name], method)
            why = None if inner == errors.UNSUPPORTED_EVENT else inner
        if why is not None:
            return why
    return errors.UNSUPPORTED_EVENT


def unsupported(name: str, method: str) -> str:
    """A member that a request does not have."""
    return f"Unsupported field: '{name[:100]}' for the given msg type: {method.replace('_', ' ')}"


def why_not(name: str, value: bytes, kind: Kind) -> str | None:
    """Why a value is not of its type; None if it is."""
    first = value[:1]
    if kind == "string":
        is_good = first == b'"'
    elif kind == "boolean":
        is_good = value in (b"true", b"false")
    elif kind == "array" or kind == "objects":
        is_good = first == b"["
    elif kind == "object":
        is_good = first == b"{"
    elif kind == "integer":
        is_good = value.removeprefix(b"-").isdigit()
    else:
        is_good = first.isdigit() or first == b"-"
    if is_good and first == b"[":
        wanted: type = int if name == "order_userref" else dict if kind == "objects" else str
        items = LIST.decode(value)
        is_good = all(type(item) is wanted for item in items)
    if kind == "objects":
        kind = "array"
    article = "an" if kind[0] in "aio" else "a"
    return None if is_good else f"{name[:1].upper()}{name[1:]} field must be {article} {kind}"


def digits(raw: Raw, name: str) -> str | None:
    """The digits of a number, None if it is not there. Raises: WireError: it is none."""
    if raw is NONE:
        return None
    text = bytes(raw)
    first = text[:1]
    if not first.isdigit() and first != b"-":
        raise WireError(f"{name[:1].upper()}{name[1:]} field must be a number_float")
    return text.decode("ascii")


def integer(raw: Raw, name: str) -> int | None:
    """A whole number of 32 bits, None if it is not there. Raises: WireError: it is none."""
    if raw is NONE:
        return None
    text = bytes(raw)
    if not text.removeprefix(b"-").isdigit():
        raise WireError(f"{name[:1].upper()}{name[1:]} field must be an integer")
    number = int(text) if len(text) <= 11 else 2**31
    if not -(2**31) <= number < 2**31:
        raise errors.invalid("userref")
    return number
