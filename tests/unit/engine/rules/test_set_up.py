"""What is listed, who is here, what comes in from outside, and what makes no sense."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import (
    CancelOrders,
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    Resume,
    SetIndexPrice,
    SetIntake,
    SetLeverage,
    SetMarkPrice,
    SetMode,
)
from openvenue.engine.events import (
    AccountOpened,
    AssetListed,
    Deposited,
    Event,
    InstrumentListed,
    IntakeSet,
    ModeSet,
    Refused,
    Resumed,
)
from openvenue.engine.instruments import Asset, IndexId, Instrument, MarginLevel, Mode, WalletId
from openvenue.engine.orders import BUY
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.units import AccountId, AssetId, Atoms, Lots, Nanos, Ppb, Symbol
from tests.unit.engine.scene import (
    ANN,
    CASH,
    DOLLAR,
    FLEX,
    PAIR,
    PERP,
    USD,
    XBT,
    Scene,
    inverse,
    linear,
    names,
    order,
    pair,
)

NEW = Symbol("NEW")
NOBODY = AccountId("nobody")
EUR = Asset(AssetId("EUR"), 4)

DONE: list[tuple[Command, Event]] = [
    (ListAsset(asset=EUR), AssetListed(asset=EUR)),
    (ListInstrument(instrument=linear(NEW)), InstrumentListed(instrument=linear(NEW))),
    (
        OpenAccount(account=NOBODY, family=ANN, max_open_orders=3),
        AccountOpened(account=NOBODY, family=ANN, max_open_orders=3),
    ),
    (
        Deposit(account=ANN, wallet=WalletId("new"), asset=XBT, amount=Atoms(7)),
        Deposited(account=ANN, wallet=WalletId("new"), asset=XBT, amount=Atoms(7)),
    ),
    (SetMode(symbol=PERP, mode=Mode.ONLINE), ModeSet(symbol=PERP, mode=Mode.ONLINE)),
    (SetIntake(is_open=True), IntakeSet(is_open=True)),
    (Resume(down_since=Nanos(5)), Resumed(down_since=Nanos(5))),
]


@pytest.mark.parametrize(("command", "event"), DONE, ids=[type(each).__name__ for each, _ in DONE])
def test_a_command_about_the_venue_is_answered_by_its_fact(command: Command, event: Event) -> None:
    """One each, with all that was asked for in it."""
    assert Scene().do(command) == [event]


def listing(**terms: object) -> ListInstrument:
    """A linear contract with something unusual about it."""
    return ListInstrument(instrument=linear(NEW, **terms))


def odd_pair(**terms: object) -> ListInstrument:
    """A spot pair with something unusual about it."""
    return ListInstrument(instrument=pair(NEW, **terms))


REFUSED: list[tuple[str, Command, Why]] = [
    ("asset twice", ListAsset(asset=Asset(USD, 8)), Why.ALREADY_EXISTS),
    ("symbol twice", ListInstrument(instrument=linear()), Why.ALREADY_EXISTS),
    ("unknown settlement", listing(settlement=AssetId("EUR")), Why.INVALID),
    ("another scale", listing(settlement_scale=9), Why.INVALID),
    ("unknown base", listing(base=AssetId("ETH")), Why.INVALID),
    ("another base scale", listing(base_scale=9), Why.INVALID),
    ("no tick", listing(tick_size=Decimal(0)), Why.INVALID),
    ("no lot", listing(lot_size=Decimal(-1)), Why.INVALID),
    ("too fine a tick", listing(tick_size=Decimal("0.00000000001")), Why.INVALID),
    ("no fees", listing(fee_tiers=()), Why.INVALID),
    ("no margin", listing(margin_levels=()), Why.INVALID),
    ("late margin", listing(margin_levels=(MarginLevel(5, Ppb(9), Ppb(9)),)), Why.INVALID),
    (
        "margin twice",
        listing(margin_levels=(MarginLevel(0, Ppb(9), Ppb(9)), MarginLevel(0, Ppb(9), Ppb(9)))),
        Why.INVALID,
    ),
    ("too fine a lot", odd_pair(lot_size=Decimal("0.00000000001")), Why.INVALID),
    ("pair settled in its base", odd_pair(settlement=XBT, settlement_scale=10), Why.INVALID),
    (
        "inverse settled in dollars",
        ListInstrument(instrument=inverse(NEW, settlement=USD, settlement_scale=8)),
        Why.INVALID,
    ),
    ("two assets in a wallet", ListInstrument(instrument=inverse(NEW, wallet=FLEX)), Why.INVALID),
    (
        "account twice",
        OpenAccount(account=ANN, family=NOBODY, max_open_orders=1),
        Why.ALREADY_EXISTS,
    ),
    (
        "deposit to nobody",
        Deposit(account=NOBODY, wallet=FLEX, asset=USD, amount=Atoms(1)),
        Why.ACCOUNT_NOT_FOUND,
    ),
    (
        "unknown money",
        Deposit(account=ANN, wallet=FLEX, asset=AssetId("EUR"), amount=Atoms(1)),
        Why.INVALID,
    ),
    (
        "more than there is",
        Deposit(account=ANN, wallet=FLEX, asset=USD, amount=Atoms(-(10**18))),
        Why.INSUFFICIENT_FUNDS,
    ),
    (
        "from no wallet",
        Deposit(account=ANN, wallet=WalletId("none"), asset=USD, amount=Atoms(-1)),
        Why.INSUFFICIENT_FUNDS,
    ),
    ("unknown market", SetMode(symbol=NEW, mode=Mode.ONLINE), Why.MARKET_NOT_FOUND),
    ("mark of nothing", SetMarkPrice(symbol=NEW, price=Decimal(1)), Why.MARKET_NOT_FOUND),
    ("mark of zero", SetMarkPrice(symbol=PERP, price=Decimal(0)), Why.INVALID),
    ("mark below zero", SetMarkPrice(symbol=PERP, price=Decimal(-1)), Why.INVALID),
    ("unknown index", SetIndexPrice(index=IndexId("none"), price=Decimal(1)), Why.INVALID),
    ("index of zero", SetIndexPrice(index=IndexId("XBT:USD"), price=Decimal(0)), Why.INVALID),
    ("cancels of nobody", CancelOrders(account=NOBODY), Why.ACCOUNT_NOT_FOUND),
    (
        "leverage of nobody",
        SetLeverage(account=NOBODY, symbol=PERP, leverage=1),
        Why.ACCOUNT_NOT_FOUND,
    ),
    ("leverage of a pair", SetLeverage(account=ANN, symbol=PAIR, leverage=1), Why.MARKET_NOT_FOUND),
]


@pytest.mark.parametrize(
    ("command", "why"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_what_makes_no_sense_is_refused_and_nothing_changes(command: Command, why: Why) -> None:
    """A mistake in a world file stops with a sentence, not in the middle of a rule."""
    scene = Scene(linear(), pair())
    before = scene.fingerprint()

    [event] = scene.do(command)

    assert isinstance(event, Refused)
    assert event.reason is why
    assert event.detail
    assert scene.fingerprint() == before


def test_money_leaves_as_far_as_no_order_holds_it() -> None:
    """5000 dollars, of which an order to buy one coin holds a hundred and the fee."""
    scene = Scene(pair())
    scene.place(order(ANN, BUY, 100, 100, symbol=PAIR))
    free = 4_900 * DOLLAR - DOLLAR // 20  # 0.05 %

    too_much = Deposit(account=ANN, wallet=CASH, asset=USD, amount=Atoms(-free - 1))
    assert names(scene.do(too_much)) == ["Refused"]
    assert names(scene.do(replace(too_much, amount=Atoms(-free)))) == ["Deposited"]


def test_markets_on_a_known_index_start_with_its_price() -> None:
    """They need not wait for it to move."""
    scene = Scene(index="123")

    scene.do(ListInstrument(instrument=linear(NEW)))

    market = scene.engine.state.markets[NEW]
    assert market.mark == market.index == scene.engine.state.markets[PERP].index


def test_each_kind_of_bound_is_the_instruments_own() -> None:
    """Instruments are data: what a venue lists is what it gets."""
    instrument: Instrument = replace(linear(NEW), min_quantity=Lots(5), expires=Nanos(2**62 - 1))
    scene = Scene(linear(), instrument)

    assert names(scene.do(order(ANN, BUY, 4, 99, symbol=NEW))) == ["OrderRejected"]
    assert names(scene.do(order(ANN, BUY, 5, 99, symbol=NEW))) == ["OrderAccepted"]
