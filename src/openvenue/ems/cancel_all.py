"""Everything of one account canceled, and proven by the venue itself; or an honest report.

The gate closes first, durably, and opens when this ends, whichever way. `Sweep` does the rest.
"""

import asyncio

import structlog

from openvenue.ems.commands import BeginCancelAll, EndCancelAll
from openvenue.ems.events import CancelAllBegun
from openvenue.ems.halts import Act
from openvenue.ems.ledger import DeskStopped
from openvenue.ems.orders import Order, RunId
from openvenue.ems.proof import Ending, Sight, nobody_lists
from openvenue.ems.route import Route
from openvenue.ems.scope import Scope
from openvenue.ems.state import Run
from openvenue.ems.sweep import Sweep

log = structlog.get_logger(__name__)


class Memory:
    """Evidence that is journaled with the report."""

    def __init__(self) -> None:
        self.sights: list[Sight] = []
        self.acts: list[Act] = []

    async def saw(self, sight: Sight, orders: list[Order]) -> None:
        """One more."""
        self.sights.append(sight)

    async def did(self, acts: list[Act]) -> None:
        """What was asked, and answered."""
        self.acts += acts


async def cancel_all(route: Route) -> Run:
    """Run once; the report is in the journal before this returns. Raises: DeskStopped.

    Who comes second joins the run under way. What was begun goes on, also when nobody waits.
    """
    if route.running is None or route.running.done():
        name = f"cancel all {route.account.exchange_id}"
        route.running = asyncio.create_task(_run(route), name=name)
    return await asyncio.shield(route.running)


async def _run(route: Route) -> Run:
    async with route.sweeping():
        return await _cancel_all(route)


async def _cancel_all(route: Route) -> Run:
    account, ledger = route.account, route.ledger
    (begun,) = await ledger.submit(BeginCancelAll(account=account), "client")
    assert isinstance(begun, CancelAllBegun), "what begins is a run"
    memory = Memory()
    scope = Scope(owners=(account.owner,), exchange_ids=(account.exchange_id,))
    sweep = Sweep(route, scope, memory, route.config.deadline_seconds, gives_up=True)
    try:
        ending, why = await sweep.run()
    except DeskStopped:
        raise
    except Exception:  # our bug must not leave the gate closed
        await _end(route, begun.run_id, memory, Ending.UNPROVEN, "a fault of the desk")
        raise
    if ending in (Ending.LEFT, Ending.UNKNOWN):
        ending = Ending.UNPROVEN
    if ending is Ending.PROVEN and (unlistable := route.connector.capabilities.unlistable):
        ending, why = Ending.UNVERIFIABLE, nobody_lists(unlistable)
    await _end(route, begun.run_id, memory, ending, why)
    log.info("cancel-all ended", run=begun.run_id, account=str(account), ending=ending, why=why)
    return (await ledger.state()).runs[begun.run_id]


async def _end(route: Route, run_id: RunId, memory: Memory, ending: Ending, why: str) -> None:
    """Open the gate, with the report durable."""
    await route.ledger.submit(
        EndCancelAll(
            run_id=run_id,
            ending=ending,
            sights=tuple(memory.sights),
            why=why,
            acts=tuple(memory.acts),
        )
    )
