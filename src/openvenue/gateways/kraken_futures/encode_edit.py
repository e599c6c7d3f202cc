"""What became of the change of an order, in this API's words.

Source: Kraken Futures REST, "Edit order" and the shared order schemas.
"""

from collections.abc import Mapping, Sequence

from openvenue.engine.events import (
    AmendRejected,
    Event,
    OrderAmended,
    OrderCanceled,
    OrderRested,
    Traded,
)
from openvenue.engine.orders import Order, OrderView
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import Lots, Nanos, OrderId
from openvenue.gateways.kraken_futures.encode import encode_order, encode_trigger
from openvenue.gateways.kraken_futures.ids import fill_uuid
from openvenue.gateways.kraken_futures.listing import Listing, Market
from openvenue.gateways.kraken_futures.order_json import (
    EditEvent,
    EditStatus,
    ExecuteEvent,
    OrderEvent,
    OrderJson,
    OrderTriggerJson,
)
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.kraken_futures.times import iso


def edit_status(
    events: Sequence[Event],
    before: Mapping[OrderId, OrderView],
    time: Nanos,
    listing: Listing,
    profile: Profile,
) -> EditStatus | RejectReason:
    """What became of one `AmendOrder` among `events`; or why it was refused."""
    for place, event in enumerate(events):
        if isinstance(event, OrderAmended):
            order = event.order
            told = _edited(
                event, events[place + 1 :], before[order.order_id], time, listing, profile
            )
            is_waiting = before[order.order_id].is_waiting
            uid = listing.of(order.symbol).uuid(order.order_id, is_waiting=is_waiting)
            status = EditStatus("edited", uid, order_events=told)
            if order.cl_ord_id is not None:
                status.cli_ord_id = order.cl_ord_id
            status.received_time = iso(time)
            return status
        if isinstance(event, AmendRejected):
            return event.reason
    raise AssertionError("an AmendOrder is always answered")


def _edited(
    amended: OrderAmended,
    following: Sequence[Event],
    old: OrderView,
    time: Nanos,
    listing: Listing,
    profile: Profile,
) -> list[OrderEvent]:
    """The change; or, where the order now crosses, its executions and then the change."""
    order = amended.order
    market = listing.of(order.symbol)
    reduced = market.sizes.number(amended.reduced) if order.reduce_only else None
    if old.is_waiting:
        # What it does if it fires at once is the story of another order, as it is at entry.
        return [
            EditEvent(
                _waiting(old.order, old.updated, market, profile),
                _waiting(order, time, market, profile),
                reduced,
            )
        ]
    was = encode_order(old.order, old.filled, old.updated, market)
    if amended.rests:
        return [EditEvent(was, _order(order, amended.leaves, time, market), reduced)]
    told: list[OrderEvent] = []
    for event in following:
        if isinstance(event, Traded):
            if event.taker_order_id != order.order_id:
                break
            leaves = Lots(event.taker_leaves + event.quantity)
            told.append(
                ExecuteEvent(
                    fill_uuid(event.exec_id),
                    market.prices.number(event.price),
                    market.sizes.number(event.quantity),
                    _order(order, leaves, time, market),
                    reduced,
                    was,
                )
            )
        elif isinstance(event, OrderRested) and event.order_id == order.order_id:
            told.append(EditEvent(was, _order(order, event.leaves, time, market), reduced))
            break
        elif isinstance(event, OrderCanceled) and event.order_id == order.order_id:
            break  # the rest of an order that met its own account has no event of its own
    return told


def _order(order: Order, leaves: Lots, time: Nanos, market: Market) -> OrderJson:
    return encode_order(order, order.quantity - leaves, time, market)


def _waiting(
    order: Order, updated: Nanos, market: Market, profile: Profile
) -> OrderJson | OrderTriggerJson:
    if profile.edited_trigger_shape == "order":
        return encode_order(order, 0, updated, market)
    return encode_trigger(order, updated, market)
