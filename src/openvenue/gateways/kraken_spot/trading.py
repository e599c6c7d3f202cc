"""Orders and cancels on the socket: handed over with `post`, answered by a plain call.

Source: Kraken Spot WebSocket v2, "Add order", "Cancel order", "Cancel all", "Cancel all orders
after".
"""

import asyncio
import json
from functools import partial
from typing import Final, Protocol

import structlog
from msgspec import Raw

from openvenue.engine.commands import CancelOrder, CancelOrders, PlaceOrder, SetDeadMansSwitch
from openvenue.engine.events import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrdersCanceled,
    Refused,
)
from openvenue.engine.units import SECOND, AccountId, Nanos, OrderId
from openvenue.exchange.port import Outcome
from openvenue.gateways.kraken_spot import errors, frames
from openvenue.gateways.kraken_spot.auth import Permission, Token
from openvenue.gateways.kraken_spot.decode import (
    TRIGGERS,
    Asked,
    Terms,
    build_order,
    decode_timeout,
    read_deadline,
    read_moment_text,
)
from openvenue.gateways.kraken_spot.desk import NAME, Desk
from openvenue.gateways.kraken_spot.ids import order_text, read_order
from openvenue.gateways.kraken_spot.private import mass_count, switch_times, why_not_canceled
from openvenue.gateways.kraken_spot.replies import success
from openvenue.gateways.wire import WireError
from openvenue.history.port import HistoryUnavailable
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)

LEAST_DEADLINE: Final = SECOND // 2
NAMES_MAX: Final = 1_000  # of one cancel_order
MODIFY: Final[Permission] = "modify-trades"
CLOSE: Final[Permission] = "close-trades"


class Conversation(Protocol):
    """The session, as this part of it sees it."""

    def send(self, frame: bytes) -> None:
        """An answer."""

    def refuse(self, method: str, req_id: bytes, word: str, received: Nanos) -> None:
        """An answer that says no."""

    def token(self, text: str | None, received: Nanos, *needed: Permission) -> Token:
        """Who asks. Raises: WireError."""


