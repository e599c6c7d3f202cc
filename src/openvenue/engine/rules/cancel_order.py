"""CancelOrder and CancelOrders: one order by its name, or everything in a scope as one fact."""

from typing import Final

from openvenue.engine.book import Live
from openvenue.engine.commands import CancelOrder, CancelOrders, PlaceOrder
from openvenue.engine.events import (
    CancelRejected,
    Event,
    HoldsCanceled,
    OrderCanceled,
    OrdersCanceled,
    Refused,
    RequestHeld,
    TwapEnded,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.state import State
from openvenue.engine.units import AccountId, Lots, OrderId

BY_OWNER: Final = CancelReason.BY_OWNER
MAINTENANCE: Final = Mode.MAINTENANCE
MASS_CANCEL: Final = CancelReason.MASS_CANCEL


def cancel_order(state: State, command: CancelOrder) -> list[Event]:
    """OrderCanceled, or CancelRejected where the account has no such live order."""
    if command.deadline is not None and state.now > command.deadline:
        return [_rejected(command, RejectReason.PAST_DEADLINE)]
    live = find_order(state, command.account, command.order_id, command.cl_ord_id)
    if live is not None and live.market.mode is MAINTENANCE:
        return [_rejected(command, RejectReason.MARKET_MAINTENANCE)]
    events: list[Event] = []
    if live is not None:
        events.append(
            OrderCanceled(
                order_id=OrderId(live.order_id),
                account=live.account.account_id,
                leaves=Lots(live.leaves),
                reason=BY_OWNER,
            )
        )
    if state.has_holds and command.order_id is None and command.cl_ord_id is not None:
        held = held_placements(state, command.account, command.cl_ord_id)
        events += holds_canceled(command.account, held)
    return events or [_rejected(command, RejectReason.UNKNOWN_ORDER)]


def held_placements(state: State, account: AccountId, cl_ord_id: str) -> list[RequestHeld]:
    """Orders of this name that wait to be decided. They have no other name yet."""
    return [
        held
        for held in state.holds.of(account)
        if isinstance(held.request, PlaceOrder) and held.request.cl_ord_id == cl_ord_id
    ]


def holds_canceled(account: AccountId, held: list[RequestHeld]) -> list[Event]:
    """That these are wanted no more; nothing, where there are none."""
    if not held:
        return []
    return [HoldsCanceled(account=account, hold_ids=tuple([each.hold_id for each in held]))]


def held_orders(state: State, account: AccountId) -> list[RequestHeld]:
    """All orders of an account that wait to be decided. Held changes end with what they change."""
    if not state.has_holds:
        return []
    return [held for held in state.holds.of(account) if isinstance(held.request, PlaceOrder)]


def find_order(
    state: State, account_id: AccountId, order_id: OrderId | None, cl_ord_id: str | None
) -> Live | None:
    """The live order of an account by one of its names; `order_id` wins where both are given."""
    account = state.accounts.get(account_id)
    if account is None:
        return None
    if order_id is not None:
        return account.orders.get(order_id)
    return None if cl_ord_id is None else account.cl_ord_ids.get(cl_ord_id)


def cancel_orders(state: State, command: CancelOrders) -> list[Event]:
    """OrdersCanceled with all in scope, oldest first; of nothing, which is no failure.

    All or none: Refused, if one of them is in a market in maintenance.
    """
    account = state.accounts.get(command.account)
    if account is None:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    if (
        command.symbol is None
        and command.side is None
        and command.wallet is None
        and command.user_ref is None
        and not command.keep_reduce_only
    ):
        ids = tuple([OrderId(order_id) for order_id in account.orders])
    else:
        ids = tuple(
            [OrderId(live.order_id) for live in account.orders.values() if _is_in(live, command)]
        )
    if state.in_maintenance:
        for order_id in ids:
            market = account.orders[order_id].market
            if market.mode is MAINTENANCE:
                return [Refused(reason=RejectReason.MARKET_MAINTENANCE, detail=market.symbol)]
    held = [each for each in held_orders(state, command.account) if _holds(state, each, command)]
    return [
        OrdersCanceled(account=command.account, order_ids=ids, reason=MASS_CANCEL),
        *holds_canceled(command.account, held),
        *_twaps(state, command),
    ]


def _twaps(state: State, scope: CancelOrders) -> list[Event]:
    """The ends of open TWAPs, where the scope has them."""
    if not scope.takes_twaps or scope.user_ref is not None:
        return []
    return [
        TwapEnded(view=view, reason=MASS_CANCEL)
        for view in state.slicing.of(scope.account)
        if (scope.symbol is None or view.twap.symbol == scope.symbol)
        and (scope.side is None or view.twap.side is scope.side)
        and not (scope.keep_reduce_only and view.twap.reduce_only)
        and (
            scope.wallet is None
            or state.markets[view.twap.symbol].contract.instrument.wallet == scope.wallet
        )
    ]


def _holds(state: State, held: RequestHeld, scope: CancelOrders) -> bool:
    """Whether the scope of a cancel covers an order that is not yet one."""
    order = held.request
    assert isinstance(order, PlaceOrder), "changes are nothing to cancel"
    if scope.symbol is not None and order.symbol != scope.symbol:
        return False
    if scope.side is not None and order.side is not scope.side:
        return False
    if scope.keep_reduce_only and order.reduce_only:
        return False
    if scope.user_ref is not None and order.user_ref != scope.user_ref:
        return False
    if scope.wallet is None:
        return True
    return state.markets[order.symbol].contract.instrument.wallet == scope.wallet


def _is_in(live: Live, scope: CancelOrders) -> bool:
    order = live.order
    if scope.symbol is not None and order.symbol != scope.symbol:
        return False
    if scope.side is not None and order.side is not scope.side:
        return False
    if scope.keep_reduce_only and order.reduce_only:
        return False
    if scope.user_ref is not None and order.user_ref != scope.user_ref:
        return False
    return scope.wallet is None or live.market.contract.instrument.wallet == scope.wallet


def _rejected(command: CancelOrder, reason: RejectReason) -> Event:
    return CancelRejected(
        account=command.account,
        reason=reason,
        order_id=command.order_id,
        cl_ord_id=command.cl_ord_id,
    )
