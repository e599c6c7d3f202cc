"""The commands that make a world: what a new venue is told before its first client.

Setting up is journaled like everything else. `build_setup` gives all of it; `still_missing` gives
what a venue that was stopped in the middle, or whose file has grown, has yet to hear.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from openvenue.engine.commands import (
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    SetIndexPrice,
)
from openvenue.engine.instruments import (
    Asset,
    FeeTier,
    Funding,
    IndexId,
    Instrument,
    Kind,
    MarginLevel,
    MedianMark,
    Rung,
    RungKind,
    TwapRule,
    WalletId,
)
from openvenue.engine.queries import GetAccount, GetAssets, GetIndexPrices, GetMarkets
from openvenue.engine.units import (
    PPB_ONE,
    SECOND,
    AccountId,
    AssetId,
    Atoms,
    Lots,
    Nanos,
    Ppb,
    Symbol,
    Ticks,
)
from openvenue.exchange.config import (
    DATE_MARK,
    AssetTable,
    FundingTable,
    InstrumentTable,
    MarkTable,
    TwapTable,
    VenueTable,
)
from openvenue.exchange.port import ExchangePort

KINDS: Final = {"spot": Kind.SPOT, "linear": Kind.LINEAR, "inverse": Kind.INVERSE}
EXPIRY_HOUR_UTC: Final = 15
FRIDAY: Final = 4


def build_setup(venue: VenueTable, now: Nanos) -> list[Command]:
    """Everything a new venue is told, in an order in which each command can be done.

    A contract that expires "next-quarter" gets its date, and its symbol, from `now`: the journal
    keeps both, so a later start does not choose again.
    """
    commands: list[Command] = [ListAsset(asset=_asset(each)) for each in venue.assets]
    commands += [ListInstrument(instrument=instrument(venue, it, now)) for it in venue.instruments]
    commands += [
        SetIndexPrice(index=IndexId(each.name), price=each.price) for each in venue.indices
    ]
    for account in venue.accounts:
        name = AccountId(account.name)
        commands.append(
            OpenAccount(
                account=name,
                family=AccountId(account.family or account.name),
                max_open_orders=account.max_open_orders or venue.max_open_orders,
            )
        )
        commands += [
            Deposit(
                account=name,
                wallet=WalletId(each.wallet),
                asset=AssetId(each.asset),
                amount=_atoms(venue, each.asset, each.amount),
            )
            for each in account.deposits
        ]
    return commands


async def still_missing(venue: VenueTable, exchange: ExchangePort) -> list[Command]:
    """The part of the setup that `exchange` has not heard yet, in order; empty on most starts."""
    assets = {each.asset_id for each in await exchange.look(GetAssets())}
    markets = await exchange.look(GetMarkets())
    symbols = {view.instrument.symbol for view in markets}
    tables = [
        table_of(venue, view.instrument.symbol) for view in markets if view.settlement is None
    ]
    priced = await exchange.look(GetIndexPrices())
    held: dict[AccountId, set[tuple[WalletId, AssetId]]] = {}
    for account in venue.accounts:
        name = AccountId(account.name)
        view = await exchange.look(GetAccount(name))
        if view is not None:
            held[name] = {(w.wallet, asset) for w in view.wallets for asset in w.balances}

    def is_missing(command: Command) -> bool:
        match command:
            case ListAsset(asset=asset):
                return asset.asset_id not in assets
            case ListInstrument(instrument=it):
                return it.symbol not in symbols and table_of(venue, it.symbol) not in tables
            case SetIndexPrice(index=index):
                return index not in priced
            case OpenAccount(account=name):
                return name not in held
            case Deposit(account=name, wallet=wallet, asset=asset_id):
                return (wallet, asset_id) not in held.get(name, set())
            case _:
                return True

    return [each for each in build_setup(venue, exchange.now()) if is_missing(each)]


def instrument(venue: VenueTable, it: InstrumentTable, now: Nanos) -> Instrument:
    """The instrument of a table, on its grid."""
    scales = {each.name: each.scale for each in venue.assets}
    fees = next(each for each in venue.fee_schedules if each.name == it.fees)
    margin = next((each for each in venue.margin_schedules if each.name == it.margin), None)
    expires = it.expires if it.expires_by is None else next_quarter(now)
    symbol = it.symbol
    if expires is not None:
        symbol = symbol.replace(DATE_MARK, expires.strftime("%y%m%d"))

    def lots(size: Decimal) -> Lots:
        return Lots(int(size / it.lot_size))

    return Instrument(
        symbol=Symbol(symbol),
        kind=KINDS[it.kind],
        base=AssetId(it.base),
        quote=AssetId(it.quote),
        settlement=AssetId(it.settlement),
        wallet=WalletId(it.wallet),
        index=IndexId(it.index),
        tick_size=it.tick_size,
        lot_size=it.lot_size,
        settlement_scale=scales[it.settlement],
        base_scale=scales[it.base],
        max_quantity=lots(it.max_quantity),
        max_price=Ticks(int(it.max_price / it.tick_size)),
        margin_levels=tuple(
            MarginLevel(each.above, _ppb(each.initial), _ppb(each.maintenance))
            for each in (() if margin is None else margin.levels)
        ),
        fee_tiers=tuple(
            FeeTier(each.volume, _ppb(each.maker), _ppb(each.taker)) for each in fees.tiers
        ),
        max_position=lots(it.max_position),
        min_quantity=lots(it.min_quantity or it.lot_size),
        min_notional=it.min_notional,
        max_notional=it.max_notional,
        collar=it.collar,
        impact_size=lots(it.impact_size),
        opened=now if it.opened is None else _nanos(it.opened),
        expires=None if expires is None else _nanos(expires),
        trims_reducers=it.trims_reducers,
        ladder=_ladder(venue, it.ladder),
        settles_over=Nanos(it.settles_over_minutes * 60 * SECOND),
        fee_days=fees.days,
        hold=Nanos(it.hold_ms * 10**6),
        holds_triggers=it.holds_triggers,
        holds_batches=it.holds_batches,
        margin_slices=margin is not None and margin.applies == "slices",
        funding=None if it.funding is None else _funding(it.funding),
        twap=None if it.twap is None else _twap(it.twap),
        mark=None if it.mark is None else _mark(it.mark),
        mark_smoothing=Nanos(it.mark_smoothing_seconds * SECOND),
    )


def _asset(table: AssetTable) -> Asset:
    return Asset(
        AssetId(table.name),
        table.scale,
        None if table.collateral is None else WalletId(table.collateral),
        None if table.index is None else IndexId(table.index),
        _ppb(table.haircut),
        _ppb(table.conversion_spread),
    )


def _funding(table: FundingTable) -> Funding:
    return Funding(
        divisor=table.divisor,
        rate_max=_ppb(table.rate_max),
        sample=Nanos(table.sample_seconds * SECOND),
        interest=_ppb(table.interest),
        band=_ppb(table.band),
        impact_notional=table.impact_notional,
        accrues=table.accrues,
    )


def _mark(table: MarkTable) -> MedianMark:
    return MedianMark(None if table.elsewhere is None else IndexId(table.elsewhere))


def _twap(table: TwapTable) -> TwapRule:
    return TwapRule(
        interval=Nanos(table.interval_seconds * SECOND),
        shortest=Nanos(table.shortest_seconds * SECOND),
        longest=Nanos(table.longest_seconds * SECOND),
        open_max=table.open_max,
        catch_up=table.catch_up,
    )


def _ladder(venue: VenueTable, name: str | None) -> tuple[Rung, ...]:
    """The rungs of a ladder; none without a name."""
    rungs = next((each.rungs for each in venue.ladders if each.name == name), ())
    return tuple(
        Rung(
            kind=RungKind[each.kind.upper()],
            above=None if each.above is None else _ppb(each.above),
            below=_ppb(each.below),
            leaves=_ppb(each.leaves),
            parts=each.parts,
            parts_from=each.parts_from,
            tries=each.tries,
            fee=_ppb(each.fee),
            fee_of_maintenance=_ppb(each.fee_of_maintenance),
            account=None if each.account is None else AccountId(each.account),
        )
        for each in rungs
    )


def table_of(venue: VenueTable, symbol: Symbol) -> InstrumentTable | None:
    """The table that `symbol` was listed from, on this date or an earlier one."""
    return next((each for each in venue.instruments if _is_of(symbol, each)), None)


def gateway_facts(venue: VenueTable, symbol: Symbol) -> Mapping[str, Any]:
    """What only a gateway tells of an instrument, under its API's own names; empty if unknown."""
    table = table_of(venue, symbol)
    if table is None:
        return {}
    fees = next(each for each in venue.fee_schedules if each.name == table.fees)
    return {"feeScheduleUid": fees.uid, **table.meta}


