"""PlaceOrder: refuse it, let it wait for its price, or let it trade and rest."""

from decimal import Decimal
from typing import Final

from msgspec.structs import astuple, replace

from openvenue.engine.accounts import Account
from openvenue.engine.commands import Asked, Bounds, PlaceOrder
from openvenue.engine.events import Event, OrderAccepted, OrderRejected
from openvenue.engine.instruments import Mode
from openvenue.engine.markets import Market
from openvenue.engine.orders import Extras, Order, SelfTrade, Side, TimeInForce, Trigger
from openvenue.engine.reasons import RejectReason
from openvenue.engine.rules.arm_legs import leg_order
from openvenue.engine.rules.conditional import why_close_refused
from openvenue.engine.rules.execution import (
    NO_PRICE,
    execute,
    market_limit,
    plan_for,
    reducible_quantity,
    why_plan_refused,
)
from openvenue.engine.rules.iceberg import why_display_refused
from openvenue.engine.rules.relative import made_absolute
from openvenue.engine.state import State
from openvenue.engine.trailing import is_behind, trail_price, why_offset_refuses
from openvenue.engine.units import Lots, Ticks, is_workable

BUY: Final = Side.BUY
GTC: Final = TimeInForce.GTC
ONLINE: Final = Mode.ONLINE
IDENTIFIED: Final = (
    RejectReason.WOULD_TAKE,
    RejectReason.WOULD_NOT_TAKE,
    RejectReason.WOULD_NOT_FILL,
)
CLOSED: Final = {
    Mode.CANCEL_ONLY: RejectReason.MARKET_CANCEL_ONLY,
    Mode.SUSPENDED: RejectReason.MARKET_SUSPENDED,
    Mode.INACTIVE: RejectReason.MARKET_INACTIVE,
    Mode.MAINTENANCE: RejectReason.MARKET_MAINTENANCE,
}
MARKET_NOT_FOUND: Final = RejectReason.MARKET_NOT_FOUND
ACCOUNT_NOT_FOUND: Final = RejectReason.ACCOUNT_NOT_FOUND
LOW_DISK: Final = RejectReason.LOW_DISK
PAST_DEADLINE: Final = RejectReason.PAST_DEADLINE
MARKET_LIMIT_ONLY: Final = RejectReason.MARKET_LIMIT_ONLY
MARKET_POST_ONLY: Final = RejectReason.MARKET_POST_ONLY
MARKET_REDUCE_ONLY: Final = RejectReason.MARKET_REDUCE_ONLY
CL_ORD_ID_IN_USE: Final = RejectReason.CL_ORD_ID_IN_USE
INVALID_QUANTITY: Final = RejectReason.INVALID_QUANTITY
SMALL_ORDER: Final = RejectReason.SMALL_ORDER
INVALID_PRICE: Final = RejectReason.INVALID_PRICE
TOO_MANY_ORDERS: Final = RejectReason.TOO_MANY_ORDERS
REDUCES_TOO_MUCH: Final = RejectReason.REDUCES_TOO_MUCH
NOTHING: Final = Lots(0)
WOULD_NOT_REDUCE: Final = RejectReason.WOULD_NOT_REDUCE
WOULD_TAKE: Final = RejectReason.WOULD_TAKE
MAX_POSITION: Final = RejectReason.MAX_POSITION
REJECT_TAKER: Final = SelfTrade.REJECT_TAKER
EXPIRED: Final = RejectReason.EXPIRED
INVALID: Final = RejectReason.INVALID
INVALID_DISPLAY: Final = RejectReason.INVALID_DISPLAY
TOO_MANY_TRAILING: Final = RejectReason.TOO_MANY_TRAILING
TRAIL_TOO_WIDE: Final = RejectReason.TRAIL_TOO_WIDE
TRAIL_NO_REFERENCE: Final = RejectReason.TRAIL_NO_REFERENCE
TRAILING_MAX: Final = 100  # waiting trailing stops of one account
NO_REFERENCE_PRICE: Final = RejectReason.NO_REFERENCE_PRICE


