"""Announce, RetractNotice, SetConditions: what the operator says, and flags in a market."""

from typing import Final

from openvenue.engine.commands import Announce, RetractNotice, SetConditions
from openvenue.engine.events import Announced, ConditionsSet, Event, Refused
from openvenue.engine.notices import Notice
from openvenue.engine.reasons import RejectReason
from openvenue.engine.rules.maintenance import end_closure, fault_of_closure
from openvenue.engine.state import State

TEXT_MAX: Final = 2_000  # characters
MULTIPLIER_MAX: Final = 50


def announce(state: State, command: Announce) -> list[Event]:
    """Announced, under the next number."""
    minutes = command.downtime_minutes
    if not 0 < len(command.text) <= TEXT_MAX or (minutes is not None and minutes < 0):
        return [Refused(reason=RejectReason.INVALID, detail="notice")]
    fault = fault_of_closure(state, command)
    if fault is not None:
        return [Refused(reason=RejectReason.INVALID, detail=f"closure: {fault}")]
    notice = Notice(
        state.next_notice_id,
        command.kind,
        command.priority,
        command.text,
        command.effective,
        minutes,
        command.closes,
        command.symbols,
    )
    return [Announced(notice=notice)]


def retract_notice(state: State, command: RetractNotice) -> list[Event]:
    """NoticeRetracted, if there is such a notice; markets that it has closed open first."""
    if command.notice_id not in state.notices:
        return [Refused(reason=RejectReason.INVALID, detail=f"notice {command.notice_id}")]
    return end_closure(state, command.notice_id)


def set_conditions(state: State, command: SetConditions) -> list[Event]:
    """ConditionsSet; told even where nothing changes."""
    market = state.markets.get(command.symbol)
    if market is None or market.contract.is_spot:
        return [Refused(reason=RejectReason.MARKET_NOT_FOUND, detail=command.symbol)]
    if not 1 <= command.margin_multiplier <= MULTIPLIER_MAX:
        return [Refused(reason=RejectReason.INVALID, detail="margin multiplier")]
    return [
        ConditionsSet(
            symbol=command.symbol,
            dislocation=command.dislocation,
            margin_multiplier=command.margin_multiplier,
        )
    ]
