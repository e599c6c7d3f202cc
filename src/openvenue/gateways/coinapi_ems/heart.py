"""The heartbeat of all sessions: once a second, of every exchange, whether it can be reached.

Source: CoinAPI EMS WebSocket, "SERVER_INFO".
"""

import asyncio
from collections.abc import Callable
from importlib.metadata import version
from typing import Final, Protocol
from uuid import uuid4

from openvenue.ems.desk import Ems
from openvenue.ems.times import iso
from openvenue.engine.units import AccountId
from openvenue.gateways.coinapi_ems.messages import ENCODER, ServerInfoJson

BEAT_SECONDS: Final = 1.0


class Listener(Protocol):
    """A session, as far as the heart knows it."""

    owner: AccountId
    host: str  # by which its client reached us

    def tell(self, frame: bytes) -> None:
        """One message."""


class Heart:
    """Beats while somebody listens."""

    def __init__(self, ems: Ems, now: Callable[[], int], beat_seconds: float) -> None:
        self._ems = ems
        self._now = now
        self._beat_seconds = beat_seconds
        self._began = iso(now())
        self._guid = str(uuid4())
        self._version = version("openvenue")
        self._listeners: dict[Listener, None] = {}
        self._beating: asyncio.Task[None] | None = None

    def join(self, listener: Listener) -> None:
        """Beat for one more."""
        self._listeners[listener] = None
        if self._beating is None:
            self._beating = asyncio.create_task(self._go_on(), name="heartbeat of the desk")

    def leave(self, listener: Listener) -> None:
        """And not any more."""
        self._listeners.pop(listener, None)
        if not self._listeners and self._beating is not None:
            self._beating.cancel()
            self._beating = None

    def beat(self) -> None:
        """Once."""
        time = iso(self._now())
        for listener in self._listeners:
            for exchange_id, is_running in self._ems.accounts.exchanges(listener.owner).items():
                info = ServerInfoJson(
                    time=time,
                    exchange_id=exchange_id,
                    instance_guid=self._guid,
                    server_version=self._version,
                    dns_name=listener.host,
                    is_running=is_running,
                    time_server_start=self._began,
                )
                listener.tell(ENCODER.encode(info))

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds)
            self.beat()
