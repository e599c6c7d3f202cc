"""Money of several kinds behind linear contracts: what it is worth, what counts, what may leave."""

from decimal import Decimal

from openvenue.engine.commands import (
    Deposit,
    ListAsset,
    SetIndexPrice,
    Withdraw,
)
from openvenue.engine.events import Event, OrderAccepted, Refused
from openvenue.engine.instruments import Asset, FeeTier, IndexId
from openvenue.engine.orders import BUY
from openvenue.engine.queries import GetIndexPrices, look
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import AssetId, Atoms, FinePrice, Ppb
from tests.unit.engine.scene import (
    BOB,
    DOLLAR,
    FLEX,
    INDEX,
    PIP,
    USD,
    Scene,
    linear,
    names,
    order,
)

ETH = AssetId("ETH")
ETH_INDEX = IndexId("ETH:USD")
COIN = 10**10
FREE = (FeeTier(0, Ppb(0), Ppb(0)),)


def scene_with_eth(price: str = "10") -> Scene:
    """Pip has ten coins of 10 dollars, of which nine tenths count."""
    scene = Scene(linear(fee_tiers=FREE))
    scene.do(
        ListAsset(asset=Asset(ETH, 10, FLEX, ETH_INDEX, Ppb(100_000_000), Ppb(2_000_000))),
        SetIndexPrice(index=ETH_INDEX, price=Decimal(price)),
    )
    scene.give(PIP, 10 * COIN, FLEX, ETH)
    return scene


def test_coins_count_at_their_index_less_the_haircut() -> None:
    """The value stays whole; what counts as margin is less; dollars count as they are."""
    scene = scene_with_eth()
    scene.give(PIP, 5 * DOLLAR)

    wallet = scene.wallet(PIP)

    assert wallet.equity == 95 * DOLLAR
    eth, usd = wallet.collateral[ETH], wallet.collateral[USD]
    assert (eth.value, eth.collateral, eth.available) == (100 * DOLLAR, 90 * DOLLAR, 10 * COIN)
    assert (usd.value, usd.collateral, usd.available) == (5 * DOLLAR, 5 * DOLLAR, 5 * DOLLAR)
    assert (eth.haircut, eth.conversion_spread) == (100_000_000, 2_000_000)


def test_an_order_stands_on_coins_alone() -> None:
    """Ninety dollars carry 45 lots at 2 %, and not 46."""
    scene = scene_with_eth()

    assert names(scene.do(order(PIP, BUY, 46, 100))) == ["OrderRejected"]
    assert isinstance(scene.do(order(PIP, BUY, 45, 100))[0], OrderAccepted)


def test_a_new_price_is_counted_at_once_and_a_deposit_too() -> None:
    """What was worked out is kept no longer than it is true."""
    scene = scene_with_eth()
    assert scene.wallet(PIP).equity == 90 * DOLLAR
    scene.do(SetIndexPrice(index=ETH_INDEX, price=Decimal(20)))
    assert scene.wallet(PIP).equity == 180 * DOLLAR
    scene.give(PIP, COIN, FLEX, ETH)
    assert scene.wallet(PIP).equity == 198 * DOLLAR
    assert look(scene.engine.state, GetIndexPrices()) == {
        INDEX: FinePrice(100 * 10**9),
        ETH_INDEX: FinePrice(20 * 10**9),
    }


def test_what_carries_a_position_stays() -> None:
    """Ten lots need 20 dollars: 70 of the 90 are spare, which is 7.77… coins."""
    scene = scene_with_eth()
    scene.hold(PIP, 10)
    spare = 77_777_777_770  # what stays is worth a whole number of a dollar's atoms

    def take_out(atoms: int) -> list[Event]:
        return scene.do(Withdraw(account=PIP, wallet=FLEX, asset=ETH, amount=Atoms(atoms)))

    assert scene.wallet(PIP).collateral[ETH].available == spare
    [refused] = take_out(spare + 1)
    assert isinstance(refused, Refused) and refused.reason is Why.INSUFFICIENT_FUNDS
    assert names(take_out(spare)) == ["Withdrawn"]
    assert scene.wallet(PIP).equity >= scene.wallet(PIP).initial_margin


def test_losses_are_owed_in_dollars_and_covered_by_coins() -> None:
    """The settlement asset may go below zero as long as the whole carries."""
    scene = scene_with_eth()
    scene.hold(PIP, 10)
    scene.do(order(BOB, BUY, 10, 97))
    scene.mark("97")

    events = scene.do(order(PIP, BUY.opposite, 10, 97))

    assert "Traded" in names(events)
    wallet = scene.wallet(PIP)
    assert wallet.balances[USD] == -30 * DOLLAR
    assert wallet.equity == 60 * DOLLAR
    assert wallet.collateral[USD].available == 0
    assert wallet.collateral[ETH].available == 66_666_666_660


def test_nothing_is_counted_before_it_has_a_price() -> None:
    """And a snapshot keeps the price, of an index that no market is on."""
    scene = Scene()
    scene.do(ListAsset(asset=Asset(ETH, 10, FLEX, ETH_INDEX)))
    scene.give(PIP, 10 * COIN, FLEX, ETH)
    assert scene.wallet(PIP).equity == 0
    scene.do(SetIndexPrice(index=ETH_INDEX, price=Decimal(3)))
    assert scene.wallet(PIP).equity == 30 * DOLLAR

    again = restore(take(scene.engine.state))

    assert again.fingerprint() == scene.fingerprint()
    assert again.accounts[PIP].wallets[FLEX].collateral() == 30 * DOLLAR


def test_an_index_that_values_nothing_is_not_known() -> None:
    """Nor is a collateral without one, or with a haircut above all of it."""
    scene = Scene()
    for asset in (
        Asset(ETH, 10, FLEX),
        Asset(ETH, 10, None, ETH_INDEX),
        Asset(ETH, 10, FLEX, ETH_INDEX, Ppb(10**9 + 1)),
    ):
        assert names(scene.do(ListAsset(asset=asset))) == ["Refused"]
    assert names(scene.do(SetIndexPrice(index=ETH_INDEX, price=Decimal(3)))) == ["Refused"]
    assert names(
        scene.do(Deposit(account=PIP, wallet=FLEX, asset=ETH, amount=Atoms(1))),
    ) == ["Refused"]
