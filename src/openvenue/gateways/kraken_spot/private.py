"""Endpoints that need a key. Who, what, do, say: four lines each, where nothing is looked up twice.

Source: Kraken Spot REST, "Account data", "Trading".
"""

from collections.abc import Iterable
from typing import Any, Final

from openvenue.engine.commands import CancelOrder, CancelOrders, Command, PlaceOrder
from openvenue.engine.events import (
    CancelRejected,
    DeadMansSwitchSet,
    OrderCanceled,
    OrdersCanceled,
    Refused,
)
from openvenue.engine.orders import IOC, Order, OrderView
from openvenue.engine.queries import GetOpenOrders, GetOrders
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import SECOND, AccountId, Atoms, Nanos, OrderId
from openvenue.gateways.kraken_spot import encode_orders, errors
from openvenue.gateways.kraken_spot.answers import answer_to_order
from openvenue.gateways.kraken_spot.arguments import Arguments, read_int32
from openvenue.gateways.kraken_spot.decode import decode_add_order, decode_timeout
from openvenue.gateways.kraken_spot.desk import Desk, Who, say, say_raw
from openvenue.gateways.kraken_spot.ids import has_shape, order_text, read_order
from openvenue.gateways.kraken_spot.limits import COST_HISTORY, COST_ORDERS
from openvenue.gateways.kraken_spot.times import up_to_second, whole_second
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.port import ClosedOrder, Fill

PAGE: Final = 50
FILLS_MAX: Final = 10_000  # the newest, of which pages and counts are made
NO_ORDER: Final = OrderId(0)  # the name of no order: the engine counts from 1


async def get_web_sockets_token(desk: Desk, request: Request) -> Response:
    """POST GetWebSocketsToken."""
    who, _ = desk.who(request, "create-ws-token")
    token = desk.tokens.give(who.record, desk.clock.wall())
    return say({"token": token, "expires": desk.profile.token_seconds})


async def balance(desk: Desk, request: Request) -> Response:
    """POST Balance: all of each asset, held or not."""
    who, _ = desk.who(request, "query-funds")
    found = desk.balances(await desk.account(who.account))
    return say({money.facts.id: money.amounts.text(amount) for money, amount, _ in found})


async def balance_ex(desk: Desk, request: Request) -> Response:
    """POST BalanceEx: what open orders hold is told beside it."""
    who, _ = desk.who(request, "query-funds")
    found = desk.balances(await desk.account(who.account))
    return say(
        {
            money.facts.id: {
                "balance": money.amounts.text(amount),
                "hold_trade": money.amounts.text(held),
            }
            for money, amount, held in found
        }
    )


async def trade_balance(desk: Desk, request: Request) -> Response:
    """POST TradeBalance: the account in one currency. There are no margin positions here."""
    who, arguments = desk.who(request, "query-open-trades")
    into = desk.listing.find_money(arguments.text("asset") or "ZUSD")
    if into is None:
        raise WireError(errors.UNKNOWN_ASSET)
    total = 0
    for money, amount, _ in desk.balances(await desk.account(who.account)):
        total += desk.listing.worth(money.name, amount, into.name) or 0
    worth, none = into.amounts.text(Atoms(total)), into.amounts.zero
    told = dict.fromkeys(("m", "uv", "n", "c", "v"), none)
    return say(told | dict.fromkeys(("eb", "tb", "e", "mf", "mfo"), worth))


async def open_orders(desk: Desk, request: Request) -> Response:
    """POST OpenOrders: newest first."""
    who, arguments = desk.who(request, "query-open-trades")
    views = await desk.exchange.look(GetOpenOrders(who.account))
    ours = [it for it in views if desk.listing.has(it.order.symbol)]
    told = _wanted(ours, arguments)
    trades = await _trades_of(desk, who.account, arguments)
    return say({"open": _by_name(desk, reversed(told), (), trades)})


