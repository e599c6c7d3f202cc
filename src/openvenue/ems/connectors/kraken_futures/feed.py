"""The private feed of open orders.

Source: Kraken Futures WebSocket, "Challenge", "Open orders".
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.http import Socket, read
from openvenue.ems.connectors.kraken_futures.auth import sign_challenge
from openvenue.ems.connectors.port import VenueOrder, VenueRefused
from openvenue.ems.connectors.symbols import common_future
from openvenue.ems.orders import ZERO, Side, Terms, TimeInForce

PATH: Final = "/ws/v1"
FEED: Final = "open_orders"
REFUSALS: Final = ("alert", "error", "subscribed_failed")


class FeedOrder(Struct):
    """An open order: `qty` is what is left of it."""

    instrument: str
    qty: Decimal
    filled: Decimal
    direction: int
    order_id: str
    limit_price: Decimal = ZERO
    stop_price: Decimal = ZERO
    cli_ord_id: str = ""
    reduce_only: bool = False


class Frame(Struct):
    """As much of any frame as we read."""

    event: str = ""
    feed: str = ""
    message: str = ""
    orders: list[FeedOrder] = []


async def open_orders_snapshot(socket: Socket, key: str, secret: bytes) -> Sequence[VenueOrder]:
    """Subscribe, and read what the feed begins with. Raises: Silent; VenueRefused."""
    await socket.say({"event": "challenge", "api_key": key})
    while True:
        frame = read(await socket.hear(), Frame)
        if frame.event in REFUSALS:
            raise VenueRefused(frame.message or frame.event)
        if frame.event == "challenge":
            signed = {
                "api_key": key,
                "original_challenge": frame.message,
                "signed_challenge": sign_challenge(secret, frame.message),
            }
            await socket.say({"event": "subscribe", "feed": FEED, **signed})
        elif frame.feed == f"{FEED}_snapshot":
            return [listed(it) for it in frame.orders]


def listed(it: FeedOrder) -> VenueOrder:
    """An open order as the feed tells it."""
    return VenueOrder(
        order_id=it.order_id,
        cl_ord_id=it.cli_ord_id,
        terms=Terms(
            symbol=it.instrument,
            common_symbol=common_future(it.instrument),
            side=Side.SELL if it.direction else Side.BUY,
            quantity=it.filled + it.qty,
            price=it.limit_price or it.stop_price,
            time_in_force=TimeInForce.GTC,
            reduce_only=it.reduce_only,
        ),
        word=Word(standing=Standing.OPEN, order_id=it.order_id, filled=it.filled),
    )
