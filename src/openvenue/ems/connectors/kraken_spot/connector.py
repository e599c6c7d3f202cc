"""Kraken Spot, REST, as a client of it. Its nonces only grow, so requests go one after the other.

Source: Kraken Spot REST, "Authentication", "Trading", "Account data".
"""

import asyncio
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
from openvenue.ems.connectors.http import Http, read
from openvenue.ems.connectors.kraken_spot import feed
from openvenue.ems.connectors.kraken_spot.auth import sign
from openvenue.ems.connectors.kraken_spot.markets import markets
from openvenue.ems.connectors.kraken_spot.replies import (
    Added,
    Canceled,
    ClosedOrders,
    Held,
    OpenOrders,
    OrderInfo,
    Reply,
    Token,
)
from openvenue.ems.connectors.kraken_spot.words import ended, listed, order_word
from openvenue.ems.connectors.port import (
    Balance,
    Capabilities,
    Ended,
    Feed,
    Gone,
    Market,
    MassCanceled,
    NotAllowed,
    OrderName,
    Past,
    Position,
    Relayed,
    Silent,
    TooMany,
    Unreachable,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.connectors.symbols import common_asset, common_pair, own_pair, plain_asset
from openvenue.ems.orders import Side, Terms, TimeInForce
from openvenue.ems.timer import Timer
from openvenue.ems.times import read_time
from openvenue.engine.units import SECOND, Nanos

BASE: Final = "/0/private/"
TIMES_IN_FORCE: Final = {
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.GTD_EXCHANGE: "GTD",
}
QUERIED_MAX: Final = 50  # orders in one question
LOOKS_KEPT: Final = 12  # of the venue's counter of questions, for lists and cancels
LOOKS_MAX: Final = 20
LOOKS_PER_SECOND: Final = 0.33  # that it forgets, at the lowest tier
SLACK_SECONDS: Final = 60  # between our clock and the venue's, when its past is searched
PAST_COST: Final = 4  # of a page of what is over; any other question costs one
PAST_KEPT: Final = 6  # of the counter, then: for lists
PAGE: Final = 50
PAGES_MAX: Final = 10
NOT_ALLOWED: Final = (
    *("EAPI:Invalid key", "EAPI:Invalid signature", "EAPI:Invalid nonce"),
    "EGeneral:Permission denied",
)
TOO_MANY: Final = ("EAPI:Rate limit", "EOrder:Rate limit", "EOrder:Domain rate limit")
# Of orders and cancels, for each pair, at the lowest tier: 60 points, one a second forgotten.
# Source: Kraken Spot, "Trading rate limits".
POINTS: Final = 60
POINTS_KEPT: Final = 20
ORDER_COST: Final = 1
CANCEL_COSTS: Final = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))  # by age in seconds
UNCOUNTED: Final = ("AddOrder", "CancelOrder")
# A venue that has just stopped may have the order on its disk: that it is down is no refusal.
UNKNOWN_OUTCOMES: Final = (
    *("EService:Unavailable", "EService:Busy", "EService:Timeout"),
    "EGeneral:Internal error",
)
NOT_THERE: Final = ("EOrder:Unknown order", "EOrder:Invalid order")

T = TypeVar("T")


