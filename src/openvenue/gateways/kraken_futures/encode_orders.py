"""Orders as people look them up: open ones, ones by name, and what they got.

Source: Kraken Futures REST, "Get open orders", "Get the current status for specific orders",
"Get your fills".
"""

from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType, field

from openvenue.engine.orders import BUY, Direction, Order, OrderView, Origin, Signal, TriggerKind
from openvenue.engine.reasons import CancelReason
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.decode_distance import encode_distance
from openvenue.gateways.kraken_futures.encode import order_type
from openvenue.gateways.kraken_futures.forced import FILLS
from openvenue.gateways.kraken_futures.ids import fill_uuid, order_uuid
from openvenue.gateways.kraken_futures.listing import Listing
from openvenue.gateways.kraken_futures.numbers import Grid
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.kraken_futures.times import iso
from openvenue.history.port import ClosedOrder, Fill

SIGNAL_WORDS: Final = {
    Signal.LAST: "last",
    Signal.MARK: "mark",
    Signal.INDEX: "spot",
    Signal.MID: "unknown",
}
STATUS_SIGNALS: Final = {
    Signal.LAST: "LAST_PRICE",
    Signal.MARK: "MARK_PRICE",
    Signal.INDEX: "SPOT_PRICE",
    Signal.MID: "UNKNOWN",
}


class OpenOrderJson(Struct, kw_only=True):
    """One entry of `openOrders`."""

    order_id: str
    cli_ord_id: str | UnsetType = field(name="cliOrdId", default=UNSET)
    cli_ord_id_too: str | UnsetType = field(name="cli_ord_id", default=UNSET)  # some look here
    symbol: str
    side: str
    order_type: str = field(name="orderType")
    limit_price: Raw | UnsetType = field(name="limitPrice", default=UNSET)
    stop_price: Raw | UnsetType = field(name="stopPrice", default=UNSET)
    unfilled: Raw = field(name="unfilledSize")
    filled: Raw = field(name="filledSize")
    received_time: str = field(name="receivedTime")
    last_update_time: str = field(name="lastUpdateTime")
    status: str
    reduce_only: bool = field(name="reduceOnly")
    trigger_signal: str | UnsetType = field(name="triggerSignal", default=UNSET)
    algo_id: str | UnsetType = field(name="algoId", default=UNSET)


class TrailingJson(Struct, rename="camel"):
    """How far a trailing stop follows."""

    max_deviation: Raw
    unit: str


class TriggerOptionsJson(Struct, rename="camel"):
    """What a waiting order waits for."""

    trigger_price: Raw
    trigger_side: str
    trigger_signal: str
    trailing_stop_options: TrailingJson | UnsetType = UNSET


class StatusOrderJson(Struct, rename="camel", kw_only=True):
    """`order` in an entry of orders/status."""

    type: str
    order_id: str
    cli_ord_id: str | None
    symbol: str
    side: str
    quantity: Raw
    filled: Raw
    limit_price: Raw | None
    reduce_only: bool
    timestamp: str
    last_update_timestamp: str
    price_trigger_options: TriggerOptionsJson | UnsetType = UNSET
    trigger_time: str | None | UnsetType = UNSET


class OrderStatusJson(Struct, rename="camel"):
    """One entry of orders/status."""

    order: StatusOrderJson
    status: str
    update_reason: str | None
    error: str | None


class FillJson(Struct, kw_only=True):
    """One entry of `fills`."""

    fill_id: str
    symbol: str
    side: str
    order_id: str
    cli_ord_id: str | UnsetType = field(name="cliOrdId", default=UNSET)
    size: Raw
    price: Raw
    fill_time: str = field(name="fillTime")
    fill_type: str = field(name="fillType")
    realized_pnl: Raw | None
    sequence_id: str


def encode_open_order(view: OrderView, listing: Listing, profile: Profile) -> OpenOrderJson:
    """A live order."""
    order = view.order
    market = listing.of(order.symbol)
    told = OpenOrderJson(
        order_id=market.uuid(order.order_id, is_waiting=view.is_waiting),
        symbol=order.symbol,
        side="buy" if order.side is BUY else "sell",
        order_type=_open_type(view, profile),
        unfilled=market.sizes.number(view.leaves),
        filled=market.sizes.number(view.filled),
        received_time=iso(order.created),
        last_update_time=iso(view.updated),
        status="partiallyFilled" if view.filled else "untouched",
        reduce_only=order.reduce_only,
    )
    if order.cl_ord_id is not None:
        told.cli_ord_id = told.cli_ord_id_too = order.cl_ord_id
    if order.limit_price is not None:
        told.limit_price = market.prices.number(order.limit_price)
    if view.is_waiting and order.trigger is not None:
        told.stop_price = market.prices.number(order.trigger.price)
        told.trigger_signal = SIGNAL_WORDS[order.trigger.signal]
    if order.algo_id is not None:
        told.algo_id = order.algo_id
    return told


