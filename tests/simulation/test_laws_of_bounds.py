"""Laws of what an order may do to a market: how much one holds, and which way a price is pushed."""

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.events import (
    AmendRejected,
    ConditionsSet,
    OrderAccepted,
    OrderRejected,
    Traded,
)
from openvenue.engine.instruments import Dislocation
from openvenue.engine.orders import Origin
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import AccountId
from tests.simulation import market
from tests.simulation.recording import FEW, Recording, Step


def test_takers_do_not_push_a_dislocated_price_further(recordings: list[Recording]) -> None:
    """Whatever they are: new orders, changed ones, those of triggers and of batches."""
    refused = pushed_back = 0
    for recording in recordings:
        dislocated: dict[str, Dislocation] = {}
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, ConditionsSet):
                    dislocated[event.symbol] = event.dislocation
                elif isinstance(event, Traded) and event.origin is Origin.CLIENT:
                    way = dislocated.get(event.symbol, Dislocation.NONE)
                    assert int(event.aggressor) != int(way), (recording.seed, step.number)
                    pushed_back += way is not Dislocation.NONE
                elif isinstance(event, OrderRejected | AmendRejected):
                    if event.reason is RejectReason.PRICE_DISLOCATION:
                        assert any(dislocated.values()), (recording.seed, step.number)
                        refused += 1
    assert (refused > 5 and pushed_back > 5) or len(recordings) < FEW


def test_no_order_is_accepted_that_could_pass_the_largest_position(
    storms: list[Recording],
) -> None:
    """What is held, what works on its side and the order together; and refused only then."""
    near = refused = 0
    most = market.PERPETUAL.max_position
    for recording in storms:
        for step in recording.steps:
            asked = step.command
            if not isinstance(asked, PlaceOrder) or asked.symbol != market.PERPETUAL.symbol:
                continue
            if asked.reduce_only or asked.trigger is not None:
                continue
            [event] = step.events[:1]
            could = worst(step, asked.account, int(asked.side)) + asked.quantity
            where = (recording.seed, step.number)
            if isinstance(event, OrderAccepted):
                assert could <= most, where
                near += could > most // 2
            elif isinstance(event, OrderRejected) and event.reason is RejectReason.MAX_POSITION:
                assert could > most, where
                refused += 1
    assert (near > 20 and refused > 5) or len(storms) < FEW * 3 // 10


def worst(step: Step, account: AccountId, sign: int) -> int:
    """What `account` could hold of the perpetual on one side before this command, in lots."""
    symbol = market.PERPETUAL.symbol
    position = step.before.positions.get((account, symbol))
    held = 0 if position is None else position.quantity * sign
    working = sum(
        each.leaves
        for each in step.before.orders.values()
        if each.order.account == account
        and each.order.symbol == symbol
        and int(each.order.side) == sign
        and not each.is_waiting
        and not each.order.reduce_only
    )
    return held + working
