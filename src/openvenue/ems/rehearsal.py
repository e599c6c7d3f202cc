"""What a halt would do, told without doing it."""

import structlog
from msgspec import Struct

from openvenue.ems.connectors.port import FAILURES
from openvenue.ems.misnomers import unknown_symbols
from openvenue.ems.orders import Account, Order
from openvenue.ems.route import Route
from openvenue.ems.scope import Aim, Scope

log = structlog.get_logger(__name__)


class Rehearsal(Struct, frozen=True, kw_only=True):
    """One account, by its venue's own list."""

    account: Account
    meant: tuple[Order, ...]  # would be canceled
    beside: tuple[Order, ...]  # would stay
    why: str = ""  # the venue did not tell; then nothing of this is known
    mass_cancel: tuple[str, ...] = ()  # what the venue itself can cancel at once
    unlistable: tuple[str, ...] = ()  # classes of orders that it shows to nobody
    unknown_symbols: tuple[str, ...] = ()


class DryRun(Struct, frozen=True, kw_only=True):
    """All of them."""

    scope: Scope
    accounts: tuple[Rehearsal, ...]
    warnings: tuple[str, ...] = ()  # about names that nobody knows

    @property
    def is_known(self) -> bool:
        """Every venue has told, and every name means something."""
        return not self.warnings and not any(it.why for it in self.accounts)


async def rehearse(route: Route, aim: Aim) -> Rehearsal:
    """What is meant on one account now."""
    able = route.connector.capabilities
    try:
        await route.sync()
        why = ""
    except FAILURES as error:
        why = str(error)
    live = await route.live()
    meant = tuple(it for it in live if aim.scope.means(it))
    return Rehearsal(
        account=route.account,
        meant=meant,
        beside=tuple(it for it in live if it not in meant),
        why=why,
        mass_cancel=able.mass_cancel,
        unlistable=able.unlistable,
        unknown_symbols=await unknown_symbols(route, aim.names),
    )
