"""Outcomes and orders in this API's words. Every number is exact: digits made from integers.

Source: Kraken Futures REST, "Send order", "Cancel order" and their shared order schemas.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.events import (
    CancelRejected,
    Event,
    HoldsCanceled,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderRested,
    OrdersCanceled,
    Refused,
    Traded,
)
from openvenue.engine.orders import BUY, FOK, GTC, Direction, Order, OrderView, Origin, Signal
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import Nanos, OrderId
from openvenue.exchange.port import Outcome
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.decode_distance import encode_distance
from openvenue.gateways.kraken_futures.forced import ORDERS
from openvenue.gateways.kraken_futures.ids import fill_uuid, order_uuid
from openvenue.gateways.kraken_futures.listing import Listing, Market
from openvenue.gateways.kraken_futures.numbers import ZERO
from openvenue.gateways.kraken_futures.order_json import (
    CancelEvent,
    CancelledOrder,
    CancelTriggerEvent,
    ExecuteEvent,
    OrderEvent,
    OrderJson,
    OrderStatus,
    OrderTriggerJson,
    PlaceEvent,
    PlaceTriggerEvent,
    RejectEvent,
    RejectTriggerEvent,
)
from openvenue.gateways.kraken_futures.profile import DEFAULT, Profile
from openvenue.gateways.kraken_futures.times import iso
from openvenue.gateways.wire import WireError

ENCODER: Final = msgspec.json.Encoder()
NO_UID: Final = "00000000-0000-0000-0000-000000000000"
SIGNAL_WORDS: Final = {
    Signal.LAST: "last_price",
    Signal.MARK: "mark_price",
    Signal.INDEX: "spot_price",
    Signal.MID: "unknown",  # this API has no such signal
}
IDENTIFIED: Final = {  # refusals that are told with the order they were about
    RejectReason.WOULD_TAKE: "POST_WOULD_EXECUTE",
    RejectReason.WOULD_NOT_TAKE: "IOC_WOULD_NOT_EXECUTE",
    RejectReason.WOULD_NOT_FILL: "IOC_WOULD_NOT_EXECUTE",
}


def order_type(order: Order) -> str:
    """The word for what kind of order it is once it acts."""
    if order.origin is not Origin.CLIENT:
        return ORDERS[order.origin]
    if order.post_only:
        return "post"
    if order.time_in_force is GTC:
        return "lmt"
    return "fok" if order.time_in_force is FOK else "ioc"


def encode_order(order: Order, filled: int, updated: Nanos, market: Market) -> OrderJson:
    """An order with `filled` lots of it traded."""
    created = iso(order.created)
    limit = order.limit_price
    return OrderJson(
        order_uuid(order.order_id),
        order.cl_ord_id,
        order_type(order),
        order.symbol,
        "buy" if order.side is BUY else "sell",
        market.sizes.number(order.quantity),
        market.sizes.number(filled) if filled else ZERO,
        market.prices.number(limit) if limit is not None else ZERO,
        order.reduce_only,
        created,
        created if updated == order.created else iso(updated),
        order.algo_id if order.algo_id is not None else UNSET,
    )


def encode_trigger(order: Order, updated: Nanos, market: Market) -> OrderTriggerJson:
    """An order that waits for a price."""
    trigger = order.trigger
    assert trigger is not None, "an order without a trigger does not wait"
    limit = order.limit_price
    told = OrderTriggerJson(
        uid=market.uuid(order.order_id, is_waiting=True),
        client_id=order.cl_ord_id,
        type="ioc" if order.is_market else "lmt",
        symbol=order.symbol,
        side="buy" if order.side is BUY else "sell",
        quantity=market.sizes.number(order.quantity),
        limit_price=None if limit is None else market.prices.number(limit),
        trigger_price=market.prices.number(trigger.price),
        trigger_side=trigger_side(trigger.direction),
        trigger_signal=SIGNAL_WORDS[trigger.signal],
        reduce_only=order.reduce_only,
        timestamp=iso(order.created),
        last_update_timestamp=iso(updated),
    )
    if trigger.offset is not None:
        value, unit = encode_distance(trigger.offset, market.prices)
        told.limit_price_offset_value, told.limit_price_offset_unit = value, unit
    return told


def refusal(
    error: str, profile: Profile, *, is_trigger: bool, uid: str = NO_UID
) -> list[OrderEvent]:
    """What is told of a refusal beside its status: by default, of triggers alone."""
    told = profile.refusal_events
    if not error or told == "none" or (told == "triggers" and not is_trigger):
        return []
    return [RejectTriggerEvent(uid, None, error)]


def trigger_side(direction: Direction) -> str:
    """Where the signal has to go."""
    return "trigger_above" if direction is Direction.ABOVE else "trigger_below"


def encode_canceled(
    view: OrderView, listing: Listing, profile: Profile = DEFAULT
) -> CancelEvent | CancelTriggerEvent:
    """The end of an order that was as `view` shows it."""
    order = view.order
    if profile.canceled_quantity == "remaining":
        order = replace(order, quantity=view.leaves)
    market = listing.of(order.symbol)
    uid = market.uuid(order.order_id, is_waiting=view.is_waiting)
    if view.is_waiting:
        return CancelTriggerEvent(uid, encode_trigger(order, view.updated, market))
    return CancelEvent(uid, encode_order(order, view.filled, view.updated, market))


def send_status(
    events: Sequence[Event],
    before: Mapping[OrderId, OrderView],
    command: PlaceOrder,
    time: Nanos,
    listing: Listing,
    profile: Profile = DEFAULT,
) -> OrderStatus:
    """What became of an order: the answer to one `PlaceOrder` among `events`.

    Raises: WireError: the refusal is of the request, not of the order.
    """
    status = OrderStatus("placed", received_time=iso(time))
    if command.cl_ord_id is not None:
        status.cli_ord_id = command.cl_ord_id
    for place, event in enumerate(events):
        if isinstance(event, OrderAccepted):
            order = event.order
            market = listing.of(order.symbol)
            status.order_id = market.uuid(order.order_id, is_waiting=order.trigger is not None)
            status.order_events = _placed(event, events[place + 1 :], before, listing, profile)
            if profile.partly_filled_word != "placed" and _is_partly_filled(order, events):
                status.status = profile.partly_filled_word
            return status
        if isinstance(event, OrderRejected):
            word = errors.REQUEST_ERROR.get(event.reason)
            if word is not None:
                raise WireError(word, why=event.reason.name)
            status.status = errors.SEND_STATUS[event.reason]
            if event.order is None:
                error = errors.order_error(event.reason)
                is_trigger = command.trigger is not None
                status.order_events = refusal(error, profile, is_trigger=is_trigger)
            else:
                order = event.order
                market = listing.of(order.symbol)
                status.order_id = uid = order_uuid(order.order_id)
                told = encode_order(order, 0, order.created, market)
                status.order_events = [RejectEvent(uid, told, IDENTIFIED[event.reason])]
                if event.reason is RejectReason.WOULD_NOT_FILL:
                    status.status = profile.refused_fok_word
                    if status.status == "cancelled":
                        status.order_events = [CancelEvent(uid, told)]
            return status
    raise AssertionError("a PlaceOrder is always answered")


def _is_partly_filled(order: Order, events: Sequence[Event]) -> bool:
    """Whether an order got some of what it asked for at once, and not all."""
    leaves = order.quantity
    for event in events:
        if isinstance(event, Traded) and event.taker_order_id == order.order_id:
            leaves = event.taker_leaves
    return 0 < leaves < order.quantity


def _placed(
    accepted: OrderAccepted,
    following: Sequence[Event],
    before: Mapping[OrderId, OrderView],
    listing: Listing,
    profile: Profile,
) -> list[OrderEvent]:
    """What an accepted order did at once: its executions, then its place in the book.

    Own orders that it put out of its way come first; those of the family are told to their owners.
    """
    order = accepted.order
    market = listing.of(order.symbol)
    reduced = market.sizes.number(accepted.reduced) if order.reduce_only else None
    if order.trigger is not None:
        return [PlaceTriggerEvent(encode_trigger(order, order.created, market))]
    if accepted.rests:
        return [PlaceEvent(encode_order(order, 0, order.created, market), reduced)]
    told: list[OrderEvent] = []
    for event in following:
        if isinstance(event, Traded):
            if event.taker_order_id != order.order_id:
                break
            filled = order.quantity - event.taker_leaves - event.quantity
            told.append(
                ExecuteEvent(
                    fill_uuid(event.exec_id),
                    market.prices.number(event.price),
                    market.sizes.number(event.quantity),
                    encode_order(order, filled, order.created, market),
                    reduced,
                )
            )
        elif isinstance(event, OrderRested) and event.order_id == order.order_id:
            filled = 0 if profile.place_first else order.quantity - event.leaves
            place = PlaceEvent(encode_order(order, filled, order.created, market), reduced)
            told.insert(0 if profile.place_first else len(told), place)
            break
        elif isinstance(event, OrderCanceled) and event.reason is CancelReason.EVICTED:
            if event.account == order.account:
                told.append(encode_canceled(before[event.order_id], listing, profile))
        elif isinstance(event, OrderCanceled) and event.order_id == order.order_id:
            # The rest of an IOC, or of a taker that met itself, has no event of its own by default.
            if profile.ioc_remainder == "cancel":
                rest = OrderView(order, event.leaves, order.created)
                told.append(encode_canceled(rest, listing, profile))
            break
    return told


def cancel_status(
    events: Sequence[Event],
    before: Mapping[OrderId, OrderView],
    time: Nanos,
    listing: Listing,
    profile: Profile = DEFAULT,
) -> OrderStatus | RejectReason:
    """What became of the cancel of one order; or why it was refused, for who knows the past."""
    for event in events:
        if isinstance(event, OrderCanceled) and event.reason is CancelReason.BY_OWNER:
            view = before[event.order_id]
            view = OrderView(view.order, event.leaves, view.updated, view.is_waiting)
            market = listing.of(view.order.symbol)
            uid = market.uuid(event.order_id, is_waiting=view.is_waiting)
            status = OrderStatus("cancelled", uid)
            if view.order.cl_ord_id is not None:
                status.cli_ord_id = view.order.cl_ord_id
            status.received_time = iso(time)
            status.order_events = [encode_canceled(view, listing, profile)]
            return status
        if isinstance(event, HoldsCanceled):
            return OrderStatus("cancelled", received_time=iso(time), order_events=[])
        if isinstance(event, CancelRejected):
            return event.reason
    raise AssertionError("a CancelOrder is always answered")


def mass_canceled(outcome: Outcome) -> list[OrderView]:
    """The orders that a cancel of all has ended, as they were.

    Raises: WireError: the venue does not know the account; a market is in maintenance.
    """
    for event in outcome.entry.events:
        if isinstance(event, OrdersCanceled) and event.reason is CancelReason.MASS_CANCEL:
            return [outcome.before[order_id] for order_id in event.order_ids]
        if isinstance(event, Refused):
            raise WireError(errors.CANCEL_ERROR[event.reason], why=event.detail)
    raise AssertionError("a CancelOrders is always answered")


def encode_cancel_all(
    canceled: Iterable[OrderView], listing: Listing, profile: Profile
) -> Iterator[tuple[bytes, bytes]]:
    """For each order, its entry in `cancelledOrders` and in `orderEvents` (empty: it has none)."""
    for view in canceled:
        order = view.order
        market = listing.of(order.symbol)
        entry = CancelledOrder(market.uuid(order.order_id, is_waiting=view.is_waiting))
        if profile.cancel_all_cli_ord_ids and order.cl_ord_id is not None:
            entry.cli_ord_id = order.cl_ord_id
        told = b""
        events = profile.cancel_all_events
        if events == "all" or (events == "no_triggers" and not view.is_waiting):
            told = ENCODER.encode(encode_canceled(view, listing, profile))
        yield ENCODER.encode(entry), told
