"""Every change is told once, in order, when it is durable; and nothing walks what has ended."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.desk import Ems
from openvenue.ems.ledger import Ledger
from openvenue.ems.order_log import Change, OrderLog
from openvenue.ems.orders import ClOrdId, Order, OrderKey, Status
from openvenue.engine.units import Nanos
from openvenue.journal.memory import MemoryJournalOf
from tests.unit.ems.scene import (
    ANN,
    BOB,
    BOBS,
    CONFIG,
    FUTURES,
    ONE,
    TERMS,
    TWO,
    Machine,
    PaperVenue,
    Scene,
    ToldTime,
    standing,
)

ALWAYS = (Nanos(0), Nanos(2 * 10**18))


async def told(desk: Ems, most: int = 10_000) -> list[tuple[str, str]]:
    """Ann's changes: name and status."""
    changes = await desk.questions.changes(ANN, *ALWAYS, most)
    assert changes is not None
    return [(it.order.cl_ord_id, it.order.status.value) for it in changes]


async def test_each_status_is_a_change_and_a_restart_tells_the_same(tmp_path: Path) -> None:
    """What the journal holds is what the log has: no more, no less."""
    venue = PaperVenue()
    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: venue})
    await desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS)
    await desk.orders.cancel(ANN, "KRAKENFTS", cl_ord_id=ONE)
    before = await desk.questions.changes(ANN, *ALWAYS, 100)
    await desk.close()

    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: PaperVenue()})
    after = await desk.questions.changes(ANN, *ALWAYS, 100)

    assert await told(desk) == [
        (ONE, status) for status in ("RECEIVED", "ROUTING", "ROUTED", "NEW", "CANCELED")
    ]
    assert before == after
    await desk.close()


def test_a_status_in_between_has_the_figures_from_before() -> None:
    """A fill that came with the last of them is not told with the first."""
    machine = Machine()
    machine.place()
    machine.engine.take_changes()

    machine.hear(replace(standing(Standing.FILLED, "0.5"), average=TERMS.price))

    changes = [it.order for it in machine.engine.take_changes()]
    assert [(it.status, it.filled) for it in changes] == [
        (Status.ROUTED, 0),
        (Status.FILLED, TERMS.quantity),
    ]
    assert [len(it.history) for it in changes] == [3, 4]
    assert machine.engine.take_changes() == []


def test_what_clients_cannot_see_is_no_change() -> None:
    """A wish to cancel, and a gate that closes, show in no report."""
    machine = Machine()
    machine.place()
    machine.hear(standing(Standing.OPEN))
    machine.engine.take_changes()

    machine.hear(standing(Standing.OPEN))

    assert machine.engine.take_changes() == []


async def test_a_time_and_no_more_rows_than_asked_for(scene: Scene) -> None:
    """Both ends belong to it."""
    await scene.place()
    changes = await scene.desk.questions.changes(ANN, *ALWAYS, 100)
    assert changes is not None
    first, last = changes[0], changes[-1]

    at_the_end = await scene.desk.questions.changes(ANN, last.time, last.time, 100)

    assert at_the_end == [it for it in changes if it.time == last.time]
    assert await scene.desk.questions.changes(ANN, first.time, last.time, 4) == changes
    assert await scene.desk.questions.changes(ANN, first.time, last.time, 3) is None
    assert await scene.desk.questions.changes(BOB, *ALWAYS, 100) == []


def test_listeners_hear_of_their_owner_until_they_leave() -> None:
    """Also if one leaves while it is being told."""
    log = OrderLog()
    mine = Change(Nanos(1), order_of_ann())
    theirs = Change(Nanos(1), replace(mine.order, account=BOBS))
    heard: list[Change] = []
    others: list[Change] = []

    def once(change: Change) -> None:
        heard.append(change)
        leave()

    leave = log.listen(ANN, once)
    log.listen(ANN, others.append)
    log.add([mine, theirs, mine])

    assert heard == [mine]
    assert others == [mine, mine]


def order_of_ann() -> Order:
    """One that a machine has taken."""
    machine = Machine()
    machine.place()
    return machine.order()


class NotWalked(dict[OrderKey, Order]):
    """Orders that can be looked up, and not gone through."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("all orders ever were walked")

    values = items = keys = __iter__  # type: ignore[assignment]


async def test_ten_thousand_ended_orders_slow_nothing_down() -> None:
    """Lists, orders, cancels and the button look at what is open alone."""
    time, venue = ToldTime(), PaperVenue()
    machine = Machine()
    machine.now = Nanos(10**17)
    for n in range(10_000):
        name = ClOrdId(f"ended {n}")
        machine.place(name)
        machine.hear(Word(standing=Standing.CANCELED, order_id=f"E{n}"), name)
    state = machine.engine.state
    state.orders = NotWalked(state.orders)
    desk = Ems(CONFIG, Ledger(machine.engine, MemoryJournalOf(), time), time, {FUTURES: venue})
    await desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS)
    await desk.orders.place(ANN, "KRAKENFTS", TWO, TERMS)

    listed = await desk.questions.open_orders(ANN, None)
    canceled = await desk.orders.cancel(ANN, "KRAKENFTS", order_id=listed[0].order_id)
    await desk.orders.cancel_all(ANN, "KRAKENFTS")
    few = await desk.questions.changes(ANN, state.now, state.now, 10)

    assert [it.cl_ord_id for it in listed] == [ONE, TWO]
    assert canceled.cl_ord_id == ONE
    assert (await desk.questions.order(ANN, "ended 7777")).order_id == "E7777"
    assert few is not None and len(few) < 10
    assert await desk.questions.open_orders(ANN, None) == []
    await desk.close()
