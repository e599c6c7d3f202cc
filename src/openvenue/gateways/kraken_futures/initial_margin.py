"""What an order would take, and how large it could be: asked before it is sent.

Source: Kraken Futures REST, initial margin requirement and maximum order size, as client libraries
know them.
"""

from typing import Final

from msgspec import Raw, Struct

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.orders import BUY, GTC, IOC, SELL, Side
from openvenue.engine.queries import GetLargestOrder, GetMarkets, OrderWeight, WeighOrder
from openvenue.engine.units import FinePrice, Lots, Ticks, decimal_price
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures.arguments import Arguments
from openvenue.gateways.kraken_futures.asking import Who
from openvenue.gateways.kraken_futures.decode import SIDES
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.limits import COST
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.numbers import OffGrid, decimal_number
from openvenue.gateways.kraken_futures.thresholds import threshold_of
from openvenue.gateways.wire import Request, Response

NO_LOTS: Final = Lots(0)


class RequirementJson(Struct, rename="camel", kw_only=True):
    """What an order needs; null where there is no price to work it out at."""

    initial_margin: Raw | None = None
    estimated_liquidation_threshold: Raw | None = None
    price: Raw | None = None
    error: str | None = None


class SizesJson(Struct, rename="camel", kw_only=True):
    """The largest orders; a price is null where a market order has none to start from."""

    max_buy_size: Raw
    max_sell_size: Raw
    buy_price: Raw | None
    sell_price: Raw | None


async def initial_margin(desk: Desk, request: Request) -> Response:
    """GET initialmargin: what a limit or market order takes, and why it would be refused."""
    who = desk.who(request, COST["initialmargin"])
    arguments = codec.read_arguments(request)
    market = desk.market(arguments.needed("symbol"))
    side = SIDES.get(arguments.needed("side"))
    if side is None:
        raise errors.invalid("side")
    size = market.sizes.read(arguments.needed("size"))
    if size is None:
        raise errors.invalid("size")
    limit = _limit(arguments, market)
    if isinstance(size, OffGrid) or size <= 0:
        return desk.say_flat(RequirementJson(error="INVALID_QUANTITY"))
    if isinstance(limit, OffGrid):
        return desk.say_flat(RequirementJson(error="INVALID_PRICE"))
    weight = await desk.exchange.look(
        WeighOrder(_order(desk, who, market, side, Lots(size), limit))
    )
    mark = (await desk.exchange.look(GetMarkets(market.symbol)))[0].mark
    if weight is None:
        return desk.say_flat(RequirementJson(error="MARKET_NOT_FOUND"))
    return desk.say_flat(_requirement(weight, market, mark))


async def max_order_size(desk: Desk, request: Request) -> Response:
    """GET initialmargin/maxordersize: the largest orders that would be accepted, of either side."""
    who = desk.who(request, COST["initialmargin/maxordersize"])
    arguments = codec.read_arguments(request)
    market = desk.market(arguments.needed("symbol"))
    limit = _limit(arguments, market)
    if isinstance(limit, OffGrid):
        raise errors.invalid("limitPrice", "off the grid")
    sizes: list[Raw] = []
    prices: list[Raw | None] = []
    for side in (BUY, SELL):
        order = _order(desk, who, market, side, NO_LOTS, limit)
        weight = await desk.exchange.look(WeighOrder(order))
        largest = await desk.exchange.look(GetLargestOrder(order))
        sizes.append(market.sizes.number(largest))
        price = None if weight is None else weight.limit
        prices.append(None if price is None else market.prices.number(price))
    return desk.say_flat(
        SizesJson(
            max_buy_size=sizes[0],
            max_sell_size=sizes[1],
            buy_price=prices[0],
            sell_price=prices[1],
        )
    )


def _limit(arguments: Arguments, market: Market) -> Ticks | OffGrid | None:
    """The limit of a limit order; None: a market order. Raises: WireError: it is neither."""
    kind = arguments.needed("orderType")
    if kind == "mkt":
        return None
    if kind != "lmt":
        raise errors.invalid("orderType", "lmt or mkt")
    limit = market.prices.read(arguments.needed("limitPrice"))
    if limit is None:
        raise errors.invalid("limitPrice")
    return limit if isinstance(limit, OffGrid) else Ticks(limit)


def _order(
    desk: Desk, who: Who, market: Market, side: Side, size: Lots, limit: Ticks | None
) -> PlaceOrder:
    """The order that `sendorder` would make of it."""
    return PlaceOrder(
        account=who.account,
        symbol=market.symbol,
        side=side,
        quantity=size,
        limit_price=limit,
        time_in_force=IOC if limit is None else GTC,
        market_cap=desk.profile.market_cap if limit is None else None,
    )


def _requirement(weight: OrderWeight, market: Market, mark: FinePrice | None) -> RequirementJson:
    told = RequirementJson(
        error=None if weight.reason is None else errors.ORDER_ERROR[weight.reason]
    )
    if weight.limit is None:
        return told
    told.price = market.prices.number(weight.limit)
    told.initial_margin = market.money.number(max(weight.initial_added, 0))
    if mark is not None:
        others = weight.maintenance_margin - weight.position_maintenance
        told.estimated_liquidation_threshold = decimal_number(
            threshold_of(
                decimal_price(mark),
                weight.equity - others,
                weight.position_value,
                weight.position_maintenance,
                is_inverse=market.is_inverse,
            )
        )
    return told
