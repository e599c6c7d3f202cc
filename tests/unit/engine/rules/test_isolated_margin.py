"""Isolated positions: what they are given, what they give back, what they cannot touch."""

from openvenue.engine.commands import AddMargin, SetLeverage
from openvenue.engine.events import Event, LeverageSet, MarginMoved, Refused
from openvenue.engine.instruments import FeeTier
from openvenue.engine.orders import BUY, IOC, SELL
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Atoms, Ppb
from tests.unit.engine.scene import (
    BOB,
    DOLLAR,
    FUTURE,
    PERP,
    PIP,
    USD,
    Scene,
    linear,
    names,
    order,
)

FREE = (FeeTier(0, Ppb(0), Ppb(0)),)


def isolated(dollars: int = 500, leverage: int = 10) -> Scene:
    """Pip has so much, and wants margin of its own in the perpetual, ten times covered."""
    scene = Scene(linear(fee_tiers=FREE), linear(FUTURE, fee_tiers=FREE))
    scene.give(PIP, dollars * DOLLAR)
    scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=leverage, is_isolated=True))
    return scene


def margin(scene: Scene) -> int | None:
    """What the perpetual's position stands on, in atoms."""
    position = scene.position(PIP)
    assert position is not None
    return position.isolated_margin


def moves(events: list[Event]) -> list[int]:
    """Margin that went to positions (or came back, negative)."""
    return [int(event.amount) for event in events if isinstance(event, MarginMoved)]


def test_margin_comes_with_what_a_position_grows_by() -> None:
    """Ten lots at 100 need 100 dollars at ten times; five more need 50 more."""
    scene = isolated()
    scene.hold(PIP, 10)
    assert margin(scene) == 100 * DOLLAR
    assert scene.wallet(PIP).balances[USD] == 400 * DOLLAR
    scene.do(order(BOB, SELL, 5, 100))

    events = scene.do(order(PIP, BUY, 5, 100, time_in_force=IOC))

    assert moves(events) == [50 * DOLLAR]
    wallet = scene.wallet(PIP)
    assert (wallet.balances[USD], wallet.equity, wallet.initial_margin) == (
        350 * DOLLAR,
        350 * DOLLAR,
        0,
    )


def test_a_closed_share_of_it_comes_back_with_its_profit() -> None:
    """At 110 there are 200 of equity: half of it comes with half of them."""
    scene = isolated()
    scene.hold(PIP, 10)
    scene.mark("110")
    scene.do(order(BOB, BUY, 10, 110))

    events = scene.do(order(PIP, SELL, 5, 110, time_in_force=IOC))

    assert moves(events) == [-100 * DOLLAR]
    scene.do(order(PIP, SELL, 5, 110, time_in_force=IOC))
    assert scene.wallet(PIP).balances[USD] == 600 * DOLLAR
    assert all(it.balances[USD] == 0 for it in scene.account(PIP).isolated_wallets)


def test_orders_beside_it_are_kept_for_in_the_wallet() -> None:
    """Thirty lots need 300 of 500; forty more do not fit, cross or isolated."""
    scene = isolated()
    scene.place(order(PIP, BUY, 30, 90))
    assert scene.wallet(PIP).initial_margin_with_orders == 300 * DOLLAR

    assert names(scene.do(order(PIP, BUY, 21, 90))) == ["OrderRejected"]
    assert names(scene.do(order(PIP, BUY, 101, 90, symbol=FUTURE))) == ["OrderRejected"]
    assert names(scene.do(order(PIP, BUY, 100, 90, symbol=FUTURE))) == ["OrderAccepted"]


def test_what_it_loses_does_not_touch_the_rest() -> None:
    """A loss of 80 is the position's: the wallet's equity stays, and carries other orders."""
    scene = isolated()
    scene.hold(PIP, 10)
    scene.mark("92")

    assert scene.wallet(PIP).equity == 400 * DOLLAR
    [own] = scene.account(PIP).isolated_wallets
    assert (own.equity, own.unrealized) == (20 * DOLLAR, -80 * DOLLAR)


