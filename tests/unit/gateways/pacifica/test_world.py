"""The venue's table in the world: it makes sense, and money stays whole in every market."""

import tomllib
from decimal import Decimal
from fractions import Fraction
from importlib import resources

import msgspec
import pytest

from openvenue.engine.contracts import Contract
from openvenue.engine.instruments import Instrument
from openvenue.exchange.config import VenueTable
from openvenue.exchange.setup import gateway_facts, instrument
from openvenue.gateways.pacifica.facts import read_facts
from openvenue.gateways.pacifica.listing import max_leverage
from openvenue.testing.clock import START


def venue() -> VenueTable:
    """The table."""
    path = resources.files("openvenue.exchange") / "worlds" / "pacifica.toml"
    tables = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    return msgspec.convert(tables["venues"]["pacifica"], VenueTable)


def instruments() -> list[Instrument]:
    """What it lists."""
    table = venue()
    return [instrument(table, it, START) for it in table.instruments]


def test_the_venue_lists_four_contracts_and_a_pair() -> None:
    """With the leverage that each allows."""
    assert {it.symbol: max_leverage(it) for it in instruments()} == {
        "BTC": 50,
        "ETH": 50,
        "SOL": 20,
        "kBONK": 10,
        "SOL-USDC": 1,
    }


@pytest.mark.parametrize("it", instruments(), ids=lambda it: it.symbol)
def test_a_lot_at_a_tick_is_a_whole_number_of_atoms(it: Instrument) -> None:
    """Six places of a dollar are enough for every grid: nothing is lost in a trade."""
    assert Contract(it).den == 1
    assert Fraction(it.tick_size) * Fraction(it.lot_size) * 10**6 == 10


def test_every_market_has_facts_that_this_api_knows() -> None:
    """A name with a slip of the pen is a mistake at the start, not a fact that nobody tells."""
    table = venue()

    for it in table.instruments:
        read_facts(gateway_facts(table, instrument(table, it, START).symbol))
    with pytest.raises(msgspec.ValidationError):
        read_facts({"isolatedOnly": True})
