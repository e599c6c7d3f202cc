"""This API's words for how far one price is from another: trailing stops, relative limits.

What can be read and cannot be is answered like a refused order, with the `OrderError` that it is.
Source: Kraken Futures REST, "Send order", trailingStopMaxDeviation, limitPriceOffsetValue.
"""

from decimal import Decimal
from typing import Final

from msgspec import Raw

from openvenue.engine.orders import Distance
from openvenue.engine.units import Ppb
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.arguments import Arguments
from openvenue.gateways.kraken_futures.asking import NotSent
from openvenue.gateways.kraken_futures.numbers import Grid, OffGrid

QUOTE: Final = "QUOTE_CURRENCY"
PERCENT: Final = "PERCENT"
PERCENTS: Final = Grid(Decimal("0.01"))  # how fine a percentage may be is not published
SHARE: Final = 100_000  # one step of it, in parts per billion
TRAIL_MIN: Final = 10  # steps: 0.1 %
TRAIL_MAX: Final = 5_000  # 50 %
TRAIL: Final = ("trailingStopMaxDeviation", "trailingStopDeviationUnit")
OFFSET: Final = ("limitPriceOffsetValue", "limitPriceOffsetUnit")


def decode_trail(
    arguments: Arguments, prices: Grid, cl_ord_id: str | None = None
) -> Distance | NotSent:
    """How far a trailing stop follows.

    Raises: WireError: a part of it is missing or unreadable.
    """
    text = arguments.needed(TRAIL[0])
    unit = arguments.needed(TRAIL[1])
    if unit not in (PERCENT, QUOTE):
        raise errors.invalid(TRAIL[1])
    steps = (PERCENTS if unit == PERCENT else prices).read(text)
    if steps is None:
        raise errors.invalid(TRAIL[0])
    error = ""
    if isinstance(steps, OffGrid):
        error = "TRAILING_STOP_QUOTE_DEVIATION_NOT_MULTIPLE_OF_TICK_SIZE"
        if unit == PERCENT:
            error = "TRAILING_STOP_PERCENT_DEVIATION_EXCEEDS_MAX_DECIMAL_PLACES"
    elif steps < (TRAIL_MIN if unit == PERCENT else 1):
        error = "TRAILING_STOP_MAX_DEVIATION_TOO_SMALL"
    elif unit == PERCENT and steps > TRAIL_MAX:
        error = "TRAILING_STOP_MAX_DEVIATION_TOO_LARGE"
    else:
        return Distance(share=Ppb(steps * SHARE)) if unit == PERCENT else Distance(steps)
    return NotSent("invalidPrice", cl_ord_id, error, is_trigger=True)


def decode_offset(
    arguments: Arguments, prices: Grid, cl_ord_id: str | None = None
) -> Distance | NotSent | None:
    """How far a limit is from its trigger's price, signed; None: it is not given so."""
    value, unit = arguments.text(OFFSET[0]), arguments.text(OFFSET[1])
    if value is None and unit is None:
        return None
    error = ""
    if arguments.text("limitPrice") is not None:
        error = "LIMIT_PRICE_SET_AS_ABSOLUTE_AND_RELATIVE"
    elif value is None or unit is None:
        error = "LIMIT_PRICE_OFFSET_MUST_HAVE_VALUE_AND_UNIT"
    elif unit not in (PERCENT, QUOTE):
        error = "LIMIT_PRICE_OFFSET_UNIT_INVALID"
    else:
        steps = (PERCENTS if unit == PERCENT else prices).read(value)
        if steps is None:
            error = "LIMIT_PRICE_OFFSET_VALUE_INVALID"
        elif not isinstance(steps, OffGrid):
            return Distance(share=Ppb(steps * SHARE)) if unit == PERCENT else Distance(steps)
        elif unit == PERCENT:
            error = "LIMIT_PRICE_OFFSET_PERCENT_VALUE_TOO_MANY_DECIMAL_PLACES"
        else:
            error = "LIMIT_PRICE_OFFSET_QUOTE_CURRENCY_VALUE_MUST_BE_MULTIPLE_OF_TICK_SIZE"
    return NotSent("invalidPrice", cl_ord_id, error, is_trigger=True)


def encode_distance(distance: Distance, prices: Grid) -> tuple[Raw, str]:
    """The number and its unit."""
    if distance.share:
        return PERCENTS.number(distance.share // SHARE), PERCENT
    return prices.number(distance.ticks), QUOTE
