"""What became of orders and accounts, element by element, in the words of the history service.

Decimals are strings here, and zero is "0": clients compare them as text.
Source: Kraken Futures History, "Get order events", "Get trigger events", "Get execution events",
"Get position events", and their public counterparts.
"""

from decimal import Decimal
from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType, field

from openvenue.engine.orders import BUY, FOK, GTC, Direction, Order, Origin, Signal
from openvenue.engine.units import AccountId, FinePrice, Lots, Nanos, decimal_price
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.decode_distance import encode_distance
from openvenue.gateways.kraken_futures.encode import ENCODER, NO_UID
from openvenue.gateways.kraken_futures.forced import HISTORY_ORDERS, POSITION_TRADES
from openvenue.gateways.kraken_futures.ids import account_uuid, fill_uuid, order_uuid, thing_uuid
from openvenue.gateways.kraken_futures.listing import Listing, Market
from openvenue.gateways.kraken_futures.numbers import decimal_number, ratio
from openvenue.gateways.kraken_futures.times import millis
from openvenue.history.past import (
    Before,
    Change,
    Execution,
    FundingPosting,
    MarkChange,
    OrderChange,
    OrderMissed,
    OrderThing,
    SettlementPosting,
    TradePosting,
)

CENT: Final = Decimal("0.01")
SIGNALS: Final = {
    Signal.LAST: "last_price",
    Signal.MARK: "mark_price",
    Signal.INDEX: "spot_price",
    Signal.MID: "unknown",
}


class ElementJson(Struct):
    """One thing that happened."""

    uid: str
    timestamp: int
    event: dict[str, object]


class TrailingJson(Struct, rename="camel"):
    """How far a trailing stop follows."""

    max_deviation: str
    unit: str


class TriggerOptionsJson(Struct, rename="camel"):
    """What a waiting order waits for."""

    trigger_price: str
    trigger_side: str
    trigger_signal: str
    trailing_stop_options: TrailingJson | UnsetType = UNSET


class OrderJson(Struct, rename="camel", kw_only=True):
    """An order at one moment: `quantity` is what was left. Others do not see whose it is."""

    uid: str
    account_uid: str | UnsetType = UNSET
    tradeable: str
    direction: str
    quantity: str
    filled: str | UnsetType = UNSET
    timestamp: int
    limit_price: str
    order_type: str
    client_id: str | UnsetType = UNSET
    reduce_only: bool
    last_update_timestamp: int
    spot_data: str | None | UnsetType = UNSET
    algo_id: str | UnsetType = UNSET
    trigger_options: TriggerOptionsJson | UnsetType = UNSET


class FeeJson(Struct, rename="camel"):
    """What a fee was worked out from; there are no discounts and no rebates here."""

    percentage_fee: str
    user_fee_discount_applied: str = "0"
    market_share_rebate_credited: str = "0"


class OrderDataJson(Struct, rename="camel", omit_defaults=True):
    """What an execution did to one side."""

    fee: str
    position_size: str
    fee_calculation_info: list[FeeJson] = []
    realized_pnl: str | UnsetType = UNSET


class ExecutionJson(Struct, rename="camel", kw_only=True):
    """One trade: with both orders for everybody, with the own one for its owner."""

    uid: str
    order: OrderJson | UnsetType = UNSET
    maker_order: OrderJson | UnsetType = UNSET
    taker_order: OrderJson | UnsetType = UNSET
    old_taker_order: OrderJson | UnsetType = UNSET  # before the change that made it trade
    timestamp: int
    quantity: str
    price: str
    mark_price: str
    limit_filled: bool
    execution_type: str | UnsetType = UNSET
    usd_value: str
    order_data: OrderDataJson | UnsetType = UNSET
    maker_order_data: OrderDataJson | UnsetType = UNSET
    taker_order_data: OrderDataJson | UnsetType = UNSET


class ExecutedJson(Struct, rename="camel"):
    """What stands under `execution`, and under `Execution`."""

    execution: ExecutionJson
    taker_reduced_quantity: str = ""


