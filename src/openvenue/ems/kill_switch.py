"""The kill switch: halts pulled, swept, watched and released.

A halt is durable before the first cancel leaves. Every account in scope is swept at once, each by a
task of its own that goes on to watch it: what re-appears while the halt stands is canceled again,
and what could not be proven by the deadline is tried again. Only a release ends it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from openvenue.ems.config import EmsConfig
from openvenue.ems.connectors.port import FAILURES
from openvenue.ems.errors import HaltStays
from openvenue.ems.flatten import Flattener
from openvenue.ems.halt_commands import BeginRound, EndRound, PullSwitch, ReleaseHalt
from openvenue.ems.halt_events import Halted, HaltRepeated, ReleaseRefused
from openvenue.ems.halts import Halt, Leg, Trigger
from openvenue.ems.ledger import DeskStopped, Ledger
from openvenue.ems.misnomers import unknown_symbols
from openvenue.ems.order_log import Change
from openvenue.ems.orders import Account, HaltId
from openvenue.ems.proof import Ending, nobody_lists, nobody_tells
from openvenue.ems.route import Route
from openvenue.ems.rules.halt import is_meant
from openvenue.ems.scope import MAYBE_TRIGGERED, Names, Scope
from openvenue.ems.sweep import Sweep, Withdrawn
from openvenue.ems.testimony import Testimony
from openvenue.ems.timer import Timer
from openvenue.ems.unnamed import name_unnamed
from openvenue.engine.units import SECOND, Nanos

log = structlog.get_logger(__name__)

CLOSED_AGAIN_MAX: Final = 3  # somebody opens what is closed, and that costs money
NAMING_SECONDS_MAX: Final = 2.0  # for which orders a mass cancel removed
CHECK_SECONDS_MIN: Final = 1.0  # for names, at the deadline
GOOD: Final = (Ending.PROVEN, Ending.UNVERIFIABLE)  # nothing more can be done


class KillSwitch:
    """Of one desk."""

    def __init__(
        self,
        config: EmsConfig,
        ledger: Ledger,
        timer: Timer,
        routes: Mapping[Account, Route],
        flattener: Flattener,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._timer = timer
        self._routes = routes
        self._flattener = flattener
        self._legs: dict[tuple[HaltId, Account], _Leg] = {}

    # ---- what can be asked of it

    async def pull(
        self,
        scope: Scope,
        trigger: Trigger,
        *,
        flatten: bool,
        deadline_seconds: float | None,
        halt_id: HaltId | None = None,
        names: Names | None = None,
    ) -> Halt:
        """A halt of `scope`, durable, and under way everywhere; the one that stands, if it does.

        A deadline that is named shortens the one of a halt that runs. Raises: DeskStopped.
        """
        pulled = self._timer.monotonic()
        accounts = tuple(account for account in self._routes if scope.has(account))
        seconds = self._config.deadline_seconds if deadline_seconds is None else deadline_seconds
        (event,) = await self._ledger.submit(
            PullSwitch(
                scope=scope,
                accounts=accounts,
                trigger=trigger,
                flatten=flatten,
                deadline_seconds=seconds,
                halt_id=halt_id,
                names=names or Names(symbols=scope.symbols),
                has_named_deadline=deadline_seconds is not None,
            ),
            trigger.origin,
        )
        assert isinstance(event, Halted | HaltRepeated), "it is pulled, or was"
        if isinstance(event, HaltRepeated):
            await self._begin(event.halt_id, accounts)
        for account in accounts:
            self._start(event.halt_id, account, pulled if isinstance(event, Halted) else None)
            sweep = self._legs[event.halt_id, account].sweep
            if sweep is not None and deadline_seconds is not None:
                sweep.shorten(deadline_seconds)
        log.warning("kill switch", halt=event.halt_id, by=trigger.by, reason=trigger.reason)
        return self._halt(event.halt_id)

    async def halt(self, halt_id: HaltId) -> Halt:
        """One halt as it stands. Raises: KeyError."""
        return (await self._ledger.state()).halts[halt_id]

    async def ended(self, halt_id: HaltId) -> Halt:
        """The same, once no account of it is being swept for the first time any more."""
        legs = [leg for (of, _), leg in self._legs.items() if of == halt_id]
        await asyncio.gather(*(leg.has_ended.wait() for leg in legs))
        return await self.halt(halt_id)

    async def release(
        self, halt_id: HaltId, by: str, reason: str, *, even_unproven: bool = False
    ) -> Halt:
        """The halt, released. Raises: HaltStays; DeskStopped."""
        command = ReleaseHalt(halt_id=halt_id, by=by, reason=reason, even_unproven=even_unproven)
        (event,) = await self._ledger.submit(command, "release")
        if isinstance(event, ReleaseRefused):
            raise HaltStays(halt_id, event.reason)
        log.warning("halt released", halt=halt_id, by=by, reason=reason)
        for (of, _), leg in self._legs.items():
            if of == halt_id:
                leg.wake.set()
        return self._halt(halt_id)

    async def resume(self) -> None:
        """After a start: every halt that stands is swept and watched again."""
        for halt in list((await self._ledger.state()).active_halts()):
            accounts = [account for account in self._routes if halt.scope.has(account)]
            unproven = [it for it in accounts if not _is_good(halt.legs.get(it))]
            await self._begin(halt.halt_id, unproven)
            for account in accounts:
                self._start(halt.halt_id, account)

    async def close(self) -> None:
        """Leave everything as it is; halts stand."""
        tasks = [leg.task for leg in self._legs.values() if leg.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ---- an account of a halt

    async def _begin(self, halt_id: HaltId, accounts: Sequence[Account]) -> None:
        """New rounds, where none is under way."""
        begin = (BeginRound(halt_id=halt_id, account=account) for account in accounts)
        await asyncio.gather(*(self._ledger.submit(command) for command in begin))

    def _start(self, halt_id: HaltId, account: Account, pulled: float | None = None) -> None:
        """A task for it, if there is none; and if there is, it looks again now."""
        leg = self._legs.setdefault((halt_id, account), _Leg(pulled))
        if self._halt(halt_id).legs[account].ending is None:
            leg.has_ended.clear()
        leg.wake.set()
        if leg.task is None or leg.task.done():
            doing = self._until_stopped(halt_id, self._routes[account], leg)
            leg.task = asyncio.create_task(doing, name=f"{halt_id} on {account.exchange_id}")

    def _halt(self, halt_id: HaltId) -> Halt:
        """As it is known now. What was submitted and answered is in it, and durable."""
        return self._ledger.peek().halts[halt_id]

    async def _until_stopped(self, halt_id: HaltId, route: Route, leg: "_Leg") -> None:
        try:
            await self._follow(halt_id, route, leg)
        except DeskStopped:
            log.error("halt given up with the desk", halt=halt_id, account=str(route.account))
        finally:
            leg.has_ended.set()

    async def _follow(self, halt_id: HaltId, route: Route, leg: "_Leg") -> None:
        """Sweep, then watch, until it is released; at once when a feed tells of news in scope."""

        def heard(change: Change) -> None:
            order, halt = change.order, self._halt(halt_id)
            is_news = order.account == route.account and not order.has_ended
            if is_news and _is_good(halt.legs[route.account]) and is_meant(halt.scope, order):
                leg.wake.set()

        leave = self._ledger.log.listen(route.account.owner, heard)
        try:
            await self._until_released(halt_id, route, leg)
        finally:
            leave()

    async def _until_released(self, halt_id: HaltId, route: Route, leg: "_Leg") -> None:
        while (halt := self._halt(halt_id)).is_active:
            leg.wake.clear()
            if _is_good(halt.legs[route.account]):
                with route.needed():
                    await self._glance(halt, route)
                if not _is_good(self._halt(halt_id).legs[route.account]):
                    continue
            else:
                async with route.sweeping():
                    await self._round(halt, route, leg)
            if self._halt(halt_id).legs[route.account].ending is not None:
                leg.has_ended.set()
                await self._pause(leg)

    async def _pause(self, leg: "_Leg") -> None:
        """Until the next look, or until there is news."""
        sleeping = asyncio.ensure_future(self._timer.sleep(self._config.watch_seconds))
        waking = asyncio.ensure_future(leg.wake.wait())
        try:
            await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()

    async def _glance(self, halt: Halt, route: Route) -> None:
        """One look of the watch. What it shows makes the account one to be swept again."""
        sweep = self._sweep(halt, route)
        try:
            await sweep.look()
            if halt.flatten and _is_good(self._halt(halt.halt_id).legs[route.account]):
                await self._flattener.glance(halt, route)
        except FAILURES as error:
            log.info("not seen", halt=halt.halt_id, account=str(route.account), why=str(error))

    async def _round(self, halt: Halt, route: Route, leg: "_Leg") -> None:
        """One sweep, up to its deadline, and how it stands then."""
        sweep = leg.sweep = self._sweep(halt, route)
        unlistable = route.connector.capabilities.unlistable
        try:
            ending, why = await sweep.run()
            if ending is Ending.PROVEN and halt.flatten:
                ending, why = await self._flatten(halt, route, sweep)
            if ending is Ending.PROVEN:
                ending, why = await self._resolve(halt.halt_id, route, sweep)
            if ending is Ending.PROVEN and unlistable:
                ending, why = Ending.UNVERIFIABLE, nobody_lists(unlistable)
            doubtful = sum(halt.scope.why_kept(it) == MAYBE_TRIGGERED for it in sweep.kept)
            if ending is Ending.PROVEN and doubtful:
                ending, why = Ending.UNVERIFIABLE, nobody_tells(doubtful)
            unknown = None
            if ending in GOOD:
                await self._name_unnamed(halt, route, sweep)
                unknown = await self._unknown_symbols(halt, route, sweep)
        except Withdrawn:
            return
        except DeskStopped:
            raise
        except Exception:  # told as what it is; the watch tries again
            log.exception("a fault of the desk", halt=halt.halt_id, account=str(route.account))
            ending, why, unknown = Ending.UNKNOWN, "a fault of the desk", None
        finally:
            leg.sweep = None
        end = EndRound(
            halt_id=halt.halt_id,
            account=route.account,
            ending=ending,
            why=why,
            unlistable=unlistable,
            kept=tuple(it.cl_ord_id for it in sweep.kept),
            unknown_symbols=unknown,
            first_request=leg.take_first_request(sweep),
        )
        await self._ledger.submit(end)
        log.warning("swept", halt=halt.halt_id, account=str(route.account), ending=ending, why=why)

    async def _resolve(self, halt_id: HaltId, route: Route, sweep: Sweep) -> tuple[Ending, str]:
        """Wait for what became of each order: an empty list does not say which were filled."""
        while True:
            state = await self._ledger.state()
            orders = [state.orders[key] for key in state.halts[halt_id].orders]
            open_questions = [
                it for it in orders if it.account == route.account and not it.has_ended
            ]
            if not open_questions:
                return Ending.PROVEN, ""
            if sweep.seconds_left <= 0:
                why = f"no order is open; what became of {len(open_questions)} is not known yet"
                return Ending.UNKNOWN, why
            try:
                await route.vanished.account_for(open_questions)
            except FAILURES as error:
                log.info("orders not accounted for yet", why=str(error))
            orders = [await route.order(it.cl_ord_id) for it in open_questions]
            if not all(it.has_ended for it in orders):
                await self._timer.sleep(self._config.retry_seconds)

    async def _flatten(self, halt: Halt, route: Route, sweep: Sweep) -> tuple[Ending, str]:
        """Positions closed; those that come back again and again are left to people."""
        times = self._halt(halt.halt_id).legs[route.account].came_back
        if times <= CLOSED_AGAIN_MAX:
            return await self._flattener.flatten(halt, route, sweep)
        try:
            if not await self._flattener.glance(halt, route):
                return Ending.PROVEN, ""
        except FAILURES as error:
            return Ending.UNKNOWN, str(error)
        return Ending.LEFT, f"positions have come back {times} times: they are not closed any more"

    async def _name_unnamed(self, halt: Halt, route: Route, sweep: Sweep) -> None:
        """Asked once, when nothing is urgent any more, and not for long."""
        try:
            async with asyncio.timeout(min(sweep.seconds_left, NAMING_SECONDS_MAX)):
                await name_unnamed(route, halt)
        except TimeoutError:
            log.info("canceled orders stay unnamed: no answer", account=str(route.account))
        except DeskStopped:
            raise
        except Exception:  # which takes nothing from what is proven
            log.exception("a fault of the desk", halt=halt.halt_id, account=str(route.account))

    async def _unknown_symbols(
        self, halt: Halt, route: Route, sweep: Sweep
    ) -> tuple[str, ...] | None:
        """Asked for once, and not before all that is urgent has been done. In doubt all of them."""
        if self._halt(halt.halt_id).legs[route.account].unknown_symbols is not None:
            return None
        try:
            async with asyncio.timeout(max(sweep.seconds_left, CHECK_SECONDS_MIN)):
                return await unknown_symbols(route, halt.names)
        except TimeoutError:
            return halt.names.symbols

    def _sweep(self, halt: Halt, route: Route) -> Sweep:
        def is_wanted() -> bool:
            return self._halt(halt.halt_id).is_active

        testimony = Testimony(self._ledger, halt.halt_id, route.account)
        return Sweep(route, halt.scope, testimony, halt.deadline_seconds, is_wanted=is_wanted)


class _Leg:
    """The task that follows one account of a halt."""

    def __init__(self, pulled: float | None) -> None:
        self._pulled = pulled  # monotonic; None: before this start of the desk
        self.task: asyncio.Task[None] | None = None
        self.sweep: Sweep | None = None  # under way
        self.wake = asyncio.Event()  # something is to be looked at now
        self.has_ended = asyncio.Event()  # the round that somebody waits for

    def take_first_request(self, sweep: Sweep) -> Nanos | None:
        """How long after the trigger the first round asked for something."""
        pulled, self._pulled = self._pulled, None
        if pulled is None or sweep.first_asked is None:
            return None
        return Nanos(max(int((sweep.first_asked - pulled) * SECOND), 1))


def _is_good(leg: Leg | None) -> bool:
    """Nothing more can be done there but watch."""
    return leg is not None and leg.ending in GOOD
