"""Unmodified clients look back, and every figure is the one that was traded: also after a kill."""

import asyncio
import csv
import io
import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import ccxt
import ccxt.pro
import pytest
from kraken.futures import Market, User

from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import PATIENCE_S, traceback_in

SYMBOL: Final = "BTC/USD:USD"
CAPITAL: Final = "USD"
TAKER: Final = Decimal("0.0005")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits: an exact scene."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


class Past:
    """What was done, and what clients must find."""

    def __init__(self, server: Server) -> None:
        self.client, self.other = (
            ccxt_client(ccxt, server, account) for account in ("primary", "secondary")
        )
        for each in (self.client, self.other):
            each.load_markets()
        self.start = Decimal(str(self.client.fetch_balance()["total"][CAPITAL]))
        place = self.client.create_order
        self.made = self.other.create_order(SYMBOL, "limit", "sell", 0.02, 95_000)["id"]
        self.bought = place(SYMBOL, "limit", "buy", 0.01, 95_000)["id"]
        self.canceled = place(SYMBOL, "limit", "buy", 0.01, 94_000)["id"]
        self.client.cancel_order(self.canceled, SYMBOL)
        self.other.create_order(SYMBOL, "limit", "buy", 0.01, 94_990)
        self.sold = place(SYMBOL, "limit", "sell", 0.004, 94_990, {"timeInForce": "ioc"})["id"]
        self.closed = place(SYMBOL, "limit", "sell", 0.006, 94_990, {"timeInForce": "ioc"})["id"]
        self.fees = [Decimal(price) * TAKER for price in ("950", "379.96", "569.94")]
        self.profits = [Decimal(0), Decimal("-0.04"), Decimal("-0.06")]


def exact(value: Any) -> Decimal:
    """A number of a client, as it is written."""
    return Decimal(str(value))


def check_trades(past: Past) -> None:
    """Public trades are the fills of both sides."""
    trades = past.client.fetch_trades(SYMBOL)
    mine = {it["id"]: it for it in past.client.fetch_my_trades(SYMBOL)}

    assert [(it["price"], it["amount"], it["side"]) for it in trades] == [
        (95_000, 0.01, "buy"),
        (94_990, 0.004, "sell"),
        (94_990, 0.006, "sell"),
    ]
    assert {it["id"] for it in trades} == set(mine)
    assert [it["timestamp"] for it in trades] == [mine[it["id"]]["timestamp"] for it in trades]
    (first,) = past.client.fetch_trades(SYMBOL, since=trades[0]["timestamp"], limit=1)
    assert first["id"] == trades[0]["id"]
    older = past.client.fetch_trades(SYMBOL, params={"until": trades[-1]["timestamp"]})
    assert [it["id"] for it in older] == [
        it["id"] for it in trades if it["timestamp"] < trades[-1]["timestamp"]
    ]


def check_candles(past: Past) -> None:
    """Whatever minutes the trades fell into, candles add up to them."""
    for timeframe in ("1m", "1h", "1d", "1w"):
        candles = past.client.fetch_ohlcv(SYMBOL, timeframe)
        assert sum(exact(it[5]) for it in candles) == Decimal("0.02")
        assert (candles[0][1], candles[-1][4]) == (95_000, 94_990)
        assert max(it[2] for it in candles) == 95_000
        assert min(it[3] for it in candles) == 94_990
        assert [it[0] for it in candles] == sorted({it[0] for it in candles})
    for price in ("mark", "index"):
        candles = past.client.fetch_ohlcv(SYMBOL, "1h", params={"price": price})
        assert {it[4] for it in candles} == {95_000}
    assert len(past.client.fetch_ohlcv(SYMBOL, "1d", limit=3)) == 1


def check_orders(past: Past) -> None:
    """Filled ones are closed; what was taken back is canceled. The library reads every event."""
    closed = {it["id"]: it for it in past.client.fetch_closed_orders(SYMBOL)}
    canceled = past.client.fetch_canceled_orders(SYMBOL)
    theirs = past.other.fetch_closed_orders(SYMBOL)

    assert set(closed) == {past.bought, past.sold, past.closed}
    assert [closed[it]["side"] for it in (past.bought, past.sold)] == ["buy", "sell"]
    assert [exact(closed[it]["filled"]) for it in (past.bought, past.sold)] == [
        Decimal("0.01"),
        Decimal("0.004"),
    ]
    assert {it["id"] for it in canceled} == {past.canceled}
    assert canceled[0]["status"] == "canceled"
    assert past.made not in {it["id"] for it in theirs}  # half of it still rests
    trigger = past.client.fetch_closed_orders(SYMBOL, params={"trigger": True})
    assert trigger == []


