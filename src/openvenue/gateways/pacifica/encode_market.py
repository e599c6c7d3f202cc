"""Markets, prices, books, trades and candles. What people see of a division is made here.

Source: Pacifica, REST "Markets", WebSocket "Subscriptions".
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from openvenue.engine.orders import BUY, Origin, Side
from openvenue.engine.queries import BookView, FundingView, MarketView
from openvenue.engine.units import SECOND, Lots, Nanos, Ticks
from openvenue.gateways.pacifica.encode_funding import funding_rate_text
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.times import fine_text, millis, plain
from openvenue.history.port import Candle, DayFigures, PublicTrade

DEPTH: Final = 10  # levels told on each side
AGG_LEVELS: Final = (1, 2, 5, 10, 100, 1000, 10000)  # of any time
MINUTE: Final = 60 * SECOND
INTERVALS: Final = {  # in Nanos
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": 60 * MINUTE,
    "2h": 120 * MINUTE,
    "4h": 240 * MINUTE,
    "8h": 480 * MINUTE,
    "12h": 720 * MINUTE,
    "1d": 1440 * MINUTE,
}
CANDLES_MAX: Final = 4000

Row = dict[str, Any]


def info_row(market: Market, funding: FundingView | None) -> Row:
    """One market."""
    instrument = market.instrument
    return {
        "symbol": market.symbol,
        "tick_size": plain(instrument.tick_size),
        "min_tick": plain(market.facts.min_tick),
        "max_tick": market.prices.text(instrument.max_price),
        "lot_size": plain(instrument.lot_size),
        "max_leverage": market.max_leverage,
        "isolated_only": market.facts.isolated_only,
        "min_order_size": plain(instrument.min_notional),
        "max_order_size": plain(instrument.max_notional),
        "funding_rate": _rate(funding),
        "next_funding_rate": _prediction(funding),
        "created_at": millis(instrument.opened),
        "instrument_type": "spot" if market.is_spot else "perpetual",
        "base_asset": instrument.base,
    }


def price_row(view: MarketView, day: DayFigures | None, market: Market, now: Nanos) -> Row | None:
    """Where a market stands; None before it has a price.

    `yesterday_price` is the first trade of the last 24 hours: what the index was then is not kept.
    """
    mark = view.mark or view.index
    if mark is None:
        return None
    opened = None if day is None else day.open
    return {
        "funding": _rate(view.funding),
        "mark": fine_text(mark),
        "mid": mid_text(view, market),
        "next_funding": _prediction(view.funding),
        "open_interest": market.sizes.text(view.open_interest),
        "oracle": fine_text(view.index),
        "symbol": market.symbol,
        "timestamp": millis(now),
        "volume_24h": market.money.text(0 if day is None else day.value),
        "yesterday_price": fine_text(mark) if opened is None else market.prices.text(opened),
    }


def _rate(funding: FundingView | None) -> str:
    return funding_rate_text(0 if funding is None else funding.rate)


def _prediction(funding: FundingView | None) -> str:
    return funding_rate_text(0 if funding is None else funding.prediction)


def mid_text(view: MarketView, market: Market) -> str:
    """Between the best bid and the best ask; the one that is there; or 0."""
    if view.bid is None or view.ask is None:
        return market.prices.text(view.bid or view.ask or 0)
    return plain((view.bid + view.ask) * market.instrument.tick_size / 2)


def book_data(view: BookView, market: Market, agg_level: int, now: Nanos) -> Row:
    """The best levels of both sides, so many ticks wide."""
    bids = zip(view.bids, view.bid_orders, strict=True)
    asks = zip(view.asks, view.ask_orders, strict=True)
    return {
        "s": market.symbol,
        "l": [
            _levels(bids, market, agg_level, is_bid=True),
            _levels(asks, market, agg_level, is_bid=False),
        ],
        "t": millis(now),
    }


def _levels(
    levels: Iterable[tuple[tuple[Ticks, Lots], int]],
    market: Market,
    agg_level: int,
    *,
    is_bid: bool,
) -> list[Row]:
    """Levels best first; of several in one, the best price is told."""
    found: list[list[int]] = []  # bucket, best price, quantity, orders
    for (price, lots), orders in levels:
        bucket = price // agg_level if is_bid else -(-price // agg_level)
        if found and found[-1][0] == bucket:
            found[-1][2] += lots
            found[-1][3] += orders
        elif len(found) == DEPTH:
            break
        else:
            found.append([bucket, price, lots, orders])
    return [
        {"p": market.prices.text(price), "a": market.sizes.text(lots), "n": orders}
        for _, price, lots, orders in found
    ]


# Why a trade happened. Source: Pacifica, "Get recent trades", `cause`.
CAUSES: Final = {
    Origin.CLIENT: "normal",
    Origin.PARTIAL_LIQUIDATION: "market_liquidation",
    Origin.LIQUIDATION: "market_liquidation",
    Origin.ASSIGNMENT: "settlement",
    Origin.BACKSTOP: "backstop_liquidation",
    Origin.UNWIND: "settlement",
}


def trade_side(aggressor: Side) -> str:
    """What a taker did, as everybody is told.

    A public trade does not carry whether its taker opened or closed: it is told as opening.
    """
    return "open_long" if aggressor is BUY else "open_short"


def trade_row(trade: PublicTrade, market: Market) -> Row:
    """One trade over HTTP."""
    return {
        "event_type": "fulfill_taker",
        "price": market.prices.text(trade.price),
        "amount": market.sizes.text(trade.quantity),
        "side": trade_side(trade.aggressor),
        "cause": CAUSES[trade.origin],
        "created_at": millis(trade.time),
    }


def candle_rows(
    minutes: Iterable[Candle],
    market: Market,
    interval: str,
    start: int,
    end: int,
    last: Ticks | None,
) -> list[Row]:
    """Candles from `start` to `end`, oldest first; without a trade, the last close goes on.

    `last` is the price of the trade before `start`. Before the first trade of all there is none.
    """
    rows: list[Row] = []
    for begin, group in _by_interval(minutes, INTERVALS[interval], start, end):
        if not group and last is None:
            continue
        if group:
            first = group[0].open
            high = max(each.high for each in group)
            low = min(each.low for each in group)
            last = group[-1].close
        else:
            assert last is not None
            first = high = low = last
        rows.append(
            {
                "t": millis(begin),
                "T": millis(begin + INTERVALS[interval]),
                "s": market.symbol,
                "i": interval,
                "o": market.prices.text(first),
                "c": market.prices.text(last),
                "h": market.prices.text(high),
                "l": market.prices.text(low),
                "v": market.sizes.text(sum(each.volume for each in group)),
                "n": sum(each.trades for each in group),
            }
        )
    return rows


def _by_interval(
    minutes: Iterable[Candle], width: int, start: int, end: int
) -> Iterator[tuple[int, list[Candle]]]:
    """Each interval that begins within the bounds, with the minutes in it."""
    groups: dict[int, list[Candle]] = {}
    for minute in minutes:
        groups.setdefault(minute.time // width * width, []).append(minute)
    begin = -(-start // width) * width
    for _ in range(CANDLES_MAX):
        if begin > end:
            return
        yield begin, groups.get(begin, [])
        begin += width


def average_text(value: int, lots: int, market: Market) -> str:
    """The price that `lots` had for `value` atoms, four places finer than the grid."""
    if not lots:
        return "0"
    places = max(market.prices.places, 0) + 4
    size = market.instrument.lot_size * lots
    price = Decimal(value).scaleb(-market.instrument.settlement_scale) / size
    return plain(price.quantize(Decimal(1).scaleb(-places)))
