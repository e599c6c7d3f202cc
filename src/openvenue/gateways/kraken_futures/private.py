"""Endpoints that need a key. Who, what, do, say: four lines each, where nothing is looked up twice.

Source: Kraken Futures REST, "Order management", "Account information", "Historical data".
"""

import asyncio
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from openvenue.engine.commands import CancelOrder, PlaceOrder
from openvenue.engine.events import DeadMansSwitchSet
from openvenue.engine.queries import GetAccount, GetFamily, GetMarkets, GetOpenOrders, GetOrders
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import Nanos, OrderId, decimal_price
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures.asking import Who
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER, refusal
from openvenue.gateways.kraken_futures.holds import decided
from openvenue.gateways.kraken_futures.ids import is_uuid, order_uuid, read_order_uuid
from openvenue.gateways.kraken_futures.limits import COST, COST_FILLS_BEFORE
from openvenue.gateways.kraken_futures.order_json import OrderStatus
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.kraken_futures.times import iso
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.port import ClosedOrder

FILLS_MAX: Final = 100
STANDS: Final = ("placed", "partiallyFilled")
CLOSED: Final = ("marketSuspended", "marketInactive")
TURN: Final = 500  # orders told of a cancel of all before others have a turn


async def send_order(desk: Desk, request: Request) -> Response:
    """POST sendorder."""
    who = desk.who(request, COST["sendorder"], needs_full=True)
    command = codec.decode_send_order(
        codec.read_arguments(request),
        desk.asked(who),
        desk.listing,
        desk.profile,
        algo_id=codec.decode_algo_id(request.headers.get("algoid")),
    )
    if not isinstance(command, codec.NotSent) and await is_name_taken(desk, command):
        is_trigger = command.trigger is not None
        command = codec.NotSent(
            "clientOrderIdAlreadyExist", command.cl_ord_id, is_trigger=is_trigger
        )
    if isinstance(command, codec.NotSent):
        request.note["why"] = command.status
        refuse_distance(desk, command.error)
        refuse_closed(desk, command.status)
        return desk.say("sendStatus", not_sent(command, desk))
    outcome = await desk.exchange.submit(command, who.envelope)
    entry = outcome.entry
    events, before, _ = await decided(desk.exchange, entry.events, outcome.before, entry.time)
    status = codec.send_status(events, before, command, entry.time, desk.listing, desk.profile)
    if status.status not in STANDS:
        request.note["why"] = status.status
        refuse_closed(desk, status.status)
    return desk.say("sendStatus", status)


async def is_name_taken(desk: Desk, command: PlaceOrder) -> bool:
    """Whether an order that has ended had this client id, where it may not be used again."""
    name = command.cl_ord_id
    if name is None or desk.profile.cl_ord_ids == "open":
        return False
    return bool(await desk.history.closed_orders(command.account, cl_ord_ids=(name,)))


def refuse_closed(desk: Desk, status: str) -> None:
    """Raises: WireError: a market is closed, and that is told as an error."""
    if status in CLOSED and desk.profile.closed_market == "error":
        raise WireError(errors.MARKET_UNAVAILABLE, why=status)


def refuse_distance(desk: Desk, error: str) -> None:
    """Raises: WireError: how far a trigger trails, or its limit is, is told as an argument."""
    if error and desk.profile.distance_refusal == "error":
        is_trail = error.startswith("TRAILING")
        raise errors.invalid("trailingStopMaxDeviation" if is_trail else "limitPriceOffsetValue")


def not_sent(refused: codec.NotSent, desk: Desk) -> OrderStatus:
    """The answer to an order that never became one."""
    status = OrderStatus(refused.status, received_time=iso(desk.exchange.now()))
    error = refused.error or errors.STATUS_ERROR.get(refused.status, "")
    status.order_events = refusal(error, desk.profile, is_trigger=refused.is_trigger)
    if refused.cl_ord_id is not None:
        status.cli_ord_id = refused.cl_ord_id
    return status


