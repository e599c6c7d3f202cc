"""Whose orders a halt means, and whether they wait: what is left out is told, and never touched."""

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import Standing
from openvenue.ems.connectors.port import Silent
from openvenue.ems.errors import NoAnswer
from openvenue.ems.orders import Side, Status, Waits
from openvenue.ems.report import LegReport, Outcome, Verdict
from openvenue.ems.report_page import page
from openvenue.ems.scope import MAYBE_TRIGGERED, TriggerState
from tests.unit.ems.scene import ANN, FUTURES, TERMS, Scene, until

SELL = replace(TERMS, side=Side.SELL)


def kept(leg: LegReport) -> dict[str, str]:
    """Why each order stayed, by its venue's id."""
    return {order.order_id: why for order, why in leg.kept}


async def test_only_what_the_desk_has_sent_goes_and_the_rest_is_told(scene: Scene) -> None:
    """Twice by the list, and by a new subscription; a native mass cancel would take too much."""
    ours = await scene.place("ours")
    theirs = scene.venue.add("theirs")
    nameless = scene.venue.add()

    report = await scene.kill(venues=["KRAKENFTS"], owners=[ANN], mine_only=True)
    (leg,) = report.legs
    late = scene.venue.add("late")
    scene.time.let_the_watch_look()
    await until(lambda: scene.venue.calls[-1] == "open_orders")
    refused = await scene.place("refused")

    assert report.verdict is Verdict.PROVEN
    assert set(scene.venue.open) == {theirs, nameless, late}
    assert not [it for it in scene.venue.calls if it.startswith("cancel_all")]
    assert [(it.order_id, it.outcome) for it in leg.orders] == [(ours.order_id, Outcome.CANCELED)]
    assert kept(leg) == {theirs: "foreign", nameless: "foreign"}
    assert [(it.source, it.order_ids, it.beside) for it in leg.sights][-3:] == [
        ("list", (), 2),
        ("list", (), 2),
        ("feed", (), 2),
    ]
    assert refused.status is Status.REJECTED, "what the desk would send is its own"
    assert "own orders of ann" in page(report)
    assert f"kept for foreign: BUY 0.5 PF_XBTUSD @ 40000  NEW  foreign  {theirs}" in page(report)


async def test_an_order_whose_answer_was_lost_is_ours_by_its_name(scene: Scene) -> None:
    """It stands at the venue, and the desk knows only what it called it."""
    scene.venue.fail_after["place"] = [Silent("lost")]
    scene.venue.fail["find"] = [Silent("busy")] * 3
    with pytest.raises(NoAnswer, match="lost"):
        await scene.place("ours")
    theirs = scene.venue.add("theirs")

    report = await scene.kill(venues=["KRAKENFTS"], owners=[ANN], mine_only=True)

    assert report.verdict is Verdict.PROVEN
    assert set(scene.venue.open) == {theirs}
    assert report.counts[Outcome.CANCELED] == 1


async def test_a_nameless_order_may_be_one_of_ours_whose_answer_was_lost(scene: Scene) -> None:
    """Nothing is proven while the venue may be listing it without its name."""
    scene.venue.fail_after["place"] = [Silent("lost")]
    scene.venue.fail["find"] = [Silent("busy")] * 1_000
    with pytest.raises(NoAnswer, match="lost"):
        await scene.place("ours")
    (order_id,) = scene.venue.open
    scene.venue.open[order_id] = replace(scene.venue.open[order_id], cl_ord_id="")

    report = await scene.kill(
        venues=["KRAKENFTS"], owners=[ANN], mine_only=True, deadline_seconds=2.0
    )

    assert report.verdict is not Verdict.PROVEN
    assert "may be one of ours" in report.legs[0].why


async def test_orders_go_by_whether_they_wait(scene: Scene) -> None:
    """Each half by itself, with the other half told; both filters of one scope have to fit."""
    await scene.place("ours", terms=SELL)
    resting = scene.venue.add(terms=SELL)
    stop = scene.venue.add(terms=SELL, waits=Waits.YES)
    buy_stop = scene.venue.add(waits=Waits.YES)

    report = await scene.kill(
        venues=["KRAKENFTS"],
        owners=[ANN],
        side=Side.SELL,
        trigger_state=TriggerState.UNTRIGGERED,
    )
    passed = await scene.place("passes: it waits for nothing", terms=SELL)
    rest = await scene.kill(venues=["KRAKENFTS"], owners=[ANN], trigger_state=TriggerState.RESTING)

    (leg,) = report.legs
    assert (report.verdict, rest.verdict) == (Verdict.PROVEN, Verdict.PROVEN)
    assert stop not in scene.venue.open
    assert kept(leg)[resting] == "resting"
    assert kept(leg)[buy_stop] == "side"
    assert passed.status is Status.NEW
    assert set(scene.venue.open) == {buy_stop}
    assert kept(rest.legs[0]) == {buy_stop: "untriggered"}


async def test_a_trigger_that_fires_during_the_halt_is_met_in_the_book(scene: Scene) -> None:
    """It was none of the halt's business while it waited."""
    stop = scene.venue.add(waits=Waits.YES)
    report = await scene.kill(
        venues=["KRAKENFTS"], owners=[ANN], trigger_state=TriggerState.RESTING
    )
    waiting = scene.venue.open[stop]
    scene.venue.open[stop] = replace(waiting, word=replace(waiting.word, waits=Waits.NO))
    scene.time.let_the_watch_look()

    after = await scene.report_when(report.halt_id, lambda it: it.recanceled == 1)

    assert report.verdict is Verdict.PROVEN
    assert scene.venue.open == {}
    assert scene.venue.ended[stop].standing is Standing.CANCELED
    assert after.reappeared == 1


async def test_what_may_have_been_triggered_is_kept_and_proves_nothing(scene: Scene) -> None:
    """Some venues list a stop the same before and after; protective orders are not guessed away."""
    stop = scene.venue.add(waits=Waits.UNTOLD)

    report = await scene.kill(
        venues=["KRAKENFTS"], owners=[ANN], trigger_state=TriggerState.RESTING
    )
    waiting = await scene.kill(
        venues=["KRAKENFTS"], owners=[ANN], trigger_state=TriggerState.UNTRIGGERED
    )

    assert report.verdict is Verdict.UNVERIFIABLE
    assert kept(report.legs[0]) == {stop: MAYBE_TRIGGERED}
    assert "may have been triggered" in report.legs[0].why
    assert waiting.verdict is Verdict.PROVEN
    assert scene.venue.open == {}, "of those that may wait, all are meant"


async def test_a_dry_run_tells_why_each_order_would_stay(scene: Scene) -> None:
    """As the halt itself would."""
    await scene.place("ours")
    theirs = scene.venue.add("theirs")
    aim = scene.desk.switchboard.aim(owners=[ANN], venues=["KRAKENFTS"], mine_only=True)

    (told,) = (await scene.desk.switchboard.rehearse(aim)).accounts

    assert [it.cl_ord_id for it in told.meant] == ["ours"]
    assert [(it.order_id, aim.scope.why_kept(it)) for it in told.beside] == [(theirs, "foreign")]
    assert told.account == FUTURES
