"""Orders that a mass cancel removed and only counted: their venue is asked which they were.

That is done when all is proven. It takes nothing from a proof, and where the answer leaves a doubt
the orders stay counted and unnamed: an order that somebody else had canceled is not told as ours.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from openvenue.ems.commands import Standing
from openvenue.ems.connectors.port import FAILURES, Ended, Heard, TellsThePast
from openvenue.ems.halts import Act, Halt
from openvenue.ems.orders import ClOrdId, Order, Status
from openvenue.ems.report import unnamed
from openvenue.ems.route import Route
from openvenue.ems.rules.halt import is_meant
from openvenue.ems.state import State
from openvenue.engine.units import SECOND, Nanos

log = structlog.get_logger(__name__)

SLACK: Final = 60 * SECOND  # between our clock and the venue's
RECENT: Final = 600 * SECOND  # a halt may be watched for days
GRAIN: Final = 1_000_000  # venues cut times to milliseconds


async def name_unnamed(route: Route, halt: Halt) -> None:
    """Those of an account whose mass cancels are all told. What cannot be asked stays unnamed."""
    connector = route.connector
    state = await route.ledger.state()
    leg = state.halts[halt.halt_id].legs[route.account]
    count = unnamed(state, state.halts[halt.halt_id], leg)
    now = route.ledger.now()
    acts = [act for act in leg.acts if act.count and act.asked > now - RECENT]
    if not (count and acts) or not isinstance(connector, TellsThePast):
        return
    since = min(act.asked for act in acts)
    try:
        past = await connector.ended_since(Nanos(since - SLACK))
    except FAILURES as error:
        log.info("canceled orders stay unnamed", account=str(route.account), why=str(error))
        return
    state = await route.ledger.state()
    strange = [it for it in past.ended if _is_strange(state, route, halt, it)]
    chosen = choose(strange, acts, count, is_whole=past.is_whole)
    await route.hear(
        [Heard(it.order.cl_ord_id, it.order.word, it.order.terms) for it in chosen], since
    )


def choose(
    strange: Sequence[Ended], acts: Sequence[Act], count: int, *, is_whole: bool
) -> Sequence[Ended]:
    """Of canceled orders that nobody knew, those that `acts` canceled; none where that is open.

    By the clocks, if those agree: they ended while a mass cancel was under way. Otherwise all, if
    the venue has canceled no more than it counted.
    """
    during = [
        it for it in strange if any(act.asked - GRAIN < it.time <= act.answered for act in acts)
    ]
    chosen = during if len(during) == count or not is_whole else strange
    return chosen if len(chosen) <= count else ()


def _is_strange(state: State, route: Route, halt: Halt, it: Ended) -> bool:
    """Canceled, in scope, and never heard of."""
    order = it.order
    if order.word.standing is not Standing.CANCELED:
        return False
    if state.find(route.account, *order.names) is not None:
        return False
    as_known = Order(
        account=route.account,
        cl_ord_id=ClOrdId(order.order_id),
        terms=order.terms,
        venue_cl_ord_id=order.cl_ord_id,
        order_id=order.order_id,
        status=Status.NEW,
        is_foreign=True,
    )
    return is_meant(halt.scope, as_known)
