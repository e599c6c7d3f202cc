"""Pacifica, REST, as a client of it: every order is a signed statement of a wallet.

Source: Pacifica, "Signing", "Orders", "Account".
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec
from base58 import b58decode, b58encode
from msgspec import Struct

from openvenue.ems.commands import Standing, Word
from openvenue.ems.config import VenueAccount
from openvenue.ems.connectors.http import Http, read
from openvenue.ems.connectors.pacifica import feed
from openvenue.ems.connectors.port import (
    Balance,
    Capabilities,
    Gone,
    OrderName,
    Position,
    Relayed,
    Silent,
    Unreachable,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.connectors.symbols import common_pacifica, own_pacifica
from openvenue.ems.orders import ZERO, Side, Terms, TimeInForce
from openvenue.ems.timer import Timer

BASE: Final = "/api/v1"
WINDOW_MS: Final = 5_000  # how long a signature is good
MS: Final = 1_000_000  # in Nanos
POST_ONLY: Final = "MAKER_OR_CANCEL"
TIMES_IN_FORCE: Final = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC"}
OWN_SIDES: Final = {Side.BUY: "bid", Side.SELL: "ask"}
SIDES: Final = {"bid": Side.BUY, "ask": Side.SELL}
STANDINGS: Final = {
    "open": Standing.OPEN,
    "partially_filled": Standing.OPEN,
    "filled": Standing.FILLED,
    "cancelled": Standing.CANCELED,
    "rejected": Standing.REJECTED,
}
SELF_TRADE: Final = "self_trade_prevented"  # told as `rejected`, of orders that stood
PAGE: Final = 100
PAGES_MAX: Final = 50
NOT_THERE: Final = ("not found", "failed to cancel order")  # in what it says of a cancel
CASH: Final = "USD"

T = TypeVar("T")


class Placed(Struct):
    """Of orders/create."""

    order_id: int


class OpenOrder(Struct):
    """One row of orders."""

    order_id: int
    symbol: str
    side: str
    price: Decimal
    initial_amount: Decimal
    filled_amount: Decimal
    client_order_id: str | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False


class PastOrder(Struct):
    """One row of orders/history."""

    order_id: int
    amount: Decimal
    filled_amount: Decimal
    order_status: str
    created_at: int
    client_order_id: str | None = None
    average_filled_price: Decimal | None = None
    reason: str | None = None


class SpotBalance(Struct):
    """One asset beside the cash."""

    symbol: str
    amount: Decimal
    available_to_withdraw: Decimal | None = None


class AccountInfo(Struct):
    """Of account."""

    balance: Decimal
    available_to_spend: Decimal
    spot_balances: list[SpotBalance] = []


class OpenPosition(Struct):
    """One row of positions."""

    symbol: str
    side: str
    amount: Decimal
    entry_price: Decimal
    isolated: bool = False
    liquidation_price: Decimal | None = None


class PacificaConnector:
    """One wallet there. Its list of open orders has waiting orders, too."""

    def __init__(self, account: VenueAccount, http: Http, timer: Timer) -> None:
        from nacl.signing import SigningKey  # takes its time, and not every desk needs it

        self.capabilities: Final = Capabilities(
            mass_cancel=("account", "symbol"),
            lists=("limit", "trigger"),
            dead_mans_switch="emulated",
            has_private_feed=True,
            is_live=account.is_live,
        )
        self._account = account.credentials.key
        self._signer = SigningKey(b58decode(account.credentials.secret)[:32])
        self._http = http
        self._timer = timer

    # ---- what this API can say

    def common_symbol(self, symbol: str) -> str:
        """`BTC` as `PACIFICA_PERP_BTC_USD`."""
        return common_pacifica(symbol)

    def own_symbol(self, common_symbol: str) -> str:
        """The other way round."""
        return own_pacifica(common_symbol)

    def why_unfit(self, terms: Terms) -> str:
        """It has no expiry, no fill-or-kill, and makers only with an order that stays."""
        if terms.time_in_force not in TIMES_IN_FORCE:
            return f"This exchange does not take {terms.time_in_force} orders."
        for instruction in terms.instructions:
            if instruction != POST_ONLY:
                return f"This exchange does not take {instruction}."
        if terms.instructions and terms.time_in_force is not TimeInForce.GTC:
            return f"{POST_ONLY} goes with {TimeInForce.GTC} only."
        return ""

    # ---- orders

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        """POST orders/create, which does not say what the order did; that is asked for at once."""
        said = await self._post(
            "/orders/create",
            "create_order",
            symbol=terms.symbol,
            price=format(terms.price, "f"),
            amount=format(terms.quantity, "f"),
            side=OWN_SIDES[terms.side],
            tif="ALO" if terms.instructions else TIMES_IN_FORCE[terms.time_in_force],
            reduce_only=terms.reduce_only,
            client_order_id=cl_ord_id,
        )
        order_id = str(_as(said, Placed).order_id)
        name = OrderName(order_id, cl_ord_id, terms.symbol, self._timer.wall())
        try:
            word = await self.find(name)
        except (Unreachable, Silent, VenueRefused):
            word = None  # it is there; what it did is seen with the next list
        return word or Word(standing=Standing.OPEN, order_id=order_id)

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """POST orders/cancel; an order that waits for its price has a path of its own."""
        named: dict[str, object] = (
            {"order_id": int(name.order_id)}
            if name.order_id
            else {"client_order_id": name.cl_ord_id}
        )
        ways = (("/orders/cancel", "cancel_order"), ("/orders/stop/cancel", "cancel_stop_order"))
        for path, operation in ways:
            try:
                await self._post(path, operation, symbol=name.symbol, **named)
            except VenueRefused as error:
                if not any(words in str(error).lower() for words in NOT_THERE):
                    raise
            else:
                return await self.find(name) or Relayed()
        return Gone()

    async def cancel_all(self, symbol: str | None = None) -> Sequence[tuple[tuple[str, str], Word]]:
        """POST orders/cancel_all, which tells only how many."""
        only = {} if symbol is None else {"symbol": symbol}
        await self._post(
            "/orders/cancel_all",
            "cancel_all_orders",
            all_symbols=symbol is None,
            exclude_reduce_only=False,
            **only,
        )
        return []

    async def open_orders(self) -> Sequence[VenueOrder]:
        """GET orders."""
        rows = _as(await self._get("/orders"), list[OpenOrder])
        return [_listed(it) for it in rows]

    async def fresh_open_orders(self) -> Sequence[VenueOrder]:
        """What the source `account_orders` begins with."""
        async with self._http.talk(feed.PATH) as socket:
            return await feed.open_orders_snapshot(socket, self._account)

    async def find(self, name: OrderName) -> Word | None:
        """Among the open orders, then in the history, page by page."""
        return (await self.find_all([name]))[0]

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        """The same lists do for all of them. An open order goes before an ended one of its name."""
        wanted = [it.order_id or it.cl_ord_id for it in names]
        words: dict[str, Word] = {}
        for listed in await self.open_orders():
            for key in listed.names:
                words.setdefault(key, listed.word)
        cursor: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            if all(key in words for key in wanted):
                break
            page = await self._get_page("/orders/history", limit=str(PAGE), **cursor)
            for it in _as(page.get("data"), list[PastOrder]):
                for key in (str(it.order_id), it.client_order_id or ""):
                    words.setdefault(key, _past(it))
            next_cursor = page.get("next_cursor")
            if not page.get("has_more") or not isinstance(next_cursor, str):
                break
            cursor = {"cursor": next_cursor}
        return [words.get(key) for key in wanted]

    # ---- money

    async def balances(self) -> Sequence[Balance]:
        """GET account."""
        account = _as(await self._get("/account"), AccountInfo)
        cash = Balance(
            asset=CASH,
            common_asset=CASH,
            balance=account.balance,
            available=account.available_to_spend,
            locked=max(account.balance - account.available_to_spend, ZERO),
        )
        return [cash, *(_spot_balance(it) for it in account.spot_balances)]

    async def positions(self) -> Sequence[Position]:
        """GET positions."""
        rows = _as(await self._get("/positions"), list[OpenPosition])
        return [
            Position(
                symbol=it.symbol,
                common_symbol=common_pacifica(it.symbol),
                side=SIDES[it.side],
                quantity=it.amount,
                average_price=it.entry_price,
                is_cross=not it.isolated,
                liquidation_price=it.liquidation_price,
            )
            for it in rows
        ]

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    # ---- the wire

    async def _get(self, path: str) -> object:
        return (await self._get_page(path)).get("data")

    async def _get_page(self, path: str, **arguments: str) -> dict[str, object]:
        query = urlencode({"account": self._account, **arguments})
        return _page(await self._http.ask("GET", f"{BASE}{path}?{query}"))

    async def _post(self, path: str, operation: str, **data: object) -> object:
        """The data of an answer. Raises: VenueRefused; Silent; Unreachable."""
        now = self._timer.wall() // MS
        header = {"timestamp": now, "expiry_window": WINDOW_MS}
        signature = self._signer.sign(canonical(operation, header, data)).signature
        body = {
            "account": self._account,
            "signature": b58encode(signature).decode(),
            **header,
            **data,
        }
        headers = {"Content-Type": "application/json"}
        said = await self._http.ask(
            "POST", BASE + path, body=msgspec.json.encode(body), headers=headers
        )
        return _page(said).get("data")


def canonical(operation: str, header: Mapping[str, int], data: Mapping[str, object]) -> bytes:
    """The text that is signed: compact JSON, the keys of every object sorted."""
    statement = {**header, "type": operation, "data": data}
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def _page(said: bytes) -> dict[str, object]:
    """A success, in one form: `data` holds it, also where there is no envelope."""
    found: object = read(said, object)
    if not isinstance(found, dict):
        return {"data": found}
    if found.get("success") is False or ("success" not in found and "error" in found):
        raise VenueRefused(str(found.get("error") or "no reason given"))
    return found if "success" in found else {"data": found}


def _as(data: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(data, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Silent(f"an answer that cannot be read: {error}") from error


def _listed(it: OpenOrder) -> VenueOrder:
    order_id = str(it.order_id)
    return VenueOrder(
        order_id=order_id,
        cl_ord_id=it.client_order_id or "",
        terms=Terms(
            symbol=it.symbol,
            common_symbol=common_pacifica(it.symbol),
            side=SIDES[it.side],
            quantity=it.initial_amount,
            price=it.price or it.stop_price or ZERO,
            time_in_force=TimeInForce.GTC,
            reduce_only=it.reduce_only,
        ),
        word=Word(standing=Standing.OPEN, order_id=order_id, filled=it.filled_amount),
    )


def _past(it: PastOrder) -> Word:
    standing = STANDINGS.get(it.order_status, Standing.CANCELED)
    return Word(
        standing=Standing.CANCELED if it.reason == SELF_TRADE else standing,
        order_id=str(it.order_id),
        filled=it.filled_amount,
        average=it.average_filled_price if it.filled_amount else None,
        message=it.reason or "",
    )


def _spot_balance(it: SpotBalance) -> Balance:
    available = it.amount if it.available_to_withdraw is None else it.available_to_withdraw
    return Balance(
        asset=it.symbol,
        common_asset=it.symbol,
        balance=it.amount,
        available=available,
        locked=max(it.amount - available, ZERO),
    )
