"""What market makers want in the book, and the few changes that bring it there. All of it is pure.

Prices of a ladder lie on a coarse grid. When the index leaves the inner band around a ladder's
center, the center moves by whole steps of that grid: most orders stay where they are.
"""

from collections.abc import Iterable
from random import Random
from typing import Final

from msgspec import Struct

from openvenue.engine.instruments import Instrument
from openvenue.engine.orders import BUY, SELL, OrderView, Side
from openvenue.engine.units import PRICE_ONE, FinePrice, Lots, OrderId, Ticks

PPM: Final = 10**6
BAND: Final = (3, 4)  # of a step: how far the index may be from the center


class Shape(Struct, frozen=True):
    """The geometry of one market's ladder."""

    depth: int  # levels on each side
    size: Lots  # typical of the best level
    spread_ppm: int
    step_ppm: int


class Quote(Struct, frozen=True):
    """One level of a ladder."""

    side: Side
    price: Ticks
    depth: int  # 0 is the best level


class Grid(Struct, frozen=True):
    """A shape in ticks, at one magnitude of the price."""

    step: int
    half_spread: int


def grid_at(shape: Shape, price: Ticks) -> Grid:
    """The grid for prices near `price`: the same from one power of two to the next."""
    magnitude = 1 << (max(1, price).bit_length() - 1)
    return Grid(
        step=max(1, magnitude * shape.step_ppm // PPM),
        half_spread=max(1, magnitude * shape.spread_ppm // (2 * PPM)),
    )


def in_ticks(it: Instrument, price: FinePrice) -> Ticks:
    """The tick at or below `price`."""
    return Ticks(price // int(it.tick_size * PRICE_ONE))


def center_for(shape: Shape, price: Ticks, center: Ticks | None) -> Ticks:
    """Where the middle of the ladder belongs; `center` while `price` is inside its inner band."""
    part, whole = BAND
    if center is not None and abs(price - center) * whole <= grid_at(shape, center).step * part:
        return center
    step = grid_at(shape, price).step
    return Ticks((price + step // 2) // step * step)


def ladder(it: Instrument, shape: Shape, center: Ticks) -> list[Quote]:
    """The levels around `center`, best first, sides in turn; none off the market's price range."""
    grid = grid_at(shape, center)
    quotes = []
    for depth in range(shape.depth):
        away = grid.half_spread + depth * grid.step
        if center - away > 0:
            quotes.append(Quote(BUY, Ticks(center - away), depth))
        if center + away <= it.max_price:
            quotes.append(Quote(SELL, Ticks(center + away), depth))
    return quotes


def plan_changes(
    live: Iterable[OrderView], wanted: list[Quote]
) -> tuple[list[OrderId], list[Quote]]:
    """Orders to cancel (not wanted, or wanted once and there twice), and quotes not there yet."""
    missing = {(each.side, each.price): each for each in wanted}
    surplus = []
    for view in live:
        order = view.order
        name = None if order.limit_price is None else (order.side, order.limit_price)
        if name is None or view.is_waiting or missing.pop(name, None) is None:
            surplus.append(order.order_id)
    return surplus, list(missing.values())


def size_of(it: Instrument, shape: Shape, quote: Quote, rng: Random) -> Lots:
    """A size for a level: deeper ones are larger, and no two are alike."""
    typical = shape.size * (4 + quote.depth) // 4
    return Lots(max(it.min_quantity, typical * rng.randint(60, 140) // 100))
