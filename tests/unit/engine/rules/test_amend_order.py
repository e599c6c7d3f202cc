"""Amending: what keeps its place, what trades on the way, what is refused."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import AmendOrder, Batch, CancelOrder, SetIntake, SetMode
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    AmendRejected,
    Event,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    Traded,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import BUY, SELL, OrderView, SelfTrade, Signal
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import AccountId, Lots, Nanos, OrderId, Ticks
from tests.unit.engine.scene import (
    AMY,
    ANN,
    BOB,
    CASH,
    CENT,
    DOLLAR,
    INVERSE,
    PAIR,
    PERP,
    PIP,
    START,
    USD,
    XBT,
    Scene,
    inverse,
    linear,
    names,
    order,
    pair,
    stop,
    trades,
)


def amend(
    account: AccountId,
    number: int | str,
    *,
    quantity: int | None = None,
    leaves: int | None = None,
    price: int | None = None,
    trigger: int | None = None,
    deadline: Nanos | None = None,
) -> AmendOrder:
    """A change in lots and ticks, of an order by its number or by its owner's name for it."""
    return AmendOrder(
        account=account,
        order_id=None if isinstance(number, str) else OrderId(number),
        cl_ord_id=number if isinstance(number, str) else None,
        quantity=None if quantity is None else Lots(quantity),
        leaves=None if leaves is None else Lots(leaves),
        limit_price=None if price is None else Ticks(price),
        trigger_price=None if trigger is None else Ticks(trigger),
        deadline=deadline,
    )


def view(scene: Scene, number: int) -> OrderView:
    """A live order as it is."""
    return scene.engine.state.orders[number].view()


def refused(scene: Scene, command: AmendOrder) -> Why:
    """Why a change is refused; nothing at all may have changed."""
    before = scene.fingerprint()
    events = scene.do(command)
    [event] = events
    assert isinstance(event, AmendRejected), event
    assert (event.account, event.order_id, event.cl_ord_id) == (
        command.account,
        command.order_id,
        command.cl_ord_id,
    )
    assert scene.fingerprint() == before
    return event.reason


def amended(events: list[Event]) -> OrderAmended:
    """The change that was made."""
    [event] = [each for each in events if isinstance(each, OrderAmended)]
    return event


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({"quantity": 3}, True),
        ({"leaves": 3}, True),
        ({"quantity": 5}, True),  # no change
        ({"price": 110}, True),  # no change either
        ({"quantity": 3, "price": 110}, True),
        ({"quantity": 6}, False),
        ({"leaves": 6}, False),
        ({"quantity": 6, "price": 110}, False),
    ],
)
def test_only_a_smaller_size_at_the_same_price_keeps_its_place(
    change: dict[str, int], first: bool
) -> None:
    """Growing means queueing again, behind those who came meanwhile."""
    scene = Scene()
    early = scene.place(order(ANN, SELL, 5, 110))
    late = scene.place(order(ANN, SELL, 5, 110))

    event = amended(scene.do(amend(ANN, early, **change)))  # type: ignore[arg-type]

    assert (event.keeps_place, event.rests) == (first, True)
    met = trades(scene.do(order(BOB, BUY, 1, 110)))
    assert met == [(early if first else late, 110, 1)]


def test_going_to_another_price_and_back_costs_the_place() -> None:
    """A level forgets who was there."""
    scene = Scene()
    early = scene.place(order(ANN, SELL, 5, 110))
    late = scene.place(order(ANN, SELL, 5, 110))

    away = amended(scene.do(amend(ANN, early, price=111)))
    back = amended(scene.do(amend(ANN, early, price=110)))

    assert (away.keeps_place, back.keeps_place) == (False, False)
    assert [maker for maker, _, _ in trades(scene.do(order(BOB, BUY, 10, 110)))] == [late, early]


def test_a_better_price_is_first_in_line() -> None:
    """Price comes before time, also for those who moved."""
    scene = Scene()
    first = scene.place(order(ANN, SELL, 5, 110))
    second = scene.place(order(ANN, SELL, 5, 111))

    scene.do(amend(ANN, second, price=109))

    assert trades(scene.do(order(BOB, BUY, 6, 110))) == [(second, 109, 5), (first, 110, 1)]


