"""A day at Kraken Futures as python-kraken-sdk's own WebSocket client hears it, over TLS.

Order, partial fill, edit, a trigger that fires, the button, a dead man's switch that nobody held,
a connection that breaks and comes back by itself, and a liquidation.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from kraken.futures import Trade, User

from openvenue.testing.server import Server
from tests.e2e.signed_client import traceback_in

SYMBOL: Final = "PF_XBTUSD"
# It prints each message as a line, and does what it reads: break its connection, or end.
LISTENER: Final = """
import asyncio, json, sys
from kraken.futures import FuturesWSClient

class Client(FuturesWSClient):
    async def on_message(self, message):
        print(json.dumps(message), flush=True)

async def main(url, key, secret):
    client = Client(key=key, secret=secret, url=url)
    await client.start()
    for feed in ("book", "trade", "ticker"):
        await client.subscribe(feed=feed, products=["PF_XBTUSD"])
    for feed in ("fills", "open_orders", "open_positions", "balances", "account_log",
                 "notifications_auth"):
        await client.subscribe(feed=feed)
    while (await asyncio.to_thread(sys.stdin.readline)).strip() == "break":
        await client._conn.close_connection()
    await client.close()

asyncio.run(main(*sys.argv[1:]))
"""


class Ears:
    """What the library's client hears, message by message."""

    def __init__(self, server: Server) -> None:
        keys = server.keys("primary")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", LISTENER),
                *(f"localhost:{server.tls_port}/ws/v1", keys.api_key, keys.api_secret),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SSL_CERT_FILE": str(server.data_dir / "tls" / "ca.pem")},
        )
        self.heard: list[dict[str, Any]] = []

    def hear(self, **wanted: object) -> dict[str, Any]:
        """The next message that has all that is wanted; those before it are kept in `heard`."""
        assert self.process.stdout is not None and self.process.stderr is not None
        for line in self.process.stdout:
            self.heard.append(json.loads(line))
            if wanted.items() <= self.heard[-1].items():
                return self.heard[-1]
        raise AssertionError(f"{wanted}: {self.heard[-5:]}; {self.process.stderr.read()}")

    def hear_in(self, feed: str, part: str, **wanted: object) -> dict[str, Any]:
        """As `hear`, for an entry of a feed's message: one thing, or one of a list of them."""
        while True:
            told = self.hear(feed=feed).get(part)
            for entry in told if isinstance(told, list) else [told]:
                if isinstance(entry, dict) and wanted.items() <= entry.items():
                    return entry

    def tell(self, word: str) -> None:
        """Say what to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits; market time moves when told to."""
    with Server(tmp_path, clock="virtual") as server:
        yield server
        assert traceback_in(server) == ""


@pytest.fixture
def ears(server: Server) -> Iterator[Ears]:
    """Subscribed to all that there is."""
    ears = Ears(server)
    try:
        for feed in ("book", "trade"):
            ears.hear(feed=f"{feed}_snapshot")
        ears.hear(feed="notifications_auth", notifications=[])
        yield ears
    finally:
        ears.process.kill()
        ears.process.communicate()


def admin(server: Server, path: str, **body: object) -> None:
    """What the operator does."""
    request = urllib.request.Request(
        f"{server.base_url}/admin/{path}",
        method="POST",
        data=json.dumps(body).encode(),
        headers={"X-Admin-Key": server.admin_key},
    )
    urllib.request.urlopen(request, timeout=10).close()


def trader(server: Server, account: str) -> Trade:
    """The library's client for orders."""
    keys = server.keys(account)
    return Trade(key=keys.api_key, secret=keys.api_secret, url=server.base_url)


