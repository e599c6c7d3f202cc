"""Unmodified ccxt against the venue: only `urls` differ from the real service."""

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest

from openvenue.testing.server import Server
from tests.e2e.pacifica_clients import PATIENCE_S, ccxt_client
from tests.e2e.signed_client import traceback_in

BTC: Final = "BTC/USDC:USDC"
ETH: Final = "ETH/USDC:USDC"
BONK: Final = "KBONK/USDC:USDC"  # the library writes names in capitals
SPOT: Final = "SOL/USDC"
CLIENT_ID: Final = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits: an exact scene."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


async def done(value: Any) -> Any:
    """The value, whether it is there or to be awaited."""
    return await value if inspect.isawaitable(value) else value


async def play(server: Server, primary: Any, secondary: Any) -> None:
    """Orders of every kind, partly filled ones, a kill, both buttons, money to the atom."""
    markets = await done(primary.load_markets())
    assert {BTC, ETH, BONK, SPOT} <= set(markets)
    assert markets[BTC]["limits"]["leverage"]["max"] == 50

    async def place(client: Any, *order: Any, **parameters: Any) -> str:
        placed = await done(client.create_order(*order, params=parameters))
        return str(placed["id"])

    # The mark is 95,000. Primary's orders, on five markets and both sides.
    first = await place(primary, BTC, "limit", "buy", 0.1, 94_000, clientOrderId=CLIENT_ID)
    deep = await place(primary, BTC, "limit", "buy", 0.01, 90_000)
    post = await place(primary, ETH, "limit", "sell", 2, 3_300.5, timeInForce="PO")
    # (To this library a market order with a trigger is a market order: stops go as limits.)
    stop = await place(primary, BTC, "limit", "sell", 0.02, triggerPrice=80_000)
    bonk = await place(primary, BONK, "limit", "buy", 100_000, 0.019)
    spot = await place(primary, SPOT, "limit", "buy", 3, 170)
    # Secondary takes part of the first one, and a market order takes some of Primary's next.
    sold = await place(secondary, BTC, "limit", "sell", 0.04, 94_000, timeInForce="IOC")
    await place(primary, BTC, "limit", "buy", 0.05, 94_900)
    await place(secondary, BTC, "market", "sell", 0.05, slippage="0.5")

    live = await done(primary.fetch_open_orders())
    assert {order["id"] for order in live} == {first, deep, post, stop, bonk, spot}
    partly = next(order for order in live if order["id"] == first)
    assert (partly["filled"], partly["remaining"]) == (0.04, 0.06)
    assert partly["clientOrderId"] == CLIENT_ID

    server.restart()

    # 0.04 x 94,000 + 0.05 x 94,900 = 8,505 at 0.015 % and 0.040 %.
    mine = (await done(primary.fetch_positions()))[0]
    theirs = (await done(secondary.fetch_positions()))[0]
    assert (mine["side"], mine["contracts"], mine["entryPrice"]) == ("long", 0.09, 94_500)
    assert (theirs["side"], theirs["contracts"]) == ("short", 0.09)
    fees = [float(it["fee"]["cost"]) for it in await done(primary.fetch_my_trades())]
    assert sum(fees) == pytest.approx(1.27575, abs=1e-9)
    balance = await done(primary.fetch_balance())
    assert balance["USDC"]["total"] == pytest.approx(1_000_000 - 1.27575, abs=1e-9)
    balance = await done(secondary.fetch_balance())
    assert balance["USDC"]["total"] == pytest.approx(1_000_000 - 3.402, abs=1e-9)
    told = await done(secondary.fetch_order(sold))
    assert (told["status"], told["filled"], told["side"]) == ("closed", 0.04, "sell")

    # One cancel, one that comes too late, then the buttons.
    await done(primary.cancel_order(deep, BTC))
    with pytest.raises(ccxt.BaseError, match="Failed to cancel order"):
        await done(primary.cancel_order(deep, BTC))
    await done(primary.cancel_order(stop, BTC, {"trigger": True}))
    other = await place(secondary, ETH, "limit", "sell", 1, 3_400)
    await done(primary.cancel_all_orders(BTC))
    live = await done(primary.fetch_open_orders())
    assert {order["id"] for order in live} == {post, bonk, spot}
    reducer = await place(primary, BTC, "limit", "sell", 0.05, 97_000, reduceOnly=True)
    await done(primary.cancel_all_orders(None, {"excludeReduceOnly": True}))
    assert [order["id"] for order in await done(primary.fetch_open_orders())] == [reducer]
    await done(primary.cancel_all_orders())
    await done(primary.cancel_all_orders())  # nothing open is a success, too
    assert await done(primary.fetch_open_orders()) == []
    assert [order["id"] for order in await done(secondary.fetch_open_orders())] == [other]
    assert (await done(primary.fetch_positions()))[0]["contracts"] == 0.09

    history = {order["id"]: order for order in await done(primary.fetch_orders())}
    assert history[first]["status"] == "canceled"
    assert (history[first]["filled"], history[first]["average"]) == (0.04, 94_000)
    await done(primary.set_leverage(10, ETH))
    await done(primary.set_margin_mode("cross", ETH))
    book = await done(primary.fetch_order_book(ETH))
    assert book["asks"][0][:2] == [3_400, 1]
    trades = await done(primary.fetch_trades(BTC))
    assert [trade["amount"] for trade in trades] == [0.04, 0.05]
    ticker = await done(primary.fetch_ticker(BTC))
    assert (ticker["info"]["mark"], ticker["quoteVolume"]) == ("95000", 8_505)
    with pytest.raises(ccxt.InvalidOrder):
        await place(primary, BTC, "limit", "buy", 0.0001, 50_000)


