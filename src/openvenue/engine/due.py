"""What the passing of time alone brings about, and when the next of it is due."""

from openvenue.engine.state import NEVER, State
from openvenue.engine.steps import FireDeadMansSwitch, SettleContract, Step
from openvenue.engine.units import Nanos


def next_due(state: State) -> Nanos | None:
    """When the venue has to look at its clock again; None: nothing is waiting for time."""
    return None if state.next_deadline == NEVER else Nanos(state.next_deadline)


def due(state: State, now: int) -> list[Step]:
    """All that is due at or before `now`, the earliest first; ties in the order of arming."""
    if state.next_deadline > now:
        return []
    passed: list[tuple[int, Step]] = [
        (deadline, FireDeadMansSwitch(account, Nanos(deadline)))
        for account, deadline in state.deadlines.items()
        if deadline <= now
    ]
    for symbol, expires in state.expiries.items():
        if expires <= now:
            passed.append((expires, SettleContract(symbol)))
    passed.sort(key=_deadline)  # stable
    return [step for _, step in passed]


def _deadline(row: tuple[int, Step]) -> int:
    return row[0]
