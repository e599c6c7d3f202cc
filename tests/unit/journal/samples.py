"""One of everything that a journal can hold, each with no field left at its default.

`python -m tests.unit.journal.samples` prints how they are encoded now, for a new golden file. An
old golden file is never changed: journals that it speaks for are on people's disks.
"""

import json
from decimal import Decimal
from typing import Final

import msgspec

from openvenue.engine import commands, events
from openvenue.engine.assignees import AssigneeTerms, Days
from openvenue.engine.instruments import (
    Asset,
    Dislocation,
    FeeTier,
    Funding,
    IndexId,
    Instrument,
    Kind,
    MarginLevel,
    MedianMark,
    Mode,
    Rung,
    RungKind,
    TwapRule,
    WalletId,
)
from openvenue.engine.notices import Notice, NoticeKind, Priority
from openvenue.engine.orders import (
    BUY,
    FOK,
    GTC,
    IOC,
    SELL,
    Close,
    Direction,
    Distance,
    Extras,
    Leg,
    Order,
    Origin,
    SelfTrade,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.twaps import Twap, TwapView
from openvenue.engine.units import (
    AccountId,
    AssetId,
    Atoms,
    ExecId,
    FinePrice,
    Lots,
    Nanos,
    OrderId,
    Ppb,
    Symbol,
    Ticks,
)
from openvenue.journal.records import Entry, Envelope

ANN: Final = AccountId("ann")
BOB: Final = AccountId("bob")
PERP: Final = Symbol("PF_XBTUSD")
USD: Final = AssetId("USD")
FLEX: Final = WalletId("flex")
INDEX: Final = IndexId("XBT:USD")
NOON: Final = Nanos(1_700_000_000_000_000_000)

STOP: Final = Trigger(
    TriggerKind.STOP,
    Ticks(99_000),
    Signal.MARK,
    Direction.BELOW,
    trail=Distance(ticks=12, share=Ppb(5_000_000)),
    offset=Distance(ticks=-3, share=Ppb(-1_000_000)),
)
EXTRAS: Final = Extras(
    expires=Nanos(NOON + 10**12),
    starts=Nanos(NOON + 10**11),
    legs=(Leg(STOP, Ticks(98_000), Lots(3), "leg-1", Decimal("0.08")),),
    parent=OrderId(6),
    guards=True,
    whole=True,
    display=Lots(2),
    close=Close(
        limit_price=Ticks(101_000),
        trigger=STOP,
        limit_from=Distance(ticks=-4, share=Ppb(-2)),
        trigger_from=Distance(ticks=4, share=Ppb(2)),
    ),
    closes=OrderId(5),
    limit_from=Distance(ticks=-7, share=Ppb(-3)),
    trigger_from=Distance(ticks=7, share=Ppb(3)),
    cash=Atoms(2**40),
)
ORDER: Final = Order(
    order_id=OrderId(7),
    account=ANN,
    symbol=PERP,
    side=SELL,
    quantity=Lots(25),
    limit_price=Ticks(100_500),
    time_in_force=GTC,
    created=NOON,
    cl_ord_id="näme-1",
    post_only=True,
    reduce_only=True,
    is_market=True,
    trigger=STOP,
    market_cap=Decimal("0.010"),
    algo_id="twap-3",
    user_ref=-7,
    self_trade=SelfTrade.CANCEL_OLDEST,
    origin=Origin.LIQUIDATION,
    extras=EXTRAS,
)
INSTRUMENT: Final = Instrument(
    symbol=PERP,
    kind=Kind.LINEAR,
    base=AssetId("XBT"),
    quote=USD,
    settlement=USD,
    wallet=FLEX,
    index=INDEX,
    tick_size=Decimal("0.5"),
    lot_size=Decimal("0.0001"),
    settlement_scale=8,
    base_scale=10,
    max_quantity=Lots(10_000_000),
    max_price=Ticks(20_000_000),
    margin_levels=(MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),),
    fee_tiers=(FeeTier(0, Ppb(200_000), Ppb(500_000)),),
    max_position=Lots(50_000_000),
    min_quantity=Lots(2),
    min_notional=Decimal("5"),
    max_notional=Decimal("1000000"),
    collar=Decimal("0.05"),
    impact_size=Lots(1_000),
    opened=NOON,
    expires=Nanos(NOON + 10**15),
    trims_reducers=False,
    ladder=(
        Rung(
            kind=RungKind.PARTIAL,
            above=Ppb(1),
            below=Ppb(666_666_667),
            leaves=Ppb(2),
            parts=5,
            parts_from=100_000,
            tries=4,
            fee=Ppb(7_500_000),
            fee_of_maintenance=Ppb(400_000_000),
            account=BOB,
        ),
    ),
    settles_over=Nanos(1_800 * 10**9),
    fee_days=14,
    funding=Funding(24, Ppb(2_500_000), Nanos(60), Ppb(100_000), Ppb(500_000), 20_000, False),
    hold=Nanos(20 * 10**6),
    mark=MedianMark(INDEX),
    holds_triggers=False,
    holds_batches=True,
    twap=TwapRule(Nanos(30 * 10**9), Nanos(60 * 10**9), Nanos(10**14), 4, 2),
    margin_slices=True,
    mark_smoothing=Nanos(30 * 10**9),
)
TWAP: Final = TwapView(
    Twap(
        OrderId(9),
        ANN,
        PERP,
        SELL,
        Lots(100),
        Decimal("0.005"),
        NOON,
        Nanos(30 * 10**9),
        11,
        Nanos(NOON + 330 * 10**9),
        3,
        cl_ord_id="name-3",
        reduce_only=True,
        self_trade=SelfTrade.CANCEL_OLDEST,
    ),
    next=Nanos(NOON + 60 * 10**9),
    updated=Nanos(NOON + 30 * 10**9),
    past=2,
    filled=Lots(18),
    value=Atoms(9_000),
    last_filled=Lots(9),
    last_value=Atoms(4_500),
)
PLACE: Final = commands.PlaceOrder(
    account=ANN,
    symbol=PERP,
    side=BUY,
    quantity=Lots(25),
    limit_price=Ticks(100_000),
    time_in_force=IOC,
    cl_ord_id="name-2",
    post_only=True,
    reduce_only=True,
    trigger=STOP,
    market_cap=Decimal("0.01"),
    deadline=NOON,
    algo_id="twap-3",
    user_ref=12,
    self_trade=SelfTrade.CANCEL_BOTH,
    slides=True,
    extras=EXTRAS,
    broker="AA12N84GRO7KXJTS",
    bounds=commands.Bounds(50, 5),
)
TERMS: Final = AssigneeTerms(
    kind=Kind.INVERSE,
    symbol=PERP,
    max_size=Decimal("100.5"),
    max_position=Decimal(1_000),
    accepts_long=False,
    accepts_short=False,
    days=Days.WEEKENDS,
    is_enabled=False,
)
CANCEL: Final = commands.CancelOrder(
    account=ANN, order_id=OrderId(7), cl_ord_id="name-2", deadline=NOON
)

