"""TWAPs: equal parts over time, each a market order within its slippage; stopped when asked to."""

from decimal import Decimal
from typing import Any, Final

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import (
    CancelOrders,
    CancelTwap,
    Deposit,
    PassTime,
    PlaceOrder,
    PlaceTwap,
    SetDeadMansSwitch,
    SetIntake,
    SetMarkPrice,
    SetMode,
    SetTradingEnabled,
)
from openvenue.engine.due import next_due
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    CancelRejected,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrdersCanceled,
    Traded,
    TwapAccepted,
    TwapEnded,
    TwapRejected,
    TwapSliced,
)
from openvenue.engine.instruments import Mode, Rung, RungKind, TwapRule
from openvenue.engine.orders import BUY, SELL, SelfTrade
from openvenue.engine.queries import GetTwaps, look
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.twaps import TwapView
from openvenue.engine.units import AccountId, Atoms, Lots, Nanos, Ticks
from tests.unit.engine.scene import (
    ANN,
    BOB,
    CASH,
    DOLLAR,
    FLEX,
    INDEX,
    INVERSE,
    PAIR,
    PERP,
    PIP,
    SECOND,
    USD,
    Scene,
    inverse,
    linear,
    order,
    pair,
)

RULE: Final = TwapRule(
    interval=Nanos(30 * SECOND),
    shortest=Nanos(60 * SECOND),
    longest=Nanos(86_400 * SECOND),
    open_max=4,
)


def scene(**terms: object) -> Scene:
    """Mark stands at 100, whatever trades."""
    here = Scene(linear(PERP, twap=RULE, **terms))
    here.do(SetMarkPrice(symbol=PERP, price=Decimal(100)))
    return here


def ask(account: AccountId, quantity: int, price: int) -> PlaceOrder:
    """A resting offer."""
    return order(account, SELL, quantity, price)


def bid(account: AccountId, quantity: int, price: int) -> PlaceOrder:
    """A resting bid."""
    return order(account, BUY, quantity, price)


def buy(quantity: int, seconds: int = 120, **terms: Any) -> PlaceTwap:
    """Ann's: five orders over two minutes, within a percent of mark."""
    return PlaceTwap(
        **{
            "account": ANN,
            "symbol": PERP,
            "side": BUY,
            "quantity": Lots(quantity),
            "slippage": Decimal("0.01"),
            "duration": Nanos(seconds * SECOND),
            **terms,
        }
    )


def parts(here: Scene, *, until: int = 10**6) -> list[Event]:
    """What the passing of time brings about, each moment by itself."""
    events: list[Event] = []
    end = here.now + until * SECOND
    while (due := next_due(here.engine.state)) is not None and due <= end:
        here.now = due
        events += here.do(PassTime())
    return events


def traded(events: list[Event]) -> list[int]:
    """Lots of each trade."""
    return [event.quantity for event in events if isinstance(event, Traded)]


def of(here: Scene, account: AccountId = ANN) -> list[TwapView]:
    """Open TWAPs."""
    return look(here.engine.state, GetTwaps(account))  # type: ignore[return-value]


def test_equal_parts_come_every_thirty_seconds_the_first_at_once() -> None:
    """One for each half minute of the time it runs, and one more."""
    here = scene()
    here.do(ask(BOB, 100, 100))
    begin = here.now

    first = here.do(buy(10))
    rest = parts(here)

    assert traded(first) == [2]
    assert traded(rest) == [2, 2, 2, 2]
    assert here.now == begin + 120 * SECOND
    last = rest[-1]
    assert isinstance(last, TwapEnded) and last.reason is None
    assert last.view.filled == 10 and last.view.past == 5
    assert last.view.value == 10 * 100 * DOLLAR
    assert last.view.twap.expires == begin + 150 * SECOND
    assert of(here) == []


def test_what_the_division_leaves_is_in_the_last_parts() -> None:
    """Each part is what is left over the number of parts that are left, rounded down."""
    here = scene()
    here.do(ask(BOB, 100, 100))

    sizes = traded(here.do(buy(13)) + parts(here))

    assert sizes == [2, 2, 3, 3, 3]


def test_there_are_no_more_parts_than_lots() -> None:
    """Three lots are three orders of one lot, half a minute apart."""
    here = scene()
    here.do(ask(BOB, 100, 100))

    assert traded(here.do(buy(3)) + parts(here)) == [1, 1, 1]


