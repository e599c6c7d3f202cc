"""Orders that the desk had never heard of, canceled before any look could show them, are told."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.port import Heard, Snapshot
from openvenue.ems.orders import Status
from openvenue.ems.report import LegReport, OrderReport, Outcome, Verdict
from openvenue.ems.report_page import page
from openvenue.gateways.halt_words import as_json
from tests.unit.ems.scene import FUTURES, TERMS, Scene

FUTURES_NAMES = (FUTURES.owner, FUTURES.exchange_id)
ETHER = replace(TERMS, symbol="PF_ETHUSD", common_symbol="KRAKENFTS_PERP_ETH_USD")
CANCELED = Word(standing=Standing.CANCELED, order_id="X9", filled=Decimal("0.2"))


async def kill(scene: Scene, **filters: object) -> LegReport:
    """Of Ann's futures."""
    report = await scene.kill(venues=["KRAKENFTS"], owners=["ann"], **filters)
    (leg,) = report.legs
    assert leg.account == FUTURES
    assert as_json(report)["accounts"][0]["unnamed"] == leg.unnamed
    assert ("that the desk cannot name" in page(report)) == bool(leg.unnamed)
    return leg


def foreign(leg: LegReport) -> list[OrderReport]:
    """Not the desk's own."""
    return [it for it in leg.orders if it.is_foreign]


async def test_what_a_mass_cancel_names_is_told(scene: Scene) -> None:
    """With its terms, and without one more request."""
    await scene.place("ours")
    order_id = scene.venue.add("theirs", replace(TERMS, quantity=Decimal(3)))
    scene.venue.calls.clear()

    leg = await kill(scene)

    (told,) = foreign(leg)
    assert (told.order_id, told.venue_cl_ord_id) == (order_id, "theirs")
    assert (told.outcome, told.before, told.after) == (
        Outcome.CANCELED,
        Status.NEW,
        Status.CANCELED,
    )
    assert (told.symbol, told.quantity) == ("PF_XBTUSD", Decimal(3))
    assert leg.verdict is Verdict.PROVEN and leg.unnamed == 0
    assert leg.acts[0].count == 2
    mine, other = scene.venue.calls.count("cancel_all"), len(scene.venue.calls)
    assert (mine, other) == (1, 4), "a mass cancel, two lists and a subscription"


@pytest.mark.parametrize("tells_names", [False, True])
async def test_what_a_mass_cancel_only_counts_is_counted(scene: Scene, tells_names: bool) -> None:
    """Whether it tells no names, or names without terms: neither says what they were."""
    await scene.place("ours")
    scene.venue.add("theirs")
    scene.venue.add("another")
    scene.venue.tells_names, scene.venue.tells_terms = tells_names, False

    leg = await kill(scene)

    assert [it.cl_ord_id for it in leg.orders] == ["ours"]
    assert leg.unnamed == 2
    assert leg.verdict is Verdict.PROVEN


async def test_what_was_canceled_singly_does_not_stand_for_what_was_counted(scene: Scene) -> None:
    """The mass cancel takes one, nameless; what is listed afterwards goes one by one."""
    scene.venue.tells_names = False
    scene.venue.add("theirs")
    scene.venue.late = [TERMS]

    leg = await kill(scene)

    (told,) = leg.orders
    assert told.outcome is Outcome.CANCELED
    assert [it.kind for it in leg.acts] == ["mass cancel", "cancel"]
    assert leg.unnamed == 1


async def test_only_what_is_in_scope_is_told(scene: Scene) -> None:
    """The mass cancel of one symbol leaves the others, and so does the report."""
    await scene.place("traded")
    there = scene.venue.add("theirs")
    beside = scene.venue.add("beside", ETHER)

    leg = await kill(scene, symbols=["PF_XBTUSD"])

    assert [it.order_id for it in foreign(leg)] == [there]
    assert list(scene.venue.open) == [beside]
    assert leg.unnamed == 0


@pytest.mark.parametrize("is_open_first", [False, True])
async def test_what_only_the_feed_tells_is_told(scene: Scene, is_open_first: bool) -> None:
    """Its news of an order come while the mass cancel is under way, if at all."""
    await scene.place("ours")
    scene.desk.accounts.route(*FUTURES_NAMES).follow()
    scene.venue.news.put_nowait(Snapshot(tuple(scene.venue.open.values())))
    scene.venue.tells_names = False
    scene.venue.add("theirs")
    opened = replace(CANCELED, standing=Standing.OPEN)
    if is_open_first:
        scene.venue.news_of_mass_cancel.append(Heard("theirs", opened, TERMS))
    scene.venue.news_of_mass_cancel.append(Heard("theirs", CANCELED, TERMS))

    leg = await kill(scene)

    (told,) = foreign(leg)
    assert (told.order_id, told.outcome, told.filled_after) == (
        "X9",
        Outcome.CANCELED,
        Decimal("0.2"),
    )
    assert leg.unnamed == 0


async def test_what_others_cancel_without_a_halt_is_nobodys_business(scene: Scene) -> None:
    """An order that comes and goes unheard of is not made up afterwards."""
    await scene.place("ours")
    route = scene.desk.accounts.route(*FUTURES_NAMES)
    route.follow()
    scene.venue.news.put_nowait(Snapshot(tuple(scene.venue.open.values())))
    scene.venue.news.put_nowait(Heard("theirs", CANCELED, TERMS))
    await scene.until(lambda: route.feed.news == 1)
    await route.ledger.noted()

    assert route.ledger.peek().find(FUTURES, "X9") is None
    assert foreign(await kill(scene)) == []
