"""What the writer asks of an engine: to decide, to answer questions, to say what is due next."""

from collections.abc import Mapping
from typing import Protocol

from openvenue.engine.commands import Command
from openvenue.engine.events import Event
from openvenue.engine.orders import OrderView
from openvenue.engine.queries import Answer, Query
from openvenue.engine.units import Nanos, OrderId


class Machine(Protocol):
    """One world that changes by commands alone."""

    def decide(
        self, command: Command, now: Nanos
    ) -> tuple[list[Event], Mapping[OrderId, OrderView]]:
        """What `command` causes at `now`, and each order concerned as it was before."""

    def look(self, query: Query) -> Answer:
        """The answer to `query` as the world is now."""

    def next_due(self) -> Nanos | None:
        """When something happens by itself; later than the last command's time."""

    @property
    def live_orders(self) -> int:
        """How many orders rest or wait."""

    @property
    def is_intake_open(self) -> bool:
        """Whether new orders are taken."""
