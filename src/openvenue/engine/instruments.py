"""What can be traded: kinds of contracts, their grids, their schedules, what they are worth.

An instrument is data that arrives with `ListInstrument` and stays as it is. What changes with the
market (prices, mode, book) is in `markets.py`.
"""

from decimal import Decimal
from enum import IntEnum
from typing import NewType

from msgspec import Struct

from openvenue.engine.units import (
    SECOND,
    AccountId,
    AssetId,
    Lots,
    Nanos,
    Ppb,
    Symbol,
    Ticks,
)

IndexId = NewType("IndexId", str)  # what an index price is of: "XBT:USD"
WalletId = NewType("WalletId", str)  # where an account keeps money: "flex", "fi_xbtusd", "cash"


class Dislocation(IntEnum):
    """Which way a price has left its index so far that takers may not push it further.

    Numbers are journaled: append only.
    """

    BELOW = -1
    NONE = 0
    ABOVE = 1


class Kind(IntEnum):
    """The kinds of contract. Dated ones carry `expires`."""

    SPOT = 1
    LINEAR = 2  # profit in the quote asset: size x price
    INVERSE = 3  # profit in the base asset: size / price


class Asset(Struct, frozen=True, array_like=True, gc=False):
    """Something that balances are counted in; one unit is `10 ** scale` atoms."""

    asset_id: AssetId
    scale: int
    collateral: WalletId | None = None  # the wallet in which it counts beside what settles there
    index: IndexId | None = None  # what values it then, in that wallet's settlement asset
    haircut: Ppb = Ppb(0)  # the part of its value that does not count
    conversion_spread: Ppb = Ppb(0)  # what a conversion costs


class MarginLevel(Struct, frozen=True, array_like=True, gc=False):
    """From this size of a position on, these rates hold, for the whole position.

    `above` is in contracts (inverse) or in the quote asset's units of notional (linear).
    """

    above: int
    initial: Ppb
    maintenance: Ppb


class FeeTier(Struct, frozen=True, array_like=True, gc=False):
    """What trades cost from a 30-day volume on, as a share of notional; negative is a rebate."""

    volume: int  # USD
    maker: Ppb
    taker: Ppb


class Funding(Struct, frozen=True, array_like=True, gc=False):
    """How the hourly rate of a perpetual is made of its premium over the index.

    rate = (premium + clamp(interest - premium, -band, +band)) / divisor, within +-rate_max.
    """

    divisor: int
    rate_max: Ppb
    sample: Nanos  # how often the premium is looked at; a whole number of times an hour
    interest: Ppb = Ppb(0)
    band: Ppb = Ppb(0)
    impact_notional: int = 0  # depth that the premium looks at, in quote; 0: the impact mid price
    accrues: bool = True  # False: paid for the whole hour by who holds a position at its end


class MedianMark(Struct, frozen=True, array_like=True, gc=False):
    """The mark price is the middle one of three: the index, what the book says, and `elsewhere`.

    The book says the middle one of its best bid, its best ask and the last trade.
    Source: Pacifica, "Oracle price and mark price".
    """

    elsewhere: IndexId | None = None  # what perpetuals cost on other venues; None: as the index


class TwapRule(Struct, frozen=True, array_like=True, gc=False):
    """How a market cuts TWAPs into orders. Source: Pacifica, "Create TWAP order"."""

    interval: Nanos  # from one order to the next
    shortest: Nanos  # that one may run
    longest: Nanos
    open_max: int  # of one account in the market
    catch_up: int = 3  # one order is at most so many times the planned size


class Mode(IntEnum):
    """What a market accepts. Numbers are journaled: append only.

    Cancels pass in every mode but MAINTENANCE. Orders meet in ONLINE, LIMIT_ONLY and REDUCE_ONLY:
    in the others triggers and liquidations wait, and act when the market opens.
    """

    ONLINE = 1
    POST_ONLY = 2
    LIMIT_ONLY = 3
    REDUCE_ONLY = 4
    CANCEL_ONLY = 5
    SUSPENDED = 6
    INACTIVE = 7  # known, but not tradeable (not open yet, or expired)
    MAINTENANCE = 8  # closed, and what rests in it cannot be canceled


class RungKind(IntEnum):
    """What a rung of a liquidation ladder does with a position. Numbers are journaled."""

    PARTIAL = 1  # an order for a part of it, on the book
    MARKET = 2  # an order for what is left of it, on the book
    ASSIGNMENT = 3  # to those who have joined the assignment programme
    BACKSTOP = 4  # with the rest of the wallet to the rung's account
    UNWIND = 5  # against those who gain most on the other side


class Rung(Struct, frozen=True, array_like=True, gc=False):
    """One way to close a position of a wallet that has too little equity, and when it is tried.

    Shares are of the wallet's maintenance margin. A rung is tried while equity is at least `above`
    (None: however little) and less than `below`.
    """

    kind: RungKind
    above: Ppb | None = None
    below: Ppb = Ppb(1_000_000_000)
    leaves: Ppb = Ppb(0)  # equity that is left if all is closed at the limit price of an order
    parts: int = 1  # as many equal orders, one after the other
    parts_from: int = 0  # for positions of this size on; smaller ones are one order
    tries: int = 1  # of these orders, before the next rung
    fee: Ppb = Ppb(0)  # of what an order closes, to the insurance fund
    fee_of_maintenance: Ppb = Ppb(0)  # the same as a share of its margin, if that is more
    account: AccountId | None = None  # who takes over


class Instrument(Struct, frozen=True, array_like=True):
    """One contract or pair: its grid, bounds and schedules. Its arithmetic is in `contracts.py`."""

    symbol: Symbol
    kind: Kind
    base: AssetId
    quote: AssetId
    settlement: AssetId
    wallet: WalletId
    index: IndexId
    tick_size: Decimal
    lot_size: Decimal  # may be larger than one unit
    settlement_scale: int
    base_scale: int
    max_quantity: Lots  # per order
    max_price: Ticks
    margin_levels: tuple[MarginLevel, ...]  # ascending; empty for spot
    fee_tiers: tuple[FeeTier, ...]  # ascending, at least one
    max_position: Lots = Lots(0)  # 0: no bound
    min_quantity: Lots = Lots(1)
    min_notional: Decimal = Decimal(0)  # in the quote asset
    max_notional: Decimal = Decimal(0)  # in the quote asset; 0: no bound
    collar: Decimal = Decimal(0)  # a taker may fill less than this far from mark; 0: no collar
    impact_size: Lots = Lots(0)  # depth that the impact mid price looks at
    opened: Nanos = Nanos(0)
    expires: Nanos | None = None
    trims_reducers: bool = True  # False: a reduce-only order larger than the position is refused
    ladder: tuple[Rung, ...] = ()  # tried in this order; empty: positions are never liquidated
    settles_over: Nanos = Nanos(0)  # before expiry: the index is averaged for so long
    funding: Funding | None = None  # perpetuals only
    fee_days: int = 30  # whose volume decides the fee tier
    hold: Nanos = Nanos(0)  # what could take is decided so much later; 0: at once
    twap: TwapRule | None = None  # None: it takes none
    mark: MedianMark | None = None  # None: the index at a smoothed premium
    holds_triggers: bool = True  # False: what waits for its price is taken at once
    holds_batches: bool = False  # what follows a held member of a batch waits for it
    margin_slices: bool = False  # a margin level is of what is above it, not of the whole
    mark_smoothing: Nanos = Nanos(60 * SECOND)  # of the premium; at least 1
