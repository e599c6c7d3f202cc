"""Plans of what goes wrong: whom they strike, how often, when, and that chance can be repeated."""

import pytest

from openvenue.faults.fault import (
    AFTER,
    AT_PORT,
    AT_VENUE,
    BEFORE,
    CHECKED,
    IN_ORDER,
    OF_KEYS,
    Fault,
    FaultError,
    Kind,
)
from openvenue.faults.plan import FaultPlan, Stage

SECOND = 1_000_000_000
LOSE = Fault(kind=Kind.LOSE_REPLY, path="/x")


class Time:
    """A clock that a test moves."""

    now = 0

    def __call__(self) -> int:
        return self.now


def meets(
    plan: FaultPlan,
    kinds: tuple[Kind, ...] = AFTER,
    api: str = "pacifica",
    account: str = "ann",
    path: str = "/x",
    name: str = "POST",
) -> int | None:
    """The number of the fault that such a request meets."""
    strike = plan.take(kinds, api, account, path, (name,))
    return None if strike is None else strike.number


def test_every_kind_happens_in_one_place() -> None:
    """A kind without one would be planned, and never met."""
    places = (*BEFORE, *OF_KEYS, *AFTER, *IN_ORDER, *CHECKED, *AT_PORT, *AT_VENUE)
    assert sorted(places) == sorted(Kind)


def test_a_port_closes_by_the_machines_clock() -> None:
    """A virtual one stands still while nobody can move it."""
    seconds = [0]
    plan = FaultPlan(machine=lambda: seconds[0] * SECOND)
    changes: list[None] = []
    plan.changed = lambda: changes.append(None)
    plan.add([Fault(kind=Kind.CLOSED_PORT, from_seconds=5, for_seconds=10)])

    assert len(changes) == 1
    assert (plan.seconds_to_close_port(), plan.close_port()) == (5, None)
    seconds[0] = 7
    assert (plan.close_port(), plan.close_port()) == (8, None)
    assert plan.seconds_to_close_port() is None
    assert [(row.stage, row.struck) for row in plan.planned()] == [("over", 1)]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(kind=Kind.CLOSED_PORT), "closed_port needs for_seconds"),
        (Fault(kind=Kind.CLOSED_PORT, for_seconds=1, api="pacifica"), "one port serves all APIs"),
        (Fault(kind=Kind.CLOSED_PORT, for_seconds=1, count=0), "happens once"),
        (Fault(kind=Kind.BAD_CHECKSUM, api="pacifica"), "no message of pacifica has a checksum"),
    ],
)
def test_what_a_kind_cannot_do_is_refused(fault: Fault, why: str) -> None:
    """With the reason."""
    with pytest.raises(FaultError, match=why):
        FaultPlan([fault])


def test_an_empty_plan_is_not_armed() -> None:
    """Which is all that a request asks."""
    plan = FaultPlan()

    assert not plan.is_armed
    assert meets(plan) is None


@pytest.mark.parametrize(
    "other",
    [
        Fault(kind=Kind.LOSE_REPLY, api="kraken_spot"),
        Fault(kind=Kind.LOSE_REPLY, account="bob"),
        Fault(kind=Kind.LOSE_REPLY, path="/other"),
        Fault(kind=Kind.LOSE_REPLY, path="x"),  # the whole path must match
        Fault(kind=Kind.LOSE_REPLY, method="GET"),
    ],
)
def test_a_fault_strikes_only_what_all_its_selectors_match(other: Fault) -> None:
    """Everybody else is served as ever, and the fault waits for its own."""
    plan = FaultPlan([other])

    assert meets(plan) is None
    (planned,) = plan.planned()
    assert (planned.struck, planned.left, planned.stage) == (0, 1, Stage.ARMED)


def test_the_first_fault_that_matches_is_met_until_it_is_over() -> None:
    """Then the next one; and with the last the plan disarms itself."""
    plan = FaultPlan([Fault(kind=Kind.LOSE_REPLY, count=2), Fault(kind=Kind.CUT_REPLY)])

    assert [meets(plan) for _ in range(4)] == [1, 1, 2, None]
    assert not plan.is_armed
    assert [(row.stage, row.struck, row.left) for row in plan.planned()] == [
        (Stage.OVER, 2, 0),
        (Stage.OVER, 1, 0),
    ]
    assert plan.struck == {("pacifica", "lose_reply"): 2, ("pacifica", "cut_reply"): 1}


def test_a_plan_says_whether_it_has_faults_of_some_kinds() -> None:
    """Those that are over do not count, those that wait do."""
    time = Time()
    plan = FaultPlan([LOSE, Fault(kind=Kind.GHOST, delay_seconds=1, from_seconds=5)], clock=time)

    assert plan.has(AFTER) and plan.has(AT_VENUE) and not plan.has(BEFORE)
    assert meets(plan) == 1
    assert not plan.has(AFTER)
    plan.clear()
    assert not plan.has(AT_VENUE)


