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
    OrderRefilled,
    OrderRested,
    OrdersCanceled,
    OrderStarted,
    Traded,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.orders import OrderView, begins_waiting, hidden_of, moved
from openvenue.engine.units import Atoms, Lots, OrderId
from openvenue.exchange.port import Outcome


class Story:
    """The orders of one outcome. `tell` each event after having looked at `views`."""

    def __init__(self, outcome: Outcome) -> None:
        self._time = outcome.entry.time
        self.views: dict[OrderId, OrderView] = dict(outcome.before)
        self._arrived: dict[OrderId, bool] = {}  # of those that came in here: are they in the book?

    def is_resting(self, order_id: OrderId) -> bool:
        """Whether an order is in the book."""
        arrived = self._arrived.get(order_id)
        if arrived is not None:
            return arrived
        view = self.views.get(order_id)
        return view is not None and not view.is_waiting

    def tell(self, event: Event) -> None:
        """Go past `event`."""
        kind = type(event)
        if kind is Traded:
            assert isinstance(event, Traded)
            self._trade(event.maker_order_id, event.maker_leaves, event.value, event.maker_fee)
            self._trade(event.taker_order_id, event.taker_leaves, event.value, event.taker_fee)
        elif isinstance(event, OrderAccepted | OrderActivated):
            order = event.order
            is_waiting = kind is OrderAccepted and begins_waiting(order)
            self.views[order.order_id] = OrderView(order, order.quantity, self._time, is_waiting)
            self._arrived[order.order_id] = event.rests and not is_waiting
            if event.rests:
                self._hide(order.order_id, hidden_of(order, order.quantity))
        elif isinstance(event, OrderRested):
            self._arrived[event.order_id] = True
            self._hide(event.order_id, hidden_of(self.views[event.order_id].order, event.leaves))
        elif isinstance(event, OrderRefilled):
            leaves = self.views[event.order_id].leaves
            self._hide(event.order_id, Lots(leaves - event.shown))
        elif isinstance(event, OrderAmended):
            order = event.order
            view = self.views[order.order_id]
            self._arrived[order.order_id] = event.rests and not view.is_waiting
            self.views[order.order_id] = OrderView(
                order,
                event.leaves,
                self._time,
                view.is_waiting,
                view.value,
                view.fees,
                event.hidden,
            )
        elif isinstance(event, TriggersMoved):
            for move in event.moves:
                view = self.views[move.order_id]
                order = moved(view.order, move.price)
                self.views[move.order_id] = replace(view, order=order, updated=self._time)
        elif isinstance(event, OrderStarted):
            self._arrived[event.order_id] = False
            view = self.views[event.order_id]
            if view.order.trigger is None:
                self._wait_no_more(event.order_id)
            elif event.price is not None:
                order = moved(view.order, event.price)
                self.views[event.order_id] = replace(view, order=order, updated=self._time)
        elif isinstance(event, TriggerFired):
            self._arrived[event.order_id] = False
            self._wait_no_more(event.order_id)
        elif isinstance(event, OrderCanceled):
            self._end(event.order_id)
        elif isinstance(event, OrdersCanceled):
            for order_id in event.order_ids:
                self._end(order_id)

    def _trade(self, order_id: OrderId, leaves: Lots, value: Atoms, fee: Atoms) -> None:
        view = self.views[order_id]
        self.views[order_id] = OrderView(
            view.order,
            leaves,
            self._time,
            value=Atoms(view.value + value),
            fees=Atoms(view.fees + fee),
            hidden=view.hidden,
        )
        if leaves == 0:
            self._arrived[order_id] = False

    def _hide(self, order_id: OrderId, hidden: Lots) -> None:
        view = self.views[order_id]
        if view.hidden != hidden:
            self.views[order_id] = replace(view, hidden=hidden)

    def _wait_no_more(self, order_id: OrderId) -> None:
        view = self.views[order_id]
        self.views[order_id] = OrderView(
            view.order, view.leaves, self._time, value=view.value, fees=view.fees
        )

    def _end(self, order_id: OrderId) -> None:
        self._arrived[order_id] = False
        if self.views[order_id].is_waiting:
            self._wait_no_more(order_id)
