"""Client libraries as their users have them, with another address and nothing else."""

import inspect
from decimal import Decimal
from typing import Any, Final

from kraken.futures import Market, Trade, User

from openvenue.testing.server import Server
from tests.e2e.futures_scene import Contract, Planned, Raw, number

REAL: Final = "https://futures.kraken.com"


def ccxt_client(kind: Any, server: Server, account: str) -> Any:
    """A `krakenfutures` of ccxt, ccxt.async_support or ccxt.pro, with `urls` changed."""
    keys = server.keys(account)
    settings = {
        "apiKey": keys.api_key,
        "secret": keys.api_secret,
        "enableRateLimit": False,
        "enableLastJsonResponse": True,
    }
    client = kind.krakenfutures(settings)
    client.urls["api"] = {
        name: server.ws_url if name == "ws" else url.replace(REAL, server.base_url)
        for name, url in client.urls["api"].items()
    }
    return client


async def settled(value: Any) -> Any:
    """The value, whether it is there or to be awaited."""
    return await value if inspect.isawaitable(value) else value


class Ccxt:
    """The unified interface of ccxt, blocking or not."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def place(self, order: Planned) -> Raw:
        parameters: dict[str, object] = {}
        if order.kind == "post":
            parameters["postOnly"] = True
        elif order.kind == "ioc":
            parameters["timeInForce"] = "ioc"
        elif order.kind == "take_profit":
            parameters["takeProfitPrice"] = float(order.stop or 0)
        elif order.kind == "stp":
            name = "stopLossPrice" if order.reduce_only else "triggerPrice"
            parameters[name] = float(order.stop or 0)
        if order.reduce_only:
            parameters["reduceOnly"] = True
        placed = await settled(
            self.client.create_order(
                *(order.contract.unified, "limit", order.side),
                *(float(order.size), float(order.limit), parameters),
            )
        )
        status: Raw = placed["info"]
        return status

    async def cancel_all(self, contract: Contract | None = None) -> set[str]:
        symbol = None if contract is None else contract.unified
        canceled = await settled(self.client.cancel_all_orders(symbol))
        # What the library makes of it is its first order, once for each; the answer has them all.
        status = self.client.last_json_response["cancelStatus"]
        ids = {order["order_id"] for order in status["cancelledOrders"]}
        assert len(canceled) == len(ids) == len(status["orderEvents"])
        return ids

    async def open_orders(self) -> list[Raw]:
        return [it["info"] for it in await settled(self.client.fetch_open_orders())]

    async def fills(self) -> list[Raw]:
        raw = await settled(self.client.privateGetFills())
        trades = await settled(self.client.fetch_my_trades())
        told: list[Raw] = raw["fills"]
        assert {trade["id"] for trade in trades} == {fill["fill_id"] for fill in told}
        return told

    async def positions(self) -> list[Raw]:
        positions = await settled(self.client.fetch_positions())
        for position in positions:
            assert number(position["contracts"]) == number(position["info"]["size"])
        return [position["info"] for position in positions]

    async def wallets(self) -> Raw:
        balance = await settled(self.client.fetch_balance())
        wallets: Raw = balance["info"]["accounts"]
        usd = wallets["flex"]["currencies"]["USD"]
        assert number(balance["total"]["USD"]) == number(usd["quantity"])
        assert number(balance["free"]["USD"]) == number(usd["available"])
        return wallets

    async def markets(self) -> set[str]:
        markets = await settled(self.client.load_markets())
        return {market["id"] for market in markets.values()}

    async def best(self, contract: Contract) -> tuple[Decimal | None, Decimal | None]:
        book = await settled(self.client.fetch_order_book(contract.unified))
        ticker = await settled(self.client.fetch_ticker(contract.unified))
        bid, ask = number(book["bids"][0][0]), number(book["asks"][0][0])
        assert (number(ticker["bid"]), number(ticker["ask"])) == (bid, ask)
        return bid, ask

    async def mark(self, contract: Contract) -> Decimal:
        tickers = await settled(self.client.fetch_tickers([contract.unified]))
        return number(tickers[contract.unified]["info"]["markPrice"])


class KrakenSdk:
    """The clients of python-kraken-sdk."""

    def __init__(self, server: Server, account: str) -> None:
        keys = server.keys(account)
        key, secret, url = keys.api_key, keys.api_secret, server.base_url
        self.trade = Trade(key=key, secret=secret, url=url)
        self.user = User(key=key, secret=secret, url=url)
        self.market = Market(url=url)

    async def place(self, order: Planned) -> Raw:
        optional: dict[str, Any] = {}
        if order.stop is not None:
            optional.update(stopPrice=str(order.stop), triggerSignal="last")
        if order.reduce_only:
            optional["reduceOnly"] = True
        answer = self.trade.create_order(
            orderType=order.kind,
            size=str(order.size),
            symbol=order.contract.symbol,
            side=order.side,
            limitPrice=str(order.limit),
            **optional,
        )
        status: Raw = answer["sendStatus"]
        return status

    async def cancel_all(self, contract: Contract | None = None) -> set[str]:
        symbol = None if contract is None else contract.symbol
        status = self.trade.cancel_all_orders(symbol=symbol)["cancelStatus"]
        told = status["cancelledOrders"]
        assert status["cancelOnly"] == (symbol or "all")
        assert status["status"] == ("cancelled" if told else "noOrdersToCancel")
        assert len(status["orderEvents"]) == len(told)
        return {it["order_id"] for it in told}

    async def open_orders(self) -> list[Raw]:
        orders: list[Raw] = self.user.get_open_orders()["openOrders"]
        return orders

    async def fills(self) -> list[Raw]:
        fills: list[Raw] = self.trade.get_fills()["fills"]
        return fills

    async def positions(self) -> list[Raw]:
        positions: list[Raw] = self.user.get_open_positions()["openPositions"]
        return positions

    async def wallets(self) -> Raw:
        wallets: Raw = self.user.get_wallets()["accounts"]
        return wallets

    async def markets(self) -> set[str]:
        return {it["symbol"] for it in self.market.get_instruments()["instruments"]}

    async def best(self, contract: Contract) -> tuple[Decimal | None, Decimal | None]:
        book = self.market.get_orderbook(symbol=contract.symbol)["orderBook"]
        ticker = self._ticker(contract)
        bid, ask = number(book["bids"][0][0]), number(book["asks"][0][0])
        assert (number(ticker["bid"]), number(ticker["ask"])) == (bid, ask)
        return bid, ask

    async def mark(self, contract: Contract) -> Decimal:
        return number(self._ticker(contract)["markPrice"])

    def _ticker(self, contract: Contract) -> Raw:
        tickers = self.market.get_tickers()["tickers"]
        found: Raw = next(it for it in tickers if it["symbol"] == contract.symbol)
        return found
