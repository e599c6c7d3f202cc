"""What clients ask and nothing changes: orders, their past, and money.

A venue whose patience is needed for cancels is not asked; what is known of it is told.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

from openvenue.ems.accounts import Accounts
from openvenue.ems.asking import spared, tell
from openvenue.ems.connectors.port import FAILURES, Balance, Connector, Position
from openvenue.ems.errors import CancelRefused, NoAnswer, NoSuchOrder, VenueDown
from openvenue.ems.ledger import Ledger
from openvenue.ems.order_log import Change
from openvenue.ems.orders import ClOrdId, ExchangeId, Order
from openvenue.ems.route import Route
from openvenue.ems.tasks import Tasks
from openvenue.engine.units import AccountId, Nanos

T = TypeVar("T")


class Questions:
    """Put to one desk."""

    def __init__(self, accounts: Accounts, ledger: Ledger, tasks: Tasks) -> None:
        self._accounts: Final = accounts
        self._ledger: Final = ledger
        self._tasks: Final = tasks

    # ---- orders

    async def order(self, owner: AccountId, cl_ord_id: str) -> Order:
        """An order, asked for at its venue if it has not ended. Raises: NoSuchOrder.

        Of a venue that does not answer: the last that is known.
        """
        order = (await self._ledger.state()).orders.get((owner, ClOrdId(cl_ord_id)))
        if order is None:
            raise NoSuchOrder(f"Order with ID: {cl_ord_id} not found")
        route = self._accounts.routes.get(order.account)
        if route is None or route.is_pressed:
            return order
        if order.has_ended or order.is_in_flight or order.is_unknown:
            return order
        try:
            await self._tasks.shielded(route.look_for(order))
        except FAILURES:
            return order
        return await route.order(order.cl_ord_id)

    async def open_orders(self, owner: AccountId, exchange_id: str | None) -> list[Order]:
        """Orders that have not ended, of one account or of all, oldest first in each.

        Raises: NoSuchExchange; VenueDown, NoAnswer: of the one that was asked for. Of all, those
        that do not answer tell the last that is known.
        """
        routes = self._accounts.chosen(owner, exchange_id)
        asked = (self._tasks.shielded(tell(spared(route, route.sync))) for route in routes)
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
                asking = spared(route, lambda: ask(route.connector))
                return route.account.exchange_id, await tell(asking)
            except (VenueDown, NoAnswer, CancelRefused):
                if exchange_id is not None:
                    raise
                return route.account.exchange_id, None

        return await asyncio.gather(*(one(it) for it in self._accounts.chosen(owner, exchange_id)))
