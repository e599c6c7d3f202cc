"""What events say about the past: fills, trades, and orders that ended.

The same fold serves entries that arrive from the feed and entries that are read from the journal,
so an index that is rebuilt says what the lost one said.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from openvenue.engine.events import (
    Event,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderRested,
    OrdersCanceled,
    OrderTrimmed,
    Traded,
    TriggerFired,
)
from openvenue.engine.orders import FOK, IOC, Order, OrderView
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import Atoms, Lots, Nanos, OrderId
from openvenue.history.port import ClosedOrder, Fill, PublicTrade
from openvenue.journal.records import Entry


class Alive(Struct, gc=False, array_like=True):
    """An order that has not ended: its terms, and what changes."""

    order: Order
    leaves: Lots
    updated: Nanos
    is_waiting: bool
    was_triggered: bool = False
    value: Atoms = Atoms(0)  # of all that has traded
    fees: Atoms = Atoms(0)  # paid on that

    def view(self) -> OrderView:
        """As it is now."""
        return OrderView(
            self.order, self.leaves, self.updated, self.is_waiting, self.value, self.fees
        )


class Story(Struct):
    """What some entries added to the past, in the order in which it happened."""

    fills: list[Fill] = []
    trades: list[PublicTrade] = []
    values: list[int] = []  # of each trade, in atoms of the settlement asset
    closed: list[ClosedOrder] = []
    touched: set[OrderId] = set()  # orders that began, changed or ended


class Fold:
    """Carries the orders that are alive from entry to entry, and tells what becomes of them."""

    def __init__(self, alive: Iterable[Alive] = ()) -> None:
        self.alive: dict[OrderId, Alive] = {it.order.order_id: it for it in alive}
        self._story = Story()
        self._seq = 0
        self._now = Nanos(0)

    def tell(self, entries: Iterable[Entry]) -> Story:
        """What `entries` add."""
        story = self._story = Story()
        for entry in entries:
            self._seq, self._now = entry.seq, entry.time
            for event in entry.events:
                fold = FOLDS.get(type(event))
                if fold is not None:
                    fold(self, event)
        return story

    def accepted(self, event: OrderAccepted | OrderActivated) -> None:
        """An order stands, or a trigger's order does, under the same id."""
        order = event.order
        is_activated = isinstance(event, OrderActivated)
        self.alive[order.order_id] = Alive(
            order,
            order.quantity,
            self._now,
            is_waiting=order.trigger is not None and not is_activated,
            was_triggered=is_activated,
        )
        self._story.touched.add(order.order_id)

    def rejected(self, event: OrderRejected) -> None:
        """Refused; it is remembered if it had got an identity."""
        if event.order is not None:
            alive = Alive(event.order, event.order.quantity, self._now, is_waiting=False)
            self._close(alive, None, event.reason)

    def traded(self, event: Traded) -> None:
        """Two fills, perhaps two orders that are done."""
        seq, now = self._seq, self._now
        story = self._story
        story.trades.append(
            PublicTrade(
                event.exec_id,
                seq,
                now,
                event.symbol,
                event.price,
                event.quantity,
                event.aggressor,
                self.alive[event.taker_order_id].order.is_market,
            )
        )
        story.values.append(event.value)
        for is_maker, order_id, leaves, fee, realized in (
            (True, event.maker_order_id, event.maker_leaves, event.maker_fee, event.maker_realized),
            (
                False,
                event.taker_order_id,
                event.taker_leaves,
                event.taker_fee,
                event.taker_realized,
            ),
        ):
            alive = self._change(order_id, leaves)
            alive.value = Atoms(alive.value + event.value)
            alive.fees = Atoms(alive.fees + fee)
            order = alive.order
            story.fills.append(
                Fill(
                    exec_id=event.exec_id,
                    seq=seq,
                    time=now,
                    account=order.account,
                    symbol=event.symbol,
                    side=order.side,
                    price=event.price,
                    quantity=event.quantity,
                    is_maker=is_maker,
                    order_id=order_id,
                    cl_ord_id=order.cl_ord_id,
                    leaves=leaves,
                    fee=fee,
                    realized=realized,
                    order_type=kind_of(order),
                )
            )
            if leaves == 0:
                self._end(order_id, None, None)

    def fired(self, event: TriggerFired) -> None:
        """A trigger waits no more, whatever its order then does."""
        alive = self._change(event.order_id, self.alive[event.order_id].leaves)
        alive.is_waiting = False
        alive.was_triggered = True

    def rested(self, event: OrderRested) -> None:
        """The rest of a taker waits in the book."""
        self._change(event.order_id, event.leaves)

    def amended(self, event: OrderAmended) -> None:
        """New terms under the same id; what was filled stays filled."""
        alive = self._change(event.order.order_id, event.leaves)
        alive.order = event.order

    def trimmed(self, event: OrderTrimmed) -> None:
        """The whole order is smaller from here on; what was filled stays filled."""
        alive = self._change(event.order_id, event.leaves)
        alive.order = replace(alive.order, quantity=event.quantity)

    def canceled(self, event: OrderCanceled) -> None:
        """One order ended."""
        self._change(event.order_id, event.leaves)
        self._end(event.order_id, event.reason, event.because)

    def all_canceled(self, event: OrdersCanceled) -> None:
        """Many orders ended."""
        for order_id in event.order_ids:
            self._change(order_id, self.alive[order_id].leaves)
            self._end(order_id, event.reason, None)

    def _change(self, order_id: OrderId, leaves: Lots) -> Alive:
        alive = self.alive[order_id]
        alive.leaves = leaves
        alive.updated = self._now
        self._story.touched.add(order_id)
        return alive

    def _end(
        self, order_id: OrderId, canceled: CancelReason | None, rejected: RejectReason | None
    ) -> None:
        self._close(self.alive.pop(order_id), canceled, rejected)

    def _close(
        self, alive: Alive, canceled: CancelReason | None, rejected: RejectReason | None
    ) -> None:
        self._story.closed.append(
            ClosedOrder(alive.view(), self._now, canceled, rejected, alive.was_triggered)
        )


def kind_of(order: Order) -> str:
    """ "market", "post", "ioc", "fok" or "limit"."""
    if order.is_market:
        return "market"
    if order.post_only:
        return "post"
    if order.time_in_force is IOC:
        return "ioc"
    if order.time_in_force is FOK:
        return "fok"
    return "limit"


FOLDS: Final[dict[type[Event], Callable[[Fold, Any], None]]] = {
    OrderAccepted: Fold.accepted,
    OrderActivated: Fold.accepted,
    OrderRejected: Fold.rejected,
    Traded: Fold.traded,
    TriggerFired: Fold.fired,
    OrderRested: Fold.rested,
    OrderAmended: Fold.amended,
    OrderTrimmed: Fold.trimmed,
    OrderCanceled: Fold.canceled,
    OrdersCanceled: Fold.all_canceled,
}
