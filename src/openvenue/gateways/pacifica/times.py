"""Times and numbers on the wire: milliseconds since 1970, and decimals as plain text."""

from decimal import Decimal
from typing import Final

from openvenue.engine.units import PRICE_SCALE, FinePrice, decimal_price

MS: Final = 1_000_000  # in Nanos
FINE_STEP: Final = 10 ** (PRICE_SCALE - 6)  # prices have six places at most


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
    """A mark or index price, as far as this API tells it; "0" where there is none."""
    if price is None:
        return "0"
    return plain(decimal_price(FinePrice(price // FINE_STEP * FINE_STEP)))
