"""One day at Kraken Futures, heard by unmodified ccxt.pro on its WebSocket, feed by feed.

Partial fill, edit, a trigger that fires, the button, a dead man's switch that nobody held,
a server that falls and comes back, and a liquidation.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import aiohttp
import ccxt
import ccxt.pro
import pytest

from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import PATIENCE_S, traceback_in

SYMBOL: Final = "BTC/USD:USD"
ETHER: Final = "ETH/USD:USD"
FEEDS: Final[dict[str, tuple[Any, ...]]] = {  # everything that ccxt.pro can watch, and of what
    "watchOrders": (),
    "watchMyTrades": (),
    "watchBalance": ({"account": "flex_futures"},),
    "watchPositions": (),
    "watchOrderBook": (SYMBOL,),
    "watchOrderBookForSymbols": ([SYMBOL, ETHER],),
    "watchTicker": (SYMBOL,),
    "watchTickers": ([SYMBOL, ETHER],),
    "watchBidsAsks": ([SYMBOL],),
    "watchTrades": (SYMBOL,),
    "watchTradesForSymbols": ([SYMBOL, ETHER],),
}
NO_FEED: Final = {"ws": "a feature and not a feed"}


class Ears:
    """All feeds of one client at once: what each said last, and all that it said."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._news = asyncio.Condition()
        self._is_up = asyncio.Event()
        self._is_up.set()
        self.down = 0  # feeds that have heard that the server is gone
        self.heard: dict[str, list[Any]] = {name: [] for name in FEEDS}
        self._tasks = [asyncio.create_task(self._listen(name)) for name in FEEDS]

    async def _listen(self, name: str) -> None:
        watch = getattr(self._client, name)
        while True:
            await self._is_up.wait()
            try:
                told = deepcopy(await watch(*FEEDS[name]))
            except ccxt.NetworkError:
                async with self._news:
                    self._is_up.clear()  # until somebody says that the server is back
                    self.down += 1
                    self._news.notify_all()
                continue
            async with self._news:
                self.heard[name].append(told)
                self._news.notify_all()

    async def until(self, is_it: Callable[[], bool]) -> None:
        """Wait for the feeds to make it true."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(is_it)

    def last(self, name: str) -> Any:
        """What a feed said last."""
        return self.heard[name][-1]

    def said(self, name: str, **wanted: object) -> bool:
        """Whether any entry that a feed ever told has all that is wanted."""
        entries = [entry for told in self.heard[name] for entry in told]
        if name == "watchOrders":  # what is canceled is marked there, and not always told again
            entries += self._client.orders
        return any(wanted.items() <= {**it["info"], **it}.items() for it in entries)

    def back(self) -> None:
        """The server is up again: forget the past, and listen."""
        for told in self.heard.values():
            told.clear()
        self.down = 0
        self._is_up.set()

    async def close(self) -> None:
        """Listen no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Day:
    """A quiet venue with virtual time, its two accounts, and what the first hears."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client, self.other = (
            ccxt_client(ccxt.pro, server, account) for account in ("primary", "secondary")
        )

    async def begin(self) -> None:
        """Every feed is subscribed to and has said something, or has nothing to say yet."""
        for each in (self.client, self.other):
            await each.load_markets()
        # Something to tell on each feed from the beginning: a trade, and a level on each side.
        await self.other.create_order(SYMBOL, "limit", "sell", 0.001, 95_000)
        await self.client.create_order(SYMBOL, "limit", "buy", 0.001, 95_000)
        await self.client.create_order(ETHER, "limit", "buy", 0.3, 2_900)
        await self.other.create_order(SYMBOL, "limit", "sell", 5, 96_000)
        self.ears = Ears(self.client)
        await self.ears.until(lambda: all(self.ears.heard.values()))

    async def admin(self, path: str, **body: object) -> None:
        """What the operator does."""
        url = f"{self.server.base_url}/admin/{path}"
        headers = {"X-Admin-Key": self.server.admin_key}
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, headers=headers, json=body) as answer,
        ):
            assert answer.status == 200, await answer.text()

    async def close(self) -> None:
        """The end of the day."""
        await self.ears.close()
        for each in (self.client, self.other):
            await each.close()


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    """The default world, without a crowd and without limits; market time moves when told to."""
    with Server(tmp_path, clock="virtual") as server:
        day = Day(server)
        await day.begin()
        try:
            yield day
        finally:
            await day.close()
        assert traceback_in(server) == ""


def test_every_feed_that_ccxt_pro_can_watch_is_watched() -> None:
    """A new version of the library may watch more."""
    plain, pro = ccxt.krakenfutures().has, ccxt.pro.krakenfutures().has
    more = {name for name, there in pro.items() if there and not plain.get(name)}

    assert more == set(FEEDS) | set(NO_FEED)


@pytest.mark.timeout(120)
async def test_a_day_is_heard_as_it_happens(day: Day) -> None:
    """Each scene, and what each feed has to say of it."""
    for scene in (partly_filled, edited, fired, button, switched_off, back_again, liquidated):
        await scene(day)


async def partly_filled(day: Day) -> None:
    """Fill, position, balance, public trade, book, tickers."""
    ears, client = day.ears, day.client
    before = ears.last("watchBalance")["USD"]["total"]
    order = await client.create_order(SYMBOL, "limit", "buy", 0.03, 94_000)
    await ears.until(lambda: ears.last("watchOrderBook")["bids"][:1] == [[94_000, 0.03]])
    await day.other.create_order(SYMBOL, "limit", "sell", 0.01, 94_000, {"timeInForce": "ioc"})
    await ears.until(lambda: ears.said("watchMyTrades", order=order["id"], amount=0.01))
    await ears.until(lambda: ears.said("watchOrders", id=order["id"], filled=0.01, remaining=0.02))
    await ears.until(lambda: ears.last("watchPositions")[0]["contracts"] == 0.011)
    await ears.until(lambda: ears.last("watchBalance")["USD"]["total"] < before)
    await ears.until(lambda: ears.said("watchTrades", price=94_000, amount=0.01, side="sell"))
    await ears.until(lambda: ears.last("watchTradesForSymbols")[-1]["amount"] == 0.01)
    await ears.until(lambda: ears.last("watchOrderBook")["bids"][:1] == [[94_000, 0.02]])
    await ears.until(lambda: ears.last("watchTicker")["bid"] == 94_000)
    await ears.until(lambda: ears.last("watchTickers")[SYMBOL]["last"] == 94_000)
    await ears.until(lambda: ears.last("watchBidsAsks")[SYMBOL]["bid"] == 94_000)
    paid = Decimal("0.01") * 94_000 * Decimal("0.0002")
    now = Decimal(str(ears.last("watchBalance")["USD"]["total"]))
    assert Decimal(str(before)) - now == paid
    assert now == Decimal(str((await client.fetch_balance())["total"]["USD"]))


async def edited(day: Day) -> None:
    """The same order at another price."""
    ears, client = day.ears, day.client
    (order,) = [it for it in await client.fetch_open_orders() if it["filled"] == 0.01]
    await client.edit_order(order["id"], SYMBOL, "limit", "buy", 0.02, 93_000)
    await ears.until(lambda: ears.said("watchOrders", id=order["id"], price=93_000))
    await ears.until(lambda: ears.last("watchOrderBook")["bids"] == [[93_000, 0.02]])


async def fired(day: Day) -> None:
    """A stop that a trade reaches: it is gone from the orders, and has bought."""
    ears, client = day.ears, day.client
    stop = await client.create_order(SYMBOL, "market", "buy", 0.02, None, {"triggerPrice": 95_990})
    await ears.until(lambda: ears.said("watchOrders", id=stop["id"]))
    await day.other.create_order(SYMBOL, "limit", "sell", 0.001, 95_995)
    await client.create_order(SYMBOL, "limit", "buy", 0.001, 95_995)
    await ears.until(lambda: ears.said("watchOrders", id=stop["id"], reason="stop_order_triggered"))
    await ears.until(lambda: ears.said("watchMyTrades", order=stop["id"], price=96_000))
    await ears.until(lambda: round(ears.last("watchPositions")[0]["contracts"], 3) == 0.032)


async def button(day: Day) -> None:
    """Everything is canceled, and told as canceled, once each."""
    ears, client = day.ears, day.client
    ids = {order["id"] for order in await client.fetch_open_orders()}
    assert ids
    await client.cancel_all_orders()
    await ears.until(
        lambda: all(
            ears.said("watchOrders", id=it, status="canceled", reason="cancelled_by_user")
            for it in ids
        )
    )
    await ears.until(lambda: ears.last("watchOrderBook")["bids"] == [])
    assert await client.fetch_open_orders() == []


async def switched_off(day: Day) -> None:
    """A dead man's switch that is not asked for again."""
    ears, client = day.ears, day.client
    order = await client.create_order(ETHER, "limit", "buy", 0.3, 3_000)
    await client.cancel_all_orders_after(5_000)
    await day.admin("clock/advance", seconds=4)
    assert len(await client.fetch_open_orders()) == 1
    await day.admin("clock/advance", seconds=2)
    await ears.until(lambda: ears.said("watchOrders", id=order["id"], reason="dead_man_switch"))
    assert await client.fetch_open_orders() == []


