"""Messages of the channels. Members stand in the service's own order, numbers with all places.

They are put together as text: what is sent is then seen as it is, and a checksum's digits are the
ones on the wire. Source: Kraken Spot WebSocket v2, "Executions", "Balances", "Book", "Trade",
"Ticker", "Instrument".
"""

import json
from collections.abc import Iterable
from typing import Final

from openvenue.engine.events import Traded
from openvenue.engine.orders import BUY, Close, Order, OrderView, Trigger
from openvenue.engine.queries import MarketView
from openvenue.engine.units import AssetId, Atoms, Nanos
from openvenue.gateways.kraken_spot.books import LevelBook, Levels, checksum
from openvenue.gateways.kraken_spot.encode_market import plain
from openvenue.gateways.kraken_spot.encode_orders import (
    close_word,
    kind_word,
    signal_word,
    time_in_force_word,
)
from openvenue.gateways.kraken_spot.ids import deposit_text, ledger_text, order_text, trade_text
from openvenue.gateways.kraken_spot.listing import Listing, Market, Money
from openvenue.gateways.kraken_spot.prices import distance_number
from openvenue.gateways.kraken_spot.times import micros, up_to_second, whole_second
from openvenue.gateways.numbers import half_up
from openvenue.history.port import DayFigures, Fill, PublicTrade

USD: Final = AssetId("USD")
NO_DOLLARS: Final = "0.0000"
ASSET_STATUS: Final = "enabled"


def execution_frame(items: Iterable[str], *, is_snapshot: bool) -> bytes:
    """A frame of executions up to its sequence number, which is its session's."""
    kind = "snapshot" if is_snapshot else "update"
    data = ",".join(items)
    return f'{{"channel":"executions","type":"{kind}","data":[{data}],"sequence":'.encode()


def balance_frame(items: Iterable[str], *, is_snapshot: bool) -> bytes:
    """The same of balances."""
    kind = "snapshot" if is_snapshot else "update"
    data = ",".join(items)
    return f'{{"channel":"balances","type":"{kind}","data":[{data}],"sequence":'.encode()


