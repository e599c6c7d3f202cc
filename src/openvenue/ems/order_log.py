"""Every version of every order, as it became known and durable; and who wants to hear of new ones.

It is made from the journal at each start, and of it: there is nothing in it that is not on disk.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from openvenue.ems.events import (
    CancelGivenUp,
    Event,
    OrderFound,
    OrderLost,
    OrderMoved,
    OrderReceived,
    OrderReported,
)
from openvenue.ems.orders import Order, OrderKey
from openvenue.engine.units import AccountId, Nanos


class Change(Struct, frozen=True):
    """An order as it was known from `time` on."""

    time: Nanos
    order: Order


Listener = Callable[[Change], None]


class OrderLog:
    """Changes by owner, oldest first. They are never forgotten, as orders are not."""

    def __init__(self) -> None:
        self._times: dict[AccountId, list[Nanos]] = {}
        self._orders: dict[AccountId, list[Order]] = {}
        self._listeners: dict[AccountId, list[Listener]] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """Keep them, and tell whoever listens to their owners."""
        for change in changes:
            owner = change.order.account.owner
            self._times.setdefault(owner, []).append(change.time)
            self._orders.setdefault(owner, []).append(change.order)
            for listener in self._listeners.get(owner, ()):
                listener(change)

    def between(
        self, owner: AccountId, start: Nanos, end: Nanos, most: int
    ) -> Sequence[Change] | None:
        """Changes from `start` to `end`, both included; None if there are more than `most`."""
        times = self._times.get(owner, [])
        first, last = bisect_left(times, start), bisect_right(times, end)
        if last - first > most:
            return None
        orders = self._orders.get(owner, [])
        return [Change(times[at], orders[at]) for at in range(first, last)]

    def listen(self, owner: AccountId, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with each change to come; what is returned ends that."""
        # Lists are replaced, not changed: somebody may leave while all are being told.
        self._listeners[owner] = [*self._listeners.get(owner, ()), listener]

        def leave() -> None:
            self._listeners[owner] = [it for it in self._listeners[owner] if it is not listener]

        return leave


def order_of(event: Event) -> OrderKey | None:
    """Which order clients see changed by `event`; None: they see nothing."""
    match event:
        case OrderReceived() | OrderFound():
            return event.account.owner, event.cl_ord_id
        case OrderMoved() | OrderReported() | OrderLost() | CancelGivenUp():
            return event.owner, event.cl_ord_id
        case _:
            return None


def versions(before: Order | None, after: Order) -> Iterable[Order]:
    """`after`, and before it the same order at each status that it went through on the way."""
    if before is not None:
        for known in range(len(before.history) + 1, len(after.history)):
            history = after.history[:known]
            yield replace(before, status=history[-1][0], history=history)
    yield after
