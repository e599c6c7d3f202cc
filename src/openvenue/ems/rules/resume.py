"""A start: everything that was open is unknown, and what was being canceled is over.

Halts stand as they stood: they are restored before anything is taken.
"""

from openvenue.ems.commands import Resume
from openvenue.ems.events import CancelAllEnded, Event, OrderLost, Resumed
from openvenue.ems.halt_events import RoundEnded
from openvenue.ems.proof import Ending
from openvenue.ems.state import State

SINCE_RESTART = "Not known since the desk was restarted: the exchange is being asked."


def resume(state: State, command: Resume) -> list[Event]:
    """No order is sent again. What was to be canceled still is, once it is found."""
    lost = [
        OrderLost(owner=order.account.owner, cl_ord_id=order.cl_ord_id, why=SINCE_RESTART)
        for account in state.live
        for order in state.live_orders(account)
    ]
    over = [
        CancelAllEnded(
            run_id=run_id,
            account=account,
            ending=Ending.INTERRUPTED,
            sights=(),
            why="The desk ended before this did.",
        )
        for account, run_id in state.gates.items()
    ]
    cut = [
        RoundEnded(
            halt_id=halt.halt_id,
            account=account,
            ending=Ending.INTERRUPTED,
            why="The desk ended before this did.",
            unlistable=(),
        )
        for halt in state.active_halts()
        for account, leg in halt.legs.items()
        if leg.ending is None
    ]
    return [Resumed(unknown=len(lost)), *over, *cut, *lost]
