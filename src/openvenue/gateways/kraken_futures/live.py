"""Feeds that tell a state and not an event: what changed is looked up, and told at most so often.

Tickers at most once in `ticker_ms` for each market. Positions and balances at once after a trade or
a deposit, else as tickers. The account log row by row, from history, so that none is missed.
"""

from typing import Any, Final, Protocol

import msgspec

from openvenue.engine.events import (
    Announced,
    CollateralTaken,
    ConditionsSet,
    Converted,
    Deposited,
    Event,
    FundingPaid,
    FundingRateSet,
    FundingSampled,
    LeverageSet,
    MarkPriceSet,
    ModeSet,
    NoticeRetracted,
    OrderAccepted,
    OrderRejected,
    PositionSettled,
    ProfitAssetSet,
    ProfitConverted,
    ShortfallCovered,
    Traded,
    Transferred,
    Withdrawn,
)
from openvenue.engine.queries import AccountView, GetAccount, GetMarkets
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import AccountId, Symbol
from openvenue.exchange.port import Outcome
from openvenue.gateways.kraken_futures import encode_live, notices
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.encode_feeds import encode_order_gone
from openvenue.gateways.kraken_futures.throttle import Throttle
from openvenue.gateways.kraken_futures.times import millis
from openvenue.history.past import Page

TICKERS: Final = ("ticker", "ticker_lite")
ACCOUNTS: Final = ("open_positions", "balances", "account_log")
LOG_MAX: Final = 500  # rows of a snapshot
PLAIN: Final = b'{"feed":"open_orders'
VERBOSE: Final = b'{"feed":"open_orders_verbose'
FAILED_POST: Final = "post_order_failed_because_it_would_filled"


class Hearer(Protocol):
    """A session, as these feeds see it."""

    def tell(self, frame: bytes) -> None:
        """One message."""


class VerboseOrders:
    """Hears of orders what `open_orders` tells, under the other name."""

    def __init__(self, live: "Live", hearer: Hearer) -> None:
        self._live = live
        self._hearer = hearer

    def tell(self, frame: bytes) -> None:
        """One message of open_orders."""
        self._hearer.tell(self._live.verbose(frame))

    def tell_trade(self, symbol: Symbol, seq: int, frame: bytes) -> None:
        """Never: it does not listen to trades."""
        raise AssertionError("it listens to orders alone")

    def tell_fill(self, fill: object) -> None:
        """Never: it does not listen to fills."""
        raise AssertionError("it listens to orders alone")


