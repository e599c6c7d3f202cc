"""Margin by the level of the whole exposure, and by slices of it."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from openvenue.engine.contracts import Contract
from openvenue.engine.instruments import Instrument, MarginLevel
from openvenue.engine.schedule import Schedule
from openvenue.engine.units import Ppb, fine_price
from tests.unit.engine.scene import inverse, linear

LEVELS = (
    MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),
    MarginLevel(5_000, Ppb(40_000_000), Ppb(20_000_000)),
    MarginLevel(20_000, Ppb(100_000_000), Ppb(50_000_000)),
)
RATES = [(0, "0.02", "0.01"), (5_000, "0.04", "0.02"), (20_000, "0.1", "0.05")]


def schedule(instrument: Instrument, mark: str) -> Schedule:
    """At one mark price."""
    return Schedule(Contract(instrument), fine_price(Decimal(mark)))


def sliced(value: Fraction, which: int) -> Fraction:
    """Each rate of what is above its level and not above the next one."""
    margin = Fraction(0)
    for place, row in enumerate(RATES):
        top = Fraction(RATES[place + 1][0]) if place + 1 < len(RATES) else value
        slice_of_it = max(min(value, top) - Fraction(row[0]), Fraction(0))
        margin += slice_of_it * Fraction(row[which])
    return margin


@given(st.integers(0, 2_000), st.integers(1, 300))
def test_a_linear_exposure_in_slices(lots: int, mark: int) -> None:
    """A coin a lot, levels in dollars; margin is rounded up to the atom, once."""
    told = schedule(linear(margin_levels=LEVELS, margin_slices=True), str(mark))
    value = Fraction(lots * mark)

    assert told.initial(lots, 0) == ceil(sliced(value, 1) * 10**8)
    assert told.maintenance(-lots) == ceil(sliced(value, 2) * 10**8)


@given(st.integers(0, 50_000), st.integers(1, 300))
def test_an_inverse_exposure_in_slices(lots: int, mark: int) -> None:
    """A dollar a lot, levels in contracts, margin in coins."""
    told = schedule(inverse(margin_levels=LEVELS, margin_slices=True), str(mark))

    assert told.initial(lots, 0) == ceil(sliced(Fraction(lots), 1) / mark * 10**10)
    assert told.maintenance(lots) == ceil(sliced(Fraction(lots), 2) / mark * 10**10)


def test_what_slices_leave_out() -> None:
    """200 coins at 100: four percent of all of it, or two of 5,000 dollars and four of the rest."""
    whole = schedule(linear(margin_levels=LEVELS[:2]), "100")
    slices = schedule(linear(margin_levels=LEVELS[:2], margin_slices=True), "100")

    assert whole.initial(200, 0) == 800 * 10**8
    assert slices.initial(200, 0) == 700 * 10**8
    assert slices.initial(200, 10) == 2_000 * 10**8
    assert slices.initial(0, 0) == slices.maintenance(0) == 0
