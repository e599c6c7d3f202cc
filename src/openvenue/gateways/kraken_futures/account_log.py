"""The account log: each trade as two rows, a position's and the money's; each deposit as one.

On a row of money, new balance - old balance = realized profit - fee + realized funding -
liquidation fee.
Source: Kraken Futures History, "Get account log", "Get recent account log in CSV".
"""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import replace

from openvenue.engine.units import PPB_ONE, AccountId, Lots, decimal_price
from openvenue.gateways.kraken_futures import codec
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.encode_funding import absolute
from openvenue.gateways.kraken_futures.encode_history import average_entry
from openvenue.gateways.kraken_futures.forced import log_word
from openvenue.gateways.kraken_futures.history import (
    read_before,
    read_flag,
    read_moment,
    read_number,
    read_sort,
    signer,
)
from openvenue.gateways.kraken_futures.ids import account_uuid, fill_uuid, thing_uuid
from openvenue.gateways.kraken_futures.limits import COST_PAST, cost_of_account_log
from openvenue.gateways.kraken_futures.listing import Listing
from openvenue.gateways.kraken_futures.numbers import ZERO, decimal_number, ratio
from openvenue.gateways.kraken_futures.times import iso
from openvenue.gateways.wire import Request, Response
from openvenue.history.past import (
    FundingPosting,
    MoneyKind,
    MoneyPosting,
    Page,
    Posting,
    SettlementPosting,
    TradePosting,
)

ROWS: Final = 500
ROWS_MAX: Final = 100_000
CSV_ROWS_MAX: Final = 500_000
TURN: Final = 250  # postings that are told before others have a turn
SETTLEMENT: Final = "settlement"
MONEY: Final = {
    MoneyKind.DEPOSIT: "admin transfer",  # money that came from outside all trading
    MoneyKind.TRANSFER: "transfer",
    MoneyKind.FAMILY_TRANSFER: "subaccount transfer",
    MoneyKind.WITHDRAWAL: "cross-exchange transfer",
    MoneyKind.CONVERSION: "conversion",
    MoneyKind.SHORTFALL: "covered liquidation",
    MoneyKind.COLLATERAL: "futures liquidation",
}
FUNDING: Final = "funding rate change"
HEAD: Final = (
    "uid,dateTime,account,type,symbol,contract,change,new balance,new average entry price,"
    "trade price,mark price,funding rate,realized pnl,fee,realized funding,collateral,"
    "conversion spread percentage,liquidation fee,position uid,exchange rate,"
    "exchange rate from,conversion fee\n"
)


class LogRow(Struct, kw_only=True):
    """One row. What there is none of is null."""

    id: int
    date: str
    asset: str
    contract: str | None = None
    info: str
    booking_uid: str
    margin_account: str
    old_balance: Raw
    new_balance: Raw
    old_average_entry_price: Raw | None = None
    new_average_entry_price: Raw | None = None
    trade_price: Raw | None = None
    mark_price: Raw | None = None
    realized_pnl: Raw | None = None
    fee: Raw | None = None
    execution: str | None = None
    collateral: str | None = None
    funding_rate: Raw | None = None
    realized_funding: Raw | None = None
    conversion_spread_percentage: Raw | None = None
    liquidation_fee: Raw | None = None
    position_uid: str | None = None
    # Of conversions, for who asks: dollars for one unit of a currency, and what the spread took.
    exchange_rate: Raw | UnsetType = UNSET
    exchange_rate_from: str | UnsetType = UNSET
    conversion_fee: Raw | UnsetType = UNSET


class Wanted(Struct, frozen=True):
    """Which rows: by number, both ends included, and by kind."""

    first: int = 0
    last: int = 2**63
    info: str | None = None

    def has_some_of(self, posting: Posting) -> bool:
        """Whether any row of a posting may be wanted."""
        last = posting.entry_id + (0 if isinstance(posting, MoneyPosting | FundingPosting) else 1)
        return (
            posting.entry_id <= self.last
            and last >= self.first
            and self.info in (None, info(posting))
        )

    def has(self, row: LogRow) -> bool:
        """Whether a row is wanted."""
        return self.first <= row.id <= self.last


def info(posting: Posting) -> str:
    """What kind of entry it is."""
    if isinstance(posting, TradePosting):
        return log_word(posting.order, is_maker=posting.is_maker)
    if isinstance(posting, FundingPosting):
        return FUNDING
    return MONEY[posting.kind] if isinstance(posting, MoneyPosting) else SETTLEMENT


