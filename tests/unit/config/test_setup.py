"""What a world file causes: commands that an empty engine takes without a single refusal."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import Deposit, ListInstrument, OpenAccount, SetIndexPrice
from openvenue.engine.engine import Engine
from openvenue.engine.events import Refused
from openvenue.engine.instruments import IndexId, WalletId
from openvenue.engine.queries import GetAccount, GetMarkets
from openvenue.engine.units import PRICE_ONE, SECOND, AccountId, Nanos, Symbol
from openvenue.exchange.config import VenueTable, load_world
from openvenue.exchange.setup import build_setup, gateway_facts, next_quarter, still_missing
from openvenue.testing.clock import START, still_clock
from openvenue.testing.worlds import default_world, exchange_of


@pytest.fixture(scope="module")
def venue() -> VenueTable:
    """Kraken Futures of the default world."""
    return load_world().venues.kraken_futures


def nanos(*date: int) -> Nanos:
    """Midnight UTC of a date."""
    year, month, day = date
    return Nanos(int(datetime(year, month, day, tzinfo=UTC).timestamp()) * SECOND)


def test_an_empty_engine_takes_the_whole_setup(venue: VenueTable) -> None:
    """A refusal would stop the first start of everybody."""
    engine = Engine()

    events = [e for command in build_setup(venue, START) for e in engine.apply(command, START)]

    assert not [event for event in events if isinstance(event, Refused)]


QUARTERS = [
    ((2026, 11, 20), (2027, 3, 26)),
    ((2026, 12, 31), (2027, 3, 26)),
    ((2027, 1, 1), (2027, 6, 25)),
    ((2027, 6, 30), (2027, 9, 24)),
    ((2027, 7, 1), (2027, 12, 31)),  # the last day of the year is itself a Friday
    ((2028, 2, 29), (2028, 6, 30)),
]


@pytest.mark.parametrize(("today", "friday"), QUARTERS)
def test_a_dated_contract_ends_on_the_last_friday_of_the_next_quarter(
    today: tuple[int, ...], friday: tuple[int, int, int]
) -> None:
    """Its symbol carries the date, so a wrong Friday would be a contract that nobody knows."""
    assert next_quarter(nanos(*today)) == datetime(*friday, 15, tzinfo=UTC)


def test_the_symbol_of_a_dated_contract_says_its_day(venue: VenueTable) -> None:
    """Clients read the expiry out of the symbol."""
    listed = [c.instrument for c in build_setup(venue, nanos(2026, 11, 20))
              if isinstance(c, ListInstrument)]  # fmt: skip

    assert listed[-1].symbol == "FI_XBTUSD_270326"
    assert listed[-1].expires == nanos(2027, 3, 26) + 15 * 3600 * SECOND


def test_one_lot_at_one_tick_of_every_linear_contract_is_a_whole_number_of_atoms() -> None:
    """Then profit in dollars is exact, and no rounding has to be explained."""
    for command in default_world():
        if isinstance(command, ListInstrument) and command.instrument.quote == "USD":
            it = command.instrument
            if it.settlement == it.quote:
                assert it.tick_size * it.lot_size * 10**it.settlement_scale % 1 == 0


def test_a_market_may_say_over_how_long_its_mark_is_smoothed(venue: VenueTable) -> None:
    """A minute, where nothing is said."""
    first, *others = venue.instruments
    changed = replace(venue, instruments=(replace(first, mark_smoothing_seconds=30), *others))

    listed = [it.instrument for it in build_setup(changed, START) if isinstance(it, ListInstrument)]

    assert [it.mark_smoothing for it in listed[:2]] == [30 * SECOND, 60 * SECOND]


def test_facts_for_the_gateway_are_found_by_the_symbol_that_was_listed(venue: VenueTable) -> None:
    """The date in a symbol was chosen long before this start."""
    facts = gateway_facts(venue, Symbol("FI_XBTUSD_250926"))

    assert facts["tags"] == []
    assert facts["feeScheduleUid"] == venue.fee_schedules[0].uid
    assert gateway_facts(venue, Symbol("FI_XBTUSD_2509XX")) == {}
    assert gateway_facts(venue, Symbol("PF_DOGEUSD")) == {}


async def test_deposits_are_margin_before_the_first_trade(venue: VenueTable) -> None:
    """A client looks at its balance first, and would think itself poor."""
    exchange = await exchange_of(build_setup(venue, START), still_clock())

    account = await exchange.look(GetAccount(AccountId("primary")))

    assert account is not None
    wallets = {wallet.wallet: wallet for wallet in account.wallets}
    flex, inverse, cash = (wallets[WalletId(it)] for it in ("flex", "fi_xbtusd", "cash"))
    assert (flex.settlement, flex.equity) == ("USD", 1_000_000 * 10**8)
    assert (inverse.settlement, inverse.equity) == ("XBT", 20 * 10**10)
    assert (cash.settlement, cash.equity) == (None, 0)
    await exchange.close()


async def test_nothing_is_missing_after_the_setup(venue: VenueTable) -> None:
    """A second start must not pay the deposits a second time."""
    exchange = await exchange_of(build_setup(venue, START), still_clock())

    assert await still_missing(venue, exchange) == []
    await exchange.close()


async def test_a_later_start_does_not_choose_another_date(venue: VenueTable) -> None:
    """The journal keeps the contract that was listed, whatever the quarter is now."""
    clock = still_clock()
    exchange = await exchange_of(build_setup(venue, START), clock)

    clock.advance(200 * 86_400 * SECOND)

    assert await still_missing(venue, exchange) == []
    await exchange.close()


async def test_what_a_world_file_has_gained_is_missing(venue: VenueTable) -> None:
    """A new instrument or account in the file appears at the next start, with its deposits."""
    setup = build_setup(venue, START)
    older = [
        command
        for command in setup
        if not (isinstance(command, ListInstrument) and command.instrument.symbol == "PF_SOLUSD")
        and not (isinstance(command, OpenAccount | Deposit) and command.account == "secondary")
        and not (isinstance(command, SetIndexPrice) and command.index == "SOL:USD")
    ]
    exchange = await exchange_of(older, still_clock())

    missing = await still_missing(venue, exchange)

    assert missing == [command for command in setup if command not in older]
    await exchange.close()


async def test_a_price_that_has_moved_is_not_put_back(venue: VenueTable) -> None:
    """The file says where prices start, not where they are."""
    setup = [*build_setup(venue, START), SetIndexPrice(index=IndexId("XBT:USD"), price=Decimal(7))]
    exchange = await exchange_of(setup, still_clock())

    assert await still_missing(venue, exchange) == []
    markets = await exchange.look(GetMarkets(Symbol("PF_XBTUSD")))
    assert markets[0].index == 7 * PRICE_ONE
    await exchange.close()


def test_commands_of_one_file_and_time_are_always_the_same(venue: VenueTable) -> None:
    """Seeds reproduce a world only if its beginning is always the same."""
    assert build_setup(venue, START) == build_setup(venue, START)
