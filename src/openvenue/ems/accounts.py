"""The accounts of a desk: the way to each, who watches over it, and how each stands."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

import structlog
from msgspec import Struct

from openvenue.ems.cancel_all import cancel_all
from openvenue.ems.config import EmsConfig
from openvenue.ems.connectors.port import Capabilities
from openvenue.ems.dead_mans_switch import EmulatedSwitch, NativeSwitch, Switch, SwitchHealth
from openvenue.ems.errors import NoSuchExchange
from openvenue.ems.follow import FeedHealth
from openvenue.ems.ledger import DeskStopped
from openvenue.ems.orders import Account, ExchangeId, is_tagged
from openvenue.ems.route import Route
from openvenue.ems.tasks import Tasks
from openvenue.ems.watch import Listening, Watch, Watcher
from openvenue.engine.units import AccountId

log = structlog.get_logger(__name__)


class AccountStatus(Struct, frozen=True):
    """What can be told of an account without asking its exchange."""

    account: Account
    capabilities: Capabilities
    feed: FeedHealth
    switch: SwitchHealth  # of a dead man


class Accounts:
    """All that a desk has."""

    def __init__(self, routes: Mapping[Account, Route]) -> None:
        self.routes: Final = routes
        self._switches: Final[dict[Account, Switch]] = {}
        self._watches: Final = {account: Watch(route) for account, route in routes.items()}

    # ---- which one

    def route(self, owner: AccountId, exchange_id: str) -> Route:
        """The way to an owner's account. Raises: NoSuchExchange.

        A bare name never stands for tagged accounts: a cancel-all that does half the job is worse
        than none.
        """
        found = self.routes.get(Account(owner, ExchangeId(exchange_id)))
        if found is not None:
            self._used(found)
            return found
        tagged = tuple(
            account.exchange_id
            for account in self.routes
            if account.owner == owner and is_tagged(account.exchange_id, exchange_id)
        )
        raise NoSuchExchange(exchange_id, tagged if exchange_id else ())

    def chosen(self, owner: AccountId, exchange_id: str | None) -> list[Route]:
        """One of an owner's accounts, or all. Raises: NoSuchExchange."""
        if exchange_id is not None:
            return [self.route(owner, exchange_id)]
        chosen = [route for account, route in self.routes.items() if account.owner == owner]
        for route in chosen:
            self._used(route)
        return chosen

    def _used(self, route: Route) -> None:
        route.follow()
        switch = self._switches.get(route.account)
        if switch is not None:
            switch.heard()

    # ---- what is known of them

    def capabilities(self, owner: AccountId | None = None) -> list[AccountStatus]:
        """What each account's exchange can do, and how its feed stands; of one owner, or of all."""
        return [
            AccountStatus(
                account,
                route.connector.capabilities,
                route.feed,
                self._switches[account].health if account in self._switches else SwitchHealth(),
            )
            for account, route in self.routes.items()
            if owner is None or account.owner == owner
        ]

    @property
    def live(self) -> frozenset[Account]:
        """Accounts that are not on this machine."""
        return frozenset(
            account
            for account, route in self.routes.items()
            if route.connector.capabilities.is_live
        )

    @property
    def is_live(self) -> bool:
        """Whether an order can leave this machine."""
        return bool(self.live)

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
        mine = [account for account in self.routes if account.owner == owner]
        watches = [self._watches[account] for account in mine]
        return Listening(watcher, watches, [self.routes[account] for account in mine])

    # ---- dead men

    def heartbeat(self, owner: AccountId) -> None:
        """A sign of life of an owner's client, for what watches for silence.

        Every call about an account is one, too.
        """
        for account, switch in self._switches.items():
            if account.owner == owner:
                switch.heard()

    def guard(self, config: EmsConfig, tasks: Tasks) -> None:
        """Arm the dead man's switches that are configured."""
        for it in config.accounts:
            route = self.routes.get(it.account)
            if route is None or not it.dead_mans_switch_seconds:
                continue
            seconds = it.dead_mans_switch_seconds
            if route.connector.capabilities.dead_mans_switch == "native":
                switch: Switch = NativeSwitch(route, seconds)
            else:
                switch = EmulatedSwitch(route, seconds, partial(cancel_all, route))
            self._switches[it.account] = switch
            tasks.start(_watched(switch))

    async def close(self) -> None:
        """Leave orders where they are."""
        for watch in self._watches.values():
            await watch.close()
        await asyncio.gather(*(switch.disarm() for switch in self._switches.values()))
        for route in self.routes.values():
            await route.close()


async def _watched(switch: Switch) -> None:
    try:
        await switch.run()
    except DeskStopped:
        log.info("dead man's switch ends with the desk")
    except Exception:  # nobody waits for it: it must not fail in silence
        log.exception("dead man's switch failed")
        raise
