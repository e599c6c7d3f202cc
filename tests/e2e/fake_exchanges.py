"""Three exchanges as ccxt's own classes see them: each answers in its REST API's shapes.

They differ in what can be asked: Bitstamp cancels a whole account at once, Binance one symbol at a
time, Luno one order at a time, and its list does not have waiting orders. Source of the shapes: the
public REST references of Bitstamp, Binance Spot and Luno.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NOON_MS: Final = 1_700_000_000_000


class FakeOrder(Struct, kw_only=True):
    """An order at one of them."""

    order_id: str
    name: str
    side: str  # "buy", "sell"
    price: Decimal
    quantity: Decimal
    filled: Decimal = Decimal(0)
    is_open: bool = True

    @property
    def is_filled(self) -> bool:
        """Completely."""
        return self.filled == self.quantity


class FakeExchange:
    """Orders, and what was asked. `lose[path]` answers are made and not sent."""

    routes: Mapping[str, str] = {}  # of methods of this class, by method and path

    def __init__(self) -> None:
        self.orders: dict[str, FakeOrder] = {}
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.lose: dict[str, int] = {}
        self._ids = count(1_001)
        self.base_url = ""

    @property
    def open(self) -> list[FakeOrder]:
        """What stands."""
        return [it for it in self.orders.values() if it.is_open]

    def add(self, side: str, price: str, quantity: str, name: str = "") -> FakeOrder:
        """A new order."""
        order = FakeOrder(
            order_id=str(next(self._ids)),
            name=name,
            side=side,
            price=Decimal(price),
            quantity=Decimal(quantity),
        )
        self.orders[order.order_id] = order
        return order

    def cancel(self, *orders: FakeOrder) -> None:
        """They stand no more."""
        for order in orders:
            order.is_open = False

    def handler(self, name: str) -> Handler:
        """One of our methods, answering over HTTP."""

        async def handle(request: web.Request) -> web.StreamResponse:
            method: Callable[[dict[str, str]], Any] = getattr(self, name)
            self.asked.append(f"{request.method} {request.path}")
            self.headers.append(request.headers)
            said = {**request.query, **await request.post(), **request.match_info}
            status, answer = method({key: str(value) for key, value in said.items()})
            if self.lose.get(request.path, 0) > 0:
                self.lose[request.path] -= 1
                assert request.transport is not None
                request.transport.close()
            return web.json_response(answer, status=status)

        return handle


@asynccontextmanager
async def served(exchange: FakeExchange) -> AsyncIterator[FakeExchange]:
    """At a port of this machine."""
    app = web.Application()
    for where, name in exchange.routes.items():
        method, path = where.split(" ")
        app.router.add_route(method, path, exchange.handler(name))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    exchange.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield exchange
    finally:
        await runner.cleanup()


class Bitstamp(FakeExchange):
    """One call cancels all of an account. Source: Bitstamp HTTP API v2, "Orders"."""

    routes: Mapping[str, str] = {
        "GET /api/v2/markets/": "markets",
        "POST /api/v2/buy/{pair}/": "buy",
        "POST /api/v2/sell/{pair}/": "sell",
        "POST /api/v2/open_orders/all/": "open_orders",
        "POST /api/v2/order_status/": "status",
        "POST /api/v2/cancel_order/": "cancel_one",
        "POST /api/v2/cancel_all_orders/": "cancel_all",
        "POST /api/v2/cancel_all_orders/{pair}/": "cancel_all",
        "POST /api/v2/account_balances/": "balances",
    }

    def markets(self, said: dict[str, str]) -> Any:
        return 200, [
            {
                "name": "BTC/USD",
                "market_symbol": "btcusd",
                "base_currency": "BTC",
                "base_decimals": 8,
                "counter_currency": "USD",
                "counter_decimals": 0,
                "minimum_order_value": "10",
                "trading": "Enabled",
                "instant_order_counter_decimals": 2,
                "instant_and_market_orders": "Enabled",
                "description": "Bitcoin / U.S. dollar",
                "market_type": "SPOT",
            }
        ]

    def buy(self, said: dict[str, str]) -> Any:
        order = self.add("buy", said["price"], said["amount"], said["client_order_id"])
        return 200, self._row(order)

    def sell(self, said: dict[str, str]) -> Any:
        order = self.add("sell", said["price"], said["amount"], said["client_order_id"])
        return 200, self._row(order)

    def open_orders(self, said: dict[str, str]) -> Any:
        rows = [self._row(it) | {"currency_pair": "BTC/USD"} for it in self.open]
        return 200, rows

    def status(self, said: dict[str, str]) -> Any:
        for it in self.orders.values():
            if said.get("id") == it.order_id or said.get("client_order_id") == it.name:
                word = "Open" if it.is_open else "Finished" if it.is_filled else "Canceled"
                row = self._row(it)
                return 200, row | {
                    "status": word,
                    "market": "BTC/USD",
                    "amount_remaining": str(it.quantity - it.filled),
                    "transactions": [],
                }
        return 200, {"status": "error", "reason": "Order not found.", "response_code": "404.002"}

    def cancel_one(self, said: dict[str, str]) -> Any:
        order = self.orders.get(said["id"])
        if order is None or not order.is_open:
            return 200, {"error": "Order not found"}
        self.cancel(order)
        return 200, self._row(order)

    def cancel_all(self, said: dict[str, str]) -> Any:
        gone = self.open
        self.cancel(*gone)
        rows = [self._row(it) | {"currency_pair": "BTC/USD"} for it in gone]
        return 200, {"canceled": rows, "success": True}

    def balances(self, said: dict[str, str]) -> Any:
        row = {"currency": "usd", "total": "100.25", "available": "60.25", "reserved": "40.00"}
        return 200, [row]

    def _row(self, it: FakeOrder) -> dict[str, Any]:
        return {
            "id": it.order_id,
            "datetime": "2026-01-02 03:04:05.000000",
            "type": "0" if it.side == "buy" else "1",
            "price": str(it.price),
            "amount": str(it.quantity),
            "client_order_id": it.name,
        }


class Binance(FakeExchange):
    """One call cancels all of a symbol. Source: Binance Spot API, "Trading endpoints"."""

    routes: Mapping[str, str] = {
        "GET /api/v3/exchangeInfo": "markets",
        "GET /fapi/v1/exchangeInfo": "nothing",
        "GET /dapi/v1/exchangeInfo": "nothing",
        "GET /eapi/v1/exchangeInfo": "nothing",
        "GET /sapi/v1/capital/config/getall": "no_rows",
        "GET /sapi/v1/margin/allPairs": "no_rows",
        "GET /sapi/v1/margin/isolated/allPairs": "no_rows",
        "POST /api/v3/order": "place",
        "GET /api/v3/order": "status",
        "DELETE /api/v3/order": "cancel_one",
        "GET /api/v3/openOrders": "open_orders",
        "DELETE /api/v3/openOrders": "cancel_all",
        "GET /api/v3/account": "account",
    }

    def markets(self, said: dict[str, str]) -> Any:
        filters = [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "stepSize": "0.00001"},
        ]
        market = {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": filters,
            "permissions": [],
            "permissionSets": [["SPOT"]],
        }
        return 200, {"timezone": "UTC", "serverTime": NOON_MS, "symbols": [market]}

    def nothing(self, said: dict[str, str]) -> Any:
        return 200, {"timezone": "UTC", "serverTime": NOON_MS, "symbols": [], "optionSymbols": []}

    def no_rows(self, said: dict[str, str]) -> Any:
        return 200, []

    def place(self, said: dict[str, str]) -> Any:
        name = said["newClientOrderId"]
        order = self.add(said["side"].lower(), said["price"], said["quantity"], name)
        return 200, self._row(order)

    def status(self, said: dict[str, str]) -> Any:
        order = self._find(said)
        if order is None:
            return 400, {"code": -2013, "msg": "Order does not exist."}
        return 200, self._row(order)

    def cancel_one(self, said: dict[str, str]) -> Any:
        order = self._find(said)
        if order is None or not order.is_open:
            return 400, {"code": -2011, "msg": "Unknown order sent."}
        self.cancel(order)
        return 200, self._row(order)

    def open_orders(self, said: dict[str, str]) -> Any:
        return 200, [self._row(it) for it in self.open]

    def cancel_all(self, said: dict[str, str]) -> Any:
        assert said["symbol"] == "BTCUSDT"
        gone = self.open
        if not gone:
            return 400, {"code": -2011, "msg": "Unknown order sent."}
        self.cancel(*gone)
        return 200, [self._row(it) for it in gone]

    def account(self, said: dict[str, str]) -> Any:
        return 200, {"balances": [{"asset": "USDT", "free": "60.25", "locked": "40.00"}]}

    def _find(self, said: dict[str, str]) -> FakeOrder | None:
        for it in self.orders.values():
            if said.get("orderId") == it.order_id or said.get("origClientOrderId") == it.name:
                return it
        return None

    def _row(self, it: FakeOrder) -> dict[str, Any]:
        status = "NEW" if not it.filled else "FILLED" if it.is_filled else "PARTIALLY_FILLED"
        return {
            "symbol": "BTCUSDT",
            "orderId": int(it.order_id),
            "orderListId": -1,
            "clientOrderId": it.name,
            "price": str(it.price),
            "origQty": str(it.quantity),
            "executedQty": str(it.filled),
            "cummulativeQuoteQty": str(it.filled * it.price),
            "status": status if it.is_open or it.is_filled else "CANCELED",
            "timeInForce": "GTC",
            "type": "LIMIT",
            "side": it.side.upper(),
            "stopPrice": "0.0",
            "time": NOON_MS,
            "updateTime": NOON_MS,
        }


class Luno(FakeExchange):
    """One by one, no client's names, waiting orders in no list. Source: Luno API, "Orders"."""

    routes: Mapping[str, str] = {
        "GET /api/exchange/1/markets": "markets",
        "GET /api/1/send/networks": "networks",
        "POST /api/1/postorder": "place",
        "GET /api/1/listorders": "list_orders",
        "GET /api/1/orders/{id}": "status",
        "POST /api/1/stoporder": "cancel_one",
        "GET /api/1/balance": "balance",
    }

    def markets(self, said: dict[str, str]) -> Any:
        market = {
            "market_id": "XBTZAR",
            "trading_status": "ACTIVE",
            "base_currency": "XBT",
            "counter_currency": "ZAR",
            "min_volume": "0.0001",
            "max_volume": "100.00",
            "volume_scale": 4,
            "min_price": "100.00",
            "max_price": "100000000.00",
            "price_scale": 0,
            "fee_scale": 8,
        }
        return 200, {"markets": [market]}

    def networks(self, said: dict[str, str]) -> Any:
        return 200, {"data": []}

    def place(self, said: dict[str, str]) -> Any:
        side = "buy" if said["type"] == "BID" else "sell"
        order = self.add(side, said["price"], said["volume"])
        return 200, {"order_id": order.order_id}

    def list_orders(self, said: dict[str, str]) -> Any:
        wanted = said.get("state")
        rows = [self._row(it) for it in self.orders.values()]
        return 200, {"orders": [it for it in rows if wanted in (None, it["state"])]}

    def status(self, said: dict[str, str]) -> Any:
        order = self.orders.get(said["id"])
        if order is None:
            return 404, {"error": "not found", "error_code": "ErrNotFound"}
        return 200, self._row(order)

    def cancel_one(self, said: dict[str, str]) -> Any:
        order = self.orders.get(said["order_id"])
        if order is None or not order.is_open:
            return 200, {"success": False}
        self.cancel(order)
        return 200, {"success": True}

    def balance(self, said: dict[str, str]) -> Any:
        row = {"account_id": "7", "asset": "ZAR", "balance": "100.25", "reserved": "40.00"}
        return 200, {"balance": [row | {"unconfirmed": "0.00"}]}

    def _row(self, it: FakeOrder) -> dict[str, Any]:
        return {
            "order_id": it.order_id,
            "creation_timestamp": NOON_MS,
            "expiration_timestamp": 0,
            "completed_timestamp": 0 if it.is_open else NOON_MS,
            "type": "BID" if it.side == "buy" else "ASK",
            "state": "PENDING" if it.is_open else "COMPLETE",
            "limit_price": str(it.price),
            "limit_volume": str(it.quantity),
            "base": str(it.filled),
            "counter": str(it.filled * it.price),
            "fee_base": "0.00",
            "fee_counter": "0.00",
            "pair": "XBTZAR",
        }