async def account_log(desk: Desk, request: Request) -> Response:
    """GET account-log."""
    who = signer(desk, request, 0)
    arguments = codec.read_arguments(request)
    count = read_number(arguments, "count")
    asked = ROWS if count is None else min(count, ROWS_MAX)
    desk.spend_past(who, cost_of_account_log(asked))
    since = read_number(arguments, "from")
    until = read_number(arguments, "to")
    wanted = Wanted(
        first=0 if since is None else since,
        last=Wanted().last if until is None else until,
        info=arguments.text("info"),
    )
    page = _page(desk, arguments, is_ascending=read_sort(arguments))
    told: list[bytes] = []
    terms = read_flag(arguments, "conversion_details")
    async for row in _rows(desk, who.account, page, wanted, asked, with_terms=terms):
        told.append(ENCODER.encode(row))
    return Response(
        200,
        b'{"accountUid":"%b","logs":[%b]}' % (account_uuid(who.account).encode(), b",".join(told)),
    )


async def account_log_csv(desk: Desk, request: Request) -> Response:
    """GET accountlogcsv: newest first."""
    who = signer(desk, request, COST_PAST["accountlogcsv"])
    page = _page(desk, codec.read_arguments(request), is_ascending=False)
    lines = [HEAD]
    async for row in _rows(desk, who.account, page, Wanted(), CSV_ROWS_MAX, with_terms=True):
        lines.append(csv_line(row))
    return Response(200, "".join(lines).encode(), "text/csv")


def _page(desk: Desk, arguments: codec.Arguments, *, is_ascending: bool) -> Page:
    page = Page(TURN, is_ascending=is_ascending, before=read_before(desk, arguments))
    since = read_moment(arguments, "since")
    return page if since is None else replace(page, since=since)


async def _rows(
    desk: Desk, account: AccountId, page: Page, wanted: Wanted, most: int, *, with_terms: bool
) -> AsyncIterator[LogRow]:
    """At most so many rows, others having a turn in between."""
    told = 0
    while told < most:
        found = await desk.history.postings(account, page, wanted=wanted.has_some_of)
        for posting in found.things:
            rows = log_rows(posting, desk.listing, with_terms=with_terms)
            for row in rows if page.is_ascending else reversed(rows):
                if told < most and wanted.has(row):
                    told += 1
                    yield row
        if found.cursor is None:
            return
        page = replace(page, cursor=found.cursor)
        await asyncio.sleep(0)


def log_rows(posting: Posting, listing: Listing, *, with_terms: bool = False) -> list[LogRow]:
    """The rows of one posting, oldest first; of conversions with their terms, where wanted."""
    if isinstance(posting, MoneyPosting):
        return [_money_row(posting, listing, with_terms=with_terms)]
    if isinstance(posting, SettlementPosting):
        return _settlement_rows(posting, listing)
    if isinstance(posting, FundingPosting):
        return [_funding_row(posting, listing)]
    market = listing.of(posting.order.symbol)
    instrument = market.instrument
    entry = average_entry(posting.new_quantity, posting.new_cost, market)
    contract = market.symbol.lower()
    position = LogRow(
        id=posting.entry_id,
        date=iso(posting.time),
        asset=contract,
        contract=contract,
        info=info(posting),
        booking_uid=thing_uuid(posting.number),
        margin_account=instrument.wallet,
        old_balance=market.sizes.number(posting.old_quantity),
        new_balance=market.sizes.number(posting.new_quantity),
        old_average_entry_price=average_entry(posting.old_quantity, posting.old_cost, market),
        new_average_entry_price=entry,
        trade_price=market.prices.number(posting.price),
        mark_price=None if posting.mark is None else decimal_number(decimal_price(posting.mark)),
        execution=fill_uuid(posting.exec_id),
    )
    money = replace(
        position,
        id=posting.entry_id + 1,
        asset=instrument.settlement.lower(),
        old_balance=market.money.number(posting.old_balance),
        new_balance=market.money.number(posting.new_balance),
        old_average_entry_price=None,
        new_average_entry_price=None,
        realized_pnl=market.money.number(posting.realized),
        fee=market.money.number(posting.fee),
        liquidation_fee=(
            market.money.number(posting.liquidation_fee) if posting.liquidation_fee else None
        ),
        realized_funding=market.money.number(posting.funding) if posting.funding else None,
    )
    return [position, money]


