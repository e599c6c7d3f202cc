"""What is not known of an order at a venue is asked for until it is; what is to go is canceled."""

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from openvenue.ems.connectors.port import FAILURES
from openvenue.ems.orders import ClOrdId, Order, Status

if TYPE_CHECKING:
    from openvenue.ems.route import Route

log = structlog.get_logger(__name__)

PENDING: Final = Status.PENDING_CANCEL


class Chaser:
    """Of one account."""

    def __init__(self, route: "Route") -> None:
        self._route: Final = route
        self._config: Final = route.config
        self._chased: Final[dict[ClOrdId, asyncio.Task[None]]] = {}
        self._turn: Final = asyncio.Semaphore(route.config.cancels_at_once)

    def catch_up(self) -> None:
        """After a start: ask for everything that was open, until the venue answers."""
        self._route.start(self._catch_up)

    def chase(self, cl_ord_id: ClOrdId) -> None:
        """Ask for an order until it is known, and cancel it if that is wanted."""
        if cl_ord_id not in self._chased:
            task = self._route.start(lambda: self._chase(cl_ord_id))
            self._chased[cl_ord_id] = task
            task.add_done_callback(lambda _: self._chased.pop(cl_ord_id, None))

    async def _catch_up(self) -> None:
        route = self._route
        pause = self._config.retry_seconds
        if await route.live():
            route.follow()
        while any(it.is_unknown for it in await route.live()):
            try:
                await route.sync()
                break
            except FAILURES as error:
                log.info("venue not reached yet", account=str(route.account), why=str(error))
            await route.timer.sleep(pause)
            pause = min(2 * pause, self._config.retry_seconds_max)
        for order in await route.live():
            if order.is_unknown or order.cancel_wanted:
                self.chase(order.cl_ord_id)

    async def _chase(self, cl_ord_id: ClOrdId) -> None:
        route = self._route
        pause, was_absent = self._config.retry_seconds, False
        while _is_open_question(order := await route.order(cl_ord_id)):
            if order.status is PENDING:
                await route.calm.wait()
            try:
                async with self._turn:
                    is_there = await self._pursue(order, was_absent=was_absent)
            except FAILURES as error:
                was_absent = False
                log.info("order not known yet", order=cl_ord_id, why=str(error))
                await route.timer.sleep(pause)
                pause = min(2 * pause, self._config.retry_seconds_max)
                continue
            was_absent = not is_there
            if _is_open_question(await route.order(cl_ord_id)):
                await route.timer.sleep(self._config.settling_seconds if was_absent else pause)

    async def _pursue(self, order: Order, *, was_absent: bool) -> bool:
        """Cancel an order that is to go, and else ask what became of it; whether it was there."""
        if order.cancel_wanted and not order.is_unknown and order.status is not PENDING:
            await self._route.cancel(order)
            return True
        # once is not enough: what was sent last may still arrive
        return await self._route.look_for(order, absence_counts=was_absent)


def _is_open_question(order: Order) -> bool:
    """Something about it has to be found out, or done, yet."""
    if order.has_ended:
        return False
    return order.is_unknown or order.cancel_wanted or order.status is PENDING
