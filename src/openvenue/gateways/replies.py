"""Responses as bytes: status line, headers, date, packing."""

import gzip
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.wire import Response

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINES: Final = {
    status.value: b"HTTP/1.1 %d %s\r\nContent-Type: " % (status.value, status.phrase.encode())
    for status in HTTPStatus
}
_PACKABLE: Final = ("application/json", "text/", "application/javascript", "image/svg")


class DateLine:
    """The Date header, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def __call__(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = b"\r\nDate: %s\r\n" % formatdate(second, usegmt=True).encode()
        return self._line


def plain(status: int, text: str = "") -> Response:
    """The door's own words, where no API is there to say it."""
    words = text or HTTPStatus(status).phrase
    return Response(status, f"{words}\n".encode(), "text/plain; charset=utf-8")


def wants_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header takes gzip. Source: RFC 9110, 12.5.3."""
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def encode(
    response: Response,
    date: bytes,
    limits: DoorLimits,
    *,
    accepted: str | None,
    is_head: bool,
    connection: bytes,
) -> bytes:
    """The whole reply. `connection` is its Connection header with line end, or nothing."""
    status, body = response.status, response.body
    line = _LINES.get(status) or b"HTTP/1.1 %d \r\nContent-Type: " % status
    extra = b""
    for name, value in response.headers:
        extra += f"{name}: {value}\r\n".encode("latin-1")
    if status == 204 or status == 304:
        start = line[: -len(b"\r\nContent-Type: ")]
        return b"%b%b%b%b\r\n" % (start, date, connection, extra)
    if (
        accepted is not None
        and limits.gzip_from < len(body) <= limits.gzip_up_to
        and response.content_type.startswith(_PACKABLE)
        and wants_gzip(accepted)
    ):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        extra += b"Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
    return b"%b%b\r\nContent-Length: %d%b%b%b\r\n%b" % (
        line,
        response.content_type.encode("latin-1"),
        len(body),
        date,
        connection,
        extra,
        b"" if is_head else body,
    )
