"""Funding rates as this API tells them: absolute ones are money for one unit of size an hour.

Source: Kraken Futures REST, "Historical funding rates", "Get tickers".
"""

from decimal import Decimal
from typing import Final

from msgspec import Raw, Struct

from openvenue.engine.funding import RATE_ONE, absolute_rate
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.numbers import decimal_number, ratio
from openvenue.gateways.kraken_futures.times import iso
from openvenue.history.past import RateChange

PLACES: Final = 20  # of an absolute rate; that of an inverse contract begins ten places down


class RateJson(Struct, rename="camel"):
    """The rates of one hour."""

    timestamp: str
    funding_rate: Raw
    relative_funding_rate: Raw


def encode_rate(change: RateChange, market: Market) -> RateJson:
    """The rate that came into force."""
    return RateJson(
        iso(change.time), absolute(change.rate, change.index, market), relative(change.rate)
    )


def relative(rate: int) -> Raw:
    """A rate as a share of notional an hour."""
    return decimal_number(Decimal(rate) / RATE_ONE)


def absolute(rate: int, index: int, market: Market) -> Raw:
    """A rate as money for one unit of size an hour."""
    num, den = absolute_rate(rate, index, market.is_inverse)
    return decimal_number(round(ratio(num, den), PLACES))
