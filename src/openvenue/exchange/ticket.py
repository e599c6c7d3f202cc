"""The wait of one command for its outcome: what `submit` awaits, made once per order.

A task can wait for a ticket as for a future of asyncio. Whoever drives a coroutine by hand, as the
door does with its handlers, sets `then` instead, and is called while the writer answers: no turn of
the loop, no task and no future lie between an outcome and its reply.
"""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any

from openvenue.exchange.port import Outcome


class Ticket:
    """Called once with the outcome, or with None by a venue that stopped. Awaited once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.then: Callable[[], None] | None = None  # called at once when the outcome is here
        self._loop = loop
        self._outcome: Outcome | None = None
        self._is_done = False
        self._is_canceled = False
        self._wake: Callable[[Any], object] | None = None  # a task's
        self._context: Context | None = None
        self._asyncio_future_blocking = False  # asyncio's word for "this task waits here"

    def __call__(self, outcome: Outcome | None) -> None:
        """The answer. Nobody hears it if whoever waited was cancelled."""
        if self._is_done:
            return
        self._outcome = outcome
        self._is_done = True
        if self.then is not None:
            self.then()
        elif self._wake is not None:
            self._loop.call_soon(self._wake, self, context=self._context)

    def __await__(self) -> Generator[Any, Any, Outcome | None]:
        if not self._is_done:
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    # ---- what a task asks of the thing that it waits for

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Where the answer will be heard."""
        return self._loop

    def add_done_callback(
        self, wake: Callable[[Any], object], *, context: Context | None = None
    ) -> None:
        """Have the one task that waits go on."""
        assert self._wake is None and self.then is None, "one waits for a ticket"
        self._wake, self._context = wake, context
        if self._is_done:
            self._loop.call_soon(wake, self, context=context)

    def result(self) -> Outcome | None:
        """The outcome, None: the venue stopped. Raises: CancelledError: the wait was cancelled."""
        if self._is_canceled:
            raise asyncio.CancelledError
        return self._outcome

    def cancel(self, msg: Any = None) -> bool:
        """End the wait; the command is decided all the same."""
        if self._is_done:
            return False
        self._is_done = self._is_canceled = True
        if self._wake is not None:
            self._loop.call_soon(self._wake, self, context=self._context)
        return True
