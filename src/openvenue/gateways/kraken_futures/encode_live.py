"""Messages of the socket that tell a state: tickers, positions, balances, the account log.

Source: Kraken Futures WebSocket v1, "Ticker", "Ticker lite", "Open positions", "Balances",
"Account log", "Notifications".
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.engine.instruments import Mode
from openvenue.engine.queries import AccountView, MarketView, PositionView, WalletView
from openvenue.engine.units import PPB_ONE, AssetId, Atoms, FinePrice, Nanos, decimal_price
from openvenue.gateways.kraken_futures.account_log import log_rows
from openvenue.gateways.kraken_futures.encode_account import FLEX
from openvenue.gateways.kraken_futures.encode_funding import absolute, relative
from openvenue.gateways.kraken_futures.encode_history import average_entry
from openvenue.gateways.kraken_futures.listing import DAY, Listing, Market
from openvenue.gateways.kraken_futures.numbers import ZERO, decimal_number, ratio
from openvenue.gateways.kraken_futures.thresholds import threshold
from openvenue.gateways.kraken_futures.times import millis
from openvenue.history.past import Posting
from openvenue.history.port import DayFigures

NONE: Final = Raw(b"0.0")  # how these feeds write a number that there is none of


class TickerMessage(Struct, kw_only=True, tag_field="feed", tag="ticker"):
    """A market now, and over the last day. What there is none of is left out."""

    time: int
    product_id: str
    bid: Raw | UnsetType = UNSET
    ask: Raw | UnsetType = UNSET
    bid_size: Raw | UnsetType = UNSET
    ask_size: Raw | UnsetType = UNSET
    last: Raw | UnsetType = UNSET
    change: Raw | UnsetType = UNSET
    volume: Raw = ZERO
    volumeQuote: Raw = ZERO  # noqa: N815  # this feed mixes both ways to write a name
    openInterest: Raw = ZERO  # noqa: N815
    index: Raw | UnsetType = UNSET
    markPrice: Raw | UnsetType = UNSET  # noqa: N815
    premium: Raw | UnsetType = UNSET
    open: Raw | UnsetType = UNSET
    high: Raw | UnsetType = UNSET
    low: Raw | UnsetType = UNSET
    suspended: bool
    post_only: bool
    tag: str
    pair: str
    leverage: str
    dtm: int
    maturityTime: int  # noqa: N815
    funding_rate: Raw | UnsetType = UNSET
    funding_rate_prediction: Raw | UnsetType = UNSET
    relative_funding_rate: Raw | UnsetType = UNSET
    relative_funding_rate_prediction: Raw | UnsetType = UNSET
    next_funding_rate_time: int | UnsetType = UNSET


class TickerLiteMessage(Struct, kw_only=True, tag_field="feed", tag="ticker_lite"):
    """The same in short."""

    product_id: str
    bid: Raw | UnsetType
    ask: Raw | UnsetType
    change: Raw | UnsetType
    premium: Raw | UnsetType
    volume: Raw
    tag: str
    pair: str
    dtm: int
    maturityTime: int  # noqa: N815
    volumeQuote: Raw  # noqa: N815


class PositionItem(Struct, kw_only=True):
    """One open position."""

    instrument: str
    balance: Raw
    pnl: Raw
    entry_price: Raw
    mark_price: Raw
    index_price: Raw
    liquidation_threshold: Raw = ZERO
    effective_leverage: Raw
    return_on_equity: Raw
    unrealized_funding: Raw = ZERO
    initial_margin: Raw
    initial_margin_with_orders: Raw
    maintenance_margin: Raw
    pnl_currency: str | UnsetType = UNSET
    max_fixed_leverage: int | UnsetType = UNSET
    fill_time: int


class PositionsMessage(Struct, tag_field="feed", tag="open_positions"):
    """All open positions."""

    account: str
    positions: list[PositionItem]
    seq: int
    timestamp: int


class FuturesBalance(Struct, kw_only=True):
    """A single-collateral wallet."""

    name: str
    pair: str
    unit: str
    portfolio_value: Raw
    balance: Raw
    maintenance_margin: Raw
    initial_margin: Raw
    available: Raw
    unrealized_funding: Raw = ZERO
    pnl: Raw
    cash_value: Raw


class FlexCurrency(Struct, kw_only=True):
    """One currency of the multi-collateral wallet."""

    quantity: Raw
    value: Raw
    collateral_value: Raw
    available: Raw
    haircut: Raw = ZERO
    conversion_spread: Raw = ZERO


class IsolatedBalance(Struct, kw_only=True):
    """A position that stands on margin of its own."""

    initial_margin: Raw
    initial_margin_without_orders: Raw
    maintenance_margin: Raw
    pnl: Raw
    unrealized_funding: Raw
    total_unrealized: Raw
    total_unrealized_as_margin: Raw


class CrossBalance(Struct, kw_only=True):
    """What all other positions of the multi-collateral wallet share."""

    balance_value: Raw
    portfolio_value: Raw
    collateral_value: Raw
    initial_margin: Raw
    initial_margin_without_orders: Raw
    maintenance_margin: Raw
    pnl: Raw
    unrealized_funding: Raw = ZERO
    total_unrealized: Raw
    total_unrealized_as_margin: Raw
    margin_equity: Raw
    available_margin: Raw
    effective_leverage: Raw


class FlexBalance(Struct, kw_only=True):
    """The multi-collateral wallet; what isolated positions stand on is not in its sums."""

    currencies: dict[str, FlexCurrency]
    balance_value: Raw
    portfolio_value: Raw
    collateral_value: Raw
    initial_margin: Raw
    initial_margin_without_orders: Raw
    maintenance_margin: Raw
    pnl: Raw
    unrealized_funding: Raw
    total_unrealized: Raw
    total_unrealized_as_margin: Raw
    margin_equity: Raw
    available_margin: Raw
    total_position_size: Raw
    unified_balances: bool = False
    isolated: dict[str, IsolatedBalance]
    cross: CrossBalance


class Balances(Struct, kw_only=True):
    """The three sections of a message."""

    holding: dict[str, Raw]
    futures: dict[str, FuturesBalance]
    flex_futures: FlexBalance | UnsetType = UNSET


class LogEntry(Struct, kw_only=True):
    """One row of the account log. What there is none of is `0.0` or empty."""

    id: int
    date: str
    asset: str
    info: str
    booking_uid: str
    margin_account: str
    contract: str
    old_balance: Raw
    new_balance: Raw
    old_average_entry_price: Raw
    new_average_entry_price: Raw
    trade_price: Raw
    mark_price: Raw
    realized_pnl: Raw
    fee: Raw
    execution: str
    collateral: str = ""
    funding_rate: Raw = NONE
    realized_funding: Raw = NONE


def _fine(price: FinePrice | None) -> Raw | UnsetType:
    return UNSET if price is None else decimal_number(decimal_price(price))


def ticker(view: MarketView, day: DayFigures | None, market: Market, now: Nanos) -> TickerMessage:
    """A market now."""
    instrument = market.instrument
    price, size = market.prices.number, market.sizes.number
    expires = instrument.expires
    told = TickerMessage(
        time=millis(now),
        product_id=market.symbol,
        openInterest=size(view.open_interest),
        index=_fine(view.index),
        markPrice=_fine(view.mark),
        suspended=market.is_suspended,
        post_only=market.mode is Mode.POST_ONLY,
        tag=market.tag,
        pair=market.pair,
        leverage=f"{PPB_ONE // instrument.margin_levels[0].initial}x",
        dtm=0 if expires is None else max(expires - now, 0) // DAY,
        maturityTime=0 if expires is None else millis(expires),
    )
    if view.bid is not None:
        told.bid, told.bid_size = price(view.bid), size(view.bid_quantity)
    if view.ask is not None:
        told.ask, told.ask_size = price(view.ask), size(view.ask_quantity)
    if view.last is not None:
        told.last = price(view.last)
    funding = view.funding
    if funding is not None:
        told.next_funding_rate_time = millis(funding.next_time)
        if funding.rate:
            told.funding_rate = absolute(funding.rate, funding.index, market)
            told.relative_funding_rate = relative(funding.rate)
        if funding.prediction:
            told.funding_rate_prediction = absolute(funding.prediction, view.index or 0, market)
            told.relative_funding_rate_prediction = relative(funding.prediction)
    if view.mark is not None and view.index is not None:
        premium = ratio((view.mark - view.index) * 100, view.index)
        told.premium = decimal_number(round(premium, 2))
    if day is not None:
        told.volume, told.volumeQuote = size(day.volume), market.money.number(day.value)
        if day.open is not None and day.high is not None and day.low is not None:
            told.open, told.high, told.low = price(day.open), price(day.high), price(day.low)
            if view.last is not None:
                change = ratio((view.last - day.open) * 100, day.open)
                told.change = decimal_number(round(change, 2))
    return told


def ticker_lite(told: TickerMessage) -> TickerLiteMessage:
    """The same in short."""
    return TickerLiteMessage(
        product_id=told.product_id,
        bid=told.bid,
        ask=told.ask,
        change=told.change,
        premium=told.premium,
        volume=told.volume,
        tag=told.tag,
        pair=told.pair,
        dtm=told.dtm,
        maturityTime=told.maturityTime,
        volumeQuote=told.volumeQuote,
    )


def position_item(
    position: PositionView, wallet: WalletView, view: MarketView, market: Market
) -> PositionItem:
    """An open position. Leverage and return are shares of equity and of initial margin."""
    money = market.money.number
    size = abs(position.quantity) * market.instrument.lot_size
    mark = Decimal(0) if view.mark is None else decimal_price(view.mark)
    if market.is_inverse:
        notional = ratio(size, mark) if mark else Decimal(0)
    else:
        notional = size * mark
    equity = wallet.equity * market.money_one
    initial = position.initial_margin
    told = PositionItem(
        instrument=market.symbol,
        balance=market.sizes.number(position.quantity),
        pnl=money(position.unrealized),
        entry_price=average_entry(position.quantity, position.cost, market),
        mark_price=_fine(view.mark) or ZERO,
        index_price=_fine(view.index) or ZERO,
        liquidation_threshold=decimal_number(
            threshold(mark, wallet, position, is_inverse=market.is_inverse)
        ),
        effective_leverage=decimal_number(ratio(notional, equity)) if equity else ZERO,
        unrealized_funding=money(position.unrealized_funding),
        return_on_equity=decimal_number(ratio(position.unrealized, initial)) if initial else ZERO,
        initial_margin=money(initial),
        initial_margin_with_orders=money(position.initial_with_orders),
        maintenance_margin=money(position.maintenance_margin),
        fill_time=millis(position.opened),
    )
    if market.instrument.wallet == FLEX:
        told.pnl_currency = position.profit_asset or market.instrument.settlement
    if position.leverage is not None:
        told.max_fixed_leverage = position.leverage
    return told


def balances(view: AccountView, listing: Listing) -> Balances:
    """All wallets, in their three sections."""
    told = Balances(holding={}, futures={})
    for wallet in view.wallets:
        settlement = wallet.settlement
        if wallet.wallet == FLEX and settlement is not None:
            told.flex_futures = _flex(wallet, settlement, view.positions, listing)
        elif settlement is None:
            for asset, amount in wallet.balances.items():
                told.holding[asset] = listing.grid_of(asset).number(amount)
        else:
            market = next(it for it in listing if it.instrument.wallet == wallet.wallet)
            base, quote = market.instrument.base, market.instrument.quote
            name = f"F-{base}:{quote}"
            number = listing.grid_of(settlement).number
            balance = number(wallet.balances.get(settlement, Atoms(0)))
            told.futures[name] = FuturesBalance(
                name=name,
                pair=f"{base}/{quote}",
                unit=settlement,
                portfolio_value=number(wallet.equity),
                balance=balance,
                maintenance_margin=number(wallet.maintenance_margin),
                initial_margin=number(wallet.initial_margin_with_orders),
                available=number(wallet.equity - wallet.initial_margin_with_orders),
                unrealized_funding=number(wallet.unrealized_funding),
                pnl=number(wallet.unrealized),
                cash_value=balance,
            )
    return told


def _flex(
    wallet: WalletView, settlement: AssetId, positions: Sequence[PositionView], listing: Listing
) -> FlexBalance:
    number = listing.grid_of(settlement).number
    value = sum(it.value for it in wallet.collateral.values())
    collateral = sum(it.collateral for it in wallet.collateral.values())
    available = wallet.equity - wallet.initial_margin_with_orders
    currencies: dict[str, FlexCurrency] = {}
    for asset, amount in wallet.balances.items():
        grid = listing.grid_of(asset)
        it = wallet.collateral[asset]
        currencies[asset] = FlexCurrency(
            quantity=grid.number(amount),
            value=number(it.value),
            collateral_value=number(it.collateral),
            available=grid.number(it.available),
            haircut=decimal_number(ratio(it.haircut, PPB_ONE)),
            conversion_spread=decimal_number(ratio(it.conversion_spread, PPB_ONE)),
        )
    total = number(wallet.unrealized + wallet.unrealized_funding)
    ours = [it for it in positions if listing.of(it.symbol).instrument.wallet == FLEX]
    crossed = [it for it in ours if it.isolated_margin is None]
    cross = CrossBalance(
        balance_value=number(value),
        portfolio_value=number(value + wallet.unrealized),
        collateral_value=number(collateral),
        initial_margin=number(wallet.initial_margin_with_orders),
        initial_margin_without_orders=number(wallet.initial_margin),
        maintenance_margin=number(wallet.maintenance_margin),
        pnl=number(wallet.unrealized),
        unrealized_funding=number(wallet.unrealized_funding),
        total_unrealized=total,
        total_unrealized_as_margin=total,
        margin_equity=number(wallet.equity),
        available_margin=number(available),
        effective_leverage=_leverage(_size(crossed), wallet.equity),
    )
    shared = {name: getattr(cross, name) for name in FlexBalance.__struct_fields__[1:13]}
    return FlexBalance(
        currencies=currencies,
        **shared,
        total_position_size=number(_size(ours)),
        isolated={
            it.symbol: _isolated(it, number) for it in ours if it.isolated_margin is not None
        },
        cross=cross,
    )


def _size(positions: Iterable[PositionView]) -> Atoms:
    """What positions are worth at mark, long or short."""
    return Atoms(sum(abs(it.cost + it.unrealized) for it in positions))


def _leverage(size: Atoms, equity: Atoms) -> Raw:
    return decimal_number(ratio(size, equity)) if equity > 0 else ZERO


def _isolated(it: PositionView, number: Callable[[int], Raw]) -> IsolatedBalance:
    total = number(it.unrealized + it.unrealized_funding)
    return IsolatedBalance(
        initial_margin=number(it.initial_with_orders),
        initial_margin_without_orders=number(it.initial_margin),
        maintenance_margin=number(it.maintenance_margin),
        pnl=number(it.unrealized),
        unrealized_funding=number(it.unrealized_funding),
        total_unrealized=total,
        total_unrealized_as_margin=total,
    )


def log_entries(posting: Posting, listing: Listing) -> list[LogEntry]:
    """The rows of one posting, oldest first."""
    return [
        LogEntry(
            id=row.id,
            date=row.date,
            asset=row.asset,
            info=row.info,
            booking_uid=row.booking_uid,
            margin_account=row.margin_account,
            contract=row.contract or "",
            old_balance=row.old_balance,
            new_balance=row.new_balance,
            old_average_entry_price=row.old_average_entry_price or NONE,
            new_average_entry_price=row.new_average_entry_price or NONE,
            trade_price=row.trade_price or NONE,
            mark_price=row.mark_price or NONE,
            realized_pnl=row.realized_pnl or NONE,
            fee=row.fee or NONE,
            execution=row.execution or "",
            funding_rate=row.funding_rate or NONE,
            realized_funding=row.realized_funding or NONE,
        )
        for row in log_rows(posting, listing)
    ]
