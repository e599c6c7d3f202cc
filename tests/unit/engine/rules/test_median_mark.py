"""The mark as a median of three: the index, the book, and a price elsewhere; checked by hand."""

from decimal import Decimal
from typing import Final

import pytest

from openvenue.engine.commands import SetIndexPrice, SetMarkPrice
from openvenue.engine.events import IndexPriceSet, MarkPriceSet, Refused
from openvenue.engine.instruments import IndexId, MedianMark
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.queries import GetIndexPrices, look
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import PRICE_ONE, FinePrice
from tests.unit.engine.scene import ANN, BOB, FUTURE, INDEX, PERP, Scene, linear, order

ELSEWHERE: Final = IndexId("XBT:PERP")
MEDIAN: Final = linear(mark=MedianMark(ELSEWHERE))


def scene(bid: int, ask: int, last: int) -> Scene:
    """A book of one bid and one ask, after a trade; 0 leaves one out. The index is 100."""
    here = Scene(MEDIAN)
    if last:
        here.do(order(BOB, SELL, 1, last), order(ANN, BUY, 1, last))
    if bid:
        here.do(order(ANN, BUY, 1, bid))
    if ask:
        here.do(order(BOB, SELL, 1, ask))
    return here


def mark(here: Scene, symbol: str = PERP) -> Decimal:
    """In dollars."""
    return Decimal(here.engine.state.markets[symbol].mark) / PRICE_ONE  # type: ignore[index]


@pytest.mark.parametrize(
    ("bid", "ask", "last", "elsewhere", "expected"),
    [
        (103, 107, 105, "102", "102"),  # book 105, index 100: the price elsewhere is between
        (101, 103, 110, "120", "103"),  # book 103: bid 101, ask 103, last 110
        (101, 103, 90, "120", "101"),  # the bid is the middle of the book
        (96, 98, 97, "90", "97"),  # below the index, too
        (103, 107, 105, "95", "100"),  # on either side of it: the index
        (103, 0, 105, "120", "104"),  # two: half-way between them
        (0, 0, 105, "120", "105"),  # one: that one
        (0, 107, 0, "120", "107"),
        (0, 0, 0, "120", "100"),  # an empty book says nothing
    ],
)
def test_the_middle_one_of_three(
    bid: int, ask: int, last: int, elsewhere: str, expected: str
) -> None:
    """Of which the book's is itself the middle one of three."""
    here = scene(bid, ask, last)

    here.do(SetIndexPrice(index=ELSEWHERE, price=Decimal(elsewhere)))

    assert mark(here) == Decimal(expected)
    here.index("100")
    assert mark(here) == Decimal(expected)


def test_without_a_price_elsewhere_the_index_stands_for_it() -> None:
    """Two of three are the index then, whatever the book says."""
    here = scene(103, 107, 105)

    here.index("101")

    assert mark(here) == 101


def test_a_price_elsewhere_moves_only_those_that_look_at_it() -> None:
    """One event for the price, one for each mark; no index moves, and funding goes by that."""
    here = Scene(MEDIAN, linear(FUTURE))
    here.do(order(BOB, SELL, 1, 105), order(ANN, BUY, 1, 103))

    events = here.do(SetIndexPrice(index=ELSEWHERE, price=Decimal(102)))

    assert events == [
        IndexPriceSet(index=ELSEWHERE, price=FinePrice(102 * PRICE_ONE)),
        MarkPriceSet(symbol=PERP, price=FinePrice(102 * PRICE_ONE), premium=0, is_pinned=False),
    ]
    assert here.engine.state.markets[PERP].index == 100 * PRICE_ONE
    assert mark(here, FUTURE) == 100
    assert look(here.engine.state, GetIndexPrices()) == {
        INDEX: 100 * PRICE_ONE,
        ELSEWHERE: 102 * PRICE_ONE,
    }


def test_a_pin_holds_and_goes_back_to_the_rule() -> None:
    """With the prices of now."""
    here = scene(103, 107, 105)
    here.do(SetMarkPrice(symbol=PERP, price=Decimal(50)))
    here.do(SetIndexPrice(index=ELSEWHERE, price=Decimal(102)))
    assert mark(here) == 50

    here.do(SetMarkPrice(symbol=PERP, price=None))

    assert mark(here) == 102


def test_prices_that_cannot_be_are_refused() -> None:
    """As those of an index are."""
    here = Scene(MEDIAN)

    for index, price in ((ELSEWHERE, "0"), (ELSEWHERE, "-1"), (IndexId("NONE"), "1")):
        (event,) = here.do(SetIndexPrice(index=index, price=Decimal(price)))
        assert isinstance(event, Refused)


def test_it_is_restored_with_the_rest() -> None:
    """And decides the next mark as if nothing had happened."""
    here = scene(103, 107, 105)
    here.do(SetIndexPrice(index=ELSEWHERE, price=Decimal(102)))
    there = restore(take(here.engine.state))

    assert there.markets[PERP].elsewhere == 102 * PRICE_ONE
    assert there.fingerprint() == here.engine.state.fingerprint()
