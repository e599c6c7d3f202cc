"""Wire words into ours and back, all of it pure: the parts are in `decode*` and `encode*`."""

from openvenue.gateways.kraken_futures.arguments import Arguments, read_arguments
from openvenue.gateways.kraken_futures.asking import Asked, NotSent
from openvenue.gateways.kraken_futures.batch_arguments import read_batch
from openvenue.gateways.kraken_futures.decode import (
    decode_algo_id,
    decode_cancel_all,
    decode_cancel_all_after,
    decode_cancel_order,
    decode_deadline,
    decode_send_order,
)
from openvenue.gateways.kraken_futures.decode_edit import decode_edit, decode_edit_name
from openvenue.gateways.kraken_futures.encode import (
    cancel_status,
    encode_cancel_all,
    mass_canceled,
    send_status,
)
from openvenue.gateways.kraken_futures.encode_account import encode_accounts, encode_position
from openvenue.gateways.kraken_futures.encode_edit import edit_status
from openvenue.gateways.kraken_futures.encode_funding import RateJson, encode_rate
from openvenue.gateways.kraken_futures.encode_market import (
    IndexTickerJson,
    encode_book,
    encode_indices,
    encode_instrument,
    encode_status,
    encode_ticker,
    encode_trade,
)
from openvenue.gateways.kraken_futures.encode_orders import (
    encode_closed_status,
    encode_fill,
    encode_live_status,
    encode_open_order,
)
from openvenue.gateways.kraken_futures.order_json import OrderStatus

__all__ = [
    "Arguments",
    "Asked",
    "IndexTickerJson",
    "NotSent",
    "OrderStatus",
    "RateJson",
    "cancel_status",
    "decode_algo_id",
    "decode_cancel_all",
    "decode_cancel_all_after",
    "decode_cancel_order",
    "decode_deadline",
    "decode_edit",
    "decode_edit_name",
    "decode_send_order",
    "edit_status",
    "encode_accounts",
    "encode_book",
    "encode_cancel_all",
    "encode_closed_status",
    "encode_fill",
    "encode_indices",
    "encode_instrument",
    "encode_live_status",
    "encode_open_order",
    "encode_position",
    "encode_rate",
    "encode_status",
    "encode_ticker",
    "encode_trade",
    "mass_canceled",
    "read_arguments",
    "read_batch",
    "send_status",
]
