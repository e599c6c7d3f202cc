"""Pairs, assets and their figures in REST's words.

Source: Kraken Spot REST, "Market data".
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from openvenue.engine.orders import BUY
from openvenue.engine.queries import BookView, MarketView
from openvenue.engine.units import PPB_ONE, SECOND, Nanos
from openvenue.gateways.kraken_spot.listing import Listing, Market, Money
from openvenue.gateways.kraken_spot.profile import Profile
from openvenue.gateways.numbers import Places, decimal_number, half_up, ratio
from openvenue.history.port import Candle, DayFigures, PublicTrade

ENCODER: Final = msgspec.json.Encoder()
MINUTE: Final = 60 * SECOND
ROWS_MAX: Final = 720
INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
MODES: Final = ("maintenance", "cancel_only", "post_only")
FEES: Final = ("fees", "fees_maker", "fee_volume_currency")
PARTS: Final = {
    "leverage": ("leverage_buy", "leverage_sell"),
    "fees": FEES,
    "margin": ("margin_call", "margin_stop"),
}


def system_status(listing: Listing) -> str:
    """What the whole venue accepts: what all of its pairs have in common."""
    found = {market.status for market in listing}
    only = found.pop() if len(found) == 1 else "online"
    return only if only in MODES else "online"


def encode_asset(money: Money) -> dict[str, Any]:
    """One entry of Assets."""
    facts = money.facts
    return {
        "aclass": "currency",
        "altname": facts.altname,
        "decimals": facts.decimals,
        "display_decimals": facts.display_decimals,
        "status": "enabled",
    }


def encode_pair(market: Market, profile: Profile, part: str) -> dict[str, Any]:
    """One entry of AssetPairs; `part` is "info" for all of it."""
    pair = market.instrument
    tiers = pair.fee_tiers if profile.with_fees else ()
    told: dict[str, Any] = {
        "altname": market.altname,
        "wsname": market.wsname,
        "aclass_base": "currency",
        "base": market.base.id,
        "aclass_quote": "currency",
        "quote": market.quote.id,
        "lot": "unit",
        "cost_decimals": market.cost_decimals,
        "pair_decimals": market.pair_decimals,
        "lot_decimals": market.lot_decimals,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[tier.volume, percent(tier.taker)] for tier in tiers],
        "fees_maker": [[tier.volume, percent(tier.maker)] for tier in tiers],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": market.size_grid.text(pair.min_quantity),
        "costmin": plain(pair.min_notional),
        "tick_size": plain(pair.tick_size),
        "status": market.status,
        "execution_venue": "international",
    }
    names = PARTS.get(part)
    return told if names is None else {name: told[name] for name in names}


def percent(rate: int) -> Raw:
    """A rate in parts per billion as a percentage, in digits."""
    return decimal_number(ratio(rate * 100, PPB_ONE))


def plain(value: Any) -> str:
    """A decimal in plain digits."""
    return bytes(decimal_number(value)).decode()


def encode_ticker(
    view: MarketView, market: Market, day: DayFigures, today: DayFigures
) -> dict[str, Any]:
    """One entry of Ticker."""
    price = market.fine_prices
    zero = price.zero

    def top(ticks: int | None, lots: int) -> list[str]:
        if ticks is None:
            return [zero, "0", "0.000"]
        whole = market.sizes.text(lots).partition(".")[0]
        return [price.text(ticks), whole, volume(market, lots, 3)]

    def of(ticks: int | None) -> str:
        return zero if ticks is None else price.text(ticks)

    last = of(view.last)
    return {
        "a": top(view.ask, view.ask_quantity),
        "b": top(view.bid, view.bid_quantity),
        "c": [last, market.sizes.text(view.last_quantity)],
        "v": [market.sizes.text(today.volume), market.sizes.text(day.volume)],
        "p": [market.average(it.value, it.volume, price) for it in (today, day)],
        "t": [today.trades, day.trades],
        "l": [of(today.low), of(day.low)],
        "h": [of(today.high), of(day.high)],
        "o": last if today.open is None else price.text(today.open),
    }


def volume(market: Market, lots: int, places: int) -> str:
    """A size, to the nearest last place."""
    numerator, denominator = (market.instrument.lot_size * lots).as_integer_ratio()
    return Places(market.instrument.lot_size, places).text_of(
        half_up(numerator * 10**places, denominator)
    )


def encode_depth(book: BookView, market: Market, now: Nanos, places: int) -> dict[str, Any]:
    """Levels of Depth. When a level last changed is not kept: it is told as of now."""
    second = now // SECOND

    def side(levels: Iterable[tuple[int, int]]) -> list[list[Any]]:
        return [
            [market.fine_prices.text(price), volume(market, lots, places), second]
            for price, lots in levels
        ]

    return {"asks": side(book.asks), "bids": side(book.bids)}


def encode_trade(trade: PublicTrade, market: Market) -> list[Any]:
    """One row of Trades."""
    second, rest = divmod(trade.time, SECOND)
    return [
        market.fine_prices.text(trade.price),
        market.sizes.text(trade.quantity),
        Raw(f"{second}.{rest // 100:07d}".encode()),
        "b" if trade.aggressor is BUY else "s",
        "m" if trade.is_market else "l",
        "",
        trade.exec_id,
    ]


def encode_candles(
    candles: Sequence[Candle], market: Market, interval: int, now: Nanos, since: Nanos
) -> tuple[list[list[Any]], int]:
    """Rows of OHLC after `since`, and the time of the last one that is finished.

    A stretch without trades repeats the close before it; the running one is always the last.
    """
    length = interval * MINUTE
    running = now // length * length
    first = max(running - (ROWS_MAX - 1) * length, 0)
    groups: dict[int, list[Candle]] = {}
    for candle in candles:
        groups.setdefault(candle.time // length * length, []).append(candle)
    rows: list[list[Any]] = []
    close: int | None = None
    for start in sorted(it for it in groups if it < first):
        close = groups[start][-1].close
    text = market.prices.text
    for start in range(first, running + 1, length):
        group = groups.get(start)
        if group is not None:
            close = group[-1].close
        elif close is None:
            continue  # nothing was ever traded until here
        if start <= since and start != running:
            continue
        second = start // SECOND
        if group is None:
            same = text(close)
            rows.append([second, same, same, same, same, market.prices.zero, "0.00000000", 0])
            continue
        lots = sum(it.volume for it in group)
        rows.append(
            [
                second,
                text(group[0].open),
                text(max(it.high for it in group)),
                text(min(it.low for it in group)),
                text(close),
                market.average(sum(it.value for it in group), lots, market.prices),
                market.sizes.text(lots),
                sum(it.trades for it in group),
            ]
        )
    return rows, (running - length) // SECOND
