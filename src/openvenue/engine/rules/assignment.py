"""The assignment programme: who takes over positions that the book could not close.

Source: Kraken Futures REST, "Assignment program".
"""

from openvenue.engine.commands import JoinAssignment, LeaveAssignment
from openvenue.engine.events import AssigneeJoined, AssigneeLeft, Event, Refused
from openvenue.engine.reasons import RejectReason
from openvenue.engine.state import State
from openvenue.engine.units import is_workable


def join_assignment(state: State, command: JoinAssignment) -> list[Event]:
    """AssigneeJoined under the next number; every entry stands beside the others."""
    if command.account not in state.accounts:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    terms = command.terms
    if terms.symbol is not None:
        market = state.markets.get(terms.symbol)
        if market is None or market.contract.instrument.kind is not terms.kind:
            return [Refused(reason=RejectReason.MARKET_NOT_FOUND, detail=terms.symbol)]
    for bound in (terms.max_size, terms.max_position):
        if bound is not None and not (is_workable(bound) and bound > 0):
            return [Refused(reason=RejectReason.INVALID, detail="bounds")]
    return [AssigneeJoined(number=state.next_assignee, account=command.account, terms=terms)]


def leave_assignment(state: State, command: LeaveAssignment) -> list[Event]:
    """AssigneeLeft, for an entry of the account's own that stands."""
    entry = state.assignees.get(command.number)
    if entry is None or entry.account != command.account or entry.left:
        return [Refused(reason=RejectReason.UNKNOWN_ASSIGNEE, detail=str(command.number))]
    return [AssigneeLeft(number=command.number, account=command.account)]
