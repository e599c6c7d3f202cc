"""Times as clients write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvenue.ems.times import iso, read_time
from openvenue.engine.units import SECOND


def test_times_have_seven_digits() -> None:
    """What is finer is cut off."""
    assert iso(1_577_875_520_167_770_999) == "2020-01-01T10:45:20.1677709Z"
    assert iso(0) == "1970-01-01T00:00:00.0000000Z"


@given(st.integers(min_value=0, max_value=4 * 10**18))
def test_what_is_written_is_read(time: int) -> None:
    """To the last of seven digits."""
    assert read_time(iso(time)) == time // 100 * 100


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00", 60),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T00:01:00+00:00", 60),
        ("1970-01-01T01:01:00.0000000+01:00", 60),
        ("1970-01-01T00:01", 60),
        ("1970-01-02", 86_400),
        ("1969-12-31T23:59:59", -1),
    ],
)
def test_a_zone_may_be_given_and_is_utc_else(text: str, seconds: int) -> None:
    """The contract's own examples have none where a range is asked for."""
    assert read_time(text) == seconds * SECOND


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2020-13-01", "1.5", "2020-01-01T00:00:00.1.2Z", "2020-01-01T00:00:00.Z", "Z"],
)
def test_what_is_no_time_is_none(text: str) -> None:
    """And never an error."""
    assert read_time(text) is None


@given(st.text(max_size=40))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    """Whatever is sent."""
    found = read_time(text)
    assert found is None or isinstance(found, int)
