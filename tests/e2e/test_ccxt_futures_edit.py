"""Unmodified ccxt and python-kraken-sdk change orders: only the address is another one."""

import asyncio
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest
from kraken.exceptions import KrakenAuthenticationError
from kraken.futures import Trade, User

from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client, settled
from tests.e2e.signed_client import traceback_in
from tests.e2e.test_ccxt_pro_futures import until

BTC = "BTC/USD:USD"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits: an exact scene."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


@pytest.mark.parametrize("kind", [ccxt, ccxt.async_support], ids=["blocking", "async"])
async def test_orders_are_changed_with_ccxt(server: Server, kind: Any) -> None:
    """Size and price under the same id, across the book, and through a kill of the venue."""
    mine, other = (ccxt_client(kind, server, account) for account in ("primary", "secondary"))
    try:
        placed = await settled(
            mine.create_order(BTC, "limit", "buy", 0.05, 90_000, {"clientOrderId": "mine"})
        )
        number = placed["id"]

        smaller = await settled(mine.edit_order(number, BTC, "limit", "buy", 0.03))
        assert (smaller["id"], smaller["clientOrderId"], smaller["amount"]) == (
            number,
            "mine",
            0.03,
        )
        moved = await settled(mine.edit_order(number, BTC, "limit", "buy", 0.04, 91_000))
        [event] = moved["info"]["editStatus"]["orderEvents"]
        assert (event["type"], event["old"]["limitPrice"]) == ("EDIT", 90_000)
        assert (event["new"]["quantity"], event["new"]["limitPrice"]) == (0.04, 91_000)

        server.kill()
        server.start()

        [found] = await settled(mine.fetch_open_orders())
        assert (found["id"], found["remaining"], found["info"]["limitPrice"]) == (
            number,
            0.04,
            91_000,
        )
        status = await settled(mine.fetch_order(number))
        assert (status["amount"], status["info"]["updateReason"]) == (0.04, "EDITED_BY_USER")

        await settled(other.create_order(BTC, "limit", "sell", 0.01, 95_000))
        crossed = await settled(mine.edit_order(number, BTC, "limit", "buy", 0.04, 95_000))
        kinds = [it["type"] for it in crossed["info"]["editStatus"]["orderEvents"]]
        assert kinds == ["EXECUTION", "EDIT"]
        assert [(it["amount"], it["price"]) for it in crossed["trades"]] == [(0.01, 95_000)]
        [fill] = await settled(mine.fetch_my_trades(BTC))
        assert (fill["order"], fill["info"]["fillType"]) == (number, "takerAfterEdit")
        [found] = await settled(mine.fetch_open_orders())
        assert (found["filled"], found["remaining"]) == (0.01, 0.03)

        by_name = await settled(
            mine.edit_order("", BTC, "limit", "buy", 0.02, None, {"cliOrdId": "mine"})
        )
        assert (by_name["id"], by_name["filled"]) == (number, 0.01)
        await settled(mine.cancel_all_orders())
        with pytest.raises(ccxt.OrderNotFound):
            await settled(mine.edit_order(number, BTC, "limit", "buy", 0.02))
    finally:
        for client in (mine, other):
            await settled(client.close()) if kind is ccxt.async_support else None


def test_refused_changes_arrive_as_the_exceptions_that_bots_catch(server: Server) -> None:
    """The order is as it was each time."""
    mine, other = (ccxt_client(ccxt, server, account) for account in ("primary", "secondary"))
    other.create_order(BTC, "limit", "sell", 0.01, 95_000)
    number = mine.create_order(BTC, "limit", "buy", 0.05, 90_000, {"postOnly": True})["id"]

    for refused, change in (
        (ccxt.OrderImmediatelyFillable, {"price": 95_000}),
        (ccxt.InsufficientFunds, {"amount": 200}),
        (ccxt.InvalidOrder, {"amount": 0.000_000_1}),
        (ccxt.InvalidOrder, {"price": 90_000.123}),
        (ccxt.InvalidOrder, {"params": {"stopPrice": 80_000}}),
    ):
        with pytest.raises(refused):
            mine.edit_order(number, BTC, "limit", "buy", **change)
    with pytest.raises(ccxt.OrderNotFound):
        other.edit_order(number, BTC, "limit", "buy", 0.01)

    [found] = mine.fetch_open_orders()
    assert (found["id"], found["remaining"], found["info"]["limitPrice"]) == (number, 0.05, 90_000)