def test_an_order_of_a_part_is_a_market_order_of_its_own() -> None:
    """It has a number of its own, names the TWAP, and trades within its slippage of mark."""
    here = scene()
    here.do(ask(BOB, 1, 100), ask(BOB, 100, 102))

    accepted, placed, *trades, canceled, sliced = here.do(buy(10))

    assert isinstance(accepted, TwapAccepted) and isinstance(placed, OrderAccepted)
    number = accepted.view.twap.order_id
    child = placed.order
    assert child.order_id == number + 1 and child.algo_id == str(number)
    assert child.is_market and child.limit_price == Ticks(101) and child.market_cap
    assert traded(trades) == [1]
    assert isinstance(canceled, OrderCanceled) and canceled.reason is CancelReason.IOC_REMAINDER
    assert isinstance(sliced, TwapSliced) and sliced.child == child.order_id
    assert sliced.view.filled == 1 and sliced.view.last_filled == 1


@pytest.mark.parametrize(("side", "worst"), [(BUY, 101), (SELL, 99)])
def test_the_bound_is_cut_to_the_tick_that_takes_less(side: Any, worst: int) -> None:
    """1.9 % of 100 is one tick, and most of another."""
    here = scene()
    here.do(ask(BOB, 9, 101) if side is BUY else bid(BOB, 9, 99))

    events = here.do(buy(10, side=side, slippage=Decimal("0.019")))

    placed = next(event.order for event in events if isinstance(event, OrderAccepted))
    assert placed.limit_price == worst


def test_what_was_missed_is_made_up_for_but_no_part_is_three_times_the_plan() -> None:
    """Nobody sells for a minute and a half; then two parts are left for all of it."""
    here = scene()
    first = here.do(buy(10))
    quiet = parts(here, until=65)
    here.do(ask(BOB, 100, 100))

    rest = parts(here)

    sliced = [event for event in first + quiet if isinstance(event, TwapSliced)]
    assert [event.because for event in sliced] == [Why.WOULD_NOT_TAKE] * 3
    assert [event.child for event in sliced] == [None] * 3
    assert traded(rest) == [5, 5]

    here = scene()
    here.do(buy(10))
    parts(here, until=95)
    here.do(ask(BOB, 100, 100))
    rest = parts(here)
    assert traded(rest) == [6]  # of ten
    assert isinstance(rest[-1], TwapEnded)
    assert rest[-1].reason is CancelReason.LAPSED and rest[-1].view.leaves == 4


@pytest.mark.parametrize(
    ("close", "open_again", "why"),
    [
        (
            SetMode(symbol=PERP, mode=Mode.SUSPENDED),
            SetMode(symbol=PERP, mode=Mode.ONLINE),
            Why.MARKET_SUSPENDED,
        ),
        (
            SetMode(symbol=PERP, mode=Mode.POST_ONLY),
            SetMode(symbol=PERP, mode=Mode.ONLINE),
            Why.MARKET_POST_ONLY,
        ),
        (SetIntake(is_open=False), SetIntake(is_open=True), Why.LOW_DISK),
    ],
)
def test_it_pauses_while_the_market_is_closed(close: Any, open_again: Any, why: Why) -> None:
    """Its time goes on, and what is left comes with the parts that are left."""
    here = scene()
    here.do(ask(BOB, 100, 100), buy(10), close)

    closed = parts(here, until=65)
    here.do(open_again)

    assert [event.because for event in closed if isinstance(event, TwapSliced)] == [why] * 2
    assert traded(parts(here)) == [4, 4]


def test_a_part_that_is_refused_ends_it() -> None:
    """As the market does with an order that its owner cannot pay for."""
    here = scene()
    here.do(Deposit(account=PIP, wallet=FLEX, asset=USD, amount=Atoms(5 * DOLLAR)))
    here.do(ask(BOB, 100, 100))

    events = here.do(buy(10, account=PIP)) + parts(here)

    ended = events[-1]
    assert isinstance(ended, TwapEnded) and ended.reason is CancelReason.SLICE_REFUSED
    assert ended.because is Why.INSUFFICIENT_MARGIN
    assert sum(traded(events)) == ended.view.filled == 2  # which he could pay for
    assert of(here, PIP) == []


def test_an_account_that_may_not_trade_has_no_part_sent() -> None:
    """It is the owner's own doing, and ends it."""
    here = scene()
    here.do(ask(BOB, 100, 100), buy(10), SetTradingEnabled(account=ANN, is_enabled=False))

    events = parts(here)

    assert traded(events) == []
    assert isinstance(events[-1], TwapEnded) and events[-1].because is Why.TRADING_DISABLED


