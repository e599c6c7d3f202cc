"""What size at a price is worth, by hand and in fractions."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvenue.engine.contracts import Contract
from openvenue.engine.instruments import FeeTier, Instrument
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import PPB_ONE, Ppb
from tests.unit.engine.scene import COIN, DOLLAR, inverse, linear, pair

LINEAR = linear(tick_size=Decimal("0.5"), lot_size=Decimal("0.0001"))
INVERSE = inverse()
UNEVEN = linear(lot_size=Decimal("0.00000000003"))  # 0.3 of an atom at each dollar
lots = st.integers(1, 10**9)
ticks = st.integers(1, 10**7)
kinds = st.sampled_from([LINEAR, INVERSE, UNEVEN, pair()])


def exact(instrument: Instrument, quantity: int, price: int) -> Fraction:
    """Value in atoms of the settlement asset, nothing rounded."""
    size = quantity * Fraction(instrument.lot_size)
    dollars = price * Fraction(instrument.tick_size)
    one: int = 10**instrument.settlement_scale
    return (size / dollars if instrument.kind.name == "INVERSE" else size * dollars) * one


def test_a_linear_contract_is_worth_size_times_price() -> None:
    """Half a coin at 60,000.5 dollars is 30,000.25 dollars."""
    assert Contract(LINEAR).value(5_000, 120_001) == 30_000 * DOLLAR + DOLLAR // 4


def test_an_inverse_contract_is_worth_size_over_price() -> None:
    """1000 contracts of a dollar at 8000 are an eighth of a coin."""
    assert Contract(INVERSE).value(1_000, 16_000) == COIN // 8


def test_a_spot_order_is_worth_size_times_price() -> None:
    """Twelve hundredths of a coin at 100 dollars are 12 dollars."""
    assert Contract(pair()).value(12, 100) == 12 * DOLLAR


@given(kinds, lots, ticks)
def test_values_are_rounded_down_when_traded_and_up_when_held(
    instrument: Instrument, quantity: int, price: int
) -> None:
    """Both sides of a trade count the same amount; what has to be there is never too little."""
    contract = Contract(instrument)

    assert contract.value(quantity, price) == floor(exact(instrument, quantity, price))
    assert contract.value_up(quantity, price) == ceil(exact(instrument, quantity, price))


@given(kinds, lots, ticks)
def test_one_side_pays_what_the_other_gets(
    instrument: Instrument, quantity: int, price: int
) -> None:
    """Costs of the two sides of a trade cancel out, to the atom."""
    contract = Contract(instrument)

    bought = contract.signed_value(1, quantity, price)
    assert bought == -contract.signed_value(-1, quantity, price)
    assert (bought < 0) == (instrument.kind.name == "INVERSE" and bought != 0)


@pytest.mark.parametrize(
    ("maker", "taker", "value", "paid"),
    [
        (200_000, 500_000, 10_000, (2, 5)),  # 0.02 % and 0.05 %
        (200_000, 500_000, 1, (1, 1)),  # a part of an atom is an atom
        (200_000, 500_000, 10_001, (3, 6)),
        (-100_000, 0, 10_000, (-1, 0)),  # a rebate
        (-100_000, 0, 19_999, (-1, 0)),  # of which the part of an atom is not given
    ],
)
def test_fees_are_rounded_for_the_venue(
    maker: int, taker: int, value: int, paid: tuple[int, int]
) -> None:
    """What an account pays goes up, what it is given goes down."""
    contract = Contract(linear(fee_tiers=(FeeTier(0, Ppb(maker), Ppb(taker)),)))

    assert (contract.maker_fee(value), contract.taker_fee(value)) == paid
    assert contract.taker_fee(value) == ceil(Fraction(value * taker, PPB_ONE))


def test_closing_a_linear_position_realizes_exit_less_entry() -> None:
    """Long 10 at 100, closed at 103: three dollars a lot; short, the same lost."""
    contract = Contract(linear())

    assert contract.realized(10, 1_000 * DOLLAR, -1, 10, 103) == 30 * DOLLAR
    assert contract.realized(-10, -1_000 * DOLLAR, 1, 10, 103) == -30 * DOLLAR


def test_closing_an_inverse_position_realizes_the_difference_of_reciprocals() -> None:
    """Long 1000 at 8000, closed at 10000: 1000 / 8000 - 1000 / 10000 = 0.025 coins."""
    contract = Contract(inverse())

    assert contract.realized(1_000, -COIN // 8, -1, 1_000, 20_000) == COIN // 40
    assert contract.realized(-1_000, COIN // 8, 1, 1_000, 20_000) == -COIN // 40


def test_a_partial_close_realizes_its_share_of_the_cost() -> None:
    """Long 10 that cost 1000; four go at 105: 420 - 400."""
    contract = Contract(linear())

    assert contract.realized(10, 1_000 * DOLLAR, -1, 4, 105) == 20 * DOLLAR


def test_a_flip_realizes_only_what_it_closes() -> None:
    """Long 10, sold 25 at 105: ten of them are closed, the other fifteen open a short."""
    contract = Contract(linear())

    assert contract.realized(10, 1_000 * DOLLAR, -1, 25, 105) == 50 * DOLLAR


@pytest.mark.parametrize(("quantity", "sign"), [(0, 1), (0, -1), (10, 1), (-10, -1)])
def test_opening_and_adding_realize_nothing(quantity: int, sign: int) -> None:
    """Profit is made by leaving."""
    assert Contract(linear()).realized(quantity, quantity * 7, sign, 5, 105) == 0


@given(kinds, st.integers(2, 10**6), ticks, ticks, st.data())
def test_closing_in_parts_leaves_no_cost_behind(
    instrument: Instrument, quantity: int, entry: int, leave: int, data: st.DataObject
) -> None:
    """A part is rounded against the account by an atom at most, and the last part settles it."""
    contract = Contract(instrument)
    cost = int(contract.signed_value(1, quantity, entry))
    part = data.draw(st.integers(1, quantity - 1))

    first = contract.realized(quantity, cost, -1, part, leave)
    left = cost + contract.signed_value(-1, part, leave) + first
    second = contract.realized(quantity - part, left, -1, quantity - part, leave)

    released = -contract.signed_value(-1, part, leave) - first
    assert -first == contract.signed_value(-1, part, leave) + ceil(Fraction(cost * part, quantity))
    assert cost - released + contract.signed_value(-1, quantity - part, leave) + second == 0


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "why"),
    [
        (linear(max_notional=Decimal(1_000)), 10, 100, None),
        (linear(max_notional=Decimal(1_000)), 10, 101, RejectReason.INVALID_QUANTITY),
        (linear(max_notional=Decimal("999.5")), 10, 100, RejectReason.INVALID_QUANTITY),
        (linear(min_notional=Decimal(1_000)), 10, 100, None),
        (linear(min_notional=Decimal("999.5")), 10, 100, None),
        (linear(min_notional=Decimal("1000.5")), 10, 100, RejectReason.SMALL_ORDER),
        (inverse(max_notional=Decimal(500)), 500, 7, None),
        (inverse(max_notional=Decimal(500)), 501, 7, RejectReason.INVALID_QUANTITY),
        (inverse(min_notional=Decimal("0.5")), 1, 7, None),
        (linear(), 10**6, 10**6, None),
    ],
)
def test_notional_bounds_are_in_the_quote_asset(
    instrument: Instrument, quantity: int, price: int, why: RejectReason | None
) -> None:
    """An inverse contract's notional is its size, whatever the price."""
    assert Contract(instrument).why_notional_refuses(quantity, price) is why


def test_a_grid_price_is_a_mark_price() -> None:
    """Marks and ticks are compared in one unit."""
    assert Contract(LINEAR).fine(201) == int(Decimal("100.5") * 10**9)
