"""Unmodified ccxt.pro sees on its WebSocket what happens, in the order in which it happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import ccxt.pro
import pytest

from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import PATIENCE_S, traceback_in

SYMBOL: Final = "BTC/USD:USD"
T = TypeVar("T")


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[tuple[Any, Any]]:
    """Both accounts, connected to a quiet venue."""
    with Server(tmp_path) as server:
        both = [ccxt_client(ccxt.pro, server, account) for account in ("primary", "secondary")]
        try:
            for client in both:
                await client.load_markets()
            yield both[0], both[1]
        finally:
            for client in both:
                await client.close()
        assert traceback_in(server) == ""


async def until(watch: Callable[[], Awaitable[T]], is_it: Callable[[T], bool]) -> T:
    """Watch until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            seen = await watch()
            if is_it(seen):
                return seen


async def test_an_order_is_seen_from_its_first_moment_to_the_button(
    clients: tuple[Any, Any],
) -> None:
    """Placed, partly filled, canceled with everything else."""
    client, other = clients
    first = await client.create_order(SYMBOL, "limit", "buy", 0.01, 90_000)
    snapshot = await client.watch_orders()
    assert [order["id"] for order in snapshot] == [first["id"]]

    watching = asyncio.ensure_future(
        until(lambda: client.watch_orders(SYMBOL), lambda orders: orders[-1]["id"] != first["id"])
    )
    await asyncio.sleep(0)
    second = await client.create_order(SYMBOL, "limit", "buy", 0.02, 94_000)
    seen = (await watching)[-1]
    assert (seen["id"], seen["price"], seen["remaining"]) == (second["id"], 94_000, 0.02)

    watching = asyncio.ensure_future(
        until(lambda: client.watch_orders(SYMBOL), lambda orders: orders[-1]["filled"] == 0.005)
    )
    await asyncio.sleep(0)
    await other.create_order(SYMBOL, "limit", "sell", 0.005, 94_000, {"timeInForce": "ioc"})
    assert (await watching)[-1]["id"] == second["id"]

    canceled: set[str] = set()

    def note(orders: list[Any]) -> bool:
        canceled.update(order["id"] for order in orders if order["status"] == "canceled")
        return canceled == {first["id"], second["id"]}

    watching = asyncio.ensure_future(until(lambda: client.watch_orders(), note))
    await asyncio.sleep(0)
    await client.cancel_all_orders()
    await watching
    assert await client.fetch_open_orders() == []


async def test_the_book_is_followed_level_by_level(clients: tuple[Any, Any]) -> None:
    """A level appears, grows, shrinks and is gone; the client's book is the venue's."""
    client, other = clients
    await other.create_order(SYMBOL, "limit", "sell", 0.03, 96_000)
    book = await client.watch_order_book(SYMBOL)
    assert (book["bids"], book["asks"]) == ([], [[96_000, 0.03]])

    steps: list[tuple[Callable[[], Awaitable[Any]], list[list[float]]]] = [
        (lambda: client.create_order(SYMBOL, "limit", "buy", 0.01, 94_000), [[94_000, 0.01]]),
        (lambda: client.create_order(SYMBOL, "limit", "buy", 0.02, 94_000), [[94_000, 0.03]]),
        (
            lambda: other.create_order(
                SYMBOL, "limit", "sell", 0.015, 94_000, {"timeInForce": "ioc"}
            ),
            [[94_000, 0.015]],
        ),
        (lambda: client.cancel_all_orders(SYMBOL), []),
    ]
    for act, bids in steps:
        await act()
        book = await until(
            lambda: client.watch_order_book(SYMBOL),
            lambda book, bids=bids: book["bids"] == bids,  # type: ignore[misc]
        )
        assert book["asks"] == [[96_000, 0.03]]
    assert (await client.fetch_order_book(SYMBOL))["asks"] == book["asks"]


async def test_trades_are_seen_by_all_and_fills_by_their_owner(clients: tuple[Any, Any]) -> None:
    """One trade; two fills, each with its own side."""
    client, other = clients
    await client.create_order(SYMBOL, "limit", "buy", 0.02, 94_000)
    await other.create_order(SYMBOL, "limit", "sell", 0.005, 94_000, {"timeInForce": "ioc"})
    (first,) = await client.watch_trades(SYMBOL)
    (fill,) = await client.watch_my_trades(SYMBOL)
    assert (first["side"], first["amount"], first["price"]) == ("sell", 0.005, 94_000)
    assert (fill["side"], fill["amount"], fill["price"]) == ("buy", 0.005, 94_000)

    trades = asyncio.ensure_future(client.watch_trades(SYMBOL))
    mine = asyncio.ensure_future(client.watch_my_trades(SYMBOL))
    await asyncio.sleep(0)
    await other.create_order(SYMBOL, "limit", "sell", 0.007, 94_000, {"timeInForce": "ioc"})
    async with asyncio.timeout(PATIENCE_S):
        assert (await trades)[-1]["amount"] == 0.007
        told = (await mine)[-1]
    assert (told["side"], told["amount"], told["takerOrMaker"]) == ("buy", 0.007, "maker")
    theirs = await other.watch_my_trades(SYMBOL)
    assert {it["side"] for it in theirs} == {"sell"}
    assert {it["id"] for it in theirs} == {fill["id"], told["id"]}