def test_a_reducing_one_ends_with_the_position() -> None:
    """Its parts are no larger than what is held."""
    here = scene()
    here.do(ask(BOB, 100, 100), bid(ANN, 5, 100))
    here.do(CancelOrders(account=BOB), bid(BOB, 100, 100))

    events = here.do(buy(10, side=SELL, reduce_only=True)) + parts(here)

    assert traded(events) == [2, 2, 1]
    assert isinstance(events[-1], TwapEnded) and events[-1].because is Why.WOULD_NOT_REDUCE


def test_own_orders_give_way() -> None:
    """As its owner asked for."""
    here = scene()
    own = here.place(ask(ANN, 5, 100))
    here.do(ask(BOB, 50, 100))

    events = here.do(buy(10, self_trade=SelfTrade.CANCEL_OLDEST))

    evicted = [event.order_id for event in events if isinstance(event, OrderCanceled)]
    assert evicted == [own] and traded(events) == [2]


REFUSALS: Final = [
    (buy(10, account=AccountId("nobody")), Why.ACCOUNT_NOT_FOUND),
    (buy(10, symbol="PF_NONE"), Why.MARKET_NOT_FOUND),
    (buy(10, symbol=INVERSE), Why.TWAP_NOT_OFFERED),
    (buy(10, cl_ord_id="mine"), Why.TWAP_CL_ORD_ID_IN_USE),
    (buy(10, slippage=Decimal(1)), Why.INVALID),
    (buy(10, slippage=Decimal("-0.1")), Why.INVALID),
    (buy(10, 59), Why.TWAP_TOO_SHORT),
    (buy(10, 86_401), Why.TWAP_TOO_LONG),
    (buy(0), Why.INVALID_QUANTITY),
    (buy(1), Why.SMALL_ORDER),
    (buy(10**8), Why.TWAP_SLICE_SIZE),
    (buy(10, reduce_only=True), Why.WOULD_NOT_REDUCE),
    (buy(10, side=BUY, symbol=PAIR, reduce_only=True), Why.WOULD_NOT_REDUCE),
]


@pytest.mark.parametrize(("command", "why"), REFUSALS, ids=[why.name for _, why in REFUSALS])
def test_a_refusal_says_why_and_changes_nothing(command: PlaceTwap, why: Why) -> None:
    """Each for its own reason."""
    here = Scene(
        linear(twap=RULE, min_notional=Decimal(150)), inverse(), pair(twap=RULE), index="100"
    )
    here.do(buy(10, cl_ord_id="mine"))
    before = here.engine.state.fingerprint()

    (event,) = here.do(command)

    assert isinstance(event, TwapRejected) and event.reason is why
    assert here.engine.state.fingerprint() == before


def test_parts_may_be_smaller_than_an_order() -> None:
    """The least size of the market counts for the whole."""
    here = scene(min_notional=Decimal(150))
    here.do(ask(BOB, 100, 100))

    assert traded(here.do(buy(5)) + parts(here)) == [1, 1, 1, 1, 1]


def test_four_of_an_account_may_be_open_in_one_market() -> None:
    """The fifth is refused; another account's is not."""
    here = scene()
    here.do(*(buy(10) for _ in range(4)))

    (refused,) = here.do(buy(10))
    accepted, *_ = here.do(buy(10, account=BOB))

    assert isinstance(refused, TwapRejected) and refused.reason is Why.TOO_MANY_TWAPS
    assert isinstance(accepted, TwapAccepted)


def test_one_is_canceled_by_either_name_and_nobody_elses() -> None:
    """What it has traded stands."""
    here = scene()
    here.do(ask(BOB, 100, 100))
    accepted, *_ = here.do(buy(10, cl_ord_id="mine"))
    assert isinstance(accepted, TwapAccepted)
    number = accepted.view.twap.order_id

    for wrong in (
        CancelTwap(account=BOB, order_id=number),
        CancelTwap(account=BOB, cl_ord_id="mine"),
        CancelTwap(account=ANN, cl_ord_id="other"),
        CancelTwap(account=ANN),
    ):
        (refused,) = here.do(wrong)
        assert isinstance(refused, CancelRejected) and refused.reason is Why.UNKNOWN_TWAP
    (ended,) = here.do(CancelTwap(account=ANN, cl_ord_id="mine"))

    assert isinstance(ended, TwapEnded) and ended.reason is CancelReason.BY_OWNER
    assert ended.view.filled == 2
    assert parts(here) == [] and of(here) == []
    (again,) = here.do(CancelTwap(account=ANN, order_id=number))
    assert isinstance(again, CancelRejected)


