"""What each event about halts makes true."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec.structs import replace

from openvenue.ems.halt_events import (
    Acted,
    Halted,
    HaltReleased,
    HaltRepeated,
    Looked,
    OrdersMet,
    PositionsSeen,
    ReleaseRefused,
    RoundBegun,
    RoundEnded,
)
from openvenue.ems.halts import Halt, HaltOrder, Leg, Release, Repeat
from openvenue.ems.keep import keep
from openvenue.ems.orders import Account
from openvenue.ems.proof import Ending
from openvenue.ems.state import State

COME_BACK: Final = "positions have come back since they were closed"


def halted(state: State, event: Halted) -> None:
    """No order in scope passes the gate; what is on its way goes when it arrives."""
    state.active[event.halt_id] = None
    state.halts[event.halt_id] = Halt(
        halt_id=event.halt_id,
        scope=event.scope,
        trigger=event.trigger,
        begun=state.now,
        flatten=event.flatten,
        deadline_seconds=event.deadline_seconds,
        legs={account: Leg(account=account, begun=state.now) for account in event.accounts},
        orders={},
        names=event.names,
    )
    _meet(state, state.halts[event.halt_id], event.orders)


def halt_repeated(state: State, event: HaltRepeated) -> None:
    """One halt, and who wanted it, too."""
    halt = state.halts[event.halt_id]
    seconds = event.deadline_seconds or halt.deadline_seconds
    repeat = Repeat(
        time=state.now,
        trigger=event.trigger,
        deadline_seconds=seconds if event.has_named_deadline else None,
    )
    strange = (it for it in event.strange if it not in halt.names.strange)
    state.halts[event.halt_id] = replace(
        halt,
        flatten=event.flatten,
        deadline_seconds=seconds,
        repeats=(*halt.repeats, repeat),
        names=replace(halt.names, strange=(*halt.names.strange, *strange)),
    )


def round_begun(state: State, event: RoundBegun) -> None:
    """Running again on one account, or for the first time on one that was not there before."""
    halt = state.halts[event.halt_id]
    leg = halt.legs.get(event.account)
    halt.legs[event.account] = (
        Leg(account=event.account, begun=state.now)
        if leg is None
        else replace(
            leg, begun=state.now, rounds=leg.rounds + 1, ended=None, ending=None, why="", after=None
        )
    )
    _meet(state, halt, event.orders)


def looked(state: State, event: Looked) -> None:
    """One more sight. Whatever shows after a proof undoes it."""
    halt = state.halts[event.halt_id]
    leg = halt.legs[event.account]
    if leg.ending in (Ending.PROVEN, Ending.UNVERIFIABLE) and event.sight.order_ids:
        leg = replace(leg, ending=Ending.LEFT, why="orders have appeared since it was empty")
    halt.legs[event.account] = replace(
        leg,
        sights=(*leg.sights, event.sight),
        was_empty=not event.sight.order_ids,
        reappeared=leg.reappeared + event.reappeared,
    )
    _meet(state, halt, event.orders)


def orders_met(state: State, event: OrdersMet) -> None:
    """Part of the report."""
    _meet(state, state.halts[event.halt_id], event.orders)


def acted(state: State, event: Acted) -> None:
    """Something was asked of the venue."""
    leg = state.halts[event.halt_id].legs[event.account]
    _set(state, event, replace(leg, acts=(*leg.acts, *event.acts)))


def positions_seen(state: State, event: PositionsSeen) -> None:
    """The first sight before is kept, and the last one after. What comes back undoes a proof."""
    leg = state.halts[event.halt_id].legs[event.account]
    if event.is_after:
        if leg.ending in (Ending.PROVEN, Ending.UNVERIFIABLE) and event.positions.held:
            times = leg.came_back + 1
            leg = replace(leg, ending=Ending.LEFT, why=COME_BACK, came_back=times)
        _set(state, event, replace(leg, after=event.positions))
    elif leg.before is None:
        _set(state, event, replace(leg, before=event.positions))


def round_ended(state: State, event: RoundEnded) -> None:
    """How it stands; the gate stays closed."""
    leg = state.halts[event.halt_id].legs[event.account]
    ended = replace(
        leg,
        ended=state.now,
        ending=event.ending,
        why=event.why,
        unlistable=event.unlistable,
        kept=event.kept,
        unknown_symbols=(
            leg.unknown_symbols if event.unknown_symbols is None else event.unknown_symbols
        ),
        first_request=leg.first_request or event.first_request,
    )
    _set(state, event, ended)


def halt_released(state: State, event: HaltReleased) -> None:
    """Orders pass again, unless another halt means them, too."""
    state.active.pop(event.halt_id)
    release = Release(
        time=state.now, by=event.by, reason=event.reason, was_unproven=event.was_unproven
    )
    state.halts[event.halt_id] = replace(state.halts[event.halt_id], release=release)


def nothing(state: State, event: ReleaseRefused) -> None:
    """Told, and without effect."""


def _set(state: State, event: Acted | PositionsSeen | RoundEnded, leg: Leg) -> None:
    account: Account = event.account
    state.halts[event.halt_id].legs[account] = leg


def _meet(state: State, halt: Halt, orders: Iterable[HaltOrder]) -> None:
    """Remember how orders stood, and that those in flight are to go when they arrive."""
    for it in orders:
        key = it.account.owner, it.cl_ord_id
        halt.orders.setdefault(key, it)
        order = state.orders[key]
        if order.is_in_flight or order.is_unknown:
            keep(state, replace(order, cancel_wanted=True))


EVOLVE_HALTS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    Halted: halted,
    HaltRepeated: halt_repeated,
    RoundBegun: round_begun,
    Looked: looked,
    Acted: acted,
    PositionsSeen: positions_seen,
    RoundEnded: round_ended,
    HaltReleased: halt_released,
    ReleaseRefused: nothing,
    OrdersMet: orders_met,
}
