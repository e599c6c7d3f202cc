"""Funding, with the check values that the venues publish."""

from decimal import Decimal

import pytest

from openvenue.engine.commands import PassTime, Resume
from openvenue.engine.due import HOURS_MAX, next_due
from openvenue.engine.engine import Engine
from openvenue.engine.events import Event, FundingPaid, FundingRateSet, FundingSampled, Traded
from openvenue.engine.funding import HOUR, absolute_rate, rate_of
from openvenue.engine.impact import impact_price
from openvenue.engine.instruments import FeeTier, Funding
from openvenue.engine.orders import BUY, IOC, SELL, Extras
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import PRICE_ONE, Lots, Nanos, Ppb
from tests.unit.engine.scene import (
    ANN,
    BOB,
    COIN,
    COINS,
    DOLLAR,
    INVERSE,
    PERP,
    SECOND,
    START,
    USD,
    XBT,
    Scene,
    inverse,
    linear,
    names,
    order,
)

FREE = (FeeTier(0, Ppb(0), Ppb(0)),)
ACCRUES = Funding(divisor=24, rate_max=Ppb(2_500_000), sample=Nanos(60 * SECOND))
AT_THE_HOUR = Funding(
    divisor=8,
    rate_max=Ppb(40_000_000),
    sample=Nanos(5 * SECOND),
    interest=Ppb(100_000),
    band=Ppb(500_000),
    impact_notional=1_000,
    accrues=False,
)


def perpetual(funding: Funding) -> Scene:
    """Ann is long ten coins at 100 dollars, Bob is short; the book is 102.4 dollars on average."""
    scene = Scene(linear(fee_tiers=FREE, impact_size=Lots(10), funding=funding))
    scene.do(order(BOB, SELL, 10, 100), order(ANN, BUY, 10, 100, time_in_force=IOC))
    return scene


def quote(scene: Scene) -> None:
    """A book that is 2.4 % above the index: 0.1 % an hour."""
    scene.do(
        order(BOB, SELL, 6, 104),
        order(BOB, SELL, 4, 103),
        order(ANN, BUY, 2, 102),
        order(ANN, BUY, 8, 101),
    )


def hours(events: list[Event]) -> list[tuple[int, int]]:
    """Each rate that came into force, with its hour."""
    return [(it.time, it.rate) for it in events if isinstance(it, FundingRateSet)]


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        ("0", "0.0000125"),
        ("0.0004", "0.0000125"),
        ("0.002", "0.0001875"),
        ("-0.001", "-0.0000625"),
        ("0.9", "0.04"),
        ("-0.9", "-0.04"),
    ],
)
def test_the_rate_of_a_premium_with_interest(premium: str, rate: str) -> None:
    """Source: Pacifica, "Funding rates": interest holds it near 0.01 % in eight hours."""
    assert rate_of(AT_THE_HOUR, 3 * int(Decimal(premium) * 10**12), 3) == Decimal(rate) * 10**12


def test_the_rate_of_a_premium_without_interest() -> None:
    """A 24th of the mean premium, within 0.25 % an hour; none where nobody looked."""
    assert rate_of(ACCRUES, 24_000_000_000 + 48_000_000_000, 2) == 1_500_000_000
    assert rate_of(ACCRUES, 10**12, 1) == 2_500_000_000
    assert rate_of(ACCRUES, -(10**12), 1) == -2_500_000_000
    assert rate_of(ACCRUES, 0, 0) == 0


def test_an_absolute_rate_is_money_for_one_unit_of_size() -> None:
    """Linear: relative x index. Inverse: relative / index, as recorded: -6.26e-11 of -1.38e-6."""
    num, den = absolute_rate(1_000_000, 50_000 * PRICE_ONE, is_inverse=False)
    assert num * 20 == den  # 0.05 dollars a coin
    num, den = absolute_rate(-1_376_261, 21_985 * PRICE_ONE, is_inverse=True)
    assert round(Decimal(num) / den, 13) == Decimal("-0.0000000000626")


