"""Instruments, tickers, books and public trades.

Source: Kraken Futures REST, "Get instruments", "Get tickers", "Get orderbook", "Get trade history".
"""

from collections.abc import Iterable
from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType, field

from openvenue.engine.instruments import Dislocation, MarginLevel, Mode
from openvenue.engine.orders import BUY
from openvenue.engine.queries import BookView, MarketView
from openvenue.engine.units import PPB_ONE, FinePrice, Nanos, decimal_price
from openvenue.gateways.kraken_futures.encode_funding import absolute, relative
from openvenue.gateways.kraken_futures.facts import NO_FACTS, Facts
from openvenue.gateways.kraken_futures.forced import TRADES
from openvenue.gateways.kraken_futures.ids import fill_uuid
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.numbers import ZERO, decimal_number, ratio
from openvenue.gateways.kraken_futures.times import iso
from openvenue.history.port import DayFigures, PublicTrade

ONE: Final = Raw(b"1")


class MarginLevelJson(Struct, rename="camel", kw_only=True):
    """One level of a margin schedule: `contracts` for inverse contracts, units for linear ones."""

    contracts: int | UnsetType = UNSET
    num_non_contract_units: int | UnsetType = UNSET
    initial_margin: Raw
    maintenance_margin: Raw


class SchedulesJson(Struct):
    """Margin by the kind of client; here everybody's is the same."""

    retail: list[MarginLevelJson]
    professional: list[MarginLevelJson]


class InstrumentJson(Struct, rename="camel", kw_only=True):
    """One entry of `instruments`."""

    symbol: str
    type: str
    pair: str
    base: str
    quote: str
    underlying: str | UnsetType = UNSET
    tick_size: Raw
    contract_size: Raw = ONE
    contract_value_trade_precision: int
    tradeable: bool
    opening_date: str
    last_trading_time: str | UnsetType = UNSET
    margin_levels: list[MarginLevelJson]
    retail_margin_levels: list[MarginLevelJson]
    margin_schedules: dict[str, SchedulesJson]
    impact_mid_size: Raw
    max_position_size: Raw | UnsetType = UNSET
    post_only: bool
    mtf: bool = False
    tradfi: bool = False
    is_expired: bool = False
    isin: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    tags: tuple[str, ...] = ()
    description: str | UnsetType = UNSET
    fee_schedule_uid: str | UnsetType = UNSET
    funding_rate_coefficient: int | UnsetType = UNSET
    max_relative_funding_rate: Raw | UnsetType = UNSET
    min_relative_funding_rate: Raw | UnsetType = UNSET
    max_open_interest_usd: int | UnsetType = UNSET
    max_open_interest_share: Raw | UnsetType = UNSET
    platforms_permitted: tuple[str, ...] | UnsetType = UNSET
    countries_banned: tuple[str, ...] | UnsetType = UNSET
    maker_protection_millis: int = 0


class InstrumentStatusJson(Struct, rename="camel"):
    """One entry of `instrumentStatus`."""

    tradeable: str  # the symbol, in spite of the name
    experiencing_dislocation: bool = False
    price_dislocation_direction: str | None = None
    experiencing_extreme_volatility: bool = False
    extreme_volatility_initial_margin_multiplier: int = 1


DIRECTIONS: Final = {
    Dislocation.ABOVE: "ABOVE_UPPER_BOUND",
    Dislocation.BELOW: "BELOW_LOWER_BOUND",
    Dislocation.NONE: None,
}


def encode_status(market: Market) -> InstrumentStatusJson:
    """What a market suffers from."""
    return InstrumentStatusJson(
        tradeable=market.symbol,
        experiencing_dislocation=market.dislocation is not Dislocation.NONE,
        price_dislocation_direction=DIRECTIONS[market.dislocation],
        experiencing_extreme_volatility=market.margin_multiplier > 1,
        extreme_volatility_initial_margin_multiplier=market.margin_multiplier,
    )


