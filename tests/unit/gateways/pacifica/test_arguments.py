"""Arguments of questions, and the cursors between their pages."""

import pytest

from openvenue.gateways.pacifica.arguments import Arguments, encode_cursor, read_arguments
from openvenue.gateways.pacifica.errors import Failure
from openvenue.gateways.wire import Request
from openvenue.testing.clock import START


def test_the_last_of_a_repeated_argument_counts_and_an_empty_one_is_absent() -> None:
    """As most servers read a query."""
    arguments = Arguments(b"symbol=BTC&symbol=ETH&account=&limit=7")

    assert arguments.text("symbol") == "ETH"
    assert arguments.text("account") is None
    assert arguments.limit() == 7


@pytest.mark.parametrize(
    ("query", "limit"), [(b"", 100), (b"limit=0", 1), (b"limit=4000", 4000), (b"limit=9999", 4000)]
)
def test_a_limit_is_cut_to_what_is_allowed(query: bytes, limit: int) -> None:
    """Out of range is no error."""
    assert Arguments(query).limit() == limit


@pytest.mark.parametrize("value", [b"x", b"-1", b"1.5", b"9" * 17, b"%C2%B2", b"1%00"])
def test_what_is_no_whole_number_is_refused(value: bytes) -> None:
    """Superscripts are digits to some languages, and not to this API."""
    with pytest.raises(Failure):
        Arguments(b"limit=" + value).limit()


@pytest.mark.parametrize("query", [b"a=%ff", b"\xff=1", b"&".join([b"a=1"] * 100)])
def test_a_query_that_cannot_be_read_is_refused(query: bytes) -> None:
    """Neither bytes that are no text, nor more pairs than anybody needs."""
    with pytest.raises(Failure):
        Arguments(query)


@pytest.mark.parametrize("place", [0, 1, 58, 2**53])
def test_a_cursor_comes_back_as_it_was_given_out(place: int) -> None:
    """Opaque to clients, a place to us."""
    assert Arguments(f"cursor={encode_cursor(place)}".encode()).cursor() == place


@pytest.mark.parametrize("cursor", ["0", "l", "zzz", "1" * 40, "%C3%A9"])
def test_a_cursor_of_somebody_elses_is_refused(cursor: str) -> None:
    """It would begin anywhere."""
    with pytest.raises(Failure):
        Arguments(f"cursor={cursor}".encode()).cursor()


def test_a_question_with_a_body_is_forbidden() -> None:
    """As the real service's front has it; some HTTP libraries send `{}`."""
    request = Request("GET", "/api/v1/info", b"", {}, b"{}", "127.0.0.1", START, {})

    with pytest.raises(Failure) as failure:
        read_arguments(request)
    assert failure.value.status == 403
