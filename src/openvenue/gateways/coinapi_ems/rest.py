"""The gateway: which paths are this API's, who answers each, and how it says no.

Source: CoinAPI EMS REST, index of endpoints.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.ems.desk import Ems
from openvenue.ems.errors import (
    CancelRefused,
    DuplicateOrder,
    NoAnswer,
    NoSuchExchange,
    NoSuchOrder,
    VenueDown,
)
from openvenue.ems.ledger import DeskStopped
from openvenue.ems.proof import Ending
from openvenue.ems.state import Run
from openvenue.engine.units import AccountId
from openvenue.gateways.coinapi_ems import auth, codec, kill_switch, order_log, trouble
from openvenue.gateways.coinapi_ems.errors import (
    TIMEOUT_STATUS,
    UNREACHABLE_STATUS,
    MessageJson,
    Reason,
    Rejected,
    Unreadable,
    encode_error,
)
from openvenue.gateways.coinapi_ems.profile import DEFAULT, Profile
from openvenue.gateways.wire import Handler, OpenSession, Request, Response, Trouble, WireError

ROOT: Final = "/v1/"
STATUS: Final = "/v1/orders/status/"
NO_LOG: Final = "The order log is not configured."

# The type that a request has on the WebSocket; the refused request is quoted with it.
NEW: Final = "ORDER_NEW_SINGLE_REQUEST"
CANCEL: Final = "ORDER_CANCEL_SINGLE_REQUEST"
CANCEL_ALL: Final = "ORDER_CANCEL_ALL_REQUEST"
QUESTION: Final = ""  # it has none

Trace = Callable[[], str]


class Door(Struct, frozen=True):
    """What every endpoint needs."""

    ems: Ems
    keys: Mapping[str, AccountId]
    profile: Profile
    trace: Trace
    keyless: AccountId | None = None

    def who(self, request: Request) -> AccountId:
        """Who is asking. Raises: Unauthorized."""
        return auth.authenticate(request, self.keys, self.keyless)


Answer = Callable[[Door, Request], Awaitable[Response]]


class OkJson(Struct, kw_only=True):
    """What a cancel-all says once the venue is proven empty. Who reads it knows no null."""

    type: str = "MESSAGE"
    severity: str | UnsetType = UNSET
    exchange_id: str
    message: str = "Ok"


def random_trace() -> str:
    """A name for one refusal, in the shape of the real ones."""
    return f"{secrets.token_hex(4)}-{secrets.token_hex(8)}"


def say(answer: object) -> Response:
    """A success."""
    return Response(200, msgspec.json.encode(answer))


async def list_orders(door: Door, request: Request) -> Response:
    """GET /v1/orders."""
    owner = door.who(request)
    exchange_id = codec.decode_filter(request)
    orders = await door.ems.open_orders(owner, exchange_id)
    return say([codec.encode_report(order, door.profile) for order in orders])


async def place_order(door: Door, request: Request) -> Response:
    """POST /v1/orders."""
    owner = door.who(request)
    asked = codec.decode_order(request)
    tag = kill_switch.order_tag(request)
    order = await door.ems.place(owner, asked.exchange_id, asked.cl_ord_id, asked.terms, tag)
    return say(codec.encode_report(order, door.profile))


async def order_status(door: Door, request: Request) -> Response:
    """GET /v1/orders/status/{client_order_id}."""
    owner = door.who(request)
    cl_ord_id = unquote(request.path.removeprefix(STATUS))
    order = await door.ems.order(owner, cl_ord_id)
    return say(codec.encode_report(order, door.profile))


async def cancel_order(door: Door, request: Request) -> Response:
    """POST /v1/orders/cancel."""
    owner = door.who(request)
    exchange_id, cl_ord_id, order_id = codec.decode_cancel(request)
    order = await door.ems.cancel(owner, exchange_id, cl_ord_id=cl_ord_id, order_id=order_id)
    return say(codec.encode_report(order, door.profile))


async def cancel_all_orders(door: Door, request: Request) -> Response:
    """POST /v1/orders/cancel/all."""
    owner = door.who(request)
    exchange_id = codec.decode_cancel_all(request)
    run = await door.ems.cancel_all(owner, exchange_id)
    return say(ok(run, door.profile))


async def balances(door: Door, request: Request) -> Response:
    """GET /v1/balances."""
    owner = door.who(request)
    exchange_id = codec.decode_filter(request)
    told = await door.ems.balances(owner, exchange_id)
    return say(codec.encode_balances(told, door.profile))


async def positions(door: Door, request: Request) -> Response:
    """GET /v1/positions."""
    owner = door.who(request)
    exchange_id = codec.decode_filter(request)
    told = await door.ems.positions(owner, exchange_id)
    return say(codec.encode_positions(told))


async def history(door: Door, request: Request) -> Response:
    """GET /v1/orders/history."""
    owner = door.who(request)
    if not door.profile.has_order_log:
        raise WireError(NO_LOG, status=400)
    start, end = order_log.decode_times(request)
    changes = await door.ems.changes(owner, start, end, order_log.ROWS_MAX)
    if changes is None:
        raise WireError(order_log.TOO_MANY, status=400)
    return say([order_log.encode_change(change) for change in changes])


def ok(run: Run, profile: Profile) -> OkJson:
    """The one success. Raises: Rejected: the venue is not proven to be empty."""
    exchange_id = run.account.exchange_id
    match run.ending:
        case Ending.PROVEN:
            match profile.ok_form:
                case "message":
                    return OkJson(exchange_id=exchange_id)
                case "plain":
                    return OkJson(type="message", exchange_id=exchange_id)
                case "severity":
                    return OkJson(type="message", severity="INFO", exchange_id=exchange_id)
        case Ending.UNREACHABLE:
            raise Rejected(
                Reason.EXCHANGE_UNREACHABLE,
                f"Nothing was canceled: {run.why}. Report {run.run_id}.",
                status=UNREACHABLE_STATUS,
                exchange_id=exchange_id,
            )
        case _:
            raise Rejected(
                Reason.EXCHANGE_RESPONSE_TIMEOUT,
                f"Not proven to be empty: {run.why}. Report {run.run_id}.",
                status=TIMEOUT_STATUS,
                exchange_id=exchange_id,
            )


async def pull_kill_switch(door: Door, request: Request) -> Response:
    """POST /v1/kill-switch. Ours, not the published API's."""
    return await kill_switch.pull(door.ems, auth.authenticate(request, door.keys), request)