def place_order(state: State, command: PlaceOrder, *, is_close: bool = False) -> list[Event]:
    """The refusal that a client sees first, or acceptance and everything that follows at once.

    What a fill brings `is_close`: however little it is, it is not too small.
    """
    asked: Asked = astuple(command)
    # fmt: off
    (account_id, symbol, side, quantity, limit_price, time_in_force, cl_ord_id, post_only,
     reduce_only, trigger, market_cap, deadline, algo_id, user_ref, self_trade, slides, extras,
     _broker, bounds) = asked
    # fmt: on
    account = state.accounts.get(account_id)
    market = state.markets.get(symbol)
    if account is None:
        return [_rejected(command, ACCOUNT_NOT_FOUND)]
    if market is None:
        return [_rejected(command, MARKET_NOT_FOUND)]
    if not account.is_trading_enabled:
        return [_rejected(command, RejectReason.TRADING_DISABLED)]
    if extras is not None and (
        extras.limit_from is not None or extras.trigger_from is not None or extras.cash is not None
    ):
        absolute = made_absolute(market, command, extras)
        if isinstance(absolute, RejectReason):
            return [_rejected(command, absolute)]
        command = absolute
        quantity = command.quantity
        limit_price = command.limit_price
        trigger = command.trigger
    sign = 1 if side is BUY else -1
    # The order of the checks is visible to clients, who only ever see the first failure.
    if not state.intake_open:
        return [_rejected(command, LOW_DISK)]
    if deadline is not None and state.now > deadline:
        return [_rejected(command, PAST_DEADLINE)]
    reason: RejectReason | None = None
    if market.mode is not ONLINE:
        reason = why_mode_refuses(market, limit_price is None, reduce_only, post_only)
    if reason is None and cl_ord_id is not None and cl_ord_id in account.cl_ord_ids:
        reason = CL_ORD_ID_IN_USE
    if reason is None and (extras is not None or market_cap is not None):
        reason = _why_terms_refused(state, extras, market_cap, is_close)
    if reason is None:
        least = quantity if not is_close else max(quantity, market.contract.min_quantity)
        reason = why_off_bounds(market, least, limit_price, trigger)
        if reason is SMALL_ORDER:
            if is_close or _has_room_for_a_small_one(bounds, account, market):
                reason = None
    if reason is None:
        if len(account.orders) >= account.max_open_orders:
            reason = TOO_MANY_ORDERS
        elif (
            trigger is not None
            and trigger.trail is not None
            and account.trailing >= (TRAILING_MAX if bounds is None else bounds.trailing_max)
        ):
            reason = TOO_MANY_TRAILING
        elif market.contract.is_spot:
            reason = WOULD_NOT_REDUCE if reduce_only else None
        elif not reduce_only and trigger is None and market.contract.max_position:
            reason = why_position_too_large(account, market, sign, quantity)
    if reason is None and extras is not None:
        if extras.legs or extras.guards:
            reason = _why_unguarded(command, account, market, extras, sign)
        elif extras.display is not None or extras.close is not None:
            reason = why_refused_by_extras(market, command, extras)
    if reason is not None:
        return [_rejected(command, reason)]
    is_market = limit_price is None
    if trigger is not None and (trigger.trail is not None or trigger.offset is not None):
        is_market = trigger.offset is None
        started = start_trigger(market, trigger)
        if isinstance(started, RejectReason):
            return [_rejected(command, started)]
        trigger = started

    reduced = NOTHING
    is_scheduled = extras is not None and (extras.starts or 0) > state.now
    if reduce_only and trigger is None and not is_scheduled:
        allowed = reducible_quantity(account, market, sign)
        if allowed == 0:
            return [_rejected(command, WOULD_NOT_REDUCE)]
        if allowed < quantity and not market.contract.instrument.trims_reducers:
            return [_rejected(command, REDUCES_TOO_MUCH)]
        if allowed < quantity:
            reduced = Lots(quantity - allowed)
            quantity = Lots(allowed)
    limit = limit_price
    if trigger is None and not is_scheduled:
        if limit is None:
            limit = market_limit(market, sign, market_cap)
            if limit == NO_PRICE:
                return [_rejected(command, NO_REFERENCE_PRICE)]
        elif slides:
            limit = _behind_the_touch(market, sign, limit)
            if limit <= 0 or limit > market.contract.max_price:
                return [_rejected(command, WOULD_TAKE)]  # no price is left to stand on
    if self_trade is REJECT_TAKER:
        self_trade = account.self_trade
    order = Order(  # more than 15 names would make CPython pass them in a dict
        state.next_order_id,
        account_id,
        symbol,
        side,
        quantity,
        limit,
        time_in_force,
        state.now,
        cl_ord_id=cl_ord_id,
        post_only=post_only,
        reduce_only=reduce_only,
        is_market=is_market,
        trigger=trigger,
        market_cap=market_cap,
        algo_id=algo_id,
        user_ref=user_ref,
        self_trade=self_trade,
        extras=extras,
    )
    if trigger is not None or limit is None or is_scheduled:
        return _accepted(order, False, NOTHING, extras)

    plan = plan_for(market, account, sign, quantity, limit, self_trade)
    reason = why_plan_refused(account, market, order, sign, quantity, plan, state.now)
    if reason is not None:
        return [_rejected(command, reason, order if reason in IDENTIFIED else None)]
    if plan is None:
        return _accepted(order, time_in_force is GTC, reduced, extras)
    events = _accepted(order, False, reduced, extras)
    execute(state, account, market, order, quantity, plan, events)
    return events


