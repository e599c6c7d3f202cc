"""Messages of the socket: trades, books, own orders, own fills.

Source: Kraken Futures WebSocket v1, "Trade", "Book", "Open orders", "Fills".
"""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.engine.events import Traded
from openvenue.engine.orders import BUY, FOK, GTC, Order, OrderView, Origin, Side, TriggerKind
from openvenue.engine.units import Atoms, Nanos, Symbol
from openvenue.gateways.kraken_futures.books import Change, LevelBook
from openvenue.gateways.kraken_futures.decode_distance import encode_distance
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.encode_orders import SIGNAL_WORDS, fill_type
from openvenue.gateways.kraken_futures.forced import ORDERS, TRADES
from openvenue.gateways.kraken_futures.ids import fill_uuid, order_uuid
from openvenue.gateways.kraken_futures.listing import Listing, Market
from openvenue.gateways.kraken_futures.times import millis
from openvenue.history.port import Fill, PublicTrade

NO_PRICE: Final = Raw(b"0.0")  # this feed writes a price that there is none of as zero
BITCOIN: Final = "XBT"  # the engine's name, and this API's everywhere but in fees


class TradeMessage(Struct, tag_field="feed", tag="trade"):
    """A trade as everybody sees it."""

    product_id: str
    uid: str
    side: str
    seq: int
    time: int
    qty: Raw
    price: Raw
    type: str = "fill"


class TradeSnapshot(Struct, tag_field="feed", tag="trade_snapshot"):
    """The newest trades, newest first."""

    product_id: str
    trades: list[TradeMessage]


class BookLevel(Struct):
    """What stands at one price."""

    price: Raw
    qty: Raw


class BookSnapshot(Struct, rename={"tick_size": "tickSize"}, tag_field="feed", tag="book_snapshot"):
    """The whole book as of `seq`."""

    product_id: str
    timestamp: int
    seq: int
    bids: list[BookLevel]
    asks: list[BookLevel]
    tick_size: None = None


class BookMessage(Struct, tag_field="feed", tag="book"):
    """One level changed."""

    product_id: str
    side: str
    seq: int
    price: Raw
    qty: Raw
    timestamp: int


class TrailingItem(Struct):
    """How far a trailing stop follows."""

    max_deviation: Raw
    unit: str


class OpenOrderItem(Struct, kw_only=True, rename={"trigger_signal": "triggerSignal"}):
    """An order as its owner sees it on the feed: `qty` is what is left."""

    instrument: str
    time: int
    last_update_time: int
    qty: Raw
    filled: Raw
    limit_price: Raw
    stop_price: Raw
    type: str
    order_id: str
    cli_ord_id: str | UnsetType = UNSET
    direction: int
    reduce_only: bool
    trigger_signal: str | UnsetType = UNSET
    trailing_stop_options: TrailingItem | UnsetType = UNSET
    max_fixed_leverage: int | UnsetType = UNSET


class OpenOrdersSnapshot(Struct, tag_field="feed", tag="open_orders_snapshot"):
    """All open orders."""

    account: str
    orders: list[OpenOrderItem]


class OpenOrderMessage(Struct, tag_field="feed", tag="open_orders"):
    """An order came, changed, or was filled."""

    order: OpenOrderItem
    is_cancel: bool
    reason: str


class OrderGoneMessage(Struct, tag_field="feed", tag="open_orders"):
    """An order ended other than by its last fill."""

    order_id: str
    reason: str
    cli_ord_id: str | UnsetType = UNSET
    is_cancel: bool = True


class FillItem(Struct, kw_only=True):
    """What one order got from one trade."""

    instrument: str
    time: int
    price: Raw
    seq: int = 0
    buy: bool
    qty: Raw
    remaining_order_qty: Raw
    order_id: str
    cli_ord_id: str | UnsetType = UNSET
    fill_id: str
    fill_type: str
    fee_paid: Raw
    fee_currency: str
    taker_order_type: str
    order_type: str


class FillsSnapshot(Struct, tag_field="feed", tag="fills_snapshot"):
    """The newest fills, newest first."""

    account: str
    fills: list[FillItem]


class FillsMessage(Struct, tag_field="feed", tag="fills"):
    """New fills."""

    username: str
    fills: list[FillItem]


def encode_trade(event: Traded, time: Nanos, market: Market) -> bytes:
    """A trade, for all who listen to its market."""
    return ENCODER.encode(
        _trade(
            PublicTrade(
                event.exec_id,
                0,
                time,
                event.symbol,
                event.price,
                event.quantity,
                event.aggressor,
                origin=event.origin,
            ),
            market,
        )
    )


def encode_trades(trades: list[PublicTrade], market: Market) -> bytes:
    """The newest trades."""
    return ENCODER.encode(TradeSnapshot(market.symbol, [_trade(it, market) for it in trades]))


def _trade(trade: PublicTrade, market: Market) -> TradeMessage:
    return TradeMessage(
        market.symbol,
        fill_uuid(trade.exec_id),
        _side(trade.aggressor),
        trade.exec_id,
        millis(trade.time),
        market.sizes.number(trade.quantity),
        market.prices.number(trade.price),
        TRADES[trade.origin],
    )


def encode_level(change: Change, seq: int, time: int, market: Market) -> bytes:
    """A level's new total, for all who listen to its market."""
    side, price, total = change
    return ENCODER.encode(
        BookMessage(
            market.symbol,
            _side(side),
            seq,
            market.prices.number(price),
            market.sizes.number(total),
            millis(time),
        )
    )


