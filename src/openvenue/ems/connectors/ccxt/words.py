"""What ccxt's unified answers mean."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.ccxt.markets import Markets
from openvenue.ems.connectors.fitting import POST_ONLY
from openvenue.ems.connectors.port import Silent, VenueOrder
from openvenue.ems.orders import ZERO, Side, Terms, TimeInForce, Waits

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
ENDS: Final = {
    "canceled": Standing.CANCELED,
    "expired": Standing.CANCELED,
    "rejected": Standing.REJECTED,
}

Order = Mapping[str, Any]


def number(value: object) -> Decimal:
    """A number in an answer; 0 where there is none. Raises: Silent."""
    if value is None or value == "":
        return ZERO
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise Silent(f"an answer that cannot be read: {value!r} is no number") from error


def standing_of(order: Order) -> Standing | None:
    """How an order stands; None: its exchange has a word for it that ccxt does not know."""
    status = order.get("status")
    if status in ("open", "canceling"):
        return Standing.OPEN
    if status == "closed":
        amount, filled = order.get("amount"), order.get("filled")
        is_part = amount is not None and filled is not None and number(filled) < number(amount)
        return Standing.CANCELED if is_part else Standing.FILLED
    return ENDS.get(str(status))


def word_of(order: Order, standing: Standing) -> Word:
    """What an answer says of an order."""
    filled = number(order.get("filled"))
    average = number(order.get("average"))
    return Word(
        standing=standing,
        order_id=str(order.get("id") or ""),
        filled=filled,
        average=average if filled and average else None,
    )


def listed(order: Order, markets: Markets) -> VenueOrder:
    """One line of the list of open orders."""
    own = markets.own_name(order.get("symbol"))
    side = SIDES.get(str(order.get("side")))
    if side is None or not order.get("id"):
        raise Silent("an order without an id or a side in the list of open orders")
    return VenueOrder(
        order_id=str(order["id"]),
        cl_ord_id=str(order.get("clientOrderId") or ""),
        terms=Terms(
            symbol=own,
            common_symbol=markets.common_of(own),
            side=side,
            quantity=number(order.get("amount")),
            price=number(order.get("price")) or number(order.get("triggerPrice")),
            time_in_force=TimeInForce.GTC,
            instructions=(POST_ONLY,) if order.get("postOnly") else (),
            reduce_only=bool(order.get("reduceOnly")),
        ),
        word=replace(word_of(order, Standing.OPEN), waits=waits(order)),
    )


def waits(order: Order) -> Waits:
    """What has a price to wait for is listed the same, as far as ccxt tells, before and after."""
    has_price = number(order.get("triggerPrice")) or number(order.get("stopPrice"))
    return Waits.UNTOLD if has_price and not number(order.get("filled")) else Waits.NO