class KrakenSpotConnector:
    """One account there. Its list of open orders has waiting orders, too."""

    def __init__(self, account: VenueAccount, http: Http, timer: Timer) -> None:
        self.capabilities: Final = Capabilities(
            mass_cancel=("account",),
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
        self._pairs: dict[str, Budget] = {}  # what each has counted
        self._turn = asyncio.Lock()
        self._budget: Final = Budget(
            timer, most=LOOKS_MAX, kept=LOOKS_KEPT, per_second=LOOKS_PER_SECOND
        )

    # ---- what this API can say

    async def ready(self) -> None:
        """Names follow rules here: nothing has to be asked."""

    def common_symbol(self, symbol: str) -> str:
        """`BTC/USD` as `KRAKEN_SPOT_BTC_USD`."""
        return common_pair(symbol)

    def own_symbol(self, common_symbol: str) -> str:
        """The other way round."""
        return own_pair(common_symbol)

    def why_unfit(self, terms: Terms) -> str:
        """Nothing is reduced where all is paid for."""
        if terms.reduce_only:
            return "This exchange takes reduce-only orders with margin only."
        if terms.time_in_force is TimeInForce.GTD_EXCHANGE and read_time(terms.expires) is None:
            return "expire_time is not an ISO 8601 time."
        return why_unfit(terms, TIMES_IN_FORCE)

    # ---- orders

    def admit(self, terms: Terms) -> str:
        """By the counter of the pair."""
        if not self._keeps_limits:
            return ""
        return self._pair(terms.symbol).admit(ORDER_COST, kept=POINTS_KEPT)

    def _pair(self, symbol: str) -> Budget:
        name = common_pair(symbol)
        if name not in self._pairs:
            self._pairs[name] = Budget(self._timer, most=POINTS, kept=POINTS_KEPT, per_second=1)
        return self._pairs[name]

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        """AddOrder, which does not say what the order did; that is asked for at once."""
        more = {"oflags": "post"} if terms.instructions else {}
        if terms.time_in_force is TimeInForce.GTD_EXCHANGE:
            # In whole seconds: rather a moment early than late.
            more["expiretm"] = str((read_time(terms.expires) or 0) // SECOND)
        added = await self._post(
            Reply[Added],
            "AddOrder",
            pair=terms.symbol,
            type=terms.side.lower(),
            ordertype="limit",
            price=format(terms.price, "f"),
            volume=format(terms.quantity, "f"),
            timeinforce=TIMES_IN_FORCE[terms.time_in_force],
            cl_ord_id=cl_ord_id,
            **more,
        )
        if not added.txid:
            raise Silent("an answer without txid")
        order_id = added.txid[0]
        if not self.may_look():
            return Word(standing=Standing.OPEN, order_id=order_id)
        try:
            word = await self._by_id(order_id)
        except (Unreachable, Silent, VenueRefused):
            word = None  # it is there; what it did is seen with the next list
        return word or Word(standing=Standing.OPEN, order_id=order_id)

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """CancelOrder."""
        named = {"txid": name.order_id} if name.order_id else {"cl_ord_id": name.cl_ord_id}
        age = (self._timer.wall() - name.since) / SECOND
        cost = next((cost for old, cost in CANCEL_COSTS if age < old), 0)
        self._pair(name.symbol).count(cost)
        try:
            done = await self._post(Reply[Canceled], "CancelOrder", **named)
        except VenueRefused as error:
            if str(error).startswith(NOT_THERE):
                return Gone()
            raise
        if done.pending or not self.may_look():
            return Relayed()
        return await self.find(name) or Relayed()

    async def cancel_all(self, symbol: str | None = None) -> MassCanceled:
        """CancelAll, which tells only how many."""
        if symbol is not None:
            raise VenueRefused("this exchange has no mass cancel of one symbol")
        done = await self._post(Reply[Canceled], "CancelAll")
        return MassCanceled(count=done.count)

    async def open_orders(self) -> Sequence[VenueOrder]:
        """OpenOrders."""
        found = await self._post(Reply[OpenOrders], "OpenOrders")
        return [listed(order_id, it) for order_id, it in found.open.items()]

    async def fresh_open_orders(self) -> Sequence[VenueOrder]:
        """What the channel `executions` begins with."""
        return await fresh(self.follow())

    async def follow(self) -> Feed:
        """The channel `executions`, under a token of its own."""
        token = await self._post(Reply[Token], "GetWebSocketsToken")
        async with (
            self._http.talk(feed.PATH) as socket,
            aclosing(feed.follow(socket, token.token)) as news,
        ):
            async for it in news:
                yield it

    async def find(self, name: OrderName) -> Word | None:
        """By its id; without one among the open orders, then among the closed ones."""
        if name.order_id:
            return await self._by_id(name.order_id)
        named = {"cl_ord_id": name.cl_ord_id}
        live = await self._post(Reply[OpenOrders], "OpenOrders", **named)
        for order_id, it in live.open.items():
            if it.cl_ord_id == name.cl_ord_id:
                return order_word(order_id, it)
        since = str(name.since // SECOND - SLACK_SECONDS)
        past = await self._post(Reply[ClosedOrders], "ClosedOrders", start=since, **named)
        for order_id, it in past.closed.items():
            if it.cl_ord_id == name.cl_ord_id:
                return order_word(order_id, it)
        return None

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        """By their ids, fifty at a time."""
        words: dict[str, Word] = {}
        for start in range(0, len(names), QUERIED_MAX):
            chunk = [name.order_id for name in names[start : start + QUERIED_MAX]]
            words |= await self._by_ids(chunk)
        return [words.get(name.order_id) for name in names]

    async def ended_since(self, time: Nanos) -> Past:
        """ClosedOrders by the time of their end, page by page."""
        told: dict[str, Ended] = {}
        start = str(time // SECOND - 1)  # which is not within
        for page in range(PAGES_MAX):
            if not self._budget.leaves(PAST_KEPT, PAST_COST):
                break
            past = await self._post(
                Reply[ClosedOrders],
                "ClosedOrders",
                start=start,
                closetime="close",
                ofs=str(page * PAGE),
            )
            told |= {order_id: ended(order_id, it) for order_id, it in past.closed.items()}
            if len(past.closed) < PAGE or (past.count is not None and len(told) >= past.count):
                return Past(tuple(it for it in told.values() if it.time >= time), is_whole=True)
        return Past(tuple(it for it in told.values() if it.time >= time))

    async def _by_id(self, order_id: str) -> Word | None:
        return (await self._by_ids([order_id])).get(order_id)

    async def _by_ids(self, order_ids: Sequence[str]) -> dict[str, Word]:
        """QueryOrders."""
        kind = Reply[dict[str, OrderInfo]]
        found = await self._post(kind, "QueryOrders", txid=",".join(order_ids))
        return {order_id: order_word(order_id, it) for order_id, it in found.items()}

    async def arm(self, seconds: int) -> None:
        """CancelAllOrdersAfter."""
        await self._post(Reply[dict[str, str]], "CancelAllOrdersAfter", timeout=str(seconds))

    # ---- money

    async def balances(self) -> Sequence[Balance]:
        """BalanceEx."""
        held = await self._post(Reply[dict[str, Held]], "BalanceEx")
        return [
            Balance(
                asset=asset,
                common_asset=common_asset(plain_asset(asset)),
                balance=it.balance,
                available=it.balance - it.hold_trade,
                locked=it.hold_trade,
            )
            for asset, it in held.items()
        ]

    async def positions(self) -> Sequence[Position]:
        """None: what is bought here is a balance."""
        return []

    async def markets(self) -> Sequence[Market]:
        """What is traded there."""
        return await markets(self._http)

    async def depth(self, symbol: str, side: Side) -> Sequence[tuple[Decimal, Decimal]]:
        """Of no use where there are no positions to close."""
        return []

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    def is_used_up(self) -> bool:
        """Whether the next request would be one too many."""
        return self._keeps_limits and self._budget.is_used_up()

    # ---- the wire

    def may_look(self) -> bool:
        """Whether a question can be spared that nobody has asked."""
        return self._budget.allows_more()

    async def _post(self, kind: type[Reply[T]], name: str, **arguments: str) -> T:
        """The result of an answer. Raises: VenueRefused; Silent; Unreachable."""
        path = BASE + name
        if name not in UNCOUNTED:
            self._budget.count(PAST_COST if name == "ClosedOrders" else 1)
        async with self._turn:
            self._nonce = max(self._nonce + 1, self._timer.wall())
            nonce = str(self._nonce)
            body = urlencode({"nonce": nonce, **arguments})
            headers = {
                "API-Key": self._key,
                "API-Sign": sign(self._secret, path, nonce, body),
                "Content-Type": "application/x-www-form-urlencoded",
            }
            said = await self._http.ask("POST", path, body=body.encode(), headers=headers)
        reply = read(said, kind)
        errors = [it for it in reply.error if it.startswith("E")]
        if errors:
            if errors[0].startswith(UNKNOWN_OUTCOMES):
                raise Silent(errors[0])
            if errors[0].startswith(TOO_MANY):
                raise TooMany(errors[0])
            if errors[0].startswith(NOT_ALLOWED):
                raise NotAllowed(errors[0])
            raise VenueRefused(errors[0])
        if reply.result is None:
            raise Silent("an answer without a result")
        return reply.result
