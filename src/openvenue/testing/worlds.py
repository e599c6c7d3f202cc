"""Worlds to test in, as the commands that make them, and an exchange without a disk to run them.

The small one has two traders, Ann and Bob, and one linear perpetual with prices near 100.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from openvenue.engine.commands import (
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetIndexPrice,
)
from openvenue.engine.engine import Engine
from openvenue.engine.instruments import (
    Asset,
    FeeTier,
    IndexId,
    Instrument,
    Kind,
    MarginLevel,
    WalletId,
)
from openvenue.engine.orders import BUY, GTC, SELL, TimeInForce
from openvenue.engine.units import AccountId, AssetId, Atoms, Lots, Nanos, Ppb, Symbol, Ticks
from openvenue.exchange.clock import Clock
from openvenue.exchange.config import load_world
from openvenue.exchange.engine_machine import EngineMachine
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.setup import build_setup
from openvenue.journal.memory import MemoryJournal
from openvenue.testing.clock import START

ANN: Final = AccountId("ann")
BOB: Final = AccountId("bob")
USD: Final = AssetId("USD")
XBT: Final = AssetId("XBT")
FLEX: Final = WalletId("flex")
PERP: Final = Symbol("PF_XBTUSD")
SCALE: Final = 8
CAPITAL: Final = Atoms(1_000_000 * 10**SCALE)

SMALL_PERPETUAL: Final = Instrument(
    symbol=PERP,
    kind=Kind.LINEAR,
    base=XBT,
    quote=USD,
    settlement=USD,
    wallet=FLEX,
    index=IndexId("XBT:USD"),
    tick_size=Decimal(1),
    lot_size=Decimal(1),
    settlement_scale=SCALE,
    base_scale=SCALE,
    max_quantity=Lots(1_000_000),
    max_price=Ticks(1_000_000),
    margin_levels=(MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),),
    fee_tiers=(FeeTier(0, Ppb(200_000), Ppb(500_000)),),
)


def small_world(instrument: Instrument = SMALL_PERPETUAL) -> list[Command]:
    """Ann and Bob with a million dollars each, and one instrument whose index is at 100."""
    return [
        ListAsset(asset=Asset(USD, SCALE)),
        ListAsset(asset=Asset(XBT, SCALE)),
        ListInstrument(instrument=instrument),
        SetIndexPrice(index=instrument.index, price=Decimal(100)),
        OpenAccount(account=ANN, family=ANN, max_open_orders=1_000),
        Deposit(account=ANN, wallet=FLEX, asset=USD, amount=CAPITAL),
        OpenAccount(account=BOB, family=BOB, max_open_orders=1_000),
        Deposit(account=BOB, wallet=FLEX, asset=USD, amount=CAPITAL),
    ]


def default_world(now: Nanos = START) -> list[Command]:
    """The setup of Kraken Futures as `openvenue serve` has it at its first start."""
    return build_setup(load_world().venues.kraken_futures, now)


def engine_of(*commands: Command, now: Nanos = START) -> Engine:
    """An engine of the small world in which `commands` have happened, all at one time."""
    engine = Engine()
    for command in (*small_world(), *commands):
        engine.apply(command, now)
    return engine


async def exchange_of(
    setup: Sequence[Command], clock: Clock, *, journal: MemoryJournal | None = None
) -> Exchange:
    """A running exchange of that world, without a disk; the caller closes it."""
    exchange = Exchange(
        "kraken-futures",
        EngineMachine(Engine()),
        MemoryJournal(keep=True) if journal is None else journal,
        clock,
    )
    await exchange.start(setup)
    return exchange


def bid(
    account: AccountId,
    quantity: int,
    price: int,
    *,
    cl_ord_id: str | None = None,
    time_in_force: TimeInForce = GTC,
) -> PlaceOrder:
    """An order to buy in the small world, in lots and ticks."""
    return PlaceOrder(
        account=account,
        symbol=PERP,
        side=BUY,
        quantity=Lots(quantity),
        limit_price=Ticks(price),
        time_in_force=time_in_force,
        cl_ord_id=cl_ord_id,
    )


def ask(
    account: AccountId,
    quantity: int,
    price: int,
    *,
    cl_ord_id: str | None = None,
    time_in_force: TimeInForce = GTC,
) -> PlaceOrder:
    """An order to sell in the small world, in lots and ticks."""
    return PlaceOrder(
        account=account,
        symbol=PERP,
        side=SELL,
        quantity=Lots(quantity),
        limit_price=Ticks(price),
        time_in_force=time_in_force,
        cl_ord_id=cl_ord_id,
    )
