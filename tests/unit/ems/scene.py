"""A desk without sockets: a venue in memory that fails where it is told to, and time that is told.

Ann owns KRAKENFTS and KRAKEN/2; Bob owns a KRAKENFTS of his own.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from itertools import count
from typing import Any, Final

from msgspec.structs import replace

from openvenue.ems.commands import Command, PlaceOrder, RecordWord, Standing, Word
from openvenue.ems.config import Credentials, EmsConfig, VenueAccount
from openvenue.ems.connectors.port import (
    Balance,
    Capabilities,
    Feed,
    Gone,
    Heard,
    Market,
    MassCanceled,
    OrderName,
    Past,
    Position,
    Relayed,
    Snapshot,
    VenueOrder,
)
from openvenue.ems.desk import Ems
from openvenue.ems.engine import Engine
from openvenue.ems.events import Event
from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.orders import (
    Account,
    ClOrdId,
    ExchangeId,
    HaltId,
    Order,
    Side,
    Terms,
    TimeInForce,
    Waits,
)
from openvenue.ems.report import HaltReport
from openvenue.engine.units import AccountId, Nanos

ANN: Final = AccountId("ann")
BOB: Final = AccountId("bob")
FUTURES: Final = Account(ANN, ExchangeId("KRAKENFTS"))
SPOT: Final = Account(ANN, ExchangeId("KRAKEN/2"))
BOBS: Final = Account(BOB, ExchangeId("KRAKENFTS"))
ONE: Final = ClOrdId("one")
TWO: Final = ClOrdId("two")
TERMS: Final = Terms(
    symbol="PF_XBTUSD",
    common_symbol="KRAKENFTS_PERP_BTC_USD",
    side=Side.BUY,
    quantity=Decimal("0.5"),
    price=Decimal(40_000),
    time_in_force=TimeInForce.GTC,
)
BY_OPERATOR: Final = Trigger(origin=Origin.OPERATOR, by="Olga", reason="drill")
COMMON: Final = {
    "PF_XBTUSD": "KRAKENFTS_PERP_BTC_USD",
    "PF_ETHUSD": "KRAKENFTS_PERP_ETH_USD",
}
HELD: Final = Balance(
    asset="XBT",
    common_asset="BTC",
    balance=Decimal(2),
    available=Decimal("1.5"),
    locked=Decimal("0.5"),
)
SHORT: Final = Position(
    symbol="PF_XBTUSD",
    common_symbol="KRAKENFTS_PERP_BTC_USD",
    side=Side.SELL,
    quantity=Decimal(3),
    average_price=Decimal("50000.5"),
)
MARKET: Final = Market(
    symbol="PF_XBTUSD",
    common_symbol="KRAKENFTS_PERP_BTC_USD",
    base="XBT",
    quote="USD",
    common_base="BTC",
    common_quote="USD",
    price_step=Decimal("0.5"),
    size_step=Decimal("0.0001"),
)
TURNS: Final = 10_000  # of the event loop, before we believe that something never happens
WATCH_SECONDS: Final = 3_600.0
CONFIG: Final = EmsConfig(
    accounts=tuple(
        VenueAccount(
            owner=account.owner,
            exchange_id=account.exchange_id,
            api="kraken_futures",
            base_url="http://127.0.0.1:1",
            credentials=Credentials("key", "c2VjcmV0"),
        )
        for account in (FUTURES, SPOT, BOBS)
    ),
    settling_seconds=1.0,
    deadline_seconds=10.0,
    retry_seconds=0.5,
    watch_seconds=WATCH_SECONDS,
    marker_seconds=WATCH_SECONDS,
)


CAPABILITIES: Final = Capabilities(
    mass_cancel=("account", "symbol"),
    lists=("limit", "trigger"),
    dead_mans_switch="none",
    has_private_feed=True,
    is_live=False,
)


class Machine:
    """An engine, and a clock that goes on by one with each command."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.now = Nanos(1_000)
        self.told: list[tuple[list[Event], Nanos]] = []

    def do(self, command: Command) -> list[Event]:
        """Decide a command, a moment after the last one."""
        self.now = Nanos(self.now + 10)
        events = self.engine.apply(command, self.now)
        self.told.append((events, self.now))
        return events

    def place(self, cl_ord_id: ClOrdId = ONE, terms: Terms = TERMS) -> list[Event]:
        """An order for Ann's futures."""
        return self.do(PlaceOrder(account=FUTURES, cl_ord_id=cl_ord_id, terms=terms))

    def hear(self, word: Word, cl_ord_id: ClOrdId = ONE, asked: int | None = None) -> list[Event]:
        """What the venue says of one of Ann's orders."""
        at = Nanos(self.now + 1 if asked is None else asked)
        return self.do(RecordWord(owner=ANN, cl_ord_id=cl_ord_id, word=word, asked=at))

    def order(self, cl_ord_id: ClOrdId = ONE) -> Order:
        """As it is known."""
        return self.engine.state.orders[ANN, cl_ord_id]


