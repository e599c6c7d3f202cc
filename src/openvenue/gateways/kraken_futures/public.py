"""Endpoints that everybody may ask: markets, books, trades. They cost no tokens.

Source: Kraken Futures REST, "Market data", "Instrument details".
"""

from typing import Final

from openvenue.engine.queries import BookView, GetBook, GetMarkets
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.past import Page

TRADES_MAX: Final = 100
RATES_MAX: Final = 5_000  # read at a time
TYPES: Final = ("futures_inverse", "flexible_futures", "futures_vanilla", "options", "all")


async def instruments(desk: Desk, request: Request) -> Response:
    """GET instruments; those that have expired if asked for."""
    arguments = codec.read_arguments(request)
    types = _types(arguments)
    with_expired = arguments.flag("expired")
    told = [
        codec.encode_instrument(it, desk.facts_of(it.symbol))
        for it in desk.listing
        if (not types or it.type in types) and (with_expired or not it.is_expired)
    ]
    return desk.say("instruments", told)


async def trading_instruments(desk: Desk, request: Request) -> Response:
    """GET trading/instruments: those that who asks may trade, which are all."""
    desk.who(request, 0)
    return await instruments(desk, request)


async def instruments_status(desk: Desk, request: Request) -> Response:
    """GET instruments/status."""
    return desk.say(
        "instrumentStatus", [codec.encode_status(it) for it in desk.listing if not it.is_expired]
    )


async def instrument_status(desk: Desk, request: Request, symbol: str) -> Response:
    """GET instruments/{symbol}/status."""
    return desk.say_flat(codec.encode_status(desk.market(symbol)))


async def tickers(desk: Desk, request: Request) -> Response:
    """GET tickers."""
    arguments = codec.read_arguments(request)
    types = _types(arguments)
    wanted = {desk.market(symbol).symbol for symbol in arguments.many("symbol")}
    views = await desk.exchange.look(GetMarkets())
    days = await desk.history.day()
    told = []
    for view in views:
        symbol = view.instrument.symbol
        if not desk.is_ours(symbol) or (wanted and symbol not in wanted):
            continue
        market = desk.listing.of(symbol)
        if market.is_expired and symbol not in wanted:
            continue
        if not types or market.type in types:
            told.append(codec.encode_ticker(view, days.get(symbol), market))
    indices: list[codec.IndexTickerJson] = []
    if desk.profile.tickers_indices and not wanted and not types:
        indices = codec.encode_indices(views, desk.exchange.now())
    return desk.say("tickers", [*told, *indices])


async def ticker(desk: Desk, request: Request, symbol: str) -> Response:
    """GET tickers/{symbol}."""
    market = desk.market(symbol)
    (view,) = await desk.exchange.look(GetMarkets(market.symbol))
    days = await desk.history.day(market.symbol)
    return desk.say("ticker", codec.encode_ticker(view, days.get(market.symbol), market))


async def orderbook(desk: Desk, request: Request) -> Response:
    """GET orderbook: the whole book."""
    arguments = codec.read_arguments(request)
    symbol = arguments.text("symbol")
    if desk.profile.unknown_book == "empty" and symbol and desk.listing.find(symbol) is None:
        return desk.say("orderBook", {"bids": [], "asks": []})
    market = _market(desk, arguments)
    view = await desk.exchange.look(GetBook(market.symbol))
    if view is None:
        view = BookView(market.symbol, [], [])
    book = codec.encode_book(view, market, bids_ascending=desk.profile.bids_ascending)
    return desk.say("orderBook", book)


async def history(desk: Desk, request: Request) -> Response:
    """GET history: public trades, newest first."""
    arguments = codec.read_arguments(request)
    market = _market(desk, arguments)
    before = arguments.time("lastTime")
    trades = await desk.history.trades(market.symbol, before=before, limit=TRADES_MAX)
    told = [codec.encode_trade(trade, place, market) for place, trade in enumerate(trades, 1)]
    if desk.profile.history_ascending:
        told.reverse()
    return desk.say("history", told)


async def historical_funding_rates(desk: Desk, request: Request) -> Response:
    """GET historical-funding-rates: every hour of one perpetual, oldest first."""
    market = _market(desk, codec.read_arguments(request))
    told: list[codec.RateJson] = []
    page = Page(RATES_MAX, is_ascending=True)
    while True:
        found = await desk.history.rates(market.symbol, page)
        told += [codec.encode_rate(it, market) for it in found.things]
        if found.cursor is None:
            return desk.say("rates", told)
        page = Page(RATES_MAX, is_ascending=True, cursor=found.cursor)


def _market(desk: Desk, arguments: codec.Arguments) -> Market:
    """Raises: WireError: no symbol, or an unknown one."""
    symbol = arguments.text("symbol")
    if symbol is None:
        raise WireError(errors.BAD_REQUEST, status=400, why="symbol is missing")
    return desk.market(symbol)


def _types(arguments: codec.Arguments) -> set[str]:
    """Kinds of contract that are wanted; none: all."""
    types = set(arguments.many("contractType"))
    if not types <= set(TYPES):
        raise errors.invalid("contractType")
    return set() if "all" in types else types
