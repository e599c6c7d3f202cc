"""Canceling one, many, all: by each name, by each filter."""

import pytest

from openvenue.engine.commands import Batch, CancelOrder, CancelOrders
from openvenue.engine.events import CancelRejected, OrderCanceled, OrdersCanceled, Refused
from openvenue.engine.instruments import WalletId
from openvenue.engine.orders import BUY, SELL, Side
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import AccountId, Lots, Nanos, OrderId, Symbol
from tests.unit.engine.scene import (
    ANN,
    BOB,
    CASH,
    COINS,
    FLEX,
    INVERSE,
    PAIR,
    PERP,
    Scene,
    inverse,
    linear,
    names,
    order,
    pair,
    stop,
)


def test_an_order_is_canceled_by_its_number_or_by_its_owners_name() -> None:
    """Both names mean the one order."""
    scene = Scene()
    first = scene.place(order(ANN, BUY, 3, 99, cl_ord_id="a"))
    second = scene.place(order(ANN, BUY, 4, 99, cl_ord_id="b"))

    by_name = scene.do(CancelOrder(account=ANN, cl_ord_id="a"))
    by_number = scene.do(CancelOrder(account=ANN, order_id=second))

    for events, number, leaves in ((by_name, first, 3), (by_number, second, 4)):
        assert events == [
            OrderCanceled(
                order_id=number,
                account=ANN,
                leaves=Lots(leaves),
                reason=CancelReason.BY_OWNER,
            )
        ]


def test_where_both_names_are_given_the_number_wins() -> None:
    """The venue's own name is the stronger one."""
    scene = Scene()
    first = scene.place(order(ANN, BUY, 3, 99, cl_ord_id="a"))
    second = scene.place(order(ANN, BUY, 4, 99, cl_ord_id="b"))

    scene.do(CancelOrder(account=ANN, order_id=second, cl_ord_id="a"))

    assert scene.live(ANN) == [first]


def test_a_partly_filled_order_loses_only_what_is_left() -> None:
    """What has traded has traded."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 5, 100))
    scene.do(order(BOB, SELL, 2, 100))

    [event] = scene.do(CancelOrder(account=ANN, order_id=number))

    assert isinstance(event, OrderCanceled)
    assert event.leaves == 3
    assert scene.held(ANN) == 2


@pytest.mark.parametrize("what", ["unknown", "of another", "canceled", "filled", "nameless"])
def test_what_cannot_be_canceled_is_refused_and_nothing_changes(what: str) -> None:
    """Someone else's order looks like none at all."""
    scene = Scene()
    mine = scene.place(order(ANN, BUY, 1, 99))
    number: OrderId | None = mine
    account = ANN
    if what == "unknown":
        number = OrderId(999)
    elif what == "of another":
        account = BOB
    elif what == "canceled":
        scene.do(CancelOrder(account=ANN, order_id=mine))
    elif what == "filled":
        scene.do(order(BOB, SELL, 1, 99))
    else:
        number = None
    before = scene.fingerprint()

    events = scene.do(CancelOrder(account=account, order_id=number))

    assert events == [CancelRejected(account=account, reason=Why.UNKNOWN_ORDER, order_id=number)]
    assert scene.fingerprint() == before


