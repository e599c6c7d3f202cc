"""Margin: schedules, netting and the pre-trade test, with figures worked out by hand."""

import pytest

from openvenue.engine.commands import Deposit, SetLeverage
from openvenue.engine.events import Event, LeverageSet, OrderAccepted, OrderRejected, Refused
from openvenue.engine.instruments import FeeTier, MarginLevel
from openvenue.engine.margin import equity
from openvenue.engine.orders import BUY, IOC, SELL
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import Atoms, Lots, Ppb, Symbol
from tests.unit.engine.scene import (
    ANN,
    BOB,
    COIN,
    COINS,
    DATED,
    DOLLAR,
    FLEX,
    FUTURE,
    INVERSE,
    PERP,
    PIP,
    USD,
    Scene,
    inverse,
    linear,
    names,
    order,
    stop,
)

STEEP = (
    MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),
    MarginLevel(1_000, Ppb(40_000_000), Ppb(20_000_000)),
    MarginLevel(10_000, Ppb(100_000_000), Ppb(50_000_000)),
)
FREE = (FeeTier(0, Ppb(0), Ppb(0)),)


def why(events: list[Event]) -> Why | None:
    """The reason of a refusal, None where there is none."""
    if isinstance(events[0], OrderRejected):
        return events[0].reason
    assert isinstance(events[0], OrderAccepted)
    return None


def test_the_published_example_of_an_inverse_position() -> None:
    """1000 contracts at 8000 are 0.125 coins: 2 % are 0.0025, 1 % are 0.00125."""
    scene = Scene(inverse(), index="8000")
    scene.hold(ANN, 1_000, 16_000, INVERSE)

    position = scene.position(ANN, INVERSE)

    assert position is not None
    assert position.initial_margin == COIN * 25 // 10_000
    assert position.maintenance_margin == COIN * 125 // 100_000
    assert position.unrealized == 0


