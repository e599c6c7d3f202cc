"""How arguments of REST arrive: in the query, as a form, or as JSON.

Source: Kraken Spot REST, "Introduction"; and what shipped client libraries send.
"""

from typing import Final
from urllib.parse import unquote_plus

import msgspec
from msgspec import Raw

from openvenue.engine.units import SECOND, Nanos
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.wire import Request, WireError

PAIRS_MAX: Final = 4096
JSON: Final = "application/json"
DECODER: Final = msgspec.json.Decoder(dict[str, Raw])
LIST: Final = msgspec.json.Decoder(list[Raw])
TRUE: Final = ("true", "1", "yes", "on")
FALSE: Final = ("false", "0", "no", "off", "")
INT32: Final = range(-(2**31), 2**31)


class Arguments:
    """Arguments by name. One that is empty counts as absent; of a repeated one the last counts."""

    __slots__ = ("_values", "nested")

    def __init__(self, values: dict[str, str], nested: dict[str, bytes] | None = None) -> None:
        self._values = values
        # What holds more than text: lists and objects of a JSON body, as they came.
        self.nested = nested or {}

    def text(self, name: str) -> str | None:
        """The value of `name`, None if it is absent or empty."""
        return self._values.get(name) or None

    def needed(self, name: str) -> str:
        """The value of `name`. Raises: WireError: it is missing."""
        value = self.text(name)
        if value is None:
            raise errors.invalid(name, "it is missing")
        return value

    def has(self, name: str) -> bool:
        """Whether `name` holds anything."""
        return bool(self._values.get(name)) or name in self.nested

    def names(self) -> list[str]:
        """All that were sent."""
        return [*self._values, *self.nested]

    def items(self, name: str) -> "list[Arguments | str]":
        """The members of a list: objects, and texts or numbers. Raises: WireError: it is none."""
        try:
            found = LIST.decode(self.nested.get(name, b"[]"))
            items: list[Arguments | str] = []
            for raw in found:
                text = bytes(raw)
                if text.startswith(b"{"):
                    values: dict[str, str] = {}
                    nested: dict[str, bytes] = {}
                    _read_json(text, values, nested)
                    items.append(Arguments(values, nested))
                elif text.startswith(b'"'):
                    items.append(msgspec.json.decode(text, type=str))
                else:
                    items.append(text.decode())
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise errors.invalid(name) from error
        return items

    def many(self, name: str) -> list[str]:
        """The parts of a value that joins several by commas."""
        return [part.strip() for part in (self.text(name) or "").split(",") if part.strip()]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A truth value. Raises: WireError: it is neither true nor false."""
        value = self._values.get(name)
        if value is None:
            return default
        word = value.lower()
        if word in TRUE:
            return True
        if word in FALSE:
            return False
        raise errors.invalid(name)

    def integer(self, name: str) -> int | None:
        """A whole number of at most 32 bits with its sign. Raises: WireError: it is none."""
        value = self.text(name)
        if value is None:
            return None
        number = read_int32(value)
        if number is None:
            raise errors.invalid(name)
        return number

    def count(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds. Raises: WireError: it is none, or outside of them."""
        number = self.integer(name)
        if number is None:
            return default
        if not least <= number <= most:
            raise errors.invalid(name)
        return number

    def moment(self, name: str) -> Nanos | None:
        """Seconds since 1970, with or without a fraction. Raises: WireError: they are none."""
        value = self.text(name)
        if value is None:
            return None
        whole, _, part = value.partition(".")
        digits = whole + part
        if not (digits.isascii() and digits.isdigit()) or len(whole) > 10:
            raise errors.invalid(name)
        return Nanos(int(whole or 0) * SECOND + int(part[:9].ljust(9, "0")))


def read_int32(text: str) -> int | None:
    """The whole number of at most 32 bits that `text` is, None if it is none."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
        return None
    number = int(text)
    return number if number in INT32 else None


def read_arguments(request: Request) -> Arguments:
    """Arguments of the query, then of the body, whose values win.

    Raises: WireError: too many, not text once decoded, or not a JSON object.
    """
    values: dict[str, str] = {}
    nested: dict[str, bytes] = {}
    if request.query:
        _read_form(request.query, values)
    body = request.body
    if body:
        if request.headers.get("content-type", "").lower().startswith(JSON):
            _read_json(body, values, nested)
        else:
            _read_form(body, values)
    return Arguments(values, nested)


def _read_form(data: bytes, values: dict[str, str]) -> None:
    if data.count(b"&") >= PAIRS_MAX:
        raise WireError(errors.INVALID, why="too many arguments")
    try:
        text = data.decode()
        is_plain = "%" not in text and "+" not in text
        for pair in text.split("&"):
            name, _, value = pair.partition("=")
            if not is_plain:
                name = unquote_plus(name, errors="strict")
                value = unquote_plus(value, errors="strict")
            if name:
                values[name] = value
    except UnicodeDecodeError as error:
        raise WireError(errors.INVALID, why="arguments are not UTF-8") from error


def _read_json(data: bytes, values: dict[str, str], nested: dict[str, bytes]) -> None:
    try:
        found = DECODER.decode(data)
        for name, raw in found.items():
            text = bytes(raw)
            if text.startswith(b"{"):
                nested[name] = text
                for inner, value in DECODER.decode(raw).items():
                    _keep(f"{name}[{inner}]", bytes(value), values, nested)
            else:
                _keep(name, text, values, nested)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise WireError(errors.INVALID, why=f"not a JSON object: {error}") from error


def _keep(name: str, text: bytes, values: dict[str, str], nested: dict[str, bytes]) -> None:
    """One value of a JSON body; what is in an object is called `object[member]`, as in a form."""
    if text.startswith((b"{", b"[")):
        nested[name] = text
    elif text.startswith(b'"'):
        values[name] = msgspec.json.decode(text, type=str)
    elif text != b"null":
        values[name] = text.decode()