def standing(what: Standing, filled: str = "0", message: str = "") -> Word:
    """A venue's word on order X1."""
    return Word(standing=what, order_id="X1", filled=Decimal(filled), message=message)


class ToldTime:
    """Waiting takes no time, and monotonic time goes on by what was waited for.

    The machine's time goes on when it is told to.
    """

    def __init__(self) -> None:
        self._walls = count(10**18, 1_000)
        self._passed = 0
        self.seconds = 0.0
        self._watch = asyncio.Event()

    def let_the_watch_look(self) -> None:
        """What is halted is looked at once more."""
        self._watch.set()
        self._watch = asyncio.Event()

    def wall(self) -> Nanos:
        """A little later each time."""
        return Nanos(next(self._walls) + self._passed)

    def pass_until(self, time: Nanos) -> None:
        """Let it be `time`."""
        self._passed += time - self.wall()

    def monotonic(self) -> float:
        """What was waited for in all."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let everybody else go first. Who sleeps for hours waits for `let_the_watch_look`."""
        if seconds >= WATCH_SECONDS:
            await self._watch.wait()
            return
        self.seconds += seconds
        for _ in range(20):
            await asyncio.sleep(0)


class PaperVenue:
    """One account at a venue: a list of orders, and faults.

    `fail[call]` is raised once in place of doing it; `fail_after[call]` once after it was done;
    `hold[call]` makes calls wait until it is set.
    """

    def __init__(self) -> None:
        self.open: dict[str, VenueOrder] = {}  # by the venue's id
        self.ended: dict[str, Word] = {}
        self.names: dict[str, str] = {}  # the venue's id, by the client's name
        self.calls: list[str] = []
        self.fail: dict[str, list[Exception]] = {}
        self.fail_after: dict[str, list[Exception]] = {}
        self.hold: dict[str, asyncio.Event] = {}
        self.down: Exception | None = None
        self.mass_cancels_all = True
        self.late: list[Terms] = []  # arrive behind it
        self.news_of_mass_cancel: list[Heard] = []  # told by the feed before it is answered
        self.tells_names = self.tells_terms = True  # of orders that a mass cancel canceled
        self.past = Past()  # what it tells of orders that are over
        self.relays = False  # cancels are taken, and done when `settle` is called
        self.lies = False  # cancels are told as done, and nothing is
        self.is_closed = False
        self.is_spent = False  # as it counts itself
        self.held = [HELD]
        self.positioned = [SHORT]
        self.armed: list[int] = []
        self.holds_back = ""
        self.listed = [MARKET]
        self.news: asyncio.Queue[Snapshot | Heard | Exception] = asyncio.Queue()
        self.follows = 0  # how often its feed was subscribed to
        self.unlisted: dict[str, VenueOrder] = {}  # open, and told by the feed alone
        self.capabilities = CAPABILITIES
        self.book = [(Decimal(50_000), Decimal(2)), (Decimal(50_010), Decimal(2))]
        self.sent: list[Terms] = []  # to close positions
        self._ids = count(1)

    @contextmanager
    def _doing(self, call: str) -> Iterator[None]:
        self.calls.append(call)
        if self.down is not None:
            raise self.down
        if self.fail.get(call):
            raise self.fail[call].pop(0)
        yield
        if self.fail_after.get(call):
            raise self.fail_after[call].pop(0)

    async def _held(self, call: str) -> None:
        if call in self.hold:
            await self.hold[call].wait()

    def is_used_up(self) -> bool:
        return self.is_spent

    async def ready(self) -> None:
        with self._doing("ready") if self.fail.get("ready") else nullcontext():
            pass

    def common_symbol(self, symbol: str) -> str:
        return COMMON.get(symbol, "")

    def own_symbol(self, common_symbol: str) -> str:
        return next((own for own, common in COMMON.items() if common == common_symbol), "")

    def why_unfit(self, terms: Terms) -> str:
        if terms.time_in_force is TimeInForce.IOC and terms.reduce_only:
            return ""
        return "" if terms.time_in_force is TimeInForce.GTC else "only orders that stay"

    def add(self, cl_ord_id: str = "", terms: Terms = TERMS, waits: Waits = Waits.NO) -> str:
        """An order that stands at the venue, or waits there, whoever sent it."""
        order_id = f"X{next(self._ids)}"
        word = Word(standing=Standing.OPEN, order_id=order_id, waits=waits)
        self.open[order_id] = VenueOrder(
            order_id=order_id, cl_ord_id=cl_ord_id, terms=terms, word=word
        )
        if cl_ord_id:
            self.names[cl_ord_id] = order_id
        return order_id

    def end(self, order_id: str, how: Standing = Standing.CANCELED, filled: str = "") -> Word:
        """It does not stand any more."""
        order = self.open.pop(order_id)
        got = Decimal(filled) if filled else order.word.filled
        word = replace(order.word, standing=how, filled=got)
        self.ended[order_id] = word
        return word

    def admit(self, terms: Terms) -> str:
        return self.holds_back

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        await self._held("place")
        with self._doing("place"):
            if terms.time_in_force is TimeInForce.IOC:
                return self.reduce(terms)
            return self.open[self.add(cl_ord_id, terms)].word

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        await self._held("cancel")
        with self._doing("cancel"):
            order_id = name.order_id or self.names.get(name.cl_ord_id, "")
            if order_id not in self.open:
                return Gone()
            if self.lies:
                return replace(self.open[order_id].word, standing=Standing.CANCELED)
            return Relayed() if self.relays else self.end(order_id)
        raise AssertionError("the fault was raised")

    async def cancel_all(self, symbol: str | None = None) -> MassCanceled:
        call = "cancel_all" if symbol is None else f"cancel_all {symbol}"
        await self._held("cancel_all")
        told = []
        with self._doing(call):
            if self.mass_cancels_all:
                for order_id, order in list(self.open.items()):
                    if symbol in (None, order.terms.symbol):
                        terms = order.terms if self.tells_terms else None
                        told.append(Heard(order.cl_ord_id, self.end(order_id), terms))
        while self.late:
            self.add("", self.late.pop())
        while self.news_of_mass_cancel:
            self.news.put_nowait(self.news_of_mass_cancel.pop(0))
        return MassCanceled(tuple(told) if self.tells_names else (), len(told))

    async def open_orders(self) -> Sequence[VenueOrder]:
        await self._held("open_orders")
        with self._doing("open_orders"):
            return list(self.open.values())
        raise AssertionError("the fault was raised")

    async def fresh_open_orders(self) -> Sequence[VenueOrder] | None:
        await self._held("fresh_open_orders")
        if not self.capabilities.has_private_feed:
            return None
        with self._doing("fresh_open_orders"):
            return [*self.open.values(), *self.unlisted.values()]
        raise AssertionError("the fault was raised")

    async def follow(self) -> Feed:
        self.follows += 1
        while True:
            it = await self.news.get()
            if isinstance(it, Exception):
                raise it
            yield it

    async def ended_since(self, time: Nanos) -> Past:
        await self._held("ended_since")
        with self._doing("ended_since"):
            return Past(tuple(it for it in self.past.ended if it.time >= time), self.past.is_whole)
        raise AssertionError("the fault was raised")

    async def find(self, name: OrderName) -> Word | None:
        with self._doing("find"):
            order_id = name.order_id or self.names.get(name.cl_ord_id, "")
            if order_id in self.open:
                return self.open[order_id].word
            return self.ended.get(order_id)
        raise AssertionError("the fault was raised")

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        return [await self.find(name) for name in names]

    async def arm(self, seconds: int) -> None:
        with self._doing("arm"):
            self.armed.append(seconds)

    async def balances(self) -> Sequence[Balance]:
        with self._doing("balances"):
            return list(self.held)
        raise AssertionError("the fault was raised")

    async def positions(self) -> Sequence[Position]:
        with self._doing("positions"):
            return list(self.positioned)
        raise AssertionError("the fault was raised")

    async def markets(self) -> Sequence[Market]:
        with self._doing("markets"):
            return list(self.listed)
        raise AssertionError("the fault was raised")

    async def depth(self, symbol: str, side: Side) -> Sequence[tuple[Decimal, Decimal]]:
        with self._doing("depth"):
            return list(self.book)
        raise AssertionError("the fault was raised")

    async def close(self) -> None:
        self.is_closed = True

    def reduce(self, terms: Terms) -> Word:
        """An order that closes what is held, as far as the book goes, and never more."""
        at_hand = sum((size for price, size in self.book if price <= terms.price), Decimal(0))
        got = Decimal(0)
        for it in [it for it in self.positioned if it.symbol == terms.symbol]:
            got = min(it.quantity, terms.quantity, at_hand)
            self.positioned.remove(it)
            if it.quantity > got:
                self.positioned.append(replace(it, quantity=it.quantity - got))
        self.sent.append(terms)
        how = Standing.FILLED if got == terms.quantity else Standing.CANCELED
        return Word(standing=how, order_id=f"X{next(self._ids)}", filled=got)


