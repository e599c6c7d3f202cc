"""POST batchorder: many instructions in one request, each deciding for itself.

All that can become commands are one entry of the journal; the others are answered beside them.
Source: Kraken Futures REST, "Batch order management".
"""

from collections.abc import Sequence
from contextlib import suppress

from msgspec import UNSET, Struct, UnsetType

from openvenue.engine.commands import AmendOrder, Batch, CancelOrder, PlaceOrder
from openvenue.engine.events import Event, MemberDecided
from openvenue.engine.orders import OrderView
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import Nanos, OrderId
from openvenue.exchange.port import Outcome
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures.arguments import Arguments
from openvenue.gateways.kraken_futures.asking import Asked
from openvenue.gateways.kraken_futures.decode_edit import EditName, EditTarget
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.edit import Targets, ended_by, refused_edit, targets_of
from openvenue.gateways.kraken_futures.encode import refusal
from openvenue.gateways.kraken_futures.holds import decided
from openvenue.gateways.kraken_futures.limits import COST_BATCH
from openvenue.gateways.kraken_futures.order_json import BatchItem, EditStatus, OrderStatus
from openvenue.gateways.kraken_futures.private import filled_orders, is_name_taken, not_canceled
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.kraken_futures.story import Story
from openvenue.gateways.wire import Request, Response, WireError

FAILED = ("notFound", "filled")  # of a cancel


class Planned(Struct):
    """One instruction: a command, or the word that refuses it."""

    arguments: Arguments
    command: PlaceOrder | CancelOrder | AmendOrder | None = None
    refused: str = ""
    error: str = ""  # its `OrderError`, where the word does not say which
    is_trigger: bool = False
    target: EditTarget | None = None


async def batch_order(desk: Desk, request: Request) -> Response:
    """Answers in the order of the instructions."""
    who = desk.who(request, 0, needs_full=True)
    try:
        instructions, beside = codec.read_batch(request)
    except WireError:
        desk.spend(who, COST_BATCH)
        raise
    desk.spend(who, COST_BATCH + len(instructions))
    if len(instructions) > desk.profile.batch_max:
        raise errors.invalid("batchOrder", "too many instructions")
    asked = desk.asked(who)
    deadline = codec.decode_deadline(beside, asked)
    if deadline is not None and deadline < asked.now and desk.profile.late_batch == "error":
        raise errors.invalid("processBefore", "the deadline has passed")
    targets = Targets(await targets_of(desk, who, edited(instructions, desk.profile)))
    plans = [plan(desk, it, asked, deadline, targets) for it in instructions]
    for it in plans:
        if isinstance(it.command, PlaceOrder) and await is_name_taken(desk, it.command):
            it.is_trigger = it.command.trigger is not None
            it.command, it.refused = None, "clientOrderIdAlreadyExist"
    commands = tuple(it.command for it in plans if it.command is not None)
    if not commands:
        return desk.say("batchStatus", [_refused(it, it.refused, desk) for it in plans])
    outcome = await desk.exchange.submit(Batch(account=who.account, members=commands), who.envelope)
    results = await answers(outcome, commands, desk)
    unknown = [
        command
        for command, result in zip(commands, results, strict=True)
        if isinstance(command, CancelOrder) and result is RejectReason.UNKNOWN_ORDER
    ]
    filled = await filled_orders(desk, who, unknown)
    items: list[BatchItem] = []
    remaining = iter(results)
    for it in plans:
        if it.command is None:
            items.append(_refused(it, it.refused, desk))
            continue
        result = next(remaining)
        if isinstance(result, RejectReason):
            if isinstance(it.command, AmendOrder):
                it.error = errors.edit_error(result)
                it.is_trigger = result in errors.TOLD_AS_REJECT
                item = _refused(it, errors.EDIT_STATUS[result], desk)
                item.order_events += await ended_by(desk, who, it.command, result)
                items.append(item)
                continue
            assert isinstance(it.command, CancelOrder), "an order is answered with a status"
            if result in (RejectReason.PAST_DEADLINE, RejectReason.MARKET_MAINTENANCE):
                items.append(_refused(it, errors.SEND_STATUS[result], desk))
                continue
            result = not_canceled(it.command, filled, desk.profile)
        items.append(_item(it, result))
    return desk.say("batchStatus", items)


def edited(instructions: Sequence[Arguments], profile: Profile) -> list[EditName]:
    """The orders that a batch wants to change, where it can be read which."""
    names: list[EditName] = []
    for arguments in instructions:
        if arguments.text("order") == "edit":
            with suppress(WireError):
                names.append(codec.decode_edit_name(arguments, profile))
    return names