class TickerJson(Struct, rename="camel", kw_only=True):
    """One entry of `tickers`. What there is none of is left out."""

    symbol: str
    tag: str
    pair: str
    last: Raw | UnsetType = UNSET
    last_time: str | UnsetType = UNSET
    last_size: Raw | UnsetType = UNSET
    mark_price: Raw | UnsetType = UNSET
    index_price: Raw | UnsetType = UNSET
    bid: Raw | UnsetType = UNSET
    bid_size: Raw | UnsetType = UNSET
    ask: Raw | UnsetType = UNSET
    ask_size: Raw | UnsetType = UNSET
    vol24h: Raw = ZERO
    volume_quote: Raw = ZERO
    vwap24h: Raw | UnsetType = UNSET
    open24h: Raw | UnsetType = UNSET
    high24h: Raw | UnsetType = UNSET
    low24h: Raw | UnsetType = UNSET
    change24h: Raw | UnsetType = UNSET
    open_interest: Raw
    funding_rate: Raw | UnsetType = UNSET
    funding_rate_prediction: Raw | UnsetType = UNSET
    relative_funding_rate: Raw | UnsetType = UNSET
    relative_funding_rate_prediction: Raw | UnsetType = UNSET
    suspended: bool
    post_only: bool
    is_underlying_market_closed: bool = False  # what underlies these contracts never closes


class IndexTickerJson(Struct, rename="camel"):
    """One entry of `tickers` that is no contract."""

    symbol: str
    last: Raw
    last_time: str


class BookJson(Struct):
    """`orderBook`: pairs of price and size."""

    bids: list[tuple[Raw, Raw]]
    asks: list[tuple[Raw, Raw]]


class TradeJson(Struct):
    """One entry of `history`."""

    time: str
    trade_id: int
    price: Raw
    size: Raw
    side: str
    uid: str
    type: str
    sequence_id: str = field(name="sequence_id")


def encode_instrument(market: Market, facts: Facts = NO_FACTS) -> InstrumentJson:
    """A contract, what it asks for as margin, and what else is known of it."""
    instrument = market.instrument
    levels = [_level(level, market) for level in instrument.margin_levels]
    share = facts.max_open_interest_share
    told = InstrumentJson(
        symbol=instrument.symbol,
        type=market.type,
        pair=market.pair,
        base=instrument.base,
        quote=instrument.quote,
        tick_size=decimal_number(instrument.tick_size),
        contract_value_trade_precision=market.sizes.places,
        tradeable=market.is_tradeable,
        is_expired=market.is_expired,
        opening_date=iso(instrument.opened),
        margin_levels=levels,
        retail_margin_levels=levels,
        margin_schedules={facts.platform: SchedulesJson(levels, levels)},
        impact_mid_size=market.sizes.number(instrument.impact_size),
        post_only=market.mode is Mode.POST_ONLY,
        maker_protection_millis=instrument.hold // 10**6,
        mtf=facts.mtf,
        tradfi=facts.tradfi,
        isin=facts.isin,
        category=facts.category,
        tags=facts.tags,
        description=facts.description,
        fee_schedule_uid=facts.fee_schedule_uid,
        max_open_interest_usd=facts.max_open_interest_usd,
        max_open_interest_share=UNSET if share is UNSET else decimal_number(share),
        platforms_permitted=facts.platforms_permitted,
        countries_banned=facts.countries_banned,
    )
    funding = instrument.funding
    if funding is not None:
        told.funding_rate_coefficient = funding.divisor
        told.max_relative_funding_rate = decimal_number(ratio(funding.rate_max, PPB_ONE))
        told.min_relative_funding_rate = decimal_number(ratio(-funding.rate_max, PPB_ONE))
    if market.is_inverse:
        told.underlying = f"rr_{instrument.base}{instrument.quote}".lower()
    if instrument.expires is not None:
        told.last_trading_time = iso(instrument.expires)
    if instrument.max_position:
        told.max_position_size = market.sizes.number(instrument.max_position)
    return told


