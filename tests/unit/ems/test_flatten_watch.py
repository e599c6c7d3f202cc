"""Positions that were closed are watched for as long as the halt stands, and not fought over."""

import asyncio

import pytest
from msgspec.structs import replace

from openvenue.ems.connectors.port import Silent
from openvenue.ems.kill_switch import CLOSED_AGAIN_MAX
from openvenue.ems.orders import HaltId, Side
from openvenue.ems.report import HaltReport, Verdict
from openvenue.ems.report_page import page
from openvenue.gateways.halt_words import as_json
from tests.unit.ems.scene import ANN, SHORT, TURNS, Scene, until


async def watched(scene: Scene, halt_id: HaltId, times: int, verdict: Verdict) -> HaltReport:
    """The report once the watch, looking again and again, has seen it come back so often."""
    for _ in range(TURNS):
        scene.time.let_the_watch_look()
        await asyncio.sleep(0)
        report = await scene.desk.switchboard.halt(None, halt_id)
        leg = report.legs[0]
        is_settled = verdict is not Verdict.LEFT or "any more" in leg.why
        if (leg.came_back, report.verdict) == (times, verdict) and is_settled:
            return report
    raise AssertionError(f"it never was: {report}")


async def test_a_position_that_comes_back_is_told_and_closed_again(scene: Scene) -> None:
    """Somebody else has opened it, past the desk."""
    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"], flatten=True)
    scene.venue.positioned = [replace(SHORT, side=Side.SELL)]
    scene.time.let_the_watch_look()

    after = await scene.report_when(
        report.halt_id,
        lambda it: it.verdict is Verdict.PROVEN and it.legs[0].came_back == 1,
    )

    assert report.verdict is Verdict.PROVEN
    assert report.legs[0].came_back == 0
    assert scene.venue.positioned == []
    assert after.legs[0].after == ()
    assert as_json(after)["accounts"][0]["positions_came_back"] == 1
    assert "positions came back 1 times" in page(after)


async def test_without_flatten_positions_are_nobodys_business(scene: Scene) -> None:
    """They are neither asked for nor closed."""
    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"])
    looks = scene.venue.calls.count("open_orders")
    scene.time.let_the_watch_look()
    await until(lambda: scene.venue.calls.count("open_orders") > looks)

    assert report.verdict is Verdict.PROVEN
    assert "positions" not in scene.venue.calls
    assert scene.venue.positioned == [SHORT]


async def test_nobody_is_fought_for_ever(scene: Scene) -> None:
    """After so many times it is left to people, and told; when it is gone, that is proven."""
    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"], flatten=True)
    for times in range(1, CLOSED_AGAIN_MAX + 2):
        scene.venue.positioned = [SHORT]
        expected = Verdict.PROVEN if times <= CLOSED_AGAIN_MAX else Verdict.LEFT
        after = await watched(scene, report.halt_id, times, expected)
    sent = len(scene.venue.sent)
    await watched(scene, report.halt_id, times, Verdict.LEFT)
    held = list(scene.venue.positioned)
    scene.venue.positioned = []
    gone = await watched(scene, report.halt_id, times, Verdict.PROVEN)

    assert "not closed any more" in after.legs[0].why
    assert held == [SHORT], "nobody touches it"
    assert len(scene.venue.sent) == sent == 1 + CLOSED_AGAIN_MAX
    assert gone.legs[0].after == ()


@pytest.mark.parametrize("failure", [Silent("no answer")])
async def test_a_look_that_fails_changes_nothing(scene: Scene, failure: Exception) -> None:
    """What was proven was; the next look tells."""
    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"], flatten=True)
    scene.venue.fail["positions"] = [failure]
    scene.time.let_the_watch_look()
    await until(lambda: not scene.venue.fail["positions"])

    after = await scene.desk.switchboard.halt(None, report.halt_id)

    assert after.verdict is Verdict.PROVEN
    assert after.legs[0].came_back == 0
