"""Expiry: orders end, positions are paid out at the averaged index, the market closes for good."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from openvenue.engine.commands import PassTime, Resume, SetMode
from openvenue.engine.due import next_due
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    ContractSettled,
    Event,
    OrderRejected,
    OrdersCanceled,
    PositionSettled,
    Refused,
    ShortfallCovered,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import BUY, SELL, Signal
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import PRICE_ONE, Nanos
from tests.unit.engine.scene import (
    ANN,
    BOB,
    COINS,
    DATED,
    DOLLAR,
    FUTURE,
    PIP,
    SECOND,
    START,
    USD,
    XBT,
    Scene,
    inverse,
    linear,
    order,
    stop,
)

HOUR: Final = 3_600 * SECOND
EXPIRY: Final = Nanos(START + HOUR)
TERMS: Final = {"expires": EXPIRY, "settles_over": Nanos(HOUR // 2)}


def expiring() -> Scene:
    """Ann is long ten, Bob is short ten, at 100, in a contract that ends in an hour."""
    scene = Scene(linear(FUTURE, **TERMS))
    scene.do(order(BOB, SELL, 10, 100, symbol=FUTURE), order(ANN, BUY, 10, 100, symbol=FUTURE))
    return scene


def expire(scene: Scene) -> list[Event]:
    """Nothing but the time."""
    scene.now = EXPIRY
    return scene.do(PassTime())


def price_of(events: list[Event]) -> Fraction:
    """At which the contract settled."""
    [settled] = [event for event in events if isinstance(event, ContractSettled)]
    return Fraction(settled.price, PRICE_ONE)


def test_the_venue_wakes_up_for_it() -> None:
    """Nobody has to ask; afterwards nothing is due."""
    scene = expiring()
    assert next_due(scene.engine.state) == EXPIRY
    expire(scene)
    assert next_due(scene.engine.state) is None


def test_positions_are_paid_out_for_a_taker_fee() -> None:
    """Ten at 110, in at 100: a hundred dollars from the short to the long."""
    scene = expiring()
    before = {account: scene.wallet(account).balances[USD] for account in (ANN, BOB)}
    scene.index("110")
    events = expire(scene)
    fee = 10 * 110 * DOLLAR // 2_000
    assert [(e.account, e.quantity) for e in events if isinstance(e, PositionSettled)] == [
        (BOB, -10),
        (ANN, 10),
    ]
    assert scene.wallet(ANN).balances[USD] == before[ANN] + 100 * DOLLAR - fee
    assert scene.wallet(BOB).balances[USD] == before[BOB] - 100 * DOLLAR - fee
    assert scene.held(ANN, FUTURE) == scene.held(BOB, FUTURE) == 0
    assert scene.engine.state.markets[FUTURE].open_interest == 0


def test_the_index_is_averaged_over_the_last_half_hour() -> None:
    """Ten minutes at 100, five at 130, fifteen at 120; what came before does not count."""
    scene = expiring()
    scene.index("7")
    scene.wait(900)
    scene.index("100")
    scene.wait(900 + 600)
    scene.index("130")
    scene.wait(300)
    scene.index("120")
    assert price_of(expire(scene)) == Fraction(100 * 10 + 130 * 5 + 120 * 15, 30)


def test_without_an_average_it_is_the_index_of_the_moment() -> None:
    """Inverse ones settle to a reference rate."""
    scene = Scene(inverse(DATED, expires=EXPIRY))
    scene.wait(3_599)
    scene.index("123.456789")
    assert price_of(expire(scene)) == Fraction("123.456789")


def test_all_its_orders_end_with_it() -> None:
    """Resting and waiting ones, with the reason; those of other markets stay."""
    scene = Scene(linear(FUTURE, **TERMS), linear())
    resting = scene.place(order(ANN, BUY, 1, 90, symbol=FUTURE))
    waiting = scene.place(
        order(ANN, SELL, 1, None, symbol=FUTURE, trigger=stop(SELL, 50, Signal.MARK))
    )
    other = scene.place(order(ANN, BUY, 1, 90))
    [gone] = [event for event in expire(scene) if isinstance(event, OrdersCanceled)]
    assert gone.order_ids == (resting, waiting)
    assert gone.reason is CancelReason.EXPIRED
    assert scene.live(ANN) == [other]


def test_the_market_stays_closed() -> None:
    """Nobody trades in it any more, and nobody opens it again."""
    scene = expiring()
    expire(scene)
    [rejected] = scene.do(order(ANN, BUY, 1, 100, symbol=FUTURE))
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason is RejectReason.MARKET_INACTIVE
    [refused] = scene.do(SetMode(symbol=FUTURE, mode=Mode.ONLINE))
    assert isinstance(refused, Refused)


def test_parts_of_atoms_are_dust() -> None:
    """What rounding down takes from both sides stays countable."""
    contract = inverse(DATED, expires=EXPIRY)
    scene = Scene(contract, index="97")
    scene.do(order(BOB, SELL, 7, 200, symbol=DATED), order(ANN, BUY, 7, 200, symbol=DATED))
    before = sum(scene.wallet(each, COINS).balances[XBT] for each in (ANN, BOB))
    paid = scene.engine.state.fees[XBT]
    expire(scene)
    after = sum(scene.wallet(each, COINS).balances[XBT] for each in (ANN, BOB))
    assert scene.engine.state.dust == {XBT: 1}
    assert before - after == scene.engine.state.fees[XBT] - paid + 1


def test_the_fund_pays_for_who_cannot() -> None:
    """The index jumped in the last second, past what Pip has."""
    scene = Scene(linear(FUTURE, **TERMS | {"settles_over": Nanos(0)}))
    scene.give(PIP, 500 * DOLLAR)
    scene.hold(PIP, 100, 100, FUTURE)
    scene.index("90")
    events = expire(scene)
    [covered] = [event for event in events if isinstance(event, ShortfallCovered)]
    assert covered.account == PIP
    assert scene.wallet(PIP).balances[USD] == 0
    assert scene.engine.state.insurance == {USD: -covered.amount}


def test_a_venue_that_was_down_settles_when_it_is_back() -> None:
    """At the same price as if it had been up: the index is what it last was."""
    up = expiring()
    up.wait(1_800 + 600)
    up.index("130")
    down = Engine(restore(take(up.engine.state)))
    up_price = price_of(expire(up))
    down_events = down.apply(Resume(down_since=up.now), Nanos(EXPIRY + 5 * HOUR))
    assert price_of(down_events) == up_price == Fraction(100 * 10 + 130 * 20, 30)


def test_a_restored_venue_knows_that_it_is_over() -> None:
    """And does not do it twice."""
    scene = expiring()
    expire(scene)
    again = Engine(restore(take(scene.engine.state)))
    assert next_due(again.state) is None
    assert again.state.fingerprint() == scene.fingerprint()
    assert again.apply(PassTime(), Nanos(EXPIRY + HOUR)) == []


def test_its_price_has_all_digits_that_prices_have() -> None:
    """A third of the time at each of three prices."""
    scene = expiring()
    scene.wait(1_800)
    for price in ("100", "100", "101"):
        scene.index(price)
        scene.wait(600)
    assert price_of(expire(scene)) == Fraction(Decimal("100.333333333"))
