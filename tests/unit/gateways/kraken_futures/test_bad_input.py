"""Whatever is sent, the API answers in its own words, and the market stays as it is."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openvenue.engine.queries import GetBook, GetOpenOrders
from openvenue.engine.units import AccountId, Symbol
from openvenue.gateways.kraken_futures.auth import sign
from openvenue.gateways.kraken_futures.rest import ENDPOINTS
from openvenue.gateways.wire import Request
from tests.conformance.kraken_futures.schemas import check_answer
from tests.conformance.scene import SECRETS, Scene

NAMES = [
    "orderType", "symbol", "side", "size", "limitPrice", "stopPrice", "triggerSignal", "reduceOnly",
    "cliOrdId", "processBefore", "order_id", "orderIds", "cliOrdIds", "timeout", "json", "lastTime",
    "lastFillTime", "contractType",
]  # fmt: skip
VALUES = [
    "lmt", "post", "mkt", "ioc", "fok", "stp", "take_profit", "trailing_stop", "PF_XBTUSD", "buy",
    "sell", "1", "-1", "0", "1e400", "NaN", "9" * 5000, "50000", "0.00000001", "true", "maybe", "",
    "2026-01-01T00:00:00Z", "[]", '{"batchOrder":[{}]}', "\0", "💥", "a" * 1000, "all", "null",
    "cb4e34f6-4eb3-4d4b-9724-4c3035b99d47", '{"batchOrder":[{"order":"send","order_tag":1}]}',
]  # fmt: skip
FORM = "application/x-www-form-urlencoded"
pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=8)
datas = st.one_of(
    st.binary(max_size=60),
    pairs.map(lambda found: "&".join(f"{name}={value}" for name, value in found).encode()),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.lists(
        st.tuples(st.sampled_from(sorted(ENDPOINTS)), datas, datas, st.sampled_from(["", FORM])),
        min_size=5,
        max_size=25,
    )
)
async def test_nothing_that_is_sent_breaks_anything(script: list[Any]) -> None:
    """Eve has ten dollars and asks for everything: no fault, no 5xx, no effect on Bob."""
    scene = await Scene.open()
    try:
        place = "orderType=lmt&symbol=PF_XBTUSD&side=buy&size=0.01&limitPrice=49000"
        await ask(scene, "bob", "POST", "sendorder", b"", place.encode(), FORM)
        for (method, name), query, body, content_type in script:
            sent = b"" if method == "GET" else body
            status, answer = await ask(scene, "eve", method, name, query, sent, content_type)
            assert status in (200, 400)
            assert answer["result"] in ("success", "error")
            check_answer(f"/derivatives/api/v3/{name}", answer)

        book = await scene.exchange.look(GetBook(Symbol("PF_XBTUSD")))
        assert book is not None
        assert (49_000, 100) in book.bids
        assert await scene.exchange.look(GetOpenOrders(AccountId("ann"))) == []
    finally:
        await scene.close()


async def ask(
    scene: Scene, actor: str, method: str, name: str, query: bytes, body: bytes, content_type: str
) -> tuple[int, Any]:
    """A signed request, and what it says."""
    path = f"/derivatives/api/v3/{name}"
    headers = {"apikey": f"key-{actor}", "authent": sign(SECRETS[actor], query + body, "", path)}
    if content_type:
        headers["content-type"] = content_type
    response = await scene.ask(
        Request(method, path, query, headers, body, "127.0.0.1", scene.clock.wall(), {})
    )
    return response.status, json.loads(response.body)