async def closed_orders(desk: Desk, request: Request) -> Response:
    """POST ClosedOrders: newest first, fifty at a time."""
    who, arguments = desk.who(request, "query-closed-trades", cost=COST_HISTORY)
    start, end = await _bounds(desk, who, arguments)
    found = await desk.history.closed_orders(who.account)
    by = arguments.text("closetime") or "both"
    if by not in ("open", "close", "both"):
        raise errors.invalid("closetime")
    kept = [
        it
        for it in found
        if desk.listing.has(it.view.order.symbol) and _is_within(it, start, end, by)
    ]
    kept = _wanted_closed(kept, arguments)
    kept.reverse()
    page = _page(kept, arguments)
    trades = await _trades_of(desk, who.account, arguments)
    answer: dict[str, Any] = {"closed": _by_name(desk, (), page, trades)}
    if not arguments.flag("without_count"):
        answer["count"] = len(kept)
    return say(answer)


async def query_orders(desk: Desk, request: Request) -> Response:
    """POST QueryOrders: orders by name, in the order of the names."""
    who, arguments = desk.who(request, "query-open-trades", "query-closed-trades")
    names = arguments.many("txid")
    if not names:
        raise errors.invalid("txid", "it is missing")
    if len(names) > PAGE:
        raise errors.invalid("txid", "more than fifty")
    ids = tuple(it for name in names if (it := read_order(name)) is not None)
    if len(ids) != len(names):
        raise WireError(errors.INVALID_ORDER, why="a name that was never given out")
    live = await desk.exchange.look(GetOrders(who.account, ids))
    ended = await desk.history.closed_orders(who.account, order_ids=ids)
    over = {it.view.order.order_id for it in ended}
    live = [it for it in live if it.order.order_id not in over]
    trades = await _trades_of(desk, who.account, arguments)
    found = _by_name(desk, _wanted(live, arguments), _wanted_closed(ended, arguments), trades)
    if not found and not live and not ended:
        raise WireError(errors.INVALID_ORDER, why="a name that was never given out to this one")
    return say({name: found[name] for name in names if name in found})


async def trades_history(desk: Desk, request: Request) -> Response:
    """POST TradesHistory: newest first, fifty at a time."""
    who, arguments = desk.who(request, "query-closed-trades", cost=COST_HISTORY)
    start, end = await _bounds(desk, who, arguments)
    kind = arguments.text("type") or "all"
    if kind not in ("all", "no position"):  # there are no positions
        return say({"trades": {}, "count": 0})
    found = await desk.history.fills(who.account, limit=FILLS_MAX)
    kept = [it for it in found if start < it.time <= end and desk.listing.has(it.symbol)]
    page = _page(kept, arguments)
    orders = await _orders_of(desk, who.account, page)
    answer: dict[str, Any] = {
        "trades": {
            encode_orders.trade_name(fill): encode_orders.encode_trade(
                fill, orders.get(fill.order_id), desk.listing
            )
            for fill in page
        }
    }
    if not arguments.flag("without_count"):
        answer["count"] = len(kept)
    return say(answer)


async def add_order(desk: Desk, request: Request) -> Response:
    """POST AddOrder."""
    who, arguments = desk.who(request, "modify-trades", cost=COST_ORDERS)
    command = decode_add_order(arguments, desk.asked(who), desk.listing, desk.profile)
    market = desk.listing.of(command.symbol)
    if arguments.flag("validate"):
        return say_raw(encode_orders.encode_add_order(order_of(command), market, is_real=False))
    outcome = await desk.exchange.submit(command, who.envelope)
    order, reason = answer_to_order(outcome.entry.events)
    if reason is not None:
        request.note["why"] = reason.name
        if order is None:
            raise WireError(errors.REFUSED[reason], why=reason.name)
    assert order is not None, "it was acknowledged, though it may be over"
    return say_raw(encode_orders.encode_add_order(order, market, is_real=True))


def order_of(command: PlaceOrder) -> Order:
    """The order that a command would be, for a description of it."""
    return Order(
        order_id=NO_ORDER,
        account=command.account,
        symbol=command.symbol,
        side=command.side,
        quantity=command.quantity,
        limit_price=command.limit_price,
        time_in_force=command.time_in_force,
        created=Nanos(0),
        cl_ord_id=command.cl_ord_id,
        post_only=command.post_only,
        is_market=command.limit_price is None and command.time_in_force is IOC,
        trigger=command.trigger,
        user_ref=command.user_ref,
        extras=command.extras,
    )