def test_an_order_that_grew_and_shrank_gives_levels_that_add_up() -> None:
    """Levels and reservations follow each change."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, 90))
    scene.place(order(ANN, BUY, 2, 90))
    for change, bids in (
        ({"quantity": 9}, [(90, 11)]),
        ({"quantity": 4}, [(90, 6)]),
        ({"price": 91}, [(91, 4), (90, 2)]),
        ({"price": 90, "leaves": 1}, [(90, 3)]),
    ):
        scene.do(amend(ANN, number, **change))  # type: ignore[arg-type]
        book = scene.engine.state.markets[PERP].book
        assert book.bids.depth(0) == bids
        position = scene.engine.state.accounts[ANN].positions[PERP]
        assert position.buys == sum(quantity for _, quantity in bids)


def test_quantity_is_all_of_the_order_and_leaves_is_what_is_still_to_trade() -> None:
    """Two of five have traded: a quantity of four leaves two, leaves of four makes six."""
    for change, whole, left in (({"quantity": 4}, 4, 2), ({"leaves": 4}, 6, 4)):
        scene = Scene()
        number = scene.place(order(ANN, SELL, 5, 110))
        scene.do(order(BOB, BUY, 2, 110))

        event = amended(scene.do(amend(ANN, number, **change)))  # type: ignore[arg-type]

        after = view(scene, number)
        assert (event.order.quantity, event.leaves) == (whole, left)
        assert (after.order.quantity, after.leaves, after.filled) == (whole, left, 2)


def test_what_was_filled_stays_filled_and_paid() -> None:
    """Value, fees and the moment of acceptance are the order's, whatever becomes of its terms."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 5, 110))
    scene.do(order(BOB, BUY, 2, 110))
    before = view(scene, number)
    scene.wait(1)

    scene.do(amend(ANN, number, price=120, quantity=9))

    after = view(scene, number)
    assert (after.filled, after.value, after.fees) == (2, before.value, before.fees)
    assert after.value == 220 * DOLLAR
    assert (after.order.created, after.updated) == (START, scene.now)


@pytest.mark.parametrize("change", [{"quantity": 2}, {"quantity": 1}, {"leaves": 0}])
def test_a_size_that_has_traded_already_leaves_nothing_to_change(change: dict[str, int]) -> None:
    """To end an order one cancels it."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 5, 110))
    scene.do(order(BOB, BUY, 2, 110))

    assert refused(scene, amend(ANN, number, **change)) is Why.INVALID_QUANTITY  # type: ignore[arg-type]


def test_an_order_keeps_its_names() -> None:
    """Both reach it afterwards, and the owner's name is not free for another."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 5, 110, cl_ord_id="mine"))

    event = amended(scene.do(amend(ANN, "mine", price=115)))

    assert (event.order.order_id, event.order.cl_ord_id) == (number, "mine")
    assert names(scene.do(order(ANN, SELL, 1, 116, cl_ord_id="mine"))) == ["OrderRejected"]
    assert names(scene.do(CancelOrder(account=ANN, cl_ord_id="mine"))) == ["OrderCanceled"]
    assert scene.live(ANN) == []


def test_the_number_wins_where_both_names_are_given() -> None:
    """As with cancels."""
    scene = Scene()
    first = scene.place(order(ANN, SELL, 5, 110, cl_ord_id="one"))
    second = scene.place(order(ANN, SELL, 5, 110, cl_ord_id="two"))

    scene.do(replace(amend(ANN, first, price=120), cl_ord_id="two"))

    assert view(scene, first).order.limit_price == 120
    assert view(scene, second).order.limit_price == 110


