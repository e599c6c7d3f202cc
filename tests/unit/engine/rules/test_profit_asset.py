"""Gains in another asset: what is exchanged, at what, and what stays as it is."""

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Final

import pytest

from openvenue.engine.commands import ListAsset, SetIndexPrice, SetLeverage, SetProfitAsset
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    Event,
    FundingPaid,
    FundingShare,
    PositionSettled,
    ProfitAssetSet,
    ProfitConverted,
    Refused,
)
from openvenue.engine.evolve.funding import funding_paid
from openvenue.engine.evolve.liquidations import position_settled
from openvenue.engine.instruments import Asset, FeeTier, Funding, IndexId
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.steps import ConvertProfit
from openvenue.engine.units import AccountId, AssetId, Atoms, FinePrice, Lots, Nanos, Ppb
from tests.unit.engine.scene import (
    ANN,
    BOB,
    COIN,
    DOLLAR,
    FLEX,
    FUTURE,
    PAIR,
    PERP,
    PIP,
    USD,
    XBT,
    Scene,
    linear,
    order,
    pair,
)

ETH: Final = AssetId("ETH")
ETH_INDEX: Final = IndexId("ETH:USD")
FREE: Final = (FeeTier(0, Ppb(0), Ppb(0)),)
SPREAD: Final = Fraction(2, 1_000)


def scene_with_eth(price: str | None = "10") -> Scene:
    """Ethers at 10 dollars, of which nine tenths count; the venue keeps 0.2 % of an exchange."""
    terms = Funding(divisor=24, rate_max=Ppb(2_500_000), sample=Nanos(60 * 10**9))
    scene = Scene(linear(fee_tiers=FREE, funding=terms), linear(FUTURE), pair())
    scene.do(ListAsset(asset=Asset(ETH, 10, FLEX, ETH_INDEX, Ppb(100_000_000), Ppb(2_000_000))))
    if price is not None:
        scene.do(SetIndexPrice(index=ETH_INDEX, price=Decimal(price)))
    return scene


def prefer(scene: Scene, asset: AssetId | None = ETH, account: AccountId = ANN) -> list[Event]:
    """What the wish brings about."""
    return scene.do(SetProfitAsset(account=account, symbol=PERP, asset=asset))


def close(scene: Scene, price: int, lots: int = 5, account: AccountId = ANN) -> list[Event]:
    """What selling a long position to Bob brings about."""
    scene.place(order(BOB, BUY, lots, price))
    return scene.do(order(account, SELL, lots, price))


def exchanged(events: list[Event]) -> list[tuple[int, int]]:
    """What was paid and what came, of each exchange."""
    return [(int(it.paid), int(it.bought)) for it in events if isinstance(it, ProfitConverted)]


