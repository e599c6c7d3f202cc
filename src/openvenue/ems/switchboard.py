"""The kill switch as people meet it: what is meant, pulled, looked at, released, and tried dry."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from openvenue.ems.accounts import Accounts
from openvenue.ems.errors import HaltStays, NoSuchExchange, NoSuchHalt, NoSuchOwner
from openvenue.ems.halt_events import HaltRefusal
from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.kill_switch import KillSwitch
from openvenue.ems.ledger import Ledger
from openvenue.ems.orders import ExchangeId, HaltId, Side
from openvenue.ems.rehearsal import Rehearsal, rehearse
from openvenue.ems.report import HaltReport, is_seen, report
from openvenue.ems.route import Route
from openvenue.ems.scope import Scope, TriggerState, union
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

    def scope(
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
    ) -> Scope:
        """What is meant, in the form in which equal scopes are equal; symbols by all their names.

        Raises: NoSuchExchange, NoSuchOwner: a name that means no account, so that a slip of the
        pen does not prove something else empty.
        """
        wide = Scope(owners=tuple(AccountId(it) for it in union(owners)))
        for owner in wide.owners:
            if not any(account.owner == owner for account in self._accounts.routes):
                raise NoSuchOwner(owner)
        for venue in venues:
            narrow = replace(wide, exchange_ids=(ExchangeId(venue),))
            if not any(narrow.has(account) for account in self._accounts.routes):
                raise NoSuchExchange(venue)
        scope = replace(wide, exchange_ids=tuple(ExchangeId(it) for it in union(venues)))
        routes = [route for account, route in self._accounts.routes.items() if scope.has(account)]
        if not routes:
            raise NoSuchExchange(", ".join(venues) or "of any account")
        return replace(
            scope,
            symbols=union(name for it in symbols for name in _names_of(it, routes)),
            side=side,
            tags=union(tags),
            keeps_reduce_only=keeps_reduce_only,
            mine_only=mine_only,
            trigger_state=trigger_state,
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
        pulling = self._kill_switch.pull(
            scope, trigger, flatten=flatten, deadline_seconds=deadline_seconds
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

    async def halt(self, owner: AccountId | None, halt_id: str) -> HaltReport:
        """The report of one halt, as far as an owner may see it. Raises: NoSuchHalt."""
        state = await self._ledger.state()
        halt = state.halts.get(HaltId(halt_id))
        if halt is None or not is_seen(halt, owner):
            raise NoSuchHalt(halt_id)
        return report(state, halt, owner, live=self._accounts.live)

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
        await self._kill_switch.release(halt.halt_id, by, reason)
        return await self.halt(owner, halt_id)

    async def rehearse(self, scope: Scope) -> list[Rehearsal]:
        """What a halt of `scope` would cancel now, by the venues' own lists. Nothing is halted."""
        routes = [route for account, route in self._accounts.routes.items() if scope.has(account)]
        return await asyncio.gather(*(self._tasks.shielded(rehearse(it, scope)) for it in routes))


def _names_of(symbol: str, routes: Sequence[Route]) -> Iterator[str]:
    """What is meant by `symbol`, as each of the venues calls it, and as all do."""
    yield symbol
    for route in routes:
        own, common = route.connector.own_symbol(symbol), route.connector.common_symbol(symbol)
        names = (own, common, route.connector.common_symbol(own) if own else "")
        yield from (it for it in names if it)
