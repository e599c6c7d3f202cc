"""ReplaceOrder: a resting order ends, and another takes its names and not its place.

Source: Pacifica, "Edit order".
"""

from msgspec.structs import replace

from openvenue.engine.book import Live
from openvenue.engine.commands import PlaceOrder, ReplaceOrder
from openvenue.engine.events import CancelRejected, Event, OrderCanceled
from openvenue.engine.orders import GTC, Extras
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.rules.cancel_order import find_order
from openvenue.engine.rules.place_order import why_mode_refuses
from openvenue.engine.state import State
from openvenue.engine.units import Lots


def replace_order(state: State, command: ReplaceOrder) -> list[Event]:
    """The end of the old order; the engine then decides the new one. Or CancelRejected."""
    new = successor(state, command)
    if isinstance(new, RejectReason):
        return [
            CancelRejected(
                account=command.account,
                reason=new,
                order_id=command.order_id,
                cl_ord_id=command.cl_ord_id,
            )
        ]
    live = find_order(state, command.account, command.order_id, command.cl_ord_id)
    assert live is not None, "what has a successor is there"
    return [
        OrderCanceled(
            order_id=live.order.order_id,
            account=live.order.account,
            leaves=Lots(live.leaves),
            reason=CancelReason.REPLACED,
        )
    ]


def successor(state: State, command: ReplaceOrder) -> PlaceOrder | RejectReason:
    """The order that is to come, or why the old one stays."""
    live = find_order(state, command.account, command.order_id, command.cl_ord_id)
    if live is None or live.level is None or live.is_waiting:
        return RejectReason.UNKNOWN_ORDER
    if live.closes:
        return RejectReason.HAS_CLOSE
    if not state.intake_open:
        return RejectReason.LOW_DISK
    if not live.account.is_trading_enabled:
        return RejectReason.TRADING_DISABLED
    order = live.order
    reason = why_mode_refuses(live.market, False, order.reduce_only, True)
    if reason is not None:
        return reason
    return PlaceOrder(
        account=order.account,
        symbol=order.symbol,
        side=order.side,
        quantity=Lots(live.leaves) if command.quantity is None else command.quantity,
        limit_price=command.limit_price,
        time_in_force=GTC,
        cl_ord_id=order.cl_ord_id,
        post_only=True,
        reduce_only=order.reduce_only,
        algo_id=order.algo_id,
        user_ref=order.user_ref,
        self_trade=order.self_trade,
        extras=_inherited(live),
    )


def _inherited(live: Live) -> Extras | None:
    """What the new order has of the old one's times and legs.

    It has started and fired already, and has a price of its own. Legs of an order that has filled
    guard what it filled; else they end with it, and come again.
    """
    extras = live.order.extras
    if extras is None:
        return None
    legs = extras.legs if live.value == 0 else ()
    left = replace(
        extras,
        starts=None,
        parent=None,
        guards=False,
        whole=False,
        legs=legs,
        closes=None,
        limit_from=None,
        trigger_from=None,
        cash=None,
    )
    return None if left == Extras() else left
