"""Pacifica, REST, as a client of it: every order is a signed statement of a wallet.

Source: Pacifica, "Signing", "Orders", "Account".
"""

from collections.abc import Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec
from base58 import b58decode, b58encode

from openvenue.ems.commands import Standing, Word
from openvenue.ems.config import VenueAccount
from openvenue.ems.connectors.budget import Budget
from openvenue.ems.connectors.feeds import fresh
from openvenue.ems.connectors.fitting import why_unfit
from openvenue.ems.connectors.http import Http, read
from openvenue.ems.connectors.pacifica import feed, twaps
from openvenue.ems.connectors.pacifica.auth import canonical
from openvenue.ems.connectors.pacifica.markets import markets
from openvenue.ems.connectors.pacifica.replies import (
    AccountInfo,
    Book,
    OpenOrder,
    OpenPosition,
    PastOrder,
    Placed,
)
from openvenue.ems.connectors.pacifica.words import (
    MS,
    SIDES,
    ended,
    listed,
    past_word,
    spot_balance,
)
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
    Snapshot,
    TooMany,
    Unreachable,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.connectors.symbols import common_pacifica, own_pacifica
from openvenue.ems.orders import ZERO, Side, Terms, TimeInForce
from openvenue.ems.timer import Timer
from openvenue.engine.units import Nanos

BASE: Final = "/api/v1"
WINDOW_MS: Final = 5_000  # how long a signature is good
CREDITS: Final = 100  # of one address; a request costs one at least, unless it is a cancel
CREDITS_KEPT: Final = 60  # for lists and cancels
CREDIT_SECONDS: Final = 60
TIMES_IN_FORCE: Final = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC"}
OWN_SIDES: Final = {Side.BUY: "bid", Side.SELL: "ask"}
NOT_ALLOWED: Final = (  # how it begins
    *("invalid signature", "verification failed", "agent not authorized"),
    *("unauthorized", "forbidden"),
)
TOO_MANY: Final = "rate limit"  # in what it says
ORDERS_KEEP: Final = 20  # credits that orders leave
CREATE: Final = "/orders/create"
COST: Final = 1.0
COSTS: Final = {
    "/orders/cancel": 0.5,
    "/orders/stop/cancel": 0.5,
    "/orders/cancel_all": 0.5,
    "/orders/history": 12.0,
    "/orders/twap/cancel": 0.5,
    "/orders/twap/history": 12.0,
}
PAGE: Final = 100
PAGES_MAX: Final = 50
NOT_THERE: Final = ("not found", "failed to cancel order")  # in what it says of a cancel
CASH: Final = "USD"

T = TypeVar("T")