async def test_a_change_is_heard_by_ccxt_pro(server: Server) -> None:
    """`watchOrders` and `watchOrderBook` follow it."""
    client = ccxt_client(ccxt.pro, server, "primary")
    try:
        await client.load_markets()
        order = await client.create_order(BTC, "limit", "buy", 0.05, 90_000)
        assert (await client.watch_order_book(BTC))["bids"] == [[90_000, 0.05]]
        assert [it["id"] for it in await client.watch_orders(BTC)] == [order["id"]]
        told = asyncio.ensure_future(
            until(lambda: client.watch_orders(BTC), lambda seen: seen[-1]["remaining"] == 0.02)
        )
        shown = asyncio.ensure_future(
            until(
                lambda: client.watch_order_book(BTC),
                lambda book: bool(book["bids"] == [[91_000, 0.02]]),
            )
        )
        await asyncio.sleep(0)

        await client.edit_order(order["id"], BTC, "limit", "buy", 0.02, 91_000)

        [seen] = await told
        assert (seen["id"], seen["price"], seen["filled"]) == (order["id"], 91_000, 0)
        await shown
    finally:
        await client.close()


def test_orders_are_changed_with_the_sdk(server: Server) -> None:
    """By either name, a trigger too, with a deadline, and in a batch."""
    keys = server.keys("primary")
    trade = Trade(key=keys.api_key, secret=keys.api_secret, url=server.base_url)
    user = User(key=keys.api_key, secret=keys.api_secret, url=server.base_url)
    placed = trade.create_order(
        orderType="lmt",
        size="0.05",
        symbol="PF_XBTUSD",
        side="buy",
        limitPrice="90000",
        cliOrdId="mine",
    )["sendStatus"]
    stop = trade.create_order(
        orderType="stp",
        size="0.05",
        symbol="PF_XBTUSD",
        side="sell",
        stopPrice="80000",
        limitPrice="79000",
        triggerSignal="mark",
    )["sendStatus"]

    edited = trade.edit_order(orderId=placed["order_id"], size=0.03, limitPrice=91_000)[
        "editStatus"
    ]
    assert (edited["status"], edited["orderId"]) == ("edited", placed["order_id"])
    assert edited["orderEvents"][0]["new"]["limitPrice"] == 91_000
    named = trade.edit_order(cliOrdId="mine", size="0.02")["editStatus"]
    assert (named["cliOrdId"], named["orderEvents"][0]["new"]["quantity"]) == ("mine", 0.02)
    trigger = trade.edit_order(orderId=stop["order_id"], stopPrice=81_000)["editStatus"]
    assert trigger["orderEvents"][0]["old"]["triggerPrice"] == 80_000
    assert trigger["orderEvents"][0]["new"]["triggerPrice"] == 81_000
    late = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert (
        trade.edit_order(cliOrdId="mine", size=0.01, processBefore=late)["editStatus"]["status"]
        == "wouldProcessAfterSpecifiedTime"
    )
    nothing = trade.edit_order(cliOrdId="nobody", size=0.01)["editStatus"]
    assert (nothing["status"], nothing["orderEvents"]) == ("orderForEditNotFound", [])
    batch = trade.create_batch_order(
        batchorder_list=[
            {"order": "edit", "order_id": placed["order_id"], "size": 0.04},
            {"order": "edit", "order_id": stop["order_id"], "size": 0.01, "stopPrice": 82_000},
        ]
    )["batchStatus"]
    assert [it["status"] for it in batch] == ["edited", "edited"]

    orders = {it["order_id"]: it for it in user.get_open_orders()["openOrders"]}
    mine, waiting = orders[placed["order_id"]], orders[stop["order_id"]]
    assert (mine["unfilledSize"], mine["limitPrice"]) == (0.04, 91_000)
    assert (waiting["unfilledSize"], waiting["stopPrice"]) == (0.01, 82_000)
    forged = Trade(
        key=keys.api_key, secret=server.keys("secondary").api_secret, url=server.base_url
    )
    with pytest.raises(KrakenAuthenticationError):
        forged.edit_order(cliOrdId="mine", size="0.02")
