"""Laws of cancelling: everything in scope, nothing out of it, once."""

from openvenue.engine.commands import (
    CancelOrder,
    CancelOrders,
    PassTime,
    SetDeadMansSwitch,
    SetMode,
)
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    CancelRejected,
    ContractSettled,
    DeadMansSwitchFired,
    DeadMansSwitchSet,
    FundingPaid,
    OrderCanceled,
    OrdersCanceled,
    Refused,
    Traded,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import Order
from openvenue.engine.reasons import CancelReason
from openvenue.engine.snapshot import restore
from openvenue.engine.units import OrderId, Symbol
from tests.simulation import market
from tests.simulation.recording import FEW, Recording, view


def is_in(scope: CancelOrders, order: Order) -> bool:
    """Whether a cancel-all is about this order."""
    return (
        order.account == scope.account
        and scope.symbol in (None, order.symbol)
        and scope.side in (None, order.side)
        and not (scope.keep_reduce_only and order.reduce_only)
        and scope.user_ref in (None, order.user_ref)
        and scope.wallet in (None, market.BY_SYMBOL[order.symbol].wallet)
    )


def test_after_cancel_all_nothing_in_scope_lives_and_nothing_else_changed(
    recordings: list[Recording],
) -> None:
    """Resting and waiting alike; the survivors keep their place, their size and their names."""
    canceled = refused = 0
    for recording in recordings:
        for step in recording.steps:
            scope = step.command
            if not isinstance(scope, CancelOrders):
                continue
            where = (recording.seed, step.number)
            if isinstance(step.events[-1], Refused):
                refused += 1
                kept = {
                    each.order.symbol
                    for each in step.after.orders.values()
                    if is_in(scope, each.order)
                }
                assert any(step.after.modes[it] is Mode.MAINTENANCE for it in kept), where
                continue
            at = max(
                place
                for place, event in enumerate(step.events)
                if isinstance(event, OrdersCanceled) and event.reason is CancelReason.MASS_CANCEL
            )
            gone_before = {
                order_id
                for event in step.events[:at]
                if isinstance(event, OrdersCanceled)
                for order_id in event.order_ids
            }
            stood = {k: v for k, v in step.before.orders.items() if k not in gone_before}
            mine = [order_id for order_id, each in stood.items() if is_in(scope, each.order)]
            told = step.events[at]
            assert isinstance(told, OrdersCanceled), where
            for event in step.events[at + 1 :]:  # legs go with their orders, out of scope or not
                assert isinstance(event, OrderCanceled), where
                assert event.reason is CancelReason.PARENT_ENDED, where
                stood.pop(event.order_id)
            assert list(told.order_ids) == sorted(mine), where
            assert told.reason is CancelReason.MASS_CANCEL, where
            rest = {order_id: each for order_id, each in stood.items() if order_id not in mine}
            assert step.after.orders == rest, where
            for before, after in (
                (step.before.bids, step.after.bids),
                (step.before.asks, step.after.asks),
            ):
                for symbol, levels in before.items():
                    queue = [each for level in levels for each in level.order_ids if each in rest]
                    now = [each for level in after[symbol] for each in level.order_ids]
                    assert queue == now, where
            of_time = FundingPaid | ContractSettled
            if not any(isinstance(event, of_time) for event in step.events):
                assert step.after.balances == step.before.balances, where
            canceled += len(mine)
    assert canceled > 50 or len(recordings) < FEW
    assert refused or len(recordings) < 5 * FEW


def test_cancel_all_twice_is_cancel_all_once(recordings: list[Recording]) -> None:
    """The second finds nothing, says so, and leaves the venue as it is."""
    asked = 0
    for recording in recordings:
        for step in recording.steps:
            if isinstance(step.command, CancelOrders):
                engine = Engine(restore(step.state_after))
                before = engine.state.fingerprint()

                events = engine.apply(step.command, step.now)

                asked += 1
                if isinstance(step.events[-1], Refused):
                    assert events == step.events[-1:]
                    continue
                assert events == [
                    OrdersCanceled(
                        account=step.command.account,
                        order_ids=(),
                        reason=CancelReason.MASS_CANCEL,
                    )
                ]
                assert engine.state.fingerprint() == before, (recording.seed, step.number)
    assert asked > 20 or len(recordings) < FEW


