"""Legs: take-profits and stop-losses that come with an order, or guard a position.

A leg that comes with an order waits for no price until the order has filled; from then on it guards
the position. Source: Pacifica, "Create order", take_profit, stop_loss; "Create position TP/SL".
"""

from typing import Final

from openvenue.engine.events import Event, LegArmed, OrderCanceled
from openvenue.engine.orders import GTC, IOC, Extras, Leg, Order, TimeInForce
from openvenue.engine.reasons import CancelReason
from openvenue.engine.rules.execution import reducible_quantity
from openvenue.engine.state import State
from openvenue.engine.steps import ArmLegs
from openvenue.engine.units import Lots, OrderId

PARENT_ENDED: Final = CancelReason.PARENT_ENDED


def leg_order(parent: Order, leg: Leg, number: int) -> Order:
    """The order that a leg is, under the `number`-th id after its parent's."""
    return Order(
        OrderId(parent.order_id + number),
        parent.account,
        parent.symbol,
        parent.side.opposite,
        parent.quantity if leg.quantity is None else leg.quantity,
        leg.limit_price,
        leg_force(leg),
        parent.created,
        cl_ord_id=leg.cl_ord_id,
        reduce_only=True,
        is_market=leg.limit_price is None,
        trigger=leg.trigger,
        market_cap=leg.market_cap,
        self_trade=parent.self_trade,
        extras=Extras(parent=parent.order_id, guards=True, whole=leg.quantity is None),
    )


def leg_force(leg: Leg) -> TimeInForce:
    """How long it may wait once it has fired."""
    return IOC if leg.limit_price is None else GTC


def arm_legs(state: State, step: ArmLegs) -> list[Event]:
    """LegArmed for what the fill gave something to guard; the end of what never will have that."""
    account = state.accounts[step.account]
    has_ended = step.order_id not in account.orders
    events: list[Event] = []
    for number in range(1, step.count + 1):
        leg = account.orders.get(step.order_id + number)
        if leg is None or not leg.is_waiting or leg.level is not None:
            continue  # it has ended, or was armed by an earlier fill
        order = leg.order
        if step.has_filled and reducible_quantity(account, leg.market, leg.sign):
            events.append(LegArmed(order_id=order.order_id, account=order.account))
        elif has_ended:
            events.append(
                OrderCanceled(
                    order_id=order.order_id,
                    account=order.account,
                    leaves=Lots(leg.leaves),
                    reason=PARENT_ENDED,
                )
            )
    return events
