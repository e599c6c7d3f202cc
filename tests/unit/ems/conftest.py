"""The scene of most tests."""

from collections.abc import AsyncIterator

import pytest

from openvenue.ems.desk import Ems
from tests.unit.ems.scene import BOBS, CONFIG, FUTURES, SPOT, PaperVenue, Scene, ToldTime


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A new desk, and nothing at its venues."""
    venues = {account: PaperVenue() for account in (FUTURES, SPOT, BOBS)}
    time = ToldTime()
    desk = await Ems.open(None, CONFIG, time, venues)
    yield Scene(desk, time, venues)
    await desk.close()
    assert all(venue.is_closed for venue in venues.values())
