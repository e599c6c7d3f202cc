"""`/admin`: who holds the admin key and sits at this machine may do what no trader can."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from msgspec import Struct

from openvenue.ems.desk import Ems
from openvenue.engine.commands import Command, PassTime
from openvenue.engine.units import Nanos
from openvenue.exchange.port import ExchangePort, VenueStopped
from openvenue.faults.fault import FaultError
from openvenue.faults.plan import FaultPlan
from openvenue.faults.served import UnknownName
from openvenue.gateways.admin import codec
from openvenue.gateways.admin.desk import DeskRoutes
from openvenue.gateways.admin.kill_switch import KillSwitchRoutes
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.wire import Handler, OpenSession, Request, Response, WireError
from openvenue.journal.records import Envelope

PREFIX: Final = "/admin/"
KEY_HEADER: Final = "x-admin-key"
DESK_HEADER: Final = "x-openvenue-desk"  # of answers: by which desk they were given
_ENVELOPE: Final = Envelope(gateway="admin")

Decode = Callable[[bytes], Command]


class MovableClock(Protocol):
    """A clock that moves only when told to."""

    def now(self) -> Nanos:
        """Market time."""

    def advance(self, nanos: int) -> None:
        """Move on; wake those whose time has come."""


class AdminTools(Struct, kw_only=True):
    """What the operator's API works on."""

    venues: Mapping[str, ExchangePort]
    stopped: Callable[[], Mapping[str, str | None]]  # each venue, and why it serves no more
    request_log: RequestLog
    faults: FaultPlan
    desk_id: str = ""  # as `desk.json` tells it; "": nobody has to recognise this one
    clock: MovableClock | None = None  # None: real time, which nobody moves
    reset: Callable[[str], Awaitable[None]] | None = None  # wipe a venue back to its defaults
    ems: Ems | None = None  # the desk, whose kill switch the operator can pull
    restart: Callable[[float], Awaitable[None]] | None = None  # go, and come back after seconds
    # The same of one venue while the others trade on; whether it was there.
    restart_venue: Callable[[str, float], bool] | None = None


