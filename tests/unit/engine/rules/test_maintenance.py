"""Announced closures: what closes when, what opens again, and what comes between."""

import pytest

from openvenue.engine.commands import (
    Announce,
    CancelOrder,
    ListInstrument,
    PassTime,
    Resume,
    RetractNotice,
    SetMode,
)
from openvenue.engine.due import next_due
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    CancelRejected,
    Event,
    MaintenanceBegan,
    MaintenanceEnded,
    ModeSet,
    NoticeRetracted,
    Refused,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.notices import NoticeKind, Priority
from openvenue.engine.orders import BUY, SELL, Signal
from openvenue.engine.reasons import RejectReason
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Nanos, Symbol
from tests.unit.engine.scene import (
    ANN,
    BOB,
    FUTURE,
    PAIR,
    PERP,
    SECOND,
    START,
    Scene,
    linear,
    names,
    order,
    pair,
    stop,
)

MINUTE = 60


def closing(
    *symbols: Symbol,
    after: int | None = MINUTE,
    minutes: int | None = 30,
    mode: Mode | None = Mode.MAINTENANCE,
) -> Announce:
    """A closure so many seconds after the scene begins."""
    return Announce(
        kind=NoticeKind.MAINTENANCE,
        priority=Priority.HIGH,
        text="closed",
        effective=None if after is None else Nanos(START + after * SECOND),
        downtime_minutes=minutes,
        closes=mode,
        symbols=symbols,
    )


def modes(scene: Scene) -> list[Mode]:
    """Of the markets, as they were listed."""
    return [each.mode for each in scene.engine.state.markets.values()]


def passes(scene: Scene, seconds: int) -> list[Event]:
    """What the passing of time alone brings."""
    scene.wait(seconds)
    return scene.do(PassTime())


def test_markets_close_when_it_was_announced_and_open_again() -> None:
    """By time alone; each comes back to what it accepted, and the notice stands no more."""
    scene = Scene(linear(), pair())
    scene.do(SetMode(symbol=PAIR, mode=Mode.LIMIT_ONLY), closing())
    assert next_due(scene.engine.state) == START + MINUTE * SECOND

    assert passes(scene, MINUTE - 1) == []
    events = passes(scene, 1)

    assert events == [
        MaintenanceBegan(notice_id=1, modes=((PERP, Mode.ONLINE), (PAIR, Mode.LIMIT_ONLY))),
        ModeSet(symbol=PERP, mode=Mode.MAINTENANCE),
        ModeSet(symbol=PAIR, mode=Mode.MAINTENANCE),
    ]
    assert list(scene.engine.state.notices) == [1]
    assert next_due(scene.engine.state) == START + 31 * MINUTE * SECOND
    assert passes(scene, 30 * MINUTE - 1) == []
    assert passes(scene, 1) == [
        MaintenanceEnded(notice_id=1),
        ModeSet(symbol=PERP, mode=Mode.ONLINE),
        ModeSet(symbol=PAIR, mode=Mode.LIMIT_ONLY),
        NoticeRetracted(notice_id=1),
    ]
    assert next_due(scene.engine.state) is None
    assert not scene.engine.state.notices and not scene.engine.state.closures


def test_only_the_markets_named_close() -> None:
    """And in the mode that was said."""
    scene = Scene(linear(), pair())
    scene.do(closing(PAIR, mode=Mode.CANCEL_ONLY))

    passes(scene, MINUTE)

    assert modes(scene) == [Mode.ONLINE, Mode.CANCEL_ONLY]


def test_a_notice_without_a_closure_closes_nothing() -> None:
    """As ever."""
    scene = Scene()
    scene.do(closing(mode=None))

    assert passes(scene, 40 * MINUTE) == []
    assert list(scene.engine.state.notices) == [1]


def test_what_was_due_meanwhile_waits_for_the_end() -> None:
    """Orders stay, cannot be canceled, and stops that were reached act when orders meet again."""
    scene = Scene()
    resting = scene.place(order(ANN, BUY, 1, 90))
    scene.place(order(BOB, BUY, 5, 93))
    scene.place(order(ANN, SELL, 1, 85, trigger=stop(SELL, 95, Signal.MARK)))
    scene.do(closing())
    passes(scene, MINUTE)

    [refused] = scene.do(CancelOrder(account=ANN, order_id=resting))
    assert isinstance(refused, CancelRejected)
    assert refused.reason is RejectReason.MARKET_MAINTENANCE
    assert names(scene.mark("94")) == ["MarkPriceSet"]
    events = passes(scene, 30 * MINUTE)

    assert names(events)[:3] == ["MaintenanceEnded", "ModeSet", "NoticeRetracted"]
    assert {"TriggerFired", "Traded"} <= set(names(events))
    assert names(scene.do(CancelOrder(account=ANN, order_id=resting))) == ["OrderCanceled"]


