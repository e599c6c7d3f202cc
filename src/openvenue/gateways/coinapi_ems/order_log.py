"""The history of order changes: one flat row for each, as an order log keeps it.

Source: CoinAPI EMS REST, "History of order changes". Rows have no `apikey`: the journal that they
come from holds no keys.
"""

from typing import Final
from urllib.parse import parse_qs, unquote

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.ems.order_log import Change
from openvenue.ems.orders import Side
from openvenue.ems.times import iso, read_time
from openvenue.engine.units import Nanos
from openvenue.gateways.numbers import decimal_number
from openvenue.gateways.wire import Request, WireError

PATH: Final = "/v1/orders/history"
START: Final = "time_start"
END: Final = "time_end"
ROWS_MAX: Final = 10_000  # of one answer
TOO_MANY: Final = f"More than {ROWS_MAX} changes: ask for a shorter time."
SIDES: Final = {Side.BUY: 1, Side.SELL: 2}


class ChangeJson(Struct, kw_only=True, rename="camel"):
    """OrderHistory."""

    exchange_id: str
    client_order_id: str
    symbol_id_exchange: str | UnsetType
    symbol_id_coinapi: str | UnsetType
    amount_order: Raw
    price: Raw
    side: int
    order_type: str = "LIMIT"
    time_in_force: str
    expire_time: str | UnsetType
    exec_inst: list[str]
    client_order_id_format_exchange: str
    exchange_order_id: str | UnsetType
    amount_open: Raw
    amount_filled: Raw
    avg_px: Raw | UnsetType
    status: str
    status_history_status: list[str]
    status_history_time: list[str]
    error_message_result: str | UnsetType
    error_message_reason: str | UnsetType
    error_message_message: str | UnsetType
    fills_time: list[str]
    fills_price: list[Raw]
    fills_amount: list[Raw]
    created_time: str


class ErrorJson(Struct):
    """What some exchanges write into an error message."""

    result: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    message: str | UnsetType = UNSET


def decode_times(request: Request) -> tuple[Nanos, Nanos]:
    """From when to when, out of the query or the end of the path. Raises: WireError."""
    start, end = _in_path(request.path) or _in_query(request.query)
    first, last = _time(START, start), _time(END, end)
    if last < first:
        raise WireError(f"{END} is before {START}.", status=400)
    return first, last


def encode_change(change: Change) -> ChangeJson:
    """An order as it was after the change, which is what `createdTime` is the time of."""
    order = change.order
    terms = order.terms
    error = _error(order.message)
    return ChangeJson(
        exchange_id=order.account.exchange_id,
        client_order_id=order.cl_ord_id,
        symbol_id_exchange=terms.symbol or UNSET,
        symbol_id_coinapi=terms.common_symbol or UNSET,
        amount_order=decimal_number(terms.quantity),
        price=decimal_number(terms.price),
        side=SIDES[terms.side],
        time_in_force=terms.time_in_force,
        expire_time=terms.expires or UNSET,
        exec_inst=list(terms.instructions),
        client_order_id_format_exchange=order.venue_cl_ord_id,
        exchange_order_id=order.order_id or UNSET,
        amount_open=decimal_number(order.leaves),
        amount_filled=decimal_number(order.filled),
        avg_px=UNSET if order.average is None else decimal_number(order.average),
        status=order.status,
        status_history_status=[status.value for status, _ in order.history],
        status_history_time=[iso(time) for _, time in order.history],
        error_message_result=error.result,
        error_message_reason=error.reason,
        error_message_message=error.message,
        fills_time=[iso(it.time) for it in order.fills],
        fills_price=[decimal_number(it.price) for it in order.fills],
        fills_amount=[decimal_number(it.quantity) for it in order.fills],
        created_time=iso(change.time),
    )


def _error(message: str) -> ErrorJson:
    """An error message in its three parts, if it has them; else all of it is the message."""
    if message.startswith("{"):
        try:
            return msgspec.json.decode(message, type=ErrorJson)
        except msgspec.MsgspecError:
            pass
    return ErrorJson(message=message or UNSET)


def _in_path(path: str) -> tuple[str, str] | None:
    """The older form: both times are parts of the path."""
    parts = path.removeprefix(PATH).strip("/").split("/")
    return (unquote(parts[0]), unquote(parts[1])) if len(parts) == 2 else None


def _in_query(query: bytes) -> tuple[str, str]:
    try:
        named = parse_qs(query.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise WireError("The query cannot be read.", status=400) from error
    return named.get(START, [""])[-1], named.get(END, [""])[-1]


def _time(name: str, text: str) -> Nanos:
    if not text:
        raise WireError(f"{name} is required.", status=400)
    # A plus sign before a zone is a space once a query has been read.
    time = read_time(text.replace(" ", "+"))
    if time is None:
        raise WireError(f"{name} is not an ISO 8601 time.", status=400)
    return time