class PositionUpdateJson(Struct, rename="camel", kw_only=True):
    """What one trade, expiry or hour of funding did to a position."""

    account_uid: str
    tradeable: str
    old_position: str
    old_average_entry_price: str
    new_position: str
    new_average_entry_price: str
    fill_time: int | None
    fee: str | UnsetType = UNSET
    fee_currency: str | UnsetType = UNSET
    realized_pnl: str | UnsetType = field(name="realizedPnL", default=UNSET)
    position_change: str
    execution_uid: str | UnsetType = UNSET
    execution_price: str | UnsetType = UNSET
    execution_size: str | UnsetType = UNSET
    trade_type: str | UnsetType = UNSET
    funding_realization_time: int | UnsetType = UNSET
    realized_funding: str | UnsetType = UNSET
    settlement_price: str | UnsetType = UNSET
    timestamp: int
    update_reason: str


def fine_text(price: FinePrice | None) -> str:
    """A mark or index price, without trailing zeros; empty if there is none."""
    return "" if price is None else format(decimal_price(price), "f")


def order_word(order: Order, market_word: str) -> str:
    """What kind of order it is, in the history service's words."""
    if order.origin is not Origin.CLIENT:
        return HISTORY_ORDERS[order.origin]
    if order.is_market:
        return market_word
    if order.post_only:
        return "Post"
    if order.time_in_force is GTC:
        return "Limit"
    return "FillOrKill" if order.time_in_force is FOK else "IoC"


def history_order(
    order: Order,
    leaves: Lots,
    updated: Nanos,
    market: Market,
    *,
    is_public: bool = False,
    market_word: str = "IoC",
) -> OrderJson:
    """An order with `leaves` of it left."""
    limit = order.limit_price
    told = OrderJson(
        uid=order_uuid(order.order_id),
        tradeable=order.symbol,
        direction="Buy" if order.side is BUY else "Sell",
        quantity=market.sizes.text(leaves),
        timestamp=millis(order.created),
        limit_price="0" if limit is None else market.prices.text(limit),
        order_type=order_word(order, market_word),
        reduce_only=order.reduce_only,
        last_update_timestamp=millis(updated),
    )
    if not is_public:
        told.account_uid = account_uuid(order.account)
        told.filled = market.sizes.text(order.quantity - leaves)
        told.client_id = order.cl_ord_id or ""
        told.spot_data = None  # of orders that a spot exchange fills: there are none here
        if order.algo_id is not None:
            told.algo_id = order.algo_id
    return told


def _trigger(order: Order, leaves: Lots, updated: Nanos, market: Market) -> OrderJson:
    told = history_order(order, leaves, updated, market)
    told.uid = market.uuid(order.order_id, is_waiting=True)
    trigger = order.trigger
    assert trigger is not None, "an order without a trigger does not wait"
    told.trigger_options = TriggerOptionsJson(
        market.prices.text(trigger.price),
        "trigger_above" if trigger.direction is Direction.ABOVE else "trigger_below",
        SIGNALS[trigger.signal],
    )
    if trigger.trail is not None:
        value, unit = encode_distance(trigger.trail, market.prices)
        trailing = TrailingJson(bytes(value).decode(), unit)
        told.trigger_options.trailing_stop_options = trailing
    return told


