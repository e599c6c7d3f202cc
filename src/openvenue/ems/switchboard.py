"""The kill switch as people meet it: what is meant, pulled, looked at, released, and tried dry."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from openvenue.ems.accounts import Accounts
from openvenue.ems.errors import HaltStays, NoSuchExchange, NoSuchHalt, NoSuchOwner, NoSuchRun
from openvenue.ems.halt_events import HaltRefusal
from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.kill_switch import KillSwitch
from openvenue.ems.ledger import Ledger
from openvenue.ems.misnomers import names_at, warnings
from openvenue.ems.orders import Account, ExchangeId, HaltId, RunId, Side
from openvenue.ems.rehearsal import DryRun, rehearse
from openvenue.ems.report import HaltReport, is_seen, report
from openvenue.ems.route import Route
from openvenue.ems.run_report import RunReport, run_report
from openvenue.ems.scope import Aim, Names, Scope, TriggerState, union
from openvenue.ems.tasks import Tasks
from openvenue.engine.units import AccountId


class Switchboard:
    """Of one desk."""

    def __init__(
        self, accounts: Accounts, ledger: Ledger, kill_switch: KillSwitch, tasks: Tasks
    ) -> None:
        self._accounts: Final = accounts
        self._ledger: Final = ledger
        self._kill_switch: Final = kill_switch
        self._tasks: Final = tasks

    def aim(
        self,
        *,
        owners: Sequence[str] = (),
        venues: Sequence[str] = (),
        symbols: Sequence[str] = (),
        side: Side | None = None,
        tags: Sequence[str] = (),
        keeps_reduce_only: bool = False,
        mine_only: bool = False,
        trigger_state: TriggerState | None = None,
    ) -> Aim:
        """What is meant, in the form in which equal scopes are equal; symbols by all their names.

        An account or an exchange that there is none of is left out and told, where others of its
        filter are known. Raises: NoSuchExchange, NoSuchOwner: none is known, so that a slip of
        the pen does not prove something else empty.
        """
        routes = self._accounts.routes
        known = [it for it in union(owners) if any(to.owner == it for to in routes)]
        if owners and not known:
            raise NoSuchOwner(", ".join(owners))
        wide = Scope(owners=tuple(AccountId(it) for it in known))
        there = [it for it in union(venues) if _reaches(routes, wide, it)]
        if venues and not there:
            raise NoSuchExchange(", ".join(venues))
        scope = replace(wide, exchange_ids=tuple(ExchangeId(it) for it in there))
        meant = [route for account, route in routes.items() if scope.has(account)]
        if not meant:
            raise NoSuchExchange("of any account")
        strange = (
            *(f"account {it}" for it in union(owners) if it not in known),
            *(f"exchange {it}" for it in union(venues) if it not in there),
        )
        scope = replace(
            scope,
            symbols=union(name for it in symbols for name in _names_of(it, meant)),
            side=side,
            tags=union(tags),
            keeps_reduce_only=keeps_reduce_only,
            mine_only=mine_only,
            trigger_state=trigger_state,
        )
        return Aim(scope, Names(symbols=union(symbols), strange=strange))

    def scope(self, **filters: Any) -> Scope:
        """What is meant by names that are all known. Raises: NoSuchExchange; NoSuchOwner."""
        return self.aim(**filters).scope

    async def kill(
        self,
        scope: Scope,
        trigger: Trigger,
        *,
        flatten: bool = False,
        deadline_seconds: float | None = None,
        waits: bool = False,
        names: Names | None = None,
    ) -> HaltReport:
        """Halt `scope`: durable and under way when this returns; with `waits`, swept.

        What was begun goes on, also when the client has left.
        """
        pulling = self._kill_switch.pull(
            scope, trigger, flatten=flatten, deadline_seconds=deadline_seconds, names=names
        )
        halt = await self._tasks.shielded(pulling)
        if waits:
            await self._kill_switch.ended(halt.halt_id)
        return await self.halt(trigger.owner, halt.halt_id)

    def kill_by_signal(self) -> None:
        """Halt everything of every account; under way when the loop turns."""
        trigger = Trigger(origin=Origin.SIGNAL, by="a signal to the process", reason="SIGUSR1")
        pulling = self._kill_switch.pull(Scope(), trigger, flatten=False, deadline_seconds=None)
        self._tasks.start(pulling)

    async def halts(self, owner: AccountId | None) -> list[HaltReport]:
        """Every halt that an owner may see (None: all there are), oldest first."""
        halts = (await self._ledger.state()).halts.values()
        return [await self.halt(owner, it.halt_id) for it in list(halts) if is_seen(it, owner)]

    async def standing(self) -> list[HaltId]:
        """The names of halts that nobody has released, oldest first."""
        halts = (await self._ledger.state()).halts.values()
        return [it.halt_id for it in halts if it.release is None]

    async def halt(self, owner: AccountId | None, halt_id: str) -> HaltReport:
        """The report of one halt, as far as an owner may see it. Raises: NoSuchHalt."""
        state = await self._ledger.state()
        halt = state.halts.get(HaltId(halt_id))
        if halt is None or not is_seen(halt, owner):
            raise NoSuchHalt(halt_id)
        return report(state, halt, owner, live=self._accounts.live)

    async def release(
        self,
        owner: AccountId | None,
        halt_id: str,
        by: str,
        reason: str,
        *,
        even_unproven: bool = False,
    ) -> HaltReport:
        """End a halt; its report. Raises: NoSuchHalt; HaltStays.

        An owner can end what came through this owner's key; the operator, everything. A halt that
        is not proven wants `even_unproven`.
        """
        halt = (await self._ledger.state()).halts.get(HaltId(halt_id))
        if halt is None or not is_seen(halt, owner):
            raise NoSuchHalt(halt_id)
        if owner is not None and halt.trigger.owner != owner:
            raise HaltStays(halt_id, HaltRefusal.NOT_YOURS)
        await self._kill_switch.release(halt.halt_id, by, reason, even_unproven=even_unproven)
        return await self.halt(owner, halt_id)

    async def runs(self, owner: AccountId | None) -> list[RunReport]:
        """Every cancel-all of an owner's accounts (None: of all), oldest first."""
        state = await self._ledger.state()
        runs = state.runs.values()
        return [run_report(state, it) for it in runs if owner in (None, it.account.owner)]

    async def run(self, owner: AccountId | None, run_id: str) -> RunReport:
        """The report of one. Raises: NoSuchRun."""
        state = await self._ledger.state()
        run = state.runs.get(RunId(run_id))
        if run is None or owner not in (None, run.account.owner):
            raise NoSuchRun(run_id)
        return run_report(state, run)

    async def rehearse(self, aim: Aim) -> DryRun:
        """What a halt would cancel now, by the venues' own lists. Nothing is halted."""
        routes = [it for account, it in self._accounts.routes.items() if aim.scope.has(account)]
        told = await asyncio.gather(*(self._tasks.shielded(rehearse(it, aim)) for it in routes))
        state = await self._ledger.state()
        accounts = [it.account for it in told]
        unknown = [it.unknown_symbols for it in told]
        return DryRun(
            scope=aim.scope,
            accounts=tuple(told),
            warnings=warnings(state, aim.scope, aim.names, accounts, unknown),
        )


def _reaches(accounts: Iterable[Account], scope: Scope, venue: str) -> bool:
    narrow = replace(scope, exchange_ids=(ExchangeId(venue),))
    return any(narrow.has(account) for account in accounts)


def _names_of(symbol: str, routes: Sequence[Route]) -> Iterator[str]:
    """What is meant by `symbol`, at each of the venues."""
    yield symbol
    for route in routes:
        yield from names_at(route.connector, symbol)
