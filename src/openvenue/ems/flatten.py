"""Positions in scope closed, once no order in scope is open: the optional last step of a halt.

With orders of the desk's own, which alone pass its gate: reduce-only, so that they can never open
or turn a position, and immediate-or-cancel, at a price that the book has and that is not far from
its best. What is left is tried again until the deadline. Then orders are proven gone once more.
"""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Final

import structlog

from openvenue.ems.commands import PlaceOrder
from openvenue.ems.connectors.port import FAILURES, VenueRefused
from openvenue.ems.errors import NoAnswer, VenueDown
from openvenue.ems.halt_commands import RecordActs, RecordPositions
from openvenue.ems.halts import Act, Halt, HeldPosition, Positions
from openvenue.ems.orders import ClOrdId, Order, Side, Terms, TimeInForce
from openvenue.ems.proof import Ending
from openvenue.ems.route import Route
from openvenue.ems.sweep import Sweep

log = structlog.get_logger(__name__)

WORST: Final = Decimal("0.05")  # of the best price: no deeper into the book than that

Place = Callable[[Route, PlaceOrder], Awaitable[Order]]


class Flattener:
    """Of one desk. `place` sends an order of it."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def flatten(self, halt: Halt, route: Route, sweep: Sweep) -> tuple[Ending, str]:
        """How it ended, and why not better."""
        why = "the exchange has not answered"
        pause = route.config.retry_seconds
        is_after = False
        while sweep.seconds_left > 0:
            try:
                async with sweep.bounded():
                    held = await self._look(halt, route, is_after=is_after)
                    if not held and is_after:
                        return await sweep.run()
                    why = f"positions left: {len(held)}"
                    for position in held:
                        await self._close(halt, route, position)
                    is_after = True
                    if not held:
                        continue
            except (*FAILURES, VenueDown, NoAnswer) as error:
                why = str(error)
            except TimeoutError:
                break
            await route.timer.sleep(max(min(pause, sweep.seconds_left), 0.0))
        return Ending.LEFT if is_after else Ending.UNKNOWN, why

    async def glance(self, halt: Halt, route: Route) -> int:
        """How many positions in scope are held; none is touched. Raises: FAILURES."""
        return len(await self._look(halt, route, is_after=True))

    async def _look(self, halt: Halt, route: Route, *, is_after: bool) -> list[HeldPosition]:
        """Positions in scope, as evidence."""
        scope = halt.scope
        held = [
            HeldPosition(
                symbol=it.symbol,
                common_symbol=it.common_symbol,
                side=Side(it.side),
                quantity=it.quantity,
            )
            for it in await route.connector.positions()
            if not scope.symbols or scope.names(it.symbol, it.common_symbol)
        ]
        positions = Positions(time=route.ledger.now(), held=tuple(held))
        await route.ledger.submit(
            RecordPositions(
                halt_id=halt.halt_id,
                account=route.account,
                positions=positions,
                is_after=is_after,
            )
        )
        return held

    async def _close(self, halt: Halt, route: Route, position: HeldPosition) -> None:
        """One order against one position. Raises: FAILURES; VenueDown; NoAnswer."""
        side = Side.SELL if position.side is Side.BUY else Side.BUY
        depth = await route.connector.depth(position.symbol, side)
        terms = Terms(
            symbol=position.symbol,
            common_symbol=position.common_symbol,
            side=side,
            quantity=position.quantity,
            price=reach(depth, position.quantity),
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )
        asked = route.ledger.now()
        order = await self._place(
            route,
            PlaceOrder(
                account=route.account,
                cl_ord_id=_fresh_name(halt, route, position),
                terms=terms,
                unfit=route.connector.why_unfit(terms),
                flattens=halt.halt_id,
            ),
        )
        answer = f"{order.status} filled {order.filled}"
        act = Act(
            kind=f"close {position.side} {position.quantity} {position.symbol} at {terms.price}",
            asked=asked,
            answered=route.ledger.now(),
            answer=f"{answer}: {order.message}" if order.message else answer,
            cl_ord_id=order.cl_ord_id,
        )
        command = RecordActs(halt_id=halt.halt_id, account=route.account, acts=(act,))
        await route.ledger.submit(command)


def reach(depth: Sequence[tuple[Decimal, Decimal]], quantity: Decimal) -> Decimal:
    """A price of the book, and so on its grid, that takes `quantity`, or as much as is near.

    `depth` has price and quantity, best first. Raises: VenueRefused: there is nothing.
    """
    if not depth:
        raise VenueRefused("nobody is on the other side of the book")
    best, taken = depth[0][0], Decimal(0)
    price = best
    for level, size in depth:
        if abs(level - best) > best * WORST:
            break
        price, taken = level, taken + size
        if taken >= quantity:
            break
    return price


def _fresh_name(halt: Halt, route: Route, position: HeldPosition) -> ClOrdId:
    """A name that no order of this owner has had."""
    orders, owner = route.ledger.peek().orders, route.account.owner
    number = 1
    while True:
        place = f"{route.account.exchange_id}/{position.symbol}"
        name = ClOrdId(f"{halt.halt_id}/{place}/{number}")
        if (owner, name) not in orders:
            return name
        number += 1