def _open_type(view: OrderView, profile: Profile) -> str:
    trigger = view.order.trigger
    if not view.is_waiting or trigger is None:
        word = order_type(view.order)
        return profile.open_post_word if word == "post" else word
    if trigger.trail is not None:
        return "trailing_stop"
    return "take_profit" if trigger.kind is TriggerKind.TAKE_PROFIT else profile.open_stop_word


def encode_live_status(view: OrderView, listing: Listing) -> OrderStatusJson:
    """A live order, as orders/status tells it."""
    is_edited = view.updated > view.order.created
    if view.is_waiting:
        status, reason = "TRIGGER_PLACED", "EDITED_BY_USER" if is_edited else "NEW_USER_ORDER"
        trigger = view.order.trigger
        if is_edited and trigger is not None and trigger.trail is not None:
            reason = "TRAILING_STOP_PRICE_UPDATED"
    elif view.filled:
        status, reason = "ENTERED_BOOK", "PARTIAL_FILL"
    elif view.order.trigger is not None:
        status, reason = "ENTERED_BOOK", "LIMIT_FROM_STOP"
    elif is_edited and not view.order.reduce_only:
        # Untraded, and not of those that follow a position down: its owner changed it.
        status, reason = "ENTERED_BOOK", "EDITED_BY_USER"
    else:
        status, reason = "ENTERED_BOOK", "NEW_USER_ORDER"
    return OrderStatusJson(_status_order(view, listing), status, reason, None)


def encode_closed_status(closed: ClosedOrder, listing: Listing) -> OrderStatusJson:
    """An order that has ended, as orders/status tells it."""
    told = _status_order(closed.view, listing)
    error = None if closed.rejected is None else errors.ORDER_ERROR[closed.rejected]
    if closed.canceled is CancelReason.TRIGGER_REFUSED:
        return OrderStatusJson(told, "TRIGGER_ACTIVATION_FAILURE", "STOP_ORDER_TRIGGERED", error)
    if closed.canceled is not None:
        if closed.canceled is CancelReason.SELF_TRADE:
            error = "REJECTED_AFTER_EXECUTION"
        reason = errors.UPDATE_REASON[closed.canceled]
        return OrderStatusJson(told, "CANCELLED", reason, error)
    if closed.rejected is not None:
        return OrderStatusJson(told, "REJECTED", f"{error}_REASON", error)
    return OrderStatusJson(told, "FULLY_EXECUTED", "FULL_FILL", None)


def _status_order(view: OrderView, listing: Listing) -> StatusOrderJson:
    order = view.order
    market = listing.of(order.symbol)
    limit = order.limit_price
    told = StatusOrderJson(
        type="TRIGGER_ORDER" if view.is_waiting else "ORDER",
        order_id=market.uuid(order.order_id, is_waiting=view.is_waiting),
        cli_ord_id=order.cl_ord_id,
        symbol=order.symbol,
        side="buy" if order.side is BUY else "sell",
        quantity=market.sizes.number(order.quantity),
        filled=market.sizes.number(view.filled),
        limit_price=None if limit is None else market.prices.number(limit),
        reduce_only=order.reduce_only,
        timestamp=iso(order.created),
        last_update_timestamp=iso(view.updated),
    )
    if view.is_waiting:
        told.price_trigger_options = _trigger_options(order, market.prices)
        told.trigger_time = None
    return told


def _trigger_options(order: Order, prices: Grid) -> TriggerOptionsJson:
    trigger = order.trigger
    assert trigger is not None, "an order without a trigger does not wait"
    is_above = trigger.direction is Direction.ABOVE
    told = TriggerOptionsJson(
        prices.number(trigger.price),
        "TRIGGER_ABOVE" if is_above else "TRIGGER_BELOW",
        STATUS_SIGNALS[trigger.signal],
    )
    if trigger.trail is not None:
        told.trailing_stop_options = TrailingJson(*encode_distance(trigger.trail, prices))
    return told


def encode_fill(fill: Fill, listing: Listing, *, with_profit: bool) -> FillJson:
    """What one order got from one trade. Older pages come without the profit."""
    market = listing.of(fill.symbol)
    told = FillJson(
        fill_id=fill_uuid(fill.exec_id),
        symbol=fill.symbol,
        side="buy" if fill.side is BUY else "sell",
        order_id=order_uuid(fill.order_id),
        size=market.sizes.number(fill.quantity),
        price=market.prices.number(fill.price),
        fill_time=iso(fill.time),
        fill_type=fill_type(fill),
        realized_pnl=market.money.number(fill.realized) if with_profit else None,
        sequence_id=str(fill.exec_id),
    )
    if fill.cl_ord_id is not None:
        told.cli_ord_id = fill.cl_ord_id
    return told


def fill_type(fill: Fill) -> str:
    """The word for how an order came by a fill."""
    if fill.origin is not Origin.CLIENT:
        return FILLS[fill.origin][fill.is_maker]
    if fill.is_maker:
        return "maker"
    return "takerAfterEdit" if fill.is_after_amend else "taker"
