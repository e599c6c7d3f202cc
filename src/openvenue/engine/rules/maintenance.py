"""Announced closures: the venue closes markets when it said that it would, and opens them again.

Source: Kraken Futures REST, "Get notifications" (effectiveTime, expectedDowntimeMinutes); Kraken
Spot, "Market modes". That the clock does it is ours: a client can rehearse the whole of it.
"""

from openvenue.engine.commands import Announce
from openvenue.engine.events import (
    Event,
    MaintenanceBegan,
    MaintenanceEnded,
    ModeSet,
    NoticeRetracted,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.markets import Market
from openvenue.engine.notices import MINUTE, Notice
from openvenue.engine.state import State
from openvenue.engine.steps import BeginMaintenance, EndMaintenance
from openvenue.engine.units import Symbol

OPEN_OR_GONE = (Mode.ONLINE, Mode.INACTIVE)


def fault_of_closure(state: State, command: Announce) -> str | None:
    """What about a closure makes no sense; None for a notice that closes nothing."""
    closes = command.closes
    if closes is None:
        return "symbols" if command.symbols else None
    if closes in OPEN_OR_GONE:
        return "mode"
    if command.effective is None or command.effective < state.now:
        return "effective"
    if not command.downtime_minutes:
        return "downtime"
    for symbol in command.symbols:
        if symbol not in state.markets:
            return symbol
    ends = command.effective + command.downtime_minutes * MINUTE
    for notice in state.notices.values():
        if notice.closes is None or notice.effective is None:
            continue
        is_apart = notice.ends <= command.effective or ends <= notice.effective
        if not is_apart and _share(notice.symbols, command.symbols):
            return f"closed already by notice {notice.notice_id}"
    return None


def _share(some: tuple[Symbol, ...], others: tuple[Symbol, ...]) -> bool:
    """Whether two lists of markets have one in common; an empty one is of all."""
    return not some or not others or any(each in others for each in some)


def begin_maintenance(state: State, step: BeginMaintenance) -> list[Event]:
    """The named markets close, but for those that are gone."""
    notice = state.notices.get(step.notice_id)
    if notice is None or notice.closes is None or step.notice_id in state.closures:
        return []
    modes = tuple([(each.symbol, each.mode) for each in _of(state, notice)])
    events: list[Event] = [MaintenanceBegan(notice_id=step.notice_id, modes=modes)]
    for symbol, _ in modes:
        events.append(ModeSet(symbol=symbol, mode=notice.closes))
    return events


def _of(state: State, notice: Notice) -> list[Market]:
    return [
        market
        for market in state.markets.values()
        if (not notice.symbols or market.symbol in notice.symbols)
        and market.mode is not Mode.INACTIVE
    ]


def end_maintenance(state: State, step: EndMaintenance) -> list[Event]:
    """They accept what they did before, and the notice stands no more."""
    if step.notice_id not in state.notices:
        return []  # it was taken back
    return end_closure(state, step.notice_id)


def end_closure(state: State, notice_id: int) -> list[Event]:
    """The end of a notice; if it has closed markets, of that first.

    What the operator has opened, or closed in another way, meanwhile stays so.
    """
    events: list[Event] = []
    closes = state.notices[notice_id].closes
    modes = state.closures.get(notice_id)
    if modes is not None:
        events.append(MaintenanceEnded(notice_id=notice_id))
        for symbol, mode in modes:
            if state.markets[symbol].mode is closes:
                events.append(ModeSet(symbol=symbol, mode=mode))
    events.append(NoticeRetracted(notice_id=notice_id))
    return events
