"""The desk's machine: commands in, events out, and nothing else happens."""

from collections.abc import Callable, Iterable
from typing import Any, Final, final

from openvenue.ems.commands import (
    AskCancel,
    BeginCancelAll,
    Command,
    EndCancelAll,
    PlaceOrder,
    RecordAbsence,
    RecordCancelFailed,
    RecordCancelRelayed,
    RecordForeign,
    RecordHeard,
    RecordSilence,
    RecordUnsent,
    RecordWord,
    Resume,
)
from openvenue.ems.events import Event
from openvenue.ems.evolve import EVOLVE
from openvenue.ems.halt_commands import (
    BeginRound,
    EndRound,
    PullSwitch,
    RecordActs,
    RecordLook,
    RecordPositions,
    ReleaseHalt,
)
from openvenue.ems.order_log import Change, order_of, versions
from openvenue.ems.rules.cancel import (
    ask_cancel,
    begin_cancel_all,
    end_cancel_all,
    record_cancel_failed,
    record_cancel_relayed,
)
from openvenue.ems.rules.halt import (
    begin_round,
    end_round,
    pull_switch,
    record_acts,
    record_look,
    record_positions,
    release_halt,
)
from openvenue.ems.rules.place_order import place_order
from openvenue.ems.rules.resume import resume
from openvenue.ems.rules.venue_words import (
    record_absence,
    record_foreign,
    record_heard,
    record_silence,
    record_unsent,
    record_word,
)
from openvenue.ems.state import State
from openvenue.engine.units import Nanos

DECIDE: Final[dict[type[Any], Callable[[State, Any], list[Event]]]] = {
    PlaceOrder: place_order,
    RecordUnsent: record_unsent,
    RecordSilence: record_silence,
    RecordWord: record_word,
    RecordAbsence: record_absence,
    RecordForeign: record_foreign,
    RecordHeard: record_heard,
    AskCancel: ask_cancel,
    RecordCancelRelayed: record_cancel_relayed,
    RecordCancelFailed: record_cancel_failed,
    BeginCancelAll: begin_cancel_all,
    EndCancelAll: end_cancel_all,
    Resume: resume,
    PullSwitch: pull_switch,
    BeginRound: begin_round,
    RecordLook: record_look,
    RecordActs: record_acts,
    RecordPositions: record_positions,
    EndRound: end_round,
    ReleaseHalt: release_halt,
}


@final
class Engine:
    """A machine without surprises: the same commands at the same times give the same events.

    A rule reads the state and returns what happens; then all of it is made true.
    """

    def __init__(self) -> None:
        self.state: Final = State()
        self._changes: list[Change] = []

    def remember(self, changes: list[Change]) -> None:
        """What clients saw changed before the state that this began with."""
        self._changes = changes

    def apply(self, command: Command, now: Nanos) -> list[Event]:
        """Decide `command`; return what happened, in order."""
        assert now >= self.state.now, "time does not go back"
        events = DECIDE[type(command)](self.state, command)
        self.fold(events, now)
        return events

    def fold(self, events: Iterable[Event], now: Nanos) -> None:
        """Make an acknowledged past true again, without deciding anything."""
        state = self.state
        state.now = now
        for event in events:
            key = order_of(event)
            before = None if key is None else state.orders.get(key)
            EVOLVE[type(event)](state, event)
            if key is not None:
                self._changes += (Change(now, it) for it in versions(before, state.orders[key]))

    def take_changes(self) -> list[Change]:
        """Every order that clients see changed since this was asked last."""
        changes, self._changes = self._changes, []
        return changes
