"""One account at an exchange that ccxt knows. It is asked, not listened to: no private feed."""

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.config import VenueAccount
from openvenue.ems.connectors.ccxt.abilities import (
    can,
    capabilities,
    finds_by_name,
    lists_triggers_apart,
    market_type,
    needs_symbol,
)
from openvenue.ems.connectors.ccxt.failures import NotThere, translated
from openvenue.ems.connectors.ccxt.library import make_exchange
from openvenue.ems.connectors.ccxt.markets import TIMES, Markets
from openvenue.ems.connectors.ccxt.words import Order, listed, number, standing_of, word_of
from openvenue.ems.connectors.http import Http
from openvenue.ems.connectors.port import (
    Balance,
    Feed,
    Gone,
    MassCanceled,
    OrderName,
    Position,
    Relayed,
    Silent,
    Snapshot,
    Unreachable,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.orders import Side, Terms, Waits
from openvenue.ems.timer import Timer

TRIGGERS: Final = {"trigger": True}
MS: Final = 1_000_000  # in Nanos
SLACK_MS: Final = 60_000  # between our clock and the exchange's, when its past is searched
PAST: Final = (  # where orders that are over are found, best first
    ("fetchOrders", "fetch_orders"),
    ("fetchCanceledAndClosedOrders", "fetch_canceled_and_closed_orders"),
    ("fetchClosedOrders", "fetch_closed_orders"),
)
UNTOLD: Final = "the exchange does not tell the names of orders: this one may be there"

T = TypeVar("T")


class CcxtConnector:
    """Made for the markets of one type. Waiting orders are canceled as the list tells them."""

    def __init__(self, account: VenueAccount, http: Http, timer: Timer) -> None:
        self._credentials = account.credentials
        self._timer = timer
        self._exchange: Any = make_exchange(account, http.answer_seconds)
        self.capabilities: Final = capabilities(self._exchange, is_live=account.is_live)
        self._markets = Markets(self._exchange, account.exchange_name)
        self._needs_symbol = needs_symbol(self._exchange)
        self._finds_by_id = can(self._exchange, "fetchOrder")
        self._finds_by_name = finds_by_name(self._exchange)
        self._symbols = dict.fromkeys(account.symbols)  # where each is listed by itself
        self._triggers: dict[str, None] = {}  # ids in the list of waiting orders when last seen

    async def ready(self) -> None:
        """Load the markets, once."""
        await self._ask(self._exchange.load_markets())

    # ---- what this exchange can say

    def common_symbol(self, symbol: str) -> str:
        """By the markets that were loaded."""
        return self._markets.common_of(symbol)

    def own_symbol(self, common_symbol: str) -> str:
        """The other way round."""
        return self._markets.own_of(common_symbol)

    def why_unfit(self, terms: Terms) -> str:
        """By ccxt's features, and the grid of the market: digits are never rounded for anyone."""
        return self._markets.why_unfit(terms)

    # ---- orders

    def admit(self, terms: Terms) -> str:
        """ccxt keeps to the exchange's pace by itself: requests wait for their turn."""
        return ""

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        """createOrder; what became of the order is asked for where the answer does not tell."""
        await self.ready()
        params: dict[str, object] = {"clientOrderId": cl_ord_id}
        if TIMES[terms.time_in_force]:
            params["timeInForce"] = TIMES[terms.time_in_force]
        if terms.instructions:
            params["postOnly"] = True
        if terms.reduce_only:
            params["reduceOnly"] = True
        symbol = self._symbol(terms.symbol)
        self._symbols[terms.symbol] = None
        side = "buy" if terms.side is Side.BUY else "sell"
        quantity, price = format(terms.quantity, "f"), format(terms.price, "f")
        made = await self._ask(
            self._exchange.create_order(symbol, "limit", side, quantity, price, params)
        )
        if not made.get("id"):
            raise Silent("an answer without an order id")
        order_id = str(made["id"])
        standing = standing_of(made)
        if standing is not None:
            return word_of(made, standing)
        name = OrderName(order_id, cl_ord_id, terms.symbol, self._timer.wall())
        try:
            word = await self.find(name)
        except (Unreachable, Silent, VenueRefused):
            word = None  # it is there; what it did is seen with the next list
        return word or Word(standing=Standing.OPEN, order_id=order_id)

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """cancelOrder, by the exchange's id: without one it is looked for first."""
        await self.ready()
        order_id = name.order_id
        if not order_id:
            word = await self.find(name)
            if word is None or word.standing is not Standing.OPEN:
                return Gone() if word is None else word
            order_id = word.order_id
        params = TRIGGERS if order_id in self._triggers else {}
        symbol = self._symbol(name.symbol)
        try:
            done = await self._ask(self._exchange.cancel_order(order_id, symbol, params))
        except NotThere:
            return Gone()
        if done.get("status") == "canceled" and done.get("filled") is not None:
            return word_of({**done, "id": order_id}, Standing.CANCELED)
        return Relayed()  # what became of it is asked for when there is time

    async def cancel_all(self, symbol: str | None = None) -> MassCanceled:
        """cancelAllOrders. What it tells differs by exchange: the list is asked afterwards."""
        scope = "account" if symbol is None else "symbol"
        if scope not in self.capabilities.mass_cancel:
            raise VenueRefused(f"this exchange has no mass cancel of one {scope}")
        await self.ready()
        unified = None if symbol is None else self._symbol(symbol)
        for params in ({}, TRIGGERS) if lists_triggers_apart(self._exchange) else ({},):
            with suppress(NotThere):  # nothing was open: some exchanges call that an error
                await self._ask(self._exchange.cancel_all_orders(unified, params))
        return MassCanceled()

    async def open_orders(self) -> Sequence[VenueOrder]:
        """fetchOpenOrders, and the list of waiting orders where that is another."""
        await self.ready()
        symbols: list[str | None] = [None]
        if self._needs_symbol:
            symbols = [self._symbol(it) for it in self._symbols]
        orders = [it for each in symbols for it in await self._list(each, {})]
        waiting: list[Order] = []
        if lists_triggers_apart(self._exchange):
            waiting = [it for each in symbols for it in await self._list(each, TRIGGERS)]
            self._triggers = dict.fromkeys(str(it.get("id")) for it in waiting)
        found = {it.order_id: it for it in (listed(it, self._markets) for it in orders)}
        for it in waiting:
            order = listed(it, self._markets)
            order = replace(order, word=replace(order.word, waits=Waits.YES))
            found.setdefault(order.order_id, order)
        return list(found.values())

    async def fresh_open_orders(self) -> None:
        """There is no feed."""
        return None

    async def follow(self) -> Feed:
        """There is no feed."""
        if self.capabilities.has_private_feed:
            yield Snapshot(tuple(await self.open_orders()))
        raise VenueRefused("no private feed of this exchange is followed")

    async def find(self, name: OrderName) -> Word | None:
        """fetchOrder, by its id or its name; else among open orders and then past ones.

        An exchange that does not tell client ids cannot say that one is not there.
        """
        await self.ready()
        params = {} if name.order_id else {"clientOrderId": name.cl_ord_id}
        if self._finds_by_id if name.order_id else self._finds_by_name:
            symbol = self._symbol(name.symbol)
            try:
                order = await self._ask(self._exchange.fetch_order(name.order_id, symbol, params))
            except NotThere:
                return None
            return await self._judged(order)
        self._symbols[name.symbol] = None
        wanted, is_untold = name.order_id or name.cl_ord_id, False
        for it in await self.open_orders():
            if wanted in it.names:
                return it.word
            is_untold = is_untold or not it.cl_ord_id
        for order in await self._past(name):
            if wanted in (order.get("id"), order.get("clientOrderId")):
                return word_of(order, _ended(order))
            is_untold = is_untold or not order.get("clientOrderId")
        if is_untold and not name.order_id:
            raise Silent(UNTOLD)
        return None

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        """One by one: few exchanges answer for many."""
        return [await self.find(name) for name in names]

    async def _judged(self, order: Order) -> Word:
        """An answer to fetchOrder; whether it stands, the list says where the answer does not."""
        standing = standing_of(order)
        if standing is None:
            live = {it.order_id for it in await self.open_orders()}
            standing = Standing.OPEN if order.get("id") in live else _ended(order)
        return word_of(order, standing)

    async def _past(self, name: OrderName) -> Sequence[Order]:
        since = max(name.since // MS - SLACK_MS, 0)
        for method, function in PAST:
            if can(self._exchange, method):
                call = getattr(self._exchange, function)
                found: Sequence[Order] = await self._ask(call(self._symbol(name.symbol), since))
                return found
        raise Silent("the exchange does not tell what became of orders")

    async def _list(self, symbol: str | None, params: dict[str, Any]) -> Sequence[Order]:
        found: Sequence[Order] = await self._ask(
            self._exchange.fetch_open_orders(symbol, None, None, params)
        )
        return found

    async def arm(self, seconds: int) -> None:
        """cancelAllOrdersAfter, which counts milliseconds."""
        if self.capabilities.dead_mans_switch != "native":
            raise VenueRefused("this exchange has no dead man's switch")
        await self.ready()
        await self._ask(self._exchange.cancel_all_orders_after(seconds * 1_000))

    # ---- money

    async def balances(self) -> Sequence[Balance]:
        """fetchBalance."""
        held = await self._ask(self._exchange.fetch_balance())
        currencies = self._exchange.currencies or {}
        return [
            Balance(
                asset=str(currencies.get(asset, {}).get("id") or asset),
                common_asset=asset,
                balance=number(held["total"].get(asset)),
                available=number(held["free"].get(asset)),
                locked=number(held["used"].get(asset)),
            )
            for asset in held["total"]
        ]

    async def positions(self) -> Sequence[Position]:
        """fetchPositions; none where what is bought is a balance."""
        if market_type(self._exchange) == "spot" or not can(self._exchange, "fetchPositions"):
            return []
        await self.ready()
        found = await self._ask(self._exchange.fetch_positions())
        return [_position(it, self._markets) for it in found if number(it.get("contracts"))]

    async def depth(self, symbol: str, side: Side) -> Sequence[tuple[Decimal, Decimal]]:
        """fetchOrderBook."""
        await self.ready()
        book = await self._ask(self._exchange.fetch_order_book(self._symbol(symbol)))
        levels = book["asks"] if side is Side.BUY else book["bids"]
        return [(number(level[0]), number(level[1])) for level in levels]

    async def close(self) -> None:
        """Let go of all connections."""
        await self._exchange.close()

    # ---- the wire

    def _symbol(self, own: str) -> str:
        """ccxt's name of a market. Raises: VenueRefused: it is not listed there."""
        market = self._markets.find(own)
        if market is None:
            raise VenueRefused(f"this exchange has no symbol {own}")
        return str(market["symbol"])

    async def _ask(self, call: Awaitable[T]) -> T:
        with translated(self._credentials):
            return await call


def _ended(order: Order) -> Standing:
    """How an order ended that is not open, if it was not filled."""
    standing = standing_of(order)
    if standing is not None and standing is not Standing.OPEN:
        return standing
    amount = number(order.get("amount"))
    is_full = amount and number(order.get("filled")) >= amount
    return Standing.FILLED if is_full else Standing.CANCELED


def _position(it: Order, markets: Markets) -> Position:
    own = markets.own_name(it.get("symbol"))
    liquidation = number(it.get("liquidationPrice"))
    return Position(
        symbol=own,
        common_symbol=markets.common_of(own),
        side=Side.SELL if it.get("side") == "short" else Side.BUY,
        quantity=abs(number(it.get("contracts"))),
        average_price=number(it.get("entryPrice")),
        unrealized=None if it.get("unrealizedPnl") is None else number(it.get("unrealizedPnl")),
        leverage=None if it.get("leverage") is None else number(it.get("leverage")),
        is_cross=None if it.get("marginMode") is None else it.get("marginMode") == "cross",
        liquidation_price=liquidation or None,
    )