def test_a_change_of_nothing_is_a_change() -> None:
    """It is told, dated, and leaves terms and place alone."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 5, 110))
    before = view(scene, number)
    scene.wait(1)

    [event] = scene.do(amend(ANN, number))

    assert isinstance(event, OrderAmended)
    assert (event.order, event.leaves, event.keeps_place) == (before.order, 5, True)
    assert view(scene, number) == replace(before, updated=scene.now)


def test_a_change_of_nothing_is_refused_where_it_has_to_be_one() -> None:
    """As it rests and as it waits; what differs in anything is a change."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 10, 95))
    waits = scene.place(order(ANN, SELL, 3, 88, trigger=stop(SELL, 90)))

    def must(change: AmendOrder) -> AmendOrder:
        return replace(change, must_change=True)

    for same in (amend(ANN, number), amend(ANN, number, leaves=10, price=95), amend(ANN, waits)):
        assert refused(scene, must(same)) is Why.NO_EFFECT
    assert names(scene.do(must(amend(ANN, number, leaves=9)))) == ["OrderAmended"]
    assert names(scene.do(must(amend(ANN, waits, trigger=89)))) == ["OrderAmended"]


def test_an_order_that_crosses_trades_and_what_is_left_rests() -> None:
    """At the makers' prices, under its own id, at its new price."""
    scene = Scene()
    low = scene.place(order(BOB, SELL, 2, 101))
    high = scene.place(order(BOB, SELL, 3, 102))
    number = scene.place(order(ANN, BUY, 8, 95))

    events = scene.do(amend(ANN, number, price=102))

    assert names(events) == ["OrderAmended", "Traded", "Traded", "OrderRested"]
    assert trades(events) == [(low, 101, 2), (high, 102, 3)]
    assert [e.taker_order_id for e in events if isinstance(e, Traded)] == [number, number]
    assert not amended(events).rests
    after = view(scene, number)
    assert (after.leaves, after.filled, after.order.limit_price) == (3, 5, 102)
    assert scene.engine.state.markets[PERP].book.bids.depth(0) == [(102, 3)]
    assert scene.held(ANN) == 5


def test_an_order_that_crosses_and_fills_is_done() -> None:
    """Nothing of it stays: no level, no name, no reservation."""
    scene = Scene()
    scene.place(order(BOB, SELL, 9, 101))
    number = scene.place(order(ANN, BUY, 8, 95, cl_ord_id="mine"))

    events = scene.do(amend(ANN, number, price=101))

    assert names(events) == ["OrderAmended", "Traded"]
    assert scene.live(ANN) == []
    assert scene.engine.state.accounts[ANN].cl_ord_ids == {}
    assert scene.engine.state.accounts[ANN].positions[PERP].buys == 0
    assert scene.engine.state.markets[PERP].book.bids.depth(0) == []


def test_the_outcome_knows_the_order_as_it_was() -> None:
    """Who tells of a change needs both."""
    scene = Scene()
    scene.place(order(BOB, SELL, 9, 101))
    number = scene.place(order(ANN, BUY, 8, 95))
    before = view(scene, number)
    for change in ({"quantity": 7}, {"price": 96}, {"price": 101}):
        scene.do(amend(ANN, number, **change))  # type: ignore[arg-type]
        assert scene.engine.before[number] == before
        if number in scene.engine.state.orders:
            before = view(scene, number)


def test_a_trade_of_an_amended_order_sets_off_triggers_and_trims() -> None:
    """What follows from a trade follows from this one."""
    scene = Scene()
    scene.hold(ANN, 5)
    reducer = scene.place(order(ANN, SELL, 5, 120, reduce_only=True))
    waiting = scene.place(order(BOB, BUY, 1, 105, trigger=stop(BUY, 101)))
    scene.place(order(BOB, BUY, 3, 99))
    number = scene.place(order(ANN, SELL, 3, 110))

    events = scene.do(amend(ANN, number, price=99))

    assert trades(events)[0][1:] == (99, 3)
    assert "OrderTrimmed" in names(events)
    assert (scene.leaves(reducer), scene.held(ANN)) == (2, 2)
    assert view(scene, waiting).is_waiting
    scene.place(order(ANN, SELL, 1, 101, cl_ord_id="x"))
    mover = scene.place(order(BOB, BUY, 1, 98))
    assert "TriggerFired" in names(scene.do(amend(BOB, mover, price=101)))


