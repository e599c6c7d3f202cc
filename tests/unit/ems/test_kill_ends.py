"""How a halt ends: by a deadline that may come nearer, and by a release that is meant."""

import asyncio

import pytest

from openvenue.ems.connectors.port import Unreachable
from openvenue.ems.errors import HaltStays
from openvenue.ems.halt_events import HaltRefusal
from openvenue.ems.orders import Status
from openvenue.ems.report import Verdict
from openvenue.ems.report_page import page
from openvenue.gateways.halt_words import as_json
from tests.unit.ems.scene import BOBS, BY_OPERATOR, SPOT, Scene

HOUR = 3_600.0


async def test_who_pulls_second_can_shorten_the_deadline(scene: Scene) -> None:
    """Of what runs, at once: the venue's answer was not to come for an hour."""
    scene.venue.hold["cancel_all"] = asyncio.Event()
    first = await scene.pull(deadline_seconds=HOUR)
    second = await scene.pull(deadline_seconds=0.05)

    async with asyncio.timeout(30):
        await scene.desk.kill_switch.ended(first)
    report = await scene.desk.switchboard.halt(None, first)
    scene.venue.hold["cancel_all"].set()

    assert first == second
    assert report.verdict is Verdict.UNKNOWN
    assert report.deadline_seconds == 0.05
    assert [it.deadline_seconds for it in report.repeats] == [0.05]
    assert as_json(report)["pulled_again"][0]["deadline_seconds"] == 0.05
    assert "(deadline 0.05 s)" in page(report)


@pytest.mark.parametrize("seconds", [HOUR, None])
async def test_nobody_can_lengthen_it(scene: Scene, seconds: float | None) -> None:
    """Neither by naming a later one, nor by naming none."""
    scene.venue.hold["cancel_all"] = asyncio.Event()
    halt_id = await scene.pull(deadline_seconds=0.5)
    await scene.pull(deadline_seconds=seconds)

    async with asyncio.timeout(30):
        await scene.desk.kill_switch.ended(halt_id)
    report = await scene.desk.switchboard.halt(None, halt_id)
    scene.venue.hold["cancel_all"].set()

    assert report.verdict is Verdict.UNKNOWN
    assert report.deadline_seconds == 0.5
    assert [it.deadline_seconds for it in report.repeats] == [None if seconds is None else 0.5]


async def test_once_it_has_ended_a_new_pull_has_a_deadline_of_its_own(scene: Scene) -> None:
    """To be tried for longer is what it was pulled again for."""
    scene.venue.down = Unreachable("down")
    halt_id = await scene.pull(deadline_seconds=1.0)
    await scene.desk.kill_switch.ended(halt_id)
    scene.venue.down = None

    report = await scene.kill(deadline_seconds=60.0)

    assert report.halt_id == halt_id
    assert (report.verdict, report.deadline_seconds) == (Verdict.PROVEN, 60.0)


async def test_another_scope_is_a_run_of_its_own(scene: Scene) -> None:
    """Neither wider nor narrower ones touch the deadline of what runs."""
    scene.venue.hold["cancel_all"] = asyncio.Event()
    narrow = await scene.pull(venues=["KRAKENFTS"], deadline_seconds=HOUR)
    wide = await scene.pull(deadline_seconds=0.05)

    async with asyncio.timeout(30):
        await scene.desk.kill_switch.ended(wide)
    running = await scene.desk.switchboard.halt(None, narrow)
    scene.venue.hold["cancel_all"].set()

    assert narrow != wide
    assert running.deadline_seconds == HOUR
    assert Verdict.RUNNING in {leg.verdict for leg in running.legs}


async def test_what_is_not_proven_is_released_only_by_who_says_so(scene: Scene) -> None:
    """The refusal is kept, and so is that it was released all the same."""
    scene.venues[SPOT].down = Unreachable("down")
    report = await scene.kill(deadline_seconds=1.0)

    with pytest.raises(HaltStays, match="nothing has proven") as refused:
        await scene.desk.switchboard.release(None, report.halt_id, "Olga", "over")
    halted = await scene.place("halted")
    released = await scene.desk.switchboard.release(
        None, report.halt_id, "Olga", "they know", even_unproven=True
    )
    passed = await scene.place("passed")

    assert report.verdict is Verdict.UNKNOWN
    assert refused.value.reason is HaltRefusal.UNPROVEN
    assert halted.status is Status.REJECTED
    assert released.release is not None and released.release.was_unproven
    assert as_json(released)["released"]["even_unproven"]
    assert "by Olga, although it was not proven: they know" in page(released)
    assert passed.status is Status.NEW


async def test_what_is_proven_needs_no_such_word(scene: Scene) -> None:
    """And saying it all the same does not make it unproven."""
    report = await scene.kill(owners=[BOBS.owner])

    released = await scene.desk.switchboard.release(
        None, report.halt_id, BY_OPERATOR.by, "over", even_unproven=True
    )

    assert released.release is not None and not released.release.was_unproven
    assert "although" not in page(released)
