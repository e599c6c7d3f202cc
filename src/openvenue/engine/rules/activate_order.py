"""Triggers: which ones a signal has reached, and what their orders then do."""

from typing import Final

from msgspec.structs import replace

from openvenue.engine.book import Live
from openvenue.engine.events import (
    Event,
    OrderActivated,
    OrderCanceled,
    TriggerFired,
    TriggerMove,
    TriggersMoved,
)
from openvenue.engine.markets import Market
from openvenue.engine.orders import GTC, Direction, Order, Signal
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.rules.execution import (
    NO_PRICE,
    execute,
    market_limit,
    plan_for,
    reducible_quantity,
    why_plan_refused,
)
from openvenue.engine.rules.place_order import why_mode_refuses, why_position_too_large
from openvenue.engine.state import State
from openvenue.engine.steps import ActivateOrder, FireTriggers
from openvenue.engine.trailing import limit_of, trail_price, why_offset_refuses
from openvenue.engine.units import FinePrice, Lots

ABOVE: Final = int(Direction.ABOVE)
BELOW: Final = int(Direction.BELOW)
MID: Final = int(Signal.MID)
TRIGGER_REFUSED: Final = CancelReason.TRIGGER_REFUSED


def fire_triggers(state: State, step: FireTriggers) -> list[Event]:
    """TriggerFired for each waiting order that its signal has reached, nearest price first.

    Then TriggersMoved, if there are trailing stops that the signal has moved. Nothing while the
    market does not trade: what fired then could only be refused, and would protect nobody.
    """
    market = state.markets[step.symbol]
    if not market.is_trading:
        return []
    price = step.price
    if step.signal == MID:
        price = FinePrice(market.signal_price(MID))  # of the book as it stands now
        if price == 0:
            return []
    tick = market.contract.tick_fine
    fired: list[Live] = []
    for level in market.triggers.ladder(step.signal, ABOVE).best_first():
        if level.price * tick > price:
            break
        fired.extend(level.orders.values())
    for level in market.triggers.ladder(step.signal, BELOW).best_first():
        if level.price * tick < price:
            break
        fired.extend(level.orders.values())
    events: list[Event] = [
        TriggerFired(
            order_id=live.order.order_id,
            account=live.order.account,
            price=price,
        )
        for live in fired
    ]
    moves = _moves(market, step.signal, price)
    if moves:
        events.append(TriggersMoved(symbol=step.symbol, moves=tuple(moves)))
    return events


def _moves(market: Market, signal: int, price: int) -> list[TriggerMove]:
    """Where the trailing stops that a signal moves fire from now on: sells, then buys."""
    moves: list[TriggerMove] = []
    for direction in (BELOW, ABOVE):
        for live in market.triggers.trails(signal, direction).moved(price):
            order = live.order
            trigger = order.trigger
            assert trigger is not None and trigger.trail is not None, "it trails"
            moved = trail_price(trigger, trigger.trail, price, market.contract)
            moves.append(TriggerMove(order.order_id, order.account, moved))
    return moves


def activate_order(state: State, step: ActivateOrder) -> list[Event]:
    """OrderActivated under the trigger's own id and what follows, or OrderCanceled saying why."""
    live = state.accounts[step.account].orders.get(step.order_id)
    if live is None:
        return []  # a liquidation came between
    assert not live.is_waiting, "only what has fired is activated"
    account = live.account
    market = live.market
    order = live.order
    sign = int(order.side)
    reason = why_mode_refuses(market, order.is_market, order.reduce_only, order.post_only)
    if reason is not None:
        return [_refused(order, reason)]

    quantity = int(order.quantity)
    reduced = 0
    if order.reduce_only:
        allowed = reducible_quantity(account, market, sign)
        if allowed == 0:
            return [_refused(order, RejectReason.WOULD_NOT_REDUCE)]
        extras = order.extras
        if extras is not None and extras.whole:
            quantity = allowed
        reduced = max(quantity - allowed, 0)
        quantity -= reduced
    elif not market.contract.is_spot:
        reason = why_position_too_large(account, market, sign, quantity)
        if reason is not None:
            return [_refused(order, reason)]
    limit = order.limit_price
    trigger = order.trigger
    if trigger is not None and trigger.offset is not None:
        reason = why_offset_refuses(trigger, market.contract)
        if reason is not None:
            return [_refused(order, reason)]
        limit = limit_of(trigger, trigger.offset)
    elif limit is None:
        limit = market_limit(market, sign, order.market_cap)
        if limit == NO_PRICE:
            return [_refused(order, RejectReason.NO_REFERENCE_PRICE)]
    active = order
    if limit != order.limit_price or quantity != order.quantity:
        active = replace(order, quantity=Lots(quantity), limit_price=limit)
    plan = plan_for(market, account, sign, quantity, limit, order.self_trade)
    reason = why_plan_refused(account, market, active, sign, quantity, plan, state.now)
    if reason is not None:
        return [_refused(order, reason)]
    rests = active.time_in_force is GTC and plan is None
    events: list[Event] = [OrderActivated(order=active, rests=rests, reduced=Lots(reduced))]
    if plan is not None:
        execute(state, account, market, active, quantity, plan, events)
    return events


def _refused(order: Order, because: RejectReason) -> Event:
    return OrderCanceled(
        order_id=order.order_id,
        account=order.account,
        leaves=order.quantity,
        reason=TRIGGER_REFUSED,
        because=because,
    )
