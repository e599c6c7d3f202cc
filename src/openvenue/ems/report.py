"""What came of a halt, order by order, with the evidence; made from the journal's state alone.

It never claims more than was seen: an order that nobody asked about yet is `unknown`, and the whole
is `proven` only where every account is.
"""

from collections.abc import Collection, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct

from openvenue.ems.halts import (
    DONE,
    FIRST_PATH,
    GONE,
    PATH,
    TAKEN,
    Act,
    Halt,
    HaltOrder,
    HeldPosition,
    Leg,
    Origin,
    Release,
    Repeat,
)
from openvenue.ems.misnomers import warnings
from openvenue.ems.orders import Account, ClOrdId, HaltId, Order, Side, Status
from openvenue.ems.proof import Ending, Sight
from openvenue.ems.scope import Scope
from openvenue.ems.state import State
from openvenue.engine.units import AccountId, Nanos


class Outcome(StrEnum):
    """What became of one order in scope."""

    CANCELED = "canceled"
    ALREADY_DONE = "already_done"  # over before a cancel reached it, or never there
    FILLED = "filled"  # wholly, meanwhile
    FAILED = "failed"  # open, by the venue's own word
    UNKNOWN = "unknown"  # nobody has said


class Verdict(StrEnum):
    """How a halt stands as a whole, or on one account."""

    RUNNING = "running"
    PROVEN = "proven"
    LEFT = "left"
    UNKNOWN = "unknown"
    UNVERIFIABLE = "unverifiable"
    MISNAMED = "misnamed"  # as far as anybody knows the names; of the whole only


VERDICTS: Final = {
    None: Verdict.RUNNING,
    Ending.PROVEN: Verdict.PROVEN,
    Ending.LEFT: Verdict.LEFT,
    Ending.UNVERIFIABLE: Verdict.UNVERIFIABLE,
    Ending.UNKNOWN: Verdict.UNKNOWN,
    Ending.UNREACHABLE: Verdict.UNKNOWN,
    Ending.INTERRUPTED: Verdict.UNKNOWN,
    Ending.UNPROVEN: Verdict.UNKNOWN,
}
# Of several accounts the first of these that is anybody's: what is surely left goes before doubt.
WORST_FIRST: Final = (
    Verdict.RUNNING,
    Verdict.LEFT,
    Verdict.UNKNOWN,
    Verdict.UNVERIFIABLE,
    Verdict.MISNAMED,
    Verdict.PROVEN,
)


class OrderReport(Struct, frozen=True, kw_only=True):
    """One order in scope, before and after."""

    cl_ord_id: ClOrdId
    order_id: str
    venue_cl_ord_id: str
    symbol: str
    common_symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    tag: str
    is_foreign: bool
    has_appeared: bool  # after it had been empty
    before: Status
    filled_before: Decimal
    after: Status
    filled_after: Decimal
    ended: Nanos | None
    outcome: Outcome
    why: str
    history: tuple[tuple[Status, Nanos], ...]


class LegReport(Struct, frozen=True, kw_only=True):
    """One account."""

    account: Account
    is_live: bool
    verdict: Verdict
    why: str
    begun: Nanos
    ended: Nanos | None
    rounds: int
    orders: tuple[OrderReport, ...]
    sights: tuple[Sight, ...]
    acts: tuple[Act, ...]
    reappeared: int
    recanceled: int  # of those that reappeared, the ones that are gone without having traded
    unlistable: tuple[str, ...]
    before: tuple[HeldPosition, ...] | None
    after: tuple[HeldPosition, ...] | None
    paths: tuple[str, ...]
    came_back: int  # how often positions were held after none had been
    first_request: Nanos | None  # so long after the trigger
    unnamed: int  # orders that mass cancels canceled, by their venue's count, and nobody can name
    kept: tuple[tuple[Order, str], ...]  # open beside the scope, and which filter left them out


