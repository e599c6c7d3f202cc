"""What happens when nobody asks: due times, restarts, a disk that fills up."""

import asyncio

from openvenue.engine.commands import PassTime, Resume, SetIntake
from openvenue.engine.events import DeadMansSwitchFired, Resumed
from openvenue.engine.units import SECOND
from tests.unit.exchange.doubles import ANN, BOB, DOOR, START, Scene, switch, turns, until


async def test_a_dead_mans_switch_fires_on_time_without_any_command() -> None:
    """The client is gone: that is what the switch is for."""
    async with Scene() as scene:
        await scene.exchange.submit(switch(ANN, 60 * SECOND), DOOR)

        scene.clock.advance(59 * SECOND)
        await turns()
        assert len(scene.heard) == 1
        scene.clock.advance(1 * SECOND)
        await until(lambda: len(scene.heard) == 2)

        entry = scene.heard[1].entry
        assert entry.command == PassTime()
        assert entry.envelope.gateway == "exchange"
        assert entry.time == START + 60 * SECOND
        assert [type(event) for event in entry.events] == [DeadMansSwitchFired]
        await turns()
        assert len(scene.heard) == 2  # once


async def test_asking_again_moves_the_alarm() -> None:
    """Clients repeat the request every few seconds: it must not fire at the old time."""
    async with Scene() as scene:
        await scene.exchange.submit(switch(ANN, 60 * SECOND), DOOR)
        scene.clock.advance(30 * SECOND)
        await scene.exchange.submit(switch(ANN, 60 * SECOND), DOOR)

        scene.clock.advance(59 * SECOND)
        await turns()
        assert len(scene.heard) == 2
        scene.clock.advance(1 * SECOND)
        await until(lambda: len(scene.heard) == 3)


async def test_an_earlier_deadline_brings_the_alarm_forward() -> None:
    """The alarm is always set for what is due first."""
    async with Scene() as scene:
        await scene.exchange.submit(switch(ANN, 60 * SECOND), DOOR)
        await scene.exchange.submit(switch(BOB, 5 * SECOND), DOOR)

        scene.clock.advance(5 * SECOND)
        await until(lambda: len(scene.heard) == 3)

        (fired,) = scene.heard[2].entry.events
        assert isinstance(fired, DeadMansSwitchFired)
        assert fired.account == BOB


async def test_an_alarm_that_rings_early_is_set_again() -> None:
    """A real clock may wake us before the time; an early PassTime would be noise."""
    async with Scene() as scene:
        await scene.exchange.submit(switch(ANN, 60 * SECOND), DOOR)

        scene.exchange._ring()
        await turns()
        assert len(scene.heard) == 1
        scene.clock.advance(60 * SECOND)
        await until(lambda: len(scene.heard) == 2)


async def test_a_venue_with_a_past_resumes_before_any_client() -> None:
    """What fell due while it was down hangs on this entry."""
    first = Scene()
    await first.exchange.start()
    await first.exchange.submit(switch(ANN, 60 * SECOND), DOOR)
    await first.exchange.close()

    again = Scene(journal=first.journal)
    again.machine.deadlines = dict(first.machine.deadlines)  # as recovery would have it
    again.clock.advance(3600 * SECOND)
    early = asyncio.create_task(again.exchange.submit(switch(BOB, SECOND), DOOR))
    await again.exchange.start(setup=[switch(BOB, 1)])
    await early
    await again.exchange.close()

    entries = first.journal.entries()
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert entries[1].command == Resume(down_since=START)
    assert [type(event) for event in entries[1].events] == [Resumed, DeadMansSwitchFired]
    assert entries[2].command == switch(BOB, SECOND)  # and no setup for the second time


async def test_a_stopped_venue_sets_no_alarm() -> None:
    """Nothing may be decided on a state that the disk does not have."""
    async with Scene() as scene:
        await scene.exchange.submit(switch(ANN, 60 * SECOND), DOOR)
        scene.machine.fails_at = switch(BOB, 1)
        await asyncio.gather(scene.exchange.submit(switch(BOB, 1), DOOR), return_exceptions=True)

        scene.clock.advance(60 * SECOND)
        await turns()

        assert len(scene.heard) == 1
        assert len(scene.machine.decided) == 2


async def test_low_disk_closes_intake_and_room_opens_it_again_with_a_margin() -> None:
    """In the journal, so that a replay refuses the same orders; not at every byte up and down."""
    async with Scene(floor_bytes=1000) as scene:
        scene.journal.room = 999
        await scene.exchange.submit(switch(ANN, SECOND), DOOR)
        scene.journal.room = 1100
        await scene.exchange.submit(switch(ANN, SECOND), DOOR)
        scene.journal.room = 1250
        await scene.exchange.submit(switch(ANN, SECOND), DOOR)

        commands = [outcome.entry.command for outcome in scene.heard]
        assert commands == [
            SetIntake(is_open=False),
            switch(ANN, SECOND),
            switch(ANN, SECOND),
            SetIntake(is_open=True),
            switch(ANN, SECOND),
        ]