class Executions:
    """An account's orders, step by step."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def pending(self, order: Order, time: Nanos) -> str:
        """Taken, and not live yet: the only message that describes the whole order."""
        view = OrderView(order, order.quantity, time, order.trigger is not None)
        return self._record(view, "pending_new", "pending_new", time)

    def open_order(self, view: OrderView) -> str:
        """An order of the snapshot, as it is now."""
        status = "partially_filled" if view.filled else "new"
        return self._record(view, "new", status, view.updated)

    def new(self, order: Order, time: Nanos) -> str:
        """Live, or waiting for its price."""
        return (
            f'{{"timestamp":"{micros(time)}","order_status":"new","exec_type":"new",'
            f'{_name(order)}{_post_only(order)}"order_id":"{order_text(order.order_id)}"}}'
        )

    def trade(self, event: Traded, view: OrderView, time: Nanos, *, is_maker: bool) -> str:
        """One fill; `view` is the order after it. The last one is followed by `filled`."""
        order = view.order
        market = self._listing.of(event.symbol)
        fee = event.maker_fee if is_maker else event.taker_fee
        return (
            f"{self._fill_head(order, event, market, is_maker=is_maker)}"
            f'"cost":{market.costs.text(event.value)},"order_status":"partially_filled",'
            f'"order_type":"{kind_word(order)}","timestamp":"{micros(time)}",'
            f"{self._sums(view, market)}{self._fees(fee, market)}}}"
        )

    def past_trade(self, fill: Fill, order: Order, market: Market) -> str:
        """A fill of the snapshot, which has no sums."""
        cost = market.contract.value(fill.quantity, fill.price)
        event = Traded(
            exec_id=fill.exec_id,
            symbol=fill.symbol,
            price=fill.price,
            quantity=fill.quantity,
            aggressor=fill.side.opposite if fill.is_maker else fill.side,
            maker_account=fill.account,
            maker_order_id=fill.order_id,
            maker_leaves=fill.leaves,
            maker_fee=fill.fee,
            maker_realized=Atoms(0),
            taker_account=fill.account,
            taker_order_id=fill.order_id,
            taker_leaves=fill.leaves,
            taker_fee=fill.fee,
            taker_realized=Atoms(0),
            value=cost,
        )
        return (
            f"{self._fill_head(order, event, market, is_maker=fill.is_maker)}"
            f'"cost":{market.costs.text(cost)},"order_status":"filled",'
            f'"order_type":"{kind_word(order)}","timestamp":"{micros(fill.time)}",'
            f"{self._fees(fill.fee, market)}}}"
        )

    def filled(self, view: OrderView, time: Nanos) -> str:
        """Completely executed."""
        market = self._listing.of(view.order.symbol)
        return self._end(view, "filled", time, market, "")

    def canceled(self, view: OrderView, reason: str, time: Nanos) -> str:
        """Over before it was filled: no symbol, no side, as the service has it."""
        market = self._listing.of(view.order.symbol)
        text = json.dumps(reason)
        return self._end(view, "canceled", time, market, f'"cancel_reason":{text},"reason":{text},')

    def expired(self, view: OrderView, time: Nanos) -> str:
        """Over because its time was: no reason is given."""
        return self._end(view, "expired", time, self._listing.of(view.order.symbol), "")

    def amended(self, view: OrderView, time: Nanos) -> str:
        """New terms under the same id."""
        order = view.order
        market = self._listing.of(order.symbol)
        status = "partially_filled" if view.filled else "new"
        limit = ""
        if not order.is_market and order.limit_price is not None:
            text = market.prices.text(order.limit_price)
            limit = f'"limit_price":{text},"limit_price_type":"static",'
        if order.extras is not None and order.extras.display is not None:
            limit += self._shown(view, market)
        return (
            f'{{"timestamp":"{micros(time)}","exec_type":"amended","order_status":"{status}",'
            f'"cum_qty":{market.sizes.text(view.filled)},"reason":"User requested",'
            f'"amended":true,"order_qty":{market.sizes.text(order.quantity)},{limit}{_name(order)}'
            f'"order_id":"{order_text(order.order_id)}"}}'
        )

    def refilled(self, view: OrderView, time: Nanos) -> str:
        """The next slice of an iceberg is shown."""
        order = view.order
        market = self._listing.of(order.symbol)
        return (
            f'{{"timestamp":"{micros(time)}","exec_type":"iceberg_refill",'
            f'"order_status":"{"partially_filled" if view.filled else "new"}",'
            f'"cum_qty":{market.sizes.text(view.filled)},{self._shown(view, market)}{_name(order)}'
            f'"order_id":"{order_text(order.order_id)}"}}'
        )

    def _shown(self, view: OrderView, market: Market) -> str:
        extras = view.order.extras
        assert extras is not None and extras.display is not None, "only icebergs show a part"
        return (
            f'"display_qty":{market.sizes.text(extras.display)},'
            f'"display_qty_remain":{market.sizes.text(view.leaves - view.hidden)},'
        )

    def moved(self, view: OrderView, time: Nanos) -> str:
        """A trailing stop fires somewhere else from now on."""
        order = view.order
        market = self._listing.of(order.symbol)
        assert order.trigger is not None, "only triggers move"
        return (
            f'{{"timestamp":"{micros(time)}","order_status":"new","exec_type":"status",'
            f'{_name(order)}"triggers":{{{_triggers(view, order.trigger, market)}}},'
            f'"order_id":"{order_text(order.order_id)}"}}'
        )

    def fired(self, view: OrderView, price: int, time: Nanos) -> str:
        """A trigger's price was reached; `price` is the signal's, in ticks."""
        order = view.order
        market = self._listing.of(order.symbol)
        assert order.trigger is not None, "only triggers fire"
        return (
            f'{{"timestamp":"{micros(time)}","order_status":"new","exec_type":"status",'
            f'{_name(order)}"triggers":{{"reference":"{signal_word(order.trigger.signal)}",'
            f'"price":{market.prices.text(order.trigger.price)},"price_type":"static",'
            f'"actual_price":{market.prices.text(price)},"last_price":{market.prices.text(price)},'
            f'"status":"triggered","timestamp":"{micros(time)}"}},'
            f'"order_id":"{order_text(order.order_id)}"}}'
        )

    def _record(self, view: OrderView, exec_type: str, status: str, time: Nanos) -> str:
        order = view.order
        market = self._listing.of(order.symbol)
        price = market.prices
        trigger = order.trigger
        parts = [
            f'{{"order_id":"{order_text(order.order_id)}","symbol":"{order.symbol}",'
            f'"order_qty":{market.sizes.text(order.quantity)},'
            f'"cum_cost":{market.costs.text(view.value)},'
            f'"time_in_force":"{time_in_force_word(order).upper()}","exec_type":"{exec_type}",'
            f'"side":"{"buy" if order.side is BUY else "sell"}",'
            f'"order_type":"{kind_word(order)}",{_name(order)}'
        ]
        extras = order.extras
        if extras is not None and extras.display is not None:
            shown: int = min(extras.display, view.leaves)
            if exec_type != "pending_new" and not view.is_waiting:
                shown = view.leaves - view.hidden
            parts.append(
                f'"display_qty":{market.sizes.text(extras.display)},'
                f'"display_qty_remain":{market.sizes.text(shown)},'
            )
        if extras is not None and extras.cash is not None:
            parts.append(f'"cash_order_qty":{market.costs.text(extras.cash)},')
        if extras is not None and extras.closes is not None:
            parts.append(f'"ord_ref_id":"{order_text(extras.closes)}",')
        if trigger is not None:
            reference = signal_word(trigger.signal)
            stop = price.text(trigger.price)
            parts.append(
                f'"triggers":{{{_triggers(view, trigger, market)}}},"stop_price":{stop},'
                f'"trigger":"{reference}",'
            )
        if not order.is_market and order.limit_price is not None:
            limit = price.text(order.limit_price)
            parts.append(f'"limit_price_type":"static","limit_price":{limit},')
        elif trigger is not None and trigger.offset is not None:
            limit, kind = distance_number(trigger.offset, market)
            parts.append(f'"limit_price_type":"{kind}","limit_price":{limit},')
        if trigger is None:
            parts.append(f'"stop_price":{price.zero},')
        if extras is not None and extras.close is not None:
            parts.append(f'"contingent":{{{_contingent(extras.close, market)}}},')
        if extras is not None and extras.expires is not None:
            parts.append(f'"expire_time":"{whole_second(up_to_second(extras.expires))}",')
        if extras is not None and extras.starts is not None:
            parts.append(f'"effective_time":"{whole_second(up_to_second(extras.starts))}",')
        if exec_type != "pending_new":
            parts.append(
                f'"cum_qty":{market.sizes.text(view.filled)},'
                f'"avg_price":{market.average(view.value, view.filled, price)},'
            )
        parts.append(
            f'{_post_only(order)}"order_status":"{status}",{self._dollars(view.fees, market)}'
            f'"fee_ccy_pref":"fciq","timestamp":"{micros(time)}"}}'
        )
        return "".join(parts)

    def _fill_head(self, order: Order, event: Traded, market: Market, *, is_maker: bool) -> str:
        return (
            f'{{"order_id":"{order_text(order.order_id)}",{_name(order)}'
            f'"exec_id":"{trade_text(event.exec_id, is_maker)}","exec_type":"trade",'
            f'"trade_id":{event.exec_id},"symbol":"{order.symbol}",'
            f'"side":"{"buy" if order.side is BUY else "sell"}",'
            f'"last_qty":{market.sizes.text(event.quantity)},'
            f'"last_price":{market.prices.text(event.price)},'
            f'"liquidity_ind":"{"m" if is_maker else "t"}",'
        )

    def _sums(self, view: OrderView, market: Market) -> str:
        average = market.average(view.value, view.filled, market.prices)
        return (
            f'"cum_qty":{market.sizes.text(view.filled)},'
            f'"cum_cost":{market.costs.text(view.value)},"avg_price":{average},'
        )

    def _fees(self, fee: Atoms, market: Market) -> str:
        quote = market.instrument.quote
        return (
            f"{self._dollars(fee, market)}"
            f'"fees":[{{"asset":"{quote}","qty":{market.costs.text(fee)}}}]'
        )

    def _end(self, view: OrderView, kind: str, time: Nanos, market: Market, why: str) -> str:
        order = view.order
        average = market.average(view.value, view.filled, market.prices)
        return (
            f'{{"timestamp":"{micros(time)}","order_status":"{kind}","exec_type":"{kind}",'
            f'"cum_qty":{market.sizes.text(view.filled)},'
            f'"cum_cost":{market.costs.text(view.value)},{self._dollars(view.fees, market)}'
            f'"avg_price":{average},{_name(order)}{_post_only(order)}{why}'
            f'"order_id":"{order_text(order.order_id)}"}}'
        )

    def _dollars(self, fees: Atoms, market: Market) -> str:
        """What fees are worth in dollars; nothing if nobody knows."""
        if fees == 0:
            return f'"fee_usd_equiv":{NO_DOLLARS},'
        worth = self._listing.worth(market.instrument.quote, fees, USD)
        if worth is None:
            return ""
        return f'"fee_usd_equiv":{self._listing.money(USD).amounts.text(worth)},'


def _name(order: Order) -> str:
    """The client's name for an order: its id, or else its reference, 0 if it gave none."""
    if order.cl_ord_id is not None:
        return f'"cl_ord_id":{json.dumps(order.cl_ord_id)},'
    return f'"order_userref":{order.user_ref or 0},'


