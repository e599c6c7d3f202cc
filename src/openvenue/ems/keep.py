"""How an order is remembered: in place of what was known of it, under each of its names."""

from openvenue.ems.orders import Order
from openvenue.ems.state import State


def keep(state: State, order: Order) -> None:
    """Remember `order` in place of what was known of it."""
    state.orders[order.key] = order
    live = state.live.setdefault(order.account, {})
    if order.has_ended:
        live.pop(order.cl_ord_id, None)
    else:
        live[order.cl_ord_id] = None
    if order.order_id and (order.account, order.order_id) not in state.named:
        state.note_names(order)
    for name in (order.venue_cl_ord_id, order.order_id):
        if name:
            state.named[order.account, name] = order.cl_ord_id
