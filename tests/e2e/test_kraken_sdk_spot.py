"""Unmodified python-kraken-sdk against the installed program: REST, and WebSocket v2."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from kraken.exceptions import KrakenInsufficientFundsError, KrakenUnknownOrderError
from kraken.spot import Market, SpotWSClient, Trade, User

from openvenue.testing.server import Server
from tests.e2e.signed_client import traceback_in
from tests.e2e.spot_scene import sockets_of, spot_keys

PATIENCE_SECONDS = 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The venue as it is shipped, without a crowd and without limits: an exact scene."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


def test_an_order_life_over_rest(server: Server) -> None:
    """Orders from first to last; refusals arrive as the library's own exceptions."""
    pair, url = spot_keys(server, "primary"), server.base_url
    keys = {"key": pair.api_key, "secret": pair.api_secret, "url": url}
    user, trade, market = User(**keys), Trade(**keys), Market(url=url)

    assert market.get_asset_pairs(pair="BTC/USD")["BTC/USD"]["pair_decimals"] == 1
    assert market.get_system_status()["status"] == "online"
    assert user.get_account_balance()["ZUSD"] == "1000000.0000"
    placed = trade.create_order(
        ordertype="limit", side="buy", volume=1, price=90_000, pair="XBTUSD", userref=7
    )
    (name,) = placed["txid"]
    assert list(user.get_open_orders()["open"]) == [name]
    assert user.get_orders_info(txid=name)[name]["descr"]["ordertype"] == "limit"
    assert user.get_balances()["ZUSD"]["hold_trade"] == "90360.0000"
    assert trade.cancel_order(txid=name) == {"count": 1}
    with pytest.raises(KrakenUnknownOrderError):
        trade.cancel_order(txid=name)
    with pytest.raises(KrakenInsufficientFundsError):
        trade.create_order(ordertype="limit", side="buy", volume=99, price=90_000, pair="XBTUSD")
    assert user.get_closed_orders()["count"] == 1
    assert user.get_trades_history()["count"] == 0
    assert trade.cancel_all_orders() == {"count": 0}
    assert trade.cancel_all_orders_after_x(timeout=60)["triggerTime"].endswith("Z")


def test_icebergs_closes_and_changes_over_rest(server: Server) -> None:
    """Named arguments of the library: `displayvol`, `close_ordertype`, amends and batches."""
    pair, url = spot_keys(server, "primary"), server.base_url
    keys = {"key": pair.api_key, "secret": pair.api_secret, "url": url}
    user, trade = User(**keys), Trade(**keys)

    hidden = trade.create_order(
        ordertype="iceberg", side="buy", volume=1, price=90_000, displayvol="0.2", pair="XBTUSD"
    )["txid"][0]
    closing = trade.create_order(
        ordertype="limit",
        side="buy",
        volume=1,
        price=80_000,
        pair="XBTUSD",
        close_ordertype="stop-loss-limit",
        close_price=70_000,
        close_price2=69_000,
    )
    assert closing["descr"]["close"] == "close position @ stop loss 70000.0 -> limit 69000.0"
    trailing = trade.create_order(
        ordertype="trailing-stop",
        side="sell",
        volume=1,
        price="+5%",
        trigger="index",
        pair="XBTUSD",
    )
    assert trailing["descr"]["order"] == "sell 1.00000000 XBTUSD @ trailing stop +5.0000%"
    amended = trade.amend_order(txid=hidden, order_qty="0.9")
    assert amended["amend_id"].startswith("T")
    assert user.get_orders_info(txid=hidden)[hidden]["vol"] == "0.90000000"
    names = [hidden, closing["txid"][0]]
    assert trade.cancel_order_batch(orders=names) == {"count": 2}
    assert trade.cancel_all_orders() == {"count": 1}


class Listener(SpotWSClient):  # type: ignore[misc]  # it ships no types
    """Keeps what it hears."""

    heard: "asyncio.Queue[dict[str, Any]]"
    passed_over: "list[dict[str, Any]]"

    async def on_message(self, message: dict[str, Any]) -> None:
        await self.heard.put(message)


