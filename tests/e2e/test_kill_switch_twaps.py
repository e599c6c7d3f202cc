"""A kill with a TWAP running: listed, canceled and proven gone, by the venue's own journal."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.kill_scene import NOTHING, OWNER, KillScene, report_of
from tests.e2e.pacifica_clients import FirstClient

TWAP: Any = {"symbol": "BTC", "amount": "0.05", "side": "bid", "reduce_only": False}
TERMS: Any = {"slippage_percent": "0.5", "duration_in_seconds": 86_400}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillScene]:
    """One world for all tests here; each leaves it empty and released."""
    with KillScene(tmp_path_factory.mktemp("kill")) as scene:
        yield scene


def begin_twap(scene: KillScene) -> str:
    """A program of the same wallet begins to buy for a day; the name that the desk gives it."""
    client = FirstClient(scene.venues["PACIFICA"], OWNER)
    status, data = client.post("/api/v1/orders/twap/create", "create_twap_order", TWAP | TERMS)
    assert status == 200, data
    return f"twap-{data['order_id']}"


async def test_a_running_twap_is_canceled_and_proven_gone(scene: KillScene) -> None:
    """The venue's own cancel of all leaves it running; the kill does not."""
    name = begin_twap(scene)
    await scene.place("PACIFICA", "beside it")
    assert name in scene.open_at("PACIFICA") and len(scene.open_at("PACIFICA")) == 2
    before = {it: scene.fates(it) for it in scene.venues}

    ran = await scene.cli("cancel-all", "--reason", "drill", "--json")
    report = report_of(ran)

    assert ran.code == 0, ran.err
    assert scene.truth() == NOTHING
    assert report["status"] == "proven"
    scene.hold_against_journals(report, before)
    (leg,) = [it for it in report["accounts"] if it["exchange_id"] == "PACIFICA"]
    assert {it["exchange_order_id"]: it["outcome"] for it in leg["orders"]}[name] == "canceled"
    assert [it["source"] for it in leg["evidence"]][-3:] == ["list", "list", "feed"]
    assert "cancel" in {it["kind"] for it in leg["requests"]}
    released = await scene.cli("release", report["id"], "--reason", "the test is over")
    assert released.code == 0, released.err


async def test_one_that_begins_while_it_is_halted_is_canceled_by_the_watch(
    scene: KillScene,
) -> None:
    """Another program of the account knows nothing of the halt."""
    halt_id = report_of(await scene.cli("cancel-all", "--json"))["id"]

    name = begin_twap(scene)
    report = await scene.halt_when(
        halt_id, lambda it: it["summary"]["reappeared"] > 0 and it["status"] == "proven"
    )

    assert scene.truth() == NOTHING
    assert name in str(report)
    released = await scene.cli("release", halt_id, "--reason", "the test is over")
    assert released.code == 0, released.err


async def test_a_cancel_of_all_by_the_desk_is_ok_only_without_it(scene: KillScene) -> None:
    """The Ok of the EMS's own cancel of all says that nothing of the account is open."""
    begin_twap(scene)

    status, told = await scene.ask("POST", "/v1/orders/cancel/all", {"exchange_id": "PACIFICA"})

    assert status == 200, told
    assert scene.open_at("PACIFICA") == {}
