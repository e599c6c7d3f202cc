"""Two paths to one account: a second key, or a second address, that only kills may use.

While a kill needs this account, its cancels and questions go over to the second path when the first
is refused, cannot be reached, does not answer, or has used up what its exchange allows. No order
goes by the second: it may not be sent twice, and what is kept is kept for kills.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Final, TypeVar

import structlog

from openvenue.ems.commands import Word
from openvenue.ems.connectors.port import (
    FAILURES,
    Balance,
    Connector,
    CountsQuestions,
    CountsRequests,
    Feed,
    Gone,
    ListsMarkets,
    Market,
    MassCanceled,
    NotAllowed,
    OrderName,
    Past,
    PathChange,
    Position,
    Relayed,
    Silent,
    TellsThePast,
    TooMany,
    Unreachable,
    VenueOrder,
)
from openvenue.ems.halts import FIRST_PATH, SECOND_PATH
from openvenue.ems.orders import Side, Terms
from openvenue.ems.timer import Timer
from openvenue.engine.units import Nanos

log = structlog.get_logger(__name__)

KEPT_SECONDS: Final = 60.0  # a path that failed is left alone for so long
USED_UP: Final = "what the exchange allows is used up"
FAILED: Final = (TooMany, NotAllowed, Unreachable, Silent)  # it is the path; not what was asked

T = TypeVar("T")


class TwoPaths:
    """Made by `two_paths`. `namer` knows the names and abilities of both."""

    def __init__(
        self, first: Connector, second: Connector, namer: Connector, timer: Timer, patience: float
    ) -> None:
        """`patience`: seconds that the first has for an answer while a kill waits for it."""
        self.capabilities: Final = namer.capabilities
        self._first: Final = first
        self._second: Final = second
        self._namer: Final = namer
        self._timer: Final = timer
        self._patience: Final = patience
        self._needs = 0  # kills under way
        self._is_over = False  # to the second
        self._since = 0.0
        self._why = ""
        self._changes: list[PathChange] = []

    # ---- which path

    def need(self) -> None:
        """A kill wants something of this account."""
        self._needs += 1
        if not self._is_over:
            return
        if self._timer.monotonic() - self._since > KEPT_SECONDS:
            self._go(to_second=False, why="tried again")
        else:
            self._tell()

    def need_no_more(self) -> None:
        """It has ended, or waits."""
        self._needs -= 1

    def take_changes(self) -> Sequence[PathChange]:
        """Every change of path that was not told yet."""
        changes, self._changes = self._changes, []
        return changes

    def _go(self, *, to_second: bool, why: str) -> None:
        if self._is_over is not to_second:
            self._is_over, self._why, self._since = to_second, why, self._timer.monotonic()
            log.warning("another path to an account", path=self._path, why=why)
            self._tell()

    def _tell(self) -> None:
        self._changes.append(PathChange(self._timer.wall(), self._path, self._why))

    @property
    def _path(self) -> str:
        return SECOND_PATH if self._is_over else FIRST_PATH

    async def _either(self, ask: Callable[[Connector], Awaitable[T]]) -> T:
        """By the path that works; by the first alone while no kill needs it. Raises: FAILURES."""
        if not self._needs:
            return await ask(self._first)
        if not self._is_over and _is_used_up(self._first):
            self._go(to_second=True, why=USED_UP)
        was_over = self._is_over
        try:
            if was_over:
                return await ask(self._second)
            return await self._patiently(ask(self._first))
        except FAILED as error:
            why = str(error)
        try:
            said = await ask(self._first if was_over else self._second)
        except FAILED as error:
            raise type(error)(f"{error}; by the other path: {why}") from error
        except FAILURES:  # which is an answer
            self._go(to_second=not was_over, why=why)
            raise
        self._go(to_second=not was_over, why=why)
        return said

    async def _patiently(self, asked: Awaitable[T]) -> T:
        """Half of what an answer may take is left for the other path."""
        try:
            async with asyncio.timeout(self._patience):
                return await asked
        except TimeoutError as error:
            raise Silent("no answer in time") from error

    # ---- what kills ask for

    async def cancel(self, name: OrderName) -> Word | Relayed | Gone:
        """By either: a cancel that is done twice is done."""
        return await self._either(lambda it: it.cancel(name))

    async def cancel_all(self, symbol: str | None = None) -> MassCanceled:
        """The same."""
        return await self._either(lambda it: it.cancel_all(symbol))

    async def open_orders(self) -> Sequence[VenueOrder]:
        """Both keys are of the same account, so its list is one."""
        return await self._either(lambda it: it.open_orders())

    async def fresh_open_orders(self) -> Sequence[VenueOrder] | None:
        """By a subscription under either key."""
        return await self._either(lambda it: it.fresh_open_orders())

    async def find(self, name: OrderName) -> Word | None:
        """By either."""
        return await self._either(lambda it: it.find(name))

    async def find_all(self, names: Sequence[OrderName]) -> Sequence[Word | None]:
        """By either."""
        return await self._either(lambda it: it.find_all(names))

    async def ended_since(self, time: Nanos) -> Past:
        """By either, if it tells."""
        return await self._either(lambda it: _past(it, time))

    async def positions(self) -> Sequence[Position]:
        """By either."""
        return await self._either(lambda it: it.positions())

    async def depth(self, symbol: str, side: Side) -> Sequence[tuple[Decimal, Decimal]]:
        """By either."""
        return await self._either(lambda it: it.depth(symbol, side))

    # ---- what goes by the first alone

    async def ready(self) -> None:
        """Names are the namer's."""
        await self._namer.ready()

    def common_symbol(self, symbol: str) -> str:
        """As it says."""
        return self._namer.common_symbol(symbol)

    def own_symbol(self, common_symbol: str) -> str:
        """As it says."""
        return self._namer.own_symbol(common_symbol)

    def why_unfit(self, terms: Terms) -> str:
        """As the first says."""
        return self._first.why_unfit(terms)

    def admit(self, terms: Terms) -> str:
        """As the first says."""
        return self._first.admit(terms)

    def may_look(self) -> bool:
        """As the first says, if it counts."""
        return not isinstance(self._first, CountsQuestions) or self._first.may_look()

    async def place(self, cl_ord_id: str, terms: Terms) -> Word:
        """Once, and never by the second."""
        return await self._first.place(cl_ord_id, terms)

    def follow(self) -> Feed:
        """All the time, so by the first."""
        return self._first.follow()

    async def arm(self, seconds: int) -> None:
        """By the first."""
        await self._first.arm(seconds)

    async def balances(self) -> Sequence[Balance]:
        """By the first."""
        return await self._first.balances()

    async def close(self) -> None:
        """Let go of both."""
        await asyncio.gather(self._first.close(), self._second.close())


class TwoPathsWithMarkets(TwoPaths):
    """Where the exchange can say what is traded there."""

    async def markets(self) -> Sequence[Market]:
        """Public, so by the namer."""
        assert isinstance(self._namer, ListsMarkets), "made only for those"
        return await self._namer.markets()


def two_paths(
    first: Connector, second: Connector, timer: Timer, patience: float, *, is_usable: bool = True
) -> TwoPaths:
    """`first`, with `second` for kills; the names are the second's where the first is of no use."""
    namer = first if is_usable else second
    kind = TwoPathsWithMarkets if isinstance(namer, ListsMarkets) else TwoPaths
    return kind(first, second, namer, timer, patience)


async def _past(connector: Connector, time: Nanos) -> Past:
    return await connector.ended_since(time) if isinstance(connector, TellsThePast) else Past()


def _is_used_up(connector: Connector) -> bool:
    return isinstance(connector, CountsRequests) and connector.is_used_up()
