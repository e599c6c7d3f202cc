"""Wallets and positions. Every division that people see, and the engine does not, is made here.

Source: Kraken Futures REST, "Get wallets", "Get open positions".
"""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import UNSET, Raw, Struct, UnsetType, field

from openvenue.engine.instruments import IndexId
from openvenue.engine.queries import AccountView, CollateralView, PositionView, WalletView
from openvenue.engine.units import AssetId, Atoms
from openvenue.gateways.kraken_futures.listing import Listing
from openvenue.gateways.kraken_futures.numbers import ZERO, Grid, decimal_number, ratio
from openvenue.gateways.kraken_futures.thresholds import estimate
from openvenue.gateways.kraken_futures.times import iso

FLEX = "flex"
CASH = "cash"


class CashJson(Struct, tag_field="type", tag="cashAccount"):
    """The wallet that margins nothing."""

    balances: dict[str, Raw]


class CurrencyJson(Struct):
    """One currency of the multi-collateral wallet. Its value and collateral are in dollars."""

    quantity: Raw
    value: Raw
    collateral: Raw
    collateral_too: Raw = field(name="collateralValue")  # as older answers name it
    available: Raw


class FlexJson(
    Struct, rename="camel", kw_only=True, tag_field="type", tag="multiCollateralMarginAccount"
):
    """The multi-collateral wallet."""

    currencies: dict[str, CurrencyJson]
    balance_value: Raw
    portfolio_value: Raw
    collateral_value: Raw
    initial_margin: Raw
    initial_margin_with_orders: Raw
    maintenance_margin: Raw
    pnl: Raw
    unrealized_funding: Raw = ZERO
    total_unrealized: Raw
    total_unrealized_as_margin: Raw
    margin_equity: Raw
    available_margin: Raw


class AuxiliaryJson(Struct):
    """Sums of a single-collateral wallet: portfolio value, profit, available funds."""

    pv: Raw
    pnl: Raw
    af: Raw
    usd: Raw = ZERO
    funding: Raw = ZERO


class LevelsJson(Struct):
    """Initial, maintenance, liquidation (the same) and termination (where nothing is left)."""

    im: Raw = ZERO
    mm: Raw = ZERO
    lt: Raw = ZERO
    tt: Raw = ZERO


class MarginJson(Struct, rename="camel", kw_only=True, tag_field="type", tag="marginAccount"):
    """A single-collateral wallet."""

    currency: str
    balances: dict[str, Raw]
    auxiliary: AuxiliaryJson
    margin_requirements: LevelsJson
    trigger_estimates: LevelsJson


class PositionJson(Struct, rename="camel"):
    """One entry of `openPositions`."""

    side: str
    symbol: str
    price: Raw
    fill_time: str
    size: Raw
    unrealized_funding: Raw | None
    unrealized_pnl: Raw
    pnl_currency: str | UnsetType = UNSET
    max_fixed_leverage: int | UnsetType = UNSET


WalletJson = CashJson | FlexJson | MarginJson


Indices = Mapping[IndexId, Decimal]


def encode_accounts(
    view: AccountView, listing: Listing, indices: Indices | None = None
) -> dict[str, WalletJson]:
    """Wallets by name; `cash` and `flex` are always there.

    `indices` are what trigger estimates are worked out from; without them there are none.
    """
    told: dict[str, WalletJson] = {CASH: CashJson({}), FLEX: _flex(None, listing)}
    for wallet in view.wallets:
        name = wallet.wallet
        if name == FLEX:
            told[name] = _flex(wallet, listing)
        elif wallet.settlement is None:
            told[name] = CashJson(_balances(wallet, listing))
        else:
            told[name] = _margin(wallet, wallet.settlement, view.positions, listing, indices or {})
    return told


def _balances(wallet: WalletView, listing: Listing) -> dict[str, Raw]:
    return {
        asset.lower(): listing.grid_of(asset).number(amount)
        for asset, amount in wallet.balances.items()
    }


def _available(wallet: WalletView) -> Atoms:
    """What margins nothing yet; negative where orders and positions need more than there is."""
    return Atoms(wallet.equity - wallet.initial_margin_with_orders)


