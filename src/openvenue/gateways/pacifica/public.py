"""Questions about markets; nobody signs them.

Source: Pacifica, REST "Markets".
"""

from typing import Final

from openvenue.engine.queries import GetBook, GetMarkets
from openvenue.engine.units import Nanos
from openvenue.gateways.pacifica import codec, errors
from openvenue.gateways.pacifica.arguments import encode_cursor, read_arguments
from openvenue.gateways.pacifica.desk import Desk
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.wire import Request, Response
from openvenue.history.past import Page

TRADES: Final = 100


async def info(desk: Desk, request: Request) -> Response:
    """GET /info: markets, the oldest listing first."""
    read_arguments(request)
    funding = {it.instrument.symbol: it.funding for it in await desk.exchange.look(GetMarkets())}
    rows = [codec.info_row(market, funding.get(market.symbol)) for market in desk.listing]
    return desk.told(rows)


async def fees(desk: Desk, request: Request) -> Response:
    """GET /info/fees: the levels of perpetuals."""
    read_arguments(request)
    rates = next((market.fees for market in desk.listing if not market.is_spot), [])
    rows = [
        {"level": level, "maker_fee_rate": maker, "taker_fee_rate": taker}
        for level, (maker, taker) in enumerate(rates)
    ]
    return desk.told(rows)


async def prices(desk: Desk, request: Request) -> Response:
    """GET /info/prices."""
    read_arguments(request)
    rows = await price_rows(desk)
    if not rows:
        raise errors.Failure("Prices not found", status=404)
    return desk.told(rows)


async def funding_rates(desk: Desk, request: Request) -> Response:
    """GET /funding_rate/history: every hour of one market, newest first."""
    arguments = read_arguments(request)
    market = desk.market(arguments.text("symbol"))
    cursor, offset, limit = arguments.cursor(), arguments.offset(), arguments.limit()
    (view,) = await desk.exchange.look(GetMarkets(market.symbol))
    page = Page(offset + limit + 1, cursor=cursor)
    found = await desk.history.rates(market.symbol, page)
    following = 0 if view.funding is None else view.funding.prediction
    if cursor is not None:
        newer = await desk.history.rates(
            market.symbol, Page(1, is_ascending=True, cursor=cursor - 1)
        )
        following = newer.things[0].rate if newer.things else following
    rows = []
    for change in found.things:
        rows.append(codec.rate_row(change, following))
        following = change.rate
    things = found.things[offset : offset + limit]
    more = len(found.things) > offset + limit
    return desk.paged(
        rows[offset : offset + limit], encode_cursor(things[-1].number) if more else None
    )


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


async def bbo_data(desk: Desk, market: Market) -> codec.Row:
    """The best bid and the best ask; an empty side is 0."""
    view = await desk.view(market)
    return {
        "s": market.symbol,
        "b": market.prices.text(view.bid or 0),
        "B": market.sizes.text(view.bid_quantity),
        "a": market.prices.text(view.ask or 0),
        "A": market.sizes.text(view.ask_quantity),
    }


async def candle_now(desk: Desk, market: Market, interval: str) -> codec.Row | None:
    """The candle that is running; None: nothing was ever traded."""
    width = codec.INTERVALS[interval]
    now = desk.exchange.now()
    first = Nanos(now // width * width)
    minutes = await desk.history.candles(market.symbol, since=first)
    before = await desk.history.trades(market.symbol, before=first, limit=1)
    last = before[0].price if before else None
    rows = codec.candle_rows(minutes, market, interval, first, now, last)
    return rows[-1] if rows else None


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
