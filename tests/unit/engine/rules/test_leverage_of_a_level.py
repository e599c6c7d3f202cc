"""Leverage that an account chose, against the level that its exposure falls into.

From half a million dollars on the contract takes 4 %: 25 times is the most that is to be had there.
"""

from typing import Final

import pytest

from openvenue.engine.commands import SetConditions, SetLeverage
from openvenue.engine.events import (
    Event,
    LeverageSet,
    MarginMoved,
    OrderAccepted,
    OrderRejected,
    Refused,
)
from openvenue.engine.instruments import FeeTier
from openvenue.engine.orders import BUY, IOC, SELL
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import Ppb
from tests.unit.engine.scene import ANN, BOB, DOLLAR, PERP, USD, Scene, linear, names, order

FREE: Final = (FeeTier(0, Ppb(0), Ppb(0)),)


def scene(leverage: int | None = None) -> Scene:
    """Ann has a million dollars; isolated, if she has chosen a leverage. Nobody pays fees."""
    made = Scene(linear(fee_tiers=FREE))
    made.give(BOB, 10**8 * DOLLAR)
    if leverage is not None:
        assert names(choose(made, leverage)) == ["LeverageSet"]
    return made


def choose(made: Scene, leverage: int | None) -> list[Event]:
    """What another preference of Ann's brings about."""
    is_isolated = leverage is not None
    return made.do(
        SetLeverage(account=ANN, symbol=PERP, leverage=leverage, is_isolated=is_isolated)
    )


def why(events: list[Event]) -> RejectReason | None:
    """The reason of a refusal; None: it stands."""
    first = events[0]
    if isinstance(first, OrderRejected | Refused):
        return first.reason
    assert isinstance(first, OrderAccepted | LeverageSet)
    return None


MARGINS = [  # leverage, lots at 100, dollars that the position stands on
    (50, 10, 20),  # 2 %, as the schedule has it
    (10, 10, 100),  # 10 %
    (25, 4_999, 19_996),  # 4 %, in the first level
    (25, 6_000, 24_000),  # 4 %, in the second: both say the same
    (20, 6_000, 30_000),  # 5 %
    (3, 10, 333.33333334),  # a third, rounded up to the atom
]


@pytest.mark.parametrize(("leverage", "lots", "dollars"), MARGINS)
def test_a_position_stands_on_the_larger_of_schedule_and_preference(
    leverage: int, lots: int, dollars: float
) -> None:
    """Reckoned by hand, for the position and for the orders before it."""
    made = scene(leverage)
    before = made.wallet(ANN).balances[USD]
    margin = round(dollars * DOLLAR)

    made.place(order(ANN, BUY, lots, 100))

    assert made.wallet(ANN).initial_margin_with_orders == margin
    made.do(order(BOB, SELL, lots, 100))
    assert made.wallet(ANN).balances[USD] == before - margin
    assert made.held(ANN) == lots


CHECKS = [  # leverage, lots held, lots bought, whether that can be had
    (50, 0, 4_999, True),
    (50, 0, 5_000, False),
    (50, 4_000, 999, True),
    (50, 4_000, 1_000, False),
    (26, 0, 5_000, False),
    (25, 0, 5_000, True),
    (None, 0, 5_000, True),  # cross: as the schedule has it
]


@pytest.mark.parametrize("takes", [False, True])
@pytest.mark.parametrize(("leverage", "held", "lots", "can_be"), CHECKS)
def test_an_order_into_a_level_that_has_less_leverage_is_refused(
    leverage: int | None, held: int, lots: int, can_be: bool, takes: bool
) -> None:
    """Whether it rests or trades; what is held and ordered on its side counts together."""
    made = scene(leverage)
    if held:
        made.hold(ANN, held)
    price = 100
    if takes:
        made.do(order(BOB, SELL, lots, price))

    found = why(made.do(order(ANN, BUY, lots, price)))

    assert found is (None if can_be else RejectReason.LEVERAGE_TOO_HIGH)


def test_orders_of_one_side_count_together_and_closing_is_free() -> None:
    """The other side has a level of its own; a position that a price has lifted can be closed."""
    made = scene(50)
    made.hold(ANN, 4_000)
    made.place(order(ANN, BUY, 999, 90))
    assert why(made.do(order(ANN, BUY, 1, 90))) is RejectReason.LEVERAGE_TOO_HIGH
    made.place(order(ANN, SELL, 8_000, 150))
    made.mark("150")  # 600,000 dollars: another level

    made.do(order(BOB, BUY, 100, 149))
    closed = made.do(order(ANN, SELL, 100, 149, time_in_force=IOC, reduce_only=True))

    assert why(closed) is None and made.held(ANN) == 3_900
    assert why(made.do(order(ANN, BUY, 1, 90))) is RejectReason.LEVERAGE_TOO_HIGH


def test_a_preference_has_to_suit_what_is_held_and_ordered() -> None:
    """Of the level that it falls into; below that an open position is margined anew."""
    made = scene(20)
    made.hold(ANN, 6_000)
    assert why(choose(made, 26)) is RejectReason.LEVERAGE_TOO_HIGH

    events = choose(made, 25)

    assert why(events) is None
    [moved] = [event for event in events if isinstance(event, MarginMoved)]
    assert moved.amount == -6_000 * DOLLAR
    events = choose(made, 10)
    [moved] = [event for event in events if isinstance(event, MarginMoved)]
    assert moved.amount == 36_000 * DOLLAR
    assert why(choose(made, None)) is RejectReason.OPEN_POSITION


def test_extreme_volatility_takes_margin_and_no_leverage() -> None:
    """It passes, and the preference stays what it is."""
    made = scene(50)
    made.do(SetConditions(symbol=PERP, margin_multiplier=3))

    assert why(made.do(order(ANN, BUY, 10, 100))) is None
    assert made.wallet(ANN).initial_margin_with_orders == 60 * DOLLAR
