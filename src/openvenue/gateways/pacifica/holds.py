"""Answers to what a market's speed bump has held: they come when it was decided.

Source: Pacifica, "Order types", the delay of market, GTC and IOC orders.
"""

from collections.abc import Sequence

from openvenue.engine.events import Event, HoldReleased, RequestHeld
from openvenue.exchange.port import ExchangePort


async def decided(exchange: ExchangePort, events: Sequence[Event]) -> Sequence[Event]:
    """The events that answer a request, whether it was held or not.

    Raises: VenueStopped: the venue halted before its hold was over.
    """
    if not events or not isinstance(events[0], RequestHeld):
        return events
    hold_id = events[0].hold_id
    outcome = await exchange.settled(hold_id)
    share: list[Event] = []
    is_ours = False
    for event in outcome.entry.events:
        if isinstance(event, HoldReleased):
            is_ours = event.hold_id == hold_id
        elif is_ours:
            share.append(event)
    return share
