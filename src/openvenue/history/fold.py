"""What events say about the past: fills, trades, what became of orders, what changed an account.

The same fold serves entries that arrive from the feed and entries that are read from the journal,
so an index that is rebuilt says what the lost one said.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec.structs import replace

from openvenue.engine.commands import AmendOrder, Batch, Command, PassTime
from openvenue.engine.contracts import Contract
from openvenue.engine.events import (
    AmendRejected,
    CancelRejected,
    CollateralTaken,
    Converted,
    Deposited,
    Event,
    FundingPaid,
    FundingRateSet,
    HoldReleased,
    IndexPriceSet,
    InstrumentListed,
    LegArmed,
    MarkPriceSet,
    MemberDecided,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderRested,
    OrdersCanceled,
    OrderStarted,
    OrderTrimmed,
    PositionSettled,
    ProfitConverted,
    ShortfallCovered,
    Traded,
    Transferred,
    TriggerFired,
    TriggersMoved,
    TwapAccepted,
    TwapEnded,
    TwapSliced,
    Withdrawn,
)
from openvenue.engine.instruments import IndexId
from openvenue.engine.orders import FOK, IOC, Order, Origin, begins_waiting, moved
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import Atoms, FinePrice, Lots, Nanos, OrderId
from openvenue.history.alive import Alive, Story
from openvenue.history.ledger import Ledger, Side
from openvenue.history.past import (
    PLACES,
    BarSource,
    Before,
    Change,
    Execution,
    MarkChange,
    OrderChange,
    OrderMissed,
    RateChange,
    TwapChange,
)
from openvenue.history.port import ClosedOrder, Fill, PublicTrade
from openvenue.journal.records import Entry

NOTHING: Final = Lots(0)
NO_MONEY: Final = Atoms(0)
KINDS: Final = {
    Origin.PARTIAL_LIQUIDATION: "partial liquidation",
    Origin.LIQUIDATION: "liquidation",
    Origin.ASSIGNMENT: "assignment",
    Origin.BACKSTOP: "backstop",
    Origin.UNWIND: "unwind",
}


class Fold:
    """Carries the orders that are alive from entry to entry, and tells what becomes of them."""

    def __init__(self, alive: Iterable[Alive] = (), ledger: Ledger | None = None) -> None:
        self.alive: dict[OrderId, Alive] = {it.order.order_id: it for it in alive}
        self.ledger = Ledger() if ledger is None else ledger
        self.indexes: dict[IndexId, FinePrice] = {}
        self._story = Story()
        self._seq = 0
        self._now = Nanos(0)
        self._number = 0  # of the next thing
        # Accepted, and matched as the events go on; with what a reduce-only trim took off.
        self._taking: dict[OrderId, Lots] = {}
        self._crossing: dict[OrderId, Before] = {}  # amended in this entry, so that they trade
        self._members: tuple[Command, ...] = ()
        self._asked: Command = PassTime()  # what the event at hand answers

    def tell(self, entries: Iterable[Entry]) -> Story:
        """What `entries` add."""
        story = self._story = Story()
        for entry in entries:
            self._seq, self._now = entry.seq, entry.time
            self._number = entry.seq << PLACES
            self._crossing.clear()
            self._asked = entry.command
            self._members = entry.command.members if isinstance(entry.command, Batch) else ()
            for event in entry.events:
                fold = FOLDS.get(type(event))
                if fold is not None:
                    fold(self, event)
        return story

    def accepted(self, event: OrderAccepted | OrderActivated) -> None:
        """An order stands, or a trigger's order does, under the same id."""
        order = event.order
        order_id = order.order_id
        is_activated = isinstance(event, OrderActivated)
        is_waiting = not is_activated and begins_waiting(order)
        alive = self.alive[order_id] = Alive(
            order, order.quantity, self._now, is_waiting, was_triggered=is_activated
        )
        self._story.touched.add(order_id)
        if is_waiting:
            self._tell(Change.WAITS, alive, order.quantity, self._now, reduced=event.reduced)
        elif event.rests:
            self._tell(Change.PLACED, alive, order.quantity, self._now, reduced=event.reduced)
        else:
            self._taking[order_id] = event.reduced

    def rejected(self, event: OrderRejected) -> None:
        """Refused; it is remembered if it had got an identity."""
        if event.order is not None:
            alive = Alive(event.order, event.order.quantity, self._now, is_waiting=False)
            self._tell(Change.REJECTED, alive, alive.leaves, self._now, rejected=event.reason)
            self._close(alive, None, event.reason)

    def traded(self, event: Traded) -> None:
        """Two fills, perhaps two orders that are done."""
        seq, now = self._seq, self._now
        story = self._story
        story.trades.append(
            PublicTrade(
                event.exec_id,
                seq,
                now,
                event.symbol,
                event.price,
                event.quantity,
                event.aggressor,
                self.alive[event.taker_order_id].order.is_market,
                event.origin,
            )
        )
        story.values.append(event.value)
        self._execute(event)
        taker_type = kind_of(self.alive[event.taker_order_id].order)
        for is_maker, order_id, leaves, fee, realized in (
            (True, event.maker_order_id, event.maker_leaves, event.maker_fee, event.maker_realized),
            (
                False,
                event.taker_order_id,
                event.taker_leaves,
                event.taker_fee,
                event.taker_realized,
            ),
        ):
            alive = self.alive[order_id]
            old_leaves, old_updated = alive.leaves, alive.updated
            self._change(order_id, leaves)
            if order_id not in self._taking:
                self._tell(Change.FILLED, alive, old_leaves, old_updated)
            elif leaves == 0:
                self._placed(order_id)
            alive.value = Atoms(alive.value + event.value)
            alive.fees = Atoms(alive.fees + fee)
            order = alive.order
            story.fills.append(
                Fill(
                    exec_id=event.exec_id,
                    seq=seq,
                    time=now,
                    account=order.account,
                    symbol=event.symbol,
                    side=order.side,
                    price=event.price,
                    quantity=event.quantity,
                    is_maker=is_maker,
                    order_id=order_id,
                    cl_ord_id=order.cl_ord_id,
                    leaves=leaves,
                    fee=fee,
                    realized=realized,
                    order_type=kind_of(order),
                    is_after_amend=not is_maker and order_id in self._crossing,
                    origin=order.origin,
                    liquidation_fee=NO_MONEY if is_maker else event.liquidation_fee,
                    taker_type=taker_type,
                )
            )
            if leaves == 0:
                self._end(order_id, None, None)

    def fired(self, event: TriggerFired) -> None:
        """A trigger waits no more, whatever its order then does."""
        alive = self.alive[event.order_id]
        old_updated = alive.updated
        self._change(event.order_id, alive.leaves)
        self._tell(Change.FIRED, alive, alive.leaves, old_updated, is_waiting=True)
        alive.is_waiting = False
        alive.was_triggered = True

    def started(self, event: OrderStarted) -> None:
        """The time for it has come; it may still wait for its price."""
        alive = self._change(event.order_id, self.alive[event.order_id].leaves)
        alive.is_waiting = alive.order.trigger is not None
        if event.price is not None:
            alive.order = moved(alive.order, event.price)

    def armed(self, event: LegArmed) -> None:
        """A leg waits for its price from now on."""
        self._change(event.order_id, self.alive[event.order_id].leaves)

    def rested(self, event: OrderRested) -> None:
        """The rest of a taker waits in the book."""
        self._change(event.order_id, event.leaves)
        if event.order_id in self._taking:
            self._placed(event.order_id)

    def amended(self, event: OrderAmended) -> None:
        """New terms under the same id; what was filled stays filled."""
        alive = self.alive[event.order.order_id]
        old = Before(alive.order, alive.leaves, alive.updated)
        self._renew(Change.AMENDED, event.order, event.leaves, event.reduced)
        if not event.rests:
            self._crossing[event.order.order_id] = old

    def member(self, event: MemberDecided) -> None:
        """What follows answers this part of a batch."""
        self._asked = self._members[event.index]

    def hold_released(self, event: HoldReleased) -> None:
        """What follows answers what was held."""
        self._asked = event.request

    def amend_rejected(self, event: AmendRejected) -> None:
        """A change was refused. It is told of orders that are named by number, and stand."""
        if event.reason is RejectReason.UNKNOWN_ORDER:
            self._miss(event)
            return
        asked = self._asked
        alive = None if event.order_id is None else self.alive.get(event.order_id)
        if alive is None or alive.order.account != event.account:
            return
        if isinstance(asked, AmendOrder):
            self._tell(
                Change.EDIT_REFUSED,
                alive,
                alive.leaves,
                alive.updated,
                old_order=_attempted(asked, alive),
                rejected=event.reason,
            )

    def cancel_rejected(self, event: CancelRejected) -> None:
        """There was nothing to cancel."""
        if event.reason is RejectReason.UNKNOWN_ORDER:
            self._miss(event)

    def _miss(self, event: AmendRejected | CancelRejected) -> None:
        missed = OrderMissed(
            self._number, self._now, event.account, event.order_id, event.cl_ord_id
        )
        self._number += 1
        self._story.changes.append(missed)

    def moved(self, event: TriggersMoved) -> None:
        """Trailing stops follow their signal."""
        for move in event.moves:
            alive = self.alive[move.order_id]
            order = moved(alive.order, move.price)
            self._renew(Change.TRAILED, order, alive.leaves, NOTHING)

    def trimmed(self, event: OrderTrimmed) -> None:
        """The whole order is smaller from here on; what was filled stays filled."""
        alive = self.alive[event.order_id]
        reduced = Lots(alive.leaves - event.leaves)
        order = replace(alive.order, quantity=event.quantity)
        self._renew(Change.TRIMMED, order, event.leaves, reduced)

    def canceled(self, event: OrderCanceled) -> None:
        """One order ended."""
        self._cancel(event.order_id, event.leaves, event.reason, event.because)

    def all_canceled(self, event: OrdersCanceled) -> None:
        """Many orders ended."""
        for order_id in event.order_ids:
            self._cancel(order_id, self.alive[order_id].leaves, event.reason, None)

    def deposited(self, event: Deposited) -> None:
        """Money came or went."""
        posting = self.ledger.deposited(event, self._number, self._now)
        self._number += 1
        self._story.postings.append((event.account, posting))

    def transferred(self, event: Transferred) -> None:
        """Money moved from wallet to wallet."""
        left, came = self.ledger.transferred(event, self._number, self._now)
        self._number += 2
        self._story.postings += [(event.account, left), (event.to_account, came)]

    def withdrawn(self, event: Withdrawn) -> None:
        """Money left."""
        posting = self.ledger.withdrawn(event, self._number, self._now)
        self._number += 1
        self._story.postings.append((event.account, posting))

    def settled(self, event: PositionSettled) -> None:
        """A position ended with its contract."""
        posting = self.ledger.settled(event, self._number, self._now)
        self._number += 1
        self._story.postings.append((event.account, posting))

    def converted(self, event: ProfitConverted | Converted) -> None:
        """One asset became another."""
        left, came = self.ledger.converted(event, self._number, self._now)
        self._number += 2
        self._story.postings += [(event.account, left), (event.account, came)]

    def covered(self, event: ShortfallCovered) -> None:
        """The insurance fund paid."""
        posting = self.ledger.covered(event, self._number, self._now)
        self._number += 1
        self._story.postings.append((event.account, posting))

    def taken(self, event: CollateralTaken) -> None:
        """Money followed the positions."""
        left, came = self.ledger.taken(event, self._number, self._now)
        self._number += 2
        self._story.postings += [(event.account, left), (event.to, came)]

    def listed(self, event: InstrumentListed) -> None:
        """What a trade in it moves is known from here on; its mark begins at its index."""
        instrument = event.instrument
        self.ledger.contracts[instrument.symbol] = Contract(instrument)
        self._story.instruments.append(instrument)
        index = self.indexes.get(instrument.index)
        if index is not None:
            self.ledger.marks.setdefault(instrument.symbol, index)

    def index_set(self, event: IndexPriceSet) -> None:
        """The index moved."""
        self.indexes[event.index] = event.price
        self._story.prices.append((BarSource.INDEX, event.index, self._now, event.price))

    def mark_set(self, event: MarkPriceSet) -> None:
        """The mark moved, or was set where it was."""
        self._story.prices.append((BarSource.MARK, event.symbol, self._now, event.price))
        if self.ledger.marks.get(event.symbol) != event.price:
            self.ledger.marks[event.symbol] = event.price
            change = MarkChange(self._number, self._now, event.price)
            self._number += 1
            self._story.marks.append((event.symbol, change))

    def rate_set(self, event: FundingRateSet) -> None:
        """A funding rate came into force."""
        change = RateChange(
            self._number, event.time, event.rate, event.index, event.bid_impact, event.ask_impact
        )
        self._number += 1
        self._story.rates.append((event.symbol, change))

    def funding_paid(self, event: FundingPaid) -> None:
        """Funding became money."""
        for share in event.shares:
            posting = self.ledger.funded(event, share, self._number)
            self._number += 1
            self._story.postings.append((share.account, posting))

    def twap_accepted(self, event: TwapAccepted) -> None:
        """A TWAP is open."""
        self._twap(TwapChange(self._number, self._now, event.view, is_open=True))

    def twap_sliced(self, event: TwapSliced) -> None:
        """It has come further."""
        change = TwapChange(
            self._number,
            self._now,
            event.view,
            is_open=True,
            child=event.child,
            because=event.because,
        )
        self._twap(change)

    def twap_ended(self, event: TwapEnded) -> None:
        """It is over."""
        change = TwapChange(
            self._number,
            self._now,
            event.view,
            is_open=False,
            ended=event.reason,
            because=event.because,
        )
        self._twap(change)

    def _twap(self, change: TwapChange) -> None:
        self._number += 1
        self._story.twaps.append(change)

    def _execute(self, event: Traded) -> None:
        """A trade with both its orders as they were, and what it does to their owners."""
        maker, taker = self.alive[event.maker_order_id], self.alive[event.taker_order_id]
        story = self._story
        story.executions.append(
            Execution(
                self._number,
                self._now,
                event.exec_id,
                event.symbol,
                event.price,
                event.quantity,
                event.aggressor,
                event.value,
                self.ledger.marks.get(event.symbol),
                maker.order,
                maker.leaves,
                maker.updated,
                taker.order,
                taker.leaves,
                taker.updated,
                self._crossing.get(event.taker_order_id),
            )
        )
        self._number += 1
        postings = self.ledger.traded(
            event,
            self._number,
            self._now,
            Side(maker.order, maker.leaves, maker.updated),
            Side(
                taker.order,
                taker.leaves,
                taker.updated,
                self._crossing.get(event.taker_order_id),
            ),
        )
        story.postings += [(it.order.account, it) for it in postings]
        self._number += 2

    def _placed(self, order_id: OrderId) -> None:
        """An order has traded what it could at once: now it is told as placed."""
        reduced = self._taking.pop(order_id)
        alive = self.alive[order_id]
        order = alive.order
        self._tell(Change.PLACED, alive, order.quantity, order.created, reduced=reduced)

    def _cancel(
        self,
        order_id: OrderId,
        leaves: Lots,
        reason: CancelReason,
        because: RejectReason | None,
    ) -> None:
        alive = self.alive[order_id]
        old_leaves, old_updated = alive.leaves, alive.updated
        self._change(order_id, leaves)
        if order_id in self._taking:
            self._placed(order_id)
        change = Change.CANCELED if because is None else Change.REJECTED
        self._tell(change, alive, old_leaves, old_updated, canceled=reason, rejected=because)
        self._end(order_id, reason, because)

    def _renew(self, change: Change, order: Order, leaves: Lots, reduced: Lots) -> None:
        alive = self.alive[order.order_id]
        old, old_leaves, old_updated = alive.order, alive.leaves, alive.updated
        self._change(order.order_id, leaves)
        alive.order = order
        self._tell(change, alive, old_leaves, old_updated, old_order=old, reduced=reduced)

    def _tell(
        self,
        change: Change,
        alive: Alive,
        old_leaves: Lots,
        old_updated: Nanos,
        *,
        is_waiting: bool = False,
        old_order: Order | None = None,
        reduced: Lots = NOTHING,
        canceled: CancelReason | None = None,
        rejected: RejectReason | None = None,
    ) -> None:
        self._story.changes.append(
            OrderChange(
                self._number,
                self._now,
                change,
                alive.order,
                alive.leaves,
                old_leaves,
                old_updated,
                is_waiting or alive.is_waiting,
                old_order,
                reduced,
                canceled,
                rejected,
            )
        )
        self._number += 1

    def _change(self, order_id: OrderId, leaves: Lots) -> Alive:
        alive = self.alive[order_id]
        alive.leaves = leaves
        alive.updated = self._now
        self._story.touched.add(order_id)
        return alive

    def _end(
        self, order_id: OrderId, canceled: CancelReason | None, rejected: RejectReason | None
    ) -> None:
        self._close(self.alive.pop(order_id), canceled, rejected)

    def _close(
        self, alive: Alive, canceled: CancelReason | None, rejected: RejectReason | None
    ) -> None:
        self._story.closed.append(
            ClosedOrder(alive.view(), self._now, canceled, rejected, alive.was_triggered)
        )


