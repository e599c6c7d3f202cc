"""Decimal digits on the wire to whole steps of a grid and back: exact, and cheap to refuse.

Clients write `0.01`, `50000.0` and `1e-05`; all three are exact here, and a text of any length or
exponent costs no more than one look at it.
"""

import re
from decimal import Context, Decimal
from typing import Final

from msgspec import Raw

BIGGEST: Final = 2**62  # steps; what is larger fits no instrument, and no journal
DIGITS_MAX: Final = 40  # of a number that is worth working out
PLAIN: Final = Context(prec=40)
NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
NUMBERS_KEPT: Final = 4096  # per grid
ZERO: Final = Raw(b"0")


class OffGrid:
    """A number that no whole count of steps says, or that is too large to be one."""


OFF_GRID: Final = OffGrid()


class Grid:
    """Steps of one size: a tick, a lot, an atom. `places` may be negative (lots of tens)."""

    __slots__ = ("_factor", "_numbers", "_one", "places", "step")

    def __init__(self, size: Decimal) -> None:
        sign, digits, exponent = size.normalize().as_tuple()
        assert sign == 0 and isinstance(exponent, int), "a grid has a size"
        self.places = -exponent  # decimal places that a number on the grid can have
        self.step = int("".join(map(str, digits)))  # in units of 10 ** -places
        self._factor = self.step * 10 ** max(exponent, 0)
        self._one = 10 ** max(-exponent, 0)
        self._numbers: dict[int, Raw] = {}  # worked out lately: a market uses the same ones again

    def read(self, text: str) -> int | OffGrid | None:
        """`text` in steps; OFF_GRID if it is between two or absurd, None if it is no number."""
        if len(text) <= DIGITS_MAX:
            whole, _, part = text.partition(".")
            if whole.isdigit() and whole.isascii():
                if not part:
                    units = int(whole) * self._one
                elif part.isdigit() and part.isascii():
                    part = part.rstrip("0")
                    places = self.places
                    if len(part) > max(places, 0):
                        return OFF_GRID
                    units = int(whole + part) * 10 ** (max(places, 0) - len(part))
                else:
                    return self._read_other(text)
                steps, rest = divmod(units, self._factor)
                return OFF_GRID if rest or steps >= BIGGEST else steps
        return self._read_other(text)

    def _read_other(self, text: str) -> int | OffGrid | None:
        """As `read`, for signs, exponents and very long texts."""
        if NUMBER.fullmatch(text) is None:
            return None
        mantissa, _, exponent = text.lower().partition("e")
        if len(mantissa) > DIGITS_MAX or len(exponent) > 5:
            return OFF_GRID
        number = Decimal(text)
        if number.is_zero():
            return 0
        if abs(number.adjusted()) > DIGITS_MAX:
            return OFF_GRID
        units = PLAIN.scaleb(number, max(self.places, 0))
        if units != units.to_integral_value():
            return OFF_GRID
        steps, rest = divmod(int(units), self._factor)
        return OFF_GRID if rest or abs(steps) >= BIGGEST else steps

    def text(self, steps: int) -> str:
        """The number that `steps` is, without trailing zeros."""
        units = steps * self._factor
        one = self._one
        if one == 1:
            return str(units)
        sign = ""
        if units < 0:
            sign = "-"
            units = -units
        whole, part = divmod(units, one)
        if not part:
            return f"{sign}{whole}"
        digits = str(one + part)  # a one, and as many digits as there are places
        return f"{sign}{whole}.{digits[1:]}".rstrip("0")

    def number(self, steps: int) -> Raw:
        """As `text`, as a JSON number."""
        if not steps:
            return ZERO
        number = self._numbers.get(steps)
        if number is None:
            if len(self._numbers) >= NUMBERS_KEPT:
                self._numbers.clear()
            number = self._numbers[steps] = Raw(self.text(steps).encode())
        return number


def decimal_number(value: Decimal) -> Raw:
    """`value` as a JSON number in plain digits, without trailing zeros."""
    if not value:
        return ZERO
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return Raw(text.encode())


def ratio(numerator: int | Decimal, denominator: int | Decimal) -> Decimal:
    """An average for people to read: the engine keeps its two parts, the division is made here."""
    return PLAIN.divide(Decimal(numerator), Decimal(denominator))


class Places:
    """Whole steps as numbers with a fixed count of decimal places, trailing zeros kept.

    A step that is finer than the last place is cut off there, towards zero.
    """

    __slots__ = ("_cut", "_factor", "_one", "places", "zero")

    def __init__(self, size: Decimal, places: int) -> None:
        units = size.scaleb(places).normalize()
        numerator, denominator = units.as_integer_ratio()
        self.places = places
        self._factor = numerator
        self._cut = denominator
        self._one = 10**places
        self.zero = self.text(0)

    def units(self, steps: int) -> int:
        """`steps` in units of the last place: the digits of the number, without its dot."""
        units = steps * self._factor
        if self._cut == 1:
            return units
        return units // self._cut if units >= 0 else -(-units // self._cut)

    def text(self, steps: int) -> str:
        """The number that `steps` is."""
        return self.text_of(self.units(steps))

    def text_of(self, units: int) -> str:
        """The number of so many units of the last place."""
        places = self.places
        if places == 0:
            return str(units)
        sign = ""
        if units < 0:
            sign = "-"
            units = -units
        whole, part = divmod(units, self._one)
        return f"{sign}{whole}.{part:0{places}d}"


def half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number to a quotient of two that are not negative; a half goes up."""
    return (2 * numerator + denominator) // (2 * denominator)
