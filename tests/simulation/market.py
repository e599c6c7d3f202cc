"""The venue that the laws are tried on: every kind of contract, prices near 100, so things collide.

Five markets, five accounts; `cyd` and `dee` are one family and have little money, and `dee` no
coins to margin inverse contracts with, so that margin refuses, and prices liquidate, too. Each kind
of contract has a ladder of its own, and the dated ones expire within a few minutes.
"""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from openvenue.engine.commands import (
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    SetIndexPrice,
)
from openvenue.engine.instruments import (
    Asset,
    FeeTier,
    Funding,
    IndexId,
    Instrument,
    Kind,
    MarginLevel,
    MedianMark,
    Rung,
    RungKind,
    TwapRule,
    WalletId,
)
from openvenue.engine.units import AccountId, AssetId, Atoms, Lots, Nanos, Ppb, Symbol, Ticks

START: Final = Nanos(1_767_225_600 * 10**9)
USD: Final = AssetId("USD")
XBT: Final = AssetId("XBT")
SCALES: Final = {USD: 6, XBT: 8}
INDEX: Final = IndexId("XBT:USD")
FLEX: Final = WalletId("flex")
COIN: Final = WalletId("fi_xbtusd")
CASH: Final = WalletId("cash")

FAMILIES: Final = {
    AccountId("ann"): AccountId("ann"),
    AccountId("bob"): AccountId("bob"),
    AccountId("cyd"): AccountId("cyd"),
    AccountId("dee"): AccountId("cyd"),
    AccountId("eve"): AccountId("eve"),
}
SHARES: Final = {AccountId("cyd"): 5, AccountId("dee"): 50}  # parts of the funds below
ACCOUNTS: Final = list(FAMILIES)
MAX_OPEN_ORDERS: Final = 25
COLLAR: Final = Decimal("0.1")

LEVELS: Final = (
    MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),
    MarginLevel(1_000, Ppb(40_000_000), Ppb(20_000_000)),
    MarginLevel(4_000, Ppb(100_000_000), Ppb(50_000_000)),
)
EXPIRY: Final = Nanos(START + 250 * 10**9)  # within a storm, and after most other scripts
HALF_MINUTE: Final = Nanos(30 * 10**9)
KEEPER: Final = AccountId("eve")  # takes what nobody else does from the perpetual's wallet
CLOSE: Final = (  # on the book, to volunteers, against the winners
    Rung(kind=RungKind.MARKET),
    Rung(kind=RungKind.ASSIGNMENT),
    Rung(kind=RungKind.UNWIND),
)
IN_PARTS: Final = (  # three fifths in parts for a fee, then as above
    Rung(kind=RungKind.PARTIAL, above=Ppb(0), parts=5, tries=3, fee=Ppb(3_000_000)),
    *CLOSE,
)
BY_EQUITY: Final = (  # parts, a keeper, the winners
    Rung(
        kind=RungKind.MARKET,
        above=Ppb(666_666_667),
        leaves=Ppb(666_666_667),
        parts=5,
        parts_from=200,
        tries=5,
        fee=Ppb(7_500_000),
        fee_of_maintenance=Ppb(400_000_000),
    ),
    Rung(kind=RungKind.BACKSTOP, above=Ppb(0), below=Ppb(666_666_667), account=KEEPER),
    Rung(kind=RungKind.UNWIND, below=Ppb(0)),
)
PERPETUAL: Final = Instrument(
    symbol=Symbol("PF_XBTUSD"),
    kind=Kind.LINEAR,
    base=XBT,
    quote=USD,
    settlement=USD,
    wallet=FLEX,
    index=INDEX,
    tick_size=Decimal(1),
    lot_size=Decimal("0.1"),
    settlement_scale=SCALES[USD],
    base_scale=SCALES[XBT],
    max_quantity=Lots(200),
    max_price=Ticks(100_000),
    margin_levels=LEVELS,
    fee_tiers=(
        FeeTier(0, Ppb(200_000), Ppb(500_000)),
        FeeTier(900, Ppb(150_000), Ppb(400_000)),
        FeeTier(2_500, Ppb(-10_000), Ppb(300_000)),
    ),
    fee_days=2,
    max_position=Lots(300),
    max_notional=Decimal(1_900),
    min_notional=Decimal(15),
    collar=COLLAR,
    impact_size=Lots(5),
    funding=Funding(divisor=24, rate_max=Ppb(2_500_000), sample=Nanos(60 * 10**9)),
    ladder=BY_EQUITY,
)
QUARTERLY: Final = Instrument(  # nets with the perpetual, and has a finer grid
    symbol=Symbol("FF_XBTUSD"),
    kind=Kind.LINEAR,
    base=XBT,
    quote=USD,
    settlement=USD,
    wallet=FLEX,
    index=INDEX,
    tick_size=Decimal("0.5"),
    lot_size=Decimal("0.0000003"),  # so that values fall between atoms
    settlement_scale=SCALES[USD],
    base_scale=SCALES[XBT],
    max_quantity=Lots(200),
    max_price=Ticks(100_000),
    margin_levels=LEVELS,
    fee_tiers=(FeeTier(0, Ppb(-1_000_000), Ppb(30_000_000)),),  # makers are paid
    expires=EXPIRY,
    ladder=IN_PARTS,
    settles_over=HALF_MINUTE,
)
INVERSE: Final = Instrument(
    symbol=Symbol("PI_XBTUSD"),
    kind=Kind.INVERSE,
    base=XBT,
    quote=USD,
    settlement=XBT,
    wallet=COIN,
    index=INDEX,
    tick_size=Decimal("0.5"),
    lot_size=Decimal(1),
    settlement_scale=SCALES[XBT],
    base_scale=SCALES[XBT],
    max_quantity=Lots(5_000),
    max_price=Ticks(200_000),
    margin_levels=LEVELS,
    fee_tiers=(FeeTier(0, Ppb(200_000), Ppb(500_000)),),
    collar=COLLAR,
    funding=Funding(  # paid at the hour, with interest, by a depth in dollars
        divisor=8,
        rate_max=Ppb(40_000_000),
        sample=Nanos(5 * 10**9),
        interest=Ppb(100_000),
        band=Ppb(500_000),
        impact_notional=10,
        accrues=False,
    ),
    ladder=IN_PARTS,
)
DATED_INVERSE: Final = Instrument(
    symbol=Symbol("FI_XBTUSD"),
    kind=Kind.INVERSE,
    base=XBT,
    quote=USD,
    settlement=XBT,
    wallet=COIN,
    index=INDEX,
    tick_size=Decimal("0.5"),
    lot_size=Decimal(1),
    settlement_scale=SCALES[XBT],
    base_scale=SCALES[XBT],
    max_quantity=Lots(5_000),
    max_price=Ticks(200_000),
    margin_levels=LEVELS,
    fee_tiers=(FeeTier(0, Ppb(200_000), Ppb(500_000)),),
    expires=EXPIRY,
    ladder=CLOSE,
)
SPOT: Final = Instrument(
    symbol=Symbol("XBT/USD"),
    kind=Kind.SPOT,
    base=XBT,
    quote=USD,
    settlement=USD,
    wallet=CASH,
    index=INDEX,
    tick_size=Decimal("0.5"),
    lot_size=Decimal("0.00000001"),
    settlement_scale=SCALES[USD],
    base_scale=SCALES[XBT],
    max_quantity=Lots(10**10),
    max_price=Ticks(200_000),
    margin_levels=(),
    fee_tiers=(  # makers pay what takers do: nothing is held to spare
        FeeTier(0, Ppb(2_600_000), Ppb(2_600_000)),
        FeeTier(1_500, Ppb(2_600_000), Ppb(1_000_000)),
        FeeTier(4_000, Ppb(500_000), Ppb(3_000_000)),
    ),
    fee_days=2,
)
INSTRUMENTS: Final = [PERPETUAL, QUARTERLY, INVERSE, DATED_INVERSE, SPOT]
HELD: Final = {PERPETUAL.symbol, INVERSE.symbol}
BY_SYMBOL: Final = {instrument.symbol: instrument for instrument in INSTRUMENTS}

