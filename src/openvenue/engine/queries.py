"""Questions about the present, answered from a `State` between two commands; they change nothing.

A question is a plain value with a row in `LOOK`, so that a gateway asks the same way wherever the
state is. Questions about the past are `history`'s.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from openvenue.engine.accounts import Wallet
from openvenue.engine.assignees import Assignee
from openvenue.engine.book import Live
from openvenue.engine.commands import PlaceOrder
from openvenue.engine.funding import HOUR, rate_of
from openvenue.engine.instruments import Asset, Dislocation, IndexId, Instrument, Mode, WalletId
from openvenue.engine.margin import equity, free_in, wallet_margin
from openvenue.engine.markets import Market
from openvenue.engine.notices import Notice
from openvenue.engine.orders import OrderView, SelfTrade
from openvenue.engine.positions import Position
from openvenue.engine.reasons import RejectReason
from openvenue.engine.risk import unwind_queue
from openvenue.engine.rules.weigh_order import largest_order, weigh_order
from openvenue.engine.state import State
from openvenue.engine.twaps import TwapView
from openvenue.engine.units import (
    AccountId,
    AssetId,
    Atoms,
    FinePrice,
    Lots,
    Nanos,
    OrderId,
    Ppb,
    Symbol,
    Ticks,
)


class GetOpenOrders(Struct, frozen=True):
    """Live orders of an account, resting and waiting, oldest first. Answer: list[OrderView]."""

    account: AccountId
    symbol: Symbol | None = None


class GetOrders(Struct, frozen=True):
    """Live orders of an account by name; unknown names are skipped. Answer: list[OrderView]."""

    account: AccountId
    order_ids: tuple[OrderId, ...] = ()
    cl_ord_ids: tuple[str, ...] = ()


class GetBook(Struct, frozen=True):
    """Levels of a market, at most `depth` a side (0: all). Answer: BookView, None if unknown."""

    symbol: Symbol
    depth: int = 0
    with_orders: bool = False  # count the orders of each level, too


class GetMarkets(Struct, frozen=True):
    """What is listed, in the order of listing; or just `symbol`. Answer: list[MarketView]."""

    symbol: Symbol | None = None


class GetAccount(Struct, frozen=True):
    """Money, margin and positions of an account. Answer: AccountView, None if unknown."""

    account: AccountId


class GetFamily(Struct, frozen=True):
    """The accounts of one family, in the order of opening, by any of them; an account without a
    family is one by itself. Answer: list[AccountView], empty if the account is unknown.
    """

    account: AccountId


class GetNotices(Struct, frozen=True):
    """What the operator announced and did not retract, oldest first. Answer: list[Notice]."""


class GetAssets(Struct, frozen=True):
    """Known assets, in the order of listing. Answer: list[Asset]."""


class GetIndexPrices(Struct, frozen=True):
    """Every index that has a price. Answer: dict[IndexId, FinePrice]."""


class GetUnwindQueue(Struct, frozen=True):
    """Where an account's positions stand in the queue to be unwound. Answer: list[UnwindPlace]."""

    account: AccountId


class GetTwaps(Struct, frozen=True):
    """Open TWAPs of an account, oldest first. Answer: list[TwapView]."""

    account: AccountId


class GetAssignees(Struct, frozen=True):
    """An account's entries of the assignment programme, past ones too. Answer: list[Assignee]."""

    account: AccountId


class WeighOrder(Struct, frozen=True):
    """What an order without a trigger would take if it were sent now. Answer: OrderWeight, None
    if there is no such account or contract.
    """

    order: PlaceOrder


class GetLargestOrder(Struct, frozen=True):
    """The most lots of this order, whose own quantity does not matter, that would be accepted,
    while one more would be refused. Answer: Lots, 0 if none would be.
    """

    order: PlaceOrder


