"""Orders that the desk ends by itself: at their time, or with the connection that they came by.

The exchange has such an order as one that stays until it is canceled. When its end has come it is
canceled, again and again until the exchange has no part of it open: also where that was while the
desk was not running.
"""

from typing import Final

import structlog

from openvenue.ems.commands import AskCancel
from openvenue.ems.orders import Order, Terms, TimeInForce
from openvenue.ems.route import Route
from openvenue.ems.times import read_time
from openvenue.engine.units import SECOND, Nanos

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 60.0  # the machine's clock may be set: so often it is looked at


def why_expired(terms: Terms, now: Nanos) -> str:
    """Why an order cannot be let expire by the desk; "" if it can, or need not be."""
    if terms.time_in_force is not TimeInForce.GTD_DESK:
        return ""
    at = read_time(terms.expires)
    if at is None:
        return "expire_time is not an ISO 8601 time."
    return "expire_time has passed." if at <= now else ""


async def expire(route: Route, order: Order) -> None:
    """Wait for the time of an order of the desk's own expiry, and see it canceled.

    Raises: DeskStopped.
    """
    cl_ord_id, timer = order.cl_ord_id, route.timer
    at = read_time(order.terms.expires)
    assert at is not None, "it was taken with a time"
    while not order.has_ended and (left := at - timer.wall()) > 0:
        await timer.sleep(min(left / SECOND, LOOK_SECONDS))
        order = await route.order(cl_ord_id)
    if not order.has_ended:
        log.info("order expired", order=cl_ord_id, account=str(route.account))
        await see_canceled(route, order)


async def see_canceled(route: Route, order: Order) -> None:
    """Have an order canceled, and try until nothing of it is open. Raises: DeskStopped."""
    owner, cl_ord_id = order.key
    pause = route.config.retry_seconds
    while not order.has_ended:
        await route.ledger.submit(AskCancel(owner=owner, cl_ord_id=cl_ord_id))
        if cl_ord_id not in route.sending:  # it is canceled on arrival else
            route.chaser.chase(cl_ord_id)
        await route.timer.sleep(pause)
        pause = min(2 * pause, route.config.retry_seconds_max)
        order = await route.order(cl_ord_id)