def test_a_cancel_may_come_too_late() -> None:
    """Process before, as for orders; the order lives on."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 1, 99))

    [late] = scene.do(CancelOrder(account=ANN, order_id=number, deadline=Nanos(scene.now - 1)))
    assert isinstance(late, CancelRejected)
    assert late.reason is Why.PAST_DEADLINE
    assert scene.live(ANN) == [number]
    assert names(scene.do(CancelOrder(account=ANN, order_id=number, deadline=scene.now))) == [
        "OrderCanceled"
    ]


def mixed_scene() -> tuple[Scene, dict[str, OrderId]]:
    """Ann has orders of every kind in three markets, Bob has one."""
    scene = Scene(linear(), inverse(), pair())
    scene.hold(ANN, 9)
    mine = {
        "bid": order(ANN, BUY, 1, 90),
        "ask": order(ANN, SELL, 1, 110),
        "reducer": order(ANN, SELL, 1, 111, reduce_only=True),
        "stop": order(ANN, SELL, 1, 80, trigger=stop(SELL, 85)),
        "stop that reduces": order(ANN, SELL, 1, 80, trigger=stop(SELL, 85), reduce_only=True),
        "inverse": order(ANN, BUY, 1, 180, symbol=INVERSE),
        "spot": order(ANN, SELL, 1, 110, symbol=PAIR),
    }
    numbers = {name: scene.place(asked) for name, asked in mine.items()}
    scene.place(order(BOB, BUY, 1, 90))
    return scene, numbers


SCOPES = [
    ({}, {"bid", "ask", "reducer", "stop", "stop that reduces", "inverse", "spot"}),
    ({"symbol": PERP}, {"bid", "ask", "reducer", "stop", "stop that reduces"}),
    ({"symbol": Symbol("PF_NOTHING")}, set()),
    ({"side": BUY}, {"bid", "inverse"}),
    ({"side": SELL}, {"ask", "reducer", "stop", "stop that reduces", "spot"}),
    ({"keep_reduce_only": True}, {"bid", "ask", "stop", "inverse", "spot"}),
    ({"wallet": FLEX}, {"bid", "ask", "reducer", "stop", "stop that reduces"}),
    ({"wallet": COINS}, {"inverse"}),
    ({"wallet": CASH}, {"spot"}),
    ({"symbol": PERP, "side": SELL, "keep_reduce_only": True}, {"ask", "stop"}),
    ({"symbol": PERP, "wallet": COINS}, set()),
]


@pytest.mark.parametrize(("scope", "gone"), SCOPES)
def test_a_mass_cancel_takes_its_scope_and_nothing_else(
    scope: dict[str, object], gone: set[str]
) -> None:
    """One event, oldest first; Bob's order is never touched."""
    scene, numbers = mixed_scene()
    symbol, side, wallet = scope.get("symbol"), scope.get("side"), scope.get("wallet")
    command = CancelOrders(
        account=ANN,
        symbol=Symbol(str(symbol)) if symbol else None,
        side=side if isinstance(side, Side) else None,
        keep_reduce_only=bool(scope.get("keep_reduce_only")),
        wallet=WalletId(str(wallet)) if wallet else None,
    )

    events = scene.do(command)

    ended = tuple(number for name, number in numbers.items() if name in gone)
    assert events == [OrdersCanceled(account=ANN, order_ids=ended, reason=CancelReason.MASS_CANCEL)]
    assert scene.live(ANN) == [number for name, number in numbers.items() if name not in gone]
    assert len(scene.live(BOB)) == 1
    assert scene.do(command) == [
        OrdersCanceled(account=ANN, order_ids=(), reason=CancelReason.MASS_CANCEL)
    ]


def test_nothing_open_is_a_success() -> None:
    """The answer is an empty list, not a refusal; an unknown account is one."""
    scene = Scene()

    assert scene.do(CancelOrders(account=ANN)) == [
        OrdersCanceled(account=ANN, order_ids=(), reason=CancelReason.MASS_CANCEL)
    ]
    [event] = scene.do(CancelOrders(account=AccountId("nobody")))
    assert isinstance(event, Refused)
    assert event.reason is Why.ACCOUNT_NOT_FOUND


def test_all_that_was_reserved_is_free_after_canceling_everything() -> None:
    """Margin, holds and names."""
    scene, _ = mixed_scene()
    scene.do(CancelOrders(account=ANN))

    account = scene.engine.state.accounts[ANN]
    assert account.cl_ord_ids == {}
    assert [(each.buys, each.sells, each.reducers) for each in account.positions.values()] == [
        (0, 0, {}),
        (0, 0, {}),
    ]
    assert not any(scene.wallet(ANN, CASH).held.values())
    wallet = scene.wallet(ANN)
    assert wallet.initial_margin_with_orders == wallet.initial_margin


def test_a_batch_decides_its_members_one_by_one() -> None:
    """One may fail, the next sees what the one before has done."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 1, 99, cl_ord_id="x"))

    events = scene.do(
        Batch(
            account=ANN,
            members=(
                order(ANN, BUY, 1, 98, cl_ord_id="x"),
                CancelOrder(account=ANN, cl_ord_id="x"),
                order(ANN, BUY, 1, 98, cl_ord_id="x"),
                CancelOrder(account=ANN, order_id=number),
            ),
        )
    )

    assert names(events) == [
        *("MemberDecided", "OrderRejected"),
        *("MemberDecided", "OrderCanceled"),
        *("MemberDecided", "OrderAccepted"),
        *("MemberDecided", "CancelRejected"),
    ]
    assert [event.index for event in events[::2]] == [0, 1, 2, 3]  # type: ignore[union-attr]
    assert scene.do(Batch(account=ANN, members=())) == []
