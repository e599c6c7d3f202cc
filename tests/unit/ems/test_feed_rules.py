"""What a private feed's words do to orders: it repeats itself, and may be late."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import AskCancel, RecordHeard, RecordSilence, Standing, Word
from openvenue.ems.events import Event, OrderFound
from openvenue.ems.orders import ClOrdId, Fill, Status, Terms
from openvenue.engine.units import Nanos
from tests.unit.ems.scene import ANN, FUTURES, ONE, TERMS, Machine, standing

OPEN, FILLED, CANCELED = Standing.OPEN, Standing.FILLED, Standing.CANCELED


def heard(machine: Machine, word: Word, terms: Terms | None = None) -> list[Event]:
    """What the feed says of order ONE, under its name at the venue."""
    name = machine.order().venue_cl_ord_id if (ANN, ONE) in machine.engine.state.orders else ""
    command = RecordHeard(account=FUTURES, venue_cl_ord_id=name, word=word, terms=terms)
    return machine.do(command)


def a_fill(exec_id: str, quantity: str, price: str = "40000") -> Fill:
    """One of order ONE."""
    return Fill(Nanos(7), Decimal(price), Decimal(quantity), exec_id)


def traded(*fills: Fill, left: str | None = None) -> Word:
    """The feed tells of fills."""
    leaves = None if left is None else Decimal(left)
    return Word(standing=OPEN, order_id="X1", leaves=leaves, fills=fills)


def test_a_feed_may_be_faster_than_the_answer() -> None:
    """The answer is then no news."""
    machine = Machine()
    machine.place()

    heard(machine, standing(OPEN))
    late = machine.hear(standing(OPEN))

    assert machine.order().status is Status.NEW
    assert machine.order().order_id == "X1"
    assert late == []


def test_what_was_unknown_is_known_when_the_feed_tells_it() -> None:
    """Nobody has to ask any more."""
    machine = Machine()
    machine.place()
    machine.do(RecordSilence(owner=ANN, cl_ord_id=ONE, why="no answer"))

    heard(machine, standing(CANCELED))

    assert machine.order().status is Status.CANCELED
    assert not machine.order().is_unknown


def test_a_feed_never_makes_an_ended_order_live() -> None:
    """It may be late: only a list that is asked for later can say so."""
    machine = Machine()
    machine.place()
    machine.hear(standing(OPEN))
    machine.hear(standing(CANCELED, message="why"))

    assert heard(machine, standing(OPEN)) == []
    assert machine.order().status is Status.CANCELED


def test_a_late_fill_counts_on_an_ended_order() -> None:
    """It stays ended, and keeps its reason."""
    machine = Machine()
    machine.place()
    machine.hear(standing(OPEN))
    machine.hear(standing(CANCELED, message="why"))

    heard(machine, traded(a_fill("F1", "0.2"), left="0.3"))

    order = machine.order()
    assert (order.status, order.filled, order.message) == (
        Status.CANCELED,
        Decimal("0.2"),
        "why",
    )
    assert order.average == Decimal(40_000)


def test_a_fill_counts_once_however_often_it_is_told() -> None:
    """By its own name: the answer, the list of fills and the feed tell the same one."""
    machine = Machine()
    machine.place()
    machine.hear(replace(standing(OPEN, "0.1"), fills=(a_fill("F1", "0.1", "39990"),)))

    again = heard(machine, traded(a_fill("F1", "0.1", "39990"), left="0.4"))
    second = a_fill("F2", "0.1", "40010")
    heard(machine, traded(second, second, left="0.3"))

    assert again == []
    assert machine.order().filled == Decimal("0.2")
    assert [it.exec_id for it in machine.order().fills] == ["F1", "F2"]
    assert machine.order().average == Decimal(40_000)


def test_fills_alone_tell_how_much_was_filled() -> None:
    """Where a venue's report on the order comes after them, or not at all."""
    machine = Machine()
    machine.place()
    machine.hear(standing(OPEN))

    heard(machine, traded(a_fill("F1", "0.2")))
    after = machine.hear(standing(OPEN, "0.2"))

    assert machine.order().status is Status.PARTIALLY_FILLED
    assert machine.order().filled == Decimal("0.2")
    assert after == []


@pytest.mark.parametrize("known", [a_fill("", "0.2"), a_fill("by another name", "0.4")])
def test_fills_that_were_told_in_another_way_are_not_counted_again(known: Fill) -> None:
    """Twice the same quantity would be more than was asked for, or has no name to tell it by."""
    machine = Machine()
    machine.place()
    filled = known.quantity
    machine.hear(replace(standing(OPEN, str(filled)), fills=(known,)))

    heard(machine, traded(a_fill("F1", str(filled)), left=str(Decimal("0.5") - filled)))

    assert machine.order().filled == filled
    assert machine.order().fills == (known,)


def test_an_order_of_somebody_else_is_found_if_it_is_told_in_full() -> None:
    """By its names alone nobody can say what it is."""
    machine = Machine()

    unknown = heard(machine, standing(OPEN))
    over = heard(machine, standing(CANCELED), TERMS)
    (found,) = heard(machine, standing(OPEN), TERMS)
    again = heard(machine, standing(OPEN), TERMS)
    heard(machine, standing(FILLED, "0.5"))

    assert unknown == over == again == []
    assert isinstance(found, OrderFound)
    assert machine.order(ClOrdId("X1")).is_foreign
    assert machine.order(ClOrdId("X1")).status is Status.FILLED


def test_a_wish_to_cancel_outlives_what_the_feed_says() -> None:
    """The order stands: it is still to go."""
    machine = Machine()
    machine.place()
    machine.do(AskCancel(owner=ANN, cl_ord_id=ONE))

    heard(machine, standing(OPEN, "0.1"))

    assert machine.order().cancel_wanted
    assert machine.order().status is Status.PARTIALLY_FILLED
