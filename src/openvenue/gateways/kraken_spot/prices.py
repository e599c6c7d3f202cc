"""Prices as clients word them: at a place, or so far from another price.

`+5` and `-5` are so much above and below, `#5` is one of the two by what the order wants, and with
`%` they are shares. The socket has numbers with a type beside them, which are turned into that.
Source: Kraken Spot REST, "Add order", price, price2; WebSocket v2, "Add order", triggers.
"""

from decimal import Decimal
from typing import Final

from openvenue.engine.orders import Distance
from openvenue.engine.units import Ppb, Ticks
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.kraken_spot.listing import Market
from openvenue.gateways.numbers import Grid
from openvenue.gateways.wire import WireError

SHARES: Final = Grid(Decimal("0.0000001"))  # a percentage in parts per billion
SHARE_MAX: Final = 10**12  # a thousandfold
PLACES: Final = 4  # of a percentage that is told


def is_relative(text: str) -> bool:
    """Whether a price is told as a distance."""
    return text[:1] in ("+", "-", "#") or text[-1:] == "%"


def read_price(market: Market, text: str) -> Ticks:
    """A price on the pair's grid.

    Raises: WireError: it is none, has too many decimals, or stands between two ticks.
    """
    price = market.price_grid.read(text)
    if isinstance(price, int):
        if price > 0:
            return Ticks(price)
        raise WireError(errors.INVALID_PRICE, why=text[:100])
    if price is None or is_relative(text):
        raise errors.invalid("price", text[:100])
    _, _, part = text.partition(".")
    is_fine = len(part.rstrip("0")) > market.pair_decimals
    raise WireError(errors.INVALID_PRICE if is_fine else errors.TICK_SIZE, why=text[:100])


def read_distance(market: Market, text: str, hash_sign: int = 1) -> Distance:
    """A distance, signed; `hash_sign` is the way that `#` means.

    Raises: WireError: it is none, or finer than the pair's prices.
    """
    sign = {"-": -1, "#": hash_sign}.get(text[:1], 1)
    digits = text[1:] if text[:1] in ("+", "-", "#") else text
    if digits.startswith(("+", "-")):
        raise errors.invalid("price", text[:100])
    if digits.endswith("%"):
        share = SHARES.read(digits[:-1])
        if not isinstance(share, int) or share > SHARE_MAX:
            raise errors.invalid("price", text[:100])
        return Distance(share=Ppb(sign * share))
    ticks = market.price_grid.read(digits)
    if isinstance(ticks, int):
        return Distance(ticks=sign * ticks)
    raise WireError(errors.INVALID_PRICE, why=text[:100])


def read_trail(market: Market, text: str) -> Distance:
    """How far behind a trailing stop follows. Raises: WireError: not `+`, or nothing."""
    if not is_relative(text) or text[:1] in ("-", "#"):
        raise errors.invalid("price", text[:100])
    trail = read_distance(market, text)
    if trail.ticks == 0 and trail.share == 0:
        raise errors.invalid("price", text[:100])
    return trail


def relative_text(number: str, kind: str, field: str) -> str:
    """A number of the socket and its type, as REST words it. Raises: WireError: no such type."""
    if kind == "static":
        return number
    if kind not in ("pct", "quote"):
        raise errors.invalid(field, kind[:100])
    sign = "" if number.startswith("-") else "+"
    return f"{sign}{number}{'%' if kind == 'pct' else ''}"


def distance_number(distance: Distance, market: Market) -> tuple[str, str]:
    """A distance as the socket tells it: a number, and its type."""
    if not distance.share:
        return market.prices.text(distance.ticks), "quote"
    share = Decimal(distance.share).scaleb(-7).normalize()
    exponent = share.as_tuple().exponent
    assert isinstance(exponent, int), "a share is a number"
    return f"{share:.{max(PLACES, -exponent)}f}", "pct"


def distance_text(distance: Distance, market: Market) -> str:
    """A distance as REST tells it: `+5.0000%`, `-12.5`."""
    number, kind = distance_number(distance, market)
    sign = "" if number.startswith("-") else "+"
    return f"{sign}{number}{'%' if kind == 'pct' else ''}"