def test_post_only_into_the_spread_is_refused_and_the_order_stays() -> None:
    """It would take; where it stands it does not."""
    scene = Scene()
    scene.place(order(BOB, SELL, 1, 101))
    number = scene.place(order(ANN, BUY, 8, 95, post_only=True))

    assert refused(scene, amend(ANN, number, price=101)) is Why.WOULD_TAKE
    assert view(scene, number).order.limit_price == 95
    scene.do(amend(ANN, number, price=100))
    assert view(scene, number).order.limit_price == 100


def test_reduce_only_grows_to_its_position_at_most() -> None:
    """Asked for nine, five held: five, and the event tells of the four."""
    scene = Scene()
    scene.hold(ANN, 5)
    number = scene.place(order(ANN, SELL, 2, 110, reduce_only=True))

    event = amended(scene.do(amend(ANN, number, quantity=9)))

    assert (event.order.quantity, event.leaves, event.reduced) == (5, 5, 4)
    assert scene.leaves(number) == 5
    assert list(scene.engine.state.accounts[ANN].positions[PERP].reducers) == [number]


def test_reduce_only_that_cannot_grow_keeps_its_place() -> None:
    """What was trimmed off is not there to queue for."""
    scene = Scene()
    scene.hold(ANN, 5)
    number = scene.place(order(ANN, SELL, 5, 110, reduce_only=True))
    scene.place(order(BOB, SELL, 1, 110))

    event = amended(scene.do(amend(ANN, number, quantity=9)))

    assert (event.keeps_place, event.leaves, event.reduced) == (True, 5, 4)
    assert event.order.quantity == 5


def test_some_markets_refuse_the_growth_that_others_trim() -> None:
    """It is the instrument's choice."""
    scene = Scene(replace(linear(), trims_reducers=False))
    scene.hold(ANN, 5)
    number = scene.place(order(ANN, SELL, 2, 110, reduce_only=True))

    assert refused(scene, amend(ANN, number, quantity=6)) is Why.REDUCES_TOO_MUCH
    assert scene.leaves(number) == 2


def test_a_reduce_only_order_that_crosses_closes_and_does_not_flip() -> None:
    """Five held, twenty bid for: five trade."""
    scene = Scene()
    scene.hold(ANN, 5)
    bid = scene.place(order(BOB, BUY, 20, 99))
    number = scene.place(order(ANN, SELL, 2, 110, reduce_only=True))

    events = scene.do(amend(ANN, number, quantity=20, price=99))

    assert trades(events) == [(bid, 99, 5)]
    assert (scene.held(ANN), scene.live(ANN)) == (0, [])


def test_an_order_that_uses_all_margin_can_be_moved() -> None:
    """What it reserved is given back before it is asked for again."""
    scene = Scene()
    scene.give(PIP, 20 * DOLLAR)
    number = scene.place(order(PIP, BUY, 10, 95))  # two percent of 1,000 dollars at mark
    assert names(scene.do(order(PIP, BUY, 1, 95))) == ["OrderRejected"]

    assert names(scene.do(amend(PIP, number, price=96))) == ["OrderAmended"]
    assert names(scene.do(amend(PIP, number, quantity=9))) == ["OrderAmended"]
    assert names(scene.do(amend(PIP, number, quantity=10))) == ["OrderAmended"]
    assert refused(scene, amend(PIP, number, quantity=11)) is Why.INSUFFICIENT_MARGIN


def test_what_an_order_reserved_does_not_pay_for_it_twice() -> None:
    """Crossing needs what a new order would have needed: margin, and the fee beside it."""
    for cents, allowed in ((0, False), (49, False), (50, True)):
        scene = Scene()
        scene.give(PIP, 20 * DOLLAR + cents * CENT)
        scene.place(order(BOB, SELL, 10, 100))
        number = scene.place(order(PIP, BUY, 10, 95))
        new = Engine(restore(take(scene.engine.state)))
        new.apply(CancelOrder(account=PIP, order_id=number), scene.now)

        events = scene.do(amend(PIP, number, price=100))
        fresh = new.apply(order(PIP, BUY, 10, 100), scene.now)

        assert ("Traded" in names(events)) is allowed
        assert ("Traded" in names(fresh)) is allowed
        if not allowed:
            [event] = events
            assert isinstance(event, AmendRejected)
            assert event.reason is Why.INSUFFICIENT_MARGIN


