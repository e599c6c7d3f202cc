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
    OrderRested,
    OrdersCanceled,
    OrderStarted,
    OrderTrimmed,
    Traded,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.orders import OrderView, begins_waiting, moved
from openvenue.engine.units import Lots, OrderId
from openvenue.exchange.port import Outcome


class Story:
    """The orders of one outcome. `tell` each event after having looked at `views`."""

    def __init__(self, outcome: Outcome) -> None:
        self._time = outcome.entry.time
        self.views: dict[OrderId, OrderView] = dict(outcome.before)
        self._arrived: dict[OrderId, bool] = {}  # of those that came in here: are they in the book?
        self._crossing: set[OrderId] = set()  # amended, and out of the book while they trade

    def is_resting(self, order_id: OrderId) -> bool:
        """Whether an order is in the book."""
        arrived = self._arrived.get(order_id)
        if arrived is not None:
            return arrived
        view = self.views.get(order_id)
        return view is not None and not view.is_waiting

    def is_open(self, order_id: OrderId) -> bool:
        """Whether its owner sees it as open: in the book, or waiting for its price."""
        view = self.views.get(order_id)
        return (
            self.is_resting(order_id)
            or order_id in self._crossing
            or (view is not None and view.is_waiting)
        )

    def is_crossing(self, order_id: OrderId) -> bool:
        """Whether it trades because its owner changed it: open, and not in the book just now."""
        return order_id in self._crossing

    def tell(self, event: Event) -> None:
        """Go past `event`."""
        match event:
            case Traded():
                self._trade(event.maker_order_id, event.maker_leaves)
                self._trade(event.taker_order_id, event.taker_leaves)
            case OrderAccepted() | OrderActivated():
                order = event.order
                is_waiting = isinstance(event, OrderAccepted) and begins_waiting(order)
                view = OrderView(order, order.quantity, self._time, is_waiting)
                self.views[order.order_id] = view
                self._arrived[order.order_id] = event.rests and not is_waiting
            case OrderAmended():
                order_id = event.order.order_id
                is_waiting = self.views[order_id].is_waiting
                self.views[order_id] = OrderView(event.order, event.leaves, self._time, is_waiting)
                if not event.rests:
                    self._arrived[order_id] = False
                    self._crossing.add(order_id)
            case OrderRested():
                self._arrived[event.order_id] = True
                self._crossing.discard(event.order_id)
            case TriggerFired():
                self._arrived[event.order_id] = False
                self._change(event.order_id, is_waiting=False)
            case OrderStarted():
                view = self.views[event.order_id]
                self._change(event.order_id, is_waiting=view.order.trigger is not None)
                if event.price is not None:
                    view = self.views[event.order_id]
                    view = replace(view, order=moved(view.order, event.price))
                    self.views[event.order_id] = view
                self._arrived[event.order_id] = False
            case TriggersMoved():
                for move in event.moves:
                    view = self.views[move.order_id]
                    order = moved(view.order, move.price)
                    self.views[move.order_id] = replace(view, order=order, updated=self._time)
            case OrderTrimmed():
                view = self.views[event.order_id]
                order = replace(view.order, quantity=event.quantity)
                self.views[event.order_id] = OrderView(
                    order, event.leaves, self._time, view.is_waiting
                )
            case OrderCanceled():
                self._end(event.order_id)
            case OrdersCanceled():
                for order_id in event.order_ids:
                    self._end(order_id)
            case _:
                pass

    def _trade(self, order_id: OrderId, leaves: Lots) -> None:
        view = self.views.get(order_id)
        if view is not None:
            self.views[order_id] = OrderView(view.order, leaves, self._time)
            if leaves == 0:
                self._arrived[order_id] = False
                self._crossing.discard(order_id)

    def _change(self, order_id: OrderId, *, is_waiting: bool) -> None:
        view = self.views[order_id]
        self.views[order_id] = OrderView(view.order, view.leaves, self._time, is_waiting)

    def _end(self, order_id: OrderId) -> None:
        self._arrived[order_id] = False
        self._crossing.discard(order_id)
        view = self.views.get(order_id)
        if view is not None and view.is_waiting:
            self._change(order_id, is_waiting=False)
