"""Funding: what longs pay to shorts, or get from them, so that a perpetual stays near its index.

Rates are in parts per 10 ** 12 of notional an hour. What a rate comes to in money is rounded down
once for each account and settlement; what rounding leaves stays with the venue.
"""

from fractions import Fraction
from typing import Final

from openvenue.engine.contracts import Contract
from openvenue.engine.impact import impact_mid, impact_price
from openvenue.engine.instruments import Funding
from openvenue.engine.markets import Accrual, Market
from openvenue.engine.units import PPB_ONE, PRICE_ONE, SECOND, divide_down

HOUR: Final = 3_600 * SECOND
RATE_ONE: Final = 10**12
PPB: Final = RATE_ONE // PPB_ONE
PREMIUM_MAX: Final = 10**15  # no market has it, and the sum of a day's looks can be journaled


def rate_of(terms: Funding, premiums: int, looks: int) -> int:
    """The hourly rate that the mean of so many premiums makes.

    Source: Kraken Futures, "Funding rates" (a premium over 24, within a bound); Pacifica, "Funding
    rates" (with interest, over 8).
    """
    premium = divide_down(premiums, looks) if looks else 0
    pull = terms.interest * PPB - premium
    band = terms.band * PPB
    pull = max(min(pull, band), -band)
    rate = divide_down(premium + pull, terms.divisor)
    most = terms.rate_max * PPB
    return max(min(rate, most), -most)


def impact_prices(terms: Funding, contract: Contract, market: Market) -> tuple[int, int]:
    """Average bid and ask for the impact notional, each 0 if the book has less."""
    instrument = contract.instrument
    worth = Fraction(instrument.tick_size) * Fraction(instrument.lot_size)
    depth = terms.impact_notional * worth.denominator // worth.numerator
    return impact_price(market, 1, depth), impact_price(market, -1, depth)


def premium_of(terms: Funding, index: int, bid: int, ask: int, market: Market) -> int | None:
    """How far above its index a perpetual trades, as a share of it; None: the book does not tell.

    With an impact notional: how far a buyer's price is above the index, or a seller's below it.
    Source: Pacifica, "Funding rates". Without: how far the impact mid price is.
    """
    if index == 0:
        return None
    if terms.impact_notional:
        above = max(bid - index, 0) if bid else 0
        below = max(index - ask, 0) if ask else 0
        gap = above - below
    else:
        mid = impact_mid(market)
        if mid == 0:
            return None
        gap = mid - index
    return max(min(divide_down(gap * RATE_ONE, index), PREMIUM_MAX), -PREMIUM_MAX)


def apply_rate(funding: Accrual, contract: Contract, rate: int, index: int) -> None:
    """Make `rate` at `index` what accrues from here on.

    Linear: quote per unit of base, rate x index. Inverse: base per contract, rate / index.
    Source: Kraken Futures, "Funding rates", absolute rates.
    """
    funding.rate = rate
    funding.index = index
    funding.num, funding.den = money_of(contract, rate, index)


def money_of(contract: Contract, rate: int, index: int) -> tuple[int, int]:
    """Atoms that one lot pays for one nanosecond at `rate`, as a fraction."""
    if index == 0:
        return 0, 1
    if contract.is_inverse:
        return rate * contract.mark_num, contract.mark_den * index * RATE_ONE * HOUR
    return rate * contract.mark_num * index, contract.mark_den * RATE_ONE * HOUR


def absolute_rate(rate: int, index: int, is_inverse: bool) -> tuple[int, int]:
    """A rate as money for one unit of size an hour, as a fraction."""
    if index == 0:
        return 0, 1
    if is_inverse:
        return rate * PRICE_ONE, RATE_ONE * index
    return rate * index, RATE_ONE * PRICE_ONE
