"""Times and numbers on the wire: milliseconds since 1970, and decimals as plain text."""

from decimal import Decimal
from typing import Final

from openvenue.engine.units import FinePrice, decimal_price

MS: Final = 1_000_000  # in Nanos


def millis(time: int) -> int:
    """`time` in whole milliseconds."""
    return time // MS


def plain(value: Decimal) -> str:
    """`value` in plain digits, without trailing zeros."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def fine_text(price: FinePrice | None) -> str:
    """A mark or index price; "0" where there is none."""
    return "0" if price is None else plain(decimal_price(price))