class OrderWeight(Struct, frozen=True):
    """What an order would take, in atoms of the contract's settlement asset.

    Wallet and position are told as if what does not trade at once had filled at `limit`.
    """

    reason: RejectReason | None  # why it would be refused
    limit: Ticks | None  # the worst price that it may trade at; None: a market without prices
    initial_added: Atoms  # what initial margin with orders grows by
    equity: Atoms  # of the wallet
    maintenance_margin: Atoms  # of the wallet
    position_value: Atoms  # at mark, signed as its cost
    position_maintenance: Atoms


class UnwindPlace(Struct, frozen=True):
    """One position among all on its side of its market; place 1 is unwound first."""

    symbol: Symbol
    place: int
    of: int


class BookView(Struct, frozen=True):
    """Levels as (price, total quantity): bids best (highest) first, asks best (lowest) first."""

    symbol: Symbol
    bids: list[tuple[Ticks, Lots]]
    asks: list[tuple[Ticks, Lots]]
    bid_orders: list[int] = []  # how many orders stand on each level; empty if nobody asked
    ask_orders: list[int] = []


class MarketView(Struct, frozen=True):
    """One market now. Prices are None until there is one."""

    instrument: Instrument
    mode: Mode
    index: FinePrice | None
    mark: FinePrice | None
    last: Ticks | None
    last_quantity: Lots
    last_time: Nanos
    bid: Ticks | None
    bid_quantity: Lots
    ask: Ticks | None
    ask_quantity: Lots
    open_interest: Lots  # sum of long positions
    settlement: FinePrice | None = None  # at which it settled, once it has expired
    dislocation: Dislocation = Dislocation.NONE
    margin_multiplier: int = 1  # of initial margin, in extreme volatility
    funding: "FundingView | None" = None


class FundingView(Struct, frozen=True):
    """Funding of a perpetual now. Rates are in parts per 10 ** 12 of notional an hour."""

    rate: int  # in force; where nothing accrues, what was paid last
    index: FinePrice  # what makes the rate an amount of money; 0: none yet
    prediction: int  # what the rate would be next, as things are
    next_time: Nanos  # when it is set


class PositionView(Struct, frozen=True):
    """One open position. Its average entry is made of `cost` and `quantity`."""

    symbol: Symbol
    quantity: Lots  # signed
    cost: Atoms  # signed: what was paid to be in it; for inverse contracts the sign is reversed
    unrealized: Atoms
    initial_margin: Atoms
    maintenance_margin: Atoms
    opened: Nanos  # last time the quantity changed
    leverage: int | None = None
    initial_with_orders: Atoms = Atoms(0)  # of the position and its side's orders, by itself
    unrealized_funding: Atoms = Atoms(0)  # received soon; negative: to be paid
    funded: Atoms = Atoms(0)  # received since it was opened
    profit_asset: AssetId | None = None  # what its gains become; None: they stay as they are
    isolated_margin: Atoms | None = None  # what only this position stands on; None: it is cross


class WalletView(Struct, frozen=True):
    """One wallet. Margin figures are in atoms of `settlement` and zero for a cash wallet."""

    wallet: WalletId
    settlement: AssetId | None  # None: holds any asset, margins nothing
    balances: dict[AssetId, Atoms]
    held: dict[AssetId, Atoms]  # by open spot orders
    equity: Atoms
    unrealized: Atoms
    initial_margin: Atoms  # of positions
    initial_margin_with_orders: Atoms
    maintenance_margin: Atoms
    unrealized_funding: Atoms = Atoms(0)
    collateral: dict[AssetId, "CollateralView"] = {}  # empty for a cash wallet


class CollateralView(Struct, frozen=True):
    """One asset of a wallet that margins contracts, in atoms of its settlement asset."""

    value: Atoms
    collateral: Atoms  # what of it counts
    available: Atoms  # of the asset itself: what may leave
    haircut: Ppb = Ppb(0)
    conversion_spread: Ppb = Ppb(0)