def _money_row(posting: MoneyPosting, listing: Listing, *, with_terms: bool) -> LogRow:
    number = listing.grid_of(posting.asset).number
    row = LogRow(
        id=posting.entry_id,
        date=iso(posting.time),
        asset=posting.asset.lower(),
        info=info(posting),
        booking_uid=thing_uuid(posting.number),
        margin_account=posting.wallet,
        old_balance=number(posting.old_balance),
        new_balance=number(posting.new_balance),
    )
    if posting.rate_of is None:
        return row
    spread = posting.spread
    row.conversion_spread_percentage = decimal_number(ratio(spread * 100, PPB_ONE))
    if with_terms:
        row.exchange_rate = decimal_number(decimal_price(posting.rate))
        row.exchange_rate_from = posting.rate_of.lower()
        row.conversion_fee = ZERO
        if posting.is_bought:
            came = posting.new_balance - posting.old_balance
            row.conversion_fee = number(came * spread // (PPB_ONE - spread))
    return row


def _settlement_rows(posting: SettlementPosting, listing: Listing) -> list[LogRow]:
    """The end of a position with its contract: as a trade at the settlement price."""
    market = listing.of(posting.symbol)
    instrument = market.instrument
    contract = market.symbol.lower()
    position = LogRow(
        id=posting.entry_id,
        date=iso(posting.time),
        asset=contract,
        contract=contract,
        info=SETTLEMENT,
        booking_uid=thing_uuid(posting.number),
        margin_account=instrument.wallet,
        old_balance=market.sizes.number(posting.old_quantity),
        new_balance=market.sizes.number(Lots(0)),
        old_average_entry_price=average_entry(posting.old_quantity, posting.old_cost, market),
        new_average_entry_price=average_entry(Lots(0), 0, market),
        trade_price=decimal_number(decimal_price(posting.price)),
        mark_price=decimal_number(decimal_price(posting.price)),
    )
    money = replace(
        position,
        id=posting.entry_id + 1,
        asset=instrument.settlement.lower(),
        old_balance=market.money.number(posting.old_balance),
        new_balance=market.money.number(posting.new_balance),
        old_average_entry_price=None,
        new_average_entry_price=None,
        realized_pnl=market.money.number(posting.realized),
        fee=market.money.number(posting.fee),
    )
    return [position, money]


def _funding_row(posting: FundingPosting, listing: Listing) -> LogRow:
    market = listing.of(posting.symbol)
    instrument = market.instrument
    return LogRow(
        id=posting.entry_id,
        date=iso(posting.time),
        asset=instrument.settlement.lower(),
        contract=market.symbol.lower(),
        info=FUNDING,
        booking_uid=thing_uuid(posting.number),
        margin_account=instrument.wallet,
        old_balance=market.money.number(posting.old_balance),
        new_balance=market.money.number(posting.new_balance),
        mark_price=None if posting.mark is None else decimal_number(decimal_price(posting.mark)),
        funding_rate=absolute(posting.rate, posting.index, market),
        realized_funding=market.money.number(posting.amount),
    )


def csv_line(row: LogRow) -> str:
    """A row as a line of text, in the order of `HEAD`."""
    old, new = (Decimal(bytes(it).decode()) for it in (row.old_balance, row.new_balance))
    is_position = row.asset == row.contract
    cells = (
        row.booking_uid,
        row.date,
        row.margin_account,
        row.info,
        row.asset,
        row.contract or "",
        format(new - old, "f"),
        _cell(row.new_balance),
        _cell(row.new_average_entry_price) if is_position else "",
        _cell(row.trade_price),
        _cell(row.mark_price),
        _cell(row.funding_rate),
        _cell(row.realized_pnl),
        _cell(row.fee),
        _cell(row.realized_funding),
        "",
        _cell(row.conversion_spread_percentage),
        _cell(row.liquidation_fee),
        "",
        _cell(row.exchange_rate or None),
        row.exchange_rate_from or "",
        _cell(row.conversion_fee or None),
    )
    return ",".join(cells) + "\n"


def _cell(number: Raw | None) -> str:
    return "" if number is None else bytes(number).decode()
