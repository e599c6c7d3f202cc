"""What a portfolio that nobody holds would take as margin, and what it would gain or lose.

Margin is the engine's own: a contract's schedule at its present mark price, the larger of the long
and short margins of each underlying. There are no options here: what the published answer says of
them is nothing, and price shocks are told without being margined.
Source: Kraken Futures REST, "Get portfolio margin parameters", "Calculate portfolio margin, pnl and
greeks".
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from openvenue.engine.contracts import Contract
from openvenue.engine.queries import GetMarkets, MarketView
from openvenue.engine.schedule import Schedule
from openvenue.engine.units import Lots, Symbol, fine_price
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode_account import FLEX
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.numbers import ZERO, Grid, OffGrid, decimal_number
from openvenue.gateways.wire import Request, Response, WireError

SHOCKS: Final = tuple(map(Decimal, ("-0.15", "-0.1", "-0.05", "0.05", "0.1", "0.15")))
POSITIONS_MAX: Final = 500
ONE: Final = Raw(b"1")


class LimitsJson(Struct, rename="camel", frozen=True):
    """How many options an account may have: none are listed."""

    max_net_position_delta: Raw = ZERO
    limits_per_base_currency: dict[str, Raw] = {}


class ParametersJson(Struct, rename="camel", kw_only=True):
    """What the calculation goes by. Factors of one change nothing."""

    cross_asset_netting_factor: Raw = ONE
    extreme_price_shock_multiplier: Raw = ONE
    vol_shock_multiplication_factor: Raw = ONE
    vol_shock_exponent_factor: Raw = ONE
    option_expiry_time_shock_hours: int = 0
    options_initial_margin_factor: Raw = ONE
    considered: int = field(name="totalOptionOrdersConsideredInInitialMarginCalc", default=0)
    price_shock_levels: list[Raw]
    options_user_limits: LimitsJson = LimitsJson()


class BreakdownJson(Struct, rename="camel", kw_only=True):
    """What is behind the figures. Market risk is the worst that a shock does."""

    total_cross_asset_netted_market_risk: Raw  # to all underlyings at once
    total_market_risk: Raw  # to each by itself
    total_scenario_pnls: list[Raw]
    total_absolute_option_position_delta_notional: Raw = ZERO
    net_portfolio_delta: Raw
    total_premium: Raw = ZERO
    is_buy_only: bool
    futures_maintenance_margin: Raw


class SimulatedJson(Struct, rename="camel"):
    """The answer."""

    maintenance_margin: Raw
    initial_margin: Raw
    pnl: Raw
    portfolio_margin_breakdown: BreakdownJson
    greeks: dict[str, Raw] = {}


class AskedPosition(Struct, rename="camel"):
    """One position of the portfolio that is asked about; without a price it was entered at mark."""

    size: Decimal  # negative: short
    instrument: str = ""
    symbol: str = ""  # as others write it
    entry_price: Decimal | None = None


class AskedPortfolio(Struct):
    """What `json` holds. Balances change no margin, and are not read."""

    positions: list[AskedPosition] = []


class Sums:
    """One underlying's longs and shorts."""

    def __init__(self) -> None:
        self.longs = 0
        self.shorts = 0
        self.value = 0  # signed


async def parameters(desk: Desk, request: Request) -> Response:
    """GET portfolio-margining/parameters."""
    desk.who(request, 0)
    return desk.say_flat(ParametersJson(price_shock_levels=[decimal_number(it) for it in SHOCKS]))


async def simulate(desk: Desk, request: Request) -> Response:
    """POST portfolio-margining/simulate. Raises: WireError: it cannot be read."""
    desk.who(request, 0)
    asked = _read(request)
    views = {it.instrument.symbol: it for it in await desk.exchange.look(GetMarkets())}
    maintenance = pnl = 0
    groups: dict[str, Sums] = {}
    money: Grid | None = None
    for position in asked.positions:
        market = _market(desk, position)
        money = market.money
        lots = market.sizes.read(format(position.size, "f"))
        if lots is None or isinstance(lots, OffGrid):
            raise errors.invalid("size")
        schedule = _schedule(market, views)
        value = schedule.value(lots)
        sums = groups.setdefault(market.instrument.index, Sums())
        sums.value += value
        sums.longs += schedule.initial(lots, 0)
        sums.shorts += schedule.initial(-lots, 0)
        maintenance += schedule.maintenance(lots)
        if position.entry_price is not None:
            if not position.entry_price.is_finite() or position.entry_price <= 0:
                raise errors.invalid("entryPrice")
            entered = Schedule(Contract(market.instrument), fine_price(position.entry_price))
            pnl += value - entered.value(Lots(lots))
    if money is None:
        money = desk.listing.grid_of(next(iter(desk.listing)).instrument.quote)
    return desk.say_flat(_told(groups, maintenance, pnl, money, asked))


def _told(
    groups: Mapping[str, Sums], maintenance: int, pnl: int, money: Grid, asked: AskedPortfolio
) -> SimulatedJson:
    initial = sum(max(it.longs, it.shorts) for it in groups.values())
    values = [it.value for it in groups.values()]
    pnls = [sum(int(value * shock) for value in values) for shock in SHOCKS]
    apart = sum(max(int(-value * shock) for shock in SHOCKS) for value in values)
    number = money.number
    return SimulatedJson(
        maintenance_margin=number(maintenance),
        initial_margin=number(initial),
        pnl=number(pnl),
        portfolio_margin_breakdown=BreakdownJson(
            total_cross_asset_netted_market_risk=number(max(0, -min(pnls))),
            total_market_risk=number(apart),
            total_scenario_pnls=[number(it) for it in pnls],
            net_portfolio_delta=number(sum(values)),
            is_buy_only=all(it.size >= 0 for it in asked.positions),
            futures_maintenance_margin=number(maintenance),
        ),
    )


def _read(request: Request) -> AskedPortfolio:
    text = codec.read_arguments(request).needed("json")
    try:
        asked = msgspec.json.decode(text, type=AskedPortfolio)
    except (msgspec.DecodeError, InvalidOperation, RecursionError, UnicodeError) as error:
        raise WireError(errors.JSON_PARSE) from error
    if len(asked.positions) > POSITIONS_MAX:
        raise errors.invalid("positions", "too many")
    return asked


def _market(desk: Desk, position: AskedPosition) -> Market:
    """The contract of the multi-collateral wallet that is meant."""
    market = desk.listing.find(position.instrument or position.symbol)
    if market is None or market.instrument.wallet != FLEX:
        raise errors.invalid("instrument")
    if not position.size.is_finite() or abs(position.size.adjusted()) > 20:
        raise errors.invalid("size")
    return market


def _schedule(market: Market, views: Mapping[Symbol, MarketView]) -> Schedule:
    view = views.get(market.symbol)
    mark = 0 if view is None or view.mark is None else int(view.mark)
    return Schedule(Contract(market.instrument), mark, market.margin_multiplier)
