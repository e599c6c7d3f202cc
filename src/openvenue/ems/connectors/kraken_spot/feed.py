"""The private channel of orders and fills.

Source: Kraken Spot WebSocket v2, "Executions".
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec import Struct

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.fitting import POST_ONLY
from openvenue.ems.connectors.http import Socket, read, time_of
from openvenue.ems.connectors.port import Feed, Heard, Silent, Snapshot, VenueOrder, VenueRefused
from openvenue.ems.connectors.symbols import common_pair
from openvenue.ems.orders import ZERO, Fill, Side, Terms, TimeInForce, Waits

PATH: Final = "/v2"
CHANNEL: Final = "executions"
UNTRIGGERED: Final = "untriggered"
STATIC: Final = "static"  # of a price: no distance from another
PING: Final = {"method": "ping"}
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
ENDS: Final = {
    "filled": Standing.FILLED,
    "canceled": Standing.CANCELED,
    "expired": Standing.CANCELED,
}


class Trigger(Struct):
    """What a waiting order waits for."""

    price: Decimal = ZERO
    status: str = ""
    price_type: str = STATIC
    actual_price: Decimal = ZERO  # of a price that is relative: where it is now


class Execution(Struct):
    """One report on one order. What has not changed is often left out."""

    order_id: str
    exec_type: str = ""
    symbol: str = ""
    side: str = ""
    order_qty: Decimal = ZERO
    cum_qty: Decimal = ZERO
    avg_price: Decimal = ZERO
    limit_price: Decimal = ZERO
    limit_price_type: str = STATIC
    triggers: Trigger | None = None
    cl_ord_id: str = ""
    post_only: bool = False
    reduce_only: bool = False
    reason: str = ""
    timestamp: str = ""
    exec_id: str = ""
    last_qty: Decimal = ZERO
    last_price: Decimal = ZERO


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
    sequence: int


async def follow(socket: Socket, token: str) -> Feed:
    """Frames are numbered: one that is missing ends the feed."""
    wanted = {"channel": CHANNEL, "snap_orders": True, "snap_trades": False, "token": token}
    await socket.say({"method": "subscribe", "params": wanted})
    sequence: int | None = None
    while True:
        said = await (socket.hear() if sequence is None else socket.wait(PING))
        head = read(said, Head)
        if head.method == "subscribe" and not head.success:
            raise VenueRefused(head.error or "the subscription was refused")
        if head.channel != CHANNEL:
            continue
        frame = read(said, Executions)
        if head.type == "snapshot":
            yield Snapshot(tuple(listed(it) for it in frame.data))
        elif sequence is not None:
            if frame.sequence <= sequence:
                continue
            if frame.sequence != sequence + 1:
                raise Silent(f"the feed went from {sequence} to {frame.sequence}")
            for heard in news(frame):
                yield heard
        sequence = frame.sequence


def news(frame: Executions) -> Iterator[Heard]:
    """What a frame tells of orders."""
    for it in frame.data:
        yield Heard(it.cl_ord_id, word(it), terms(it) if it.symbol and it.order_qty else None)


def word(it: Execution) -> Word:
    """What one report says."""
    fills: tuple[Fill, ...] = ()
    if it.exec_id and it.last_qty:
        fills = (Fill(time_of(it.timestamp), it.last_price, it.last_qty, it.exec_id),)
    standing = ENDS.get(it.exec_type, Standing.OPEN)
    return Word(
        standing=standing,
        order_id=it.order_id,
        filled=it.cum_qty,
        average=it.avg_price if it.cum_qty else None,
        fills=fills,
        message="" if standing is Standing.OPEN else it.reason,
        waits=waits(it),
    )


def waits(it: Execution) -> Waits | None:
    """Reports that leave out the price may be of an order that has one."""
    if it.triggers is not None and it.triggers.status:
        return Waits.YES if it.triggers.status == UNTRIGGERED else Waits.NO
    return Waits.NO if it.symbol and it.order_qty else None


def listed(it: Execution) -> VenueOrder:
    """An open order as a snapshot tells it, in full."""
    return VenueOrder(order_id=it.order_id, cl_ord_id=it.cl_ord_id, terms=terms(it), word=word(it))


def price_of(it: Execution) -> Decimal:
    """The limit, or what an order waits for; of a trailing stop, where that is now."""
    if it.limit_price and it.limit_price_type == STATIC:
        return it.limit_price
    if it.triggers is None:
        return ZERO
    return it.triggers.price if it.triggers.price_type == STATIC else it.triggers.actual_price


def terms(it: Execution) -> Terms:
    """Of a report that has them all."""
    return Terms(
        symbol=it.symbol,
        common_symbol=common_pair(it.symbol),
        side=SIDES[it.side],
        quantity=it.order_qty,
        price=price_of(it),
        time_in_force=TimeInForce.GTC,
        instructions=(POST_ONLY,) if it.post_only else (),
        reduce_only=it.reduce_only,
    )
