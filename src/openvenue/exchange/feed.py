"""Telling everyone what happened: every outcome, once, in order, a group at a time."""

from collections.abc import Callable

import structlog

from openvenue.exchange.port import Outcome, Sink

log = structlog.get_logger(__name__)


class Feed:
    """Those who listen to one exchange."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._sinks: dict[int, Sink] = {}
        self._next = 0

    def subscribe(self, sink: Sink) -> Callable[[], None]:
        """Tell `sink` everything from the next group on; the result ends it, twice does no harm."""
        ticket = self._next
        self._next += 1
        self._sinks[ticket] = sink

        def leave() -> None:
            self._sinks.pop(ticket, None)

        return leave

    def publish(self, outcomes: list[Outcome]) -> str | None:
        """Tell all; None, or why the venue must not go on: a listener failed.

        The others are told first. A gateway that heard of nothing any more would answer from what
        it knew then, while everybody is told that the venue is well.
        """
        failed: str | None = None
        for ticket, sink in list(self._sinks.items()):
            if ticket not in self._sinks:  # a sink before it made it leave
                continue
            try:
                sink(outcomes)
            except Exception as error:
                seq = outcomes[0].entry.seq
                self._sinks.pop(ticket, None)
                log.exception("listener failed", venue=self._venue, seq=seq)
                failed = failed or f"a listener failed at entry {seq}: {error!r}"
        return failed