def test_inverse_contracts_are_moved_on_the_same_margin() -> None:
    """In coins, worth less the higher the price."""
    scene = Scene(inverse())
    number = scene.place(order(ANN, SELL, 100, 220, symbol=INVERSE))
    assert names(scene.do(amend(ANN, number, price=230))) == ["OrderAmended"]
    assert names(scene.do(amend(ANN, number, quantity=400))) == ["OrderAmended"]
    assert scene.engine.state.accounts[ANN].positions[INVERSE].sells == 400


def test_the_position_bound_counts_an_order_once() -> None:
    """Nine of ten are reserved; moving them is no growth, and one more fits."""
    scene = Scene(linear(max_position=Lots(10)))
    number = scene.place(order(ANN, BUY, 9, 90))

    assert names(scene.do(amend(ANN, number, price=91))) == ["OrderAmended"]
    assert names(scene.do(amend(ANN, number, quantity=10))) == ["OrderAmended"]
    assert refused(scene, amend(ANN, number, quantity=11)) is Why.MAX_POSITION


def test_a_change_meets_the_bounds_of_the_instrument() -> None:
    """Sizes, prices, notional, and how far from mark a taker may fill."""
    terms = linear(
        max_quantity=Lots(1_000),
        max_price=Ticks(1_000),
        max_notional=Decimal(50_000),
        min_notional=Decimal(150),
        collar=Decimal("0.2"),
    )
    scene = Scene(terms)
    scene.place(order(BOB, SELL, 2, 125))
    number = scene.place(order(ANN, BUY, 5, 90))

    assert refused(scene, amend(ANN, number, quantity=1_001)) is Why.INVALID_QUANTITY
    assert refused(scene, amend(ANN, number, quantity=600)) is Why.INVALID_QUANTITY  # notional
    assert refused(scene, amend(ANN, number, quantity=1)) is Why.SMALL_ORDER
    assert refused(scene, amend(ANN, number, price=0)) is Why.INVALID_PRICE
    assert refused(scene, amend(ANN, number, price=-1)) is Why.INVALID_PRICE
    assert refused(scene, amend(ANN, number, price=1_001)) is Why.INVALID_PRICE
    assert refused(scene, amend(ANN, number, price=125)) is Why.PRICE_COLLAR


def test_a_small_rest_can_be_moved_but_not_asked_for() -> None:
    """What an order has traded does not make it too small; a size that is asked for may be."""
    scene = Scene(linear(min_quantity=Lots(3), min_notional=Decimal(150)))
    number = scene.place(order(ANN, SELL, 5, 110))
    scene.do(order(BOB, BUY, 4, 110))

    assert names(scene.do(amend(ANN, number, price=111))) == ["OrderAmended"]
    assert refused(scene, amend(ANN, number, leaves=2)) is Why.INVALID_QUANTITY
    assert scene.leaves(number) == 1


def test_meeting_oneself_first_is_refused_and_the_order_stays() -> None:
    """As for a new order; the family counts as oneself."""
    scene = Scene()
    scene.place(order(AMY, SELL, 1, 101))
    number = scene.place(order(ANN, BUY, 8, 95))

    assert refused(scene, amend(ANN, number, price=101)) is Why.SELF_TRADE


def test_meeting_oneself_later_ends_the_rest() -> None:
    """Somebody else came first: what they gave is kept."""
    scene = Scene()
    other = scene.place(order(BOB, SELL, 1, 101))
    scene.place(order(AMY, SELL, 1, 101))
    number = scene.place(order(ANN, BUY, 8, 95))

    events = scene.do(amend(ANN, number, price=101))

    assert trades(events) == [(other, 101, 1)]
    assert events[-1] == OrderCanceled(
        order_id=OrderId(number), account=ANN, leaves=Lots(7), reason=CancelReason.SELF_TRADE
    )
    assert number not in scene.engine.state.orders


