"""What an order would take, against what it then does take."""

import pytest

from openvenue.engine.commands import PlaceOrder, SetLeverage
from openvenue.engine.events import OrderRejected
from openvenue.engine.instruments import MarginLevel
from openvenue.engine.orders import BUY, SELL, Side
from openvenue.engine.queries import (
    GetLargestOrder,
    OrderWeight,
    WalletView,
    WeighOrder,
    look,
)
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import AccountId, Lots, Ppb, Symbol
from tests.unit.engine.scene import (
    ANN,
    BOB,
    COIN,
    COINS,
    DOLLAR,
    FLEX,
    FUTURE,
    INVERSE,
    PAIR,
    PERP,
    PIP,
    XBT,
    Scene,
    inverse,
    linear,
    order,
    pair,
)

STEEP = (
    MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),
    MarginLevel(1_000, Ppb(100_000_000), Ppb(50_000_000)),
)


def weigh(scene: Scene, asked: PlaceOrder) -> OrderWeight:
    """The venue's answer, which changes nothing."""
    before = scene.fingerprint()
    answer = look(scene.engine.state, WeighOrder(asked))
    assert isinstance(answer, OrderWeight)
    assert scene.fingerprint() == before
    return answer


def with_a_past(symbol: Symbol) -> Scene:
    """Ann is long 5 of this contract, short 3 of another on the same index, and has orders."""
    other = linear(FUTURE, margin_levels=STEEP)
    scene = Scene(linear(margin_levels=STEEP), inverse(margin_levels=STEEP), other)
    price = 200 if symbol == INVERSE else 100
    scene.hold(ANN, 5, price, symbol)
    scene.hold(ANN, -3, symbol=FUTURE)
    scene.place(order(ANN, BUY, 1, price - 10, symbol=symbol))
    scene.place(order(ANN, SELL, 9, price + 20, symbol=symbol))
    scene.place(order(BOB, SELL, 3, price, symbol=symbol))
    scene.place(order(BOB, SELL, 2, price + 2, symbol=symbol))
    scene.place(order(BOB, BUY, 4, price - 2, symbol=symbol))
    return scene


@pytest.mark.parametrize("symbol", [PERP, INVERSE])
@pytest.mark.parametrize(
    ("side", "quantity", "above"),
    [
        (BUY, 2, 0),  # fills at one price
        (BUY, 5, 5),  # at two
        (BUY, 9, 5),  # and a rest
        (BUY, 9, -5),  # nothing but a rest
        (SELL, 3, -5),
        (SELL, 4, -5),
        (SELL, 30, 25),
        (BUY, 2, None),
    ],
)
def test_the_margin_told_is_the_margin_taken(
    symbol: Symbol, side: Side, quantity: int, above: int | None
) -> None:
    """Fills and rests, on one side or through to the other, with other contracts on the index."""
    scene = with_a_past(symbol)
    wallet_id = COINS if symbol == INVERSE else FLEX
    price = None if above is None else (200 if symbol == INVERSE else 100) + above
    asked = order(ANN, side, quantity, price, symbol=symbol)
    before = scene.wallet(ANN, wallet_id)

    weight = weigh(scene, asked)
    scene.do(asked)

    after = scene.wallet(ANN, wallet_id)
    assert weight.reason is None
    taken = after.initial_margin_with_orders - before.initial_margin_with_orders
    assert weight.initial_added == taken