async def list_halts(door: Door, request: Request) -> Response:
    """GET /v1/kill-switch."""
    return await kill_switch.list_halts(door.ems, auth.authenticate(request, door.keys), request)


async def show_halt(door: Door, request: Request) -> Response:
    """GET /v1/kill-switch/{id} and /v1/kill-switch/{id}/report."""
    return await kill_switch.show(door.ems, auth.authenticate(request, door.keys), request)


async def release_halt(door: Door, request: Request) -> Response:
    """POST /v1/kill-switch/{id}/release."""
    return await kill_switch.release(door.ems, auth.authenticate(request, door.keys), request)


ENDPOINTS: Final[Mapping[tuple[str, str], tuple[Answer, str]]] = {
    ("GET", "/v1/orders"): (list_orders, QUESTION),
    ("POST", "/v1/orders"): (place_order, NEW),
    ("POST", "/v1/orders/cancel"): (cancel_order, CANCEL),
    ("POST", "/v1/orders/cancel/all"): (cancel_all_orders, CANCEL_ALL),
    ("POST", kill_switch.PATH): (pull_kill_switch, QUESTION),
    ("GET", kill_switch.PATH): (list_halts, QUESTION),
    ("GET", "/v1/balances"): (balances, QUESTION),
    ("GET", "/v1/positions"): (positions, QUESTION),
}


class Endpoint:
    """One path's handler: runs it, and says in this API's words what it raised."""

    __slots__ = ("_answer", "_door", "_kind", "endpoint")

    def __init__(self, door: Door, name: str, answer: Answer, kind: str) -> None:
        self._door = door
        self._answer = answer
        self._kind = kind
        self.endpoint = name  # in the metrics

    async def __call__(self, request: Request) -> Response:
        """The reply to `request`."""
        asked: dict[str, Raw] = {}
        try:
            self._door.who(request)  # a stranger's body is not read
            if self._kind:
                asked = codec.read_body(request)
            return await self._answer(self._door, request)
        except WireError as error:
            return self._refuse(request, asked, error)
        except (
            NoSuchExchange,
            NoSuchOrder,
            DuplicateOrder,
            VenueDown,
            NoAnswer,
            CancelRefused,
            DeskStopped,
        ) as error:
            return self._refuse(request, asked, self._in_words(request, asked, error))

    def _refuse(self, request: Request, asked: dict[str, Raw], error: WireError) -> Response:
        trace_id = self._door.trace()
        request.note["why"] = error.why or error.word
        request.note["trace"] = trace_id
        return encode_error(error, asked, self._kind, trace_id, self._door.profile)

    def _in_words(self, request: Request, asked: dict[str, Raw], error: Exception) -> WireError:
        """The desk's no, as this API says it."""
        named = _named_exchange(request, asked)
        match error:
            case DuplicateOrder():
                return Unreadable(str(error))
            case NoSuchOrder():
                reason, status = Reason.ORDER_ID_NOT_FOUND, 404
            case NoAnswer() if self._kind:
                reason, status = Reason.EXCHANGE_RESPONSE_TIMEOUT, TIMEOUT_STATUS
            case NoSuchExchange() if error.tagged:
                reason, status = Reason.OTHER, UNREACHABLE_STATUS
            case NoSuchExchange() | VenueDown() | NoAnswer():
                reason, status = Reason.EXCHANGE_UNREACHABLE, UNREACHABLE_STATUS
            case _:
                reason, status = Reason.OTHER, UNREACHABLE_STATUS
        return Rejected(reason, str(error), status=status, exchange_id=named)


def _named_exchange(request: Request, asked: dict[str, Raw]) -> str | None:
    """The exchange that a request is about, if it names one."""
    if "exchange_id" in asked:
        return msgspec.json.decode(asked["exchange_id"], type=str)
    return codec.decode_filter(request)


class CoinApiEms:
    """CoinAPI EMS: REST under `/v1`.

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
        self._history = Endpoint(self._door, order_log.PATH, history, QUESTION)

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
        """No WebSocket yet."""
        return None

    def fault(self) -> Response:
        """Our bug: whether it was done is not known."""
        error = Rejected(Reason.OTHER, "Internal error", status=TIMEOUT_STATUS)
        return encode_error(error, {}, QUESTION, "", self._door.profile)

    def refusal(self, path: str, status: int, why: str) -> Response | None:
        """What the door turned away."""
        if not path.startswith(ROOT):
            return None
        return Response(status, msgspec.json.encode(MessageJson(why)))

    def claimed(self, request: Request) -> str:
        """Whose key the request shows."""
        return self._door.keys.get(auth.shown_key(request), "")

    def trouble(self, what: Trouble, request: Request) -> Response:
        """Trouble on purpose."""
        _, kind = ENDPOINTS.get((request.method, request.path.rstrip("/")), (None, QUESTION))
        return trouble.trouble(what, request.body, kind, self._door.profile)

    def trouble_frame(self, what: Trouble, frame: bytes) -> bytes:
        """The same on the socket."""
        return trouble.trouble_frame(what, frame)