class Trading:
    """The order methods of one session."""

    def __init__(self, desk: Desk, session: Conversation) -> None:
        self._desk = desk
        self._session = session
        self._envelopes: dict[str, Envelope] = {}  # by key
        self._looks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """The client has left."""
        for task in self._looks:
            task.cancel()

    # ---- add_order

    def add_order(self, params: Raw, req_id: bytes, received: Nanos) -> None:
        """Check, hand over. Raises: WireError."""
        asked = frames.read(params, frames.READ_ADD_ORDER, frames.ADD_ORDER, "add_order")
        # What is of a wrong type is said before anything else, and numbers are only looked at here.
        quantity = frames.digits(asked.order_qty, "order_qty")
        limit = frames.digits(asked.limit_price, "limit_price")
        token = self._session.token(asked.token, received, MODIFY)
        command, warnings = self._decode(asked, quantity, limit, token.record.account)
        if asked.validate:
            order_id = "" if self._desk.profile.validated_order_id else None
            self._say_added(order_id, command, warnings, req_id, received)
            return
        self._desk.exchange.post(
            command,
            self._envelope(token),
            partial(self._added, command, warnings, req_id, received),
        )

    def later(self, params: Raw, received: Nanos) -> None:
        """A method that is not served yet, once it is known who asks. Raises: WireError."""
        text: str | None = None
        try:
            found = frames.OBJECT.decode(bytes(params) or b"{}")
            if "token" in found:
                text = frames.METHOD.decode(found["token"])
        except ValueError:
            raise WireError(errors.UNSUPPORTED_EVENT) from None
        self._session.token(text, received, MODIFY, CLOSE)
        raise WireError(errors.LATER)

    def _decode(
        self, asked: frames.AddOrder, quantity: str | None, limit: str | None, account: AccountId
    ) -> tuple[PlaceOrder, tuple[str, ...]]:
        kind = needed(asked.order_type, "Order_type")
        side = needed(asked.side, "Side")
        symbol = needed(asked.symbol, "Symbol")
        market = self._desk.listing.symbol(symbol)
        if market is None:
            raise WireError(why_no_market(symbol))
        if (
            asked.cash_order_qty is not frames.NONE
            or asked.display_qty is not frames.NONE
            or asked.conditional is not frames.NONE
            or asked.sender_sub_id is not None
            or asked.limit_price_type != "static"
        ):
            raise WireError(errors.LATER)
        if asked.margin:
            raise WireError(errors.NO_MARGIN)
        if asked.reduce_only:
            raise WireError(errors.NO_REDUCING)
        if quantity is None:
            raise WireError("Order_qty(s) not found")
        trigger, signal, warnings = read_triggers(asked)
        if limit is None and kind.endswith("limit"):
            raise WireError("Limit_price(s) not found")
        if trigger is None and TRIGGERS.get(kind) is not None:
            raise WireError("Stop_price(s) not found")
        exchange = self._desk.exchange
        when = Asked(account, exchange.now(), exchange.offset)
        deadline = None
        if asked.deadline is not None:
            deadline = read_deadline(asked.deadline, when, LEAST_DEADLINE)
        terms = Terms(
            kind=kind,
            side=side,
            quantity=quantity,
            limit=limit,
            trigger=trigger,
            signal=signal,
            time_in_force=asked.time_in_force,
            post_only=asked.post_only,
            self_trade=asked.stp_type,
            cl_ord_id=asked.cl_ord_id,
            user_ref=frames.integer(asked.order_userref, "order_userref"),
            deadline=deadline,
            expires=read_moment_text(asked.expire_time, when, "expire_time"),
            starts=read_moment_text(asked.effective_time, when, "effective_time"),
        )
        return build_order(terms, market, account, self._desk.profile), warnings

    def _added(
        self,
        command: PlaceOrder,
        warnings: tuple[str, ...],
        req_id: bytes,
        received: Nanos,
        outcome: Outcome | None,
    ) -> None:
        if outcome is None:
            self._session.refuse("add_order", req_id, errors.UNAVAILABLE, received)
            return
        for event in outcome.entry.events:
            if isinstance(event, OrderAccepted):
                name = order_text(event.order.order_id)
                self._say_added(name, command, warnings, req_id, received)
                return
            if isinstance(event, OrderRejected):
                if event.order is None:
                    word = errors.REFUSED[event.reason]
                    self._session.refuse("add_order", req_id, word, received)
                else:  # acknowledged, and over: executions tell the rest
                    name = order_text(event.order.order_id)
                    self._say_added(name, command, warnings, req_id, received)
                return

    def _say_added(
        self,
        order_id: str | None,
        command: PlaceOrder,
        warnings: tuple[str, ...],
        req_id: bytes,
        received: Nanos,
    ) -> None:
        parts = []
        if command.cl_ord_id is not None:
            parts.append(f'"cl_ord_id":{json.dumps(command.cl_ord_id)}')
        if order_id is not None:
            parts.append(f'"order_id":"{order_id}"')
        if command.user_ref is not None:
            parts.append(f'"order_userref":{command.user_ref}')
        if warnings:
            parts.append(f'"warnings":{json.dumps(warnings)}')
        result = f"{{{','.join(parts)}}}".encode()
        self._say("add_order", req_id, result, received)

    # ---- cancels

    def cancel_order(self, params: Raw, req_id: bytes, received: Nanos) -> None:
        """Each name is a cancel of its own, and has an answer of its own. Raises: WireError."""
        asked = frames.read(params, frames.READ_CANCEL_ORDER, frames.CANCEL_ORDER, "cancel_order")
        token = self._session.token(asked.token, received, MODIFY, CLOSE)
        account, envelope = token.record.account, self._envelope(token)
        count = len(asked.order_id) + len(asked.cl_ord_id) + len(asked.order_userref)
        if not 0 < count <= NAMES_MAX:
            raise errors.invalid("order_id", "no names, or too many")
        post = self._desk.exchange.post
        for text in asked.order_id:
            order_id = read_order(text)
            if order_id is None:  # a name that was never given out
                self._session.refuse("cancel_order", req_id, errors.INVALID_ORDER, received)
                continue
            post(
                CancelOrder(account=account, order_id=order_id),
                envelope,
                partial(self._canceled, account, order_id, "order_id", text, req_id, received),
            )
        for text in asked.cl_ord_id:
            post(
                CancelOrder(account=account, cl_ord_id=text),
                envelope,
                partial(self._canceled, account, None, "cl_ord_id", text, req_id, received),
            )
        for user_ref in asked.order_userref:
            post(
                CancelOrders(account=account, user_ref=user_ref),
                envelope,
                partial(self._canceled_many, req_id, received),
            )

    def _canceled(
        self,
        account: AccountId,
        order_id: OrderId | None,
        kind: str,
        name: str,
        req_id: bytes,
        received: Nanos,
        outcome: Outcome | None,
    ) -> None:
        if outcome is None:
            self._session.refuse("cancel_order", req_id, errors.UNAVAILABLE, received)
            return
        for event in reversed(outcome.entry.events):  # what fell due meanwhile comes first
            if isinstance(event, OrderCanceled):
                result = f'{{"{kind}":{json.dumps(name)}}}'.encode()
                self._say("cancel_order", req_id, result, received)
                return
            if isinstance(event, CancelRejected):
                if order_id is None:
                    word = errors.REFUSED[event.reason]
                    self._session.refuse("cancel_order", req_id, word, received)
                else:
                    look = self._not_canceled(account, order_id, event, req_id, received)
                    task = asyncio.get_running_loop().create_task(look)
                    self._looks.add(task)
                    task.add_done_callback(self._looked)
                return

    async def _not_canceled(
        self,
        account: AccountId,
        order_id: OrderId,
        event: CancelRejected,
        req_id: bytes,
        received: Nanos,
    ) -> None:
        """Whether the order ever was is a question about the past."""
        try:
            word = await why_not_canceled(self._desk, account, order_id, event.reason)
        except HistoryUnavailable:
            word = errors.UNKNOWN_ORDER
        self._session.refuse("cancel_order", req_id, word, received)

    def _looked(self, task: "asyncio.Task[None]") -> None:
        self._looks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a cancel could not be answered", exc_info=error)

    def _canceled_many(self, req_id: bytes, received: Nanos, outcome: Outcome | None) -> None:
        """By user reference: one answer for each order that carried it."""
        if outcome is None:
            self._session.refuse("cancel_order", req_id, errors.UNAVAILABLE, received)
            return
        event = outcome.entry.events[-1]
        if isinstance(event, Refused):
            word = errors.REFUSED[event.reason]
            self._session.refuse("cancel_order", req_id, word, received)
            return
        if not isinstance(event, OrdersCanceled) or not event.order_ids:
            self._session.refuse("cancel_order", req_id, errors.UNKNOWN_ORDER, received)
            return
        for order_id in event.order_ids:
            result = f'{{"order_id":"{order_text(order_id)}"}}'.encode()
            self._say("cancel_order", req_id, result, received)

    def cancel_all(self, params: Raw, req_id: bytes, received: Nanos) -> None:
        """Everything of the account, on every pair, waiting or not. Raises: WireError."""
        asked = frames.read(params, frames.READ_CANCEL_ALL, frames.CANCEL_ALL, "cancel_all")
        token = self._session.token(asked.token, received, MODIFY, CLOSE)
        self._desk.exchange.post(
            CancelOrders(account=token.record.account),
            self._envelope(token),
            partial(self._all_canceled, req_id, received),
        )

    def _all_canceled(self, req_id: bytes, received: Nanos, outcome: Outcome | None) -> None:
        if outcome is None:
            self._session.refuse("cancel_all", req_id, errors.UNAVAILABLE, received)
            return
        try:
            result = b'{"count":%d}' % mass_count(outcome.entry.events)
        except WireError as error:
            self._session.refuse("cancel_all", req_id, error.word, received)
            return
        self._say("cancel_all", req_id, result, received)

    def cancel_all_orders_after(self, params: Raw, req_id: bytes, received: Nanos) -> None:
        """The dead man's switch. Raises: WireError."""
        method = "cancel_all_orders_after"
        asked = frames.read(params, frames.READ_CANCEL_ALL_AFTER, frames.CANCEL_ALL_AFTER, method)
        token = self._session.token(asked.token, received, MODIFY, CLOSE)
        if asked.timeout is None:
            raise WireError("Timeout(s) not found")
        command: SetDeadMansSwitch = decode_timeout(str(asked.timeout), token.record.account)
        self._desk.exchange.post(
            command, self._envelope(token), partial(self._switched, req_id, received)
        )

    def _switched(self, req_id: bytes, received: Nanos, outcome: Outcome | None) -> None:
        method = "cancel_all_orders_after"
        if outcome is None:
            self._session.refuse(method, req_id, errors.UNAVAILABLE, received)
            return
        try:
            current, trigger = switch_times(outcome.entry.events, outcome.entry.time)
        except WireError as error:
            self._session.refuse(method, req_id, error.word, received)
            return
        result = f'{{"currentTime":"{current}","triggerTime":"{trigger}"}}'.encode()
        self._say(method, req_id, result, received)

    # ---- within

    def _say(self, method: str, req_id: bytes, result: bytes, received: Nanos) -> None:
        self._session.send(success(method, req_id, result, received, self._desk.clock.wall()))

    def _envelope(self, token: Token) -> Envelope:
        key = token.record.api_key
        envelope = self._envelopes.get(key)
        if envelope is None:
            envelope = self._envelopes[key] = Envelope(NAME, key)
        return envelope


