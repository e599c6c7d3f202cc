"""Icebergs: what the book shows, who is matched when, and what changes do to both."""

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import AmendOrder, CancelOrder, CancelOrders, PlaceOrder
from openvenue.engine.events import (
    AmendRejected,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRefilled,
    OrderRejected,
    OrderRested,
    OrdersCanceled,
    Traded,
)
from openvenue.engine.orders import (
    BUY,
    FOK,
    IOC,
    SELL,
    Extras,
    OrderView,
    SelfTrade,
    Side,
    TimeInForce,
)
from openvenue.engine.queries import BookView, GetBook, GetOpenOrders, look
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import AccountId, Lots, Nanos, OrderId, Ticks
from tests.unit.engine.scene import (
    AMY,
    ANN,
    BOB,
    CASH,
    PAIR,
    PIP,
    SECOND,
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


def iceberg(
    account: AccountId,
    side: Side,
    quantity: int,
    price: int,
    display: int,
    *,
    time_in_force: TimeInForce | None = None,
    expires: Nanos | None = None,
) -> PlaceOrder:
    """An order of which the book shows `display` at a time."""
    placed = order(
        account,
        side,
        quantity,
        price,
        symbol=PAIR,
        extras=Extras(display=Lots(display), expires=expires),
    )
    return placed if time_in_force is None else replace(placed, time_in_force=time_in_force)


def ask(account: AccountId, quantity: int, price: int = 100) -> PlaceOrder:
    """An order that hides nothing."""
    return order(account, SELL, quantity, price, symbol=PAIR)


def bid(account: AccountId, quantity: int, price: int = 100) -> PlaceOrder:
    """The same of the other side."""
    return order(account, BUY, quantity, price, symbol=PAIR)


@pytest.fixture
def scene() -> Scene:
    """One pair; Pip has money, too."""
    scene = Scene(pair())
    scene.give(PIP, 10**13, CASH, USD)
    scene.give(PIP, 10**13, CASH, XBT)
    return scene


def book(scene: Scene) -> BookView:
    """What everybody sees."""
    seen = look(scene.engine.state, GetBook(PAIR))
    assert isinstance(seen, BookView)
    return seen


def refills(events: list[Event]) -> list[tuple[int, int]]:
    """Whose next slice is shown, and how large it is."""
    return [(e.order_id, e.shown) for e in events if isinstance(e, OrderRefilled)]


def test_the_book_shows_one_slice(scene: Scene) -> None:
    """The rest is there, and held for, and nobody sees it."""
    number = scene.place(iceberg(BOB, SELL, 30, 100, 4))

    assert book(scene).asks == [(100, 4)]
    views = look(scene.engine.state, GetOpenOrders(BOB))
    assert isinstance(views, list)
    [view] = views
    assert isinstance(view, OrderView)
    assert (view.order.order_id, view.leaves, view.hidden) == (number, 30, 26)
    per_lot = 10**8  # atoms of a hundredth of a coin
    assert scene.wallet(BOB, CASH).held[XBT] == 30 * per_lot


def test_the_next_slice_stands_behind_all_others_at_its_price(scene: Scene) -> None:
    """What is hidden has no place in line: time priority is that of what is shown."""
    hiding = scene.place(iceberg(BOB, SELL, 10, 100, 4))
    open_ = scene.place(ask(PIP, 5))

    events = scene.do(bid(ANN, 4), bid(ANN, 5), bid(ANN, 6))

    assert trades(events) == [
        (hiding, 100, 4),
        (open_, 100, 5),
        (hiding, 100, 4),
        (hiding, 100, 2),
    ]
    assert refills(events) == [(hiding, 4), (hiding, 2)]
    assert book(scene).asks == []


def test_a_taker_meets_slice_after_slice_in_their_order(scene: Scene) -> None:
    """One sweep through two icebergs and an open order: they take turns, slice by slice."""
    first = scene.place(iceberg(BOB, SELL, 10, 100, 4))
    middle = scene.place(ask(PIP, 3))
    last = scene.place(iceberg(PIP, SELL, 7, 100, 3))
    dear = scene.place(ask(BOB, 9, 101))

    events = scene.do(bid(ANN, 22, 101))

    assert trades(events) == [
        (first, 100, 4),
        (middle, 100, 3),
        (last, 100, 3),
        (first, 100, 4),
        (last, 100, 3),
        (first, 100, 2),
        (last, 100, 1),
        (dear, 101, 2),
    ]
    assert refills(events) == [(first, 4), (last, 3), (first, 2), (last, 1)]
    assert [e.maker_leaves for e in events if isinstance(e, Traded)] == [6, 0, 4, 2, 1, 0, 0, 7]
    assert book(scene).asks == [(101, 7)]


def test_a_slice_that_is_used_up_exactly_is_refilled_at_once(scene: Scene) -> None:
    """Else the level would look empty, and the book crossed with whoever comes next."""
    hiding = scene.place(iceberg(BOB, SELL, 10, 100, 4))

    events = scene.do(bid(ANN, 4))

    assert names(events) == ["OrderAccepted", "Traded", "OrderRefilled"]
    assert book(scene).asks == [(100, 4)]
    assert scene.leaves(hiding) == 6


def test_a_part_of_a_slice_keeps_its_place(scene: Scene) -> None:
    """Only a whole slice is followed by another."""
    hiding = scene.place(iceberg(BOB, SELL, 10, 100, 4))
    scene.place(ask(PIP, 5))

    events = scene.do(bid(ANN, 1), bid(ANN, 3))

    assert trades(events) == [(hiding, 100, 1), (hiding, 100, 3)]
    assert refills(events) == [(hiding, 4)]
    assert book(scene).asks == [(100, 9)]


def test_an_iceberg_takes_with_all_of_itself_and_shows_a_slice_of_the_rest(scene: Scene) -> None:
    """Hiding is for those who wait."""
    scene.place(ask(BOB, 6))

    events = scene.do(iceberg(ANN, BUY, 20, 100, 5))

    assert [e.leaves for e in events if isinstance(e, OrderRested)] == [14]
    assert book(scene).bids == [(100, 5)]


@pytest.mark.parametrize(
    ("quantity", "display", "is_good"),
    [
        (150, 10, True),
        (151, 10, False),
        (30, 2, True),
        (31, 2, False),
        (9, 9, True),
        (9, 10, False),
    ],
)
def test_a_slice_is_a_fifteenth_at_least(
    scene: Scene, quantity: int, display: int, is_good: bool
) -> None:
    """And no more than there is."""
    [event, *_] = scene.do(iceberg(BOB, SELL, quantity, 200, display))

    if is_good:
        assert isinstance(event, OrderAccepted)
    else:
        assert isinstance(event, OrderRejected)
        assert event.reason is RejectReason.INVALID_DISPLAY


def test_what_does_not_rest_hides_nothing(scene: Scene) -> None:
    """Orders that act at once, that wait for a price, and markets other than pairs."""
    hidden = Extras(display=Lots(2))
    for refused in (
        iceberg(BOB, SELL, 9, 100, 3, time_in_force=IOC),
        iceberg(BOB, SELL, 9, 100, 3, time_in_force=FOK),
        iceberg(BOB, SELL, 9, 100, 0),
        order(BOB, SELL, 9, None, symbol=PAIR, extras=hidden),
        order(BOB, SELL, 9, 90, symbol=PAIR, trigger=stop(SELL, 95), extras=hidden),
    ):
        [event] = scene.do(refused)
        assert isinstance(event, OrderRejected)
        assert event.reason is RejectReason.INVALID_DISPLAY
    [event] = Scene(linear()).do(order(BOB, SELL, 9, 100, extras=hidden))
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.INVALID


def test_a_cancel_takes_what_is_hidden_too(scene: Scene) -> None:
    """One by name, all, and the dead man: the whole rest ends, and is held no more."""
    number = scene.place(iceberg(BOB, SELL, 30, 100, 4))
    [event] = scene.do(CancelOrder(account=BOB, order_id=number))
    assert isinstance(event, OrderCanceled)
    assert event.leaves == 30

    number = scene.place(iceberg(BOB, SELL, 30, 100, 4))
    [ended] = scene.do(CancelOrders(account=BOB))
    assert isinstance(ended, OrdersCanceled)
    assert ended.order_ids == (number,)
    assert book(scene).asks == []
    assert scene.wallet(BOB, CASH).held[XBT] == 0


def test_an_iceberg_ends_by_its_time_with_all_of_itself(scene: Scene) -> None:
    """Good till a date."""
    scene.place(iceberg(BOB, SELL, 30, 100, 4, expires=Nanos(scene.now + 5 * SECOND)))
    scene.wait(6)

    [event, *_] = scene.do(CancelOrders(account=ANN))

    assert isinstance(event, OrderCanceled)
    assert (event.reason, event.leaves) == (CancelReason.LAPSED, 30)
    assert book(scene).asks == []


def test_nobody_takes_from_their_own_iceberg(scene: Scene) -> None:
    """With cancel-oldest the whole of it goes; with cancel-newest none does."""
    number = scene.place(iceberg(ANN, SELL, 30, 100, 4))
    theirs = scene.place(ask(BOB, 5))
    events = scene.do(replace(bid(AMY, 5), self_trade=SelfTrade.CANCEL_NEWEST))
    assert trades(events) == []
    assert book(scene).asks == [(100, 9)]

    events = scene.do(replace(bid(AMY, 5), self_trade=SelfTrade.CANCEL_OLDEST))

    assert trades(events) == [(theirs, 100, 5)]
    assert [(e.order_id, e.leaves) for e in events if isinstance(e, OrderCanceled)] == [
        (number, 30)
    ]
    assert book(scene).asks == []


def test_fill_or_kill_counts_what_is_hidden(scene: Scene) -> None:
    """It would trade: all of it is there."""
    scene.place(iceberg(BOB, SELL, 30, 100, 4))

    events = scene.do(replace(bid(ANN, 30), time_in_force=FOK))

    assert sum(quantity for _, _, quantity in trades(events)) == 30
    assert len(trades(events)) == 8


# ---- changes


def amended(scene: Scene, number: OrderId, **changes: object) -> OrderAmended:
    """What a change makes of Bob's order."""
    events = scene.do(AmendOrder(account=BOB, order_id=number, **changes))  # type: ignore[arg-type]
    [event] = events
    assert isinstance(event, OrderAmended), event
    return event


def test_a_smaller_slice_shows_at_once_and_keeps_its_place(scene: Scene) -> None:
    """Source: Kraken Spot, "Amend order", queue priority."""
    number = scene.place(iceberg(BOB, SELL, 30, 100, 6))
    scene.place(ask(PIP, 5))

    event = amended(scene, number, display=Lots(2))

    assert (event.keeps_place, event.hidden) == (True, 28)
    assert book(scene).asks == [(100, 7)]
    assert trades(scene.do(bid(ANN, 3)))[0] == (number, 100, 2)


def test_a_larger_slice_begins_with_the_next_one(scene: Scene) -> None:
    """What is shown keeps its place and its size."""
    number = scene.place(iceberg(BOB, SELL, 30, 100, 4))
    scene.place(ask(PIP, 5))

    event = amended(scene, number, display=Lots(9))

    assert (event.keeps_place, event.hidden) == (True, 26)
    assert book(scene).asks == [(100, 9)]
    assert refills(scene.do(bid(ANN, 4))) == [(number, 9)]
    assert book(scene).asks == [(100, 14)]


def test_a_smaller_quantity_is_taken_from_what_is_hidden(scene: Scene) -> None:
    """Then from what is shown; the place is kept either way."""
    number = scene.place(iceberg(BOB, SELL, 30, 100, 4))

    assert amended(scene, number, quantity=Lots(10)).hidden == 6
    assert book(scene).asks == [(100, 4)]
    event = amended(scene, number, quantity=Lots(3))

    assert (event.hidden, event.keeps_place) == (0, True)
    assert book(scene).asks == [(100, 3)]
    assert scene.wallet(BOB, CASH).held[XBT] == 3 * 10**8


def test_a_larger_quantity_or_another_price_goes_to_the_back_with_a_whole_slice(
    scene: Scene,
) -> None:
    """As of any order."""
    number = scene.place(iceberg(BOB, SELL, 30, 100, 4))
    scene.place(ask(PIP, 5))
    scene.do(bid(ANN, 1))
    assert book(scene).asks == [(100, 8)]

    assert amended(scene, number, quantity=Lots(40)).hidden == 35
    assert book(scene).asks == [(100, 9)]
    assert amended(scene, number, limit_price=Ticks(101)).hidden == 35

    assert book(scene).asks == [(100, 5), (101, 4)]


def test_a_slice_stays_a_fifteenth_of_what_is_left(scene: Scene) -> None:
    """Asked of changes of the quantity, too; what has traded does not count."""
    number = scene.place(iceberg(BOB, SELL, 60, 100, 4))
    for changes in ({"quantity": Lots(61)}, {"display": Lots(3)}, {"display": Lots(0)}):
        [event] = scene.do(AmendOrder(account=BOB, order_id=number, **changes))  # type: ignore[arg-type]
        assert isinstance(event, AmendRejected)
        assert event.reason is RejectReason.INVALID_DISPLAY
    scene.do(bid(ANN, 15))

    assert amended(scene, number, display=Lots(3)).leaves == 45


def test_what_hides_nothing_cannot_begin_to(scene: Scene) -> None:
    """An iceberg is another type of order."""
    number = scene.place(ask(BOB, 30))

    [event] = scene.do(AmendOrder(account=BOB, order_id=number, display=Lots(5)))

    assert isinstance(event, AmendRejected)
    assert event.reason is RejectReason.INVALID_DISPLAY


def test_a_snapshot_keeps_what_is_hidden(scene: Scene) -> None:
    """A venue that comes back shows the same slices, and goes on the same way."""
    scene.place(iceberg(BOB, SELL, 30, 100, 4))
    scene.place(ask(PIP, 5))
    scene.do(bid(ANN, 1))

    state = restore(take(scene.engine.state))

    assert state.fingerprint() == scene.fingerprint()
    assert look(state, GetBook(PAIR)) == book(scene)
    state.now = scene.now
    again = type(scene.engine)(state)
    assert again.apply(bid(ANN, 20), scene.now) == scene.do(bid(ANN, 20))
    assert again.state.fingerprint() == scene.fingerprint()
