"""Clients' orders, in and canceled: a gate, an entry in the journal, and then the way to the venue.

An intent is durable before it leaves: whatever happens to this process, the next one knows what may
be at a venue, under which name, and asks. Nothing is ever sent twice.
"""

from typing import Final

from openvenue.ems.accounts import Accounts
from openvenue.ems.asking import CANCELS_FIRST, tell
from openvenue.ems.cancel_all import cancel_all
from openvenue.ems.commands import AskCancel, PlaceOrder, RecordCancelFailed, RecordUnsent
from openvenue.ems.connectors.port import FAILURES, Silent, Unreachable
from openvenue.ems.errors import DuplicateOrder, NoAnswer, NoSuchOrder, VenueDown
from openvenue.ems.events import Refused
from openvenue.ems.expiry import expire, see_canceled, why_expired
from openvenue.ems.ledger import Ledger
from openvenue.ems.marker_watch import MarkerWatch
from openvenue.ems.orders import ClOrdId, Order, Terms, TimeInForce
from openvenue.ems.presence import Presence
from openvenue.ems.route import Route
from openvenue.ems.state import Run
from openvenue.ems.tasks import Tasks
from openvenue.engine.units import AccountId

CANCELED_BEFORE: Final = "Canceled before it was sent."


class OrderEntry:
    """Of one desk."""

    def __init__(
        self, accounts: Accounts, ledger: Ledger, marker_watch: MarkerWatch, tasks: Tasks
    ) -> None:
        self._accounts: Final = accounts
        self._ledger: Final = ledger
        self._marker_watch: Final = marker_watch
        self._tasks: Final = tasks

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
        route = self._accounts.route(owner, exchange_id)
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
        await self._marker_watch.honour_what_came()
        return await self._tasks.shielded(self._place(route, command, presence))

    async def place_own(self, route: Route, command: PlaceOrder) -> Order:
        """An order of the desk itself, which no client's session asked for. Raises: as `place`."""
        return await self._place(route, command, None)

    async def _place(self, route: Route, command: PlaceOrder, presence: Presence | None) -> Order:
        events = await self._ledger.submit(command, "client")
        if isinstance(events[0], Refused):
            raise DuplicateOrder(command.cl_ord_id)
        await self._marker_watch.honour_what_came()
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
        self.see_to_end(route, order)
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
            self._tasks.start(self._end(route, cl_ord_id))

    async def _end(self, route: Route, cl_ord_id: ClOrdId) -> None:
        await see_canceled(route, await route.order(cl_ord_id))

    async def cancel(
        self, owner: AccountId, exchange_id: str, *, cl_ord_id: str = "", order_id: str = ""
    ) -> Order:
        """Cancel one order by either name; the last that is known of it.

        An order in flight is canceled when the venue answers. One that has ended stays as it is.
        Raises: NoSuchExchange; NoSuchOrder; VenueDown; NoAnswer; CancelRefused.
        """
        route = self._accounts.route(owner, exchange_id)
        order = await self._named(route, cl_ord_id, order_id)
        await self._ledger.submit(AskCancel(owner=owner, cl_ord_id=order.cl_ord_id), "client")
        if not order.has_ended and order.cl_ord_id not in route.sending:
            await self._tasks.shielded(self._cancel(route, order))
        return await route.order(order.cl_ord_id)

    async def _cancel(self, route: Route, order: Order) -> None:
        try:
            await tell(lambda: route.cancel(order))
        except VenueDown as error:
            owner, cl_ord_id = order.key  # told as not done, so it is not done later either
            failed = RecordCancelFailed(owner=owner, cl_ord_id=cl_ord_id, why=str(error))
            await self._ledger.submit(failed)
            raise
        except NoAnswer:
            route.chaser.chase(order.cl_ord_id)
            raise

    async def _named(self, route: Route, cl_ord_id: str, order_id: str) -> Order:
        state = await self._ledger.state()
        if cl_ord_id:
            order = state.orders.get((route.account.owner, ClOrdId(cl_ord_id)))
        else:
            order = state.find(route.account, order_id)
            if order is None:  # perhaps somebody else's
                await self._tasks.shielded(tell(route.sync))
                order = (await self._ledger.state()).find(route.account, order_id)
        if order is None or order.account != route.account:
            raise NoSuchOrder(f"Order with ID: {cl_ord_id or order_id} not found")
        return order

    async def cancel_all(self, owner: AccountId, exchange_id: str) -> Run:
        """Cancel everything on an account; the report. Who comes second joins the run under way.

        Raises: NoSuchExchange.
        """
        return await cancel_all(self._accounts.route(owner, exchange_id))

    def see_to_end(self, route: Route, order: Order) -> None:
        """End an order that has its hour here, when it comes."""
        if order.terms.time_in_force is TimeInForce.GTD_DESK:
            self._tasks.start(expire(route, order))

    def inherit(self, route: Route, order: Order) -> None:
        """See to an order of the desk before this one."""
        self.see_to_end(route, order)
        if order.ends_with_session:  # whose it was is gone
            self._tasks.start(see_canceled(route, order))
