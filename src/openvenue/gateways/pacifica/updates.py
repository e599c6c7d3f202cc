"""What an event means for those who listen: rows about orders, and what stands differently now.

Source: Pacifica, WebSocket "Account order updates".
"""

from collections.abc import Callable, Iterator

from openvenue.engine.events import (
    CollateralTaken,
    Converted,
    Deposited,
    Event,
    FundingPaid,
    LegArmed,
    LeverageSet,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderRested,
    OrdersCanceled,
    OrderTrimmed,
    ShortfallCovered,
    Traded,
    Transferred,
    TriggerFired,
    TwapRejected,
    Withdrawn,
)
from openvenue.engine.orders import Order, OrderView
from openvenue.engine.units import AccountId
from openvenue.gateways.pacifica import encode_orders, errors
from openvenue.gateways.pacifica.desk import Desk
from openvenue.gateways.pacifica.encode_orders import Row, open_status
from openvenue.gateways.pacifica.story import Story

Change = tuple[OrderView, str, str, str | None]  # an order, the event, its status, a fill's price


def update_rows(
    event: Event, story: Story, desk: Desk, is_heard: Callable[[AccountId], bool]
) -> Iterator[tuple[AccountId, Row]]:
    """What owners who are heard of are told of `event`, which `story` has just gone past."""
    if isinstance(event, OrdersCanceled) and not is_heard(event.account):
        return  # a hundred thousand orders need not be walked for nobody
    for view, word, status, price in changes(event, story, desk):
        order = view.order
        address = desk.keys.address_of(order.account) if is_heard(order.account) else None
        if address is not None:
            market = desk.listing.of(order.symbol)
            row = encode_orders.update_row(
                view, market, address, word, status, price, story.time, story.seq
            )
            yield order.account, row


def changes(event: Event, story: Story, desk: Desk) -> Iterator[Change]:
    """What became of each order that `event` is about, in this API's words."""
    match event:
        case OrderAccepted(order=order, rests=rests):
            if order.trigger is not None:
                yield story.views[order.order_id], "stop_created", "open", None
            elif order.algo_id is not None:
                yield story.views[order.order_id], "twap_triggered", "open", None
            elif rests:
                yield story.views[order.order_id], "make", "open", None
        case OrderRejected(order=Order() as order, reason=reason):
            word, status = errors.IDENTIFIED.get(reason, ("cancel", "rejected"))
            yield OrderView(order, order.quantity, story.time), word, status, None
        case OrderRested(order_id=order_id):
            view = story.views[order_id]
            if not view.filled:
                yield view, "make", "open", None
        case OrderActivated(order=order):
            yield story.views[order.order_id], "stop_triggered", "open", None
        case LegArmed(order_id=order_id):
            yield story.views[order_id], "stop_parent_order_filled", "open", None
        case OrderTrimmed(order_id=order_id):
            view = story.views[order_id]
            yield view, "adjust", open_status(view), None
        case OrderAmended(order=order):
            view = story.views[order.order_id]
            yield view, "adjust", open_status(view), None
        case Traded():
            price = desk.listing.of(event.symbol).prices.text(event.price)
            for order_id, leaves, word in (
                (event.maker_order_id, event.maker_leaves, "fulfill_limit"),
                (event.taker_order_id, event.taker_leaves, "fulfill_market"),
            ):
                status = "partially_filled" if leaves else "filled"
                yield story.views[order_id], word, status, price
        case OrderCanceled(order_id=order_id, reason=why):
            yield story.views[order_id], *errors.ENDED[why], None
        case OrdersCanceled(order_ids=ids, reason=why):
            for order_id in ids:
                yield story.views[order_id], *errors.ENDED[why], None
        case _:
            pass


def touched(event: Event, story: Story) -> Iterator[str]:
    """Symbols and accounts that stand differently after `event`."""
    match event:
        case OrderAccepted(order=order) | OrderActivated(order=order) | OrderAmended(order=order):
            yield order.symbol
            yield order.account
        case Traded():
            yield event.symbol
            yield event.maker_account
            yield event.taker_account
        case OrderRested() | OrderTrimmed() | TriggerFired() | OrderCanceled() | LegArmed():
            order = story.views[event.order_id].order
            yield order.symbol
            yield order.account
        case OrdersCanceled(order_ids=ids, account=account):
            if ids:
                yield account
            yield from {story.views[order_id].order.symbol for order_id in ids}
        case FundingPaid(symbol=symbol, shares=shares):
            yield symbol
            for share in shares:
                yield share.account
        case Deposited(account=account) | LeverageSet(account=account):
            yield account
        case (
            Withdrawn(account=account)
            | ShortfallCovered(account=account)
            | Converted(account=account)
        ):
            yield account
        case CollateralTaken(account=account, to=other):
            yield account
            yield other
        case Transferred(account=account, to_account=other):
            yield account
            yield other
        case TwapRejected():
            pass
        case _:
            name = getattr(event, "symbol", None)
            if name is not None and not isinstance(event, OrderRejected):
                yield name  # a mark price or a mode
