"""How much a client may ask: credits of one address, which come back over a minute of market time.

Source: Pacifica, "Rate limits": a hundred credits in 60 seconds; cancels cost half of one, a few
large lists twelve. Counted in tenths, as the headers of answers are.
"""

from typing import Final, Literal

from openvenue.engine.units import SECOND, Nanos

Limits = Literal["production", "off"]

WINDOW_SECONDS: Final = 60
ONE: Final = 10  # tenths of a credit
HALF: Final = 5
HEAVY: Final = 120
PEERS_KEPT: Final = 10_000  # those whose credits are full again are forgotten first


class Credits:
    """One balance for each address. Time is the currency: a tenth is what earning it takes."""

    def __init__(self, per_minute: int, limits: Limits) -> None:
        self.quota: Final = per_minute * ONE
        self._is_on: Final = limits == "production"
        self._tenth: Final = WINDOW_SECONDS * SECOND // self.quota
        self._full: Final = self._tenth * self.quota
        self._held: dict[str, tuple[int, Nanos]] = {}  # what an address has, and since when

    def spend(self, peer: str, cost: int, now: Nanos) -> bool:
        """Whether `cost` tenths were there; they are spent if they were."""
        if not self._is_on:
            return True
        level = self._level(peer, now)
        price = cost * self._tenth
        if price > level:
            return False
        if len(self._held) >= PEERS_KEPT and peer not in self._held:
            self._forget(now)
        self._held[peer] = (level - price, now)
        return True

    def headers(self, peer: str, now: Nanos) -> tuple[tuple[str, str], ...]:
        """What is left, and when all of it will be back."""
        if not self._is_on:
            return ()
        level = self._level(peer, now)
        left = level // self._tenth
        seconds = -(-(self._full - level) // SECOND)
        return (
            ("ratelimit", f'"credits";r={left};t={seconds}'),
            ("ratelimit-policy", f'"credits";q={self.quota};w={WINDOW_SECONDS}'),
        )

    def _level(self, peer: str, now: Nanos) -> int:
        level, then = self._held.get(peer, (self._full, now))
        return min(self._full, level + max(now - then, 0))

    def _forget(self, now: Nanos) -> None:
        """Forget who has all credits, or else the one who asked first."""
        for peer in [peer for peer in self._held if self._level(peer, now) == self._full]:
            del self._held[peer]
        if len(self._held) >= PEERS_KEPT:
            del self._held[next(iter(self._held))]
