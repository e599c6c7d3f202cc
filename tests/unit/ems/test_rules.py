"""What each command does to an order, and what it must not do."""

from decimal import Decimal
from itertools import pairwise

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import (
    AskCancel,
    BeginCancelAll,
    EndCancelAll,
    PlaceOrder,
    RecordAbsence,
    RecordCancelFailed,
    RecordCancelRelayed,
    RecordForeign,
    RecordSilence,
    RecordUnsent,
    Resume,
    Standing,
    Word,
)
from openvenue.ems.events import (
    CancelAllBegun,
    CancelAllEnded,
    OrderFound,
    OrderReceived,
    RefusalReason,
    Refused,
)
from openvenue.ems.orders import ENDED, ClOrdId, RunId, Status
from openvenue.ems.proof import Ending
from openvenue.ems.transitions import FIRST, NEXT, path
from openvenue.engine.units import Nanos
from tests.unit.ems.scene import ANN, BOB, BOBS, FUTURES, ONE, TERMS, TWO, Machine, standing

OPEN, FILLED, CANCELED = Standing.OPEN, Standing.FILLED, Standing.CANCELED
RUN = RunId("CA-000001")


def statuses(machine: Machine) -> list[str]:
    """What order ONE went through."""
    return [status.value for status, _ in machine.order().history]


def test_an_order_is_routed_under_a_name_that_can_be_found_again() -> None:
    """The venue's client id is made from ours alone: a later process makes the same one."""
    machine, again = Machine(), Machine()

    received, _ = machine.place()
    again.place(TWO)
    again.place(ONE)

    assert isinstance(received, OrderReceived)
    assert statuses(machine) == ["RECEIVED", "ROUTING"]
    assert received.venue_cl_ord_id == again.order().venue_cl_ord_id
    assert received.venue_cl_ord_id == "2d78eadd-638b-51a3-a9e4-2d2a661fe47b"  # for ever


def test_a_name_is_good_once_for_each_owner() -> None:
    """An order is never sent twice, not even after its end; others may use the name."""
    machine = Machine()
    machine.place()
    machine.hear(standing(CANCELED))
    state = machine.engine.state
    before = state.fingerprint()

    again = PlaceOrder(account=FUTURES, cl_ord_id=ONE, terms=replace(TERMS, price=Decimal(1)))
    refused = machine.engine.apply(again, state.now)
    after = state.fingerprint()
    others = machine.do(PlaceOrder(account=BOBS, cl_ord_id=ONE, terms=TERMS))

    assert refused == [Refused(owner=ANN, cl_ord_id=ONE, reason=RefusalReason.DUPLICATE_CL_ORD_ID)]
    assert isinstance(others[0], OrderReceived)
    names = {machine.engine.state.orders[owner, ONE].venue_cl_ord_id for owner in (ANN, BOB)}
    assert len(names) == 2
    assert before == after


def test_an_order_that_its_venue_cannot_take_is_refused_here() -> None:
    """It never leaves, and says why."""
    machine = Machine()

    machine.do(PlaceOrder(account=FUTURES, cl_ord_id=ONE, terms=TERMS, unfit="no such thing"))

    assert statuses(machine) == ["RECEIVED", "REJECTED"]
    assert machine.order().message == "no such thing"


@pytest.mark.parametrize(
    ("word", "way"),
    [
        (standing(OPEN), ["ROUTED", "NEW"]),
        (standing(OPEN, "0.2"), ["ROUTED", "PARTIALLY_FILLED"]),
        (standing(FILLED, "0.5"), ["ROUTED", "FILLED"]),
        (standing(CANCELED), ["ROUTED", "CANCELED"]),
        (standing(CANCELED, "0.5"), ["ROUTED", "FILLED"]),
        (standing(Standing.REJECTED, message="no"), ["ROUTED", "REJECTED"]),
    ],
)
def test_the_first_answer_takes_an_order_from_the_way_to_its_place(
    word: Word, way: list[str]
) -> None:
    """What the venue has answered was handed over: ROUTED comes before all of them."""
    machine = Machine()
    machine.place()

    machine.hear(word)

    assert statuses(machine) == ["RECEIVED", "ROUTING", *way]
    assert machine.order().order_id == "X1"
    assert machine.order().message == word.message


