"""Unmodified ccxt against the venue: only `urls` differ from the real service."""

from collections.abc import Iterator
from pathlib import Path

import ccxt
import ccxt.async_support
import pytest

from openvenue.testing.server import Server
from tests.e2e.futures_clients import Ccxt, ccxt_client
from tests.e2e.futures_scene import play
from tests.e2e.signed_client import traceback_in


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits: an exact scene."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


async def test_sixty_orders_and_the_button_with_blocking_ccxt(server: Server) -> None:
    """Markets, orders, a kill in the middle, cancels by symbol and of all, money to the atom."""
    primary, secondary = (
        Ccxt(ccxt_client(ccxt, server, account)) for account in ("primary", "secondary")
    )
    await play(server, primary, secondary)


async def test_sixty_orders_and_the_button_with_async_ccxt(server: Server) -> None:
    """The same scene, through the other half of the library."""
    clients = [
        ccxt_client(ccxt.async_support, server, account) for account in ("primary", "secondary")
    ]
    try:
        await play(server, *(Ccxt(client) for client in clients))
    finally:
        for client in clients:
            await client.close()


def test_refusals_arrive_as_the_exceptions_that_bots_catch(server: Server) -> None:
    """Bots are written around these: what is refused, and what cannot be paid for."""
    client = ccxt_client(ccxt, server, "primary")
    symbol = "BTC/USD:USD"

    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("11111111-2222-4333-8444-555555555555")
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(symbol, "limit", "buy", 200, 90_000)
    client.create_order(symbol, "limit", "sell", 0.01, 95_100)
    other = ccxt_client(ccxt, server, "secondary")
    other.load_markets()
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        other.create_order(symbol, "limit", "buy", 0.01, 95_200, {"postOnly": True})
    client.cancel_all_orders()
    client.secret = other.secret
    with pytest.raises(ccxt.AuthenticationError):
        client.fetch_open_orders()


def test_one_account_sees_and_cancels_nothing_of_the_other(server: Server) -> None:
    """Not by id, not by name, not with the button."""
    mine, other = (ccxt_client(ccxt, server, account) for account in ("primary", "secondary"))
    order = mine.create_order(
        "BTC/USD:USD", "limit", "buy", 0.01, 90_000, {"clientOrderId": "shared-name"}
    )

    assert other.fetch_open_orders() == []
    with pytest.raises(ccxt.OrderNotFound):
        other.cancel_order(order["id"])
    with pytest.raises(ccxt.OrderNotFound):
        other.cancel_order("", params={"cliOrdId": "shared-name"})
    other.cancel_all_orders()
    other.cancel_all_orders_after(0)

    assert [it["id"] for it in mine.fetch_open_orders()] == [order["id"]]
