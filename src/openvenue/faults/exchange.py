"""A venue that does not always do what it says: a port between a gateway and its exchange.

The exchange behind it is never told a lie and never tells one: its journal has what happened, its
feed tells that to everybody, and a replay repeats it. The lie is in the answer to whoever asked,
which is put together here in place of the true one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

import structlog
from msgspec.structs import replace

from openvenue.engine.commands import (
    AmendOrder,
    Batch,
    CancelOrder,
    CancelOrders,
    Command,
    PassTime,
    PlaceOrder,
    ReplaceOrder,
    SetDeadMansSwitch,
)
from openvenue.engine.events import (
    AmendRejected,
    CancelRejected,
    Event,
    MemberDecided,
    OrderCanceled,
    OrderRejected,
    OrdersCanceled,
)
from openvenue.engine.orders import Order, OrderView
from openvenue.engine.queries import GetMarkets, GetOpenOrders, GetOrders
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import AccountId, Nanos, OrderId
from openvenue.exchange.port import ExchangePort, Outcome, Sink, VenueStopped
from openvenue.faults.fault import AT_VENUE, Kind
from openvenue.faults.plan import FaultPlan, Strike
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)

Answers = Callable[[Outcome | None], None]
Note = Callable[[Strike, Command, Envelope], None]  # tells the operator what was struck

BY_FAULTS: Final = Envelope("faults")
REFUSED: Final = RejectReason.TOO_MANY_ORDERS  # every API has a word for it
CANCELS: Final = (Kind.IGNORE_CANCEL, Kind.GHOST, Kind.REAPPEAR, Kind.LATE_ACK)
# What can be done to which command.
KINDS: Final[dict[type[Any], tuple[Kind, ...]]] = {
    PlaceOrder: (Kind.FALSE_REJECT, Kind.LATE_ACK),
    CancelOrder: CANCELS,
    CancelOrders: (*CANCELS, Kind.PARTIAL),
    Batch: (Kind.PARTIAL, Kind.LATE_ACK),
    AmendOrder: (Kind.LATE_ACK,),
    SetDeadMansSwitch: (Kind.LATE_ACK,),
}
PLACED: Final = frozenset(PlaceOrder.__struct_fields__) & frozenset(Order.__struct_fields__)


def nobody(strike: Strike, command: Command, envelope: Envelope) -> None:
    """Nobody wants to know."""


class FaultyExchange:
    """An `ExchangePort` before another one, for the gateway of one API."""

    def __init__(
        self, exchange: ExchangePort, plan: FaultPlan, api: str, note: Note = nobody
    ) -> None:
        self._exchange = exchange
        self._plan = plan
        self._api = api
        self._note = note
        self._ghosts: dict[OrderId, tuple[OrderView, float]] = {}  # and until when, of the loop
        self._waiting: deque[tuple[Command, Envelope, Answers]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._tasks: dict[asyncio.Task[None], None] = {}
        # Asked often, and never a lie.
        self.now: Callable[[], Nanos] = exchange.now
        self.settled: Callable[[int], Coroutine[Any, Any, Outcome]] = exchange.settled
        self.subscribe: Callable[[Sink], Callable[[], None]] = exchange.subscribe

    def close(self) -> None:
        """What was to happen later does not."""
        for task in (*self._tasks, *([] if self._worker is None else [self._worker])):
            task.cancel()

    @property
    def offset(self) -> Nanos:
        """How far market time is ahead of the machine's clock."""
        return self._exchange.offset

    def submit(self, command: Command, envelope: Envelope) -> Coroutine[Any, Any, Outcome]:
        """What whoever asked is told of `command`. Raises: VenueStopped."""
        if not (self._plan.is_armed and self._plan.has(AT_VENUE)):
            return self._exchange.submit(command, envelope)
        return self._submit(command, envelope)

    def post(self, command: Command, envelope: Envelope, answer: Answers) -> None:
        """As `submit`, answered by a plain call, in order of posting."""
        if self._worker is not None or (self._plan.is_armed and self._plan.has(AT_VENUE)):
            self._waiting.append((command, envelope, answer))
            if self._worker is None:
                self._worker = asyncio.get_running_loop().create_task(self._post_all())
        else:
            self._exchange.post(command, envelope, answer)

    def look(self, query: Any) -> Any:
        """The answer to `query`, with the ghosts among the open orders. Raises: VenueStopped."""
        is_of_orders = self._ghosts and isinstance(query, GetOpenOrders | GetOrders)
        return self._look(query) if is_of_orders else self._exchange.look(query)

    async def _look(self, query: GetOpenOrders | GetOrders) -> list[OrderView]:
        found = await self._exchange.look(query)
        now = asyncio.get_running_loop().time()
        for order_id, (_, until) in list(self._ghosts.items()):
            if until <= now:
                del self._ghosts[order_id]
        seen = [view for view, _ in self._ghosts.values() if _is_asked_for(view.order, query)]
        return sorted([*found, *seen], key=lambda view: view.order.order_id)

    # ---- commands that may meet a fault

    async def _submit(self, command: Command, envelope: Envelope) -> Outcome:
        orders = await self._ending(command)
        strike = self._take(command, envelope, orders)
        if strike is None:
            return await self._exchange.submit(command, envelope)
        outcome = await self._suffer(strike, command, envelope, orders)
        if strike.fault.kind is Kind.LATE_ACK:
            await asyncio.sleep(strike.delay_seconds)
        return outcome

    async def _post_all(self) -> None:
        """One after the other, as they were posted; only a late acknowledgement comes later."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                command, envelope, answer = self._waiting.popleft()
                try:
                    orders = await self._ending(command)
                    strike = self._take(command, envelope, orders)
                    if strike is None:
                        self._exchange.post(command, envelope, answer)
                        continue
                    outcome = await self._suffer(strike, command, envelope, orders)
                except VenueStopped:
                    answer(None)
                    continue
                if strike.fault.kind is Kind.LATE_ACK:
                    loop.call_later(strike.delay_seconds, answer, outcome)
                else:
                    answer(outcome)
        finally:
            self._worker = None

    def _take(
        self, command: Command, envelope: Envelope, orders: Sequence[OrderView]
    ) -> Strike | None:
        """The fault that `command` meets; none where there is nothing to be hurt."""
        match command:
            case CancelOrder() | CancelOrders() if not orders:
                kinds: tuple[Kind, ...] = (Kind.LATE_ACK,)
            case CancelOrders() if len(orders) < 2:
                kinds = CANCELS
            case Batch() if len(command.members) < 2:
                kinds = (Kind.LATE_ACK,)
            case _:
                kinds = KINDS.get(type(command), ())
        if not kinds:
            return None
        account: AccountId = command.account  # type: ignore[union-attr]  # all of these have one
        strike = self._plan.take(kinds, self._api, account, "", (type(command).__name__,))
        if strike is not None:
            self._note(strike, command, envelope)
        return strike

    async def _suffer(
        self, strike: Strike, command: Command, envelope: Envelope, orders: Sequence[OrderView]
    ) -> Outcome:
        match strike.fault.kind, command:
            case Kind.IGNORE_CANCEL, _:
                return await self._ignore(strike, command, envelope, orders)
            case Kind.PARTIAL, CancelOrders():
                return await self._cancel_some(command, envelope, orders)
            case Kind.PARTIAL, Batch():
                return await self._do_some(command, envelope)
        outcome = await self._exchange.submit(command, envelope)
        match strike.fault.kind, command:
            case Kind.FALSE_REJECT, PlaceOrder():
                return _told(outcome, command, [_refused(command)])
            case Kind.GHOST, _:
                until = asyncio.get_running_loop().time() + strike.delay_seconds
                for order_id in _canceled(outcome.entry.events):
                    self._ghosts[order_id] = (outcome.before[order_id], until)
            case Kind.REAPPEAR, _:
                gone = [outcome.before[order_id] for order_id in _canceled(outcome.entry.events)]
                self._later(strike.delay_seconds, [_again(view) for view in gone])
        return outcome

    async def _ignore(
        self, strike: Strike, command: Command, envelope: Envelope, orders: Sequence[OrderView]
    ) -> Outcome:
        """Told as canceled. The journal keeps the client's nonce, and that nothing was done."""
        truth = await self._exchange.submit(PassTime(), envelope)
        if strike.delay_seconds:
            self._later(strike.delay_seconds, [command])
        lie: Event
        if isinstance(command, CancelOrders):
            ids = tuple(view.order.order_id for view in orders)
            reason = CancelReason.MASS_CANCEL
            lie = OrdersCanceled(account=command.account, order_ids=ids, reason=reason)
        else:
            view = orders[0]
            lie = OrderCanceled(
                order_id=view.order.order_id,
                account=view.order.account,
                leaves=view.leaves,
                reason=CancelReason.BY_OWNER,
            )
        before = {view.order.order_id: view for view in orders}
        return Outcome(_told(truth, command, [lie]).entry, before)

    async def _cancel_some(
        self, command: CancelOrders, envelope: Envelope, orders: Sequence[OrderView]
    ) -> Outcome:
        """Every other one, beginning with the oldest; the answer names these and says no more."""
        account = command.account
        some = tuple(
            CancelOrder(account=account, order_id=view.order.order_id) for view in orders[::2]
        )
        truth = await self._exchange.submit(Batch(account=account, members=some), envelope)
        done = tuple(_canceled(truth.entry.events))
        told = OrdersCanceled(account=account, order_ids=done, reason=CancelReason.MASS_CANCEL)
        return _told(truth, command, [told])

    async def _do_some(self, command: Batch, envelope: Envelope) -> Outcome:
        """Every other member, beginning with the first; the others are told as refused."""
        done = Batch(account=command.account, members=command.members[::2])
        truth = await self._exchange.submit(done, envelope)
        first, *stories = _stories(truth.entry.events)
        told = list(first)
        for index, member in enumerate(command.members):
            told.append(MemberDecided(index=index))
            told += stories[index // 2] if index % 2 == 0 else [_refused(member)]
        return _told(truth, command, told)

    async def _ending(self, command: Command) -> list[OrderView]:
        """The live orders that a cancel is about, oldest first."""
        match command:
            case CancelOrder(order_id=int() as order_id):
                return await self._exchange.look(
                    GetOrders(command.account, order_ids=(OrderId(order_id),))
                )
            case CancelOrder(cl_ord_id=str(name)):
                return await self._exchange.look(GetOrders(command.account, cl_ord_ids=(name,)))
            case CancelOrders():
                views = await self._exchange.look(GetOpenOrders(command.account, command.symbol))
                wallets = {}
                if command.wallet is not None:
                    for market in await self._exchange.look(GetMarkets()):
                        wallets[market.instrument.symbol] = market.instrument.wallet
                return [
                    view
                    for view in views
                    if is_in_scope(view.order, command)
                    and wallets.get(view.order.symbol) == command.wallet
                ]
        return []

    def _later(self, seconds: float, commands: Iterable[Command]) -> None:
        async def do() -> None:
            await asyncio.sleep(seconds)
            try:
                for command in commands:
                    await self._exchange.submit(command, BY_FAULTS)
            except VenueStopped:
                log.info("a venue stopped before a fault was done with it", api=self._api)

        task = asyncio.get_running_loop().create_task(do())
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))