def test_an_inverse_position_loses_more_coins_the_further_its_price_falls() -> None:
    """Long 1000 from 8000, at 4000: 1000 / 8000 - 1000 / 4000 = -0.125 coins."""
    scene = Scene(inverse(), index="8000")
    scene.hold(ANN, 1_000, 16_000, INVERSE)
    scene.hold(BOB, -1_000, 16_000, INVERSE)

    scene.mark("4000", INVERSE)

    positions = scene.position(ANN, INVERSE), scene.position(BOB, INVERSE)
    assert [each.unrealized for each in positions if each] == [-COIN // 8, COIN // 8]


@pytest.mark.parametrize(
    ("lots", "initial", "maintenance"),
    [
        (1, 2, 1),
        (9, 18, 9),
        (10, 40, 20),  # a notional of 1000: the second level, for all of it
        (-10, 40, 20),
        (99, 396, 198),
        (100, 1_000, 500),
    ],
)
def test_the_level_of_the_whole_position_holds_for_all_of_it(
    lots: int, initial: int, maintenance: int
) -> None:
    """Not only for the slice above the threshold."""
    scene = Scene(linear(margin_levels=STEEP))
    scene.hold(ANN, lots)

    position = scene.position(ANN)

    assert position is not None
    assert position.initial_margin == initial * DOLLAR
    assert position.maintenance_margin == maintenance * DOLLAR


def test_levels_of_inverse_contracts_begin_at_a_number_of_contracts() -> None:
    """999 and 1000 contracts at 100: 2 % of 9.99 coins, 4 % of 10."""
    scene = Scene(inverse(margin_levels=STEEP))
    scene.hold(ANN, 999, 200, INVERSE)
    scene.hold(BOB, 1_000, 200, INVERSE)

    first, second = scene.position(ANN, INVERSE), scene.position(BOB, INVERSE)

    assert first is not None
    assert second is not None
    assert first.initial_margin == 999 * COIN // 5_000
    assert second.initial_margin == 4 * COIN // 10


def test_open_orders_are_margined_as_if_all_of_one_side_had_filled() -> None:
    """Long 5, buying 4 more, selling 12: the long side needs 9, the short side 7."""
    scene = Scene()
    scene.hold(ANN, 5)
    scene.place(order(ANN, BUY, 4, 90))
    scene.place(order(ANN, SELL, 12, 110))
    scene.place(order(ANN, SELL, 5, 120, reduce_only=True))
    scene.place(order(ANN, BUY, 500, 90, trigger=stop(BUY, 150)))

    wallet = scene.wallet(ANN)

    assert wallet.initial_margin == 10 * DOLLAR
    assert wallet.initial_margin_with_orders == 18 * DOLLAR
    scene.place(order(ANN, SELL, 3, 110))
    assert scene.wallet(ANN).initial_margin_with_orders == 20 * DOLLAR


def test_linear_contracts_on_one_index_need_the_larger_of_long_and_short() -> None:
    """Long 10 perpetuals against short 7 futures: the margin of ten, not of seventeen."""
    scene = Scene(linear(), linear(FUTURE))
    scene.hold(ANN, 10)
    scene.hold(ANN, -7, symbol=FUTURE)

    wallet = scene.wallet(ANN)

    assert wallet.initial_margin_with_orders == 20 * DOLLAR
    assert wallet.maintenance_margin == 17 * DOLLAR  # each position's own


def test_contracts_on_different_indexes_do_not_net() -> None:
    """Another coin is another risk."""
    other = Symbol("PF_ETHUSD")
    scene = Scene(linear(), linear(other, index="ETH:USD"))
    scene.mark("100", other)
    scene.hold(ANN, 10)
    scene.hold(ANN, -7, symbol=other)

    assert scene.wallet(ANN).initial_margin_with_orders == 34 * DOLLAR


def test_inverse_contracts_do_not_net() -> None:
    """Long the perpetual, short the dated one: each needs its own."""
    scene = Scene(inverse(), inverse(DATED))
    scene.hold(ANN, 1_000, 200, INVERSE)
    scene.hold(ANN, -1_000, 200, DATED)

    assert scene.wallet(ANN, COINS).initial_margin_with_orders == 4 * COIN // 10


def test_a_resting_order_needs_its_margin_and_not_an_atom_less() -> None:
    """Five lots at mark 100 need 2 % of 500 dollars."""
    scene = Scene()
    scene.give(PIP, 10 * DOLLAR - 1)

    assert why(scene.do(order(PIP, BUY, 5, 90))) is Why.INSUFFICIENT_MARGIN
    scene.give(PIP, 1)
    assert why(scene.do(order(PIP, BUY, 5, 90))) is None
    assert why(scene.do(order(PIP, BUY, 1, 90))) is Why.INSUFFICIENT_MARGIN


def test_a_taker_needs_its_margin_its_fee_and_what_it_loses_against_mark() -> None:
    """Five lots at 101, mark 100: 10 margin, 5 lost at once, fee 0.05 % of 505."""
    needed = 15 * DOLLAR + 505 * DOLLAR // 2_000
    scene = Scene()
    scene.do(order(BOB, SELL, 5, 101))
    scene.give(PIP, needed - 1)

    assert why(scene.do(order(PIP, BUY, 5, 101, time_in_force=IOC))) is Why.INSUFFICIENT_MARGIN
    scene.give(PIP, 1)
    assert why(scene.do(order(PIP, BUY, 5, 101, time_in_force=IOC))) is None


def test_what_a_taker_gains_against_mark_is_not_lent_to_it() -> None:
    """Bought at 90 with the mark at 100: the gain of fifty does not pay for the margin of ten."""
    scene = Scene(linear(fee_tiers=FREE))
    scene.do(order(BOB, SELL, 5, 90))
    scene.give(PIP, 9 * DOLLAR)

    assert why(scene.do(order(PIP, BUY, 5, 90, time_in_force=IOC))) is Why.INSUFFICIENT_MARGIN
    scene.give(PIP, DOLLAR)
    assert why(scene.do(order(PIP, BUY, 5, 90, time_in_force=IOC))) is None
    assert scene.wallet(PIP).equity == 60 * DOLLAR


def test_a_taker_that_adds_to_its_position_may_use_what_maintenance_leaves() -> None:
    """Where maintenance grows, equity over maintenance is usable, not over initial margin.

    Long 40 at 100 with 100 dollars: initial 80, maintenance 40. Thirty more need 60, and 60 are
    usable for a taker; a resting order may use only the 20 over initial margin.
    """
    scene = Scene(linear(fee_tiers=FREE))
    scene.give(PIP, 100 * DOLLAR)
    scene.hold(PIP, 40)
    scene.do(order(BOB, SELL, 31, 100))

    assert why(scene.do(order(PIP, BUY, 11, 99))) is Why.INSUFFICIENT_MARGIN
    assert why(scene.do(order(PIP, BUY, 31, 100, time_in_force=IOC))) is Why.INSUFFICIENT_MARGIN
    assert why(scene.do(order(PIP, BUY, 30, 100, time_in_force=IOC))) is None


def test_who_closes_at_a_loss_that_nothing_covers_is_told_so() -> None:
    """It is not initial margin that lacks: that would come back.

    Long 10 at 100 with 30 dollars: 20 come back, and 60 would be lost at 94 against a mark of 100.
    """
    scene = Scene(linear(fee_tiers=FREE))
    scene.give(PIP, 30 * DOLLAR)
    scene.hold(PIP, 10)
    scene.do(order(BOB, BUY, 15, 94))

    assert why(scene.do(order(PIP, SELL, 10, 94, time_in_force=IOC))) is Why.CLOSING_MARGIN
    assert why(scene.do(order(PIP, SELL, 4, 94, time_in_force=IOC))) is Why.CLOSING_MARGIN
    assert why(scene.do(order(PIP, BUY, 100, 94))) is Why.INSUFFICIENT_MARGIN


def test_who_has_nothing_left_may_still_close() -> None:
    """What makes the position smaller needs no margin, whatever the equity."""
    scene = Scene(linear(fee_tiers=FREE))
    scene.give(PIP, 20 * DOLLAR)
    scene.hold(PIP, 10)
    scene.mark("98")
    scene.do(order(BOB, BUY, 10, 98))

    assert scene.wallet(PIP).equity == 0
    assert why(scene.do(order(PIP, BUY, 1, 90))) is Why.INSUFFICIENT_MARGIN
    assert why(scene.do(order(PIP, SELL, 10, 98, reduce_only=True))) is None
    assert scene.wallet(PIP).balances[USD] == 0


def test_a_trade_that_would_leave_less_than_maintenance_is_refused() -> None:
    """Closing a part below mark may cost more than the maintenance that it sets free.

    Long 100 with equity 101 at mark 99.9. Ten sold at 98 lose 19 and set 19.98 of initial margin
    free, so margin would allow it; but 82 are left, and 90 lots need 89.91.
    """
    scene = Scene(linear(fee_tiers=FREE))
    scene.mark("101")
    scene.give(PIP, 211 * DOLLAR)
    scene.hold(PIP, 100, 101)
    scene.mark("99.9")
    scene.do(order(BOB, BUY, 100, 98))

    assert scene.wallet(PIP).equity == 101 * DOLLAR
    sale = order(PIP, SELL, 10, 98, time_in_force=IOC)
    assert why(scene.do(sale)) is Why.WOULD_CAUSE_LIQUIDATION


def test_unrealized_profit_is_margin() -> None:
    """What a position has gained may carry another."""
    scene = Scene(linear(fee_tiers=FREE))
    scene.give(PIP, 2 * DOLLAR)
    scene.hold(PIP, 1)

    assert why(scene.do(order(PIP, BUY, 1, 90))) is Why.INSUFFICIENT_MARGIN
    scene.mark("103")
    assert scene.wallet(PIP).equity == 5 * DOLLAR
    assert why(scene.do(order(PIP, BUY, 1, 90))) is None


def test_a_chosen_leverage_asks_for_that_share_of_the_value() -> None:
    """At five times, ten lots at 100 need 200 dollars instead of 20."""
    scene = Scene()
    scene.hold(ANN, 10)

    events = scene.do(SetLeverage(account=ANN, symbol=PERP, leverage=5))

    assert events == [LeverageSet(account=ANN, symbol=PERP, leverage=5)]
    assert scene.wallet(ANN).initial_margin == 200 * DOLLAR
    assert scene.wallet(ANN).maintenance_margin == 10 * DOLLAR
    scene.do(SetLeverage(account=ANN, symbol=PERP, leverage=None))
    assert scene.wallet(ANN).initial_margin == 20 * DOLLAR


@pytest.mark.parametrize(
    ("leverage", "reason"),
    [
        (0, Why.INVALID),
        (-1, Why.INVALID),
        (51, Why.LEVERAGE_TOO_HIGH),
        (1, Why.INSUFFICIENT_MARGIN),
    ],
)
def test_a_leverage_that_makes_no_sense_is_refused(leverage: int, reason: Why) -> None:
    """Not above what the schedule allows, not below what the account can cover."""
    scene = Scene()
    scene.give(PIP, 100 * DOLLAR)
    scene.hold(PIP, 10)
    before = scene.fingerprint()

    [event] = scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=leverage))

    assert isinstance(event, Refused)
    assert event.reason is reason
    assert scene.fingerprint() == before


