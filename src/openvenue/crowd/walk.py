"""How an index price wanders: a seeded walk that is pulled back to where it came from.

Whole numbers only, so that one seed gives one path on every machine.
"""

from random import Random
from typing import Final

from openvenue.engine.units import FinePrice

PPM: Final = 10**6
PULL_SECONDS: Final = 6 * 3600  # in about this time, a distance from the anchor shrinks to a third
DRAWS: Final = 3  # uniform draws per step: their sum's deviation is then `volatility_ppm`
DIGITS: Final = 7  # of a price that are told


class IndexWalk:
    """One index. Whoever sets it by hand moves the anchor, too."""

    def __init__(self, rng: Random, anchor: FinePrice, volatility_ppm: int) -> None:
        self._rng = rng
        self._anchor = anchor
        self._volatility = volatility_ppm
        self._last = anchor

    def next(self, price: FinePrice) -> FinePrice:
        """The price one second after `price`, always above zero."""
        if price != self._last:
            self._anchor = price
        shake = sum(self._rng.randint(-self._volatility, self._volatility) for _ in range(DRAWS))
        pull = (self._anchor - price) // PULL_SECONDS
        moved = price + price * shake // PPM + pull
        grid = 10 ** max(0, len(str(moved)) - DIGITS)
        self._last = FinePrice(max(grid, moved // grid * grid))
        return self._last