def _triggers(view: OrderView, trigger: Trigger, market: Market) -> str:
    """When an order acts; a trailing stop is told by its distance, and where that is now."""
    stop = market.prices.text(trigger.price)
    price, kind = stop, "static"
    actual = ""
    if trigger.trail is not None:
        price, kind = distance_number(trigger.trail, market)
        actual = f'"actual_price":{stop},'
    state = "untriggered" if view.is_waiting else "triggered"
    return (
        f'"price":{price},"price_type":"{kind}",{actual}'
        f'"reference":"{signal_word(trigger.signal)}","status":"{state}"'
    )


def _contingent(close: Close, market: Market) -> str:
    """What fills bring, as it was asked for."""
    parts = [f'"order_type":"{close_word(close)}"']
    trigger = close.trigger
    if trigger is not None:
        price, kind = market.prices.text(trigger.price), "static"
        distance = close.trigger_from if trigger.trail is None else trigger.trail
        if distance is not None:
            price, kind = distance_number(distance, market)
        parts.append(f'"trigger_price":{price},"trigger_price_type":"{kind}"')
    offset = close.limit_from
    if trigger is not None and trigger.trail is not None:
        offset = trigger.offset
    if offset is not None:
        price, kind = distance_number(offset, market)
        parts.append(f'"limit_price":{price},"limit_price_type":"{kind}"')
    elif close.limit_price is not None:
        price = market.prices.text(close.limit_price)
        parts.append(f'"limit_price":{price},"limit_price_type":"static"')
    return ",".join(parts)