def is_in_scope(order: Order, scope: CancelOrders) -> bool:
    """Whether a cancel of all is about `order`, its wallet aside: as the engine has it."""
    return (
        (scope.symbol is None or order.symbol == scope.symbol)
        and (scope.side is None or order.side is scope.side)
        and not (scope.keep_reduce_only and order.reduce_only)
        and (scope.user_ref is None or order.user_ref == scope.user_ref)
    )


def _told(truth: Outcome, command: Command, events: Iterable[Event]) -> Outcome:
    """`truth` as it is told: another story, of the same moment and the same orders."""
    return Outcome(replace(truth.entry, command=command, events=tuple(events)), truth.before)


def _refused(member: PlaceOrder | CancelOrder | AmendOrder | ReplaceOrder) -> Event:
    match member:
        case PlaceOrder():
            return OrderRejected(
                account=member.account,
                symbol=member.symbol,
                reason=REFUSED,
                cl_ord_id=member.cl_ord_id,
            )
        case CancelOrder() | ReplaceOrder():
            kind: type[CancelRejected | AmendRejected] = CancelRejected
        case AmendOrder():
            kind = AmendRejected
    return kind(
        account=member.account,
        reason=RejectReason.UNKNOWN_ORDER,
        order_id=member.order_id,
        cl_ord_id=member.cl_ord_id,
    )


