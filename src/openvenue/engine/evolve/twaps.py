"""TWAPs: open, some orders further, over. What their orders do is told as of any order."""

from openvenue.engine.events import TwapAccepted, TwapEnded, TwapSliced
from openvenue.engine.state import State
from openvenue.engine.steps import SliceTwap
from openvenue.engine.units import OrderId


def twap_accepted(state: State, event: TwapAccepted) -> None:
    """It is open, and its first order is due."""
    twap = event.view.twap
    state.next_order_id = OrderId(twap.order_id + 1)
    state.slicing.put(event.view)
    state.steps.append(SliceTwap(twap.order_id))


def twap_sliced(state: State, event: TwapSliced) -> None:
    """It has come further."""
    state.slicing.put(event.view)


def twap_ended(state: State, event: TwapEnded) -> None:
    """It is no more."""
    state.slicing.remove(int(event.view.twap.order_id))
