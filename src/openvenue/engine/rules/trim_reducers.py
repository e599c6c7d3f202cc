"""Reduce-only orders follow their position down."""

from openvenue.engine.events import Event, OrderCanceled, OrderTrimmed
from openvenue.engine.reasons import CancelReason
from openvenue.engine.state import State
from openvenue.engine.steps import TrimReducers
from openvenue.engine.units import Lots


def trim_reducers(state: State, step: TrimReducers) -> list[Event]:
    """Each resting reduce-only order larger than the position shrinks to it, or ends with it.

    Triggers that guard the position end with it.

    Source: Kraken Futures, "Order types", reduce-only.
    """
    position = state.accounts[step.account].positions[step.symbol]
    events: list[Event] = []
    for live in position.reducers.values():
        order = live.order
        allowed = max(-position.quantity * int(order.side), 0)
        if allowed == 0:
            events.append(
                OrderCanceled(
                    order_id=order.order_id,
                    account=order.account,
                    leaves=Lots(live.leaves),
                    reason=CancelReason.WOULD_NOT_REDUCE,
                )
            )
        elif allowed < live.leaves:
            trimmed = live.leaves - allowed
            events.append(
                OrderTrimmed(
                    order_id=order.order_id,
                    account=order.account,
                    quantity=Lots(order.quantity - trimmed),
                    leaves=Lots(allowed),
                )
            )
    for order_id in sorted(position.guards):
        order = position.guards[order_id].order
        if -position.quantity * int(order.side) <= 0:
            events.append(
                OrderCanceled(
                    order_id=order.order_id,
                    account=order.account,
                    leaves=Lots(position.guards[order_id].leaves),
                    reason=CancelReason.POSITION_CLOSED,
                )
            )
    return events
