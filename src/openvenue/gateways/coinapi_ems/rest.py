"""REST: who answers each path, and how it says no.

Source: CoinAPI EMS REST, index of endpoints.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import Raw

from openvenue.gateways.coinapi_ems import codec, entry, kill_switch, order_log
from openvenue.gateways.coinapi_ems.entry import CANCEL, CANCEL_ALL, NEW, QUESTION, Door
from openvenue.gateways.coinapi_ems.errors import DESK_ERRORS, encode_error, in_words
from openvenue.gateways.wire import Request, Response, WireError

ROOT: Final = "/v1/"
STATUS: Final = "/v1/orders/status/"
NO_LOG: Final = "The order log is not configured."

Answer = Callable[[Door, Request], Awaitable[Response]]


def say(answer: object) -> Response:
    """A success."""
    return Response(200, msgspec.json.encode(answer))


async def list_orders(door: Door, request: Request) -> Response:
    """GET /v1/orders."""
    owner = door.who(request)
    exchange_id = codec.decode_filter(request)
    orders = await door.ems.questions.open_orders(owner, exchange_id)
    return say([codec.encode_report(order, door.profile) for order in orders])


async def place_order(door: Door, request: Request) -> Response:
    """POST /v1/orders."""
    tag = kill_switch.order_tag(request)
    order = await entry.place(door, door.who(request), request.body, tag)
    return say(codec.encode_report(order, door.profile))


async def order_status(door: Door, request: Request) -> Response:
    """GET /v1/orders/status/{client_order_id}."""
    owner = door.who(request)
    cl_ord_id = unquote(request.path.removeprefix(STATUS))
    order = await door.ems.questions.order(owner, cl_ord_id)
    return say(codec.encode_report(order, door.profile))


async def cancel_order(door: Door, request: Request) -> Response:
    """POST /v1/orders/cancel."""
    order = await entry.cancel(door, door.who(request), request.body)
    return say(codec.encode_report(order, door.profile))


async def cancel_all_orders(door: Door, request: Request) -> Response:
    """POST /v1/orders/cancel/all."""
    return say(await entry.cancel_all(door, door.who(request), request.body))


async def balances(door: Door, request: Request) -> Response:
    """GET /v1/balances."""
    owner = door.who(request)
    exchange_id = codec.decode_filter(request)
    told = await door.ems.questions.balances(owner, exchange_id)
    return say(codec.encode_balances(told, door.profile))


async def positions(door: Door, request: Request) -> Response:
    """GET /v1/positions."""
    owner = door.who(request)
    exchange_id = codec.decode_filter(request)
    told = await door.ems.questions.positions(owner, exchange_id)
    return say(codec.encode_positions(told))


async def history(door: Door, request: Request) -> Response:
    """GET /v1/orders/history."""
    owner = door.who(request)
    if not door.profile.has_order_log:
        raise WireError(NO_LOG, status=400)
    start, end = order_log.decode_times(request)
    changes = await door.ems.questions.changes(owner, start, end, order_log.ROWS_MAX)
    if changes is None:
        raise WireError(order_log.TOO_MANY, status=400)
    return say([order_log.encode_change(change) for change in changes])


async def pull_kill_switch(door: Door, request: Request) -> Response:
    """POST /v1/kill-switch. Ours, not the published API's."""
    return await kill_switch.pull(door.ems, door.who(request), request)


async def list_halts(door: Door, request: Request) -> Response:
    """GET /v1/kill-switch."""
    return await kill_switch.list_halts(door.ems, door.who(request), request)


async def show_halt(door: Door, request: Request) -> Response:
    """GET /v1/kill-switch/{id} and /v1/kill-switch/{id}/report."""
    return await kill_switch.show(door.ems, door.who(request), request)


async def release_halt(door: Door, request: Request) -> Response:
    """POST /v1/kill-switch/{id}/release."""
    return await kill_switch.release(door.ems, door.who(request), request)


async def list_runs(door: Door, request: Request) -> Response:
    """GET /v1/cancel-alls. Ours: what became of calls of cancel/all."""
    return await kill_switch.list_runs(door.ems, door.who(request), request)


async def show_run(door: Door, request: Request) -> Response:
    """GET /v1/cancel-alls/{id}."""
    return await kill_switch.show_run(door.ems, door.who(request), request)


ENDPOINTS: Final[Mapping[tuple[str, str], tuple[Answer, str]]] = {
    ("GET", "/v1/orders"): (list_orders, QUESTION),
    ("POST", "/v1/orders"): (place_order, NEW),
    ("POST", "/v1/orders/cancel"): (cancel_order, CANCEL),
    ("POST", "/v1/orders/cancel/all"): (cancel_all_orders, CANCEL_ALL),
    ("POST", kill_switch.PATH): (pull_kill_switch, QUESTION),
    ("GET", kill_switch.PATH): (list_halts, QUESTION),
    ("GET", kill_switch.RUNS): (list_runs, QUESTION),
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
                asked = codec.read_members(request.body)
            return await self._answer(self._door, request)
        except WireError as error:
            return self._refuse(request, asked, error)
        except DESK_ERRORS as error:
            named = _named_exchange(request, asked)
            words = in_words(error, named, is_question=not self._kind)
            return self._refuse(request, asked, words)

    def _refuse(self, request: Request, asked: dict[str, Raw], error: WireError) -> Response:
        trace_id = self._door.trace()
        request.note["why"] = error.why or error.word
        request.note["trace"] = trace_id
        return encode_error(error, asked, self._kind, trace_id, self._door.profile)


def _named_exchange(request: Request, asked: dict[str, Raw]) -> str | None:
    """The exchange that a request is about, if it names one."""
    if "exchange_id" in asked:
        return msgspec.json.decode(asked["exchange_id"], type=str)
    return codec.decode_filter(request)