async def cancel_order(desk: Desk, request: Request) -> Response:
    """POST CancelOrder: by order id, by user reference, or by the client's id."""
    who, arguments = desk.who(request, "modify-trades", "close-trades", cost=COST_ORDERS)
    text, cl_ord_id = arguments.text("txid"), arguments.text("cl_ord_id")
    account = who.account
    order_id: OrderId | None = None
    command: Command
    if text is None:
        if cl_ord_id is None:
            raise errors.invalid("txid", "it is missing")
        command = CancelOrder(account=account, cl_ord_id=cl_ord_id)
    elif (user_ref := read_int32(text)) is not None:
        command = CancelOrders(account=account, user_ref=user_ref)
    else:
        order_id = read_order(text)
        if order_id is None:
            raise WireError(errors.INVALID_ORDER, why="a name that was never given out")
        command = CancelOrder(account=account, order_id=order_id)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in reversed(outcome.entry.events):  # what fell due in the same moment comes first
        if isinstance(event, OrderCanceled):
            return say({"count": 1})
        if isinstance(event, Refused):
            raise WireError(errors.REFUSED[event.reason], why=event.detail)
        if isinstance(event, OrdersCanceled) and isinstance(command, CancelOrders):
            if event.order_ids:
                return say({"count": len(event.order_ids)})
            raise WireError(errors.UNKNOWN_ORDER)
        if isinstance(event, CancelRejected):
            raise WireError(await why_not_canceled(desk, account, order_id, event.reason))
    raise WireError(errors.UNKNOWN_ORDER)


async def why_not_canceled(
    desk: Desk, account: AccountId, order_id: OrderId | None, reason: RejectReason
) -> str:
    """The word for a cancel of nothing: an order that is over is unknown, one that never was, or
    is somebody else's, is invalid.
    """
    if reason is RejectReason.UNKNOWN_ORDER and order_id is not None:
        closed = await desk.history.closed_orders(account, order_ids=(order_id,))
        return errors.UNKNOWN_ORDER if closed else errors.INVALID_ORDER
    return errors.REFUSED[reason]


async def cancel_all(desk: Desk, request: Request) -> Response:
    """POST CancelAll: how many there were; none is no failure."""
    who, _ = desk.who(request, "modify-trades", "close-trades", cost=COST_ORDERS)
    outcome = await desk.exchange.submit(CancelOrders(account=who.account), who.envelope)
    return say({"count": mass_count(outcome.entry.events)})


def mass_count(events: Iterable[object]) -> int:
    """How many orders a mass cancel took.

    The answer is the last such event: what fell due in the same moment comes before it.
    Raises: WireError: the account is not known; a pair is in maintenance, and nothing was canceled.
    """
    count: int | None = None
    for event in events:
        if isinstance(event, Refused):
            raise WireError(errors.REFUSED[event.reason], why=event.detail)
        if isinstance(event, OrdersCanceled):
            count = len(event.order_ids)
    if count is None:
        raise WireError(errors.PERMISSION, why="the venue does not know this account")
    return count


async def cancel_all_orders_after(desk: Desk, request: Request) -> Response:
    """POST CancelAllOrdersAfter: the dead man's switch."""
    who, arguments = desk.who(request, "modify-trades", "close-trades", cost=COST_ORDERS)
    command = decode_timeout(arguments.needed("timeout"), who.account)
    outcome = await desk.exchange.submit(command, who.envelope)
    current, trigger = switch_times(outcome.entry.events, outcome.entry.time)
    return say({"currentTime": current, "triggerTime": trigger})


def switch_times(events: Iterable[object], now: Nanos) -> tuple[str, str]:
    """When it is and when the switch will go off, in whole seconds, rounded up; "0": never.

    Raises: WireError: the account is not known.
    """
    for event in events:
        if isinstance(event, DeadMansSwitchSet):
            current = up_to_second(now)
            if event.deadline is None:
                return whole_second(current), "0"
            return whole_second(current), whole_second(current + event.deadline - now)
    raise WireError(errors.PERMISSION, why="the venue does not know this account")


def _wanted(views: list[OrderView], arguments: Arguments) -> list[OrderView]:
    """Those that the filters of a question let through."""
    user_ref, cl_ord_id = arguments.integer("userref"), arguments.text("cl_ord_id")
    return [it for it in views if _is_wanted(it.order, user_ref, cl_ord_id)]


