"""Responses as bytes."""

import pytest

from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.replies import encode, plain, wants_gzip
from openvenue.gateways.wire import Response

DATE = b"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


def encoded(response: Response, accepted: str | None = None, *, is_head: bool = False) -> bytes:
    return encode(response, DATE, DoorLimits(), accepted=accepted, is_head=is_head, connection=b"")


def test_a_reply_is_one_piece_of_bytes() -> None:
    """Length, date, headers of its own, body."""
    response = Response(200, b"{}", headers=(("X-Own", "yes"),))

    assert encoded(response) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Own: yes\r\n\r\n{}"
    )


def test_a_reply_without_content_has_neither_length_nor_type() -> None:
    """Source: RFC 9110, 8.6."""
    assert encoded(Response(204)) == b"HTTP/1.1 204 No Content%b\r\n" % DATE


def test_a_status_that_no_standard_names_is_sent_as_it_is() -> None:
    """Some venues answer 520."""
    assert encoded(Response(520, b"x")).startswith(b"HTTP/1.1 520 \r\n")


def test_very_large_replies_are_not_packed() -> None:
    """Packing one would hold up everybody else."""
    limits = DoorLimits()
    packed = encoded(Response(200, b"a" * limits.gzip_up_to), "gzip")
    plain_reply = encoded(Response(200, b"a" * (limits.gzip_up_to + 1)), "gzip")

    assert b"Content-Encoding: gzip" in packed
    assert b"Content-Encoding" not in plain_reply


@pytest.mark.parametrize(
    ("accepted", "wants"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("identity", False),
        ("", False),
        ("bgzip", False),
    ],
)
def test_gzip_is_sent_to_who_takes_it(accepted: str, wants: bool) -> None:
    """A weight of nought is a no."""
    assert wants_gzip(accepted) == wants


def test_the_doors_own_words_are_plain() -> None:
    """There may be no API to borrow a shape from."""
    assert plain(404).body == b"Not Found\n"
