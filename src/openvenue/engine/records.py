"""How a State is written down in a snapshot. Not compiled: a codec reads these annotations.

Fields are append-only and have defaults from their second version on.
"""

from msgspec import Struct

from openvenue.engine.assignees import Assignee
from openvenue.engine.events import RequestHeld
from openvenue.engine.instruments import Asset, Dislocation, Instrument, Mode, WalletId
from openvenue.engine.notices import Notice
from openvenue.engine.orders import Order, SelfTrade
from openvenue.engine.twaps import TwapView
from openvenue.engine.units import AccountId, AssetId, Symbol


class OrderRecord(Struct, array_like=True, gc=False):
    """One live order."""

    order: Order
    leaves: int
    updated: int
    is_waiting: bool
    value: int = 0
    fees: int = 0
    due: int = 0  # when something about it is; 0: nothing is
    hidden: int = 0


class WalletRecord(Struct, array_like=True):
    """One wallet's money."""

    wallet: WalletId
    balances: dict[AssetId, int]
    held: dict[AssetId, int]
    margined: list[Symbol]
    parent: WalletId | None = None  # of an isolated position's


class PositionRecord(Struct, array_like=True, gc=False):
    """One position, flat or not."""

    symbol: Symbol
    wallet: WalletId
    quantity: int
    cost: int
    buys: int
    sells: int
    changed: int
    reducers: list[int]
    leverage: int = 0
    funding: int = 0
    funding_from: int = 0
    funded: int = 0
    profit_asset: AssetId | None = None


class AccountRecord(Struct, array_like=True):
    """One account; its orders oldest first."""

    account: AccountId
    family: AccountId
    max_open_orders: int
    wallets: list[WalletRecord]
    positions: list[PositionRecord]
    orders: list[OrderRecord]
    cl_ord_ids: list[tuple[str, int]]
    is_trading_enabled: bool = True
    self_trade: SelfTrade = SelfTrade.REJECT_TAKER


class AccrualRecord(Struct, frozen=True, array_like=True, gc=False):
    """Funding of one market."""

    rate: int = 0
    index: int = 0
    since: int = 0
    until: int = 0
    premiums: int = 0
    looks: int = 0
    sampled: int = 0
    bid_impact: int = 0
    ask_impact: int = 0


class MarketRecord(Struct, array_like=True):
    """One market; `bids`, `asks` and `waiting` are order ids in priority."""

    instrument: Instrument
    mode: Mode
    index: int
    mark: int
    is_mark_pinned: bool
    premium: int
    marked: int
    last: int
    last_quantity: int
    last_time: int
    open_interest: int
    bids: list[int]
    asks: list[int]
    waiting: list[int]
    dislocation: Dislocation = Dislocation.NONE
    margin_multiplier: int = 1
    holders: list[AccountId] = []
    settlement: int = 0
    averaged: str = "0"  # in digits: it can be larger than 64 bits
    averaged_for: int = 0
    averaged_until: int = 0
    funding: AccrualRecord = AccrualRecord()
    elsewhere: int = 0


class StateRecord(Struct, array_like=True):
    """All of it."""

    version: int
    now: int
    intake_open: bool
    next_order_id: int
    next_exec_id: int
    assets: list[Asset]
    markets: list[MarketRecord]
    accounts: list[AccountRecord]
    fees: dict[AssetId, int]
    deadlines: dict[AccountId, int]
    notices: list[Notice] = []
    next_notice_id: int = 1
    insurance: dict[AssetId, int] = {}
    dust: dict[AssetId, int] = {}
    assignees: list[Assignee] = []
    funding: dict[AssetId, int] = {}
    collateral: dict[AssetId, int] = {}  # prices of what counts as margin
    volumes: dict[AccountId, dict[int, int]] = {}  # of families, in cents by day
    holds: list[RequestHeld] = []  # requests that wait to be decided, oldest first
    next_hold_id: int = 1
    converted: dict[AssetId, int] = {}
    twaps: list[TwapView] = []  # that are open, oldest first
    closures: dict[int, tuple[tuple[Symbol, Mode], ...]] = {}  # by notice: modes before