def test_a_count_of_zero_is_as_often_as_it_matches() -> None:
    """Until somebody removes it."""
    plan = FaultPlan([Fault(kind=Kind.LOSE_REPLY, count=0)])

    assert [meets(plan) for _ in range(50)] == [1] * 50
    assert plan.planned()[0].left is None
    assert plan.remove(1)
    assert not plan.is_armed
    assert not plan.remove(1)


def test_a_request_meets_only_what_happens_where_it_is() -> None:
    """A reply cannot be lost before it was made."""
    plan = FaultPlan([LOSE])

    assert meets(plan, BEFORE) is None
    assert meets(plan, AT_VENUE) is None
    assert meets(plan, AFTER) == 1


def test_chance_is_repeated_by_its_seed_and_is_each_faults_own() -> None:
    """A rehearsal that went wrong can be played again, whatever else is planned beside it."""

    def struck(*more: Fault, seed: int) -> list[bool]:
        half = Fault(kind=Kind.LOSE_REPLY, count=0, probability=0.5, seed=seed)
        plan = FaultPlan([half, *more])
        return [meets(plan) == 1 for _ in range(64)]

    once = struck(seed=7)

    assert 16 < sum(once) < 48
    assert struck(seed=7) == once
    assert struck(Fault(kind=Kind.CUT_REPLY, count=0, probability=0.3), seed=7) == once
    assert struck(seed=8) != once


def test_a_range_of_delays_is_repeated_by_its_seed() -> None:
    """Latency that varies, and does not vary from run to run."""

    def delays() -> list[float]:
        slow = Fault(kind=Kind.DELAY, count=0, delay_seconds=0.1, delay_max_seconds=0.2, seed=3)
        plan = FaultPlan([slow])
        strikes = [plan.take(BEFORE, "pacifica", "", "/", ()) for _ in range(10)]
        return [strike.delay_seconds for strike in strikes if strike is not None]

    assert len(set(delays())) == 10
    assert delays() == delays()
    assert all(0.1 <= delay <= 0.2 for delay in delays())


def test_a_window_opens_and_closes_with_market_time() -> None:
    """So that moving a virtual clock moves through the rehearsal."""
    time = Time()
    plan = FaultPlan(
        [Fault(kind=Kind.LOSE_REPLY, count=0, from_seconds=10, for_seconds=5)], clock=time
    )
    seen = []
    for time.now in (0, 10 * SECOND - 1, 10 * SECOND, 15 * SECOND - 1, 15 * SECOND):
        seen.append((meets(plan), plan.planned()[0].stage, plan.is_armed))

    assert seen == [
        (None, Stage.WAITING, True),
        (None, Stage.WAITING, True),
        (1, Stage.ARMED, True),
        (1, Stage.ARMED, True),
        (None, Stage.OVER, False),
    ]


WRONG = [
    ({"path": "("}, "not a regular expression"),
    ({"api": "binance"}, "api must be one of kraken_futures, kraken_spot, pacifica, coinapi_ems"),
    ({"count": -1}, "count must be"),
    ({"probability": 0.0}, "probability must be"),
    ({"probability": float("nan")}, "probability must be"),
    ({"from_seconds": -1.0}, "from_seconds must be"),
    ({"for_seconds": float("inf")}, "for_seconds must be"),
    ({"delay_seconds": 3_601.0}, "delay_seconds must be"),
    ({"delay_seconds": 2.0, "delay_max_seconds": 1.0}, "delay_max_seconds is below"),
    ({"kind": Kind.DELAY}, "delay needs delay_seconds"),
    ({"status": 418}, "status must be one of 429, 500, 502, 503, 504"),
    ({"status": 99, "body": "x"}, "status must be from 200 to 599"),
    ({"content_type": "a\r\nb"}, "content_type must be"),
    ({"close_code": 1005}, "close_code must be"),
    ({"kind": Kind.GHOST, "delay_seconds": 1.0, "path": "/x"}, "behind the door"),
    ({"kind": Kind.PARTIAL, "api": "coinapi_ems"}, "no exchange of its own"),
]


@pytest.mark.parametrize(("wrong", "why"), WRONG, ids=[why for _, why in WRONG])
def test_a_fault_that_makes_no_sense_is_refused_with_the_whole_plan(
    wrong: dict[str, object], why: str
) -> None:
    """Half a plan would be worse than none."""
    plan = FaultPlan([LOSE])
    fields: dict[str, object] = {"kind": Kind.LOSE_REPLY, **wrong}

    with pytest.raises(FaultError, match=why):
        plan.add([LOSE, Fault(**fields)])  # type: ignore[arg-type]

    assert [row.id for row in plan.planned()] == [1]


def test_a_plan_does_not_grow_for_ever() -> None:
    """A script that forgets to remove is told so."""
    plan = FaultPlan([LOSE] * 1_000)

    with pytest.raises(FaultError, match="remove those that are over"):
        plan.add([LOSE])

    plan.clear()
    assert plan.add([LOSE]) == [1_001]
