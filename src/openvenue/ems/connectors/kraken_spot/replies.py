"""What the venue answers, as far as the desk reads it.

Source: Kraken Spot REST, "Trading", "Account data".
"""

from decimal import Decimal
from typing import Generic, TypeVar

from msgspec import Struct

from openvenue.ems.orders import ZERO

T = TypeVar("T")


class Reply(Struct, Generic[T]):
    """The envelope of every answer."""

    error: list[str]
    result: T | None = None


class Added(Struct):
    """Of AddOrder."""

    txid: list[str] = []


class Canceled(Struct):
    """Of CancelOrder and CancelAll."""

    count: int
    pending: bool = False


class Description(Struct):
    """The terms of an order."""

    pair: str
    type: str
    price: str = "0"  # of a trailing stop, how far behind it follows: "+2.0000%"
    ordertype: str = ""


class OrderInfo(Struct):
    """An order, open or closed."""

    status: str
    descr: Description
    vol: Decimal
    vol_exec: Decimal
    price: Decimal = ZERO  # the average of what traded
    cl_ord_id: str = ""
    reason: str | None = None
    oflags: str = ""
    misc: str = ""
    stopprice: Decimal = ZERO  # where a trigger fires now
    closetm: Decimal = ZERO  # seconds; of one that is over


class OpenOrders(Struct):
    """Of OpenOrders."""

    open: dict[str, OrderInfo]


class ClosedOrders(Struct):
    """Of ClosedOrders: a page of fifty, the newest first."""

    closed: dict[str, OrderInfo]
    count: int | None = None  # on all pages


class Token(Struct):
    """Of GetWebSocketsToken."""

    token: str


class Held(Struct):
    """Of BalanceEx, for one asset."""

    balance: Decimal
    hold_trade: Decimal = ZERO
