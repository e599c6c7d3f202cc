"""Questions about the present: what they answer, and that they change nothing."""

import pytest

from openvenue.engine.commands import ListInstrument, SetDeadMansSwitch
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.queries import (
    BookView,
    GetAccount,
    GetAssets,
    GetBook,
    GetMarkets,
    GetOpenOrders,
    GetOrders,
    MarketView,
    Query,
    look,
)
from openvenue.engine.units import AccountId, Nanos, OrderId, Symbol
from tests.unit.engine.scene import (
    ANN,
    BOB,
    CASH,
    DOLLAR,
    FLEX,
    PAIR,
    PERP,
    USD,
    XBT,
    Scene,
    linear,
    order,
    pair,
    stop,
)

NOBODY = AccountId("nobody")
NOTHING = Symbol("nothing")


def numbers(answer: object) -> list[int]:
    """Order numbers of a list of views."""
    assert isinstance(answer, list)
    return [each.order.order_id for each in answer]


def test_open_orders_are_told_oldest_first_resting_and_waiting() -> None:
    """With what is left of each, and whether it waits."""
    scene = Scene(linear(), pair())
    first = scene.place(order(ANN, BUY, 5, 100))
    second = scene.place(order(ANN, BUY, 1, 99, trigger=stop(BUY, 120)))
    third = scene.place(order(ANN, BUY, 1, 99, symbol=PAIR))
    scene.place(order(BOB, BUY, 1, 90))
    scene.wait(5)
    scene.do(order(BOB, SELL, 2, 100))
    state = scene.engine.state

    answer = look(state, GetOpenOrders(ANN))

    assert numbers(answer) == [first, second, third]
    assert numbers(look(state, GetOpenOrders(ANN, PAIR))) == [third]
    assert look(state, GetOpenOrders(NOBODY)) == []
    assert isinstance(answer, list)
    view = answer[0]
    assert not isinstance(view, MarketView)
    assert (view.leaves, view.filled, view.is_waiting, view.updated) == (3, 2, False, scene.now)  # type: ignore[union-attr]


def test_orders_are_found_by_each_of_their_names() -> None:
    """Unknown names, and names of others, are passed over."""
    scene = Scene()
    mine = scene.place(order(ANN, BUY, 1, 99, cl_ord_id="a"))
    other = scene.place(order(BOB, BUY, 1, 99, cl_ord_id="b"))
    state = scene.engine.state

    assert numbers(look(state, GetOrders(ANN, order_ids=(mine, other, OrderId(99))))) == [mine]
    assert numbers(look(state, GetOrders(ANN, cl_ord_ids=("b", "a", "c")))) == [mine]
    assert look(state, GetOrders(NOBODY, order_ids=(mine,))) == []


def test_a_book_is_told_as_deep_as_it_is_asked_for() -> None:
    """Best first; all of it where no depth is given."""
    scene = Scene()
    for price in (97, 98, 99):
        scene.place(order(ANN, BUY, 1, price))
    state = scene.engine.state

    shallow, whole = look(state, GetBook(PERP, depth=2)), look(state, GetBook(PERP))
    assert isinstance(shallow, BookView)
    assert isinstance(whole, BookView)
    assert shallow.bids == [(99, 1), (98, 1)]
    assert len(whole.bids) == 3
    assert whole.asks == []
    assert look(state, GetBook(NOTHING)) is None


def test_a_book_counts_the_orders_of_its_levels_where_that_is_asked_for() -> None:
    """Some venues show how many stand at a price; who need not know does not count them."""
    scene = Scene()
    for price in (98, 99, 99, 97):
        scene.place(order(ANN, BUY, 1, price))
    state = scene.engine.state

    counted, plain = look(state, GetBook(PERP, 2, with_orders=True)), look(state, GetBook(PERP))
    assert isinstance(counted, BookView)
    assert isinstance(plain, BookView)
    assert counted.bids == [(99, 2), (98, 1)]
    assert counted.bid_orders == [2, 1]
    assert counted.ask_orders == []
    assert plain.bid_orders == []


def test_a_market_tells_its_prices_and_none_where_there_is_none() -> None:
    """No trade yet is not a trade at zero."""
    scene = Scene(linear(), pair())
    scene.do(ListInstrument(instrument=linear(Symbol("NEW"), index="NEW:USD")))
    scene.do(order(BOB, SELL, 3, 101), order(ANN, BUY, 1, 101), order(ANN, BUY, 4, 99))

    answer = look(scene.engine.state, GetMarkets())

    assert isinstance(answer, list)
    perpetual, spot, new = answer
    assert isinstance(perpetual, MarketView)
    assert isinstance(spot, MarketView)
    assert isinstance(new, MarketView)
    assert (perpetual.last, perpetual.last_quantity, perpetual.open_interest) == (101, 1, 1)
    assert (perpetual.bid, perpetual.bid_quantity) == (99, 4)
    assert (perpetual.ask, perpetual.ask_quantity) == (101, 2)
    assert (spot.last, spot.bid, spot.ask) == (None, None, None)
    assert (new.mark, new.index) == (None, None)
    assert look(scene.engine.state, GetMarkets(PAIR)) == [spot]
    assert look(scene.engine.state, GetMarkets(NOTHING)) == []


def test_an_account_tells_its_money_its_margin_and_its_positions() -> None:
    """Flat positions are none."""
    scene = Scene(linear(), pair())
    scene.hold(ANN, 10)
    scene.hold(BOB, 10)
    scene.do(order(ANN, BUY, 10, 100), order(BOB, SELL, 10, 100))
    scene.place(order(ANN, BUY, 100, 90, symbol=PAIR))
    scene.mark("103")
    scene.do(SetDeadMansSwitch(account=ANN, timeout=Nanos(5)))

    ann = scene.account(ANN)
    flex = scene.wallet(ANN)

    assert [(each.symbol, each.quantity, each.unrealized) for each in ann.positions] == [
        (PERP, 20, 60 * DOLLAR)
    ]
    assert scene.account(BOB).positions == []
    assert (ann.open_orders, ann.dead_mans_switch) == (1, scene.now + 5)
    assert (flex.settlement, flex.unrealized) == (USD, 60 * DOLLAR)
    assert flex.equity == flex.balances[USD] + 60 * DOLLAR
    assert flex.maintenance_margin == 2_060 * DOLLAR // 100
    cash = scene.wallet(ANN, CASH)
    assert cash.settlement is None
    assert cash.held[USD] > 90 * DOLLAR
    assert cash.held.get(XBT, 0) == 0
    assert ann.wallets[0].wallet == FLEX
    assert look(scene.engine.state, GetAccount(NOBODY)) is None


QUESTIONS: list[Query] = [
    GetOpenOrders(ANN),
    GetOrders(ANN, (OrderId(1),), ("a",)),
    GetBook(PERP),
    GetMarkets(),
    GetAccount(ANN),
    GetAccount(BOB),
    GetAssets(),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_a_question_changes_nothing(question: Query) -> None:
    """It may be asked between any two commands."""
    scene = Scene()
    scene.hold(ANN, 5)
    scene.place(order(ANN, BUY, 1, 99, cl_ord_id="a"))
    before = scene.fingerprint()

    first = look(scene.engine.state, question)

    assert look(scene.engine.state, question) == first
    assert scene.fingerprint() == before
