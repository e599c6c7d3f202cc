"""Whatever ccxt says that it can do at Kraken Futures is done here, and its answer is checked.

The list is ccxt's own (`has`): a method that is neither checked nor excused by a reason fails the
test. Figures are worked out from what was done, in decimals.
"""

import json
import urllib.request
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import ccxt
import pytest

from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import traceback_in

SYMBOL: Final = "BTC/USD:USD"
INVERSE: Final = "BTC/USD:BTC"
ETHER: Final = "ETH/USD:USD"
TAKER: Final = Decimal("0.0005")
BOUGHT: Final = Decimal("0.01")
SOLD: Final = Decimal("0.004")
# Of the default world's schedule: from, to, maintenance rate, leverage.
TIERS: Final = [
    (0, 500_000, Decimal("0.01"), 50),
    (500_000, 2_000_000, Decimal("0.02"), 25),
    (2_000_000, 5_000_000, Decimal("0.05"), 10),
    (5_000_000, 10_000_000, Decimal("0.1"), 5),
    (10_000_000, 30_000_000, Decimal("0.15"), pytest.approx(1 / 0.3)),
    (30_000_000, None, Decimal("0.25"), 2),
]

# What `has` says is there, and is not: reasons.
NO_CALL: Final = {
    **dict.fromkeys(
        ("publicAPI", "privateAPI", "sandbox", "swap", "future"), "a feature and not a method"
    ),
    "fetchCurrenciesWs": "ccxt has no such method for this venue",
}


class Scene:
    """Two accounts that have traded, and what the first must find."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client, self.other = (
            ccxt_client(ccxt, server, account) for account in ("primary", "secondary")
        )
        for each in (self.client, self.other):
            each.load_markets()
        self.start = dec(self.client.fetch_balance()["total"]["USD"])
        self.made = self.other.create_order(SYMBOL, "limit", "sell", 0.02, 95_000)["id"]
        self.bought = self.client.create_order(SYMBOL, "limit", "buy", 0.01, 95_000)["id"]
        self.canceled = self.client.create_order(SYMBOL, "limit", "buy", 0.01, 94_000)["id"]
        self.client.cancel_order(self.canceled, SYMBOL)
        self.other.create_order(SYMBOL, "limit", "buy", 0.01, 94_990)
        self.sold = self.client.create_order(
            *(SYMBOL, "limit", "sell", 0.004, 94_990, {"timeInForce": "ioc"})
        )["id"]
        self.fees = [BOUGHT * 95_000 * TAKER, SOLD * 94_990 * TAKER]
        self.profit = SOLD * (94_990 - 95_000)

    def open_ids(self) -> set[str]:
        """What the first account has open now."""
        return {order["id"] for order in self.client.fetch_open_orders()}

    def hour(self) -> int:
        """An hour of market time passes; the time then, in nanoseconds."""
        request = urllib.request.Request(
            f"{self.server.base_url}/admin/clock/advance",
            method="POST",
            data=b'{"seconds": 3600}',
            headers={"X-Admin-Key": self.server.admin_key},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(json.load(answer)["now"])

    def clean(self) -> None:
        """Nothing of the first account is open."""
        self.client.cancel_all_orders()
        assert self.open_ids() == set()


def dec(value: Any) -> Any:
    """A number of the client, as it is written: a Decimal, also to compare in pairs."""
    return Decimal(str(value))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The default world, without a crowd and without limits; market time moves when told to."""
    directory: Path = tmp_path_factory.mktemp("has")
    with Server(directory, clock="virtual") as server:
        yield Scene(server)
        assert traceback_in(server) == ""


def placed(scene: Scene, order: Any, **wanted: object) -> None:
    """Whether an order stands as it was asked for; then it is taken back."""
    (told,) = [it for it in scene.client.fetch_open_orders() if it["id"] == order["id"]]
    for name, value in wanted.items():
        assert told["info"][name] == value, (name, told["info"])
    assert told["symbol"] == SYMBOL
    scene.clean()


