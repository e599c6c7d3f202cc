"""When Python's collector may look for cycles: not while orders wait. One per process."""

import asyncio
import gc
from collections.abc import Callable
from typing import Final

QUIET_SECONDS: Final = 0.5  # without a command: idle
YOUNG: Final = 50_000  # new objects before the cheap pass over them
WORTH_IT: Final = 1_000  # batches since the last full pass


class Collector:
    """Keeps full collections for moments in which nothing happens."""

    def __init__(
        self, call_later: Callable[[float, Callable[[], None]], object] | None = None
    ) -> None:
        """`call_later` is the running loop's, unless given."""
        self._call_later = call_later
        self._touched = 0
        self._collected_at = 0
        self._seen = 0
        self._is_watching = False

    def settle(self) -> None:
        """After loading: what is there now is there to stay, and no pass looks at it again."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG, 20, 1_000_000)  # the last: never by itself

    def touch(self) -> None:
        """A batch was served; costs next to nothing."""
        self._touched += 1
        if not self._is_watching and self._touched - self._collected_at >= WORTH_IT:
            self._is_watching = True
            self._watch()

    def _watch(self) -> None:
        self._seen = self._touched
        later = self._call_later or asyncio.get_running_loop().call_later
        later(QUIET_SECONDS, self._check)

    def _check(self) -> None:
        if self._touched != self._seen:
            self._watch()
            return
        gc.collect()
        self._collected_at = self._touched
        self._is_watching = False
