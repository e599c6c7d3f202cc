"""Levels, ladders and triggers: who stands where, and in what order they are met."""

from openvenue.engine.book import REPACK_MIN
from openvenue.engine.commands import CancelOrder
from openvenue.engine.orders import BUY, SELL, Signal
from openvenue.engine.queries import BookView, GetBook, look
from openvenue.engine.units import Nanos, OrderId
from tests.unit.engine.scene import ANN, BOB, PERP, Scene, order, stop, take_profit, trades


def test_bids_stand_highest_first_and_asks_lowest_first() -> None:
    """However they came in."""
    scene = Scene()
    for price in (97, 99, 98, 95):
        scene.do(order(ANN, BUY, 1, price))
    for price in (103, 101, 104, 102):
        scene.do(order(BOB, SELL, 2, price))

    seen = look(scene.engine.state, GetBook(PERP))
    assert isinstance(seen, BookView)
    assert seen.bids == [(99, 1), (98, 1), (97, 1), (95, 1)]
    assert seen.asks == [(101, 2), (102, 2), (103, 2), (104, 2)]


def test_a_level_adds_up_its_orders_and_goes_with_the_last() -> None:
    """A price without orders is no level."""
    scene = Scene()
    first = scene.place(order(ANN, BUY, 3, 99))
    second = scene.place(order(BOB, BUY, 4, 99))
    ladder = scene.engine.state.markets[PERP].book.bids

    assert ladder.depth(0) == [(99, 7)]
    scene.do(CancelOrder(account=ANN, order_id=first))
    assert ladder.depth(0) == [(99, 4)]
    scene.do(CancelOrder(account=BOB, order_id=second))
    assert ladder.depth(0) == []
    assert (ladder.levels, ladder.keys) == ({}, [])


def test_a_level_in_the_middle_can_go() -> None:
    """The others stay in order."""
    scene = Scene()
    numbers = [scene.place(order(ANN, BUY, 1, price)) for price in (95, 96, 97, 98, 99)]

    scene.do(CancelOrder(account=ANN, order_id=numbers[2]))

    ladder = scene.engine.state.markets[PERP].book.bids
    assert [price for price, _ in ladder.depth(0)] == [99, 98, 96, 95]
    assert [price for price, _ in ladder.depth(2)] == [99, 98]


def test_a_long_queue_is_repacked_and_keeps_its_order() -> None:
    """Orders that leave make holes; who is still there keeps the place."""
    scene = Scene()
    count = 2 * REPACK_MIN + 40
    numbers = [scene.place(order(ANN, BUY, 1, 99)) for _ in range(count)]
    level = scene.engine.state.markets[PERP].book.bids.best()
    assert level is not None

    for number in numbers[:-10]:
        scene.do(CancelOrder(account=ANN, order_id=number))

    assert level.holes < REPACK_MIN
    assert list(level.orders) == numbers[-10:]
    assert level.quantity == 10
    met = trades(scene.do(order(BOB, SELL, 3, 99)))
    assert [maker for maker, _, _ in met] == numbers[-10:-7]


def test_triggers_fire_nearest_price_first() -> None:
    """Rising: the lowest first. Falling: the highest first. At one price: who came first."""
    scene = Scene()
    for price in (105, 103, 104, 103):
        scene.do(order(ANN, BUY, 1, 90, trigger=stop(BUY, price, Signal.MARK)))
    for price in (95, 97, 96):
        scene.do(order(ANN, SELL, 1, 110, trigger=stop(SELL, price, Signal.MARK)))

    waiting = scene.engine.state.markets[PERP].triggers
    above = [live.order.trigger for live in waiting.ladder(Signal.MARK, 1).in_priority()]
    below = [live.order.trigger for live in waiting.ladder(Signal.MARK, -1).in_priority()]

    assert [each.price for each in above if each] == [103, 103, 104, 105]
    assert [each.price for each in below if each] == [97, 96, 95]
    first, second = list(waiting.ladder(Signal.MARK, 1).in_priority())[:2]
    assert first.order.order_id < second.order.order_id


def test_triggers_wait_by_signal_and_direction() -> None:
    """An order that listens to the index does not hear of trades."""
    scene = Scene()
    scene.do(order(ANN, BUY, 1, 90, trigger=stop(BUY, 105, Signal.INDEX)))
    scene.do(order(ANN, BUY, 1, 90, trigger=take_profit(BUY, 95, Signal.MARK)))
    waiting = scene.engine.state.markets[PERP].triggers

    listening = {signal: waiting.are_waiting(signal) for signal in Signal}
    assert listening == {
        Signal.LAST: False,
        Signal.MARK: True,
        Signal.INDEX: True,
        Signal.MID: False,
    }
    assert len(list(waiting.in_order())) == 2


def test_whoever_leaves_lets_go_of_the_level() -> None:
    """An order and its level must not keep each other alive."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 1, 99))
    live = scene.engine.state.orders[number]
    assert live.level is not None

    scene.engine.apply(CancelOrder(account=ANN, order_id=OrderId(number)), Nanos(scene.now))

    assert live.level is None