class AccountView(Struct, frozen=True):
    """All of one account but its orders."""

    account: AccountId
    family: AccountId
    wallets: list[WalletView]
    positions: list[PositionView]
    dead_mans_switch: Nanos | None
    open_orders: int
    leverages: dict[Symbol, int] = {}  # where the account chose one
    self_trade: SelfTrade = SelfTrade.REJECT_TAKER  # of its orders that do not say
    isolated: tuple[Symbol, ...] = ()  # markets whose position stands on margin of its own
    isolated_wallets: list[WalletView] = []  # of those that were ever opened
    is_trading_enabled: bool = True
    tiers: dict[Symbol, int] = {}  # of fees, from 0
    profit_assets: dict[Symbol, AssetId] = {}  # where gains become another asset
    volumes: dict[Symbol, int] = {}  # that put it there, in cents of a dollar


Query = (
    GetOpenOrders
    | GetOrders
    | GetBook
    | GetMarkets
    | GetAccount
    | GetFamily
    | GetAssets
    | GetIndexPrices
    | GetNotices
    | GetUnwindQueue
    | GetAssignees
    | GetTwaps
    | WeighOrder
    | GetLargestOrder
)
Answer = (
    list[OrderView]
    | BookView
    | list[MarketView]
    | AccountView
    | list[AccountView]
    | list[Asset]
    | dict[IndexId, FinePrice]
    | list[Notice]
    | list[UnwindPlace]
    | list[Assignee]
    | list[TwapView]
    | OrderWeight
    | Lots
    | None
)


def look(state: State, query: Query) -> Answer:
    """The answer to `query`, from `state` as it is."""
    return LOOK[type(query)](state, query)


def get_open_orders(state: State, query: GetOpenOrders) -> list[OrderView]:
    """Live orders of an account, oldest first."""
    account = state.accounts.get(query.account)
    if account is None:
        return []
    return [
        _view(live)
        for live in account.orders.values()
        if query.symbol is None or live.order.symbol == query.symbol
    ]


def get_orders(state: State, query: GetOrders) -> list[OrderView]:
    """Live orders of an account by name."""
    account = state.accounts.get(query.account)
    if account is None:
        return []
    named = [account.orders.get(order_id) for order_id in query.order_ids]
    named += [account.cl_ord_ids.get(name) for name in query.cl_ord_ids]
    return [_view(live) for live in named if live is not None]


def get_book(state: State, query: GetBook) -> BookView | None:
    """Price levels of a market."""
    market = state.markets.get(query.symbol)
    if market is None:
        return None
    book = market.book
    bids, asks = book.bids.depth(query.depth), book.asks.depth(query.depth)
    if not query.with_orders:
        return BookView(query.symbol, bids, asks)
    bid_orders, ask_orders = book.bids.counts(query.depth), book.asks.counts(query.depth)
    return BookView(query.symbol, bids, asks, bid_orders, ask_orders)


def get_markets(state: State, query: GetMarkets) -> list[MarketView]:
    """What is listed."""
    if query.symbol is None:
        return [_market_view(market) for market in state.markets.values()]
    market = state.markets.get(query.symbol)
    return [] if market is None else [_market_view(market)]


def get_account(state: State, query: GetAccount) -> AccountView | None:
    """Money, margin and positions."""
    account = state.accounts.get(query.account)
    if account is None:
        return None
    deadline = state.deadlines.get(query.account)
    return AccountView(
        account=account.account_id,
        family=account.family,
        wallets=[
            _wallet_view(wallet) for wallet in account.wallets.values() if wallet.parent is None
        ],
        isolated=tuple(
            symbol
            for symbol, position in account.positions.items()
            if position.wallet.parent is not None
        ),
        isolated_wallets=[
            _wallet_view(wallet) for wallet in account.wallets.values() if wallet.parent is not None
        ],
        positions=[
            _position_view(position) for position in account.positions.values() if position.quantity
        ],
        dead_mans_switch=None if deadline is None else Nanos(deadline),
        open_orders=len(account.orders),
        self_trade=account.self_trade,
        leverages={
            symbol: position.leverage
            for symbol, position in account.positions.items()
            if position.leverage
        },
        profit_assets={
            symbol: position.profit_asset
            for symbol, position in account.positions.items()
            if position.profit_asset is not None
        },
        is_trading_enabled=account.is_trading_enabled,
        tiers={
            symbol: market.contract.tier(account.volumes, state.now)
            for symbol, market in state.markets.items()
        },
        volumes={
            symbol: account.volumes.over(market.contract.instrument.fee_days, state.now)
            for symbol, market in state.markets.items()
        },
    )


