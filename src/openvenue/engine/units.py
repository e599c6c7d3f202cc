"""The quantities of the engine: whole numbers with a unit in their type.

What has a grid is an integer. What has none (mark and index prices, rates) is a `Decimal` in
commands and events, and an integer of `PRICE_SCALE` decimal places once it is part of the state.
"""

from decimal import Decimal
from typing import Final, NewType

AccountId = NewType("AccountId", str)
AssetId = NewType("AssetId", str)
Symbol = NewType("Symbol", str)
OrderId = NewType("OrderId", int)  # a counter; each API gives it its own shape
ExecId = NewType("ExecId", int)  # a counter over all trades of a venue

Ticks = NewType("Ticks", int)  # price, in steps of the instrument's tick_size
Lots = NewType("Lots", int)  # size, in steps of its lot_size; signed in positions (long > 0)
Atoms = NewType("Atoms", int)  # money, in the smallest unit of an asset; signed
Nanos = NewType("Nanos", int)  # time since 1970-01-01 UTC; stamped by the exchange, never read here
FinePrice = NewType("FinePrice", int)  # mark and index prices, in steps of 10 ** -PRICE_SCALE
Ppb = NewType("Ppb", int)  # a rate in parts per 10 ** 9 (0.05 % is 500_000)

PRICE_SCALE: Final = 9
PRICE_ONE: Final = 10**PRICE_SCALE
FINE_PRICE_MAX: Final = 10**18  # what is journaled must fit 64 bits
PPB_ONE: Final = 10**9
SECOND: Final = 10**9  # in Nanos
PLACES_MAX: Final = 40  # of a number that is worked with, on either side of its point


def is_workable(number: Decimal) -> bool:
    """Whether a number from outside can be made a fraction: no NaN, no power that fills memory."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        return False  # infinite, or no number
    return abs(exponent) <= PLACES_MAX and abs(number.adjusted()) <= PLACES_MAX


def fine_price(price: Decimal) -> FinePrice:
    """`price` on the grid of mark and index prices; digits past `PRICE_SCALE` are cut off."""
    return FinePrice(int(price.scaleb(PRICE_SCALE)))


def decimal_price(price: FinePrice) -> Decimal:
    """`price` as the number that people read."""
    return Decimal(price).scaleb(-PRICE_SCALE).normalize()


def divide_up(numerator: int, denominator: int) -> int:
    """The quotient, towards plus infinity: what an account pays or must hold."""
    return -(-numerator // denominator)


def divide_down(numerator: int, denominator: int) -> int:
    """The quotient, towards minus infinity: what an account is given."""
    return numerator // denominator
