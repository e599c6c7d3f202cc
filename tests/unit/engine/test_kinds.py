"""Each kind of contract trades: what the two sides have before and after, in whole figures."""

from openvenue.engine.commands import CancelOrders
from openvenue.engine.events import OrderRejected, Traded
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import Nanos
from tests.unit.engine.scene import (
    ANN,
    BOB,
    CASH,
    COIN,
    COINS,
    DATED,
    DOLLAR,
    FLEX,
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
    order,
    pair,
)


def test_a_linear_round_trip_pays_the_difference_less_fees() -> None:
    """Ann buys 10 at 100 and sells them at 103; Bob is on the other side, as the maker."""
    scene = Scene()
    before = scene.wallet(ANN).balances[USD], scene.wallet(BOB).balances[USD]
    scene.do(order(BOB, SELL, 10, 100), order(ANN, BUY, 10, 100))
    scene.do(order(BOB, BUY, 10, 103), order(ANN, SELL, 10, 103))

    taker_fees = (1_000 + 1_030) * DOLLAR // 2_000
    maker_fees = (1_000 + 1_030) * DOLLAR // 5_000
    assert scene.wallet(ANN).balances[USD] == before[0] + 30 * DOLLAR - taker_fees
    assert scene.wallet(BOB).balances[USD] == before[1] - 30 * DOLLAR - maker_fees
    assert scene.engine.state.fees == {USD: taker_fees + maker_fees}
    assert (scene.position(ANN), scene.position(BOB)) == (None, None)


def test_an_inverse_round_trip_pays_in_coins() -> None:
    """1000 contracts from 100 to 125: 10 coins in, 8 out, so 2 gained."""
    scene = Scene(inverse())
    before = scene.wallet(ANN, COINS).balances[XBT]
    for side, price in ((BUY, 200), (SELL, 250)):
        scene.do(order(BOB, side.opposite, 1_000, price, symbol=INVERSE))
        scene.do(order(ANN, side, 1_000, price, symbol=INVERSE))

    assert scene.wallet(ANN, COINS).balances[XBT] == before + 2 * COIN - 18 * COIN // 2_000
    assert scene.position(ANN, INVERSE) is None


def test_a_dated_inverse_contract_trades_like_a_perpetual_one() -> None:
    """In the same wallet, as a position of its own."""
    dated = inverse(DATED, expires=Nanos(START + 10**15))
    scene = Scene(inverse(), dated)
    scene.do(order(BOB, SELL, 500, 200, symbol=DATED))

    _, traded = scene.do(order(ANN, BUY, 500, 200, symbol=DATED))

    assert isinstance(traded, Traded)
    assert traded.value == 5 * COIN
    assert (scene.held(ANN, DATED), scene.held(ANN, INVERSE)) == (500, 0)
    position = scene.position(ANN, DATED)
    assert position is not None
    assert position.cost == -5 * COIN


def test_a_spot_trade_moves_coins_one_way_and_dollars_the_other() -> None:
    """One and a half coins at 100; both pay their fee in dollars."""
    scene = Scene(pair())
    ann, bob = scene.wallet(ANN, CASH).balances, scene.wallet(BOB, CASH).balances
    scene.do(order(BOB, SELL, 150, 100, symbol=PAIR))

    scene.do(order(ANN, BUY, 150, 101, symbol=PAIR))

    now_ann, now_bob = scene.wallet(ANN, CASH).balances, scene.wallet(BOB, CASH).balances
    assert now_ann[XBT] - ann[XBT] == bob[XBT] - now_bob[XBT] == 3 * COIN // 2
    assert ann[USD] - now_ann[USD] == 150 * DOLLAR + 150 * DOLLAR // 2_000
    assert now_bob[USD] - bob[USD] == 150 * DOLLAR - 150 * DOLLAR // 5_000
    assert scene.account(ANN).positions == []


