"""What a world file may say, and whether it makes sense. What it causes is in `setup.py`.

One TOML file describes a whole world; the default one is kept in parts, one for each venue, in
`worlds/` beside this file.
Numbers keep their digits: they are read as `Decimal`, never as binary fractions. A name that no
table here has is a mistake, not an extension.
"""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

Limits = Literal["production", "off"]
Durability = Literal["disk", "os"]

PARTS: Final = ("default.toml", "kraken_spot.toml", "pacifica.toml")
HOLD_MS_MAX: Final = 500
SMOOTHING_SECONDS_MAX: Final = 86_400
HOLDS_ELSEWHERE: Final = "only kraken-futures and pacifica answer after a hold: hold_ms must be 0"
DATE_MARK: Final = "YYMMDD"  # in a symbol: replaced by the day on which the contract expires


class ConfigError(Exception):
    """A world file that cannot be used; the text is one plain sentence that says where and why."""


class AssetTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to count balances in."""

    name: str
    scale: int  # one unit is 10 ** scale atoms
    collateral: str | None = None  # the wallet in which it counts as margin, too
    index: str | None = None  # what values it then, in that wallet's settlement asset
    haircut: Decimal = Decimal(0)  # the part of its value that does not count
    conversion_spread: Decimal = Decimal(0)  # what a conversion costs


class IndexTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price from outside, where it starts, and how wildly the crowd lets it walk."""

    name: str  # "XBT:USD"
    price: Decimal
    volatility_ppm: int = 60  # typical step of one second, in millionths of the price


class FeeRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From a volume in USD on. Rates are shares of notional; negative is a rebate."""

    volume: int
    maker: Decimal
    taker: Decimal


class FeeTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fee schedule that instruments name."""

    name: str
    uid: str
    tiers: tuple[FeeRow, ...]
    days: int = 30  # of the volume that decides, today's among them


class MarginRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From this size of a position on: contracts (inverse), notional in quote units (linear)."""

    above: int
    initial: Decimal
    maintenance: Decimal


class MarginTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A margin schedule that instruments name."""

    name: str
    levels: tuple[MarginRow, ...]
    applies: Literal["whole", "slices"] = "whole"  # a level: to the position, or to what is above


class QuoteTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the crowd quotes an instrument: a ladder on each side of the index."""

    size: Decimal  # typical size of the best level; deeper ones are larger
    spread_ppm: int = 200  # between best bid and best ask, in millionths of the price
    step_ppm: int = 200  # between two levels


class FundingTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the hourly funding rate of a perpetual is made. Rates are shares of notional."""

    divisor: int  # of the premium
    rate_max: Decimal  # an hour, either way
    sample_seconds: int = 60  # how often the premium is looked at
    interest: Decimal = Decimal(0)
    band: Decimal = Decimal(0)  # as far as interest may pull the premium
    impact_notional: int = 0  # in quote; 0: the impact mid price of `impact_size`
    accrues: bool = True  # False: paid for the whole hour by who holds a position at its end


class TwapTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a market cuts TWAPs into orders."""

    interval_seconds: int = 30  # from one order to the next
    shortest_seconds: int = 60
    longest_seconds: int = 86_400
    open_max: int = 4  # of one account in the market
    catch_up: int = 3  # one order is at most so many times the planned size


class MarkTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mark price is the middle one of index, book and `elsewhere`."""

    rule: Literal["median"] = "median"
    elsewhere: str | None = None  # the index that such contracts have on other venues


class RungTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to close a position of a wallet short of margin. Shares are of that margin."""

    kind: Literal["partial", "market", "assignment", "backstop", "unwind"]
    above: Decimal | None = None  # tried while equity is at least this share; None: always
    below: Decimal = Decimal(1)  # and less than this one
    leaves: Decimal = Decimal(0)  # equity that is left if all is closed at an order's limit
    parts: int = 1  # equal orders, one after the other
    parts_from: int = 0  # for positions of this size on; smaller ones are one order
    tries: int = 1  # of these orders
    fee: Decimal = Decimal(0)  # of what an order closes, to the insurance fund
    fee_of_maintenance: Decimal = Decimal(0)  # or of its margin, if that is more
    account: str | None = None  # who takes over, of a backstop


class LadderTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ways to close a position, in the order in which they are tried; instruments name it."""

    name: str
    rungs: tuple[RungTable, ...]


class InstrumentTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One contract or pair. Sizes are in its size unit and prices in its quote asset."""

    symbol: str
    kind: Literal["spot", "linear", "inverse"]
    base: str
    quote: str
    settlement: str
    wallet: str
    index: str
    tick_size: Decimal
    lot_size: Decimal
    max_quantity: Decimal
    max_price: Decimal
    fees: str
    margin: str | None = None  # spot has none
    min_quantity: Decimal | None = None  # one lot
    max_position: Decimal = Decimal(0)  # 0: no bound
    min_notional: Decimal = Decimal(0)
    max_notional: Decimal = Decimal(0)  # 0: no bound
    collar: Decimal = Decimal(0)  # 0: none
    impact_size: Decimal = Decimal(0)
    trims_reducers: bool = True  # False: reduce-only and too large is refused
    funding: FundingTable | None = None  # None: none is paid
    ladder: str | None = None  # None: its positions are never liquidated
    settles_over_minutes: int = 0  # before expiry: the index is averaged for so long
    opened: datetime | None = None  # when it is first listed
    hold_ms: int = 0  # what could take is decided so much later; not kraken_spot
    holds_triggers: bool = True  # False: what waits for its price is taken at once
    holds_batches: bool = False  # what follows a held member of a batch waits for it
    twap: TwapTable | None = None  # None: it takes no TWAPs
    mark: MarkTable | None = None  # None: the index at a smoothed premium
    mark_smoothing_seconds: int = 60  # how long the premium is averaged
    expires: datetime | None = None
    expires_by: Literal["next-quarter"] | None = None
    meta: dict[str, Any] = {}  # facts that only the gateway tells, under its API's own names
    crowd: QuoteTable | None = None  # None: the crowd stays away


class DepositTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money that an account starts with."""

    wallet: str
    asset: str
    amount: Decimal


class AccountTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account. Accounts of one family never trade with each other."""

    name: str
    family: str | None = None  # its own
    has_keys: bool = True  # False: no client can sign for it
    max_open_orders: int | None = None  # the venue's
    deposits: tuple[DepositTable, ...] = ()


class CrowdTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the crowd is, and how busy."""

    maker: str
    taker: str
    depth: int = 24  # levels on each side
    trades_per_second: int = 2
    max_holding: int = 50  # positions, in best-level sizes, at which takers trade one way only


class VenueTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One venue of the world."""

    max_open_orders: int
    assets: tuple[AssetTable, ...]
    indices: tuple[IndexTable, ...]
    fee_schedules: tuple[FeeTable, ...]
    margin_schedules: tuple[MarginTable, ...]
    ladders: tuple[LadderTable, ...] = ()
    instruments: tuple[InstrumentTable, ...]
    accounts: tuple[AccountTable, ...]
    crowd: CrowdTable | None = None


class Venues(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The venues of a world. One that has no table is not there."""

    kraken_futures: VenueTable = msgspec.field(name="kraken-futures")
    kraken_spot: VenueTable | None = msgspec.field(name="kraken-spot", default=None)
    pacifica: VenueTable | None = None

    def tables(self) -> dict[str, VenueTable]:
        """Each venue that is there, by its name, in the order in which they open."""
        every = {
            "kraken-futures": self.kraken_futures,
            "kraken-spot": self.kraken_spot,
            "pacifica": self.pacifica,
        }
        return {name: table for name, table in every.items() if table is not None}