def check_ledger(past: Past) -> None:
    """Every change of the balance, from the first deposit to what is there now."""
    ledger = past.client.fetch_ledger(params={"sort": "asc"})
    dollars = [it for it in ledger if it["currency"] == CAPITAL and it["account"] == "flex"]
    trades = [it for it in dollars if it["type"] == "trade"]

    assert dollars[0]["type"] == "transfer"
    assert exact(dollars[0]["after"]) == past.start
    for before, after in itertools.pairwise(dollars):
        assert before["after"] == after["before"]
    assert [exact(it["fee"]["cost"]) for it in trades] == past.fees
    assert [
        exact(it["amount"]) * (1 if it["direction"] == "in" else -1) for it in trades
    ] == past.profits
    for it in trades:
        row = it["info"]
        change = exact(row["new_balance"]) - exact(row["old_balance"])
        assert change == exact(row["realized_pnl"]) - exact(row["fee"])
    now = past.client.fetch_balance()["total"][CAPITAL]
    assert dollars[-1]["after"] == now
    assert exact(now) == past.start + sum(past.profits) - sum(past.fees)
    assert past.client.fetch_funding_history() == []


def check_positions(past: Past) -> None:
    """One position was opened, made smaller, and closed."""
    (closed,) = past.client.fetch_positions_history([SYMBOL])
    everything = past.client.historyGetPositions({"sort": "asc"})["elements"]
    changes = [it["event"]["PositionUpdate"] for it in everything]

    assert closed["symbol"] == SYMBOL
    assert exact(closed["info"]["realizedPnL"]) == past.profits[-1]
    assert [it["positionChange"] for it in changes] == ["open", "decrease", "close"]
    assert [it["newPosition"] for it in changes] == ["0.01", "0.006", "0"]
    assert [exact(it["fee"]) for it in changes] == past.fees


def check_fees(past: Past) -> None:
    """The first tier of what the world file has, for every market."""
    fees = past.client.fetch_trading_fees()
    volumes = past.client.privateGetFeeschedulesVolumes()["volumesByFeeSchedule"]

    assert set(fees) == set(past.client.symbols)
    assert {(it["maker"], it["taker"]) for it in fees.values()} == {(0.0002, 0.0005)}
    assert sum(exact(it) for it in volumes.values()) == Decimal("1899.90")


CHECKS: Final = (
    check_trades,
    check_candles,
    check_orders,
    check_ledger,
    check_positions,
    check_fees,
)


def test_ccxt_finds_what_was_done_also_after_a_kill_and_without_its_index(
    server: Server,
) -> None:
    """The index is kept, caught up, or built again from the journal: the answers are the same."""
    past = Past(server)
    for check in CHECKS:
        check(past)
    paths = ("market/PF_XBTUSD/orders", "market/PF_XBTUSD/executions", "market/PF_XBTUSD/price")

    def everything() -> list[Any]:
        private = [
            past.client.historyGetOrders(),
            past.client.historyGetExecutions(),
            past.client.historyGetAccountLog(),
        ]
        url = f"{server.base_url}/api/history/v3"
        public = [past.client.fetch(f"{url}/{path}", "GET") for path in paths]
        return [answer.get("elements", answer.get("logs")) for answer in private + public]

    before = everything()
    assert all(before)
    server.restart()
    assert everything() == before
    server.kill()
    (index,) = (server.data_dir / "kraken-futures").glob("history.sqlite")
    for end in ("", "-wal", "-shm"):
        index.with_name(index.name + end).unlink(missing_ok=True)
    server.start()
    assert everything() == before
    for check in CHECKS:
        check(past)