def _wanted_closed(found: list[ClosedOrder], arguments: Arguments) -> list[ClosedOrder]:
    user_ref, cl_ord_id = arguments.integer("userref"), arguments.text("cl_ord_id")
    return [it for it in found if _is_wanted(it.view.order, user_ref, cl_ord_id)]


def _is_wanted(order: Order, user_ref: int | None, cl_ord_id: str | None) -> bool:
    if user_ref is not None and (order.user_ref or 0) != user_ref:
        return False
    return cl_ord_id is None or order.cl_ord_id == cl_ord_id


def _is_within(it: ClosedOrder, start: Nanos, end: Nanos, by: str) -> bool:
    """Whether the order was opened, closed, or either, after `start` and up to `end`."""
    opened = start < it.view.order.created <= end
    closed = start < it.closed <= end
    if by == "open":
        return opened
    return closed if by == "close" else opened or closed


def _by_name(
    desk: Desk,
    views: Iterable[OrderView],
    closed: Iterable[ClosedOrder],
    trades: dict[OrderId, list[str]] | None,
) -> dict[str, encode_orders.OrderJson]:
    told: dict[str, encode_orders.OrderJson] = {}
    for view in views:
        market = desk.listing.of(view.order.symbol)
        told[order_text(view.order.order_id)] = encode_orders.encode_order(view, market)
    for it in closed:
        order = it.view.order
        market = desk.listing.of(order.symbol)
        told[order_text(order.order_id)] = encode_orders.encode_closed(it, market)
    if trades is not None:
        for order_id, names in trades.items():
            found = told.get(order_text(order_id))
            if found is not None:
                found.trades = names
    return told


async def _trades_of(
    desk: Desk, account: AccountId, arguments: Arguments
) -> dict[OrderId, list[str]] | None:
    """Names of trades by order, if the question asks for them."""
    if not arguments.flag("trades"):
        return None
    found: dict[OrderId, list[str]] = {}
    for fill in reversed(await desk.history.fills(account, limit=FILLS_MAX)):
        found.setdefault(fill.order_id, []).append(encode_orders.trade_name(fill))
    return found


async def _orders_of(desk: Desk, account: AccountId, page: list[Fill]) -> dict[OrderId, Order]:
    """The orders that fills belong to."""
    ids = tuple({fill.order_id: None for fill in page})
    if not ids:
        return {}
    live = await desk.exchange.look(GetOrders(account, ids))
    closed = await desk.history.closed_orders(account, order_ids=ids)
    views = [*live, *(it.view for it in closed)]
    return {view.order.order_id: view.order for view in views}


async def _bounds(desk: Desk, who: Who, arguments: Arguments) -> tuple[Nanos, Nanos]:
    """`start`, which is not within, and `end`, which is: times, or names of orders or trades."""
    found = []
    for name, default in (("start", Nanos(-1)), ("end", Nanos(2**63 - 1))):
        text = arguments.text(name)
        if text is None or text == "0":
            found.append(default)
        elif has_shape(text):
            found.append(await _moment_of(desk, who.account, text, name))
        else:
            moment = arguments.moment(name)
            assert moment is not None, "the text is there"
            # Whole seconds as an end mean all of that second.
            is_whole = name == "end" and "." not in text
            found.append(Nanos(moment + SECOND - 1) if is_whole else moment)
    return found[0], found[1]


async def _moment_of(desk: Desk, account: AccountId, text: str, name: str) -> Nanos:
    """When the order or trade of a name ended or happened. Raises: WireError: there is none."""
    if text.startswith("T"):
        for fill in await desk.history.fills(account, limit=FILLS_MAX):
            if encode_orders.trade_name(fill) == text:
                return fill.time
    order_id = read_order(text)
    if order_id is not None:
        for closed in await desk.history.closed_orders(account, order_ids=(order_id,)):
            return closed.closed
    raise errors.invalid(name, "nothing has this name")


def _page(found: list[Any], arguments: Arguments) -> list[Any]:
    offset = arguments.integer("ofs") or 0
    if offset < 0:
        raise errors.invalid("ofs")
    return found[offset : offset + PAGE]
