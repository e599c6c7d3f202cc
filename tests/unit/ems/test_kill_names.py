"""A name that nobody knows halts nothing by itself, stops no halt of what is known, and is told."""

import asyncio

import pytest
from msgspec.structs import replace

from openvenue.ems.connectors.port import Silent
from openvenue.ems.errors import NoSuchExchange, NoSuchOwner
from openvenue.ems.orders import Status
from openvenue.ems.report import HaltReport, Verdict
from openvenue.ems.report_page import page
from openvenue.gateways.halt_words import as_json, status_code
from tests.unit.ems.scene import ANN, BOB, FUTURES, TERMS, Scene

ETHER = replace(TERMS, symbol="PF_ETHUSD", common_symbol="KRAKENFTS_PERP_ETH_USD")
UNLISTED = "no order had the symbol {}, and no exchange in scope is known to list it"


def told(report: HaltReport) -> list[str]:
    """Warnings, which everybody is told in the same words."""
    assert tuple(as_json(report)["warnings"]) == report.warnings
    assert page(report).count("WARNING") == len(report.warnings)
    return list(report.warnings)


async def test_a_symbol_with_a_slip_is_no_proof(scene: Scene) -> None:
    """Nothing of it is open anywhere, and nobody ever heard of it."""
    await scene.place("one")

    report = await scene.kill(symbols=["PF_XBTUSDD"])

    assert report.verdict is Verdict.MISNAMED
    assert told(report) == [UNLISTED.format("PF_XBTUSDD")]
    assert status_code(report) == 504
    assert {leg.verdict for leg in report.legs} == {Verdict.PROVEN}
    assert len(scene.venue.open) == 1


async def test_a_slip_beside_a_good_name_stops_nothing_and_is_told(scene: Scene) -> None:
    """What can be done is done; what was meant as well is nobody's guess."""
    await scene.place("one")

    report = await scene.kill(symbols=["PF_XBTUSD", "PF_ETUSD"])
    refused = await scene.place("two")

    assert report.verdict is Verdict.MISNAMED
    assert told(report) == [UNLISTED.format("PF_ETUSD")]
    assert scene.venue.open == {}
    assert refused.status is Status.REJECTED


@pytest.mark.parametrize("symbol", ["PF_XBTUSD", "pf_xbtusd", "KRAKENFTS_PERP_BTC_USD"])
async def test_what_an_exchange_lists_is_known_before_any_order(scene: Scene, symbol: str) -> None:
    """By either name, in capitals or not, at one of several exchanges."""
    report = await scene.kill(symbols=[symbol])

    assert (report.verdict, told(report)) == (Verdict.PROVEN, [])
    assert scene.venue.calls.count("markets") == 1


async def test_what_an_order_had_is_known_and_nobody_is_asked(scene: Scene) -> None:
    """It would know, too; an order that it had is enough."""
    order = await scene.place("ether", terms=ETHER)
    await scene.desk.orders.cancel(ANN, FUTURES.exchange_id, cl_ord_id=order.cl_ord_id)

    report = await scene.kill(symbols=["PF_ETHUSD"], venues=["KRAKENFTS"], owners=[ANN])

    assert (report.verdict, told(report)) == (Verdict.PROVEN, [])
    assert scene.venue.calls.count("markets") == 0


async def test_an_exchange_that_does_not_tell_its_symbols_knows_none(scene: Scene) -> None:
    """In doubt it is told; the proof of all else stands."""
    scene.venue.fail["markets"] = [Silent("no answer")]

    report = await scene.kill(symbols=["PF_XBTUSD"], venues=["KRAKENFTS"], owners=[ANN])

    assert report.verdict is Verdict.MISNAMED
    assert report.legs[0].verdict is Verdict.PROVEN


async def test_a_tag_that_no_order_ever_had(scene: Scene) -> None:
    """One that some had is known, also when nothing of it is open any more."""
    await scene.place("one", tag="carry")
    known = await scene.kill(owners=[ANN], tags=["carry"])
    again = await scene.kill(owners=[ANN], tags=["carry", "cary"])
    others = await scene.kill(owners=[BOB], tags=["carry"])

    assert (known.verdict, told(known)) == (Verdict.PROVEN, [])
    assert (again.verdict, told(again)) == (
        Verdict.MISNAMED,
        ["no order ever had the tag cary"],
    )
    assert others.verdict is Verdict.MISNAMED


async def test_accounts_and_exchanges_that_there_are_none_of(scene: Scene) -> None:
    """They are left out of what is said to be halted, and told; others are halted."""
    await scene.place("one")

    report = await scene.kill(owners=[ANN, "anne"], venues=["KRAKENFTS", "KRAKNE"])

    assert report.verdict is Verdict.MISNAMED
    assert told(report) == [
        "there is no account anne: it was left out",
        "there is no exchange KRAKNE: it was left out",
    ]
    assert as_json(report)["scope"]["text"] == "all orders of ann at KRAKENFTS"
    assert scene.venue.open == {}


async def test_where_no_name_is_known_nothing_is_halted(scene: Scene) -> None:
    """Left out, it would mean everything."""
    with pytest.raises(NoSuchOwner, match="anne"):
        await scene.kill(owners=["anne"])
    with pytest.raises(NoSuchExchange, match="KRAKNE"):
        await scene.kill(venues=["KRAKNE"])

    assert await scene.desk.switchboard.halts(None) == []


async def test_a_slip_of_who_pulls_second_is_told_too(scene: Scene) -> None:
    """The scope that is meant is the same, so the halt is."""
    scene.venue.hold["cancel_all"] = asyncio.Event()
    first = await scene.pull(venues=["KRAKENFTS"])
    second = await scene.pull(venues=["KRAKENFTS", "KRAKNE"])
    scene.venue.hold["cancel_all"].set()
    await scene.desk.kill_switch.ended(first)

    report = await scene.desk.switchboard.halt(None, first)

    assert first == second
    assert told(report) == ["there is no exchange KRAKNE: it was left out"]


async def test_a_dry_run_tells_of_names_too(scene: Scene) -> None:
    """Which is what it is for."""
    aim = scene.desk.switchboard.aim(
        owners=[ANN], venues=["KRAKENFTS", "X"], symbols=["PF_XBTUSDD"], tags=["carry"]
    )

    run = await scene.desk.switchboard.rehearse(aim)

    assert run.warnings == (
        "there is no exchange X: it was left out",
        UNLISTED.format("PF_XBTUSDD"),
        "no order ever had the tag carry",
    )
    assert not run.is_known
