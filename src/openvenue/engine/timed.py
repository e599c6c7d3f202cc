"""Orders that wait for a time, by when it comes."""

from bisect import bisect_left, insort
from typing import Final, final

from openvenue.engine.book import Live

# Later than any time, and still within what compiled code compares as a machine word.
NEVER: Final = (1 << 62) - 1


@final
class Timed:
    """Live orders with something due: an end, a start, a release. Each is here once at the most."""

    def __init__(self) -> None:
        self.next: int = NEVER  # when the first is due
        self._keys: Final[list[tuple[int, int]]] = []  # (time, order id), earliest first
        self._orders: Final[dict[int, tuple[int, Live]]] = {}

    def add(self, live: Live, time: int) -> None:
        """Something about `live` is due at `time`, and nothing before it."""
        self._orders[live.order_id] = (time, live)
        insort(self._keys, (time, live.order_id))
        self.next = self._keys[0][0]

    def remove(self, live: Live) -> None:
        """Nothing is due about `live` any more, if anything was."""
        found = self._orders.pop(live.order_id, None)
        if found is not None:
            del self._keys[bisect_left(self._keys, (found[0], live.order_id))]
            self.next = self._keys[0][0] if self._keys else NEVER

    def time(self, live: Live) -> int:
        """When something about `live` is due; NEVER: it is not."""
        found = self._orders.get(live.order_id)
        return NEVER if found is None else found[0]

    def due(self, now: int) -> list[tuple[int, Live]]:
        """What is due at or before `now`, earliest first, then oldest order first."""
        found: list[tuple[int, Live]] = []
        for time, order_id in self._keys:
            if time > now:
                break
            found.append((time, self._orders[order_id][1]))
        return found