class Scene:
    """A desk in front of paper venues."""

    def __init__(self, desk: Ems, time: ToldTime, venues: dict[Account, PaperVenue]) -> None:
        self.desk: Final = desk
        self.time: Final = time
        self.venues: Final = venues

    @property
    def venue(self) -> PaperVenue:
        """Ann's futures."""
        return self.venues[FUTURES]

    async def place(
        self, name: str = "one", account: Account = FUTURES, terms: Terms = TERMS, tag: str = ""
    ) -> Order:
        """An order of the owner of `account`."""
        owner, exchange_id = account.owner, account.exchange_id
        return await self.desk.orders.place(owner, exchange_id, ClOrdId(name), terms, tag)

    async def pull(
        self,
        deadline_seconds: float | None = None,
        by: Trigger = BY_OPERATOR,
        flatten: bool = False,
        **filters: Any,
    ) -> HaltId:
        """The kill switch; it is under way when this returns."""
        aim = self.desk.switchboard.aim(**filters)
        halt = await self.desk.kill_switch.pull(
            aim.scope,
            by,
            flatten=flatten,
            deadline_seconds=deadline_seconds,
            names=aim.names,
        )
        return halt.halt_id

    async def kill(self, **filters: Any) -> HaltReport:
        """The kill switch, and what came of it."""
        halt_id = await self.pull(**filters)
        await self.desk.kill_switch.ended(halt_id)
        return await self.desk.switchboard.halt(None, halt_id)

    async def report_when(self, halt_id: HaltId, is_so: Callable[[HaltReport], bool]) -> HaltReport:
        """A halt's report, once something is the case."""
        for _ in range(TURNS):
            report = await self.desk.switchboard.halt(None, halt_id)
            if is_so(report):
                return report
            await asyncio.sleep(0)
        raise AssertionError(f"it never was: {report}")

    async def order(self, name: str, is_so: Callable[[Order], bool]) -> Order:
        """Ann's order of this name, once something is the case."""
        return await order_when(self.desk, name, is_so)

    async def known(self, name: str, is_so: Callable[[Order], bool]) -> Order:
        """The same, without asking the venue."""
        for _ in range(TURNS):
            state = await self.desk.accounts.route(ANN, FUTURES.exchange_id).ledger.state()
            order = state.orders.get((ANN, ClOrdId(name)))
            if order is not None and is_so(order):
                return order
            await asyncio.sleep(0)
        raise AssertionError("it never was")

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Let everybody go on until something is the case."""
        await until(is_so)


async def until(is_so: Callable[[], bool]) -> None:
    """Let everybody go on until something is the case."""
    for _ in range(TURNS):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never was")


async def order_when(desk: Ems, name: str, is_so: Callable[[Order], bool]) -> Order:
    """Ann's order of this name, once something is the case."""
    for _ in range(TURNS):
        order = await desk.questions.order(ANN, name)
        if is_so(order):
            return order
        await asyncio.sleep(0)
    raise AssertionError(f"it never was: {order}")