def _canceled(events: Iterable[Event]) -> list[OrderId]:
    """Orders that their owner's cancel ended."""
    found: list[OrderId] = []
    for event in events:
        if isinstance(event, OrdersCanceled) and event.reason is CancelReason.MASS_CANCEL:
            found += event.order_ids
        elif isinstance(event, OrderCanceled) and event.reason is CancelReason.BY_OWNER:
            found.append(event.order_id)
    return found


def _stories(events: Iterable[Event]) -> list[list[Event]]:
    """What came before a batch, then the events of each member."""
    stories: list[list[Event]] = [[]]
    for event in events:
        if isinstance(event, MemberDecided):
            stories.append([])
        else:
            stories[-1].append(event)
    return stories


def _again(view: OrderView) -> PlaceOrder:
    """The order that was canceled, to be placed again under its client's name."""
    order = view.order
    terms = {name: getattr(order, name) for name in PlaceOrder.__struct_fields__ if name in PLACED}
    terms["quantity"] = view.leaves
    if order.is_market:
        terms["limit_price"] = None
    if not view.is_waiting:
        terms["trigger"] = None
    return PlaceOrder(**terms)


def _is_asked_for(order: Order, query: GetOpenOrders | GetOrders) -> bool:
    if order.account != query.account:
        return False
    if isinstance(query, GetOpenOrders):
        return query.symbol is None or order.symbol == query.symbol
    return order.order_id in query.order_ids or order.cl_ord_id in query.cl_ord_ids
