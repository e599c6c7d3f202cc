"""A series of dated contracts goes on when one of them expires."""

import asyncio

from openvenue.engine.commands import ListInstrument, PassTime
from openvenue.engine.queries import GetMarkets, MarketView
from openvenue.engine.units import SECOND
from openvenue.exchange.config import load_world
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.port import Outcome
from openvenue.exchange.relisting import Relisting
from openvenue.exchange.setup import still_missing
from openvenue.journal.records import Envelope
from openvenue.testing.clock import still_clock
from openvenue.testing.worlds import default_world, exchange_of

DAY = 86_400 * SECOND
TEST = Envelope("a test")


async def series(exchange: Exchange) -> list[MarketView]:
    """The dated contracts, oldest first."""
    markets = await exchange.look(GetMarkets())
    return [it for it in markets if it.instrument.symbol.startswith("FI_XBTUSD_")]


async def test_the_next_quarter_is_listed_when_one_is_over() -> None:
    """Once, with its own date, at the price of the index; the old one stays as it ended."""
    table = load_world().venues.kraken_futures
    clock = still_clock()
    exchange = await exchange_of(default_world(), clock)
    relisting = Relisting(table, exchange)
    listed = asyncio.Event()

    def hear(outcomes: list[Outcome]) -> None:
        if any(isinstance(each.entry.command, ListInstrument) for each in outcomes):
            listed.set()

    exchange.subscribe(hear)
    try:
        [first] = await series(exchange)
        assert first.instrument.expires is not None
        clock.reach(first.instrument.expires)
        await exchange.submit(PassTime(), TEST)
        async with asyncio.timeout(10):
            await listed.wait()
        old, new = await series(exchange)
        assert (old.instrument, old.settlement) == (first.instrument, old.index)
        assert new.settlement is None
        assert new.mark == new.index == old.index
        assert new.instrument.expires is not None
        assert 80 * DAY < new.instrument.expires - clock.now() < 190 * DAY
        assert await still_missing(table, exchange) == []
    finally:
        relisting.close()
        await exchange.close()


async def test_a_series_that_ended_while_nobody_listened_goes_on_at_the_next_start() -> None:
    """What is missing is worked out from what there is."""
    table = load_world().venues.kraken_futures
    clock = still_clock()
    exchange = await exchange_of(default_world(), clock)
    try:
        [first] = await series(exchange)
        assert first.instrument.expires is not None
        clock.reach(first.instrument.expires)
        await exchange.submit(PassTime(), TEST)
        [missing] = await still_missing(table, exchange)
        assert missing.instrument.symbol != first.instrument.symbol  # type: ignore[union-attr]
    finally:
        await exchange.close()
