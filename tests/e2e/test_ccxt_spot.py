"""Unmodified ccxt against the installed program: only `urls` differ from the real service."""

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest

from openvenue.testing.server import Server
from tests.e2e.signed_client import traceback_in
from tests.e2e.spot_scene import ccxt_client

SYMBOL = "BTC/USD"
PATIENCE_SECONDS = 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The venue as it is shipped, without a crowd and without limits: an exact scene."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


async def call(client: Any, method: str, *arguments: Any) -> Any:
    """One method of a client, whether it waits or blocks."""
    value = getattr(client, method)(*arguments)
    return await value if inspect.isawaitable(value) else value


async def play(ann: Any, bob: Any) -> None:
    """Orders from first to last, and what they did to the money of two accounts."""
    markets = await call(ann, "load_markets")
    await call(bob, "load_markets")
    assert markets[SYMBOL]["precision"] == {"amount": 1e-08, "price": 0.1}
    assert markets[SYMBOL]["taker"] == 0.004 and markets[SYMBOL]["maker"] == 0.0025
    assert markets[SYMBOL]["active"] and markets["ETH/BTC"]["id"] == "XETHXXBT"

    order = await call(ann, "create_order", SYMBOL, "limit", "buy", 0.5, 90_000)
    assert await call(ann, "cancel_all_orders") and order["id"].startswith("O")
    order = await call(
        ann, "create_order", SYMBOL, "limit", "buy", 0.5, 90_000, {"clientOrderId": "mine-1"}
    )
    (mine,) = await call(ann, "fetch_open_orders", SYMBOL)
    assert (mine["id"], mine["status"], mine["amount"]) == (order["id"], "open", 0.5)
    assert mine["clientOrderId"] == "mine-1" and mine["price"] == 90_000
    balance = await call(ann, "fetch_balance")
    assert balance["USD"]["used"] == 45_000 + 180

    taken = await call(bob, "create_order", SYMBOL, "market", "sell", 0.2)
    done = await call(bob, "fetch_order", taken["id"], SYMBOL)
    assert (done["status"], done["filled"], done["average"]) == ("closed", 0.2, 90_000)
    (fill,) = await call(bob, "fetch_my_trades", SYMBOL)
    assert (fill["price"], fill["amount"], fill["fee"]["cost"]) == (90_000, 0.2, 72)
    assert fill["order"] == taken["id"] and fill["takerOrMaker"] == "taker"
    half = await call(ann, "fetch_order", order["id"], SYMBOL)
    assert (half["status"], half["filled"], half["remaining"]) == ("open", 0.2, 0.3)
    assert half["cost"] == 18_000 and float(half["fee"]["cost"]) == 45

    book = await call(bob, "fetch_order_book", SYMBOL)
    assert book["bids"][0][:2] == [90_000, 0.3] and book["asks"] == []
    ticker = await call(bob, "fetch_ticker", SYMBOL)
    assert (ticker["last"], ticker["bid"], ticker["baseVolume"]) == (90_000, 90_000, 0.2)
    (trade,) = await call(bob, "fetch_trades", SYMBOL)
    assert (trade["side"], trade["price"], trade["amount"]) == ("sell", 90_000, 0.2)
    candles = await call(bob, "fetch_ohlcv", SYMBOL, "1m")
    assert candles[0][1:] == [90_000, 90_000, 90_000, 90_000, 0.2]

    await call(ann, "cancel_order", order["id"], SYMBOL)
    with pytest.raises(ccxt.OrderNotFound):
        await call(ann, "cancel_order", order["id"], SYMBOL)
    with pytest.raises(ccxt.InvalidOrder):
        await call(ann, "cancel_order", "OAAAAA-BBBBB-CCCCCC", SYMBOL)
    closed = await call(ann, "fetch_closed_orders", SYMBOL)
    assert {it["id"]: it["status"] for it in closed}[order["id"]] == "canceled"
    for price in (80_000, 81_000, 82_000):
        await call(ann, "create_order", SYMBOL, "limit", "buy", 0.1, price)
    stop = await call(
        ann, "create_order", "ETH/USD", "market", "sell", 1, None, {"stopLossPrice": 2_000}
    )
    (waiting,) = await call(ann, "fetch_open_orders", "ETH/USD")
    assert waiting["id"] == stop["id"] and waiting["stopPrice"] == 2_000
    answer = await call(ann, "cancel_all_orders")
    assert answer[0]["info"]["result"] == {"count": 4}
    assert await call(ann, "fetch_open_orders") == []
    after = await call(ann, "cancel_all_orders_after", 60_000)
    assert after["result"]["triggerTime"].endswith("Z")

    balance = await call(ann, "fetch_balance")
    assert balance["USD"] == {"free": 981_955, "used": 0, "total": 981_955}
    assert balance["BTC"]["total"] == 10.2
    with pytest.raises(ccxt.InsufficientFunds):
        await call(ann, "create_order", SYMBOL, "limit", "buy", 100, 90_000)
    with pytest.raises(ccxt.InvalidOrder):
        await call(ann, "create_order", SYMBOL, "limit", "buy", 0.00001, 90_000)
    bob.secret = ann.secret
    with pytest.raises(ccxt.ExchangeError, match="EAPI:Invalid signature"):
        await call(bob, "fetch_balance")


