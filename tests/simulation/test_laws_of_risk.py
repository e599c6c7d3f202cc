"""Laws of liquidation, insurance and expiry, under random prices."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Final

import pytest

from openvenue.engine.events import (
    AssigneeJoined,
    CollateralTaken,
    ContractSettled,
    Converted,
    LiquidationEnded,
    LiquidationMoved,
    LiquidationStarted,
    MarkPriceSet,
    OrderAccepted,
    OrdersCanceled,
    PositionSettled,
    ShortfallCovered,
    Traded,
)
from openvenue.engine.instruments import Kind, RungKind
from openvenue.engine.orders import Order, Origin
from openvenue.engine.reasons import CancelReason
from openvenue.engine.units import PRICE_ONE
from tests.simulation import market
from tests.simulation import test_laws_of_money as of_money
from tests.simulation import test_laws_of_replay as of_replay
from tests.simulation import test_laws_of_the_book as of_the_book
from tests.simulation.recording import FEW, Recording, View

FEW_STORMS: Final = FEW * 3 // 10  # fewer need not liquidate anybody
MANY_STORMS: Final = 50  # fewer need not reach every rung of every ladder
worth = of_money.worth
LAWS: Final[list[Callable[[list[Recording]], None]]] = [
    of_money.test_money_neither_appears_nor_vanishes,
    of_money.test_profit_is_what_the_closed_lots_gained,
    of_money.test_longs_equal_shorts_and_open_interest,
    of_money.test_running_sums_equal_the_sums_that_they_save,
    of_money.test_reduce_only_never_flips_or_enlarges_a_position,
    of_money.test_resting_reduce_only_orders_fit_their_position,
    of_money.test_margin_is_what_positions_and_open_orders_need,
    of_replay.test_decided_again_gives_the_same_events_and_the_same_fingerprint,
    of_replay.test_a_fold_of_the_events_is_the_world_that_decided_them,
    of_replay.test_a_restored_world_goes_on_as_if_nothing_had_happened,
    of_replay.test_identifiers_count_up_without_gaps,
    of_the_book.test_a_book_is_never_crossed,
    of_the_book.test_levels_say_what_their_orders_add_up_to,
    of_the_book.test_trades_follow_price_then_time,
    of_the_book.test_the_book_is_what_its_events_say,
    of_the_book.test_nobody_trades_beyond_their_limit,
    of_the_book.test_fills_sum_to_the_order,
    of_the_book.test_an_order_ends_once,
    of_the_book.test_every_live_order_is_reachable_by_each_of_its_names,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("test_"))
def test_a_storm_suspends_no_law(
    law: Callable[[list[Recording]], None], storms: list[Recording]
) -> None:
    """What holds in fair weather holds when wallets are liquidated and contracts end."""
    law(storms)


def test_no_mark_price_leaves_a_wallet_short_of_margin(storms: list[Recording]) -> None:
    """Unless all that its ladder has was tried, and it was told so."""
    liquidated = spared = 0
    for recording in storms:
        for step in recording.steps:
            if not any(isinstance(event, MarkPriceSet) for event in step.events):
                continue
            tried = {
                (event.account, event.wallet)
                for event in step.events
                if isinstance(event, LiquidationEnded)
            }
            liquidated += len(tried)
            for account, seen in step.after.accounts.items():
                for wallet in seen.wallets:
                    if wallet.wallet == market.CASH or not _holds(
                        step.after, account, wallet.wallet
                    ):
                        continue
                    if wallet.equity < wallet.maintenance_margin:
                        where = (recording.seed, step.number, account, wallet)
                        assert (account, wallet.wallet) in tried, where
                        spared += 1
    assert liquidated > 5 or len(storms) < FEW_STORMS
    assert spared > 0 or len(storms) < MANY_STORMS


def test_only_wallets_that_are_short_are_liquidated(storms: list[Recording]) -> None:
    """What is told of equity and margin is less, and the orders of the wallet are gone first."""
    started = 0
    for recording in storms:
        for step in recording.steps:
            for at, event in enumerate(step.events):
                if not isinstance(event, LiquidationStarted):
                    continue
                started += 1
                assert event.equity < event.maintenance, (recording.seed, step.number)
                following = step.events[at + 1]
                if isinstance(following, OrdersCanceled):
                    assert following.account == event.account
                    assert following.reason is CancelReason.LIQUIDATION
            ends = {
                (event.account, event.wallet): at
                for at, event in enumerate(step.events)
                if isinstance(event, LiquidationEnded)
            }
            for event in step.events:
                if isinstance(event, LiquidationStarted):
                    assert (event.account, event.wallet) in ends, (recording.seed, step.number)
    assert started > 5 or len(storms) < FEW_STORMS


def test_who_has_nothing_open_owes_nothing(storms: list[Recording]) -> None:
    """Equity after a liquidation is never below zero: what was owed, the fund has paid.

    A currency may be owed while others in the wallet are worth more.
    """
    for recording in storms:
        for step in recording.steps:
            for account, seen in step.after.accounts.items():
                for wallet in seen.wallets:
                    if not _holds(step.after, account, wallet.wallet):
                        where = (recording.seed, step.number, account, wallet)
                        assert wallet.equity >= 0, where


def test_the_fund_is_what_fees_brought_less_what_it_paid(storms: list[Recording]) -> None:
    """And a cover makes good exactly what was owed."""
    paid = 0
    for recording in storms:
        fund: Counter[str] = Counter()
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, Traded):
                    fund[market.BY_SYMBOL[event.symbol].settlement] += event.liquidation_fee
                    paid += event.liquidation_fee > 0
                elif isinstance(event, ShortfallCovered):
                    assert event.amount > 0
                    fund[event.asset] -= event.amount
            for asset in market.SCALES:
                assert step.after.insurance.get(asset, 0) == fund[asset], recording.seed
    assert paid > 10 or len(storms) < MANY_STORMS


def test_the_fund_pays_only_for_who_has_nothing_left_to_sell(storms: list[Recording]) -> None:
    """Coins that count as margin are sold first, for what the index gives less the spread."""
    sold = 0
    for recording in storms:
        for step in recording.steps:
            for event in step.events:
                where = (recording.seed, step.number, event)
                if isinstance(event, Converted):
                    sold += 1
                    scale = market.SCALES[event.paid_in]
                    paid = Fraction(event.paid, 10**scale) * Fraction(event.price, PRICE_ONE)
                    fair = paid * 10 ** market.SCALES[event.asset]
                    assert event.bought == floor(fair * (1 - Fraction(event.spread, 10**9))), where
                    _, _, _, spread = market.COUNTED[event.paid_in]
                    assert event.spread == spread, where
                elif isinstance(event, ShortfallCovered) and event.wallet == market.FLEX:
                    for asset in market.COUNTED:
                        place = (event.account, event.wallet, asset)
                        assert step.after.balances.get(place, 0) == 0, where
    assert sold or len(storms) < MANY_STORMS


def test_forced_orders_only_make_the_owner_smaller(storms: list[Recording]) -> None:
    """The taker's position shrinks; of the others only those who agreed to it grow."""
    met: Counter[Origin] = Counter()
    for recording in storms:
        held: Counter[tuple[str, str]] = Counter()
        joined: set[str] = set()
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, PositionSettled):
                    held.pop((event.account, event.symbol))
                elif isinstance(event, AssigneeJoined):
                    joined.add(event.account)
                if not isinstance(event, Traded):
                    continue
                sign = int(event.aggressor)
                taker = held[event.taker_account, event.symbol]
                maker = held[event.maker_account, event.symbol]
                where = (recording.seed, step.number, event)
                if event.origin is not Origin.CLIENT:
                    met[event.origin] += 1
                    assert taker * sign < 0 and abs(taker) >= event.quantity, where
                if event.origin is Origin.UNWIND:
                    assert maker * sign > 0 and abs(maker) >= event.quantity, where
                if event.origin is Origin.BACKSTOP:
                    assert event.maker_account == market.KEEPER, where
                if event.origin is Origin.ASSIGNMENT:
                    assert event.maker_account in joined, where
                held[event.taker_account, event.symbol] += sign * event.quantity
                held[event.maker_account, event.symbol] -= sign * event.quantity
    assert met or len(storms) < FEW_STORMS
    assert all(met[it] for it in Origin if it is not Origin.CLIENT) or len(storms) < MANY_STORMS