def _attempted(asked: AmendOrder, alive: Alive) -> Order:
    """The order as it would have been."""
    order = alive.order
    quantity = order.quantity
    if asked.quantity is not None:
        quantity = asked.quantity
    elif asked.leaves is not None:
        quantity = Lots(order.quantity - alive.leaves + asked.leaves)
    trigger = order.trigger
    if asked.trigger_price is not None and trigger is not None:
        trigger = replace(trigger, price=asked.trigger_price)
    limit = order.limit_price if asked.limit_price is None else asked.limit_price
    return replace(order, quantity=quantity, limit_price=limit, trigger=trigger)


def kind_of(order: Order) -> str:
    """ "market", "post", "ioc", "fok" or "limit"; for the venue's own orders what made them."""
    if order.origin is not Origin.CLIENT:
        return KINDS[order.origin]
    if order.is_market:
        return "market"
    if order.post_only:
        return "post"
    if order.time_in_force is IOC:
        return "ioc"
    if order.time_in_force is FOK:
        return "fok"
    return "limit"


FOLDS: Final[dict[type[Event], Callable[[Fold, Any], None]]] = {
    OrderAccepted: Fold.accepted,
    OrderActivated: Fold.accepted,
    OrderRejected: Fold.rejected,
    Traded: Fold.traded,
    TriggerFired: Fold.fired,
    OrderRested: Fold.rested,
    OrderAmended: Fold.amended,
    AmendRejected: Fold.amend_rejected,
    CancelRejected: Fold.cancel_rejected,
    MemberDecided: Fold.member,
    HoldReleased: Fold.hold_released,
    OrderTrimmed: Fold.trimmed,
    OrderStarted: Fold.started,
    LegArmed: Fold.armed,
    TriggersMoved: Fold.moved,
    OrderCanceled: Fold.canceled,
    OrdersCanceled: Fold.all_canceled,
    Deposited: Fold.deposited,
    Transferred: Fold.transferred,
    PositionSettled: Fold.settled,
    ProfitConverted: Fold.converted,
    Converted: Fold.converted,
    ShortfallCovered: Fold.covered,
    CollateralTaken: Fold.taken,
    Withdrawn: Fold.withdrawn,
    InstrumentListed: Fold.listed,
    IndexPriceSet: Fold.index_set,
    MarkPriceSet: Fold.mark_set,
    FundingRateSet: Fold.rate_set,
    FundingPaid: Fold.funding_paid,
    TwapAccepted: Fold.twap_accepted,
    TwapSliced: Fold.twap_sliced,
    TwapEnded: Fold.twap_ended,
}
