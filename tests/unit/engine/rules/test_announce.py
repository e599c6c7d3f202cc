"""What the operator says, and flags that he puts up."""

import pytest

from openvenue.engine.commands import AmendOrder, Announce, Command, RetractNotice, SetConditions
from openvenue.engine.events import AmendRejected, Announced, OrderRejected, Refused
from openvenue.engine.instruments import Dislocation
from openvenue.engine.notices import NoticeKind, Priority
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Symbol, Ticks
from tests.unit.engine.scene import ANN, BOB, PAIR, PERP, Scene, linear, names, order, pair


def say(text: str = "soon", minutes: int | None = None) -> Announce:
    """A notice of no importance."""
    return Announce(
        kind=NoticeKind.GENERAL, priority=Priority.LOW, text=text, downtime_minutes=minutes
    )


REFUSED: list[tuple[str, Command, Why]] = [
    ("nothing to say", say(""), Why.INVALID),
    ("too much to say", say("x" * 2_001), Why.INVALID),
    ("less than no time", say(minutes=-1), Why.INVALID),
    ("what nobody said", RetractNotice(notice_id=1), Why.INVALID),
    ("conditions of nothing", SetConditions(symbol=Symbol("X")), Why.MARKET_NOT_FOUND),
    ("conditions of a pair", SetConditions(symbol=PAIR), Why.MARKET_NOT_FOUND),
    ("no margin", SetConditions(symbol=PERP, margin_multiplier=0), Why.INVALID),
    ("all the margin", SetConditions(symbol=PERP, margin_multiplier=51), Why.INVALID),
]


@pytest.mark.parametrize(
    ("command", "why"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_what_makes_no_sense_is_refused(command: Command, why: Why) -> None:
    """And nothing changes."""
    scene = Scene(linear(), pair())
    before = scene.fingerprint()

    [event] = scene.do(command)

    assert isinstance(event, Refused)
    assert event.reason is why
    assert scene.fingerprint() == before


def test_notices_stand_until_they_are_retracted_and_their_numbers_are_never_used_again() -> None:
    """Also in a state that was put away and taken out again."""
    scene = Scene()
    scene.do(say("one"), say("two"), RetractNotice(notice_id=2))

    state = restore(take(scene.engine.state))
    [event] = scene.do(say("three"))

    assert [notice.text for notice in state.notices.values()] == ["one"]
    assert isinstance(event, Announced)
    assert event.notice.notice_id == 3


def test_takers_do_not_push_a_dislocated_price_further_by_changing_an_order_either() -> None:
    """An order that rests may not be moved to where it would take."""
    scene = Scene()
    scene.do(order(BOB, SELL, 5, 102))
    rests = scene.place(order(ANN, BUY, 1, 100))
    scene.do(SetConditions(symbol=PERP, dislocation=Dislocation.ABOVE))

    [taker] = scene.do(order(ANN, BUY, 1, 102))
    [moved] = scene.do(AmendOrder(account=ANN, order_id=rests, limit_price=Ticks(102)))

    assert isinstance(taker, OrderRejected)
    assert isinstance(moved, AmendRejected)
    assert taker.reason is moved.reason is Why.PRICE_DISLOCATION
    scene.do(SetConditions(symbol=PERP))
    assert names(scene.do(order(ANN, BUY, 1, 102))) == ["OrderAccepted", "Traded"]


def test_extreme_volatility_multiplies_initial_margin_alone() -> None:
    """Of positions and of orders, at once and without a new mark; maintenance stays."""
    scene = Scene()
    scene.hold(ANN, 10)
    scene.place(order(ANN, BUY, 5, 99))
    before = scene.wallet(ANN)

    scene.do(SetConditions(symbol=PERP, margin_multiplier=3))

    now = scene.wallet(ANN)
    assert now.initial_margin == 3 * before.initial_margin > 0
    assert now.initial_margin_with_orders == 3 * before.initial_margin_with_orders
    assert now.maintenance_margin == before.maintenance_margin
    kept = restore(take(scene.engine.state))
    assert kept.markets[PERP].margin_multiplier == 3
    assert kept.fingerprint() == scene.fingerprint()
