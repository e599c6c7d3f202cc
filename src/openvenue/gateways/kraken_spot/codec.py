"""Wire words into ours and back, all of it pure: the parts are in `decode*` and `encode*`."""

from openvenue.gateways.kraken_spot.arguments import Arguments, read_arguments
from openvenue.gateways.kraken_spot.decode import Asked, decode_add_order, decode_timeout
from openvenue.gateways.kraken_spot.encode_market import (
    encode_asset,
    encode_candles,
    encode_depth,
    encode_pair,
    encode_ticker,
)
from openvenue.gateways.kraken_spot.encode_orders import (
    encode_add_order,
    encode_closed,
    encode_order,
    encode_trade,
)
from openvenue.gateways.kraken_spot.terms import Terms, build_order

__all__ = [
    "Arguments",
    "Asked",
    "Terms",
    "build_order",
    "decode_add_order",
    "decode_timeout",
    "encode_add_order",
    "encode_asset",
    "encode_candles",
    "encode_closed",
    "encode_depth",
    "encode_order",
    "encode_pair",
    "encode_ticker",
    "encode_trade",
    "read_arguments",
]
