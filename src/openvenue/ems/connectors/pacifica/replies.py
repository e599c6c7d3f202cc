"""What the venue answers, as far as the desk reads it.

Source: Pacifica, "Orders", "Account".
"""

from decimal import Decimal

from msgspec import Struct, field

from openvenue.ems.orders import ZERO


class Placed(Struct):
    """Of orders/create."""

    order_id: int


class OpenOrder(Struct):
    """One row of orders."""

    order_id: int
    symbol: str
    side: str
    price: Decimal
    initial_amount: Decimal
    filled_amount: Decimal
    client_order_id: str | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    order_type: str = ""


class FeedOrder(Struct):
    """One row of the feed `account_orders`."""

    order_id: int = field(name="i")
    symbol: str = field(name="s")
    side: str = field(name="d")
    initial_amount: Decimal = field(name="a")
    filled_amount: Decimal = field(name="f")
    price: Decimal = field(name="p", default=ZERO)
    stop_price: Decimal | None = field(name="sp", default=None)
    client_order_id: str | None = field(name="I", default=None)
    reduce_only: bool = field(name="ro", default=False)
    order_type: str = field(name="ot", default="")


class PastOrder(Struct):
    """One row of orders/history."""

    order_id: int
    amount: Decimal
    filled_amount: Decimal
    order_status: str
    created_at: int
    client_order_id: str | None = None
    average_filled_price: Decimal | None = None
    reason: str | None = None
    symbol: str = ""
    side: str = ""
    initial_price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    updated_at: int = 0  # milliseconds


class SpotBalance(Struct):
    """One asset beside the cash."""

    symbol: str
    amount: Decimal
    available_to_withdraw: Decimal | None = None


class AccountInfo(Struct):
    """Of account."""

    balance: Decimal
    available_to_spend: Decimal
    spot_balances: list[SpotBalance] = []


class OpenPosition(Struct):
    """One row of positions."""

    symbol: str
    side: str
    amount: Decimal
    entry_price: Decimal
    isolated: bool = False
    liquidation_price: Decimal | None = None


class Level(Struct):
    """Price, and amount at it."""

    price: Decimal = field(name="p")
    amount: Decimal = field(name="a")


class Book(Struct):
    """Of book: bids, then asks."""

    levels: tuple[list[Level], list[Level]] = field(name="l")
