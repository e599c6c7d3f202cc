"""One of everything that the desk's journal can hold, each with no field left at its default.

`python -m tests.unit.ems.samples` prints how they are encoded now, for a new golden file. An old
golden file is never changed: journals that it speaks for are on people's disks.
"""

import json
from decimal import Decimal
from typing import Final

import msgspec

from openvenue.ems import commands, events, halt_commands, halt_events
from openvenue.ems.commands import Standing, Word
from openvenue.ems.halts import Act, HaltOrder, HeldPosition, Origin, Positions, Trigger
from openvenue.ems.orders import (
    Account,
    ClOrdId,
    ExchangeId,
    Fill,
    HaltId,
    RunId,
    Side,
    Status,
    Terms,
    TimeInForce,
    Waits,
)
from openvenue.ems.proof import Ending, Sight
from openvenue.ems.records import Entry
from openvenue.ems.scope import Names, Scope, TriggerState
from openvenue.engine.units import AccountId, Nanos

ANN: Final = AccountId("ann")
ONE: Final = ClOrdId("one")
RUN: Final = RunId("CA-000001")
NOON: Final = Nanos(1_700_000_000_000_000_000)
ACCOUNT: Final = Account(ANN, ExchangeId("KRAKENFTS/2"))
FILL: Final = Fill(NOON, Decimal("40000.5"), Decimal("0.1"), "E1")
SIGHT: Final = Sight(NOON, ("X1", "X2"), "feed", 3)
HALT: Final = HaltId("HALT-000001")
SCOPE: Final = Scope(
    owners=(ANN,),
    exchange_ids=(ExchangeId("KRAKENFTS"),),
    symbols=("PF_XBTUSD",),
    side=Side.SELL,
    tags=("carry",),
    keeps_reduce_only=True,
    mine_only=True,
    trigger_state=TriggerState.RESTING,
)
NAMES: Final = Names(symbols=("PF_XBTUSD",), strange=("account bobb",))
TRIGGER: Final = Trigger(origin=Origin.CLIENT, by="Ann", reason="why", owner=ANN)
ACT: Final = Act(kind="cancel", asked=NOON, answered=NOON, answer="done", cl_ord_id=ONE, count=3)
POSITIONS: Final = Positions(
    time=NOON,
    held=(
        HeldPosition(
            symbol="PF_XBTUSD",
            common_symbol="KRAKENFTS_PERP_BTC_USD",
            side=Side.SELL,
            quantity=Decimal("0.5"),
        ),
    ),
)
TERMS: Final = Terms(
    symbol="PF_XBTUSD",
    common_symbol="KRAKENFTS_PERP_BTC_USD",
    side=Side.SELL,
    quantity=Decimal("0.50"),
    price=Decimal("40000"),
    time_in_force=TimeInForce.GTD_DESK,
    expires="2026-01-01T00:00:00Z",
    instructions=("MAKER_OR_CANCEL",),
    reduce_only=True,
)
WORD: Final = Word(
    standing=Standing.CANCELED,
    order_id="X1",
    filled=Decimal("0.1"),
    average=Decimal("40000.5"),
    fills=(FILL,),
    message="why",
    leaves=Decimal("0.4"),
    waits=Waits.UNTOLD,
)
MET: Final = HaltOrder(
    account=ACCOUNT,
    cl_ord_id=ONE,
    status=Status.PARTIALLY_FILLED,
    filled=Decimal("0.1"),
    has_appeared=True,
)
COMMANDS: Final[list[commands.Command]] = [
    commands.PlaceOrder(
        account=ACCOUNT,
        cl_ord_id=ONE,
        terms=TERMS,
        unfit="why",
        tag="carry",
        flattens=HALT,
        ends_with_session=True,
    ),
    commands.RecordUnsent(owner=ANN, cl_ord_id=ONE, why="why"),
    commands.RecordSilence(owner=ANN, cl_ord_id=ONE, why="why"),
    commands.RecordWord(owner=ANN, cl_ord_id=ONE, word=WORD, asked=NOON),
    commands.RecordAbsence(owner=ANN, cl_ord_id=ONE, asked=NOON),
    commands.RecordForeign(account=ACCOUNT, venue_cl_ord_id="theirs", terms=TERMS, word=WORD),
    commands.RecordHeard(account=ACCOUNT, venue_cl_ord_id="theirs", word=WORD, terms=TERMS),
    commands.AskCancel(owner=ANN, cl_ord_id=ONE),
    commands.RecordCancelRelayed(owner=ANN, cl_ord_id=ONE),
    commands.RecordCancelFailed(owner=ANN, cl_ord_id=ONE, why="why"),
    commands.BeginCancelAll(account=ACCOUNT),
    commands.EndCancelAll(
        run_id=RUN, ending=Ending.UNPROVEN, sights=(SIGHT,), why="why", acts=(ACT,)
    ),
    commands.Resume(),
    halt_commands.PullSwitch(
        scope=SCOPE,
        accounts=(ACCOUNT,),
        trigger=TRIGGER,
        flatten=True,
        deadline_seconds=2.5,
        halt_id=HALT,
        names=NAMES,
        has_named_deadline=False,
    ),
    halt_commands.BeginRound(halt_id=HALT, account=ACCOUNT),
    halt_commands.RecordLook(halt_id=HALT, account=ACCOUNT, sight=SIGHT, listed=(ONE,)),
    halt_commands.RecordActs(halt_id=HALT, account=ACCOUNT, acts=(ACT,)),
    halt_commands.RecordPositions(
        halt_id=HALT, account=ACCOUNT, positions=POSITIONS, is_after=True
    ),
    halt_commands.EndRound(
        halt_id=HALT,
        account=ACCOUNT,
        ending=Ending.LEFT,
        why="why",
        unlistable=("twap",),
        kept=(ONE,),
        unknown_symbols=("PF_XBTUSD",),
        first_request=Nanos(7),
    ),
    halt_commands.ReleaseHalt(halt_id=HALT, by="Bob", reason="why", even_unproven=True),
]
EVENTS: Final[list[events.Event]] = [
    events.OrderReceived(
        account=ACCOUNT,
        cl_ord_id=ONE,
        terms=TERMS,
        venue_cl_ord_id="uuid",
        tag="carry",
        flattens=HALT,
        ends_with_session=True,
    ),
    events.Refused(owner=ANN, cl_ord_id=ONE, reason=events.RefusalReason.UNKNOWN_ORDER),
    events.OrderMoved(owner=ANN, cl_ord_id=ONE, status=Status.ROUTING, message="why"),
    events.OrderReported(
        owner=ANN,
        cl_ord_id=ONE,
        path=(Status.ROUTED, Status.NEW),
        order_id="X1",
        filled=Decimal("0.1"),
        average=Decimal("40000.5"),
        fills=(FILL,),
        message="why",
        waits=Waits.YES,
    ),
    events.OrderLost(owner=ANN, cl_ord_id=ONE, why="why"),
    events.OrderFound(
        account=ACCOUNT,
        cl_ord_id=ONE,
        terms=TERMS,
        venue_cl_ord_id="theirs",
        order_id="X1",
        status=Status.NEW,
        filled=Decimal("0.1"),
        waits=Waits.YES,
    ),
    events.CancelAsked(owner=ANN, cl_ord_id=ONE),
    events.CancelGivenUp(owner=ANN, cl_ord_id=ONE, status=Status.NEW, message="why"),
    events.CancelAllBegun(run_id=RUN, account=ACCOUNT, in_flight=(ONE,), open=(ONE,)),
    events.CancelAllEnded(
        run_id=RUN,
        account=ACCOUNT,
        ending=Ending.PROVEN,
        sights=(SIGHT,),
        why="why",
        acts=(ACT,),
    ),
    events.Resumed(unknown=2),
    halt_events.Halted(
        halt_id=HALT,
        scope=SCOPE,
        accounts=(ACCOUNT,),
        trigger=TRIGGER,
        flatten=True,
        deadline_seconds=2.5,
        orders=(MET,),
        names=NAMES,
    ),
    halt_events.HaltRepeated(
        halt_id=HALT,
        trigger=TRIGGER,
        flatten=True,
        deadline_seconds=2.5,
        has_named_deadline=True,
        strange=("account bobb",),
    ),
    halt_events.RoundBegun(halt_id=HALT, account=ACCOUNT, orders=(MET,)),
    halt_events.Looked(halt_id=HALT, account=ACCOUNT, sight=SIGHT, orders=(MET,), reappeared=1),
    halt_events.Acted(halt_id=HALT, account=ACCOUNT, acts=(ACT,)),
    halt_events.PositionsSeen(halt_id=HALT, account=ACCOUNT, positions=POSITIONS, is_after=True),
    halt_events.RoundEnded(
        halt_id=HALT,
        account=ACCOUNT,
        ending=Ending.LEFT,
        why="why",
        unlistable=("twap",),
        kept=(ONE,),
        unknown_symbols=("PF_XBTUSD",),
        first_request=Nanos(7),
    ),
    halt_events.HaltReleased(halt_id=HALT, by="Bob", reason="why", was_unproven=True),
    halt_events.ReleaseRefused(halt_id=HALT, by="Bob", reason=halt_events.HaltRefusal.RUNNING),
    halt_events.OrdersMet(halt_id=HALT, account=ACCOUNT, orders=(MET,)),
]
ENTRY: Final = Entry(7, NOON, "client", COMMANDS[0], (EVENTS[0],))


def encoded() -> dict[str, str]:
    """Each sample as the journal holds it, in hexadecimal."""
    return {
        type(sample).__name__: msgspec.msgpack.encode(sample).hex()
        for sample in [*COMMANDS, *EVENTS, ENTRY]
    }


if __name__ == "__main__":
    print(json.dumps(encoded(), indent=1))