def order_element(change: OrderThing, listing: Listing, *, is_public: bool = False) -> ElementJson:
    """What became of an order of the book, or that there was none of the name."""
    if isinstance(change, OrderMissed):
        return _missed_element(change)
    market = listing.of(change.order.symbol)
    now = history_order(change.order, change.leaves, change.time, market, is_public=is_public)
    event: dict[str, object]
    match change.change:
        case Change.PLACED:
            event = {
                "OrderPlaced": {
                    "order": now,
                    "reason": _placed_reason(change),
                    "reducedQuantity": _reduced(change, market),
                    "algoId": change.order.algo_id or "",
                }
            }
            if is_public:
                del event["OrderPlaced"]["algoId"]  # type: ignore[attr-defined]
        case Change.CANCELED:
            event = {"OrderCancelled": {"order": now, "reason": _canceled_reason(change)}}
        case Change.REJECTED:
            assert change.rejected is not None, "a refusal has its reason"
            word = errors.ORDER_ERROR[change.rejected]
            reason = "new_user_order"
            if change.canceled is not None:
                reason = errors.UPDATE_REASON[change.canceled].lower()
            event = {"OrderRejected": {"order": now, "orderError": word, "reason": reason}}
        case Change.EDIT_REFUSED:
            attempted = history_order(*_attempted(change), market)
            event = {"OrderEditRejected": _edit_refused(change, now, attempted)}
        case _:
            old = change.old_order or change.order
            before = history_order(
                old, change.old_leaves, change.old_updated, market, is_public=is_public
            )
            event = {
                "OrderUpdated": {
                    "oldOrder": before,
                    "newOrder": now,
                    "reason": _updated_reason(change),
                    "reducedQuantity": _reduced(change, market),
                }
            }
    return ElementJson(thing_uuid(change.number), millis(change.time), event)


def _missed_element(missed: OrderMissed) -> ElementJson:
    """A name that nothing had. What is no id of this venue is told as an id of zeros."""
    name = missed.cl_ord_id
    if missed.order_id is not None or name is None:
        uid = order_uuid(missed.order_id) if missed.order_id else NO_UID
        name = f"Uuid(uuid={uid})"
    event = {"accountUid": account_uuid(missed.account), "orderId": name}
    return ElementJson(thing_uuid(missed.number), millis(missed.time), {"OrderNotFound": event})


def _placed_reason(change: OrderChange) -> str:
    if change.order.trigger is None:
        return "new_user_order"
    return "stop_order_triggered" if change.order.is_market else "limit_from_stop"


def _updated_reason(change: OrderChange) -> str:
    match change.change:
        case Change.AMENDED:
            return "edited_by_user"
        case Change.TRIMMED:
            return "would_not_reduce_position"
        case Change.TRAILED:
            return "trailing_stop_price_updated"
        case _:
            return "partial_fill" if change.leaves else "full_fill"


def _canceled_reason(change: OrderChange) -> str:
    assert change.canceled is not None, "a cancel has its reason"
    return errors.UPDATE_REASON[change.canceled].lower()


def _attempted(change: OrderChange) -> tuple[Order, Lots, Nanos]:
    """An order as a refused change asked for it, what would be left of it, and when it changed."""
    asked = change.old_order or change.order
    filled = change.order.quantity - change.leaves
    return asked, Lots(max(asked.quantity - filled, 0)), change.old_updated


def _edit_refused(change: OrderChange, now: OrderJson, attempted: OrderJson) -> dict[str, object]:
    """A change that was not made. The order was not touched, so it was not updated now."""
    assert change.rejected is not None, "a refusal has its reason"
    now.last_update_timestamp = millis(change.old_updated)
    word = errors.EDIT_ERROR[change.rejected]
    return {"oldOrder": now, "attemptedOrder": attempted, "orderError": word}


def _reduced(change: OrderChange, market: Market) -> str:
    return market.sizes.text(change.reduced) if change.reduced else ""


def trigger_element(change: OrderThing, listing: Listing) -> ElementJson:
    """What became of a waiting order, until it fired."""
    assert isinstance(change, OrderChange), "what was missed was no trigger"
    market = listing.of(change.order.symbol)
    now = _trigger(change.order, change.leaves, change.time, market)
    event: dict[str, object]
    match change.change:
        case Change.WAITS:
            event = {"OrderTriggerPlaced": {"order": now, "reason": "new_user_order"}}
        case Change.FIRED:
            event = {"OrderTriggerActivated": {"order": now, "reason": "stop_order_triggered"}}
        case Change.CANCELED:
            event = {"OrderTriggerCancelled": {"order": now, "reason": _canceled_reason(change)}}
        case Change.EDIT_REFUSED:
            attempted = _trigger(*_attempted(change), market)
            event = {"OrderTriggerEditRejected": _edit_refused(change, now, attempted)}
        case _:
            old = change.old_order or change.order
            before = _trigger(old, change.old_leaves, change.old_updated, market)
            event = {
                "OrderTriggerUpdated": {
                    "oldOrder": before,
                    "newOrder": now,
                    "reason": _updated_reason(change),
                }
            }
    return ElementJson(thing_uuid(change.number), millis(change.time), event)


