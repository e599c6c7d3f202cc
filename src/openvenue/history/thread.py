"""An index in a thread of this process: for venues in memory, whose past nobody else can read."""

import asyncio
import queue
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog

from openvenue.exchange.port import Outcome
from openvenue.history.host import Question
from openvenue.history.index import Index
from openvenue.history.port import HistoryUnavailable
from openvenue.journal.port import Journal

log = structlog.get_logger(__name__)


class _Asked(NamedTuple):
    """A question, and how to tell who asked."""

    question: Question
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"


class ThreadHost:
    """Questions queue up behind the entries that came before them."""

    def __init__(self, name: str, journal: Journal, seq: int) -> None:
        """Of a venue whose journal stands at entry `seq`; what comes later is heard."""
        self._name = name
        self._journal = journal
        self._inbox: queue.SimpleQueue[Sequence[Outcome] | _Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, args=(seq,), name=f"history {name}", daemon=True
        )
        self._thread.start()

    def hear(self, outcomes: Sequence[Outcome]) -> None:
        """See `Host`."""
        self._inbox.put(outcomes)

    async def ask(self, question: Question) -> Any:
        """See `Host`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._inbox.put(_Asked(question, loop, future))
        return await future

    async def close(self) -> None:
        """See `Host`."""
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self, seq: int) -> None:
        """The thread."""
        try:
            index = Index(None, lambda after, until: self._journal.replay(after))
            index.catch_up(seq)
            self._serve(index)
        except Exception as error:
            # The index is a convenience: without it the venue trades on, and who asks is told.
            log.exception("history failed", venue=self._name)
            self._refuse(f"history is not available: {error!r}")

    def _serve(self, index: Index) -> None:
        while (item := self._inbox.get()) is not None:
            if isinstance(item, _Asked):
                index.catch_up(item.question.seq)
                try:
                    answer = item.question.function(index, *item.question.arguments)
                except Exception as error:  # noqa: BLE001
                    _tell(item, error, None)  # its own fault: raised where it was asked
                else:
                    _tell(item, None, answer)
            else:
                index.take([outcome.entry for outcome in item])
        index.close()

    def _refuse(self, why: str) -> None:
        """Answer no until closed."""
        while (item := self._inbox.get()) is not None:
            if isinstance(item, _Asked):
                _tell(item, HistoryUnavailable(why), None)


def _tell(asked: _Asked, error: Exception | None, answer: Any) -> None:
    """Answer on the thread of who asked; not at all if it is gone."""

    def settle() -> None:
        if asked.future.done():
            return
        if error is not None:
            asked.future.set_exception(error)
        else:
            asked.future.set_result(answer)

    if not asked.loop.is_closed():
        asked.loop.call_soon_threadsafe(settle)
