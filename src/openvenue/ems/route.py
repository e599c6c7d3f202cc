"""One account at one venue: orders go out, answers come in, and what is not known is chased.

Every answer becomes a command of the desk's machine before anybody acts on it. An order is sent
once, ever; a cancel may be sent as often as it takes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import structlog
from msgspec.structs import replace

from openvenue.ems.chase import Chaser
from openvenue.ems.commands import (
    Command,
    RecordAbsence,
    RecordCancelFailed,
    RecordCancelRelayed,
    RecordForeign,
    RecordSilence,
    RecordUnsent,
    RecordWord,
    Standing,
    Word,
)
from openvenue.ems.config import EmsConfig
from openvenue.ems.connectors.port import (
    Connector,
    Gone,
    HasTwoPaths,
    Heard,
    OrderName,
    PathChange,
    Relayed,
    Silent,
    TooMany,
    Unreachable,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.follow import FeedHealth, Follower
from openvenue.ems.ledger import DeskStopped, Ledger
from openvenue.ems.orders import Account, ClOrdId, Order, Terms
from openvenue.ems.state import Run
from openvenue.ems.timer import Timer
from openvenue.ems.vanished import Vanished
from openvenue.engine.units import Nanos

log = structlog.get_logger(__name__)

Doing = Callable[[], Coroutine[Any, Any, None]]


class Route:
    """The way to one account."""

    def __init__(
        self,
        account: Account,
        connector: Connector,
        ledger: Ledger,
        timer: Timer,
        config: EmsConfig,
    ) -> None:
        self.account: Final = account
        self.connector: Final = connector
        self.ledger: Final = ledger
        self.timer: Final = timer
        self.config: Final = config
        self.sending: Final[dict[ClOrdId, None]] = {}  # sent, and the answer is being waited for
        self.running: asyncio.Task[Run] | None = None  # the cancel-all under way
        self.chaser: Final = Chaser(self)
        self.vanished: Final = Vanished(self)
        self._follower: Follower | None = None
        self.is_pressed = False  # it wants fewer requests while a sweep runs: cancels go first
        self._sweeps = 0  # under way: the venue's patience is theirs
        self.calm: Final = asyncio.Event()  # none is
        self.calm.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def fitted(self, terms: Terms) -> tuple[Terms, str]:
        """`terms` with both names of what is traded; and why this venue cannot have it, or ""."""
        symbol = terms.symbol or self.connector.own_symbol(terms.common_symbol)
        if not symbol:
            return terms, f"This exchange has no symbol {terms.common_symbol}."
        common = self.connector.common_symbol(symbol)
        if terms.common_symbol and common and terms.common_symbol.upper() != common.upper():
            return terms, f"{terms.symbol} is {common}, not {terms.common_symbol}."
        terms = replace(terms, symbol=symbol, common_symbol=common or terms.common_symbol)
        return terms, self.connector.why_unfit(terms.as_sent)

    def own_symbols(self, symbols: Sequence[str]) -> dict[str, None]:
        """What this venue calls instruments that may be named either way; others are left out."""
        common = self.connector.common_symbol
        own = {(common(it) or it): it for it in symbols if common(it)}  # of two names, one
        named = (self.connector.own_symbol(it) for it in symbols)
        own |= {common(it) or it: it for it in named if it}
        return dict.fromkeys(own.values())

    async def order(self, cl_ord_id: ClOrdId) -> Order:
        """An order as it is known and durable now."""
        state = await self.ledger.state()
        return state.orders[self.account.owner, cl_ord_id]

    async def live(self) -> list[Order]:
        """Orders that have not ended, oldest first."""
        return list((await self.ledger.state()).live_orders(self.account))

    # ---- out

    async def send(self, order: Order) -> None:
        """Send an order whose intent is durable; cancel it on arrival if that is wanted by then.

        Raises: Unreachable: it never left. Silent: nobody knows; it is being chased.
        """
        cl_ord_id, asked = order.cl_ord_id, self.ledger.now()
        self.sending[cl_ord_id] = None
        try:
            word = await self._placed(order)
            await self.ledger.submit(self._word(cl_ord_id, word, asked))
        finally:
            del self.sending[cl_ord_id]
        order = await self.order(cl_ord_id)
        if order.cancel_wanted and not order.has_ended:
            self.chaser.chase(cl_ord_id)

    async def _placed(self, order: Order) -> Word:
        owner, cl_ord_id = order.key
        try:
            return await self.connector.place(order.venue_cl_ord_id, order.terms.as_sent)
        except VenueRefused as error:
            return Word(standing=Standing.REJECTED, message=str(error))
        except Unreachable as error:
            why = str(error)
            await self.ledger.submit(RecordUnsent(owner=owner, cl_ord_id=cl_ord_id, why=why))
            raise
        except Silent as error:
            why = f"The exchange has not answered ({error}): it is being asked."
            await self.ledger.submit(RecordSilence(owner=owner, cl_ord_id=cl_ord_id, why=why))
            self.chaser.chase(cl_ord_id)
            raise

    async def cancel(self, order: Order) -> Word | Relayed | Gone:
        """Cancel one order, and learn what became of it; the venue's answer.

        Raises: Unreachable, Silent; VenueRefused: it stays.
        """
        owner, cl_ord_id = order.key
        asked = self.ledger.now()
        try:
            answer = await self.connector.cancel(_name(order))
        except TooMany:
            self.chaser.chase(cl_ord_id)  # the wish stays, if there is one: later it may be heard
            raise
        except VenueRefused as error:
            why = str(error)
            await self.ledger.submit(RecordCancelFailed(owner=owner, cl_ord_id=cl_ord_id, why=why))
            raise
        match answer:
            case Word():
                await self.ledger.submit(self._word(cl_ord_id, answer, asked))
            case Relayed():
                await self.ledger.submit(RecordCancelRelayed(owner=owner, cl_ord_id=cl_ord_id))
                self.chaser.chase(cl_ord_id)
            case Gone() if order.is_unknown or order.is_in_flight:
                self.chaser.chase(cl_ord_id)  # it may yet arrive
            case Gone():
                await self.look_for(order)
        return answer

    # ---- in

    async def look_for(self, order: Order, *, absence_counts: bool = True) -> bool:
        """Ask the venue what became of an order; whether it told. Raises: FAILURES.

        Absence counts for an order that the venue is sure to know, if it is there.
        """
        asked = self.ledger.now()
        word = await self.connector.find(_name(order))
        if word is not None:
            await self.ledger.submit(self._word(order.cl_ord_id, word, asked))
        elif absence_counts:
            await self.ledger.submit(self._absence(order.cl_ord_id, asked))
        return word is not None

    async def look_for_all(self, orders: Sequence[Order]) -> None:
        """Ask what became of several; absence counts. Raises: FAILURES."""
        if not orders:
            return
        asked = self.ledger.now()
        words = await self.connector.find_all([_name(it) for it in orders])
        await self.ledger.submit_all(
            [
                self._absence(order.cl_ord_id, asked)
                if word is None
                else self._word(order.cl_ord_id, word, asked)
                for order, word in zip(orders, words, strict=True)
            ]
        )

    async def sync(self, *, thorough: bool = True) -> Sequence[VenueOrder]:
        """Know what the venue knows; its own list of open orders. Raises: FAILURES.

        What has vanished from the list is asked for before this returns, or after it where it is
        the list that counts.
        """
        asked, before = self.before_look()
        listed = await self.connector.open_orders()
        await self.compare(listed, before, asked)
        if thorough:
            await self.vanished.account()
        else:
            self.vanished.account_in_peace()
        return listed

    def before_look(self) -> tuple[Nanos, list[Order]]:
        """When the venue's list is asked for, and which orders it ought to have.

        Raises: DeskStopped.
        """
        self.ledger.check()
        live = self.ledger.peek().live_orders(self.account)
        return self.ledger.now(), [it for it in live if it.cl_ord_id not in self.sending]

    async def compare(
        self, listed: Sequence[VenueOrder], before: Sequence[Order], asked: Nanos
    ) -> None:
        """Know what a list of all open orders says. What has vanished is yet to be asked for."""
        state = self.ledger.peek()
        found: dict[ClOrdId, None] = {}
        news: list[Command] = []
        for it in listed:
            order = state.find(self.account, *it.names)
            if order is not None:
                found[order.cl_ord_id] = None
                news.append(self._word(order.cl_ord_id, it.word, asked))
            else:
                foreign = RecordForeign(
                    account=self.account,
                    venue_cl_ord_id=it.cl_ord_id,
                    terms=it.terms,
                    word=it.word,
                )
                news.append(foreign)
        if news:
            await self.ledger.submit_all(news)
        for was in before:
            if was.cl_ord_id in found:
                continue
            order = state.orders[was.key]
            if order.has_ended:
                continue
            if order.is_unknown or order.is_in_flight:
                self.chaser.chase(order.cl_ord_id)
            else:
                self.vanished.add(order.cl_ord_id)

    @contextmanager
    def needed(self) -> Iterator[None]:
        """What a kill wants may go by the second path, if there is one."""
        connector = self.connector
        if not isinstance(connector, HasTwoPaths):
            yield
            return
        connector.need()
        try:
            yield
        finally:
            connector.need_no_more()

    def path_changes(self) -> Sequence[PathChange]:
        """Which were not told yet."""
        return self.connector.take_changes() if isinstance(self.connector, HasTwoPaths) else ()

    @asynccontextmanager
    async def sweeping(self) -> AsyncIterator[None]:
        """While a sweep runs, questions that can wait do."""
        self._sweeps += 1
        self.calm.clear()
        try:
            with self.needed():
                yield
        finally:
            self._sweeps -= 1
            if not self._sweeps:
                self.is_pressed = False
                self.calm.set()

    async def hear(self, told: Sequence[Heard], asked: Nanos) -> None:
        """What a mass cancel told of several orders: of known ones to be known in its turn.

        Unknown ones are somebody else's, where they are told in full: known when this returns.
        """
        state = self.ledger.peek()
        known, foreign = [], list[Command]()
        for it in told:
            order = state.find(self.account, it.cl_ord_id, it.word.order_id)
            if order is not None:
                known.append(self._word(order.cl_ord_id, it.word, asked))
            elif it.terms is not None:
                foreign.append(
                    RecordForeign(
                        account=self.account,
                        venue_cl_ord_id=it.cl_ord_id,
                        terms=it.terms,
                        word=it.word,
                    )
                )
        self.ledger.note(known)
        if foreign:
            await self.ledger.submit_all(foreign)

    def _word(self, cl_ord_id: ClOrdId, word: Word, asked: Nanos) -> RecordWord:
        owner = self.account.owner
        return RecordWord(owner=owner, cl_ord_id=cl_ord_id, word=word, asked=asked)

    def _absence(self, cl_ord_id: ClOrdId, asked: Nanos) -> RecordAbsence:
        return RecordAbsence(owner=self.account.owner, cl_ord_id=cl_ord_id, asked=asked)

    # ---- tasks

    def follow(self) -> None:
        """Follow the venue's private feed from now on, if it has one."""
        if self._follower is None and self.connector.capabilities.has_private_feed:
            self._follower = Follower(self)
            self.start(self._follower.run)

    @property
    def feed(self) -> FeedHealth:
        """How the private feed stands. It is idle until somebody asks for this account."""
        if self._follower is not None:
            return self._follower.health
        has_one = self.connector.capabilities.has_private_feed
        return FeedHealth("idle" if has_one else "none")

    def start(self, doing: Doing) -> "asyncio.Task[None]":
        """Go on with it until the desk stops, or this closes."""
        task = asyncio.create_task(self._until_stopped(doing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _until_stopped(self, doing: Doing) -> None:
        try:
            await doing()
        except DeskStopped:
            log.info("given up with the desk", account=str(self.account))

    async def close(self) -> None:
        """Leave everything as it is."""
        doomed: list[asyncio.Task[Any]] = [*self._tasks]
        if self.running is not None:
            doomed.append(self.running)
        for task in doomed:
            task.cancel()
        if doomed:
            await asyncio.wait(doomed)
        await self.connector.close()


def _name(order: Order) -> OrderName:
    since = order.history[0][1]
    return OrderName(order.order_id, order.venue_cl_ord_id, order.terms.symbol, since)
