"""Arguments of a question: the query of its URL. Raises everywhere: Failure."""

from typing import Final
from urllib.parse import parse_qsl

from base58 import b58decode, b58encode

from openvenue.engine.units import Nanos
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.times import MS
from openvenue.gateways.wire import Request

PAIRS_MAX: Final = 64
LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 4000
COUNT_MAX: Final = 10**15
CURSOR_BYTES: Final = 8


class Arguments:
    """Arguments by name. Of a repeated one the last counts; an empty one is absent."""

    def __init__(self, query: bytes) -> None:
        try:
            pairs = parse_qsl(query.decode(), errors="strict", max_num_fields=PAIRS_MAX)
        except ValueError as error:  # of which bad UTF-8 is one kind
            raise errors.invalid(why="the query cannot be read") from error
        self._values = dict(pairs)

    def text(self, name: str) -> str | None:
        """The value of `name`, if it was sent."""
        return self._values.get(name)

    def count(self, name: str) -> int | None:
        """A whole number that is not negative, if it was sent."""
        value = self._values.get(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit()) or len(value) > 16 or int(value) > COUNT_MAX:
            raise errors.invalid(why=f"{name} is no whole number")
        return int(value)

    def time(self, name: str) -> Nanos | None:
        """A moment in milliseconds, if it was sent."""
        value = self.count(name)
        return None if value is None else Nanos(value * MS)

    def limit(self) -> int:
        """How long a page is; what is out of range is cut to it."""
        value = self.count("limit")
        return LIMIT_DEFAULT if value is None else min(max(value, 1), LIMIT_MAX)

    def cursor(self) -> int | None:
        """Where the page before this one ended."""
        value = self._values.get("cursor")
        if value is None:
            return None
        try:
            raw = b58decode(value) if len(value) <= 16 and value.isascii() else b""
        except ValueError:
            raw = b""
        if len(raw) != CURSOR_BYTES:
            raise errors.invalid(why="cursor was not given out here")
        return int.from_bytes(raw, "big")

    def offset(self) -> int:
        """How many rows to leave out: how the closed alpha turned pages."""
        return self.count("offset") or 0


def read_arguments(request: Request) -> Arguments:
    """The query of a question. One with a body is refused, as the real service's front does."""
    if request.body:
        raise errors.Failure("Forbidden", status=403, why="a question has no body")
    return Arguments(request.query)


def encode_cursor(place: int) -> str:
    """A place in a list, to be handed back."""
    return b58encode(place.to_bytes(CURSOR_BYTES, "big")).decode("ascii")
