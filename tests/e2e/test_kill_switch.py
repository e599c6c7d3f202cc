"""The kill switch with everything in processes of its own, and things going wrong meanwhile.

What is open is read from the venues' journals; the desk is believed in nothing.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from openvenue.ems.orders import Side
from tests.e2e.kill_scene import APIS, NOTHING, KillScene, report_of


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillScene]:
    """One world for all tests here; each leaves it empty and released."""
    with KillScene(tmp_path_factory.mktemp("kill")) as scene:
        yield scene


async def released(scene: KillScene, halt_id: str) -> None:
    """The explicit end."""
    ran = await scene.cli("release", halt_id, "--reason", "the test is over", "--by", "pytest")
    assert ran.code == 0, ran.err


def has(status: str) -> Callable[[Any], bool]:
    """A report that says so."""
    return lambda it: bool(it["status"] == status)


async def test_everything_everywhere_goes_and_is_told_order_by_order(
    scene: KillScene, record_property: Callable[[str, object], None]
) -> None:
    """Ours and another program's; exit status 0 is what the journals of the venues say, too."""
    foreign = {}
    for exchange_id in APIS:
        for n in range(3):
            assert (await scene.place(exchange_id, f"{exchange_id} {n}"))["status"] == "NEW"
        foreign[exchange_id] = await scene.place_past_the_desk(exchange_id)
    before = scene.truth()

    ran = await scene.cli("cancel-all", "--reason", "drill", "--by", "pytest", "--json")
    report = report_of(ran)
    refused = [await scene.place(exchange_id, f"{exchange_id} late") for exchange_id in APIS]
    ever = {exchange_id: len(scene.ever_at(exchange_id)) for exchange_id in APIS}

    assert {name: len(orders) for name, orders in before.items()} == dict.fromkeys(APIS, 4)
    assert ran.code == 0, ran.err
    assert (report["status"], report["by"], report["reason"]) == ("proven", "pytest", "drill")
    assert report["summary"]["failed"] == report["summary"]["unknown"] == 0
    assert scene.truth() == NOTHING
    for leg in report["accounts"]:
        names = {it["client_order_id"] for it in leg["orders"] if not it.get("foreign")}
        assert names == {f"{leg['exchange_id']} {n}" for n in range(3)}
        theirs = [it["exchange_order_id"] for it in leg["orders"] if it.get("foreign")]
        assert (theirs, leg["unnamed"]) == ([foreign[leg["exchange_id"]]], 0)
        assert {it["outcome"] for it in leg["orders"]} == {"canceled"}
        assert [it["source"] for it in leg["evidence"]][-3:] == ["list", "list", "feed"]
        record_property("says", f"{leg['exchange_id']}: asked {leg['requests'][0]['asked']}")
    assert {it["status"] for it in refused} == {"REJECTED"}
    assert ever == dict.fromkeys(APIS, 4), "what is refused does not reach a venue"
    await released(scene, report["id"])
    for exchange_id in APIS:
        assert (await scene.place(exchange_id, f"{exchange_id} again"))["status"] == "NEW"
    ran = await scene.cli("cancel-all", "--json")
    assert ran.code == 0
    await released(scene, report_of(ran)["id"])


async def test_orders_in_flight_are_caught(scene: KillScene) -> None:
    """They reach the venue after its mass cancel, and are gone before the proof."""
    await scene.fault(
        "KRAKENFTS", kind="delay", path="/derivatives/api/v3/sendorder", delay_seconds=0.7
    )
    placing = asyncio.create_task(scene.place("KRAKENFTS", "in flight"))
    await scene.order_when("in flight", lambda it: it["status"] == "ROUTING")

    ran = await scene.cli("cancel-all", "--json")
    report = report_of(ran)
    await placing

    assert ran.code == 0, ran.err
    assert scene.truth() == NOTHING
    assert "in flight" in str(report)
    last = await scene.order_when("in flight", lambda it: it["status"] in ("CANCELED", "REJECTED"))
    assert last["amount_filled"] == 0
    await released(scene, report["id"])


