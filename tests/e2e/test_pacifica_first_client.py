"""A client written to the first documents of Pacifica: flat bodies, read at the top of answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from openvenue.gateways.pacifica.auth import make_pacifica_key
from openvenue.testing.server import Server
from tests.e2e.pacifica_clients import FirstClient
from tests.e2e.signed_client import traceback_in

CANCEL_ALL: Final = "/api/v1/orders/cancel_all"
OP: Final = "cancel_all_orders"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


def test_the_first_example_is_answered_as_it_was_documented(server: Server) -> None:
    """`data["cancelled_count"]`, five of them; then none; then what a bad request says."""
    client = FirstClient(server, "primary")
    for price in ("90000", "90001", "90002", "90003"):
        order: dict[str, Any] = {"symbol": "BTC", "price": price, "amount": "0.01", "side": "bid"}
        order |= {"tif": "GTC", "reduce_only": False}
        status, data = client.post("/api/v1/orders/create", "create_order", order)
        assert status == 200
        assert data["order_id"] > 0
    stop = {"stop_price": "80000", "amount": "0.01"}
    order = {"symbol": "BTC", "side": "ask", "reduce_only": False, "stop_order": stop}
    status, data = client.post("/api/v1/orders/stop/create", "create_stop_order", order)
    assert status == 200

    everything = {"all_symbols": True, "exclude_reduce_only": False}
    status, data = client.post(CANCEL_ALL, OP, everything)
    assert (status, data["cancelled_count"]) == (200, 5)
    assert data["data"] == {"cancelled_count": 5}
    assert client.get("/api/v1/orders?account=ACCOUNT")["data"] == []

    # The body of the documented request, its window and its symbol included.
    status, data = client.post(
        CANCEL_ALL, OP, {**everything, "symbol": "BTC", "expiry_window": 30000}
    )
    assert (status, data["cancelled_count"]) == (200, 0)

    status, data = client.post(CANCEL_ALL, OP, {"all_symbols": True})
    assert (status, data["error"], data["code"]) == (400, "Invalid parameters", 400)
    status, data = client.post(CANCEL_ALL, OP, {"all_symbols": False, "exclude_reduce_only": True})
    assert (status, data["error"], data["code"]) == (400, "Invalid parameters", 400)


def test_what_was_canceled_stays_so_through_a_kill(server: Server) -> None:
    """Durable before it is told: the count that a client read is in the journal."""
    client = FirstClient(server, "primary")
    order: dict[str, Any] = {"symbol": "ETH", "price": "3000.5", "amount": "1", "side": "bid"}
    order |= {"tif": "GTC", "reduce_only": False}
    client.post("/api/v1/orders/create", "create_order", order)
    status, data = client.post(CANCEL_ALL, OP, {"all_symbols": True, "exclude_reduce_only": False})
    assert (status, data["cancelled_count"]) == (200, 1)

    server.restart()

    assert client.get("/api/v1/orders?account=ACCOUNT")["data"] == []
    (row,) = client.get("/api/v1/orders/history?account=ACCOUNT")["data"]
    assert (row["order_status"], row["reason"]) == ("cancelled", "cancel")


def test_an_agent_of_the_key_file_may_press_the_button(server: Server) -> None:
    """And nobody else's agent may; who an agent is, is read at the start."""
    agent = make_pacifica_key(b"\x07" * 32)
    everything = {"all_symbols": True, "exclude_reduce_only": False}
    client = FirstClient(server, "primary", agent)
    status, data = client.post(CANCEL_ALL, OP, everything)
    assert (status, data["error"]) == (400, "Agent not authorized for account")

    path = server.data_dir / "keys.json"
    keys = json.loads(path.read_text())
    keys["accounts"]["primary"]["pacifica"]["agents"] = [agent[0]]
    path.write_text(json.dumps(keys))
    server.restart()

    assert client.post(CANCEL_ALL, OP, everything)[1]["cancelled_count"] == 0
    status, data = FirstClient(server, "secondary", agent).post(CANCEL_ALL, OP, everything)
    assert (status, data["error"]) == (400, "Agent not authorized for account")