def _post_only(order: Order) -> str:
    return '"post_only":true,' if order.post_only else ""


def encode_balances(balances: Iterable[tuple[Money, Atoms]]) -> bytes:
    """All that an account has."""
    items = []
    for money, amount in balances:
        if amount:
            text = money.amounts.text(amount)
            items.append(
                f'{{"asset":"{money.name}","asset_class":"currency","balance":{text},'
                f'"wallets":[{{"type":"spot","id":"main","balance":{text}}}]}}'
            )
    return balance_frame(items, is_snapshot=True)


def encode_trade_entries(
    event: Traded,
    market: Market,
    monies: tuple[Money, Money],
    balances: tuple[int, int],
    time: Nanos,
    *,
    is_maker: bool,
) -> tuple[bytes, bytes]:
    """What one side of a trade did to its base and its quote, the fee not counted in the amount.

    `balances` are those after it, in the same order.
    """
    sign = 1 if (event.aggressor is BUY) != is_maker else -1
    reference = trade_text(event.exec_id, is_maker)
    fee = event.maker_fee if is_maker else event.taker_fee
    base = sign * event.quantity * market.contract.base_per_lot
    names = [ledger_text(event.exec_id, is_maker, is_quote) for is_quote in (False, True)]
    first, second = monies
    return (
        _entry(names[0], reference, "trade", first, base, 0, balances[0], time),
        _entry(names[1], reference, "trade", second, -sign * event.value, fee, balances[1], time),
    )


def encode_deposit(seq: int, money: Money, amount: Atoms, balance: int, time: Nanos) -> bytes:
    """Money that came from outside, or left."""
    kind = "deposit" if amount >= 0 else "withdrawal"
    name = deposit_text(seq)
    return _entry(name, name, kind, money, amount, 0, balance, time)


def _entry(
    ledger: str,
    reference: str,
    kind: str,
    money: Money,
    amount: int,
    fee: int,
    balance: int,
    time: Nanos,
) -> bytes:
    text = money.amounts.text
    return balance_frame(
        [
            f'{{"ledger_id":"{ledger}","ref_id":"{reference}","timestamp":"{micros(time)}",'
            f'"type":"{kind}","asset":"{money.name}","asset_class":"currency","category":"{kind}",'
            f'"wallet_type":"spot","wallet_id":"main","amount":{text(amount)},"fee":{text(fee)},'
            f'"balance":{text(balance)}}}'
        ],
        is_snapshot=False,
    )


def encode_book(
    kind: str, bids: Levels, asks: Levels, book: LevelBook, market: Market, now: Nanos
) -> bytes:
    """Levels of a book: all that a window shows, or what changed in it."""
    top = book.bids.top(10), book.asks.top(10)
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{market.symbol}",'
        f'"bids":[{_levels(bids, market)}],"asks":[{_levels(asks, market)}],'
        f'"checksum":{checksum(*top, market)},"timestamp":"{micros(book.time or now)}"}}]}}'
    ).encode()