def usd_value(quantity: Lots, price: int, market: Market) -> str:
    """A trade in dollars: contracts are worth one each where they are inverse."""
    size = quantity * market.instrument.lot_size
    if not market.is_inverse:
        size *= price * market.instrument.tick_size
    return format(size.quantize(CENT), "f")


def _executed(number: int, time: Nanos, execution: ExecutionJson) -> ElementJson:
    """An execution under both the names that it is known by."""
    told = Raw(ENCODER.encode(ExecutedJson(execution)))
    event: dict[str, object] = {"Execution": told, "execution": told}
    return ElementJson(thing_uuid(number), millis(time), event)


def execution_element(trade: Execution, market: Market) -> ElementJson:
    """A trade as everybody sees it, with both orders as they were before."""
    return _executed(
        trade.number,
        trade.time,
        ExecutionJson(
            uid=fill_uuid(trade.exec_id),
            maker_order=history_order(
                trade.maker, trade.maker_leaves, trade.maker_updated, market, is_public=True
            ),
            taker_order=history_order(
                trade.taker,
                trade.taker_leaves,
                trade.taker_updated,
                market,
                is_public=True,
                market_word="Market",
            ),
            timestamp=millis(trade.time),
            quantity=market.sizes.text(trade.quantity),
            price=market.prices.text(trade.price),
            mark_price=fine_text(trade.mark),
            limit_filled=trade.maker_leaves == trade.quantity,
            usd_value=usd_value(trade.quantity, trade.price, market),
            old_taker_order=_before(trade.old_taker, market, is_public=True),
        ),
    )


def own_execution_element(posting: TradePosting, listing: Listing) -> ElementJson:
    """A trade as one of its two sees it."""
    market = listing.of(posting.order.symbol)
    order = history_order(
        posting.order, posting.leaves, posting.updated, market, market_word="Market"
    )
    fee = market.money.text(posting.fee)
    size = market.sizes.text(posting.new_quantity)
    percent = FeeJson(percentage(posting.fee, posting.value))
    told = ExecutionJson(
        uid=fill_uuid(posting.exec_id),
        order=order,
        timestamp=millis(posting.time),
        quantity=market.sizes.text(posting.quantity),
        price=market.prices.text(posting.price),
        mark_price=fine_text(posting.mark),
        limit_filled=posting.is_maker_done,
        execution_type="maker" if posting.is_maker else "taker",
        usd_value=usd_value(posting.quantity, posting.price, market),
        order_data=OrderDataJson(fee, size, [percent], market.money.text(posting.realized)),
        old_taker_order=_before(posting.old_taker, market),
    )
    if posting.is_maker:
        told.maker_order, told.maker_order_data = order, OrderDataJson(fee, size, [percent])
    else:
        told.taker_order, told.taker_order_data = order, OrderDataJson(fee, size, [percent])
    return _executed(posting.number, posting.time, told)


def percentage(fee: int, value: int) -> str:
    """The rate at which a trade was charged, to the hundred-thousandth of a percent."""
    if not value:
        return "0"
    return format(round(ratio(fee * 100, value), 5).normalize(), "f")


def _before(
    old: Before | None, market: Market, *, is_public: bool = False
) -> OrderJson | UnsetType:
    if old is None:
        return UNSET
    return history_order(old.order, old.leaves, old.updated, market, is_public=is_public)


def mark_element(change: MarkChange) -> ElementJson:
    """A mark price moved."""
    price = {"price": fine_text(change.price)}
    return ElementJson("", millis(change.time), {"MarkPriceChanged": price})


