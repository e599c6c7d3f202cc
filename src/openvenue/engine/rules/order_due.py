"""What becomes of an order when the time comes that it was waiting for."""

from typing import Final

from openvenue.engine.events import Event, OrderCanceled, OrderStarted
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.rules.execution import reducible_quantity
from openvenue.engine.rules.place_order import start_trigger
from openvenue.engine.state import State
from openvenue.engine.steps import OrderDue
from openvenue.engine.units import Lots, Ticks

LAPSED: Final = CancelReason.LAPSED


def order_due(state: State, step: OrderDue) -> list[Event]:
    """The order starts, or ends; nothing, if something that was due before it has ended it."""
    live = state.accounts[step.account].orders.get(step.order_id)
    if live is None or state.timed.time(live) > state.now:
        return []
    order = live.order
    extras = order.extras
    assert extras is not None, "what is due has a time"
    if extras.expires is not None and extras.expires <= state.now:
        return [
            OrderCanceled(
                order_id=order.order_id,
                account=order.account,
                leaves=Lots(live.leaves),
                reason=LAPSED,
            )
        ]
    if extras.guards and not reducible_quantity(live.account, live.market, live.sign):
        return [
            OrderCanceled(
                order_id=order.order_id,
                account=order.account,
                leaves=Lots(live.leaves),
                reason=CancelReason.POSITION_CLOSED,
            )
        ]
    trigger = order.trigger
    price: Ticks | None = None
    if trigger is not None and trigger.trail is not None:
        started = start_trigger(live.market, trigger)
        if isinstance(started, RejectReason):
            return [
                OrderCanceled(
                    order_id=order.order_id,
                    account=order.account,
                    leaves=Lots(live.leaves),
                    reason=CancelReason.TRIGGER_REFUSED,
                    because=started,
                )
            ]
        price = started.price
    return [OrderStarted(order_id=order.order_id, account=order.account, price=price)]
