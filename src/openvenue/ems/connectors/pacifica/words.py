"""What answers mean."""

from decimal import Decimal
from typing import Final

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.pacifica.replies import FeedOrder, OpenOrder, PastOrder, SpotBalance
from openvenue.ems.connectors.port import Balance, Ended, VenueOrder
from openvenue.ems.connectors.symbols import common_pacifica
from openvenue.ems.orders import ZERO, Side, Terms, TimeInForce, Waits
from openvenue.engine.units import Nanos

MS: Final = 1_000_000  # in Nanos
SIDES: Final = {"bid": Side.BUY, "ask": Side.SELL}
STANDINGS: Final = {
    "open": Standing.OPEN,
    "partially_filled": Standing.OPEN,
    "filled": Standing.FILLED,
    "cancelled": Standing.CANCELED,
    "rejected": Standing.REJECTED,
}
SELF_TRADE: Final = "self_trade_prevented"  # told as `rejected`, of orders that stood


def listed(it: OpenOrder | FeedOrder) -> VenueOrder:
    """One line of the venue's list of open orders, or of what its feed begins with."""
    order_id = str(it.order_id)
    return VenueOrder(
        order_id=order_id,
        cl_ord_id=it.client_order_id or "",
        terms=Terms(
            symbol=it.symbol,
            common_symbol=common_pacifica(it.symbol),
            side=SIDES[it.side],
            quantity=it.initial_amount,
            price=it.price or it.stop_price or ZERO,
            time_in_force=TimeInForce.GTC,
            reduce_only=it.reduce_only,
        ),
        word=Word(
            standing=Standing.OPEN,
            order_id=order_id,
            filled=it.filled_amount,
            waits=waits(it.order_type, it.stop_price, it.filled_amount),
        ),
    )


def waits(order_type: str, stop_price: Decimal | None, filled: Decimal) -> Waits:
    """Of an open order. One with a limit is listed the same when it has been triggered."""
    if stop_price is None or filled:
        return Waits.NO
    return Waits.YES if order_type.endswith("market") else Waits.UNTOLD


def past_word(it: PastOrder) -> Word:
    """What the history says of an order."""
    standing = STANDINGS.get(it.order_status, Standing.CANCELED)
    return Word(
        standing=Standing.CANCELED if it.reason == SELF_TRADE else standing,
        order_id=str(it.order_id),
        filled=it.filled_amount,
        average=it.average_filled_price if it.filled_amount else None,
        message=it.reason or "",
    )


def ended(it: PastOrder) -> Ended | None:
    """An order of the history that is over and told in full."""
    word = past_word(it)
    if word.standing is Standing.OPEN or it.side not in SIDES or not it.symbol:
        return None
    order = VenueOrder(
        order_id=word.order_id,
        cl_ord_id=it.client_order_id or "",
        terms=Terms(
            symbol=it.symbol,
            common_symbol=common_pacifica(it.symbol),
            side=SIDES[it.side],
            quantity=it.amount,
            price=it.initial_price or it.stop_price or ZERO,
            time_in_force=TimeInForce.GTC,
            reduce_only=it.reduce_only,
        ),
        word=word,
    )
    return Ended(order, Nanos((it.updated_at or it.created_at) * MS))


def spot_balance(it: SpotBalance) -> Balance:
    """One asset beside the cash."""
    available = it.amount if it.available_to_withdraw is None else it.available_to_withdraw
    return Balance(
        asset=it.symbol,
        common_asset=it.symbol,
        balance=it.amount,
        available=available,
        locked=max(it.amount - available, ZERO),
    )