def get_family(state: State, query: GetFamily) -> list[AccountView]:
    """Accounts of one family."""
    account = state.accounts.get(query.account)
    if account is None:
        return []
    members = [it for it in state.accounts.values() if it.family == account.family]
    views = [get_account(state, GetAccount(it.account_id)) for it in members]
    return [view for view in views if view is not None]


def get_assets(state: State, query: GetAssets) -> list[Asset]:
    """Known assets."""
    return list(state.assets.values())


def get_notices(state: State, query: GetNotices) -> list[Notice]:
    """Notices that stand."""
    return list(state.notices.values())


def get_index_prices(state: State, query: GetIndexPrices) -> dict[IndexId, FinePrice]:
    """Every index that has a price."""
    told: dict[IndexId, FinePrice] = {}
    for index, markets in state.indexes.items():
        if markets[0].index:
            told[index] = FinePrice(markets[0].index)
    for index, markets in state.elsewhere.items():
        if markets[0].elsewhere:
            told.setdefault(index, FinePrice(markets[0].elsewhere))
    for purpose in state.purposes.values():
        for counted in purpose.counted.values():
            name = state.assets[counted.asset].index
            if name is not None and counted.price:
                told.setdefault(name, FinePrice(counted.price))
    return told


def get_twaps(state: State, query: GetTwaps) -> list[TwapView]:
    """Open TWAPs of an account."""
    return state.slicing.of(query.account)


def get_unwind_queue(state: State, query: GetUnwindQueue) -> list[UnwindPlace]:
    """Places of an account's open positions."""
    account = state.accounts.get(query.account)
    places: list[UnwindPlace] = []
    for position in () if account is None else account.positions.values():
        if position.quantity:
            sign = 1 if position.quantity > 0 else -1
            queue = unwind_queue(list(position.market.holders.values()), sign)
            place = queue.index(position) + 1
            places.append(UnwindPlace(position.market.symbol, place, len(queue)))
    return places


def get_assignees(state: State, query: GetAssignees) -> list[Assignee]:
    """Entries of an account, oldest first."""
    return [it for it in state.assignees.values() if it.account == query.account]


def weigh(state: State, query: WeighOrder) -> OrderWeight | None:
    """What an order would take."""
    weight = weigh_order(state, query.order)
    if weight is None:
        return None
    return OrderWeight(
        reason=weight.reason,
        limit=weight.limit or None,
        initial_added=Atoms(weight.added),
        equity=Atoms(weight.equity),
        maintenance_margin=Atoms(weight.maintenance),
        position_value=Atoms(weight.value),
        position_maintenance=Atoms(weight.held_by),
    )


def get_largest_order(state: State, query: GetLargestOrder) -> Lots:
    """The most lots that would be accepted."""
    return largest_order(state, query.order)


def _view(live: Live) -> OrderView:
    return live.view()


def _market_view(market: Market) -> MarketView:
    bid = market.book.bids.best()
    ask = market.book.asks.best()
    return MarketView(
        instrument=market.contract.instrument,
        mode=market.mode,
        index=FinePrice(market.index) if market.index else None,
        mark=FinePrice(market.mark) if market.mark else None,
        last=Ticks(market.last) if market.last else None,
        last_quantity=Lots(market.last_quantity),
        last_time=Nanos(market.last_time),
        bid=None if bid is None else Ticks(bid.price),
        bid_quantity=Lots(0 if bid is None else bid.quantity),
        ask=None if ask is None else Ticks(ask.price),
        ask_quantity=Lots(0 if ask is None else ask.quantity),
        open_interest=Lots(market.open_interest),
        settlement=FinePrice(market.settlement) if market.settlement else None,
        dislocation=market.dislocation,
        margin_multiplier=market.margin_multiplier,
        funding=_funding_view(market),
    )