async def test_orders_live_and_end_with_blocking_ccxt(server: Server) -> None:
    """`ccxt.pacifica`."""
    primary, secondary = (ccxt_client(ccxt, server, it) for it in ("primary", "secondary"))

    await play(server, primary, secondary)


async def test_orders_live_and_end_with_asynchronous_ccxt(server: Server) -> None:
    """`ccxt.async_support.pacifica`."""
    primary, secondary = (
        ccxt_client(ccxt.async_support, server, it) for it in ("primary", "secondary")
    )
    try:
        await play(server, primary, secondary)
    finally:
        await primary.close()
        await secondary.close()


async def test_ccxt_pro_sees_it_happen_and_cancels_over_the_socket(server: Server) -> None:
    """Books, trades and own orders as they change; orders placed, canceled, all canceled."""
    primary, secondary = (ccxt_client(ccxt.pro, server, it) for it in ("primary", "secondary"))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await primary.load_markets()
            seen = asyncio.create_task(primary.watch_orders())
            traded = asyncio.create_task(primary.watch_trades(BTC))
            book = await primary.watch_order_book(BTC)
            assert (book["bids"], book["asks"]) == ([], [])

            placed = await primary.create_order_ws(BTC, "limit", "buy", 0.1, 94_000)
            orders = await seen
            assert [(it["id"], it["status"]) for it in orders] == [(str(placed["id"]), "open")]
            while not book["bids"]:
                book = await primary.watch_order_book(BTC)
            assert list(book["bids"][0][:2]) == [94_000, 0.1]

            await secondary.create_order_ws(BTC, "limit", "sell", 0.04, 94_000)
            assert [it["amount"] for it in await traded] == [0.04]
            for client, symbol in ((primary, BTC), (primary, ETH), (secondary, ETH)):
                price = 3_000 if symbol == ETH else 93_000
                last = await client.create_order_ws(symbol, "limit", "buy", 0.1, price)
            await secondary.cancel_order_ws(str(last["id"]), ETH)
            with pytest.raises(ccxt.BaseError):
                await secondary.cancel_order_ws(str(last["id"]), ETH)
            seen = asyncio.create_task(primary.watch_orders())
            await asyncio.sleep(0)  # so that it listens
            (answer,) = await primary.cancel_all_orders_ws()
            assert answer["info"]["data"] == {"cancelled_count": 3}
            assert [it["status"] for it in await seen].count("canceled") == 3
            (answer,) = await primary.cancel_all_orders_ws()
            assert answer["info"]["data"] == {"cancelled_count": 0}
            assert await primary.fetch_open_orders() == []
    finally:
        await primary.close()
        await secondary.close()
