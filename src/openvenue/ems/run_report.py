"""What came of a cancel-all, with the evidence; made from the journal's state alone."""

from msgspec import Struct

from openvenue.ems.orders import Order
from openvenue.ems.state import Run, State


class RunReport(Struct, frozen=True):
    """One, and the orders that it met, as they are known now."""

    run: Run
    orders: tuple[Order, ...]


def run_report(state: State, run: Run) -> RunReport:
    """Orders that were open or on their way at its beginning, and those that were seen later."""
    owner = run.account.owner
    met = dict.fromkeys(run.orders)
    for sight in run.sights:
        for order_id in sight.order_ids:
            order = state.find(run.account, order_id)
            if order is not None:
                met[order.cl_ord_id] = None
    return RunReport(run, tuple(state.orders[owner, cl_ord_id] for cl_ord_id in met))