COMMANDS: Final[tuple[commands.Command, ...]] = (
    PLACE,
    CANCEL,
    commands.CancelOrders(
        account=ANN,
        symbol=PERP,
        side=SELL,
        keep_reduce_only=True,
        wallet=FLEX,
        user_ref=12,
        takes_twaps=True,
    ),
    commands.PlaceTwap(
        account=ANN,
        symbol=PERP,
        side=SELL,
        quantity=Lots(100),
        slippage=Decimal("0.005"),
        duration=Nanos(300 * 10**9),
        cl_ord_id="name-3",
        reduce_only=True,
        self_trade=SelfTrade.CANCEL_OLDEST,
    ),
    commands.CancelTwap(account=ANN, order_id=OrderId(9), cl_ord_id="name-3"),
    commands.SetDeadMansSwitch(account=ANN, timeout=Nanos(60 * 10**9)),
    commands.Batch(account=ANN, members=(PLACE, CANCEL)),
    commands.SetIndexPrice(index=INDEX, price=Decimal("50123.40")),
    commands.SetMarkPrice(symbol=PERP, price=Decimal("50123.4")),
    commands.SetMode(symbol=PERP, mode=Mode.CANCEL_ONLY),
    commands.ListAsset(asset=Asset(USD, 8, FLEX, INDEX, Ppb(30_000_000), Ppb(1_000_000))),
    commands.ListInstrument(instrument=INSTRUMENT),
    commands.OpenAccount(account=ANN, family=BOB, max_open_orders=1_000),
    commands.Deposit(account=ANN, wallet=FLEX, asset=USD, amount=Atoms(-(10**16))),
    commands.PassTime(),
    commands.Resume(down_since=NOON),
    commands.SetIntake(is_open=False),
    commands.SetLeverage(account=ANN, symbol=PERP, leverage=20, is_isolated=True),
    commands.AddMargin(account=ANN, symbol=PERP, amount=Atoms(10**16)),
    commands.SetProfitAsset(account=ANN, symbol=PERP, asset=USD),
    commands.Transfer(
        account=ANN,
        wallet=FLEX,
        to_account=BOB,
        to_wallet=WalletId("cash"),
        asset=USD,
        amount=Atoms(10**10),
    ),
    commands.Withdraw(account=ANN, wallet=FLEX, asset=USD, amount=Atoms(10**10)),
    commands.SetTradingEnabled(account=ANN, is_enabled=True),
    commands.Announce(
        kind=NoticeKind.MAINTENANCE,
        priority=Priority.HIGH,
        text="back at ten",
        effective=NOON,
        downtime_minutes=30,
        closes=Mode.MAINTENANCE,
        symbols=(PERP,),
    ),
    commands.RetractNotice(notice_id=3),
    commands.SetConditions(symbol=PERP, dislocation=Dislocation.BELOW, margin_multiplier=2),
    commands.ReplaceOrder(
        account=ANN,
        limit_price=Ticks(100_002),
        order_id=OrderId(7),
        cl_ord_id="name-2",
        quantity=Lots(30),
    ),
    commands.SetSelfTrade(account=ANN, self_trade=SelfTrade.CANCEL_MAKER_CHILD),
    commands.AmendOrder(
        account=ANN,
        order_id=OrderId(7),
        cl_ord_id="name-2",
        quantity=Lots(20),
        leaves=Lots(15),
        limit_price=Ticks(100_001),
        trigger_price=Ticks(99_000),
        deadline=NOON,
        trail=Distance(ticks=40, share=Ppb(1)),
        must_change=True,
        loses_place=True,
        display=Lots(4),
        post_only=True,
        may_end=True,
    ),
    commands.JoinAssignment(account=ANN, terms=TERMS),
    commands.LeaveAssignment(account=ANN, number=3),
)
EVENTS: Final[tuple[events.Event, ...]] = (
    events.OrderAccepted(order=ORDER, rests=True, reduced=Lots(3)),
    events.OrderRejected(
        account=ANN,
        symbol=PERP,
        reason=RejectReason.WOULD_NOT_FILL,
        cl_ord_id="name-2",
        order=Order(OrderId(8), ANN, PERP, BUY, Lots(1), None, FOK, NOON),
    ),
    events.Traded(
        exec_id=ExecId(11),
        symbol=PERP,
        price=Ticks(100_500),
        quantity=Lots(5),
        aggressor=BUY,
        maker_account=ANN,
        maker_order_id=OrderId(7),
        maker_leaves=Lots(20),
        maker_fee=Atoms(-12),
        maker_realized=Atoms(-345),
        taker_account=BOB,
        taker_order_id=OrderId(9),
        taker_leaves=Lots(0),
        taker_fee=Atoms(30),
        taker_realized=Atoms(2**62),
        value=Atoms(2_512_500_000),
        origin=Origin.PARTIAL_LIQUIDATION,
        liquidation_fee=Atoms(17),
        maker_funding=Atoms(7),
        taker_funding=Atoms(-8),
    ),
    events.OrderRested(order_id=OrderId(7), account=ANN, leaves=Lots(20)),
    events.OrderCanceled(
        order_id=OrderId(7),
        account=ANN,
        leaves=Lots(20),
        reason=CancelReason.TRIGGER_REFUSED,
        because=RejectReason.INSUFFICIENT_MARGIN,
    ),
    events.OrdersCanceled(
        account=ANN, order_ids=(OrderId(7), OrderId(300)), reason=CancelReason.MASS_CANCEL
    ),
    events.CancelRejected(
        account=ANN, reason=RejectReason.UNKNOWN_ORDER, order_id=OrderId(7), cl_ord_id="name-2"
    ),
    events.OrderTrimmed(order_id=OrderId(7), account=ANN, quantity=Lots(9), leaves=Lots(4)),
    events.TriggerFired(order_id=OrderId(7), account=ANN, price=FinePrice(501_234_000_000_000)),
    events.OrderActivated(order=ORDER, rests=False, reduced=Lots(1)),
    events.DeadMansSwitchSet(account=ANN, deadline=NOON),
    events.DeadMansSwitchFired(account=ANN, deadline=NOON),
    events.MemberDecided(index=3),
    events.IndexPriceSet(index=INDEX, price=FinePrice(501_234_000_000_000)),
    events.MarkPriceSet(
        symbol=PERP, price=FinePrice(501_234_000_000_000), premium=-1_234, is_pinned=True
    ),
    events.ModeSet(symbol=PERP, mode=Mode.POST_ONLY),
    events.AssetListed(asset=Asset(USD, 8, FLEX, INDEX, Ppb(30_000_000), Ppb(1_000_000))),
    events.InstrumentListed(instrument=INSTRUMENT),
    events.AccountOpened(account=ANN, family=BOB, max_open_orders=1_000),
    events.Deposited(account=ANN, wallet=FLEX, asset=USD, amount=Atoms(10**16)),
    events.Refused(reason=RejectReason.ALREADY_EXISTS, detail="ann"),
    events.Resumed(down_since=NOON),
    events.IntakeSet(is_open=True),
    events.LeverageSet(account=ANN, symbol=PERP, leverage=20, is_isolated=True),
    events.MarginMoved(account=ANN, symbol=PERP, amount=Atoms(-(10**16))),
    events.ProfitAssetSet(account=ANN, symbol=PERP, asset=None),
    events.ProfitConverted(
        account=ANN,
        symbol=PERP,
        wallet=FLEX,
        asset=USD,
        bought=Atoms(10**16),
        paid_in=USD,
        paid=Atoms(10**15),
        price=FinePrice(10**15),
        spread=Ppb(1_000_000),
    ),
    events.Converted(
        account=ANN,
        wallet=FLEX,
        asset=USD,
        bought=Atoms(10**16),
        paid_in=USD,
        paid=Atoms(10**15),
        price=FinePrice(10**15),
        spread=Ppb(1_000_000),
    ),
    events.FundingSampled(
        symbol=PERP,
        time=NOON,
        premium=-(10**15),
        count=720,
        bid_impact=FinePrice(501_234_000_000_000),
        ask_impact=FinePrice(501_235_000_000_000),
    ),
    events.FundingRateSet(
        symbol=PERP,
        time=NOON,
        rate=-2_500_000_000,
        index=FinePrice(501_234_000_000_000),
        bid_impact=FinePrice(501_234_000_000_000),
        ask_impact=FinePrice(501_235_000_000_000),
    ),
    events.FundingPaid(
        symbol=PERP,
        time=NOON,
        rate=-2_500_000_000,
        index=FinePrice(501_234_000_000_000),
        shares=(events.FundingShare(ANN, Lots(-5), Atoms(-(10**16))),),
    ),
    events.OrderAmended(
        order=ORDER,
        leaves=Lots(20),
        keeps_place=True,
        rests=True,
        reduced=Lots(2),
        hidden=Lots(18),
    ),
    events.Transferred(
        account=ANN,
        wallet=FLEX,
        to_account=BOB,
        to_wallet=WalletId("cash"),
        asset=USD,
        amount=Atoms(10**10),
    ),
    events.Withdrawn(account=ANN, wallet=FLEX, asset=USD, amount=Atoms(10**10)),
    events.TradingEnabledSet(account=ANN, is_enabled=True),
    events.Announced(
        notice=Notice(
            3,
            NoticeKind.MAINTENANCE,
            Priority.HIGH,
            "back at ten",
            NOON,
            30,
            Mode.SUSPENDED,
            (PERP,),
        )
    ),
    events.MaintenanceBegan(notice_id=3, modes=((PERP, Mode.LIMIT_ONLY),)),
    events.MaintenanceEnded(notice_id=3),
    events.NoticeRetracted(notice_id=3),
    events.ConditionsSet(symbol=PERP, dislocation=Dislocation.BELOW, margin_multiplier=2),
    events.AmendRejected(
        account=ANN,
        reason=RejectReason.NOT_A_TRIGGER,
        order_id=OrderId(7),
        cl_ord_id="name-2",
    ),
    events.SelfTradeSet(account=ANN, self_trade=SelfTrade.CANCEL_MAKER_ANY),
    events.RequestHeld(hold_id=3, request=PLACE, until=Nanos(2**60), is_canceled=True),
    events.HoldsCanceled(account=ANN, hold_ids=(3, 4)),
    events.HoldReleased(hold_id=3, request=PLACE),
    events.OrderRefilled(order_id=OrderId(7), account=ANN, shown=Lots(2)),
    events.LegArmed(order_id=OrderId(7), account=ANN),
    events.OrderStarted(order_id=OrderId(7), account=ANN, price=Ticks(99_100)),
    events.TriggersMoved(symbol=PERP, moves=(events.TriggerMove(OrderId(7), ANN, Ticks(99_500)),)),
    events.LiquidationStarted(account=ANN, wallet=FLEX, equity=Atoms(-5), maintenance=Atoms(2**40)),
    events.LiquidationMoved(account=ANN, wallet=FLEX, symbol=PERP, rung=2, attempt=1),
    events.LiquidationEnded(account=ANN, wallet=FLEX, equity=Atoms(-5)),
    events.ShortfallCovered(account=ANN, wallet=FLEX, asset=USD, amount=Atoms(5)),
    events.CollateralTaken(
        account=ANN, wallet=FLEX, asset=USD, amount=Atoms(-6), to=BOB, to_wallet=FLEX
    ),
    events.AssigneeJoined(number=3, account=ANN, terms=TERMS),
    events.AssigneeLeft(number=3, account=ANN),
    events.PositionSettled(
        account=ANN,
        symbol=PERP,
        quantity=Lots(-9),
        price=FinePrice(501_234_000_000_000),
        realized=Atoms(-77),
        fee=Atoms(8),
    ),
    events.ContractSettled(symbol=PERP, price=FinePrice(501_234_000_000_000)),
    events.TwapAccepted(view=TWAP),
    events.TwapRejected(
        account=ANN, symbol=PERP, reason=RejectReason.TWAP_TOO_SHORT, cl_ord_id="name-3"
    ),
    events.TwapSliced(view=TWAP, child=OrderId(11), because=RejectReason.WOULD_NOT_TAKE),
    events.TwapEnded(
        view=TWAP, reason=CancelReason.SLICE_REFUSED, because=RejectReason.INSUFFICIENT_MARGIN
    ),
)
ENTRY: Final = Entry(
    seq=5,
    time=NOON,
    envelope=Envelope("kraken_futures", key_id="key-1", nonce=1_700_000_000_123, request_id="r-1"),
    command=CANCEL,
    events=(EVENTS[4],),
)


def entry(seq: int, name: str = "x", time: int = 0) -> Entry:
    """An entry of no importance, `name` making it as long as a test needs."""
    return Entry(
        seq,
        Nanos(NOON + (time or seq)),
        Envelope("crowd", key_id="k", nonce=seq),
        commands.CancelOrder(account=ANN, cl_ord_id=name),
        (events.CancelRejected(account=ANN, reason=RejectReason.UNKNOWN_ORDER, cl_ord_id=name),),
    )


def encoded() -> dict[str, str]:
    """How everything is encoded now, in hexadecimal, by the name of its type."""
    every = (*COMMANDS, *EVENTS, ENTRY)
    return {type(value).__name__: msgspec.msgpack.encode(value).hex() for value in every}


if __name__ == "__main__":
    print(json.dumps(encoded(), indent=1))