def create_order(scene: Scene) -> None:
    order = scene.client.create_order(
        SYMBOL, "limit", "buy", 0.01, 90_000, {"clientOrderId": "mine"}
    )
    assert (order["status"], order["clientOrderId"]) == ("open", "mine")
    assert (dec(order["amount"]), order["side"]) == (BOUGHT, "buy")
    placed(scene, order, orderType="lmt", limitPrice=90_000, unfilledSize=0.01, cliOrdId="mine")


def create_limit_order(scene: Scene) -> None:
    order = scene.client.create_limit_order(SYMBOL, "sell", 0.02, 99_000)
    placed(scene, order, orderType="lmt", side="sell", limitPrice=99_000)


def create_market_order(scene: Scene) -> None:
    """An IOC order with a price one percent away; here and back, so that nothing is left."""
    held = scene.client.fetch_positions([SYMBOL])[0]["contracts"]
    scene.other.create_order(SYMBOL, "limit", "buy", 0.001, 94_995)
    order = scene.client.create_market_order(SYMBOL, "sell", 0.001)
    assert dec(order["filled"]) == Decimal("0.001") and dec(order["average"]) == 94_995
    back = scene.client.create_market_order(SYMBOL, "buy", 0.001)
    assert dec(back["average"]) == 95_000
    assert scene.client.fetch_positions([SYMBOL])[0]["contracts"] == held


def create_orders(scene: Scene) -> None:
    """Two that stand, and one that is refused without harm to them."""
    wanted = [
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": 90_000},
        {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 5_000, "price": 90_000},
        {"symbol": ETHER, "type": "limit", "side": "sell", "amount": 0.3, "price": 3_500},
    ]
    orders = scene.client.create_orders(wanted)
    first, refused, second = sorted(orders, key=lambda order: order["info"]["order_tag"])
    assert (first["status"], refused["status"], second["status"]) == ("open", "rejected", "open")
    assert scene.open_ids() == {first["id"], second["id"]}
    scene.clean()


def create_post_only_order(scene: Scene) -> None:
    order = scene.client.create_post_only_order(SYMBOL, "limit", "buy", 0.01, 90_000)
    placed(scene, order, orderType="post")
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        scene.client.create_post_only_order(SYMBOL, "limit", "buy", 0.01, 95_000)


def create_reduce_only_order(scene: Scene) -> None:
    order = scene.client.create_reduce_only_order(SYMBOL, "limit", "sell", 0.001, 99_000)
    placed(scene, order, reduceOnly=True)


def create_stop_limit_order(scene: Scene) -> None:
    order = scene.client.create_stop_limit_order(SYMBOL, "buy", 0.01, 99_500, 99_000)
    placed(scene, order, orderType="stp", stopPrice=99_000, limitPrice=99_500)


def create_stop_market_order(scene: Scene) -> None:
    order = scene.client.create_stop_market_order(SYMBOL, "buy", 0.01, 99_000)
    placed(scene, order, orderType="stp", stopPrice=99_000)


def create_stop_order(scene: Scene) -> None:
    order = scene.client.create_stop_order(SYMBOL, "limit", "sell", 0.001, 90_000, 91_000)
    placed(scene, order, orderType="stp", stopPrice=91_000, triggerSignal="last")


def create_trigger_order(scene: Scene) -> None:
    order = scene.client.create_trigger_order(
        SYMBOL, "limit", "sell", 0.001, 90_000, 91_000, {"triggerSignal": "mark"}
    )
    placed(scene, order, orderType="stp", stopPrice=91_000, triggerSignal="mark")


def edit_order(scene: Scene) -> None:
    order = scene.client.create_order(SYMBOL, "limit", "buy", 0.01, 90_000)
    edited = scene.client.edit_order(order["id"], SYMBOL, "limit", "buy", 0.02, 90_100)
    assert (edited["id"], edited["status"], edited["side"]) == (order["id"], "open", "buy")
    assert (dec(edited["amount"]), dec(edited["filled"])) == (2 * BOUGHT, 0)
    placed(scene, order, unfilledSize=0.02, limitPrice=90_100)


