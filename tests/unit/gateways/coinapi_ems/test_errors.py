"""Every no of the desk has this API's words, and strangers' bodies are not read."""

import json

import pytest

from openvenue.ems.errors import (
    CancelRefused,
    DuplicateOrder,
    NoAnswer,
    NoSuchExchange,
    NoSuchOrder,
    VenueDown,
)
from openvenue.ems.ledger import DeskStopped
from openvenue.ems.orders import ClOrdId, ExchangeId
from openvenue.gateways.coinapi_ems import CoinApiEms
from openvenue.gateways.wire import Gateway, OwnWords
from tests.unit.ems.scene import ANN, Scene
from tests.unit.gateways.door_doubles import request

TAGGED = (ExchangeId("X/1"), ExchangeId("X/2"))


@pytest.mark.parametrize(
    ("error", "posted", "asked", "reason"),
    [
        (NoSuchExchange("X"), 490, 490, "EXCHANGE_UNREACHABLE"),
        (NoSuchExchange("X", TAGGED), 490, 490, "OTHER"),
        (VenueDown("down"), 490, 490, "EXCHANGE_UNREACHABLE"),
        (NoAnswer("late"), 504, 490, None),
        (NoSuchOrder("which"), 404, 404, "ORDER_ID_NOT_FOUND"),
        (DuplicateOrder(ClOrdId("one")), 400, 400, None),
        (CancelRefused("no"), 490, 490, "OTHER"),
        (DeskStopped("full disk"), 490, 490, "OTHER"),
    ],
)
async def test_each_refusal_of_the_desk_has_its_status(
    scene: Scene, error: Exception, posted: int, asked: int, reason: str | None
) -> None:
    """A question that is not answered changes nothing, so it is never a 504."""
    gateway = CoinApiEms(scene.desk, {"key": ANN})

    async def refuse(*_: object, **__: object) -> None:
        raise error

    scene.desk.orders.cancel_all = refuse  # type: ignore[method-assign,assignment]
    scene.desk.questions.open_orders = refuse  # type: ignore[method-assign,assignment]
    post = request("POST", "/v1/orders/cancel/all", b'{"exchange_id":"X"}', x_coinapi_key="key")
    get = request("GET", "/v1/orders", query=b"exchange_id=X", x_coinapi_key="key")

    for sent, status in ((post, posted), (get, asked)):
        handler = gateway.route(sent.method, sent.path)
        assert handler is not None
        response = await handler(sent)
        said = json.loads(response.body)
        assert response.status == status
        assert reason is None or said["reject_reason"] == reason
        assert str(error) in (said.get("message") or said["errors"])
        assert sent.note["why"] == str(error)
        assert sent.note["trace"]


async def test_a_strangers_body_is_not_read(scene: Scene) -> None:
    """Broken JSON without a key is a missing key."""
    gateway = CoinApiEms(scene.desk, {"key": ANN})
    handler = gateway.route("POST", "/v1/orders")
    assert handler is not None

    response = await handler(request("POST", "/v1/orders", b"{"))

    assert response.status == 401


async def test_it_is_a_gateway_with_words_of_its_own(scene: Scene) -> None:
    """For what never reaches a handler, and for faults of ours."""
    gateway: Gateway = CoinApiEms(scene.desk, {})

    assert isinstance(gateway, OwnWords)
    assert all(gateway.socket(path) is not None for path in ("/", "/v1", "/v1/"))
    assert gateway.socket("/v1/orders") is gateway.socket("/v2") is None
    assert gateway.route("GET", "/") is gateway.route("GET", "/v1") is None
    assert gateway.route("GET", "/api/v1/orders") is None
    assert gateway.route("DELETE", "/v1/orders") is None
    assert gateway.route("GET", "/v1/orders/status/a/b") is None
    assert gateway.route("GET", "/v1/orders/") is not None
    refusal = gateway.refusal("/v1/orders", 413, "too large")
    assert refusal is not None and json.loads(refusal.body) == {"message": "too large"}
    assert gateway.refusal("/0/public/Time", 404, "not found") is None
    fault = gateway.fault()
    assert fault.status == 504 and json.loads(fault.body)["reject_reason"] == "OTHER"
