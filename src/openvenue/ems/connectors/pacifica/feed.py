"""The account's orders on the socket.

Source: Pacifica, WebSocket, "Account orders".
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Raw, Struct, field

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.http import Socket, read
from openvenue.ems.connectors.port import VenueOrder, VenueRefused
from openvenue.ems.connectors.symbols import common_pacifica
from openvenue.ems.orders import ZERO, Side, Terms, TimeInForce

PATH: Final = "/ws"
ORDERS: Final = "account_orders"
SIDES: Final = {"bid": Side.BUY, "ask": Side.SELL}


class FeedOrder(Struct):
    """A row of `account_orders`."""

    order_id: int = field(name="i")
    symbol: str = field(name="s")
    side: str = field(name="d")
    amount: Decimal = field(name="a")
    filled: Decimal = field(name="f")
    price: Decimal = field(name="p", default=ZERO)
    stop_price: Decimal | None = field(name="sp", default=None)
    client_order_id: str | None = field(name="I", default=None)
    reduce_only: bool = field(name="ro", default=False)


class Frame(Struct):
    """Any frame."""

    channel: str = ""
    data: Raw = Raw(b"null")
    err: str = ""


async def open_orders_snapshot(socket: Socket, account: str) -> Sequence[VenueOrder]:
    """Subscribe, and read what the source begins with. Raises: Silent; VenueRefused."""
    wanted = {"source": ORDERS, "account": account}
    await socket.say({"method": "subscribe", "params": wanted})
    while True:
        frame = read(await socket.hear(), Frame)
        if frame.err:
            raise VenueRefused(frame.err)
        if frame.channel == ORDERS:
            return [listed(it) for it in read(bytes(frame.data), list[FeedOrder])]


def listed(it: FeedOrder) -> VenueOrder:
    """An open order as the feed tells it."""
    order_id = str(it.order_id)
    return VenueOrder(
        order_id=order_id,
        cl_ord_id=it.client_order_id or "",
        terms=Terms(
            symbol=it.symbol,
            common_symbol=common_pacifica(it.symbol),
            side=SIDES[it.side],
            quantity=it.amount,
            price=it.price or it.stop_price or ZERO,
            time_in_force=TimeInForce.GTC,
            reduce_only=it.reduce_only,
        ),
        word=Word(standing=Standing.OPEN, order_id=order_id, filled=it.filled),
    )
