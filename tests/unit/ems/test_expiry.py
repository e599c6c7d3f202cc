"""Orders that the desk lets expire: on time, whatever their venue does, and after a restart."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from openvenue.ems.connectors.port import Unreachable, VenueRefused
from openvenue.ems.desk import Ems
from openvenue.ems.orders import Order, Status, TimeInForce
from openvenue.ems.times import read_time
from openvenue.engine.units import Nanos
from tests.unit.ems.scene import (
    ANN,
    CONFIG,
    FUTURES,
    ONE,
    TERMS,
    PaperVenue,
    Scene,
    ToldTime,
    order_when,
)

WHEN = "2001-09-10T00:00:00Z"  # a day after the scene begins
UNTIL = replace(TERMS, time_in_force=TimeInForce.GTD_DESK, expires=WHEN)


def at(text: str) -> Nanos:
    """A time."""
    time = read_time(text)
    assert time is not None
    return time


def is_canceled(order: Order) -> bool:
    """Gone."""
    return order.status is Status.CANCELED


async def test_an_order_is_canceled_when_its_time_has_come_and_not_before(scene: Scene) -> None:
    """To its venue it is an order that stays."""
    await scene.desk.orders.place(ANN, "KRAKENFTS", ONE, UNTIL)
    scene.time.pass_until(at("2001-09-09T23:59:59Z"))
    (sent,) = scene.venue.open.values()
    for _ in range(5):
        before = await scene.desk.questions.order(ANN, ONE)

    scene.time.pass_until(at(WHEN))
    order = await scene.order(ONE, is_canceled)

    assert before.status is Status.NEW
    assert sent.terms == TERMS
    assert (order.terms.time_in_force, order.terms.expires) == (TimeInForce.GTD_DESK, WHEN)
    assert order.history[-1][1] >= at(WHEN)
    assert scene.venue.open == {}


@pytest.mark.parametrize("trouble", [Unreachable("down"), VenueRefused("busy")])
async def test_it_is_tried_until_nothing_of_it_is_open(scene: Scene, trouble: Exception) -> None:
    """An order that outlives its time may cost somebody money."""
    await scene.desk.orders.place(ANN, "KRAKENFTS", ONE, UNTIL)
    scene.venue.fail["cancel"] = [trouble, trouble, trouble]

    scene.time.pass_until(at(WHEN))
    await scene.order(ONE, is_canceled)

    assert scene.venue.calls.count("cancel") == 4


async def test_an_order_that_ended_before_is_left_alone(scene: Scene) -> None:
    """Nothing is asked of its venue."""
    await scene.desk.orders.place(ANN, "KRAKENFTS", ONE, UNTIL)
    await scene.desk.orders.cancel(ANN, "KRAKENFTS", cl_ord_id=ONE)
    scene.venue.calls.clear()

    scene.time.pass_until(at(WHEN))
    for _ in range(50):
        await scene.desk.questions.order(ANN, ONE)

    assert scene.venue.calls == []


@pytest.mark.parametrize("expires", ["2001-09-09T01:46:39Z", "never"])
async def test_a_time_that_has_passed_or_is_none_is_refused(scene: Scene, expires: str) -> None:
    """By the desk: nothing leaves."""
    order = await scene.desk.orders.place(ANN, "KRAKENFTS", ONE, replace(UNTIL, expires=expires))

    assert order.status is Status.REJECTED
    assert "expire_time" in order.message
    assert scene.venue.calls == []


async def test_what_expired_while_the_desk_was_down_is_canceled_at_its_start(
    tmp_path: Path,
) -> None:
    """And what did not is canceled when its time comes."""
    time, venue = ToldTime(), PaperVenue()
    desk = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    await desk.orders.place(ANN, "KRAKENFTS", ONE, UNTIL)
    await desk.close()

    desk = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    await order_when(desk, ONE, lambda order: not order.is_unknown)
    assert len(venue.open) == 1
    await desk.close()
    time.pass_until(at(WHEN))
    desk = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    await order_when(desk, ONE, is_canceled)

    assert venue.open == {}
    await desk.close()