async def test_another_programs_order_is_canceled_again_while_it_is_halted(
    scene: KillScene,
) -> None:
    """The watch sees it, cancels it, and counts it."""
    ran = await scene.cli("cancel-all", "--json")
    halt_id = report_of(ran)["id"]

    await scene.place_past_the_desk("KRAKEN")
    report = await scene.halt_when(
        halt_id, lambda it: it["summary"]["reappeared"] > 0 and it["status"] == "proven"
    )

    assert scene.truth() == NOTHING
    assert report["summary"]["recanceled"] == 1
    (order,) = [it for leg in report["accounts"] for it in leg["orders"]]
    assert (order["foreign"], order["appeared"], order["outcome"]) == (True, True, "canceled")
    await released(scene, halt_id)


async def test_two_kills_at_once_are_one_halt(scene: KillScene) -> None:
    """Both hear the same, and both have kept who they were."""
    await scene.place("PACIFICA", "twice")

    first, second = await asyncio.gather(
        scene.cli("cancel-all", "--json", "--by", "one"),
        scene.cli("cancel-all", "--json", "--by", "two"),
    )

    assert (first.code, second.code) == (0, 0)
    one, two = report_of(first), report_of(second)
    assert one["id"] == two["id"]
    _, report = await scene.ask("GET", f"/v1/kill-switch/{one['id']}")
    assert {report["by"], *(it["by"] for it in report["pulled_again"])} == {"one", "two"}
    assert scene.truth() == NOTHING
    await released(scene, one["id"])


async def test_one_venue_of_three_is_down(scene: KillScene) -> None:
    """The others are proven at once; it is emptied as soon as it lives."""
    for exchange_id in APIS:
        await scene.place(exchange_id, f"{exchange_id} down")
    scene.venues["PACIFICA"].kill()

    ran = await scene.cli("cancel-all", "--deadline", "2", "--json")
    report = report_of(ran)
    scene.venues["PACIFICA"].start()
    later = await scene.halt_when(report["id"], has("proven"))

    assert ran.code == 2, ran.err
    assert {it["exchange_id"]: it["status"] for it in report["accounts"]} == {
        "KRAKENFTS": "proven",
        "KRAKEN": "proven",
        "PACIFICA": "unknown",
    }
    assert later["summary"]["canceled"] == 3
    assert scene.truth() == NOTHING
    await released(scene, report["id"])
    assert (await scene.place("PACIFICA", "lives"))["status"] == "NEW"
    assert (await scene.cli("cancel-all")).code == 0
    _, (newest, *_) = await scene.ask("GET", "/v1/kill-switch")
    await released(scene, newest["id"])


async def test_a_desk_that_is_killed_in_the_middle_comes_back_halted_and_finishes(
    scene: KillScene,
) -> None:
    """The gate is closed before the first order is taken; what was cut is done again."""
    for exchange_id in APIS:
        await scene.place(exchange_id, f"{exchange_id} cut")
    await scene.fault("KRAKENFTS", kind="hang", path="/derivatives/api/v3/(cancel|open).*", count=0)
    _, halt = await scene.ask("POST", "/v1/kill-switch", {"reason": "cut", "deadline_seconds": 20})
    await scene.halt_when(
        halt["id"], lambda it: [leg["status"] for leg in it["accounts"]].count("proven") == 2
    )

    scene.desk.kill()
    await scene.heal("KRAKENFTS")
    scene.desk.start()
    refused = await scene.place("KRAKENFTS", "too early")
    report = await scene.halt_when(halt["id"], has("proven"))

    assert refused["status"] == "REJECTED" and halt["id"] in refused["error_message"]
    assert any(it.startswith(f"  HALTED      {halt['id']}: ") for it in scene.desk.output)
    assert {leg["exchange_id"]: leg["rounds"] for leg in report["accounts"]}["KRAKENFTS"] == 2
    assert report["summary"]["canceled"] == 3
    assert scene.truth() == NOTHING
    await released(scene, halt["id"])


