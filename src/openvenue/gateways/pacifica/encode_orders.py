"""Orders: as they are now, as they ended, and event by event.

Source: Pacifica, "Get open orders", "Get order history", "Get order history by ID", WebSocket
"Account orders", "Account order updates".
"""

from typing import Any, Final

from openvenue.engine.orders import BUY, Order, OrderView, Side, TriggerKind
from openvenue.engine.units import Lots, Nanos
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.encode_market import average_text
from openvenue.gateways.pacifica.legs import SIGNAL_WORDS
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.times import millis
from openvenue.history.port import ClosedOrder, Fill

Row = dict[str, Any]
TAKE_PROFIT: Final = TriggerKind.TAKE_PROFIT
EVENTS_MAX = 1_000_000  # of one order, so that their ids rise and never meet another order's


def side_text(side: Side) -> str:
    """`bid` or `ask`."""
    return "bid" if side is BUY else "ask"


def kind_of(order: Order) -> str:
    """What an order was asked for as. A market order is one with a cap beside its limit."""
    if order.trigger is not None:
        word = "stop"
        if order.extras is not None and order.extras.guards:
            word = "take_profit" if order.trigger.kind is TAKE_PROFIT else "stop_loss"
        return f"{word}_market" if order.is_market or order.limit_price is None else f"{word}_limit"
    return "market" if order.is_market or order.market_cap is not None else "limit"


def price_text(order: Order, market: Market) -> str:
    """The limit of an order; 0 for a stop that will be a market order."""
    if order.limit_price is None or (order.trigger is not None and order.is_market):
        return "0"
    return market.prices.text(order.limit_price)


def stop_text(order: Order, market: Market) -> str | None:
    """The price that an order waits, or waited, for."""
    return None if order.trigger is None else market.prices.text(order.trigger.price)


def parent_of(order: Order) -> int | None:
    """The order that a take-profit or a stop-loss came with."""
    return None if order.extras is None else order.extras.parent


def stop_kind(order: Order) -> str | None:
    """`TP` or `SL`; None: it guards no position."""
    if order.trigger is None or order.extras is None or not order.extras.guards:
        return None
    return "TP" if order.trigger.kind is TAKE_PROFIT else "SL"


def open_status(view: OrderView) -> str:
    """Of an order that lives."""
    return "partially_filled" if view.filled else "open"


def closed_story(closed: ClosedOrder) -> tuple[str | None, str]:
    """Why an order ended (None: it was filled), and its last status."""
    if closed.rejected is not None and closed.rejected in errors.IDENTIFIED:
        return errors.IDENTIFIED[closed.rejected]
    if closed.canceled is not None:
        return errors.ENDED[closed.canceled]
    return (None, "filled") if closed.view.leaves == 0 else ("force_cancel", "cancelled")


def open_row(view: OrderView, market: Market) -> Row:
    """One live order, over HTTP."""
    order = view.order
    size = market.sizes.text
    return {
        "order_id": order.order_id,
        "client_order_id": order.cl_ord_id,
        "symbol": order.symbol,
        "side": side_text(order.side),
        "price": price_text(order, market),
        "initial_amount": size(order.quantity),
        "filled_amount": size(view.filled),
        "cancelled_amount": "0",
        "stop_price": stop_text(order, market),
        "order_type": kind_of(order),
        "stop_parent_order_id": parent_of(order),
        "reduce_only": order.reduce_only,
        "created_at": millis(order.created),
        "updated_at": millis(view.updated),
    }


def history_row(
    view: OrderView, market: Market, status: str, reason: str | None, updated: Nanos
) -> Row:
    """One order, live or not, in its latest state."""
    order = view.order
    return {
        "order_id": order.order_id,
        "client_order_id": order.cl_ord_id,
        "symbol": order.symbol,
        "side": side_text(order.side),
        "initial_price": price_text(order, market),
        "average_filled_price": average_text(view.value, view.filled, market),
        "amount": market.sizes.text(order.quantity),
        "filled_amount": market.sizes.text(view.filled),
        "order_status": status,
        "order_type": kind_of(order),
        "stop_price": stop_text(order, market),
        "stop_parent_order_id": parent_of(order),
        "reduce_only": order.reduce_only,
        "reason": reason,
        "created_at": millis(order.created),
        "updated_at": millis(updated),
    }