def test_a_fee_of_a_liquidation_comes_out_of_what_a_fill_was_better(
    storms: list[Recording],
) -> None:
    """Than the order's limit, where that is the price at which all is lost."""
    for recording in storms:
        terms: dict[int, Order] = {}
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, OrderAccepted):
                    terms[event.order.order_id] = event.order
                if not isinstance(event, Traded) or event.origin.is_off_book:
                    continue
                if event.origin is Origin.CLIENT:
                    assert event.liquidation_fee == 0
                    continue
                assert event.taker_fee >= 0
                assert event.liquidation_fee >= 0
                instrument = market.BY_SYMBOL[event.symbol]
                if instrument.symbol == market.PERPETUAL.symbol:
                    continue  # its limit leaves two thirds of the margin, which fees may take
                limit = terms[event.taker_order_id].limit_price
                assert limit is not None
                spare = abs(worth(instrument, event.quantity, limit) - event.value)
                assert event.taker_fee + event.liquidation_fee <= spare + 1, recording.seed


def test_a_keeper_takes_all_or_nothing_of_a_wallet(storms: list[Recording]) -> None:
    """Who was taken over has no position and no money left in that wallet."""
    taken = 0
    for recording in storms:
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, LiquidationMoved):
                    rung = market.BY_SYMBOL[event.symbol].ladder[event.rung]
                    if rung.kind is not RungKind.BACKSTOP:
                        continue
                    taken += 1
                    name = (event.account, event.wallet)
                    moved = [e for e in step.events if isinstance(e, CollateralTaken)]
                    assert all(e.to == market.KEEPER for e in moved)
                    assert not _holds(step.after, *name), (recording.seed, step.number)
                    assert step.after.balances[*name, market.USD] == 0, recording.seed
    assert taken > 0 or len(storms) < MANY_STORMS


