"""Ladders and walks, without an exchange."""

from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from openvenue.crowd.ladder import (
    Quote,
    Shape,
    center_for,
    grid_at,
    ladder,
    plan_changes,
    size_of,
)
from openvenue.crowd.walk import IndexWalk
from openvenue.engine.orders import BUY, GTC, SELL, Order, OrderView, Side
from openvenue.engine.units import PRICE_ONE, AccountId, FinePrice, Lots, Nanos, OrderId, Ticks
from openvenue.testing.worlds import PERP, SMALL_PERPETUAL

SHAPE = Shape(depth=24, size=Lots(100), spread_ppm=200, step_ppm=200)
prices = st.integers(min_value=1, max_value=1_000_000).map(Ticks)


def resting(order_id: int, side: Side, price: int) -> OrderView:
    """An order of the maker."""
    order = Order(
        order_id=OrderId(order_id),
        account=AccountId("maker"),
        symbol=PERP,
        side=side,
        quantity=Lots(10),
        limit_price=Ticks(price),
        time_in_force=GTC,
        created=Nanos(1),
    )
    return OrderView(order, Lots(10), Nanos(1))


@given(prices)
def test_a_ladder_is_never_crossed_and_stays_inside_the_market(price: Ticks) -> None:
    """A maker that met itself would be refused for self-trade."""
    quotes = ladder(SMALL_PERPETUAL, SHAPE, center_for(SHAPE, price, None))

    bids = [quote.price for quote in quotes if quote.side is BUY]
    asks = [quote.price for quote in quotes if quote.side is SELL]
    assert all(0 < each <= SMALL_PERPETUAL.max_price for each in bids + asks)
    assert not bids or not asks or bids[0] < asks[0]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))


@given(prices, st.integers(min_value=-3, max_value=3))
@example(Ticks(65_535), 0)  # the center falls where steps are wider
def test_the_center_stays_while_the_index_is_in_the_inner_band(price: Ticks, away: int) -> None:
    """An index that trembles around one price must not move a single order."""
    center = center_for(SHAPE, price, None)
    step = grid_at(SHAPE, center).step

    near = Ticks(center + (abs(away) * step // 8) * (1 if away > 0 else -1))

    assert center_for(SHAPE, near, center) == center


def test_a_center_that_moves_one_step_changes_four_orders() -> None:
    """One order leaves and one arrives on each side: that is the crowd's budget."""
    here, there = Ticks(95_004), Ticks(95_004 + grid_at(SHAPE, Ticks(95_000)).step)
    live = [
        resting(number, quote.side, quote.price)
        for number, quote in enumerate(ladder(SMALL_PERPETUAL, SHAPE, here), start=1)
    ]

    surplus, missing = plan_changes(live, ladder(SMALL_PERPETUAL, SHAPE, there))

    assert len(surplus) == 2
    assert len(missing) == 2


def test_a_second_order_on_one_level_is_surplus() -> None:
    """The older one keeps its place in the queue."""
    wanted = [Quote(BUY, Ticks(99), 0), Quote(SELL, Ticks(101), 0)]
    live = [resting(1, BUY, 99), resting(2, BUY, 99), resting(3, BUY, 50)]

    surplus, missing = plan_changes(live, wanted)

    assert surplus == [2, 3]
    assert missing == [Quote(SELL, Ticks(101), 0)]


def test_sizes_differ_and_are_never_below_the_minimum() -> None:
    """Books of equal sizes hide mistakes in whoever reads them."""
    rng = Random(1)
    sizes = [size_of(SMALL_PERPETUAL, SHAPE, Quote(BUY, Ticks(9), 0), rng) for _ in range(50)]
    tiny = Shape(depth=1, size=Lots(1), spread_ppm=1, step_ppm=1)

    assert len(set(sizes)) > 10
    assert size_of(SMALL_PERPETUAL, tiny, Quote(BUY, Ticks(9), 0), rng) >= 1


def test_a_walk_of_a_day_stays_within_a_few_percent_of_where_it_began() -> None:
    """A venue that is left alone for a month still trades near its first prices."""
    start = FinePrice(95_000 * PRICE_ONE)
    walk = IndexWalk(Random(5), start, 60)
    price = start
    steps = []
    for _ in range(86_400):
        before, price = price, walk.next(price)
        steps.append(abs(price - before) / before)

    assert abs(price / start - 1) < 0.05
    assert 0.00003 < sum(steps) / len(steps) < 0.00009
    assert max(steps) < 0.0003


def test_a_walk_begins_anew_where_somebody_put_the_price() -> None:
    """A price set by hand is not pulled back to the old one."""
    walk = IndexWalk(Random(5), FinePrice(95_000 * PRICE_ONE), 60)
    price = FinePrice(40_000 * PRICE_ONE)
    for _ in range(20_000):
        price = walk.next(price)

    assert abs(price / (40_000 * PRICE_ONE) - 1) < 0.05


def test_a_tiny_price_never_reaches_zero() -> None:
    """An index at zero is refused, and would end the market."""
    walk = IndexWalk(Random(5), FinePrice(3), 10_000)
    price = FinePrice(3)
    for _ in range(1_000):
        price = walk.next(price)
        assert price > 0
