"""Orders of a scope canceled at one venue, and proven gone by what the venue itself says.

The gate is closed before this begins. The venue's own mass cancel goes before single cancels, where
it can say exactly what is meant. Empty means: no order of the scope is in the venue's list, whoever
sent it, twice, a settling time apart, while nothing was on its way; and none is in a fresh snapshot
of the private feed, where the venue has one.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.port import (
    FAILURES,
    Gone,
    Heard,
    Relayed,
    Silent,
    TooMany,
    Unreachable,
    VenueOrder,
)
from openvenue.ems.connectors.port import VenueRefused as Refused
from openvenue.ems.halts import DONE, GONE, PATH, TAKEN, Act
from openvenue.ems.orders import ClOrdId, Order
from openvenue.ems.proof import Ending, Sight
from openvenue.ems.route import Route
from openvenue.ems.scope import Scope
from openvenue.engine.units import Nanos

log = structlog.get_logger(__name__)

MASS_AGAIN_FROM: Final = 20  # orders still listed: some venues do only so many at a time
ON_ITS_WAY: Final = "an order is on its way"
NAMELESS: Final = "a nameless order is listed, which may be one of ours that is not known yet"
UNANSWERED: Final = "no answer by the deadline"
WHOLE_ACCOUNT: Final = "account"
ONE_SYMBOL: Final = "symbol"


class TooLate(Exception):
    """The deadline has passed."""


class Withdrawn(Exception):
    """Nobody wants it done any more."""


class Witness(Protocol):
    """Who keeps the evidence. What it is told is durable when it returns."""

    async def saw(self, sight: Sight, orders: list[Order]) -> None:
        """One look, and the orders of the scope in it."""

    async def did(self, acts: list[Act]) -> None:
        """What was asked of the venue, and its answers."""


class Sweep:
    """One account until it is empty, or until the deadline."""

    def __init__(
        self,
        route: Route,
        scope: Scope,
        witness: Witness,
        deadline_seconds: float,
        *,
        gives_up: bool = False,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """With `gives_up`, a venue that takes no connection at all is told at once."""
        self._route = route
        self._scope = scope
        self._witness = witness
        self._deadline = route.timer.monotonic() + deadline_seconds
        self._gives_up = gives_up
        self._is_wanted = is_wanted
        self._reached = False  # the venue took a connection at least once
        self._mass_done: dict[str | None, None] = {}
        self._left: int | None = None  # at the last look; None: it has not told since
        self._why = ""
        self._looked = 0.0  # when the last list came, on a clock that only runs
        self._asking: dict[tuple[str, ClOrdId | None], Nanos] = {}  # and no answer yet
        # What mass cancels came to: the next look does not wait for it.
        self._telling: list[asyncio.Task[None]] = []
        self._told: list[tuple[Sequence[Heard], Nanos]] = []
        self._is_nameless = False
        self._bounds: list[asyncio.Timeout] = []  # of what is under way
        self.first_asked: float | None = None  # monotonic
        self.kept: list[Order] = []  # beside the scope, at the last look

    async def run(self) -> tuple[Ending, str]:
        """How it ended, and why not better. Raises: Withdrawn."""
        try:
            try:
                async with self.bounded():
                    await self._until_empty()
            finally:
                await self._tell_mass_cancels()
            return Ending.PROVEN, ""
        except Unreachable as error:
            return Ending.UNREACHABLE, str(error)
        except (TooLate, TimeoutError):
            await self._tell_unanswered()
            why = self._why or "the exchange has not answered"
            if self._left:
                return Ending.LEFT, why
            return (Ending.UNKNOWN if self._reached else Ending.UNREACHABLE), why

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return self._deadline - self._route.timer.monotonic()

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """What is done within ends at the deadline, also at one that comes nearer meanwhile.

        Raises: TimeoutError.
        """
        async with asyncio.timeout(max(self.seconds_left, 0.0)) as bound:
            self._bounds.append(bound)
            try:
                yield
            finally:
                self._bounds.remove(bound)

    def shorten(self, seconds: float) -> None:
        """End no later than so long from now."""
        if seconds < self.seconds_left:
            self._deadline = self._route.timer.monotonic() + seconds
            for bound in self._bounds:
                bound.reschedule(asyncio.get_running_loop().time() + seconds)

    async def look(self) -> None:
        """One look, by itself. Raises: FAILURES."""
        await self._look()

    # ---- until it is empty

    async def _until_empty(self) -> None:
        """Raises: Unreachable: at the very first attempt, with `gives_up`. TooLate; Withdrawn."""
        route = self._route
        pause = route.config.retry_seconds
        while True:
            if self.seconds_left <= 0:
                raise TooLate
            if not self._is_wanted():
                raise Withdrawn
            try:
                await self._mass_cancel()
                left, was_quiet = await self._look()
                await self._tell_mass_cancels()
                if not left and was_quiet:
                    await self._settle()
                    left, was_quiet = await self._look_both_ways()
                    if not left and was_quiet:
                        return
                self._why = ON_ITS_WAY if not self._is_nameless else NAMELESS
                if left:
                    self._why = f"orders left: {len(left)}"
                is_heard = await self._cancel_singly(await self._mass_cancel_listed(left))
                pause = route.config.retry_seconds if is_heard else self._longer(pause)
            except FAILURES as error:
                if isinstance(error, TooMany):
                    route.is_pressed = True
                if isinstance(error, Unreachable):
                    if self._gives_up and not self._reached:
                        raise
                else:
                    self._reached = True
                self._left = None
                self._why = str(error)
                pause = self._longer(pause)
            await route.timer.sleep(max(min(pause, self.seconds_left), 0.0))

    def _note_first(self) -> None:
        """Something is about to be asked."""
        if self.first_asked is None:
            self.first_asked = self._route.timer.monotonic()

    def _longer(self, pause: float) -> float:
        """Who asked too often is not heard sooner by asking more."""
        return min(2 * pause, self._route.config.retry_seconds_max)

    # ---- the venue's own mass cancel

    async def _mass_cancel(self) -> None:
        """Each until the venue has done it once. What it refuses is done singly."""
        if (self._left or 0) >= MASS_AGAIN_FROM:
            self._mass_done.clear()
        for symbol in self._masses():
            if symbol not in self._mass_done:
                await self._mass_cancel_of(symbol)

    def _masses(self) -> list[str | None]:
        """Mass cancels that reach nothing but what is meant; None: of the whole account."""
        able, scope = self._route.connector.capabilities.mass_cancel, self._scope
        if scope.is_whole_account and WHOLE_ACCOUNT in able:
            return [None]
        if scope.is_whole_symbol and ONE_SYMBOL in able:
            return list(self._route.own_symbols(scope.symbols))
        return []

    async def _mass_cancel_listed(self, left: list[Order]) -> list[Order]:
        """Where a venue cancels by symbol only: the symbols of what it lists; what else is left."""
        able = self._route.connector.capabilities.mass_cancel
        if not self._scope.is_whole_account or WHOLE_ACCOUNT in able or ONE_SYMBOL not in able:
            return left
        counts = Counter(it.terms.symbol for it in left)
        masses = [it for it, n in counts.items() if n > 1 and it not in self._mass_done]
        for symbol in masses:
            await self._mass_cancel_of(symbol)
        return [it for it in left if it.terms.symbol not in masses]

    async def _mass_cancel_of(self, symbol: str | None) -> None:
        route = self._route
        kind = "mass cancel" if symbol is None else f"mass cancel of {symbol}"
        asked = self._asking[kind, None] = route.ledger.now()
        self._note_first()
        try:
            done = await (
                route.connector.cancel_all()
                if symbol is None
                else route.connector.cancel_all(symbol)
            )
        except (Silent, Unreachable, Refused) as error:
            self._reached = self._reached or not isinstance(error, Unreachable)
            act = Act(kind=kind, asked=asked, answered=route.ledger.now(), answer=str(error))
            del self._asking[kind, None]
            await self._did([act])
            if not isinstance(error, Refused) or isinstance(error, TooMany):
                raise
            log.warning("mass cancel refused", account=str(route.account), why=str(error))
            return
        self._reached = True
        self._mass_done[symbol] = None
        del self._asking[kind, None]
        now = route.ledger.now()
        act = Act(kind=kind, asked=asked, answered=now, answer=DONE, count=done.count)
        self._telling.append(asyncio.create_task(self._did([act])))
        self._told.append((done.told, asked))

    async def _tell_mass_cancels(self) -> None:
        """That they were done, and what was told of orders, is known from now on."""
        told, self._told = self._told, []
        telling, self._telling = self._telling, []
        await asyncio.gather(*telling, *(self._route.hear(news, asked) for news, asked in told))

    async def _tell_unanswered(self) -> None:
        """What was sent and not answered by the deadline is a part of the evidence."""
        now = self._route.ledger.now()
        acts = [
            Act(kind=kind, asked=asked, answered=now, answer=UNANSWERED, cl_ord_id=cl_ord_id)
            for (kind, cl_ord_id), asked in self._asking.items()
        ]
        await self._did(acts)

    async def _did(self, acts: list[Act]) -> None:
        """Tell them, after every change of path."""
        changes = [
            Act(kind=PATH + it.path, asked=it.time, answered=it.time, answer=it.why)
            for it in self._route.path_changes()
        ]
        if changes or acts:
            await self._witness.did([*changes, *acts])

    # ---- looks

    async def _settle(self) -> None:
        """Until the venue has had its time since its last list; what it told is known by then."""
        route = self._route
        settled = self._looked + route.config.settling_seconds
        await route.ledger.noted()
        await route.timer.sleep(max(settled - route.timer.monotonic(), 0.0))

    async def _look_both_ways(self) -> tuple[list[Order], bool]:
        """The venue's own list, and beside it what a new subscription says."""
        by_feed = asyncio.create_task(self._look_at_feed())
        try:
            left, was_quiet = await self._look()
            left = left or await by_feed
            self._left = len(left)
            return left, was_quiet
        finally:
            by_feed.cancel()  # one no is enough
            await asyncio.gather(by_feed, return_exceptions=True)

    async def _look(self) -> tuple[list[Order], bool]:
        """The venue's own list, as evidence; and whether nothing was on its way before it was made.

        An order that arrives while the list is made may be missing in it. With the gate closed
        there are ever fewer on their way.
        """
        route, means = self._route, self._scope.means
        was_quiet = not any(
            it.is_in_flight and not it.is_unknown and means(it)
            for it in route.ledger.peek().live_orders(route.account)
        )
        self._note_first()
        listed = await route.sync(thorough=False)
        self._looked = route.timer.monotonic()
        left = await self._testify(listed, "list")
        self._is_nameless = await self._may_be_ours()
        return left, was_quiet and not self._is_nameless

    async def _look_at_feed(self) -> list[Order]:
        """What a new subscription says; nothing where the venue has no feed."""
        route = self._route
        asked, before = route.before_look()
        listed = await route.connector.fresh_open_orders()
        if listed is None:
            return []
        await route.compare(listed, before, asked)
        return await self._testify(listed, "feed")

    async def _testify(self, listed: Sequence[VenueOrder], source: str) -> list[Order]:
        """Keep what was seen; orders of the scope in it."""
        route = self._route
        state = route.ledger.peek()
        meant, order_ids, kept = [], [], []
        for it in listed:
            order = state.find(route.account, *it.names)
            assert order is not None, "what the venue lists is known after a look"
            terms = order.terms
            if it.terms.reduce_only and not terms.reduce_only:
                terms = replace(terms, reduce_only=True)
            if self._scope.means(replace(order, terms=terms)):
                meant.append(order)
                order_ids.append(it.order_id)
            else:
                kept.append(order)
        self._reached = True
        self.kept = kept
        self._left = len(meant)
        await self._did([])
        sight = Sight(route.ledger.now(), tuple(order_ids), source, len(listed) - len(meant))
        await self._witness.saw(sight, meant)
        return meant

    async def _may_be_ours(self) -> bool:
        """Whether a nameless order of nobody's may be one of ours that nobody knows of yet."""
        is_nameless = any(it.is_foreign and not it.venue_cl_ord_id for it in self.kept)
        if not self._scope.mine_only or not is_nameless:
            return False
        return any(it.is_unknown and self._scope.means(it) for it in await self._route.live())

    # ---- one by one

    async def _cancel_singly(self, left: list[Order]) -> bool:
        """Each by itself; one that fails is seen in the next look. Whether the venue kept up."""
        turn = asyncio.Semaphore(self._route.config.cancels_at_once)
        now = self._route.ledger.now

        async def cancel(order: Order) -> tuple[Act, bool]:
            async with turn:
                asked = self._asking["cancel", order.cl_ord_id] = now()
                try:
                    answer, is_heard = _as_text(await self._route.cancel(order)), True
                except FAILURES as error:
                    log.info("single cancel failed", order=order.cl_ord_id, why=str(error))
                    answer, is_heard = str(error), False
                    if isinstance(error, TooMany):
                        self._route.is_pressed = True
                del self._asking["cancel", order.cl_ord_id]
            return Act(
                kind="cancel",
                asked=asked,
                answered=now(),
                answer=answer,
                cl_ord_id=order.cl_ord_id,
            ), is_heard

        done = await asyncio.gather(*(cancel(order) for order in left))
        await self._did([act for act, _ in done])
        return all(is_heard for _, is_heard in done)


def _as_text(answer: Word | Relayed | Gone) -> str:
    match answer:
        case Relayed():
            return TAKEN
        case Gone():
            return GONE
        case Word(standing=Standing.CANCELED):
            return DONE
        case Word():
            return answer.standing.value