async def until(client: Listener, **wanted: object) -> dict[str, Any]:
    """The next message with these members. There are two sockets: others may have come before."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        waiting, client.passed_over = client.passed_over, []
        while True:
            message = waiting.pop(0) if waiting else await client.heard.get()
            if all(message.get(name) == value for name, value in wanted.items()):
                client.passed_over += waiting
                return message
            client.passed_over.append(message)


async def test_orders_and_the_button_over_the_socket(server: Server) -> None:
    """Both connections of the library, its pings, subscriptions, orders, and the cancel of all."""
    pair, sockets = spot_keys(server, "primary"), sockets_of(server)
    client = Listener(
        key=pair.api_key,
        secret=pair.api_secret,
        rest_url=server.base_url,
        ws_url=f"{sockets}/public",
        auth_ws_url=f"{sockets}/auth",
    )
    client.heard, client.passed_over = asyncio.Queue(), []
    await client.start()
    try:
        await client.subscribe(params={"channel": "executions"})
        ack = await until(client, method="subscribe")
        assert ack["success"] and ack["result"]["channel"] == "executions"
        assert (await until(client, channel="executions"))["data"] == []
        await client.subscribe(params={"channel": "book", "symbol": ["BTC/USD"]})
        assert (await until(client, channel="book"))["type"] == "snapshot"

        await client.send_message(
            {
                "method": "add_order",
                "params": {
                    "order_type": "limit",
                    "side": "buy",
                    "symbol": "BTC/USD",
                    "order_qty": 0.5,
                    "limit_price": 90_000.1,
                },
                "req_id": 7,
            }
        )
        placed = await until(client, method="add_order")
        assert placed["success"] and placed["req_id"] == 7
        level = (await until(client, channel="book"))["data"][0]["bids"]
        assert level == [{"price": 90_000.1, "qty": 0.5}]
        await client.send_message({"method": "cancel_all"})
        answer = await until(client, method="cancel_all")
        assert answer["success"] and answer["result"] == {"count": 1}
    finally:
        await client.close()


# What a user of the library writes; in a process of its own, which is told whom to trust.
PRESS: Final = """
import asyncio, json, sys
from kraken.spot import SpotWSClient

rest, socket, key, secret = sys.argv[1:]

class Client(SpotWSClient):
    async def on_message(self, message):
        await heard.put(message)

async def until(**wanted):
    while True:
        message = await heard.get()
        if wanted.items() <= message.items():
            return message

async def main():
    global heard
    heard = asyncio.Queue()
    client = Client(key=key, secret=secret, rest_url=rest, ws_url=socket, auth_ws_url=socket)
    await client.start()
    await client.subscribe(params={"channel": "executions"})
    await until(channel="executions")
    order = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD"}
    for price in (90_000, 90_001):
        params = {**order, "order_qty": 0.01, "limit_price": price}
        await client.send_message({"method": "add_order", "params": params})
        await until(method="add_order", success=True)
    await client.send_message({"method": "cancel_all"})
    answer = await until(method="cancel_all")
    print(json.dumps(answer))
    await client.close()

asyncio.run(asyncio.wait_for(main(), 30))
"""


@pytest.mark.timeout(90)
def test_the_button_over_tls_with_the_certificate_of_the_venue(tmp_path: Path) -> None:
    """The library as it is, against the installed program: only addresses and trust are set."""
    with Server(tmp_path, crowd=False) as server:
        pair = spot_keys(server, "primary")
        run = subprocess.run(
            [
                *(sys.executable, "-c", PRESS, server.base_url),
                *(f"wss://localhost:{server.tls_port}", pair.api_key, pair.api_secret),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "SSL_CERT_FILE": str(server.data_dir / "tls" / "ca.pem")},
        )

    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout.splitlines()[-1])
    assert answer["success"] and answer["result"] == {"count": 2}
