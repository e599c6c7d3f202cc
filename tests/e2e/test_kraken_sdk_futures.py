"""Unmodified python-kraken-sdk against the venue: only `url` differs from the real service."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from kraken.exceptions import KrakenAuthenticationError
from kraken.futures import Market, Trade, User

from openvenue.testing.server import Server
from tests.e2e.futures_clients import KrakenSdk
from tests.e2e.futures_scene import play
from tests.e2e.signed_client import traceback_in

# The library speaks `wss://` alone, and trusts what the machine trusts: hence a process whose
# machine trusts the venue's own certificate. It prints each message as a line.
LISTENER: Final = """
import asyncio, json, sys
from kraken.futures import FuturesWSClient

async def main(url, key, secret):
    done = asyncio.Event()

    class Client(FuturesWSClient):
        async def on_message(self, message):
            print(json.dumps(message), flush=True)
            if message.get("feed") == "open_orders" and message.get("is_cancel"):
                done.set()

    client = Client(key=key, secret=secret, url=url)
    await client.start()
    await client.subscribe(feed="book", products=["PF_XBTUSD"])
    await client.subscribe(feed="trade", products=["PF_XBTUSD"])
    await client.subscribe(feed="fills")
    await client.subscribe(feed="open_orders")
    await done.wait()
    await client.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits: an exact scene."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


async def test_sixty_orders_and_the_button_with_the_sdk(server: Server) -> None:
    """Markets, orders, a kill in the middle, cancels by symbol and of all, money to the atom."""
    await play(server, KrakenSdk(server, "primary"), KrakenSdk(server, "secondary"))


def test_the_rest_of_order_management_with_the_sdk(server: Server) -> None:
    """Batches, cancels by name, states of orders, the dead man's switch."""
    keys = server.keys()
    trade = Trade(key=keys.api_key, secret=keys.api_secret, url=server.base_url)
    order = {
        "order": "send",
        "orderType": "lmt",
        "symbol": "PF_XBTUSD",
        "side": "buy",
        "size": 0.01,
        "limitPrice": 90_000.0,
        "cliOrdId": "a +&%name",
        "order_tag": "1",
    }

    (placed,) = trade.create_batch_order(batchorder_list=[order])["batchStatus"]
    assert placed["status"] == "placed"
    (state,) = trade.get_orders_status(orderIds=[placed["order_id"]])["orders"]
    assert state["order"]["cliOrdId"] == "a +&%name"
    switch = trade.dead_mans_switch(timeout=60)["status"]
    assert switch["triggerTime"] > switch["currentTime"]
    assert trade.dead_mans_switch(timeout=0)["status"]["triggerTime"] == "0"
    canceled = trade.cancel_order(cliOrdId="a +&%name")["cancelStatus"]
    assert (canceled["status"], canceled["order_id"]) == ("cancelled", placed["order_id"])

    with pytest.raises(KrakenAuthenticationError):
        Trade(key=keys.api_key, secret="c2VjcmV0", url=server.base_url).get_fills()


def test_gains_in_coins_with_the_sdk(server: Server) -> None:
    """Preferred, gained, exchanged, and dollars again."""

    def client(kind: Any, account: str) -> Any:
        keys = server.keys(account)
        return kind(key=keys.api_key, secret=keys.api_secret, url=server.base_url)

    market = client(Market, "primary")
    traders = client(Trade, "primary"), client(Trade, "secondary")
    assert market.get_pnl_preference()["preferences"] == []
    assert market.set_pnl_preference("PF_XBTUSD", "BTC")["result"] == "success"
    chosen = {"symbol": "PF_XBTUSD", "pnlCurrency": "XBT"}
    assert market.get_pnl_preference()["preferences"] == [chosen]
    for side, price in (("buy", 95_000), ("sell", 96_000)):
        for trader, its in zip(traders, (side, {"buy": "sell", "sell": "buy"}[side]), strict=True):
            sent = trader.create_order(
                orderType="lmt", symbol="PF_XBTUSD", side=its, size="0.01", limitPrice=price
            )
            assert sent["sendStatus"]["status"] == "placed"

    log = client(User, "primary").get_account_log(info="conversion")["logs"]
    came, gone = log
    assert (came["asset"], gone["asset"]) == ("xbt", "usd")
    assert gone["old_balance"] - gone["new_balance"] == pytest.approx(10)
    assert came["new_balance"] > came["old_balance"]
    assert market.set_pnl_preference("PF_XBTUSD", "USD")["result"] == "success"
    assert market.get_pnl_preference()["preferences"] == []


@pytest.mark.timeout(90)
def test_the_sdk_hears_over_tls_what_happens(server: Server) -> None:
    """Its WebSocket client trusts the certificate that the venue made for itself."""
    primary, secondary = server.keys("primary"), server.keys("secondary")
    listener = subprocess.Popen(
        [
            *(sys.executable, "-c", LISTENER),
            *(f"localhost:{server.tls_port}/ws/v1", primary.api_key, primary.api_secret),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SSL_CERT_FILE": str(server.data_dir / "tls" / "ca.pem")},
    )
    assert listener.stdout is not None
    heard: list[dict[str, Any]] = []

    def await_message(**wanted: object) -> dict[str, Any]:
        """Read on until a message has all that is wanted; the listener ends if it cannot come."""
        assert listener.stdout is not None
        for line in listener.stdout:
            heard.append(json.loads(line))
            if wanted.items() <= heard[-1].items():
                return heard[-1]
        assert listener.stderr is not None
        raise AssertionError(f"{wanted} was not heard: {heard}; {listener.stderr.read()}")

    try:
        await_message(feed="open_orders_snapshot")
        mine = Trade(key=primary.api_key, secret=primary.api_secret, url=server.base_url)
        other = Trade(key=secondary.api_key, secret=secondary.api_secret, url=server.base_url)
        order = {"symbol": "PF_XBTUSD", "side": "buy", "limitPrice": "94000"}
        placed = mine.create_order(orderType="lmt", size="0.02", **order)["sendStatus"]
        await_message(feed="book", side="buy", price=94000, qty=0.02)
        other.create_order(
            orderType="ioc", size="0.01", symbol="PF_XBTUSD", side="sell", limitPrice="94000"
        )
        mine.cancel_all_orders()
        canceled = await_message(feed="open_orders", is_cancel=True)
        assert canceled["order_id"] == placed["order_id"]
        assert listener.wait(30) == 0
    finally:
        listener.kill()
        listener.communicate()

    (trade,) = [it for it in heard if it.get("feed") == "trade" and "event" not in it]
    assert (trade["side"], trade["price"], trade["qty"]) == ("sell", 94_000, 0.01)
    (fill,) = [
        *(
            it
            for message in heard
            if message.get("feed") == "fills"
            for it in message.get("fills", ())
        ),
    ]
    assert (fill["order_id"], fill["buy"], fill["qty"]) == (placed["order_id"], True, 0.01)