class AdminGateway:
    """The operator's API. The door lets in this machine only; the key does the rest."""

    name = "admin"
    local_only = True

    def __init__(self, key: str, tools: AdminTools) -> None:
        assert key, "an admin API without a key is open to all"
        self._key = key.encode()
        self._tools = tools
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "venues"): self.list_venues,
            ("GET", "clock"): self.read_clock,
            ("POST", "clock/advance"): self.advance_clock,
            ("GET", "requests"): self.list_requests,
            ("GET", "faults"): self.list_faults,
            ("POST", "faults"): self.add_faults,
            ("DELETE", "faults"): self.clear_faults,
            ("POST", "reset"): self.reset,
            ("POST", "restart"): self.restart,
        }
        self._desk = None if tools.ems is None else DeskRoutes(tools.ems)
        self._kill_switch = None if tools.ems is None else KillSwitchRoutes(tools.ems)
        self._commands: dict[str, Decode] = {
            "index-price": codec.decode_index_price,
            "mark-price": codec.decode_mark_price,
            "market-mode": codec.decode_market_mode,
            "market-conditions": codec.decode_conditions,
            "announce": codec.decode_announcement,
            "retract-notice": codec.decode_retraction,
        }

    # ---- what the door asks

    def route(self, method: str, path: str) -> Handler | None:
        """Who answers `path`."""
        if not path.startswith(PREFIX):
            return None
        rest = path[len(PREFIX) :].removesuffix("/")
        handler = (
            self._routes.get((method, rest))
            or self._command(method, rest)
            or self._one_fault(method, rest)
            or (None if self._kill_switch is None else self._kill_switch.route(method, rest))
            or (None if self._desk is None else self._desk.route(method, rest))
        )
        return None if handler is None else _Guarded(self._key, handler, self._signed)

    def socket(self, path: str) -> OpenSession | None:
        """No WebSocket here."""
        return None

    def fault(self) -> Response:
        """Our bug."""
        return self._signed(codec.encode_error("internal error; see the server's log", 500))

    def refusal(self, path: str, status: int, why: str) -> Response | None:
        """The door's no, in our shape."""
        if not path.startswith(PREFIX):
            return None
        return self._signed(codec.encode_error(why, status))

    def _signed(self, response: Response) -> Response:
        if self._tools.desk_id:
            response.headers = (*response.headers, (DESK_HEADER, self._tools.desk_id))
        return response

    # ---- commands

    def _command(self, method: str, rest: str) -> Handler | None:
        """POST /admin/venues/{venue}/{what}."""
        match rest.split("/"):
            case ["venues", venue, what] if method == "POST" and what in self._commands:
                decode = self._commands[what]
            case _:
                return None

        async def command(request: Request) -> Response:
            exchange = self._venue(venue)
            return codec.encode_outcome(await exchange.submit(decode(request.body), _ENVELOPE))

        command.__name__ = what
        return command

    async def advance_clock(self, request: Request) -> Response:
        """POST /admin/clock/advance {"seconds"}. What falls due has happened when this answers."""
        clock = self._movable_clock()
        nanos = codec.decode_advance(request.body)
        clock.advance(nanos)
        for name, exchange in self._tools.venues.items():
            if self._tools.stopped()[name] is None:
                await exchange.submit(PassTime(), _ENVELOPE)
        return codec.encode({"now": clock.now()})

    async def reset(self, request: Request) -> Response:
        """POST /admin/reset?confirm={venue}. The venue is as new; its past is gone."""
        name = codec.arguments(request.query).get("confirm", "")
        if self._tools.reset is None:
            raise WireError("this server cannot reset a venue", status=409)
        self._venue(name)
        await self._tools.reset(name)
        return codec.encode({"reset": name})

    async def restart(self, request: Request) -> Response:
        """POST /admin/restart {"down_seconds", "venue"}. It goes, and comes back to its journal.

        Without a venue all of them do, and the desk.
        """
        seconds, venue = codec.decode_restart(request.body)
        if venue is not None:
            self._venue(venue)
        tools = self._tools
        if tools.restart is None or tools.restart_venue is None:
            raise WireError("this server keeps no journal: nothing would be left", status=409)
        if venue is None:
            await tools.restart(seconds)
            return codec.encode({"down_seconds": seconds})
        if not tools.restart_venue(venue, seconds):
            raise WireError(f"{venue} is away", status=409)
        return codec.encode({"down_seconds": seconds, "venue": venue})

    async def add_faults(self, request: Request) -> Response:
        """POST /admin/faults {"faults": […]}. These are planned as well; all of them, or none."""
        faults = codec.decode_faults(request.body)
        try:
            numbers = self._tools.faults.add(faults)
        except UnknownName as error:
            raise WireError(str(error), status=404) from None
        except FaultError as error:
            raise WireError(str(error), status=400) from None
        return codec.encode({"added": numbers})

    async def clear_faults(self, request: Request) -> Response:
        """DELETE /admin/faults. All goes well again."""
        self._tools.faults.clear()
        return await self.list_faults(request)

    def _one_fault(self, method: str, rest: str) -> Handler | None:
        """DELETE /admin/faults/{id}."""
        head, _, number = rest.partition("/")
        if method != "DELETE" or head != "faults" or not number:
            return None

        async def remove_fault(request: Request) -> Response:
            is_number = number.isascii() and number.isdigit() and len(number) < 10
            if not is_number or not self._tools.faults.remove(int(number)):
                raise WireError(f"no such fault: {number[:20]!r}", status=404)
            return codec.encode({"removed": int(number)})

        return remove_fault

    # ---- questions

    async def list_venues(self, request: Request) -> Response:
        """GET /admin/venues. Market time and state of each."""
        stopped = self._tools.stopped()
        return codec.encode(
            {
                "venues": [
                    {
                        "venue": name,
                        "now": exchange.now(),
                        "offset": exchange.offset,
                        "stopped": stopped[name],
                    }
                    for name, exchange in self._tools.venues.items()
                ]
            }
        )

    async def read_clock(self, request: Request) -> Response:
        """GET /admin/clock. Whether time can be moved, and what it is, in nanoseconds."""
        clock = self._tools.clock
        if clock is not None:
            return codec.encode({"virtual": True, "now": clock.now()})
        now = {name: exchange.now() for name, exchange in self._tools.venues.items()}
        return codec.encode({"virtual": False, "now": max(now.values(), default=None)})

    async def list_requests(self, request: Request) -> Response:
        """GET /admin/requests?limit=&refused=1. Newest first."""
        limit, refused = codec.decode_listing(request.query)
        rows = self._tools.request_log.newest(limit, refused=refused)
        return codec.encode({"requests": rows})

    async def list_faults(self, request: Request) -> Response:
        """GET /admin/faults. What may go wrong, how often it did, and how often it still will."""
        return codec.encode({"faults": self._tools.faults.planned()})

    # ---- within

    def _venue(self, name: str) -> ExchangePort:
        exchange = self._tools.venues.get(name)
        if exchange is None:
            known = ", ".join(self._tools.venues) or "none"
            raise WireError(f"no such venue: {name!r}; venues are {known}", status=404)
        return exchange

    def _movable_clock(self) -> MovableClock:
        if self._tools.clock is None:
            raise WireError("time is real here; start with --clock virtual", status=409)
        return self._tools.clock


class _Guarded:
    """A handler behind the key, with its errors in our shape."""

    def __init__(
        self, key: bytes, handler: Handler, signed: Callable[[Response], Response]
    ) -> None:
        self._key = key
        self._handler = handler
        self._signed = signed
        self.endpoint = getattr(handler, "__name__", "admin")

    async def __call__(self, request: Request) -> Response:
        return self._signed(await self._answer(request))

    async def _answer(self, request: Request) -> Response:
        shown = request.headers.get(KEY_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(shown, self._key):
            request.note["why"] = "X-Admin-Key is " + ("wrong" if shown else "missing")
            return codec.encode_error(request.note["why"], 401)
        request.note["account"] = "admin"
        try:
            return await self._handler(request)
        except WireError as error:
            request.note["why"] = error.why or error.word
            return codec.encode_error(error.word, error.status)
        except VenueStopped as error:
            request.note["why"] = "venue stopped"
            return codec.encode_error(f"the venue has stopped: {error}", 503)
