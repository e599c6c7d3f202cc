"""Digits to steps and back: exact, and cheap to refuse."""

from decimal import Decimal
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvenue.gateways.kraken_futures.numbers import (
    BIGGEST,
    OFF_GRID,
    Grid,
    OffGrid,
    decimal_number,
)


@pytest.mark.parametrize(
    ("size", "text", "steps"),
    [
        ("0.0001", "0.01", 100),
        ("0.0001", "1", 10_000),
        ("0.0001", "0.0100000", 100),
        ("0.0001", ".5", 5_000),
        ("0.0001", "5.", 50_000),
        ("0.0001", "1e-04", 1),
        ("0.0001", "1E2", 1_000_000),
        ("0.0001", "+1", 10_000),
        ("0.0001", "-1", -10_000),
        ("0.0001", "0", 0),
        ("0.0001", "-0.0", 0),
        ("0.0001", "0e999999999999", OFF_GRID),
        ("0.0001", "0.00001", OFF_GRID),
        ("0.0001", "0.00015", OFF_GRID),
        ("0.5", "50000.5", 100_001),
        ("0.5", "50000.0", 100_000),
        ("0.5", "50000.25", OFF_GRID),
        ("0.5", "50000.3", OFF_GRID),
        ("0.25", "1.75", 7),
        ("0.25", "1.8", OFF_GRID),
        ("1", "5e4", 50_000),
        ("1", "1.0", 1),
        ("10", "120", 12),
        ("10", "125", OFF_GRID),
        ("10", "120.0", 12),
        ("1", "1e400", OFF_GRID),
        ("1", "1e-400", OFF_GRID),
        ("1", str(BIGGEST), OFF_GRID),
        ("1", str(BIGGEST - 1), BIGGEST - 1),
        ("1", "9" * 5000, OFF_GRID),
        ("1", "0." + "0" * 5000 + "1", OFF_GRID),
    ],
)
def test_a_number_is_read_exactly_or_not_at_all(size: str, text: str, steps: int | OffGrid) -> None:
    """Between two steps there is nothing, and what is absurd is on no grid."""
    assert Grid(Decimal(size)).read(text) == steps


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 ",
        "NaN",
        "inf",
        "-Infinity",
        "0x10",
        "1_000",
        "1,5",
        "1.2.3",
        "e5",
        ".",
        "--1",
        "٣",
        "1e",
        "²",
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    """Whatever Python's own readers make of it."""
    assert Grid(Decimal("0.1")).read(text) is None


def test_absurd_numbers_cost_next_to_nothing() -> None:
    """A megabyte of digits, or an exponent of billions, is one look."""
    grid = Grid(Decimal("0.0001"))
    started = perf_counter()

    for text in ("9" * 1_000_000, "1e999999999", "1e-999999999", "0." + "9" * 1_000_000):
        assert grid.read(text) == OFF_GRID

    assert perf_counter() - started < 1


@given(
    size=st.sampled_from(["0.0001", "0.5", "1", "10", "0.25", "0.01"]),
    steps=st.integers(-(10**15), 10**15),
)
def test_what_is_written_is_read_back(size: str, steps: int) -> None:
    """And it is the number that plain arithmetic says."""
    grid = Grid(Decimal(size))

    text = grid.text(steps)

    assert Decimal(text) == steps * Decimal(size)
    assert grid.read(text) == steps
    assert "e" not in text.lower()
    assert not (("." in text) and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("0.0", "0"),
        ("1E+3", "1000"),
        ("1.500", "1.5"),
        ("-2.0", "-2"),
        ("1E-9", "0.000000001"),
    ],
)
def test_decimals_leave_as_plain_digits(value: str, text: str) -> None:
    """No exponents, no zeros at the end."""
    assert bytes(decimal_number(Decimal(value))).decode() == text