def cancel_order(scene: Scene) -> None:
    order = scene.client.create_order(SYMBOL, "limit", "buy", 0.01, 90_000)
    assert scene.client.cancel_order(order["id"], SYMBOL)["id"] == order["id"]
    assert scene.open_ids() == set()
    with pytest.raises(ccxt.OrderNotFound):
        scene.client.cancel_order(order["id"], SYMBOL)


def cancel_orders(scene: Scene) -> None:
    ids = [
        scene.client.create_order(SYMBOL, "limit", "buy", 0.01, price)["id"]
        for price in (90_000, 90_001, 90_002)
    ]
    canceled = scene.client.cancel_orders(ids[:2], SYMBOL)
    assert [order["id"] for order in canceled] == ids[:2]
    assert scene.open_ids() == {ids[2]}
    scene.clean()


def cancel_all_orders(scene: Scene) -> None:
    one = scene.client.create_order(SYMBOL, "limit", "buy", 0.01, 90_000)["id"]
    other = scene.client.create_order(ETHER, "limit", "buy", 0.3, 3_000)["id"]
    (canceled,) = scene.client.cancel_all_orders(SYMBOL)
    assert canceled["id"] == one
    assert scene.open_ids() == {other}
    scene.client.cancel_all_orders()
    assert scene.open_ids() == set()


def cancel_all_orders_after(scene: Scene) -> None:
    """Milliseconds; armed and disarmed, so that nothing of the scene goes."""
    armed = scene.client.cancel_all_orders_after(60_000)
    assert armed["status"]["triggerTime"] > armed["status"]["currentTime"]
    assert scene.client.cancel_all_orders_after(0)["status"]["triggerTime"] == "0"


def fetch_open_orders(scene: Scene) -> None:
    order = scene.client.create_order(SYMBOL, "limit", "buy", 0.01, 90_000)
    (told,) = scene.client.fetch_open_orders(SYMBOL)
    assert (told["id"], told["status"], told["side"]) == (order["id"], "open", "buy")
    assert (dec(told["amount"]), dec(told["remaining"]), dec(told["filled"])) == (BOUGHT, BOUGHT, 0)
    assert scene.client.fetch_open_orders(ETHER) == []
    scene.clean()