def _level(level: MarginLevel, market: Market) -> MarginLevelJson:
    told = MarginLevelJson(
        initial_margin=decimal_number(ratio(level.initial, PPB_ONE)),
        maintenance_margin=decimal_number(ratio(level.maintenance, PPB_ONE)),
    )
    if market.is_inverse:
        told.contracts = level.above
    else:
        told.num_non_contract_units = level.above
    return told


def encode_ticker(view: MarketView, day: DayFigures | None, market: Market) -> TickerJson:
    """A market now, and over the last day."""
    price = market.prices.number
    size = market.sizes.number
    told = TickerJson(
        symbol=market.symbol,
        tag=market.tag,
        pair=market.pair,
        open_interest=size(view.open_interest),
        suspended=market.is_suspended,
        post_only=market.mode is Mode.POST_ONLY,
    )
    if view.last is not None:
        told.last = price(view.last)
        told.last_time = iso(view.last_time)
        told.last_size = size(view.last_quantity)
    told.mark_price = _fine(view.mark)
    told.index_price = _fine(view.index)
    if view.bid is not None:
        told.bid, told.bid_size = price(view.bid), size(view.bid_quantity)
    if view.ask is not None:
        told.ask, told.ask_size = price(view.ask), size(view.ask_quantity)
    funding = view.funding
    if funding is not None:
        told.funding_rate = absolute(funding.rate, funding.index, market)
        told.funding_rate_prediction = absolute(funding.prediction, view.index or 0, market)
        told.relative_funding_rate = relative(funding.rate)
        told.relative_funding_rate_prediction = relative(funding.prediction)
    if day is not None:
        _tell_day(told, view, day, market)
    return told


def encode_indices(views: Iterable[MarketView], now: Nanos) -> list[IndexTickerJson]:
    """The indices of all contracts, once each."""
    found: dict[str, IndexTickerJson] = {}
    for view in views:
        if view.index is not None:
            symbol = "in_" + view.instrument.index.replace(":", "").lower()
            price = decimal_number(decimal_price(view.index))
            found.setdefault(symbol, IndexTickerJson(symbol, price, iso(now)))
    return list(found.values())


def _fine(price: FinePrice | None) -> Raw | UnsetType:
    return UNSET if price is None else decimal_number(decimal_price(price))


def _tell_day(told: TickerJson, view: MarketView, day: DayFigures, market: Market) -> None:
    price = market.prices.number
    told.vol24h = market.sizes.number(day.volume)
    told.volume_quote = market.money.number(day.value)
    if day.open is None or day.high is None or day.low is None:
        return
    told.open24h, told.high24h, told.low24h = price(day.open), price(day.high), price(day.low)
    if view.last is not None:
        change = ratio((view.last - day.open) * 100, day.open)
        told.change24h = decimal_number(round(change, 2))
    size = day.volume * market.instrument.lot_size
    value = day.value * market.money_one
    if size and value:
        told.vwap24h = decimal_number(
            ratio(size, value) if market.is_inverse else ratio(value, size)
        )


def encode_book(view: BookView, market: Market, *, bids_ascending: bool) -> BookJson:
    """The whole book, one pair for each price."""
    price = market.prices.number
    size = market.sizes.number
    bids = [(price(level), size(quantity)) for level, quantity in view.bids]
    if bids_ascending:
        bids.reverse()
    return BookJson(bids, [(price(level), size(quantity)) for level, quantity in view.asks])


def encode_trade(trade: PublicTrade, place: int, market: Market) -> TradeJson:
    """A trade as everybody sees it; `place` counts from the newest in this answer."""
    return TradeJson(
        iso(trade.time),
        place,
        market.prices.number(trade.price),
        market.sizes.number(trade.quantity),
        "buy" if trade.aggressor is BUY else "sell",
        fill_uuid(trade.exec_id),
        TRADES[trade.origin],
        str(trade.exec_id),
    )
