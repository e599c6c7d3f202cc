"""Faults about what is not there: refused, and what is there is named."""

import pytest

from openvenue.faults.fault import Fault, Kind
from openvenue.faults.plan import FaultPlan
from openvenue.faults.served import Served, UnknownName

SERVED = Served(
    paths={
        "kraken_futures": (
            "/derivatives/api/v3/sendorder",
            "/derivatives/api/v3/tickers/{symbol}",
            "/api/charts/v1/{tick_type}/{symbol}/{resolution}",
            "/ws/v1",
        ),
        "coinapi_ems": ("/v1/orders", "/"),
    },
    accounts=("primary", "secondary"),
)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=Kind.HANG),
        Fault(kind=Kind.HANG, api="coinapi_ems", account="primary"),
        Fault(kind=Kind.HANG, path="/ws/v1"),
        Fault(kind=Kind.HANG, path=".*sendorder"),
        Fault(kind=Kind.HANG, path="/derivatives/api/v3/(send|edit)order"),
        Fault(kind=Kind.HANG, path="/derivatives/api/v3/tickers/PF_XBTUSD"),
        Fault(kind=Kind.HANG, path=".*/tickers/P[FI]_.*"),
        Fault(kind=Kind.HANG, path="/api/charts/v1/trade/PF_XBTUSD/1m"),
        Fault(kind=Kind.HANG, path="/api/charts/v1/(trade|mark)/PF_XBTUSD/.*"),
        Fault(kind=Kind.HANG, api="coinapi_ems", path="/v1/.*"),
        Fault(kind=Kind.GHOST, delay_seconds=1, method="CancelOrders"),
        Fault(kind=Kind.LATE_ACK, delay_seconds=1, method="AmendOrder"),
    ],
)
def test_what_can_strike_something_is_planned(fault: Fault) -> None:
    """However its path is written."""
    plan = FaultPlan()
    plan.know(SERVED)

    assert plan.add([fault]) == [1]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(kind=Kind.HANG, api="pacifica"), "is not served here: there is kraken_futures, coi"),
        (
            Fault(kind=Kind.HANG, account="primry"),
            "no account is called 'primry': there is primary, secondary",
        ),
        (
            Fault(kind=Kind.HANG, path="/derivatives/api/v3/sendorders"),
            "no path of any API here matches '/derivatives/api/v3/sendorders': "
            "there is /derivatives/api/v3/sendorder, ",
        ),
        (
            Fault(kind=Kind.HANG, api="coinapi_ems", path=".*/sendorder"),
            "no path of coinapi_ems matches",
        ),
        (Fault(kind=Kind.HANG, path="tickers/.*"), "no path of any API"),
        (
            Fault(kind=Kind.REAPPEAR, method="CancelOrdrs"),
            "reappear strikes CancelOrder, CancelOrders, not 'CancelOrdrs'",
        ),
        (Fault(kind=Kind.IGNORE_CANCEL, method="PlaceOrder"), "ignore_cancel strikes CancelOrder"),
    ],
)
def test_what_would_never_strike_is_refused(fault: Fault, why: str) -> None:
    """With the names that there are; nothing of the same request is planned."""
    plan = FaultPlan()
    plan.know(SERVED)

    with pytest.raises(UnknownName) as said:
        plan.add([Fault(kind=Kind.HANG), fault])

    assert why in str(said.value)
    assert plan.planned() == []


def test_a_plan_of_a_file_is_held_against_what_is_served() -> None:
    """It was read before anything was."""
    plan = FaultPlan([Fault(kind=Kind.HANG, account="nobody")])

    with pytest.raises(UnknownName):
        plan.know(SERVED)