def test_an_order_that_evicts_its_own_does_so_when_it_is_moved() -> None:
    """What its owner chose at entry holds for its life."""
    scene = Scene()
    own = scene.place(order(AMY, SELL, 1, 101))
    other = scene.place(order(BOB, SELL, 1, 101))
    asked = replace(order(ANN, BUY, 8, 95), self_trade=SelfTrade.CANCEL_OLDEST)
    number = scene.place(asked)

    events = scene.do(amend(ANN, number, price=101))

    assert names(events) == ["OrderAmended", "OrderCanceled", "Traded", "OrderRested"]
    assert trades(events) == [(other, 101, 1)]
    assert own not in scene.engine.state.orders
    assert scene.leaves(number) == 7


def test_spot_holds_follow_the_change() -> None:
    """Quote and the fee to buy, base to sell: what it needs now, not what it needed."""
    scene = Scene(pair())
    number = scene.place(order(ANN, BUY, 100, 90, symbol=PAIR))  # one coin
    seller = scene.place(order(ANN, SELL, 100, 120, symbol=PAIR))
    half_permille = Decimal("1.0005")

    def held(asset: object) -> int:
        return scene.wallet(ANN, CASH).held.get(asset, 0)  # type: ignore[call-overload,no-any-return]

    for change, dollars in (({"price": 80}, 80), ({"quantity": 50}, 40), ({"quantity": 200}, 160)):
        scene.do(amend(ANN, number, **change))  # type: ignore[arg-type]
        assert held(USD) == dollars * DOLLAR * half_permille
    scene.do(amend(ANN, seller, quantity=30))
    assert held(XBT) == 30 * 10**8
    scene.do(amend(ANN, seller, quantity=70, price=130))
    assert held(XBT) == 70 * 10**8
    scene.do(CancelOrder(account=ANN, order_id=number), CancelOrder(account=ANN, order_id=seller))
    assert (held(USD), held(XBT)) == (0, 0)


def test_a_spot_order_that_holds_everything_can_be_moved_and_not_grown() -> None:
    """Fifty coins are all there are."""
    scene = Scene(pair())
    number = scene.place(order(ANN, SELL, 5_000, 120, symbol=PAIR))

    assert names(scene.do(amend(ANN, number, price=130))) == ["OrderAmended"]
    assert refused(scene, amend(ANN, number, quantity=5_001)) is Why.INSUFFICIENT_FUNDS
    scene.do(order(BOB, BUY, 300, 99, symbol=PAIR))
    assert "Traded" in names(scene.do(amend(ANN, number, price=99)))
    assert scene.wallet(ANN, CASH).held[XBT] == 4_700 * 10**8


def test_a_waiting_order_takes_another_price_to_wait_for() -> None:
    """The old one fires nothing any more, the new one does."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, 130, trigger=stop(BUY, 110, Signal.MARK)))

    event = amended(scene.do(amend(ANN, number, trigger=120)))

    assert event.order.trigger is not None
    assert (event.order.trigger.price, event.keeps_place, event.rests) == (120, False, True)
    assert names(scene.mark("115")) == ["MarkPriceSet"]
    assert "TriggerFired" in names(scene.mark("120"))


def test_a_waiting_order_takes_another_size_and_another_limit() -> None:
    """It acts with them when its price comes; a smaller one keeps its turn among the waiting."""
    scene = Scene()
    first = scene.place(order(ANN, BUY, 5, 130, trigger=stop(BUY, 110, Signal.MARK)))
    second = scene.place(order(ANN, BUY, 5, 130, trigger=stop(BUY, 110, Signal.MARK)))

    smaller = amended(scene.do(amend(ANN, first, quantity=3, price=125)))
    larger = amended(scene.do(amend(ANN, first, leaves=6)))
    events = scene.mark("110")

    assert (smaller.keeps_place, larger.keeps_place) == (True, False)
    active = [each for each in events if isinstance(each, OrderActivated)]
    assert [each.order.order_id for each in active] == [second, first]
    assert (active[1].order.quantity, active[1].order.limit_price) == (6, 125)
    assert scene.engine.state.markets[PERP].book.bids.depth(0) == [(130, 5), (125, 6)]


def test_a_price_that_has_been_reached_fires_at_once() -> None:
    """In the same entry, by what the signal stands at."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, 130, trigger=stop(BUY, 110, Signal.MARK)))
    scene.mark("105")

    events = scene.do(amend(ANN, number, trigger=105))

    assert names(events) == ["OrderAmended", "TriggerFired", "OrderActivated"]
    assert not view(scene, number).is_waiting
    assert scene.engine.state.markets[PERP].book.bids.depth(0) == [(130, 5)]


