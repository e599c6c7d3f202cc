"""The engine as the writer's machine."""

from collections.abc import Mapping
from typing import cast

from openvenue.engine.commands import Command
from openvenue.engine.due import next_due
from openvenue.engine.engine import Engine
from openvenue.engine.events import Event
from openvenue.engine.orders import OrderView
from openvenue.engine.queries import Answer, Query, look
from openvenue.engine.units import Nanos, OrderId


class EngineMachine:
    """An `Engine`, and the questions and times read from its state."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def decide(
        self, command: Command, now: Nanos
    ) -> tuple[list[Event], Mapping[OrderId, OrderView]]:
        """As `Engine.apply`, with the dict of this one command: the next one makes its own."""
        events = self._engine.apply(command, now)
        return events, cast(Mapping[OrderId, OrderView], self._engine.before)

    def look(self, query: Query) -> Answer:
        """The answer to `query` as the state is now."""
        return look(self._engine.state, query)

    def next_due(self) -> Nanos | None:
        """When something happens by itself."""
        return next_due(self._engine.state)

    @property
    def live_orders(self) -> int:
        """How many orders rest or wait: counted by account, never one by one."""
        return sum([len(account.orders) for account in self._engine.state.accounts.values()])

    @property
    def is_intake_open(self) -> bool:
        """Whether new orders are taken."""
        return self._engine.state.intake_open
