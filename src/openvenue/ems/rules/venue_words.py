"""What venues say, or do not say, and what follows for an order. Old news changes nothing."""

from openvenue.ems.commands import (
    RecordAbsence,
    RecordForeign,
    RecordSilence,
    RecordUnsent,
    RecordWord,
    Standing,
    Word,
)
from openvenue.ems.events import Event, OrderFound, OrderLost, OrderMoved, OrderReported
from openvenue.ems.orders import ClOrdId, Order, Status
from openvenue.ems.state import State
from openvenue.ems.transitions import path

ABSENT = "The exchange knows no such order: it never arrived, or ended without a fill."


def record_unsent(state: State, command: RecordUnsent) -> list[Event]:
    """It never left, so nothing of it can be anywhere."""
    order = state.orders[command.owner, command.cl_ord_id]
    if order.status is not Status.ROUTING:
        return []
    return [
        OrderMoved(
            owner=command.owner,
            cl_ord_id=command.cl_ord_id,
            status=Status.REJECTED,
            message=command.why,
        )
    ]


def record_silence(state: State, command: RecordSilence) -> list[Event]:
    """It may be there or not."""
    order = state.orders[command.owner, command.cl_ord_id]
    if order.has_ended:
        return []
    events: list[Event] = []
    if order.status is Status.ROUTING:
        events.append(
            OrderMoved(owner=command.owner, cl_ord_id=command.cl_ord_id, status=Status.ROUTED)
        )
    events.append(OrderLost(owner=command.owner, cl_ord_id=command.cl_ord_id, why=command.why))
    return events


def record_word(state: State, command: RecordWord) -> list[Event]:
    """Everything new in it; nothing if there is nothing new."""
    order = state.orders[command.owner, command.cl_ord_id]
    word = command.word
    is_newer = word.filled > order.filled
    way = path(order.status, target(order, word))
    if order.has_ended and word.standing is Standing.OPEN:
        if command.asked <= order.history[-1][1]:
            return []
        way = (target(order, word),)  # it was thought to be over, and is not
    if way and order.status is Status.ROUTING and way[0] is not Status.ROUTED:
        way = (Status.ROUTED, *way)  # the venue has spoken, so it was handed over
    reported = OrderReported(
        owner=command.owner,
        cl_ord_id=command.cl_ord_id,
        path=way or (),
        order_id=word.order_id or order.order_id,
        filled=word.filled if is_newer else order.filled,
        average=word.average if is_newer and word.average is not None else order.average,
        fills=word.fills if len(word.fills) > len(order.fills) else order.fills,
        message=word.message,
    )
    is_news = (
        bool(way)
        or is_newer
        or order.is_unknown
        or reported.order_id != order.order_id
        or reported.fills != order.fills
    )
    return [reported] if is_news else []


def target(order: Order, word: Word) -> Status:
    """The status that an order has after `word`."""
    filled = max(word.filled, order.filled)
    match word.standing:
        case Standing.OPEN if order.status is Status.PENDING_CANCEL and filled == order.filled:
            return Status.PENDING_CANCEL  # a list may be older than the cancel
        case Standing.OPEN:
            return Status.PARTIALLY_FILLED if filled else Status.NEW
        case Standing.FILLED:
            return Status.FILLED
        case Standing.REJECTED if order.is_in_flight:
            return Status.REJECTED
        case _:  # whoever only saw its fills may not know that they were all of it
            return Status.FILLED if filled >= order.terms.quantity else Status.CANCELED


def record_absence(state: State, command: RecordAbsence) -> list[Event]:
    """It is not there. An order that was never confirmed counts as refused.

    Whoever was asked before the newest that is known could not know that.
    """
    order = state.orders[command.owner, command.cl_ord_id]
    if order.has_ended or command.asked <= order.history[-1][1]:
        return []
    end = Status.REJECTED if order.is_in_flight else Status.CANCELED
    return [
        OrderReported(
            owner=command.owner,
            cl_ord_id=command.cl_ord_id,
            path=path(order.status, end) or (),
            order_id=order.order_id,
            filled=order.filled,
            average=order.average,
            fills=order.fills,
            message=ABSENT,
        )
    ]


def record_foreign(state: State, command: RecordForeign) -> list[Event]:
    """An order from elsewhere, once."""
    word = command.word
    names = (command.venue_cl_ord_id, word.order_id)
    cl_ord_id = ClOrdId(word.order_id)
    if state.find(command.account, *names) or (command.account.owner, cl_ord_id) in state.orders:
        return []
    return [
        OrderFound(
            account=command.account,
            cl_ord_id=cl_ord_id,
            terms=command.terms,
            venue_cl_ord_id=command.venue_cl_ord_id,
            order_id=word.order_id,
            status=Status.PARTIALLY_FILLED if word.filled else Status.NEW,
            filled=word.filled,
        )
    ]
