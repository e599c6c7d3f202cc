"""The desk: one face for clients' orders to many venues, behind a machine with its own journal.

An intent is durable before it leaves: whatever happens to this process, the next one knows what may
be at a venue, under which name, and asks. Nothing is ever sent twice.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from openvenue.ems import markers, snapshots
from openvenue.ems.cancel_all import cancel_all
from openvenue.ems.commands import AskCancel, PlaceOrder, RecordCancelFailed, RecordUnsent, Resume
from openvenue.ems.config import EmsConfig
from openvenue.ems.connect import connect
from openvenue.ems.connectors.port import (
    Balance,
    Capabilities,
    Connector,
    Position,
    Silent,
    TooMany,
    Unreachable,
    VenueRefused,
)
from openvenue.ems.dead_mans_switch import EmulatedSwitch, NativeSwitch, Switch, SwitchHealth
from openvenue.ems.engine import Engine
from openvenue.ems.errors import (
    CancelRefused,
    DuplicateOrder,
    HaltStays,
    NoAnswer,
    NoSuchExchange,
    NoSuchHalt,
    NoSuchOrder,
    NoSuchOwner,
    VenueDown,
)
from openvenue.ems.events import Refused
from openvenue.ems.expiry import expire, see_canceled, why_expired
from openvenue.ems.flatten import Flattener
from openvenue.ems.follow import FeedHealth
from openvenue.ems.halt_events import HaltRefusal
from openvenue.ems.halts import Origin, Scope, Trigger, union
from openvenue.ems.kill_switch import KillSwitch
from openvenue.ems.ledger import DeskStopped, Ledger
from openvenue.ems.order_log import Change
from openvenue.ems.orders import (
    Account,
    ClOrdId,
    ExchangeId,
    HaltId,
    Order,
    Side,
    Terms,
    TimeInForce,
    is_tagged,
)
from openvenue.ems.presence import Presence
from openvenue.ems.records import EMS, Entry
from openvenue.ems.rehearsal import Rehearsal, rehearse
from openvenue.ems.report import HaltReport, is_seen, report
from openvenue.ems.route import FAILURES, Route
from openvenue.ems.state import Run
from openvenue.ems.timer import RealTimer, Timer
from openvenue.ems.watch import Listening, Watch, Watcher
from openvenue.engine.units import AccountId, Nanos
from openvenue.journal.files import FileJournalOf
from openvenue.journal.memory import MemoryJournalOf
from openvenue.journal.port import JournalOf

log = structlog.get_logger(__name__)

SNAPSHOT_LOOK_SECONDS: Final = 60.0
CANCELS_FIRST: Final = "The exchange wants fewer requests, and cancels go first."
CANCELED_BEFORE: Final = "Canceled before it was sent."
T = TypeVar("T")


class AccountStatus(Struct, frozen=True):
    """What can be told of an account without asking its exchange."""

    account: Account
    capabilities: Capabilities
    feed: FeedHealth
    switch: SwitchHealth  # of a dead man


class Ems:
    """Made by `open`."""

    def __init__(
        self,
        config: EmsConfig,
        ledger: Ledger,
        timer: Timer,
        connectors: Mapping[Account, Connector],
        markers_folder: Path | None = None,
    ) -> None:
        self._config: Final = config
        self._timer: Final = timer
        self._markers: Final = markers.Markers(markers_folder)
        self._honouring: Final = asyncio.Lock()
        self._ledger: Final = ledger
        self._tasks: set[asyncio.Task[Any]] = set()
        self._routes = {
            account: Route(account, connector, ledger, timer, config)
            for account, connector in connectors.items()
        }
        self._switches: dict[Account, Switch] = {}
        self.kill_switch: Final = KillSwitch(
            config, ledger, timer, self._routes, Flattener(self._place_own)
        )
        self._watches = {account: Watch(route) for account, route in self._routes.items()}

    @classmethod
    async def open(
        cls,
        directory: Path | None,
        config: EmsConfig,
        timer: Timer | None = None,
        connectors: Mapping[Account, Connector] | None = None,
    ) -> "Ems":
        """The desk as its journal in `directory` left it (None: nowhere, and nothing survives).

        `connectors`: other ways to the accounts than `config` says. Raises: JournalError.
        """
        journal: JournalOf[Entry]
        engine, seq = Engine(), 0
        if directory is None:
            journal = MemoryJournalOf[Entry]()
        else:
            journal = await asyncio.to_thread(FileJournalOf, directory, EMS, config.durability)
            engine, changes, seq = await asyncio.to_thread(
                snapshots.begin, directory, journal.last_seq
            )
            engine.remember(changes)
            snapshots.set_aside_newer(directory / snapshots.SNAPSHOTS, journal.last_seq)
        folder = None if directory is None else markers.folder_of(directory)
        past = journal.replay(seq)
        desk = await cls._begin(config, engine, journal, past, timer, connectors, folder)
        await desk.kill_switch.resume()
        await desk._honour()
        desk._start(desk._honour_for_ever())
        desk._guard()
        if directory is not None:
            desk._start(desk._keep_snapshots(directory, seq))
        return desk

    @classmethod
    async def stand_in(cls, config: EmsConfig, past: Iterable[Sequence[Entry]]) -> "Ems":
        """A desk that knows what another one's journal says, and writes nothing.

        For the kill switch while the other one is silent. Halts in `past` are not taken up.
        """
        journal, timer = MemoryJournalOf[Entry](), RealTimer()
        connectors = connect(config, timer, forgiving=True)
        return await cls._begin(config, Engine(), journal, past, timer, connectors, None)

    @classmethod
    async def _begin(
        cls,
        config: EmsConfig,
        engine: Engine,
        journal: JournalOf[Entry],
        past: Iterable[Sequence[Entry]],
        timer: Timer | None,
        connectors: Mapping[Account, Connector] | None,
        folder: Path | None,
    ) -> "Ems":
        timer = timer or RealTimer()
        connectors = connect(config, timer) if connectors is None else connectors
        for group in past:
            for entry in group:
                engine.fold(entry.events, entry.time)
        ledger = Ledger(engine, journal, timer)
        await ledger.submit(Resume())
        desk = cls(config, ledger, timer, connectors, folder)
        for route in desk._routes.values():
            route.catch_up()
            for order in await route.live():
                desk._see_to_end(route, order)
                if order.ends_with_session:  # whose it was is gone
                    desk._start(see_canceled(route, order))
        return desk

    async def close(self) -> None:
        """Leave orders where they are; whatever is under way is unknown to the next start."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.kill_switch.close()
        for watch in self._watches.values():
            await watch.close()
        await asyncio.gather(*(switch.disarm() for switch in self._switches.values()))
        for route in self._routes.values():
            await route.close()
        await self._ledger.close()

    def _guard(self) -> None:
        """Arm the dead man's switches that are configured."""
        for it in self._config.accounts:
            route = self._routes.get(it.account)
            if route is None or not it.dead_mans_switch_seconds:
                continue
            seconds = it.dead_mans_switch_seconds
            if route.connector.capabilities.dead_mans_switch == "native":
                switch: Switch = NativeSwitch(route, seconds)
            else:
                switch = EmulatedSwitch(route, seconds, partial(self._sweep, route))
            self._switches[it.account] = switch
            self._start(_watched(switch))

    @property
    def stopped(self) -> str | None:
        """Why the desk takes nothing more; None while it does."""
        return self._ledger.stopped

    # ---- what exists

    def route(self, owner: AccountId, exchange_id: str) -> Route:
        """The way to an owner's account. Raises: NoSuchExchange.

        A bare name never stands for tagged accounts: a cancel-all that does half the job is worse
        than none.
        """
        found = self._routes.get(Account(owner, ExchangeId(exchange_id)))
        if found is not None:
            self._used(found)
            return found
        tagged = tuple(
            account.exchange_id
            for account in self._routes
            if account.owner == owner and is_tagged(account.exchange_id, exchange_id)
        )
        raise NoSuchExchange(exchange_id, tagged if exchange_id else ())

    def _chosen(self, owner: AccountId, exchange_id: str | None) -> list[Route]:
        if exchange_id is not None:
            return [self.route(owner, exchange_id)]
        chosen = [route for account, route in self._routes.items() if account.owner == owner]
        for route in chosen:
            self._used(route)
        return chosen

    def heartbeat(self, owner: AccountId) -> None:
        """A sign of life of an owner's client, for what watches for silence.

        Every call about an account is one, too.
        """
        for account, switch in self._switches.items():
            if account.owner == owner:
                switch.heard()

    def _used(self, route: Route) -> None:
        route.follow()
        switch = self._switches.get(route.account)
        if switch is not None:
            switch.heard()

    def capabilities(self, owner: AccountId | None = None) -> list[AccountStatus]:
        """What each account's exchange can do, and how its feed stands; of one owner, or of all."""
        return [
            AccountStatus(
                account,
                route.connector.capabilities,
                route.feed,
                self._switches[account].health if account in self._switches else SwitchHealth(),
            )
            for account, route in self._routes.items()
            if owner is None or account.owner == owner
        ]

    # ---- orders

    async def place(
        self,
        owner: AccountId,
        exchange_id: str,
        cl_ord_id: ClOrdId,
        terms: Terms,
        tag: str = "",
        presence: Presence | None = None,
    ) -> Order:
        """Send an order; what is known of it when the venue has answered.

        `tag` says whose it is within its owner; the kill switch can be told one. `presence`: it is
        canceled when that is over.
        Raises: NoSuchExchange; DuplicateOrder; VenueDown: it never left. NoAnswer: it may be there.
        """
        route = self.route(owner, exchange_id)
        try:
            await route.connector.ready()
        except FAILURES as error:
            raise VenueDown(str(error)) from error
        terms, unfit = route.fitted(terms)
        unfit = unfit or why_expired(terms, self._ledger.now()) or route.connector.admit(terms)
        command = PlaceOrder(
            account=route.account,
            cl_ord_id=cl_ord_id,
            terms=terms,
            unfit=unfit,
            tag=tag,
            ends_with_session=presence is not None,
        )
        await self._honour_what_came()
        return await self._shielded(self._place(route, command, presence))

    async def _place_own(self, route: Route, command: PlaceOrder) -> Order:
        """An order that nobody's session asked for."""
        return await self._place(route, command, None)

    async def _place(self, route: Route, command: PlaceOrder, presence: Presence | None) -> Order:
        events = await self._ledger.submit(command, "client")
        if isinstance(events[0], Refused):
            raise DuplicateOrder(command.cl_ord_id)
        await self._honour_what_came()
        order = await route.order(command.cl_ord_id)
        if order.has_ended:
            return order
        if order.cancel_wanted or (presence is not None and presence.is_over):
            owner, cl_ord_id = order.key
            unsent = RecordUnsent(owner=owner, cl_ord_id=cl_ord_id, why=CANCELED_BEFORE)
            await self._ledger.submit(unsent)
            return await route.order(cl_ord_id)
        if route.is_pressed and command.flattens is None:
            owner, cl_ord_id = order.key
            unsent = RecordUnsent(owner=owner, cl_ord_id=cl_ord_id, why=CANCELS_FIRST)
            await self._ledger.submit(unsent)
            return await route.order(cl_ord_id)
        if presence is not None:
            presence.orders[order.cl_ord_id] = route
        self._see_to_end(route, order)
        try:
            await route.send(order)
        except Unreachable as error:
            raise VenueDown(str(error)) from error
        except Silent as error:
            raise NoAnswer(str(error)) from error
        order = await route.order(command.cl_ord_id)
        if presence is not None and order.has_ended:
            presence.orders.pop(order.cl_ord_id, None)
        return order

    def end(self, presence: Presence) -> None:
        """A client has left: cancel what it wanted to end with it."""
        presence.is_over = True
        for cl_ord_id, route in presence.orders.items():
            self._start(self._end(route, cl_ord_id))

    async def _end(self, route: Route, cl_ord_id: ClOrdId) -> None:
        await see_canceled(route, await route.order(cl_ord_id))

    async def cancel(
        self, owner: AccountId, exchange_id: str, *, cl_ord_id: str = "", order_id: str = ""
    ) -> Order:
        """Cancel one order by either name; the last that is known of it.

        An order in flight is canceled when the venue answers. One that has ended stays as it is.
        Raises: NoSuchExchange; NoSuchOrder; VenueDown; NoAnswer; CancelRefused.
        """
        route = self.route(owner, exchange_id)
        order = await self._named(route, cl_ord_id, order_id)
        await self._ledger.submit(AskCancel(owner=owner, cl_ord_id=order.cl_ord_id), "client")
        if not order.has_ended and order.cl_ord_id not in route.sending:
            await self._shielded(self._cancel(route, order))
        return await route.order(order.cl_ord_id)

    async def _cancel(self, route: Route, order: Order) -> None:
        try:
            await _tell(lambda: route.cancel(order))
        except VenueDown as error:
            owner, cl_ord_id = order.key  # told as not done, so it is not done later either
            failed = RecordCancelFailed(owner=owner, cl_ord_id=cl_ord_id, why=str(error))
            await self._ledger.submit(failed)
            raise
        except NoAnswer:
            route.chase(order.cl_ord_id)
            raise

    async def _named(self, route: Route, cl_ord_id: str, order_id: str) -> Order:
        state = await self._ledger.state()
        if cl_ord_id:
            order = state.orders.get((route.account.owner, ClOrdId(cl_ord_id)))
        else:
            order = state.find(route.account, order_id)
            if order is None:  # perhaps somebody else's
                await self._shielded(_tell(route.sync))
                order = (await self._ledger.state()).find(route.account, order_id)
        if order is None or order.account != route.account:
            raise NoSuchOrder(f"Order with ID: {cl_ord_id or order_id} not found")
        return order

    async def cancel_all(self, owner: AccountId, exchange_id: str) -> Run:
        """Cancel everything on an account; the report. Who comes second joins the run under way.

        Raises: NoSuchExchange.
        """
        return await self._sweep(self.route(owner, exchange_id))

    async def _sweep(self, route: Route) -> Run:
        if route.running is None or route.running.done():
            name = f"cancel all {route.account.exchange_id}"
            route.running = asyncio.create_task(cancel_all(route), name=name)
        return await asyncio.shield(route.running)

    async def order(self, owner: AccountId, cl_ord_id: str) -> Order:
        """An order, asked for at its venue if it has not ended. Raises: NoSuchOrder.

        Of a venue that does not answer: the last that is known.
        """
        order = (await self._ledger.state()).orders.get((owner, ClOrdId(cl_ord_id)))
        if order is None:
            raise NoSuchOrder(f"Order with ID: {cl_ord_id} not found")
        route = self._routes.get(order.account)
        if route is None or route.is_pressed:
            return order
        if order.has_ended or order.is_in_flight or order.is_unknown:
            return order
        try:
            await self._shielded(route.look_for(order))
        except FAILURES:
            return order
        return await route.order(order.cl_ord_id)

    async def open_orders(self, owner: AccountId, exchange_id: str | None) -> list[Order]:
        """Orders that have not ended, of one account or of all, oldest first in each.

        Raises: NoSuchExchange; VenueDown, NoAnswer: of the one that was asked for. Of all, those
        that do not answer tell the last that is known.
        """
        routes = self._chosen(owner, exchange_id)
        asked = (self._shielded(_tell(_spared(route, route.sync))) for route in routes)
        for failed in await asyncio.gather(*asked, return_exceptions=True):
            is_expected = isinstance(failed, VenueDown | NoAnswer | CancelRefused)
            if isinstance(failed, BaseException) and (exchange_id is not None or not is_expected):
                raise failed
        return [order for route in routes for order in await route.live()]

    async def changes(
        self, owner: AccountId, start: Nanos, end: Nanos, most: int
    ) -> Sequence[Change] | None:
        """Changes of an owner's orders from `start` to `end`, both included, oldest first.

        None: they are more than `most`.
        """
        await self._ledger.state()
        return self._ledger.log.between(owner, start, end, most)

    # ---- the kill switch

    def scope(
        self,
        *,
        owners: Sequence[str] = (),
        venues: Sequence[str] = (),
        symbols: Sequence[str] = (),
        side: Side | None = None,
        tags: Sequence[str] = (),
        keeps_reduce_only: bool = False,
    ) -> Scope:
        """What is meant, in the form in which equal scopes are equal; symbols by all their names.

        Raises: NoSuchExchange, NoSuchOwner: a name that means no account, so that a slip of the
        pen does not prove something else empty.
        """
        wide = Scope(owners=tuple(AccountId(it) for it in union(owners)))
        for owner in wide.owners:
            if not any(account.owner == owner for account in self._routes):
                raise NoSuchOwner(owner)
        for venue in venues:
            narrow = replace(wide, exchange_ids=(ExchangeId(venue),))
            if not any(narrow.has(account) for account in self._routes):
                raise NoSuchExchange(venue)
        scope = replace(wide, exchange_ids=tuple(ExchangeId(it) for it in union(venues)))
        routes = [route for account, route in self._routes.items() if scope.has(account)]
        if not routes:
            raise NoSuchExchange(", ".join(venues) or "of any account")
        return replace(
            scope,
            symbols=union(name for it in symbols for name in _names_of(it, routes)),
            side=side,
            tags=union(tags),
            keeps_reduce_only=keeps_reduce_only,
        )

    async def kill(
        self,
        scope: Scope,
        trigger: Trigger,
        *,
        flatten: bool = False,
        deadline_seconds: float | None = None,
        waits: bool = False,
    ) -> HaltReport:
        """Halt `scope`: durable and under way when this returns; with `waits`, swept.

        What was begun goes on, also when the client has left.
        """
        pulling = self.kill_switch.pull(
            scope, trigger, flatten=flatten, deadline_seconds=deadline_seconds
        )
        halt = await self._shielded(pulling)
        if waits:
            await self.kill_switch.ended(halt.halt_id)
        return await self.halt(trigger.owner, halt.halt_id)

    def kill_by_signal(self) -> None:
        """Halt everything of every account; under way when the loop turns."""
        trigger = Trigger(origin=Origin.SIGNAL, by="a signal to the process", reason="SIGUSR1")
        pulling = self.kill_switch.pull(Scope(), trigger, flatten=False, deadline_seconds=None)
        self._start(pulling)

    async def halts(self, owner: AccountId | None) -> list[HaltReport]:
        """Every halt that an owner may see (None: all there are), oldest first."""
        halts = (await self._ledger.state()).halts.values()
        return [await self.halt(owner, it.halt_id) for it in list(halts) if is_seen(it, owner)]

    async def halt(self, owner: AccountId | None, halt_id: str) -> HaltReport:
        """The report of one halt, as far as an owner may see it. Raises: NoSuchHalt."""
        state = await self._ledger.state()
        halt = state.halts.get(HaltId(halt_id))
        if halt is None or not is_seen(halt, owner):
            raise NoSuchHalt(halt_id)
        return report(state, halt, owner, live=self._live)

    async def release(
        self, owner: AccountId | None, halt_id: str, by: str, reason: str
    ) -> HaltReport:
        """End a halt; its report. Raises: NoSuchHalt; HaltStays.

        An owner can end what came through this owner's key; the operator, everything.
        """
        halt = (await self._ledger.state()).halts.get(HaltId(halt_id))
        if halt is None or not is_seen(halt, owner):
            raise NoSuchHalt(halt_id)
        if owner is not None and halt.trigger.owner != owner:
            raise HaltStays(halt_id, HaltRefusal.NOT_YOURS)
        await self.kill_switch.release(halt.halt_id, by, reason)
        return await self.halt(owner, halt_id)

    async def rehearse(self, scope: Scope) -> list[Rehearsal]:
        """What a halt of `scope` would cancel now, by the venues' own lists. Nothing is halted."""
        routes = [route for account, route in self._routes.items() if scope.has(account)]
        return await asyncio.gather(*(self._shielded(rehearse(it, scope)) for it in routes))

    async def _honour_what_came(self) -> None:
        """Before an order goes on: whatever was left as a file counts from now on."""
        if self._honouring.locked() or self._markers.have_come():
            await self._honour()

    async def _honour(self) -> None:
        """Take halts that were left as files into the journal."""
        async with self._honouring:
            for marker in self._markers.take():
                log.warning("a halt was left as a file", halt=marker.halt_id, by=marker.by)
                if marker.halt_id not in self._ledger.peek().halts:
                    pulling = self.kill_switch.pull(
                        marker.scope,
                        marker.trigger,
                        flatten=marker.flatten,
                        deadline_seconds=marker.deadline_seconds,
                        halt_id=marker.halt_id,
                    )
                    await self._shielded(pulling)
                assert self._markers.folder is not None, "it was in there"
                markers.set_aside(self._markers.folder, marker.halt_id, markers.TAKEN)

    async def _honour_for_ever(self) -> None:
        """While nobody asks for anything, too."""
        while True:
            await self._timer.sleep(self._config.marker_seconds)
            try:
                await self._honour_what_came()
            except OSError as error:
                log.error("halts that were left as files cannot be read", why=str(error))

    async def _keep_snapshots(self, directory: Path, seq: int) -> None:
        """Have one made by a process beside us whenever enough has been journaled since."""
        while True:
            if self._ledger.seq - seq >= self._config.snapshot_every:
                seq = self._ledger.seq
                maker = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", snapshots.__name__, str(directory)),
                )
                try:
                    if await maker.wait():
                        log.warning("no snapshot was made", directory=str(directory))
                finally:
                    if maker.returncode is None:  # the desk closes: a half one is no snapshot
                        maker.kill()
                        await maker.wait()
            await self._timer.sleep(SNAPSHOT_LOOK_SECONDS)

    @property
    def _live(self) -> frozenset[Account]:
        """Accounts that are not on this machine."""
        return frozenset(
            account
            for account, route in self._routes.items()
            if route.connector.capabilities.is_live
        )

    @property
    def is_live(self) -> bool:
        """Whether an order can leave this machine."""
        return bool(self._live)

    # ---- whoever listens

    def exchanges(self, owner: AccountId) -> dict[ExchangeId, bool]:
        """Every account of an owner; whether its venue answered somebody who listens."""
        return {
            account.exchange_id: watch.is_running
            for account, watch in self._watches.items()
            if account.owner == owner
        }

    def listen(self, owner: AccountId, watcher: Watcher) -> Listening:
        """Tell `watcher` all that is known of an owner's accounts, and all that comes to be."""
        mine = [account for account in self._routes if account.owner == owner]
        watches = [self._watches[account] for account in mine]
        return Listening(watcher, watches, [self._routes[account] for account in mine])

    def now(self) -> Nanos:
        """The desk's time."""
        return self._ledger.now()

    # ---- money

    async def balances(
        self, owner: AccountId, exchange_id: str | None
    ) -> list[tuple[ExchangeId, Sequence[Balance] | None]]:
        """What each account holds; None: its venue does not answer.

        Raises: NoSuchExchange; VenueDown, NoAnswer: of the one that was asked for.
        """
        return await self._of_each(owner, exchange_id, lambda it: it.balances())

    async def positions(
        self, owner: AccountId, exchange_id: str | None
    ) -> list[tuple[ExchangeId, Sequence[Position] | None]]:
        """As `balances`, of open positions."""
        return await self._of_each(owner, exchange_id, lambda it: it.positions())

    async def _of_each(
        self,
        owner: AccountId,
        exchange_id: str | None,
        ask: Callable[[Connector], Coroutine[Any, Any, T]],
    ) -> list[tuple[ExchangeId, T | None]]:
        async def one(route: Route) -> tuple[ExchangeId, T | None]:
            try:
                asking = _spared(route, lambda: ask(route.connector))
                return route.account.exchange_id, await _tell(asking)
            except (VenueDown, NoAnswer, CancelRefused):
                if exchange_id is not None:
                    raise
                return route.account.exchange_id, None

        return await asyncio.gather(*(one(it) for it in self._chosen(owner, exchange_id)))

    def _see_to_end(self, route: Route, order: Order) -> None:
        if order.terms.time_in_force is TimeInForce.GTD_DESK:
            self._start(expire(route, order))

    def _start(self, doing: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def _shielded(self, doing: Coroutine[Any, Any, T]) -> T:
        """What was begun goes on to its end, also when the client has left."""
        return await asyncio.shield(self._start(doing))

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # has been told to whoever still listens


def _spared(
    route: Route, doing: Callable[[], Coroutine[Any, Any, T]]
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A question that is not put to a venue whose patience is needed for cancels."""

    async def asked() -> T:
        if route.is_pressed:
            raise Silent(CANCELS_FIRST)
        return await doing()

    return asked


async def _tell(doing: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The desk's words for what a venue did not do."""
    try:
        return await doing()
    except Unreachable as error:
        raise VenueDown(str(error)) from error
    except Silent as error:
        raise NoAnswer(str(error)) from error
    except TooMany as error:
        raise NoAnswer(str(error)) from error
    except VenueRefused as error:
        raise CancelRefused(str(error)) from error


def _names_of(symbol: str, routes: Sequence[Route]) -> Iterator[str]:
    """What is meant by `symbol`, as each of the venues calls it, and as all do."""
    yield symbol
    for route in routes:
        own, common = route.connector.own_symbol(symbol), route.connector.common_symbol(symbol)
        names = (own, common, route.connector.common_symbol(own) if own else "")
        yield from (it for it in names if it)


async def _watched(switch: Switch) -> None:
    try:
        await switch.run()
    except DeskStopped:
        log.info("dead man's switch ends with the desk")
    except Exception:  # nobody waits for it: it must not fail in silence
        log.exception("dead man's switch failed")
        raise
