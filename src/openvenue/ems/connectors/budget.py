"""What a venue lets one ask, as far as a client can tell: a counter that forgets."""

from typing import Final

from openvenue.ems.timer import Timer

HELD_BACK: Final = "Not sent: the rest of what this exchange allows is kept for cancels."


class Budget:
    """Part of what may be asked is kept for lists and cancels; the rest is for what can wait.

    `most` in all, forgotten at `per_second`, and `kept` of it. Nobody holds back a cancel.
    """

    def __init__(self, timer: Timer, *, most: float, kept: float, per_second: float) -> None:
        self._timer = timer
        self._most: Final = most
        self._spare: Final = most - kept
        self._per_second: Final = per_second
        self._asked = 0.0
        self._then = timer.monotonic()

    def count(self, cost: float) -> None:
        """Something was asked."""
        now = self._timer.monotonic()
        self._asked = max(self._asked - (now - self._then) * self._per_second, 0.0) + cost
        self._then = now

    def admit(self, cost: float, *, kept: float) -> str:
        """Count an order, or tell why it is held back: it would touch what is `kept`."""
        self.count(0.0)
        if self._asked + cost > self._most - kept:
            return HELD_BACK
        self.count(cost)
        return ""

    def leaves(self, kept: float, cost: float) -> bool:
        """Whether so much is left after a question of `cost`."""
        self.count(0.0)
        return self._asked + cost <= self._most - kept

    def is_used_up(self) -> bool:
        """Whether nothing is left, not even of what was kept."""
        self.count(0.0)
        return self._asked >= self._most

    def allows_more(self) -> bool:
        """Whether a question can be spared that nobody has asked."""
        self.count(0.0)
        return self._asked < self._spare
