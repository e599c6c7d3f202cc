"""How fast a client may ask over REST: a counter for each key that decays, on market time.

Source: Kraken Spot REST, "Rate limits": 20 and half a point per second at the intermediate tier.
Orders do not touch it; the counter that they have, by the age of what is canceled, is not here.
"""

from typing import Final, Literal

from openvenue.engine.units import SECOND, Nanos

Limits = Literal["production", "off"]

MAXIMUM: Final = 20
COST: Final = 1
COST_HISTORY: Final = 4  # of trades and of the ledger
COST_ORDERS: Final = 0


class Counters:
    """One counter for each key. A point is kept as the time that its decay takes."""

    def __init__(
        self, limits: Limits, *, maximum: int = MAXIMUM, per_second_percent: int = 50
    ) -> None:
        self._is_on: Final = limits == "production"
        self._point: Final = SECOND * 100 // per_second_percent
        self._full: Final = maximum * self._point
        self._levels: dict[str, tuple[int, Nanos]] = {}  # what it was, and when

    def allows(self, key: str, cost: int, now: Nanos) -> bool:
        """Whether the counter of `key` has room for `cost`. It counts even where it has not:
        who goes on asking waits longer, though never for more than twice the maximum.
        """
        if not self._is_on or cost == 0:
            return True
        level, then = self._levels.get(key, (0, now))
        level = max(level - max(now - then, 0), 0) + cost * self._point
        self._levels[key] = (min(level, 2 * self._full), now)
        return level <= self._full
