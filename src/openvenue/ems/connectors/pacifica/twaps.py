"""TWAPs there: listed, canceled and told of apart from orders.

A mark before the number tells them from orders: one counter counts both, and a cancel of the
one that is meant for the other is answered as if it were done.
Source: Pacifica, "Get open TWAP orders", "Cancel TWAP order", "Account TWAP order updates".
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct, field

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.pacifica.words import SIDES
from openvenue.ems.connectors.port import Heard, VenueOrder
from openvenue.ems.connectors.symbols import common_pacifica
from openvenue.ems.orders import ZERO, Terms, TimeInForce, Waits

MARK: Final = "twap-"
RUNS: Final = ("open", "in_execution")
NOT_OFFERED: Final = "unsupported operation"  # what a venue without TWAPs says


class OpenTwap(Struct):
    """One row of orders/twap."""

    order_id: int
    symbol: str
    side: str
    initial_amount: Decimal
    filled_amount: Decimal
    reduce_only: bool = False


class PastTwap(Struct):
    """One row of orders/twap/history."""

    order_id: int
    filled_amount: Decimal
    order_status: str


class TwapUpdate(Struct):
    """A row of `account_twap_order_updates`."""

    order_id: int = field(name="i")
    symbol: str = field(name="s")
    side: str = field(name="d")
    amount: Decimal = field(name="ta")
    filled: Decimal = field(name="fa")
    status: str = field(name="os")
    reduce_only: bool = field(name="r", default=False)


def marked(order_id: int) -> str:
    """The desk's name of one."""
    return f"{MARK}{order_id}"


def number_of(order_id: str) -> int | None:
    """The venue's number of one; None: it is an order."""
    return int(order_id.removeprefix(MARK)) if order_id.startswith(MARK) else None


def listed(it: OpenTwap) -> VenueOrder:
    """One that runs, as a line of the list of what is open."""
    order_id = marked(it.order_id)
    terms = _terms(it.symbol, it.side, it.initial_amount, reduce_only=it.reduce_only)
    return VenueOrder(
        order_id=order_id, cl_ord_id="", terms=terms, word=open_word(order_id, it.filled_amount)
    )


def open_word(order_id: str, filled: Decimal) -> Word:
    """Of one that runs."""
    return Word(standing=Standing.OPEN, order_id=order_id, filled=filled, waits=Waits.NO)


def word_of(order_id: str, status: str, filled: Decimal) -> Word:
    """What a status says."""
    if status in RUNS:
        return open_word(order_id, filled)
    standing = Standing.FILLED if status == "completed" else Standing.CANCELED
    message = "" if standing is Standing.FILLED else status
    return Word(standing=standing, order_id=order_id, filled=filled, message=message)


def updated(row: TwapUpdate) -> Heard:
    """What became of one."""
    order_id = marked(row.order_id)
    terms = _terms(row.symbol, row.side, row.amount, reduce_only=row.reduce_only)
    return Heard("", word_of(order_id, row.status, row.filled), terms)


def _terms(symbol: str, side: str, quantity: Decimal, *, reduce_only: bool) -> Terms:
    """As far as they are told: it has no price."""
    return Terms(
        symbol=symbol,
        common_symbol=common_pacifica(symbol),
        side=SIDES[side],
        quantity=quantity,
        price=ZERO,
        time_in_force=TimeInForce.GTC,
        reduce_only=reduce_only,
    )