def test_an_impact_price_is_the_average_of_its_notional() -> None:
    """A thousand dollars: four coins at 103, and what 588 dollars buy at 104."""
    scene = perpetual(AT_THE_HOUR)
    quote(scene)
    market = scene.engine.state.markets[PERP]

    paid = Decimal(1_000) / (4 + Decimal(588) / 104) * PRICE_ONE

    assert impact_price(market, -1, 1_000) == int(paid)
    assert impact_price(market, -1, 4 * 103) == 103 * PRICE_ONE
    assert impact_price(market, 1, 1_000_000) == 0, "the book has less"


def test_longs_pay_shorts_for_the_time_that_they_hold() -> None:
    """The rate of an hour is in force in the next; half-way, half of it has accrued."""
    scene = perpetual(ACCRUES)
    quote(scene)
    start = START - START % HOUR
    scene.wait(3_600 - START % HOUR / SECOND)
    events = scene.do(PassTime())
    assert hours(events) == [(start + HOUR, 1_000_000_000)]
    assert "FundingPaid" not in names(events), "no rate was in force before"

    scene.wait(1_800)
    scene.do(PassTime())
    ann, bob = scene.position(ANN), scene.position(BOB)
    assert ann is not None and bob is not None
    assert (ann.unrealized_funding, bob.unrealized_funding) == (-DOLLAR // 2, DOLLAR // 2)
    assert scene.wallet(ANN).equity == 1_000_000 * DOLLAR - DOLLAR // 2
    assert scene.wallet(ANN).balances[USD] == 1_000_000 * DOLLAR

    scene.wait(1_800)
    [_, paid, new] = scene.do(PassTime())
    assert isinstance(paid, FundingPaid) and isinstance(new, FundingRateSet)
    assert [tuple(map(int, (it.quantity, it.amount))) for it in paid.shares] == [
        (10, -DOLLAR),
        (-10, DOLLAR),
    ]
    assert (paid.rate, paid.index) == (1_000_000_000, 100 * PRICE_ONE)
    assert scene.wallet(ANN).balances[USD] == 999_999 * DOLLAR
    assert scene.wallet(BOB).balances[USD] == 1_000_001 * DOLLAR
    assert scene.engine.state.funding == {USD: 0}


def test_a_trade_realizes_what_has_accrued() -> None:
    """What was held until then counts at its size; the venue keeps it until the others' hour."""
    scene = perpetual(ACCRUES)
    quote(scene)
    scene.wait(3_600 - START % HOUR / SECOND)
    scene.do(PassTime())
    scene.wait(900)

    events = scene.do(order(BOB, SELL, 1, 102, time_in_force=IOC))

    [trade] = [it for it in events if isinstance(it, Traded)]
    assert (trade.maker_funding, trade.taker_funding) == (-DOLLAR // 4, DOLLAR // 4)
    held = scene.position(ANN)
    assert held is not None
    assert (held.unrealized_funding, held.funded) == (0, -DOLLAR // 4)
    scene.wait(2_700)
    scene.do(PassTime())
    paid = DOLLAR // 4 + DOLLAR * 11 * 3 // 40
    assert scene.wallet(ANN).balances[USD] == 1_000_000 * DOLLAR - paid
    assert scene.engine.state.funding == {USD: 0}


def test_inverse_funding_is_paid_in_coins() -> None:
    """Rate / index a contract: a long one of 1,000 dollars at 100 pays a hundredth of a coin."""
    scene = Scene(inverse(fee_tiers=FREE, impact_size=Lots(10), funding=ACCRUES))
    scene.do(
        order(BOB, SELL, 1_000, 200, symbol=INVERSE),
        order(ANN, BUY, 1_000, 200, symbol=INVERSE, time_in_force=IOC),
        order(BOB, SELL, 10, 206, symbol=INVERSE),
        order(BOB, BUY, 10, 204, symbol=INVERSE),
    )
    scene.wait(3_600)
    scene.do(PassTime())
    scene.wait(3_600)
    scene.do(PassTime())

    rate = 25 * 10**9 // 24  # 2.5 %
    owed = -(-1_000 * rate * COIN // (100 * 10**12))
    assert scene.wallet(ANN, COINS).balances[XBT] == 50 * COIN - owed


def test_funding_at_the_hour_is_paid_by_who_is_there() -> None:
    """For the whole hour, at its own rate; a trade before it realizes nothing."""
    scene = perpetual(AT_THE_HOUR)
    quote(scene)
    scene.wait(1_800)
    [*_, trade] = scene.do(order(BOB, SELL, 2, 102, time_in_force=IOC))
    assert isinstance(trade, Traded)
    assert (trade.maker_funding, trade.taker_funding) == (0, 0)
    scene.wait(1_800)

    events = scene.do(PassTime())

    [paid] = [it for it in events if isinstance(it, FundingPaid)]
    assert [int(it.quantity) for it in paid.shares] == [12, -12]
    assert paid.shares[1].amount == 12 * 100 * DOLLAR * paid.rate // 10**12
    assert sum(it.amount for it in paid.shares) in (0, -1)
    view = scene.position(BOB)
    assert view is not None
    assert (view.funded, view.unrealized_funding) == (paid.shares[1].amount, 0)


def test_looks_see_the_book_as_it_was_when_they_fell_due() -> None:
    """What a later command does to the book is not seen by them; nothing has to tick for that."""
    scene = perpetual(ACCRUES)
    quote(scene)
    scene.wait(150)

    first = scene.do(order(BOB, SELL, 10, 101, time_in_force=IOC))[0]

    assert isinstance(first, FundingSampled)
    assert (first.count, first.premium) == (2, 2 * 24_000_000_000)
    assert next_due(scene.engine.state) == START - START % HOUR + HOUR, "only hours wake it"


def test_missed_hours_are_settled_one_by_one_after_a_stop() -> None:
    """They come before Resumed, in its entry; after a very long stop the oldest at once."""
    scene = perpetual(ACCRUES)
    quote(scene)
    scene.wait(3_600)
    scene.do(PassTime())
    scene.wait(5 * 3_600)
    events = scene.do(Resume(down_since=scene.now))
    assert names(events).count("FundingPaid") == 5
    assert names(events)[-1] == "Resumed"
    assert scene.wallet(ANN).balances[USD] == 999_995 * DOLLAR

    scene.wait(3_600 * (HOURS_MAX + 10))
    events = scene.do(Resume(down_since=scene.now))
    assert names(events).count("FundingPaid") == HOURS_MAX + 1
    assert scene.wallet(ANN).balances[USD] == (1_000_000 - 5 - HOURS_MAX - 10) * DOLLAR


def test_a_snapshot_keeps_what_accrues() -> None:
    """A venue that comes back in the middle of an hour pays the same at its end."""
    scene = perpetual(ACCRUES)
    quote(scene)
    scene.wait(3_600)
    scene.do(PassTime())
    scene.wait(600)
    scene.do(order(BOB, SELL, 1, 102, time_in_force=IOC))
    again = Engine(restore(take(scene.engine.state)))
    assert again.state.fingerprint() == scene.fingerprint()

    scene.wait(3_000)

    assert again.apply(PassTime(), scene.now) == scene.do(PassTime())
    assert again.state.fingerprint() == scene.fingerprint()


def test_what_was_due_before_an_hour_that_passed_trades_after_it_is_settled() -> None:
    """A trade that happens only now closes what accrued until now; the hour must not come later.

    Else the old rate would be paid for time that the new one is of, by one side alone.
    """
    scene = perpetual(ACCRUES)
    quote(scene)
    scene.wait(3_600)
    scene.do(PassTime())
    starts = Extras(starts=Nanos(scene.now + HOUR - SECOND))
    scene.place(order(BOB, SELL, 5, 101, extras=starts))
    scene.wait(3_602)

    events = scene.do(PassTime())

    told = names(events)
    assert told.index("FundingPaid") < told.index("FundingRateSet") < told.index("Traded")
    scene.wait(3_598)
    scene.do(PassTime())
    [left] = scene.engine.state.funding.values()
    assert 0 <= left <= 4  # atoms that rounding left over
