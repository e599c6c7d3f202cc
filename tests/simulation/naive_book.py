"""A book kept from events alone, in the plainest way: lists that are searched and sorted."""

from openvenue.engine.events import (
    Event,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRefilled,
    OrderRested,
    OrdersCanceled,
    OrderTrimmed,
    Traded,
)
from openvenue.engine.orders import BUY, Order, Side


class NaiveBook:
    """Live orders, who rests where and since when, and what each account holds."""

    def __init__(self) -> None:
        self.terms: dict[int, Order] = {}
        self.leaves: dict[int, int] = {}
        self.shown: dict[int, int] = {}  # of those that rest: how much everybody sees
        self.held: dict[tuple[str, str], int] = {}  # (account, symbol) -> lots, signed
        self._resting: dict[int, int] = {}  # order id -> turn in which it came to rest
        self._turn = 0

    def line(self, symbol: str, side: Side) -> list[int]:
        """Resting orders of one side, first in line first."""
        mine = [
            each
            for each in self._resting
            if self.terms[each].symbol == symbol and self.terms[each].side is side
        ]
        worst_first = -1 if side is BUY else 1
        return sorted(mine, key=lambda each: (self._price(each) * worst_first, self._resting[each]))

    def first_in_line(self, symbol: str, side: Side) -> int | None:
        """The order to trade with next; reduce-only ones that have nothing left are no such."""
        for order_id in self.line(symbol, side):
            order = self.terms[order_id]
            against = -self.held.get((order.account, symbol), 0) * int(side)
            if not order.reduce_only or against > 0:
                return order_id
        return None

    def tell(self, event: Event) -> None:
        """Hear what happened."""
        match event:
            case OrderAccepted() | OrderActivated():
                self.terms[event.order.order_id] = event.order
                self.leaves[event.order.order_id] = event.order.quantity
                if event.rests:
                    self._rest(event.order.order_id)
            case OrderRested():
                self._rest(event.order_id)
            case OrderAmended():
                order_id = event.order.order_id
                self.terms[order_id] = event.order
                self.leaves[order_id] = event.leaves
                if event.keeps_place and order_id in self._resting:
                    self.shown[order_id] = min(
                        self.shown[order_id], event.leaves, self._slice(order_id)
                    )
                elif order_id in self._resting:
                    del self._resting[order_id]
                    del self.shown[order_id]
                    if event.rests:
                        self._rest(order_id)
            case OrderRefilled():
                assert self.shown[event.order_id] == 0
                self._rest(event.order_id)
                assert self.shown[event.order_id] == event.shown
            case OrderTrimmed():
                self.leaves[event.order_id] = event.leaves
                self.shown[event.order_id] = event.leaves
            case OrderCanceled():
                self._end(event.order_id)
            case OrdersCanceled():
                for order_id in event.order_ids:
                    self._end(order_id)
            case Traded():
                for order_id in (event.maker_order_id, event.taker_order_id):
                    order = self.terms[order_id]
                    name = (str(order.account), str(event.symbol))
                    self.held[name] = self.held.get(name, 0) + event.quantity * int(order.side)
                    self.leaves[order_id] -= event.quantity
                    if order_id in self._resting:
                        self.shown[order_id] -= event.quantity
                        assert self.shown[order_id] >= 0, "only what is shown is matched"
                    if self.leaves[order_id] == 0:
                        self._end(order_id)
            case _:
                pass

    def _price(self, order_id: int) -> int:
        price = self.terms[order_id].limit_price
        assert price is not None
        return price

    def _rest(self, order_id: int) -> None:
        self._turn += 1
        self._resting[order_id] = self._turn
        self.shown[order_id] = min(self.leaves[order_id], self._slice(order_id))

    def _slice(self, order_id: int) -> int:
        order = self.terms[order_id]
        display = None if order.extras is None else order.extras.display
        return order.quantity if display is None else display

    def _end(self, order_id: int) -> None:
        del self.leaves[order_id]
        self._resting.pop(order_id, None)
        self.shown.pop(order_id, None)
