"""Index and mark prices: the rule, its average, its pin."""

from decimal import Decimal

from openvenue.engine.commands import SetMarkPrice
from openvenue.engine.events import IndexPriceSet, MarkPriceSet, Refused
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import FINE_PRICE_MAX, PRICE_ONE, SECOND, FinePrice, Lots, Nanos
from tests.unit.engine.scene import ANN, BOB, FUTURE, INDEX, PERP, Scene, linear, order

IMPACT = linear(impact_size=Lots(10))


def test_without_a_book_the_mark_is_the_index() -> None:
    """Every market on the index hears of it, each by an event of its own."""
    scene = Scene(linear(), linear(FUTURE))

    price = FinePrice(10_150 * PRICE_ONE // 100)
    assert scene.index("101.50") == [
        IndexPriceSet(index=INDEX, price=price),
        MarkPriceSet(symbol=PERP, price=price, premium=0, is_pinned=False),
        MarkPriceSet(symbol=FUTURE, price=price, premium=0, is_pinned=False),
    ]


def test_the_mark_follows_the_impact_mid_over_a_minute() -> None:
    """A premium of 4 %: after 15 seconds a quarter of it, after a minute all."""
    scene = Scene(IMPACT)
    scene.do(
        order(BOB, SELL, 5, 105),
        order(BOB, SELL, 9, 106),
        order(ANN, BUY, 5, 103),
        order(ANN, BUY, 5, 102),
    )  # 105.5 to buy, 102.5 to sell: the mid is 104

    scene.wait(15)
    scene.index("100")
    assert scene.engine.state.markets[PERP].mark == 101 * PRICE_ONE
    scene.wait(60)
    scene.index("100")
    assert scene.engine.state.markets[PERP].mark == 104 * PRICE_ONE
    scene.wait(3_600)
    scene.index("200")
    assert scene.engine.state.markets[PERP].mark == 104 * PRICE_ONE


def test_a_market_may_smooth_its_mark_over_another_time() -> None:
    """A premium of 4 % that half a minute takes in: after 15 seconds half of it."""
    scene = Scene(linear(impact_size=Lots(10), mark_smoothing=Nanos(30 * SECOND)))
    scene.do(order(BOB, SELL, 10, 105), order(ANN, BUY, 10, 103))

    scene.wait(15)
    scene.index("100")
    assert scene.engine.state.markets[PERP].mark == 102 * PRICE_ONE
    scene.wait(30)
    scene.index("100")
    assert scene.engine.state.markets[PERP].mark == 104 * PRICE_ONE


def test_a_thin_book_tells_nothing() -> None:
    """Nine lots on one side are not ten; the premium stays what it was."""
    scene = Scene(IMPACT)
    scene.do(order(BOB, SELL, 10, 110), order(ANN, BUY, 9, 109))

    scene.wait(60)
    scene.index("100")

    assert scene.engine.state.markets[PERP].mark == 100 * PRICE_ONE


def test_a_pinned_mark_does_not_follow_the_index_until_it_is_let_go() -> None:
    """Tests and scenes put it where they need it."""
    scene = Scene()

    assert scene.mark("77.7") == [
        MarkPriceSet(symbol=PERP, price=FinePrice(777 * PRICE_ONE // 10), premium=0, is_pinned=True)
    ]
    assert [type(event) for event in scene.index("120")] == [IndexPriceSet]
    assert scene.do(SetMarkPrice(symbol=PERP, price=None)) == [
        MarkPriceSet(symbol=PERP, price=FinePrice(120 * PRICE_ONE), premium=0, is_pinned=False)
    ]
    assert scene.index("130")[-1] == MarkPriceSet(
        symbol=PERP, price=FinePrice(130 * PRICE_ONE), premium=0, is_pinned=False
    )


def test_prices_are_exact_to_their_last_digit() -> None:
    """What has no grid is kept as the digits that came."""
    scene = Scene()

    scene.index("100.123456789")

    assert scene.engine.state.markets[PERP].index == int(Decimal("100.123456789") * PRICE_ONE)


def test_no_index_however_far_off_makes_an_event_that_a_journal_cannot_hold() -> None:
    """From the least price to the greatest and back, with a book that stays where it was."""
    scene = Scene(IMPACT)
    scene.do(order(BOB, SELL, 10, 105), order(ANN, BUY, 10, 103))

    for price in ("0.000000001", "1000000000", "0.000000001", "100"):
        scene.wait(60)
        told = scene.index(price)
        marks = [event for event in told if isinstance(event, MarkPriceSet)]
        assert len(marks) == 1
        assert 0 < marks[0].price <= FINE_PRICE_MAX
        assert -(2**63) <= marks[0].premium < 2**63
    assert marks[0].price == 104 * PRICE_ONE


def test_a_price_above_all_prices_is_refused() -> None:
    """One step too much, as an index and as a mark; nothing moves."""
    scene = Scene()
    before = scene.engine.state.markets[PERP].mark
    above = Decimal(FINE_PRICE_MAX + 1) / PRICE_ONE

    assert scene.index(str(above)) == [Refused(reason=RejectReason.INVALID, detail=INDEX)]
    assert scene.do(SetMarkPrice(symbol=PERP, price=above)) == [
        Refused(reason=RejectReason.INVALID, detail="price")
    ]
    assert scene.engine.state.markets[PERP].mark == before
