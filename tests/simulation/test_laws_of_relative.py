"""Laws of terms that depend on the market: what was asked for is what was paid, and no more."""

from fractions import Fraction

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.events import IndexPriceSet, OrderAccepted, Traded
from tests.simulation import market
from tests.simulation.recording import FEW, Recording


def test_money_buys_no_more_than_it_pays_for(recordings: list[Recording]) -> None:
    """Nor less than it could: what is left over does not pay for another lot of the dearest."""
    bought = whole = 0
    for recording in recordings:
        for step in recording.steps:
            if not isinstance(step.command, PlaceOrder) or step.command.extras is None:
                continue
            cash = step.command.extras.cash
            if cash is None:
                continue
            spent = last = 0
            order = None
            traded = 0
            for event in step.events:
                if isinstance(event, OrderAccepted) and order is None:
                    order = event.order
                if isinstance(event, Traded) and order is not None:
                    if event.taker_order_id == order.order_id:
                        spent += event.value
                        last = event.price
                        traded += event.quantity
            assert spent <= cash, (recording.seed, step.number)
            bought += spent > 0
            if order is not None and traded == order.quantity:
                spot = market.SPOT
                tick = spot.tick_size * spot.lot_size * 10**spot.settlement_scale
                lot = Fraction(last) * Fraction(tick)
                # Each maker's part is cut to an atom, which may leave that much more.
                assert cash - spent < lot + len(step.events) + 1, (recording.seed, step.number)
                whole += 1
    assert (bought > 10 and whole > 5) or len(recordings) < FEW


def test_a_relative_limit_is_so_far_from_the_last_trade(recordings: list[Recording]) -> None:
    """Or from the index, as long as nothing has traded."""
    compared = 0
    for recording in recordings:
        last = 0
        index = Fraction(100)
        for step in recording.setup + recording.steps:
            command = step.command
            for event in step.events:
                if isinstance(event, IndexPriceSet):
                    index = Fraction(event.price, 10**9)
                if isinstance(event, OrderAccepted) and isinstance(command, PlaceOrder):
                    extras = event.order.extras
                    if extras is None or extras.limit_from is None or extras.closes is not None:
                        continue
                    if extras != command.extras or command.slides:
                        continue
                    base = last or int(index / Fraction(market.SPOT.tick_size))
                    away = extras.limit_from
                    limit = base + away.ticks + base * away.share // 10**9
                    assert event.order.limit_price == limit, (recording.seed, step.number)
                    compared += 1
                if isinstance(event, Traded) and event.symbol == market.SPOT.symbol:
                    last = event.price
    assert compared > 10 or len(recordings) < FEW
