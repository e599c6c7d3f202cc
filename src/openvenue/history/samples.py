"""What a market looked like in one minute, or in a longer span of time.

A minute in which nothing happened has no sample, and looks as the last one did at its end.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

BANDS: Final = (5, 10, 25, 50, 100, 1_000)  # thousandths away from the best price
TARGETS: Final = (1_000, 10_000, 100_000, 1_000_000)  # dollars that an order is worth
MICRO: Final = 10**6  # parts of a tick in an average price


class SideSample(Struct, frozen=True, array_like=True, gc=False):
    """One side of a book. Zero where there is none."""

    best: int = 0  # in ticks
    liquidity: tuple[int, ...] = (0,) * len(BANDS)  # lots within each band
    averages: tuple[int, ...] = (0,) * len(TARGETS)  # price of each target, in millionths of ticks


class HolderSample(Struct, frozen=True, array_like=True, gc=False):
    """Who is long and who is short: accounts, and their lots."""

    longs: int = 0
    shorts: int = 0
    long_lots: int = 0
    short_lots: int = 0


class Sample(Struct, array_like=True):
    """One minute, or a span of them: sums are of all of it, what is held and offered of its end."""

    minute: int  # the first, since 1970
    trades: int = 0
    bought: int = 0  # lots that takers bought
    sold: int = 0
    liquidated: int = 0
    open: int = 0  # open interest, in lots
    high: int = 0
    low: int = 0
    close: int = 0
    holders: HolderSample = HolderSample()
    top: HolderSample = HolderSample()  # the fifth of holders with the largest positions
    bids: SideSample = SideSample()
    asks: SideSample = SideSample()


def merged(first: Sample, then: Sample) -> Sample:
    """Two spans as one."""
    return Sample(
        first.minute,
        first.trades + then.trades,
        first.bought + then.bought,
        first.sold + then.sold,
        first.liquidated + then.liquidated,
        first.open,
        max(first.high, then.high),
        min(first.low, then.low),
        then.close,
        then.holders,
        then.top,
        then.bids,
        then.asks,
    )


def price_of(average: int, tick: Decimal) -> Decimal:
    """An average price in the instrument's quote."""
    return average * tick / MICRO
