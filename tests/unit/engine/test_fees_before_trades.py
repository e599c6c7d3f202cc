"""Fees before the trade: what an account is asked for is what it will be charged, and no less."""

from decimal import Decimal
from fractions import Fraction
from math import ceil
from random import Random
from typing import Final

import pytest

from openvenue.engine.commands import (
    ListAsset,
    ListInstrument,
    OpenAccount,
    PassTime,
    SetIndexPrice,
)
from openvenue.engine.events import OrderAccepted, OrderRejected, Traded
from openvenue.engine.instruments import Asset, FeeTier, IndexId, Instrument
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import RejectReason
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import AccountId, AssetId, Lots, Ppb, Symbol
from tests.unit.engine.scene import (
    ANN,
    BOB,
    CASH,
    COIN,
    DOLLAR,
    FLEX,
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

TIERS: Final = (
    FeeTier(0, Ppb(200_000), Ppb(500_000)),
    FeeTier(1_000, Ppb(100_000), Ppb(300_000)),
)
CHILD: Final = AccountId("pip's child")
ETH: Final = AssetId("ETH")
ETH_XBT: Final = Symbol("ETH/XBT")


def experienced(instrument: Instrument) -> Scene:
    """Pip is poor, but one of his family has traded for a thousand dollars."""
    scene = Scene(instrument)
    scene.do(OpenAccount(account=CHILD, family=PIP, max_open_orders=9))
    wallet = CASH if instrument.symbol == PAIR else FLEX
    lots = 1_000 if instrument.symbol == PAIR else 10
    scene.give(CHILD, 10_000 * DOLLAR, wallet)
    scene.do(order(BOB, SELL, lots, 100, symbol=instrument.symbol))
    scene.do(order(CHILD, BUY, lots, 100, symbol=instrument.symbol))
    return scene


@pytest.mark.parametrize("short_of", [0, 1])
def test_margin_is_asked_for_with_the_fee_of_the_accounts_own_tier(short_of: int) -> None:
    """Ten lots at 100: twenty dollars of margin, and 0.03 % of a thousand."""
    scene = experienced(linear(fee_tiers=TIERS))
    scene.give(PIP, 20 * DOLLAR + 3 * DOLLAR // 10 - short_of)
    scene.do(order(BOB, SELL, 10, 100))

    first = scene.do(order(PIP, BUY, 10, 100))[0]

    if short_of:
        assert isinstance(first, OrderRejected)
        assert first.reason is RejectReason.INSUFFICIENT_MARGIN
    else:
        assert isinstance(first, OrderAccepted)


@pytest.mark.parametrize("short_of", [0, 1])
def test_cash_is_asked_for_with_the_fee_of_the_accounts_own_tier(short_of: int) -> None:
    """A coin at 100 and 0.03 % of it."""
    scene = experienced(pair(fee_tiers=TIERS))
    scene.give(PIP, 100 * DOLLAR + 3 * DOLLAR // 100 - short_of, CASH)
    scene.do(order(BOB, SELL, 100, 100, symbol=PAIR))

    first = scene.do(order(PIP, BUY, 100, 100, symbol=PAIR))[0]

    if short_of:
        assert isinstance(first, OrderRejected)
        assert first.reason is RejectReason.INSUFFICIENT_FUNDS
    else:
        assert isinstance(first, OrderAccepted)
        assert scene.wallet(PIP, CASH).balances[USD] == 0


def test_a_hold_covers_the_worst_tier_that_its_owner_may_fall_to() -> None:
    """Pip rests in the better tier; a month later nobody remembers, and the old fee is charged."""
    tiers = (FeeTier(0, Ppb(900_000), Ppb(500_000)), TIERS[1])
    scene = experienced(pair(fee_tiers=tiers))
    scene.give(PIP, 100 * DOLLAR + 9 * DOLLAR // 100, CASH)
    scene.place(order(PIP, BUY, 100, 100, symbol=PAIR))
    assert scene.wallet(PIP, CASH).held == {USD: 100 * DOLLAR + 9 * DOLLAR // 100}
    scene.wait(31 * 86_400)
    scene.do(PassTime())

    events = scene.do(order(BOB, SELL, 100, 100, symbol=PAIR))

    [trade] = [event for event in events if isinstance(event, Traded)]
    assert trade.maker_fee == 9 * DOLLAR // 100
    wallet = scene.wallet(PIP, CASH)
    assert (wallet.balances[USD], wallet.held.get(USD, 0)) == (0, 0)


def test_fills_that_each_round_up_never_take_more_than_was_held() -> None:
    """Makers and takers pay the same rate, and each of many fills a part of an atom."""
    random = Random(3)
    rate = Ppb(1_234_567)
    spared = 0
    for _ in range(20):
        same = (FeeTier(0, rate, rate),)
        scene = Scene(
            pair(lot_size=Decimal("0.0000000001"), max_quantity=Lots(10**9), fee_tiers=same)
        )
        lots = random.randrange(50, 500)
        value = ceil(Fraction(lots * 97, COIN) * DOLLAR)
        held = value + ceil(Fraction(value * rate, 10**9))
        scene.give(PIP, held, CASH)
        scene.place(order(PIP, BUY, lots, 97, symbol=PAIR))
        assert scene.wallet(PIP, CASH).held == {USD: held}
        left = lots
        while left:
            some = min(left, random.randrange(1, 60))
            left -= some

            events = scene.do(order(BOB, SELL, some, 97, symbol=PAIR))

            [trade] = [event for event in events if isinstance(event, Traded)]
            full = ceil(Fraction(trade.value * rate, 10**9))
            assert trade.maker_fee in (full, full - 1)
            spared += full - trade.maker_fee
            wallet = scene.wallet(PIP, CASH)
            assert wallet.balances[USD] >= wallet.held.get(USD, 0)
        assert scene.wallet(PIP, CASH).held.get(USD, 0) == 0
    assert spared > 20


def cross() -> Scene:
    """Ethers for coins, beside coins for dollars."""
    scene = Scene(pair(fee_tiers=TIERS))
    scene.do(ListAsset(asset=Asset(ETH, 10)))
    contract = pair(
        ETH_XBT,
        index=IndexId("ETH:XBT"),
        tick_size=Decimal("0.001"),
        fee_tiers=TIERS,
        base=ETH,
        quote=XBT,
        settlement=XBT,
        settlement_scale=10,
    )
    scene.do(ListInstrument(instrument=contract))
    for account in (ANN, BOB):
        scene.give(account, 100 * COIN, CASH, ETH)
    return scene


def test_a_volume_in_coins_counts_in_dollars_at_their_index() -> None:
    """Ten ethers at 0.05 coins are half a coin: fifty dollars at 100, and sixty at 120."""
    scene = cross()
    for dollars, cents in (("100", 5_000), ("120", 11_000)):
        scene.do(
            SetIndexPrice(
                index=scene.engine.state.markets[PAIR].contract.instrument.index,
                price=Decimal(dollars),
            )
        )
        scene.do(order(BOB, SELL, 1_000, 50, symbol=ETH_XBT))
        scene.do(order(ANN, BUY, 1_000, 50, symbol=ETH_XBT))

        assert scene.account(ANN).volumes[ETH_XBT] == cents
    again = restore(take(scene.engine.state))
    assert again.markets[ETH_XBT].valued_by is again.markets[PAIR]
    assert again.fingerprint() == scene.fingerprint()


def test_where_nobody_knows_what_coins_are_worth_they_count_at_par() -> None:
    """Before there is an index the last price will do; without that, one is one."""
    scene = Scene(pair(fee_tiers=TIERS), index="100")
    market = scene.engine.state.markets[PAIR]
    market.index = 0
    other = cross().engine.state.markets[ETH_XBT]
    other.valued_by = market

    assert other.cents(1_000, COIN // 2) == 50
    market.last = 80
    assert other.cents(1_000, COIN // 2) == 4_000


def test_dollars_need_no_price() -> None:
    """Contracts in dollars count as they are."""
    scene = Scene(linear(), pair())

    assert scene.engine.state.markets[PERP].valued_by is None
    assert scene.engine.state.markets[PAIR].valued_by is None