def test_a_canceled_order_is_canceled_once_and_nothing_else_is(
    recordings: list[Recording],
) -> None:
    """The order named by its owner is gone; a second cancel finds nobody; all others stay."""
    asked = 0
    for recording in recordings:
        for step in recording.steps:
            told = step.events[-1] if step.events else None
            if not isinstance(step.command, CancelOrder) or not isinstance(told, OrderCanceled):
                continue
            if len(step.told) > 1:
                continue  # a dead man's switch went off first
            where = (recording.seed, step.number)
            rest = {k: v for k, v in step.before.orders.items() if k != told.order_id}
            assert step.after.orders == rest, where
            assert told.account == step.command.account, where
            engine = Engine(restore(step.state_after))
            before = engine.state.fingerprint()
            again = engine.apply(
                CancelOrder(account=step.command.account, order_id=told.order_id), step.now
            )
            assert [type(event) for event in again] == [CancelRejected], where
            assert engine.state.fingerprint() == before, where
            asked += 1
    assert asked > 50 or len(recordings) < FEW


def test_nobody_cancels_the_order_of_another(recordings: list[Recording]) -> None:
    """Not by its id and not by its name; not even within a family."""
    tried = 0
    for recording in recordings:
        step = recording.steps[-1]
        engine = Engine(restore(step.state_after))
        before = engine.state.fingerprint()
        for order_id, each in step.after.orders.items():
            for account in market.ACCOUNTS:
                if account == each.order.account:
                    continue
                events = engine.apply(
                    CancelOrder(account=account, order_id=OrderId(order_id)), step.now
                )
                assert [type(event) for event in events] == [CancelRejected]
                tried += 1
        assert engine.state.fingerprint() == before, recording.seed
    assert tried > 20 or len(recordings) < FEW


def test_a_dead_mans_switch_fires_once_on_time_and_takes_everything(
    recordings: list[Recording],
) -> None:
    """At the first command at or after its deadline, before that command, and never without one."""
    fired = 0
    for recording in recordings:
        armed: dict[str, int] = {}
        for step in recording.steps:
            where = (recording.seed, step.number)
            due = sorted(
                (
                    (deadline, account)
                    for account, deadline in armed.items()
                    if deadline <= step.now
                ),
                key=lambda row: row[0],
            )
            went_off: list[tuple[int, str]] = []
            ended: set[int] = set()  # in this step, by time or by what time set off
            for at, event in enumerate(step.events):
                match event:
                    case DeadMansSwitchFired():
                        went_off.append((event.deadline, event.account))
                        second = step.events[at + 1]
                        assert isinstance(second, OrdersCanceled), where
                        assert second.account == event.account, where
                        stood = step.before.of_account[event.account]
                        left = [each for each in stood if each not in ended]
                        assert list(second.order_ids) == left, where
                        assert second.reason is CancelReason.DEAD_MANS_SWITCH, where
                        del armed[event.account]
                        fired += 1
                    case OrderCanceled():
                        ended.add(event.order_id)
                    case OrdersCanceled():
                        ended.update(event.order_ids)
                    case Traded():
                        ended |= {event.maker_order_id} if event.maker_leaves == 0 else set()
                        ended |= {event.taker_order_id} if event.taker_leaves == 0 else set()
                    case _:
                        pass
            assert went_off == due, where
            for event in step.events:
                if isinstance(event, DeadMansSwitchSet):
                    armed.pop(event.account, None)
                    if event.deadline is not None:
                        assert event.deadline > step.now, where
                        armed[event.account] = event.deadline
            assert step.after.deadlines == armed, where
    assert fired > 10 or len(recordings) < FEW


def test_canceling_all_of_everyone_leaves_an_empty_venue(recordings: list[Recording]) -> None:
    """No level, no trigger, no hold, no reservation stays behind; positions are untouched."""
    for recording in recordings:
        last = recording.steps[-1]
        engine = Engine(restore(last.state_after))
        for symbol, mode in last.after.modes.items():
            if mode is Mode.MAINTENANCE:
                engine.apply(SetMode(symbol=Symbol(symbol), mode=Mode.CANCEL_ONLY), last.now)
        for account in market.ACCOUNTS:
            engine.apply(SetDeadMansSwitch(account=account, timeout=0), last.now)  # type: ignore[arg-type]
            engine.apply(CancelOrders(account=account), last.now)
        engine.apply(PassTime(), last.now)
        empty = view(engine.state)
        assert empty.orders == {}
        assert empty.names == {}
        assert not any(empty.bids.values())
        assert not any(empty.asks.values())
        assert not any(empty.waiting.values())
        assert not any(empty.held.values())
        for name, seen in empty.positions.items():
            assert (seen.buys, seen.sells, seen.reducers) == (0, 0, [])
            assert seen.quantity == last.after.positions[name].quantity