class Live:
    """Who listens to these feeds, and what they hear."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        seconds = desk.profile.ticker_ms / 1000
        self._tickers: Final = {name: Throttle(seconds, self._tell_of(name)) for name in TICKERS}
        self._accounts: Final = {name: Throttle(seconds, self._tell_of(name)) for name in ACCOUNTS}
        self._hearers: dict[tuple[str, str], dict[Hearer, None]] = {}
        self._failed_posts: dict[AccountId, dict[Hearer, None]] = {}
        self._renamed = (b"", b"")  # the last message of open_orders, and under the other name
        self._readers: dict[Hearer, None] = {}  # of notices
        self._notices: Final = Throttle(0, self._tell_notices)
        self._cursors: dict[tuple[AccountId, Hearer], int] = {}  # of the account log
        self._sections: dict[AccountId, dict[str, bytes]] = {}  # of balances, as last told
        self._seqs: dict[tuple[str, AccountId], int] = {}

    def hear(self, outcomes: list[Outcome]) -> None:
        """Note what has changed."""
        if not self._hearers and not self._failed_posts and not self._readers:
            return
        for outcome in outcomes:
            for event in outcome.entry.events:
                self._hear(event)
            for view in outcome.before.values():
                self._touched(view.order.symbol, view.order.account)

    def _hear(self, event: Event) -> None:
        match event:
            case Traded():
                for account in (event.maker_account, event.taker_account):
                    self._moved(account)
                self._touched(event.symbol)
            case OrderAccepted():
                self._touched(event.order.symbol, event.order.account)
            case MarkPriceSet() | ConditionsSet():
                self._touched(event.symbol)
                for name in ("open_positions", "balances"):
                    for feed, key in list(self._hearers):
                        if feed == name:
                            self._accounts[name].changed(key)
            case ModeSet():
                self._touched(event.symbol)
            case Announced() | NoticeRetracted():
                if self._readers:
                    self._notices.changed(notices.FEED, is_urgent=True)
            case FundingSampled() | FundingRateSet():
                self._touched(event.symbol)
            case FundingPaid():
                for share in event.shares:
                    self._moved(share.account)
            case Deposited() | LeverageSet():
                self._moved(event.account)
            case ProfitAssetSet() | ProfitConverted() | Converted():
                self._moved(event.account)
            case Withdrawn() | ShortfallCovered() | PositionSettled():
                self._moved(event.account)
            case CollateralTaken():
                self._moved(event.account)
                self._moved(event.to)
            case Transferred():
                self._moved(event.account)
                if event.to_account != event.account:
                    self._moved(event.to_account)
            case OrderRejected() if event.reason is RejectReason.WOULD_TAKE:
                hearers = self._failed_posts.get(event.account)
                if hearers and event.order is not None and self._desk.is_ours(event.symbol):
                    frame = encode_order_gone(event.order, FAILED_POST, self._desk.listing)
                    for hearer in list(hearers):
                        hearer.tell(frame)
            case _:
                pass

    def _touched(self, symbol: Symbol, account: AccountId | None = None) -> None:
        """A market looks different; and perhaps what one account has free in it."""
        for name, throttle in self._tickers.items():
            if (name, symbol) in self._hearers:
                throttle.changed(symbol)
        if account is not None and ("balances", account) in self._hearers:
            self._accounts["balances"].changed(account)

    def _moved(self, account: AccountId) -> None:
        """Money or a position changed: that does not wait."""
        for name, throttle in self._accounts.items():
            if (name, account) in self._hearers:
                throttle.changed(account, is_urgent=True)

    async def join_ticker(self, feed: str, symbol: Symbol, hearer: Hearer) -> None:
        """Tell `hearer` of a market now, and whenever it changes."""
        self._hearers.setdefault((feed, symbol), {})[hearer] = None
        hearer.tell(await self._ticker(feed, symbol))
        self._tickers[feed].was_told(symbol)

    async def join_account(self, feed: str, account: AccountId, hearer: Hearer) -> None:
        """Tell `hearer` of an account now, and whenever it changes."""
        hearers = self._hearers.setdefault((feed, account), {})
        if feed == "account_log":
            await self._join_log(account, hearer)
            hearers[hearer] = None
            self._accounts[feed].changed(account, is_urgent=True)  # what came meanwhile
            return
        view = await self._desk.exchange.look(GetAccount(account))
        if feed == "balances":
            sections = self._balances(view)
            self._sections.setdefault(account, sections)
            hearer.tell(self._balances_frame("balances_snapshot", account, sections))
            hearers[hearer] = None
        else:
            hearers[hearer] = None  # every message is the whole: one more does no harm
            hearer.tell(await self._positions(account, view))

    def join_failed_posts(self, account: AccountId, hearer: Hearer) -> None:
        """Tell `hearer` of post-only orders that would have taken."""
        self._failed_posts.setdefault(account, {})[hearer] = None

    async def join_notices(self, hearer: Hearer) -> None:
        """Tell `hearer` what the operator announced, and whenever that changes."""
        self._readers[hearer] = None  # every message is the whole: one more does no harm
        hearer.tell(await notices.notifications_frame(self._desk))

    def verbose(self, frame: bytes) -> bytes:
        """A message of open_orders under the other name, made once for all who listen."""
        plain, verbose = self._renamed
        if frame is not plain:
            verbose = VERBOSE + frame.removeprefix(PLAIN)
            self._renamed = frame, verbose
        return verbose

    def leave_notices(self, hearer: Hearer) -> None:
        """A client wants no more of them."""
        self._readers.pop(hearer, None)

    def leave(self, feed: str, key: str, hearer: Hearer) -> None:
        """A client wants one feed of one market, or account, no more."""
        hearers = self._hearers.get((feed, key))
        if hearers is not None:
            hearers.pop(hearer, None)
            if not hearers:
                del self._hearers[feed, key]
                (self._tickers.get(feed) or self._accounts[feed]).forget(key)
                if feed == "balances":
                    self._sections.pop(AccountId(key), None)
        if feed == "account_log":
            self._cursors.pop((AccountId(key), hearer), None)

    def forget(self, hearer: Hearer) -> None:
        """A client has left."""
        self.leave_notices(hearer)
        for feed, key in list(self._hearers):
            self.leave(feed, key, hearer)
        for account in list(self._failed_posts):
            self._failed_posts[account].pop(hearer, None)
            if not self._failed_posts[account]:
                del self._failed_posts[account]

    def close(self) -> None:
        """Tell nothing more."""
        for throttle in (*self._tickers.values(), *self._accounts.values(), self._notices):
            throttle.close()

    def _tell_of(self, feed: str) -> Any:
        async def tell(key: str) -> None:
            if feed in TICKERS:
                self._tell(feed, key, await self._ticker(feed, Symbol(key)))
            elif feed == "account_log":
                await self._tell_log(AccountId(key))
            else:
                await self._tell_account(feed, AccountId(key))

        return tell

    async def _tell_notices(self, key: str) -> None:
        frame = await notices.notifications_frame(self._desk)
        for hearer in list(self._readers):
            hearer.tell(frame)

    def _tell(self, feed: str, key: str, frame: bytes) -> None:
        for hearer in list(self._hearers.get((feed, key), ())):
            hearer.tell(frame)

    async def _ticker(self, feed: str, symbol: Symbol) -> bytes:
        (view,) = await self._desk.exchange.look(GetMarkets(symbol))
        days = await self._desk.history.day(symbol)
        market = self._desk.listing.of(symbol)
        told = encode_live.ticker(view, days.get(symbol), market, self._desk.exchange.now())
        return ENCODER.encode(told if feed == "ticker" else encode_live.ticker_lite(told))

    async def _tell_account(self, feed: str, account: AccountId) -> None:
        view = await self._desk.exchange.look(GetAccount(account))
        if feed == "open_positions":
            self._tell(feed, account, await self._positions(account, view))
            return
        sections = self._balances(view)
        known = self._sections.get(account, {})
        changed = {name: it for name, it in sections.items() if known.get(name) != it}
        if changed:
            self._sections[account] = sections
            self._tell(feed, account, self._balances_frame("balances", account, changed))

    async def _positions(self, account: AccountId, view: AccountView | None) -> bytes:
        desk = self._desk
        markets = {it.instrument.symbol: it for it in await desk.exchange.look(GetMarkets())}
        wallets = {} if view is None else {it.wallet: it for it in view.wallets}
        items = []
        for position in () if view is None else view.positions:
            if desk.is_ours(position.symbol):
                market = desk.listing.of(position.symbol)
                wallet = wallets[market.instrument.wallet]
                items.append(
                    encode_live.position_item(position, wallet, markets[position.symbol], market)
                )
        message = encode_live.PositionsMessage(
            account, items, self._seq("open_positions", account), millis(desk.exchange.now())
        )
        return ENCODER.encode(message)

    def _balances(self, view: AccountView | None) -> dict[str, bytes]:
        if view is None:
            return {}
        told = encode_live.balances(view, self._desk.listing)
        sections = msgspec.json.decode(ENCODER.encode(told), type=dict[str, msgspec.Raw])
        return {name: bytes(it) for name, it in sections.items()}

    def _balances_frame(self, feed: str, account: AccountId, sections: dict[str, bytes]) -> bytes:
        seq = self._seq("balances", account)
        parts = [b'"%b":%b' % (name.encode(), it) for name, it in sections.items()]
        head = b'{"feed":"%b","account":%b,"timestamp":%d,"seq":%d' % (
            feed.encode(),
            ENCODER.encode(account),
            millis(self._desk.exchange.now()),
            seq,
        )
        return b",".join([head, *parts]) + b"}"

    def _seq(self, feed: str, account: AccountId) -> int:
        """The number of the next message about an account."""
        seq = self._seqs.get((feed, account), -1) + 1
        self._seqs[feed, account] = seq
        return seq

    async def _join_log(self, account: AccountId, hearer: Hearer) -> None:
        page = Page(count=LOG_MAX)
        found = await self._desk.history.postings(account, page)
        entries = [
            entry
            for posting in found.things
            for entry in reversed(encode_live.log_entries(posting, self._desk.listing))
        ]
        self._cursors[account, hearer] = found.things[0].number if found.things else 0
        hearer.tell(ENCODER.encode({"feed": "account_log_snapshot", "logs": entries[:LOG_MAX]}))

    async def _tell_log(self, account: AccountId) -> None:
        """Every row since the last that each listener heard, one message each."""
        while True:
            groups: dict[int, list[Hearer]] = {}
            for hearer in self._hearers.get(("account_log", account), ()):
                if (account, hearer) in self._cursors:
                    groups.setdefault(self._cursors[account, hearer], []).append(hearer)
            if not await self._tell_rows(account, groups):
                return

    async def _tell_rows(self, account: AccountId, groups: dict[int, list[Hearer]]) -> bool:
        """A page of rows behind each cursor, to those who are there; whether there may be more."""
        is_more = False
        for cursor, group in groups.items():
            page = Page(count=LOG_MAX, is_ascending=True, cursor=cursor)
            found = await self._desk.history.postings(account, page)
            if not found.things:
                continue
            frames = [
                ENCODER.encode({"feed": "account_log", "new_entry": entry})
                for posting in found.things
                for entry in encode_live.log_entries(posting, self._desk.listing)
            ]
            is_more = is_more or found.cursor is not None
            for hearer in group:
                if self._cursors.get((account, hearer)) != cursor:
                    is_more = True  # it left, or was sent a new snapshot meanwhile
                    continue
                self._cursors[account, hearer] = found.things[-1].number
                for frame in frames:
                    hearer.tell(frame)
        return is_more
