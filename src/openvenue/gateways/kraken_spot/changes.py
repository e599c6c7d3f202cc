"""Endpoints that change orders, or ask for several at once. Who, what, do, say.

Source: Kraken Spot REST, "Amend order", "Add order batch", "Cancel order batch".
"""

from typing import Any, Final

from openvenue.engine.commands import AmendOrder, Batch, CancelOrder, CancelOrders
from openvenue.engine.events import OrderCanceled, OrdersCanceled
from openvenue.engine.orders import Order
from openvenue.engine.queries import GetOrders
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import SECOND, AccountId, OrderId
from openvenue.gateways.kraken_spot import encode_orders, errors
from openvenue.gateways.kraken_spot.answers import (
    answer_to_amend,
    answer_to_order,
    answers_to_batch,
)
from openvenue.gateways.kraken_spot.arguments import Arguments, read_int32
from openvenue.gateways.kraken_spot.decode import find_market, read_deadline, read_terms
from openvenue.gateways.kraken_spot.decode_amend import AmendTerms, build_amend
from openvenue.gateways.kraken_spot.desk import Desk, say
from openvenue.gateways.kraken_spot.ids import amend_text, order_text, read_order
from openvenue.gateways.kraken_spot.limits import COST_ORDERS
from openvenue.gateways.kraken_spot.private import order_of, why_not_canceled
from openvenue.gateways.kraken_spot.terms import build_order
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.journal.records import Envelope

BATCH: Final = range(2, 16)  # orders of one batch
NAMES_MAX: Final = 50  # of one batch of cancels


async def amend_order(desk: Desk, request: Request) -> Response:
    """POST AmendOrder."""
    who, arguments = desk.who(request, "modify-trades", "close-trades", cost=COST_ORDERS)
    terms = AmendTerms(
        quantity=arguments.text("order_qty"),
        display=arguments.text("display_qty"),
        limit=arguments.text("limit_price"),
        trigger=arguments.text("trigger_price"),
        post_only=arguments.flag("post_only"),
        deadline=read_deadline(arguments.text("deadline"), desk.asked(who), 2 * SECOND),
    )
    text, cl_ord_id = arguments.text("txid"), arguments.text("cl_ord_id")
    command = await decode_amend(desk, who.account, text, cl_ord_id, terms)
    outcome = await desk.exchange.submit(command, who.envelope)
    reason = answer_to_amend(outcome.entry.events)
    if reason is not None:
        raise WireError(errors.REFUSED[reason], why=reason.name)
    return say({"amend_id": amend_text(outcome.entry.seq)})


async def decode_amend(
    desk: Desk, account: AccountId, name: str | None, cl_ord_id: str | None, terms: AmendTerms
) -> AmendOrder:
    """The change of an order that is named. Raises: WireError: it is not open, or unreadable."""
    if name is None and cl_ord_id is None:
        raise errors.invalid("txid", "it is missing")
    if name is not None and cl_ord_id is not None:
        raise errors.invalid("cl_ord_id", "with an order id beside it")
    order = await find_open(desk, account, name, cl_ord_id)
    return build_amend(terms, order, desk.listing.of(order.symbol), account)


async def find_open(
    desk: Desk, account: AccountId, name: str | None, cl_ord_id: str | None
) -> Order:
    """The open order of a name. Raises: WireError: it is over, or there never was one."""
    order_id = None if name is None else read_order(name)
    if name is not None and order_id is None:
        raise WireError(errors.INVALID_ORDER, why="a name that was never given out")
    ids: tuple[OrderId, ...] = () if order_id is None else (order_id,)
    names = () if cl_ord_id is None else (cl_ord_id,)
    found = await desk.exchange.look(GetOrders(account, ids, names))
    ours = [it.order for it in found if desk.listing.has(it.order.symbol)]
    if not ours:
        raise WireError(await why_not_canceled(desk, account, order_id, RejectReason.UNKNOWN_ORDER))
    return ours[0]


async def add_order_batch(desk: Desk, request: Request) -> Response:
    """POST AddOrderBatch: one that cannot be read refuses all, and later each is for itself."""
    who, arguments = desk.who(request, "modify-trades", cost=COST_ORDERS)
    market = find_market(arguments.needed("pair"), desk.listing)
    asked = desk.asked(who)
    deadline = read_deadline(arguments.text("deadline"), asked, 2 * SECOND)
    commands = []
    for item in arguments.items("orders"):
        if not isinstance(item, Arguments):
            raise errors.invalid("orders")
        terms = read_terms(item.needed("ordertype"), item.needed("type"), item, asked)
        terms.deadline = deadline
        commands.append(build_order(terms, market, who.account, desk.profile))
    if len(commands) not in BATCH:
        raise errors.invalid("orders", "two to fifteen")
    if arguments.flag("validate"):
        described = [encode_orders.encode_descr(order_of(it), market) for it in commands]
        return say({"orders": [{"descr": encode_orders.short_descr(it)} for it in described]})
    batch = Batch(account=who.account, members=tuple(commands))
    outcome = await desk.exchange.submit(batch, who.envelope)
    told: list[dict[str, Any]] = []
    for events in answers_to_batch(outcome.entry.events, len(commands)):
        order, reason = answer_to_order(events)
        if order is None:
            assert reason is not None, "what has no name was refused"
            told.append({"error": errors.REFUSED[reason]})
        else:
            descr = encode_orders.short_descr(encode_orders.encode_descr(order, market))
            told.append({"txid": order_text(order.order_id), "descr": descr})
    return say({"orders": told})


async def cancel_order_batch(desk: Desk, request: Request) -> Response:
    """POST CancelOrderBatch: how many there were; none is a failure."""
    who, arguments = desk.who(request, "modify-trades", "close-trades", cost=COST_ORDERS)
    names = [_name(it, "txid") for it in arguments.items("orders")]
    cl_ord_ids = [_name(it, "cl_ord_id") for it in arguments.items("cl_ord_ids")]
    count = await cancel_many(desk, who.account, who.envelope, names, cl_ord_ids)
    return say({"count": count})


def _name(item: Arguments | str, member: str) -> str:
    return item if isinstance(item, str) else item.needed(member)


async def cancel_many(
    desk: Desk, account: AccountId, envelope: Envelope, names: list[str], cl_ord_ids: list[str]
) -> int:
    """How many orders of these names were open; a name is an id or a user reference.

    Raises: WireError: none was, or the names are too many.
    """
    if not 0 < len(names) + len(cl_ord_ids) <= NAMES_MAX:
        raise errors.invalid("orders", "one to fifty names")
    members: list[CancelOrder] = []
    marks: list[int] = []
    for name in dict.fromkeys(names):
        user_ref = read_int32(name)
        order_id = read_order(name)
        if user_ref is not None:
            marks.append(user_ref)
        elif order_id is not None:
            members.append(CancelOrder(account=account, order_id=order_id))
    members += [CancelOrder(account=account, cl_ord_id=name) for name in dict.fromkeys(cl_ord_ids)]
    count = 0
    if members:
        batch = Batch(account=account, members=tuple(members))
        outcome = await desk.exchange.submit(batch, envelope)
        for events in answers_to_batch(outcome.entry.events, len(members)):
            count += sum(isinstance(event, OrderCanceled) for event in events)
    for user_ref in marks:
        scope = CancelOrders(account=account, user_ref=user_ref)
        outcome = await desk.exchange.submit(scope, envelope)
        last = outcome.entry.events[-1]
        count += len(last.order_ids) if isinstance(last, OrdersCanceled) else 0
    if count == 0:
        raise WireError(errors.UNKNOWN_ORDER)
    return count
