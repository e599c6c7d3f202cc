"""Laws of trailing stops: each stands its own distance behind the best price since its entry."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from openvenue.engine.events import (
    Event,
    IndexPriceSet,
    MarkPriceSet,
    ModeSet,
    OrderAccepted,
    OrderAmended,
    OrderStarted,
    Traded,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.orders import Direction, Order, Signal, Trigger
from openvenue.engine.units import Symbol
from tests.simulation import market
from tests.simulation.recording import FEW, TRADING, Recording

FINE = Decimal(10) ** -9
PPB = Decimal(10) ** -9


class Prices:
    """The newest price of each signal, in dollars; told event by event."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, Signal], Decimal] = {}
        self._closed: set[Symbol] = set()

    def hear(self, event: Event) -> list[tuple[Symbol, Signal, Decimal]]:
        """What `event` says about prices: symbol, signal, price.

        Where orders do not meet nothing is heard until they do again; then what stands is.
        """
        told: list[tuple[Symbol, Signal, Decimal]] = []
        if isinstance(event, Traded) and not event.origin.is_off_book:
            tick = market.BY_SYMBOL[event.symbol].tick_size
            told.append((event.symbol, Signal.LAST, event.price * tick))
        elif isinstance(event, MarkPriceSet):
            told.append((event.symbol, Signal.MARK, event.price * FINE))
        elif isinstance(event, IndexPriceSet):
            told += [(it, Signal.INDEX, event.price * FINE) for it in market.BY_SYMBOL]
        elif isinstance(event, ModeSet):
            if event.mode not in TRADING:
                self._closed.add(event.symbol)
            elif event.symbol in self._closed:
                self._closed.discard(event.symbol)
                told += [(*key, price) for key, price in self._now(event.symbol)]
        for symbol, signal, price in told:
            self._of[symbol, signal] = price
        return [row for row in told if row[0] not in self._closed]

    def _now(self, symbol: Symbol) -> list[tuple[tuple[Symbol, Signal], Decimal]]:
        return [((symbol, it[1]), price) for it, price in self._of.items() if it[0] == symbol]

    def of(self, symbol: str, signal: Signal) -> Decimal:
        """The newest one."""
        return self._of[symbol, signal]


def behind(order: Order, price: Decimal) -> int:
    """Where a stop that trails `price` fires, in ticks, on the far side of the grid."""
    trigger = order.trigger
    assert trigger is not None and trigger.trail is not None
    tick = market.BY_SYMBOL[order.symbol].tick_size
    away = price * trigger.trail.share * PPB
    if trigger.direction is Direction.BELOW:
        whole = ((price - away) / tick).to_integral_value(ROUND_FLOOR)
        return int(whole) - trigger.trail.ticks
    whole = ((price + away) / tick).to_integral_value(ROUND_CEILING)
    return int(whole) + trigger.trail.ticks


def trails(trigger: Trigger | None) -> bool:
    """Whether it follows a signal whose every price the events tell."""
    return trigger is not None and trigger.trail is not None and trigger.signal is not Signal.MID


def is_where_it_was(order: Order, before: Order, at: int) -> bool:
    """Whether a change left a trailing stop alone; else it began again."""
    now, then = order.trigger, before.trigger
    assert now is not None and then is not None
    return now.trail == then.trail and now.price == at


def test_a_trailing_stop_stands_its_distance_behind_the_best_price_since_entry(
    recordings: list[Recording],
) -> None:
    """Added up print by print: it only ever moves the way that its owner gains."""
    compared = moved = fired = 0
    for recording in recordings:
        prices = Prices()
        expected: dict[int, tuple[Order, int]] = {}
        for step in recording.setup + recording.steps:
            reached: set[int] = set()  # in this step, and so fired in it
            for event in step.events:
                if isinstance(event, OrderAccepted | OrderAmended) and trails(event.order.trigger):
                    order = event.order
                    trigger = order.trigger
                    assert trigger is not None
                    starts = None if order.extras is None else order.extras.starts
                    if starts is not None and starts > step.now:
                        continue  # it trails from then on
                    known = expected.get(order.order_id)
                    if known is None and isinstance(event, OrderAmended):
                        continue  # it fired before
                    if known is None or not is_where_it_was(order, *known):
                        price = prices.of(order.symbol, trigger.signal)
                        assert trigger.price == behind(order, price), (recording.seed, step.number)
                    expected[order.order_id] = (order, trigger.price)
                elif isinstance(event, OrderStarted):
                    if event.price is not None:
                        order = step.before.orders[event.order_id].order
                        assert order.trigger is not None
                        if trails(order.trigger):
                            price = prices.of(order.symbol, order.trigger.signal)
                            assert event.price == behind(order, price)
                            expected[event.order_id] = (order, event.price)
                elif isinstance(event, TriggerFired):
                    if expected.pop(event.order_id, None) is not None:
                        assert event.order_id in reached, (recording.seed, step.number)
                        fired += 1
                elif isinstance(event, TriggersMoved):
                    moved += len(event.moves)
                for symbol, signal, price in prices.hear(event):
                    for order_id, (order, at) in expected.items():
                        trigger = order.trigger
                        assert trigger is not None
                        if order.symbol == symbol and trigger.signal is signal:
                            tick = market.BY_SYMBOL[symbol].tick_size
                            if (price - at * tick) * int(trigger.direction) >= 0:
                                reached.add(order_id)
                            nearer = min if trigger.direction is Direction.ABOVE else max
                            expected[order_id] = (order, nearer(at, behind(order, price)))
            expected = {it: each for it, each in expected.items() if it in step.after.orders}
            assert reached.isdisjoint(expected), (recording.seed, step.number)
            for order_id, (_, at) in expected.items():
                seen = step.after.orders[order_id]
                assert seen.is_waiting
                assert seen.order.trigger is not None
                assert seen.order.trigger.price == at, (recording.seed, step.number, order_id)
                compared += 1
    assert (compared > 500 and moved > 50 and fired > 20) or len(recordings) < FEW