def plan(
    desk: Desk, arguments: Arguments, asked: Asked, deadline: Nanos | None, targets: Targets
) -> Planned:
    """One instruction as a command. What is wrong with it is wrong with it alone."""
    planned = Planned(arguments)
    try:
        match arguments.needed("order"):
            case "send":
                arguments.needed("order_tag")
                command = codec.decode_send_order(
                    arguments, asked, desk.listing, desk.profile, deadline=deadline
                )
                if isinstance(command, codec.NotSent):
                    planned.refused = errors.BATCH_STATUS.get(command.status, command.status)
                    planned.error = command.error
                    planned.is_trigger = command.is_trigger
                else:
                    planned.command = command
                    targets.sent(command, desk.listing.of(command.symbol))
            case "cancel":
                planned.command = cancel = codec.decode_cancel_order(
                    arguments, asked, desk.profile, deadline=deadline
                )
                targets.canceled(cancel)
            case "edit":
                name = codec.decode_edit_name(arguments, desk.profile)
                planned.target = target = targets.find(name)
                amend = codec.decode_edit(arguments, asked, target, desk.profile, deadline=deadline)
                if isinstance(amend, codec.NotSent):
                    planned.refused = amend.status
                    planned.error = amend.error
                    planned.is_trigger = bool(amend.error)
                elif target is None and targets.is_ambiguous(name):
                    planned.refused = "orderForEditNotFound"
                else:
                    planned.command = amend
            case _:
                planned.refused = "invalidOrderType"
    except WireError as error:
        word = errors.BATCH_STATUS.get(error.word, error.word)
        planned.refused = word.partition(": ")[0]
    return planned


async def answers(
    outcome: Outcome, commands: Sequence[PlaceOrder | CancelOrder | AmendOrder], desk: Desk
) -> list[OrderStatus | EditStatus | RejectReason]:
    """What became of each member. Those that are held are waited for."""
    entry = outcome.entry
    story = Story(outcome)
    shares: list[list[Event]] = []
    befores: list[dict[OrderId, OrderView]] = []  # how orders were, of which cancels tell
    for event in entry.events:
        if isinstance(event, MemberDecided):
            befores.append(dict(story.views))
            shares.append([])
        elif shares:
            shares[-1].append(event)
        story.tell(event)
    results: list[OrderStatus | EditStatus | RejectReason] = []
    listing, profile = desk.listing, desk.profile
    for command, share, views in zip(commands, shares, befores, strict=True):
        events, before, time = await decided(desk.exchange, share, views, entry.time)
        if isinstance(command, PlaceOrder):
            results.append(
                codec.send_status(events, before, command, entry.time, desk.listing, desk.profile)
            )
        elif isinstance(command, AmendOrder):
            results.append(codec.edit_status(events, before, time, listing, profile))
        else:
            results.append(
                codec.cancel_status(events, before, entry.time, desk.listing, desk.profile)
            )
    return results


def _item(planned: Planned, result: OrderStatus | EditStatus) -> BatchItem:
    events = result.order_events
    item = BatchItem(result.status, [] if isinstance(events, UnsetType) else events)
    item.order_id = result.order_id
    item.cli_ord_id = result.cli_ord_id
    if isinstance(planned.command, PlaceOrder):
        item.order_tag = planned.arguments.needed("order_tag")
    elif result.status in FAILED or result.order_id is UNSET:
        _echo(item, planned.arguments)
    if item.order_events:
        item.received = result.received_time
    return item


def _refused(planned: Planned, word: str, desk: Desk) -> BatchItem:
    error = planned.error or errors.STATUS_ERROR.get(word, "")
    is_trigger = planned.is_trigger
    if planned.arguments.text("order") == "edit":
        told = refused_edit(error, planned.target, desk, is_told=is_trigger)
    else:
        told = refusal(error, desk.profile, is_trigger=is_trigger)
    item = BatchItem(word, told)
    tag = planned.arguments.text("order_tag")
    if tag is not None:
        item.order_tag = tag
    _echo(item, planned.arguments)
    return item


def _echo(item: BatchItem, arguments: Arguments) -> None:
    """Say the names back by which the client will know which one it was."""
    if item.order_id is UNSET:
        item.order_id = arguments.text("order_id") or arguments.text("orderId") or UNSET
    if item.cli_ord_id is UNSET:
        item.cli_ord_id = arguments.text("cliOrdId") or UNSET