def needed(value: str | None, name: str) -> str:
    """What has to be there. Raises: WireError: it is not."""
    if value is None:
        raise WireError(f"{name}(s) not found")
    return value


def why_no_market(symbol: str) -> str:
    """The words for a symbol that is not listed."""
    if "/" not in symbol:
        return f"Currency pair not in ISO 4217-A3 format {symbol[:100]}"
    return f"Currency pair not supported {symbol[:100]}"


def read_triggers(asked: frames.AddOrder) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Price and signal of a trigger, and what is said about deprecated members. Raises: WireError.

    Source: Kraken Spot WebSocket v2, "Add order", the warnings seen on subscriptions.
    """
    price = signal = None
    if asked.triggers is not None:
        if asked.triggers.price_type != "static":
            raise WireError(errors.LATER, why="relative triggers are not served")
        price = frames.digits(asked.triggers.price, "price")
        signal = asked.triggers.reference
    if asked.stop_price is frames.NONE and asked.trigger is None and asked.no_mpp is None:
        return price, signal, ()
    warnings = []
    old = frames.digits(asked.stop_price, "stop_price")
    if old is not None:
        price = old if price is None else price
        warnings.append("stop_price is deprecated, use triggers.price")
    if asked.trigger is not None:
        signal = asked.trigger if signal is None else signal
        warnings.append("trigger is deprecated use triggers.reference")
    if asked.no_mpp is not None:
        warnings.append("no_mpp is deprecated")
    return price, signal, tuple(warnings)
