"""Replies that come from a later entry than the command's own: those of requests that were held."""

from typing import Final

from openvenue.engine.commands import PassTime, Resume
from openvenue.engine.events import HoldReleased
from openvenue.exchange.port import Outcome
from openvenue.exchange.ticket import Ticket

KEPT_MAX: Final = 4_096  # outcomes that nobody has asked for yet


class Settlements:
    """Who waits for which hold, and what was released before anybody asked for it."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[Ticket]] = {}
        self._kept: dict[int, Outcome] = {}  # oldest first

    def ask(self, hold_id: int, ticket: Ticket) -> Outcome | None:
        """The outcome, if it is there already; else `ticket` will be answered with it."""
        found = self._kept.get(hold_id)
        if found is None:
            self._waiting.setdefault(hold_id, []).append(ticket)
        return found

    def hear(self, outcomes: list[Outcome]) -> list[tuple[Ticket, Outcome]]:
        """Who is to be answered now, and how. Only time brings holds to their end."""
        answers: list[tuple[Ticket, Outcome]] = []
        for outcome in outcomes:
            if not isinstance(outcome.entry.command, PassTime | Resume):
                continue
            for event in outcome.entry.events:
                if isinstance(event, HoldReleased):
                    self._keep(event.hold_id, outcome)
                    tickets = self._waiting.pop(event.hold_id, ())
                    answers += [(ticket, outcome) for ticket in tickets]
        return answers

    def stop(self) -> list[Ticket]:
        """Those who wait for what will not come."""
        tickets = [ticket for waiting in self._waiting.values() for ticket in waiting]
        self._waiting.clear()
        return tickets

    def _keep(self, hold_id: int, outcome: Outcome) -> None:
        self._kept[hold_id] = outcome
        if len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