class HaltReport(Struct, frozen=True, kw_only=True):
    """All of it."""

    halt_id: HaltId
    verdict: Verdict
    is_active: bool
    is_live: bool
    scope: Scope
    origin: Origin
    by: str
    reason: str
    begun: Nanos
    ended: Nanos | None  # None: it runs
    deadline_seconds: float
    flatten: bool
    counts: dict[Outcome, int]
    reappeared: int
    recanceled: int
    legs: tuple[LegReport, ...]
    repeats: tuple[Repeat, ...]
    warnings: tuple[str, ...]  # about names in its scope that nobody knows
    release: Release | None


def is_seen(halt: Halt, owner: AccountId | None) -> bool:
    """Whether a halt concerns an owner; None: the operator, whom everything concerns."""
    return owner is None or not halt.scope.owners or owner in halt.scope.owners


def report(
    state: State, halt: Halt, owner: AccountId | None, live: Collection[Account]
) -> HaltReport:
    """The report of `halt`; of its accounts only those of `owner`, if one is named."""
    chosen = [leg for leg in halt.legs.values() if owner in (None, leg.account.owner)]
    legs = tuple(_leg(state, halt, leg, leg.account in live) for leg in chosen)
    verdicts = {leg.verdict for leg in legs} or {Verdict.UNKNOWN}
    warned = _warnings(state, halt)
    if warned:
        verdicts.add(Verdict.MISNAMED)
    verdict = next(it for it in WORST_FIRST if it in verdicts)
    outcomes = [order.outcome for leg in legs for order in leg.orders]
    return HaltReport(
        halt_id=halt.halt_id,
        verdict=verdict,
        is_active=halt.is_active,
        is_live=any(leg.is_live for leg in legs),
        scope=halt.scope,
        origin=halt.trigger.origin,
        by=halt.trigger.by,
        reason=halt.trigger.reason,
        begun=halt.begun,
        ended=None if verdict is Verdict.RUNNING else max(_ends(legs), default=None),
        deadline_seconds=halt.deadline_seconds,
        flatten=halt.flatten,
        counts={outcome: outcomes.count(outcome) for outcome in Outcome},
        reappeared=sum(leg.reappeared for leg in legs),
        recanceled=sum(leg.recanceled for leg in legs),
        legs=legs,
        repeats=halt.repeats,
        warnings=warned,
        release=halt.release,
    )


def _warnings(state: State, halt: Halt) -> tuple[str, ...]:
    """Symbols are checked when a round has proven the rest."""
    legs = halt.legs.values()
    unknown = [leg.unknown_symbols or () for leg in legs]
    return warnings(state, halt.scope, halt.names, [leg.account for leg in legs], unknown)


def _ends(legs: tuple[LegReport, ...]) -> Iterator[Nanos]:
    yield from (leg.ended for leg in legs if leg.ended is not None)


def unnamed(state: State, halt: Halt, leg: Leg) -> int:
    """How many orders a venue counted as canceled by its mass cancels that nobody can name yet."""
    return _unnamed(leg, _orders(state, halt, leg))


def _orders(state: State, halt: Halt, leg: Leg) -> tuple[OrderReport, ...]:
    mine = [it for it in halt.orders.values() if it.account == leg.account]
    gone, listed = _gone(leg), _listed(leg)
    return tuple(
        _order(it, state.orders[it.account.owner, it.cl_ord_id], gone, listed) for it in mine
    )


def _leg(state: State, halt: Halt, leg: Leg, is_live: bool) -> LegReport:
    orders = _orders(state, halt, leg)
    return LegReport(
        account=leg.account,
        is_live=is_live,
        verdict=VERDICTS[leg.ending],
        why=leg.why,
        begun=leg.begun,
        ended=leg.ended,
        rounds=leg.rounds,
        orders=orders,
        sights=leg.sights,
        acts=leg.acts,
        reappeared=leg.reappeared,
        recanceled=_recanceled(leg, orders),
        unlistable=leg.unlistable,
        before=None if leg.before is None else leg.before.held,
        after=None if leg.after is None else leg.after.held,
        paths=_paths(leg),
        came_back=leg.came_back,
        first_request=leg.first_request,
        unnamed=_unnamed(leg, orders),
        kept=tuple(_kept(state, halt, leg)),
    )


