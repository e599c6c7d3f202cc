"""AmendOrder: a live order with another size, limit or trigger price.

Only a smaller size at the same price keeps its place; everything else goes to the back of its
level, and may trade on the way.
Source: Kraken Futures REST, "Edit order"; Kraken Spot WebSocket v2, "Amend order".
"""

from msgspec.structs import replace

from openvenue.engine.book import Live
from openvenue.engine.commands import AmendOrder
from openvenue.engine.events import AmendRejected, Event, OrderAmended, OrderCanceled
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import Order, Trigger, hidden_of
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.rules.cancel_order import find_order
from openvenue.engine.rules.execution import (
    execute,
    plan_for,
    reducible_quantity,
    why_plan_refused,
)
from openvenue.engine.rules.iceberg import hidden_in_place, why_display_refused
from openvenue.engine.rules.place_order import CLOSED, why_off_bounds, why_position_too_large
from openvenue.engine.state import State
from openvenue.engine.trailing import is_behind, trail_price, why_offset_refuses
from openvenue.engine.units import Lots


def amend_order(state: State, command: AmendOrder) -> list[Event]:
    """OrderAmended and what follows, or AmendRejected and the order as it was."""
    if not state.intake_open:
        return [_rejected(command, RejectReason.LOW_DISK)]
    if command.deadline is not None and state.now > command.deadline:
        return [_rejected(command, RejectReason.PAST_DEADLINE)]
    live = find_order(state, command.account, command.order_id, command.cl_ord_id)
    if live is None:
        return [_rejected(command, RejectReason.UNKNOWN_ORDER)]
    if not live.account.is_trading_enabled:
        return [_rejected(command, RejectReason.TRADING_DISABLED)]
    reason = CLOSED.get(live.market.mode)
    if reason is not None:
        return [_rejected(command, reason)]
    if live.closes:
        return [_rejected(command, RejectReason.HAS_CLOSE)]
    leaves = _new_leaves(command, live)
    if leaves <= 0 and command.may_end:
        return [
            OrderCanceled(
                order_id=live.order.order_id,
                account=live.order.account,
                leaves=Lots(live.leaves),
                reason=CancelReason.BY_OWNER,
            )
        ]
    order = _new_terms(command, live, leaves)
    if isinstance(order, RejectReason):
        return [_rejected(command, order)]
    if command.must_change and command.trail is None:
        if order == live.order and leaves == live.leaves:
            return [_rejected(command, RejectReason.NO_EFFECT)]
    # A rest is not too small for what has traded: only a size that is asked for is judged alone.
    is_resized = command.leaves is not None or command.quantity is not None
    bounded = leaves if is_resized else order.quantity
    reason = why_off_bounds(live.market, bounded, order.limit_price, order.trigger)
    if reason is not None:
        return [_rejected(command, reason)]
    if live.is_waiting:
        is_moved = command.trail is not None or order.trigger != live.order.trigger
        keeps = not is_moved and leaves <= live.leaves and not command.loses_place
        return [OrderAmended(order=order, leaves=Lots(leaves), keeps_place=keeps, rests=True)]
    if order.limit_price == live.order.limit_price and leaves <= live.leaves:
        return [_in_place(command, live, order, leaves)]
    return _move(state, command, live, order, leaves)


def _new_leaves(command: AmendOrder, live: Live) -> int:
    """What is left to trade afterwards; not above 0 if nothing would be."""
    if command.leaves is not None:
        return command.leaves
    if command.quantity is not None:
        return live.leaves + command.quantity - live.order.quantity
    return live.leaves


def _new_terms(command: AmendOrder, live: Live, leaves: int) -> Order | RejectReason:
    """The order with what was asked for, or why it cannot have it."""
    order = live.order
    if leaves <= 0:
        return RejectReason.INVALID_QUANTITY
    trigger = order.trigger
    is_trailing = live.is_waiting and trigger is not None and trigger.trail is not None
    if command.trigger_price is not None or command.trail is not None:
        if trigger is None or not live.is_waiting:
            return RejectReason.NOT_A_TRIGGER
        if is_trailing and command.trigger_price is not None:
            return RejectReason.TRAIL_FIXES_TRIGGER
        changed = _new_trigger(command, live, trigger)
        if isinstance(changed, RejectReason):
            return changed
        trigger = changed
    limit = order.limit_price
    if command.limit_price is not None:
        if is_trailing:
            return RejectReason.TRAIL_FIXES_LIMIT
        if order.is_market or (live.is_waiting and limit is None):
            return RejectReason.INVALID_PRICE
        limit = command.limit_price
    quantity = order.quantity + leaves - live.leaves
    changed_order = replace(order, quantity=Lots(quantity), limit_price=limit, trigger=trigger)
    extras = order.extras
    display = command.display
    if display is not None:
        if extras is None or extras.display is None:
            return RejectReason.INVALID_DISPLAY
        changed_order = replace(changed_order, extras=replace(extras, display=display))
    elif live.display and leaves != live.leaves:
        display = Lots(live.display)
    if display is not None:
        reason = why_display_refused(display, leaves)
        if reason is not None:
            return reason
    return changed_order


