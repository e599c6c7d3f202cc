"""One look at a private feed."""

from collections.abc import Sequence
from contextlib import aclosing

from openvenue.ems.connectors.port import Feed, Silent, Snapshot, VenueOrder


async def fresh(feed: Feed) -> Sequence[VenueOrder]:
    """What a new subscription begins with; it ends with that. Raises: whatever ends the feed."""
    async with aclosing(feed) as news:
        async for it in news:
            if isinstance(it, Snapshot):
                return it.orders
    raise Silent("the feed has ended")
