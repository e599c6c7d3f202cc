"""Every question of the API, asked of the installed server: each is answered by its success.

Conversations are played in one process; the installed server keeps the index of its past in
another, and whatever is asked of it has to travel there.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import ccxt
import pytest

from openvenue.gateways.kraken_futures.ids import account_uuid
from openvenue.gateways.kraken_futures.rest import ENDPOINTS, NAMED
from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import authent, traceback_in

BASE: Final = "/derivatives/api/v3/"
QUESTIONS: Final = sorted({name for method, name in (*ENDPOINTS, *NAMED) if method == "GET"})
ARGUMENTS: Final[dict[str, dict[str, object]]] = {
    "orderbook": {"symbol": "PF_XBTUSD"},
    "history": {"symbol": "PF_XBTUSD"},
    "recentorders": {"symbol": "PF_XBTUSD"},
    "historical-funding-rates": {"symbol": "PF_XBTUSD"},
    "historicalfundingrates": {"symbol": "PF_XBTUSD"},
    "/derivatives/api/v4/historicalfundingrates": {"symbol": "PF_XBTUSD"},
    "initialmargin": {
        "orderType": "lmt",
        "symbol": "PF_XBTUSD",
        "side": "buy",
        "size": 1,
        "limitPrice": 90_000,
    },
    "initialmargin/maxordersize": {
        "orderType": "lmt",
        "symbol": "PF_XBTUSD",
        "limitPrice": 90_000,
    },
    "/api/charts/v1/analytics/{symbol}/{analytics_type}": {"since": 0, "interval": 3_600},
}
NO_ACCOUNT: Final = ("subaccount/{uid}/trading-enabled",)  # the default world has no subaccounts


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The default world after a trade and an order that rests."""
    directory: Path = tmp_path_factory.mktemp("paths")
    with Server(directory) as server:
        client, other = (ccxt_client(ccxt, server, name) for name in ("primary", "secondary"))
        other.create_order("BTC/USD:USD", "limit", "sell", 0.02, 95_000)
        client.create_order("BTC/USD:USD", "limit", "buy", 0.01, 95_000)
        client.create_order("BTC/USD:USD", "limit", "buy", 0.01, 94_000)
        yield server
        assert traceback_in(server) == ""


def ask(server: Server, path: str, arguments: dict[str, object]) -> tuple[int, Any]:
    """The answer to a signed question: its status, and its body as JSON or text."""
    keys = server.keys("primary")
    query = urlencode(arguments)
    request = urllib.request.Request(
        f"{server.base_url}{path}" + (f"?{query}" if query else ""),
        headers={
            "APIKey": keys.api_key,
            "Authent": authent(keys.api_secret, query.encode(), "", path),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read().decode()
            is_json = answer.headers["Content-Type"].startswith("application/json")
            return answer.status, json.loads(body) if is_json else body
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered(server: Server, name: str) -> None:
    """With 200, and without an error word."""
    path = name if name.startswith("/") else BASE + name
    for part, word in {
        "{symbol}": "PF_XBTUSD",
        "{tradeable}": "PF_XBTUSD",
        "{uid}": account_uuid("primary"),
        "{tick_type}": "trade",
        "{resolution}": "1m",
        "{analytics_type}": "trade-volume",
    }.items():
        path = path.replace(part, word)

    status, body = ask(server, path, ARGUMENTS.get(name, {}))

    assert status == 200, (path, body)
    if name in NO_ACCOUNT:
        assert body["error"] == "invalidAccount"
    elif isinstance(body, dict):
        assert body.get("error") is None, (path, body)
        assert body.get("result") != "error", (path, body)
