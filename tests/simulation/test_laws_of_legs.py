"""Laws of legs: they wait for prices only while there is something to guard."""

from openvenue.engine.events import LegArmed, OrderCanceled
from openvenue.engine.reasons import CancelReason
from tests.simulation.recording import FEW, Recording


def test_what_guards_a_position_waits_only_while_there_is_one(recordings: list[Recording]) -> None:
    """And only on the other side of it."""
    guarded = 0
    for recording in recordings:
        for step in recording.steps:
            for symbol, ids in step.after.waiting.items():
                for order_id in ids:
                    order = step.after.orders[order_id].order
                    if order.extras is None or not order.extras.guards:
                        continue
                    held = step.after.positions[order.account, symbol].quantity
                    assert held * int(order.side) < 0, (recording.seed, step.number, order_id)
                    guarded += 1
    assert guarded > 100 or len(recordings) < FEW


def test_a_leg_that_waits_for_its_parent_has_one(recordings: list[Recording]) -> None:
    """It is in no ladder, and ends with the order that it came with."""
    armed = ended = 0
    for recording in recordings:
        for step in recording.steps:
            where = (recording.seed, step.number)
            waiting = {it for ids in step.after.waiting.values() for it in ids}
            for order_id, view in step.after.orders.items():
                extras = view.order.extras
                if extras is None or extras.parent is None:
                    continue
                assert view.order.reduce_only, where
                if view.is_waiting and order_id not in waiting:
                    assert extras.parent in step.after.orders, where
            for event in step.events:
                armed += isinstance(event, LegArmed)
                if isinstance(event, OrderCanceled) and event.reason is CancelReason.PARENT_ENDED:
                    ended += 1
    assert (armed > 20 and ended > 5) or len(recordings) < FEW
