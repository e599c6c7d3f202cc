"""A halt's report as a page of text, for people: what is so, then by what right it is said."""

from collections.abc import Iterator, Sequence
from typing import Final

from openvenue.ems.halts import FIRST_PATH, Act, HeldPosition
from openvenue.ems.orders import Account, Order
from openvenue.ems.proof import Sight
from openvenue.ems.rehearsal import DryRun
from openvenue.ems.report import HaltReport, LegReport, OrderReport, Outcome, Verdict
from openvenue.ems.scope import Scope
from openvenue.ems.times import iso

MEANINGS: Final = {
    Verdict.RUNNING: "canceling; nothing is proven yet",
    Verdict.PROVEN: "no order in scope is open, by the venues' own word",
    Verdict.LEFT: "orders in scope, or positions to be closed, are still open",
    Verdict.UNKNOWN: "it is not known whether orders in scope are open",
    Verdict.UNVERIFIABLE: "nothing in scope is listed, but not everything can be listed",
    Verdict.MISNAMED: "nothing that is known is open, but the scope names what nobody knows",
}
MS: Final = 1_000_000  # in Nanos
LIVE: Final = "LIVE"


def page(report: HaltReport) -> str:
    """The whole report. What clients and venues wrote is shown without control characters."""
    return "".join(f"{_printable(line)}\n" for line in _lines(report))


def scope_text(scope: Scope) -> str:
    """What is meant, in one sentence."""
    words = ["own"] if scope.mine_only else []
    if scope.trigger_state is not None:
        words.append(scope.trigger_state.lower())
    if scope.side is not None:
        words.append(scope.side)
    words = [" ".join([*(words or ["all"]), "orders"])]
    if scope.symbols:
        words.append(f"in {', '.join(scope.symbols)}")
    if scope.tags:
        words.append(f"tagged {', '.join(scope.tags)}")
    words.append(f"of {', '.join(scope.owners)}" if scope.owners else "of every account")
    words.append(f"at {', '.join(scope.exchange_ids)}" if scope.exchange_ids else "at every venue")
    if scope.keeps_reduce_only:
        words.append("but reduce-only ones stay")
    return " ".join(words)


def rehearsal_page(run: DryRun, live: bool) -> str:
    """What a dry run found."""
    return "".join(f"{_printable(line)}\n" for line in _rehearsal_lines(run, live))


def _rehearsal_lines(run: DryRun, live: bool) -> Iterator[str]:
    scope = run.scope
    yield f"DRY RUN{f' ({LIVE})' if live else ''}: nothing was halted, nothing was canceled"
    yield f"scope      {scope_text(scope)}"
    yield from (f"WARNING    {warning}" for warning in run.warnings)
    for it in run.accounts:
        yield ""
        if it.why:
            yield f"{_name(it.account)}: not known: {it.why}"
            continue
        yield f"{_name(it.account)}: {len(it.meant)} would go, {len(it.beside)} would stay"
        yield from (f"  goes   {_order_text(order)}" for order in it.meant)
        yield from (
            f"  stays  {_order_text(order)} ({scope.why_kept(order)})" for order in it.beside
        )
        if it.unlistable:
            yield f"  cannot be listed there: {', '.join(it.unlistable)}"


def _order_text(order: Order) -> str:
    terms = order.terms
    return (
        f"{terms.side} {terms.quantity} {terms.symbol} @ {terms.price}  {order.status}"
        f"{'  foreign' if order.is_foreign else ''}  {order.cl_ord_id}  {order.order_id}"
    )


