"""One of everything that the desk's journal can hold, each with no field left at its default.

`python -m tests.unit.ems.samples` prints how they are encoded now, for a new golden file. An old
golden file is never changed: journals that it speaks for are on people's disks.
"""

import json
from decimal import Decimal
from typing import Final

import msgspec

from openvenue.ems import commands, events
from openvenue.ems.commands import Ending, Sight, Standing, Word
from openvenue.ems.orders import (
    Account,
    ClOrdId,
    ExchangeId,
    Fill,
    RunId,
    Side,
    Status,
    Terms,
    TimeInForce,
)
from openvenue.ems.records import Entry
from openvenue.engine.units import AccountId, Nanos

ANN: Final = AccountId("ann")
ONE: Final = ClOrdId("one")
RUN: Final = RunId("CA-000001")
NOON: Final = Nanos(1_700_000_000_000_000_000)
ACCOUNT: Final = Account(ANN, ExchangeId("KRAKENFTS/2"))
FILL: Final = Fill(NOON, Decimal("40000.5"), Decimal("0.1"), "E1")
SIGHT: Final = Sight(NOON, ("X1", "X2"))
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
)
COMMANDS: Final[list[commands.Command]] = [
    commands.PlaceOrder(account=ACCOUNT, cl_ord_id=ONE, terms=TERMS, unfit="why"),
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
    commands.EndCancelAll(run_id=RUN, ending=Ending.UNPROVEN, sights=(SIGHT,), why="why"),
    commands.Resume(),
]
EVENTS: Final[list[events.Event]] = [
    events.OrderReceived(account=ACCOUNT, cl_ord_id=ONE, terms=TERMS, venue_cl_ord_id="uuid"),
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
    ),
    events.CancelAsked(owner=ANN, cl_ord_id=ONE),
    events.CancelGivenUp(owner=ANN, cl_ord_id=ONE, status=Status.NEW, message="why"),
    events.CancelAllBegun(run_id=RUN, account=ACCOUNT, in_flight=(ONE,), open=(ONE,)),
    events.CancelAllEnded(
        run_id=RUN, account=ACCOUNT, ending=Ending.PROVEN, sights=(SIGHT,), why="why"
    ),
    events.Resumed(unknown=2),
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
