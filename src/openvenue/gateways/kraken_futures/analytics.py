"""Statistics of a market in buckets of time, derived from what this venue's journal says.

Source: Kraken Futures Charts, "Market Analytics"; shapes as client libraries read them. What each
figure is, where the documents do not say, is in `docs/apis/kraken-futures.md`.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from math import isqrt
from typing import Any, Final

from msgspec import Struct

from openvenue.engine.units import SECOND, Nanos
from openvenue.gateways.kraken_futures import codec
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.history import read_number
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.numbers import ratio
from openvenue.gateways.kraken_futures.times import millis
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.past import Bar, BarSource, BarSpan, Page
from openvenue.history.samples import HolderSample, Sample, SideSample, price_of

BUCKETS_MAX: Final = 2_000
INTERVALS: Final = (60, 300, 900, 1_800, 3_600, 14_400, 43_200, 86_400, 604_800)
SECONDS_MAX: Final = 9_000_000_000
PPB: Final = 10**9
PLACES: Final = 12  # of ratios
BANDS: Final = ("005", "01", "025", "05", "10", "100")
TARGETS: Final = ("1k", "10k", "100k", "1m")

Series = dict[str, Any] | list[Any]


class FaultJson(Struct):
    """What is wrong with a question."""

    severity: str
    error_class: str
    type: str
    msg: str
    value: str
    field: str


class ResultJson(Struct):
    """Where each bucket begins, and one value for each in every series."""

    timestamp: list[int]
    more: bool
    data: Series


class AnalyticsJson(Struct):
    """The whole answer."""

    result: ResultJson
    errors: list[FaultJson] = []


class Span(Struct, frozen=True):
    """The buckets that were asked for: where they begin, and whether there are more."""

    seconds: int
    starts: range
    is_more: bool

    @property
    def bars(self) -> BarSpan:
        """The same for history."""
        return BarSpan(
            minutes=self.seconds // 60,
            since=Nanos(self.starts.start * SECOND),
            until=Nanos(self.starts[-1] * SECOND),
            count=len(self.starts),
        )


async def analytics(desk: Desk, request: Request, symbol: str, kind: str) -> Response:
    """GET /api/charts/v1/analytics/{symbol}/{analytics_type}."""
    market = desk.listing.find(symbol)
    known = kind in OF_SAMPLES or kind in OF_PRICES or kind == "funding"
    if market is None or not known:
        raise WireError("notFound", status=404, why="there is no such series")
    span = _span(desk, request)
    if isinstance(span, FaultJson):
        body = {"result": None, "errors": [span]}
        return Response(400, ENCODER.encode(body))
    timestamps = list(span.starts)
    data: Series
    if not timestamps:
        data = []
    elif kind == "funding":
        timestamps, data = await _funding(desk, market, span)
    elif kind in OF_PRICES:
        data = await OF_PRICES[kind](desk, market, span)
    else:
        data = OF_SAMPLES[kind](await _samples(desk, market, span), market)
    return Response(200, ENCODER.encode(AnalyticsJson(ResultJson(timestamps, span.is_more, data))))


def _span(desk: Desk, request: Request) -> Span | FaultJson:
    """The buckets that begin in [since, to], or what is wrong with the question."""
    arguments = codec.read_arguments(request)
    numbers: dict[str, int | None] = {}
    for name in ("since", "interval", "to"):
        try:
            numbers[name] = read_number(arguments, name)
        except WireError:
            return _fault(name, arguments.text(name) or "")
    since, interval, until = numbers["since"], numbers["interval"], numbers["to"]
    if since is None or since > SECONDS_MAX:
        return _fault("since", arguments.text("since") or "")
    if interval not in INTERVALS:
        return _fault("interval", arguments.text("interval") or "")
    now = desk.exchange.now() // SECOND
    last = now if until is None else min(until, now)
    first = max(-(-since // interval) * interval, _opened(desk) // interval * interval)
    starts = range(first, last + 1, interval)
    return Span(interval, starts[:BUCKETS_MAX], len(starts) > BUCKETS_MAX)


def _opened(desk: Desk) -> int:
    """When there was first something to count: no bucket begins before that, in seconds."""
    return min((it.instrument.opened for it in desk.listing), default=Nanos(0)) // SECOND


def _fault(field: str, value: str) -> FaultJson:
    word = f"{field} is missing" if not value else f"{field} cannot be that"
    return FaultJson("E", "General", "Invalid arguments", word, value, field)


# ---- from samples


async def _samples(desk: Desk, market: Market, span: Span) -> list[Sample]:
    """One for each bucket. Where nothing happened, all is as it was, and nothing was traded."""
    before, found = await desk.history.samples(market.symbol, span.bars)
    by_start = {it.minute * 60 // span.seconds * span.seconds: it for it in found}
    told: list[Sample] = []
    last = Sample(0) if before is None else before
    for start in span.starts:
        sample = by_start.get(start)
        if sample is None:
            close = last.close
            sample = Sample(
                start // 60,
                open=close,
                high=close,
                low=close,
                close=close,
                holders=last.holders,
                top=last.top,
                bids=last.bids,
                asks=last.asks,
            )
        told.append(sample)
        last = sample
    return told


def _lots(figure: Callable[[Sample], int]) -> Callable[[list[Sample], Market], Series]:
    def series(samples: list[Sample], market: Market) -> Series:
        return [market.sizes.text(figure(it)) for it in samples]

    return series


def _trade_count(samples: list[Sample], market: Market) -> Series:
    return [it.trades for it in samples]


def _open_interest(samples: list[Sample], market: Market) -> Series:
    text = market.sizes.text
    return [[text(it.open), text(it.high), text(it.low), text(it.close)] for it in samples]


def _cvd(samples: list[Sample], market: Market) -> Series:
    total = 0
    sums = []
    for it in samples:
        total += it.bought - it.sold
        sums.append(market.sizes.text(total))
    return {
        "buy_volume": [market.sizes.text(it.bought) for it in samples],
        "sell_volume": [market.sizes.text(it.sold) for it in samples],
        "cvd": sums,
    }


def _long_short_ratio(samples: list[Sample], market: Market) -> Series:
    return [_share(it.holders.longs, it.holders.shorts) for it in samples]


def _long_short_info(samples: list[Sample], market: Market) -> dict[str, Any]:
    return _counts([it.holders for it in samples])


def _top_traders(samples: list[Sample], market: Market) -> Series:
    tops = [it.top for it in samples]
    held = [market.sizes.text(it.long_lots + it.short_lots) for it in tops]
    return {"top20Percent": {"openInterest": held, **_counts(tops)}}


def _counts(holders: Sequence[HolderSample]) -> dict[str, Any]:
    return {
        "longCount": [it.longs for it in holders],
        "shortCount": [it.shorts for it in holders],
        "longPercent": [_share(it.longs * 100, it.shorts * 100, 100) for it in holders],
        "shortPercent": [_share(it.shorts * 100, it.longs * 100, 100) for it in holders],
        "ratio": [_share(it.longs, it.shorts) for it in holders],
    }


def _share(part: int, rest: int, whole: int = 1) -> str:
    """What share one part is of both; 0 where there is neither."""
    return _text(ratio(part * whole, part + rest)) if part + rest else "0"


def _text(value: Decimal) -> str:
    """A ratio, without trailing zeros."""
    text = format(round(value, PLACES), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _spreads(samples: list[Sample], market: Market) -> Series:
    return _both(samples, lambda sides: {"best_price": _best(sides, market)})


def _liquidity(samples: list[Sample], market: Market) -> Series:
    return _both(samples, lambda sides: _bands(sides, market, "liquidity_"))


def _slippage(samples: list[Sample], market: Market) -> Series:
    return _both(samples, lambda sides: _averages(sides, market, "slippage_"))


def _orderbook(samples: list[Sample], market: Market) -> Series:
    return _both(
        samples,
        lambda sides: {
            "bestPrice": _best(sides, market),
            **_bands(sides, market, "liquidity"),
            **_averages(sides, market, "slippage"),
        },
    )


def _both(
    samples: list[Sample], series: Callable[[list[SideSample]], dict[str, list[Any]]]
) -> Series:
    return {"bid": series([it.bids for it in samples]), "ask": series([it.asks for it in samples])}


def _best(sides: list[SideSample], market: Market) -> list[str | None]:
    return [market.prices.text(it.best) if it.best else None for it in sides]


def _bands(sides: list[SideSample], market: Market, head: str) -> dict[str, list[Any]]:
    text = market.sizes.text
    return {
        f"{head}{name}": [text(it.liquidity[place]) for it in sides]
        for place, name in enumerate(BANDS)
    }


def _averages(sides: list[SideSample], market: Market, head: str) -> dict[str, list[Any]]:
    """Average prices; null where the book is too thin."""
    tick = market.instrument.tick_size

    def text(average: int) -> str | None:
        return _text(price_of(average, tick)) if average else None

    return {
        f"{head}{name}": [text(it.averages[place]) for it in sides]
        for place, name in enumerate(TARGETS)
    }


# ---- from prices


async def _bars(desk: Desk, source: BarSource, name: str, span: BarSpan) -> list[Bar]:
    bars, _ = await desk.history.bars(source, name, span)
    return bars


async def _future_basis(desk: Desk, market: Market, span: Span) -> Series:
    """How far mark is above index at the end of each bucket, as a share of the index."""
    marks = await _bars(desk, BarSource.MARK, market.symbol, span.bars)
    indexes = await _bars(desk, BarSource.INDEX, market.instrument.index, span.bars)
    earlier = BarSpan(
        minutes=1, since=Nanos(0), until=Nanos(span.bars.since - 1), count=1, from_end=True
    )
    mark_at = {bar.time // SECOND: bar.close for bar in marks}
    index_at = {bar.time // SECOND: bar.close for bar in indexes}
    mark = _last(await _bars(desk, BarSource.MARK, market.symbol, earlier))
    index = _last(await _bars(desk, BarSource.INDEX, market.instrument.index, earlier))
    basis = []
    for start in span.starts:
        mark, index = mark_at.get(start, mark), index_at.get(start, index)
        basis.append(_text(ratio(mark - index, index)) if mark and index else "0")
    return {"basis": basis}


def _last(bars: list[Bar]) -> int:
    return bars[-1].close if bars else 0


async def _rolling_volatility(desk: Desk, market: Market, span: Span) -> Series:
    """The standard deviation of the steps of mark within each bucket, as a share of the price.

    A step is from the end of one minute in which mark moved to the end of the next.
    """
    bars = span.bars
    end = Nanos(bars.until + span.seconds * SECOND)
    minutes = await _bars(
        desk,
        BarSource.MARK,
        market.symbol,
        BarSpan(
            minutes=1, since=bars.since, until=end, count=len(span.starts) * span.seconds // 60
        ),
    )
    steps: dict[int, list[int]] = {}
    for before, bar in pairwise(minutes):
        start = bar.time // SECOND // span.seconds * span.seconds
        steps.setdefault(start, []).append((bar.close - before.close) * PPB // before.close)
    return [_text(ratio(_deviation(steps.get(start, [])), PPB)) for start in span.starts]


def _deviation(steps: list[int]) -> int:
    count = len(steps)
    if count < 2:
        return 0
    return isqrt((count * sum(it * it for it in steps) - sum(steps) ** 2) // count**2)


async def _funding(desk: Desk, market: Market, span: Span) -> tuple[list[int], Series]:
    """Rates of the hours of each bucket that has any: open, high, low, close. Times are in ms."""
    page = Page(
        BUCKETS_MAX,
        is_ascending=True,
        since=span.bars.since,
        before=Nanos((span.starts[-1] + span.seconds) * SECOND),
    )
    found = await desk.history.rates(market.symbol, page)
    buckets: dict[int, list[tuple[Decimal, Decimal]]] = {}
    for change in found.things:
        rate = codec.encode_rate(change, market)
        pair = (
            Decimal(bytes(rate.funding_rate).decode()),
            Decimal(bytes(rate.relative_funding_rate).decode()),
        )
        buckets.setdefault(change.time // SECOND // span.seconds * span.seconds, []).append(pair)
    told = [
        _ohlc([pair[place] for pair in pairs]) for place in (0, 1) for pairs in buckets.values()
    ]
    half = len(buckets)
    times = [millis(Nanos(start * SECOND)) for start in buckets]
    return times, {"rate": told[:half], "relativeRate": told[half:]}


def _ohlc(values: list[Decimal]) -> list[str]:
    return [format(it, "f") for it in (values[0], max(values), min(values), values[-1])]


OF_SAMPLES: Final[dict[str, Callable[[list[Sample], Market], Series]]] = {
    "open-interest": _open_interest,
    "aggressor-differential": _lots(lambda it: it.bought - it.sold),
    "trade-volume": _lots(lambda it: it.bought + it.sold),
    "trade-count": _trade_count,
    "liquidation-volume": _lots(lambda it: it.liquidated),
    "long-short-ratio": _long_short_ratio,
    "long-short-info": _long_short_info,
    "cvd": _cvd,
    "top-traders": _top_traders,
    "orderbook": _orderbook,
    "spreads": _spreads,
    "liquidity": _liquidity,
    "slippage": _slippage,
}
OF_PRICES: Final = {
    "rolling-volatility": _rolling_volatility,
    "future-basis": _future_basis,
}
