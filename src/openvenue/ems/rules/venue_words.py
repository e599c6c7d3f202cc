"""What venues say, or do not say, and what follows for an order. Old news changes nothing."""

from decimal import Decimal

from openvenue.ems.commands import (
    RecordAbsence,
    RecordForeign,
    RecordHeard,
    RecordSilence,
    RecordUnsent,
    RecordWord,
    Standing,
    Word,
)
from openvenue.ems.events import Event, OrderFound, OrderLost, OrderMoved, OrderReported
from openvenue.ems.halt_events import OrdersMet
from openvenue.ems.orders import ZERO, ClOrdId, Fill, Order, Status, Waits
from openvenue.ems.rules.halt import canceled_unmet
from openvenue.ems.state import State
from openvenue.ems.transitions import path
from openvenue.engine.units import Nanos

NEVER = Nanos(0)  # a feed does not say when: it cannot make what has ended live again
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
    filled, fills = executed(order, word)
    is_newer = filled > order.filled
    end = target(order, word.standing, filled)
    way = path(order.status, end)
    message = word.message
    if order.has_ended and word.standing is Standing.OPEN:
        if command.asked <= order.history[-1][1]:
            way, message = (), order.message  # old, but what traded has traded
        else:
            way = (end,)  # it was thought to be over, and is not
    if way and order.status is Status.ROUTING and way[0] is not Status.ROUTED:
        way = (Status.ROUTED, *way)  # the venue has spoken, so it was handed over
    reported = OrderReported(
        owner=command.owner,
        cl_ord_id=command.cl_ord_id,
        path=way or (),
        order_id=word.order_id or order.order_id,
        filled=filled,
        average=average(order, word, filled, fills),
        fills=fills,
        message=message,
        waits=word.waits or order.waits,
    )
    is_news = (
        bool(way)
        or reported.waits is not order.waits
        or is_newer
        or order.is_unknown
        or reported.order_id != order.order_id
        or reported.fills != order.fills
    )
    events: list[Event] = [reported] if is_news else []
    if order.is_foreign and way and way[-1] is Status.CANCELED:
        events += canceled_unmet(state, order)
    return events


def executed(order: Order, word: Word) -> tuple[Decimal, tuple[Fill, ...]]:
    """How much of an order was filled, and the fills that are known, with what `word` adds.

    What was filled only grows. A fill is one and the same by its exec_id; fills without one come
    all together, so that the longer story wins.
    """
    filled = max(word.filled, order.filled)
    if word.leaves is not None:
        filled = max(filled, order.terms.quantity - word.leaves)
    if not all(it.exec_id for it in word.fills):
        return filled, word.fills if len(word.fills) > len(order.fills) else order.fills
    known = dict.fromkeys(it.exec_id for it in order.fills)
    new = {it.exec_id: it for it in word.fills if it.exec_id not in known}
    fills = (*order.fills, *new.values())
    in_all = sum((it.quantity for it in fills), ZERO)
    if in_all <= filled:
        return filled, fills
    if "" in known or in_all > order.terms.quantity:
        return filled, order.fills  # the same trades, told before in another way
    return in_all, fills


def average(order: Order, word: Word, filled: Decimal, fills: tuple[Fill, ...]) -> Decimal | None:
    """The mean price of what was filled: the venue's, else of fills that account for all of it."""
    if filled <= order.filled:
        return order.average
    if word.average is not None and word.filled == filled:
        return word.average
    if sum((it.quantity for it in fills), ZERO) == filled:
        return sum((it.price * it.quantity for it in fills), ZERO) / filled
    return order.average


def target(order: Order, standing: Standing, filled: Decimal) -> Status:
    """The status that an order has when its venue says so."""
    match standing:
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
            waits=order.waits,
        )
    ]


def record_heard(state: State, command: RecordHeard) -> list[Event]:
    """News of a known order; an unknown one is somebody else's, if it is told in full and open.

    One that was canceled counts, too, if that may have been the doing of a halt.
    """
    word, terms = command.word, command.terms
    order = state.find(command.account, command.venue_cl_ord_id, word.order_id)
    if order is not None:
        owner, cl_ord_id = order.key
        news = RecordWord(owner=owner, cl_ord_id=cl_ord_id, word=word, asked=NEVER)
        return record_word(state, news)
    if terms is None or word.standing not in (Standing.OPEN, Standing.CANCELED):
        return []
    events = record_foreign(
        state,
        RecordForeign(
            account=command.account,
            venue_cl_ord_id=command.venue_cl_ord_id,
            terms=terms,
            word=word,
        ),
    )
    is_of_use = word.standing is Standing.OPEN or any(isinstance(it, OrdersMet) for it in events)
    return events if is_of_use else []


def record_foreign(state: State, command: RecordForeign) -> list[Event]:
    """An order from elsewhere, once; also one that is known only because it was canceled."""
    word = command.word
    names = (command.venue_cl_ord_id, word.order_id)
    known = state.find(command.account, *names)
    if known is not None:
        if word.standing is not Standing.CANCELED:
            return []
        owner, cl_ord_id = known.key
        return record_word(
            state, RecordWord(owner=owner, cl_ord_id=cl_ord_id, word=word, asked=NEVER)
        )
    cl_ord_id = ClOrdId(word.order_id)
    while (command.account.owner, cl_ord_id) in state.orders:  # somebody took that name
        cl_ord_id = ClOrdId(f"{command.account.exchange_id}/{cl_ord_id}")
    found = OrderFound(
        account=command.account,
        cl_ord_id=cl_ord_id,
        terms=command.terms,
        venue_cl_ord_id=command.venue_cl_ord_id,
        order_id=word.order_id,
        status=Status.PARTIALLY_FILLED if word.filled else Status.NEW,
        filled=word.filled,
        waits=word.waits or Waits.NO,
    )
    if word.standing is not Standing.CANCELED:
        return [found]
    return [found, *_canceled(state, found, word)]


def _canceled(state: State, found: OrderFound, word: Word) -> list[Event]:
    """What follows for an order that nobody knew of before it was over."""
    order = Order(
        account=found.account,
        cl_ord_id=found.cl_ord_id,
        terms=found.terms,
        venue_cl_ord_id=found.venue_cl_ord_id,
        order_id=found.order_id,
        status=found.status,
        filled=found.filled,
        is_foreign=True,
        waits=found.waits,
    )
    return [
        OrderReported(
            owner=found.account.owner,
            cl_ord_id=found.cl_ord_id,
            path=(Status.CANCELED,),
            order_id=found.order_id,
            filled=found.filled,
            average=word.average,
            fills=word.fills,
            message=word.message,
            waits=found.waits,
        ),
        *canceled_unmet(state, order),
    ]