def test_a_contract_ends_for_everybody_at_one_price(storms: list[Recording]) -> None:
    """No order, no position, no open interest; what rounding took is less than an atom each."""
    settled = 0
    for recording in storms:
        over: set[str] = set()
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, ContractSettled):
                    over.add(event.symbol)
                    assert step.now >= market.EXPIRY
                    mine = [
                        each
                        for each in step.events
                        if isinstance(each, PositionSettled) and each.symbol == event.symbol
                    ]
                    settled += len(mine)
                    assert {each.price for each in mine} <= {event.price}
                    assert sum(each.quantity for each in mine) == 0
                    for each in mine:
                        seen = step.before.positions[each.account, each.symbol]
                        if seen.quantity == each.quantity:  # nothing came between
                            gained = _value(each) - seen.cost
                            assert 0 <= gained - each.realized < 1, (recording.seed, step.number)
            for symbol in over:
                where = (recording.seed, step.number, symbol)
                assert step.after.open_interest[symbol] == 0, where
                assert not step.after.bids[symbol] and not step.after.asks[symbol], where
                assert not step.after.waiting[symbol], where
            assert all(0 <= atoms < 100 for atoms in step.after.dust.values()), recording.seed
    assert settled > 20 or len(storms) < FEW_STORMS


def _value(event: PositionSettled) -> Fraction:
    """What a position is worth at its contract's last price, signed as its cost."""
    instrument = market.BY_SYMBOL[event.symbol]
    price = Fraction(event.price, PRICE_ONE)
    size = event.quantity * Fraction(instrument.lot_size)
    units = -size / price if instrument.kind is Kind.INVERSE else size * price
    one: int = 10**instrument.settlement_scale
    return units * one


def _holds(view: View, account: str, wallet: str) -> bool:
    """Whether an open position stands on this wallet, among others or isolated."""
    names = {str(it.symbol): (it.wallet, f"{it.wallet}/{it.symbol}") for it in market.INSTRUMENTS}
    return any(
        seen.quantity
        for (owner, symbol), seen in view.positions.items()
        if owner == account and wallet in names[symbol]
    )


def test_nobody_trades_in_a_contract_that_is_over(storms: list[Recording]) -> None:
    """Whatever its mode was before, and whoever asks for another."""
    after = 0
    for recording in storms:
        over: set[str] = set()
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, OrderAccepted):
                    assert event.order.symbol not in over, (recording.seed, step.number)
                elif isinstance(event, ContractSettled):
                    over.add(event.symbol)
            after += bool(over)
    assert after > 100 or len(storms) < FEW_STORMS
