"""The only listener: HTTP and WebSocket on one port, the same over TLS on another.

A door knows gateways, not APIs. It finds the gateway of a path, runs its handler, and holds the one
outermost catch: what falls through everything else ends here, in the log, and ends one connection.
"""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from traceback import format_exc
from typing import Any, Final, Protocol, cast

import structlog
from msgspec.structs import replace

from openvenue.engine.units import Nanos
from openvenue.faults.plan import FaultPlan
from openvenue.gateways.access import is_allowed_origin, why_not_local
from openvenue.gateways.arrivals import HeaderNames, Refusal, Upgrade
from openvenue.gateways.faulty_http import answer_badly, upgrade_badly
from openvenue.gateways.http import HttpConnection
from openvenue.gateways.limits import DoorLimits, room_for_connections
from openvenue.gateways.metrics import Metrics
from openvenue.gateways.port_keeper import PortKeeper
from openvenue.gateways.replies import DateLine, plain
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.sockets import Socket, hand_over, why_no_upgrade
from openvenue.gateways.strange_keys import HEADER, WARNING
from openvenue.gateways.wire import (
    Gateway,
    Guarded,
    Handler,
    Hurtable,
    LocalOnly,
    OwnWords,
    Request,
    Response,
)

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_DOOR: Final = "door"  # the name under which the door's own answers are counted
_BACKLOG: Final = 1_024
KEY_SHOWN: Final = 4  # characters of a key
STRANGERS_MAX: Final = 1_000  # that the log tells of


class MachineClock(Protocol):
    """Machine time in nanoseconds since 1970."""

    def __call__(self) -> int: ...


