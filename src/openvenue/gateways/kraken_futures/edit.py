"""POST editorder: one order with another size, limit or trigger price, under the same id.

Source: Kraken Futures REST, "Edit order".
"""

from collections.abc import Iterable, Mapping

from openvenue.engine.commands import AmendOrder, CancelOrder, PlaceOrder
from openvenue.engine.queries import GetOrders
from openvenue.engine.reasons import RejectReason
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures.arguments import Arguments
from openvenue.gateways.kraken_futures.asking import Who
from openvenue.gateways.kraken_futures.decode_edit import EditName, EditTarget
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import NO_UID, encode_trigger, refusal
from openvenue.gateways.kraken_futures.holds import decided
from openvenue.gateways.kraken_futures.ids import is_uuid
from openvenue.gateways.kraken_futures.limits import COST
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.order_json import EditStatus, OrderEvent, RejectTriggerEvent
from openvenue.gateways.kraken_futures.private import refuse_closed
from openvenue.gateways.kraken_futures.times import iso
from openvenue.gateways.wire import Request, Response


async def edit_order(desk: Desk, request: Request) -> Response:
    """POST editorder."""
    who = desk.who(request, COST["editorder"], needs_full=True)
    arguments = codec.read_arguments(request)
    name = codec.decode_edit_name(arguments, desk.profile)
    targets = await targets_of(desk, who, [name])
    command = codec.decode_edit(arguments, desk.asked(who), targets.get(name), desk.profile)
    if isinstance(command, codec.NotSent):
        refuse_late(command.status, desk.profile.late_edit)
        status = not_edited(command.status, arguments, iso(desk.exchange.now()))
        error = command.error or errors.STATUS_ERROR.get(command.status, "")
        is_told = bool(command.error)
        status.order_events = refused_edit(error, targets.get(name), desk, is_told=is_told)
    else:
        outcome = await desk.exchange.submit(command, who.envelope)
        entry = outcome.entry
        events, before, time = await decided(
            desk.exchange, entry.events, outcome.before, entry.time
        )
        result = codec.edit_status(events, before, time, desk.listing, desk.profile)
        if isinstance(result, EditStatus):
            return desk.say("editStatus", result)
        word = errors.EDIT_STATUS[result]
        refuse_late(word, desk.profile.late_edit)
        status = not_edited(word, arguments, iso(entry.time))
        status.order_events = refused_edit(
            errors.edit_error(result),
            targets.get(name),
            desk,
            is_told=result in errors.TOLD_AS_REJECT,
        )
        status.order_events += await ended_by(desk, who, command, result)
    request.note["why"] = status.status
    refuse_closed(desk, status.status)
    return desk.say("editStatus", status)


async def targets_of(
    desk: Desk, who: Who, names: Iterable[EditName]
) -> Mapping[EditName, EditTarget]:
    """The live orders that `names` name, by name. From here on they go by their numbers."""
    asked = list(names)
    if not asked:
        return {}
    views = await desk.exchange.look(
        GetOrders(
            who.account,
            tuple(it.order_id for it in asked if it.order_id is not None),
            tuple(it.cl_ord_id for it in asked if it.cl_ord_id is not None),
        )
    )
    found: dict[EditName, EditTarget] = {}
    for view in views:
        order = view.order
        if desk.is_ours(order.symbol):
            number = EditName(order.order_id)
            target = EditTarget(desk.listing.of(order.symbol), number, view)
            found[number] = target
            if order.cl_ord_id is not None:
                found[EditName(cl_ord_id=order.cl_ord_id)] = target
    return found


class Targets:
    """What the changes in a batch may be about: live orders, and those that it sends itself.

    A change is read on the grid of its order's market. Where a name may by then be that of another
    order in another market, it names none.
    """

    def __init__(self, live: Mapping[EditName, EditTarget]) -> None:
        self._found = dict(live)
        self._ambiguous: set[EditName] = set()

    def find(self, name: EditName) -> EditTarget | None:
        """The order of this name, when it is the next instruction's turn."""
        return self._found.get(name)

    def is_ambiguous(self, name: EditName) -> bool:
        """Whether it may be the name of an order in either of two markets."""
        return name in self._ambiguous

    def sent(self, command: PlaceOrder, market: Market) -> None:
        """The batch asks for an order, which may be refused."""
        if command.cl_ord_id is None:
            return
        name = EditName(cl_ord_id=command.cl_ord_id)
        namesake = self._found.get(name)
        if namesake is None or namesake.market is market:
            self._found[name] = EditTarget(market, name)
        else:
            del self._found[name]
            self._ambiguous.add(name)

    def canceled(self, command: CancelOrder) -> None:
        """The batch cancels an order: its names are free."""
        name = EditName(command.order_id, command.cl_ord_id)
        target = self._found.pop(name, None)
        if target is not None:
            self._found = {it: each for it, each in self._found.items() if each is not target}


def refuse_late(word: str, said: str) -> None:
    """Raises: WireError: the deadline has passed, and that is told as an error."""
    if said == "error" and word == errors.SEND_STATUS[RejectReason.PAST_DEADLINE]:
        raise errors.invalid("processBefore", "the deadline has passed")


def refused_edit(
    error: str, target: EditTarget | None, desk: Desk, *, is_told: bool
) -> list[OrderEvent]:
    """What is told of a refused change; `is_told`: also where only triggers have a REJECT.

    A trigger is shown as it still waits.
    """
    view = None if target is None else target.view
    uid = NO_UID
    if view is not None:
        market = desk.listing.of(view.order.symbol)
        uid = market.uuid(view.order.order_id, is_waiting=view.is_waiting)
    told = refusal(error, desk.profile, is_trigger=is_told, uid=uid)
    if told and view is not None and view.is_waiting:
        waits = encode_trigger(view.order, view.updated, desk.listing.of(view.order.symbol))
        return [RejectTriggerEvent(uid, waits, error)]
    return told


def not_edited(word: str, arguments: Arguments, received: str) -> EditStatus:
    """The answer to a change that was not made: it says back which order it named."""
    status = EditStatus(word, received_time=received)
    order_id = arguments.text("orderId") or arguments.text("order_id")
    if order_id is not None and is_uuid(order_id):
        status.order_id = order_id
    cl_ord_id = arguments.text("cliOrdId")
    if cl_ord_id is not None:
        status.cli_ord_id = cl_ord_id
    return status


async def ended_by(
    desk: Desk, who: Who, command: AmendOrder, refused: RejectReason
) -> list[OrderEvent]:
    """What a refused change does to its order: nothing, unless the profile ends post-only ones."""
    if refused is not RejectReason.WOULD_TAKE or desk.profile.edit_post_only == "keep":
        return []
    outcome = await desk.exchange.submit(
        CancelOrder(account=who.account, order_id=command.order_id, cl_ord_id=command.cl_ord_id),
        who.envelope,
    )
    entry = outcome.entry
    status = codec.cancel_status(
        entry.events, outcome.before, entry.time, desk.listing, desk.profile
    )
    if isinstance(status, RejectReason) or not isinstance(status.order_events, list):
        return []
    return status.order_events
