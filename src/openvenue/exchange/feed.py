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

    def publish(self, outcomes: list[Outcome]) -> None:
        """Tell all. A listener that fails hears no more; the others do not notice."""
        for ticket, sink in list(self._sinks.items()):
            if ticket not in self._sinks:  # a sink before it made it leave
                continue
            try:
                sink(outcomes)
            except Exception:
                # One listener's fault is its own: going on here is what keeps the venue's other
                # clients served, and the listener is told nothing that it could misunderstand.
                self._sinks.pop(ticket, None)
                log.exception("listener dropped", venue=self._venue, seq=outcomes[0].entry.seq)
