"""Orders and fills in REST's words: money is text here, and times are numbers.

Source: Kraken Spot REST, "Get open orders", "Get closed orders", "Query orders info", "Get trades
history", "Add order".
"""

from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.engine.orders import (
    BUY,
    FOK,
    IOC,
    Close,
    Distance,
    Extras,
    Order,
    OrderView,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.reasons import CancelReason
from openvenue.engine.units import Nanos, Ticks
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.kraken_spot.ids import order_text, trade_text
from openvenue.gateways.kraken_spot.listing import Listing, Market
from openvenue.gateways.kraken_spot.prices import distance_text
from openvenue.gateways.kraken_spot.times import seconds
from openvenue.history.port import ClosedOrder, Fill

ENCODER: Final = msgspec.json.Encoder()
NEVER: Final = Raw(b"0")
NOTHING: Final = Extras()


class DescrJson(Struct):
    """An order in a sentence, and its parts."""

    pair: str
    aclass: str
    type: str
    ordertype: str
    price: str
    price2: str
    leverage: str
    order: str
    close: str = ""


class OrderJson(Struct):
    """An order, open or closed."""

    refid: str | None
    userref: int | None
    cl_ord_id: str | UnsetType
    status: str
    opentm: Raw
    starttm: Raw
    expiretm: Raw
    descr: DescrJson
    vol: str
    vol_exec: str
    cost: str
    fee: str
    price: str
    stopprice: str
    limitprice: str
    trigger: str | UnsetType
    misc: str
    oflags: str
    time_in_force: str
    trades: list[str] | UnsetType = UNSET
    closetm: Raw | UnsetType = UNSET
    reason: str | None | UnsetType = UNSET


class TradeJson(Struct):
    """What one order got from one trade."""

    ordertxid: str
    postxid: str
    pair: str
    time: Raw
    type: str
    ordertype: str
    price: str
    cost: str
    fee: str
    vol: str
    margin: str
    leverage: str
    misc: str
    trade_id: int
    maker: bool


def kind_word(order: Order) -> str:
    """`ordertype` of an order, triggered or not."""
    if order.trigger is None and order.extras is not None and order.extras.display is not None:
        return "iceberg"
    return _kind(order.trigger, is_market=order.is_market)


def close_word(close: Close) -> str:
    """The same of what fills bring."""
    return _kind(close.trigger, is_market=close.limit_price is None and close.limit_from is None)


def _kind(trigger: Trigger | None, *, is_market: bool) -> str:
    if trigger is None:
        return "market" if is_market else "limit"
    if trigger.trail is not None:
        return "trailing-stop" if trigger.offset is None else "trailing-stop-limit"
    word = "stop-loss" if trigger.kind is TriggerKind.STOP else "take-profit"
    return word if is_market else f"{word}-limit"


def time_in_force_word(order: Order) -> str:
    """How long it may wait; a market order says nothing about that."""
    if order.is_market:
        return "gtc"
    if order.time_in_force is IOC:
        return "ioc"
    if order.extras is not None and order.extras.expires is not None:
        return "gtd"
    return "fok" if order.time_in_force is FOK else "gtc"


def encode_descr(order: Order, market: Market) -> DescrJson:
    """The order in a sentence, as `buy 1.25000000 XBTUSD @ limit 37500.0`."""
    side = "buy" if order.side is BUY else "sell"
    kind = kind_word(order)
    extras = NOTHING if order.extras is None else order.extras
    limit = None if order.is_market else order.limit_price
    first, second = _prices(order.trigger, limit, extras.trigger_from, extras.limit_from, market)
    volume = market.sizes.text(order.quantity)
    if extras.cash is not None:
        volume = market.costs.text(extras.cash)
    sentence = f"{side} {volume} {market.altname} @ {_words(kind, first, second)}"
    return DescrJson(
        market.altname,
        "forex",
        side,
        kind,
        first or "0",
        second or "0",
        "none",
        sentence,
        "" if extras.close is None else encode_close(extras.close, market),
    )


def encode_close(close: Close, market: Market) -> str:
    """What fills bring, in a sentence: `close position @ stop loss 22000.0 -> limit 21000.0`."""
    trigger = close.trigger
    limit = close.limit_price
    first, second = _prices(trigger, limit, close.trigger_from, close.limit_from, market)
    return f"close position @ {_words(close_word(close), first, second)}"


def _prices(
    trigger: Trigger | None,
    limit: Ticks | None,
    trigger_from: Distance | None,
    limit_from: Distance | None,
    market: Market,
) -> tuple[str | None, str | None]:
    """`price` and `price2`; relative ones as such, as long as they are."""
    limited = None if limit is None else market.prices.text(limit)
    if limited is None and limit_from is not None:
        limited = distance_text(limit_from, market)
    if trigger is None:
        return limited, None
    if trigger.trail is not None:
        offset = trigger.offset
        behind = distance_text(trigger.trail, market)
        return behind, None if offset is None else distance_text(offset, market)
    if trigger_from is not None and trigger.price <= 1:  # not known yet
        return distance_text(trigger_from, market), limited
    return market.prices.text(trigger.price), limited


def _words(kind: str, first: str | None, second: str | None) -> str:
    words = kind if "-" not in kind else kind.removesuffix("-limit").replace("-", " ")
    if first is not None:
        words += f" {first}"
    return words if second is None else f"{words} -> limit {second}"


def short_descr(told: DescrJson) -> dict[str, str]:
    """The sentences alone; what fills bring only where they do."""
    return {"order": told.order, "close": told.close} if told.close else {"order": told.order}


def encode_add_order(order: Order, market: Market, *, is_real: bool) -> bytes:
    """The answer to AddOrder; an order that was only to be checked has no name."""
    descr = ENCODER.encode(short_descr(encode_descr(order, market)))
    if not is_real:
        return b'{"descr":%b}' % descr
    return b'{"descr":%b,"txid":["%b"]}' % (descr, order_text(order.order_id).encode())


def encode_order(view: OrderView, market: Market) -> OrderJson:
    """An order that is open."""
    order = view.order
    extras = order.extras
    trigger = order.trigger
    is_waiting = view.is_waiting
    flags = ["fciq"]
    if order.post_only:
        flags.append("post")
    volume = market.sizes.text(order.quantity)
    if extras is not None and extras.cash is not None:
        flags.append("viqc")
        volume = market.costs.text(extras.cash)
    misc = []
    if trigger is not None and not is_waiting:
        misc.append("stopped" if trigger.kind is TriggerKind.STOP else "touched")
    if 0 < view.leaves < order.quantity:
        misc.append("partial")
    limit = None if order.is_market or trigger is None else order.limit_price
    zero = market.fine_prices.zero
    return OrderJson(
        refid=None if extras is None or extras.closes is None else order_text(extras.closes),
        userref=None if order.cl_ord_id is not None else order.user_ref or 0,
        cl_ord_id=UNSET if order.cl_ord_id is None else order.cl_ord_id,
        status="pending" if is_scheduled(view) else "open",
        opentm=Raw(seconds(order.created).encode()),
        starttm=_moment(None if extras is None else extras.starts),
        expiretm=_moment(None if extras is None else extras.expires),
        descr=encode_descr(order, market),
        vol=volume,
        vol_exec=market.sizes.text(view.filled),
        cost=market.costs.text(view.value),
        fee=market.costs.text(view.fees),
        price=market.average(view.value, view.filled, market.fine_prices),
        stopprice=zero if trigger is None else market.fine_prices.text(trigger.price),
        limitprice=zero if limit is None else market.fine_prices.text(limit),
        trigger=UNSET if trigger is None else signal_word(trigger.signal),
        misc=",".join(misc),
        oflags=",".join(flags),
        time_in_force=time_in_force_word(order),
    )


def is_scheduled(view: OrderView) -> bool:
    """Whether an order waits for its time: for that, no trigger is needed."""
    return view.is_waiting and view.order.trigger is None


def _moment(time: Nanos | None) -> Raw:
    return NEVER if time is None else Raw(seconds(time).encode())


def encode_closed(closed: ClosedOrder, market: Market) -> OrderJson:
    """An order that is over."""
    told = encode_order(closed.view, market)
    reason = errors.reason_of(closed.canceled, closed.rejected)
    told.status = "closed" if reason is None else "canceled"
    if closed.canceled is CancelReason.LAPSED:
        told.status = "expired"
    told.closetm = Raw(seconds(closed.closed).encode())
    told.reason = reason
    if closed.view.order.trigger is not None and not closed.was_triggered:
        told.misc = ""
    return told


def encode_trade(fill: Fill, order: Order | None, listing: Listing) -> TradeJson:
    """A fill. `order` is the one that it belongs to, as far as it can still be found."""
    market = listing.of(fill.symbol)
    kind = "market" if fill.order_type == "market" else "limit"
    return TradeJson(
        ordertxid=order_text(fill.order_id),
        postxid="",
        pair=market.id,
        time=Raw(seconds(fill.time).encode()),
        type="buy" if fill.side is BUY else "sell",
        ordertype=kind if order is None else kind_word(order),
        price=market.fine_prices.text(fill.price),
        cost=market.costs.text(market.contract.value(fill.quantity, fill.price)),
        fee=market.costs.text(fill.fee),
        vol=market.sizes.text(fill.quantity),
        margin=market.costs.zero,
        leverage="0",
        misc="",
        trade_id=fill.exec_id,
        maker=fill.is_maker,
    )


def trade_name(fill: Fill) -> str:
    """How a fill is called."""
    return trade_text(fill.exec_id, fill.is_maker)


def signal_word(signal: Signal) -> str:
    """Which price a trigger listens to."""
    return "index" if signal is Signal.INDEX else "last"