def _lines(report: HaltReport) -> Iterator[str]:
    banner = f"{LIVE}  " if report.is_live else ""
    yield f"{banner}{report.halt_id}: {report.verdict.upper()}, {MEANINGS[report.verdict]}"
    yield f"halt       {'stands: orders in scope are refused' if report.is_active else 'released'}"
    yield f"scope      {scope_text(report.scope)}"
    yield from (f"WARNING    {warning}" for warning in report.warnings)
    yield f"by         {report.by} ({report.origin})"
    yield f"reason     {report.reason or 'none was given'}"
    yield f"begun      {iso(report.begun)}"
    ended = "it runs" if report.ended is None else iso(report.ended)
    yield f"ended      {ended} (deadline {report.deadline_seconds:g} s)"
    yield f"flatten    {'yes' if report.flatten else 'no'}"
    counts = [f"{report.counts[it]} {it.replace('_', ' ')}" for it in Outcome]
    yield f"orders     {', '.join(counts)}"
    if report.reappeared:
        yield f"watch      {report.reappeared} re-appeared, {report.recanceled} canceled again"
    for again in report.repeats:
        why = again.trigger.reason or "no reason was given"
        seconds = again.deadline_seconds
        until = "" if seconds is None else f" (deadline {seconds:g} s)"
        yield f"again      {iso(again.time)} by {again.trigger.by}: {why}{until}"
    if report.release is not None:
        it = report.release
        although = ", although it was not proven" if it.was_unproven else ""
        yield f"released   {iso(it.time)} by {it.by}{although}: {it.reason}"
    for leg in report.legs:
        yield ""
        yield from _leg_lines(leg)


def _leg_lines(leg: LegReport) -> Iterator[str]:
    banner = f"  {LIVE}" if leg.is_live else ""
    why = f": {leg.why}" if leg.why else ""
    yield f"{_name(leg.account)}{banner}  {leg.verdict.upper()}{why}"
    times = leg.begun if leg.ended is None else leg.ended
    yield f"  round {leg.rounds}, begun {iso(leg.begun)}, as of {iso(times)}"
    if leg.first_request is not None:
        yield f"  first request {leg.first_request / MS:.1f} ms after the trigger"
    if leg.paths != (FIRST_PATH,):
        yield f"  by {', then '.join(leg.paths)}"
    if leg.unlistable:
        yield f"  cannot be listed there: {', '.join(leg.unlistable)}"
    yield from (f"  {_outcome_line(order)}" for order in leg.orders)
    if leg.unnamed:
        yield f"  {leg.unnamed} more were canceled, by the venue's count, that the desk cannot name"
    yield from (f"  kept for {why}: {_order_text(order)}" for order, why in leg.kept)
    yield from (f"  {_sight_line(sight)}" for sight in leg.sights)
    yield from (f"  {_act_line(act)}" for act in leg.acts)
    if leg.came_back:
        yield f"  positions came back {leg.came_back} times after they had been closed"
    for when, held in (("before", leg.before), ("after", leg.after)):
        if held is not None:
            yield f"  positions {when}: {_positions(held)}"


def _outcome_line(order: OrderReport) -> str:
    marks = [
        *(["foreign"] if order.is_foreign else []),
        *(["appeared since"] if order.has_appeared else []),
        *([f"tag {order.tag}"] if order.tag else []),
    ]
    more = f" ({', '.join(marks)})" if marks else ""
    ended = f" {iso(order.ended)}" if order.ended is not None else ""
    why = f": {order.why}" if order.why else ""
    return (
        f"order {order.outcome.replace('_', ' ')}{more}  {order.cl_ord_id}  {order.order_id}  "
        f"{order.side} {order.quantity} {order.symbol} @ {order.price}  "
        f"{order.before} filled {order.filled_before:f} -> "
        f"{order.after} filled {order.filled_after:f}"
        f"{ended}{why}"
    )


def _sight_line(sight: Sight) -> str:
    seen = f"{len(sight.order_ids)} in scope" if sight.order_ids else "none in scope"
    beside = f", {sight.beside} beside it" if sight.beside else ""
    ids = f": {', '.join(sight.order_ids)}" if sight.order_ids else ""
    return f"seen {iso(sight.time)}  the venue's {sight.source} has {seen}{beside}{ids}"


def _act_line(act: Act) -> str:
    name = f" {act.cl_ord_id}" if act.cl_ord_id is not None else ""
    count = "" if act.count is None else f", orders canceled: {act.count}"
    return f"sent {iso(act.asked)}  {act.kind}{name}; {iso(act.answered)}: {act.answer}{count}"


def _positions(held: Sequence[HeldPosition]) -> str:
    return ", ".join(f"{it.side} {it.quantity} {it.symbol}" for it in held) or "none"


def _name(account: Account) -> str:
    return f"{account.owner} at {account.exchange_id}"


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)
