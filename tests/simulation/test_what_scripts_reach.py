"""What the scripts reach. A law about trades proves nothing if few scripts trade."""

from collections import Counter

from openvenue.engine.events import (
    AmendRejected,
    CancelRejected,
    DeadMansSwitchFired,
    FundingPaid,
    LegArmed,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRefilled,
    OrderRejected,
    OrdersCanceled,
    OrderStarted,
    OrderTrimmed,
    Refused,
    Traded,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.instruments import Kind
from openvenue.engine.reasons import CancelReason, RejectReason
from tests.simulation import market
from tests.simulation.recording import FEW, Recording, Step

ENOUGH = {  # at least this share of all commands
    "traded": 0.25,
    "triggered": 0.06,
    "canceled": 0.15,
    "traded, triggered, canceled or amended": 0.45,
    "traded with several makers": 0.025,
    "activated a trigger's order": 0.04,
    "trimmed or ended a reduce-only order": 0.003,
    "dead man's switch fired": 0.005,
    "paid funding": 0.005,
    "amended": 0.05,
    "amended and kept its place": 0.01,
    "amended and went to the back": 0.02,
    "amended and traded": 0.003,
    "amended while it waited": 0.01,
    "ended an order by its time": 0.003,
    "started an order by its time": 0.002,
    "put an own order out of the way": 0.002,
    "moved a trailing stop": 0.005,
    "armed a leg": 0.003,
    "replaced an order": 0.003,
    "ended what guarded a position": 0.001,
    "fired a trailing stop": 0.003,
    "made a relative limit a price": 0.002,
    "showed an iceberg's next slice": 0.003,
    "brought an order by a fill": 0.003,
}
MOST_REFUSED = 0.3


def reaches(step: Step) -> set[str]:
    """What one command brought about, in the words of the table above."""
    found: set[str] = set()
    trades = sum(isinstance(event, Traded) for event in step.events)
    for event in step.events:
        match event:
            case Traded():
                found.add("traded")
            case TriggerFired():
                found.add("triggered")
            case OrderRefilled():
                found.add("showed an iceberg's next slice")
            case OrderAccepted() if event.order.extras is not None and event.order.extras.closes:
                found.add("brought an order by a fill")
            case OrderStarted():
                found.add("started an order by its time")
            case LegArmed():
                found.add("armed a leg")
            case TriggersMoved():
                found.add("moved a trailing stop")
            case OrderActivated():
                found.add("activated a trigger's order")
                trigger = event.order.trigger
                if trigger is not None and trigger.trail is not None:
                    found.add("fired a trailing stop")
                if trigger is not None and trigger.offset is not None:
                    found.add("made a relative limit a price")
            case OrderTrimmed():
                found.add("trimmed or ended a reduce-only order")
            case OrderCanceled():
                found.add("canceled")
                if event.reason is CancelReason.REPLACED:
                    found.add("replaced an order")
                if event.reason is CancelReason.POSITION_CLOSED:
                    found.add("ended what guarded a position")
                if event.reason is CancelReason.LAPSED:
                    found.add("ended an order by its time")
                if event.reason is CancelReason.EVICTED:
                    found.add("put an own order out of the way")
                if event.reason.name == "WOULD_NOT_REDUCE":
                    found.add("trimmed or ended a reduce-only order")
            case OrdersCanceled() if event.order_ids:
                found.add("canceled")
            case DeadMansSwitchFired():
                found.add("dead man's switch fired")
            case FundingPaid():
                found.add("paid funding")
            case OrderAmended():
                found.add("amended")
                if event.order.order_id in step.before.orders:
                    found.add(how_amended(event, step))
            case _:
                pass
    if trades > 1:
        found.add("traded with several makers")
    if found & {"traded", "triggered", "canceled", "amended"}:
        found.add("traded, triggered, canceled or amended")
    if step.events and all(
        isinstance(event, OrderRejected | CancelRejected | AmendRejected | Refused)
        for event in step.events
    ):
        found.add("refused")
    return found


def how_amended(event: OrderAmended, step: Step) -> str:
    """What a change did to an order that lived before this command."""
    if step.before.orders[event.order.order_id].is_waiting:
        return "amended while it waited"
    if event.keeps_place:
        return "amended and kept its place"
    return "amended and went to the back" if event.rests else "amended and traded"


def test_scripts_mostly_trade_trigger_and_cancel(
    recordings: list[Recording], reached: list[str]
) -> None:
    """The shares are shown at the end of the run, and none may fall to where laws say little."""
    counts: Counter[str] = Counter()
    total = 0
    for recording in recordings:
        for step in recording.steps:
            total += 1
            counts.update(reaches(step))
    reached.append(f"{len(recordings)} scripts from seed {recordings[0].seed}, {total} commands")
    for what in (*ENOUGH, "refused"):
        reached.append(f"{what:<40} {counts[what] / total:6.1%}")

    if len(recordings) < FEW:
        return  # a single script, played again, need not reach everything
    for what, share in ENOUGH.items():
        assert counts[what] >= share * total, what
    assert counts["refused"] <= MOST_REFUSED * total


def test_every_kind_of_contract_trades(recordings: list[Recording], reached: list[str]) -> None:
    """Linear, inverse, dated and spot: each law is about all of them."""
    traded: Counter[str] = Counter()
    for recording in recordings:
        for step in recording.steps:
            traded.update(event.symbol for event in step.events if isinstance(event, Traded))
    reached.append("trades by market: " + ", ".join(f"{k} {v}" for k, v in traded.items()))

    if len(recordings) < FEW:
        return
    for symbol in market.BY_SYMBOL:
        assert traded[symbol] > 50, symbol
    assert {each.kind for each in market.INSTRUMENTS} == set(Kind)


def test_refusals_of_many_kinds_are_met(recordings: list[Recording], reached: list[str]) -> None:
    """Rules about refusals are tried by scripts that run into them."""
    met: Counter[RejectReason] = Counter()
    amends: Counter[RejectReason] = Counter()
    for recording in recordings:
        for step in recording.steps:
            met.update(e.reason for e in step.events if isinstance(e, OrderRejected))
            amends.update(e.reason for e in step.events if isinstance(e, AmendRejected))
    for what, reasons in (("refusals", met), ("refused changes", amends)):
        found = ", ".join(f"{reason.name} {times}" for reason, times in reasons.most_common())
        reached.append(f"{what}: {found}")

    if len(recordings) < FEW:
        return
    for reason in (
        RejectReason.INSUFFICIENT_MARGIN,
        RejectReason.INSUFFICIENT_FUNDS,
        RejectReason.SELF_TRADE,
        RejectReason.WOULD_TAKE,
        RejectReason.WOULD_NOT_FILL,
        RejectReason.WOULD_NOT_REDUCE,
        RejectReason.CL_ORD_ID_IN_USE,
        RejectReason.INVALID_QUANTITY,
        RejectReason.PAST_DEADLINE,
    ):
        assert met[reason] > 0, reason
    assert amends[RejectReason.INSUFFICIENT_MARGIN] + amends[RejectReason.INSUFFICIENT_FUNDS] > 0
    for reason in (
        RejectReason.SELF_TRADE,
        RejectReason.WOULD_TAKE,
        RejectReason.NOT_A_TRIGGER,
        RejectReason.UNKNOWN_ORDER,
        RejectReason.INVALID_QUANTITY,
    ):
        assert amends[reason] > 0, reason