def test_a_cancel_of_all_takes_them_only_when_told_to() -> None:
    """And then those in its scope."""
    here = scene()
    here.do(ask(BOB, 9, 101), bid(ANN, 3, 101))
    here.do(buy(10), buy(10, side=SELL), buy(10, side=SELL, reduce_only=True))

    assert here.do(CancelOrders(account=ANN))[1:] == []
    assert len(of(here)) == 3
    kept = here.do(CancelOrders(account=ANN, takes_twaps=True, keep_reduce_only=True, side=SELL))
    assert [event.view.twap.side for event in kept if isinstance(event, TwapEnded)] == [SELL]
    assert here.do(CancelOrders(account=ANN, takes_twaps=True, wallet=CASH))[1:] == []
    assert here.do(CancelOrders(account=ANN, takes_twaps=True, user_ref=1))[1:] == []
    none, *rest = here.do(CancelOrders(account=ANN, takes_twaps=True, symbol=PERP, wallet=FLEX))
    assert isinstance(none, OrdersCanceled) and len(rest) == 2
    assert of(here) == []


def test_a_dead_mans_switch_takes_them_along() -> None:
    """Whoever has gone wants nothing bought."""
    here = scene()
    here.do(buy(10), SetDeadMansSwitch(account=ANN, timeout=Nanos(20 * SECOND)))

    events = parts(here)

    assert isinstance(events[-1], TwapEnded)
    assert events[-1].reason is CancelReason.DEAD_MANS_SWITCH
    assert of(here) == []


def test_a_liquidation_takes_those_along_that_its_wallet_would_pay_for() -> None:
    """Or they would open what it closes."""
    here = scene(ladder=(Rung(kind=RungKind.MARKET),))
    here.do(Deposit(account=PIP, wallet=FLEX, asset=USD, amount=Atoms(40 * DOLLAR)))
    here.do(ask(BOB, 12, 100), bid(PIP, 10, 100), buy(2, account=PIP))

    events = here.do(SetMarkPrice(symbol=PERP, price=Decimal(97)))

    ended = [event for event in events if isinstance(event, TwapEnded)]
    assert [event.reason for event in ended] == [CancelReason.LIQUIDATION]
    assert of(here, PIP) == []


def test_parts_that_a_venue_slept_through_are_not_sent() -> None:
    """It goes on where it would be; and one whose time is over ends unfilled."""
    here = scene()
    here.do(ask(BOB, 100, 100), buy(14, 180), buy(20, 90))
    here.wait(125)

    events = here.do(PassTime())

    assert traded(events) == [4]  # the fifth of seven: a third of what is left
    ended = [event for event in events if isinstance(event, TwapEnded)]
    assert [(event.reason, event.view.filled) for event in ended] == [(CancelReason.LAPSED, 5)]
    assert traded(parts(here)) == [4, 4]


def test_a_state_with_open_ones_is_folded_and_restored() -> None:
    """Each part comes once, whoever carries the state on."""
    here = scene()
    here.do(ask(BOB, 100, 100))
    folded = Engine(restore(take(here.engine.state)))
    folded.fold(here.do(buy(10)), here.now)
    restored = Engine(restore(take(here.engine.state)))
    assert folded.state.fingerprint() == here.engine.state.fingerprint()
    now = Nanos(here.now + 30 * SECOND)

    events = here.engine.apply(PassTime(), now)

    assert restored.apply(PassTime(), now) == events
    assert folded.apply(PassTime(), now) == events
    assert traded(events) == [2]
    assert restored.state.fingerprint() == here.engine.state.fingerprint()


def test_without_any_price_nothing_is_sent() -> None:
    """There is nothing to measure a slippage from."""
    here = Scene(linear(index="ETH:USD", twap=RULE))  # whose index nobody has set
    here.do(ask(BOB, 100, 100))

    sliced = here.do(buy(10))[-1]

    assert isinstance(sliced, TwapSliced) and sliced.because is Why.NO_REFERENCE_PRICE
    assert INDEX not in here.engine.state.indexes


def test_terms_are_told_whole() -> None:
    """A reader of one event knows all of it."""
    here = scene()
    accepted, sliced = here.do(buy(10, cl_ord_id="mine"))

    assert isinstance(accepted, TwapAccepted) and isinstance(sliced, TwapSliced)
    view = accepted.view
    assert (view.past, view.filled, view.next) == (0, 0, here.now)
    assert view.twap.planned == 2 and view.twap.slices == 5
    assert sliced.view == replace(view, past=1, next=Nanos(here.now + 30 * SECOND))
