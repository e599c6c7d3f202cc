"""Nonsense on every path and on the socket: the API's own no, each time, and nothing changed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from openvenue.engine.queries import GetAccount, GetOpenOrders
from openvenue.engine.units import AccountId
from openvenue.gateways.pacifica.auth import sign
from openvenue.gateways.pacifica.operations import BY_PATH
from openvenue.gateways.pacifica.rest import BASE, LATER, QUESTIONS
from openvenue.gateways.pacifica.times import millis
from openvenue.gateways.wire import Request, Response
from openvenue.testing.clock import START
from tests.conformance.pacifica.scene import KEYS, Scene

ODD: list[Any] = [None, "", "x", "\u00e9\x00", 0, -1, 1.5, 10**40, True, [], [1], {}, {"a": {}}]
GOOD: dict[str, Any] = {
    "symbol": "BTC",
    "price": "50000",
    "amount": "0.1",
    "side": "bid",
    "tif": "GTC",
    "reduce_only": False,
    "client_order_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "slippage_percent": "0.5",
    "stop_order": {"stop_price": "51000", "amount": "0.1"},
    "order_id": 77,
    "all_symbols": True,
    "exclude_reduce_only": False,
    "leverage": 51,
    "is_isolated": False,
}


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A venue in memory, whose books are empty."""
    scene = await Scene.open()
    yield scene
    await scene.close()


def post(path: str, body: bytes) -> Request:
    """A request as the door hands it on."""
    return Request("POST", BASE + path, b"", {}, body, "127.0.0.1", START, {})


def signed(path: str, fields: dict[str, Any]) -> bytes:
    """Fields with a header, signed by Ann."""
    address, key = KEYS["ann"]
    whole = {"account": address, "timestamp": millis(START), "expiry_window": 5000, **fields}
    whole["signature"] = sign(key, BY_PATH[path][0], whole)
    return json.dumps(whole).encode()


def check(response: Response) -> None:
    """A refusal in this API's shape, which is no fault of ours."""
    assert 400 <= response.status < 500, response.body
    told = json.loads(response.body)
    assert told["success"] is False
    assert told["error"]
    assert isinstance(told["code"], int)


@pytest.mark.parametrize("path", BY_PATH)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"account":1}',
        b"\xff\xfe",
        b'{"a":' * 5_000,
        b"[" * 50_000,
        b'{"a":NaN}',
        b'{"x":"' + b"y" * 20_000 + b'"}',
        json.dumps({"account": KEYS["ann"][0], "signature": "1" * 88, "timestamp": 1}).encode(),
        json.dumps({**GOOD, "account": "x", "signature": "", "timestamp": 10**14}).encode(),
        json.dumps({"account": "\ud800", "signature": "\ud800", "timestamp": 1}).encode(),
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_a_body_of_nonsense_is_refused(scene: Scene, path: str, body: bytes) -> None:
    """Broken JSON, other JSON, too much of it, headers that are none."""
    check(await scene.ask(post(path, body)))


@pytest.mark.parametrize("path", BY_PATH)
@pytest.mark.parametrize("field", GOOD)
async def test_a_field_of_another_type_is_refused_or_does_not_count(
    scene: Scene, path: str, field: str
) -> None:
    """Properly signed, and still nothing happens to the account but what was asked."""
    ann = AccountId("ann")
    before = await scene.exchange.look(GetAccount(ann))
    for odd in ODD:
        if field == "is_isolated" and isinstance(odd, bool):
            continue  # which is what it has to be
        response = await scene.ask(post(path, signed(path, {**GOOD, field: odd})))
        assert response.status < 500, response.body
        assert json.loads(response.body)["success"] is (response.status == 200)
        cancel = signed("orders/cancel_all", {"all_symbols": True, "exclude_reduce_only": False})
        assert (await scene.ask(post("orders/cancel_all", cancel))).status == 200

    assert await scene.exchange.look(GetOpenOrders(ann)) == []
    assert await scene.exchange.look(GetAccount(ann)) == before


