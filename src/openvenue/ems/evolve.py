"""What each event makes true; with `evolve_halts` and `keep` all that changes the desk's state."""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from openvenue.ems.events import (
    CancelAllBegun,
    CancelAllEnded,
    CancelAsked,
    CancelGivenUp,
    OrderFound,
    OrderLost,
    OrderMoved,
    OrderReceived,
    OrderReported,
    Refused,
    Resumed,
)
from openvenue.ems.evolve_halts import EVOLVE_HALTS
from openvenue.ems.keep import keep
from openvenue.ems.orders import Order, Status
from openvenue.ems.state import Run, State


def _through(state: State, order: Order, path: tuple[Status, ...]) -> Order:
    if not path:
        return order
    history = order.history + tuple((status, state.now) for status in path)
    return replace(order, status=path[-1], history=history)


def order_received(state: State, event: OrderReceived) -> None:
    """A new order stands at the beginning of its life."""
    order = Order(
        account=event.account,
        cl_ord_id=event.cl_ord_id,
        terms=event.terms,
        venue_cl_ord_id=event.venue_cl_ord_id,
        tag=event.tag,
        flattens=event.flattens,
        status=Status.RECEIVED,
        history=((Status.RECEIVED, state.now),),
        ends_with_session=event.ends_with_session,
    )
    if event.tag:
        state.tags[event.account.owner, event.tag] = None
    keep(state, order)


def order_found(state: State, event: OrderFound) -> None:
    """An order of somebody else is known from now on."""
    order = Order(
        account=event.account,
        cl_ord_id=event.cl_ord_id,
        terms=event.terms,
        venue_cl_ord_id=event.venue_cl_ord_id,
        order_id=event.order_id,
        status=event.status,
        filled=event.filled,
        history=((event.status, state.now),),
        is_foreign=True,
        waits=event.waits,
    )
    keep(state, order)


def order_moved(state: State, event: OrderMoved) -> None:
    """One step further."""
    order = _through(state, state.orders[event.owner, event.cl_ord_id], (event.status,))
    moved = replace(
        order,
        message=event.message,
        is_unknown=order.is_unknown and not order.has_ended,
        cancel_wanted=order.cancel_wanted and not order.has_ended,
    )
    keep(state, moved)


def order_reported(state: State, event: OrderReported) -> None:
    """Known as the venue knows it."""
    order = _through(state, state.orders[event.owner, event.cl_ord_id], event.path)
    known = replace(
        order,
        order_id=event.order_id,
        filled=event.filled,
        average=event.average,
        fills=event.fills,
        message=event.message,
        is_unknown=False,
        cancel_wanted=order.cancel_wanted and not order.has_ended,
        waits=event.waits,
    )
    keep(state, known)


def order_lost(state: State, event: OrderLost) -> None:
    """Not known any more. Its status is the last that was."""
    order = state.orders[event.owner, event.cl_ord_id]
    keep(state, replace(order, is_unknown=True, message=event.why))


def cancel_asked(state: State, event: CancelAsked) -> None:
    """To be canceled."""
    order = state.orders[event.owner, event.cl_ord_id]
    keep(state, replace(order, cancel_wanted=True))


def cancel_given_up(state: State, event: CancelGivenUp) -> None:
    """Active as before."""
    order = state.orders[event.owner, event.cl_ord_id]
    path = () if order.status is event.status else (event.status,)
    order = _through(state, order, path)
    keep(state, replace(order, cancel_wanted=False, message=event.message))


def cancel_all_begun(state: State, event: CancelAllBegun) -> None:
    """No order passes the gate."""
    state.gates[event.account] = event.run_id
    state.runs[event.run_id] = Run(
        run_id=event.run_id,
        account=event.account,
        begun=state.now,
        orders=event.open + event.in_flight,
    )
    for cl_ord_id in event.in_flight:
        order = state.orders[event.account.owner, cl_ord_id]
        keep(state, replace(order, cancel_wanted=True))


def cancel_all_ended(state: State, event: CancelAllEnded) -> None:
    """Orders pass again, and the report is kept."""
    state.gates.pop(event.account, None)
    state.runs[event.run_id] = replace(
        state.runs[event.run_id],
        ended=state.now,
        ending=event.ending,
        sights=event.sights,
        why=event.why,
        acts=event.acts,
    )


def nothing(state: State, event: Refused | Resumed) -> None:
    """Told, and without effect."""


EVOLVE: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    OrderReceived: order_received,
    Refused: nothing,
    OrderMoved: order_moved,
    OrderReported: order_reported,
    OrderLost: order_lost,
    OrderFound: order_found,
    CancelAsked: cancel_asked,
    CancelGivenUp: cancel_given_up,
    CancelAllBegun: cancel_all_begun,
    CancelAllEnded: cancel_all_ended,
    Resumed: nothing,
    **EVOLVE_HALTS,
}
