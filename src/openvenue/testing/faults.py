"""Faults in tests of your own: what goes wrong at a `Server`, for as long as a block lasts.

faults = Faults(server)
with faults.planned(Fault(kind=Kind.LOSE_REPLY, path=".*/sendorder")) as (lost,):
    bot.buy()
    assert faults.struck(lost) == 1
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Final

from openvenue.faults.fault import Fault, FaultError, Kind
from openvenue.faults.plan import FaultPlan, Planned, Stage
from openvenue.gateways.admin.client import AdminClient, AdminError
from openvenue.testing.server import Server

__all__ = [
    "AdminError",
    "Fault",
    "FaultError",
    "FaultPlan",
    "Faults",
    "Kind",
    "Planned",
    "Stage",
]


BACK_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.02


class Faults:
    """The plan of a running server. Every method raises AdminError where the server says no."""

    def __init__(self, server: Server) -> None:
        self._server: Final = server

    def add(self, *faults: Fault) -> list[int]:
        """Plan these as well; their numbers."""
        return self._client().add_faults(faults)

    def remove(self, *numbers: int) -> None:
        """Forget some."""
        for number in numbers:
            self._client().remove_fault(number)

    def clear(self) -> None:
        """Forget all."""
        self._client().clear_faults()

    def all(self) -> list[Planned]:
        """What is planned, and how often each struck."""
        return self._client().faults()

    def struck(self, number: int) -> int:
        """How often a fault struck. Raises: KeyError: nobody planned it, or it was removed."""
        return {row.id: row.struck for row in self.all()}[number]

    @contextmanager
    def planned(self, *faults: Fault) -> Iterator[list[int]]:
        """These go wrong inside the block, and no longer; the block gets their numbers."""
        numbers = self.add(*faults)
        try:
            yield numbers
        finally:
            known = {row.id for row in self.all()}
            self.remove(*(number for number in numbers if number in known))

    def restart(self, down_seconds: float = 0.0, *, venue: str | None = None) -> None:
        """End the server in good order, and return when it is back: after `down_seconds`.

        The machine's seconds, or those of a virtual clock. What fell due meanwhile has happened
        then: dead man's switches fire. `venue`: that one alone, while the others trade on.
        """
        if venue is not None:
            self.send_away(venue, down_seconds)
            self.await_back(venue)
            return
        self._server.await_ready(lambda: self._client().restart(down_seconds))

    def send_away(self, venue: str, down_seconds: float) -> None:
        """Have one venue go, and come back after so long; this returns at once."""
        self._client().restart(down_seconds, venue)

    def await_back(self, venue: str) -> None:
        """Return when a venue serves. Raises: TimeoutError: it does not in `BACK_SECONDS`."""
        until = monotonic() + BACK_SECONDS
        while (why := self._client().stopped()[venue]) is not None:
            if monotonic() > until:
                raise TimeoutError(f"{venue} does not serve: {why}")
            sleep(LOOK_SECONDS)

    def _client(self) -> AdminClient:
        return AdminClient(self._server.base_url, self._server.admin_key)