def _paths(leg: Leg) -> tuple[str, ...]:
    """Those by which something was answered, in their order."""
    changes = [act for act in leg.acts if act.kind.startswith(PATH)]
    if not changes:
        return (FIRST_PATH,)
    since = changes[0].asked
    answered = [act.answered for act in leg.acts if not act.kind.startswith(PATH)]
    was_answered = any(time < since for time in [*answered, *(it.time for it in leg.sights)])
    paths = [it.kind.removeprefix(PATH) for it in changes]
    return tuple(dict.fromkeys([*([FIRST_PATH] if was_answered else []), *paths]))


def _kept(state: State, halt: Halt, leg: Leg) -> Iterator[tuple[Order, str]]:
    """As they stood at the last look; those that have ended since are left out."""
    for cl_ord_id in leg.kept:
        order = state.orders[leg.account.owner, cl_ord_id]
        if not order.has_ended:
            yield order, halt.scope.why_kept(order) or "reduce-only"


def _gone(leg: Leg) -> dict[ClOrdId, None]:
    """Orders that were gone when our first cancel came: no mass cancel had been there before."""
    gone: dict[ClOrdId, None] = {}
    for act in leg.acts:
        if act.cl_ord_id is None and act.answer == DONE:
            break
        if act.cl_ord_id is not None and act.answer == GONE:
            gone[act.cl_ord_id] = None
    return gone


def _unnamed(leg: Leg, orders: tuple[OrderReport, ...]) -> int:
    """How many more a venue counts in its mass cancels than they can have been of `orders`."""
    counted = sum(act.count or 0 for act in leg.acts)
    singly = {act.cl_ord_id for act in leg.acts if act.answer in (DONE, TAKEN)}
    singly |= _gone(leg).keys()
    may_be = [
        it
        for it in orders
        if it.outcome not in (Outcome.FILLED, Outcome.FAILED) and it.cl_ord_id not in singly
    ]
    return max(counted - len(may_be), 0)


def _recanceled(leg: Leg, orders: tuple[OrderReport, ...]) -> int:
    """An order may come back under its own name: looks are counted, not orders."""
    listed = len(leg.sights[-1].order_ids) if leg.sights else 0
    traded = sum(it.has_appeared and it.outcome is Outcome.FILLED for it in orders)
    return max(leg.reappeared - listed - traded, 0)


def _listed(leg: Leg) -> frozenset[str]:
    """Orders that the venue still listed when the round ended; none, if it has not said since."""
    return frozenset(leg.sights[-1].order_ids if leg.ending is Ending.LEFT else ())


def _order(
    met: HaltOrder, order: Order, gone: dict[ClOrdId, None], listed: frozenset[str]
) -> OrderReport:
    terms = order.terms
    return OrderReport(
        cl_ord_id=order.cl_ord_id,
        order_id=order.order_id,
        venue_cl_ord_id=order.venue_cl_ord_id,
        symbol=terms.symbol,
        common_symbol=terms.common_symbol,
        side=terms.side,
        quantity=terms.quantity,
        price=terms.price,
        tag=order.tag,
        is_foreign=order.is_foreign,
        has_appeared=met.has_appeared,
        before=met.status,
        filled_before=met.filled,
        after=order.status,
        filled_after=order.filled,
        ended=order.history[-1][1] if order.has_ended else None,
        outcome=_outcome(order, gone, listed),
        why=order.message,
        history=order.history,
    )


def _outcome(order: Order, gone: dict[ClOrdId, None], listed: frozenset[str]) -> Outcome:
    match order.status:
        case Status.FILLED:
            return Outcome.FILLED
        case Status.REJECTED:
            return Outcome.ALREADY_DONE
        case Status.CANCELED if order.order_id in listed:
            return Outcome.UNKNOWN  # its venue says both
        case Status.CANCELED:
            return Outcome.ALREADY_DONE if order.cl_ord_id in gone else Outcome.CANCELED
        case _ if order.order_id in listed:
            return Outcome.FAILED
        case _:  # it was open when somebody last said so, and a cancel may have reached it since
            return Outcome.UNKNOWN