def _funding_view(market: Market) -> FundingView | None:
    terms = market.contract.instrument.funding
    if terms is None:
        return None
    funding = market.funding
    return FundingView(
        rate=funding.rate,
        index=FinePrice(funding.index),
        prediction=rate_of(terms, funding.premiums, funding.looks),
        next_time=Nanos(funding.since + HOUR),
    )


def _wallet_view(wallet: Wallet) -> WalletView:
    """A wallet that contracts settle in margins them, even before the account's first position."""
    margin = wallet_margin(wallet)
    return WalletView(
        wallet=wallet.wallet_id,
        settlement=wallet.purpose.settlement,
        balances={asset: Atoms(amount) for asset, amount in wallet.balances.items()},
        held={asset: Atoms(amount) for asset, amount in wallet.held.items()},
        equity=Atoms(equity(wallet)),
        unrealized=Atoms(margin.unrealized),
        initial_margin=Atoms(margin.initial),
        initial_margin_with_orders=Atoms(margin.initial_with_orders),
        maintenance_margin=Atoms(margin.maintenance),
        unrealized_funding=Atoms(margin.unrealized_funding),
        collateral=_collateral_view(wallet),
    )


def _collateral_view(wallet: Wallet) -> dict[AssetId, CollateralView]:
    purpose = wallet.purpose
    if purpose.settlement is None:
        return {}
    told: dict[AssetId, CollateralView] = {}
    for asset, amount in wallet.balances.items():
        available = Atoms(max(free_in(wallet, asset), 0))
        counted = purpose.counted.get(asset)
        if counted is not None:
            told[asset] = CollateralView(
                Atoms(counted.value(amount, purpose.scale)),
                Atoms(counted.collateral(amount, purpose.scale)),
                available,
                Ppb(counted.haircut),
                Ppb(counted.spread),
            )
        elif asset == purpose.settlement:
            told[asset] = CollateralView(Atoms(amount), Atoms(amount), available)
        else:
            told[asset] = CollateralView(Atoms(0), Atoms(0), available)
    return told


def _position_view(position: Position) -> PositionView:
    if position.is_stale or position.schedule is not position.market.schedule:
        position.refresh()
    return PositionView(
        symbol=position.market.symbol,
        quantity=Lots(position.quantity),
        cost=Atoms(position.cost),
        unrealized=Atoms(position.unrealized),
        initial_margin=Atoms(position.initial),
        maintenance_margin=Atoms(position.maintenance),
        opened=Nanos(position.changed),
        leverage=position.leverage or None,
        initial_with_orders=Atoms(max(position.initial_long, position.initial_short)),
        unrealized_funding=Atoms(position.owed),
        funded=Atoms(position.funded),
        profit_asset=position.profit_asset if position.wallet.parent is None else None,
        isolated_margin=(
            None if position.wallet.parent is None else Atoms(position.wallet.collateral())
        ),
    )


LOOK: Final[dict[type[Any], Callable[[State, Any], Answer]]] = {
    GetOpenOrders: get_open_orders,
    GetOrders: get_orders,
    GetBook: get_book,
    GetMarkets: get_markets,
    GetAccount: get_account,
    GetFamily: get_family,
    GetAssets: get_assets,
    GetIndexPrices: get_index_prices,
    GetNotices: get_notices,
    GetUnwindQueue: get_unwind_queue,
    GetAssignees: get_assignees,
    GetTwaps: get_twaps,
    WeighOrder: weigh,
    GetLargestOrder: get_largest_order,
}