async def cancel_order(desk: Desk, request: Request) -> Response:
    """POST cancelorder."""
    who = desk.who(request, COST["cancelorder"], needs_full=True)
    command = codec.decode_cancel_order(
        codec.read_arguments(request), desk.asked(who), desk.profile
    )
    outcome = await desk.exchange.submit(command, who.envelope)
    entry = outcome.entry
    status = codec.cancel_status(
        entry.events, outcome.before, entry.time, desk.listing, desk.profile
    )
    if isinstance(status, RejectReason):
        if status is RejectReason.PAST_DEADLINE:
            if desk.profile.late_cancel == "status":
                late = OrderStatus(errors.SEND_STATUS[status], received_time=iso(entry.time))
                return desk.say("cancelStatus", late)
            raise errors.invalid("processBefore", "the deadline has passed")
        if status is RejectReason.MARKET_MAINTENANCE:
            raise WireError(errors.MARKET_UNAVAILABLE, why="the market is in maintenance")
        filled = await filled_orders(desk, who, [command])
        status = not_canceled(command, filled, desk.profile)
        status.received_time = iso(entry.time)
        request.note["why"] = status.status
    elif status.order_id is UNSET and command.cl_ord_id is not None:
        status.cli_ord_id = command.cl_ord_id  # of an order that is held, and has no other name
    return desk.say("cancelStatus", status)


async def filled_orders(
    desk: Desk, who: Who, commands: list[CancelOrder]
) -> dict[OrderId | str, ClosedOrder]:
    """Of orders that could not be canceled, those that had just been filled, by either name."""
    ids = tuple(it.order_id for it in commands if it.order_id is not None)
    names = tuple(
        it.cl_ord_id for it in commands if it.order_id is None and it.cl_ord_id is not None
    )
    found: dict[OrderId | str, ClosedOrder] = {}
    if ids or names:
        for closed in await desk.closed(who.account, ids, names):
            order = closed.view.order
            found[order.order_id] = closed
            if order.cl_ord_id is not None:
                found[order.cl_ord_id] = closed  # the newest of a name that was used again
    return {
        name: closed
        for name, closed in found.items()
        if closed.canceled is None and closed.rejected is None
    }


def not_canceled(
    command: CancelOrder, filled: dict[OrderId | str, ClosedOrder], profile: Profile
) -> OrderStatus:
    """The answer to a cancel that came too late, or was of nothing."""
    name = command.cl_ord_id if command.order_id is None else command.order_id
    closed = None if name is None else filled.get(name)
    if closed is None:
        status = OrderStatus("notFound")
        told = refusal(errors.STATUS_ERROR["notFound"], profile, is_trigger=False)
        if told:
            status.order_events = told
        return status
    order = closed.view.order
    status = OrderStatus("filled", order_uuid(order.order_id), order_events=[])
    if order.cl_ord_id is not None:
        status.cli_ord_id = order.cl_ord_id
    return status


async def cancel_all_orders(desk: Desk, request: Request) -> Response:
    """POST cancelallorders."""
    who = desk.who(request, COST["cancelallorders"], needs_full=True)
    arguments = codec.read_arguments(request)
    command = codec.decode_cancel_all(arguments, desk.asked(who), desk.listing, desk.profile)
    outcome = await desk.exchange.submit(command, who.envelope)
    canceled = codec.mass_canceled(outcome)
    profile = desk.profile
    entries: list[bytes] = []
    events: list[bytes] = []
    for place, (entry, told) in enumerate(codec.encode_cancel_all(canceled, desk.listing, profile)):
        entries.append(entry)
        if told:
            events.append(told)
        if place % TURN == TURN - 1:
            await asyncio.sleep(0)  # a hundred thousand orders are told in many turns
    is_nothing = not canceled or profile.cancel_all_quirk
    return desk.say_raw(
        "cancelStatus",
        b'{"receivedTime":"%b","cancelOnly":%b,"status":"%b","cancelledOrders":[%b],"orderEvents":[%b]}'
        % (
            iso(outcome.entry.time).encode(),
            ENCODER.encode(arguments.text("symbol") or "all"),
            b"noOrdersToCancel" if is_nothing else b"cancelled",
            b",".join(entries),
            b",".join(events),
        ),
    )


