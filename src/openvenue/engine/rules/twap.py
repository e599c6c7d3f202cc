"""TWAPs: an amount in equal parts, each a market order within so much of the mark price.

A part that does not fill is made up for by later ones, as far as their bound allows. While the
market is closed, or has nobody to trade with, time passes and nothing is sent; a part that is
refused for another reason ends the whole.
Source: Pacifica, "Create TWAP order".
"""

from typing import Final

from openvenue.engine.accounts import Account, Wallet
from openvenue.engine.commands import CancelTwap, PlaceTwap
from openvenue.engine.events import (
    CancelRejected,
    Event,
    OrderAccepted,
    TwapAccepted,
    TwapEnded,
    TwapRejected,
    TwapSliced,
)
from openvenue.engine.instruments import Mode, TwapRule
from openvenue.engine.markets import Market
from openvenue.engine.orders import BUY, IOC, Order
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.rules.execution import (
    NO_PRICE,
    capped_limit,
    execute,
    plan_for,
    reducible_quantity,
    why_plan_refused,
)
from openvenue.engine.rules.place_order import CLOSED, why_position_too_large
from openvenue.engine.state import State
from openvenue.engine.steps import SliceTwap
from openvenue.engine.twaps import Twap, TwapView
from openvenue.engine.units import AccountId, Atoms, Lots, Nanos, Ticks, is_workable

SLICE_REFUSED: Final = CancelReason.SLICE_REFUSED
LAPSED: Final = CancelReason.LAPSED
WAITS: Final = (  # reasons for which a part is not sent, and the rest goes on
    *CLOSED.values(),
    RejectReason.LOW_DISK,
    RejectReason.MARKET_POST_ONLY,
    RejectReason.MARKET_LIMIT_ONLY,
    RejectReason.MARKET_REDUCE_ONLY,
    RejectReason.NO_REFERENCE_PRICE,
    RejectReason.WOULD_NOT_TAKE,
)


def place_twap(state: State, command: PlaceTwap) -> list[Event]:
    """TwapRejected, or TwapAccepted; its first order is the next step."""
    account = state.accounts.get(command.account)
    market = state.markets.get(command.symbol)
    if account is None:
        return [_rejected(command, RejectReason.ACCOUNT_NOT_FOUND)]
    if market is None:
        return [_rejected(command, RejectReason.MARKET_NOT_FOUND)]
    rule = market.contract.instrument.twap
    if rule is None:
        return [_rejected(command, RejectReason.TWAP_NOT_OFFERED)]
    slices = _slices(command, rule)
    reason = _why_unacceptable(state, command, account, market, rule, slices)
    if reason is not None:
        return [_rejected(command, reason)]
    now = state.now
    twap = Twap(
        state.next_order_id,
        account.account_id,
        market.symbol,
        command.side,
        command.quantity,
        command.slippage,
        now,
        rule.interval,
        slices,
        Nanos(now + command.duration + rule.interval),
        rule.catch_up,
        cl_ord_id=command.cl_ord_id,
        reduce_only=command.reduce_only,
        self_trade=command.self_trade,
    )
    return [TwapAccepted(view=TwapView(twap, now, now))]


def _slices(command: PlaceTwap, rule: TwapRule) -> int:
    """One for each interval and one more; fewer, where there are not as many lots."""
    planned = int(command.duration) // int(rule.interval) + 1
    return max(min(planned, int(command.quantity)), 1)


