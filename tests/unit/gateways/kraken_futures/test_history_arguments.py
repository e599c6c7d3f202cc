"""Whatever is asked of the past, the answer is one of this API's, and never a fault of ours."""

import json
from base64 import b64encode
from typing import Final

import pytest

from tests.conformance.scene import Scene
from tests.unit.gateways.kraken_futures.test_account_log import ask, trade

HUGE: Final = "9" * 18
RAW: Final = (b"1/2", b"/" + b"9" * 19, b"x", b"1/x", b"\xff/1")
TOKENS: Final = [b64encode(it).decode() for it in RAW]
VALUES: Final = ["0", "1", HUGE, "9" * 30, "-1", "1.5", "1e3", "x", "%FF", "%00", "true", *TOKENS]
NAMES: Final = [
    *("since", "before", "from", "to", "count", "sort", "continuation_token"),
    *("continuationToken", "tradeable", "info", "closed", "no_change"),
]
PATHS: Final = [
    *(f"/api/history/v3/market/PF_XBTUSD/{it}" for it in ("executions", "orders", "price")),
    *(
        f"/api/history/v3/{it}"
        for it in ("executions", "orders", "triggers", "positions", "account-log", "accountlogcsv")
    ),
    *(f"/api/charts/v1/{it}/PF_XBTUSD/1w" for it in ("trade", "mark", "spot")),
    "/derivatives/api/v3/recentorders",
]


@pytest.mark.parametrize("path", PATHS)
async def test_no_argument_makes_it_stumble(path: str) -> None:
    """It is taken, has no effect, or is refused by name; the next question is answered."""
    scene = await Scene.open()
    try:
        await trade(scene)
        for name in NAMES:
            for value in VALUES:
                answer = await ask(scene, "ann", path, f"{name}={value.replace('=', '%3D')}")
                assert answer.status in (200, 400), (name, value)
                if answer.status == 400:
                    assert json.loads(answer.body)["error"].startswith("invalidArgument")
        answer = await ask(scene, "ann", path)
        assert answer.status == 200
        assert answer.body
    finally:
        await scene.close()


@pytest.mark.parametrize(
    "path",
    [
        "/api/history/v3/market/NOTHING/orders",
        "/api/charts/v1/trade/NOTHING/1m",
        "/api/charts/v1/else",
        "/api/charts/v1/trade/PF_XBTUSD/1m/more",
        "/api/charts/v1/trade/%FF/1m",
    ],
)
async def test_what_is_not_there_is_not_found_or_refused(path: str) -> None:
    """In this API's words."""
    scene = await Scene.open()
    try:
        answer = await ask(scene, "ann", path)
    finally:
        await scene.close()

    assert answer.status in (400, 404)
    assert json.loads(answer.body)["result"] == "error"
