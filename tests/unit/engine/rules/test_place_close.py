"""Conditional closes: what fills bring."""

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import AmendOrder, CancelOrder, CancelOrders, PlaceOrder
from openvenue.engine.events import (
    AmendRejected,
    Event,
    OrderAccepted,
    OrderRejected,
    Traded,
    TriggerFired,
)
from openvenue.engine.orders import (
    BUY,
    GTC,
    IOC,
    SELL,
    Close,
    Direction,
    Distance,
    Extras,
    Order,
    SelfTrade,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.reasons import RejectReason
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Lots, OrderId, Ppb, Ticks
from tests.unit.engine.scene import (
    ANN,
    BOB,
    CASH,
    PAIR,
    USD,
    XBT,
    Scene,
    linear,
    names,
    order,
    pair,
    stop,
    trades,
)

AT_120 = Close(limit_price=Ticks(120))


def closing(quantity: int, price: int | None, close: Close = AT_120, **terms: object) -> PlaceOrder:
    """Ann buys, and wants to get rid of what she got."""
    return order(
        ANN,
        BUY,
        quantity,
        price,
        symbol=PAIR,
        extras=Extras(close=close),
        **terms,  # type: ignore[arg-type]
    )


def children(events: list[Event]) -> list[Order]:
    """Orders that fills brought."""
    return [
        event.order
        for event in events
        if isinstance(event, OrderAccepted)
        and event.order.extras is not None
        and event.order.extras.closes is not None
    ]


@pytest.fixture
def scene() -> Scene:
    """One pair."""
    return Scene(pair())


def ask(quantity: int, price: int = 100) -> PlaceOrder:
    """Bob sells."""
    return order(BOB, SELL, quantity, price, symbol=PAIR)


def test_each_fill_brings_an_order_of_its_size_on_the_other_side(scene: Scene) -> None:
    """A maker's fills and a taker's alike."""
    scene.do(ask(3))
    events = scene.do(closing(10, 100))
    primary = OrderId(2)

    assert [(o.side, o.quantity, o.limit_price) for o in children(events)] == [(SELL, 3, 120)]
    events = scene.do(ask(2), ask(5))

    found = children(events)
    assert [(o.side, o.quantity, o.limit_price) for o in found] == [(SELL, 2, 120), (SELL, 5, 120)]
    assert all(o.extras is not None and o.extras.closes == primary for o in found)
    assert all((o.time_in_force, o.cl_ord_id, o.account) == (GTC, None, ANN) for o in found)
    assert len(scene.live(ANN)) == 3
    assert primary not in scene.live(ANN)


def test_two_fills_of_one_taker_bring_two_orders(scene: Scene) -> None:
    """One for each trade, in their order, once all of them have happened."""
    scene.do(ask(3), ask(4, 101))

    events = scene.do(closing(10, 101))

    assert names(events) == [
        "OrderAccepted",
        "Traded",
        "Traded",
        "OrderRested",
        "OrderAccepted",
        "OrderAccepted",
    ]
    assert [o.quantity for o in children(events)] == [3, 4]


def test_what_was_bought_is_held_for_its_sale(scene: Scene) -> None:
    """The fill pays for the close."""
    scene.do(ask(3))
    before = scene.wallet(ANN, CASH).held.get(XBT, 0)

    scene.do(closing(3, 100))

    assert scene.wallet(ANN, CASH).held[XBT] - before == 3 * 10**8


def test_a_close_is_on_its_own(scene: Scene) -> None:
    """It outlives the order that brought it, and can be changed and canceled by itself."""
    scene.do(ask(3))
    scene.do(closing(10, 100))
    [primary, child] = scene.live(ANN)

    scene.do(CancelOrder(account=ANN, order_id=OrderId(primary)))

    assert scene.live(ANN) == [child]
    events = scene.do(AmendOrder(account=ANN, order_id=OrderId(child), limit_price=Ticks(130)))
    assert names(events) == ["OrderAmended"]
    scene.do(CancelOrders(account=ANN))
    assert scene.live(ANN) == []


def test_an_order_with_a_close_cannot_be_changed(scene: Scene) -> None:
    """Source: Kraken Spot, "Amend order": orders with a conditional close are refused."""
    number = scene.place(closing(10, 90))

    [event] = scene.do(AmendOrder(account=ANN, order_id=number, quantity=Lots(5)))

    assert isinstance(event, AmendRejected)
    assert event.reason is RejectReason.HAS_CLOSE


def test_a_close_may_wait_for_a_price(scene: Scene) -> None:
    """A stop-loss for what was bought: it holds nothing, and fires like any other."""
    scene.do(ask(3))
    scene.do(closing(3, 100, Close(trigger=stop(SELL, 95))))
    [child] = scene.live(ANN)

    scene.do(order(BOB, BUY, 5, 95, symbol=PAIR))
    events = scene.do(order(ANN, SELL, 1, 95, symbol=PAIR))

    assert names(events) == ["OrderAccepted", "Traded", "TriggerFired", "OrderActivated", "Traded"]
    assert trades(events)[-1][2] == 3
    assert child not in scene.live(ANN)


def test_a_close_may_trail(scene: Scene) -> None:
    """From the price of the fill on, with a limit relative to its trigger."""
    trigger = Trigger(
        TriggerKind.STOP,
        Ticks(0),
        Signal.LAST,
        Direction.BELOW,
        trail=Distance(5),
        offset=Distance(-2),
    )
    scene.do(ask(3))

    [child] = children(scene.do(closing(3, 100, Close(trigger=trigger))))

    assert child.trigger is not None
    assert child.trigger.price == 95
    assert not child.is_market
    assert child.time_in_force is GTC


@pytest.mark.parametrize(
    ("close", "limit", "trigger"),
    [
        (Close(limit_from=Distance(7)), 107, None),
        (Close(limit_from=Distance(share=Ppb(50_000_000))), 105, None),
        (Close(trigger=stop(SELL, 1), trigger_from=Distance(-10)), None, 90),
        (
            Close(trigger=stop(SELL, 1), trigger_from=Distance(-10), limit_from=Distance(-12)),
            88,
            90,
        ),
    ],
)
def test_prices_may_be_relative_to_the_order_that_filled(
    scene: Scene, close: Close, limit: int | None, trigger: int | None
) -> None:
    """To its limit, here 100, though it was filled at 98."""
    scene.do(ask(3, 98))

    [child] = children(scene.do(closing(3, 100, close)))

    assert child.limit_price == limit
    assert (None if child.trigger is None else child.trigger.price) == trigger


def test_prices_relative_to_a_market_order_start_from_the_fill(scene: Scene) -> None:
    """It has no price of its own."""
    scene.do(ask(3, 98))

    [child] = children(scene.do(closing(3, None, Close(limit_from=Distance(7)))))

    assert child.limit_price == 105


def test_a_close_without_funds_is_refused_and_told(scene: Scene) -> None:
    """A sale that is to be bought back dearer than all the money pays for."""
    scene.do(order(BOB, BUY, 3, 100, symbol=PAIR))
    short = order(ANN, SELL, 3, 100, symbol=PAIR, extras=Extras(close=Close(Ticks(900_000))))

    events = scene.do(short)

    assert names(events) == ["OrderAccepted", "Traded", "OrderRejected"]
    refused = events[-1]
    assert isinstance(refused, OrderRejected)
    assert refused.reason is RejectReason.INSUFFICIENT_FUNDS
    assert refused.order is not None
    assert refused.order.extras == Extras(closes=OrderId(2))
    assert (refused.order.side, refused.order.quantity) == (BUY, 3)
    assert scene.engine.state.next_order_id == refused.order.order_id + 1
    assert scene.wallet(ANN, CASH).held.get(USD, 0) == 0


def test_a_close_off_all_bounds_is_refused_and_told(scene: Scene) -> None:
    """A relative price may be none."""
    scene.do(ask(3))

    events = scene.do(closing(3, 100, Close(limit_from=Distance(-100))))

    refused = events[-1]
    assert isinstance(refused, OrderRejected)
    assert refused.reason is RejectReason.INVALID_PRICE
    assert refused.order is not None


def test_a_fill_is_never_too_small_to_close() -> None:
    """Minimums are for those who open: else a part of what was bought would stay unguarded."""
    scene = Scene(pair(min_quantity=Lots(5), min_notional=5))
    scene.do(ask(8))
    scene.do(closing(6, 100))

    events = scene.do(closing(7, 100), ask(5))

    assert [o.quantity for o in children(events)] == [2, 5]


def test_a_close_that_meets_its_own_account_follows_the_rule_of_its_order(scene: Scene) -> None:
    """It is no way around self-trade prevention."""
    scene.do(ask(3))
    mine = scene.place(order(ANN, BUY, 1, 99, symbol=PAIR))

    events = scene.do(
        replace(closing(3, 100, Close(Ticks(99))), self_trade=SelfTrade.CANCEL_NEWEST)
    )

    assert names(events)[-2:] == ["OrderAccepted", "OrderCanceled"]
    assert scene.live(ANN) == [mine]


def test_a_close_that_trades_at_once_brings_nothing_more(scene: Scene) -> None:
    """A close has no close."""
    scene.do(order(BOB, BUY, 9, 90, symbol=PAIR), ask(3))

    events = scene.do(closing(3, 100, Close(Ticks(90))))

    assert [type(event) for event in events].count(Traded) == 2
    assert len(children(events)) == 1
    assert scene.live(ANN) == []


def test_templates_that_cannot_be_are_refused_at_once() -> None:
    """What is known before any fill is said before any fill."""
    scene = Scene(pair(), linear())
    bad = Trigger(TriggerKind.STOP, Ticks(0), Signal.LAST, Direction.BELOW)
    for close, reason in (
        (Close(), RejectReason.INVALID),
        (Close(Ticks(5), limit_from=Distance(1)), RejectReason.INVALID),
        (Close(Ticks(5), trigger_from=Distance(1)), RejectReason.INVALID),
        (Close(Ticks(0)), RejectReason.INVALID_PRICE),
        (Close(Ticks(10**9)), RejectReason.INVALID_PRICE),
        (Close(trigger=bad), RejectReason.INVALID_PRICE),
        (Close(trigger=replace(bad, trail=Distance(-1))), RejectReason.TRAIL_TOO_WIDE),
        (
            Close(trigger=replace(bad, trail=Distance(1)), trigger_from=Distance(1)),
            RejectReason.INVALID,
        ),
    ):
        [event] = scene.do(closing(3, 100, close))
        assert isinstance(event, OrderRejected)
        assert event.reason is reason, close
    for refused in (
        order(ANN, BUY, 3, 100, extras=Extras(close=AT_120)),  # of a contract
        order(ANN, BUY, 3, 100, symbol=PAIR, extras=Extras(closes=OrderId(1))),  # by its sender
    ):
        [event] = scene.do(refused)
        assert isinstance(event, OrderRejected)
        assert event.reason is RejectReason.INVALID


def test_an_iceberg_closes_slice_by_slice(scene: Scene) -> None:
    """Each fill is one, whatever is hidden."""
    extras = Extras(display=Lots(2), close=AT_120)
    scene.do(order(ANN, BUY, 5, 100, symbol=PAIR, extras=extras))

    events = scene.do(replace(ask(5), time_in_force=IOC))

    assert [o.quantity for o in children(events)] == [2, 2, 1]


def test_closes_survive_a_snapshot(scene: Scene) -> None:
    """Fills after a restart bring what fills before it would have."""
    scene.do(closing(10, 100))
    state = restore(take(scene.engine.state))
    assert state.fingerprint() == scene.fingerprint()
    state.now = scene.now
    again = type(scene.engine)(state)

    assert again.apply(ask(3), scene.now) == scene.do(ask(3))

    assert again.state.fingerprint() == scene.fingerprint()
    assert len(scene.live(ANN)) == 2


def test_no_print_from_before_a_close_reaches_it(scene: Scene) -> None:
    """A sweep prints 90 and then 100; a stop at 95 that it brings has seen neither of them."""
    scene.do(ask(3, 90), ask(4, 100))
    waiting = scene.place(order(BOB, SELL, 1, 80, symbol=PAIR, trigger=stop(SELL, 90)))

    events = scene.do(closing(7, 100, Close(trigger=stop(SELL, 95))))

    assert [event.order_id for event in events if isinstance(event, TriggerFired)] == [waiting]
    assert len(children(events)) == 2
    assert len(scene.live(ANN)) == 2
