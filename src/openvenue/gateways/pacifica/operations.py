"""What a signed body asks for, over HTTP and over the socket alike. Who, what, do, say.

Source: Pacifica, REST "Orders" and "Account", WebSocket "Trading operations".
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from openvenue.engine.commands import AddMargin, SetLeverage
from openvenue.engine.events import (
    CancelRejected,
    LeverageSet,
    MarginMoved,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrdersCanceled,
    Refused,
    TwapEnded,
)
from openvenue.engine.queries import GetOrders
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import AccountId, Atoms, OrderId
from openvenue.gateways.pacifica import codec, errors
from openvenue.gateways.pacifica.batch import Results, batch_orders
from openvenue.gateways.pacifica.desk import Desk, Who
from openvenue.gateways.pacifica.holds import decided
from openvenue.gateways.pacifica.legs import decode_tpsl
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.placing import guards_of, order_of
from openvenue.gateways.pacifica.refusals import refusal
from openvenue.gateways.pacifica.results import Count, Named, Nothing
from openvenue.gateways.pacifica.twaps import cancel_twap_order, create_twap_order

Note = dict[str, str]
Body = dict[str, Any]


Result = Named | Count | Nothing | Results
Operation = Callable[[Desk, Body, Note], Awaitable[Result]]


async def create_order(desk: Desk, body: Body, note: Note) -> Result:
    """A limit order."""
    draft = codec.decode_create(body, desk.profile)
    who = await desk.who(body, "create_order", note, codec.INVALID_ORDER)
    return await _place(desk, draft, who)


async def create_market_order(desk: Desk, body: Body, note: Note) -> Result:
    """A market order; nobody to trade with is a refusal."""
    draft = codec.decode_create_market(body, desk.profile)
    who = await desk.who(body, "create_market_order", note, codec.INVALID_ORDER)
    return await _place(desk, draft, who)


async def create_stop_order(desk: Desk, body: Body, note: Note) -> Result:
    """An order that waits for its price."""
    draft = codec.decode_create_stop(body, desk.profile)
    who = await desk.who(body, "create_stop_order", note, codec.INVALID_ORDER)
    return await _place(desk, draft, who)


async def set_position_tpsl(desk: Desk, body: Body, note: Note) -> Result:
    """What guards a position: one after the other, and the first stays if the second fails."""
    draft = decode_tpsl(body, desk.profile)
    who = await desk.who(body, "set_position_tpsl", note)
    market = desk.market(draft.symbol)
    for index in range(len(draft.legs)):
        command = (await guards_of(desk, draft, who, market))[index]
        outcome = await desk.exchange.submit(command, who.envelope)
        for event in outcome.entry.events:
            if isinstance(event, OrderRejected):
                raise await refusal(desk, event.reason, command, market, who.address)
    return Nothing()


async def edit_order(desk: Desk, body: Body, note: Note) -> Result:
    """A resting order ends, and another one takes its names; it only makes."""
    draft = codec.decode_edit(body)
    who = await desk.who(body, "edit_order", note, codec.INVALID_ORDER)
    market = desk.market(draft.symbol)
    command = codec.replace_order(draft, who.account, market, desk.profile)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, CancelRejected):
            if event.reason is RejectReason.UNKNOWN_ORDER:
                raise errors.refused(errors.EDIT_NOT_FOUND, errors.ORDER_NOT_FOUND)
            code, text = errors.REFUSAL[event.reason]
            raise errors.refused(text.format(symbol=market.symbol), code, why=event.reason.name)
        if isinstance(event, OrderRejected) and event.order is None:
            code, text = errors.REFUSAL[event.reason]
            raise errors.refused(text.partition(":")[0], code, why=event.reason.name)
        if isinstance(event, OrderAccepted | OrderRejected):
            order = event.order
            assert order is not None
            return Named(market.symbol, order.order_id, order.cl_ord_id, is_new=True)
    raise AssertionError("a replacement is answered")


async def cancel_order(desk: Desk, body: Body, note: Note) -> Result:
    """One order that is in the book."""
    draft = codec.decode_cancel(body)
    who = await desk.who(body, "cancel_order", note)
    failure = errors.refused(errors.FAILED_TO_CANCEL, errors.ORDER_NOT_FOUND)
    return await _cancel(desk, draft, who, failure, is_stop=False)


async def cancel_stop_order(desk: Desk, body: Body, note: Note) -> Result:
    """One order that still waits for its price."""
    draft = codec.decode_cancel(body)
    who = await desk.who(body, "cancel_stop_order", note)
    return await _cancel(desk, draft, who, errors.invalid(errors.STOP_NOT_FOUND), is_stop=True)


async def cancel_all_orders(desk: Desk, body: Body, note: Note) -> Result:
    """Everything in scope, stops included, in one step. Nothing to cancel is a success."""
    draft = codec.decode_cancel_all(body)
    who = await desk.who(body, "cancel_all_orders", note)
    symbol = None if draft.symbol is None else desk.market(draft.symbol).symbol
    takes_twaps = desk.profile.cancel_all_takes_twaps
    command = codec.cancel_orders(draft, who.account, symbol, takes_twaps=takes_twaps)
    outcome = await desk.exchange.submit(command, who.envelope)
    twaps = sum(isinstance(event, TwapEnded) for event in outcome.entry.events)
    for event in outcome.entry.events:
        if isinstance(event, OrdersCanceled) and event.account == who.account:
            return Count(len(event.order_ids) + twaps)
        if isinstance(event, Refused) and event.reason is RejectReason.MARKET_MAINTENANCE:
            raise _closed(event.detail)
    raise errors.refused(f"Account not found: {who.address}", errors.ACCOUNT_NOT_FOUND)


async def update_leverage(desk: Desk, body: Body, note: Note) -> Result:
    """How much of an exposure is covered. It is not lowered under an open position."""
    symbol, leverage = codec.decode_leverage(body)
    who = await desk.who(body, "update_leverage", note, "Invalid leverage")
    market = desk.market(symbol)
    if market.is_spot or not 1 <= leverage <= market.max_leverage:
        raise errors.invalid("Invalid leverage", f"1 to {market.max_leverage}")
    view = await desk.account(who.account)
    before = view.leverages.get(market.symbol, market.max_leverage)
    if leverage < before and any(it.symbol == market.symbol for it in view.positions):
        text = f"Cannot decrease leverage with open position.: {leverage}"
        raise errors.refused(text, errors.INVALID_LEVERAGE, "account")
    await _set_leverage(desk, who, market, leverage, is_isolated=market.symbol in view.isolated)
    return Nothing()


async def update_margin_mode(desk: Desk, body: Body, note: Note) -> Result:
    """Whether positions stand on margin of their own; not changed under an open one."""
    symbol, is_isolated = codec.decode_margin(body)
    who = await desk.who(body, "update_margin_mode", note, "Invalid margin mode")
    market = desk.market(symbol)
    if market.is_spot:
        raise errors.invalid("Invalid margin mode", "a spot pair has none")
    if market.facts.isolated_only and not is_isolated:
        raise errors.invalid("Invalid margin mode", "this market is isolated only")
    view = await desk.account(who.account)
    if is_isolated != (market.symbol in view.isolated):
        if any(it.symbol == market.symbol for it in view.positions):
            is_now = "true" if market.symbol in view.isolated else "false"
            text = f"Cannot update margin with open position for {who.address}: isolated {is_now}"
            raise errors.refused(text, errors.CANNOT_UPDATE_MARGIN, "account")
        leverage = view.leverages.get(market.symbol)
        await _set_leverage(desk, who, market, leverage, is_isolated=is_isolated)
    return Nothing()


async def add_isolated_margin(desk: Desk, body: Body, note: Note) -> Result:
    """More margin for an isolated position."""
    symbol, text = codec.decode_add_margin(body)
    who = await desk.who(body, "add_isolated_margin", note)
    market = desk.market(symbol)
    amount = market.money.read(text)
    if not isinstance(amount, int) or amount <= 0:
        raise errors.invalid("Invalid amount", "above 0, in whole millionths")
    command = AddMargin(account=who.account, symbol=market.symbol, amount=Atoms(amount))
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, MarginMoved) and event.account == who.account:
            return Nothing()
        if isinstance(event, Refused):
            raise _refused(event, who)
    raise AssertionError("a command is answered")


async def _set_leverage(
    desk: Desk, who: Who, market: Market, leverage: int | None, *, is_isolated: bool
) -> None:
    command = SetLeverage(
        account=who.account, symbol=market.symbol, leverage=leverage, is_isolated=is_isolated
    )
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, LeverageSet):
            return
        if isinstance(event, Refused):
            raise _refused(event, who)
    raise AssertionError("a command is answered")


def _refused(event: Refused, who: Who) -> errors.Failure:
    code, text = errors.REFUSAL[event.reason]
    if event.reason in (RejectReason.INSUFFICIENT_MARGIN, RejectReason.INSUFFICIENT_FUNDS):
        text = f"Insufficient balance for {who.address}"
    return errors.refused(text, code, "account", event.detail)


async def _place(desk: Desk, draft: codec.OrderDraft, who: Who) -> Result:
    market = desk.market(draft.symbol)
    command = await order_of(desk, draft, who, market)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in await decided(desk.exchange, outcome.entry.events):
        if isinstance(event, OrderAccepted | OrderRejected):
            if isinstance(event, OrderRejected) and event.order is None:
                raise await refusal(desk, event.reason, command, market, who.address)
            order = event.order
            assert order is not None
            return Named(market.symbol, order.order_id, order.cl_ord_id, is_new=True)
    raise AssertionError("an order is answered")


async def _cancel(
    desk: Desk, draft: codec.CancelDraft, who: Who, failure: errors.Failure, *, is_stop: bool
) -> Result:
    """Each path cancels its own kind of order, in the market that it names."""
    market = desk.market(draft.symbol)
    if not await _has_order(desk, draft, who.account, market, is_stop=is_stop):
        raise failure
    command = codec.cancel_order(draft, who.account)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, OrderCanceled) and _is_of(event.order_id, outcome.before, command):
            by_client = draft.client_order_id if draft.order_id is None else None
            return Named(market.symbol, draft.order_id, by_client)
        if isinstance(event, CancelRejected):
            if event.reason is RejectReason.MARKET_MAINTENANCE:
                raise _closed(market.symbol)
    raise failure


def _closed(symbol: str) -> errors.Failure:
    """What lives in a market that is in maintenance stays there."""
    code, text = errors.REFUSAL[RejectReason.MARKET_MAINTENANCE]
    return errors.refused(text.format(symbol=symbol), code)


def _is_of(order_id: OrderId, before: Mapping[OrderId, Any], command: Any) -> bool:
    """Whether a cancel in an outcome is the one that was asked for, and not one that fell due."""
    if command.order_id is not None:
        return bool(order_id == command.order_id)
    view = before.get(order_id)
    return view is not None and bool(view.order.cl_ord_id == command.cl_ord_id)


async def _has_order(
    desk: Desk, draft: codec.CancelDraft, account: AccountId, market: Market, *, is_stop: bool
) -> bool:
    ids = () if draft.order_id is None else (OrderId(draft.order_id),)
    names = () if ids or draft.client_order_id is None else (draft.client_order_id,)
    views = await desk.exchange.look(GetOrders(account, ids, names))
    return any(view.order.symbol == market.symbol and view.is_waiting is is_stop for view in views)


# Over HTTP, by path, and over the socket, by name.
BY_PATH: Final[Mapping[str, tuple[str, Operation]]] = {
    "orders/create": ("create_order", create_order),
    "orders/create_market": ("create_market_order", create_market_order),
    "orders/stop/create": ("create_stop_order", create_stop_order),
    "orders/edit": ("edit_order", edit_order),
    "orders/batch": ("batch_orders", batch_orders),
    "positions/tpsl": ("set_position_tpsl", set_position_tpsl),
    "orders/twap/create": ("create_twap_order", create_twap_order),
    "orders/twap/cancel": ("cancel_twap_order", cancel_twap_order),
    "orders/cancel": ("cancel_order", cancel_order),
    "orders/stop/cancel": ("cancel_stop_order", cancel_stop_order),
    "orders/cancel_all": ("cancel_all_orders", cancel_all_orders),
    "account/leverage": ("update_leverage", update_leverage),
    "account/margin": ("update_margin_mode", update_margin_mode),
    "positions/add_isolated_margin": ("add_isolated_margin", add_isolated_margin),
}
BY_NAME: Final[Mapping[str, Operation]] = {
    "create_order": create_order,
    "create_market_order": create_market_order,
    "cancel_order": cancel_order,
    "cancel_all_orders": cancel_all_orders,
    "edit_order": edit_order,
    "batch_orders": batch_orders,
    "create_twap_order": create_twap_order,
    "cancel_twap_order": cancel_twap_order,
}
CANCELS: Final = ("cancel_order", "cancel_stop_order", "cancel_all_orders", "cancel_twap_order")