def _why_unacceptable(
    state: State,
    command: PlaceTwap,
    account: Account,
    market: Market,
    rule: TwapRule,
    slices: int,
) -> RejectReason | None:
    """The first reason why there can be no such TWAP, or None."""
    reason = _why_closed(state, account, market, reduce_only=command.reduce_only)
    if reason is not None:
        return reason
    mine = state.slicing.of(account.account_id)
    name = command.cl_ord_id
    if name is not None and any(it.twap.cl_ord_id == name for it in mine):
        return RejectReason.TWAP_CL_ORD_ID_IN_USE
    if not is_workable(command.slippage) or not 0 <= command.slippage < 1:
        return RejectReason.INVALID
    if command.duration < rule.shortest:
        return RejectReason.TWAP_TOO_SHORT
    if command.duration > rule.longest:
        return RejectReason.TWAP_TOO_LONG
    contract = market.contract
    quantity = int(command.quantity)
    if quantity < contract.min_quantity or quantity <= 0:
        return RejectReason.INVALID_QUANTITY
    ticks = _reference(market) // contract.tick_fine
    small = RejectReason.SMALL_ORDER
    if ticks and contract.why_notional_refuses(quantity, ticks) is small:
        return small
    planned = quantity // slices
    if planned > contract.max_quantity:
        return RejectReason.TWAP_SLICE_SIZE
    if ticks and contract.why_notional_refuses(planned, ticks) not in (None, small):
        return RejectReason.TWAP_SLICE_SIZE
    if sum([it.twap.symbol == market.symbol for it in mine]) >= rule.open_max:
        return RejectReason.TOO_MANY_TWAPS
    if command.reduce_only and (
        contract.is_spot or not reducible_quantity(account, market, _sign(command.side is BUY))
    ):
        return RejectReason.WOULD_NOT_REDUCE
    return None


def slice_twap(state: State, step: SliceTwap) -> list[Event]:
    """One order and what it does, then TwapSliced; and TwapEnded, if that was all, or the last.

    Of the orders that the venue has slept through, none is sent.
    """
    view = state.slicing.find(int(step.order_id))
    if view is None or view.next > state.now:
        return []  # something that was due before it has ended it
    twap = view.twap
    past = view.past + (int(state.now) - int(view.next)) // int(twap.interval)
    if past >= twap.slices:
        return [TwapEnded(view=view, reason=LAPSED)]
    account = state.accounts[twap.account]
    market = state.markets[twap.symbol]
    events: list[Event] = []
    filled, value, because = _send(state, account, market, view, past, events)
    after = TwapView(
        twap,
        Nanos(twap.created + (past + 1) * twap.interval),
        state.now,
        past + 1,
        Lots(view.filled + filled),
        Atoms(view.value + value),
        Lots(filled) if filled else view.last_filled,
        Atoms(value) if filled else view.last_value,
    )
    child = state.next_order_id if events else None
    events.append(TwapSliced(view=after, child=child, because=because))
    if because is not None and because not in WAITS:
        events.append(TwapEnded(view=after, reason=SLICE_REFUSED, because=because))
    elif after.leaves == 0:
        events.append(TwapEnded(view=after, reason=None))
    elif after.past == twap.slices:
        events.append(TwapEnded(view=after, reason=LAPSED))
    return events


def _send(
    state: State,
    account: Account,
    market: Market,
    view: TwapView,
    past: int,
    events: list[Event],
) -> tuple[int, int, RejectReason | None]:
    """Append what the next order does; lots and value that it trades, or why there is none."""
    twap = view.twap
    sign = _sign(twap.side is BUY)
    reason = _why_closed(state, account, market, reduce_only=twap.reduce_only)
    if reason is not None:
        return 0, 0, reason
    quantity = int(view.leaves) // (twap.slices - past)
    quantity = min(quantity, twap.catch_up * int(twap.planned), int(market.contract.max_quantity))
    if twap.reduce_only:
        quantity = min(quantity, reducible_quantity(account, market, sign))
        if quantity == 0:
            return 0, 0, RejectReason.WOULD_NOT_REDUCE
    elif not market.contract.is_spot:
        reason = why_position_too_large(account, market, sign, quantity)
        if reason is not None:
            return 0, 0, reason
    limit = capped_limit(market.contract, sign, _reference(market), twap.slippage)
    if limit == NO_PRICE:
        return 0, 0, RejectReason.NO_REFERENCE_PRICE
    order = _order(state, twap, quantity, limit)
    plan = plan_for(market, account, sign, quantity, limit, order.self_trade)
    reason = why_plan_refused(account, market, order, sign, quantity, plan, state.now)
    if reason is not None:
        return 0, 0, reason
    assert plan is not None, "what does not rest takes"
    events.append(OrderAccepted(order=order, rests=False))
    execute(state, account, market, order, quantity, plan, events)
    fills = plan.fills
    return sum([it.quantity for it in fills]), sum([it.value for it in fills]), None


