"""What cancels everything when nobody is there any more, and who it is that has to be there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from msgspec.structs import replace

from openvenue.ems.connectors.port import Silent, VenueRefused
from openvenue.ems.dead_mans_switch import SwitchHealth
from openvenue.ems.desk import Ems
from tests.unit.ems.scene import (
    ANN,
    BOB,
    CONFIG,
    FUTURES,
    TURNS,
    PaperVenue,
    Scene,
    ToldTime,
)

GUARDED = replace(
    CONFIG,
    accounts=tuple(replace(it, dead_mans_switch_seconds=60.0) for it in CONFIG.accounts[:1]),
)


class Stepped(ToldTime):
    """Time that goes on when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._woken = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        end = self.seconds + seconds
        while self.seconds < end:
            await self._woken.wait()

    async def go_on(self, seconds: float) -> None:
        """So much later, and everybody has noticed."""
        self.seconds += seconds
        self._woken.set()
        self._woken = asyncio.Event()
        for _ in range(TURNS // 100):
            await asyncio.sleep(0)


@asynccontextmanager
async def guarded(kind: Literal["native", "emulated"]) -> AsyncIterator[tuple[Scene, Stepped]]:
    """A desk with a switch of sixty seconds on Ann's futures."""
    venue, time = PaperVenue(), Stepped()
    venue.capabilities = replace(venue.capabilities, dead_mans_switch=kind)
    desk = await Ems.open(None, GUARDED, time, {FUTURES: venue})
    try:
        await time.go_on(0.001)
        yield Scene(desk, time, {FUTURES: venue}), time
    finally:
        await desk.close()


def health(scene: Scene) -> SwitchHealth:
    """Of Ann's futures."""
    (status,) = scene.desk.accounts.capabilities()
    return status.switch


async def test_a_native_switch_is_armed_three_times_before_it_would_fire() -> None:
    """And disarmed last of all when the desk is stopped in good order."""
    async with guarded("native") as (scene, time):
        armed = health(scene)
        for _ in range(3):
            await time.go_on(20)
        venue = scene.venue

    assert armed == SwitchHealth("native", "armed", 60)
    assert venue.armed == [60, 60, 60, 60, 0]


async def test_a_refusal_to_arm_is_shown_and_tried_again() -> None:
    """A protection that is not there must not look as if it were."""
    async with guarded("native") as (scene, time):
        scene.venue.fail["arm"] = [VenueRefused("not for you"), Silent("no answer")]
        await time.go_on(20)
        refused = health(scene)
        await time.go_on(0.5)
        silent = health(scene)
        await time.go_on(1.0)

        assert (refused.state, refused.why) == ("failing", "not for you")
        assert (silent.state, silent.why) == ("failing", "no answer")
        assert health(scene) == SwitchHealth("native", "armed", 60)


async def test_nothing_is_armed_unless_it_is_asked_for() -> None:
    """It is the whole account's, and goes over what the account's own bot has armed."""
    venue = PaperVenue()
    venue.capabilities = replace(venue.capabilities, dead_mans_switch="native")
    desk = await Ems.open(None, CONFIG, ToldTime(), {FUTURES: venue})

    (status,) = desk.accounts.capabilities()
    await desk.close()

    assert status.switch == SwitchHealth("none", "off")
    assert venue.armed == []


async def test_a_desk_that_stands_in_arms_and_disarms_nothing() -> None:
    """The one that it stands in for may still be alive."""
    desk = await Ems.stand_in(GUARDED, [])
    switches = [it.switch.kind for it in desk.accounts.capabilities()]
    await desk.close()

    assert switches == ["none"]


async def test_an_emulated_switch_fires_when_clients_are_silent() -> None:
    """Everything goes, whoever sent it; and it says that it is only emulated."""
    async with guarded("emulated") as (scene, time):
        await scene.place()
        scene.venue.add()
        armed = health(scene)
        await time.go_on(59)
        before = len(scene.venue.open)
        await time.go_on(1)
        for _ in range(4):
            await time.go_on(1)

        assert armed == SwitchHealth("emulated", "armed", 60.0)
        assert before == 2
        assert scene.venue.open == {}
        assert health(scene).state == "fired"
        assert scene.venue.armed == []


async def test_a_sign_of_life_of_the_owner_puts_it_off() -> None:
    """A heartbeat, or any call about the account; others' do not count."""
    async with guarded("emulated") as (scene, time):
        await scene.place()
        await time.go_on(50)
        scene.desk.accounts.heartbeat(ANN)
        await time.go_on(50)
        scene.desk.accounts.route(ANN, FUTURES.exchange_id)
        await time.go_on(50)
        standing = len(scene.venue.open)
        scene.desk.accounts.heartbeat(BOB)
        for _ in range(5):
            await time.go_on(10)

        assert standing == 1
        assert scene.venue.open == {}


async def test_after_it_has_fired_it_waits_for_somebody_to_come_back() -> None:
    """And is armed again from then on."""
    async with guarded("emulated") as (scene, time):
        await scene.place()
        for _ in range(8):
            await time.go_on(10)
        fired = health(scene)
        scene.desk.accounts.heartbeat(ANN)
        await time.go_on(1)
        again = health(scene)
        await scene.place("two")
        for _ in range(8):
            await time.go_on(10)

        assert (fired.state, again.state) == ("fired", "armed")
        assert scene.venue.open == {}


async def test_a_venue_that_does_not_answer_is_tried_until_everything_is_gone() -> None:
    """Nobody is there to try again."""
    async with guarded("emulated") as (scene, time):
        await scene.place()
        await time.go_on(59)
        scene.venue.down = Silent("no answer")
        for _ in range(15):
            await time.go_on(1)
        failing = health(scene)
        scene.venue.down = None
        for _ in range(20):
            await time.go_on(1)

        assert failing.why.startswith("un")  # proven, or reachable
        assert scene.venue.open == {}


@pytest.mark.parametrize("kind", ["native", "emulated"])
async def test_a_desk_whose_journal_has_failed_goes_quietly(
    kind: Literal["native", "emulated"], tmp_path: Path
) -> None:
    """Its switches end with it; a native one then does what it is there for."""
    async with guarded(kind) as (scene, time):
        await scene.place()
        route = scene.desk.accounts.route(ANN, FUTURES.exchange_id)
        route.ledger.stopped = "the disk is gone"
        for _ in range(8):
            await time.go_on(10)

        assert scene.desk.stopped == "the disk is gone"
        assert len(scene.venue.open) == 1
    assert scene.venue.armed == ([60] if kind == "native" else [])
