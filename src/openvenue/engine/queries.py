"""Questions about the present, answered from a `State` between two commands; they change nothing.

A question is a plain value with a row in `LOOK`, so that a gateway asks the same way wherever the
state is. Questions about the past are `history`'s.
"""


from msgspec import Struct

from openvenue.engine.instruments import Asset, Instrument, Mode, WalletId
from openvenue.engine.orders import OrderView
from openvenue.engine.units import (
    AccountId,
    AssetId,
    Atoms,
    FinePrice,
    Lots,
    Nanos,
    OrderId,
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
    """Price levels of a market, at most `depth` a side (0: all). Answer: BookView, None if unknown."""

    symbol: Symbol
    depth: int = 0


class GetMarkets(Struct, frozen=True):
    """What is listed, in the order of listing; or just `symbol`. Answer: list[MarketView]."""

    symbol: Symbol | None = None


class GetAccount(Struct, frozen=True):
    """Money, margin and positions of an account. Answer: AccountView, None if unknown."""

    account: AccountId


class GetAssets(Struct, frozen=True):
    """Known assets, in the order of listing. Answer: list[Asset]."""


class BookView(Struct, frozen=True):
    """Levels as (price, total quantity): bids best (highest) first, asks best (lowest) first."""

    symbol: Symbol
    bids: list[tuple[Ticks, Lots]]
    asks: list[tuple[Ticks, Lots]]


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


class PositionView(Struct, frozen=True):
    """One open position. Average entry is `cost` over `quantity`, as the kind of contract has it."""

    symbol: Symbol
    quantity: Lots  # signed
    cost: Atoms  # signed: what was paid to be in it; for inverse contracts the sign is reversed
    unrealized: Atoms
    initial_margin: Atoms
    maintenance_margin: Atoms
    opened: Nanos  # last time the quantity changed


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


class AccountView(Struct, frozen=True):
    """All of one account but its orders."""

    account: AccountId
    family: AccountId
    wallets: list[WalletView]
    positions: list[PositionView]
    dead_mans_switch: Nanos | None
    open_orders: int


Query = GetOpenOrders | GetOrders | GetBook | GetMarkets | GetAccount | GetAssets
Answer = list[OrderView] | BookView | list[MarketView] | AccountView | list[Asset] | None
