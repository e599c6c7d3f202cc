"""What goes wrong behind the gateway is said in the API's words, too."""

import json

import pytest

from openvenue.engine.units import AccountId
from openvenue.gateways.kraken_futures import KeyRecord, KeyRing, KrakenFutures
from openvenue.gateways.kraken_futures.auth import sign
from openvenue.gateways.wire import Request
from openvenue.testing.clock import START
from tests.conformance.scene import SECRETS, Scene

BASE = "/derivatives/api/v3/"


def request(method: str, name: str, body: bytes = b"", key: str = "key-ann") -> Request:
    """Signed with Ann's secret."""
    path = BASE + name
    headers = {"apikey": key, "authent": sign(SECRETS["ann"], body, "", path)}
    return Request(method, path, b"", headers, body, "127.0.0.1", START, {})


async def test_a_venue_that_has_stopped_is_a_server_error() -> None:
    """With status 200, as clients of this API expect; the operator reads why."""
    scene = await Scene.open()
    await scene.ask(request("GET", "openorders"))
    await scene.stop()
    try:
        for method, name in (("POST", "cancelallorders"), ("GET", "openorders")):
            asked = request(method, name)
            response = await scene.ask(asked)
            assert response.status == 200
            assert json.loads(response.body)["error"] == "Server Error"
            assert "cannot answer" in asked.note["why"]
    finally:
        await scene.close()


@pytest.mark.parametrize(
    ("method", "name", "body"),
    [
        ("POST", "sendorder", b"orderType=lmt&symbol=PF_XBTUSD&side=buy&size=1&limitPrice=1"),
        ("POST", "cancelallorders", b""),
        ("POST", "cancelallordersafter", b"timeout=1"),
        ("GET", "accounts", b""),
        ("GET", "openpositions", b""),
    ],
)
async def test_a_key_without_an_account_is_inactive(method: str, name: str, body: bytes) -> None:
    """Keys are made before accounts are; whoever is early hears it."""
    scene = await Scene.open()
    ghost = KeyRecord("key-ghost", SECRETS["ann"], AccountId("ghost"))
    gateway = KrakenFutures(
        scene.exchange, scene.history, KeyRing({"key-ghost": ghost}), scene.clock, "off"
    )
    try:
        handler = gateway.route(method, BASE + name)
        assert handler is not None
        response = await handler(request(method, name, body, "key-ghost"))
        assert json.loads(response.body)["error"] == "accountInactive"
    finally:
        gateway.close()
        await scene.close()


async def test_what_the_door_turns_away_has_the_shape_of_this_api() -> None:
    """Of its web framework: a number and the words of the status."""
    scene = await Scene.open()
    try:
        refused = scene.gateway.refusal(BASE + "sendorder", 413, "too large")
        assert refused is not None
        assert refused.status == 413
        told = json.loads(refused.body)
        assert told["errors"] == [{"code": 0, "message": "413 PAYLOAD_TOO_LARGE"}]
        assert told["result"] == "error"
        assert scene.gateway.refusal("/elsewhere", 404, "not found") is None
        missing = scene.gateway.refusal(BASE + "nothing", 404, "not found")
        assert missing is not None
        assert (missing.status, missing.body) == (404, b"")
        assert json.loads(scene.gateway.fault().body)["error"] == "Server Error"
    finally:
        await scene.close()


@pytest.mark.parametrize(
    ("method", "path", "is_ours"),
    [
        ("POST", "/derivatives/api/v3/sendorder", True),
        ("POST", "/derivatives/api/v3/SendOrder/", True),
        ("GET", "/derivatives/api/v3/sendorder", False),
        ("GET", "/derivatives/api/v3/orders/Status", True),
        ("GET", "/derivatives/api/v3/tickers/PF_XBTUSD/", True),
        ("GET", "/derivatives/api/v3/tickers/a/b", False),
        ("GET", "/derivatives/api/v3/instruments/PF_XBTUSD/status", True),
        ("GET", "/derivatives/api/v3/instruments/PF_XBTUSD/other", False),
        ("PUT", "/derivatives/api/v3/leveragepreferences", True),
        ("PUT", "/derivatives/api/v3/subaccount/1/trading-enabled", True),
        ("DELETE", "/derivatives/api/v3/rfqs/open-rfqs/1", True),
        ("GET", "/derivatives/api/v3/", False),
        ("GET", "/derivatives/api/v2/tickers", False),
        ("GET", "/derivatives/api/v4/historicalfundingrates", True),
        ("GET", "/api/history/v2/executions", True),
        ("GET", "/api/history/v3/market/PF_XBTUSD/executions", True),
        ("GET", "/api/history/v1/executions", False),
        ("GET", "/api/charts/v1/", True),
        ("GET", "/api/auth/v1/api-keys/v3/check", True),
        ("GET", "/0/public/Time", False),
    ],
)
async def test_a_path_is_this_apis_or_somebody_elses(method: str, path: str, is_ours: bool) -> None:
    """Whatever the case of its last word, and with a slash at its end."""
    scene = await Scene.open()
    try:
        assert (scene.gateway.route(method, path) is not None) == is_ours
    finally:
        await scene.close()
