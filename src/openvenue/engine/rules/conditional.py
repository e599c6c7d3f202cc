"""Conditional closes: orders that fills bring, on the other side and of the filled size.

Source: Kraken Spot REST, "Add order", close; support article "Conditional Close".
"""

from typing import Final

from msgspec.structs import replace

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.contracts import Contract
from openvenue.engine.orders import GTC, IOC, Close, Extras, Order
from openvenue.engine.reasons import RejectReason
from openvenue.engine.trailing import away, is_behind
from openvenue.engine.units import Lots, Ticks

INVALID: Final = RejectReason.INVALID
INVALID_PRICE: Final = RejectReason.INVALID_PRICE
TRAIL_TOO_WIDE: Final = RejectReason.TRAIL_TOO_WIDE


def why_close_refused(contract: Contract, close: Close) -> RejectReason | None:
    """Why fills cannot bring such orders. What depends on their prices is asked of each by itself.

    A close has a limit or a trigger; one that trails has no price of its own.
    """
    trigger = close.trigger
    limit = close.limit_price
    if trigger is None and limit is None and close.limit_from is None:
        return INVALID
    if limit is not None and close.limit_from is not None:
        return INVALID
    if limit is not None and (limit <= 0 or limit > contract.max_price):
        return INVALID_PRICE
    if trigger is None:
        return None if close.trigger_from is None else INVALID
    if trigger.trail is not None:
        if close.trigger_from is not None:
            return INVALID
        return None if is_behind(trigger.trail) else TRAIL_TOO_WIDE
    if close.trigger_from is None and (trigger.price <= 0 or trigger.price > contract.max_price):
        return INVALID_PRICE
    return None


def closing_order(order: Order, quantity: Lots, price: Ticks) -> PlaceOrder:
    """What a fill of `quantity` at `price` brings.

    Its prices may be relative to the filled order's: to its limit, or to the fill where it has
    none. They may be off all bounds.
    """
    extras = order.extras
    assert extras is not None and extras.close is not None, "its fills bring orders"
    close = extras.close
    base = order.limit_price
    if base is None or order.is_market:
        base = price
    limit = close.limit_price
    if close.limit_from is not None:
        limit = away(base, close.limit_from)
    trigger = close.trigger
    if trigger is not None and close.trigger_from is not None:
        trigger = replace(trigger, price=away(base, close.trigger_from))
    has_limit = limit is not None or (trigger is not None and trigger.offset is not None)
    return PlaceOrder(
        account=order.account,
        symbol=order.symbol,
        side=order.side.opposite,
        quantity=quantity,
        limit_price=limit,
        time_in_force=GTC if has_limit else IOC,
        trigger=trigger,
        self_trade=order.self_trade,
        extras=Extras(closes=order.order_id),
    )
