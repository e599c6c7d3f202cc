"""What an account's owner wants to hear of while being there: orders, money, positions, markets.

What is told of orders is what the machine knows. For the rest a venue is asked again and again as
long as somebody listens, sooner after an order of the account has changed, and what is told is the
difference to what was told before. So it is with orders while the venue's private feed is down.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from openvenue.ems.connectors.port import (
    FAILURES,
    Balance,
    CountsQuestions,
    ListsMarkets,
    Market,
    Position,
    VenueRefused,
)
from openvenue.ems.ledger import DeskStopped
from openvenue.ems.order_log import Change
from openvenue.ems.orders import ZERO, ExchangeId, Order
from openvenue.ems.route import Route

log = structlog.get_logger(__name__)

PositionKey = tuple[str, str]  # symbol and side


class Watcher(Protocol):
    """Who listens. `is_first`: all that there is; else what differs from what was told before."""

    def orders_known(self, exchange_id: ExchangeId, orders: Sequence[Order]) -> None:
        """Orders that have not ended; told once, before any change of them."""

    def order_changed(self, order: Order) -> None:
        """One more version of an order."""

    def markets_known(self, exchange_id: ExchangeId, markets: Sequence[Market]) -> None:
        """What can be traded; told once."""

    def balances_told(
        self, exchange_id: ExchangeId, balances: Sequence[Balance], *, is_first: bool
    ) -> None:
        """What is held. What is not held any more is told as zero."""

    def positions_told(
        self, exchange_id: ExchangeId, positions: Sequence[Position], *, is_first: bool
    ) -> None:
        """Open positions. One that was closed is told with a quantity of zero."""


class Watch:
    """One account, and who listens to it."""

    def __init__(self, route: Route) -> None:
        self._route: Final = route
        self._listeners: dict[Watcher, list[str]] = {}  # with the parts that each was told
        self._markets: Sequence[Market] | None = None
        self._balances: dict[str, Balance] | None = None
        self._positions: dict[PositionKey, Position] | None = None
        self._look: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self.is_running = False  # the venue answered when it was asked last

    @property
    def exchange_id(self) -> ExchangeId:
        """As clients address the account."""
        return self._route.account.exchange_id

    def join(self, watcher: Watcher) -> None:
        """Tell `watcher` what is known, and what comes to be known."""
        self._listeners[watcher] = []
        self._route.follow()
        self._tell(watcher)
        if self._look is None:
            self._look = asyncio.create_task(self._go_on(), name=f"watch {self.exchange_id}")

    def leave(self, watcher: Watcher) -> None:
        """No more. Nobody is asked for nobody: what was known is forgotten with the last one."""
        self._listeners.pop(watcher, None)
        if not self._listeners and self._look is not None:
            self._look.cancel()
            self._look = None
            self._balances = self._positions = None

    def hear(self, order: Order) -> None:
        """An order of this account has changed, and with it perhaps what it holds."""
        if not order.is_in_flight:
            self._wake.set()

    async def close(self) -> None:
        """Ask no more."""
        if self._look is not None:
            self._look.cancel()
            await asyncio.wait([self._look])

    async def _go_on(self) -> None:
        config, timer = self._route.config, self._route.timer
        try:
            while True:
                was_asked = await self._ask()
                await timer.sleep(config.listen_gap_seconds)
                if was_asked:
                    await self._rest(config.listen_seconds - config.listen_gap_seconds)
        except DeskStopped:
            log.info("given up with the desk", account=self._route.account)

    async def _rest(self, seconds: float) -> None:
        """Until it is time again, or something has happened."""
        waits = [
            asyncio.create_task(self._route.timer.sleep(seconds)),
            asyncio.create_task(self._wake.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        self._wake.clear()

    async def _ask(self) -> bool:
        """Ask the venue for everything once; tell each part as it comes. False: not now."""
        route = self._route
        connector = route.connector
        if isinstance(connector, CountsQuestions) and not connector.may_look():
            return False  # its patience is for those who want something done
        try:
            if self._markets is None and isinstance(connector, ListsMarkets):
                self._markets = await connector.markets()
                self._tell_all()
            if route.feed.state != "live":
                await route.sync(thorough=False)
            balances = {it.asset: it for it in await connector.balances()}
            self._tell_balances(balances)
            found = await connector.positions()
            self._tell_positions({(it.symbol, it.side): it for it in found})
            self.is_running = True
        except FAILURES as error:
            self.is_running = isinstance(error, VenueRefused)
            log.info("nothing new is known", account=route.account, why=str(error))
        return True

    def _tell_balances(self, now: dict[str, Balance]) -> None:
        before, self._balances = self._balances, now
        if before is not None:
            changed = [it for asset, it in now.items() if before.get(asset) != it]
            gone = [
                replace(it, balance=ZERO, available=ZERO, locked=ZERO)
                for asset, it in before.items()
                if asset not in now and it.balance
            ]
            if changed or gone:
                for watcher in list(self._listeners):
                    watcher.balances_told(self.exchange_id, changed + gone, is_first=False)
        self._tell_all()

    def _tell_positions(self, now: dict[PositionKey, Position]) -> None:
        before, self._positions = self._positions, now
        if before is not None:
            changed = [it for key, it in now.items() if before.get(key) != it]
            gone = [replace(it, quantity=ZERO) for key, it in before.items() if key not in now]
            if changed or gone:
                for watcher in list(self._listeners):
                    watcher.positions_told(self.exchange_id, changed + gone, is_first=False)
        self._tell_all()

    def _tell_all(self) -> None:
        for watcher in list(self._listeners):
            self._tell(watcher)

    def _tell(self, watcher: Watcher) -> None:
        """Each part that is known, whole, to who was not told it yet."""
        told, exchange_id = self._listeners[watcher], self.exchange_id
        if self._markets is not None and "markets" not in told:
            told.append("markets")
            watcher.markets_known(exchange_id, self._markets)
        if self._balances is not None and "balances" not in told:
            told.append("balances")
            watcher.balances_told(exchange_id, list(self._balances.values()), is_first=True)
        if self._positions is not None and "positions" not in told:
            told.append("positions")
            watcher.positions_told(exchange_id, list(self._positions.values()), is_first=True)


class Listening:
    """One watcher of all accounts of an owner. Orders first: they are known without asking."""

    def __init__(self, watcher: Watcher, watches: Sequence[Watch], routes: Sequence[Route]) -> None:
        self._watcher = watcher
        self._watches = watches
        self._held: dict[ExchangeId, list[Order]] = {
            route.account.exchange_id: [] for route in routes
        }
        self._welcome = asyncio.create_task(self._greet(routes))
        self._leave: Callable[[], None] | None = None
        if routes:
            ledger = routes[0].ledger
            self._leave = ledger.log.listen(routes[0].account.owner, self._hear)
        for watch in watches:
            watch.join(watcher)

    def end(self) -> None:
        """No more."""
        self._welcome.cancel()
        if self._leave is not None:
            self._leave()
            self._leave = None
        for watch in self._watches:
            watch.leave(self._watcher)

    def _hear(self, change: Change) -> None:
        order = change.order
        for watch in self._watches:
            if watch.exchange_id == order.account.exchange_id:
                watch.hear(order)
        held = self._held.get(order.account.exchange_id)
        if held is None:
            self._watcher.order_changed(order)
        else:
            held.append(order)

    async def _greet(self, routes: Sequence[Route]) -> None:
        try:
            for route in routes:
                orders = await route.live()
                exchange_id = route.account.exchange_id
                self._watcher.orders_known(exchange_id, orders)
                known = {order.cl_ord_id for order in orders}
                for order in self._held.pop(exchange_id):
                    if order.cl_ord_id not in known:  # it has come and gone meanwhile
                        self._watcher.order_changed(order)
        except DeskStopped:
            log.info("nobody is told anything any more")
