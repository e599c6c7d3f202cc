"""Orders that end with their client's connection: whatever they were doing when it ended."""

import asyncio
from pathlib import Path

import pytest

from openvenue.ems.connectors.port import Silent, VenueRefused
from openvenue.ems.desk import Ems
from openvenue.ems.orders import ClOrdId, Status
from openvenue.ems.presence import Presence
from tests.unit.ems.scene import (
    ANN,
    CONFIG,
    FUTURES,
    ONE,
    TERMS,
    TWO,
    PaperVenue,
    Scene,
    ToldTime,
    order_when,
)


async def test_its_orders_are_canceled_and_no_others(scene: Scene) -> None:
    """Until nothing of them is open; what had ended is not touched."""
    presence = Presence()
    await scene.desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS, presence=presence)
    await scene.desk.orders.place(ANN, "KRAKENFTS", TWO, TERMS)
    await scene.desk.orders.place(ANN, "KRAKENFTS", ClOrdId("gone"), TERMS, presence=presence)
    await scene.desk.orders.cancel(ANN, "KRAKENFTS", cl_ord_id="gone")
    scene.venue.fail["cancel"] = [VenueRefused("busy"), Silent("late")]
    scene.venue.calls.clear()

    scene.desk.orders.end(presence)
    await scene.order(ONE, lambda it: it.status is Status.CANCELED)

    assert (await scene.desk.questions.order(ANN, TWO)).status is Status.NEW
    assert scene.venue.calls.count("cancel") == 3


async def test_an_order_on_its_way_is_canceled_when_it_arrives(scene: Scene) -> None:
    """The connection ended while the venue had not answered."""
    presence = Presence()
    scene.venue.hold["place"] = asyncio.Event()
    placing = asyncio.create_task(
        scene.desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS, presence=presence)
    )
    await scene.until(lambda: bool(presence.orders))

    scene.desk.orders.end(presence)
    scene.venue.hold["place"].set()
    await scene.order(ONE, lambda it: it.status is Status.CANCELED)

    assert (await placing).order_id
    assert scene.venue.open == {}


async def test_an_order_that_was_not_sent_yet_is_not_sent(scene: Scene) -> None:
    """It was asked for, and its client was gone before the desk came to it."""
    presence = Presence()
    placing = asyncio.create_task(
        scene.desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS, presence=presence)
    )
    scene.desk.orders.end(presence)

    order = await placing

    assert order.status is Status.REJECTED
    assert "place" not in scene.venue.calls


@pytest.mark.parametrize("stays", [True, False])
async def test_after_a_crash_of_the_desk_its_connections_are_gone_too(
    tmp_path: Path, stays: bool
) -> None:
    """The next start cancels their orders."""
    venue, time = PaperVenue(), ToldTime()
    desk = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    await desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS, presence=None if stays else Presence())
    await desk.close()

    desk = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    order = await order_when(desk, ONE, lambda it: it.has_ended or (stays and not it.is_unknown))

    assert order.status is (Status.NEW if stays else Status.CANCELED)
    assert len(venue.open) == stays
    await desk.close()
