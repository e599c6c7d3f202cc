"""POST /orders/batch: up to ten signed bodies in one request, with nobody between them.

Every signature is checked before anything happens; then all that can become commands are one entry
of the journal, each deciding for itself.
Source: Pacifica, "Batch order", WebSocket "Batch orders".
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from openvenue.engine.commands import Batch, CancelOrder, PlaceOrder, ReplaceOrder
from openvenue.engine.events import (
    CancelRejected,
    Event,
    HoldsCanceled,
    MemberDecided,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
)
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import Symbol
from openvenue.gateways.pacifica import codec, errors
from openvenue.gateways.pacifica.desk import Desk, Who
from openvenue.gateways.pacifica.holds import decided
from openvenue.gateways.pacifica.legs import TpslDraft, decode_tpsl
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.placing import guards_of, order_of, why_no_guard
from openvenue.gateways.pacifica.refusals import refusal

MOST: Final = 10
MALFORMED: Final = "Invalid batch operation parameters"
Body = dict[str, Any]
Command = PlaceOrder | CancelOrder | ReplaceOrder


class Action(Struct, frozen=True):
    """One signed body of a batch, not yet looked at in its market."""

    draft: codec.OrderDraft | codec.CancelDraft | codec.EditDraft | TpslDraft
    who: Who


class Row(Struct):
    """What became of one action."""

    success: bool
    order_id: int | None = None
    client_order_id: str | None = None
    symbol: str | None = None
    error: str | None = None


class Results(Struct, frozen=True):
    """What became of all of them, in their order."""

    rows: list[Row]

    def for_rest(self) -> Mapping[str, object]:
        """`data` over HTTP."""
        return {
            "results": [
                {"success": it.success, "order_id": it.order_id, "error": it.error}
                for it in self.rows
            ]
        }

    def for_socket(self) -> Mapping[str, object]:
        """`data` over the socket."""
        return {
            "results": [
                {
                    "success": it.success,
                    "order_id": it.order_id,
                    "client_order_id": it.client_order_id,
                    "symbol": it.symbol,
                    "error": it.error,
                }
                for it in self.rows
            ]
        }


Reader = Callable[[Desk, Body, dict[str, str]], Awaitable[Action]]


async def batch_orders(desk: Desk, body: Body, note: dict[str, str]) -> Results:
    """Answers in the order of the actions."""
    actions = [await _read(desk, it, note) for it in _entries(body)]
    accounts = {it.who.account for it in actions}
    if len(accounts) != 1:
        raise errors.invalid(MALFORMED, "one batch is of one account")
    plans: list[list[Command] | errors.Failure] = []
    for action in actions:
        try:
            plans.append(await _commands(desk, action, _placed(plans)))
        except errors.Failure as failure:
            plans.append(failure)
    commands = tuple(
        command for it in plans if not isinstance(it, errors.Failure) for command in it
    )
    shares: list[list[Event]] = []
    if commands:
        who = actions[0].who
        outcome = await desk.exchange.submit(
            Batch(account=who.account, members=commands), who.envelope
        )
        for event in outcome.entry.events:
            if isinstance(event, MemberDecided):
                shares.append([])
            elif shares:
                shares[-1].append(event)
    remaining = iter(shares)
    rows = []
    for action, plan in zip(actions, plans, strict=True):
        if isinstance(plan, errors.Failure):
            rows.append(Row(False, symbol=action.draft.symbol, error=plan.word))
            continue
        told = []
        for command in plan:
            events = await decided(desk.exchange, next(remaining))
            told.append(await _row(desk, action, command, events))
        row = next((it for it in told if not it.success), told[0])
        if row.success and isinstance(action.draft, TpslDraft):
            row.order_id = row.client_order_id = None  # alone it tells no ids either
        rows.append(row)
    return Results(rows)


def _placed(plans: list[list[Command] | errors.Failure]) -> dict[Symbol, int]:
    """What the orders before an action could make of a position, in signed lots."""
    lots: dict[Symbol, int] = {}
    for plan in plans:
        for it in () if isinstance(plan, errors.Failure) else plan:
            if isinstance(it, PlaceOrder) and it.trigger is None:
                lots[it.symbol] = lots.get(it.symbol, 0) + it.side * it.quantity
    return lots


def _entries(body: Body) -> list[Body]:
    """The actions of a batch. Raises: Failure: none, too many, or not what they must be."""
    actions = body.get("actions")
    if not isinstance(actions, list) or not 0 < len(actions) <= MOST:
        raise errors.invalid(MALFORMED, f"1 to {MOST} actions")
    for it in actions:
        is_one = isinstance(it, dict) and isinstance(it.get("data"), dict)
        if not is_one or it.get("type") not in READERS:
            raise errors.invalid(MALFORMED, "an action is a type and its data")
    return actions


async def _read(desk: Desk, entry: Body, note: dict[str, str]) -> Action:
    return await READERS[entry["type"]](desk, entry["data"], note)


async def _create(desk: Desk, body: Body, note: dict[str, str]) -> Action:
    draft = codec.decode_create(body, desk.profile)
    return Action(draft, await desk.who(body, "create_order", note, codec.INVALID_ORDER))


async def _create_market(desk: Desk, body: Body, note: dict[str, str]) -> Action:
    draft = codec.decode_create_market(body, desk.profile)
    return Action(draft, await desk.who(body, "create_market_order", note, codec.INVALID_ORDER))


async def _cancel(desk: Desk, body: Body, note: dict[str, str]) -> Action:
    return Action(codec.decode_cancel(body), await desk.who(body, "cancel_order", note))


async def _cancel_stop(desk: Desk, body: Body, note: dict[str, str]) -> Action:
    return Action(codec.decode_cancel(body), await desk.who(body, "cancel_stop_order", note))


async def _edit(desk: Desk, body: Body, note: dict[str, str]) -> Action:
    draft = codec.decode_edit(body)
    return Action(draft, await desk.who(body, "edit_order", note, codec.INVALID_ORDER))


async def _guard(desk: Desk, body: Body, note: dict[str, str]) -> Action:
    draft = decode_tpsl(body, desk.profile)
    return Action(draft, await desk.who(body, "set_position_tpsl", note))


READERS: Final[Mapping[str, Reader]] = {
    "Create": _create,
    "CreateMarket": _create_market,
    "Cancel": _cancel,
    "CancelStopOrder": _cancel_stop,
    "Edit": _edit,
    "SetPositionTpsl": _guard,
}


async def _commands(desk: Desk, action: Action, placed: dict[Symbol, int]) -> list[Command]:
    """Raises: Failure: it cannot become a command."""
    draft, who = action.draft, action.who
    market = desk.market(draft.symbol)
    if isinstance(draft, codec.OrderDraft):
        return [await order_of(desk, draft, who, market)]
    if isinstance(draft, codec.EditDraft):
        return [codec.replace_order(draft, who.account, market, desk.profile)]
    if isinstance(draft, TpslDraft):
        return [*await guards_of(desk, draft, who, market, placed.get(market.symbol, 0))]
    return [codec.cancel_order(draft, who.account)]


async def _row(desk: Desk, action: Action, command: Command, events: Sequence[Event]) -> Row:
    market = desk.market(action.draft.symbol)
    for event in events:
        if isinstance(event, OrderAccepted) or (
            isinstance(event, OrderRejected) and event.order is not None
        ):
            order = event.order
            assert order is not None
            return Row(True, order.order_id, order.cl_ord_id, market.symbol)
        if isinstance(event, OrderRejected):
            text = await _refusal(desk, event, command, market, action.who)
            return Row(False, symbol=market.symbol, error=text)
        if isinstance(event, CancelRejected):
            is_edit = isinstance(command, ReplaceOrder)
            text = errors.EDIT_NOT_FOUND if is_edit else errors.FAILED_TO_CANCEL
            if event.reason is RejectReason.MARKET_MAINTENANCE:
                text = errors.REFUSAL[event.reason][1].format(symbol=market.symbol)
            return Row(False, symbol=market.symbol, error=text)
        if isinstance(event, OrderCanceled | HoldsCanceled) and isinstance(command, CancelOrder):
            draft = action.draft
            assert isinstance(draft, codec.CancelDraft)
            name = draft.client_order_id if draft.order_id is None else None
            return Row(True, draft.order_id, name, market.symbol)
    raise AssertionError("a member is answered")


async def _refusal(
    desk: Desk, event: OrderRejected, command: Command, market: Market, who: Who
) -> str:
    if isinstance(command, PlaceOrder):
        if command.extras is not None and command.extras.guards:
            if event.reason is RejectReason.WOULD_NOT_REDUCE:
                return (await why_no_guard(desk, who, market)).word
        return (await refusal(desk, event.reason, command, market, who.address)).word
    return errors.REFUSAL[event.reason][1].partition(":")[0]
