"""Orders that have vanished from their venue's list: what became of them is asked for, later."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import structlog

from openvenue.ems.connectors.port import FAILURES
from openvenue.ems.orders import ClOrdId, Order

if TYPE_CHECKING:
    from openvenue.ems.route import Route

log = structlog.get_logger(__name__)


class Vanished:
    """Of one account."""

    def __init__(self, route: "Route") -> None:
        self._route: Final = route
        self._vanished: Final[dict[ClOrdId, None]] = {}  # and not asked for yet
        self._is_accounting = False

    def add(self, cl_ord_id: ClOrdId) -> None:
        """One more."""
        self._vanished[cl_ord_id] = None

    async def account(self) -> None:
        """Ask now what became of them. Raises: FAILURES."""
        route = self._route
        await route.ledger.noted()  # what is known need not be asked for
        vanished = list(self._vanished)
        known = [await route.order(cl_ord_id) for cl_ord_id in vanished]
        await route.look_for_all([order for order in known if not order.has_ended])
        for cl_ord_id in vanished:
            self._vanished.pop(cl_ord_id, None)

    async def account_for(self, orders: Sequence[Order]) -> None:
        """Ask now what became of these, too. Raises: FAILURES.

        Those that the venue may never have had are being chased already.
        """
        for order in orders:
            if not order.is_unknown and not order.is_in_flight:
                self.add(order.cl_ord_id)
        await self.account()

    def account_in_peace(self) -> None:
        """Ask when no sweep needs the venue's patience any more."""
        if self._vanished and not self._is_accounting:
            self._is_accounting = True
            self._route.start(self._account_in_peace)

    async def _account_in_peace(self) -> None:
        route = self._route
        pause = route.config.retry_seconds
        try:
            while self._vanished:
                await route.calm.wait()
                try:
                    await self.account()
                except FAILURES as error:
                    log.info("orders not accounted for yet", why=str(error))
                    await route.timer.sleep(pause)
                    pause = min(2 * pause, route.config.retry_seconds_max)
        finally:
            self._is_accounting = False
