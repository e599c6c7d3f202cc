"""What those who watch are told."""

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from openvenue.exchange.stats import Stats
from openvenue.gateways.health import HealthGateway
from openvenue.gateways.metrics import Metrics
from openvenue.gateways.venue_metrics import venue_families
from openvenue.gateways.wire import Response
from tests.unit.gateways.door_doubles import request


class Venue:
    """The figures of an exchange."""

    def __init__(self, stopped: str | None = None) -> None:
        self.stats = Stats()
        self.seq = 12
        self.live_orders = 7
        self.stopped = stopped


async def ask(gateway: HealthGateway, path: str) -> Response:
    handler = gateway.route("GET", path)
    assert handler is not None
    return await handler(request("GET", path))


async def test_a_server_is_ready_while_all_its_venues_are() -> None:
    """A load balancer or a test reads the status alone."""
    gateway = HealthGateway(lambda: {"a": None, "b": None}, Metrics())

    ready = await ask(gateway, "/health/ready")

    assert ready.status == 200
    assert msgspec.json.decode(ready.body) == {
        "status": "ready",
        "venues": {"a": "ready", "b": "ready"},
    }


async def test_a_stopped_venue_is_named_with_its_reason() -> None:
    """The others go on, and the server is alive."""
    gateway = HealthGateway(lambda: {"a": None, "b": "the disk is full"}, Metrics())

    ready = await ask(gateway, "/health/ready")

    assert ready.status == 503
    assert msgspec.json.decode(ready.body)["venues"] == {
        "a": "ready",
        "b": "stopped: the disk is full",
    }
    assert (await ask(gateway, "/health/live")).status == 200


async def test_figures_of_door_and_venues_are_read_together() -> None:
    """In a form that Prometheus' own parser takes."""
    metrics = Metrics()
    venue = Venue()
    venue.stats.commands["PlaceOrder"] += 3
    venue.stats.count(3, 5, 0.25, 0.5)
    metrics.also(venue_families({"futures": venue, "spot": Venue("broken")}))
    for seconds in (0.0004, 0.003, 60.0):
        metrics.finished("kraken_futures", "send_order", 200, seconds)

    response = await ask(HealthGateway(dict, metrics), "/metrics")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.body.decode())
        for sample in family.samples
    }

    assert samples["openvenue_commands_total", "PlaceOrder", "futures"] == 3
    assert samples["openvenue_events_total", "futures"] == 5
    assert samples["openvenue_journal_sync_seconds_total", "futures"] == 0.5
    assert samples["openvenue_up", "futures"] == 1
    assert samples["openvenue_up", "spot"] == 0
    assert samples["openvenue_live_orders", "spot"] == 7
    request_row = ("200", "kraken_futures", "send_order")
    assert samples["openvenue_request_seconds_count", *request_row] == 3
    for bound, count in (("0.0005", 1), ("0.005", 2), ("5.0", 2), ("+Inf", 3)):
        labels = sorted((*request_row, bound))
        assert samples["openvenue_request_seconds_bucket", *labels] == count


def test_two_doors_count_apart() -> None:
    """Nothing is global: tests run several servers in one process."""
    one, other = Metrics(), Metrics()

    one.finished("g", "e", 200, 0.1)

    assert b'endpoint="e"' in one.text()
    assert b'endpoint="e"' not in other.text()
