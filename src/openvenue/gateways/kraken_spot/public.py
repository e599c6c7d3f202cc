"""Endpoints that need no key.

Source: Kraken Spot REST, "Market data".
"""

from typing import Final

from openvenue.engine.queries import GetBook, GetMarkets
from openvenue.engine.units import SECOND, Nanos
from openvenue.gateways.kraken_spot import encode_market, errors
from openvenue.gateways.kraken_spot.arguments import Arguments, read_arguments
from openvenue.gateways.kraken_spot.decode import find_market
from openvenue.gateways.kraken_spot.desk import Desk, say
from openvenue.gateways.kraken_spot.listing import Market
from openvenue.gateways.kraken_spot.times import rfc1123, whole_second
from openvenue.gateways.wire import Request, Response, WireError

DAY: Final = 86_400 * SECOND
TRADES_MAX: Final = 10_000  # how many of the newest a question with `since` looks through
NS_FROM: Final = 10**15  # `since` above this is in nanoseconds


async def time(desk: Desk, request: Request) -> Response:
    """GET Time."""
    now = desk.clock.wall()
    return say({"unixtime": now // SECOND, "rfc1123": rfc1123(now)})


async def system_status(desk: Desk, request: Request) -> Response:
    """GET SystemStatus."""
    status = encode_market.system_status(desk.listing)
    return say({"status": status, "timestamp": whole_second(desk.clock.wall())})


async def assets(desk: Desk, request: Request) -> Response:
    """GET Assets."""
    arguments = read_arguments(request)
    if arguments.text("aclass") not in (None, "currency"):
        return say({})
    monies = list(desk.listing.monies())
    names = arguments.many("asset")
    if names:
        found = [desk.listing.find_money(name) for name in names]
        monies = [money for money in found if money is not None]
        if len(monies) != len(found):
            raise WireError(errors.UNKNOWN_ASSET)
    is_new = arguments.text("assetVersion") == "1"
    return say(
        {
            (money.name if is_new else money.facts.id): encode_market.encode_asset(money)
            for money in monies
        }
    )


async def asset_pairs(desk: Desk, request: Request) -> Response:
    """GET AssetPairs."""
    arguments = read_arguments(request)
    part = arguments.text("info") or "info"
    if part not in ("info", *encode_market.PARTS):
        raise errors.invalid("info")
    if arguments.text("aclass_base") not in (None, "currency"):
        return say({})
    if arguments.text("execution_venue") not in (None, "international"):
        return say({})
    return say(
        {
            name: encode_market.encode_pair(market, desk.profile, part)
            for name, market in pairs_named(desk, arguments)
        }
    )


async def ticker(desk: Desk, request: Request) -> Response:
    """GET Ticker."""
    arguments = read_arguments(request)
    now = desk.exchange.now()
    named = pairs_named(desk, arguments)
    only = named[0][1].symbol if len(named) == 1 else None
    views = {it.instrument.symbol: it for it in await desk.exchange.look(GetMarkets(only))}
    day = await desk.history.day(only)
    today = await desk.history.day(only, since=Nanos(now // DAY * DAY))
    return say(
        {
            name: encode_market.encode_ticker(
                views[market.symbol], market, day[market.symbol], today[market.symbol]
            )
            for name, market in named
        }
    )


async def depth(desk: Desk, request: Request) -> Response:
    """GET Depth."""
    arguments = read_arguments(request)
    name, market = pair_named(desk, arguments)
    count = arguments.count("count", 100, 1, 500)
    book = await desk.exchange.look(GetBook(market.symbol, count))
    if book is None:
        raise WireError(errors.UNKNOWN_PAIR)
    places = desk.profile.depth_volume_decimals
    return say({name: encode_market.encode_depth(book, market, desk.exchange.now(), places)})


async def trades(desk: Desk, request: Request) -> Response:
    """GET Trades: oldest first; with `since` the first ones after it, else the newest."""
    arguments = read_arguments(request)
    name, market = pair_named(desk, arguments)
    count = arguments.count("count", 1000, 1, 1000)
    since = read_since(arguments)
    limit = count if since is None else TRADES_MAX
    found = await desk.history.trades(market.symbol, limit=limit)
    found.reverse()
    if since is not None:
        found = [trade for trade in found if trade.time > since][:count]
    last = found[-1].time if found else since or 0
    rows = [encode_market.encode_trade(trade, market) for trade in found]
    return say({name: rows, "last": str(last)})


async def ohlc(desk: Desk, request: Request) -> Response:
    """GET OHLC."""
    arguments = read_arguments(request)
    name, market = pair_named(desk, arguments)
    interval = arguments.integer("interval") or 1
    if interval not in encode_market.INTERVALS:
        raise errors.invalid("interval")
    now = desk.exchange.now()
    since = read_since(arguments) or Nanos(0)
    # A day more than is shown: for the close that quiet candles at its beginning repeat.
    length = encode_market.ROWS_MAX * interval * encode_market.MINUTE
    found = await desk.history.candles(market.symbol, since=Nanos(max(now - length - DAY, 0)))
    rows, last = encode_market.encode_candles(found, market, interval, now, since)
    return say({name: rows, "last": last})


def pair_named(desk: Desk, arguments: Arguments) -> tuple[str, Market]:
    """The one pair asked for, under the name that the answer has. Raises: WireError."""
    name = arguments.needed("pair")
    return key_of(name, find_market(name, desk.listing)), find_market(name, desk.listing)


def pairs_named(desk: Desk, arguments: Arguments) -> list[tuple[str, Market]]:
    """The pairs asked for, or all of them. Raises: WireError: one is not listed."""
    names = arguments.many("pair")
    if names:
        return [
            (key_of(name, market), market)
            for name in names
            for market in [find_market(name, desk.listing)]
        ]
    is_new = arguments.text("assetVersion") == "1"
    return [(market.symbol if is_new else market.id, market) for market in desk.listing]


def key_of(name: str, market: Market) -> str:
    """Who asks with a slash is answered under the same name, everybody else under the id."""
    return name if "/" in name else market.id


def read_since(arguments: Arguments) -> Nanos | None:
    """A moment, in seconds or in nanoseconds. Raises: WireError: it is neither."""
    text = arguments.text("since")
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) >= NS_FROM:
        return Nanos(int(text))
    return arguments.moment("since")