def _order(state: State, twap: Twap, quantity: int, limit: Ticks) -> Order:
    """One part, as a market order of its owner."""
    account = state.accounts[twap.account]
    self_trade = twap.self_trade
    return Order(
        state.next_order_id,
        twap.account,
        twap.symbol,
        twap.side,
        Lots(quantity),
        limit,
        IOC,
        state.now,
        reduce_only=twap.reduce_only,
        is_market=True,
        market_cap=twap.slippage,
        algo_id=str(twap.order_id),
        self_trade=account.self_trade if self_trade == 1 else self_trade,
    )


def cancel_twap(state: State, command: CancelTwap) -> list[Event]:
    """TwapEnded, or CancelRejected where the account has no such TWAP open."""
    for view in state.slicing.of(command.account):
        twap = view.twap
        if command.order_id is not None:
            is_meant = twap.order_id == command.order_id
        else:
            is_meant = command.cl_ord_id is not None and twap.cl_ord_id == command.cl_ord_id
        if is_meant:
            return [TwapEnded(view=view, reason=CancelReason.BY_OWNER)]
    return [
        CancelRejected(
            account=command.account,
            reason=RejectReason.UNKNOWN_TWAP,
            order_id=command.order_id,
            cl_ord_id=command.cl_ord_id,
        )
    ]


def twaps_ended(state: State, account: AccountId, reason: CancelReason) -> list[Event]:
    """That all TWAPs of an account are over."""
    return [TwapEnded(view=view, reason=reason) for view in state.slicing.of(account)]


def twaps_carried_by(state: State, account: Account, wallet: Wallet) -> list[TwapView]:
    """TWAPs whose orders need a wallet's money: isolated positions grow by that of their parent."""
    found: list[TwapView] = []
    for view in state.slicing.of(account.account_id):
        market = state.markets[view.twap.symbol]
        if market.contract.is_spot:
            continue
        position = account.positions.get(market.symbol)
        stands_on = account.wallet_or_empty(market.contract.instrument.wallet)
        if position is not None:
            stands_on = position.wallet
        if stands_on is wallet or (stands_on.parent is wallet and not view.twap.reduce_only):
            found.append(view)
    return found


def _why_closed(
    state: State, account: Account, market: Market, *, reduce_only: bool
) -> RejectReason | None:
    """Why nothing of a TWAP may be sent now."""
    if not account.is_trading_enabled:
        return RejectReason.TRADING_DISABLED
    if not state.intake_open:
        return RejectReason.LOW_DISK
    mode = market.mode
    if mode is Mode.POST_ONLY:
        return RejectReason.MARKET_POST_ONLY
    if mode is Mode.LIMIT_ONLY:
        return RejectReason.MARKET_LIMIT_ONLY
    if mode is Mode.REDUCE_ONLY and not reduce_only:
        return RejectReason.MARKET_REDUCE_ONLY
    return CLOSED.get(mode)


def _reference(market: Market) -> int:
    """What each order's bound is measured from, as a FinePrice; 0: there is no price yet."""
    return market.mark or market.index


def _sign(is_buy: bool) -> int:
    return 1 if is_buy else -1


def _rejected(command: PlaceTwap, reason: RejectReason) -> Event:
    return TwapRejected(
        account=command.account,
        symbol=command.symbol,
        reason=reason,
        cl_ord_id=command.cl_ord_id,
    )
