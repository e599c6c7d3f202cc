"""What the venue answers, as far as the desk reads it.

Source: Kraken Futures REST, "Order management", "Account information".
"""

from decimal import Decimal

from msgspec import Struct, field


class Reply(Struct):
    """What every answer has."""

    result: str
    error: str = ""
    errors: list[dict[str, object]] | None = None


class BookOrder(Struct, rename="camel"):
    """An order in order events."""

    order_id: str
    quantity: Decimal
    filled: Decimal
    cli_ord_id: str | None = None
    symbol: str = ""
    side: str = ""
    limit_price: Decimal | None = None
    reduce_only: bool = False


class TriggerOrder(Struct, rename="camel"):
    """A waiting order in order events."""

    uid: str
    client_id: str | None = None
    symbol: str = ""
    side: str = ""
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    reduce_only: bool = False


class OrderEvent(Struct, rename="camel"):
    """One thing that happened to an order."""

    type: str
    order: BookOrder | None = None
    order_trigger: TriggerOrder | None = None
    amount: Decimal | None = None
    price: Decimal | None = None
    order_prior_execution: BookOrder | None = None
    execution_id: str = ""


class CanceledOrder(Struct):
    """One entry of `cancelledOrders`."""

    order_id: str = ""


class Outcome(Struct, rename="camel"):
    """`sendStatus`, or `cancelStatus`."""

    status: str
    order_id: str = field(name="order_id", default="")
    order_events: list[OrderEvent] = []
    received_time: str = ""
    cancelled_orders: list[CanceledOrder] = []


class SendReply(Reply):
    """Of sendorder."""

    sendStatus: Outcome | None = None  # noqa: N815


class CancelReply(Reply):
    """Of cancelorder and cancelallorders."""

    cancelStatus: Outcome | None = None  # noqa: N815


class OpenOrder(Struct, rename="camel"):
    """One entry of openorders."""

    symbol: str
    side: str
    filled_size: Decimal
    unfilled_size: Decimal
    order_id: str = field(name="order_id")
    order_type: str = ""
    cli_ord_id: str = ""
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False


class OpenOrders(Reply):
    """Of openorders."""

    openOrders: list[OpenOrder] = []  # noqa: N815


class StatusEntry(Struct, rename="camel"):
    """One entry of orders/status."""

    order: BookOrder
    status: str
    update_reason: str | None = None
    error: str | None = None


class Statuses(Reply):
    """Of orders/status."""

    orders: list[StatusEntry] = []


class FillEntry(Struct, rename="camel"):
    """One entry of fills."""

    size: Decimal
    price: Decimal
    fill_time: str
    order_id: str = field(name="order_id")
    cli_ord_id: str | None = None
    fill_id: str = field(name="fill_id", default="")


class Fills(Reply):
    """Of fills."""

    fills: list[FillEntry] = []


class Wallet(Struct, rename="camel"):
    """One entry of accounts, of any type."""

    type: str = ""
    currency: str = ""
    balances: dict[str, Decimal] = {}
    auxiliary: dict[str, Decimal] = {}
    currencies: dict[str, dict[str, Decimal]] = {}


class Accounts(Reply):
    """Of accounts."""

    accounts: dict[str, Wallet] = {}


class OpenPosition(Struct, rename="camel"):
    """One entry of openpositions."""

    side: str
    symbol: str
    price: Decimal
    size: Decimal
    unrealized_pnl: Decimal | None = None
    max_fixed_leverage: Decimal | None = None


class Positions(Reply):
    """Of openpositions."""

    openPositions: list[OpenPosition] = []  # noqa: N815


class Levels(Struct):
    """Price and size, of each side."""

    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class OrderBook(Reply):
    """Of orderbook."""

    orderBook: Levels | None = None  # noqa: N815