@pytest.mark.parametrize("path", QUESTIONS)
@pytest.mark.parametrize(
    "query",
    [
        b"account=%ff",
        b"account=" + b"1" * 5_000,
        b"account=%00&symbol=%00&order_id=%00&limit=%00&cursor=%00&interval=%00&start_time=-1",
        b"&".join([b"a=b"] * 500),
        b"symbol=BTC&interval=1m&start_time=99999999999999999999&order_id=99999999999999999",
    ],
    ids=lambda query: repr(query[:20]),
)
async def test_a_query_of_nonsense_is_refused(scene: Scene, path: str, query: bytes) -> None:
    """Or answered, where the path takes no arguments."""
    response = await scene.ask(Request("GET", BASE + path, query, {}, b"", "127.0.0.1", START, {}))

    assert response.status < 500, response.body
    if response.status != 200:
        check(response)


@pytest.mark.parametrize("method", LATER)
async def test_what_is_not_served_yet_says_so(scene: Scene, method: str) -> None:
    """In the words of the API, on every known path."""
    for path in (*LATER[method], "lake/whatever", "order_strategies/create"):
        response = await scene.ask(
            Request(method, BASE + path, b"", {}, b"", "127.0.0.1", START, {})
        )
        check(response)
        assert json.loads(response.body)["error"] == "Unsupported operation"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"method":5}',
        b'{"method":"subscribe"}',
        b'{"method":"subscribe","params":[]}',
        b'{"id":5,"params":{"create_order":{}}}',
        b'{"id":"","params":{"create_order":{}}}',
        b'{"id":"1","params":{}}',
        b'{"id":"1","params":{"create_order":[]}}',
        b'{"id":"1","params":{"create_order":{},"cancel_order":{}}}',
        b'{"id":"1","params":{"cancel_all_orders":{"all_symbols":true}}}',
        b"[" * 10_000,
        b"x" * 20_000,
    ],
    ids=lambda frame: repr(frame[:30]),
)
async def test_a_frame_of_nonsense_is_answered_with_a_code(scene: Scene, frame: bytes) -> None:
    """And the conversation goes on."""
    session, wire = scene.socket("ann")

    session.receive(frame)
    told = json.loads(await wire.frames.get())
    assert told["code"] == 400
    assert told["err"]

    session.receive(b'{"method":"ping"}')
    assert await wire.frames.get() == b'{"channel":"pong"}'
    assert wire.goodbye is None


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"source": 5},
        {"source": "book", "symbol": 5, "agg_level": 1},
        {"source": "book", "symbol": "BTC", "agg_level": "1"},
        {"source": "book", "symbol": "BTC", "agg_level": 3},
        {"source": "trades"},
        {"source": "account_orders", "account": {}},
        {"source": "account_trades"},
    ],
    ids=str,
)
async def test_a_subscription_to_nothing_is_met_with_silence(
    scene: Scene, params: dict[str, Any]
) -> None:
    """As the real service does, however much clients would like a word."""
    session, wire = scene.socket("ann")

    session.receive(json.dumps({"method": "subscribe", "params": params}).encode())
    session.receive(b'{"method":"ping"}')

    assert await wire.frames.get() == b'{"channel":"pong"}'


async def test_a_connection_has_twenty_subscriptions_of_a_channel(scene: Scene) -> None:
    """A book in seven widths for each of three markets is one too many."""
    session, wire = scene.socket("ann")
    answers: list[dict[str, Any]] = []
    for symbol in ("BTC", "SOL", "kBONK"):
        for level in (1, 2, 5, 10, 100, 1000, 10000):
            params = {"source": "book", "symbol": symbol, "agg_level": level}
            session.receive(json.dumps({"method": "subscribe", "params": params}).encode())
    while len(answers) < 41:
        answers.append(json.loads(await wire.frames.get()))

    assert [answer["code"] for answer in answers if "code" in answer] == [429]


async def test_a_client_that_asks_without_listening_is_refused(scene: Scene) -> None:
    """What waits for the venue is bounded."""
    session, wire = scene.socket("ann")
    frame = b'{"id":"1","params":{"cancel_all_orders":{"all_symbols":true}}}'
    for _ in range(300):
        session.receive(frame)
    session.closed()

    codes = {json.loads(wire.frames.get_nowait())["code"] for _ in range(wire.frames.qsize())}
    assert 429 in codes
