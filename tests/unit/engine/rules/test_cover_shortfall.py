"""What a wallet owes with nothing open: coins pay before the insurance fund does, to the atom."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import Final

from openvenue.engine.commands import ListAsset, SetIndexPrice
from openvenue.engine.engine import Engine
from openvenue.engine.events import Converted, Event, ShortfallCovered
from openvenue.engine.instruments import Asset, FeeTier, IndexId
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import AssetId, Atoms, FinePrice, Ppb
from tests.unit.engine.scene import BOB, DOLLAR, FLEX, PIP, USD, Scene, linear, names, order

ETH: Final = AssetId("ETH")
SOL: Final = AssetId("SOL")
ETH_INDEX: Final = IndexId("ETH:USD")
SOL_INDEX: Final = IndexId("SOL:USD")
FREE: Final = (FeeTier(0, Ppb(0), Ppb(0)),)
COIN: Final = 10**10


def in_debt(eth: int, dollars: int, sol: int = 0) -> Scene:
    """Pip has coins of 10 dollars that carry a debt; the venue keeps 0.2 % of what it buys."""
    scene = Scene(linear(fee_tiers=FREE))
    for asset, index in ((ETH, ETH_INDEX), (SOL, SOL_INDEX)):
        listed = Asset(asset, 10, FLEX, index, Ppb(100_000_000), Ppb(2_000_000))
        scene.do(ListAsset(asset=listed), SetIndexPrice(index=index, price=Decimal(10)))
    scene.give(PIP, eth, FLEX, ETH)
    if sol:
        scene.give(PIP, sol, FLEX, SOL)
    scene.hold(PIP, 1)
    scene.do(order(BOB, BUY, 1, 100 - dollars))
    scene.do(order(PIP, SELL, 1, 100 - dollars))
    assert scene.wallet(PIP).balances[USD] == -dollars * DOLLAR
    return scene


def falls(scene: Scene, price: str, index: IndexId = ETH_INDEX) -> list[Event]:
    """What a lower price of the coins brings about."""
    return scene.do(SetIndexPrice(index=index, price=Decimal(price)))[1:]


def test_a_debt_stays_as_long_as_the_coins_count_for_more() -> None:
    """Ten coins at 2.40 count for 21.60 dollars, of which 20 are owed."""
    scene = in_debt(10 * COIN, 20)

    assert falls(scene, "2.40") == []
    assert scene.wallet(PIP).balances[USD] == -20 * DOLLAR


def test_coins_are_sold_for_what_is_owed_and_no_more() -> None:
    """At 2.20 they count for 19.80; 9.11 of them bring 20, at 2.20 less 0.2 %."""
    scene = in_debt(10 * COIN, 20)

    events = falls(scene, "2.20")

    paid = ceil(Fraction(20) / (Fraction("2.2") * Fraction(998, 1_000)) * COIN)
    bought = floor(Fraction(paid, COIN) * Fraction("2.2") * Fraction(998, 1_000) * DOLLAR)
    assert events == [
        Converted(
            account=PIP,
            wallet=FLEX,
            asset=USD,
            bought=Atoms(bought),
            paid_in=ETH,
            paid=Atoms(paid),
            price=FinePrice(2_200_000_000),
            spread=Ppb(2_000_000),
        )
    ]
    assert 20 * DOLLAR <= bought < 20 * DOLLAR + 10
    wallet = scene.wallet(PIP)
    assert wallet.balances == {ETH: 10 * COIN - paid, USD: bought - 20 * DOLLAR}
    state = scene.engine.state
    assert state.converted == {ETH: paid, USD: -bought}
    assert state.insurance == {}


def test_the_fund_pays_what_all_the_coins_do_not_bring() -> None:
    """At one dollar ten coins bring 9.98: no coin is left when the fund pays 10.02."""
    scene = in_debt(10 * COIN, 20)

    events = falls(scene, "1")

    assert names(events) == ["Converted", "ShortfallCovered"]
    converted, covered = events
    assert isinstance(converted, Converted) and isinstance(covered, ShortfallCovered)
    assert (converted.paid, converted.bought) == (10 * COIN, 998 * DOLLAR // 100)
    assert covered.amount == 1_002 * DOLLAR // 100
    assert scene.wallet(PIP).balances == {ETH: 0, USD: 0}
    assert scene.engine.state.insurance == {USD: -1_002 * DOLLAR // 100}


def test_currencies_are_sold_in_the_order_of_their_listing() -> None:
    """All of the first, then as much of the second as is still owed."""
    scene = in_debt(COIN, 20, 2 * COIN)

    events = falls(scene, "9.90", SOL_INDEX)
    assert events == []
    events = falls(scene, "1")

    sold = [(it.paid_in, it.paid) for it in events if isinstance(it, Converted)]
    assert sold[0] == (ETH, COIN)
    assert sold[1][0] == SOL and 192 * COIN // 100 < sold[1][1] < 193 * COIN // 100
    assert names(events) == ["Converted", "Converted"]
    assert 0 <= scene.wallet(PIP).balances[USD] < 10


def test_what_has_no_price_cannot_be_sold() -> None:
    """It counts for nothing, and the fund pays without it."""
    scene = Scene(linear(fee_tiers=FREE))
    scene.do(ListAsset(asset=Asset(ETH, 10, FLEX, ETH_INDEX, Ppb(100_000_000), Ppb(2_000_000))))
    scene.give(PIP, COIN, FLEX, ETH)
    scene.give(PIP, 2 * DOLLAR)
    scene.hold(PIP, 1)

    scene.mark("90")

    assert scene.wallet(PIP).balances[ETH] == COIN
    assert scene.wallet(PIP).balances.get(USD, 0) >= 0


def test_money_is_neither_made_nor_lost_whatever_the_debt() -> None:
    """Random coins, debts and prices; what is told folds to the same state."""
    random = Random(7)
    kinds = set()
    for _ in range(60):
        dollars = random.randrange(10, 60)
        scene = in_debt(random.randrange(7, 12) * COIN + random.randrange(COIN), dollars)
        held = scene.wallet(PIP).balances[ETH]
        fair = Fraction(dollars * COIN, held)  # at which the coins are worth the debt
        price = Decimal(int(fair * random.randrange(800, 1_250) * 10**6)) / 10**9
        engine = Engine(restore(take(scene.engine.state)))

        told = scene.do(SetIndexPrice(index=ETH_INDEX, price=price))

        events = told[1:]
        kinds.add(tuple(names(events)))
        after = scene.wallet(PIP).balances
        state = scene.engine.state
        assert after[ETH] + state.converted.get(ETH, 0) == held
        kept = state.converted.get(USD, 0) + state.insurance.get(USD, 0)
        assert after[USD] + kept == -dollars * DOLLAR
        if events:
            assert after[USD] >= 0
        if any(isinstance(it, ShortfallCovered) for it in events):
            assert (after[ETH], after[USD]) == (0, 0)
        engine.fold(told, state.now)
        assert engine.state.fingerprint() == state.fingerprint()
    assert kinds == {(), ("Converted",), ("Converted", "ShortfallCovered")}
