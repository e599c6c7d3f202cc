"""What the passing of time alone brings about, and when the next of it is due."""

from typing import Final

from openvenue.engine.funding import HOUR
from openvenue.engine.state import State
from openvenue.engine.steps import (
    AccrueFunding,
    BeginMaintenance,
    EndMaintenance,
    FireDeadMansSwitch,
    OrderDue,
    ReleaseHold,
    SettleContract,
    SliceTwap,
    Step,
)
from openvenue.engine.timed import NEVER
from openvenue.engine.units import Nanos, OrderId

HOURS_MAX: Final = 1_000  # settled one by one after a longer stop; the time before in one


def next_due(state: State) -> Nanos | None:
    """When the venue has to look at its clock again; None: nothing is waiting for time."""
    soonest = min(state.next_deadline, state.next_hour, state.timed.next, state.holds.next)
    soonest = min(soonest, state.slicing.next)
    return None if soonest == NEVER else Nanos(soonest)


def due(state: State, now: int) -> list[Step]:
    """All that is due at or before `now`, the earliest first; ties in the order of arming.

    Premiums are looked at before anything else of their time changes the book. What was due before
    a full hour that has passed comes after it: it happens now, and what positions have accrued
    since then is of another rate.
    """
    passed: list[tuple[int, Step]] = []
    begun = 0  # the last full hour that is settled only now
    if state.next_sample <= now:
        hour = now - now % HOUR
        if state.next_hour <= hour:
            begun = hour
            first = max(state.next_hour, hour - HOURS_MAX * HOUR)
            passed += [(each, AccrueFunding(Nanos(each))) for each in range(first, hour + 1, HOUR)]
        passed.append((now, AccrueFunding(Nanos(now))))
    if min(state.next_deadline, state.timed.next, state.holds.next, state.slicing.next) <= now:
        timed: list[tuple[int, Step]] = [
            (deadline, FireDeadMansSwitch(account, Nanos(deadline)))
            for account, deadline in state.deadlines.items()
            if deadline <= now
        ]
        for symbol, expires in state.expiries.items():
            if expires <= now:
                timed.append((expires, SettleContract(symbol)))
        for notice in state.notices.values():
            if notice.closes is None or notice.effective is None:
                continue
            if notice.effective <= now and notice.notice_id not in state.closures:
                timed.append((int(notice.effective), BeginMaintenance(notice.notice_id)))
            if notice.ends <= now:
                timed.append((notice.ends, EndMaintenance(notice.notice_id)))
        timed += orders_due(state, now)
        timed += [(time, ReleaseHold(hold_id)) for time, hold_id in state.holds.due(now)]
        timed += [(time, SliceTwap(OrderId(order_id))) for time, order_id in state.slicing.due(now)]
        timed.sort(key=_time)  # stable
        for each, step in timed:
            at = max(each, begun)
            if state.next_sample <= at:
                passed.append((at, AccrueFunding(Nanos(at))))
            passed.append((at, step))
    passed.sort(key=_time)
    return [step for _, step in passed]


def orders_due(state: State, now: int) -> list[tuple[int, Step]]:
    """Of that, what single orders wait for, with its times."""
    return [
        (time, OrderDue(live.order.account, live.order.order_id))
        for time, live in state.timed.due(now)
    ]


def _time(row: tuple[int, Step]) -> int:
    return row[0]