def test_a_venue_that_slept_through_it_is_open() -> None:
    """Closing and opening are both told, in their order, before anything of the present."""
    scene = Scene()
    scene.do(closing())
    scene.wait(3_600)

    events = scene.do(Resume(down_since=START))

    assert names(events) == [
        "MaintenanceBegan",
        "ModeSet",
        "MaintenanceEnded",
        "ModeSet",
        "NoticeRetracted",
        "Resumed",
    ]
    assert modes(scene) == [Mode.ONLINE]


def test_taken_back_before_it_closes_nothing_and_during_it_opens() -> None:
    """A notice ends with its closure, and a closure with its notice."""
    scene = Scene()
    scene.do(closing())
    assert names(scene.do(RetractNotice(notice_id=1))) == ["NoticeRetracted"]
    assert passes(scene, MINUTE) == []
    scene.do(closing(after=2 * MINUTE))
    passes(scene, MINUTE)
    assert modes(scene) == [Mode.MAINTENANCE]

    events = scene.do(RetractNotice(notice_id=2))

    assert names(events) == ["MaintenanceEnded", "ModeSet", "NoticeRetracted"]
    assert modes(scene) == [Mode.ONLINE]
    assert passes(scene, 3_600) == []


def test_what_the_operator_opens_meanwhile_stays_as_he_left_it() -> None:
    """The end opens only what is still closed by it; a market listed meanwhile was never closed."""
    scene = Scene(linear(), pair())
    scene.do(closing())
    passes(scene, MINUTE)
    scene.do(SetMode(symbol=PERP, mode=Mode.POST_ONLY), ListInstrument(instrument=linear(FUTURE)))

    events = passes(scene, 30 * MINUTE)

    assert [event.symbol for event in events if isinstance(event, ModeSet)] == [PAIR]
    assert modes(scene) == [Mode.POST_ONLY, Mode.ONLINE, Mode.ONLINE]


def test_what_has_expired_stays_closed() -> None:
    """Whether it settled before the closure or in it."""
    scene = Scene(linear(FUTURE, expires=Nanos(START + 2 * MINUTE * SECOND)))
    scene.do(closing())
    passes(scene, MINUTE)

    passes(scene, 30 * MINUTE)

    assert modes(scene) == [Mode.INACTIVE]
    scene.do(closing(after=40 * MINUTE))
    assert names(passes(scene, 3_600)) == [
        "MaintenanceBegan",
        "MaintenanceEnded",
        "NoticeRetracted",
    ]


def test_a_restored_venue_goes_on_with_it() -> None:
    """In the middle of a closure, and before one."""
    scene = Scene()
    scene.do(closing(), closing(after=3_600))
    passes(scene, MINUTE)
    other = Engine(restore(take(scene.engine.state)))

    events = passes(scene, 3_600)

    assert events == other.apply(PassTime(), scene.now)
    assert names(events)[:3] == ["MaintenanceEnded", "ModeSet", "NoticeRetracted"]
    assert isinstance(events[3], MaintenanceBegan) and events[3].notice_id == 2
    assert other.state.fingerprint() == scene.fingerprint()


REFUSED = [
    ("that opens", closing(mode=Mode.ONLINE)),
    ("that ends markets", closing(mode=Mode.INACTIVE)),
    ("without a beginning", closing(after=None)),
    ("in the past", closing(after=-1)),
    ("without an end", closing(minutes=None)),
    ("of no time", closing(minutes=0)),
    ("of what is not listed", closing(Symbol("X"))),
    ("of nothing, in some markets", closing(PERP, mode=None)),
    ("in the middle of another", closing(PERP, after=10 * MINUTE)),
]


@pytest.mark.parametrize(
    "command", [each[1] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_a_closure_that_makes_no_sense_is_refused(command: Announce) -> None:
    """Nobody is told of it."""
    scene = Scene(linear(), pair())
    scene.do(closing())
    before = scene.fingerprint()

    [event] = scene.do(command)

    assert isinstance(event, Refused) and event.reason is RejectReason.INVALID
    assert scene.fingerprint() == before


def test_closures_may_follow_each_other_or_be_of_other_markets() -> None:
    """The end of one may be the beginning of the next."""
    scene = Scene(linear(), pair())
    scene.do(closing(PERP))

    for command in (closing(PAIR), closing(after=31 * MINUTE)):
        assert names(scene.do(command)) == ["Announced"]
    passes(scene, 31 * MINUTE)
    assert modes(scene) == [Mode.MAINTENANCE, Mode.MAINTENANCE]
    passes(scene, 30 * MINUTE)
    assert modes(scene) == [Mode.ONLINE, Mode.ONLINE]
