"""What answers mean."""

from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.fitting import POST_ONLY
from openvenue.ems.connectors.kraken_spot.replies import OrderInfo
from openvenue.ems.connectors.port import Ended, VenueOrder
from openvenue.ems.connectors.symbols import common_pair
from openvenue.ems.orders import Side, Terms, TimeInForce, Waits
from openvenue.engine.units import SECOND, Nanos

WAITING: Final = ("stop", "take-profit")  # in the names of order types
FIRED: Final = frozenset(("stopped", "touched"))
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


def listed(order_id: str, it: OrderInfo) -> VenueOrder:
    """One line of the venue's list of open orders."""
    return VenueOrder(
        order_id=order_id,
        cl_ord_id=it.cl_ord_id,
        terms=Terms(
            symbol=it.descr.pair,
            common_symbol=common_pair(it.descr.pair),
            side=SIDES[it.descr.type],
            quantity=it.vol,
            price=price_of(it),
            time_in_force=TimeInForce.GTC,
            instructions=(POST_ONLY,) if "post" in it.oflags.split(",") else (),
        ),
        word=replace(order_word(order_id, it), waits=waits(it)),
    )


def ended(order_id: str, it: OrderInfo) -> Ended:
    """One line of the venue's list of closed orders."""
    return Ended(listed(order_id, it), Nanos(int(it.closetm * SECOND)))


def price_of(it: OrderInfo) -> Decimal:
    """The price that an order is described with; of one that is relative, where that is now."""
    try:
        price = Decimal(it.descr.price)
    except InvalidOperation:
        return it.stopprice
    return it.stopprice if it.descr.price.startswith(("+", "-")) else price


def waits(it: OrderInfo) -> Waits:
    """Of an open order: `misc` says when its price was met."""
    has_price = any(kind in it.descr.ordertype for kind in WAITING)
    is_met = not FIRED.isdisjoint(it.misc.split(","))
    return Waits.YES if has_price and not is_met else Waits.NO


def order_word(order_id: str, it: OrderInfo) -> Word:
    """What the venue says of an order."""
    match it.status:
        case "open" | "pending":
            standing = Standing.OPEN
        case "closed":
            standing = Standing.FILLED
        case _:
            standing = Standing.CANCELED
    return Word(
        standing=standing,
        order_id=order_id,
        filled=it.vol_exec,
        average=it.price if it.vol_exec else None,
        message=it.reason or "",
    )
