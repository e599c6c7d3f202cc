"""PlaceOrder: the no that a client sees first, and what a yes brings about."""

from decimal import Decimal
from typing import get_args, get_type_hints

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import (
    Asked,
    Batch,
    CancelOrder,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetIntake,
    SetMode,
)
from openvenue.engine.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderRested,
    Traded,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import BUY, FOK, GTC, IOC, SELL, Extras, SelfTrade, Side
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import AccountId, Atoms, ExecId, Lots, Nanos, OrderId, Symbol, Ticks
from tests.unit.engine.scene import (
    AMY,
    ANN,
    BOB,
    DOLLAR,
    PERP,
    PIP,
    START,
    Scene,
    linear,
    names,
    order,
    stop,
    trades,
)

STRICT = linear(
    max_quantity=Lots(5_000),
    max_price=Ticks(100_000),
    max_position=Lots(900),
    max_notional=Decimal(200_000),
    min_notional=Decimal(150),
    collar=Decimal("0.2"),
)
WORST = PlaceOrder(
    account=AccountId("nobody"),
    symbol=Symbol("PF_NOTHING"),
    side=BUY,
    quantity=Lots(10**9),
    limit_price=Ticks(0),
    time_in_force=FOK,
    cl_ord_id="taken",
    post_only=True,
    reduce_only=True,
    deadline=Nanos(START - 1),
)
REFUSALS = [  # each row mends the fault of the row above, and so meets the next check
    (a := WORST, Why.ACCOUNT_NOT_FOUND),
    (a := replace(a, account=ANN), Why.MARKET_NOT_FOUND),
    (a := replace(a, symbol=PERP), Why.PAST_DEADLINE),
    (a := replace(a, deadline=START), Why.CL_ORD_ID_IN_USE),
    (a := replace(a, cl_ord_id=None), Why.INVALID_QUANTITY),
    (a := replace(a, quantity=Lots(5_000)), Why.INVALID_PRICE),
    (a := replace(a, limit_price=Ticks(100_001)), Why.INVALID_PRICE),
    (a := replace(a, limit_price=Ticks(150)), Why.INVALID_QUANTITY),  # 750,000 dollars
    (a := replace(a, quantity=Lots(1)), None),
    (a := replace(a, limit_price=Ticks(149)), Why.SMALL_ORDER),
    (a := replace(a, quantity=Lots(1_000), limit_price=Ticks(150)), Why.WOULD_NOT_REDUCE),
    (a := replace(a, reduce_only=False), Why.MAX_POSITION),
    (a := replace(a, quantity=Lots(900), account=PIP), Why.INSUFFICIENT_MARGIN),
    (a := replace(a, quantity=Lots(20), account=ANN), Why.PRICE_COLLAR),
    (a := replace(a, limit_price=Ticks(110)), Why.WOULD_TAKE),
    (a := replace(a, post_only=False), Why.SELF_TRADE),
    (a := replace(a, limit_price=Ticks(101)), Why.WOULD_NOT_FILL),
    (a := replace(a, limit_price=Ticks(100), time_in_force=IOC), Why.WOULD_NOT_TAKE),
    (a := replace(a, time_in_force=GTC), None),
]
NOES = [(order, why) for order, why in REFUSALS if why is not None]


def strict_scene() -> Scene:
    """Three lots for sale at 101, two of Ann's own family at 102, twenty far away."""
    scene = Scene(STRICT)
    scene.give(PIP, 5 * DOLLAR)
    scene.do(
        order(BOB, SELL, 3, 101),
        order(AMY, SELL, 2, 102),
        order(BOB, SELL, 20, 125),
        order(ANN, BUY, 2, 90, cl_ord_id="taken"),
    )
    assert len(scene.engine.state.orders) == 4
    return scene