def fetch_order(scene: Scene) -> None:
    order = scene.client.create_order(SYMBOL, "limit", "buy", 0.01, 90_000)
    told = scene.client.fetch_order(order["id"], SYMBOL)
    assert (told["id"], told["status"], dec(told["amount"])) == (order["id"], "open", BOUGHT)
    scene.clean()
    assert scene.client.fetch_order(order["id"], SYMBOL)["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        scene.client.fetch_order("11111111-2222-4333-8444-555555555555", SYMBOL)


def fetch_orders(scene: Scene) -> None:
    order = scene.client.create_order(SYMBOL, "limit", "buy", 0.01, 90_000)
    assert order["id"] in {told["id"] for told in scene.client.fetch_orders()}
    (told,) = scene.client.fetch_orders(params={"orderIds": [order["id"]]})
    assert (told["id"], told["status"], dec(told["amount"])) == (order["id"], "open", BOUGHT)
    scene.clean()


def fetch_closed_orders(scene: Scene) -> None:
    closed = {it["id"]: it for it in scene.client.fetch_closed_orders(SYMBOL)}
    assert {scene.bought, scene.sold} <= set(closed)
    assert scene.canceled not in closed
    assert (closed[scene.sold]["side"], dec(closed[scene.sold]["filled"])) == ("sell", SOLD)


def fetch_canceled_orders(scene: Scene) -> None:
    canceled = {it["id"]: it["status"] for it in scene.client.fetch_canceled_orders(SYMBOL)}
    assert canceled[scene.canceled] == "canceled"
    assert scene.bought not in canceled


def fetch_my_trades(scene: Scene) -> None:
    trades = {it["order"]: it for it in scene.client.fetch_my_trades(SYMBOL)}
    bought = trades[scene.bought]
    assert (bought["side"], bought["takerOrMaker"]) == ("buy", "taker")
    assert (dec(bought["price"]), dec(bought["amount"])) == (95_000, BOUGHT)
    made = {it["order"]: it for it in scene.other.fetch_my_trades(SYMBOL)}[scene.made]
    assert made["takerOrMaker"] == "maker"


def fetch_trades(scene: Scene) -> None:
    trades = scene.client.fetch_trades(SYMBOL)
    assert [(it["side"], dec(it["price"]), dec(it["amount"])) for it in trades[:2]] == [
        ("buy", 95_000, BOUGHT),
        ("sell", 94_990, SOLD),
    ]


def fetch_ledger(scene: Scene) -> None:
    """The cash leg of each trade, with what it gained and what it cost."""
    rows = [it for it in scene.client.fetch_ledger(params={"sort": "asc"}) if it["type"] == "trade"]
    assert [dec(it["fee"]["cost"]) for it in rows[:2]] == scene.fees
    change = dec(rows[1]["amount"]) * (1 if rows[1]["direction"] == "in" else -1)
    assert change == scene.profit
    assert dec(rows[0]["before"]) == scene.start


def fetch_balance(scene: Scene) -> None:
    """Totals of each wallet, by what ccxt calls it."""
    ledger = scene.client.fetch_ledger(params={"sort": "asc"})
    dollars = [it for it in ledger if it["account"] == "flex" and it["currency"] == "USD"]
    assert dec(scene.client.fetch_balance()["total"]["USD"]) == dec(dollars[-1]["after"])
    cash = scene.client.fetch_balance({"type": "cash"})
    assert dec(cash["total"]["USD"]) == 1_000_000
    coins = scene.client.fetch_balance({"type": "fi_xbtusd"})
    assert dec(coins["total"]["BTC"]) == 20


def fetch_positions(scene: Scene) -> None:
    (position,) = scene.client.fetch_positions([SYMBOL])
    assert (position["side"], dec(position["contracts"])) == ("long", BOUGHT - SOLD)
    assert dec(position["entryPrice"]) == 95_000


def fetch_positions_history(scene: Scene) -> None:
    """A position of the other account in ether is opened and closed."""
    scene.client.create_order(ETHER, "limit", "sell", 0.5, 3_200)
    scene.other.create_order(ETHER, "limit", "buy", 0.3, 3_200, {"timeInForce": "ioc"})
    scene.client.create_order(ETHER, "limit", "buy", 0.3, 3_199)
    scene.other.create_order(ETHER, "limit", "sell", 0.3, 3_199, {"timeInForce": "ioc"})
    (closed,) = scene.other.fetch_positions_history([ETHER])
    assert closed["symbol"] == ETHER
    assert dec(closed["info"]["realizedPnL"]) == Decimal("-0.3")
    scene.clean()


def fetch_markets(scene: Scene) -> None:
    markets = {it["symbol"]: it for it in scene.client.fetch_markets()}
    linear, inverse = markets[SYMBOL], markets[INVERSE]
    assert (linear["id"], linear["linear"], linear["settle"]) == ("PF_XBTUSD", True, "USD")
    assert (inverse["id"], inverse["inverse"], inverse["settle"]) == ("PI_XBTUSD", True, "BTC")
    assert dec(linear["precision"]["price"]) == 1
    assert dec(linear["precision"]["amount"]) == Decimal("0.0001")
    assert any(it["type"] == "future" and it["expiry"] for it in markets.values())


def fetch_ticker(scene: Scene) -> None:
    ticker = scene.client.fetch_ticker(SYMBOL)
    assert (dec(ticker["bid"]), dec(ticker["ask"])) == (94_990, 95_000)
    assert dec(ticker["open"]) == 95_000
    assert dec(ticker["last"]) == dec(ticker["close"]) in (94_990, 94_995, 95_000)
    volume, raw = dec(ticker["baseVolume"]), ticker["info"]
    assert volume >= BOUGHT + SOLD
    assert volume * 94_990 <= dec(raw["volumeQuote"]) <= volume * 95_000
    assert 94_990 <= dec(raw["vwap24h"]) <= 95_000
    assert (dec(raw["high24h"]), dec(raw["low24h"])) == (95_000, 94_990)
    assert dec(ticker["info"]["markPrice"]) > 0


def fetch_tickers(scene: Scene) -> None:
    tickers = scene.client.fetch_tickers([SYMBOL, INVERSE])
    assert set(tickers) == {SYMBOL, INVERSE}
    assert dec(tickers[SYMBOL]["bid"]) == 94_990
    assert set(scene.client.fetch_tickers()) == set(scene.client.symbols)


def fetch_order_book(scene: Scene) -> None:
    book = scene.client.fetch_order_book(SYMBOL)
    assert dec(book["asks"][0][0]) == 95_000
    assert dec(book["bids"][0][0]) == 94_990


def fetch_l2_order_book(scene: Scene) -> None:
    book = scene.client.fetch_l2_order_book(SYMBOL)
    assert book["bids"] == scene.client.fetch_order_book(SYMBOL)["bids"]


def candles_of(scene: Scene, candles: list[Any]) -> None:
    """Index and mark did not move far: nobody moved the index."""
    assert candles and all(0 < dec(it[3]) <= dec(it[2]) for it in candles)


def fetch_ohlcv(scene: Scene) -> None:
    candles = scene.client.fetch_ohlcv(SYMBOL, "1d")
    assert sum(dec(it[5]) for it in candles) >= BOUGHT + SOLD
    assert (dec(candles[0][1]), dec(max(it[2] for it in candles))) == (95_000, 95_000)
    assert dec(min(it[3] for it in candles)) == 94_990


def fetch_index_ohlcv(scene: Scene) -> None:
    candles = scene.client.fetch_index_ohlcv(SYMBOL, "1h")
    candles_of(scene, candles)
    assert {dec(it[4]) for it in candles} == {95_000}


def fetch_mark_ohlcv(scene: Scene) -> None:
    candles_of(scene, scene.client.fetch_mark_ohlcv(SYMBOL, "1h"))


def fetch_trading_fees(scene: Scene) -> None:
    fees = scene.client.fetch_trading_fees()
    assert set(fees) == set(scene.client.symbols)
    assert (fees[SYMBOL]["maker"], fees[SYMBOL]["taker"]) == (0.0002, 0.0005)


def fetch_trading_fee(scene: Scene) -> None:
    fee = scene.client.fetch_trading_fee(SYMBOL)
    assert (fee["symbol"], fee["maker"], fee["taker"]) == (SYMBOL, 0.0002, 0.0005)


def fetch_leverage_tiers(scene: Scene) -> None:
    tiers = scene.client.fetch_leverage_tiers([SYMBOL])[SYMBOL]
    told = [
        (it["minNotional"], it["maxNotional"], dec(it["maintenanceMarginRate"]), it["maxLeverage"])
        for it in tiers
    ]
    assert told == TIERS


def fetch_market_leverage_tiers(scene: Scene) -> None:
    assert (
        scene.client.fetch_market_leverage_tiers(SYMBOL)
        == (scene.client.fetch_leverage_tiers([SYMBOL])[SYMBOL])
    )


def transfer(scene: Scene) -> None:
    """Between wallets, and out to where spot is, which takes cash alone."""
    cash = dec(scene.client.fetch_balance({"type": "cash"})["total"]["USD"])
    flex = dec(scene.client.fetch_balance()["total"]["USD"])
    moved = scene.client.transfer("USD", 250, "future", "flex")
    assert (moved["status"], moved["currency"], moved["amount"]) == ("success", "USD", 250)
    assert dec(scene.client.fetch_balance()["total"]["USD"]) == flex + 250
    scene.client.transfer("USD", 250, "flex", "future")
    assert dec(scene.client.fetch_balance({"type": "cash"})["total"]["USD"]) == cash
    with pytest.raises(ccxt.InsufficientFunds):
        scene.client.transfer("USD", 10**9, "future", "flex")
    out = scene.client.transfer_out("USD", 100)
    assert out["status"] == "success"
    assert dec(scene.client.fetch_balance({"type": "cash"})["total"]["USD"]) == cash - 100
    (row,) = [
        it for it in scene.client.fetch_ledger() if it["info"]["info"] == "cross-exchange transfer"
    ]
    assert (row["direction"], dec(row["amount"]), row["account"]) == ("out", 100, "cash")


def fetch_funding_rate_history(scene: Scene) -> None:
    """Two hours pass with the book a little below the index, and a rate is paid for each."""
    hour = scene.hour()
    scene.hour()
    rates = scene.client.fetch_funding_rate_history(SYMBOL)
    assert len(rates) >= 2
    assert [it["timestamp"] for it in rates] == sorted(it["timestamp"] for it in rates)
    assert all(it["timestamp"] % 3_600_000 == 0 for it in rates)
    assert dec(rates[-1]["fundingRate"]) < 0, hour


def fetch_funding_rate(scene: Scene) -> None:
    """What the ticker has, as a share of the price."""
    rate = scene.client.fetch_funding_rate(SYMBOL)
    raw = rate["info"]
    assert rate["symbol"] == SYMBOL
    assert abs(rate["fundingRate"] - float(raw["fundingRate"]) / float(raw["markPrice"])) < 1e-12


def fetch_funding_rates(scene: Scene) -> None:
    rates = scene.client.fetch_funding_rates([SYMBOL, INVERSE])
    assert set(rates) == {SYMBOL, INVERSE}
    for symbol in (SYMBOL, INVERSE):
        rate, raw = rates[symbol], scene.client.fetch_ticker(symbol)["info"]
        for name in ("fundingRate", "fundingRatePrediction"):
            told = rate["nextFundingRate" if name.endswith("Prediction") else name]
            assert abs(told - float(raw[name]) / float(raw["markPrice"])) < 1e-12
    history = scene.client.fetch_funding_rate_history(SYMBOL)
    linear = scene.client.fetch_ticker(SYMBOL)["info"]
    assert dec(history[-1]["fundingRate"]) == dec(linear["relativeFundingRate"])


def fetch_funding_history(scene: Scene) -> None:
    """Who is long is paid where the rate is negative; the ledger is the balance's story."""
    before = dec(scene.client.fetch_balance()["total"]["USD"])
    scene.hour()
    paid = scene.client.fetch_funding_history(SYMBOL)
    assert paid
    after = dec(scene.client.fetch_balance()["total"]["USD"])
    ledger = scene.client.fetch_ledger(params={"sort": "asc"})
    dollars = [it for it in ledger if it["account"] == "flex" and it["currency"] == "USD"]
    assert dec(dollars[-1]["after"]) == after > before


def set_leverage(scene: Scene) -> None:
    """It isolates the market; above the schedule it is refused; without one the market is cross."""
    scene.client.set_leverage(10, ETHER)
    told = scene.client.fetch_leverage(ETHER)
    assert (told["longLeverage"], told["shortLeverage"]) == (10, 10)
    with pytest.raises(ccxt.ExchangeError, match="fixedLeverageTooHigh"):
        scene.client.set_leverage(51, ETHER)
    scene.other.create_order(ETHER, "limit", "sell", 0.5, 3_200)
    scene.client.create_order(ETHER, "limit", "buy", 0.5, 3_200, {"timeInForce": "ioc"})
    (position,) = scene.client.fetch_positions([ETHER])
    assert (position["leverage"], position["marginMode"]) == (10, "isolated")
    scene.other.create_order(ETHER, "limit", "buy", 0.5, 3_200)
    scene.client.create_order(ETHER, "limit", "sell", 0.5, 3_200, {"timeInForce": "ioc"})
    assert not scene.client.fetch_positions([ETHER])
    scene.client.privatePutLeveragepreferences({"symbol": scene.client.market(ETHER)["id"]})


def fetch_leverage(scene: Scene) -> None:
    """A cross market has none of its own."""
    assert scene.client.fetch_leverage(ETHER)["longLeverage"] is None


def fetch_leverages(scene: Scene) -> None:
    scene.client.set_leverage(5, ETHER)
    assert {name: it["longLeverage"] for name, it in scene.client.fetch_leverages().items()} == {
        ETHER: 5
    }
    scene.client.privatePutLeveragepreferences({"symbol": scene.client.market(ETHER)["id"]})


Check = Callable[[Scene], None]
CHECKS: Final[dict[str, Check]] = {
    "createOrder": create_order,
    "createLimitOrder": create_limit_order,
    "createMarketOrder": create_market_order,
    "createOrders": create_orders,
    "createPostOnlyOrder": create_post_only_order,
    "createReduceOnlyOrder": create_reduce_only_order,
    "createStopLimitOrder": create_stop_limit_order,
    "createStopMarketOrder": create_stop_market_order,
    "createStopOrder": create_stop_order,
    "createTriggerOrder": create_trigger_order,
    "editOrder": edit_order,
    "cancelOrder": cancel_order,
    "cancelOrders": cancel_orders,
    "cancelAllOrders": cancel_all_orders,
    "cancelAllOrdersAfter": cancel_all_orders_after,
    "fetchOpenOrders": fetch_open_orders,
    "fetchOrder": fetch_order,
    "fetchOrders": fetch_orders,
    "fetchClosedOrders": fetch_closed_orders,
    "fetchCanceledOrders": fetch_canceled_orders,
    "fetchMyTrades": fetch_my_trades,
    "fetchTrades": fetch_trades,
    "fetchLedger": fetch_ledger,
    "fetchBalance": fetch_balance,
    "fetchPositions": fetch_positions,
    "fetchPositionsHistory": fetch_positions_history,
    "fetchMarkets": fetch_markets,
    "fetchTicker": fetch_ticker,
    "fetchTickers": fetch_tickers,
    "fetchOrderBook": fetch_order_book,
    "fetchL2OrderBook": fetch_l2_order_book,
    "fetchOHLCV": fetch_ohlcv,
    "fetchIndexOHLCV": fetch_index_ohlcv,
    "fetchMarkOHLCV": fetch_mark_ohlcv,
    "fetchTradingFees": fetch_trading_fees,
    "fetchTradingFee": fetch_trading_fee,
    "fetchLeverageTiers": fetch_leverage_tiers,
    "fetchMarketLeverageTiers": fetch_market_leverage_tiers,
    "transfer": transfer,
    "fetchFundingRateHistory": fetch_funding_rate_history,
    "fetchFundingRate": fetch_funding_rate,
    "fetchFundingRates": fetch_funding_rates,
    "fetchFundingHistory": fetch_funding_history,
    "setLeverage": set_leverage,
    "fetchLeverage": fetch_leverage,
    "fetchLeverages": fetch_leverages,
}


def test_every_method_that_ccxt_supports_is_checked_or_excused() -> None:
    """A new version of the library may support more."""
    supported = {name for name, there in ccxt.krakenfutures().has.items() if there}

    assert supported == set(CHECKS) | set(NO_CALL)


@pytest.mark.parametrize("name", list(CHECKS))
def test_ccxt_does_what_it_says_it_can(scene: Scene, name: str) -> None:
    """One scene for all: each check leaves it as it was, but for ether and transfers."""
    CHECKS[name](scene)
