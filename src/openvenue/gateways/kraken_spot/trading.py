"""Orders and cancels on the socket: handed over with `post`, answered by a plain call.

Source: Kraken Spot WebSocket v2, "Add order", "Cancel order", "Cancel all", "Cancel all orders
after".
"""

import asyncio
import json
from functools import partial
from typing import Final

import structlog
from msgspec import Raw

from openvenue.engine.commands import CancelOrder, CancelOrders, PlaceOrder, SetDeadMansSwitch
from openvenue.engine.events import (
    CancelRejected,
    OrderCanceled,
    OrdersCanceled,
    Refused,
)
from openvenue.engine.units import AccountId, Nanos, OrderId
from openvenue.exchange.port import Outcome
from openvenue.gateways.kraken_spot import errors, frames
from openvenue.gateways.kraken_spot.answers import answer_to_order
from openvenue.gateways.kraken_spot.auth import Token
from openvenue.gateways.kraken_spot.conversation import CLOSE, LEAST_DEADLINE, MODIFY, Conversation
from openvenue.gateways.kraken_spot.decode import Asked, decode_timeout, read_deadline
from openvenue.gateways.kraken_spot.decode_ws import read_terms
from openvenue.gateways.kraken_spot.desk import NAME, Desk
from openvenue.gateways.kraken_spot.ids import order_text, read_order
from openvenue.gateways.kraken_spot.private import mass_count, switch_times, why_not_canceled
from openvenue.gateways.kraken_spot.replies import success
from openvenue.gateways.kraken_spot.terms import build_order
from openvenue.gateways.kraken_spot.ws_changes import Changes
from openvenue.gateways.wire import WireError
from openvenue.history.port import HistoryUnavailable
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)

NAMES_MAX: Final = 1_000  # of one cancel_order


class Trading:
    """The order methods of one session."""

    def __init__(self, desk: Desk, session: Conversation) -> None:
        self._desk = desk
        self._session = session
        self._envelopes: dict[str, Envelope] = {}  # by key
        self._looks: set[asyncio.Task[None]] = set()
        self.changes: Final = Changes(desk, session, self._envelope)

    def close(self) -> None:
        """The client has left."""
        self.changes.close()
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
        exchange = self._desk.exchange
        when = Asked(account, exchange.now(), exchange.offset)
        deadline = None
        if asked.deadline is not None:
            deadline = read_deadline(asked.deadline, when, LEAST_DEADLINE)
        terms, market, warnings = read_terms(asked, quantity, limit, when, self._desk.listing)
        terms.deadline = deadline
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
        order, reason = answer_to_order(outcome.entry.events)
        if order is None:
            assert reason is not None, "what has no name was refused"
            self._session.refuse("add_order", req_id, errors.REFUSED[reason], received)
        else:  # one that is over already is acknowledged: executions tell the rest
            name = order_text(order.order_id)
            self._say_added(name, command, warnings, req_id, received)

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
