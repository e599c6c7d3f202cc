"""Canceling one order, and canceling all of an account."""

from openvenue.ems.commands import (
    AskCancel,
    BeginCancelAll,
    EndCancelAll,
    RecordCancelFailed,
    RecordCancelRelayed,
)
from openvenue.ems.events import (
    CancelAllBegun,
    CancelAllEnded,
    CancelAsked,
    CancelGivenUp,
    Event,
    OrderMoved,
    RefusalReason,
    Refused,
)
from openvenue.ems.orders import RunId, Status
from openvenue.ems.state import State


def ask_cancel(state: State, command: AskCancel) -> list[Event]:
    """The wish is kept even while the venue does not know the order. Wishing twice is once."""
    owner, cl_ord_id = command.owner, command.cl_ord_id
    order = state.orders.get((owner, cl_ord_id))
    if order is None:
        reason = RefusalReason.UNKNOWN_ORDER
        return [Refused(owner=owner, cl_ord_id=cl_ord_id, reason=reason)]
    if order.has_ended or order.cancel_wanted:
        return []
    return [CancelAsked(owner=owner, cl_ord_id=cl_ord_id)]


def record_cancel_relayed(state: State, command: RecordCancelRelayed) -> list[Event]:
    """The venue has the cancel."""
    order = state.orders[command.owner, command.cl_ord_id]
    if order.status not in (Status.NEW, Status.PARTIALLY_FILLED):
        return []
    status = Status.PENDING_CANCEL
    return [OrderMoved(owner=command.owner, cl_ord_id=command.cl_ord_id, status=status)]


def record_cancel_failed(state: State, command: RecordCancelFailed) -> list[Event]:
    """The order stays. While everything is being canceled, the wish stays, too."""
    order = state.orders[command.owner, command.cl_ord_id]
    if order.has_ended or order.is_in_flight:
        return []
    status = order.status
    if status is Status.PENDING_CANCEL:
        status = Status.PARTIALLY_FILLED if order.filled else Status.NEW
    if status is order.status and not order.cancel_wanted:
        return []
    return [
        CancelGivenUp(
            owner=command.owner,
            cl_ord_id=command.cl_ord_id,
            status=status,
            message=command.why,
        )
    ]


def begin_cancel_all(state: State, command: BeginCancelAll) -> list[Event]:
    """One at a time for each account: who comes second joins the first."""
    account = command.account
    assert account not in state.gates, "a cancel-all of this account is running"
    live = list(state.live_orders(account))
    return [
        CancelAllBegun(
            run_id=RunId(f"CA-{len(state.runs) + 1:06d}"),
            account=account,
            in_flight=tuple(it.cl_ord_id for it in live if it.is_in_flight or it.is_unknown),
            open=tuple(it.cl_ord_id for it in live if not (it.is_in_flight or it.is_unknown)),
        )
    ]


def end_cancel_all(state: State, command: EndCancelAll) -> list[Event]:
    """The report of a run."""
    run = state.runs[command.run_id]
    assert run.ending is None, "a cancel-all ends once"
    return [
        CancelAllEnded(
            run_id=run.run_id,
            account=run.account,
            ending=command.ending,
            sights=command.sights,
            why=command.why,
            acts=command.acts,
        )
    ]
