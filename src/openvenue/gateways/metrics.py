"""What the door counts.

The hot path adds to plain integers; families are made from them when somebody asks. What venues
count comes through collectors that are registered from outside.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest

from openvenue.gateways.histogram import Histogram
from openvenue.gateways.metric_families import DoorCollector, Outside


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
        self.registry.register(DoorCollector(self))

    def finished(self, gateway: str, endpoint: str, status: int, seconds: float) -> None:
        """One request was answered (status 0: closed without a reply)."""
        key = (gateway, endpoint, status)
        row = self.requests.get(key)
        if row is None:
            row = self.requests[key] = Histogram()
        row.observe(seconds)

    def also(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Have `collect` called at each reading: what venues count (orders, cancels, journal)."""
        self.registry.register(Outside(collect))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)
