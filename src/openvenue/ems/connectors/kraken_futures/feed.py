"""The private feeds: open orders, and fills.

Source: Kraken Futures WebSocket, "Challenge", "Open orders", "Fills".
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.http import Socket, read
from openvenue.ems.connectors.kraken_futures.auth import sign_challenge
from openvenue.ems.connectors.kraken_futures.words import WAITING
from openvenue.ems.connectors.port import Feed, Heard, Snapshot, VenueOrder, VenueRefused
from openvenue.ems.connectors.symbols import common_future
from openvenue.ems.orders import ZERO, Fill, Side, Terms, TimeInForce, Waits
from openvenue.engine.units import SECOND, Nanos

PATH: Final = "/ws/v1"
ORDERS: Final = "open_orders"
FILLS: Final = "fills"
PING: Final = {"event": "ping"}
REFUSALS: Final = ("alert", "error", "subscribed_failed")
AGAIN: Final = "Already subscribed"  # an alert that refuses nothing
FULL: Final = "full_fill"
FIRED: Final = "stop_order_triggered"  # it leaves the list of waiting orders, and goes on
BY_USER: Final = "cancelled_by_user"
# Of orders that never stood.
NEVER_STOOD: Final = (
    "not_enough_margin",
    "ioc_order_failed_because_it_would_not_be_executed",
    "post_order_failed_because_it_would_filled",
    "post_order_failed_because_it_would_be_filled",
    "would_not_reduce_position",
)


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
    type: str = ""


class FeedFill(Struct):
    """What one order got from one trade."""

    order_id: str
    fill_id: str
    time: int  # ms
    price: Decimal
    qty: Decimal
    remaining_order_qty: Decimal
    cli_ord_id: str = ""


class Frame(Struct):
    """As much of any frame as we read."""

    event: str = ""
    feed: str = ""
    message: str = ""
    orders: list[FeedOrder] = []
    order: FeedOrder | None = None
    order_id: str = ""
    cli_ord_id: str = ""
    is_cancel: bool = False
    reason: str = ""
    fills: list[FeedFill] = []


async def follow(socket: Socket, key: str, secret: bytes) -> Feed:
    """Open orders first; fills are asked for when these are there, with the newest of the past."""
    await socket.say({"event": "challenge", "api_key": key})
    signed: dict[str, Any] = {}
    is_live = False
    while True:
        frame = read(await (socket.wait(PING) if is_live else socket.hear()), Frame)
        if frame.event in REFUSALS and not frame.message.startswith(AGAIN):
            raise VenueRefused(frame.message or frame.event)
        if frame.event == "challenge":
            signed = {
                "api_key": key,
                "original_challenge": frame.message,
                "signed_challenge": sign_challenge(secret, frame.message),
            }
            await socket.say({"event": "subscribe", "feed": ORDERS, **signed})
        elif frame.feed == f"{ORDERS}_snapshot":
            yield Snapshot(tuple(listed(it) for it in frame.orders))
            is_live = True
            await socket.say({"event": "subscribe", "feed": FILLS, **signed})
        else:
            for heard in news(frame):
                yield heard


def news(frame: Frame) -> Iterator[Heard]:
    """What a frame tells of orders."""
    if frame.feed.startswith(FILLS):
        for fill in reversed(frame.fills) if frame.feed != FILLS else frame.fills:
            yield Heard(fill.cli_ord_id, filled(fill))  # a snapshot has the newest first
    elif frame.feed == ORDERS and frame.reason != FIRED:
        order = frame.order
        if order is None:
            yield Heard(frame.cli_ord_id, gone(frame))
        elif not frame.is_cancel:
            told = listed(order)
            yield Heard(told.cl_ord_id, told.word, told.terms)
        else:
            is_full = not order.qty
            standing = Standing.FILLED if is_full else Standing.CANCELED
            word = Word(standing=standing, order_id=order.order_id, filled=order.filled)
            yield Heard(order.cli_ord_id, word)


def gone(frame: Frame) -> Word:
    """An order that left by its names alone."""
    if frame.reason == FULL:
        return Word(standing=Standing.FILLED, order_id=frame.order_id, leaves=ZERO)
    return Word(
        standing=Standing.REJECTED if frame.reason in NEVER_STOOD else Standing.CANCELED,
        order_id=frame.order_id,
        message="" if frame.reason == BY_USER else frame.reason,
    )


def filled(fill: FeedFill) -> Word:
    """An order from one of its fills. What is left may be canceled by now: others tell that."""
    return Word(
        standing=Standing.OPEN if fill.remaining_order_qty else Standing.FILLED,
        order_id=fill.order_id,
        leaves=fill.remaining_order_qty,
        fills=(Fill(_nanos(fill.time), fill.price, fill.qty, fill.fill_id),),
    )


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
        word=Word(
            standing=Standing.OPEN,
            order_id=it.order_id,
            filled=it.filled,
            waits=Waits.YES if it.type in WAITING or it.stop_price else Waits.NO,
        ),
    )


def _nanos(ms: int) -> Nanos:
    return Nanos(ms * SECOND // 1_000)