async def cancel_all_orders_after(desk: Desk, request: Request) -> Response:
    """POST cancelallordersafter: the dead man's switch."""
    who = desk.who(request, COST["cancelallordersafter"], needs_full=True)
    command = codec.decode_cancel_all_after(codec.read_arguments(request), desk.asked(who))
    if desk.profile.switch_scope == "family":
        for view in await desk.exchange.look(GetFamily(who.account)):
            if view.account != who.account:
                theirs = replace(command, account=view.account)
                await desk.exchange.submit(theirs, who.envelope)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, DeadMansSwitchSet):
            trigger = "0" if event.deadline is None else iso(event.deadline)
            status = {"currentTime": iso(outcome.entry.time), "triggerTime": trigger}
            return desk.say("status", status)
    raise WireError("accountInactive", why="the venue does not know this account")


async def open_orders(desk: Desk, request: Request) -> Response:
    """GET openorders: newest first."""
    who = desk.who(request, COST["openorders"])
    views = await desk.exchange.look(GetOpenOrders(who.account))
    views.reverse()
    return desk.say(
        "openOrders",
        [
            codec.encode_open_order(view, desk.listing, desk.profile)
            for view in views
            if desk.is_ours(view.order.symbol)
        ],
    )


async def orders_status(desk: Desk, request: Request) -> Response:
    """POST or GET orders/status: live orders, and those that ended a moment ago."""
    who = desk.who(request, COST["orders/status"])
    arguments = codec.read_arguments(request)
    texts = arguments.many("orderIds")
    names = tuple(arguments.many("cliOrdIds"))
    for text in texts:
        if not is_uuid(text) and desk.profile.malformed_order_id == "invalidArgument":
            raise errors.invalid("orderIds", "not a UUID")
    ids = tuple(
        order_id
        for text in texts
        if is_uuid(text) and (order_id := read_order_uuid(text)) is not None
    )
    if not texts and not names:
        live = await desk.exchange.look(GetOpenOrders(who.account))
        closed = await desk.closed(who.account)
    elif ids or names:
        live = await desk.exchange.look(GetOrders(who.account, ids, names))
        closed = await desk.closed(who.account, ids, names)
    else:
        live, closed = [], []
    ended = {it.view.order.order_id for it in closed}
    told = [
        codec.encode_live_status(view, desk.listing)
        for view in live
        if view.order.order_id not in ended and desk.is_ours(view.order.symbol)
    ]
    told += [codec.encode_closed_status(it, desk.listing) for it in closed]
    return desk.say("orders", told)


async def fills(desk: Desk, request: Request) -> Response:
    """GET fills: newest first, at most a hundred."""
    who = desk.who(request, 0)
    arguments = codec.read_arguments(request)
    is_older = arguments.text("lastFillTime") is not None
    desk.spend(who, COST_FILLS_BEFORE if is_older else COST["fills"])
    before = arguments.time("lastFillTime")
    if before is not None and desk.profile.last_fill_inclusive:
        before = Nanos(before + 1)
    found = await desk.history.fills(who.account, before=before, limit=FILLS_MAX)
    return desk.say(
        "fills",
        [
            codec.encode_fill(fill, desk.listing, with_profit=not is_older)
            for fill in found
            if desk.is_ours(fill.symbol)
        ],
    )


async def open_positions(desk: Desk, request: Request) -> Response:
    """GET openpositions: the one that changed last comes first."""
    who = desk.who(request, COST["openpositions"])
    view = await desk.exchange.look(GetAccount(who.account))
    if view is None:
        raise WireError("accountInactive", why="the venue does not know this account")
    positions = sorted(view.positions, key=lambda it: it.opened, reverse=True)
    return desk.say(
        "openPositions",
        [codec.encode_position(it, desk.listing) for it in positions if desk.is_ours(it.symbol)],
    )


async def accounts(desk: Desk, request: Request) -> Response:
    """GET accounts: every wallet."""
    who = desk.who(request, COST["accounts"])
    view = await desk.exchange.look(GetAccount(who.account))
    if view is None:
        raise WireError("accountInactive", why="the venue does not know this account")
    indices = {
        it.instrument.index: decimal_price(it.index)
        for it in await desk.exchange.look(GetMarkets())
        if it.index is not None
    }
    return desk.say("accounts", codec.encode_accounts(view, desk.listing, indices))
