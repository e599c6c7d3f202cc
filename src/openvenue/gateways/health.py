"""What watches a server asks: is it alive, is it ready, what has it counted."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from openvenue.gateways.metrics import Metrics
from openvenue.gateways.wire import Handler, OpenSession, Request, Response

# Each venue with the reason why it serves no more, or None while it does.
Stopped = Callable[[], Mapping[str, str | None]]

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


class HealthGateway:
    """`/health/live`, `/health/ready` and `/metrics`: plain reading, no key."""

    name = "health"

    def __init__(self, stopped: Stopped, metrics: Metrics, *, is_live: bool = False) -> None:
        """`is_live`: orders can leave this machine."""
        self._stopped = stopped
        self._is_live = is_live
        self._metrics = metrics
        self._routes: dict[str, Handler] = {
            "/health/live": self.live,
            "/health/ready": self.ready,
            "/metrics": self.metrics,
        }

    def route(self, method: str, path: str) -> Handler | None:
        """Who answers `path`."""
        return self._routes.get(path) if method == "GET" else None

    def socket(self, path: str) -> OpenSession | None:
        """No WebSocket here."""
        return None

    async def live(self, request: Request) -> Response:
        """GET /health/live. 200 as long as the loop turns."""
        return Response(200, b'{"status":"live"}')

    async def ready(self, request: Request) -> Response:
        """GET /health/ready. 200 while every venue serves; 503 says which does not, and why."""
        stopped = self._stopped()
        venues = {
            name: "ready" if why is None else f"stopped: {why}" for name, why in stopped.items()
        }
        is_ready = all(why is None for why in stopped.values())
        body: dict[str, object] = {"status": "ready" if is_ready else "stopped", "venues": venues}
        if self._is_live:
            body["live"] = True
        return Response(200 if is_ready else 503, msgspec.json.encode(body))

    async def metrics(self, request: Request) -> Response:
        """GET /metrics. Prometheus' text format."""
        return Response(200, self._metrics.text(), PROMETHEUS)
