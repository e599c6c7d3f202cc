"""The kill switch in JSON: one shape for whoever asks, an owner or the operator."""

from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.ems.halts import Act, HeldPosition, Repeat
from openvenue.ems.orders import Order, Side, Waits
from openvenue.ems.proof import Sight
from openvenue.ems.rehearsal import DryRun, Rehearsal
from openvenue.ems.report import HaltReport, LegReport, OrderReport, Verdict
from openvenue.ems.report_page import scope_text
from openvenue.ems.run_report import RunReport
from openvenue.ems.scope import Scope, TriggerState
from openvenue.ems.times import iso
from openvenue.gateways.numbers import decimal_number
from openvenue.gateways.wire import Request

MS: Final = 1_000_000  # in Nanos
NAMES_MAX: Final = 100  # in one filter
TEXT_MAX: Final = 500  # characters of a reason, or a name
DEADLINE_MAX_SECONDS: Final = 3_600.0
NOT_WITH_FLATTEN: Final = (
    "a position has no tag, no sender, no trigger and no order's side: they go without flatten"
)

S = TypeVar("S", bound=Struct)


class UnreadableHalt(Exception):
    """A request about a halt that makes no sense; the text says why."""


class PullJson(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a trigger says. A member too many is refused: a filter with a slip must not be none."""

    exchange_id: str | None = None
    exchange_ids: list[str] = []
    symbol: str | None = None
    symbols: list[str] = []
    side: Side | None = None
    tag: str | None = None
    tags: list[str] = []
    keep_reduce_only: bool = False
    mine_only: bool = False
    trigger_state: TriggerState | None = None
    flatten: bool = False
    deadline_seconds: float | None = None
    reason: str = ""
    by: str = ""
    dry_run: bool = False
    wait: bool = False


class OperatorPullJson(PullJson, kw_only=True, forbid_unknown_fields=True):
    """The operator names accounts, too."""

    account: str | None = None
    accounts: list[str] = []


class ReleaseJson(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a release says: why is not to be left out."""

    reason: str
    by: str = ""
    even_unproven: bool = False


def decode_pull(body: bytes, kind: type[S]) -> S:
    """A trigger; nothing at all means everything. Raises: UnreadableHalt."""
    pull = _decode(body or b"{}", kind)
    assert isinstance(pull, PullJson), "a trigger"
    accounts = pull.accounts if isinstance(pull, OperatorPullJson) else []
    for names in (pull.exchange_ids, pull.symbols, pull.tags, accounts):
        if len(names) > NAMES_MAX or not all(names):
            raise UnreadableHalt(f"a filter has 1 to {NAMES_MAX} names, none of them empty")
    account = pull.account if isinstance(pull, OperatorPullJson) else None
    if "" in (pull.exchange_id, pull.symbol, pull.tag, account):
        raise UnreadableHalt("a filter is a name, or is left out")
    if len(pull.reason) > TEXT_MAX or len(pull.by) > TEXT_MAX:
        raise UnreadableHalt(f"reason and by have {TEXT_MAX} characters at most")
    if pull.flatten and _is_about_orders(pull):
        raise UnreadableHalt(NOT_WITH_FLATTEN)
    if pull.deadline_seconds is not None and not 0 < pull.deadline_seconds <= DEADLINE_MAX_SECONDS:
        raise UnreadableHalt(f"deadline_seconds is above 0 and at most {DEADLINE_MAX_SECONDS:g}")
    pull.by = pull.by.strip()  # blanks name nobody
    return pull


def _is_about_orders(pull: PullJson) -> bool:
    """A filter is on that says nothing of positions."""
    return bool(
        pull.side is not None
        or pull.tag is not None
        or pull.tags
        or pull.mine_only
        or pull.trigger_state is not None
    )


def decode_release(body: bytes) -> ReleaseJson:
    """A release. Raises: UnreadableHalt."""
    release = _decode(body, ReleaseJson)
    if not release.reason.strip():
        raise UnreadableHalt("a release needs a reason")
    if len(release.reason) > TEXT_MAX or len(release.by) > TEXT_MAX:
        raise UnreadableHalt(f"reason and by have {TEXT_MAX} characters at most")
    release.by = release.by.strip()
    return release


def filters(pull: PullJson) -> dict[str, Any]:
    """What `Ems.scope` is to be told."""
    return {
        "venues": _all(pull.exchange_id, pull.exchange_ids),
        "symbols": _all(pull.symbol, pull.symbols),
        "side": pull.side,
        "tags": _all(pull.tag, pull.tags),
        "keeps_reduce_only": pull.keep_reduce_only,
        "mine_only": pull.mine_only,
        "trigger_state": pull.trigger_state,
    }


def owners(pull: OperatorPullJson) -> list[str]:
    """Accounts that the operator means; none: all."""
    return _all(pull.account, pull.accounts)


def _all(one: str | None, many: list[str]) -> list[str]:
    return many if one is None else [one, *many]


def _decode(body: bytes, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableHalt(str(error)) from error


def wants_text(request: Request) -> bool:
    """Whether a page for people is asked for, by `format=text` or by what is accepted."""
    named = parse_qs(request.query.decode("ascii", "replace"), max_num_fields=100)
    if "format" in named:
        return named["format"][-1] == "text"
    accepted = request.headers.get("accept", "")
    return "text/plain" in accepted and "json" not in accepted


# ---- out


def status_code(report: HaltReport) -> int:
    """200 only where everything is proven; 504 where it is not; 202 while it runs."""
    match report.verdict:
        case Verdict.PROVEN:
            return 200
        case Verdict.RUNNING:
            return 202
        case _:
            return 504


def as_json(report: HaltReport, *, short: bool = False) -> dict[str, Any]:
    """A report; `short`: without accounts. Absent members are left out."""
    told: dict[str, Any] = {
        "id": report.halt_id,
        "status": report.verdict,
        "halted": report.is_active,
        "live": report.is_live,
        "scope": scope_json(report.scope),
        "origin": report.origin,
        "by": report.by,
        "reason": report.reason,
        "begun": iso(report.begun),
        "deadline_seconds": report.deadline_seconds,
        "flatten": report.flatten,
        "summary": {
            **{str(outcome): count for outcome, count in report.counts.items()},
            "reappeared": report.reappeared,
            "recanceled": report.recanceled,
        },
        "pulled_again": [_repeat(it) for it in report.repeats],
        "warnings": report.warnings,
    }
    if report.ended is not None:
        told["ended"] = iso(report.ended)
    if report.release is not None:
        it = report.release
        told["released"] = {
            "time": iso(it.time),
            "by": it.by,
            "reason": it.reason,
            "even_unproven": it.was_unproven,
        }
    if not short:
        told["accounts"] = [_leg(leg) for leg in report.legs]
    return told


def _repeat(it: Repeat) -> dict[str, Any]:
    told = {"time": iso(it.time), "by": it.trigger.by, "reason": it.trigger.reason}
    if it.deadline_seconds is None:
        return told
    return {**told, "deadline_seconds": it.deadline_seconds}


def scope_json(scope: Scope) -> dict[str, Any]:
    """What is meant; filters that leave out nothing are left out."""
    named: dict[str, Any] = {
        "accounts": scope.owners,
        "exchange_ids": scope.exchange_ids,
        "symbols": scope.symbols,
        "tags": scope.tags,
        "side": scope.side,
        "trigger_state": scope.trigger_state,
    }
    told = {name: value for name, value in named.items() if value}
    return {
        "text": scope_text(scope),
        **told,
        "keep_reduce_only": scope.keeps_reduce_only,
        "mine_only": scope.mine_only,
    }


def rehearsal_json(run: DryRun, *, live: bool) -> dict[str, Any]:
    """What a dry run found."""
    return {
        "dry_run": True,
        "live": live,
        "scope": scope_json(run.scope),
        "warnings": run.warnings,
        "accounts": [_rehearsed(run.scope, it) for it in run.accounts],
    }


def _rehearsed(scope: Scope, it: Rehearsal) -> dict[str, Any]:
    named = {"account": it.account.owner, "exchange_id": it.account.exchange_id}
    if it.why:
        return {**named, "why": it.why}
    return {
        **named,
        "would_cancel": [_plain_order(order) for order in it.meant],
        "would_stay": [_kept(order, scope.why_kept(order)) for order in it.beside],
        "mass_cancel": it.mass_cancel,
        "unverifiable": it.unlistable,
    }


def _plain_order(order: Order) -> dict[str, Any]:
    terms = order.terms
    return {
        "client_order_id": order.cl_ord_id,
        "exchange_order_id": order.order_id,
        "symbol_id_exchange": terms.symbol,
        "side": terms.side,
        "amount_order": decimal_number(terms.quantity),
        "price": decimal_number(terms.price),
        "status": order.status,
    }


def _kept(order: Order, why: str) -> dict[str, Any]:
    told = {**_plain_order(order), "kept_for": why, "foreign": order.is_foreign}
    return told if order.waits is Waits.NO else {**told, "untriggered": order.waits}


def _leg(leg: LegReport) -> dict[str, Any]:
    told: dict[str, Any] = {
        "account": leg.account.owner,
        "exchange_id": leg.account.exchange_id,
        "live": leg.is_live,
        "status": leg.verdict,
        "why": leg.why,
        "rounds": leg.rounds,
        "begun": iso(leg.begun),
        "paths": leg.paths,
        "reappeared": leg.reappeared,
        "recanceled": leg.recanceled,
        "unnamed": leg.unnamed,
        "positions_came_back": leg.came_back,
        "unverifiable": leg.unlistable,
        "orders": [_order(order) for order in leg.orders],
        "kept": [_kept(order, why) for order, why in leg.kept],
        "evidence": [_sight(sight) for sight in leg.sights],
        "requests": [_act(act) for act in leg.acts],
    }
    if leg.ended is not None:
        told["ended"] = iso(leg.ended)
    if leg.first_request is not None:
        told["first_request_ms"] = round(leg.first_request / MS, 3)
    for name, held in (("positions_before", leg.before), ("positions_after", leg.after)):
        if held is not None:
            told[name] = [_position(it) for it in held]
    return told


def run_json(report: RunReport, *, short: bool = False) -> dict[str, Any]:
    """A cancel-all; `short`: without orders and evidence."""
    run = report.run
    told: dict[str, Any] = {
        "id": run.run_id,
        "account": run.account.owner,
        "exchange_id": run.account.exchange_id,
        "status": Verdict.RUNNING if run.ending is None else run.ending,
        "why": run.why,
        "begun": iso(run.begun),
    }
    if run.ended is not None:
        told["ended"] = iso(run.ended)
    if not short:
        told["orders"] = [
            {
                **_plain_order(order),
                "amount_filled": decimal_number(order.filled),
                "foreign": order.is_foreign,
            }
            for order in report.orders
        ]
        told["evidence"] = [_sight(sight) for sight in run.sights]
        told["requests"] = [_act(act) for act in run.acts]
    return told


class OrderJson(Struct, kw_only=True, omit_defaults=True):
    """One order in scope, before and after."""

    client_order_id: str
    exchange_order_id: str | UnsetType
    client_order_id_format_exchange: str | UnsetType
    symbol_id_exchange: str
    symbol_id_coinapi: str | UnsetType
    side: Side
    amount_order: Raw
    price: Raw
    tag: str | UnsetType
    foreign: bool = False
    appeared: bool = False
    outcome: str
    status_before: str
    amount_filled_before: Raw
    status_after: str
    amount_filled_after: Raw
    ended: str | UnsetType
    error_message: str | UnsetType
    status_history: list[tuple[str, str]]


def _order(it: OrderReport) -> OrderJson:
    return OrderJson(
        client_order_id=it.cl_ord_id,
        exchange_order_id=it.order_id or UNSET,
        client_order_id_format_exchange=it.venue_cl_ord_id or UNSET,
        symbol_id_exchange=it.symbol,
        symbol_id_coinapi=it.common_symbol or UNSET,
        side=it.side,
        amount_order=decimal_number(it.quantity),
        price=decimal_number(it.price),
        tag=it.tag or UNSET,
        foreign=it.is_foreign,
        appeared=it.has_appeared,
        outcome=it.outcome,
        status_before=it.before,
        amount_filled_before=decimal_number(it.filled_before),
        status_after=it.after,
        amount_filled_after=decimal_number(it.filled_after),
        ended=UNSET if it.ended is None else iso(it.ended),
        error_message=it.why or UNSET,
        status_history=[(str(status), iso(time)) for status, time in it.history],
    )


def _sight(sight: Sight) -> dict[str, Any]:
    return {
        "time": iso(sight.time),
        "source": sight.source,
        "order_ids": sight.order_ids,
        "beside": sight.beside,
    }


def _act(act: Act) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": act.kind,
        "asked": iso(act.asked),
        "answered": iso(act.answered),
        "answer": act.answer,
    }
    if act.count is not None:
        told["canceled"] = act.count
    return told if act.cl_ord_id is None else {**told, "client_order_id": act.cl_ord_id}


def _position(it: HeldPosition) -> dict[str, Any]:
    return {
        "symbol_id_exchange": it.symbol,
        "symbol_id_coinapi": it.common_symbol,
        "side": it.side,
        "quantity": decimal_number(it.quantity),
    }
