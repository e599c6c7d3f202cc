"""What answers mean: words on orders, fills, and what a wallet holds."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.fitting import POST_ONLY
from openvenue.ems.connectors.http import time_of
from openvenue.ems.connectors.kraken_futures.replies import (
    BookOrder,
    OpenOrder,
    OrderEvent,
    Outcome,
    StatusEntry,
    TriggerOrder,
    Wallet,
)
from openvenue.ems.connectors.port import Heard, MassCanceled, VenueOrder
from openvenue.ems.connectors.symbols import common_future
from openvenue.ems.orders import ZERO, Fill, Side, Terms, TimeInForce, Waits
from openvenue.engine.units import Nanos

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
# Types in lists. One that has fired is listed as what it became.
WAITING: Final = ("stop", "stp", "take_profit", "trailing_stop")
LIVE: Final = ("ENTERED_BOOK", "TRIGGER_PLACED")


def placed(sent: Outcome, terms: Terms) -> Word:
    """What an accepted order did at once. Without a PLACE nothing of it stands in the book."""
    time = time_of(sent.received_time) if sent.received_time else Nanos(0)
    fills = tuple(
        Fill(time, it.price, it.amount, it.execution_id)
        for it in sent.order_events
        if it.type == "EXECUTION" and it.price is not None and it.amount is not None
    )
    filled = sum((it.quantity for it in fills), ZERO)
    stands = any(it.type == "PLACE" for it in sent.order_events)
    if stands or not sent.order_events:
        standing = Standing.OPEN
    else:
        standing = Standing.FILLED if filled >= terms.quantity else Standing.CANCELED
    return Word(
        standing=standing,
        order_id=sent.order_id,
        filled=filled,
        average=average(fills),
        fills=fills,
    )


def canceled(events: Iterable[OrderEvent]) -> Iterable[Heard]:
    """Each order that was canceled, with its terms where they are told."""
    for event in events:
        if event.type != "CANCEL":
            continue
        if event.order is not None:
            order = event.order
            word = Word(standing=Standing.CANCELED, order_id=order.order_id, filled=order.filled)
            yield Heard(order.cli_ord_id or "", word, _terms(order, order.limit_price))
        elif event.order_trigger is not None:
            trigger = event.order_trigger
            word = Word(standing=Standing.CANCELED, order_id=trigger.uid, waits=Waits.YES)
            price = trigger.limit_price or trigger.trigger_price
            yield Heard(trigger.client_id or "", word, _terms(trigger, price))


def mass_canceled(outcome: Outcome) -> MassCanceled:
    """What a mass cancel came to. Its events may leave some out, or be missing altogether."""
    told = {it.word.order_id: it for it in canceled(outcome.order_events)}
    order_ids = dict.fromkeys([*told, *(it.order_id for it in outcome.cancelled_orders)])
    return MassCanceled(tuple(told.values()), len(order_ids))


def _terms(order: BookOrder | TriggerOrder, price: Decimal | None) -> Terms | None:
    """The terms in an order event; None where it does not tell what is needed."""
    if not order.symbol or order.side not in SIDES or not order.quantity:
        return None
    return Terms(
        symbol=order.symbol,
        common_symbol=common_future(order.symbol),
        side=SIDES[order.side],
        quantity=order.quantity,
        price=price or ZERO,
        time_in_force=TimeInForce.GTC,
        reduce_only=order.reduce_only,
    )


def status_word(entry: StatusEntry, fills: tuple[Fill, ...]) -> Word:
    """What orders/status says of an order whose fills are these."""
    if entry.status in LIVE:
        standing = Standing.OPEN
    elif entry.status == "FULLY_EXECUTED":
        standing = Standing.FILLED
    else:
        standing = Standing.REJECTED if entry.status == "REJECTED" else Standing.CANCELED
    return Word(
        standing=standing,
        order_id=entry.order.order_id,
        filled=entry.order.filled,
        average=average(fills),
        fills=fills,
        message=entry.error or "",
    )


def average(fills: Sequence[Fill]) -> Decimal | None:
    """The mean price by quantity; None without fills."""
    quantity = sum((it.quantity for it in fills), ZERO)
    return sum((it.price * it.quantity for it in fills), ZERO) / quantity if quantity else None


def holdings(wallet: Wallet) -> Iterable[tuple[str, Decimal, Decimal]]:
    """Asset, balance and what is available of it."""
    if wallet.currencies:
        for asset, of in wallet.currencies.items():
            quantity = of.get("quantity", ZERO)
            yield asset, quantity, of.get("available", quantity)
    elif wallet.currency:
        balance = wallet.balances.get(wallet.currency, ZERO)
        yield wallet.currency, balance, wallet.auxiliary.get("af", balance)
    else:
        for asset, balance in wallet.balances.items():
            yield asset, balance, balance


def listed(it: OpenOrder) -> VenueOrder:
    """One line of the venue's list of open orders."""
    return VenueOrder(
        order_id=it.order_id,
        cl_ord_id=it.cli_ord_id,
        terms=Terms(
            symbol=it.symbol,
            common_symbol=common_future(it.symbol),
            side=SIDES[it.side],
            quantity=it.filled_size + it.unfilled_size,
            price=it.limit_price or it.stop_price or ZERO,
            time_in_force=TimeInForce.GTC,
            instructions=(POST_ONLY,) if it.order_type == "post" else (),
            reduce_only=it.reduce_only,
        ),
        word=Word(
            standing=Standing.OPEN,
            order_id=it.order_id,
            filled=it.filled_size,
            waits=Waits.YES if it.order_type in WAITING or it.stop_price else Waits.NO,
        ),
    )
