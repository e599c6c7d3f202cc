"""Orders that a mass cancel only counted are asked for by their venue's past, and named if sure."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.port import Ended, Past, TooMany, VenueOrder
from openvenue.ems.halts import DONE, Act
from openvenue.ems.orders import Terms
from openvenue.ems.report import LegReport, Outcome, Verdict
from openvenue.ems.unnamed import SLACK, choose
from openvenue.engine.units import SECOND, Nanos
from tests.unit.ems.scene import ANN, TERMS, Scene

ETHER = replace(TERMS, symbol="PF_ETHUSD", common_symbol="KRAKENFTS_PERP_ETH_USD")
ACT = Act(kind="mass cancel", asked=Nanos(100 * SECOND), answered=Nanos(101 * SECOND), answer=DONE)


def over(
    order_id: str, time: int, terms: Terms = TERMS, how: Standing = Standing.CANCELED
) -> Ended:
    """An order that is over."""
    word = Word(standing=how, order_id=order_id)
    return Ended(VenueOrder(order_id=order_id, cl_ord_id="", terms=terms, word=word), Nanos(time))


async def kill(scene: Scene, tell: Callable[[int], Past], **filters: object) -> LegReport:
    """Of Ann's futures, whose venue only counts, and tells of its past what `tell` says."""
    scene.venue.tells_names = False
    scene.venue.past = tell(scene.time.wall())
    (leg,) = (await scene.kill(venues=["KRAKENFTS"], owners=["ann"], **filters)).legs
    return leg


def foreign(leg: LegReport) -> list[tuple[str, Outcome]]:
    """Not the desk's own."""
    return [(it.order_id, it.outcome) for it in leg.orders if it.is_foreign]


async def test_orders_that_were_only_counted_are_named(scene: Scene) -> None:
    """By the venue's past, after the proof and with one question."""
    await scene.place("ours")
    theirs = [scene.venue.add("theirs"), scene.venue.add("another")]

    leg = await kill(scene, lambda now: Past(tuple(over(it, now) for it in theirs), True))

    assert foreign(leg) == [(it, Outcome.CANCELED) for it in theirs]
    assert (leg.unnamed, leg.verdict) == (0, Verdict.PROVEN)
    assert scene.venue.calls.count("ended_since") == 1
    assert scene.venue.calls[-1] == "ended_since"


async def test_what_is_known_filled_or_out_of_scope_is_not_what_was_counted(scene: Scene) -> None:
    """Each of them would be a wrong name."""
    ours = await scene.place("ours")
    there = scene.venue.add("theirs")

    leg = await kill(
        scene,
        lambda now: Past(
            (
                over(ours.order_id, now),
                over("E1", now, ETHER),
                over("F1", now, how=Standing.FILLED),
                over("old", now - 2 * SLACK),
                over(there, now),
            ),
            True,
        ),
        symbols=["PF_XBTUSD"],
    )

    assert foreign(leg) == [(there, Outcome.CANCELED)]
    assert leg.unnamed == 0
    state = await scene.desk.accounts.route(ANN, leg.account.exchange_id).ledger.state()
    assert state.find(leg.account, "E1") is state.find(leg.account, "F1") is None


@pytest.mark.parametrize("fault", [TooMany("fewer"), KeyError("a word nobody knows"), None])
async def test_without_an_answer_they_stay_counted_and_proven(
    scene: Scene, fault: Exception | None
) -> None:
    """The proof has been given before anybody asks."""
    scene.venue.add("theirs")
    if fault is not None:
        scene.venue.fail["ended_since"] = [fault]

    leg = await kill(scene, lambda now: Past())

    assert foreign(leg) == []
    assert (leg.unnamed, leg.verdict) == (1, Verdict.PROVEN)


async def test_nothing_is_asked_where_nothing_is_unnamed(scene: Scene) -> None:
    """A question costs what cancels may need."""
    await scene.place("ours")

    leg = await kill(scene, lambda now: Past((over("X9", now),), True))

    assert foreign(leg) == []
    assert "ended_since" not in scene.venue.calls


def names(ended: "list[Ended]", count: int, *, is_whole: bool = True) -> list[str]:
    """Of those that are chosen."""
    return [it.order.order_id for it in choose(ended, [ACT], count, is_whole=is_whole)]


def test_the_clocks_tell_who_was_canceled_before() -> None:
    """If they agree: what ended while the mass cancel was under way is as many as it counted."""
    before, during = over("before", 99 * SECOND), over("during", 101 * SECOND)
    cut = over("cut to milliseconds", 100 * SECOND - 999_999)

    assert names([before, during, cut], 2) == ["during", "cut to milliseconds"]


def test_clocks_that_differ_do_no_harm_where_the_number_is_right() -> None:
    """The venue's is half a minute behind."""
    assert names([over("one", 70 * SECOND), over("two", 70 * SECOND)], 2) == ["one", "two"]
    assert names([over("one", 70 * SECOND), over("two", 70 * SECOND)], 3) == ["one", "two"]


def test_where_it_is_open_which_they_were_nobody_is_named() -> None:
    """More were canceled than were counted, or not all of the past is known."""
    one, two = over("one", 70 * SECOND), over("two", 71 * SECOND)

    assert names([one, two], 1) == []
    assert names([one], 1, is_whole=False) == []
    assert names([one, over("during", 100 * SECOND)], 2, is_whole=False) == ["during"]
