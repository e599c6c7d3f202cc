"""Kraken Futures, REST v3, as a client of it.

Source: Kraken Futures REST, "Authentication", "Order management", "Account information".
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode

from msgspec import Struct, field

from openvenue.ems.commands import Standing, Word
from openvenue.ems.config import VenueAccount
from openvenue.ems.connectors.http import Http, read
from openvenue.ems.connectors.port import (
    Balance,
    Gone,
    OrderName,
    Position,
    Relayed,
    Silent,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.connectors.symbols import common_asset, common_future, own_future
from openvenue.ems.orders import ZERO, Fill, Side, Terms, TimeInForce
from openvenue.ems.timer import Timer
from openvenue.engine.units import SECOND, Nanos

BASE: Final = "/derivatives/api/v3/"
SIGNED_FROM: Final = "/api/v3/"  # the path as it is signed has no /derivatives
ORDER_TYPES: Final = {TimeInForce.GTC: "lmt", TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}
# A venue that has just stopped may have the order on its disk: that it is down is no refusal.
UNKNOWN_OUTCOMES: Final = ("Server Error", "Unavailable")
POST_ONLY: Final = "MAKER_OR_CANCEL"
PAGES_MAX: Final = 50  # of fills, when an order that is over is looked for
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
LIVE: Final = ("ENTERED_BOOK", "TRIGGER_PLACED")

T = TypeVar("T", bound="Reply")


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


class TriggerOrder(Struct, rename="camel"):
    """A waiting order in order events."""

    uid: str
    client_id: str | None = None


class OrderEvent(Struct, rename="camel"):
    """One thing that happened to an order."""

    type: str
    order: BookOrder | None = None
    order_trigger: TriggerOrder | None = None
    amount: Decimal | None = None
    price: Decimal | None = None
    order_prior_execution: BookOrder | None = None


class Outcome(Struct, rename="camel"):
    """`sendStatus`, or `cancelStatus`."""

    status: str
    order_id: str = field(name="order_id", default="")
    order_events: list[OrderEvent] = []
    received_time: str = ""


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


class KrakenFuturesConnector:
    """One account there. Its list of open orders has waiting orders, too."""

    def __init__(self, account: VenueAccount, http: Http, timer: Timer) -> None:
        self._key = account.credentials.key
        self._secret = b64decode(account.credentials.secret)
        self._http = http
        self._timer = timer
        self._nonce = 0

    # ---- what this API can say

    def common_symbol(self, symbol: str) -> str:
        """`PF_XBTUSD` as `KRAKENFTS_PERP_BTC_USD`."""
        return common_future(symbol)

    def own_symbol(self, common_symbol: str) -> str:
        """The other way round."""
        return own_future(common_symbol)

    def why_unfit(self, terms: Terms) -> str:
        """It has no expiry, and makers only with an order that stays."""
        if terms.time_in_force not in ORDER_TYPES:
            return f"This exchange does not take {terms.time_in_force} orders."
        for instruction in terms.instructions:
            if instruction != POST_ONLY:
                return f"This exchange does not take {instruction}."
        if terms.instructions and terms.time_in_force is not TimeInForce.GTC:
            return f"{POST_ONLY} goes with {TimeInForce.GTC} only."
        return ""

    # ---- orders

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
        )
        sent = reply.sendStatus
        if sent is None:
            raise Silent("an answer without sendStatus")
        if sent.status != "placed":
            raise VenueRefused(sent.status)
        return _placed(sent, terms)

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """POST cancelorder."""
        named = {"order_id": name.order_id} if name.order_id else {"cliOrdId": name.cl_ord_id}
        reply = await self._post(CancelReply, "cancelorder", **named)
        status = reply.cancelStatus
        if status is None:
            raise Silent("an answer without cancelStatus")
        if status.status != "cancelled":
            return Gone()
        for _, word in _canceled(status.order_events):
            return word
        return Relayed()

    async def cancel_all(self) -> Sequence[tuple[tuple[str, str], Word]]:
        """POST cancelallorders."""
        reply = await self._post(CancelReply, "cancelallorders")
        return list(_canceled(reply.cancelStatus.order_events)) if reply.cancelStatus else []

    async def open_orders(self) -> Sequence[VenueOrder]:
        """GET openorders."""
        reply = await self._get(OpenOrders, "openorders")
        return [self._listed(it) for it in reply.openOrders]

    def _listed(self, it: OpenOrder) -> VenueOrder:
        return VenueOrder(
            order_id=it.order_id,
            cl_ord_id=it.cli_ord_id,
            terms=Terms(
                symbol=it.symbol,
                common_symbol=common_future(it.symbol),
                side=SIDES[it.side],
                quantity=it.filled_size + it.unfilled_size,
                price=it.limit_price or it.stop_price or ZERO,
                time_in_force=TimeInForce.GTC,
                instructions=(POST_ONLY,) if it.order_type == "post" else (),
            ),
            word=Word(standing=Standing.OPEN, order_id=it.order_id, filled=it.filled_size),
        )

    async def find(self, name: OrderName) -> Word | None:
        """orders/status knows open orders, and ended ones for seconds; fills know what traded."""
        by_id = bool(name.order_id)
        asked = {"orderIds": name.order_id} if by_id else {"cliOrdIds": name.cl_ord_id}
        found = (await self._post(Statuses, "orders/status", **asked)).orders
        live = [it for it in found if it.status in LIVE]  # an older one may have had its name
        entry = live[-1] if live else found[-1] if found else None
        if entry is not None and not entry.order.filled:
            return _word(entry, ())
        fills = await self._fills(name)
        if entry is not None:
            return _word(entry, fills)
        if not fills:
            return None
        return Word(
            standing=Standing.CANCELED,  # or filled: whoever knows its size can tell
            order_id=name.order_id,
            filled=sum((it.quantity for it in fills), ZERO),
            average=_average(fills),
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
                    mine.append(Fill(read_time(it.fill_time), it.price, it.size))
            if not page or read_time(page[-1].fill_time) < name.since:
                break
            if before.get("lastFillTime") == page[-1].fill_time:
                break
            before = {"lastFillTime": page[-1].fill_time}
        return tuple(sorted(mine, key=lambda fill: fill.time))

    # ---- money

    async def balances(self) -> Sequence[Balance]:
        """GET accounts: each asset once, summed over wallets."""
        held: dict[str, list[Decimal]] = {}
        reply = await self._get(Accounts, "accounts")
        for wallet in reply.accounts.values():
            for asset, balance, available in _holdings(wallet):
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

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    # ---- the wire

    async def _get(self, kind: type[T], path: str, **arguments: str) -> T:
        query = urlencode(arguments)
        target = BASE + path + (f"?{query}" if query else "")
        headers = self._signed(path, query)
        return _answer(await self._http.ask("GET", target, headers=headers), kind)

    async def _post(self, kind: type[T], path: str, **arguments: str) -> T:
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


def sign(secret: bytes, path: str, nonce: str, arguments: str) -> str:
    """`Authent`: HMAC-SHA512 over the SHA-256 of arguments, nonce and path."""
    message = hashlib.sha256(f"{arguments}{nonce}{path}".encode()).digest()
    return b64encode(hmac.digest(secret, message, "sha512")).decode()


def read_time(text: str) -> Nanos:
    """The moment that an ISO-8601 text names. Raises: Silent: it names none."""
    try:
        return Nanos(round(datetime.fromisoformat(text).timestamp() * 1_000) * SECOND // 1_000)
    except ValueError as error:
        raise Silent(f"an answer that cannot be read: {error}") from error


def _answer(said: bytes, kind: type[T]) -> T:
    """A success. Raises: VenueRefused; Silent."""
    reply = read(said, kind)
    if reply.result != "success":
        if reply.error in UNKNOWN_OUTCOMES:
            raise Silent(reply.error)
        raise VenueRefused(reply.error or str(reply.errors or "no reason given"))
    return reply


def _placed(sent: Outcome, terms: Terms) -> Word:
    """What an accepted order did at once. Without a PLACE nothing of it stands in the book."""
    time = read_time(sent.received_time) if sent.received_time else Nanos(0)
    fills = tuple(
        Fill(time, it.price, it.amount)
        for it in sent.order_events
        if it.type == "EXECUTION" and it.price is not None and it.amount is not None
    )
    filled = sum((it.quantity for it in fills), ZERO)
    stands = any(it.type == "PLACE" for it in sent.order_events)
    if stands or not sent.order_events:
        standing = Standing.OPEN
    else:
        standing = Standing.FILLED if filled >= terms.quantity else Standing.CANCELED
    return Word(
        standing=standing,
        order_id=sent.order_id,
        filled=filled,
        average=_average(fills),
        fills=fills,
    )


def _canceled(events: Iterable[OrderEvent]) -> Iterable[tuple[tuple[str, str], Word]]:
    """Each order that was canceled, by its names."""
    for event in events:
        if event.type != "CANCEL":
            continue
        if event.order is not None:
            order = event.order
            word = Word(standing=Standing.CANCELED, order_id=order.order_id, filled=order.filled)
            yield (order.cli_ord_id or "", order.order_id), word
        elif event.order_trigger is not None:
            trigger = event.order_trigger
            word = Word(standing=Standing.CANCELED, order_id=trigger.uid)
            yield (trigger.client_id or "", trigger.uid), word


def _word(entry: StatusEntry, fills: tuple[Fill, ...]) -> Word:
    if entry.status in LIVE:
        standing = Standing.OPEN
    elif entry.status == "FULLY_EXECUTED":
        standing = Standing.FILLED
    else:
        standing = Standing.REJECTED if entry.status == "REJECTED" else Standing.CANCELED
    return Word(
        standing=standing,
        order_id=entry.order.order_id,
        filled=entry.order.filled,
        average=_average(fills),
        fills=fills,
        message=entry.error or "",
    )


def _average(fills: Sequence[Fill]) -> Decimal | None:
    """The mean price by quantity; None without fills."""
    quantity = sum((it.quantity for it in fills), ZERO)
    return sum((it.price * it.quantity for it in fills), ZERO) / quantity if quantity else None


def _holdings(wallet: Wallet) -> Iterable[tuple[str, Decimal, Decimal]]:
    """Asset, balance and what is available of it."""
    if wallet.currencies:
        for asset, of in wallet.currencies.items():
            quantity = of.get("quantity", ZERO)
            yield asset, quantity, of.get("available", quantity)
    elif wallet.currency:
        balance = wallet.balances.get(wallet.currency, ZERO)
        yield wallet.currency, balance, wallet.auxiliary.get("af", balance)
    else:
        for asset, balance in wallet.balances.items():
            yield asset, balance, balance
