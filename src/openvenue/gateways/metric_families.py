"""How Prometheus reads what the door counts: families, made when somebody asks."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from openvenue.gateways.metrics import Metrics

_LABELS: Final = ("gateway", "endpoint", "status")


class Outside(Collector):
    """What a function collects."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return self._collect()


class DoorCollector(Collector):
    """What a door counts."""

    def __init__(self, metrics: "Metrics") -> None:
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
