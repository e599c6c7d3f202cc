"""Fee tiers: what was traded lately decides what trades cost."""

from openvenue.engine.commands import OpenAccount
from openvenue.engine.events import Traded
from openvenue.engine.instruments import FeeTier
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import AccountId, Ppb
from openvenue.engine.volumes import DAY, DAYS_MAX, Volumes
from tests.unit.engine.scene import ANN, BOB, DOLLAR, PERP, SECOND, Scene, inverse, linear, order

TIERS = (
    FeeTier(0, Ppb(200_000), Ppb(500_000)),
    FeeTier(1_000, Ppb(100_000), Ppb(300_000)),
    FeeTier(3_000, Ppb(-100_000), Ppb(200_000)),
)


def fees(scene: Scene, lots: int) -> tuple[int, int]:
    """What Bob, who makes, and Ann, who takes, pay for one trade at 100."""
    scene.do(order(BOB, SELL, lots, 100))
    [trade] = [it for it in scene.do(order(ANN, BUY, lots, 100)) if isinstance(it, Traded)]
    return trade.maker_fee, trade.taker_fee


def test_a_trade_is_charged_the_tier_that_the_ones_before_it_reached() -> None:
    """The trade that reaches a tier is not charged by it yet; days later it counts no more."""
    scene = Scene(linear(fee_tiers=TIERS, fee_days=2))

    assert fees(scene, 10) == (20_000_000, 50_000_000)
    assert fees(scene, 20) == (20_000_000, 60_000_000)
    assert fees(scene, 10) == (-10_000_000, 20_000_000)
    scene.wait(86_400)
    assert fees(scene, 10) == (-10_000_000, 20_000_000)
    scene.wait(86_400)
    assert fees(scene, 10) == (10_000_000, 30_000_000), "only yesterday's thousand is left"
    view = scene.account(ANN)
    assert (view.tiers[PERP], view.volumes[PERP]) == (1, 200_000)


def test_a_family_trades_together() -> None:
    """Subaccounts are charged by the volume of all of it."""
    scene = Scene(linear(fee_tiers=TIERS))
    child = AccountId("bob's child")
    scene.do(OpenAccount(account=child, family=BOB, max_open_orders=9))
    scene.give(child, 10_000 * DOLLAR)
    fees(scene, 10)

    scene.do(order(child, SELL, 10, 100))
    [trade] = [it for it in scene.do(order(ANN, BUY, 10, 100)) if isinstance(it, Traded)]

    assert (trade.maker_account, trade.maker_fee) == (child, 10_000_000)


def test_an_inverse_contract_is_worth_a_dollar() -> None:
    """Whatever its price; and a snapshot keeps what was traded."""
    scene = Scene(inverse(fee_tiers=TIERS))
    symbol = scene.engine.state.markets["PI_XBTUSD"].symbol  # type: ignore[index]
    scene.do(
        order(BOB, SELL, 1_500, 200, symbol=symbol), order(ANN, BUY, 1_500, 200, symbol=symbol)
    )
    assert scene.account(ANN).volumes[symbol] == 150_000

    again = restore(take(scene.engine.state))

    assert again.fingerprint() == scene.fingerprint()
    assert again.accounts[ANN].volumes.over(30, scene.now) == 150_000


def test_days_out_of_every_window_are_forgotten() -> None:
    """An account that trades for years does not grow."""
    volumes = Volumes()
    for day in range(DAYS_MAX + 50):
        volumes.add(day * DAY + SECOND, 5)
    assert len(volumes.by_day) == DAYS_MAX
    assert volumes.over(30, (DAYS_MAX + 49) * DAY) == 150
