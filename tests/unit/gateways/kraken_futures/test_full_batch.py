"""A batch as large as the API takes, and one instruction more."""

import json
from typing import Any, Final
from urllib.parse import quote

from openvenue.gateways.kraken_futures.auth import sign
from openvenue.gateways.wire import Request
from openvenue.testing.clock import START
from tests.conformance.scene import SECRETS, Scene

PATH: Final = "/derivatives/api/v3/batchorder"
SEND: Final = {"order": "send", "orderType": "lmt", "symbol": "PF_XBTUSD", "side": "buy"}


async def told(scene: Scene, instructions: list[dict[str, Any]]) -> Any:
    """What Ann is answered."""
    body = b"json=" + quote(json.dumps({"batchOrder": instructions})).encode()
    headers = {"apikey": "key-ann", "authent": sign(SECRETS["ann"], body, "", PATH)}
    asked = Request("POST", PATH, b"", headers, body, "127.0.0.1", START, {})
    return json.loads((await scene.ask(asked)).body)


def instructions(count: int) -> list[dict[str, Any]]:
    """In turn: an order, a smaller size for it, its cancel, a cancel of nothing, a bad price."""
    made: list[dict[str, Any]] = []
    while len(made) < count:
        name = f"order {len(made)}"
        price = 40_000 + len(made)
        made += [
            {**SEND, "order_tag": name, "cliOrdId": name, "size": 0.02, "limitPrice": price},
            {"order": "edit", "cliOrdId": name, "size": 0.01},
            {"order": "cancel", "cliOrdId": name},
            {"order": "cancel", "cliOrdId": "nobody"},
            {**SEND, "order_tag": f"bad {name}", "size": 0.02, "limitPrice": 0.5},
        ]
    return made[:count]


async def test_five_hundred_instructions_are_done_in_turn_and_one_more_is_too_many() -> None:
    """Each has its answer, by place and by tag, whatever became of the others.

    Source: Kraken Futures REST, "Batch order management".
    """
    scene = await Scene.open()
    try:
        refused = await told(scene, instructions(501))
        answers = (await told(scene, instructions(500)))["batchStatus"]
    finally:
        await scene.close()

    assert refused["result"] == "error"
    assert refused["error"] == "invalidArgument: batchOrder"
    assert [it["status"] for it in answers] == 100 * [
        "placed",
        "edited",
        "cancelled",
        "notFound",
        "invalidPrice",
    ]
    for at in range(0, 500, 5):
        placed, edited, canceled, _, bad = answers[at : at + 5]
        assert (placed["order_tag"], placed["cliOrdId"]) == (f"order {at}", f"order {at}")
        assert placed["order_id"] == edited["order_id"] == canceled["order_id"]
        assert bad["order_tag"] == f"bad order {at}"
