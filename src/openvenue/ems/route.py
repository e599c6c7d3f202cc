"""One account at one venue: orders go out, answers come in, and what is not known is chased.

Every answer becomes a command of the desk's machine before anybody acts on it. An order is sent
once, ever; a cancel may be sent as often as it takes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from msgspec.structs import replace

from openvenue.ems.commands import (
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
    OrderName,
    Relayed,
    Silent,
    TooMany,
    Unreachable,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.follow import FeedHealth, Follower
from openvenue.ems.ledger import DeskStopped, Ledger
from openvenue.ems.orders import Account, ClOrdId, Order, Status, Terms
from openvenue.ems.state import Run
from openvenue.ems.timer import Timer
from openvenue.engine.units import Nanos

log = structlog.get_logger(__name__)

FAILURES: Final = (Unreachable, Silent, VenueRefused)
PENDING: Final = Status.PENDING_CANCEL

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
        self._chased: dict[ClOrdId, asyncio.Task[None]] = {}
        self._vanished: dict[ClOrdId, None] = {}  # from the venue's list, and not asked for yet
        self._is_accounting = False
        self._follower: Follower | None = None
        self.is_pressed = False  # it wants fewer requests while a sweep runs: cancels go first
        self._sweeps = 0  # under way: the venue's patience is theirs
        self._calm = asyncio.Event()
        self._calm.set()
        self._turn = asyncio.Semaphore(config.cancels_at_once)  # of those that chase
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
            await self._record(cl_ord_id, word, asked)
        finally:
            del self.sending[cl_ord_id]
        order = await self.order(cl_ord_id)
        if order.cancel_wanted and not order.has_ended:
            self.chase(cl_ord_id)

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
            self.chase(cl_ord_id)
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
            self.chase(cl_ord_id)  # the wish stays, if there is one: later it may be heard
            raise
        except VenueRefused as error:
            why = str(error)
            await self.ledger.submit(RecordCancelFailed(owner=owner, cl_ord_id=cl_ord_id, why=why))
            raise
        match answer:
            case Word():
                await self._record(cl_ord_id, answer, asked)
            case Relayed():
                await self.ledger.submit(RecordCancelRelayed(owner=owner, cl_ord_id=cl_ord_id))
                self.chase(cl_ord_id)
            case Gone() if order.is_unknown or order.is_in_flight:
                self.chase(cl_ord_id)  # it may yet arrive
            case Gone():
                await self.look_for(order)
        return answer

    # ---- in

    async def look_for(self, order: Order) -> None:
        """Ask the venue what became of an order that it is sure to know, if it is there."""
        asked = self.ledger.now()
        word = await self.connector.find(_name(order))
        if word is None:
            await self._record_absence(order.cl_ord_id, asked)
        else:
            await self._record(order.cl_ord_id, word, asked)

    async def sync(self, *, thorough: bool = True) -> Sequence[VenueOrder]:
        """Know what the venue knows; its own list of open orders. Raises: FAILURES.

        What has vanished from the list is asked for before this returns, or after it where it is
        the list that counts.
        """
        asked, before = await self.before_look()
        listed = await self.connector.open_orders()
        await self.compare(listed, before, asked)
        if thorough:
            await self._account_for_vanished()
        else:
            self.account_in_peace()
        return listed

    async def before_look(self) -> tuple[Nanos, list[Order]]:
        """When the venue's list is asked for, and which orders it ought to have."""
        asked = self.ledger.now()
        return asked, [it for it in await self.live() if it.cl_ord_id not in self.sending]

    async def compare(
        self, listed: Sequence[VenueOrder], before: Sequence[Order], asked: Nanos
    ) -> None:
        """Know what a list of all open orders says. What has vanished is yet to be asked for."""
        state = await self.ledger.state()
        found: dict[ClOrdId, None] = {}
        news: list[Coroutine[Any, Any, Any]] = []
        for it in listed:
            order = state.find(self.account, *it.names)
            if order is not None:
                found[order.cl_ord_id] = None
                news.append(self._record(order.cl_ord_id, it.word, asked))
            else:
                command = RecordForeign(
                    account=self.account,
                    venue_cl_ord_id=it.cl_ord_id,
                    terms=it.terms,
                    word=it.word,
                )
                news.append(self.ledger.submit(command))
        await asyncio.gather(*news)
        missing = [it.cl_ord_id for it in before if it.cl_ord_id not in found]
        for order in [await self.order(cl_ord_id) for cl_ord_id in missing]:
            if order.has_ended:
                continue
            if order.is_unknown or order.is_in_flight:
                self.chase(order.cl_ord_id)
            else:
                self._vanished[order.cl_ord_id] = None

    def account_in_peace(self) -> None:
        """Ask later what became of orders that have vanished."""
        if self._vanished and not self._is_accounting:
            self._is_accounting = True
            self._start(self._account_in_peace)

    async def _account_for_vanished(self) -> None:
        """Ask what became of orders that the venue does not list any more."""
        asked = self.ledger.now()
        vanished = list(self._vanished)
        known = [await self.order(cl_ord_id) for cl_ord_id in vanished]
        orders = [order for order in known if not order.has_ended]
        words = await self.connector.find_all([_name(it) for it in orders]) if orders else ()
        await asyncio.gather(
            *(
                self._record_absence(order.cl_ord_id, asked)
                if word is None
                else self._record(order.cl_ord_id, word, asked)
                for order, word in zip(orders, words, strict=True)
            )
        )
        for cl_ord_id in vanished:
            self._vanished.pop(cl_ord_id, None)

    async def account_for(self, orders: Sequence[Order]) -> None:
        """Ask now what became of orders that the venue does not list. Raises: FAILURES.

        Those that it may never have had are being chased already.
        """
        for order in orders:
            if not order.is_unknown and not order.is_in_flight:
                self._vanished[order.cl_ord_id] = None
        if self._vanished:
            await self._account_for_vanished()

    @asynccontextmanager
    async def sweeping(self) -> AsyncIterator[None]:
        """While a sweep runs, questions that can wait do."""
        self._sweeps += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._sweeps -= 1
            if not self._sweeps:
                self.is_pressed = False
                self._calm.set()

    async def _account_in_peace(self) -> None:
        """The same, when no sweep needs the venue's patience any more."""
        pause = self.config.retry_seconds
        try:
            while self._vanished:
                await self._calm.wait()
                try:
                    await self._account_for_vanished()
                except FAILURES as error:
                    log.info("orders not accounted for yet", why=str(error))
                    await self.timer.sleep(pause)
                    pause = min(2 * pause, self.config.retry_seconds_max)
        finally:
            self._is_accounting = False

    async def _record(self, cl_ord_id: ClOrdId, word: Word, asked: Nanos) -> None:
        command = RecordWord(owner=self.account.owner, cl_ord_id=cl_ord_id, word=word, asked=asked)
        await self.ledger.submit(command)

    async def _record_absence(self, cl_ord_id: ClOrdId, asked: Nanos) -> None:
        command = RecordAbsence(owner=self.account.owner, cl_ord_id=cl_ord_id, asked=asked)
        await self.ledger.submit(command)

    async def hear(self, told: Sequence[tuple[tuple[str, str], Word]], asked: Nanos) -> None:
        """What the venue said of several orders; those that the desk does not know are left out."""
        state = await self.ledger.state()
        orders = [(state.find(self.account, *names), word) for names, word in told]
        await asyncio.gather(
            *(self._record(it.cl_ord_id, word, asked) for it, word in orders if it is not None)
        )

    # ---- what is not known

    def catch_up(self) -> None:
        """After a start: ask for everything that was open, until the venue answers."""
        self._start(self._catch_up)

    def chase(self, cl_ord_id: ClOrdId) -> None:
        """Ask for an order until it is known, and cancel it if that is wanted."""
        if cl_ord_id not in self._chased:
            task = self._start(lambda: self._chase(cl_ord_id))
            self._chased[cl_ord_id] = task
            task.add_done_callback(lambda _: self._chased.pop(cl_ord_id, None))

    async def _catch_up(self) -> None:
        pause = self.config.retry_seconds
        if await self.live():
            self.follow()
        while any(it.is_unknown for it in await self.live()):
            try:
                await self.sync()
                break
            except FAILURES as error:
                log.info("venue not reached yet", account=str(self.account), why=str(error))
            await self.timer.sleep(pause)
            pause = min(2 * pause, self.config.retry_seconds_max)
        for order in await self.live():
            if order.is_unknown or order.cancel_wanted:
                self.chase(order.cl_ord_id)

    async def _chase(self, cl_ord_id: ClOrdId) -> None:
        pause, was_absent = self.config.retry_seconds, False
        while _is_open_question(order := await self.order(cl_ord_id)):
            if order.status is PENDING:
                await self._calm.wait()
            try:
                async with self._turn:
                    is_there = await self._pursue(order, was_absent=was_absent)
            except FAILURES as error:
                was_absent = False
                log.info("order not known yet", order=cl_ord_id, why=str(error))
                await self.timer.sleep(pause)
                pause = min(2 * pause, self.config.retry_seconds_max)
                continue
            was_absent = not is_there
            if _is_open_question(await self.order(cl_ord_id)):
                await self.timer.sleep(self.config.settling_seconds if was_absent else pause)

    async def _pursue(self, order: Order, *, was_absent: bool) -> bool:
        """Cancel an order that is to go, and else ask what became of it; whether it was there."""
        if order.cancel_wanted and not order.is_unknown and order.status is not PENDING:
            await self.cancel(order)
            return True
        asked = self.ledger.now()
        word = await self.connector.find(_name(order))
        if word is not None:
            await self._record(order.cl_ord_id, word, asked)
        elif was_absent:  # once is not enough: what was sent last may still arrive
            await self._record_absence(order.cl_ord_id, asked)
        return word is not None

    # ---- tasks

    def follow(self) -> None:
        """Follow the venue's private feed from now on, if it has one."""
        if self._follower is None and self.connector.capabilities.has_private_feed:
            self._follower = Follower(self)
            self._start(self._follower.run)

    @property
    def feed(self) -> FeedHealth:
        """How the private feed stands. It is idle until somebody asks for this account."""
        if self._follower is not None:
            return self._follower.health
        has_one = self.connector.capabilities.has_private_feed
        return FeedHealth("idle" if has_one else "none")

    def _start(self, doing: Doing) -> "asyncio.Task[None]":
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


def _is_open_question(order: Order) -> bool:
    """Something about it has to be found out, or done, yet."""
    if order.has_ended:
        return False
    return order.is_unknown or order.cancel_wanted or order.status is PENDING