def _flex(wallet: WalletView | None, listing: Listing) -> FlexJson:
    if wallet is None or wallet.settlement is None:
        return FlexJson(
            currencies={},
            balance_value=ZERO,
            portfolio_value=ZERO,
            collateral_value=ZERO,
            initial_margin=ZERO,
            initial_margin_with_orders=ZERO,
            maintenance_margin=ZERO,
            pnl=ZERO,
            total_unrealized=ZERO,
            total_unrealized_as_margin=ZERO,
            margin_equity=ZERO,
            available_margin=ZERO,
        )
    settlement = wallet.settlement
    grid = listing.grid_of(settlement)
    number = grid.number
    value = sum(it.value for it in wallet.collateral.values())
    collateral = sum(it.collateral for it in wallet.collateral.values())
    profit = number(wallet.unrealized)
    total = number(wallet.unrealized + wallet.unrealized_funding)
    return FlexJson(
        currencies={
            asset: _currency(wallet.collateral[asset], amount, listing.grid_of(asset), grid)
            for asset, amount in wallet.balances.items()
        },
        balance_value=number(value),
        unrealized_funding=number(wallet.unrealized_funding),
        portfolio_value=number(value + wallet.unrealized),
        collateral_value=number(collateral),
        initial_margin=number(wallet.initial_margin),
        initial_margin_with_orders=number(wallet.initial_margin_with_orders),
        maintenance_margin=number(wallet.maintenance_margin),
        pnl=profit,
        total_unrealized=total,
        total_unrealized_as_margin=total,
        margin_equity=number(wallet.equity),
        available_margin=number(_available(wallet)),
    )


def _currency(it: CollateralView, amount: Atoms, grid: Grid, money: Grid) -> CurrencyJson:
    """What there is of a currency, what it counts for in dollars, and what may leave."""
    collateral = money.number(it.collateral)
    return CurrencyJson(
        grid.number(amount),
        money.number(it.value),
        collateral,
        collateral,
        grid.number(it.available),
    )


def _margin(
    wallet: WalletView,
    settlement: AssetId,
    positions: list[PositionView],
    listing: Listing,
    indices: Indices,
) -> MarginJson:
    number = listing.grid_of(settlement).number
    balances = _balances(wallet, listing)
    balances.setdefault(settlement.lower(), ZERO)
    mine: list[PositionView] = []
    for position in positions:
        market = listing.of(position.symbol)
        if market.instrument.wallet == wallet.wallet:
            mine.append(position)
            balances[position.symbol] = market.sizes.number(position.quantity)
    maintenance = number(wallet.maintenance_margin)
    return MarginJson(
        currency=settlement.lower(),
        balances=balances,
        auxiliary=AuxiliaryJson(
            pv=number(wallet.equity),
            pnl=number(wallet.unrealized),
            af=number(_available(wallet)),
            funding=number(wallet.unrealized_funding),
        ),
        margin_requirements=LevelsJson(
            number(wallet.initial_margin), maintenance, maintenance, ZERO
        ),
        trigger_estimates=_estimates(wallet, mine, listing, indices),
    )


def _estimates(
    wallet: WalletView, positions: list[PositionView], listing: Listing, indices: Indices
) -> LevelsJson:
    """Index prices at which equity is what each level asks for; all are of one index."""
    if not positions:
        return LevelsJson()
    market = listing.of(positions[0].symbol)
    index = indices.get(market.instrument.index)
    if index is None:
        return LevelsJson()

    def at(needed: int) -> Raw:
        inverse = market.is_inverse
        return decimal_number(estimate(index, wallet, positions, needed, is_inverse=inverse))

    maintenance = at(wallet.maintenance_margin)
    return LevelsJson(at(wallet.initial_margin), maintenance, maintenance, at(0))


def encode_position(position: PositionView, listing: Listing) -> PositionJson:
    """An open position, at its average entry price.

    Linear: cost over size. Inverse: size over cost, which is the harmonic mean.
    """
    market = listing.of(position.symbol)
    size = abs(position.quantity) * market.instrument.lot_size
    cost = abs(position.cost) * market.money_one
    if market.is_inverse:
        price = ratio(size, cost) if cost else ratio(0, 1)
    else:
        price = ratio(cost, size)
    told = PositionJson(
        side="long" if position.quantity > 0 else "short",
        symbol=position.symbol,
        price=decimal_number(price),
        fill_time=iso(position.opened),
        size=market.sizes.number(abs(position.quantity)),
        unrealized_funding=market.money.number(position.unrealized_funding),
        unrealized_pnl=market.money.number(position.unrealized),
    )
    if market.instrument.wallet == FLEX:
        told.pnl_currency = position.profit_asset or market.instrument.settlement
    if position.isolated_margin is not None and position.leverage is not None:
        told.max_fixed_leverage = position.leverage
    return told