class PacificaConnector:
    """One wallet there. Its list of open orders has waiting orders, too."""

    def __init__(self, account: VenueAccount, http: Http, timer: Timer) -> None:
        from nacl.signing import SigningKey  # takes its time, and not every desk needs it

        self.capabilities: Final = Capabilities(
            mass_cancel=("account", "symbol"),
            lists=("limit", "trigger", "twap"),
            dead_mans_switch="emulated",
            has_private_feed=True,
            is_live=account.is_live,
        )
        self._account = account.credentials.key
        self._signer = SigningKey(b58decode(account.credentials.secret)[:32])
        address = b58encode(bytes(self._signer.verify_key)).decode()
        # Who signs for a wallet and is not the wallet is its agent.
        self._agent = {} if address == self._account else {"agent_wallet": address}
        self._http = http
        self._timer = timer
        self._keeps_limits = account.keeps_limits
        self._budget: Final = Budget(
            timer, most=CREDITS, kept=CREDITS_KEPT, per_second=CREDITS / CREDIT_SECONDS
        )

    # ---- what this API can say

    async def ready(self) -> None:
        """Names follow rules here: nothing has to be asked."""

    def common_symbol(self, symbol: str) -> str:
        """`BTC` as `PACIFICA_PERP_BTC_USD`."""
        return common_pacifica(symbol)

    def own_symbol(self, common_symbol: str) -> str:
        """The other way round."""
        return own_pacifica(common_symbol)

    def why_unfit(self, terms: Terms) -> str:
        """It has no expiry and no fill-or-kill."""
        return why_unfit(terms, TIMES_IN_FORCE)

    # ---- orders

    def admit(self, terms: Terms) -> str:
        """By the account's credits."""
        return self._budget.admit(COST, kept=ORDERS_KEEP) if self._keeps_limits else ""

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        """POST orders/create, which does not say what the order did; that is asked for at once."""
        said = await self._post(
            CREATE,
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
        if not self.may_look():
            return Word(standing=Standing.OPEN, order_id=order_id)
        name = OrderName(order_id, cl_ord_id, terms.symbol, self._timer.wall())
        try:
            word = await self.find(name)
        except (Unreachable, Silent, VenueRefused):
            word = None  # it is there; what it did is seen with the next list
        return word or Word(standing=Standing.OPEN, order_id=order_id)

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """POST orders/cancel; what waits for its price, and TWAPs, have paths of their own."""
        twap = twaps.number_of(name.order_id)
        if twap is not None:
            await self._post(
                "/orders/twap/cancel", "cancel_twap_order", symbol=name.symbol, order_id=twap
            )
            return (await self.find(name) if self.may_look() else None) or Relayed()
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
                if not self.may_look():
                    return Relayed()
                return await self.find(name) or Relayed()
        return Gone()

    async def cancel_all(self, symbol: str | None = None) -> MassCanceled:
        """POST orders/cancel_all, which tells only how many, and leaves TWAPs running."""
        only = {} if symbol is None else {"symbol": symbol}
        told = await self._post(
            "/orders/cancel_all",
            "cancel_all_orders",
            all_symbols=symbol is None,
            exclude_reduce_only=False,
            **only,
        )
        count = told.get("cancelled_count") if isinstance(told, dict) else None
        return MassCanceled(count=count if isinstance(count, int) else None)

    async def open_orders(self) -> Sequence[VenueOrder]:
        """GET orders, and TWAPs beside them."""
        return [*await self._orders(), *await self._twaps()]

    async def _orders(self) -> list[VenueOrder]:
        return [listed(it) for it in _as(await self._get("/orders"), list[OpenOrder])]

    async def _twaps(self) -> list[VenueOrder]:
        """GET orders/twap; none at a venue that does not offer them."""
        try:
            rows = await self._get("/orders/twap")
        except TooMany:
            raise
        except VenueRefused as error:
            if twaps.NOT_OFFERED in str(error).lower():
                return []
            raise
        return [twaps.listed(it) for it in _as(rows, list[twaps.OpenTwap])]

    async def fresh_open_orders(self) -> Sequence[VenueOrder]:
        """What the source `account_orders` begins with; TWAPs have no such source."""
        return await fresh(self.follow())

    async def follow(self) -> Feed:
        """Orders, updates and trades of the account: no signature is asked for."""
        async with (
            self._http.talk(feed.PATH) as socket,
            aclosing(feed.follow(socket, self._account)) as news,
        ):
            async for it in news:
                if isinstance(it, Snapshot):
                    yield Snapshot((*it.orders, *await self._twaps()))
                else:
                    yield it

    async def find(self, name: OrderName) -> Word | None:
        """Among the open orders, then in the history, page by page."""
        return (await self.find_all([name]))[0]

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        """The same lists do for all of them. An open order goes before an ended one of its name."""
        wanted = [it.order_id or it.cl_ord_id for it in names]
        words: dict[str, Word] = {}
        if any(twaps.number_of(key) is not None for key in wanted):
            await self._find_twaps(wanted, words)
        if all(key in words for key in wanted):
            return [words[key] for key in wanted]
        for order in await self._orders():
            for key in order.names:
                words.setdefault(key, order.word)
        cursor: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            if all(key in words for key in wanted):
                break
            page = await self._get_page("/orders/history", limit=str(PAGE), **cursor)
            for it in _as(page.get("data"), list[PastOrder]):
                for key in (str(it.order_id), it.client_order_id or ""):
                    words.setdefault(key, past_word(it))
            next_cursor = page.get("next_cursor")
            if not page.get("has_more") or not isinstance(next_cursor, str):
                break
            cursor = {"cursor": next_cursor}
        return [words.get(key) for key in wanted]

    async def ended_since(self, time: Nanos) -> Past:
        """The history, page by page: its newest orders come first, and any may have ended now."""
        told: dict[str, Ended] = {}
        cursor: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            if not self.may_look():
                break
            page = await self._get_page("/orders/history", limit=str(PAGE), **cursor)
            rows = [ended(it) for it in _as(page.get("data"), list[PastOrder])]
            told |= {it.order.order_id: it for it in rows if it is not None and it.time >= time}
            next_cursor = page.get("next_cursor")
            if not page.get("has_more") or not isinstance(next_cursor, str):
                return Past(tuple(told.values()), is_whole=True)
            cursor = {"cursor": next_cursor}
        return Past(tuple(told.values()))

    async def _find_twaps(self, wanted: Sequence[str], words: dict[str, Word]) -> None:
        """Add what is known of TWAPs: those that run, then the newest of the others."""
        for order in await self._twaps():
            words[order.order_id] = order.word
        if not all(key in words for key in wanted if twaps.number_of(key) is not None):
            page = await self._get_page("/orders/twap/history", limit=str(PAGE))
            for it in _as(page.get("data"), list[twaps.PastTwap]):
                key = twaps.marked(it.order_id)
                words.setdefault(key, twaps.word_of(key, it.order_status, it.filled_amount))

    async def arm(self, seconds: int) -> None:
        """There is none."""
        raise VenueRefused("this exchange has no dead man's switch")

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
        return [cash, *(spot_balance(it) for it in account.spot_balances)]

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

    async def markets(self) -> Sequence[Market]:
        """What is traded there."""
        return await markets(self._http)

    async def depth(self, symbol: str, side: Side) -> Sequence[tuple[Decimal, Decimal]]:
        """GET book."""
        page = await self._http.ask("GET", f"{BASE}/book?{urlencode({'symbol': symbol})}")
        bids, asks = _as(_page(page).get("data"), Book).levels
        found = sorted((it.price, it.amount) for it in (asks if side is Side.BUY else bids))
        return found if side is Side.BUY else found[::-1]

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    def is_used_up(self) -> bool:
        """Whether the next request would be one too many."""
        return self._keeps_limits and self._budget.is_used_up()

    def may_look(self) -> bool:
        """Whether a question can be spared that nobody has asked."""
        return self._budget.allows_more()

    # ---- the wire

    async def _get(self, path: str) -> object:
        return (await self._get_page(path)).get("data")

    async def _get_page(self, path: str, **arguments: str) -> dict[str, object]:
        self._budget.count(COSTS.get(path, COST))
        query = urlencode({"account": self._account, **arguments})
        return _page(await self._http.ask("GET", f"{BASE}{path}?{query}"))

    async def _post(self, path: str, operation: str, **data: object) -> object:
        """The data of an answer. Raises: VenueRefused; Silent; Unreachable."""
        if not (self._keeps_limits and path == CREATE):  # that was counted when it was admitted
            self._budget.count(COSTS.get(path, COST))
        now = self._timer.wall() // MS
        header = {"timestamp": now, "expiry_window": WINDOW_MS}
        signature = self._signer.sign(canonical(operation, header, data)).signature
        body = {
            "account": self._account,
            **self._agent,
            "signature": b58encode(signature).decode(),
            **header,
            **data,
        }
        headers = {"Content-Type": "application/json"}
        said = await self._http.ask(
            "POST", BASE + path, body=msgspec.json.encode(body), headers=headers
        )
        return _page(said).get("data")


def _page(said: bytes) -> dict[str, object]:
    """A success, in one form: `data` holds it, also where there is no envelope."""
    found: object = read(said, object)
    if not isinstance(found, dict):
        return {"data": found}
    if found.get("success") is False or ("success" not in found and "error" in found):
        why = str(found.get("error") or "no reason given")
        if TOO_MANY in why.lower():
            raise TooMany(why)
        raise NotAllowed(why) if why.lower().startswith(NOT_ALLOWED) else VenueRefused(why)
    return found if "success" in found else {"data": found}


def _as(data: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(data, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Silent(f"an answer that cannot be read: {error}") from error
