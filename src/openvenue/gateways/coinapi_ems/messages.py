"""Messages of the WebSocket: what stands in REST's answers, with a `type` before it.

Source: CoinAPI EMS WebSocket, "Messages"; the vendor's own client of it, 2021.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.ems.connectors.port import Balance, Market, Position
from openvenue.ems.orders import ExchangeId, Order
from openvenue.gateways.coinapi_ems.codec import (
    BalancesJson,
    PositionsJson,
    balance_entry,
    encode_report,
    position_entry,
)
from openvenue.gateways.coinapi_ems.profile import Profile
from openvenue.gateways.numbers import decimal_number

SERVER_INFO: Final = "SERVER_INFO"
SYMBOLS: Final = "SYMBOLS_SNAPSHOT"
REPORT_SNAPSHOT: Final = "ORDER_EXEC_REPORT_SNAPSHOT"
REPORT_UPDATE: Final = "ORDER_EXEC_REPORT_UPDATE"
BALANCE_SNAPSHOT: Final = "BALANCE_SNAPSHOT"
BALANCE_UPDATE: Final = "BALANCE_UPDATE"
POSITION_SNAPSHOT: Final = "POSITION_SNAPSHOT"
POSITION_UPDATE: Final = "POSITION_UPDATE"
FROM_SERVER: Final = (
    SERVER_INFO,
    SYMBOLS,
    REPORT_SNAPSHOT,
    REPORT_UPDATE,
    BALANCE_SNAPSHOT,
    BALANCE_UPDATE,
    POSITION_SNAPSHOT,
    POSITION_UPDATE,
    "MESSAGE_REJECT",
    "MESSAGE",
)
ENCODER: Final = msgspec.json.Encoder()


class ServerInfoJson(Struct, kw_only=True):
    """The application's heartbeat, of one exchange."""

    type: str = SERVER_INFO
    time: str
    exchange_id: str
    instance_guid: str
    server_version: str
    server_name: str = "OpenVenue"
    dns_name: str
    is_running: bool
    time_server_start: str


class SymbolJson(Struct):
    """What can be traded, under both names, and how fine."""

    symbol_id_coinapi: str | UnsetType
    symbol_id_exchange: str
    asset_id_base_exchange: str
    asset_id_quote_exchange: str
    asset_id_base_coinapi: str
    asset_id_quote_coinapi: str
    price_precision: Raw
    size_precision: Raw


class SymbolsJson(Struct):
    """All of one exchange."""

    exchange_id: str
    data: list[SymbolJson]


def report(kind: str, order: Order, profile: Profile) -> bytes:
    """One order, flat."""
    return _typed(kind, encode_report(order, profile))


def symbols(exchange_id: ExchangeId, markets: Sequence[Market]) -> bytes:
    """The symbols of an exchange; the precisions are the steps of prices and sizes."""
    data = [
        SymbolJson(
            symbol_id_coinapi=it.common_symbol or UNSET,
            symbol_id_exchange=it.symbol,
            asset_id_base_exchange=it.base,
            asset_id_quote_exchange=it.quote,
            asset_id_base_coinapi=it.common_base,
            asset_id_quote_coinapi=it.common_quote,
            price_precision=decimal_number(it.price_step),
            size_precision=decimal_number(it.size_step),
        )
        for it in markets
    ]
    return _typed(SYMBOLS, SymbolsJson(exchange_id, data))


def balances(
    kind: str, exchange_id: ExchangeId, held: Sequence[Balance], profile: Profile
) -> bytes:
    """What an account holds, or what has changed of it."""
    data = [balance_entry(it, profile) for it in held]
    return _typed(kind, BalancesJson(type=UNSET, exchange_id=exchange_id, data=data))


def positions(kind: str, exchange_id: ExchangeId, held: Sequence[Position]) -> bytes:
    """What an account is in, or what has changed of it."""
    data = [position_entry(it) for it in held]
    return _typed(kind, PositionsJson(exchange_id=exchange_id, data=data))


def _typed(kind: str, body: Struct) -> bytes:
    return b'{"type":"' + kind.encode() + b'",' + ENCODER.encode(body)[1:]