def test_a_fired_order_has_no_trigger_price_to_change() -> None:
    """It rests like any other, and its limit can be changed."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, 95, trigger=stop(BUY, 110, Signal.MARK)))
    scene.mark("110")

    assert refused(scene, amend(ANN, number, trigger=120)) is Why.NOT_A_TRIGGER
    assert names(scene.do(amend(ANN, number, price=96))) == ["OrderAmended"]


def test_an_order_without_a_trigger_cannot_be_given_one() -> None:
    """It would be another order."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, 95))

    assert refused(scene, amend(ANN, number, trigger=94)) is Why.NOT_A_TRIGGER


def test_a_market_order_that_waits_cannot_be_given_a_limit() -> None:
    """Nor a trigger price that no instrument has."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, None, trigger=stop(BUY, 110)))

    assert refused(scene, amend(ANN, number, price=120)) is Why.INVALID_PRICE
    assert refused(scene, amend(ANN, number, trigger=0)) is Why.INVALID_PRICE
    assert refused(scene, amend(ANN, number, trigger=1_000_001)) is Why.INVALID_PRICE
    assert refused(scene, amend(ANN, number, leaves=0)) is Why.INVALID_QUANTITY


def test_who_has_no_such_order_changes_none() -> None:
    """Unknown, ended, another's, or of nobody that the venue knows."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 5, 110, cl_ord_id="mine"))
    ended = scene.place(order(ANN, SELL, 5, 111))
    scene.do(CancelOrder(account=ANN, order_id=ended))

    for command in (
        amend(ANN, 999, quantity=1),
        amend(ANN, ended, quantity=1),
        amend(ANN, "other", quantity=1),
        amend(AMY, number, quantity=1),
        amend(BOB, "mine", quantity=1),
        amend(AccountId("nobody"), number, quantity=1),
        AmendOrder(account=ANN, quantity=Lots(1)),
    ):
        assert refused(scene, command) is Why.UNKNOWN_ORDER


def test_a_change_that_comes_too_late_is_none() -> None:
    """Its deadline itself is still in time."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 5, 110))

    late = amend(ANN, number, quantity=1, deadline=Nanos(START - 1))
    assert refused(scene, late) is Why.PAST_DEADLINE
    in_time = amend(ANN, number, quantity=1, deadline=START)
    assert names(scene.do(in_time)) == ["OrderAmended"]


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (Mode.SUSPENDED, Why.MARKET_SUSPENDED),
        (Mode.INACTIVE, Why.MARKET_INACTIVE),
        (Mode.CANCEL_ONLY, Why.MARKET_CANCEL_ONLY),
    ],
)
def test_a_closed_market_changes_nothing(mode: Mode, why: Why) -> None:
    """Not even to make it smaller: it can be canceled."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 5, 110))
    waiting = scene.place(order(ANN, SELL, 5, 80, trigger=stop(SELL, 90)))
    scene.do(SetMode(symbol=PERP, mode=mode))

    assert refused(scene, amend(ANN, number, quantity=1)) is why
    assert refused(scene, amend(ANN, waiting, quantity=1)) is why


def test_a_post_only_market_lets_orders_move_and_not_take() -> None:
    """Whatever they were when they came."""
    scene = Scene()
    scene.place(order(BOB, BUY, 5, 99))
    number = scene.place(order(ANN, SELL, 5, 110))
    scene.do(SetMode(symbol=PERP, mode=Mode.POST_ONLY))

    assert refused(scene, amend(ANN, number, price=99)) is Why.MARKET_POST_ONLY
    assert names(scene.do(amend(ANN, number, price=100))) == ["OrderAmended"]