async def test_a_desk_that_is_stuck_is_gone_past_and_honours_the_halt_afterwards(
    scene: KillScene,
) -> None:
    """The venues are emptied by the shell; the desk wakes up halted."""
    for exchange_id in APIS:
        await scene.place(exchange_id, f"{exchange_id} stuck")
    os.kill(scene.desk.pid, signal.SIGSTOP)
    try:
        ran = await scene.cli("cancel-all", "--reason", "it hangs", "--json")
        truth = scene.truth()
    finally:
        os.kill(scene.desk.pid, signal.SIGCONT)
    report = report_of(ran)
    refused = await scene.place("KRAKEN", "after the sleep")
    of_desk = await scene.halt_when(report["id"], has("proven"))

    assert ran.code == 0, ran.err
    assert truth == NOTHING
    assert "no answer in 2 s. Going past it." in ran.err
    assert report["summary"]["canceled"] == 3
    assert refused["status"] == "REJECTED" and report["id"] in refused["error_message"]
    assert of_desk["origin"] == "marker"
    await released(scene, report["id"])


async def test_a_desk_that_is_dead_starts_halted(scene: KillScene) -> None:
    """Whoever starts it again cannot trade before somebody has released it."""
    for exchange_id in APIS:
        await scene.place(exchange_id, f"{exchange_id} dead")
    scene.desk.kill()
    ran = await scene.cli("cancel-all", "--reason", "it died", "--json")
    truth = scene.truth()
    halt_id = report_of(ran)["id"]

    scene.desk.start()
    refused = await scene.place("PACIFICA", "after the death")
    await scene.halt_when(halt_id, has("proven"))
    await released(scene, halt_id)
    passed = await scene.place("PACIFICA", "after the release")

    assert ran.code == 0, ran.err
    assert truth == NOTHING
    assert refused["status"] == "REJECTED"
    assert passed["status"] == "NEW"


async def test_a_halt_that_could_not_be_left_is_no_success(scene: KillScene) -> None:
    """Everything is gone, and proven; but the desk would trade again at its next start."""
    await scene.place("KRAKENFTS", "one")
    folder = scene.desk.data_dir / "ems" / "halts"
    folder.mkdir(exist_ok=True)
    scene.desk.kill()
    folder.rename(folder.with_suffix(".aside"))
    folder.write_text("no directory")

    ran = await scene.cli("cancel-all", "--json")
    folder.unlink()
    folder.with_suffix(".aside").rename(folder)
    scene.desk.start()

    assert (ran.code, report_of(ran)["status"]) == (2, "proven"), ran.err
    assert "no halt stands: the desk may send orders again" in ran.err
    assert scene.truth() == NOTHING
    assert (await scene.place("KRAKEN", "again"))["status"] == "NEW"
    assert (await scene.ask("POST", "/v1/orders/cancel/all", {"exchange_id": "KRAKEN"}))[0] == 200


async def test_a_desk_that_dies_while_the_shell_waits_is_gone_past(scene: KillScene) -> None:
    """The halt that it had begun is the one that is swept to its end."""
    for exchange_id in APIS:
        await scene.place(exchange_id, f"{exchange_id} cut")
        await scene.fault(exchange_id, kind="delay", delay_seconds=1, count=0)
    _, before = await scene.ask("GET", "/v1/kill-switch")
    running = asyncio.create_task(scene.cli("cancel-all", "--reason", "it dies", "--json"))
    while True:
        _, halts = await scene.ask("GET", "/v1/kill-switch")
        if len(halts) > len(before):
            break
    scene.desk.kill()
    for exchange_id in APIS:
        await scene.heal(exchange_id)
    ran = await running
    truth = scene.truth()
    scene.desk.start()
    await scene.halt_when(halts[0]["id"], has("proven"))
    await released(scene, halts[0]["id"])

    assert ran.code == 0, ran.err
    assert truth == NOTHING
    assert report_of(ran)["id"] == halts[0]["id"]
    assert (await scene.place("KRAKEN", "after the cut"))["status"] == "NEW"
    assert (await scene.ask("POST", "/v1/orders/cancel/all", {"exchange_id": "KRAKEN"}))[0] == 200