def next_quarter(now: Nanos) -> datetime:
    """The last Friday of the quarter after this one, 15:00 UTC: three to six months away."""
    today = datetime.fromtimestamp(now // SECOND, UTC)
    months = today.year * 12 + (today.month - 1) // 3 * 3 + 6  # the month after that quarter
    first_after = datetime(months // 12, months % 12 + 1, 1, EXPIRY_HOUR_UTC, tzinfo=UTC)
    last_day = first_after - timedelta(days=1)
    return last_day - timedelta(days=(last_day.weekday() - FRIDAY) % 7)


def _is_of(symbol: str, table: InstrumentTable) -> bool:
    head, mark, tail = table.symbol.partition(DATE_MARK)
    if not mark:
        return symbol == table.symbol
    middle = symbol.removeprefix(head).removesuffix(tail)
    return symbol == head + middle + tail and len(middle) == len(DATE_MARK) and middle.isdigit()


def _atoms(venue: VenueTable, asset: str, amount: Decimal) -> Atoms:
    scale = next(each.scale for each in venue.assets if each.name == asset)
    return Atoms(int(amount.scaleb(scale)))


def _ppb(rate: Decimal) -> Ppb:
    return Ppb(int(rate * PPB_ONE))


def _nanos(moment: datetime) -> Nanos:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Nanos((since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000)
