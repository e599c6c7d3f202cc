"""Everything of one account canceled, and proven by the venue's own list; or an honest report.

The gate closes first, durably. The venue's own mass cancel goes before single cancels. Orders in
flight are canceled when their answer comes (`Route.send`). Empty means: the venue lists no open
order, whoever sent it, twice, a settling time apart, while nothing was on its way.
"""

import asyncio

import structlog

from openvenue.ems.commands import BeginCancelAll, EndCancelAll, Ending, Sight
from openvenue.ems.connectors.port import Silent, Unreachable, VenueOrder, VenueRefused
from openvenue.ems.events import CancelAllBegun
from openvenue.ems.ledger import DeskStopped
from openvenue.ems.orders import RunId
from openvenue.ems.route import FAILURES, Route
from openvenue.ems.state import Run

log = structlog.get_logger(__name__)


async def _end(route: Route, sweep: "Sweep", ending: Ending, why: str) -> None:
    """Open the gate, with the report durable."""
    sights = tuple(sweep.sights)
    command = EndCancelAll(run_id=sweep.run_id, ending=ending, sights=sights, why=why)
    await route.ledger.submit(command)


class TooLate(Exception):
    """The deadline has passed."""


async def cancel_all(route: Route) -> Run:
    """Run once; the report is in the journal before this returns. Raises: DeskStopped."""
    (begun,) = await route.ledger.submit(BeginCancelAll(account=route.account), "client")
    assert isinstance(begun, CancelAllBegun), "what begins is a run"
    sweep = Sweep(route, begun.run_id)
    ending, why = Ending.UNPROVEN, "a fault of the desk"
    try:
        ending, why = await sweep.run()
    except DeskStopped:
        raise
    except Exception:
        await _end(route, sweep, ending, why)  # our bug must not leave the gate closed
        raise
    await _end(route, sweep, ending, why)
    log.info("cancel-all ended", run=begun.run_id, account=route.account, ending=ending, why=why)
    return (await route.ledger.state()).runs[begun.run_id]


class Sweep:
    """One run."""

    def __init__(self, route: Route, run_id: RunId) -> None:
        self._route = route
        self.run_id = run_id
        self._deadline = route.timer.monotonic() + route.config.deadline_seconds
        self._reached = False  # the venue took a connection at least once
        self._mass_done = False
        self._why = ""
        self.sights: list[Sight] = []

    async def run(self) -> tuple[Ending, str]:
        """How it ended, and why not better."""
        try:
            async with asyncio.timeout(self._route.config.deadline_seconds):
                await self._until_empty()
            return Ending.PROVEN, ""
        except Unreachable as error:
            return Ending.UNREACHABLE, str(error)
        except (TooLate, TimeoutError):
            return Ending.UNPROVEN, self._why or "the exchange has not answered"

    async def _until_empty(self) -> None:
        """Raises: Unreachable: at the very first attempt. TooLate."""
        route = self._route
        pause = route.config.retry_seconds
        while True:
            if route.timer.monotonic() >= self._deadline:
                raise TooLate
            try:
                await self._mass_cancel()
                left, was_quiet = await self._look()
                if not left and was_quiet:
                    await route.timer.sleep(route.config.settling_seconds)
                    left, was_quiet = await self._look()
                    if not left and was_quiet:
                        return
                await self._cancel_singly(left)
                self._why = f"orders left: {len(left)}" if left else "an order is on its way"
                pause = route.config.retry_seconds
            except FAILURES as error:
                if isinstance(error, Unreachable) and not self._reached:
                    raise
                self._why = str(error)
                pause *= 2  # who asked too often is not heard sooner by asking more
            await route.timer.sleep(pause)

    async def _mass_cancel(self) -> None:
        """Until the venue has done it once. What it refuses to do at once is done singly."""
        route = self._route
        if self._mass_done:
            return
        asked = route.ledger.now()
        try:
            told = await route.connector.cancel_all()
        except VenueRefused as error:
            self._reached = True
            log.warning("mass cancel refused", account=route.account, why=str(error))
            return
        except Silent:
            self._reached = True
            raise
        self._reached = self._mass_done = True
        await route.hear(told, asked)

    async def _look(self) -> tuple[list[VenueOrder], bool]:
        """The venue's own list, as evidence; and whether nothing was on its way before it was made.

        An order that arrives while the list is made may be missing in it. With the gate closed
        there are ever fewer on their way.
        """
        route = self._route
        was_quiet = not any(it.is_in_flight and not it.is_unknown for it in await route.live())
        listed = list(await route.sync(thorough=False))
        self.sights.append(Sight(route.ledger.now(), tuple(it.order_id for it in listed)))
        return listed, was_quiet

    async def _cancel_singly(self, left: list[VenueOrder]) -> None:
        """Each by itself; one that fails is seen in the next look."""
        route = self._route
        turn = asyncio.Semaphore(route.config.cancels_at_once)
        state = await route.ledger.state()
        orders = [state.find(route.account, *it.names) for it in left]

        async def cancel(place: int) -> None:
            order = orders[place]
            assert order is not None, "what the venue lists is known after a look"
            async with turn:
                try:
                    await route.cancel(order)
                except FAILURES as error:
                    log.info("single cancel failed", order=order.cl_ord_id, why=str(error))

        await asyncio.gather(*(cancel(place) for place in range(len(orders))))
