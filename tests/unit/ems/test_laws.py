"""What holds whatever is asked and answered, in any order."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from openvenue.ems.commands import (
    AskCancel,
    BeginCancelAll,
    Command,
    EndCancelAll,
    PlaceOrder,
    RecordAbsence,
    RecordCancelFailed,
    RecordCancelRelayed,
    RecordForeign,
    RecordHeard,
    RecordSilence,
    RecordUnsent,
    RecordWord,
    Resume,
    Standing,
    Word,
)
from openvenue.ems.events import OrderReceived
from openvenue.ems.orders import ENDED, ClOrdId, Fill, Status, venue_name
from openvenue.ems.proof import Ending
from openvenue.ems.transitions import FIRST, NEXT
from openvenue.engine.units import Nanos
from tests.unit.ems.scene import ANN, FUTURES, TERMS, Machine

NAMES = st.sampled_from([ClOrdId(name) for name in ("a", "b", "c")])
TENTHS = st.sampled_from([Decimal(n) / 10 for n in range(6)])
FILLS = st.builds(
    Fill,
    time=st.just(Nanos(7)),
    price=st.just(Decimal(40_000)),
    quantity=st.sampled_from([Decimal("0.1"), Decimal("0.2")]),
    exec_id=st.sampled_from(["", "E1", "E2", "E3"]),
)
WORDS = st.builds(
    Word,
    standing=st.sampled_from(Standing),
    order_id=st.sampled_from(["", "X1", "X2"]),
    filled=TENTHS,
    fills=st.lists(FILLS, max_size=2).map(tuple),
    leaves=st.none() | TENTHS,
)
ABOUT = [
    st.builds(RecordUnsent, owner=st.just(ANN), cl_ord_id=NAMES, why=st.just("why")),
    st.builds(RecordSilence, owner=st.just(ANN), cl_ord_id=NAMES, why=st.just("why")),
    st.builds(
        RecordWord,
        owner=st.just(ANN),
        cl_ord_id=NAMES,
        word=WORDS,
        asked=st.integers(1_000, 1_400).map(Nanos),
    ),
    st.builds(
        RecordAbsence,
        owner=st.just(ANN),
        cl_ord_id=NAMES,
        asked=st.integers(1_000, 1_400).map(Nanos),
    ),
    st.builds(RecordCancelRelayed, owner=st.just(ANN), cl_ord_id=NAMES),
    st.builds(RecordCancelFailed, owner=st.just(ANN), cl_ord_id=NAMES, why=st.just("why")),
]
OTHERS = [
    st.builds(PlaceOrder, account=st.just(FUTURES), cl_ord_id=NAMES, terms=st.just(TERMS)),
    st.builds(AskCancel, owner=st.just(ANN), cl_ord_id=NAMES),
    st.builds(
        RecordForeign,
        account=st.just(FUTURES),
        venue_cl_ord_id=st.just(""),
        terms=st.just(TERMS),
        word=st.builds(
            Word, standing=st.just(Standing.OPEN), order_id=st.sampled_from(["F1", "F2"])
        ),
    ),
    st.builds(
        RecordHeard,
        account=st.just(FUTURES),
        venue_cl_ord_id=NAMES.map(lambda name: venue_name(FUTURES, name)) | st.just(""),
        word=WORDS,
        terms=st.none() | st.just(TERMS),
    ),
    st.builds(BeginCancelAll, account=st.just(FUTURES)),
    st.just(None),  # the end of a cancel-all, if one is running
    st.builds(Resume),
]
SCRIPTS = st.lists(st.one_of(*ABOUT, *ABOUT, *OTHERS, OTHERS[0]), max_size=40)


def possible(machine: Machine, step: Command | None) -> Command | None:
    """What a runner could really say now: it speaks of orders that exist, and runs that run."""
    state = machine.engine.state
    if step is None:
        run_id = state.gates.get(FUTURES)
        return run_id and EndCancelAll(run_id=run_id, ending=Ending.UNPROVEN, sights=())  # type: ignore[return-value]
    if isinstance(step, BeginCancelAll):
        return None if FUTURES in state.gates else step
    is_about = isinstance(
        step,
        RecordUnsent
        | RecordSilence
        | RecordWord
        | RecordAbsence
        | RecordCancelRelayed
        | RecordCancelFailed,
    )
    if is_about and (ANN, step.cl_ord_id) not in state.orders:  # type: ignore[union-attr]
        return None
    return step


@given(SCRIPTS)
def test_every_order_walks_the_edges_of_its_life(script: list[Command | None]) -> None:
    """Status, fills and names are consistent at every moment, and the past can be folded again."""
    machine, folded = Machine(), Machine()
    for step in script:
        command = possible(machine, step)
        if command is None:
            continue
        before = dict(machine.engine.state.orders)
        events = machine.do(command)
        folded.engine.fold(events, machine.now)
        state = machine.engine.state

        received = [it for it in events if isinstance(it, OrderReceived)]
        if received and FUTURES in state.gates:
            order = state.orders[ANN, received[0].cl_ord_id]
            assert order.status is Status.REJECTED, "nothing passes a closed gate"
        for key, order in state.orders.items():
            path = [status for status, _ in order.history]
            assert path[0] in FIRST
            for one, other in pairwise(path):
                is_live_again = one in ENDED and other in FIRST[1:]
                assert other in NEXT[one] or is_live_again, (one, other)
            assert order.status is path[-1]
            was = before.get(key)
            assert was is None or (was.filled <= order.filled and was.terms == order.terms)
            is_live = order.cl_ord_id in state.live.get(FUTURES, {})
            assert is_live == (not order.has_ended)
            assert not (order.has_ended and order.is_unknown)
            assert order.filled <= order.terms.quantity
            named = [it.exec_id for it in order.fills if it.exec_id]
            assert len(named) == len(dict.fromkeys(named)), "a fill counts once"
    assert folded.engine.state.fingerprint() == machine.engine.state.fingerprint()
