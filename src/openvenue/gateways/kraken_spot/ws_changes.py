"""Changes of orders, and several orders at once, on the socket.

What has to know an order before it can be changed is a task of its own: changes and cancels of one
order that nobody waited for may be done in either order, as the service has it.
Source: Kraken Spot WebSocket v2, "Amend order", "Batch add", "Batch cancel".
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

import structlog
from msgspec import Raw

from openvenue.engine.commands import Batch, PlaceOrder
from openvenue.engine.units import AccountId, Nanos
from openvenue.exchange.port import Outcome, VenueStopped
from openvenue.gateways.kraken_spot import errors, frames
from openvenue.gateways.kraken_spot.answers import (
    answer_to_amend,
    answer_to_order,
    answers_to_batch,
)
from openvenue.gateways.kraken_spot.auth import Token
from openvenue.gateways.kraken_spot.changes import BATCH, cancel_many, decode_amend
from openvenue.gateways.kraken_spot.conversation import CLOSE, LEAST_DEADLINE, MODIFY, Conversation
from openvenue.gateways.kraken_spot.decode import Asked, read_deadline
from openvenue.gateways.kraken_spot.decode_amend import AmendTerms
from openvenue.gateways.kraken_spot.decode_ws import find_market, needed, read_terms
from openvenue.gateways.kraken_spot.desk import Desk
from openvenue.gateways.kraken_spot.ids import amend_text, order_text
from openvenue.gateways.kraken_spot.prices import relative_text
from openvenue.gateways.kraken_spot.replies import success
from openvenue.gateways.kraken_spot.terms import build_order
from openvenue.gateways.wire import WireError
from openvenue.history.port import HistoryUnavailable
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)

LEAST_NAMES: Final = 2  # of a batch of cancels


class Changes:
    """The methods of one session that change orders, or are about several."""

    def __init__(
        self, desk: Desk, session: Conversation, envelope: Callable[[Token], Envelope]
    ) -> None:
        self._desk = desk
        self._session = session
        self._envelope = envelope
        self._jobs: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """The client has left."""
        for task in self._jobs:
            task.cancel()

    def amend_order(self, params: Raw, req_id: bytes, received: Nanos) -> None:
        """Check, look the order up, hand over. Raises: WireError."""
        asked = frames.read(params, frames.READ_AMEND_ORDER, frames.AMEND_ORDER, "amend_order")
        trigger = frames.digits(asked.trigger_price, "trigger_price")
        if trigger is not None:
            trigger = relative_text(trigger, asked.trigger_price_type, "trigger_price_type")
        terms = AmendTerms(
            quantity=frames.digits(asked.order_qty, "order_qty"),
            display=frames.digits(asked.display_qty, "display_qty"),
            limit=frames.digits(asked.limit_price, "limit_price"),
            trigger=trigger,
            post_only=asked.post_only,
        )
        if asked.limit_price_type != "static":
            raise errors.invalid("limit_price_type", asked.limit_price_type[:100])
        token = self._session.token(asked.token, received, MODIFY, CLOSE)
        when = self._asked(token.record.account)
        terms.deadline = read_deadline(asked.deadline, when, LEAST_DEADLINE)
        job = self._amend(asked, terms, token, req_id, received)
        self._begin("amend_order", job, req_id, received)

    async def _amend(
        self,
        asked: frames.AmendOrder,
        terms: AmendTerms,
        token: Token,
        req_id: bytes,
        received: Nanos,
    ) -> None:
        account = token.record.account
        command = await decode_amend(self._desk, account, asked.order_id, asked.cl_ord_id, terms)
        outcome = await self._desk.exchange.submit(command, self._envelope(token))
        reason = answer_to_amend(outcome.entry.events)
        if reason is not None:
            raise WireError(errors.REFUSED[reason], why=reason.name)
        kind = "cl_ord_id" if asked.order_id is None else "order_id"
        name = json.dumps(asked.cl_ord_id if asked.order_id is None else asked.order_id)
        result = f'{{"amend_id":"{amend_text(outcome.entry.seq)}","{kind}":{name}}}'
        self._say("amend_order", req_id, result, received)

    def batch_add(self, params: Raw, req_id: bytes, received: Nanos) -> None:
        """Several orders of one pair: one that is wrong refuses all. Raises: WireError."""
        method = "batch_add"
        asked = frames.read(params, frames.READ_BATCH_ADD, frames.BATCH_ADD, method)
        orders = [
            frames.read(it, frames.READ_ADD_ORDER, frames.ADD_ORDER, method) for it in asked.orders
        ]
        token = self._session.token(asked.token, received, MODIFY)
        account = token.record.account
        symbol = needed(asked.symbol, "Symbol")
        find_market(symbol, self._desk.listing)
        if len(orders) not in BATCH:
            raise errors.invalid("orders", "two to fifteen")
        when = self._asked(account)
        deadline = read_deadline(asked.deadline, when, LEAST_DEADLINE)
        commands = []
        for order in orders:
            quantity = frames.digits(order.order_qty, "order_qty")
            limit = frames.digits(order.limit_price, "limit_price")
            terms, market, _ = read_terms(order, quantity, limit, when, self._desk.listing, symbol)
            terms.deadline = deadline
            commands.append(build_order(terms, market, account, self._desk.profile))
        if asked.validate:
            told = [_leg(command, "") for command in commands]
            self._say(method, req_id, f"[{','.join(told)}]", received)
            return
        self._desk.exchange.post(
            Batch(account=account, members=tuple(commands)),
            self._envelope(token),
            partial(self._added, commands, req_id, received),
        )

    def _added(
        self,
        commands: list[PlaceOrder],
        req_id: bytes,
        received: Nanos,
        outcome: Outcome | None,
    ) -> None:
        if outcome is None:
            self._session.refuse("batch_add", req_id, errors.UNAVAILABLE, received)
            return
        told = []
        answers = answers_to_batch(outcome.entry.events, len(commands))
        for command, events in zip(commands, answers, strict=True):
            order, reason = answer_to_order(events)
            if order is not None:
                told.append(_leg(command, order_text(order.order_id)))
            else:
                assert reason is not None, "what has no name was refused"
                told.append(_leg(command, None, errors.REFUSED[reason]))
        self._say("batch_add", req_id, f"[{','.join(told)}]", received)

    def batch_cancel(self, params: Raw, req_id: bytes, received: Nanos) -> None:
        """Several names, one answer. Raises: WireError."""
        method = "batch_cancel"
        asked = frames.read(params, frames.READ_BATCH_CANCEL, frames.BATCH_CANCEL, method)
        token = self._session.token(asked.token, received, MODIFY, CLOSE)
        if len(asked.orders) + len(asked.cl_ord_id) < LEAST_NAMES:
            raise errors.invalid("orders", "fewer than two")
        self._begin(method, self._cancel(asked, token, req_id, received), req_id, received)

    async def _cancel(
        self, asked: frames.BatchCancel, token: Token, req_id: bytes, received: Nanos
    ) -> None:
        count = await cancel_many(
            self._desk,
            token.record.account,
            self._envelope(token),
            asked.orders,
            asked.cl_ord_id,
        )
        # Pages and recordings have it in two places: whoever reads one of them finds it.
        frame = success(
            "batch_cancel", req_id, b'{"count":%d}' % count, received, self._desk.clock.wall()
        )
        method = b'"method":"batch_cancel",'
        self._session.send(frame.replace(method, method + b'"orders_cancelled":%d,' % count, 1))

    # ---- within

    def _asked(self, account: AccountId) -> Asked:
        exchange = self._desk.exchange
        return Asked(account, exchange.now(), exchange.offset)

    def _say(self, method: str, req_id: bytes, result: str, received: Nanos) -> None:
        now = self._desk.clock.wall()
        self._session.send(success(method, req_id, result.encode(), received, now))

    def _begin(
        self, method: str, job: Coroutine[Any, Any, None], req_id: bytes, received: Nanos
    ) -> None:
        task = asyncio.get_running_loop().create_task(self._run(method, job, req_id, received))
        self._jobs.add(task)
        task.add_done_callback(self._done)

    async def _run(
        self, method: str, job: Coroutine[Any, Any, None], req_id: bytes, received: Nanos
    ) -> None:
        try:
            await job
        except WireError as error:
            self._session.refuse(method, req_id, error.word, received)
        except (VenueStopped, HistoryUnavailable):
            self._session.refuse(method, req_id, errors.UNAVAILABLE, received)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._jobs.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a change could not be answered", exc_info=error)


def _leg(command: PlaceOrder, order_id: str | None, error: str | None = None) -> str:
    """What is said about one order of a batch."""
    parts = []
    if command.cl_ord_id is not None:
        parts.append(f'"cl_ord_id":{json.dumps(command.cl_ord_id)}')
    if error is not None:
        parts.append(f'"error":{json.dumps(error)}')
    if order_id is not None:
        parts.append(f'"order_id":"{order_id}"')
    if command.user_ref is not None:
        parts.append(f'"order_userref":{command.user_ref}')
    if error is not None:
        parts.append('"success":false')
    return f"{{{','.join(parts)}}}"