@pytest.mark.timeout(120)
def test_the_sdk_hears_a_day(server: Server, ears: Ears) -> None:
    """Each step is waited for on the feed that has to tell it."""
    mine, other = trader(server, "primary"), trader(server, "secondary")

    def place(who: Trade, kind: str, side: str, size: str, **prices: Any) -> str:
        told = who.create_order(orderType=kind, symbol=SYMBOL, side=side, size=size, **prices)
        name: str = told["sendStatus"]["order_id"]
        return name

    # An order, and a part of it filled.
    order = place(mine, "lmt", "buy", "0.03", limitPrice="94000")
    ears.hear(feed="book", side="buy", price=94_000, qty=0.03)
    place(other, "ioc", "sell", "0.01", limitPrice="94000")
    fill = ears.hear_in("fills", "fills", order_id=order)
    assert (fill["qty"], fill["remaining_order_qty"], fill["fill_type"]) == (0.01, 0.02, "maker")
    ears.hear_in("open_orders", "order", order_id=order, qty=0.02, filled=0.01)
    if not any(it.get("feed") == "open_positions" and it.get("positions") for it in ears.heard):
        ears.hear_in("open_positions", "positions", instrument=SYMBOL, balance=0.01)
    # Edited.
    mine.edit_order(orderId=order, limitPrice=93_000, size=0.02)
    ears.hear_in("open_orders", "order", order_id=order, limit_price=93_000)
    # A stop fires.
    place(other, "lmt", "sell", "1", limitPrice="96000")
    stop = place(mine, "stp", "buy", "0.02", stopPrice="95990", triggerSignal="last")
    ears.hear_in("open_orders", "order", order_id=stop, type="stop", stop_price=95_990)
    place(mine, "ioc", "buy", "0.001", limitPrice="96000")
    gone = ears.hear(feed="open_orders", order_id=stop, is_cancel=True)
    assert gone["reason"] == "stop_order_triggered"
    ears.hear(feed="trade", price=96_000, qty=0.02, side="buy")
    # The button.
    mine.cancel_all_orders()
    ears.hear(feed="open_orders", order_id=order, is_cancel=True, reason="cancelled_by_user")
    # A dead man's switch.
    last = place(mine, "lmt", "buy", "0.01", limitPrice="90000")
    mine.dead_mans_switch(timeout=5)
    admin(server, "clock/advance", seconds=6)
    ears.hear(feed="open_orders", order_id=last, is_cancel=True, reason="dead_man_switch")
    # The operator announces something.
    admin(
        server,
        "venues/kraken-futures/announce",
        kind="maintenance",
        priority="high",
        text="soon",
    )
    ears.hear_in("notifications_auth", "notifications", type="maintenance", note="soon")
    # The connection breaks, and the library subscribes anew by itself.
    stays = place(mine, "lmt", "buy", "0.01", limitPrice="91000")
    ears.hear_in("open_orders", "order", order_id=stays)
    before = len(ears.heard)
    ears.tell("break")
    ears.hear_in("open_orders_snapshot", "orders", order_id=stays)
    again = place(mine, "lmt", "buy", "0.01", limitPrice="91500")
    ears.hear_in("open_orders", "order", order_id=again)
    assert any(it.get("event") == "subscribed" for it in ears.heard[before:])
    # The wallet cannot carry its position: orders end, and the venue closes it.
    place(other, "lmt", "sell", "45", limitPrice="95000")
    place(mine, "lmt", "buy", "45", limitPrice="95000")
    other.cancel_all_orders()
    place(other, "lmt", "buy", "50", limitPrice="76000")
    admin(server, "venues/kraken-futures/mark-price", symbol=SYMBOL, price="76000")
    liquidation = len(ears.heard)
    ears.hear_in("account_log", "new_entry", info="futures partial liquidation")
    told = ears.heard[liquidation:]
    gone = {it["order_id"]: it["reason"] for it in told if it.get("is_cancel") and "order_id" in it}
    assert {gone[stays], gone[again]} == {"not_enough_margin"}
    closed = [it for frame in told if frame.get("feed") == "fills" for it in frame["fills"]]
    assert "partialLiquidation" in {it["fill_type"] for it in closed if not it["buy"]}
    sold = [it for it in told if it.get("feed") == "trade" and it["type"] == "liquidation"]
    assert {(it["side"], it["price"]) for it in sold} == {("sell", 76_000)}
    left = User(
        key=server.keys("primary").api_key,
        secret=server.keys("primary").api_secret,
        url=server.base_url,
    ).get_open_positions()["openPositions"]
    assert sum(it["size"] for it in left) < 40
    ears.tell("end")
    assert ears.process.wait(30) == 0
