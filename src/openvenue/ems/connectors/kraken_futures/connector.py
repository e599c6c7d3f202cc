"""One account there, over REST; its feed is beside it.

Source: Kraken Futures REST, "Authentication", "Order management", "Account information".
"""

from base64 import b64decode
from collections.abc import Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode

from openvenue.ems.commands import Standing, Word
from openvenue.ems.config import VenueAccount
from openvenue.ems.connectors.budget import Budget
from openvenue.ems.connectors.feeds import fresh
from openvenue.ems.connectors.fitting import why_unfit
from openvenue.ems.connectors.http import Http, read, time_of
from openvenue.ems.connectors.kraken_futures import feed
from openvenue.ems.connectors.kraken_futures.auth import sign
from openvenue.ems.connectors.kraken_futures.markets import markets
from openvenue.ems.connectors.kraken_futures.replies import (
    Accounts,
    CancelReply,
    Fills,
    OpenOrders,
    OrderBook,
    Positions,
    Reply,
    SendReply,
    Statuses,
)
from openvenue.ems.connectors.kraken_futures.words import (
    LIVE,
    average,
    canceled,
    holdings,
    listed,
    mass_canceled,
    placed,
    status_word,
)
from openvenue.ems.connectors.port import (
    Balance,
    Capabilities,
    Feed,
    Gone,
    Market,
    MassCanceled,
    NotAllowed,
    OrderName,
    Position,
    Relayed,
    Silent,
    TooMany,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.connectors.symbols import common_asset, common_future, own_future
from openvenue.ems.orders import ZERO, Fill, Side, Terms, TimeInForce
from openvenue.ems.timer import Timer

BASE: Final = "/derivatives/api/v3/"
SIGNED_FROM: Final = "/api/v3/"  # the path as it is signed has no /derivatives
ORDER_TYPES: Final = {TimeInForce.GTC: "lmt", TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}
# A venue that has just stopped may have the order on its disk: that it is down is no refusal.
UNKNOWN_OUTCOMES: Final = ("Server Error", "Unavailable")
NOT_ALLOWED: Final = ("authenticationError", "insufficientPrivileges", "accountInactive", "nonce")
TOO_MANY: Final = "apiLimitExceeded"
# What a request costs, of 500 points in 10 seconds. Source: Kraken Futures REST, "Rate limits".
POINTS: Final = 500
POINTS_KEPT: Final = 150  # for cancels, the button and lists
POINTS_PER_SECOND: Final = 50
ORDER_COST: Final = 10
PAGE_COST: Final = 25  # of fills before a time
COST: Final = 2
COSTS: Final = {
    "sendorder": 0,  # counted when it was admitted
    "cancelorder": 10,
    "cancelallorders": 25,
    "cancelallordersafter": 25,
    "orders/status": 1,
}
PAGES_MAX: Final = 50  # of fills, when an order that is over is looked for

T = TypeVar("T", bound=Reply)


class KrakenFuturesConnector:
    """One account there. Its list of open orders has waiting orders, too."""

    def __init__(self, account: VenueAccount, http: Http, timer: Timer) -> None:
        self.capabilities: Final = Capabilities(
            mass_cancel=("account", "symbol"),
            lists=("limit", "trigger"),
            dead_mans_switch="native",
            has_private_feed=True,
            is_live=account.is_live,
        )
        self._key = account.credentials.key
        self._secret = b64decode(account.credentials.secret)
        self._http = http
        self._timer = timer
        self._nonce = 0
        self._keeps_limits = account.keeps_limits
        self._budget = Budget(timer, most=POINTS, kept=POINTS_KEPT, per_second=POINTS_PER_SECOND)

    # ---- what this API can say

    async def ready(self) -> None:
        """Names follow rules here: nothing has to be asked."""

    def common_symbol(self, symbol: str) -> str:
        """`PF_XBTUSD` as `KRAKENFTS_PERP_BTC_USD`."""
        return common_future(symbol)

    def own_symbol(self, common_symbol: str) -> str:
        """The other way round."""
        return own_future(common_symbol)

    def why_unfit(self, terms: Terms) -> str:
        """It has no expiry."""
        return why_unfit(terms, ORDER_TYPES)

    # ---- orders

    def admit(self, terms: Terms) -> str:
        """By the account's pool of points."""
        return self._budget.admit(ORDER_COST, kept=POINTS_KEPT) if self._keeps_limits else ""

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        """POST sendorder."""
        reply = await self._post(
            SendReply,
            "sendorder",
            orderType="post" if terms.instructions else ORDER_TYPES[terms.time_in_force],
            symbol=terms.symbol,
            side=terms.side.lower(),
            size=format(terms.quantity, "f"),
            limitPrice=format(terms.price, "f"),
            cliOrdId=cl_ord_id,
            **({"reduceOnly": "true"} if terms.reduce_only else {}),
        )
        sent = reply.sendStatus
        if sent is None:
            raise Silent("an answer without sendStatus")
        if sent.status != "placed":
            raise VenueRefused(sent.status)
        return placed(sent, terms)

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """POST cancelorder."""
        named = {"order_id": name.order_id} if name.order_id else {"cliOrdId": name.cl_ord_id}
        reply = await self._post(CancelReply, "cancelorder", **named)
        status = reply.cancelStatus
        if status is None:
            raise Silent("an answer without cancelStatus")
        if status.status != "cancelled":
            return Gone()
        for it in canceled(status.order_events):
            return it.word
        return Relayed()

    async def cancel_all(self, symbol: str | None = None) -> MassCanceled:
        """POST cancelallorders."""
        only = {} if symbol is None else {"symbol": symbol}
        reply = await self._post(CancelReply, "cancelallorders", **only)
        return mass_canceled(reply.cancelStatus) if reply.cancelStatus else MassCanceled()

    async def open_orders(self) -> Sequence[VenueOrder]:
        """GET openorders."""
        reply = await self._get(OpenOrders, "openorders")
        return [listed(it) for it in reply.openOrders]

    async def fresh_open_orders(self) -> Sequence[VenueOrder]:
        """What the feed `open_orders` begins with."""
        return await fresh(self.follow())

    async def follow(self) -> Feed:
        """The feeds `open_orders` and `fills`."""
        async with (
            self._http.talk(feed.PATH) as socket,
            aclosing(feed.follow(socket, self._key, self._secret)) as news,
        ):
            async for it in news:
                yield it

    async def find(self, name: OrderName) -> Word | None:
        """orders/status knows open orders, and ended ones for seconds; fills know what traded."""
        by_id = bool(name.order_id)
        asked = {"orderIds": name.order_id} if by_id else {"cliOrdIds": name.cl_ord_id}
        found = (await self._post(Statuses, "orders/status", **asked)).orders
        live = [it for it in found if it.status in LIVE]  # an older one may have had its name
        entry = live[-1] if live else found[-1] if found else None
        if entry is not None and not entry.order.filled:
            return status_word(entry, ())
        fills = await self._fills(name)
        if entry is not None:
            return status_word(entry, fills)
        if not fills:
            return None
        return Word(
            standing=Standing.CANCELED,  # or filled: whoever knows its size can tell
            order_id=name.order_id,
            filled=sum((it.quantity for it in fills), ZERO),
            average=average(fills),
            fills=fills,
        )

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        """One by one: what ended is known by its fills only, and a mass cancel tells it all."""
        return [await self.find(name) for name in names]

    async def _fills(self, name: OrderName) -> tuple[Fill, ...]:
        """All fills of an order, oldest first: newest pages first, back to when it was sent."""
        mine: list[Fill] = []
        before: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            page = (await self._get(Fills, "fills", **before)).fills
            for it in page:
                if (name.order_id and it.order_id == name.order_id) or (
                    not name.order_id and it.cli_ord_id == name.cl_ord_id
                ):
                    mine.append(Fill(time_of(it.fill_time), it.price, it.size, it.fill_id))
            if not page or time_of(page[-1].fill_time) < name.since:
                break
            if before.get("lastFillTime") == page[-1].fill_time:
                break
            before = {"lastFillTime": page[-1].fill_time}
        return tuple(sorted(mine, key=lambda fill: fill.time))

    async def arm(self, seconds: int) -> None:
        """POST cancelallordersafter."""
        await self._post(Reply, "cancelallordersafter", timeout=str(seconds))

    # ---- money

    async def balances(self) -> Sequence[Balance]:
        """GET accounts: each asset once, summed over wallets."""
        held: dict[str, list[Decimal]] = {}
        reply = await self._get(Accounts, "accounts")
        for wallet in reply.accounts.values():
            for asset, balance, available in holdings(wallet):
                sums = held.setdefault(asset.upper(), [ZERO, ZERO])
                sums[0] += balance
                sums[1] += available
        return [
            Balance(
                asset=asset,
                common_asset=common_asset(asset),
                balance=balance,
                available=available,
                locked=max(balance - available, ZERO),
            )
            for asset, (balance, available) in held.items()
        ]

    async def positions(self) -> Sequence[Position]:
        """GET openpositions."""
        reply = await self._get(Positions, "openpositions")
        return [
            Position(
                symbol=it.symbol,
                common_symbol=common_future(it.symbol),
                side=Side.BUY if it.side == "long" else Side.SELL,
                quantity=it.size,
                average_price=it.price,
                unrealized=it.unrealized_pnl,
                leverage=it.max_fixed_leverage,
                is_cross=it.max_fixed_leverage is None,
            )
            for it in reply.openPositions
        ]

    async def markets(self) -> Sequence[Market]:
        """What is traded there."""
        return await markets(self._http)

    async def depth(self, symbol: str, side: Side) -> Sequence[tuple[Decimal, Decimal]]:
        """GET orderbook."""
        book = (await self._get(OrderBook, "orderbook", symbol=symbol)).orderBook
        if book is None:
            raise Silent("an answer without orderBook")
        return sorted(book.asks) if side is Side.BUY else sorted(book.bids, reverse=True)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    def is_used_up(self) -> bool:
        """Whether the next request would be one too many."""
        return self._keeps_limits and self._budget.is_used_up()

    # ---- the wire

    async def _get(self, kind: type[T], path: str, **arguments: str) -> T:
        self._budget.count(PAGE_COST if arguments.get("lastFillTime") else COSTS.get(path, COST))
        query = urlencode(arguments)
        target = BASE + path + (f"?{query}" if query else "")
        headers = self._signed(path, query)
        return _answer(await self._http.ask("GET", target, headers=headers), kind)

    async def _post(self, kind: type[T], path: str, **arguments: str) -> T:
        self._budget.count(COSTS.get(path, COST))
        body = urlencode(arguments)
        headers = self._signed(path, body)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        said = await self._http.ask("POST", BASE + path, body=body.encode(), headers=headers)
        return _answer(said, kind)

    def _signed(self, path: str, arguments: str) -> dict[str, str]:
        self._nonce = max(self._nonce + 1, self._timer.wall() // 1_000)
        nonce = str(self._nonce)
        return {"APIKey": self._key, "Nonce": nonce} | {
            "Authent": sign(self._secret, SIGNED_FROM + path, nonce, arguments)
        }


def _answer(said: bytes, kind: type[T]) -> T:
    """A success. Raises: VenueRefused; Silent."""
    reply = read(said, kind)
    if reply.result != "success":
        if reply.error in UNKNOWN_OUTCOMES:
            raise Silent(reply.error)
        if reply.error == TOO_MANY:
            raise TooMany(reply.error)
        if reply.error.startswith(NOT_ALLOWED):
            raise NotAllowed(reply.error)
        raise VenueRefused(reply.error or str(reply.errors or "no reason given"))
    return reply
