"""One WebSocket client's conversation: all that is known at once, all that happens, and orders.

There is no hello, no subscription and no acknowledgement. What was asked for shows in the updates
of orders; what was refused is a MESSAGE_REJECT. Source: CoinAPI EMS WebSocket.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, ParamSpec
from urllib.parse import parse_qs

import msgspec
import structlog
from msgspec import UNSET, Raw, Struct

from openvenue.ems.connectors.port import Balance, Market, Position
from openvenue.ems.orders import ExchangeId, Order
from openvenue.ems.presence import Presence
from openvenue.gateways.coinapi_ems import entry, messages
from openvenue.gateways.coinapi_ems.codec import read_members
from openvenue.gateways.coinapi_ems.entry import CANCEL, CANCEL_ALL, NEW, Door
from openvenue.gateways.coinapi_ems.errors import (
    DESK_ERRORS,
    Duplicate,
    Reason,
    Rejected,
    RejectJson,
    Unreadable,
    in_words,
)
from openvenue.gateways.coinapi_ems.heart import Heart
from openvenue.gateways.coinapi_ems.kill_switch import order_tag
from openvenue.gateways.coinapi_ems.messages import ENCODER
from openvenue.gateways.wire import Request, Sender

log = structlog.get_logger(__name__)

UNDER_WAY_MAX: Final = 200  # requests of one client that wait for an exchange
QUOTED_MAX: Final = 4096  # bytes of a refused request that are sent back
WISHES: Final = ("cancel_on_disconnect", "acknowledge")
ANSWERS: Final = {"true": True, "1": True, "false": False, "0": False, "": True}

P = ParamSpec("P")
Job = Callable[[bytes], Coroutine[Any, Any, None]]


class Wishes(Struct, frozen=True):
    """What a client may ask of its connection. Both are ours: the real service has neither."""

    cancel_on_disconnect: bool = False  # its orders are canceled when it has left
    acknowledge: bool = False  # a cancel-all that was proven is told with a MESSAGE


def read_wishes(request: Request) -> Wishes:
    """Arguments of the request for the connection. Raises: Unreadable."""
    try:
        named = parse_qs(request.query.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise Unreadable("the query cannot be read") from error
    asked: dict[str, bool] = {}
    for name in WISHES:
        if name in named:
            answer = ANSWERS.get(named[name][-1].lower())
            if answer is None:
                raise Unreadable(f"{name} is neither true nor false")
            asked[name] = answer
    return Wishes(**asked)


class EmsSession:
    """One conversation. Requests reach the desk in the order in which they came."""

    def __init__(self, door: Door, heart: Heart, request: Request, sender: Sender) -> None:
        self._door = door
        self._heart = heart
        self._request = request
        self._sender = sender
        self._wishes = read_wishes(request)
        self._tag = order_tag(request)  # of every order that comes by this connection
        self._presence = Presence() if self._wishes.cancel_on_disconnect else None
        self._under_way: set[asyncio.Task[None]] = set()
        self._requests: Mapping[str, Job] = {
            NEW: self._place,
            CANCEL: self._cancel,
            CANCEL_ALL: self._cancel_all,
        }
        self.owner = door.who(request)
        self.host = request.headers.get("host", "")
        self._listening = door.ems.accounts.listen(self.owner, self)
        heart.join(self)

    # ---- the door calls

    def receive(self, frame: bytes) -> None:
        """Take one message. Answers come when there are some."""
        try:
            job = self._job(frame)
        except Rejected as error:
            self._refuse(frame, error)
            return
        task = asyncio.get_running_loop().create_task(self._do(job, frame))
        self._under_way.add(task)
        task.add_done_callback(self._done)

    def closed(self) -> None:
        """The client has left. What it asked for goes on, and its orders stay unless it wished."""
        self._heart.leave(self)
        self._listening.end()
        for task in self._under_way:
            task.cancel()
        if self._presence is not None:
            self._door.ems.orders.end(self._presence)

    # ---- the desk and the heart call

    def tell(self, frame: bytes) -> None:
        """One message."""
        self._sender.send(frame)

    def orders_known(self, exchange_id: ExchangeId, orders: Sequence[Order]) -> None:
        """ORDER_EXEC_REPORT_SNAPSHOT, one for each order."""
        for order in orders:
            self._say(messages.report, messages.REPORT_SNAPSHOT, order, self._door.profile)

    def order_changed(self, order: Order) -> None:
        """ORDER_EXEC_REPORT_UPDATE."""
        self._say(messages.report, messages.REPORT_UPDATE, order, self._door.profile)

    def markets_known(self, exchange_id: ExchangeId, markets: Sequence[Market]) -> None:
        """SYMBOLS_SNAPSHOT."""
        self._say(messages.symbols, exchange_id, markets)

    def balances_told(
        self, exchange_id: ExchangeId, balances: Sequence[Balance], *, is_first: bool
    ) -> None:
        """BALANCE_SNAPSHOT, or BALANCE_UPDATE with what has changed."""
        kind = messages.BALANCE_SNAPSHOT if is_first else messages.BALANCE_UPDATE
        self._say(messages.balances, kind, exchange_id, balances, self._door.profile)

    def positions_told(
        self, exchange_id: ExchangeId, positions: Sequence[Position], *, is_first: bool
    ) -> None:
        """POSITION_SNAPSHOT, or POSITION_UPDATE with what has changed."""
        kind = messages.POSITION_SNAPSHOT if is_first else messages.POSITION_UPDATE
        self._say(messages.positions, kind, exchange_id, positions)

    def _say(self, encode: Callable[P, bytes], *told: P.args, **more: P.kwargs) -> None:
        """One message. Whoever tells us must not suffer from what we make of it."""
        try:
            frame = encode(*told, **more)
        except Exception:
            log.exception("session failed", owner=self.owner)
            self._sender.close(1011, "internal error")
        else:
            self.tell(frame)

    # ---- requests

    def _job(self, frame: bytes) -> Job:
        """What is asked for. Raises: Rejected."""
        try:
            kind = _text(read_members(frame).get("type"))
        except Unreadable as error:
            raise Rejected(Reason.JSON_ERROR, error.word, status=400) from error
        job = self._requests.get(kind or "")
        if job is None:
            if kind in messages.FROM_SERVER:
                raise Rejected(Reason.METHOD_NOT_SUPPORTED, f"{kind} is ours to send", status=400)
            why = "type is required" if kind is None else f"Unknown type {kind}"
            raise Rejected(Reason.INVALID_TYPE, why, status=400)
        if len(self._under_way) >= UNDER_WAY_MAX:
            why = f"More than {UNDER_WAY_MAX} requests are under way"
            raise Rejected(Reason.OTHER, why, status=429)
        return job

    async def _do(self, job: Job, frame: bytes) -> None:
        try:
            await job(frame)
        except Duplicate as error:
            self._refuse(frame, Rejected(Reason.OTHER, error.word, status=400))
        except Unreadable as error:
            self._refuse(frame, Rejected(Reason.JSON_ERROR, error.word, status=400))
        except Rejected as error:
            self._refuse(frame, error)
        except DESK_ERRORS as error:
            words = in_words(error, None, is_question=False)
            if not isinstance(words, Rejected):
                words = Rejected(Reason.OTHER, words.word, status=words.status)
            self._refuse(frame, words)

    async def _place(self, frame: bytes) -> None:
        await entry.place(self._door, self.owner, frame, self._tag, self._presence)

    async def _cancel(self, frame: bytes) -> None:
        asked = self._door.ems.now()
        order = await entry.cancel(self._door, self.owner, frame)
        if order.has_ended and order.history[-1][1] < asked:
            self.order_changed(order)  # it had ended before, so that no update will say so

    async def _cancel_all(self, frame: bytes) -> None:
        answer = await entry.cancel_all(self._door, self.owner, frame)
        if self._wishes.acknowledge:
            self.tell(ENCODER.encode(answer))

    def _refuse(self, frame: bytes, error: Rejected) -> None:
        exchange_id = error.exchange_id
        quoted = frame.decode("utf-8", "replace") if len(frame) <= QUOTED_MAX else UNSET
        self._request.note["why"] = error.why or error.word
        if exchange_id is None:
            try:
                exchange_id = _text(read_members(frame).get("exchange_id"))
            except Unreadable:
                exchange_id = None
        self.tell(
            ENCODER.encode(
                RejectJson(
                    reject_reason=error.reason,
                    exchange_id=exchange_id or UNSET,
                    message=error.word,
                    rejected_message=quoted,
                )
            )
        )

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("session failed", exc_info=error)
            self._sender.close(1011, "internal error")


def _text(raw: Raw | None) -> str | None:
    """A member that is a string."""
    try:
        return None if raw is None else msgspec.json.decode(raw, type=str)
    except msgspec.MsgspecError:
        return None