def _accepted(order: Order, rests: bool, reduced: Lots, extras: Extras | None) -> list[Event]:
    """That the order lives, and its legs, of which most have none."""
    events: list[Event] = [OrderAccepted(order=order, rests=rests, reduced=reduced)]
    if extras is not None:
        for number, leg in enumerate(extras.legs, 1):
            events.append(OrderAccepted(order=leg_order(order, leg, number), rests=False))
    return events


def _why_unguarded(
    command: PlaceOrder, account: Account, market: Market, extras: Extras, sign: int
) -> RejectReason | None:
    """Why the legs of an order cannot be, or a trigger has no position to guard."""
    if market.contract.is_spot:
        return WOULD_NOT_REDUCE
    if extras.guards:
        if not command.reduce_only or command.trigger is None or extras.legs:
            return WOULD_NOT_REDUCE
        return None if reducible_quantity(account, market, sign) else WOULD_NOT_REDUCE
    if command.reduce_only:
        return WOULD_NOT_REDUCE
    if len(account.orders) + len(extras.legs) >= account.max_open_orders:
        return TOO_MANY_ORDERS
    names = {command.cl_ord_id}
    for leg in extras.legs:
        if leg.trigger.trail is not None or leg.trigger.offset is not None:
            return INVALID_PRICE
        if leg.market_cap is not None and not is_workable(leg.market_cap):
            return INVALID
        quantity = command.quantity if leg.quantity is None else leg.quantity
        reason = why_off_bounds(market, quantity, leg.limit_price, leg.trigger)
        if reason is not None:
            return reason
        name = leg.cl_ord_id
        if name is not None and (name in names or name in account.cl_ord_ids):
            return CL_ORD_ID_IN_USE
        names.add(name)
    return None


def why_refused_by_extras(
    market: Market, command: PlaceOrder, extras: Extras
) -> RejectReason | None:
    """Why the order cannot hide a part of itself, or bring others. Pairs alone have either."""
    if not market.contract.is_spot:
        return INVALID
    if extras.display is not None:
        rests = command.time_in_force is GTC and command.limit_price is not None
        if not rests or command.trigger is not None or extras.display > command.quantity:
            return INVALID_DISPLAY
        reason = why_display_refused(extras.display, command.quantity)
        if reason is not None:
            return reason
    return None if extras.close is None else why_close_refused(market.contract, extras.close)


def start_trigger(market: Market, trigger: Trigger) -> Trigger | RejectReason:
    """A trigger that follows prices, where it fires at present; or why it cannot."""
    trail = trigger.trail
    if trail is not None:
        if not is_behind(trail):
            return TRAIL_TOO_WIDE
        signal = market.signal_price(int(trigger.signal))
        if signal == 0:
            return TRAIL_NO_REFERENCE
        trigger = replace(trigger, price=trail_price(trigger, trail, signal, market.contract))
        if trigger.price <= 0 or trigger.price > market.contract.max_price:
            return TRAIL_TOO_WIDE
    return why_offset_refuses(trigger, market.contract) or trigger