async def back_again(day: Day) -> None:
    """The server falls and comes back: each feed begins anew, with what there is now."""
    ears, client = day.ears, day.client
    await day.other.cancel_all_orders()
    await asyncio.to_thread(day.server.kill)
    await ears.until(lambda: ears.down == len(FEEDS))
    await asyncio.to_thread(day.server.start)
    ears.back()
    await ears.until(lambda: bool(ears.heard["watchOrderBook"]))
    order = await client.create_order(SYMBOL, "limit", "buy", 0.01, 70_000)
    await ears.until(lambda: ears.said("watchOrders", id=order["id"]))
    await ears.until(lambda: ears.last("watchOrderBook")["bids"] == [[70_000, 0.01]])
    book = await client.fetch_order_book(SYMBOL)
    assert ears.last("watchOrderBook")["asks"] == book["asks"]
    await ears.until(lambda: bool(ears.heard["watchBalance"]))
    now = (await client.fetch_balance())["total"]["USD"]
    await ears.until(lambda: ears.last("watchBalance")["USD"]["total"] == now)


async def liquidated(day: Day) -> None:
    """A position that its wallet cannot carry is closed by the venue, with a fill that says so.

    Orders go first.
    """
    ears, client = day.ears, day.client
    (order,) = await client.fetch_open_orders()
    await day.other.create_order(SYMBOL, "limit", "sell", 45, 95_000)
    await client.create_order(SYMBOL, "limit", "buy", 45, 95_000)
    await ears.until(lambda: ears.last("watchPositions")[0]["contracts"] > 40)
    await day.other.cancel_all_orders()
    await day.other.create_order(SYMBOL, "limit", "buy", 50, 76_000)
    await day.admin("venues/kraken-futures/mark-price", symbol="PF_XBTUSD", price="76000")
    await ears.until(lambda: ears.said("watchOrders", id=order["id"], reason="not_enough_margin"))
    kinds = {"liquidation", "partialLiquidation"}
    await ears.until(
        lambda: any(ears.said("watchMyTrades", side="sell", takerOrMaker=kind) for kind in kinds)
    )
    await ears.until(lambda: ears.said("watchTrades", side="sell", price=76_000))
    positions = await client.fetch_positions([SYMBOL])
    left = sum(it["contracts"] for it in positions)
    assert left < 40
    await ears.until(lambda: sum(it["contracts"] for it in ears.last("watchPositions")) == left)