def test_what_never_left_is_rejected_and_never_called_routed() -> None:
    """There is nothing to look for at the venue."""
    machine = Machine()
    machine.place()

    machine.do(RecordUnsent(owner=ANN, cl_ord_id=ONE, why="no connection"))
    late = machine.do(RecordUnsent(owner=ANN, cl_ord_id=ONE, why="no connection"))

    assert statuses(machine) == ["RECEIVED", "ROUTING", "REJECTED"]
    assert late == []


def test_silence_is_neither_yes_nor_no() -> None:
    """The order is unknown until the venue has spoken, and then it is as the venue says."""
    machine = Machine()
    machine.place()
    machine.do(RecordSilence(owner=ANN, cl_ord_id=ONE, why="no answer"))

    lost = machine.order()
    machine.hear(standing(OPEN))

    assert lost.is_unknown and lost.status is Status.ROUTED and lost.message == "no answer"
    assert not machine.order().is_unknown
    assert statuses(machine) == ["RECEIVED", "ROUTING", "ROUTED", "NEW"]


def test_an_order_that_the_venue_does_not_know_has_ended() -> None:
    """One that was never confirmed counts as refused, one that stood as canceled."""
    machine = Machine()
    machine.place(ONE)
    machine.place(TWO)
    machine.hear(standing(OPEN), TWO)

    for name in (ONE, TWO):
        machine.do(RecordAbsence(owner=ANN, cl_ord_id=name, asked=Nanos(machine.now + 1)))

    assert machine.order(ONE).status is Status.REJECTED
    assert machine.order(TWO).status is Status.CANCELED


def test_an_absence_that_is_older_than_what_is_known_says_nothing() -> None:
    """The venue was asked before the order came to stand there."""
    machine = Machine()
    machine.place()
    asked = machine.now
    machine.hear(standing(OPEN))

    late = machine.do(RecordAbsence(owner=ANN, cl_ord_id=ONE, asked=asked))

    assert late == []
    assert machine.order().status is Status.NEW


def test_fills_only_grow() -> None:
    """A list that is older than a fill does not take the fill back."""
    machine = Machine()
    machine.place()
    machine.hear(standing(OPEN, "0.3"))

    old = machine.hear(standing(OPEN, "0.1"))
    machine.hear(standing(CANCELED, "0.1"))

    assert old == []
    assert machine.order().filled == Decimal("0.3")
    assert machine.order().status is Status.CANCELED


def test_a_fill_that_is_heard_of_after_the_end_still_counts() -> None:
    """Money changed hands, whatever was said first."""
    machine = Machine()
    machine.place()
    machine.hear(standing(CANCELED))

    machine.hear(standing(CANCELED, "0.2"))

    assert machine.order().filled == Decimal("0.2")
    assert statuses(machine)[-2:] == ["ROUTED", "CANCELED"]


def test_the_same_news_twice_is_no_news() -> None:
    """The journal does not grow by asking."""
    machine = Machine()
    machine.place()
    machine.hear(standing(OPEN, "0.1"))

    assert machine.hear(standing(OPEN, "0.1")) == []


def test_an_ended_order_that_its_venue_lists_is_live_again() -> None:
    """Only a list that was asked for after the end can say so."""
    machine = Machine()
    machine.place()
    machine.hear(standing(CANCELED))
    ended = machine.order().history[-1][1]

    older = machine.hear(standing(OPEN), asked=ended)
    machine.hear(standing(OPEN))

    assert older == []
    assert machine.order().status is Status.NEW
    assert [it.cl_ord_id for it in machine.engine.state.live_orders(FUTURES)] == [ONE]


def test_a_relayed_cancel_is_pending_until_the_venue_has_done_it_or_not() -> None:
    """PENDING_CANCEL means that the venue has the cancel, not that somebody wishes it."""
    machine = Machine()
    machine.place()
    machine.do(AskCancel(owner=ANN, cl_ord_id=ONE))
    early = machine.do(RecordCancelRelayed(owner=ANN, cl_ord_id=ONE))
    machine.hear(standing(OPEN))

    machine.do(RecordCancelRelayed(owner=ANN, cl_ord_id=ONE))
    machine.hear(standing(OPEN))
    pending = machine.order().status
    machine.do(RecordCancelFailed(owner=ANN, cl_ord_id=ONE, why="too late"))

    assert early == []
    assert pending is Status.PENDING_CANCEL
    assert machine.order().status is Status.NEW
    assert not machine.order().cancel_wanted
    assert machine.order().message == "too late"


