"""The dead man's switch: armed, re-armed, disarmed, fired once and on time."""

from openvenue.engine.commands import PassTime, Resume, SetDeadMansSwitch
from openvenue.engine.due import next_due
from openvenue.engine.events import (
    DeadMansSwitchFired,
    DeadMansSwitchSet,
    OrdersCanceled,
    Refused,
    Resumed,
)
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import AccountId, Nanos
from tests.unit.engine.scene import ANN, BOB, SECOND, Scene, names, order, stop


def arm(scene: Scene, account: AccountId, seconds: int) -> Nanos:
    """The deadline of a switch that is armed now."""
    deadline = Nanos(scene.now + seconds * SECOND)
    timeout = Nanos(seconds * SECOND)
    events = scene.do(SetDeadMansSwitch(account=account, timeout=timeout))
    assert events == [DeadMansSwitchSet(account=account, deadline=deadline)]
    return deadline


def test_it_cancels_everything_of_its_account_when_its_time_has_come() -> None:
    """Resting and waiting; nobody else's."""
    scene = Scene()
    mine = (
        scene.place(order(ANN, BUY, 1, 99)),
        scene.place(order(ANN, SELL, 1, 80, trigger=stop(SELL, 85))),
    )
    other = scene.place(order(BOB, BUY, 1, 99))
    deadline = arm(scene, ANN, 60)

    scene.wait(60)
    events = scene.do(PassTime())

    assert events == [
        DeadMansSwitchFired(account=ANN, deadline=deadline),
        OrdersCanceled(account=ANN, order_ids=mine, reason=CancelReason.DEAD_MANS_SWITCH),
    ]
    assert (scene.live(ANN), scene.live(BOB)) == ([], [other])


def test_it_does_not_fire_before_its_time_and_fires_once() -> None:
    """After that it is off."""
    scene = Scene()
    scene.place(order(ANN, BUY, 1, 99))
    deadline = arm(scene, ANN, 60)

    scene.now = Nanos(deadline - 1)
    assert scene.do(PassTime()) == []
    assert next_due(scene.engine.state) == deadline
    scene.now = deadline
    assert names(scene.do(PassTime())) == ["DeadMansSwitchFired", "OrdersCanceled"]
    scene.place(order(ANN, BUY, 1, 99))
    scene.wait(3_600)
    assert scene.do(PassTime()) == []
    assert next_due(scene.engine.state) is None
    assert scene.account(ANN).dead_mans_switch is None


def test_arming_again_moves_the_deadline_and_zero_disarms() -> None:
    """The last word holds."""
    scene = Scene()
    arm(scene, ANN, 60)
    scene.wait(30)
    second = arm(scene, ANN, 60)
    scene.wait(45)

    assert scene.do(PassTime()) == []
    assert scene.account(ANN).dead_mans_switch == second
    assert scene.do(SetDeadMansSwitch(account=ANN, timeout=Nanos(0))) == [
        DeadMansSwitchSet(account=ANN, deadline=None)
    ]
    scene.wait(3_600)
    assert scene.do(PassTime()) == []


def test_what_is_due_comes_before_the_command_that_comes_with_it() -> None:
    """An order placed at the deadline is not touched; one to re-arm it comes too late."""
    scene = Scene()
    old = scene.place(order(ANN, BUY, 1, 99))
    arm(scene, ANN, 60)
    scene.wait(60)

    events = scene.do(order(ANN, BUY, 1, 98))

    assert names(events) == ["DeadMansSwitchFired", "OrdersCanceled", "OrderAccepted"]
    assert scene.live(ANN) == [old + 1]


def test_arming_at_the_deadline_fires_first() -> None:
    """The switch went off; from then on it is armed again."""
    scene = Scene()
    arm(scene, ANN, 60)
    scene.wait(60)

    events = scene.do(SetDeadMansSwitch(account=ANN, timeout=Nanos(SECOND)))

    assert names(events) == ["DeadMansSwitchFired", "OrdersCanceled", "DeadMansSwitchSet"]
    assert next_due(scene.engine.state) == scene.now + SECOND


def test_switches_fire_in_the_order_of_their_deadlines() -> None:
    """Bob armed later, but for sooner; of equal ones the first armed is first."""
    scene = Scene()
    arm(scene, ANN, 60)
    arm(scene, BOB, 30)

    assert next_due(scene.engine.state) == scene.now + 30 * SECOND
    scene.wait(100)
    fired = [each for each in scene.do(PassTime()) if isinstance(each, DeadMansSwitchFired)]
    assert [each.account for each in fired] == [BOB, ANN]


def test_what_fell_due_while_the_venue_was_down_happens_when_it_is_back() -> None:
    """In the entry that says so, before any client's command."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 1, 99))
    arm(scene, ANN, 60)
    down_since = scene.now
    scene.wait(600)

    events = scene.do(Resume(down_since=down_since))

    assert names(events) == ["DeadMansSwitchFired", "OrdersCanceled", "Resumed"]
    assert events[-1] == Resumed(down_since=down_since)
    assert number not in scene.engine.state.orders


def test_nonsense_is_refused() -> None:
    """Nobody's switch, and a timeout in the past."""
    scene = Scene()
    before = scene.fingerprint()

    [nobody] = scene.do(SetDeadMansSwitch(account=AccountId("nobody"), timeout=Nanos(1)))
    [past] = scene.do(SetDeadMansSwitch(account=ANN, timeout=Nanos(-1)))

    assert isinstance(nobody, Refused)
    assert isinstance(past, Refused)
    assert (nobody.reason, past.reason) == (Why.ACCOUNT_NOT_FOUND, Why.INVALID)
    assert scene.fingerprint() == before


def test_the_clock_is_due_at_the_earliest_of_all_switches_as_they_are_moved() -> None:
    """Armed, moved past the other one, restored, switched off, fired."""
    scene = Scene()
    early = arm(scene, ANN, 10)
    late = arm(scene, BOB, 20)
    assert next_due(scene.engine.state) == early
    moved = arm(scene, ANN, 30)
    assert next_due(scene.engine.state) == late
    assert next_due(restore(take(scene.engine.state))) == late
    scene.do(SetDeadMansSwitch(account=BOB, timeout=Nanos(0)))
    assert next_due(scene.engine.state) == moved
    scene.wait(30)
    assert names(scene.do(PassTime()))[0] == "DeadMansSwitchFired"
    assert next_due(scene.engine.state) is None
