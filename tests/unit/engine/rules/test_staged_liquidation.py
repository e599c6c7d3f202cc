"""A ladder by equity: parts on the market, then a backstop liquidator, then those who gain most.

Source: Pacifica, "Liquidations", with the example of half a coin at 100 000 and 5 000 dollars.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from openvenue.engine.commands import OpenAccount
from openvenue.engine.events import CollateralTaken, Event, LiquidationEnded, Traded
from openvenue.engine.instruments import FeeTier, MarginLevel, Rung, RungKind
from openvenue.engine.orders import BUY, SELL, Origin
from openvenue.engine.units import AccountId, Lots, Ppb, Ticks
from tests.unit.engine.rules.test_liquidate import STRANGER, dollars, forced, rungs, started
from tests.unit.engine.scene import BOB, DOLLAR, PIP, Scene, linear, order

KEEPER: Final = AccountId("keeper")
TWO_THIRDS: Final = Ppb(666_666_667)
STAGED: Final = (
    Rung(
        kind=RungKind.MARKET,
        above=TWO_THIRDS,
        leaves=TWO_THIRDS,
        parts=5,
        parts_from=100_000,  # 2 000 dollars times the largest leverage
        tries=5,
        fee=Ppb(7_500_000),
        fee_of_maintenance=Ppb(400_000_000),
    ),
    Rung(kind=RungKind.BACKSTOP, above=Ppb(0), below=TWO_THIRDS, account=KEEPER),
    Rung(kind=RungKind.UNWIND, below=Ppb(0)),
)
CONTRACT: Final = linear(
    ladder=STAGED,
    lot_size=Decimal("0.01"),
    max_price=Ticks(10_000_000),
    margin_levels=(MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),),
    fee_tiers=(FeeTier(0, Ppb(0), Ppb(0)),),
)


def example(coins_hundredths: int = 50, keeper: int = 10_000_000) -> Scene:
    """Pip is long half a coin at 100 000 with 5 000 dollars; the keeper stands by."""
    scene = Scene(CONTRACT, index="100000")
    scene.do(OpenAccount(account=KEEPER, family=KEEPER, max_open_orders=10))
    scene.give(KEEPER, keeper * DOLLAR)
    scene.give(PIP, 100 * coins_hundredths * DOLLAR)
    scene.hold(PIP, coins_hundredths, 100_000)
    return scene


def test_margins_are_the_examples() -> None:
    """Maintenance at 100 000 is 500 dollars: half of 1 / 50 of the notional."""
    assert example().wallet(PIP).maintenance_margin == 500 * DOLLAR


def test_it_begins_at_90909() -> None:
    """(100 000 - 10 000) / 0.99."""
    scene = example()
    assert started(scene.mark("90909.10")) == []
    assert started(scene.mark("90909.09")) == [PIP]


def test_small_positions_are_one_order_at_the_backstop_price() -> None:
    """Below 100 000 dollars there are no parts; a third of the margin is what it may cost."""
    scene = example()
    mark = Fraction(90_900)
    equity = 5_000 - (100_000 - mark) / 2
    backstop = mark - (equity - mark / 2 / 100 * 2 / 3) * 2  # where two thirds would be left
    nearest = int(backstop) + 1
    scene.do(order(BOB, BUY, 20, 90_899), order(BOB, BUY, 5, nearest))
    scene.do(order(BOB, BUY, 20, nearest - 1))
    held = scene.held(BOB)
    events = scene.mark("90900")
    assert nearest == 90_607
    assert forced(events, Origin.LIQUIDATION) == [(BOB, 90_899, 20), (BOB, 90_607, 5)]
    sold, _ = [e for e in events if isinstance(e, Traded)]
    value = Fraction(90_899 * 20, 100)
    assert sold.liquidation_fee == value * Fraction(75, 10_000) * DOLLAR  # more than 0.4 %
    assert scene.held(PIP) == 25  # who now has enough, or waits for the next price
    assert scene.held(BOB) == held + 25


def test_large_positions_go_in_five_parts_until_there_is_enough() -> None:
    """Two coins: a fifth is sold at a time, and no more than it takes."""
    scene = example(200)
    scene.do(order(BOB, BUY, 200, 90_905))
    events = scene.mark("90905")
    sold = [quantity for _, _, quantity in forced(events, Origin.LIQUIDATION)]
    assert sold[0] == 40
    assert 1 <= len(sold) < 5
    assert rungs(events) == [0] * len(sold)
    wallet = scene.wallet(PIP)
    assert wallet.equity >= wallet.maintenance_margin
    assert scene.held(PIP) == 200 - sum(sold)


def test_with_nobody_to_buy_it_waits_for_the_next_price() -> None:
    """Between two thirds and all of the margin there is nothing else to do."""
    scene = example()
    events = scene.mark("90900")
    assert rungs(events) == []
    assert isinstance(events[-1], LiquidationEnded)
    assert scene.held(PIP) == 50
    assert started(scene.mark("90899")) == [PIP]


def test_below_two_thirds_positions_and_money_go_to_the_keeper() -> None:
    """Maintenance is 452.50 at 90 500, two thirds of it 301.67, equity 250."""
    scene = example()
    rich = dollars(scene, KEEPER)
    events = scene.mark("90500")
    assert rungs(events) == [1]
    assert forced(events, Origin.BACKSTOP) == [(KEEPER, 90_500, 50)]
    [taken] = [e for e in events if isinstance(e, CollateralTaken)]
    assert (taken.to, taken.amount) == (KEEPER, 250 * DOLLAR)
    assert scene.held(PIP) == 0
    assert dollars(scene, PIP) == 0
    assert dollars(scene, KEEPER) == rich + 250
    assert scene.held(KEEPER) == 50


def test_below_nothing_the_winners_are_closed() -> None:
    """The price fell through it all: the stranger's profit pays, at 90 000."""
    scene = example()
    before = dollars(scene, STRANGER)
    events = scene.mark("89000")
    assert rungs(events) == [2]
    assert forced(events, Origin.UNWIND) == [(STRANGER, 90_000, 50)]
    assert dollars(scene, PIP) == 0
    assert dollars(scene, STRANGER) == before + 5_000


def test_a_keeper_that_falls_too_is_closed_against_the_winners() -> None:
    """It cannot hand over to itself."""
    scene = example(keeper=300)
    scene.mark("90500")
    assert dollars(scene, KEEPER) == 550
    assert forced(scene.mark("89500"), Origin.UNWIND) == []  # it waits, as anybody would
    assert forced(scene.mark("89000"), Origin.UNWIND) == [(STRANGER, 89_400, 50)]
    assert scene.held(KEEPER) == 0
    assert dollars(scene, KEEPER) == 0


def told(events: list[Event]) -> list[str]:
    """Names of what happened."""
    return [type(event).__name__ for event in events]


def test_a_wallet_goes_with_all_its_positions() -> None:
    """One of them made it short; the keeper gets both, and each trade at its own mark."""
    scene = example()
    scene.do(order(STRANGER, SELL, 1, 100_000), order(PIP, BUY, 1, 100_000))
    events = scene.mark("90500")
    assert Lots(scene.held(KEEPER)) == 51
    assert told(events)[-2:] == ["CollateralTaken", "LiquidationEnded"]