def _levels(levels: Levels, market: Market) -> str:
    price, size = market.prices.text, market.sizes.text
    return ",".join([f'{{"price":{price(it)},"qty":{size(lots)}}}' for it, lots in levels.items()])


def trade_item(trade: PublicTrade, market: Market) -> str:
    """A trade as everybody sees it."""
    return (
        f'{{"symbol":"{market.symbol}","side":"{"buy" if trade.aggressor is BUY else "sell"}",'
        f'"price":{market.prices.text(trade.price)},"qty":{market.sizes.text(trade.quantity)},'
        f'"ord_type":"{"market" if trade.is_market else "limit"}","trade_id":{trade.exec_id},'
        f'"timestamp":"{micros(trade.time)}"}}'
    )


def trade_frame(items: Iterable[str], *, is_snapshot: bool) -> bytes:
    """Trades of one pair."""
    kind = "snapshot" if is_snapshot else "update"
    return f'{{"channel":"trade","type":"{kind}","data":[{",".join(items)}]}}'.encode()


def encode_ticker(
    kind: str, view: MarketView, day: DayFigures, market: Market, now: Nanos
) -> bytes:
    """The figures of a pair. Prices and changes that there are none of are zero."""
    price = market.prices

    def of(ticks: int | None) -> str:
        return price.zero if ticks is None else price.text(ticks)

    change = 0 if view.last is None or day.open is None else view.last - day.open
    percent = "0.00"
    if change and day.open is not None:
        hundredths = half_up(abs(change) * 10_000, day.open)
        whole, part = divmod(hundredths, 100)
        percent = f"{'-' if change < 0 and hundredths else ''}{whole}.{part:02d}"
    return (
        f'{{"channel":"ticker","type":"{kind}","data":[{{"symbol":"{market.symbol}",'
        f'"bid":{of(view.bid)},"bid_qty":{market.sizes.text(view.bid_quantity)},'
        f'"ask":{of(view.ask)},"ask_qty":{market.sizes.text(view.ask_quantity)},'
        f'"last":{of(view.last)},"volume":{market.sizes.text(day.volume)},'
        f'"vwap":{market.average(day.value, day.volume, price)},"low":{of(day.low)},'
        f'"high":{of(day.high)},"change":{price.text(change)},"change_pct":{percent},'
        f'"timestamp":"{micros(now)}"}}]}}'
    ).encode()


def encode_instruments(kind: str, monies: Iterable[Money], markets: Iterable[Market]) -> bytes:
    """Assets and pairs: all of them, or those that changed."""
    return (
        f'{{"channel":"instrument","type":"{kind}","data":{{'
        f'"assets":[{",".join(_asset(it) for it in monies)}],'
        f'"pairs":[{",".join(_pair(it) for it in markets)}]}}}}'
    ).encode()


def _asset(money: Money) -> str:
    facts = money.facts
    return (
        f'{{"id":"{money.name}","status":"{ASSET_STATUS}","precision":{facts.decimals},'
        f'"precision_display":{facts.display_decimals},"borrowable":false,'
        f'"collateral_value":0.000,"class":"currency"}}'
    )


def _pair(market: Market) -> str:
    pair = market.instrument
    tick = market.prices.text(1)
    return (
        f'{{"symbol":"{pair.symbol}","base":"{pair.base}","quote":"{pair.quote}",'
        f'"status":"{market.status}",'
        f'"qty_precision":{market.lot_decimals},"qty_increment":{market.sizes.text(1)},'
        f'"price_precision":{market.pair_decimals},"cost_precision":{market.cost_decimals},'
        f'"marginable":false,"has_index":true,"ws_display_price_precision":{market.pair_decimals},'
        f'"cost_min":{_at_least_one_place(plain(pair.min_notional))},"tick_size":{tick},'
        f'"price_increment":{tick},"qty_min":{market.sizes.text(pair.min_quantity)}}}'
    )


def _at_least_one_place(text: str) -> str:
    return text if "." in text else f"{text}.0"


def encode_status(version: str, system: str, connection_id: int) -> bytes:
    """How the venue is; told first of all, and whenever it changes."""
    return (
        f'{{"channel":"status","type":"update","data":[{{"version":"{version}",'
        f'"system":"{system}","api_version":"v2","connection_id":{connection_id}}}]}}'
    ).encode()


HEARTBEAT: Final = b'{"channel":"heartbeat"}'
