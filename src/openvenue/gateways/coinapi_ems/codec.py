"""Requests in, reports out. Numbers are JSON numbers, and keep the digits that they were sent with.

Absent members are left out: some clients refuse a null. Source: CoinAPI EMS REST, "Orders",
"Balances", "Positions".
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeVar
from urllib.parse import parse_qs

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.ems.connectors.port import Balance, Position
from openvenue.ems.orders import ClOrdId, ExchangeId, Order, Side, Terms, TimeInForce
from openvenue.ems.times import iso, read_time
from openvenue.gateways.coinapi_ems.errors import Unreadable
from openvenue.gateways.coinapi_ems.profile import Profile
from openvenue.gateways.numbers import DIGITS_MAX, NUMBER, decimal_number
from openvenue.gateways.wire import Request

NAME_MAX: Final = 256  # characters of any name
LISTED_MAX: Final = 16  # instructions of one order
EXPIRING: Final = (TimeInForce.GTD_EXCHANGE, TimeInForce.GTD_DESK)

T = TypeVar("T", bound=Struct)


class NewOrderJson(Struct):
    """OrderNewSingleRequest. Other members are passed over."""

    exchange_id: str
    client_order_id: str
    amount_order: Raw
    price: Raw
    side: Side
    order_type: Literal["LIMIT"]
    time_in_force: TimeInForce
    symbol_id_exchange: str | None = None
    symbol_id_coinapi: str | None = None
    expire_time: str | None = None
    exec_inst: list[Literal["MAKER_OR_CANCEL", "AUCTION_ONLY", "INDICATION_OF_INTEREST"]] | None = (
        None
    )


class CancelJson(Struct):
    """OrderCancelSingleRequest."""

    exchange_id: str
    exchange_order_id: str | None = None
    client_order_id: str | None = None


class CancelAllJson(Struct):
    """OrderCancelAllRequest: one member is all of it."""

    exchange_id: str


class NewOrder(NamedTuple):
    """An order that can be asked for."""

    exchange_id: str
    cl_ord_id: ClOrdId
    terms: Terms


class FillJson(Struct):
    """One entry of `fills`."""

    time: str
    price: Raw
    amount: Raw


class ReportJson(Struct, kw_only=True):
    """OrderExecutionReport."""

    exchange_id: str
    client_order_id: str
    symbol_id_exchange: str | UnsetType
    symbol_id_coinapi: str | UnsetType
    amount_order: Raw
    price: Raw
    side: str
    order_type: str = "LIMIT"
    time_in_force: str
    expire_time: str | UnsetType
    exec_inst: list[str] | UnsetType
    client_order_id_format_exchange: str
    exchange_order_id: str | UnsetType
    amount_open: Raw
    amount_filled: Raw
    avg_px: Raw | UnsetType
    status: str
    status_history: list[tuple[str, str]]
    time_order: list[tuple[str, str]] | UnsetType
    error_message: str | UnsetType
    fills: list[FillJson] | UnsetType


class BalanceEntryJson(Struct, kw_only=True):
    """One asset of a balance."""

    id: str | UnsetType
    asset_id_exchange: str
    asset_id_coinapi: str
    balance: Raw
    available: Raw
    locked: Raw
    last_updated_by: str = "EXCHANGE"


class BalancesJson(Struct, kw_only=True):
    """Balance of one exchange; without `data` where it did not answer."""

    type: str | UnsetType
    exchange_id: str
    data: list[BalanceEntryJson] | UnsetType


class PositionEntryJson(Struct, kw_only=True):
    """One open position."""

    symbol_id_exchange: str
    symbol_id_coinapi: str | UnsetType
    avg_entry_price: Raw
    quantity: Raw
    side: str
    unrealized_pnl: Raw | UnsetType
    leverage: Raw | UnsetType
    cross_margin: bool | UnsetType
    liquidation_price: Raw | UnsetType
    raw_data: Mapping[str, object] | UnsetType


class PositionsJson(Struct, kw_only=True):
    """Positions at one exchange; without `data` where it did not answer."""

    exchange_id: str
    data: list[PositionEntryJson] | UnsetType


# ---- in


def read_members(body: bytes) -> dict[str, Raw]:
    """The members of a request, undecoded. Raises: Unreadable."""
    try:
        return msgspec.json.decode(body, type=dict[str, Raw])
    except msgspec.MsgspecError as error:
        raise Unreadable(f"The body is not a JSON object: {error}") from error


def decode_order(body: bytes) -> NewOrder:
    """A new order. Raises: Unreadable."""
    asked = _decode(body, NewOrderJson)
    exchange_id = _name("exchange_id", asked.exchange_id)
    client_order_id = _name("client_order_id", asked.client_order_id)
    if not asked.symbol_id_exchange and not asked.symbol_id_coinapi:
        raise Unreadable("symbol_id_exchange or symbol_id_coinapi is required")
    if asked.time_in_force in EXPIRING and not asked.expire_time:
        raise Unreadable(f"expire_time is required with {asked.time_in_force}")
    if asked.expire_time:
        _check_time("expire_time", asked.expire_time)
    terms = Terms(
        symbol=_short("symbol_id_exchange", asked.symbol_id_exchange or ""),
        common_symbol=_short("symbol_id_coinapi", asked.symbol_id_coinapi or ""),
        side=asked.side,
        quantity=_positive("amount_order", asked.amount_order),
        price=_positive("price", asked.price),
        time_in_force=asked.time_in_force,
        expires=asked.expire_time or "",
        instructions=tuple(dict.fromkeys(asked.exec_inst or ())),
    )
    return NewOrder(exchange_id, ClOrdId(client_order_id), terms)


def decode_cancel(body: bytes) -> tuple[str, str, str]:
    """A cancel: exchange, the client's name, the venue's. Raises: Unreadable."""
    asked = _decode(body, CancelJson)
    exchange_id = _name("exchange_id", asked.exchange_id)
    if not asked.client_order_id and not asked.exchange_order_id:
        raise Unreadable("client_order_id or exchange_order_id is required")
    ours = _short("client_order_id", asked.client_order_id or "")
    return exchange_id, ours, _short("exchange_order_id", asked.exchange_order_id or "")


def decode_cancel_all(body: bytes) -> str:
    """A cancel of everything: the exchange. Raises: Unreadable."""
    return _name("exchange_id", _decode(body, CancelAllJson).exchange_id)


def decode_filter(request: Request) -> str | None:
    """The argument `exchange_id` of a question; None: all of them. Raises: Unreadable."""
    try:
        named = parse_qs(request.query.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise Unreadable("the query cannot be read") from error
    found = named.get("exchange_id")
    return None if found is None else _name("exchange_id", found[-1])


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise Unreadable(str(error)) from error


def _name(member: str, value: str) -> str:
    if not value.strip():
        raise Unreadable(f"{member} is required")
    return _short(member, value)


def _short(member: str, value: str) -> str:
    if len(value) > NAME_MAX:
        raise Unreadable(f"{member} is longer than {NAME_MAX} characters")
    return value


def _positive(member: str, raw: Raw) -> Decimal:
    """A JSON number above zero, exactly."""
    text = bytes(raw).decode("utf-8", "replace")
    mantissa, _, exponent = text.lower().partition("e")
    if NUMBER.fullmatch(text) is None:
        raise Unreadable(f"{member} is not a number")
    if len(mantissa) > DIGITS_MAX or len(exponent) > 3 or abs(int(exponent or 0)) > DIGITS_MAX:
        raise Unreadable(f"{member} has too many digits")
    number = Decimal(text)
    if number <= 0:
        raise Unreadable(f"{member} is not above zero")
    return number


def _check_time(member: str, text: str) -> None:
    if read_time(text) is None:
        raise Unreadable(f"{member} is not an ISO 8601 time")


# ---- out


def encode_report(order: Order, profile: Profile) -> ReportJson:
    """An order as it is known."""
    terms = order.terms
    history = [(status.value, iso(time)) for status, time in order.history]
    return ReportJson(
        exchange_id=order.account.exchange_id,
        client_order_id=order.cl_ord_id,
        symbol_id_exchange=terms.symbol or UNSET,
        symbol_id_coinapi=terms.common_symbol or UNSET,
        amount_order=decimal_number(terms.quantity),
        price=decimal_number(terms.price),
        side=terms.side,
        time_in_force=terms.time_in_force,
        expire_time=terms.expires or UNSET,
        exec_inst=list(terms.instructions) or UNSET,
        client_order_id_format_exchange=order.venue_cl_ord_id,
        exchange_order_id=order.order_id or UNSET,
        amount_open=decimal_number(order.leaves),
        amount_filled=decimal_number(order.filled),
        avg_px=UNSET if order.average is None else decimal_number(order.average),
        status=order.status,
        status_history=history,
        time_order=history if profile.with_time_order else UNSET,
        error_message=order.message or UNSET,
        fills=[
            FillJson(iso(it.time), decimal_number(it.price), decimal_number(it.quantity))
            for it in order.fills
        ]
        or UNSET,
    )


def encode_balances(
    told: Sequence[tuple[ExchangeId, Sequence[Balance] | None]], profile: Profile
) -> list[BalancesJson]:
    """What each account holds."""
    return [
        BalancesJson(
            type="BALANCE_SNAPSHOT" if profile.balances_as_recorded else UNSET,
            exchange_id=exchange_id,
            data=UNSET if held is None else [balance_entry(it, profile) for it in held],
        )
        for exchange_id, held in told
    ]


def encode_positions(
    told: Sequence[tuple[ExchangeId, Sequence[Position] | None]],
) -> list[PositionsJson]:
    """What each account is in."""
    return [
        PositionsJson(
            exchange_id=exchange_id,
            data=UNSET if held is None else [position_entry(it) for it in held],
        )
        for exchange_id, held in told
    ]


def balance_entry(it: Balance, profile: Profile) -> BalanceEntryJson:
    """One asset."""
    return BalanceEntryJson(
        id=it.asset if profile.balances_as_recorded else UNSET,
        asset_id_exchange=it.asset,
        asset_id_coinapi=it.common_asset,
        balance=decimal_number(it.balance),
        available=decimal_number(it.available),
        locked=decimal_number(it.locked),
    )


def position_entry(it: Position) -> PositionEntryJson:
    """One position."""
    return PositionEntryJson(
        symbol_id_exchange=it.symbol,
        symbol_id_coinapi=it.common_symbol or UNSET,
        avg_entry_price=decimal_number(it.average_price),
        quantity=decimal_number(it.quantity),
        side=it.side,
        unrealized_pnl=_optional(it.unrealized),
        leverage=_optional(it.leverage),
        cross_margin=UNSET if it.is_cross is None else it.is_cross,
        liquidation_price=_optional(it.liquidation_price),
        raw_data=it.raw or UNSET,
    )


def _optional(value: Decimal | None) -> Raw | UnsetType:
    return UNSET if value is None else decimal_number(value)