def test_wishing_an_order_gone_twice_or_too_late_changes_nothing() -> None:
    """Idempotent, and a wish for an unknown order is refused."""
    machine = Machine()
    machine.place()
    ask = AskCancel(owner=ANN, cl_ord_id=ONE)

    first, second = machine.do(ask), machine.do(ask)
    machine.hear(standing(FILLED, "0.5"))

    assert len(first) == 1
    assert second == machine.do(ask) == []
    assert not machine.order().cancel_wanted
    assert machine.do(AskCancel(owner=ANN, cl_ord_id=TWO)) == [
        Refused(owner=ANN, cl_ord_id=TWO, reason=RefusalReason.UNKNOWN_ORDER)
    ]


def test_a_closed_gate_stops_one_account_until_it_opens() -> None:
    """Nothing new goes to the account that is being emptied; everybody else trades on."""
    machine = Machine()
    machine.do(BeginCancelAll(account=FUTURES))

    machine.place()
    machine.do(PlaceOrder(account=BOBS, cl_ord_id=ONE, terms=TERMS))
    machine.do(EndCancelAll(run_id=RUN, ending=Ending.PROVEN, sights=()))
    machine.place(TWO)

    assert machine.order().status is Status.REJECTED
    assert RUN in machine.order().message
    assert machine.engine.state.orders[BOB, ONE].status is Status.ROUTING
    assert machine.order(TWO).status is Status.ROUTING


def test_a_cancel_all_marks_what_is_in_flight() -> None:
    """Orders that the venue has not confirmed have no name to be canceled by yet."""
    machine = Machine()
    machine.place(ONE)
    machine.place(TWO)
    machine.hear(standing(OPEN), TWO)

    (begun,) = machine.do(BeginCancelAll(account=FUTURES))

    assert begun == CancelAllBegun(run_id=RUN, account=FUTURES, in_flight=(ONE,), open=(TWO,))
    assert machine.order(ONE).cancel_wanted
    assert not machine.order(TWO).cancel_wanted


def test_a_start_loses_everything_that_was_open_and_ends_what_was_running() -> None:
    """What the venue did meanwhile is not known. A wish to cancel outlives the process."""
    machine = Machine()
    machine.place(ONE)
    machine.place(TWO)
    machine.hear(standing(FILLED, "0.5"), TWO)
    machine.do(BeginCancelAll(account=FUTURES))

    events = machine.do(Resume())

    assert machine.order(ONE).is_unknown and machine.order(ONE).cancel_wanted
    assert not machine.order(TWO).is_unknown
    assert machine.engine.state.gates == {}
    assert machine.engine.state.runs[RUN].ending is Ending.INTERRUPTED
    assert any(isinstance(event, CancelAllEnded) for event in events)


def test_an_order_of_somebody_else_is_found_once() -> None:
    """By the venue's id, since it has no other name that is surely unique."""
    machine = Machine()
    foreign = RecordForeign(
        account=FUTURES, venue_cl_ord_id="theirs", terms=TERMS, word=standing(OPEN, "0.1")
    )

    found, again = machine.do(foreign), machine.do(foreign)
    machine.hear(standing(CANCELED, "0.1"), ClOrdId("X1"))

    assert isinstance(found[0], OrderFound)
    assert again == []
    order = machine.order(ClOrdId("X1"))
    assert order.is_foreign
    assert [status for status, _ in order.history] == [Status.PARTIALLY_FILLED, Status.CANCELED]
    assert machine.engine.state.find(FUTURES, "theirs") == order


def test_every_status_can_be_reached_and_ends_are_final() -> None:
    """The table has no hole: each status follows another, or is a first one."""
    assert set(NEXT) == set(Status)
    assert {step for steps in NEXT.values() for step in steps} | set(FIRST) == set(Status)
    assert all(NEXT[end] == () for end in ENDED)
    for start in Status:
        for end in Status:
            way = path(start, end)
            if way:
                assert all(b in NEXT[a] for a, b in pairwise((start, *way)))


def test_folding_the_events_gives_the_same_world() -> None:
    """A restart decides nothing again."""
    machine, folded = Machine(), Machine()
    machine.place(ONE)
    machine.place(TWO, replace(TERMS, instructions=("MAKER_OR_CANCEL",)))
    machine.hear(standing(OPEN, "0.1"))
    machine.do(BeginCancelAll(account=FUTURES))
    machine.do(Resume())

    for events, now in machine.told:
        folded.engine.fold(events, now)

    assert folded.engine.state.fingerprint() == machine.engine.state.fingerprint()
