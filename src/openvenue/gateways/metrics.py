"""What the door counts, and how Prometheus reads it.

The hot path adds to plain integers; families are made from them when somebody asks. What venues
count comes through collectors that are registered from outside.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_LABELS: Final = ("gateway", "endpoint", "status")


class Histogram:
    """Counts by upper bound, in seconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as the exposition format wants them."""
        running = 0
        rows: list[tuple[str, float]] = []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            running += count
            rows.append((bound, float(running)))
        return rows


class Metrics:
    """All counters of one door, with a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.requests: dict[tuple[str, str, int], Histogram] = {}
        self.sockets: dict[str, int] = {}
        self.connections = 0
        self.frames_in = self.frames_out = 0
        self.bytes_in = self.bytes_out = 0
        self.faults = 0
        self.cut = 0
        self.registry.register(_DoorCollector(self))

    def finished(self, gateway: str, endpoint: str, status: int, seconds: float) -> None:
        """One request was answered (status 0: closed without a reply)."""
        key = (gateway, endpoint, status)
        row = self.requests.get(key)
        if row is None:
            row = self.requests[key] = Histogram()
        row.observe(seconds)

    def also(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Have `collect` called at each reading: what venues count (orders, cancels, journal)."""
        self.registry.register(_Outside(collect))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)


class _Outside(Collector):
    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return self._collect()


class _DoorCollector(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        took = HistogramMetricFamily(
            "openvenue_request_seconds", "Time from a whole request to its reply", labels=_LABELS
        )
        for (gateway, endpoint, status), row in list(metrics.requests.items()):
            took.add_metric((gateway, endpoint, str(status)), row.buckets(), row.total)
        yield took
        sockets = GaugeMetricFamily("openvenue_sockets", "Open WebSockets", labels=("gateway",))
        for gateway, count in metrics.sockets.items():
            sockets.add_metric((gateway,), count)
        yield sockets
        yield GaugeMetricFamily(
            "openvenue_connections", "Open connections, WebSockets among them", metrics.connections
        )
        frames = CounterMetricFamily(
            "openvenue_frames", "WebSocket messages", labels=("direction",)
        )
        frames.add_metric(("in",), metrics.frames_in)
        frames.add_metric(("out",), metrics.frames_out)
        yield frames
        size = CounterMetricFamily("openvenue_bytes", "Bytes on sockets", labels=("direction",))
        size.add_metric(("in",), metrics.bytes_in)
        size.add_metric(("out",), metrics.bytes_out)
        yield size
        yield CounterMetricFamily(
            "openvenue_faults", "Handlers and sessions that failed, by our fault", metrics.faults
        )
        yield CounterMetricFamily(
            "openvenue_slow_readers", "WebSockets cut off because they did not read", metrics.cut
        )
