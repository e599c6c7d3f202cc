"""Telling a state no more often than its listeners want to hear it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

import structlog

from openvenue.exchange.port import VenueStopped
from openvenue.history.port import HistoryUnavailable

log = structlog.get_logger(__name__)


class Timer(Protocol):
    """A loop, as much of it as is needed here."""

    def time(self) -> float:
        """Seconds."""

    def call_later(self, delay: float, callback: Callable[[str], None], key: str, /) -> Any:
        """Call later; what comes back can be canceled."""


class Throttle:
    """Tells of a key when it has changed: at once if it was quiet, else once in `seconds`.

    What is told is looked up then, so that changes in between are told together. One key is told by
    one task at a time; a change meanwhile is told after it.
    """

    def __init__(
        self,
        seconds: float,
        tell: Callable[[str], Coroutine[Any, Any, None]],
        timer: Timer | None = None,
    ) -> None:
        self._seconds: Final = seconds
        self._tell = tell
        self._timer = timer
        self._told: dict[str, float] = {}  # when
        self._waiting: dict[str, Any] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, bool] = {}  # changed while it was told; and whether it is urgent

    def changed(self, key: str, *, is_urgent: bool = False) -> None:
        """Something changed: tell of it when its time has come, or now."""
        if key in self._telling:
            self._again[key] = self._again.get(key, False) or is_urgent
            return
        timer = self._timer or asyncio.get_running_loop()
        delay = 0.0
        if not is_urgent and key in self._told:
            delay = max(self._told[key] + self._seconds - timer.time(), 0.0)
        waiting = self._waiting.get(key)
        if waiting is not None:
            if not is_urgent:
                return
            waiting.cancel()
        self._waiting[key] = timer.call_later(delay, self._now, key)

    def was_told(self, key: str) -> None:
        """Somebody has just been told of it otherwise."""
        self._told[key] = (self._timer or asyncio.get_running_loop()).time()

    def forget(self, key: str) -> None:
        """Nobody listens any more."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            waiting.cancel()
        self._told.pop(key, None)
        self._again.pop(key, None)

    def close(self) -> None:
        """Tell nothing more."""
        for waiting in self._waiting.values():
            waiting.cancel()
        for task in self._telling.values():
            task.cancel()
        self._waiting.clear()
        self._again.clear()

    def _now(self, key: str) -> None:
        self._waiting.pop(key, None)
        self.was_told(key)
        task = asyncio.get_running_loop().create_task(self._run(key))
        self._telling[key] = task
        task.add_done_callback(lambda _: self._done(key))

    async def _run(self, key: str) -> None:
        try:
            await self._tell(key)
        except (VenueStopped, HistoryUnavailable) as error:
            log.warning("a feed has nothing to tell", of=key, why=str(error))

    def _done(self, key: str) -> None:
        task = self._telling.pop(key)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("a feed failed", of=key, exc_info=error)
        if key in self._again:
            self.changed(key, is_urgent=self._again.pop(key))
