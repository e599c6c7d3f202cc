"""Orders, and what became of them, in the shapes that this API gives them.

Source: Kraken Futures REST, "Send order", "Cancel order" and their shared order schemas.
"""

from msgspec import UNSET, Raw, Struct, UnsetType, field


class OrderJson(Struct, rename="camel", gc=False):
    """An order of the book, in order events."""

    order_id: str
    cli_ord_id: str | None
    type: str
    symbol: str
    side: str
    quantity: Raw
    filled: Raw
    limit_price: Raw
    reduce_only: bool
    timestamp: str
    last_update_timestamp: str
    algo_id: str | UnsetType = UNSET


class OrderTriggerJson(Struct, rename="camel", gc=False):
    """An order that waits for a price, in order events."""

    uid: str
    client_id: str | None
    type: str
    symbol: str
    side: str
    quantity: Raw
    limit_price: Raw | None
    trigger_price: Raw
    trigger_side: str
    trigger_signal: str
    reduce_only: bool
    timestamp: str
    last_update_timestamp: str
    start_time: str | None = None
    limit_price_offset_value: Raw | UnsetType = UNSET
    limit_price_offset_unit: str | UnsetType = UNSET


class PlaceEvent(Struct, rename="camel", tag_field="type", tag="PLACE"):
    """An order stands in the book."""

    order: OrderJson
    reduced_quantity: Raw | None


class PlaceTriggerEvent(Struct, rename="camel", tag_field="type", tag="PLACE"):
    """An order waits for its price."""

    order_trigger: OrderTriggerJson


class CancelEvent(Struct, rename="camel", tag_field="type", tag="CANCEL"):
    """An order of the book ended."""

    uid: str
    order: OrderJson


class CancelTriggerEvent(Struct, rename="camel", tag_field="type", tag="CANCEL"):
    """A waiting order ended."""

    uid: str
    order_trigger: OrderTriggerJson


class EditEvent(Struct, rename="camel", tag_field="type", tag="EDIT"):
    """An order has new terms. A waiting one is shown as it waits."""

    old: OrderJson | OrderTriggerJson
    new: OrderJson | OrderTriggerJson
    reduced_quantity: Raw | None


class RejectEvent(Struct, rename="camel", tag_field="type", tag="REJECT"):
    """An order got an identity and was refused."""

    uid: str
    order: OrderJson
    reason: str


class RejectTriggerEvent(Struct, rename="camel", tag_field="type", tag="REJECT"):
    """A trigger was refused; it never got an identity, so there is nothing to show of it."""

    uid: str
    order_trigger: OrderTriggerJson | None
    reason: str


class ExecuteEvent(Struct, rename="camel", tag_field="type", tag="EXECUTION"):
    """An order met one maker."""

    execution_id: str
    price: Raw
    amount: Raw
    order_prior_execution: OrderJson
    taker_reduced_quantity: Raw | None
    order_prior_edit: OrderJson | None = None  # as it was, where a change made it cross


OrderEvent = (
    PlaceEvent
    | PlaceTriggerEvent
    | CancelEvent
    | CancelTriggerEvent
    | EditEvent
    | RejectEvent
    | RejectTriggerEvent
    | ExecuteEvent
)


class OrderStatus(Struct):
    """`sendStatus`, and `cancelStatus` of one order: what became of what was asked."""

    status: str
    order_id: str | UnsetType = UNSET
    cli_ord_id: str | UnsetType = field(name="cliOrdId", default=UNSET)
    received_time: str | UnsetType = field(name="receivedTime", default=UNSET)
    order_events: list[OrderEvent] | UnsetType = field(name="orderEvents", default=UNSET)


class EditStatus(Struct):
    """`editStatus`: what became of a change. This one spells its names alike."""

    status: str
    order_id: str | UnsetType = field(name="orderId", default=UNSET)
    cli_ord_id: str | UnsetType = field(name="cliOrdId", default=UNSET)
    received_time: str | UnsetType = field(name="receivedTime", default=UNSET)
    order_events: list[OrderEvent] = field(name="orderEvents", default_factory=list)


class BatchItem(Struct):
    """One entry of `batchStatus`."""

    status: str
    order_events: list[OrderEvent] = field(name="orderEvents")
    order_tag: str | UnsetType = UNSET
    order_id: str | UnsetType = UNSET
    cli_ord_id: str | UnsetType = field(name="cliOrdId", default=UNSET)
    received: str | UnsetType = field(name="dateTimeReceived", default=UNSET)


class CancelledOrder(Struct):
    """One entry of `cancelledOrders`."""

    order_id: str
    cli_ord_id: str | UnsetType = field(name="cliOrdId", default=UNSET)
