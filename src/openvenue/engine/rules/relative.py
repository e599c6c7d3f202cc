"""Terms that depend on the market as an order comes: prices from the last trade, sizes from money.

Source: Kraken Spot REST, "Add order", price, price2, oflags viqc; WebSocket v2, cash_order_qty.
"""

from typing import Final

from msgspec.structs import replace

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.markets import Market
from openvenue.engine.orders import BUY, Extras, Signal
from openvenue.engine.reasons import RejectReason
from openvenue.engine.trailing import away
from openvenue.engine.units import Lots, Ticks

LAST: Final = Signal.LAST
INVALID: Final = RejectReason.INVALID
NO_REFERENCE_PRICE: Final = RejectReason.NO_REFERENCE_PRICE


def made_absolute(market: Market, command: PlaceOrder, extras: Extras) -> PlaceOrder | RejectReason:
    """The order with prices and a size of its own; or why it cannot have them.

    Prices may be off all bounds, and the size may be none.
    """
    if extras.cash is not None:
        if command.side is not BUY or command.limit_price is not None:
            return INVALID
        if command.trigger is not None or not market.contract.is_spot or extras.cash <= 0:
            return INVALID
        lots = lots_for_cash(market, extras.cash)
        return NO_REFERENCE_PRICE if lots is None else replace(command, quantity=Lots(lots))
    trigger = command.trigger
    limit = command.limit_price
    base = reference(market, LAST if trigger is None else trigger.signal)
    if base == 0:
        return NO_REFERENCE_PRICE
    if extras.trigger_from is not None:
        if trigger is None:
            return INVALID
        trigger = replace(trigger, price=away(base, extras.trigger_from))
    if extras.limit_from is not None:
        limit = away(base, extras.limit_from)
    return replace(command, limit_price=limit, trigger=trigger)


def reference(market: Market, signal: Signal) -> Ticks:
    """What relative prices start from; the index, as long as there is nothing else. 0: nothing."""
    price = market.signal_price(int(signal)) or market.index
    return Ticks(price // market.contract.tick_fine)


def lots_for_cash(market: Market, cash: int) -> int | None:
    """Lots that so much money buys now, all that is offered at a price being one offer.

    Where the book ends first, what is left is worth lots of the last price in it.
    """
    contract = market.contract
    lots = 0
    price = 0
    for level in market.book.asks.best_first():
        price = level.price
        there = 0
        for live in level.orders.values():
            there += live.leaves
        affordable = contract.lots_for(cash, price)
        if affordable <= there:
            return lots + affordable
        lots += there
        cash -= contract.value_up(there, price)
    if price == 0:
        price = int(reference(market, LAST))
    return None if price == 0 else lots + contract.lots_for(cash, price)