def test_a_gain_becomes_what_the_account_prefers() -> None:
    """50 dollars at 10 dollars less 0.2 %: 4.99 ethers, which the venue gives."""
    scene = scene_with_eth()
    assert prefer(scene) == [ProfitAssetSet(account=ANN, symbol=PERP, asset=ETH)]
    scene.hold(ANN, 5)
    before = scene.wallet(ANN).balances[USD]

    events = close(scene, 110)

    assert events[-1] == ProfitConverted(
        account=ANN,
        symbol=PERP,
        wallet=FLEX,
        asset=ETH,
        bought=Atoms(499 * COIN // 100),
        paid_in=USD,
        paid=Atoms(50 * DOLLAR),
        price=FinePrice(10 * 10**9),
        spread=Ppb(2_000_000),
    )
    wallet = scene.wallet(ANN)
    assert (wallet.balances[USD], wallet.balances[ETH]) == (before, 499 * COIN // 100)
    state = scene.engine.state
    assert state.converted == {USD: 50 * DOLLAR, ETH: -499 * COIN // 100}


def test_a_maker_gains_in_it_too_and_a_loss_stays_where_it_is() -> None:
    """The wish is about the market, whoever's order came first."""
    scene = scene_with_eth()
    prefer(scene)
    scene.hold(ANN, 5)
    scene.place(order(ANN, SELL, 2, 110))
    assert exchanged(scene.do(order(BOB, BUY, 2, 110))) == [(20 * DOLLAR, 1_996 * COIN // 1_000)]
    assert exchanged(close(scene, 90, 3)) == []


def test_funding_that_is_received_is_a_gain() -> None:
    """Paid by the hour; what is paid stays dollars."""
    scene = scene_with_eth()
    prefer(scene)
    scene.hold(ANN, -5)
    state = scene.engine.state
    for amount in (-30, 30):
        share = FundingShare(account=ANN, quantity=Lots(-5), amount=Atoms(amount * DOLLAR))
        paid = FundingPaid(
            symbol=PERP, time=scene.now, rate=0, index=FinePrice(10**9), shares=(share,)
        )
        funding_paid(state, paid)
    assert ConvertProfit(ANN, PERP, Atoms(30 * DOLLAR)) in state.steps.queue
    assert sum(isinstance(step, ConvertProfit) for step in state.steps.queue) == 1


def test_what_expiry_gives_is_a_gain() -> None:
    """A position that ends with its contract."""
    scene = scene_with_eth()
    prefer(scene)
    scene.hold(ANN, 5)
    state = scene.engine.state
    settled = PositionSettled(
        account=ANN,
        symbol=PERP,
        quantity=Lots(5),
        price=FinePrice(110 * 10**9),
        realized=Atoms(50 * DOLLAR),
        fee=Atoms(0),
    )
    position_settled(state, settled)
    assert ConvertProfit(ANN, PERP, Atoms(50 * DOLLAR)) in state.steps.queue


def test_dollars_that_are_owed_are_paid_back_first() -> None:
    """Pip owes 20 on the strength of coins: of 30 dollars 10 are exchanged."""
    scene = scene_with_eth()
    scene.give(PIP, 100 * COIN, FLEX, ETH)
    prefer(scene, account=PIP)
    scene.hold(PIP, 5)
    close(scene, 90, 2, PIP)
    assert scene.wallet(PIP).balances[USD] == -20 * DOLLAR

    assert exchanged(close(scene, 110, 3, PIP)) == [(10 * DOLLAR, 998 * COIN // 1_000)]
    assert scene.wallet(PIP).balances[USD] == 0


def test_no_exchange_takes_what_positions_and_orders_need() -> None:
    """With 14 lots and orders at 96, 26.88 dollars; there are 24: the gain stays dollars."""
    scene = scene_with_eth()
    scene.give(PIP, 30 * DOLLAR)
    prefer(scene, account=PIP)
    scene.hold(PIP, 5)
    scene.place(order(PIP, BUY, 10, 1))
    scene.mark("96")

    assert exchanged(close(scene, 110, 1, PIP)) == []

    assert scene.wallet(PIP).balances == {USD: 40 * DOLLAR}
    scene.mark("100")
    assert exchanged(close(scene, 110, 1, PIP)) == [(10 * DOLLAR, 998 * COIN // 1_000)]


def test_nothing_is_exchanged_without_a_price_or_on_margin_of_its_own() -> None:
    """There is nothing to exchange at; a position alone keeps what it gains until it gives back."""
    scene = scene_with_eth(None)
    prefer(scene)
    scene.hold(ANN, 5)
    assert exchanged(close(scene, 110)) == []

    alone = scene_with_eth()
    prefer(alone)
    alone.do(SetLeverage(account=ANN, symbol=PERP, leverage=10, is_isolated=True))
    alone.hold(ANN, 5)
    position = alone.position(ANN)
    assert position is not None and position.profit_asset is None
    assert exchanged(close(alone, 110)) == []


def test_what_a_contract_settles_in_is_no_exchange() -> None:
    """Dollars again: the wish is gone."""
    scene = scene_with_eth()
    prefer(scene)
    assert scene.account(ANN).profit_assets == {PERP: ETH}
    assert prefer(scene, USD) == [ProfitAssetSet(account=ANN, symbol=PERP, asset=None)]
    assert scene.account(ANN).profit_assets == {}
    scene.hold(ANN, 5)
    assert exchanged(close(scene, 110)) == []


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (SetProfitAsset(account=ANN, symbol=PERP, asset=XBT), Why.ASSET_NOT_HELD),
        (SetProfitAsset(account=ANN, symbol=PAIR, asset=ETH), Why.MARKET_NOT_FOUND),
        (SetProfitAsset(account=AccountId("no"), symbol=PERP, asset=ETH), Why.ACCOUNT_NOT_FOUND),
    ],
)
def test_a_wish_that_cannot_be_is_refused(wish: SetProfitAsset, reason: Why) -> None:
    """No collateral there, no contract, nobody."""
    [event] = scene_with_eth().do(wish)
    assert isinstance(event, Refused) and event.reason is reason


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_traded_each_asset_adds_up_and_the_venue_never_pays_too_much(seed: int) -> None:
    """Through changing prices; a fold of the events and a snapshot say the same."""
    random = Random(seed)
    scene = scene_with_eth()
    folded = Engine(restore(take(scene.engine.state)))
    there = sum(scene.engine.state.accounts[it].wallets[FLEX].balance(USD) for it in (ANN, BOB))
    exchanges = 0
    for _ in range(400):
        pick = random.random()
        if pick < 0.1:
            events = prefer(scene, random.choice([ETH, ETH, USD]), random.choice([ANN, BOB]))
        elif pick < 0.2:
            price = Decimal(random.randrange(500, 1_500)) / 100
            events = scene.do(SetIndexPrice(index=ETH_INDEX, price=price))
        else:
            side = random.choice([BUY, SELL])
            quantity, price_ticks = random.randrange(1, 9), random.randrange(97, 104)
            events = scene.do(order(random.choice([ANN, BOB]), side, quantity, price_ticks))
        folded.fold(events, scene.now)
        for event in events:
            if isinstance(event, ProfitConverted):
                exchanges += 1
                worth = Fraction(int(event.bought) * int(event.price), 100 * 10**9)
                exact = int(event.paid) * (1 - SPREAD)
                assert 0 <= exact - worth < Fraction(int(event.price), 100 * 10**9)
    state = scene.engine.state
    kept = dict.fromkeys((USD, ETH), 0)
    for account in (ANN, BOB):
        wallet = state.accounts[account].wallets[FLEX]
        for asset in kept:
            kept[asset] += wallet.balance(asset)
        kept[USD] -= sum(position.cost for position in wallet.positions)
    for sums in (state.fees, state.dust, state.funding, state.converted):
        for asset in kept:
            kept[asset] += sums.get(asset, 0)
    assert kept == {USD: there, ETH: 0}
    assert exchanges > 10
    assert folded.state.fingerprint() == scene.fingerprint()
    assert restore(take(state)).fingerprint() == scene.fingerprint()