def _new_trigger(command: AmendOrder, live: Live, trigger: Trigger) -> Trigger | RejectReason:
    """A waiting order's trigger with another price; or trailing the present price anew."""
    contract = live.market.contract
    if command.trigger_price is not None:
        trigger = replace(trigger, price=command.trigger_price)
    if command.trail is not None:
        if trigger.trail is None:
            return RejectReason.NOT_A_TRIGGER
        if not is_behind(command.trail):
            return RejectReason.TRAIL_NO_HEADROOM
        signal = live.market.signal_price(int(trigger.signal))
        if signal == 0:
            return RejectReason.TRAIL_NO_REFERENCE
        price = trail_price(trigger, command.trail, signal, contract)
        if price <= 0 or price > contract.max_price:
            return RejectReason.TRAIL_NO_HEADROOM
        trigger = replace(trigger, price=price, trail=command.trail)
    return why_offset_refuses(trigger, contract) or trigger


def _move(state: State, command: AmendOrder, live: Live, order: Order, leaves: int) -> list[Event]:
    """A resting order to the back of its level, perhaps another one, perhaps across the book."""
    market = live.market
    account = live.account
    sign = live.sign
    if market.mode is Mode.REDUCE_ONLY and not order.reduce_only:
        return [_rejected(command, RejectReason.MARKET_REDUCE_ONLY)]
    reduced = 0
    if order.reduce_only:
        allowed = reducible_quantity(account, market, sign)
        if allowed < leaves and not market.contract.instrument.trims_reducers:
            return [_rejected(command, RejectReason.REDUCES_TOO_MUCH)]
        if allowed < leaves:
            reduced = leaves - allowed
            leaves = allowed
            order = replace(order, quantity=Lots(order.quantity - reduced))
        if order.limit_price == live.order.limit_price and leaves <= live.leaves:
            # Nothing is left of what it wanted to grow by: it stays where it is.
            return [_in_place(command, live, order, leaves, reduced)]
    elif not market.contract.is_spot:
        # Its own reservation is part of what the bound counts, so only the growth is new.
        reason = why_position_too_large(account, market, sign, leaves - live.leaves)
        if reason is not None:
            return [_rejected(command, reason)]
    limit = order.limit_price
    assert limit is not None, "what rests has a limit"
    plan = plan_for(market, account, sign, leaves, limit, order.self_trade)
    reason = why_plan_refused(account, market, order, sign, leaves, plan, state.now, live)
    if reason is None and plan is not None and command.post_only:
        reason = RejectReason.WOULD_TAKE
    if reason is not None:
        return [_rejected(command, reason)]
    events: list[Event] = [
        OrderAmended(
            order=order,
            leaves=Lots(leaves),
            keeps_place=False,
            rests=plan is None,
            reduced=Lots(reduced),
            hidden=hidden_of(order, leaves) if plan is None else Lots(0),
        )
    ]
    if plan is not None:
        execute(state, account, market, order, leaves, plan, events)
    return events


def _in_place(
    command: AmendOrder, live: Live, order: Order, leaves: int, reduced: int = 0
) -> Event:
    extras = order.extras
    display = 0 if extras is None or extras.display is None else extras.display
    return OrderAmended(
        order=order,
        leaves=Lots(leaves),
        keeps_place=not command.loses_place,
        rests=True,
        reduced=Lots(reduced),
        hidden=Lots(hidden_in_place(live, display, leaves)),
    )


def _rejected(command: AmendOrder, reason: RejectReason) -> Event:
    return AmendRejected(
        account=command.account,
        reason=reason,
        order_id=command.order_id,
        cl_ord_id=command.cl_ord_id,
    )
