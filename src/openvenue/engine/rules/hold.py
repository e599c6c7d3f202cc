"""Holds: what could take waits, so that those who make the market can get out of its way.

A held request has decided nothing: it has no order, no margin and no place. When its time has come
it is decided as if it came then, before whatever else comes at that moment.
Source: Kraken Futures, "Maker Protection".
"""

from typing import Final

from msgspec.structs import replace

from openvenue.engine.commands import AmendOrder, PlaceOrder
from openvenue.engine.events import (
    AmendRejected,
    Event,
    HoldReleased,
    OrderRejected,
    RequestHeld,
)
from openvenue.engine.orders import GTC, IOC
from openvenue.engine.reasons import RejectReason
from openvenue.engine.rules.cancel_order import find_order, held_placements
from openvenue.engine.state import State
from openvenue.engine.steps import HoldRequest, ReleaseHold
from openvenue.engine.units import Nanos

HELD_MAX: Final = 250  # requests of one account at a time
TOO_MANY_HELD: Final = RejectReason.TOO_MANY_HELD
WOULD_NOT_TAKE: Final = RejectReason.WOULD_NOT_TAKE


def hold_for(state: State, request: PlaceOrder | AmendOrder) -> int:
    """How long `request` has to wait before it is decided; 0: not at all.

    What only makes does not wait. Nor does what names nothing, which is refused at once.
    """
    if not state.intake_open or request.account not in state.accounts:
        return 0
    if isinstance(request, PlaceOrder):
        if request.post_only:
            return 0
        market = state.markets.get(request.symbol)
        if market is None:
            return 0
        instrument = market.contract.instrument
        if request.trigger is not None and not instrument.holds_triggers:
            return 0
        return int(instrument.hold)
    live = find_order(state, request.account, request.order_id, request.cl_ord_id)
    if live is not None:
        return 0 if live.order.post_only else int(live.market.contract.instrument.hold)
    if request.order_id is not None or request.cl_ord_id is None:
        return 0
    for held in held_placements(state, request.account, request.cl_ord_id):
        if isinstance(held.request, PlaceOrder):  # then the change is released after its order
            return int(state.markets[held.request.symbol].contract.instrument.hold)
    return 0


def waits_behind(state: State, request: PlaceOrder) -> bool:
    """Whether an order of a batch waits with one before it that is held."""
    market = state.markets.get(request.symbol)
    if market is None or request.account not in state.accounts or not state.intake_open:
        return False
    return market.contract.instrument.holds_batches


def hold_request(state: State, step: HoldRequest) -> list[Event]:
    """RequestHeld; or a refusal, where too many requests of the account are held already."""
    request = step.request
    if state.holds.count(request.account) < HELD_MAX:
        until = Nanos(state.now + step.hold)
        return [RequestHeld(hold_id=state.holds.next_id, request=request, until=until)]
    if isinstance(request, PlaceOrder):
        return [_rejected(request, TOO_MANY_HELD)]
    return [
        AmendRejected(
            account=request.account,
            reason=TOO_MANY_HELD,
            order_id=request.order_id,
            cl_ord_id=request.cl_ord_id,
        )
    ]


def release_hold(state: State, step: ReleaseHold) -> list[Event]:
    """The mark in the story at which a held request's own events begin."""
    held = state.holds.find(step.hold_id)
    released = HoldReleased(hold_id=step.hold_id, request=held.request)
    if isinstance(held.request, PlaceOrder) and released_request(held) is None:
        return [released, _rejected(held.request, WOULD_NOT_TAKE)]
    return [released]


def released_request(held: RequestHeld) -> PlaceOrder | AmendOrder | None:
    """What is decided at the end of a hold: the request, or what its cancel has made of it.

    An order that was canceled may take and must not stay; one that only waits can do nothing else.
    """
    request = held.request
    if not held.is_canceled or isinstance(request, AmendOrder):
        return request
    extras = request.extras
    if request.trigger is not None or (extras is not None and extras.starts is not None):
        return None
    time_in_force = IOC if request.time_in_force is GTC else request.time_in_force
    return replace(request, time_in_force=time_in_force, extras=None)


def _rejected(request: PlaceOrder, reason: RejectReason) -> Event:
    return OrderRejected(
        account=request.account,
        symbol=request.symbol,
        reason=reason,
        cl_ord_id=request.cl_ord_id,
    )