def test_icebergs_closes_and_relative_prices_with_ccxt(server: Server) -> None:
    """What ccxt has a word for, and what it passes on: `close`, trailing stops, `displayvol`."""
    ann = ccxt_client(ccxt, server, "primary")
    bob = ccxt_client(ccxt, server, "secondary")
    ann.load_markets()
    bob.load_markets()

    hides = {"price": "90000", "displayvol": "0.2"}
    iceberg = ann.create_order(SYMBOL, "iceberg", "sell", 1, None, hides)
    assert bob.fetch_order_book(SYMBOL)["asks"][0][:2] == [90_000, 0.2]
    assert ann.fetch_balance()["BTC"]["used"] == 1
    close = {"close": {"ordertype": "stop-loss-limit", "price": 80_000, "price2": 79_000}}
    bought = bob.create_order(SYMBOL, "limit", "buy", 0.5, 90_000, close)
    fills = bob.fetch_my_trades(SYMBOL)
    assert sorted(it["amount"] for it in fills) == [0.1, 0.2, 0.2] and bought["id"].startswith("O")
    children = bob.fetch_open_orders(SYMBOL)
    assert sorted(it["amount"] for it in children) == [0.1, 0.2, 0.2]
    assert {it["info"]["refid"] for it in children} == {bought["id"]}
    assert {it["stopPrice"] for it in children} == {80_000}
    assert bob.fetch_order_book(SYMBOL)["asks"][0][:2] == [90_000, 0.1]

    amended = ann.edit_order(iceberg["id"], SYMBOL, "limit", "sell", 0.8, 91_000)
    assert amended["id"].startswith("T")
    assert bob.fetch_order_book(SYMBOL)["asks"][0][:2] == [91_000, 0.2]
    spent = bob.create_order(SYMBOL, "market", "buy", None, None, {"cost": 9_100})
    done = bob.fetch_order(spent["id"], SYMBOL)
    assert (done["filled"], done["cost"], done["status"]) == (0.1, 9_100, "closed")

    trails = bob.create_order(SYMBOL, "market", "sell", 0.1, None, {"trailingPercent": "5"})
    (waiting,) = [it for it in bob.fetch_open_orders(SYMBOL) if it["id"] == trails["id"]]
    assert float(waiting["info"]["stopprice"]) == 86_450
    batch = ann.create_orders(
        [
            {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.1, "price": price}
            for price in (50_000, 51_000)
        ]
    )
    assert ann.cancel_orders([it["id"] for it in batch], SYMBOL)
    assert [it["id"] for it in ann.fetch_open_orders(SYMBOL)] == [iceberg["id"]]
    assert ann.cancel_all_orders()[0]["info"]["result"] == {"count": 1}
    assert bob.cancel_all_orders()[0]["info"]["result"] == {"count": 4}


async def test_an_order_life_and_the_button_with_blocking_ccxt(server: Server) -> None:
    """Markets, orders, fills, cancels by name and of all, money to the cent."""
    await play(ccxt_client(ccxt, server, "primary"), ccxt_client(ccxt, server, "secondary"))


async def test_an_order_life_and_the_button_with_async_ccxt(server: Server) -> None:
    """The same scene, through the other half of the library."""
    clients = [ccxt_client(ccxt.async_support, server, name) for name in ("primary", "secondary")]
    try:
        await play(*clients)
    finally:
        for client in clients:
            await client.close()


async def test_orders_trades_and_balances_are_watched_with_ccxt_pro(server: Server) -> None:
    """Order entry, cancels and every channel that the library listens to, over sockets alone."""
    ann, bob = (ccxt_client(ccxt.pro, server, name) for name in ("primary", "secondary"))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await watch(ann, bob)
    finally:
        await ann.close()
        await bob.close()


async def watch(ann: Any, bob: Any) -> None:
    """All that the two of them hear of each other's orders."""
    await ann.load_markets()
    await bob.load_markets()
    orders = asyncio.create_task(ann.watch_orders(SYMBOL))
    book = await bob.watch_order_book(SYMBOL, 10)
    assert book["bids"] == []
    trades = asyncio.create_task(bob.watch_trades(SYMBOL))
    fills = asyncio.create_task(ann.watch_my_trades(SYMBOL))
    await bob.watch_ticker(SYMBOL)  # its snapshot comes after the other acknowledgements
    await ann.fetch_balance()

    placed = await ann.create_order_ws(SYMBOL, "limit", "buy", 0.5, 90_000)
    (seen,) = (await orders)[-1:]
    assert placed["id"].startswith("O") and seen["id"] == placed["id"]
    while not book["bids"]:
        book = await bob.watch_order_book(SYMBOL, 10)
    assert book["bids"][0][:2] == [90_000, 0.5]

    await bob.create_order_ws(SYMBOL, "market", "sell", 0.2)
    (fill,) = await fills
    assert (fill["order"], fill["price"], fill["amount"]) == (placed["id"], 90_000, 0.2)
    (trade,) = await trades
    assert (trade["side"], trade["amount"]) == ("sell", 0.2)
    while bob.tickers[SYMBOL]["last"] != 90_000:  # it may have come already
        await bob.watch_ticker(SYMBOL)

    balance = await ann.watch_balance()
    assert balance["BTC"]["total"] == 10.2
    await ann.cancel_order_ws(placed["id"])
    for price in (80_000, 81_000):
        await ann.create_order_ws(SYMBOL, "limit", "buy", 0.1, price)
    answer = await ann.cancel_all_orders_ws()
    assert answer["result"] == {"count": 2}
    assert await ann.fetch_open_orders() == []
