"""The gateway: which paths are this API's.

Source: CoinAPI EMS, index of endpoints; "WebSocket API", "Endpoints".
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from openvenue.ems.desk import Ems
from openvenue.engine.units import AccountId
from openvenue.gateways.coinapi_ems import auth, kill_switch, order_log, trouble
from openvenue.gateways.coinapi_ems.entry import QUESTION, Door, Trace, random_trace
from openvenue.gateways.coinapi_ems.errors import (
    TIMEOUT_STATUS,
    MessageJson,
    Reason,
    Rejected,
    encode_error,
)
from openvenue.gateways.coinapi_ems.heart import BEAT_SECONDS, Heart
from openvenue.gateways.coinapi_ems.profile import DEFAULT, Profile
from openvenue.gateways.coinapi_ems.rest import (
    ENDPOINTS,
    ROOT,
    STATUS,
    Endpoint,
    history,
    order_status,
    release_halt,
    show_halt,
    show_run,
)
from openvenue.gateways.coinapi_ems.ws import EmsSession, read_wishes
from openvenue.gateways.wire import (
    Handler,
    OpenSession,
    Request,
    Response,
    Sender,
    Trouble,
    WireError,
)

SOCKETS: Final = ("/", "/v1", "/v1/")


class CoinApiEms:
    """CoinAPI EMS: REST under `/v1`, a WebSocket at `/`, `/v1` and `/v1/`.

    `keys`: whose each API key is. `keyless`: who programs of this machine are without one.
    """

    name: Final = "coinapi_ems"

    def __init__(
        self,
        ems: Ems,
        keys: Mapping[str, AccountId],
        profile: Profile = DEFAULT,
        trace: Trace = random_trace,
        keyless: AccountId | None = None,
        now: Callable[[], int] = time.time_ns,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._door = Door(ems, keys, profile, trace, keyless)
        self._routes = {
            place: Endpoint(self._door, place[1], answer, kind)
            for place, (answer, kind) in ENDPOINTS.items()
        }
        self._status = Endpoint(self._door, STATUS + "{client_order_id}", order_status, QUESTION)
        self._halt = Endpoint(self._door, f"{kill_switch.PATH}/{{id}}", show_halt, QUESTION)
        released = f"{kill_switch.PATH}/{{id}}/release"
        self._release = Endpoint(self._door, released, release_halt, QUESTION)
        self._run = Endpoint(self._door, f"{kill_switch.RUNS}/{{id}}", show_run, QUESTION)
        self._history = Endpoint(self._door, order_log.PATH, history, QUESTION)
        self._heart = Heart(ems, now, beat_seconds)

    def route(self, method: str, path: str) -> Handler | None:
        """Who answers; None: not this API's, or not with this method."""
        if not path.startswith(ROOT):
            return None
        path = path.rstrip("/")
        found = self._routes.get((method, path))
        if found is not None:
            return found
        if path.startswith(f"{kill_switch.PATH}/"):
            return self._of_halt(method, path.removeprefix(f"{kill_switch.PATH}/"))
        if method != "GET":
            return None
        if path.startswith(STATUS) and "/" not in path[len(STATUS) :]:
            return self._status
        if path.startswith(f"{kill_switch.RUNS}/"):
            return self._run if "/" not in path[len(kill_switch.RUNS) + 1 :] else None
        return (
            self._history
            if path == order_log.PATH or path.startswith(f"{order_log.PATH}/")
            else None
        )

    def _of_halt(self, method: str, rest: str) -> Handler | None:
        match method, rest.split("/"):
            case "GET", [_] | [_, "report"]:
                return self._halt
            case "POST", [_, "release"]:
                return self._release
            case _:
                return None

    def socket(self, path: str) -> OpenSession | None:
        """Who talks on `/`, `/v1` and `/v1/`."""
        return self._open if path in SOCKETS else None

    def turned_away(self, request: Request) -> Response | None:
        """The reply to somebody who may not have a WebSocket."""
        try:
            self._door.who(request)
            read_wishes(request)
            kill_switch.order_tag(request)
        except WireError as error:
            request.note["why"] = error.why or error.word
            return encode_error(error, {}, QUESTION, self._door.trace(), self._door.profile)
        return None

    def beat(self) -> None:
        """One beat."""
        self._heart.beat()

    def _open(self, request: Request, sender: Sender) -> EmsSession:
        return EmsSession(self._door, self._heart, request, sender)

    def fault(self) -> Response:
        """Our bug: whether it was done is not known."""
        error = Rejected(Reason.OTHER, "Internal error", status=TIMEOUT_STATUS)
        return encode_error(error, {}, QUESTION, "", self._door.profile)

    def refusal(self, path: str, status: int, why: str) -> Response | None:
        """What the door turned away."""
        if not path.startswith(ROOT):
            return None
        return Response(status, msgspec.json.encode(MessageJson(why)))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path."""
        halt = f"{kill_switch.PATH}/{{id}}"
        named = [path for _, path in ENDPOINTS]
        named += [STATUS + "{client_order_id}", halt, f"{halt}/report", f"{halt}/release"]
        named += [f"{kill_switch.RUNS}/{{id}}"]
        named += [order_log.PATH, f"{order_log.PATH}/{{time_start}}/{{time_end}}"]
        return (*dict.fromkeys(named), *SOCKETS)

    def claimed(self, request: Request) -> str:
        """Whose key the request shows."""
        return self._door.keys.get(auth.shown_key(request), "")

    def trouble(self, what: Trouble, request: Request) -> Response:
        """Trouble on purpose."""
        _, kind = ENDPOINTS.get((request.method, request.path.rstrip("/")), (None, QUESTION))
        return trouble.trouble(what, request.body, kind, self._door.profile)

    def shows_key(self, request: Request) -> bool:
        """Whether it has one."""
        return bool(auth.shown_key(request))

    def claimed_by(self, frame: bytes) -> str | None:
        """Nobody's: a message shows no key, it was shown when the socket was opened."""
        return None

    def subject(self, frame: bytes) -> str:
        """The same."""
        return ""

    def trouble_frame(self, what: Trouble, frame: bytes) -> bytes:
        """The same on the socket."""
        return trouble.trouble_frame(what, frame)