def _why_terms_refused(
    state: State, extras: Extras | None, cap: Decimal | None, is_close: bool
) -> RejectReason | None:
    """The first fault of terms that few orders have, by themselves."""
    if extras is not None and extras.expires is not None:
        if extras.expires <= state.now or (extras.starts or 0) >= extras.expires:
            return EXPIRED
    if cap is not None and not is_workable(cap):
        return INVALID
    if extras is not None and (extras.parent is not None or extras.closes is not None):
        return None if is_close and extras.parent is None else INVALID  # the engine's own
    return None


def why_mode_refuses(
    market: Market, is_market: bool, reduce_only: bool, post_only: bool
) -> RejectReason | None:
    """Whether the market's mode has no room for such an order, whatever it would meet.

    A spot market that is post-only takes nothing else; a derivatives market takes what rests.
    Source: Kraken Spot REST, "Get System Status"; Kraken Futures REST, marketIsPostOnly.
    """
    mode = market.mode
    reason = CLOSED.get(mode)
    if reason is not None:
        return reason
    if mode is Mode.LIMIT_ONLY and is_market:
        return MARKET_LIMIT_ONLY
    if mode is Mode.REDUCE_ONLY and not reduce_only:
        return MARKET_REDUCE_ONLY
    if mode is Mode.POST_ONLY and not post_only and market.contract.is_spot:
        return MARKET_POST_ONLY
    return None


def why_off_bounds(
    market: Market, quantity: int, limit: Ticks | None, trigger: Trigger | None
) -> RejectReason | None:
    """Whether size and prices are within what the instrument allows."""
    contract = market.contract
    if quantity < contract.min_quantity or quantity > contract.max_quantity:
        return INVALID_QUANTITY
    if limit is not None and (limit <= 0 or limit > contract.max_price):
        return INVALID_PRICE
    if trigger is not None and trigger.trail is None:
        if trigger.price <= 0 or trigger.price > contract.max_price:
            return INVALID_PRICE
    price: int = limit if limit is not None else _reference_ticks(market)
    if price == 0:
        return None  # a market order before the first mark: there is nothing to value it at
    return contract.why_notional_refuses(quantity, price)


def _has_room_for_a_small_one(bounds: Bounds | None, account: Account, market: Market) -> bool:
    """Whether the account may have one more order below the least notional in this market.

    Only where small orders are counted are its orders walked, and only for an order that is small.
    """
    if bounds is None or bounds.small_max == 0:
        return False
    small = 0
    for live in account.orders.values():
        if live.market is market and live.order.limit_price is not None:
            price = live.order.limit_price
            if market.contract.why_notional_refuses(live.leaves, price) is SMALL_ORDER:
                small += 1
    return small < bounds.small_max


def _behind_the_touch(market: Market, sign: int, limit: Ticks) -> Ticks:
    """The limit of a post-only order that would take: one tick short of the best opposite price.

    Source: Pacifica, "Order types", TOB.
    """
    level = market.book.side(-sign).best()
    if level is None:
        return limit
    if sign > 0:
        return Ticks(min(limit, level.price - 1))
    return Ticks(max(limit, level.price + 1))


def _reference_ticks(market: Market) -> int:
    """A price to value a market order at: mark, or the last trade."""
    if market.mark:
        return market.mark // market.contract.tick_fine
    return market.last


def why_position_too_large(
    account: Account, market: Market, sign: int, quantity: int
) -> RejectReason | None:
    """Whether position, working orders and this one together could pass the market's bound."""
    most = market.contract.max_position
    if most == 0:
        return None
    position = account.positions.get(market.symbol)
    held = 0
    if position is not None:
        held = position.quantity + position.buys if sign > 0 else position.sells - position.quantity
    return MAX_POSITION if held + quantity > most else None


def _rejected(command: PlaceOrder, reason: RejectReason, order: Order | None = None) -> Event:
    return OrderRejected(
        account=command.account,
        symbol=command.symbol,
        reason=reason,
        cl_ord_id=command.cl_ord_id,
        order=order,
    )