@pytest.mark.parametrize("symbol", [PERP, INVERSE])
@pytest.mark.parametrize(("side", "quantity", "above"), [(BUY, 5, 5), (SELL, 4, -5)])
def test_what_an_order_leaves_its_wallet_with_is_told(
    symbol: Symbol, side: Side, quantity: int, above: int
) -> None:
    """Equity and maintenance margin after fills, fees and what is lost against the mark."""
    scene = with_a_past(symbol)
    asked = order(ANN, side, quantity, (200 if symbol == INVERSE else 100) + above, symbol=symbol)

    weight = weigh(scene, asked)
    scene.do(asked)

    wallet = scene.wallet(ANN, COINS if symbol == INVERSE else FLEX)
    position = scene.position(ANN, symbol)
    assert position is not None
    assert weight.maintenance_margin == wallet.maintenance_margin
    assert weight.position_maintenance == position.maintenance_margin
    assert weight.position_value == position.cost + position.unrealized
    assert abs(weight.equity - wallet.equity) <= 2  # a part of an atom for each rounding


@pytest.mark.parametrize(("side", "quantity"), [(BUY, 4), (BUY, 5), (SELL, 2), (SELL, 4)], ids=str)
@pytest.mark.parametrize("held", [0, 3])
def test_an_isolated_position_is_told_with_the_margin_that_follows_it(
    side: Side, quantity: int, held: int
) -> None:
    """New, growing, shrinking and turning round."""
    scene = Scene()
    scene.do(SetLeverage(account=ANN, symbol=PERP, leverage=10, is_isolated=True))
    if held:
        scene.hold(ANN, held)
    scene.place(order(BOB, side.opposite, 9, 101 if side is BUY else 99))
    asked = order(ANN, side, quantity, 101 if side is BUY else 99)

    weight = weigh(scene, asked)
    scene.do(asked)

    [wallet] = scene.account(ANN).isolated_wallets
    assert isinstance(wallet, WalletView)
    assert weight.equity == wallet.equity
    assert weight.maintenance_margin == wallet.maintenance_margin


def why(scene: Scene, account: AccountId, side: Side, quantity: int, price: int | None) -> object:
    """The refusal of an order that is really sent."""
    first = scene.do(order(account, side, quantity, price))[0]
    return first.reason if isinstance(first, OrderRejected) else None


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("price", [90, 100, 110, None])
@pytest.mark.parametrize("money", [7, 40, 1_999])
def test_the_largest_order_is_taken_and_one_more_lot_is_not(
    side: Side, price: int | None, money: int
) -> None:
    """Whatever stops it."""
    scene = Scene(linear(margin_levels=STEEP, max_quantity=Lots(500)))
    scene.give(PIP, money * DOLLAR)
    for away in range(1, 20):
        scene.place(order(BOB, SELL, 2, 100 + away // 4))
        scene.place(order(BOB, BUY, 2, 99 - away // 4))

    largest = look(scene.engine.state, GetLargestOrder(order(PIP, side, 0, price)))

    assert isinstance(largest, int)
    assert 0 < largest <= 500
    assert weigh(scene, order(PIP, side, largest + 1, price)).reason is not None
    assert why(scene, PIP, side, largest + 1, price) is not None
    assert why(scene, PIP, side, largest, price) is None


def test_no_order_is_the_largest_where_none_is_taken() -> None:
    """Without money, and on a market without anybody to trade with."""
    scene = Scene()

    poor = look(scene.engine.state, GetLargestOrder(order(PIP, BUY, 0, 100)))
    alone = look(scene.engine.state, GetLargestOrder(order(ANN, BUY, 0, None)))

    assert (poor, alone) == (0, 0)
    assert weigh(scene, order(PIP, BUY, 1, 100)).reason is RejectReason.INSUFFICIENT_MARGIN


def test_spot_pairs_and_strangers_have_no_weight() -> None:
    """Nothing to margin, nobody to ask for."""
    scene = Scene(linear(), pair())
    scene.give(ANN, COIN, COINS, XBT)
    state = scene.engine.state

    assert look(state, WeighOrder(order(ANN, BUY, 1, 100, symbol=PAIR))) is None
    assert look(state, WeighOrder(order(AccountId("nobody"), BUY, 1, 100))) is None
    assert look(state, GetLargestOrder(order(ANN, BUY, 1, 100, symbol=PAIR))) == 0
