"""Laws of time: orders end and begin when they said so, however long nobody looked."""

from openvenue.engine.events import OrderActivated, OrderCanceled, OrderRested, OrderStarted, Traded
from openvenue.engine.reasons import CancelReason
from tests.simulation.recording import FEW, Recording


def test_no_order_outlives_its_end_and_none_ends_before_it(recordings: list[Recording]) -> None:
    """By market time, which stands still between two commands."""
    ended = 0
    for recording in recordings:
        for step in recording.steps:
            where = (recording.seed, step.number)
            for view in step.after.orders.values():
                extras = view.order.extras
                if extras is not None and extras.expires is not None:
                    assert extras.expires > step.now, where
            for event in step.events:
                if isinstance(event, OrderCanceled) and event.reason is CancelReason.LAPSED:
                    extras = step.before.orders[event.order_id].order.extras
                    assert extras is not None
                    assert extras.expires is not None
                    assert extras.expires <= step.now, where
                    ended += 1
    assert ended > 20 or len(recordings) < FEW


def test_no_order_acts_before_its_time(recordings: list[Recording]) -> None:
    """Until then it is in no book, fires at no price, and reserves nothing."""
    started = 0
    for recording in recordings:
        for step in recording.steps:
            where = (recording.seed, step.number)
            early = {
                order_id
                for order_id, view in step.after.orders.items()
                if view.order.extras is not None
                and view.order.extras.starts is not None
                and view.order.extras.starts > step.now
            }
            in_books = {
                order_id
                for ladder in (step.after.bids, step.after.asks)
                for levels in ladder.values()
                for level in levels
                for order_id in level.order_ids
            }
            waiting = {it for ids in step.after.waiting.values() for it in ids}
            assert early.isdisjoint(in_books | waiting), where
            for event in step.events:
                match event:
                    case OrderActivated():
                        assert event.order.order_id not in early, where
                    case OrderRested() | OrderStarted():
                        assert event.order_id not in early, where
                        started += isinstance(event, OrderStarted)
                    case Traded():
                        assert event.taker_order_id not in early, where
                    case _:
                        pass
    assert started > 10 or len(recordings) < FEW