COUNTED: Final = {  # as margin of linear contracts, less a twentieth
    XBT: (FLEX, INDEX, Ppb(50_000_000), Ppb(1_000_000)),
}
FUNDS: Final = {  # in whole units; cyd has a fifth, dee a fiftieth or nothing
    (FLEX, USD): 1_500,
    (FLEX, XBT): 5,
    (COIN, XBT): 10,
    (CASH, USD): 1_000,
    (CASH, XBT): 10,
}


HOLD: Final = Nanos(500 * 10**6)


ELSEWHERE: Final = IndexId("XBT:PERP")
TWAPS: Final = TwapRule(
    interval=Nanos(2 * 10**9),
    shortest=Nanos(4 * 10**9),
    longest=Nanos(60 * 10**9),
    open_max=2,
)
SLICED: Final = {PERPETUAL.symbol, QUARTERLY.symbol, INVERSE.symbol, SPOT.symbol}


def setup(*, holds: bool = False, slices: bool = False) -> list[Command]:
    """The commands that make this venue.

    Its perpetuals have maker protection if it holds; most of its markets take TWAPs if it slices.
    """
    commands: list[Command] = [
        ListAsset(asset=Asset(asset, scale, *COUNTED.get(asset, ())))
        for asset, scale in SCALES.items()
    ]
    for instrument in INSTRUMENTS:
        if holds and instrument.symbol in HELD:
            instrument = replace(instrument, hold=HOLD)
        if holds and instrument.symbol == INVERSE.symbol:  # a speed bump
            instrument = replace(instrument, holds_triggers=False, holds_batches=True)
        if slices and instrument.symbol in SLICED:
            instrument = replace(instrument, twap=TWAPS)
        if slices and instrument.symbol == INVERSE.symbol:
            instrument = replace(instrument, mark=MedianMark(ELSEWHERE))
        commands.append(ListInstrument(instrument=instrument))
    commands.append(SetIndexPrice(index=INDEX, price=Decimal(100)))
    for account, family in FAMILIES.items():
        commands.append(
            OpenAccount(account=account, family=family, max_open_orders=MAX_OPEN_ORDERS)
        )
        for (wallet, asset), units in FUNDS.items():
            if account == "dee" and wallet == COIN:
                continue
            atoms = units * 10 ** SCALES[asset] // SHARES.get(account, 1)
            commands.append(
                Deposit(account=account, wallet=wallet, asset=asset, amount=Atoms(atoms))
            )
    return commands
