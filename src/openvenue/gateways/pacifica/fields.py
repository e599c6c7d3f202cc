"""Members of a body, each of the type that it must have."""

import re
from collections.abc import Mapping
from typing import Any, Final

from openvenue.engine.orders import BUY, SELL, Side
from openvenue.gateways.numbers import NUMBER
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.canonical import Number

SIDES: Final = {"bid": BUY, "ask": SELL}
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Fields:
    """Members of a body, each of the type that it must have. Raises everywhere: Failure."""

    def __init__(self, body: Mapping[str, Any], text: str) -> None:
        self._body = body
        self._text = text  # what the endpoint says of a body that cannot be read

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self._body.get(name)
        if not isinstance(value, str) or isinstance(value, Number):
            raise self.wrong(name)
        return value

    def maybe(self, name: str) -> str | None:
        """A text that may be missing, or null."""
        return None if self._body.get(name) is None else self.text(name)

    def decimal(self, name: str) -> str:
        """Digits, as a text or as a number of JSON."""
        value = self._body.get(name)
        if not isinstance(value, str) or NUMBER.fullmatch(value) is None:
            raise self.wrong(name)
        return value

    def flag(self, name: str) -> bool:
        """A truth value that must be there."""
        value = self._body.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name)
        return value

    def count(self, name: str) -> int:
        """A whole number that must be there, and is not negative."""
        value = self._body.get(name)
        if not isinstance(value, Number) or not value.isdigit() or len(value) > 16:
            raise self.wrong(name)
        return int(value)

    def side(self) -> Side:
        """`bid` or `ask`."""
        side = SIDES.get(self.text("side"))
        if side is None:
            raise self.wrong("side")
        return side

    def client_order_id(self) -> str | None:
        """A whole UUID with its hyphens, in small letters."""
        value = self.maybe("client_order_id")
        if value is not None and UUID.fullmatch(value) is None:
            raise self.wrong("client_order_id")
        return None if value is None else value.lower()

    def inner(self, name: str) -> "Fields":
        """An object that must be there."""
        value = self._body.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name)
        return Fields(value, self._text)

    def has(self, name: str) -> bool:
        """Whether a member is there and not null."""
        return self._body.get(name) is not None

    def wrong(self, name: str) -> errors.Failure:
        """What is said of a member that is missing, or of another type."""
        return errors.invalid(self._text, f"{name} is missing, or not what it must be")
