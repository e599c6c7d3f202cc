"""The private channel of orders and fills.

Source: Kraken Spot WebSocket v2, "Executions".
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.http import Socket, read
from openvenue.ems.connectors.port import VenueOrder, VenueRefused
from openvenue.ems.connectors.symbols import common_pair
from openvenue.ems.orders import ZERO, Side, Terms, TimeInForce

PATH: Final = "/v2"
CHANNEL: Final = "executions"
POST_ONLY: Final = "MAKER_OR_CANCEL"
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


class Trigger(Struct):
    """What a waiting order waits for."""

    price: Decimal = ZERO


class Execution(Struct):
    """One report on one order. What has not changed is often left out."""

    order_id: str
    order_status: str = ""
    symbol: str = ""
    side: str = ""
    order_qty: Decimal = ZERO
    cum_qty: Decimal = ZERO
    avg_price: Decimal = ZERO
    limit_price: Decimal = ZERO
    triggers: Trigger | None = None
    cl_ord_id: str = ""
    post_only: bool = False
    reduce_only: bool = False


class Head(Struct):
    """What tells frames apart."""

    channel: str = ""
    type: str = ""
    method: str = ""
    success: bool = True
    error: str = ""


class Executions(Struct):
    """A frame of the channel."""

    data: list[Execution]


async def open_orders_snapshot(socket: Socket, token: str) -> Sequence[VenueOrder]:
    """Subscribe, and read what the channel begins with. Raises: Silent; VenueRefused."""
    wanted = {"channel": CHANNEL, "snap_orders": True, "snap_trades": False, "token": token}
    await socket.say({"method": "subscribe", "params": wanted})
    while True:
        said = await socket.hear()
        head = read(said, Head)
        if head.method == "subscribe" and not head.success:
            raise VenueRefused(head.error or "the subscription was refused")
        if head.channel == CHANNEL and head.type == "snapshot":
            return [listed(it) for it in read(said, Executions).data]


def listed(it: Execution) -> VenueOrder:
    """An open order as the channel tells it in full."""
    price = it.limit_price or (it.triggers.price if it.triggers else ZERO)
    return VenueOrder(
        order_id=it.order_id,
        cl_ord_id=it.cl_ord_id,
        terms=Terms(
            symbol=it.symbol,
            common_symbol=common_pair(it.symbol),
            side=SIDES[it.side],
            quantity=it.order_qty,
            price=price,
            time_in_force=TimeInForce.GTC,
            instructions=(POST_ONLY,) if it.post_only else (),
            reduce_only=it.reduce_only,
        ),
        word=Word(
            standing=Standing.OPEN,
            order_id=it.order_id,
            filled=it.cum_qty,
            average=it.avg_price if it.cum_qty else None,
        ),
    )
