"""Answers to what a market with maker protection has held: they come when it was decided.

Source: Kraken Futures, "Maker Protection".
"""

from collections.abc import Mapping, Sequence

from openvenue.engine.events import Event, HoldReleased, RequestHeld
from openvenue.engine.orders import OrderView
from openvenue.engine.units import Nanos, OrderId
from openvenue.exchange.port import ExchangePort
from openvenue.gateways.kraken_futures.story import Story

Share = tuple[Sequence[Event], Mapping[OrderId, OrderView], Nanos]


async def decided(
    exchange: ExchangePort,
    events: Sequence[Event],
    before: Mapping[OrderId, OrderView],
    time: Nanos,
) -> Share:
    """The events that answer a request, orders as they were before them, and when that was.

    Raises: VenueStopped: the venue halted before its hold was over.
    """
    if not events or not isinstance(events[0], RequestHeld):
        return events, before, time
    hold_id = events[0].hold_id
    outcome = await exchange.settled(hold_id)
    story = Story(outcome)
    share: list[Event] = []
    views: dict[OrderId, OrderView] = {}
    is_ours = False
    for event in outcome.entry.events:
        if isinstance(event, HoldReleased):
            is_ours = event.hold_id == hold_id
            if is_ours:
                views = dict(story.views)
        elif is_ours:
            share.append(event)
        story.tell(event)
    return share, views, outcome.entry.time