def test_collateral_that_carries_positions_cannot_leave() -> None:
    """Ten lots and two more ordered need 24 of 100 dollars; 76 may go."""
    scene = Scene(linear(fee_tiers=FREE))
    scene.give(PIP, 100 * DOLLAR)
    scene.hold(PIP, 10)
    scene.place(order(PIP, BUY, 2, 90))

    def withdraw(atoms: int) -> list[str]:
        return names(scene.do(Deposit(account=PIP, wallet=FLEX, asset=USD, amount=Atoms(-atoms))))

    assert withdraw(76 * DOLLAR + 1) == ["Refused"]
    assert withdraw(76 * DOLLAR) == ["Deposited"]
    assert withdraw(1) == ["Refused"]


def test_a_deposit_mends_a_wallet_in_the_red() -> None:
    """However little it is; without it the account could never come back."""
    scene = Scene(linear(fee_tiers=FREE))
    scene.give(PIP, 20 * DOLLAR)
    scene.hold(PIP, 10)
    scene.do(order(BOB, BUY, 10, 90))
    scene.mark("90")
    scene.do(order(PIP, SELL, 10, 90))
    assert scene.wallet(PIP).balances[USD] == -80 * DOLLAR

    scene.give(PIP, 30 * DOLLAR)

    assert scene.wallet(PIP).balances[USD] == -50 * DOLLAR
    assert Lots(scene.held(PIP)) == 0


def test_equity_is_collateral_and_unrealized_profit() -> None:
    """One figure, asked by orders, withdrawals and liquidation alike; it needs no position."""
    scene = Scene(linear(fee_tiers=FREE))
    scene.give(PIP, 100 * DOLLAR)
    wallet = scene.engine.state.accounts[PIP].wallets[FLEX]
    assert equity(wallet) == 100 * DOLLAR

    scene.hold(PIP, 10)
    scene.mark("90")

    assert equity(wallet) == scene.wallet(PIP).equity == 0
    assert wallet.balance(USD) == 100 * DOLLAR