def test_python_kraken_sdk_finds_the_same(server: Server) -> None:
    """Over the older paths that it asks."""
    past = Past(server)
    keys = server.keys("primary")
    user = User(key=keys.api_key, secret=keys.api_secret, url=server.base_url)
    market = Market(url=server.base_url)

    # It does not send the arguments of a public question; `sort` would be lost.
    executions = market.get_public_execution_events(tradeable="PF_XBTUSD")
    orders = user.get_order_events(tradeable="PF_XBTUSD", sort="asc")
    mine = user.get_execution_events(tradeable="PF_XBTUSD")
    log = user.get_account_log(info="futures trade")
    file = user.get_account_log_csv()

    prices = [it["event"]["Execution"]["execution"]["price"] for it in executions["elements"]]
    assert prices == ["94990", "94990", "95000"]
    placed = [
        it["event"]["OrderPlaced"]["order"]["uid"]
        for it in orders["elements"]
        if "OrderPlaced" in it["event"]
    ]
    assert placed == [past.bought, past.canceled, past.sold, past.closed]
    assert mine["len"] == 3
    assert len(log["logs"]) == 6
    lines = list(csv.DictReader(io.StringIO(file.text)))
    assert [line["fee"] for line in lines if line["fee"]][::-1] == [
        format(fee.normalize(), "f") for fee in past.fees
    ]
    assert market.get_tick_types() == ["mark", "spot", "trade"]
    assert "PF_XBTUSD" in market.get_tradeable_products(tick_type="trade")
    assert "1h" in market.get_resolutions(tick_type="trade", tradeable="PF_XBTUSD")
    candles = market.get_ohlc(tick_type="trade", symbol="PF_XBTUSD", resolution="1d")
    assert sum(Decimal(it["volume"]) for it in candles["candles"]) == Decimal("0.02")
    with pytest.warns(DeprecationWarning, match="get_fee_schedules"):
        schedules = market.get_fee_schedules()["feeSchedules"]
    assert schedules[0]["tiers"][0]["takerFee"] == 0.05
    assert user.get_notifications()["notifications"] == []


async def test_ccxt_pro_watches_tickers_positions_and_balances(tmp_path: Path) -> None:
    """What it hears is what it would be told if it asked."""
    with Server(tmp_path) as server:
        client, other = (
            ccxt_client(ccxt.pro, server, account) for account in ("primary", "secondary")
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                await watch_all(client, other)
        finally:
            await client.close()
            await other.close()
        assert traceback_in(server) == ""


async def watch_all(client: Any, other: Any) -> None:
    """A trade, seen on every feed that tells a state."""
    for each in (client, other):
        await each.load_markets()
    await other.create_order(SYMBOL, "limit", "sell", 0.02, 95_000)
    first = await client.watch_ticker(SYMBOL)
    assert (first["ask"], first["askVolume"], first["last"]) == (95_000, 0.02, None)
    both = await client.watch_tickers([SYMBOL, "ETH/USD:USD"])
    assert set(both) <= {SYMBOL, "ETH/USD:USD"}
    best = await client.watch_bids_asks([SYMBOL])
    assert best[SYMBOL]["ask"] == 95_000
    balance = await client.watch_balance({"account": "flex_futures"})
    start = exact(balance["total"][CAPITAL])
    asked = await client.fetch_balance()
    assert start == exact(asked["total"][CAPITAL])

    watching = [
        asyncio.ensure_future(it)
        for it in (
            until(lambda: client.watch_ticker(SYMBOL), lambda it: it["last"] == 95_000),
            until(lambda: client.watch_positions(), bool),
            until(
                lambda: client.watch_balance({"account": "flex_futures"}),
                lambda it: exact(it["total"][CAPITAL]) != start,
            ),
        )
    ]
    await asyncio.sleep(0)
    await client.create_order(SYMBOL, "limit", "buy", 0.01, 95_000)
    ticker, positions, balance = await asyncio.gather(*watching)

    asked = await client.fetch_ticker(SYMBOL)
    assert [ticker[name] for name in ("last", "ask", "bid")] == [95_000, 95_000, None]
    assert exact(ticker["baseVolume"]) == Decimal("0.01")
    assert ticker["markPrice"] == float(asked["info"]["markPrice"])
    (position,) = positions
    (held,) = await client.fetch_positions()
    assert (position["symbol"], position["side"]) == (SYMBOL, "long")
    assert position["contracts"] == held["contracts"] == 0.01
    assert position["entryPrice"] == held["entryPrice"] == 95_000
    assert position["initialMargin"] == 19  # 2 % of 950
    assert exact(balance["total"][CAPITAL]) == start - Decimal("0.475")
    assert balance["total"][CAPITAL] == (await client.fetch_balance())["total"][CAPITAL]


async def until(watch: Any, is_it: Any) -> Any:
    """Watch until it is so."""
    while True:
        seen = await watch()
        if is_it(seen):
            return seen
