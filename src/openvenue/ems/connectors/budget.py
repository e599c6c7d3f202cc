"""What a venue lets one ask, as far as a client can tell: a counter that forgets."""

from typing import Final

from openvenue.ems.timer import Timer


class Budget:
    """Part of what may be asked is kept for lists and cancels; the rest is for what is only nice.

    `most` in all, forgotten at `per_second`, and `kept` of it.
    """

    def __init__(self, timer: Timer, *, most: float, kept: float, per_second: float) -> None:
        self._timer = timer
        self._spare: Final = most - kept
        self._per_second: Final = per_second
        self._asked = 0.0
        self._then = timer.monotonic()

    def count(self, cost: float) -> None:
        """Something was asked."""
        now = self._timer.monotonic()
        self._asked = max(self._asked - (now - self._then) * self._per_second, 0.0) + cost
        self._then = now

    def allows_more(self) -> bool:
        """Whether a question can be spared that nobody has asked."""
        self.count(0.0)
        return self._asked < self._spare