def encode_levels(book: LevelBook, now: Nanos, market: Market) -> bytes:
    """The whole book."""
    price = market.prices.number
    size = market.sizes.number
    return ENCODER.encode(
        BookSnapshot(
            market.symbol,
            millis(book.time or now),
            book.seq,
            [BookLevel(price(level), size(total)) for level, total in book.bids()],
            [BookLevel(price(level), size(total)) for level, total in book.asks()],
        )
    )


def encode_order_change(
    view: OrderView, reason: str, listing: Listing, leverage: int | None = None
) -> bytes:
    """An order came or changed; filled to the end, it leaves with this."""
    is_done = view.leaves == 0
    return ENCODER.encode(OpenOrderMessage(open_order(view, listing, leverage), is_done, reason))


def encode_order_gone(
    order: Order, reason: str, listing: Listing, *, is_waiting: bool = False
) -> bytes:
    """An order left by its names alone; `is_waiting`: it was a trigger until then."""
    uid = listing.of(order.symbol).uuid(order.order_id, is_waiting=is_waiting)
    told = OrderGoneMessage(uid, reason)
    if order.cl_ord_id is not None:
        told.cli_ord_id = order.cl_ord_id
    return ENCODER.encode(told)


def encode_open_orders(
    account: str, views: list[OrderView], listing: Listing, leverages: Mapping[Symbol, int]
) -> bytes:
    """All open orders. `leverages` are those of isolated markets."""
    orders = [open_order(it, listing, leverages.get(it.order.symbol)) for it in views]
    return ENCODER.encode(OpenOrdersSnapshot(account, orders))


def open_order(view: OrderView, listing: Listing, leverage: int | None = None) -> OpenOrderItem:
    """An open order; `leverage` is that of its market, if it is isolated."""
    order = view.order
    market = listing.of(order.symbol)
    limit = order.limit_price
    item = OpenOrderItem(
        instrument=order.symbol,
        time=millis(order.created),
        last_update_time=millis(view.updated),
        qty=market.sizes.number(view.leaves),
        filled=market.sizes.number(view.filled),
        limit_price=NO_PRICE if limit is None else market.prices.number(limit),
        stop_price=NO_PRICE,
        type="limit",
        order_id=market.uuid(order.order_id, is_waiting=view.is_waiting),
        direction=0 if order.side is BUY else 1,
        reduce_only=order.reduce_only,
    )
    if order.cl_ord_id is not None:
        item.cli_ord_id = order.cl_ord_id
    if leverage is not None:
        item.max_fixed_leverage = leverage
    if view.is_waiting and order.trigger is not None:
        is_profit = order.trigger.kind is TriggerKind.TAKE_PROFIT
        item.type = "take_profit" if is_profit else "stop"
        item.stop_price = market.prices.number(order.trigger.price)
        item.trigger_signal = SIGNAL_WORDS[order.trigger.signal]
        trail = order.trigger.trail
        if trail is not None:
            value, unit = encode_distance(trail, market.prices)
            item.type = "trailing_stop"
            item.trailing_stop_options = TrailingItem(value, unit.lower())
    return item


def fill_of(
    event: Traded,
    order: Order,
    taker: Order,
    time: Nanos,
    *,
    is_maker: bool,
    is_after_amend: bool = False,
) -> Fill:
    """One side of a trade, as history will tell it."""
    return Fill(
        exec_id=event.exec_id,
        seq=0,
        time=time,
        account=order.account,
        symbol=order.symbol,
        side=order.side,
        price=event.price,
        quantity=event.quantity,
        is_maker=is_maker,
        order_id=order.order_id,
        cl_ord_id=order.cl_ord_id,
        leaves=event.maker_leaves if is_maker else event.taker_leaves,
        fee=event.maker_fee if is_maker else event.taker_fee,
        realized=event.maker_realized if is_maker else event.taker_realized,
        order_type=kind_of(order),
        is_after_amend=is_after_amend,
        origin=order.origin,
        liquidation_fee=Atoms(0) if is_maker else event.liquidation_fee,
        taker_type=kind_of(taker),
    )


def kind_of(order: Order) -> str:
    """The word of this feed for what kind of order it is."""
    if order.origin is not Origin.CLIENT:
        return ORDERS[order.origin]
    if order.is_market:
        return "market"
    if order.post_only:
        return "post"
    if order.time_in_force is GTC:
        return "limit"
    return "fok" if order.time_in_force is FOK else "ioc"


def fill_item(fill: Fill, listing: Listing) -> FillItem:
    """A fill; the sequence number is its session's."""
    market = listing.of(fill.symbol)
    size = market.sizes.number
    settlement = market.instrument.settlement
    item = FillItem(
        instrument=fill.symbol,
        time=millis(fill.time),
        price=market.prices.number(fill.price),
        buy=fill.side is BUY,
        qty=size(fill.quantity),
        remaining_order_qty=size(fill.leaves),
        order_id=order_uuid(fill.order_id),
        fill_id=fill_uuid(fill.exec_id),
        fill_type=fill_type(fill),
        fee_paid=market.money.number(Atoms(fill.fee + fill.liquidation_fee)),
        fee_currency="BTC" if settlement == BITCOIN else settlement,
        taker_order_type=fill.taker_type,
        order_type=fill.order_type,
    )
    if fill.cl_ord_id is not None:
        item.cli_ord_id = fill.cl_ord_id
    return item


def _side(side: Side) -> str:
    return "buy" if side is BUY else "sell"
