"""The machine itself: its tables are complete, time does not go back, nothing is left behind."""

import gc
import sys
from types import UnionType
from typing import get_args

import pytest

from openvenue.engine.commands import CancelOrder, CancelOrders, Command, PassTime
from openvenue.engine.engine import DECIDE, Engine
from openvenue.engine.events import Event
from openvenue.engine.evolve.table import EVOLVE
from openvenue.engine.orders import BUY, IOC, SELL
from openvenue.engine.queries import LOOK, Query
from openvenue.engine.steps import Step
from openvenue.engine.units import Nanos, OrderId
from tests.unit.engine.scene import ANN, BOB, PAIR, START, Scene, linear, order, pair, stop


def members(union: object) -> set[type]:
    """The types of a union."""
    assert isinstance(union, UnionType)
    return set(get_args(union))


def test_every_command_and_every_step_has_its_rule() -> None:
    """And every rule its command or step: the tables replace an exhaustive match."""
    assert set(DECIDE) == members(Command) | members(Step)


def test_every_event_has_its_effect() -> None:
    """A fact without one is spelled out as such."""
    assert set(EVOLVE) == members(Event)


def test_every_question_has_its_answer() -> None:
    """Gateways ask by value."""
    assert set(LOOK) == members(Query)


def test_market_time_does_not_go_back() -> None:
    """The exchange stamps commands; a stamp from the past is its bug."""
    engine = Engine()
    engine.apply(PassTime(), Nanos(START))

    with pytest.raises(AssertionError, match="time"):
        engine.apply(PassTime(), Nanos(START - 1))


def test_the_same_time_twice_is_fine() -> None:
    """Commands of one batch may share a stamp."""
    scene = Scene()

    scene.do(PassTime(), PassTime())


def test_orders_are_told_as_they_were_before() -> None:
    """An outcome carries the orders that its events are about; nobody looks back for them."""
    scene = Scene()
    resting = scene.place(order(BOB, SELL, 5, 100))
    other = scene.place(order(BOB, SELL, 5, 105))

    scene.do(order(ANN, BUY, 2, 100))
    assert scene.engine.before[resting].leaves == 5
    assert other not in scene.engine.before
    scene.do(CancelOrder(account=BOB, order_id=resting))
    assert scene.engine.before[resting].leaves == 3
    scene.do(PassTime())
    assert scene.engine.before == {}


def busy_minute(scene: Scene) -> None:
    """Orders of all sorts that rest, trade, wait, fire and end, and leave everything as it was."""
    last = scene.engine.state.next_order_id
    scene.do(
        order(BOB, SELL, 2, 101, cl_ord_id="maker"),
        order(ANN, BUY, 1, 101, time_in_force=IOC),
        order(ANN, BUY, 1, 90, trigger=stop(BUY, 200), cl_ord_id="waiting"),
        order(ANN, BUY, 1, 90),
        order(BOB, BUY, 1, 99),
        order(ANN, SELL, 1, 99, reduce_only=True),
        order(BOB, SELL, 5, 100, symbol=PAIR),
        order(ANN, BUY, 3, 100, symbol=PAIR),
        order(ANN, SELL, 3, 99, symbol=PAIR, time_in_force=IOC),
        CancelOrder(account=BOB, order_id=OrderId(last)),
        CancelOrders(account=ANN),
        CancelOrders(account=BOB),
    )


def test_nothing_is_left_behind_by_orders_that_have_ended() -> None:
    """With the collector off: an order and its level must not keep each other alive.

    Counted in blocks of memory, which holds for the compiled engine, too, whose objects the
    collector does not see.
    """
    scene = Scene(linear(), pair())
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            busy_minute(scene)
        before = sys.getallocatedblocks()
        for _ in range(300):
            busy_minute(scene)
        grown = sys.getallocatedblocks() - before
    finally:
        gc.enable()

    assert scene.engine.state.orders == {}
    assert grown < 300, "less than one block a minute"


def test_a_busy_minute_makes_nothing_for_the_collector() -> None:
    """No reference cycles at all: it would find none."""
    scene = Scene(linear(), pair())
    busy_minute(scene)
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            busy_minute(scene)
        found = gc.collect()
    finally:
        gc.enable()

    assert found == 0