def test_a_resting_spot_order_holds_what_it_needs_and_gives_it_back() -> None:
    """To buy: worth and fee in dollars. To sell: the coins. Fills release their part."""
    scene = Scene(pair())
    buy = scene.place(order(ANN, BUY, 300, 100, symbol=PAIR))
    scene.place(order(ANN, SELL, 200, 120, symbol=PAIR))

    def held() -> tuple[int, int]:
        amounts = scene.wallet(ANN, CASH).held
        return amounts[USD], amounts[XBT]

    assert held() == (300 * DOLLAR + 300 * DOLLAR // 2_000, 2 * COIN)
    scene.do(order(BOB, SELL, 100, 100, symbol=PAIR))
    assert scene.leaves(buy) == 200
    assert held() == (200 * DOLLAR + 200 * DOLLAR // 2_000, 2 * COIN)
    scene.do(CancelOrders(account=ANN))
    assert held() == (0, 0)


def test_a_spot_order_is_refused_when_the_money_is_not_there() -> None:
    """To the atom, holds included; a seller needs the coins, not dollars."""
    scene = Scene(pair())
    needed = 100 * DOLLAR + DOLLAR // 20
    scene.give(PIP, needed - 1, CASH, USD)
    scene.give(PIP, COIN, CASH, XBT)

    [refused] = scene.do(order(PIP, BUY, 100, 100, symbol=PAIR))
    scene.give(PIP, 1, CASH, USD)
    scene.place(order(PIP, BUY, 100, 100, symbol=PAIR))
    [again] = scene.do(order(PIP, BUY, 1, 1, symbol=PAIR))
    scene.place(order(PIP, SELL, 100, 120, symbol=PAIR))
    [sold_out] = scene.do(order(PIP, SELL, 1, 120, symbol=PAIR))

    for event in (refused, again, sold_out):
        assert isinstance(event, OrderRejected)
        assert event.reason is Why.INSUFFICIENT_FUNDS


def test_a_flip_leaves_a_position_that_cost_what_its_own_lots_cost() -> None:
    """Long 10 at 100, 25 sold at 104: 40 gained, short 15 at 104."""
    scene = Scene()
    scene.hold(ANN, 10)
    scene.do(order(BOB, BUY, 25, 104))

    _, traded = scene.do(order(ANN, SELL, 25, 104))

    assert isinstance(traded, Traded)
    assert traded.taker_realized == 40 * DOLLAR
    position = scene.position(ANN)
    assert position is not None
    assert (position.quantity, position.cost) == (-15, -15 * 104 * DOLLAR)


def test_a_sweep_realizes_fill_by_fill() -> None:
    """Long 10 at 100, sold at 103, 102, 101: each fill closes part of what is left by then."""
    scene = Scene()
    scene.hold(ANN, 10)
    for price in (103, 102, 101):
        scene.do(order(BOB, BUY, 4, price))

    events = scene.do(order(ANN, SELL, 12, 101))

    gained = [event.taker_realized for event in events if isinstance(event, Traded)]
    assert gained == [12 * DOLLAR, 8 * DOLLAR, 2 * DOLLAR]
    assert scene.held(ANN) == -2


def test_open_interest_counts_contracts_once() -> None:
    """Opened between two, handed on, closed."""
    scene = Scene()
    market = scene.engine.state.markets[PERP]
    scene.do(order(BOB, SELL, 10, 100), order(ANN, BUY, 10, 100))
    assert market.open_interest == 10
    scene.give(PIP, 1_000 * DOLLAR, FLEX)
    scene.do(order(PIP, BUY, 4, 100), order(ANN, SELL, 4, 100))
    assert market.open_interest == 10
    scene.do(order(PIP, SELL, 4, 100), order(BOB, BUY, 4, 100))
    assert market.open_interest == 6


def test_prices_of_the_last_trade_are_the_markets() -> None:
    """Price, quantity and time of the last one of a sweep."""
    scene = Scene(linear())
    scene.do(order(BOB, SELL, 1, 100), order(BOB, SELL, 5, 101))
    scene.wait(7)
    scene.do(order(ANN, BUY, 3, 101))

    market = scene.engine.state.markets[PERP]
    assert (market.last, market.last_quantity, market.last_time) == (101, 2, scene.now)