@pytest.mark.parametrize(
    ("asked", "why"), NOES, ids=[f"{n}-{why.name}" for n, (_, why) in enumerate(NOES)]
)
def test_an_order_is_refused_for_the_first_check_it_fails(asked: PlaceOrder, why: Why) -> None:
    """Clients see one reason only; which one is part of the contract."""
    scene = strict_scene()
    if why is Why.PRICE_COLLAR:
        scene.do(CancelOrder(account=AMY, order_id=OrderId(2)))
    before = scene.fingerprint()
    number = scene.engine.state.next_order_id

    [event] = scene.do(asked)

    assert isinstance(event, OrderRejected)
    assert (event.account, event.symbol) == (asked.account, asked.symbol)
    assert (event.reason, event.cl_ord_id) == (why, asked.cl_ord_id)
    if event.order is None:
        assert scene.fingerprint() == before
    else:
        assert event.order.order_id == number
        assert scene.engine.state.next_order_id == number + 1


def test_an_order_without_a_fault_stands() -> None:
    """The end of the ladder."""
    scene = strict_scene()

    assert names(scene.do(a)) == ["OrderAccepted"]


@pytest.mark.parametrize("why", [Why.WOULD_TAKE, Why.WOULD_NOT_TAKE, Why.WOULD_NOT_FILL])
def test_refusals_at_the_book_have_an_identity(why: Why) -> None:
    """What got as far as the book has a number, which its owner is told; it is used up."""
    scene = strict_scene()
    asked = next(asked for asked, reason in NOES if reason is why)

    [event] = scene.do(asked)
    again = scene.place(order(ANN, BUY, 2, 90))

    assert isinstance(event, OrderRejected)
    assert event.order is not None
    assert event.order.order_id == again - 1
    assert event.order.order_id not in scene.engine.state.orders


def test_a_market_order_goes_one_percent_past_the_best_price() -> None:
    """Cut to the grid: best ask 66596, so 67261.96 at most, which is 67261."""
    scene = Scene(index="66600")
    scene.do(order(BOB, SELL, 1, 66_596), order(BOB, SELL, 1, 67_261), order(BOB, SELL, 1, 67_262))

    events = scene.do(order(ANN, BUY, 3, None))

    accepted, *_, ended = events
    assert isinstance(accepted, OrderAccepted)
    assert accepted.order.limit_price == 67_261
    assert accepted.order.is_market
    assert [price for _, price, _ in trades(events)] == [66_596, 67_261]
    assert isinstance(ended, OrderCanceled)
    assert (ended.leaves, ended.reason) == (1, CancelReason.IOC_REMAINDER)


def test_a_market_order_to_sell_goes_one_percent_down() -> None:
    """Cut to the grid so that it stays within: 0.99 x 66596 is 65930.04, so 65931."""
    scene = Scene(index="66600")
    scene.do(order(BOB, BUY, 1, 66_596), order(BOB, BUY, 1, 65_930))

    accepted, traded, ended = scene.do(order(ANN, SELL, 2, None))

    assert isinstance(accepted, OrderAccepted)
    assert accepted.order.limit_price == 65_931
    assert isinstance(traded, Traded)
    assert isinstance(ended, OrderCanceled)


def test_a_market_order_without_a_counterparty_starts_from_mark_and_finds_nobody() -> None:
    """An empty side has no best price; the order has a limit all the same, and does not rest."""
    scene = Scene()

    [event] = scene.do(order(ANN, BUY, 1, None))

    assert isinstance(event, OrderRejected)
    assert event.reason is Why.WOULD_NOT_TAKE
    assert event.order is not None
    assert event.order.limit_price == 101


def test_a_market_order_needs_some_price_to_start_from() -> None:
    """Neither a best price nor a mark: where should one percent be?"""
    scene = Scene()
    scene.do(ListInstrument(instrument=linear(Symbol("PF_NEW"), index="NEW:USD")))

    [event] = scene.do(order(ANN, BUY, 1, None, symbol=Symbol("PF_NEW")))

    assert isinstance(event, OrderRejected)
    assert event.reason is Why.NO_REFERENCE_PRICE