class World(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole world file."""

    limits: Limits = "production"
    durability: Durability = "disk"
    floor_bytes: int = 256 * 2**20  # below this much free space, new orders are refused
    venues: Venues

    @property
    def key_holders(self) -> list[str]:
        """Accounts that clients sign for, whatever venue they are at, in the order of the file."""
        names = [
            account.name
            for table in self.venues.tables().values()
            for account in table.accounts
            if account.has_keys
        ]
        return list(dict.fromkeys(names))


def load_world(path: Path | None = None) -> World:
    """The world of the file, or the default one. Raises: ConfigError."""
    if path is None:
        return parse_world(default_world(), "the default world")
    try:
        return parse_world(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.") from error


def default_world() -> str:
    """The text of the default world: a file to copy and change."""
    parts = resources.files("openvenue.exchange") / "worlds"
    return "\n".join((parts / part).read_text("utf-8") for part in PARTS)


def parse_world(text: str, name: str) -> World:
    """The world that `text` describes; `name` is what messages call it. Raises: ConfigError."""
    try:
        world = msgspec.convert(tomllib.loads(text, parse_float=Decimal), World)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_plainly(str(error))}.") from error
    for mistake in _mistakes(world):
        raise ConfigError(f"{name}: {mistake}.")
    return world


def _plainly(message: str) -> str:
    """msgspec's message with its path as the reader of a TOML file would write it."""
    what, at, path = message.partition(" - at `")
    where = path.rstrip("`").removeprefix("$").removeprefix(".")
    return f"{where}: {what}" if at and where else what


def _mistakes(world: World) -> Iterator[str]:
    """What is well-formed and still makes no sense; the first one is told."""
    if world.floor_bytes < 0:
        yield "floor_bytes is negative"
    for name, table in world.venues.tables().items():
        yield from _venue_mistakes(table, f"venues.{name}")


def _venue_mistakes(venue: VenueTable, at: str) -> Iterator[str]:
    named = {
        "assets": [each.name for each in venue.assets],
        "indices": [each.name for each in venue.indices],
        "fee_schedules": [each.name for each in venue.fee_schedules],
        "margin_schedules": [each.name for each in venue.margin_schedules],
        "ladders": [each.name for each in venue.ladders],
        "instruments": [each.symbol for each in venue.instruments],
        "accounts": [each.name for each in venue.accounts],
    }
    for table, names in named.items():
        for number, name in enumerate(names):
            if not name:
                yield f"{at}.{table}[{number}] has an empty name"
            if name in names[:number]:
                yield f"{at}.{table}[{number}] repeats the name {name!r}"
    if venue.max_open_orders < 1:
        yield f"{at}.max_open_orders must be at least 1"
    for number, asset in enumerate(venue.assets):
        if not 0 <= asset.scale <= 18:
            yield f"{at}.assets[{number}].scale must be from 0 to 18"
        if (asset.collateral is None) != (asset.index is None):
            yield f"{at}.assets[{number}] needs collateral and index, or neither"
        if asset.index is not None and asset.index not in named["indices"]:
            yield f"{at}.assets[{number}].index {asset.index!r} is not among the indices"
        for field, share in (
            ("haircut", asset.haircut),
            ("conversion_spread", asset.conversion_spread),
        ):
            if not (share.is_finite() and 0 <= share < 1):
                yield f"{at}.assets[{number}].{field} must be from 0 to below 1"
    for number, index in enumerate(venue.indices):
        if not (index.price.is_finite() and index.price > 0):
            yield f"{at}.indices[{number}].price must be above 0"
        if not 0 <= index.volatility_ppm <= 10_000:
            yield f"{at}.indices[{number}].volatility_ppm must be from 0 to 10000"
    yield from _schedule_mistakes(venue, at)
    for number, ladder in enumerate(venue.ladders):
        for mistake in _ladder_mistakes(ladder, named["accounts"]):
            yield f"{at}.ladders[{number}] ({ladder.name}): {mistake}"
    scales = {each.name: each.scale for each in venue.assets}
    for number, instrument in enumerate(venue.instruments):
        for mistake in _instrument_mistakes(instrument, named, scales):
            yield f"{at}.instruments[{number}] ({instrument.symbol}): {mistake}"
        if instrument.hold_ms and not at.endswith(("kraken-futures", "pacifica")):
            yield f"{at}.instruments[{number}] ({instrument.symbol}): {HOLDS_ELSEWHERE}"
    for number, account in enumerate(venue.accounts):
        for mistake in _account_mistakes(account, scales):
            yield f"{at}.accounts[{number}] ({account.name}): {mistake}"
    if venue.crowd is not None:
        for mistake in _crowd_mistakes(venue.crowd, venue.accounts):
            yield f"{at}.crowd: {mistake}"


def _schedule_mistakes(venue: VenueTable, at: str) -> Iterator[str]:
    for number, fees in enumerate(venue.fee_schedules):
        volumes = [tier.volume for tier in fees.tiers]
        if not volumes or volumes[0] != 0 or sorted(set(volumes)) != volumes:
            yield f"{at}.fee_schedules[{number}].tiers must rise from a volume of 0"
        if not 1 <= fees.days <= 366:
            yield f"{at}.fee_schedules[{number}].days must be from 1 to 366"
        for tier in fees.tiers:
            if not all(rate.is_finite() and abs(rate) < 1 for rate in (tier.maker, tier.taker)):
                yield f"{at}.fee_schedules[{number}] has a rate that is not a share of 1"
    for number, margin in enumerate(venue.margin_schedules):
        sizes = [level.above for level in margin.levels]
        if not sizes or sizes[0] != 0 or sorted(set(sizes)) != sizes:
            yield f"{at}.margin_schedules[{number}].levels must rise from 0"
        for level in margin.levels:
            rates = (level.maintenance, level.initial)
            if not all(rate.is_finite() and 0 < rate <= 1 for rate in rates):
                yield f"{at}.margin_schedules[{number}] has a rate that is not between 0 and 1"
            elif level.maintenance > level.initial:
                yield f"{at}.margin_schedules[{number}] has maintenance above initial"


def _ladder_mistakes(ladder: LadderTable, accounts: list[str]) -> Iterator[str]:
    for rung in ladder.rungs:
        shares = [rung.below, rung.leaves, rung.fee, rung.fee_of_maintenance, rung.above or 0]
        if not all(0 <= share <= 1 for share in shares):
            yield "a share of a rung must be from 0 to 1"
        if rung.parts < 1 or rung.tries < 1 or rung.tries > rung.parts or rung.parts_from < 0:
            yield "a rung has at least one part, and no more tries than parts"
        if (rung.kind == "backstop") != (rung.account is not None):
            yield "a backstop, and nothing else, has an account"
        if rung.account is not None and rung.account not in accounts:
            yield f"{rung.account!r} is not among the accounts"


def _instrument_mistakes(
    it: InstrumentTable, named: dict[str, list[str]], scales: dict[str, int]
) -> Iterator[str]:
    for field, asset in (("base", it.base), ("quote", it.quote), ("settlement", it.settlement)):
        if asset not in scales:
            yield f"{field} {asset!r} is not among the assets"
            return
    if it.index not in named["indices"]:
        yield f"index {it.index!r} is not among the indices"
    if it.fees not in named["fee_schedules"]:
        yield f"fees {it.fees!r} is not among the fee schedules"
    if it.kind == "spot" and it.margin is not None:
        yield "a spot pair has no margin schedule"
    if it.kind != "spot" and it.margin not in named["margin_schedules"]:
        yield f"margin {it.margin!r} is not among the margin schedules"
    if it.ladder is not None and it.ladder not in named["ladders"]:
        yield f"ladder {it.ladder!r} is not among the ladders"
    if it.ladder is not None and it.kind == "spot":
        yield "a spot pair has no ladder"
    if it.settles_over_minutes < 0:
        yield "settles_over_minutes must not be negative"
    if not 0 <= it.hold_ms <= HOLD_MS_MAX:
        yield f"hold_ms must be from 0 to {HOLD_MS_MAX}"
    if not 1 <= it.mark_smoothing_seconds <= SMOOTHING_SECONDS_MAX:
        yield f"mark_smoothing_seconds must be from 1 to {SMOOTHING_SECONDS_MAX}"
    if it.kind == "linear" and it.settlement != it.quote:
        yield "a linear contract settles in its quote asset"
    if it.kind == "inverse" and it.settlement != it.base:
        yield "an inverse contract settles in its base asset"
    yield from _grid_mistakes(it, scales)
    yield from _funding_mistakes(it)
    if it.mark is not None and it.mark.elsewhere not in (None, *named["indices"]):
        yield f"elsewhere {it.mark.elsewhere!r} of mark is not among the indices"
    twap = it.twap
    if twap is not None and not (
        twap.interval_seconds > 0
        and 0 < twap.shortest_seconds <= twap.longest_seconds
        and twap.open_max > 0
        and twap.catch_up > 0
    ):
        yield "numbers of twap must be above 0, and shortest_seconds at most longest_seconds"
    if it.expires is not None and it.expires_by is not None:
        yield "give expires or expires_by, not both"
    if it.expires is not None and it.expires.tzinfo is None:
        yield "expires needs a time zone"
    if it.opened is not None and it.opened.tzinfo is None:
        yield "opened needs a time zone"
    if (DATE_MARK in it.symbol) != (it.expires_by is not None):
        yield f"a symbol has {DATE_MARK} if, and only if, it has expires_by"
    if it.crowd is not None and (
        it.crowd.size <= 0 or it.crowd.spread_ppm < 1 or it.crowd.step_ppm < 1
    ):
        yield "crowd needs size, spread_ppm and step_ppm above 0"


def _grid_mistakes(it: InstrumentTable, scales: dict[str, int]) -> Iterator[str]:
    for field in ("tick_size", "lot_size", "max_quantity", "max_price"):
        value: Decimal = getattr(it, field)
        if not (value.is_finite() and value > 0):
            yield f"{field} must be above 0"
            return
    for field in ("max_position", "min_notional", "max_notional", "collar", "impact_size"):
        value = getattr(it, field)
        if not (value.is_finite() and value >= 0):
            yield f"{field} must not be negative"
            return
    if it.max_price % it.tick_size:
        yield "max_price is not a multiple of tick_size"
    sizes = [
        ("max_quantity", it.max_quantity),
        ("min_quantity", it.min_quantity or it.lot_size),
        ("max_position", it.max_position),
        ("impact_size", it.impact_size),
    ]
    for field, size in sizes:
        if not size.is_finite() or size % it.lot_size or size < 0:
            yield f"{field} is not a multiple of lot_size"
    if it.kind == "linear":  # a spot trade's value is cut to an atom, for both sides alike
        smallest = it.tick_size * it.lot_size * 10 ** scales[it.quote]
        if smallest % 1:
            yield f"one lot at one tick is not a whole number of atoms of {it.quote}"


def _funding_mistakes(it: InstrumentTable) -> Iterator[str]:
    funding = it.funding
    if funding is None:
        return
    if it.kind == "spot" or it.expires is not None or it.expires_by is not None:
        yield "only perpetuals have funding"
    if funding.divisor < 1:
        yield "the divisor of funding must be at least 1"
    if funding.sample_seconds < 1 or 3_600 % funding.sample_seconds:
        yield "sample_seconds must go into an hour without a rest"
    if funding.impact_notional < 0:
        yield "impact_notional must not be negative"
    for field in ("rate_max", "interest", "band"):
        rate: Decimal = getattr(funding, field)
        if not (rate.is_finite() and 0 <= rate <= 1):
            yield f"{field} must be from 0 to 1"


def _account_mistakes(account: AccountTable, scales: dict[str, int]) -> Iterator[str]:
    if account.max_open_orders is not None and account.max_open_orders < 1:
        yield "max_open_orders must be at least 1"
    for deposit in account.deposits:
        if deposit.asset not in scales:
            yield f"deposits name an asset {deposit.asset!r} that is not among the assets"
        elif not (deposit.amount.is_finite() and deposit.amount > 0):
            yield "a deposit must be above 0"
        elif deposit.amount * 10 ** scales[deposit.asset] % 1:
            yield f"a deposit is not a whole number of atoms of {deposit.asset}"


def _crowd_mistakes(crowd: CrowdTable, accounts: tuple[AccountTable, ...]) -> Iterator[str]:
    families = {each.name: each.family or each.name for each in accounts}
    for name in (crowd.maker, crowd.taker):
        if name not in families:
            yield f"{name!r} is not among the accounts"
            return
    if families[crowd.maker] == families[crowd.taker]:
        yield "maker and taker are of one family, so they could not trade"
    if not 1 <= crowd.depth <= 200:
        yield "depth must be from 1 to 200"
    if not 0 <= crowd.trades_per_second <= 100:
        yield "trades_per_second must be from 0 to 100"
    if crowd.max_holding < 1:
        yield "max_holding must be at least 1"
