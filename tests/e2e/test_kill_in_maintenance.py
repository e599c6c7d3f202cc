"""The kill switch while exchanges are in maintenance: they refuse cancels, and keep the orders."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kill_scene import APIS, NOTHING, KillScene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[KillScene]:
    """Two orders at each of the three venues."""
    patience: dict[str, Any] = {
        "answer_seconds": 1.0,
        "retry_seconds": 0.05,
        "retry_seconds_max": 0.4,
    }
    with KillScene(tmp_path, **patience) as made:
        placing = [made.place(it, f"{it} {each}") for it in APIS for each in range(2)]
        for report in await asyncio.gather(*placing):
            assert report["status"] == "NEW", report
        yield made


async def test_a_kill_says_what_is_left_and_goes_on_until_cancels_pass(scene: KillScene) -> None:
    """Never "proven" while they rest; once the markets take cancels again one press was enough."""
    before = {it: scene.fates(it) for it in APIS}
    for exchange_id in APIS:
        await scene.mode(exchange_id, "maintenance")

    status, told = await scene.ask(
        "POST", "/v1/kill-switch", {"wait": True, "reason": "test", "deadline_seconds": 3}
    )

    assert status == 504, told
    assert {leg["status"] for leg in told["accounts"]} <= {"left", "unknown"}
    assert scene.truth() != NOTHING
    for exchange_id in APIS:
        await scene.mode(exchange_id, "cancel_only")
    told = await scene.halt_when(told["id"], lambda it: bool(it["status"] == "proven"))
    scene.hold_against_journals(told, before)
    assert scene.truth() == NOTHING