def test_a_market_order_may_start_from_the_book_alone() -> None:
    """No mark yet, but somebody sells: bounds on notional do not refuse what has no mark."""
    scene = Scene()
    new = Symbol("PF_NEW")
    scene.do(ListInstrument(instrument=linear(new, index="NEW:USD", min_notional=Decimal(1))))
    scene.do(order(BOB, SELL, 1, 100, symbol=new))

    events = scene.do(order(ANN, BUY, 1, None, symbol=new))

    assert names(events) == ["OrderAccepted", "Traded"]


def test_an_uncapped_market_order_takes_the_book_as_far_as_it_goes() -> None:
    """Some venues protect nobody."""
    scene = Scene()
    scene.do(order(BOB, SELL, 1, 100), order(BOB, SELL, 1, 160))

    events = scene.do(replace(order(ANN, BUY, 3, None), market_cap=None))

    assert [price for _, price, _ in trades(events)] == [100, 160]


def test_a_limit_order_trades_at_the_makers_price_and_rests_with_the_remainder() -> None:
    """The whole story of one order, in order."""
    scene = Scene()
    maker = scene.place(order(BOB, SELL, 3, 101))

    events = scene.do(order(ANN, BUY, 5, 103, cl_ord_id="mine"))

    accepted, traded, rested = events
    assert isinstance(accepted, OrderAccepted)
    assert not accepted.rests
    assert traded == Traded(
        exec_id=ExecId(1),
        symbol=PERP,
        price=Ticks(101),
        quantity=Lots(3),
        aggressor=BUY,
        maker_account=BOB,
        maker_order_id=maker,
        maker_leaves=Lots(0),
        maker_fee=Atoms(303 * DOLLAR // 5_000),  # 0.02 %
        maker_realized=Atoms(0),
        taker_account=ANN,
        taker_order_id=OrderId(maker + 1),
        taker_leaves=Lots(2),
        taker_fee=Atoms(303 * DOLLAR // 2_000),  # 0.05 %
        taker_realized=Atoms(0),
        value=Atoms(303 * DOLLAR),
    )
    assert rested == OrderRested(order_id=OrderId(maker + 1), account=ANN, leaves=Lots(2))
    assert (scene.held(ANN), scene.held(BOB)) == (3, -3)
    assert scene.leaves(maker + 1) == 2


def test_an_order_that_meets_nobody_rests_at_once() -> None:
    """One event says it all."""
    scene = Scene()

    [event] = scene.do(order(ANN, BUY, 5, 99))

    assert isinstance(event, OrderAccepted)
    assert event.rests
    assert event.order.created == scene.now


def test_immediate_or_cancel_takes_what_it_can() -> None:
    """The rest is canceled, not left in the book."""
    scene = Scene()
    scene.do(order(BOB, SELL, 3, 101))

    events = scene.do(order(ANN, BUY, 5, 101, time_in_force=IOC))

    assert names(events) == ["OrderAccepted", "Traded", "OrderCanceled"]
    assert events[-1] == OrderCanceled(
        order_id=OrderId(2), account=ANN, leaves=Lots(2), reason=CancelReason.IOC_REMAINDER
    )
    assert scene.live(ANN) == []


def test_fill_or_kill_takes_all_or_nothing() -> None:
    """Five over two levels are there, six are not."""
    scene = Scene()
    scene.do(order(BOB, SELL, 3, 101), order(BOB, SELL, 2, 102))

    [refused] = scene.do(order(ANN, BUY, 6, 102, time_in_force=FOK))
    done = scene.do(order(ANN, BUY, 5, 102, time_in_force=FOK))

    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.WOULD_NOT_FILL
    assert names(done) == ["OrderAccepted", "Traded", "Traded"]


def test_a_post_only_order_rests_or_is_refused() -> None:
    """It never takes, not even a part."""
    scene = Scene()
    scene.do(order(BOB, SELL, 1, 101))

    [refused] = scene.do(order(ANN, BUY, 5, 101, post_only=True))
    [accepted] = scene.do(order(ANN, BUY, 5, 100, post_only=True))

    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.WOULD_TAKE
    assert isinstance(accepted, OrderAccepted)
    assert accepted.rests


@pytest.mark.parametrize(
    ("side", "touch", "asked", "rests"), [(BUY, 101, 105, 100), (SELL, 99, 95, 100)]
)
def test_a_sliding_post_only_order_steps_back_behind_the_touch(
    side: Side, touch: int, asked: int, rests: int
) -> None:
    """One tick short of the best opposite price, where it can only wait."""
    scene = Scene()
    scene.do(order(BOB, side.opposite, 1, touch))

    [event] = scene.do(replace(order(ANN, side, 1, asked, post_only=True), slides=True))

    assert isinstance(event, OrderAccepted)
    assert event.order.limit_price == rests


def test_a_sliding_order_cannot_slide_off_the_grid() -> None:
    """Below the lowest price there is nothing to stand on."""
    scene = Scene()
    scene.do(order(BOB, SELL, 1, 1))

    [event] = scene.do(replace(order(ANN, BUY, 1, 5, post_only=True), slides=True))

    assert isinstance(event, OrderRejected)
    assert event.reason is Why.WOULD_TAKE


def test_the_deadline_itself_is_in_time() -> None:
    """Process before: a nanosecond later is too late."""
    scene = Scene()
    in_time = order(ANN, BUY, 1, 99, deadline=scene.now)

    assert names(scene.do(in_time)) == ["OrderAccepted"]
    scene.now = Nanos(scene.now + 1)
    [event] = scene.do(in_time)
    assert isinstance(event, OrderRejected)
    assert event.reason is Why.PAST_DEADLINE


def test_a_client_order_id_is_free_again_when_its_order_has_ended() -> None:
    """Canceled or filled, it names nothing any more; another account's is another name."""
    scene = Scene()
    first = scene.place(order(ANN, BUY, 1, 99, cl_ord_id="x"))
    scene.place(order(BOB, BUY, 1, 99, cl_ord_id="x"))

    [refused] = scene.do(order(ANN, BUY, 1, 98, cl_ord_id="x"))
    scene.do(CancelOrder(account=ANN, order_id=first))
    second = scene.place(order(ANN, BUY, 1, 100, cl_ord_id="x"))
    scene.do(order(BOB, SELL, 1, 100))
    third = scene.place(order(ANN, BUY, 1, 99, cl_ord_id="x"))

    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.CL_ORD_ID_IN_USE
    assert len({first, second, third}) == 3


def test_an_order_that_filled_at_once_leaves_its_name_free() -> None:
    """So does one that was refused."""
    scene = Scene()
    scene.do(order(BOB, SELL, 2, 100))

    for _ in range(2):
        assert trades(scene.do(order(ANN, BUY, 1, 100, cl_ord_id="x")))
    [refused] = scene.do(order(ANN, BUY, 1, 100, cl_ord_id="x", time_in_force=IOC))

    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.WOULD_NOT_TAKE


def test_a_taker_whose_own_family_is_first_in_line_is_refused() -> None:
    """Amy's account and Ann's belong together."""
    scene = Scene()
    scene.do(order(AMY, SELL, 1, 100), order(BOB, SELL, 1, 100))

    for account in (ANN, AMY):
        [event] = scene.do(order(account, BUY, 1, 100))
        assert isinstance(event, OrderRejected)
        assert event.reason is Why.SELF_TRADE


def test_what_is_left_of_a_taker_that_meets_its_family_ends() -> None:
    """It has traded with others first, so it stands as executed; the own order is untouched."""
    scene = Scene()
    scene.do(order(BOB, SELL, 1, 100))
    own = scene.place(order(AMY, SELL, 1, 101))

    events = scene.do(order(ANN, BUY, 5, 101))

    assert names(events) == ["OrderAccepted", "Traded", "OrderCanceled"]
    assert isinstance(events[-1], OrderCanceled)
    assert (events[-1].leaves, events[-1].reason) == (4, CancelReason.SELF_TRADE)
    assert scene.leaves(own) == 1


@pytest.mark.parametrize(
    ("policy", "told", "mine_lives", "rests"),
    [
        (SelfTrade.CANCEL_NEWEST, ["OrderAccepted", "OrderCanceled"], True, False),
        (SelfTrade.CANCEL_BOTH, ["OrderAccepted", "OrderCanceled", "OrderCanceled"], False, False),
        (
            SelfTrade.CANCEL_OLDEST,
            ["OrderAccepted", "OrderCanceled", "Traded", "OrderRested"],
            False,
            True,
        ),
    ],
)
def test_other_policies_cancel_one_or_both(
    policy: SelfTrade, told: list[str], mine_lives: bool, rests: bool
) -> None:
    """Own order first in line at 100, somebody else behind it."""
    scene = Scene()
    mine = scene.place(order(AMY, SELL, 1, 100))
    scene.place(order(BOB, SELL, 1, 100))

    events = scene.do(replace(order(ANN, BUY, 3, 100), self_trade=policy))

    assert names(events) == told
    assert (mine in scene.engine.state.orders) is mine_lives
    assert bool(scene.live(ANN)) is rests


def test_an_account_may_have_so_many_open_orders_and_no_more() -> None:
    """Waiting ones count; one that ends makes room."""
    scene = Scene()
    busy = AccountId("busy")
    scene.do(OpenAccount(account=busy, family=busy, max_open_orders=2))
    scene.give(busy, 10**6 * DOLLAR)
    first = scene.place(order(busy, BUY, 1, 99))
    scene.place(order(busy, BUY, 1, 99, trigger=stop(BUY, 120)))

    [refused] = scene.do(order(busy, BUY, 1, 98))
    scene.do(CancelOrder(account=busy, order_id=first))

    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.TOO_MANY_ORDERS
    assert scene.place(order(busy, BUY, 1, 98))


def test_position_and_working_orders_count_against_the_largest_position() -> None:
    """Held 300 and working 500 of 900: another hundred fits, one more does not."""
    scene = Scene(STRICT)
    scene.hold(ANN, 300)
    scene.place(order(ANN, BUY, 500, 99))

    [refused] = scene.do(order(ANN, BUY, 101, 99))
    fits = scene.do(order(ANN, BUY, 100, 99))
    other_way = scene.do(order(ANN, SELL, 1_200, 150))

    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.MAX_POSITION
    assert names(fits) == names(other_way) == ["OrderAccepted"]


@pytest.mark.parametrize(
    ("side", "price", "is_off"),
    [(BUY, 119, False), (BUY, 120, True), (SELL, 81, False), (SELL, 80, True)],
)
def test_a_taker_may_not_fill_as_far_from_mark_as_the_collar(
    side: Side, price: int, is_off: bool
) -> None:
    """Twenty percent to its own disadvantage is too far."""
    scene = Scene(linear(collar=Decimal("0.2")))
    scene.do(order(BOB, side.opposite, 1, price))

    event: Event = scene.do(order(ANN, side, 1, price))[0]

    if is_off:
        assert isinstance(event, OrderRejected)
        assert event.reason is Why.PRICE_COLLAR
    else:
        assert isinstance(event, OrderAccepted)


def test_a_fill_far_from_mark_in_the_takers_favor_is_no_fault() -> None:
    """The collar protects takers, it does not keep bargains from them."""
    scene = Scene(linear(collar=Decimal("0.2")))
    scene.do(order(BOB, SELL, 1, 70))

    assert names(scene.do(order(ANN, BUY, 1, 100))) == ["OrderAccepted", "Traded"]


MODES = [
    (Mode.ONLINE, "rests", None),
    (Mode.ONLINE, "takes", None),
    (Mode.POST_ONLY, "rests", None),
    (Mode.POST_ONLY, "takes", Why.MARKET_POST_ONLY),
    (Mode.LIMIT_ONLY, "takes", None),
    (Mode.LIMIT_ONLY, "market", Why.MARKET_LIMIT_ONLY),
    (Mode.REDUCE_ONLY, "rests", Why.MARKET_REDUCE_ONLY),
    (Mode.REDUCE_ONLY, "reduces", None),
    (Mode.CANCEL_ONLY, "reduces", Why.MARKET_CANCEL_ONLY),
    (Mode.SUSPENDED, "rests", Why.MARKET_SUSPENDED),
    (Mode.INACTIVE, "rests", Why.MARKET_INACTIVE),
]


@pytest.mark.parametrize(("mode", "what", "why"), MODES)
def test_a_market_accepts_what_its_mode_says(mode: Mode, what: str, why: Why | None) -> None:
    """Cancels pass in every mode."""
    scene = Scene()
    scene.hold(ANN, 5)
    scene.place(order(BOB, SELL, 5, 101))
    old = scene.place(order(ANN, BUY, 1, 90))
    scene.do(SetMode(symbol=PERP, mode=mode))
    asked = {
        "rests": order(ANN, BUY, 1, 99),
        "takes": order(ANN, BUY, 1, 101),
        "market": order(ANN, BUY, 1, None),
        "reduces": order(ANN, SELL, 1, 110, reduce_only=True),
    }

    event = scene.do(asked[what])[0]
    canceled = scene.do(CancelOrder(account=ANN, order_id=old))

    if why is None:
        assert isinstance(event, OrderAccepted)
    else:
        assert isinstance(event, OrderRejected)
        assert event.reason is why
    assert names(canceled) == ["OrderCanceled"]


def test_a_venue_low_on_disk_keeps_its_room_for_cancels() -> None:
    """New orders are refused alone and in batches; cancels, prices and triggers pass."""
    scene = Scene()
    number = scene.place(order(ANN, BUY, 1, 99))
    waiting = scene.place(order(ANN, BUY, 1, 100, trigger=stop(BUY, 105)))
    scene.do(SetIntake(is_open=False))

    [refused] = scene.do(order(BOB, SELL, 1, 99))
    batch = scene.do(
        Batch(
            account=ANN,
            members=(order(ANN, BUY, 1, 98), CancelOrder(account=ANN, order_id=number)),
        )
    )
    scene.do(SetIntake(is_open=True))

    assert isinstance(refused, OrderRejected)
    assert refused.reason is Why.LOW_DISK
    assert names(batch) == ["MemberDecided", "OrderRejected", "MemberDecided", "OrderCanceled"]
    assert scene.live(ANN) == [waiting]
    assert scene.place(order(ANN, BUY, 1, 98))


def test_a_refused_order_opens_no_wallet() -> None:
    """Who never had money there has no wallet after asking, either."""
    scene = Scene()
    before = scene.fingerprint()

    [event] = scene.do(order(PIP, BUY, 1, 99))

    assert isinstance(event, OrderRejected)
    assert event.reason is Why.INSUFFICIENT_MARGIN
    assert scene.account(PIP).wallets == []
    assert scene.fingerprint() == before


def test_what_is_read_at_once_are_the_fields_in_their_order() -> None:
    hints = get_type_hints(PlaceOrder)
    assert get_args(Asked) == tuple(hints[name] for name in PlaceOrder.__struct_fields__)


def test_each_term_of_a_command_is_a_term_of_its_order() -> None:
    """Every field has a value of its own, so that none could stand in another's place."""
    scene = Scene()
    asked = replace(
        order(ANN, SELL, 7, 123, cl_ord_id="mine", trigger=stop(SELL, 90), post_only=True),
        market_cap=Decimal("0.01"),
        deadline=Nanos(START + 10**12),
        algo_id="theirs",
        user_ref=12,
        self_trade=SelfTrade.CANCEL_BOTH,
        extras=Extras(expires=Nanos(START + 10**12)),
    )
    [accepted] = scene.do(asked)

    assert isinstance(accepted, OrderAccepted)
    same = set(asked.__struct_fields__) & set(accepted.order.__struct_fields__)
    assert len(same) == 15
    assert {it: getattr(accepted.order, it) for it in same} == {
        it: getattr(asked, it) for it in same
    }
