"""PlaceClose: the order that a fill brings, decided like any other once the fill has happened."""

from msgspec.structs import replace

from openvenue.engine.events import Event, OrderRejected
from openvenue.engine.orders import Order
from openvenue.engine.rules.conditional import closing_order
from openvenue.engine.rules.place_order import place_order
from openvenue.engine.state import State
from openvenue.engine.steps import PlaceClose


def place_close(state: State, step: PlaceClose) -> list[Event]:
    """OrderAccepted and what follows; or OrderRejected of an order that nobody sent.

    That one has an identity, whatever the reason, because its owner has to hear of it.
    """
    command = closing_order(step.order, step.quantity, step.price)
    events = place_order(state, command, is_close=True)
    first = events[0]
    if not isinstance(first, OrderRejected) or first.order is not None:
        return events
    order = Order(
        state.next_order_id,
        command.account,
        command.symbol,
        command.side,
        command.quantity,
        command.limit_price,
        command.time_in_force,
        state.now,
        is_market=command.limit_price is None,
        trigger=command.trigger,
        self_trade=command.self_trade,
        extras=command.extras,
    )
    return [replace(first, order=order)]
