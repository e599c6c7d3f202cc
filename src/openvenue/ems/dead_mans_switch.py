"""Everything canceled when nobody is there any more: by the venue, or as well as the desk can.

Native: the venue cancels all of an account unless the desk tells it in time not to. It works when
the desk, this machine or the line is gone. It is one for the account: who arms it goes over what
another client has armed, and all orders go, whoever sent them.

Emulated, where a venue has none: the desk cancels all of an account when its owner's clients have
been silent for too long. It works when they are gone. When the desk itself or its line is gone,
nothing is canceled.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final, Literal

import structlog
from msgspec import Struct

from openvenue.ems.connectors.port import FAILURES
from openvenue.ems.proof import Ending
from openvenue.ems.route import Route
from openvenue.ems.state import Run

log = structlog.get_logger(__name__)

REFRESHES: Final = 3  # in the time after which it would fire


class SwitchHealth(Struct, frozen=True):
    """How the switch of an account stands."""

    kind: Literal["none", "native", "emulated"] = "none"
    state: Literal["off", "arming", "armed", "failing", "fired"] = "off"
    seconds: float = 0.0
    why: str = ""  # it could not be armed, or what came of firing


class NativeSwitch:
    """Armed at the venue again and again, for as long as the desk runs."""

    def __init__(self, route: Route, seconds: float) -> None:
        self._route = route
        self._seconds = math.ceil(seconds)
        self.health = SwitchHealth("native", "arming", self._seconds)

    def heard(self) -> None:
        """A sign of life of the owner's clients: the desk's own is what counts here."""

    async def run(self) -> None:
        """Until it is canceled, or the desk has stopped and can look after nothing any more.

        A refusal is told and tried again.
        """
        timer, config = self._route.timer, self._route.config
        rest = self._seconds / REFRESHES
        pause = config.retry_seconds
        while self._route.ledger.stopped is None:
            try:
                await self._route.connector.arm(self._seconds)
                self._be("armed")
                pause = config.retry_seconds
                await timer.sleep(rest)
            except FAILURES as error:
                self._be("failing", str(error))
                log.warning(
                    "dead man's switch not armed", account=self._route.account, why=str(error)
                )
                await timer.sleep(min(pause, rest))
                pause = min(2 * pause, config.retry_seconds_max)
        self._be("failing", "the desk has stopped: the exchange will fire it")

    async def disarm(self) -> None:
        """After the last arming: a desk that ends in good order leaves orders where they are."""
        if self._route.ledger.stopped is not None:
            return
        try:
            await self._route.connector.arm(0)
            self._be("off")
        except FAILURES as error:
            self._be("failing", str(error))
            log.warning("dead man's switch still armed", account=self._route.account)

    def _be(self, state: Literal["off", "armed", "failing"], why: str = "") -> None:
        self.health = SwitchHealth("native", state, self._seconds, why)


class EmulatedSwitch:
    """Fired by the desk when clients are silent."""

    def __init__(
        self, route: Route, seconds: float, cancel_all: Callable[[], Awaitable[Run]]
    ) -> None:
        self._route = route
        self._seconds = seconds
        self._cancel_all = cancel_all
        self._last = route.timer.monotonic()
        self._life = asyncio.Event()
        self.health = SwitchHealth("emulated", "armed", seconds)

    def heard(self) -> None:
        """A sign of life of the owner's clients."""
        self._last = self._route.timer.monotonic()
        self._life.set()

    async def run(self) -> None:
        """Until it is canceled. Raises: DeskStopped."""
        timer = self._route.timer
        while True:
            left = self._last + self._seconds - timer.monotonic()
            if left > 0:
                await timer.sleep(left)
            elif not await self._route.live():
                await timer.sleep(self._seconds / REFRESHES)
            else:
                await self._fire()

    async def _fire(self) -> None:
        """Cancel everything, until it is proven; then wait for somebody to come back."""
        self._life.clear()
        self._be("fired")
        log.warning(
            "clients are silent", account=self._route.account, seconds=self._seconds, native=False
        )
        run = await self._cancel_all()
        self._be("fired", "" if run.ending is Ending.PROVEN else f"{run.ending}: {run.why}")
        if run.ending is Ending.PROVEN:
            await self._life.wait()
        else:
            await self._route.timer.sleep(self._route.config.retry_seconds_max)
        if self._life.is_set():
            self._be("armed")

    def _be(self, state: Literal["armed", "fired"], why: str = "") -> None:
        self.health = SwitchHealth("emulated", state, self._seconds, why)

    async def disarm(self) -> None:
        """It ends with the desk."""


Switch = NativeSwitch | EmulatedSwitch
