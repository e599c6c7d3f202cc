"""The kill switch: what is halted, what is swept, what is released.

Two halts stand beside each other; the same scope halted twice is one halt. Only the gate's own
desk passes it, to close positions.
"""

from collections.abc import Iterable

from openvenue.ems.events import Event
from openvenue.ems.halt_commands import (
    BeginRound,
    EndRound,
    PullSwitch,
    RecordActs,
    RecordLook,
    RecordPositions,
    ReleaseHalt,
)
from openvenue.ems.halt_events import (
    Acted,
    Halted,
    HaltRefusal,
    HaltReleased,
    HaltRepeated,
    Looked,
    OrdersMet,
    PositionsSeen,
    ReleaseRefused,
    RoundBegun,
    RoundEnded,
)
from openvenue.ems.halts import Halt, HaltOrder
from openvenue.ems.orders import HaltId, Order
from openvenue.ems.proof import Ending
from openvenue.ems.scope import Scope
from openvenue.ems.state import State


def pull_switch(state: State, command: PullSwitch) -> list[Event]:
    """A new halt; or, of a scope that is halted already, one more voice for it."""
    assert command.halt_id not in state.halts, "a marker is taken once"
    standing = next((it for it in state.active_halts() if it.scope == command.scope), None)
    if standing is not None:
        return [_repeated(standing, command)]
    means_all = command.scope.is_whole_account  # and every account here is in it
    return [
        Halted(
            halt_id=command.halt_id or HaltId(f"HALT-{len(state.halts) + 1:06d}"),
            scope=command.scope,
            accounts=command.accounts,
            trigger=command.trigger,
            flatten=command.flatten,
            deadline_seconds=command.deadline_seconds,
            orders=tuple(
                met(order)
                for account in command.accounts
                for order in state.live_orders(account)
                if means_all or is_meant(command.scope, order)
            ),
            names=command.names,
        )
    ]


def _repeated(halt: Halt, command: PullSwitch) -> HaltRepeated:
    """A deadline that somebody names can shorten what runs, and never lengthens it."""
    seconds = halt.deadline_seconds
    if command.has_named_deadline:
        named = command.deadline_seconds
        seconds = min(seconds, named) if halt.is_running else named
    return HaltRepeated(
        halt_id=halt.halt_id,
        trigger=command.trigger,
        flatten=halt.flatten or command.flatten,
        deadline_seconds=seconds,
        has_named_deadline=command.has_named_deadline,
        strange=command.names.strange,
    )


def begin_round(state: State, command: BeginRound) -> list[Event]:
    """One at a time on each account."""
    halt, account = state.halts[command.halt_id], command.account
    leg = halt.legs.get(account)
    if not halt.is_active or (leg is not None and leg.ending is None):
        return []
    orders = (it for it in state.live_orders(account) if is_meant(halt.scope, it))
    fresh = newly_met(halt, orders, has_appeared=leg is not None and leg.was_empty)
    return [RoundBegun(halt_id=halt.halt_id, account=account, orders=fresh)]


def record_look(state: State, command: RecordLook) -> list[Event]:
    """Every look of a round is kept; of the watch between rounds, those that tell something new."""
    halt, account = state.halts[command.halt_id], command.account
    leg, sight = halt.legs[account], command.sight
    if not halt.is_active:
        return []
    if leg.ending in (Ending.PROVEN, Ending.UNVERIFIABLE) and not sight.order_ids:
        return []
    if leg.ending is not None and sight.order_ids and leg.sights:
        last = leg.sights[-1]
        if (last.order_ids, last.source) == (sight.order_ids, sight.source):
            return []
    orders = (state.orders[account.owner, cl_ord_id] for cl_ord_id in command.listed)
    return [
        Looked(
            halt_id=halt.halt_id,
            account=account,
            sight=sight,
            orders=newly_met(halt, orders, has_appeared=leg.was_empty),
            reappeared=len(command.listed) if leg.was_empty else 0,
        )
    ]


