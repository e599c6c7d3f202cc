"""How arguments arrive: in the query, in a form, in both, encoded or raw, repeated or joined.

Source: Kraken Futures REST, "Introduction"; and what shipped client libraries send.
"""

from typing import Final
from urllib.parse import unquote_plus

from openvenue.engine.units import Nanos
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.times import read_iso
from openvenue.gateways.wire import Request, WireError

FORM: Final = "application/x-www-form-urlencoded"
PAIRS_MAX: Final = 4096


class Arguments:
    """Arguments by name. One that is empty counts as absent; of a repeated one the last counts."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def text(self, name: str) -> str | None:
        """The value of `name`, None if it is absent or empty."""
        values = self._values.get(name)
        return (values[-1] or None) if values else None

    def needed(self, name: str) -> str:
        """The value of `name`. Raises: WireError: it is missing."""
        value = self.text(name)
        if value is None:
            raise errors.missing(name)
        return value

    def has(self, name: str) -> bool:
        """Whether `name` was sent at all, empty or not."""
        return name in self._values

    def many(self, name: str) -> list[str]:
        """All values of `name`, whether repeated or joined by commas."""
        values = self._values.get(name, [])
        return [part for value in values for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        """A truth value, False if absent. Raises: WireError: it is neither true nor false."""
        value = self.text(name)
        if value is None:
            return False
        if value == "true" or value.lower() == "true":
            return True
        if value.lower() == "false":
            return False
        raise errors.invalid(name)

    def time(self, name: str) -> Nanos | None:
        """A moment, None if absent. Raises: WireError: it is not an ISO time with a zone."""
        value = self.text(name)
        if value is None:
            return None
        moment = read_iso(value)
        if moment is None:
            raise errors.invalid(name)
        return moment


def read_arguments(request: Request) -> Arguments:
    """Arguments of the query, then of a form; the body's values win.

    A body that nobody would read is refused: an argument in it may be what keeps a request small,
    as the symbol of a cancel of all.
    Raises: WireError: too many, not text once decoded, or not a form.
    """
    values: dict[str, list[str]] = {}
    if request.query:
        read_form(request.query, values)
    if request.body:
        if not request.headers.get("content-type", FORM).lower().startswith(FORM):
            raise WireError("invalidArgument", why="the body is not a form")
        form: dict[str, list[str]] = {}
        read_form(request.body, form)
        values.update(form)
    return Arguments(values)


def read_form(data: bytes, values: dict[str, list[str]]) -> None:
    """Add the arguments of a form to `values`. Raises: WireError."""
    if data.count(b"&") >= PAIRS_MAX:
        raise WireError("invalidArgument", why="too many arguments")
    try:
        text = data.decode()
        is_plain = "%" not in text and "+" not in text
        for pair in text.split("&"):
            name, _, value = pair.partition("=")
            if not is_plain:
                name = unquote_plus(name, errors="strict")
                value = unquote_plus(value, errors="strict")
            if name in values:
                values[name].append(value)
            elif name:
                values[name] = [value]
    except UnicodeDecodeError as error:
        raise WireError("invalidArgument", why="arguments are not UTF-8") from error
