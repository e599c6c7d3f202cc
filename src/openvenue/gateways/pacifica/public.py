"""Questions about markets; nobody signs them.

Source: Pacifica, REST "Markets".
"""

from typing import Final

from openvenue.engine.queries import GetBook, GetMarkets
from openvenue.engine.units import Nanos
from openvenue.gateways.pacifica import codec, errors
from openvenue.gateways.pacifica.arguments import read_arguments
from openvenue.gateways.pacifica.desk import Desk
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.wire import Request, Response

TRADES: Final = 100


async def info(desk: Desk, request: Request) -> Response:
    """GET /info: markets, the oldest listing first."""
    read_arguments(request)
    return desk.told([codec.info_row(market) for market in desk.listing])


async def prices(desk: Desk, request: Request) -> Response:
    """GET /info/prices."""
    read_arguments(request)
    rows = await price_rows(desk)
    if not rows:
        raise errors.Failure("Prices not found", status=404)
    return desk.told(rows)


async def price_rows(desk: Desk) -> list[codec.Row]:
    """Where every market stands."""
    views = await desk.exchange.look(GetMarkets())
    days = await desk.history.day()
    now = desk.exchange.now()
    rows = []
    for view in views:
        market = desk.listing.of(view.instrument.symbol)
        row = codec.price_row(view, days.get(market.symbol), market, now)
        if row is not None:
            rows.append(row)
    return rows


async def book(desk: Desk, request: Request) -> Response:
    """GET /book: ten levels of each side."""
    arguments = read_arguments(request)
    market = desk.market(arguments.text("symbol"))
    level = arguments.count("agg_level")
    level = 1 if level is None else level
    if level not in codec.AGG_LEVELS:
        raise errors.invalid(why="agg_level")
    return desk.told(await book_data(desk, market, level), last_order_id=True)


async def book_data(desk: Desk, market: Market, agg_level: int) -> codec.Row:
    """The book of a market, in levels so many ticks wide."""
    depth = codec.DEPTH if agg_level == 1 else 0
    view = await desk.exchange.look(GetBook(market.symbol, depth, with_orders=True))
    assert view is not None, "what is listed has a book"
    return codec.book_data(view, market, agg_level, desk.exchange.now())


async def trades(desk: Desk, request: Request) -> Response:
    """GET /trades: the newest hundred, newest first."""
    market = desk.market(read_arguments(request).text("symbol"))
    found = await desk.history.trades(market.symbol, limit=TRADES)
    rows = [codec.trade_row(trade, market) for trade in found]
    return desk.told(rows, last_order_id=True)


async def kline(desk: Desk, request: Request) -> Response:
    """GET /kline: at most 4,000 candles, oldest first, from `start_time` on."""
    arguments = read_arguments(request)
    market = desk.market(arguments.text("symbol"))
    interval = arguments.text("interval") or ""
    start = arguments.time("start_time")
    if interval not in codec.INTERVALS or start is None:
        raise errors.invalid(why="interval or start_time")
    now = desk.exchange.now()
    end = arguments.time("end_time")
    end = now if end is None else min(end, now)
    width = codec.INTERVALS[interval]
    first = Nanos(-(-start // width) * width)
    minutes = await desk.history.candles(market.symbol, since=first)
    before = await desk.history.trades(market.symbol, before=first, limit=1)
    if not before and minutes:
        first = Nanos(max(first, minutes[0].time // width * width))
    last = before[0].price if before else None
    rows = codec.candle_rows(minutes, market, interval, first, end, last)
    limit = arguments.count("limit")
    return desk.told(rows if limit is None else rows[:limit])