def record_acts(state: State, command: RecordActs) -> list[Event]:
    """What was done is told, also when the halt was released meanwhile.

    What the watch tries again and again, with the same answer, is told once.
    """
    leg, acts = state.halts[command.halt_id].legs[command.account], command.acts
    if leg.ending is not None:
        told = {(act.kind, act.cl_ord_id, act.answer, act.count) for act in leg.acts}
        acts = tuple(
            act for act in acts if (act.kind, act.cl_ord_id, act.answer, act.count) not in told
        )
    return [Acted(halt_id=command.halt_id, account=command.account, acts=acts)] if acts else []


def canceled_unmet(state: State, order: Order) -> list[OrdersMet]:
    """A foreign order, as it was before it was canceled, in each halt that cancels there now.

    A mass cancel reaches orders that the desk had never heard of, and no look shows them.
    """
    account = order.account
    return [
        OrdersMet(halt_id=halt.halt_id, account=account, orders=fresh)
        for halt in state.active_halts()
        if (leg := halt.legs.get(account)) is not None
        and leg.ending is None
        and is_meant(halt.scope, order)
        and (fresh := newly_met(halt, [order], has_appeared=leg.was_empty))
    ]


def record_positions(state: State, command: RecordPositions) -> list[Event]:
    """What an account is in. The watch tells only what has come back."""
    leg = state.halts[command.halt_id].legs[command.account]
    if leg.ending in (Ending.PROVEN, Ending.UNVERIFIABLE) and not command.positions.held:
        return []
    return [
        PositionsSeen(
            halt_id=command.halt_id,
            account=command.account,
            positions=command.positions,
            is_after=command.is_after,
        )
    ]


def end_round(state: State, command: EndRound) -> list[Event]:
    """The report of one account, until the next round's."""
    leg = state.halts[command.halt_id].legs[command.account]
    if (leg.ending, leg.why) == (command.ending, command.why):
        return []
    return [
        RoundEnded(
            halt_id=command.halt_id,
            account=command.account,
            ending=command.ending,
            why=command.why,
            unlistable=command.unlistable,
            kept=command.kept,
            unknown_symbols=command.unknown_symbols,
            first_request=command.first_request,
        )
    ]


def release_halt(state: State, command: ReleaseHalt) -> list[Event]:
    """Once, and not while it is canceling: that ends by its deadline."""
    reason = why_kept(state, command.halt_id, even_unproven=command.even_unproven)
    if reason is None:
        return [
            HaltReleased(
                halt_id=command.halt_id,
                by=command.by,
                reason=command.reason,
                was_unproven=not state.halts[command.halt_id].is_proven,
            )
        ]
    return [ReleaseRefused(halt_id=command.halt_id, by=command.by, reason=reason)]


def why_kept(state: State, halt_id: HaltId, *, even_unproven: bool) -> HaltRefusal | None:
    """Why a halt cannot be released now, or None."""
    halt = state.halts.get(halt_id)
    if halt is None:
        return HaltRefusal.UNKNOWN
    if not halt.is_active:
        return HaltRefusal.RELEASED
    if halt.is_running:
        return HaltRefusal.RUNNING
    return None if even_unproven or halt.is_proven else HaltRefusal.UNPROVEN


def is_meant(scope: Scope, order: Order) -> bool:
    """Whether an order is in scope. What closes positions for a halt is, too, if it rests."""
    return scope.means(order)


def met(order: Order, *, has_appeared: bool = False) -> HaltOrder:
    """An order as it stands now."""
    return HaltOrder(
        account=order.account,
        cl_ord_id=order.cl_ord_id,
        status=order.status,
        filled=order.filled,
        has_appeared=has_appeared,
    )


def newly_met(halt: Halt, orders: Iterable[Order], *, has_appeared: bool) -> tuple[HaltOrder, ...]:
    """Those that the halt had not met."""
    return tuple(
        met(order, has_appeared=has_appeared) for order in orders if order.key not in halt.orders
    )
