"""Slips of the pen, deadlines that come nearer, and releases of what nobody has proven."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from openvenue.ems.halt_events import HaltRefusal, ReleaseRefused
from openvenue.ems.records import EMS
from openvenue.journal.reader import read_lines
from tests.e2e.kill_scene import APIS, NOTHING, OWNER, SYMBOLS, KillScene, report_of


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillScene]:
    """One world for all tests here; each leaves it empty and released."""
    with KillScene(tmp_path_factory.mktemp("ends")) as scene:
        yield scene


async def emptied(scene: KillScene) -> None:
    """Nothing is halted and nothing is open any more."""
    ran = await scene.cli("cancel-all", "--json")
    assert ran.code == 0, ran.err
    _, halts = await scene.ask("GET", "/v1/kill-switch")
    for halt_id in [it["id"] for it in halts if it["halted"]]:
        await scene.halt_when(halt_id, lambda it: it["status"] in ("proven", "misnamed"))
        ran = await scene.cli("release", halt_id, "--reason", "over")
        assert ran.code == 0, ran.err
    assert scene.truth() == NOTHING


async def test_orders_that_the_desk_never_heard_of_are_told(scene: KillScene) -> None:
    """Another program's, which the venues' mass cancels remove before any look shows them.

    Two venues tell only how many those were: which, they are asked when all is proven. It comes
    first here, because watching one halt after the other leaves no questions for that.
    """
    sent = {name: {await scene.place_past_the_desk(name) for _ in range(2)} for name in APIS}
    before = {name: scene.fates(name) for name in APIS}

    ran = await scene.cli("cancel-all", "--json")

    assert ran.code == 0, ran.err
    legs = {it["exchange_id"]: it for it in report_of(ran)["accounts"] if it["account"] == OWNER}
    for name, leg in legs.items():
        assert {it["exchange_order_id"] for it in leg["orders"]} == sent[name], leg
        for told in leg["orders"]:
            assert (told["outcome"], told["foreign"]) == ("canceled", True)
            assert (told["side"], told["symbol_id_coinapi"]) == ("BUY", SYMBOLS[name])
            assert (told["amount_order"], told["price"]) == (0.01, 19_000)
        assert leg["unnamed"] == 0
        assert [it["canceled"] for it in leg["requests"]] == [2]
    scene.hold_against_journals(report_of(ran), before)
    await emptied(scene)


async def test_a_slip_of_the_pen_is_told_and_is_no_success(scene: KillScene) -> None:
    """What was named rightly is halted and gone; nothing that is not there is said to be."""
    await scene.place("KRAKENFTS", "stays: it was not meant")
    mistyped = await scene.cli("cancel-all", "--symbol", "PF_XBTUDS", "--json")
    still_open = scene.open_at("KRAKENFTS")
    half = await scene.cli(
        "cancel-all",
        *("--venue", "KRAKENFTS", "--venue", "KRAKNFTS", "--symbol", "PF_XBTUSD"),
        *("--tag", "nobodys"),
    )
    nobody = await scene.cli("cancel-all", "--venue", "KRAKNFTS")
    dry = await scene.cli("cancel-all", "--tag", "nobodys", "--dry-run")

    assert mistyped.code == 2
    assert report_of(mistyped)["status"] == "misnamed"
    assert "WARNING: no order had the symbol PF_XBTUDS" in mistyped.err
    assert len(still_open) == 1
    assert half.code == 2
    assert "WARNING: there is no exchange KRAKNFTS: it was left out" in half.err
    assert "WARNING: no order ever had the tag nobodys" in half.err
    assert "scope      all orders in " in half.out
    assert "of every account at KRAKENFTS\n" in half.out, "what there is none of is not halted"
    assert (nobody.code, nobody.out) == (3, "")
    assert dry.code == 2 and "WARNING: no order ever had the tag nobodys" in dry.out
    await emptied(scene)


async def test_a_second_pull_brings_the_deadline_nearer(scene: KillScene) -> None:
    """The venue answers nothing; who pulled first was ready to wait for ten minutes."""
    await scene.place("KRAKENFTS", "one")
    await scene.fault("KRAKENFTS", kind="hang", path="/derivatives/api/v3/.*", count=0)
    status, first = await scene.ask(
        "POST", "/v1/kill-switch", {"deadline_seconds": 600, "reason": "first"}
    )
    began = time.monotonic()

    # The operator's scope is another one than the owner's: a run of its own.
    other = await scene.cli("cancel-all", "--venue", "KRAKEN", "--deadline", "5", "--json")
    _, running = await scene.ask("GET", f"/v1/kill-switch/{first['id']}")
    _, second = await scene.ask(
        "POST", "/v1/kill-switch", {"deadline_seconds": 1, "reason": "second", "wait": True}
    )
    took = time.monotonic() - began
    await scene.heal("KRAKENFTS")

    assert status == 202
    assert other.code == 0 and report_of(other)["id"] != first["id"]
    assert (running["status"], running["deadline_seconds"]) == ("running", 600)
    assert second["id"] == first["id"]
    assert second["status"] == "unknown"
    assert second["deadline_seconds"] == 1
    assert [it["deadline_seconds"] for it in second["pulled_again"]] == [1]
    assert took < 60
    await emptied(scene)


async def test_a_release_of_what_is_not_proven_has_to_be_meant(scene: KillScene) -> None:
    """It is refused in words, with a status of its own; both the no and the yes are kept."""
    await scene.place("KRAKENFTS", "unproven")
    await scene.fault("KRAKENFTS", kind="refuse", path="/derivatives/api/v3/.*", count=0)
    ran = await scene.cli("cancel-all", "--deadline", "1", "--json")
    halt_id = report_of(ran)["id"]

    no = await scene.cli("release", halt_id, "--reason", "over", "--by", "Ann")
    status, why = await scene.admin("POST", f"{halt_id}/release", {"reason": "over"})
    listed = await scene.cli("release", "--list", "--json")
    yes = await scene.cli(
        "release", halt_id, "--reason", "seen by phone", "--even-unproven", "--json"
    )
    again = await scene.cli("release", halt_id, "--reason", "over", "--even-unproven")
    await scene.heal("KRAKENFTS")

    assert ran.code == 2
    assert no.code == 1 and "nothing has proven that no order in scope is open" in no.err
    assert status == 409 and "even_unproven" in why["error"]
    assert [it["halted"] for it in json.loads(listed.out) if it["id"] == halt_id] == [True]
    assert yes.code == 0, yes.err
    released = json.loads(yes.out)["released"]
    assert (released["reason"], released["even_unproven"]) == ("seen by phone", True)
    assert again.code == 1 and "released before" in again.err
    assert refusals(scene, halt_id) == [
        ("Ann", HaltRefusal.UNPROVEN),
        ("the operator", HaltRefusal.UNPROVEN),
    ]
    await emptied(scene)


def refusals(scene: KillScene, halt_id: str) -> list[Any]:
    """Who tried in vain to release it while it stood, and why in vain, by the desk's journal."""
    return [
        (event.by, event.reason)
        for group in read_lines(scene.desk.data_dir / "ems", EMS)
        for entry in group
        for event in entry.events
        if isinstance(event, ReleaseRefused)
        and event.halt_id == halt_id
        and event.reason is not HaltRefusal.RELEASED
    ]
