"""An isolated position falls alone: what is beside it stays, also what it leaves."""

from openvenue.engine.commands import SetLeverage
from openvenue.engine.events import CollateralTaken, MarginMoved
from openvenue.engine.orders import BUY, SELL, Origin
from openvenue.engine.units import AccountId
from tests.unit.engine.rules.test_liquidate import FREE, FUTURES, STRANGER, forced, started
from tests.unit.engine.rules.test_staged_liquidation import CONTRACT, KEEPER, example
from tests.unit.engine.scene import BOB, DOLLAR, PERP, PIP, USD, Scene, linear, order


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