def average_entry(quantity: Lots, cost: int, market: Market) -> Raw:
    """The price of a position: cost over size, or for inverse contracts size over cost."""
    size = abs(quantity) * market.instrument.lot_size
    value = abs(cost) * market.money_one
    if not size or not value:
        return decimal_number(Decimal(0))
    return decimal_number(ratio(size, value) if market.is_inverse else ratio(value, size))


def position_change(old: int, new: int) -> str:
    """What a trade did to a position, in one word."""
    if not old:
        return "open"
    if not new:
        return "close"
    if (old > 0) != (new > 0):
        return "reverse"
    return "increase" if abs(new) > abs(old) else "decrease"


def position_element(posting: TradePosting, listing: Listing) -> ElementJson:
    """What a trade did to its owner's position."""
    market = listing.of(posting.order.symbol)

    def entry(quantity: Lots, cost: int) -> str:
        return bytes(average_entry(quantity, cost, market)).decode()

    told = PositionUpdateJson(
        account_uid=account_uuid(posting.order.account),
        tradeable=market.symbol,
        old_position=market.sizes.text(posting.old_quantity),
        old_average_entry_price=entry(posting.old_quantity, posting.old_cost),
        new_position=market.sizes.text(posting.new_quantity),
        new_average_entry_price=entry(posting.new_quantity, posting.new_cost),
        fill_time=millis(posting.time),
        fee=market.money.text(posting.fee),
        fee_currency=market.instrument.settlement,
        realized_pnl=market.money.text(posting.realized),
        position_change=position_change(posting.old_quantity, posting.new_quantity),
        execution_uid=fill_uuid(posting.exec_id),
        execution_price=market.prices.text(posting.price),
        execution_size=market.sizes.text(posting.quantity),
        trade_type=POSITION_TRADES[posting.order.origin],
        timestamp=millis(posting.time),
        update_reason="trade",
    )
    if posting.funding:
        told.funding_realization_time = millis(posting.time)
        told.realized_funding = market.money.text(posting.funding)
    return ElementJson(thing_uuid(posting.number), millis(posting.time), {"PositionUpdate": told})


def settlement_element(
    posting: SettlementPosting, account: AccountId, listing: Listing
) -> ElementJson:
    """The end of a position with its contract."""
    market = listing.of(posting.symbol)
    entry = average_entry(posting.old_quantity, posting.old_cost, market)
    uid = thing_uuid(posting.number)
    told = PositionUpdateJson(
        account_uid=account_uuid(account),
        tradeable=market.symbol,
        old_position=market.sizes.text(posting.old_quantity),
        old_average_entry_price=bytes(entry).decode(),
        new_position="0",
        new_average_entry_price="0",
        fill_time=millis(posting.time),
        fee=market.money.text(posting.fee),
        fee_currency=market.instrument.settlement,
        realized_pnl=market.money.text(posting.realized),
        position_change="close",
        settlement_price=fine_text(posting.price),
        timestamp=millis(posting.time),
        update_reason="settlement",
    )
    return ElementJson(uid, millis(posting.time), {"PositionUpdate": told})


def funding_element(posting: FundingPosting, account: AccountId, listing: Listing) -> ElementJson:
    """An hour's funding of a position, which stays as it is."""
    market = listing.of(posting.symbol)
    entry = bytes(average_entry(posting.quantity, posting.cost, market)).decode()
    size = market.sizes.text(posting.quantity)
    time = millis(posting.time)
    told = PositionUpdateJson(
        account_uid=account_uuid(account),
        tradeable=market.symbol,
        old_position=size,
        old_average_entry_price=entry,
        new_position=size,
        new_average_entry_price=entry,
        fill_time=None,
        fee_currency=market.instrument.settlement,
        position_change="noChange",
        funding_realization_time=time,
        realized_funding=market.money.text(posting.amount),
        timestamp=time,
        update_reason="fundingRealisation",
    )
    return ElementJson(thing_uuid(posting.number), time, {"PositionUpdate": told})
