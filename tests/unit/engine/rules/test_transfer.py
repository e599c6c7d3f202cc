"""Money between wallets and accounts, out of the venue, and accounts that may not trade."""

import pytest

from openvenue.engine.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    OpenAccount,
    SetTradingEnabled,
    Transfer,
    Withdraw,
)
from openvenue.engine.events import AmendRejected, OrderRejected, Refused
from openvenue.engine.instruments import WalletId
from openvenue.engine.orders import BUY, SELL
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import AccountId, AssetId, Atoms, Ticks
from tests.unit.engine.scene import (
    ANN,
    BOB,
    CASH,
    COINS,
    DOLLAR,
    FLEX,
    PERP,
    USD,
    XBT,
    Scene,
    inverse,
    linear,
    names,
    order,
)

SUB = AccountId("sub")


def move(
    amount: int,
    asset: AssetId = USD,
    *,
    wallet: WalletId = FLEX,
    to: AccountId = ANN,
    to_wallet: WalletId = CASH,
) -> Transfer:
    """Ann's transfer."""
    return Transfer(
        account=ANN,
        wallet=wallet,
        to_account=to,
        to_wallet=to_wallet,
        asset=asset,
        amount=Atoms(amount),
    )


def take_out(amount: int, asset: AssetId = USD) -> Withdraw:
    """Ann's withdrawal from her margin wallet."""
    return Withdraw(account=ANN, wallet=FLEX, asset=asset, amount=Atoms(amount))


def family() -> Scene:
    """Ann has a subaccount."""
    scene = Scene(linear(), inverse())
    scene.do(OpenAccount(account=SUB, family=ANN, max_open_orders=10))
    return scene


REFUSED: list[tuple[str, Command, Why]] = [
    ("more than there is", move(10**18), Why.INSUFFICIENT_FUNDS),
    ("nothing", move(0), Why.INVALID),
    ("less than nothing", move(-1), Why.INVALID),
    ("an unknown asset", move(1, AssetId("GOLD")), Why.INVALID),
    ("into the same wallet", move(1, to_wallet=FLEX), Why.INVALID),
    ("to nobody", move(1, to=AccountId("nobody")), Why.ACCOUNT_NOT_FOUND),
    ("to another family", move(1, to=BOB), Why.ACCOUNT_NOT_FOUND),
    ("dollars into a wallet of coins", move(1, to_wallet=COINS), Why.ASSET_NOT_HELD),
    ("out, more than there is", take_out(10**18), Why.INSUFFICIENT_FUNDS),
    ("out, of an asset that is not there", take_out(1, XBT), Why.INSUFFICIENT_FUNDS),
    (
        "of nobody",
        SetTradingEnabled(account=AccountId("nobody"), is_enabled=True),
        Why.ACCOUNT_NOT_FOUND,
    ),
]


@pytest.mark.parametrize(
    ("command", "why"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_money_that_may_not_move_stays(command: Command, why: Why) -> None:
    """Nothing changes, and the reason is told."""
    scene = family()
    before = scene.fingerprint()

    [event] = scene.do(command)

    assert isinstance(event, Refused)
    assert event.reason is why
    assert scene.fingerprint() == before


def test_money_moves_within_an_account_and_a_family() -> None:
    """Three dollars to cash, two of them on to the subaccount, one out of the venue."""
    scene = family()
    had, cash = scene.wallet(ANN).balances[USD], scene.wallet(ANN, CASH).balances[USD]

    scene.do(move(3 * DOLLAR), move(2 * DOLLAR, wallet=CASH, to=SUB, to_wallet=FLEX))
    scene.do(take_out(DOLLAR))

    assert scene.wallet(ANN).balances[USD] == had - 4 * DOLLAR
    assert scene.wallet(ANN, CASH).balances[USD] == cash + DOLLAR
    assert scene.wallet(SUB).balances[USD] == 2 * DOLLAR


def test_what_carries_positions_and_orders_stays() -> None:
    """All but the margin of a position and of an order, to the atom; no unrealized profit."""
    scene = family()
    scene.hold(ANN, 10)
    scene.place(order(ANN, BUY, 20, 90))
    view = scene.wallet(ANN)
    free = view.balances[USD] + min(view.unrealized, 0) - view.initial_margin_with_orders

    assert names(scene.do(take_out(free + 1))) == ["Refused"]
    assert names(scene.do(move(free))) == ["Transferred"]
    assert names(scene.do(take_out(1))) == ["Refused"]


def test_an_account_that_may_not_trade_may_still_cancel() -> None:
    """New and changed orders are refused; what stands goes on, and trades."""
    scene = family()
    scene.give(SUB, 1_000 * DOLLAR, FLEX)
    stands = scene.place(order(SUB, BUY, 2, 99))
    other = scene.place(order(SUB, BUY, 1, 98))
    scene.do(SetTradingEnabled(account=SUB, is_enabled=False))

    [placed] = scene.do(order(SUB, BUY, 1, 99))
    [changed] = scene.do(AmendOrder(account=SUB, order_id=stands, limit_price=Ticks(98)))
    scene.do(order(BOB, SELL, 1, 99))

    assert isinstance(placed, OrderRejected)
    assert isinstance(changed, AmendRejected)
    assert placed.reason is changed.reason is Why.TRADING_DISABLED
    assert scene.held(SUB, PERP) == 1
    assert names(scene.do(CancelOrder(account=SUB, order_id=other))) == ["OrderCanceled"]
    scene.do(SetTradingEnabled(account=SUB, is_enabled=True))
    assert names(scene.do(order(SUB, BUY, 1, 99))) == ["OrderAccepted"]
