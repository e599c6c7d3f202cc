"""TWAPs by unmodified ccxt (its own requests and signatures), and by a plain client over a kill."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest

from openvenue.testing.server import Server
from tests.e2e.pacifica_clients import FirstClient, ccxt_client
from tests.e2e.signed_client import traceback_in

TWAP: Any = {"symbol": "BTC", "amount": "0.05", "side": "bid", "reduce_only": False}
TERMS: Any = {"slippage_percent": "0.5", "duration_in_seconds": 120}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


def offer(server: Server) -> None:
    """Secondary sells at the mark."""
    order: Any = {"symbol": "BTC", "price": "95000", "amount": "1", "side": "ask", "tif": "GTC"}
    client = FirstClient(server, "secondary")
    status, _ = client.post("/api/v1/orders/create", "create_order", order | {"reduce_only": False})
    assert status == 200


def test_ccxt_creates_reads_and_cancels_one(server: Server) -> None:
    """By the methods that the library derives from its table of endpoints."""
    offer(server)
    client: Any = ccxt_client(ccxt, server, "primary")
    address = client.walletAddress

    request = client.post_action_request("create_twap_order", TWAP | TERMS, {})
    created = client.privatePostOrdersTwapCreate(request)
    order_id = int(created["data"]["order_id"])

    (row,) = client.publicGetOrdersTwap({"account": address})["data"]
    assert (int(row["order_id"]), row["filled_amount"]) == (order_id, "0.01")
    assert (row["planned_sub_order_count"], row["past_sub_order_count"]) in ((5, 1), ("5", "1"))
    request = client.post_action_request(
        "cancel_twap_order", {"symbol": "BTC", "order_id": order_id}, {}
    )
    assert client.privatePostOrdersTwapCancel(request)["success"] is True
    assert client.publicGetOrdersTwap({"account": address})["data"] == []
    (row,) = client.publicGetOrdersTwapHistory({"account": address})["data"]
    assert row["order_status"] == "cancelled"
    events = client.publicGetOrdersTwapHistoryById({"order_id": order_id})["data"]
    assert [it["event_type"] for it in events] == ["cancel", "sub_order_executed", "make"]
    (trade,) = client.fetch_my_trades("BTC/USDC:USDC")
    assert trade["amount"] == 0.01


def test_one_goes_on_after_a_kill_and_no_part_comes_twice(server: Server) -> None:
    """It is in the journal; the next part is due when it was."""
    offer(server)
    client = FirstClient(server, "primary")
    status, data = client.post("/api/v1/orders/twap/create", "create_twap_order", TWAP | TERMS)
    assert status == 200

    server.restart()

    (row,) = client.get("/api/v1/orders/twap?account=ACCOUNT")["data"]
    assert (row["order_id"], row["filled_amount"]) == (data["order_id"], "0.01")
    assert (row["past_sub_order_count"], row["planned_sub_order_count"]) == (1, 5)
    (position,) = client.get("/api/v1/positions?account=ACCOUNT")["data"]
    assert position["amount"] == "0.01"
