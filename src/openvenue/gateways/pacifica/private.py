"""Questions about accounts. Nobody signs them either: an address is all it takes.

Source: Pacifica, REST "Account" and "Orders".
"""

from typing import Final

from openvenue.engine.queries import GetMarkets, GetOpenOrders, GetOrders
from openvenue.engine.units import AccountId, Nanos, OrderId
from openvenue.gateways.pacifica import codec, errors, walk
from openvenue.gateways.pacifica.arguments import encode_cursor, read_arguments
from openvenue.gateways.pacifica.desk import Desk
from openvenue.gateways.pacifica.times import MS
from openvenue.gateways.wire import Request, Response
from openvenue.history.past import FundingPosting, Page, Posting

DAY: Final = 86_400 * 10**9
RANGE_MAX: Final = 30 * DAY


async def account(desk: Desk, request: Request) -> Response:
    """GET /account."""
    owner, _ = desk.owner(read_arguments(request).text("account"))
    view = await desk.account(owner)
    orders = await desk.exchange.look(GetOpenOrders(owner))
    data = codec.account_data(view, orders, desk.listing, desk.exchange.now())
    return desk.told([data] if desk.profile.account_shape == "array" else data)


async def settings(desk: Desk, request: Request) -> Response:
    """GET /account/settings: markets that are not as every account has them at first."""
    owner, _ = desk.owner(read_arguments(request).text("account"))
    rows = codec.settings_rows(await desk.account(owner), desk.listing)
    if desk.profile.settings_shape == "array":
        return desk.told(rows)
    return desk.told({"auto_lend_disabled": None, "margin_settings": rows, "spot_settings": []})


async def positions(desk: Desk, request: Request) -> Response:
    """GET /positions."""
    owner, _ = desk.owner(read_arguments(request).text("account"))
    return desk.told(await position_rows(desk, owner), last_order_id=True)


async def position_rows(desk: Desk, owner: AccountId) -> list[codec.Row]:
    """Open positions of an account."""
    view = await desk.account(owner)
    markets = {it.instrument.symbol: it for it in await desk.exchange.look(GetMarkets())}
    return [codec.position_row(it, view, desk.listing, markets[it.symbol]) for it in view.positions]


async def orders(desk: Desk, request: Request) -> Response:
    """GET /orders: live orders, stops among them, oldest first."""
    owner, _ = desk.owner(read_arguments(request).text("account"))
    views = await desk.exchange.look(GetOpenOrders(owner))
    rows = [codec.open_row(view, desk.listing.of(view.order.symbol)) for view in views]
    return desk.told(rows, last_order_id=True)


async def orders_history(desk: Desk, request: Request) -> Response:
    """GET /orders/history: one row for each order, the newest order first."""
    arguments = read_arguments(request)
    owner, _ = desk.owner(arguments.text("account"))
    cursor, offset, limit = arguments.cursor(), arguments.offset(), arguments.limit()
    live = await desk.exchange.look(GetOpenOrders(owner))
    ended = await desk.history.closed_orders(owner)
    rows = {
        view.order.order_id: codec.history_row(
            view,
            desk.listing.of(view.order.symbol),
            codec.open_status(view),
            None,
            view.updated,
        )
        for view in live
    }
    for closed in ended:  # of an order that ended meanwhile, its end counts
        view = closed.view
        market = desk.listing.of(view.order.symbol)
        reason, status = codec.closed_story(closed)
        rows[view.order.order_id] = codec.history_row(view, market, status, reason, closed.closed)
    ids = sorted((it for it in rows if cursor is None or it < cursor), reverse=True)[offset:]
    page = [rows[order_id] for order_id in ids[:limit]]
    return desk.paged(page, encode_cursor(ids[limit - 1]) if len(ids) > limit else None)


async def order_history_by_id(desk: Desk, request: Request) -> Response:
    """GET /orders/history_by_id: what happened to one order, newest first."""
    number = read_arguments(request).count("order_id")
    if number is None:
        raise errors.invalid(why="order_id is missing")
    order_id = OrderId(number)
    for owner in desk.keys.accounts():
        live = await desk.exchange.look(GetOrders(owner, (order_id,)))
        ended = await desk.history.closed_orders(owner, order_ids=(order_id,))
        closed = ended[-1] if ended else None
        if closed is None and not live:
            continue
        view = live[0] if closed is None else closed.view
        created = view.order.created
        fills = []
        if view.filled:
            async for fill in walk.fills_of(desk, owner):
                if fill.time < created:
                    break
                if fill.order_id == order_id:
                    fills.append(fill)
        fills.reverse()
        market = desk.listing.of(view.order.symbol)
        return desk.told(codec.event_rows(view, closed, fills, market))
    raise errors.Failure(f"Order history not found for order ID: {number}", status=404)


async def funding_history(desk: Desk, request: Request) -> Response:
    """GET /funding/history: what funding brought, newest first; paid is negative."""
    arguments = read_arguments(request)
    owner, _ = desk.owner(arguments.text("account"))
    cursor, offset, limit = arguments.cursor(), arguments.offset(), arguments.limit()
    page = Page(offset + limit + 1, cursor=cursor)
    found = await desk.history.postings(owner, page, wanted=_is_funding)
    things = [it for it in found.things if isinstance(it, FundingPosting)]
    told = things[offset : offset + limit]
    rows = [codec.funding_row(it, desk.listing.of(it.symbol)) for it in told]
    more = len(things) > offset + limit
    return desk.paged(rows, encode_cursor(told[-1].number) if more else None)


def _is_funding(posting: Posting) -> bool:
    return isinstance(posting, FundingPosting)


async def trades_history(desk: Desk, request: Request) -> Response:
    """GET /trades/history: own fills, newest first, with what each did to the position."""
    arguments = read_arguments(request)
    owner, _ = desk.owner(arguments.text("account"))
    symbol = arguments.text("symbol")
    if symbol is not None:
        desk.market(symbol)
    start, end = arguments.time("start_time"), arguments.time("end_time")
    if start is not None and end is not None and not 0 <= end - start <= RANGE_MAX:
        raise errors.invalid(why="a range is at most 30 days")
    cursor, offset, limit = arguments.cursor(), arguments.offset(), arguments.limit()
    page: list[walk.Step] = []
    async for step in walk.steps_of(desk, owner):
        fill = step.fill
        if start is not None and fill.time < start:
            break
        if cursor is not None and step.history_id >= cursor:
            continue
        if end is not None and fill.time >= Nanos(end + MS):
            continue
        if symbol is not None and fill.symbol != symbol:
            continue
        if offset:
            offset -= 1
            continue
        page.append(step)
        if len(page) > limit:
            break
    rows = [walk.step_row(step, desk.listing.of(step.fill.symbol)) for step in page[:limit]]
    more = len(page) > limit
    return desk.paged(rows, encode_cursor(page[limit - 1].history_id) if more else None)
