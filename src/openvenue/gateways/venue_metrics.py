"""What venues count, as Prometheus families; see `Metrics.also`."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from openvenue.exchange.stats import Stats


class Counted(Protocol):
    """An exchange, as far as its figures go."""

    stats: Stats

    @property
    def seq(self) -> int:
        """Sequence of the newest entry."""

    @property
    def live_orders(self) -> int:
        """How many orders rest or wait."""

    @property
    def stopped(self) -> str | None:
        """Why it serves no more."""


Row = tuple[str, str, Callable[[Counted], float]]  # name, help, and where the figure is

GAUGES: Final[tuple[Row, ...]] = (
    ("openvenue_up", "1 while the venue serves", lambda v: v.stopped is None),
    ("openvenue_seq", "Newest journal entry", lambda v: v.seq),
    ("openvenue_live_orders", "Orders resting or waiting", lambda v: v.live_orders),
    ("openvenue_last_batch", "Commands in the last group", lambda v: v.stats.last_batch),
    ("openvenue_largest_batch", "Commands in the largest group", lambda v: v.stats.largest_batch),
    (
        "openvenue_journal_last_sync_seconds",
        "Time that the last group took to become durable",
        lambda v: v.stats.last_sync_seconds,
    ),
)
COUNTERS: Final[tuple[Row, ...]] = (
    ("openvenue_events", "Events", lambda v: v.stats.events),
    ("openvenue_batches", "Groups made durable together", lambda v: v.stats.batches),
    ("openvenue_decide_seconds", "Time in the engine", lambda v: v.stats.decide_seconds),
    (
        "openvenue_journal_sync_seconds",
        "Time waiting for the journal; over batches: the mean sync",
        lambda v: v.stats.sync_seconds,
    ),
)


def venue_families(
    venues: Mapping[str, Counted],
) -> Callable[[], Iterator[Metric]]:
    """A function for `Metrics.also` that reads the figures of `venues` when it is called."""

    def families() -> Iterator[Metric]:
        commands = CounterMetricFamily(
            "openvenue_commands", "Durable commands, by kind", labels=("venue", "command")
        )
        for name, venue in venues.items():
            for command, count in list(venue.stats.commands.items()):
                commands.add_metric((name, command), count)
        yield commands
        for metric, text, read in GAUGES:
            gauge = GaugeMetricFamily(metric, text, labels=("venue",))
            for name, venue in venues.items():
                gauge.add_metric((name,), float(read(venue)))
            yield gauge
        for metric, text, read in COUNTERS:
            counter = CounterMetricFamily(metric, text, labels=("venue",))
            for name, venue in venues.items():
                counter.add_metric((name,), float(read(venue)))
            yield counter

    return families