async def test_a_signal_halts_everything(scene: KillScene) -> None:
    """No client is needed, and no key."""
    await scene.place("KRAKENFTS", "signal")
    _, before = await scene.ask("GET", "/v1/kill-switch")

    os.kill(scene.desk.pid, signal.SIGUSR1)
    while True:
        _, halts = await scene.ask("GET", "/v1/kill-switch")
        if len(halts) > len(before):
            break
    report = await scene.halt_when(halts[0]["id"], has("proven"))

    assert (report["origin"], report["scope"]["text"]) == (
        "signal",
        "all orders of every account at every venue",
    )
    assert scene.truth() == NOTHING
    await released(scene, report["id"])


@pytest.mark.parametrize("exchange_id", ["KRAKENFTS", "PACIFICA"])
async def test_positions_are_closed_when_that_is_asked_for(
    scene: KillScene, exchange_id: str
) -> None:
    """After the orders, by reduce-only ones of the desk; the venue says that nothing is held."""
    price = await scene.market_price()
    await scene.place_past_the_desk(exchange_id, price, side=Side.SELL, account="secondary")
    bought = await scene.place(exchange_id, f"{exchange_id} position", price=price)
    await scene.place_past_the_desk(exchange_id, price - 100, account="secondary")
    await scene.place(exchange_id, f"{exchange_id} rests")

    ran = await scene.cli("cancel-all", "--venue", exchange_id, "--flatten", "--json")
    report = report_of(ran)
    _, (positions,) = await scene.ask("GET", f"/v1/positions?exchange_id={exchange_id}")

    assert bought["status"] == "FILLED"
    assert ran.code == 0, ran.out
    (leg,) = report["accounts"]
    assert [(it["side"], it["quantity"]) for it in leg["positions_before"]] == [("BUY", 0.01)]
    assert leg["positions_after"] == positions["data"] == []
    assert scene.open_at(exchange_id) == {}

    # Another program opens one while it is halted: it is seen, told, and closed again.
    await scene.place_past_the_desk(exchange_id, price - 200, account="secondary")
    await scene.place_past_the_desk(exchange_id, price, side=Side.SELL, account="secondary")
    await scene.place_past_the_desk(exchange_id, price)
    after = await scene.halt_when(
        report["id"],
        lambda it: it["status"] == "proven" and it["accounts"][0]["positions_came_back"] > 0,
    )
    _, (positions,) = await scene.ask("GET", f"/v1/positions?exchange_id={exchange_id}")
    assert after["accounts"][0]["positions_after"] == positions["data"] == []
    await released(scene, report["id"])


async def test_what_is_not_on_this_machine_takes_a_word_of_its_own(tmp_path: Path) -> None:
    """A slip in a file must not reach real money."""
    config = tmp_path / "desk.toml"
    config.write_text(
        '[[accounts]]\nowner = "primary"\nexchange_id = "KRAKEN"\napi = "kraken_spot"\n'
        'base_url = "https://kraken.example"\ncredentials_env = "SPOT"\n'
    )
    process = await asyncio.create_subprocess_exec(
        *("env", "SPOT_KEY=key", "SPOT_SECRET=c2VjcmV0", sys.executable, "-m", "openvenue"),
        *("ems", "--config", str(config), "--data-dir", str(tmp_path / "desk")),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()

    assert process.returncode == 2
    assert "KRAKEN (https://kraken.example) is not on this machine: that takes --live." in (
        err.decode()
    )
    assert not (tmp_path / "desk").exists()
