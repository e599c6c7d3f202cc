"""Candles of trades, mark prices and indices.

Source: Kraken Futures Charts, "Market candles", "Tick types", "Tradeable products", "Resolutions".
"""

from typing import Final

from msgspec import Struct

from openvenue.engine.units import SECOND, FinePrice, Nanos
from openvenue.gateways.kraken_futures import codec
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.encode_history import fine_text
from openvenue.gateways.kraken_futures.history import read_number
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.times import millis
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.past import Bar, BarSource, BarSpan

CANDLES_MAX: Final = 2_000
SOURCES: Final = {"mark": BarSource.MARK, "spot": BarSource.INDEX, "trade": BarSource.TRADE}
HOUR: Final = 60  # minutes
RESOLUTIONS: Final = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": HOUR,
    "4h": 4 * HOUR,
    "12h": 12 * HOUR,
    "1d": 24 * HOUR,
    "1w": 7 * 24 * HOUR,
}
SECONDS_MAX: Final = 9_000_000_000  # as many nanoseconds still fit


class CandleJson(Struct):
    """One candle; `time` is its beginning."""

    time: int
    open: str
    high: str
    low: str
    close: str
    volume: str


class CandlesJson(Struct):
    """Candles, oldest first."""

    candles: list[CandleJson]
    more_candles: bool


async def charts(desk: Desk, request: Request, rest: str) -> Response:
    """GET /api/charts/v1/{tick_type}/{symbol}/{resolution}, or what there is at any step of it."""
    match [part for part in rest.split("/") if part]:
        case []:
            return _say(list(SOURCES))
        case [kind] if kind in SOURCES:
            return _say([market.symbol for market in desk.listing])
        case [kind, symbol] if kind in SOURCES and desk.listing.find(symbol):
            return _say(list(RESOLUTIONS))
        case [kind, symbol, resolution] if kind in SOURCES and resolution in RESOLUTIONS:
            market = desk.listing.find(symbol)
            if market is not None:
                return await _candles(desk, request, SOURCES[kind], market, RESOLUTIONS[resolution])
        case _:
            pass
    raise WireError("notFound", status=404, why="there is no such chart")


async def _candles(
    desk: Desk, request: Request, source: BarSource, market: Market, minutes: int
) -> Response:
    arguments = codec.read_arguments(request)
    since = read_number(arguments, "from")
    until = read_number(arguments, "to")
    count = read_number(arguments, "count")
    span = BarSpan(
        minutes=minutes,
        since=Nanos(min(since or 0, SECONDS_MAX) * SECOND),
        until=desk.exchange.now() if until is None else Nanos(min(until, SECONDS_MAX) * SECOND),
        count=CANDLES_MAX if count is None else min(count, CANDLES_MAX),
        from_end=since is None,
    )
    name = market.instrument.index if source is BarSource.INDEX else market.symbol
    bars, is_more = await desk.history.bars(source, name, span)
    candles = [_candle(bar, source, market) for bar in bars]
    return _say(CandlesJson(candles, is_more))


def _candle(bar: Bar, source: BarSource, market: Market) -> CandleJson:
    def text(price: int) -> str:
        return fine_text(FinePrice(price))

    price = market.prices.text if source is BarSource.TRADE else text
    return CandleJson(
        millis(bar.time),
        price(bar.open),
        price(bar.high),
        price(bar.low),
        price(bar.close),
        market.sizes.text(bar.volume),
    )


def _say(answer: object) -> Response:
    return Response(200, ENCODER.encode(answer))
