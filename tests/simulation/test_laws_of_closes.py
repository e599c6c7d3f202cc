"""Laws of conditional closes: each fill brings one order of its size, and nothing else does."""

from openvenue.engine.events import OrderAccepted, OrderRejected, Traded
from openvenue.engine.orders import Order
from openvenue.engine.reasons import RejectReason
from tests.simulation.recording import FEW, Recording


def test_each_fill_brings_one_order_on_the_other_side(recordings: list[Recording]) -> None:
    """Placed or refused, in the order of the fills; whoever sent the first order hears of both."""
    placed = refused = 0
    for recording in recordings:
        terms: dict[int, Order] = {}
        for step in recording.steps:
            where = (recording.seed, step.number)
            wanted: list[tuple[int, int, int]] = []  # whose fill, its side, its size
            brought: list[tuple[int, int, int]] = []
            for event in step.events:
                if isinstance(event, Traded):
                    for number in (event.maker_order_id, event.taker_order_id):
                        order = terms[number]
                        if order.extras is not None and order.extras.close is not None:
                            wanted.append((number, -order.side, event.quantity))
                if isinstance(event, OrderAccepted):
                    terms[event.order.order_id] = event.order
                if isinstance(event, OrderAccepted | OrderRejected) and event.order is not None:
                    order = event.order
                    extras = order.extras
                    if extras is None or extras.closes is None:
                        continue
                    assert extras.close is None, where
                    assert order.account == terms[extras.closes].account, where
                    brought.append((extras.closes, int(order.side), order.quantity))
                    placed += isinstance(event, OrderAccepted)
                    refused += isinstance(event, OrderRejected)
            assert brought == wanted, where
    assert (placed > 50 and refused > 2) or len(recordings) < FEW


def test_an_order_with_a_close_is_never_changed(recordings: list[Recording]) -> None:
    """Its fills would no longer bring what its owner had in mind."""
    tried = 0
    for recording in recordings:
        for step in recording.steps:
            for number, view in step.after.orders.items():
                extras = view.order.extras
                if extras is not None and extras.close is not None and number in step.before.orders:
                    assert view.order == step.before.orders[number].order or (
                        view.order.trigger is not None
                    ), (recording.seed, step.number)
            tried += sum(
                getattr(event, "reason", None) is RejectReason.HAS_CLOSE for event in step.events
            )
    assert tried > 5 or len(recordings) < FEW
