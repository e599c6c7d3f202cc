"""A new order: taken and on its way, refused by the desk, or not even taken."""

from openvenue.ems.commands import PlaceOrder
from openvenue.ems.events import Event, OrderMoved, OrderReceived, RefusalReason, Refused
from openvenue.ems.orders import Status, venue_name
from openvenue.ems.state import State


def place_order(state: State, command: PlaceOrder) -> list[Event]:
    """A name is good once: an order is never sent again, whatever became of it."""
    account, cl_ord_id = command.account, command.cl_ord_id
    owner = account.owner
    if (owner, cl_ord_id) in state.orders:
        reason = RefusalReason.DUPLICATE_CL_ORD_ID
        return [Refused(owner=owner, cl_ord_id=cl_ord_id, reason=reason)]
    received = OrderReceived(
        account=account,
        cl_ord_id=cl_ord_id,
        terms=command.terms,
        venue_cl_ord_id=venue_name(account, cl_ord_id),
        tag=command.tag,
        flattens=command.flattens,
        ends_with_session=command.ends_with_session,
    )
    why = why_rejected(state, command)
    status = Status.ROUTING if why is None else Status.REJECTED
    moved = OrderMoved(owner=owner, cl_ord_id=cl_ord_id, status=status, message=why or "")
    return [received, moved]


def why_rejected(state: State, command: PlaceOrder) -> str | None:
    """Why the desk does not send it, or None."""
    if command.flattens is not None:
        is_wanted = state.halts[command.flattens].is_active
        return command.unfit or (None if is_wanted else f"{command.flattens} was released.")
    for halt in state.active_halts():
        if halt.scope.covers(command.account, command.terms, command.tag):
            return f"Halted by the kill switch until it is released ({halt.halt_id})."
    run_id = state.gates.get(command.account)
    if run_id is not None:
        return f"Everything is being canceled on {command.account.exchange_id} ({run_id})."
    return command.unfit or None
