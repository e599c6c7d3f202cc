"""Plans: what an order would trade, before anything changes."""

from openvenue.engine.matching import Plan, plan_fills
from openvenue.engine.orders import BUY, SELL, SelfTrade
from tests.unit.engine.scene import AMY, ANN, BOB, DOLLAR, PERP, PIP, Scene, names, order, trades


def plan(scene: Scene, sign: int, quantity: int, limit: int) -> Plan:
    """What Ann would trade now."""
    state = scene.engine.state
    return plan_fills(
        state.markets[PERP], state.accounts[ANN], sign, quantity, limit, SelfTrade.REJECT_TAKER
    )


def told(found: Plan) -> list[tuple[int, int, int]]:
    """Maker's number, quantity and value of each fill."""
    return [(fill.maker.order.order_id, fill.quantity, fill.value) for fill in found.fills]


def test_the_best_price_comes_first_and_then_the_oldest() -> None:
    """At one price nobody overtakes; a better price overtakes everybody."""
    scene = Scene()
    late_but_better = 3
    for price in (101, 101, 100):
        scene.do(order(BOB, SELL, 5, price))

    found = plan(scene, 1, 12, 101)

    assert told(found) == [
        (late_but_better, 5, 500 * DOLLAR),
        (1, 5, 505 * DOLLAR),
        (2, 2, 202 * DOLLAR),
    ]
    assert found.leaves == 0


def test_a_plan_stops_at_its_limit() -> None:
    """What is beyond stays in the book, what is left stays with the taker."""
    scene = Scene()
    scene.do(order(BOB, SELL, 5, 101), order(BOB, SELL, 5, 102))

    found = plan(scene, 1, 12, 101)

    assert [fill.quantity for fill in found.fills] == [5]
    assert found.leaves == 7
    assert not found.meets_itself


def test_a_plan_of_a_seller_looks_at_bids_from_the_top() -> None:
    """The mirror image."""
    scene = Scene()
    scene.do(order(BOB, BUY, 5, 98), order(BOB, BUY, 5, 99))

    assert told(plan(scene, -1, 6, 98)) == [(2, 5, 495 * DOLLAR), (1, 1, 98 * DOLLAR)]
    assert told(plan(scene, -1, 6, 100)) == []


def test_a_plan_stops_where_it_would_meet_its_own_family() -> None:
    """What others give before that is kept; nobody behind is reached."""
    scene = Scene()
    scene.do(order(BOB, SELL, 2, 100), order(AMY, SELL, 2, 101), order(BOB, SELL, 2, 101))

    found = plan(scene, 1, 6, 101)

    assert [fill.quantity for fill in found.fills] == [2]
    assert found.meets_itself
    assert found.leaves == 4


def test_a_plan_changes_nothing() -> None:
    """It is a question."""
    scene = Scene()
    scene.do(order(BOB, SELL, 5, 101))
    before = scene.fingerprint()

    plan(scene, 1, 3, 101)

    assert scene.fingerprint() == before


def test_reduce_only_makers_give_no_more_than_their_position() -> None:
    """Two orders may each be as large as the position; together they must not flip it."""
    scene = Scene()
    scene.hold(BOB, 5)
    first = scene.place(order(BOB, SELL, 4, 101, reduce_only=True))
    second = scene.place(order(BOB, SELL, 5, 102, reduce_only=True))
    third = scene.place(order(BOB, SELL, 5, 102, reduce_only=True))

    events = scene.do(order(ANN, BUY, 9, 102))

    assert trades(events) == [(first, 101, 4), (second, 102, 1)]
    assert scene.held(BOB) == 0
    assert scene.live(BOB) == []
    assert third not in scene.engine.state.orders
    assert names(events)[-3:] == ["OrderRested", "OrderCanceled", "OrderCanceled"]
    assert scene.leaves(scene.live(ANN)[0]) == 4


def test_a_poor_maker_is_met_all_the_same() -> None:
    """What rests has been margined; matching asks about priority alone."""
    scene = Scene()
    scene.give(PIP, 5 * DOLLAR)
    number = scene.place(order(PIP, SELL, 1, 101))

    assert trades(scene.do(order(ANN, BUY, 1, 101))) == [(number, 101, 1)]