def event_rows(
    view: OrderView, closed: ClosedOrder | None, fills: list[Fill], market: Market
) -> list[Row]:
    """What happened to one order, newest first. `fills` are its own, oldest first."""
    order = view.order
    rows: list[Row] = []

    def add(event: str, status: str, price: str, filled: int, canceled: int, time: Nanos) -> None:
        rows.append(
            {
                "history_id": order.order_id * EVENTS_MAX + len(rows),
                "order_id": order.order_id,
                "client_order_id": order.cl_ord_id,
                "symbol": order.symbol,
                "side": side_text(order.side),
                "price": price,
                "initial_amount": market.sizes.text(order.quantity),
                "filled_amount": market.sizes.text(filled),
                "cancelled_amount": market.sizes.text(canceled),
                "event_type": event,
                "order_type": kind_of(order),
                "order_status": status,
                "stop_price": stop_text(order, market),
                "stop_parent_order_id": parent_of(order),
                "reduce_only": order.reduce_only,
                "created_at": millis(time),
            }
        )

    limit = price_text(order, market)
    reason, last_status = (None, "") if closed is None else closed_story(closed)
    is_at_once = bool(fills) and not fills[0].is_maker and fills[0].time == order.created
    if order.trigger is not None:
        add("stop_created", "open", limit, 0, 0, order.created)
    elif order.algo_id is not None:
        add("twap_triggered", "open", limit, 0, 0, order.created)
    elif not is_at_once and reason not in ("post_only_rejected", "expired"):
        add("make", "open", limit, 0, 0, order.created)
    filled = 0
    for fill in fills:
        filled += fill.quantity
        status = "partially_filled" if fill.leaves else "filled"
        event = "fulfill_limit" if fill.is_maker else "fulfill_market"
        add(event, status, market.prices.text(fill.price), filled, 0, fill.time)
    if closed is not None and reason is not None:
        add(reason, last_status, limit, filled, view.leaves, closed.closed)
    rows.reverse()
    return rows


def socket_row(view: OrderView, market: Market) -> Row:
    """One live order of the socket's list."""
    order = view.order
    size = market.sizes.text
    return {
        "i": order.order_id,
        "I": order.cl_ord_id,
        "s": order.symbol,
        "d": side_text(order.side),
        "p": price_text(order, market),
        "a": size(order.quantity),
        "f": size(view.filled),
        "c": "0",
        "ot": kind_of(order),
        "sp": stop_text(order, market),
        "st": stop_kind(order),
        "ro": order.reduce_only,
        "t": millis(view.updated),
    }


def update_row(
    view: OrderView,
    market: Market,
    address: str,
    event: str,
    status: str,
    last_price: str | None,
    time: Nanos,
    seq: int,
) -> Row:
    """One event of one order, on the socket."""
    order = view.order
    trigger = order.trigger
    kind = None
    if trigger is not None:
        kind = SIGNAL_WORDS.get(trigger.signal, "mark_price")
    return {
        "i": order.order_id,
        "I": order.cl_ord_id,
        "u": address,
        "s": order.symbol,
        "d": side_text(order.side),
        "p": average_text(view.value, view.filled, market),
        "ip": price_text(order, market),
        "lp": price_text(order, market) if last_price is None else last_price,
        "a": market.sizes.text(order.quantity),
        "f": market.sizes.text(Lots(view.filled)),
        "oe": event,
        "os": status,
        "ot": kind_of(order),
        "sp": stop_text(order, market),
        "si": parent_of(order),
        "tp": kind,
        "r": order.reduce_only,
        "ct": millis(order.created),
        "ut": millis(time),
        "li": seq,
    }
