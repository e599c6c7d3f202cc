"""TWAPs: as they run, as they ended, and event by event.

Source: Pacifica, "Get open TWAP orders", "Get TWAP order history", "Get TWAP order history by ID",
WebSocket "Account TWAP orders", "Account TWAP order updates".
"""

from typing import Final

from openvenue.engine.events import Event, TwapAccepted, TwapEnded, TwapSliced
from openvenue.engine.reasons import CancelReason
from openvenue.engine.twaps import TwapView
from openvenue.engine.units import Nanos
from openvenue.gateways.pacifica.encode_market import average_text
from openvenue.gateways.pacifica.encode_orders import EVENTS_MAX, Row, side_text
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.times import millis, plain
from openvenue.history.past import TwapChange

EXECUTED: Final = "sub_order_executed"  # the one word for a part, whether it filled or not
ENDED: Final = {  # the event, and the last status
    None: ("completed", "completed"),
    CancelReason.LAPSED: ("expired", "expired"),
    CancelReason.SLICE_REFUSED: ("rejected_due_to_sub_order", "rejected_due_to_sub_order"),
    CancelReason.BY_OWNER: ("cancel", "cancelled"),
    CancelReason.MASS_CANCEL: ("cancel", "cancelled"),
}
FORCED: Final = ("force_cancel", "cancelled")


def open_status(view: TwapView) -> str:
    """Of one that runs."""
    return "in_execution" if view.past else "open"


def words_of(change: TwapChange) -> tuple[str, str]:
    """An event of the past, and the status after it."""
    if not change.is_open:
        return ENDED.get(change.ended, FORCED)
    return (EXECUTED if change.view.past else "make"), open_status(change.view)


def told_words(event: Event) -> tuple[TwapView, str, str] | None:
    """The same of an event that happens now; None: it is not about a TWAP."""
    match event:
        case TwapAccepted(view=view):
            return view, "make", "open"
        case TwapSliced(view=view):
            return view, EXECUTED, open_status(view)
        case TwapEnded(view=view, reason=reason):
            return view, *ENDED.get(reason, FORCED)
    return None


def open_row(view: TwapView, market: Market) -> Row:
    """One that runs, over HTTP."""
    twap = view.twap
    size = market.sizes.text
    return {
        "order_id": twap.order_id,
        "client_order_id": twap.cl_ord_id,
        "symbol": twap.symbol,
        "side": side_text(twap.side),
        "initial_amount": size(twap.quantity),
        "filled_amount": size(view.filled),
        "reduce_only": twap.reduce_only,
        "slippage_percent": plain(twap.slippage * 100),
        "planned_sub_order_amount": size(twap.planned),
        "planned_sub_order_count": twap.slices,
        "past_sub_order_count": view.past,
        "total_filled_value": market.money.text(view.value),
        "expiration": millis(twap.expires),
        "created_at": millis(twap.created),
        "updated_at": millis(view.updated),
    }


def history_row(view: TwapView, market: Market, status: str, updated: Nanos) -> Row:
    """One, running or not, in its latest state."""
    average, value = _last(view, market)
    return {
        **open_row(view, market),
        "order_status": status,
        "average_price_of_last_filled_sub_order": average,
        "value_of_last_filled_sub_order": value,
        "updated_at": millis(updated),
    }


def event_rows(changes: list[TwapChange], market: Market) -> list[Row]:
    """What happened to one, newest first. `changes` are its own, oldest first."""
    rows: list[Row] = []
    for number, change in enumerate(changes):
        event, status = words_of(change)
        rows.append(
            {
                "history_id": change.view.twap.order_id * EVENTS_MAX + number,
                **history_row(change.view, market, status, change.time),
                "event_type": event,
            }
        )
    rows.reverse()
    return rows


def socket_row(view: TwapView, market: Market) -> Row:
    """One of the socket's list."""
    row = open_row(view, market)
    return {
        "i": row["order_id"],
        "I": row["client_order_id"],
        "s": row["symbol"],
        "d": row["side"],
        "a": row["initial_amount"],
        "f": row["filled_amount"],
        "tv": row["total_filled_value"],
        "ro": row["reduce_only"],
        "sp": row["slippage_percent"],
        "psa": row["planned_sub_order_amount"],
        "psc": row["planned_sub_order_count"],
        "poc": row["past_sub_order_count"],
        "e": row["expiration"],
        "t": row["updated_at"],
    }


def update_row(
    view: TwapView, market: Market, address: str, event: str, status: str, time: Nanos
) -> Row:
    """One event of one, on the socket."""
    row = history_row(view, market, status, time)
    return {
        "i": row["order_id"],
        "I": row["client_order_id"],
        "u": address,
        "s": row["symbol"],
        "d": row["side"],
        "ta": row["initial_amount"],
        "fa": row["filled_amount"],
        "lp": row["average_price_of_last_filled_sub_order"],
        "lv": row["value_of_last_filled_sub_order"],
        "tv": row["total_filled_value"],
        "oe": event,
        "os": status,
        "r": row["reduce_only"],
        "sp": row["slippage_percent"],
        "psa": row["planned_sub_order_amount"],
        "psc": row["planned_sub_order_count"],
        "pasc": row["past_sub_order_count"],
        "et": row["expiration"],
        "ct": row["created_at"],
        "ut": row["updated_at"],
    }


def _last(view: TwapView, market: Market) -> tuple[str | None, str | None]:
    """Average price and value of the newest part that filled at all."""
    if not view.last_filled:
        return None, None
    average = average_text(view.last_value, view.last_filled, market)
    return average, market.money.text(view.last_value)
