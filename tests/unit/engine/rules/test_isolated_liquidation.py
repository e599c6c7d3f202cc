"""An isolated position falls alone: what is beside it stays, also what it leaves."""

import pytest

from openvenue.engine.commands import SetLeverage
from openvenue.engine.events import CollateralTaken, MarginMoved, OrderRejected, ShortfallCovered
from openvenue.engine.instruments import IndexId
from openvenue.engine.orders import BUY, IOC, SELL, Origin
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import AccountId
from tests.unit.engine.rules.test_liquidate import FREE, FUTURES, STRANGER, forced, started
from tests.unit.engine.rules.test_staged_liquidation import CONTRACT, KEEPER, example
from tests.unit.engine.scene import BOB, DOLLAR, FUTURE, PERP, PIP, USD, Scene, linear, order


def equities(scene: Scene, account: AccountId) -> tuple[int, int]:
    """Of the wallet, and of the isolated position, in dollars."""
    [alone] = scene.account(account).isolated_wallets
    return scene.wallet(account).equity // DOLLAR, alone.equity // DOLLAR


def test_it_is_closed_with_its_own_margin_alone() -> None:
    """A hundred lots on a fiftieth each; the wallet's other 800 dollars are not asked."""
    scene = Scene(linear(ladder=FUTURES, fee_tiers=FREE))
    scene.give(PIP, 1_000 * DOLLAR)
    scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=50, is_isolated=True))
    scene.hold(PIP, 100, 100)
    assert equities(scene, PIP) == (800, 200)
    kept = scene.place(order(PIP, BUY, 1, 50))
    assert started(scene.mark("99.1")) == []
    scene.do(order(BOB, BUY, 100, 98))
    events = scene.mark("98.9")
    assert started(events) == [PIP]
    assert forced(events, Origin.LIQUIDATION) == [(BOB, 98, 100)]
    assert scene.held(PIP) == 0
    assert scene.wallet(PIP).balances[USD] == 800 * DOLLAR
    assert kept not in scene.live(PIP)


def test_what_a_better_price_leaves_goes_back_to_the_wallet() -> None:
    """Sold a tick above the price at which it would be gone."""
    scene = Scene(linear(ladder=FUTURES, fee_tiers=FREE))
    scene.give(PIP, 1_000 * DOLLAR)
    scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=50, is_isolated=True))
    scene.hold(PIP, 100, 100)
    scene.do(order(BOB, BUY, 100, 99))
    events = scene.mark("98.9")
    assert [e.amount for e in events if isinstance(e, MarginMoved)] == [-100 * DOLLAR]
    assert scene.wallet(PIP).balances[USD] == 900 * DOLLAR


def test_a_keeper_takes_what_is_left_of_the_position_and_no_more() -> None:
    """Not what the wallet has beside it; and it keeps it in its own wallet."""
    scene = example()
    scene.do(order(STRANGER, BUY, 50, 100_000), order(PIP, SELL, 50, 100_000))
    scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=50, is_isolated=True))
    scene.do(order(STRANGER, SELL, 50, 100_000), order(PIP, BUY, 50, 100_000))
    rest, alone = equities(scene, PIP)
    assert (rest, alone) == (4_000, 1_000)
    before = scene.wallet(KEEPER).balances[USD]
    events = scene.mark("98500")
    assert forced(events, Origin.BACKSTOP) == [(KEEPER, 98_500, 50)]
    [taken] = [e for e in events if isinstance(e, CollateralTaken)]
    assert (taken.amount, taken.to_wallet) == (250 * DOLLAR, CONTRACT.wallet)
    assert scene.wallet(KEEPER).balances[USD] == before + 250 * DOLLAR
    assert scene.wallet(PIP).balances[USD] == 4_000 * DOLLAR
    assert equities(scene, PIP) == (4_000, 0)


def test_orders_that_would_draw_on_a_fallen_wallet_end_with_it() -> None:
    """An isolated position's margin comes from a wallet that has nothing more to give."""
    index = IndexId("ETH:USD")
    other = linear(FUTURE, ladder=FUTURES, fee_tiers=FREE, index=index)
    scene = Scene(linear(ladder=FUTURES, fee_tiers=FREE), other)
    scene.mark("100", FUTURE)
    scene.give(PIP, 1_000 * DOLLAR)
    scene.do(SetLeverage(account=PIP, symbol=FUTURE, leverage=10, is_isolated=True))
    scene.hold(PIP, 10, 100, FUTURE)
    grows = scene.place(order(PIP, BUY, 40, 100, symbol=FUTURE))
    shrinks = scene.place(order(PIP, SELL, 5, 120, symbol=FUTURE, reduce_only=True))
    scene.hold(PIP, 200, 100)

    assert started(scene.mark("95.5")) == [PIP]

    assert scene.live(PIP) == [shrinks]
    scene.do(order(BOB, SELL, 50, 100, symbol=FUTURE))
    assert grows not in scene.live(PIP)
    assert scene.held(PIP, FUTURE) == 10
    assert scene.wallet(PIP).balances[USD] >= 0


@pytest.mark.parametrize("lots", [100, 60])
def test_nobody_closes_at_a_price_that_others_would_pay(lots: int) -> None:
    """Two hundred dollars of margin, nothing beside it, and a bid that takes a thousand."""
    scene = Scene(linear(ladder=FUTURES, fee_tiers=FREE))
    scene.give(PIP, 200 * DOLLAR)
    scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=50, is_isolated=True))
    scene.hold(PIP, 100, 100)
    scene.do(order(BOB, BUY, 100, 90))
    [refused] = scene.do(order(PIP, SELL, lots, 90, time_in_force=IOC, reduce_only=True))
    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.CLOSING_MARGIN

    scene.give(PIP, 800 * DOLLAR)
    events = scene.do(order(PIP, SELL, 100, 90, time_in_force=IOC, reduce_only=True))
    assert [e.amount for e in events if isinstance(e, MarginMoved)] == [800 * DOLLAR]
    assert scene.wallet(PIP).balances[USD] == 0


def test_what_a_maker_loses_beyond_all_that_it_has_is_covered() -> None:
    """An order that rests at such a price trades when others want; the fund pays at once."""
    scene = Scene(linear(ladder=FUTURES, fee_tiers=FREE))
    scene.give(PIP, 200 * DOLLAR)
    scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=50, is_isolated=True))
    scene.hold(PIP, 100, 100)
    scene.place(order(PIP, SELL, 100, 90, reduce_only=True))
    events = scene.do(order(BOB, BUY, 100, 90))
    assert sum(e.amount for e in events if isinstance(e, ShortfallCovered)) == 800 * DOLLAR
    assert scene.wallet(PIP).balances[USD] == 0
