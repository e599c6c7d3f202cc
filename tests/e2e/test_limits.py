"""Rate limits as the real service has them: refused in its words, and over when time has passed.

Time is virtual and moves when told, so that a pool is exactly as full as arithmetic says.
"""

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import ccxt
import pytest

from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import Line, Trader, traceback_in

POOL: Final = 500  # tokens of an account
PER_SECOND: Final = 50
ORDER: Final = 10  # what one costs
REFUSED: Final = {"result": "error", "error": "apiLimitExceeded"}
LIMIT: Final = {"symbol": "PF_XBTUSD", "orderType": "lmt", "side": "buy", "size": "0.001"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Production limits, no crowd, and a clock that stands still."""
    with Server(tmp_path, limits="production", clock="virtual") as server:
        yield server
        assert traceback_in(server) == ""


def advance(server: Server, seconds: float) -> None:
    """Let market time pass."""
    request = urllib.request.Request(
        f"{server.base_url}/admin/clock/advance",
        method="POST",
        data=json.dumps({"seconds": seconds}).encode(),
        headers={"X-Admin-Key": server.admin_key},
    )
    urllib.request.urlopen(request, timeout=10).close()


async def orders_until_refused(line: Line, trader: Trader) -> int:
    """How many orders are taken until one is not."""
    for number in range(POOL):
        answer = await line.ask(trader.post("sendorder", **LIMIT, limitPrice=90_000 - number))
        if answer["result"] == "error":
            assert REFUSED.items() <= answer.items()
            return number
        assert answer["sendStatus"]["status"] == "placed"
    raise AssertionError("no limit")


async def test_a_pool_runs_dry_says_so_and_fills_again(server: Server) -> None:
    """Fifty orders at once, and then five a second; what was refused was not done."""
    line = await Line.to(server)
    primary = Trader(server, "primary")

    assert await orders_until_refused(line, primary) == POOL // ORDER
    advance(server, 1)
    assert await orders_until_refused(line, primary) == PER_SECOND // ORDER
    advance(server, 0.19)  # half a token is missing
    assert await orders_until_refused(line, primary) == 0
    advance(server, 0.01)
    assert await orders_until_refused(line, primary) == 1
    advance(server, 3_600)  # a pool does not grow beyond its size
    open_orders = (await line.success(primary.get("openorders")))["openOrders"]
    assert len(open_orders) == 56
    assert await orders_until_refused(line, primary) == (POOL - 2) // ORDER
    line.close()


async def test_pools_are_of_accounts_and_everybody_may_look(server: Server) -> None:
    """One who is out of tokens stops nobody else, and still sees the market."""
    line = await Line.to(server)
    primary, secondary = Trader(server, "primary"), Trader(server, "secondary")
    await orders_until_refused(line, primary)

    for name in ("accounts", "openpositions", "openorders", "fills", "orders/status"):
        assert REFUSED.items() <= (await line.ask(primary.get(name))).items()
    for _ in range(60):  # public endpoints cost nothing
        await line.success(primary.get("tickers"))
        await line.success(primary.get("orderbook", symbol="PF_XBTUSD"))
    assert await orders_until_refused(line, secondary) == POOL // ORDER
    line.close()


async def test_each_request_costs_what_is_published(server: Server) -> None:
    """Found by how many of a kind a full pool pays for."""
    line = await Line.to(server)
    trader = Trader(server)
    batch: list[dict[str, object]] = [
        {"order": "cancel", "order_id": "11111111-2222-4333-8444-555555555555"} for _ in range(11)
    ]
    requests: dict[int, Callable[[], bytes]] = {
        25: lambda: trader.post("cancelallorders"),
        10: lambda: trader.post("cancelorder", cliOrdId="none"),
        2: lambda: trader.get("openpositions"),
        20: lambda: trader.batch(*batch),
        1: lambda: trader.post("orders/status", cliOrdIds="none"),
    }
    for cost, make in requests.items():
        advance(server, 10)
        taken = 0
        while (await line.ask(make()))["result"] == "success":
            taken += 1
        assert taken == POOL // cost, f"costs {POOL / taken}"
    advance(server, 10)
    switches = 0
    while (await line.ask(trader.post("cancelallordersafter", timeout=0)))["result"] == "success":
        switches += 1
    assert switches == POOL // 25
    line.close()


def test_a_bot_on_ccxt_is_told_and_carries_on(server: Server) -> None:
    """The exception is the one that its back-off catches."""
    client = ccxt_client(ccxt, server, "primary")
    client.load_markets()
    for number in range(POOL // ORDER):
        client.create_order("BTC/USD:USD", "limit", "buy", 0.001, 90_000 - number)
    with pytest.raises((ccxt.RateLimitExceeded, ccxt.DDoSProtection)):
        client.create_order("BTC/USD:USD", "limit", "buy", 0.001, 80_000)

    advance(server, 10)

    assert len(client.cancel_all_orders()) == POOL // ORDER
    assert client.fetch_open_orders() == []


async def test_the_crowd_needs_no_tokens(tmp_path: Path) -> None:
    """Its markets stand deeper than a client's pool would pay for, and they go on."""
    with Server(tmp_path, limits="production", crowd=True) as server:
        line = await Line.to(server)
        levels = 0
        for symbol in ("PF_XBTUSD", "PF_ETHUSD", "PF_SOLUSD", "PI_XBTUSD", "PI_ETHUSD"):
            book = await line.success(Trader(server).get("orderbook", symbol=symbol))
            levels += len(book["orderBook"]["bids"]) + len(book["orderBook"]["asks"])
        assert levels > 2 * POOL // ORDER
        line.close()