def test_a_flip_is_margined_for_its_other_side() -> None:
    """From ten long to five short: fifty dollars stay, the rest comes back."""
    scene = isolated()
    scene.hold(PIP, 10)
    scene.do(order(BOB, BUY, 15, 100))

    scene.do(order(PIP, SELL, 15, 100, time_in_force=IOC))

    assert margin(scene) == 50 * DOLLAR
    assert scene.wallet(PIP).balances[USD] == 450 * DOLLAR


def test_margin_can_be_added_but_not_more_than_is_free() -> None:
    """Only to an isolated position that is open."""
    scene = isolated()

    def add(dollars: int) -> list[Event]:
        return scene.do(AddMargin(account=PIP, symbol=PERP, amount=Atoms(dollars * DOLLAR)))

    [event] = add(1)
    assert isinstance(event, Refused) and event.reason is Why.NOT_ISOLATED
    scene.hold(PIP, 10)
    for dollars, why in ((0, Why.INVALID), (401, Why.INSUFFICIENT_FUNDS)):
        [event] = add(dollars)
        assert isinstance(event, Refused) and event.reason is why
    assert moves(add(400)) == [400 * DOLLAR]
    assert margin(scene) == 500 * DOLLAR


def test_the_mode_of_an_open_position_stays() -> None:
    """Its leverage may change: it is given what it needs, if that is there."""
    scene = isolated()
    scene.hold(PIP, 10)
    [event] = scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=10))
    assert isinstance(event, Refused) and event.reason is Why.OPEN_POSITION

    set_five = SetLeverage(account=PIP, symbol=PERP, leverage=5, is_isolated=True)
    events = scene.do(set_five)
    assert isinstance(events[0], LeverageSet) and moves(events) == [100 * DOLLAR]
    [event] = scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=1, is_isolated=True))
    assert isinstance(event, Refused) and event.reason is Why.INSUFFICIENT_MARGIN
    events = scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=20, is_isolated=True))
    assert moves(events) == [-150 * DOLLAR]


def test_it_becomes_cross_again_when_it_is_flat() -> None:
    """And a snapshot keeps which it is, and what it has."""
    scene = isolated()
    scene.hold(PIP, 10)
    again = restore(take(scene.engine.state))
    assert again.fingerprint() == scene.fingerprint()
    wallet = again.accounts[PIP].positions[PERP].wallet
    assert wallet.parent is again.accounts[PIP].wallets[scene.wallet(PIP).wallet]
    assert wallet.collateral() == 100 * DOLLAR

    scene.do(order(BOB, BUY, 10, 100), order(PIP, SELL, 10, 100, time_in_force=IOC))
    scene.do(SetLeverage(account=PIP, symbol=PERP, leverage=None))
    scene.do(order(BOB, SELL, 10, 100), order(PIP, BUY, 10, 100, time_in_force=IOC))

    assert margin(scene) is None
    assert scene.wallet(PIP).initial_margin == 20 * DOLLAR


def test_orders_that_stand_against_another_position_need_its_margin_once_they_are_alone() -> None:
    """A long and a short on one index need the larger margin of both; apart they need the sum."""
    scene = Scene(linear(), linear(FUTURE))
    scene.give(PIP, 210 * DOLLAR)
    scene.hold(PIP, 100, 100)
    scene.place(order(PIP, SELL, 100, 101, symbol=FUTURE))
    alone = SetLeverage(account=PIP, symbol=FUTURE, leverage=50, is_isolated=True)
    [refused] = scene.do(alone)
    assert isinstance(refused, Refused)
    assert refused.reason is Why.INSUFFICIENT_MARGIN

    scene.give(PIP, 200 * DOLLAR)
    assert names(scene.do(alone)) == ["LeverageSet"]
    assert scene.wallet(PIP).initial_margin_with_orders <= scene.wallet(PIP).equity
