"""An outcome told event by event, with each order as it was at that moment.

An outcome says how its orders were before it. Within it an order may be accepted, trade, rest, fire
and end; whoever tells clients of each step needs the steps in between.
"""

from msgspec.structs import replace

from openvenue.engine.events import (
    Event,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderStarted,
    OrderTrimmed,
    Traded,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.orders import OrderView, begins_waiting, moved
from openvenue.engine.units import Atoms, Lots, Nanos, OrderId
from openvenue.exchange.port import Outcome


class Story:
    """The orders of one outcome; `tell` goes past an event."""

    def __init__(self, outcome: Outcome) -> None:
        self.time: Nanos = outcome.entry.time
        self.seq: int = outcome.entry.seq
        self.views: dict[OrderId, OrderView] = dict(outcome.before)

    def tell(self, event: Event) -> None:
        """Go past `event`. Orders that end stay as they were, for those who are told of it."""
        match event:
            case Traded():
                maker, taker = event.maker_order_id, event.taker_order_id
                self._trade(maker, event.maker_leaves, event.value, event.maker_fee)
                self._trade(taker, event.taker_leaves, event.value, event.taker_fee)
            case OrderAccepted():
                order = event.order
                is_waiting = begins_waiting(order)
                self.views[order.order_id] = OrderView(order, order.quantity, self.time, is_waiting)
            case OrderActivated():
                order = event.order
                self.views[order.order_id] = OrderView(order, order.quantity, self.time)
            case OrderAmended():
                view = self.views[event.order.order_id]
                self.views[event.order.order_id] = replace(
                    view, order=event.order, leaves=event.leaves, updated=self.time
                )
            case TriggersMoved():
                for move in event.moves:
                    view = self.views[move.order_id]
                    order = moved(view.order, move.price)
                    self.views[move.order_id] = replace(view, order=order, updated=self.time)
            case OrderTrimmed():
                view = self.views[event.order_id]
                order = replace(view.order, quantity=event.quantity)
                self.views[event.order_id] = replace(
                    view, order=order, leaves=event.leaves, updated=self.time
                )
            case OrderStarted():
                view = self.views[event.order_id]
                order = view.order if event.price is None else moved(view.order, event.price)
                self.views[event.order_id] = replace(
                    view, order=order, is_waiting=order.trigger is not None, updated=self.time
                )
            case TriggerFired():
                view = self.views[event.order_id]
                self.views[event.order_id] = replace(view, is_waiting=False, updated=self.time)
            case OrderCanceled():
                view = self.views[event.order_id]
                self.views[event.order_id] = replace(view, updated=self.time)
            case _:
                pass

    def _trade(self, order_id: OrderId, leaves: Lots, value: Atoms, fee: Atoms) -> None:
        view = self.views.get(order_id)
        if view is not None:
            self.views[order_id] = replace(
                view,
                leaves=leaves,
                updated=self.time,
                value=Atoms(view.value + value),
                fees=Atoms(view.fees + fee),
            )