def test_a_reduce_only_market_lets_other_orders_shrink_and_not_move() -> None:
    """A new order would be refused there; an old one must not become one."""
    scene = Scene()
    scene.hold(ANN, 5)
    number = scene.place(order(ANN, SELL, 4, 110))
    reducer = scene.place(order(ANN, SELL, 4, 110, reduce_only=True))
    scene.do(SetMode(symbol=PERP, mode=Mode.REDUCE_ONLY))

    assert refused(scene, amend(ANN, number, quantity=5)) is Why.MARKET_REDUCE_ONLY
    assert refused(scene, amend(ANN, number, price=109)) is Why.MARKET_REDUCE_ONLY
    assert names(scene.do(amend(ANN, number, quantity=3))) == ["OrderAmended"]
    assert names(scene.do(amend(ANN, reducer, price=109, quantity=5))) == ["OrderAmended"]


def test_a_venue_that_keeps_its_room_for_cancels_changes_no_orders() -> None:
    """A change is written down like an order."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 5, 110))
    scene.do(SetIntake(is_open=False))

    assert refused(scene, amend(ANN, number, quantity=1)) is Why.LOW_DISK
    scene.do(SetIntake(is_open=True))
    assert names(scene.do(amend(ANN, number, quantity=1))) == ["OrderAmended"]


def test_changes_are_members_of_batches() -> None:
    """Each decides in the world that the one before left."""
    scene = Scene()
    scene.place(order(BOB, SELL, 2, 101))
    number = OrderId(scene.engine.state.next_order_id)

    events = scene.do(
        Batch(
            account=ANN,
            members=(
                order(ANN, BUY, 5, 90),
                amend(ANN, number, price=91),
                amend(ANN, number, price=101),
                amend(ANN, 999, price=101),
                CancelOrder(account=ANN, order_id=number),
            ),
        )
    )

    assert names(events) == [
        *("MemberDecided", "OrderAccepted", "MemberDecided", "OrderAmended"),
        *("MemberDecided", "OrderAmended", "Traded", "OrderRested"),
        *("MemberDecided", "AmendRejected", "MemberDecided", "OrderCanceled"),
    ]
    assert scene.live(ANN) == []


def test_a_fold_and_a_snapshot_keep_the_queue_as_changes_left_it() -> None:
    """Ids no longer say who came first."""
    scene = Scene()
    told: list[Event] = []
    start = take(scene.engine.state)
    told += scene.do(order(ANN, SELL, 5, 110), order(BOB, SELL, 5, 110), order(ANN, SELL, 5, 110))
    told += scene.do(amend(ANN, 1, quantity=6), amend(BOB, 2, quantity=4))

    folded = Engine(restore(start))
    folded.fold(told, scene.now)
    restored = Engine(restore(take(scene.engine.state)))

    for engine in (scene.engine, folded, restored):
        line = [live.order_id for live in engine.state.markets[PERP].book.asks.in_priority()]
        assert line == [2, 3, 1]
    assert take(folded.state) == take(scene.engine.state)


def test_a_change_may_say_that_it_must_not_take() -> None:
    """Once: the order itself is as it was, and so is a change that takes nothing."""
    scene = Scene()
    scene.place(order(BOB, BUY, 5, 100))
    mine = scene.place(order(ANN, SELL, 5, 110))

    why = refused(scene, replace(amend(ANN, mine, price=100), post_only=True))

    assert why is Why.WOULD_TAKE
    event = amended(scene.do(replace(amend(ANN, mine, price=101), post_only=True)))
    assert not event.order.post_only
    assert len(trades(scene.do(amend(ANN, mine, price=100)))) == 1


def test_a_change_to_what_has_traded_may_end_the_order() -> None:
    """Source: Kraken Spot, "Amend order": the remaining quantity is canceled."""
    scene = Scene()
    mine = scene.place(order(ANN, SELL, 5, 110))
    scene.do(order(BOB, BUY, 2, 110))
    assert refused(scene, amend(ANN, mine, quantity=2)) is Why.INVALID_QUANTITY

    [event] = scene.do(replace(amend(ANN, mine, quantity=1), may_end=True))

    assert isinstance(event, OrderCanceled)
    assert (event.leaves, event.reason) == (3, CancelReason.BY_OWNER)
    assert mine not in scene.live(ANN)
