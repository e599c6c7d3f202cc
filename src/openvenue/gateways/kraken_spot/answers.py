"""What an outcome says to whoever asked for it, among what else happened in it."""

from collections.abc import Iterable

from openvenue.engine.events import Event, OrderAccepted, OrderRejected
from openvenue.engine.orders import Order
from openvenue.engine.reasons import RejectReason


def answer_to_order(events: Iterable[Event]) -> tuple[Order | None, RejectReason | None]:
    """The order that was asked for, and why it was refused; without the order it has no name.

    Orders that fills brought are in the same story, and nobody's answer.
    """
    for event in events:
        if isinstance(event, OrderAccepted) and not is_brought(event.order):
            return event.order, None
        if isinstance(event, OrderRejected):
            if event.order is None or not is_brought(event.order):
                return event.order, event.reason
    raise AssertionError("an order is accepted or rejected")


def is_brought(order: Order) -> bool:
    """Whether a fill of another order brought it."""
    return order.extras is not None and order.extras.closes is not None
