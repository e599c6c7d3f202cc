"""What an outcome says to whoever asked for it, among what else happened in it."""

from collections.abc import Iterable

from openvenue.engine.events import (
    AmendRejected,
    Event,
    MemberDecided,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
)
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


def answers_to_batch(events: Iterable[Event], count: int) -> list[list[Event]]:
    """What happened for each member of a batch, in their order."""
    found: list[list[Event]] = [[] for _ in range(count)]
    at = -1
    for event in events:
        if isinstance(event, MemberDecided):
            at = event.index
        elif at >= 0:
            found[at].append(event)
    return found


def answer_to_amend(events: Iterable[Event]) -> RejectReason | None:
    """Why a change was refused; None: it was made, or ended the order."""
    for event in reversed(list(events)):
        if isinstance(event, AmendRejected):
            return event.reason
        if isinstance(event, OrderAmended | OrderCanceled):
            return None
    raise AssertionError("a change is made or refused")


def is_brought(order: Order) -> bool:
    """Whether a fill of another order brought it."""
    return order.extras is not None and order.extras.closes is not None