class Door:
    """One or two ports, and every connection that came in by them."""

    def __init__(
        self,
        gateways: Sequence[Gateway],
        *,
        limits: DoorLimits | None = None,
        faults: FaultPlan | None = None,
        clock: MachineClock = time.time_ns,
        request_log: RequestLog | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.limits = limits or DoorLimits()
        self.faults = faults if faults is not None else FaultPlan()
        self.request_log = request_log or RequestLog()
        self.metrics = metrics or Metrics()
        self.is_closing = False
        self.port = self.tls_port = 0  # as bound, once started
        self.date = DateLine()
        self.header_names = HeaderNames()
        self._gateways = tuple(gateways)
        self._local_only = frozenset(
            one.name for one in gateways if isinstance(one, LocalOnly) and one.local_only
        )
        self._speaking = tuple(one for one in gateways if isinstance(one, OwnWords))
        self._clock = clock
        self._servers: list[asyncio.Server] = []
        self._keeper: asyncio.Task[None] | None = None
        self._connections: set[HttpConnection] = set()
        self._sockets: set[Socket] = set()
        self._peers: Counter[str] = Counter()
        self._places = self.limits.connections
        self._strangers: dict[str, None] = {}  # which keys, and in which words
        self._due: list[Socket] = []
        self._all_left: asyncio.Event = asyncio.Event()
        self._log = structlog.get_logger("openvenue.door")

    # ---- opening and closing

    async def start(
        self,
        host: str,
        port: int,
        tls_port: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Listen. Port 0 takes a free one, see `port`. Raises: OSError: a port is taken."""
        self._places = room_for_connections(self.limits.connections)
        await self._listen(host, port, tls_port, tls)

        async def open_again() -> None:
            self.is_closing = False  # first: who connects to one port is not to wait for the other
            await self._listen(host, self.port, self.tls_port or None, tls)

        keeper = PortKeeper(self.faults, self._close_ports, open_again)
        self._keeper = asyncio.get_running_loop().create_task(keeper.run())

    async def _listen(
        self, host: str, port: int, tls_port: int | None, tls: ssl.SSLContext | None
    ) -> None:
        loop = asyncio.get_running_loop()

        def connection() -> asyncio.Protocol:
            return cast(asyncio.Protocol, HttpConnection(self))  # one by shape

        server = await loop.create_server(connection, host, port, backlog=_BACKLOG)
        self._servers.append(server)
        self.port = _bound_port(server)
        if tls_port is not None and tls is not None:
            try:
                secure = await loop.create_server(
                    connection,
                    host,
                    tls_port,
                    backlog=_BACKLOG,
                    ssl=tls,
                    ssl_handshake_timeout=self.limits.header_seconds,
                    ssl_shutdown_timeout=self.limits.linger_seconds,
                )
            except OSError:
                self._servers.remove(server)
                server.close()
                raise
            self._servers.append(secure)
            self.tls_port = _bound_port(secure)

    def _close_ports(self) -> None:
        """Listen no more, and leave whoever is there: what was accepted is answered first."""
        self.is_closing = True
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in list(self._connections):
            connection.wind_up()
        for one in list(self._sockets):
            one.abort()

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Take no more, answer what was accepted, say goodbye; after the grace, leave anyway."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        self.is_closing = True
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.wind_up()
        for one in list(self._sockets):
            one.close(1001, "going away")
        try:
            async with asyncio.timeout(grace_seconds):
                while self._connections or self._sockets:
                    self._all_left.clear()
                    await self._all_left.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
            for one in list(self._sockets):
                one.abort()
            while self._connections or self._sockets:
                self._all_left.clear()
                await self._all_left.wait()

    def replace(self, gateway: Gateway) -> None:
        """Let another one answer in the place of that of its name; its sockets end."""
        gateways = [gateway if one.name == gateway.name else one for one in self._gateways]
        self._gateways = tuple(gateways)
        self._speaking = tuple(one for one in gateways if isinstance(one, OwnWords))
        for one in list(self._sockets):
            if one.gateway == gateway.name:
                one.abort()

    # ---- one request

    async def answer(self, request: Request) -> Response | None:
        """The reply, whatever happens; None: close without one."""
        began = perf_counter()
        if request.method == "HEAD":
            request.is_head = True
            request.method = "GET"
        response: Response | None
        gateway: Gateway | None = None
        endpoint = "none"
        try:
            gateway, handler = self._find(request.method, request.path)
            if gateway is None or handler is None:
                response = self._unrouted(request)
            elif (why := self._why_closed(gateway, request)) is not None:
                request.note["why"] = why
                response = self._words(request.path, 403, why)
            else:
                endpoint = _endpoint(handler)
                if self.faults.is_armed:
                    response = await answer_badly(self.faults, gateway, handler, request)
                else:
                    response = await handler(request)
        except Exception as error:  # noqa: BLE001 - the outermost catch
            response = self._fault(gateway, request, error)
        if WARNING in request.note and response is not None:
            response = self._warned(request, response)
        seconds = perf_counter() - began
        status = 0 if response is None else response.status
        name = _DOOR if gateway is None else gateway.name
        self.metrics.finished(name, endpoint, status, seconds)
        self.request_log.add(request, name, status, seconds * 1_000)
        return response

    def _warned(self, request: Request, response: Response) -> Response:
        """The answer with a warning beside it; each key's is in the log once."""
        text = request.note[WARNING]
        key = request.note.get("key", "")[:KEY_SHOWN]
        told = f"{key} {text}"
        if told not in self._strangers and len(self._strangers) < STRANGERS_MAX:
            self._strangers[told] = None
            self._log.warning(text, key=f"{key}…", peer=request.peer, path=request.path)
        return replace(response, headers=(*response.headers, (HEADER, text)))

    def _find(self, method: str, path: str) -> tuple[Gateway | None, Handler | None]:
        for gateway in self._gateways:
            handler = gateway.route(method, path)
            if handler is not None:
                return gateway, handler
        return None, None

    def _why_closed(self, gateway: Gateway, request: Request) -> str | None:
        if gateway.name in self._local_only:
            return why_not_local(request.peer, request.headers)
        return None

    def _unrouted(self, request: Request) -> Response:
        """OPTIONS, a known path asked in the wrong way, or a path that nobody has."""
        path = request.path
        known = [method for method in METHODS if path == "*" or self._find(method, path)[1]]
        if known:
            heads = ["HEAD"] if "GET" in known else []
            allow = ("Allow", ", ".join([*known, *heads, "OPTIONS"]))
            if request.method == "OPTIONS":
                return Response(204, headers=(allow,))
            response = self._words(path, 405, "method not allowed")
            response.headers = (*response.headers, allow)
            return response
        # The root is where people look for a page, whatever else talks there.
        if path != "/" and any(gateway.socket(path) is not None for gateway in self._gateways):
            response = self._words(path, 426, "this path is a WebSocket")
            response.headers = (*response.headers, ("Upgrade", "websocket"))
            return response
        return self._words(path, 404, "not found")

    def _fault(self, gateway: Gateway | None, request: Request, error: Exception) -> Response:
        """Our bug. It is told in the gateway's words, and this connection ends."""
        self.metrics.faults += 1
        request.note["why"] = f"fault: {type(error).__name__}"
        request.keeps_alive = False
        self._log.error(
            "handler failed",
            gateway=_DOOR if gateway is None else gateway.name,
            method=request.method,
            path=request.path,
            exception=format_exc(),  # text: a renderer that shows local variables shows secrets
        )
        speaking = next((one for one in self._speaking if one is gateway), None)
        return plain(500) if speaking is None else speaking.fault()

    # ---- what HttpConnection asks for

    def admit(self, connection: HttpConnection, peer: str) -> int | None:
        """Count the connection in; or the status with which it is sent away."""
        if self.metrics.connections >= self._places or self.is_closing:
            return 503
        if self._peers[peer] >= self.limits.connections_per_peer:
            return 429
        self._connections.add(connection)
        self._count(peer, 1)
        return None

    def leave(self, connection: HttpConnection, peer: str) -> None:
        """Count the connection out."""
        self._connections.discard(connection)
        self._count(peer, -1)

    def refuse(self, refusal: Refusal, peer: str) -> Response:
        """The words in which the door turns a request away."""
        request = Request(
            refusal.method,
            refusal.path,
            b"",
            {},
            b"",
            peer,
            self.now(),
            {"why": refusal.why},
        )
        response = self._words(refusal.path, refusal.status, refusal.why)
        self.metrics.finished(_DOOR, "refused", response.status, 0.0)
        self.request_log.add(request, _DOOR, response.status, 0.0)
        return response

    def upgrade(
        self, upgrade: Upgrade, transport: asyncio.Transport, connection: HttpConnection
    ) -> Response | None:
        """Go on as a WebSocket, in other hands; or the reply that says why not."""
        request = upgrade.request
        response = self._why_no_socket(request)
        if response is None:
            gateway, open_session = next(
                (gateway, found)
                for gateway in self._gateways
                if (found := gateway.socket(request.path)) is not None
            )
            if self.faults.is_armed:
                response = upgrade_badly(self.faults, gateway, request)
                if response is not None:
                    self.request_log.add(request, gateway.name, response.status, 0.0)
                    return response
            self._connections.discard(connection)
            one = Socket(self, request, gateway.name, open_session)
            self._sockets.add(one)
            self.metrics.sockets[gateway.name] = self.metrics.sockets.get(gateway.name, 0) + 1
            self.request_log.add(request, gateway.name, 101, 0.0)
            hand_over(transport, request, upgrade.tail, one, self.limits)
            return None
        if WARNING in request.note:
            response = self._warned(request, response)
        self.metrics.finished(_DOOR, "upgrade", response.status, 0.0)
        self.request_log.add(request, _DOOR, response.status, 0.0)
        return response

    def _why_no_socket(self, request: Request) -> Response | None:
        gateway = next((one for one in self._gateways if one.socket(request.path)), None)
        if gateway is None:
            request.note["why"] = "no WebSocket here"
            return self._words(request.path, 404, "not found")
        wrong = why_no_upgrade(request)
        if wrong is None and not is_allowed_origin(
            request.headers.get("origin"), self.limits.origins
        ):
            wrong = (403, "Origin is not allowed")
        if wrong is None and (why := self._why_closed(gateway, request)) is not None:
            wrong = (403, why)
        if wrong is None and self.is_closing:
            wrong = (503, "closing")
        if wrong is None:
            if isinstance(gateway, Guarded):
                return gateway.turned_away(request)
            return None
        status, request.note["why"] = wrong
        response = self._words(request.path, status, wrong[1])
        if status == 426:
            response.headers = (*response.headers, ("Sec-WebSocket-Version", "13"))
        return response

    def now(self) -> Nanos:
        """Machine time."""
        return Nanos(self._clock())

    def count_bytes(self, received: int, sent: int) -> None:
        """For the metrics."""
        self.metrics.bytes_in += received
        self.metrics.bytes_out += sent

    # ---- what Socket asks for

    def due(self, socket: Socket) -> None:
        """Have `flush` called at the end of this turn: one write per client, whatever it hears."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._flush)
        self._due.append(socket)

    def socket_fault(self, request: Request, gateway: str) -> None:
        """The exception at hand is our bug in a session: log it."""
        self.metrics.faults += 1
        request.note["why"] = "fault in the session"
        self._log.error(
            "session failed", gateway=gateway, path=request.path, exception=format_exc()
        )

    def socket_closed(self, socket: Socket) -> None:
        """Count it out."""
        self._sockets.discard(socket)
        self.metrics.sockets[socket.gateway] -= 1
        self._count(socket.request.peer, -1)

    def count_frames(self, received: int, sent: int, size: int) -> None:
        """For the metrics."""
        metrics = self.metrics
        metrics.frames_in += received
        metrics.frames_out += sent
        if received:
            metrics.bytes_in += size
        else:
            metrics.bytes_out += size

    def count_cut(self) -> None:
        """For the metrics: a slow reader."""
        self.metrics.cut += 1

    def hurtable(self, gateway: str) -> Hurtable | None:
        """The words of a gateway for trouble, if faults may strike it."""
        for one in self._gateways:
            if one.name == gateway and isinstance(one, Hurtable):
                return one
        return None

    # ---- within

    def _flush(self) -> None:
        due, self._due = self._due, []
        for one in due:
            one.flush()

    def _words(self, path: str, status: int, why: str) -> Response:
        for gateway in self._speaking:
            response = gateway.refusal(path, status, why)
            if response is not None:
                return response
        return plain(status, why)

    def _count(self, peer: str, change: int) -> None:
        self._peers[peer] += change
        if self._peers[peer] <= 0:
            del self._peers[peer]
        self.metrics.connections += change
        self._all_left.set()


def _endpoint(handler: Handler) -> str:
    name: str | None = getattr(handler, "endpoint", None)
    return name or getattr(handler, "__name__", None) or type(handler).__name__


def _bound_port(server: asyncio.Server) -> int:
    listening: Any = server  # uvloop's has a list where asyncio's has a tuple
    return int(listening.sockets[0].getsockname()[1])


__all__ = ["Door", "DoorLimits", "FaultPlan", "Metrics", "RequestLog"]
