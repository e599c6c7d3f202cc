"""The assignment programme and the unwind queue: for positions that the book cannot close.

Source: Kraken Futures REST, "Assignment program", "Unwind queue".
"""

from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType

from openvenue.engine.assignees import Assignee, AssigneeTerms, Days
from openvenue.engine.commands import JoinAssignment, LeaveAssignment
from openvenue.engine.events import AssigneeJoined, AssigneeLeft, Refused
from openvenue.engine.instruments import Kind
from openvenue.engine.queries import GetAssignees, GetUnwindQueue, UnwindPlace
from openvenue.engine.units import is_workable
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures.arguments import Arguments
from openvenue.gateways.kraken_futures.asking import Who
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.limits import COST
from openvenue.gateways.kraken_futures.numbers import decimal_number
from openvenue.gateways.kraken_futures.times import iso
from openvenue.gateways.wire import Request, Response, WireError

KINDS: Final = {"futures_inverse": Kind.INVERSE, "flexible_futures": Kind.LINEAR}
KIND_WORDS: Final = {kind: word for word, kind in KINDS.items()}
DAYS: Final = {"all": Days.ALL, "weekdays": Days.WEEKDAYS, "weekends": Days.WEEKENDS}
DAY_WORDS: Final = {days: word for word, days in DAYS.items()}
PERCENTILES: Final = (20, 40, 80, 100)
DIGITS_MAX: Final = 18


class ParticipantJson(Struct, rename="camel", kw_only=True):
    """On which terms somebody takes positions over."""

    contract_type: str
    contract: str | UnsetType = UNSET
    max_size: Raw | UnsetType = UNSET
    max_position: Raw | UnsetType = UNSET
    accept_long: bool
    accept_short: bool
    time_frame: str
    enabled: bool


class EntryJson(Struct):
    """One entry of the programme."""

    id: int
    participant: ParticipantJson


class PastEntryJson(Struct):
    """What became of an entry."""

    deleted: bool
    timestamp: str
    participant: ParticipantJson


class PlaceJson(Struct):
    """Where a position stands; 100: among the first to be unwound."""

    symbol: str
    percentile: int


async def unwind_queue(desk: Desk, request: Request) -> Response:
    """GET unwindqueue: each open position's place."""
    who = desk.who(request, COST["unwindqueue"])
    places = await desk.exchange.look(GetUnwindQueue(who.account))
    told = [PlaceJson(it.symbol, percentile(it)) for it in places if desk.is_ours(it.symbol)]
    return desk.say("queue", told)


def percentile(place: UnwindPlace) -> int:
    """The share of the queue that a position is in front of, itself included, as the API has it."""
    behind = 100 * (place.of - place.place + 1)
    return next(it for it in PERCENTILES if behind <= it * place.of)


async def current(desk: Desk, request: Request) -> Response:
    """GET assignmentprogram/current: the entries that stand, oldest first."""
    who = desk.who(request, COST["assignmentprogram"])
    entries = await desk.exchange.look(GetAssignees(who.account))
    return desk.say("participants", [_entry(it) for it in entries if not it.left])


async def past(desk: Desk, request: Request) -> Response:
    """GET assignmentprogram/history: every entry that came or went, newest first."""
    who = desk.who(request, COST["assignmentprogram"])
    told: list[tuple[int, bool, int, PastEntryJson]] = []
    for it in await desk.exchange.look(GetAssignees(who.account)):
        terms = _participant(it.terms)
        told.append((it.joined, False, it.number, PastEntryJson(False, iso(it.joined), terms)))
        if it.left:
            told.append((it.left, True, it.number, PastEntryJson(True, iso(it.left), terms)))
    told.sort(key=lambda row: row[:3], reverse=True)
    return desk.say("participants", [row[3] for row in told])


async def add(desk: Desk, request: Request) -> Response:
    """POST assignmentprogram/add: the entry as it stands."""
    who = desk.who(request, COST["assignmentprogram"], needs_full=True)
    terms = decode_terms(codec.read_arguments(request), desk)
    command = JoinAssignment(account=who.account, terms=terms)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, AssigneeJoined):
            return desk.say_flat({"id": event.number, "participant": _participant(event.terms)})
        if isinstance(event, Refused):
            raise WireError(errors.REQUEST_ERROR[event.reason], why=event.detail)
    raise AssertionError("a JoinAssignment is answered")


async def delete(desk: Desk, request: Request) -> Response:
    """POST assignmentprogram/delete: the entry as it was."""
    who = desk.who(request, COST["assignmentprogram"], needs_full=True)
    number = codec.read_arguments(request).needed("id")
    if not (number.isascii() and number.isdigit()) or len(number) > DIGITS_MAX:
        raise errors.invalid("id")
    entry = await _leave(desk, who, int(number))
    return desk.say_flat({"id": entry.number, "participant": _participant(entry.terms)})


async def _leave(desk: Desk, who: Who, number: int) -> Assignee:
    """The entry that is no more. Raises: WireError."""
    command = LeaveAssignment(account=who.account, number=number)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, AssigneeLeft):
            entries = await desk.exchange.look(GetAssignees(who.account))
            return next(it for it in entries if it.number == number)
    raise errors.invalid("id")


def decode_terms(arguments: Arguments, desk: Desk) -> AssigneeTerms:
    """The terms asked for. Raises: WireError."""
    kind = KINDS.get(arguments.needed("contractType"))
    if kind is None:
        raise errors.invalid("contractType")
    contract = arguments.text("contract")
    symbol = None
    if contract is not None:
        market = desk.market(contract)
        symbol = market.symbol
        if market.instrument.kind is not kind:
            raise errors.invalid("contract")
    days = DAYS.get(arguments.needed("timeFrame"))
    if days is None:
        raise errors.invalid("timeFrame")
    for name in ("acceptLong", "acceptShort", "enabled"):
        arguments.needed(name)
    return AssigneeTerms(
        kind=kind,
        symbol=symbol,
        max_size=_bound(arguments, "maxSize"),
        max_position=_bound(arguments, "maxPosition"),
        accepts_long=arguments.flag("acceptLong"),
        accepts_short=arguments.flag("acceptShort"),
        days=days,
        is_enabled=arguments.flag("enabled"),
    )


def _bound(arguments: Arguments, name: str) -> Decimal | None:
    text = arguments.text(name)
    if text is None:
        return None
    try:
        bound = Decimal(text[:40])
    except InvalidOperation as error:
        raise errors.invalid(name) from error
    if not (is_workable(bound) and 0 < bound < 10**DIGITS_MAX):
        raise errors.invalid(name)
    return bound


def _entry(it: Assignee) -> EntryJson:
    return EntryJson(it.number, _participant(it.terms))


def _participant(terms: AssigneeTerms) -> ParticipantJson:
    told = ParticipantJson(
        contract_type=KIND_WORDS[terms.kind],
        accept_long=terms.accepts_long,
        accept_short=terms.accepts_short,
        time_frame=DAY_WORDS[terms.days],
        enabled=terms.is_enabled,
    )
    if terms.symbol is not None:
        told.contract = terms.symbol
    if terms.max_size is not None:
        told.max_size = decimal_number(terms.max_size)
    if terms.max_position is not None:
        told.max_position = decimal_number(terms.max_position)
    return told
