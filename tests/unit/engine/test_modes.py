"""Every mode of a market against everything that can be asked of it, or happens in it.

Sources: Kraken Spot, "Market modes"; Kraken Futures REST, marketSuspended, marketInactive,
marketIsPostOnly. What those leave open is decided so that nobody loses a protection because the
venue was closed: triggers and liquidations wait, and act when orders meet again.
"""

from decimal import Decimal
from typing import Final

import pytest

from openvenue.engine.commands import (
    AmendOrder,
    CancelOrder,
    CancelOrders,
    PassTime,
    PlaceOrder,
    SetDeadMansSwitch,
    SetIndexPrice,
    SetMode,
)
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    AmendRejected,
    CancelRejected,
    DeadMansSwitchFired,
    Event,
    FundingPaid,
    LiquidationEnded,
    LiquidationStarted,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrdersCanceled,
    Refused,
    Traded,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.instruments import Funding, IndexId, Mode, Rung, RungKind
from openvenue.engine.orders import (
    BUY,
    IOC,
    SELL,
    Direction,
    Distance,
    Extras,
    Origin,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import Lots, Nanos, OrderId, Ppb, Symbol, Ticks
from tests.unit.engine.scene import (
    ANN,
    BOB,
    DOLLAR,
    PAIR,
    PERP,
    PIP,
    SECOND,
    Scene,
    linear,
    names,
    order,
    pair,
    stop,
)

ORDER_OF_MODES: Final = (
    Mode.ONLINE,
    Mode.POST_ONLY,
    Mode.LIMIT_ONLY,
    Mode.REDUCE_ONLY,
    Mode.CANCEL_ONLY,
    Mode.SUSPENDED,
    Mode.INACTIVE,
    Mode.MAINTENANCE,
)
# One word for each of these modes: "+" it happens, "." it waits, else the reason of the refusal,
# without its MARKET_. C, S, I and M stand for the four kinds of closed.
WORDS: Final = {
    "C": "MARKET_CANCEL_ONLY",
    "S": "MARKET_SUSPENDED",
    "I": "MARKET_INACTIVE",
    "M": "MARKET_MAINTENANCE",
    "post": "MARKET_POST_ONLY",
    "limit": "MARKET_LIMIT_ONLY",
    "reduce": "MARKET_REDUCE_ONLY",
}
MATRIX: Final = {
    "a limit order that rests": "+ + + reduce C S I M",
    "a limit order that takes": "+ post + reduce C S I M",
    "a market order": "+ post limit reduce C S I M",
    "an IOC order": "+ post + reduce C S I M",
    "a post-only order": "+ + + reduce C S I M",
    "a stop with a limit": "+ + + reduce C S I M",
    "a stop without a limit": "+ + limit reduce C S I M",
    "a trailing stop": "+ + limit reduce C S I M",
    "a reduce-only order that rests": "+ + + + C S I M",
    "a reduce-only order that takes": "+ post + + C S I M",
    "a stop-loss of the position": "+ + limit + C S I M",
    "a take-profit of the position": "+ + + + C S I M",
    "a scheduled order": "+ + + reduce C S I M",
    "an edit to another price": "+ + + reduce C S I M",
    "an edit that takes": "+ post + reduce C S I M",
    "an edit to a smaller size": "+ + + + C S I M",
    "a cancel": "+ + + + + + + M",
    "a cancel of all": "+ + + + + + + M",
    "a cancel of all in the market": "+ + + + + + + M",
    # What happens by itself, set up before the mode.
    "a stop that is reached": "+ . limit reduce . . . .",
    "a stop-loss that is reached": "+ . limit + . . . .",
    "a stop with a limit that is reached": "+ . + reduce . . . .",
    "a trailing stop that is moved": "+ . + + . . . .",
    "an order whose time to start comes": "+ + + reduce C S I M",
    "an order whose end comes": "+ + + + + + + +",
    "a dead man's switch": "+ + + + + + + +",
    "an hour of funding": "+ + + + + + + +",
    "a liquidation": "+ . + + . . . .",
    "an assignment": "+ . + + . . . .",
}
CASES: Final = [
    (what, mode, WORDS.get(word, word))
    for what, row in MATRIX.items()
    for mode, word in zip(ORDER_OF_MODES, row.split(), strict=True)
]
FAR: Final = Trigger(
    TriggerKind.STOP, Ticks(0), Signal.MARK, Direction.BELOW, trail=Distance(Ticks(20))
)
UNWIND: Final = (Rung(kind=RungKind.MARKET), Rung(kind=RungKind.UNWIND))
HOUR: Final = 3_600 * SECOND


Request = PlaceOrder | AmendOrder | CancelOrder | CancelOrders


class Market:
    """Ann is long five lots and has orders; Bob stands on both sides. Then the mode comes."""

    def __init__(self, mode: Mode) -> None:
        terms = Funding(divisor=24, rate_max=Ppb(2_500_000), sample=Nanos(60 * SECOND))
        self.scene: Final = Scene(linear(ladder=UNWIND, impact_size=Lots(1), funding=terms))
        self.scene.hold(ANN, 5)
        self.scene.place(order(BOB, SELL, 5, 102))
        self.scene.place(order(BOB, BUY, 5, 97))
        self.old: Final = self.scene.place(order(ANN, BUY, 3, 90, cl_ord_id="old"))
        self.mode: Final = mode

    def close(self) -> None:
        """Or whatever the mode is."""
        self.scene.do(SetMode(symbol=PERP, mode=self.mode))

    def ask(self, command: Request) -> str:
        """What becomes of it in that mode: "+", or the reason why not."""
        self.close()
        before = self.scene.fingerprint()
        first = self.scene.do(command)[0]
        if isinstance(first, OrderRejected | AmendRejected | CancelRejected | Refused):
            if first.reason is not RejectReason.WOULD_TAKE:
                assert self.scene.fingerprint() == before
            return first.reason.name
        assert isinstance(first, OrderAccepted | OrderAmended | OrderCanceled | OrdersCanceled)
        return "+"


def asked(what: str, market: Market) -> str:
    """What becomes of a request of Ann's."""
    old = market.old
    guard = Extras(guards=True, whole=True)
    starts = Extras(starts=Nanos(market.scene.now + SECOND))
    gain = Trigger(TriggerKind.TAKE_PROFIT, Ticks(120), Signal.MARK, Direction.ABOVE)
    trailing = order(ANN, SELL, 1, None, trigger=FAR)
    requests: dict[str, Request] = {
        "a limit order that rests": order(ANN, BUY, 1, 99),
        "a limit order that takes": order(ANN, BUY, 1, 102),
        "a market order": order(ANN, BUY, 1, None, market_cap=Decimal("0.1")),
        "an IOC order": order(ANN, BUY, 1, 102, time_in_force=IOC),
        "a post-only order": order(ANN, BUY, 1, 99, post_only=True),
        "a stop with a limit": order(ANN, BUY, 1, 112, trigger=stop(BUY, 110, Signal.MARK)),
        "a stop without a limit": order(ANN, BUY, 1, None, trigger=stop(BUY, 110, Signal.MARK)),
        "a trailing stop": trailing,
        "a reduce-only order that rests": order(ANN, SELL, 1, 101, reduce_only=True),
        "a reduce-only order that takes": order(ANN, SELL, 1, 97, reduce_only=True),
        "a stop-loss of the position": order(
            ANN,
            SELL,
            5,
            None,
            reduce_only=True,
            trigger=stop(SELL, 80, Signal.MARK),
            extras=guard,
        ),
        "a take-profit of the position": order(
            ANN, SELL, 5, 120, reduce_only=True, trigger=gain, extras=guard
        ),
        "a scheduled order": order(ANN, BUY, 1, 99, extras=starts),
        "an edit to another price": AmendOrder(account=ANN, order_id=old, limit_price=Ticks(91)),
        "an edit that takes": AmendOrder(account=ANN, order_id=old, limit_price=Ticks(102)),
        "an edit to a smaller size": AmendOrder(account=ANN, order_id=old, quantity=Lots(1)),
        "a cancel": CancelOrder(account=ANN, cl_ord_id="old"),
        "a cancel of all": CancelOrders(account=ANN),
        "a cancel of all in the market": CancelOrders(account=ANN, symbol=PERP),
    }
    return market.ask(requests[what])


def fires(market: Market, request: PlaceOrder, mark: str) -> str:
    """What becomes of a waiting order whose price comes in that mode."""
    number = market.scene.place(request)
    market.close()

    events = market.scene.mark(mark)

    if not any(isinstance(event, TriggerFired) for event in events):
        assert number in market.scene.live(ANN)
        assert names(events) == ["MarkPriceSet"]
        again = market.scene.do(SetMode(symbol=PERP, mode=Mode.ONLINE))
        assert {"TriggerFired", "OrderActivated"} <= set(names(again))
        return "."
    for event in events:
        if isinstance(event, OrderCanceled) and event.because is not None:
            return event.because.name
    return "+"


def passes(scene: Scene, seconds: int) -> list[Event]:
    """What the passing of time alone brings."""
    scene.wait(seconds)
    return scene.do(PassTime())


def comes_by_itself(what: str, market: Market) -> str:
    """What becomes of something that was arranged before the mode came."""
    scene = market.scene
    below = stop(SELL, 98, Signal.MARK)
    if what == "a stop that is reached":
        return fires(market, order(ANN, SELL, 1, None, trigger=below), "98")
    if what == "a stop with a limit that is reached":
        return fires(market, order(ANN, SELL, 1, 97, trigger=below), "98")
    if what == "a stop-loss that is reached":
        guard = Extras(guards=True, whole=True)
        return fires(
            market,
            order(ANN, SELL, 5, None, reduce_only=True, trigger=below, extras=guard),
            "98",
        )
    if what == "a trailing stop that is moved":
        scene.place(order(ANN, SELL, 1, None, trigger=FAR))
        market.close()
        told = names(scene.mark("103"))
        if "TriggersMoved" in told:
            return "+"
        opened = scene.do(SetMode(symbol=PERP, mode=Mode.ONLINE))
        assert any(isinstance(event, TriggersMoved) for event in opened)
        return "."
    if what == "an order whose time to start comes":
        extras = Extras(starts=Nanos(scene.now + SECOND))
        scene.place(order(ANN, BUY, 1, 99, extras=extras))
        market.close()
        last = passes(scene, 1)[-1]
        if isinstance(last, OrderCanceled):
            assert last.because is not None
            return last.because.name
        return "+"
    if what == "an order whose end comes":
        number = scene.place(order(ANN, BUY, 1, 99, extras=Extras(Nanos(scene.now + SECOND))))
        market.close()
        [ended] = passes(scene, 1)
        assert isinstance(ended, OrderCanceled) and ended.reason is CancelReason.LAPSED
        return "+" if number not in scene.live(ANN) else "."
    if what == "a dead man's switch":
        scene.do(SetDeadMansSwitch(account=ANN, timeout=Nanos(SECOND)))
        market.close()
        events = passes(scene, 1)
        assert isinstance(events[0], DeadMansSwitchFired)
        return "+" if scene.live(ANN) == [] else "."
    assert what == "an hour of funding"
    passes(scene, 3_600)
    market.close()
    return "+" if any(isinstance(event, FundingPaid) for event in passes(scene, 3_600)) else "."


def liquidated(what: str, mode: Mode) -> str:
    """What becomes of Pip, whose money is gone in that mode."""
    scene = Scene(linear(ladder=UNWIND))
    scene.give(PIP, 20 * DOLLAR)
    scene.hold(PIP, 5)
    scene.place(order(PIP, BUY, 1, 50))
    if what == "a liquidation":
        scene.place(order(BOB, BUY, 5, 97))
    scene.do(SetMode(symbol=PERP, mode=mode))

    events = scene.mark("96")

    if events == events[:1]:
        assert scene.position(PIP) is not None and len(scene.live(PIP)) == 1
        assert scene.mark("95") and scene.position(PIP) is not None
        events = scene.do(SetMode(symbol=PERP, mode=Mode.ONLINE))
        assert _closed(what, events)
        return "."
    assert _closed(what, events)
    return "+"


def _closed(what: str, events: list[Event]) -> bool:
    origin = Origin.LIQUIDATION if what == "a liquidation" else Origin.UNWIND
    told = names(events)
    assert "LiquidationStarted" in told and "LiquidationEnded" in told
    return any(isinstance(event, Traded) and event.origin is origin for event in events)


@pytest.mark.parametrize(("what", "mode", "expected"), CASES)
def test_what_each_mode_lets_happen(what: str, mode: Mode, expected: str) -> None:
    """The whole matrix; a refusal leaves everything as it was."""
    if what in ("a liquidation", "an assignment"):
        found = liquidated(what, mode)
    else:
        market = Market(mode)
        requests = list(MATRIX)[: list(MATRIX).index("a stop that is reached")]
        found = asked(what, market) if what in requests else comes_by_itself(what, market)

    assert found == expected


SPOT: Final = {
    "rests": "+ post + reduce C S I M",
    "takes": "+ post + reduce C S I M",
    "post-only": "+ + + reduce C S I M",
    "market": "+ post limit reduce C S I M",
    "stop": "+ post limit reduce C S I M",
    "cancel": "+ + + + + + + M",
}


@pytest.mark.parametrize(("what", "row"), list(SPOT.items()), ids=list(SPOT))
def test_a_spot_market_that_is_post_only_takes_nothing_else(what: str, row: str) -> None:
    """Kraken Spot: only limit orders with post_only; derivatives take whatever rests."""
    for mode, word in zip(ORDER_OF_MODES, row.split(), strict=True):
        scene = Scene(pair())
        scene.place(order(BOB, SELL, 5, 102, symbol=PAIR))
        old = scene.place(order(ANN, BUY, 1, 90, symbol=PAIR))
        scene.do(SetMode(symbol=PAIR, mode=mode))
        requests: dict[str, Request] = {
            "rests": order(ANN, BUY, 1, 99, symbol=PAIR),
            "takes": order(ANN, BUY, 1, 102, symbol=PAIR),
            "post-only": order(ANN, BUY, 1, 99, symbol=PAIR, post_only=True),
            "market": order(ANN, BUY, 1, None, symbol=PAIR),
            "stop": order(ANN, BUY, 1, None, symbol=PAIR, trigger=stop(BUY, 110)),
            "cancel": CancelOrder(account=ANN, order_id=old),
        }

        first = scene.do(requests[what])[0]

        reason = getattr(first, "reason", None)
        is_no = isinstance(reason, RejectReason)
        assert (reason.name if is_no and reason is not None else "+") == WORDS.get(word, word)


OTHER: Final = Symbol("PF_OTHER")
OTHER_INDEX: Final = IndexId("OTHER:USD")


def test_a_wallet_is_liquidated_where_orders_meet_and_the_rest_waits() -> None:
    """Cross margin: what stands in the closed market is closed when that opens."""
    scene = Scene(linear(ladder=UNWIND), linear(OTHER, ladder=UNWIND, index=OTHER_INDEX))
    scene.do(SetIndexPrice(index=OTHER_INDEX, price=Decimal(100)))
    scene.give(PIP, 40 * DOLLAR)
    scene.hold(PIP, 5)
    scene.hold(PIP, 5, symbol=OTHER)
    scene.do(SetMode(symbol=PERP, mode=Mode.SUSPENDED))

    events = scene.mark("92")

    assert isinstance(events[1], LiquidationStarted)
    assert isinstance(events[-1], LiquidationEnded)
    assert {event.symbol for event in events if isinstance(event, Traded)} == {OTHER}
    assert (scene.held(PIP), scene.held(PIP, OTHER)) == (5, 0)
    events = scene.do(SetMode(symbol=PERP, mode=Mode.REDUCE_ONLY))
    assert {event.symbol for event in events if isinstance(event, Traded)} == {PERP}
    assert scene.held(PIP) == 0


def test_a_cancel_of_all_is_all_or_nothing() -> None:
    """One order in maintenance keeps them all; other markets can be named."""
    scene = Scene(linear(), linear(OTHER, index=OTHER_INDEX))
    here = scene.place(order(ANN, BUY, 1, 90))
    there = scene.place(order(ANN, BUY, 1, 90, symbol=OTHER))
    scene.do(SetMode(symbol=PERP, mode=Mode.MAINTENANCE))

    [refused] = scene.do(CancelOrders(account=ANN))

    assert refused == Refused(reason=RejectReason.MARKET_MAINTENANCE, detail=PERP)
    assert scene.live(ANN) == [here, there]
    [canceled] = scene.do(CancelOrders(account=ANN, symbol=OTHER))
    assert isinstance(canceled, OrdersCanceled) and canceled.order_ids == (there,)
    scene.do(SetMode(symbol=PERP, mode=Mode.CANCEL_ONLY))
    [canceled] = scene.do(CancelOrders(account=ANN))
    assert isinstance(canceled, OrdersCanceled) and canceled.order_ids == (here,)


def test_a_restored_venue_knows_what_is_closed() -> None:
    """Maintenance is there after a restart, too."""
    scene = Scene(linear(ladder=UNWIND))
    number = scene.place(order(ANN, BUY, 1, 90))
    scene.do(SetMode(symbol=PERP, mode=Mode.MAINTENANCE))

    engine = Engine(restore(take(scene.engine.state)))

    for command in (CancelOrders(account=ANN), CancelOrder(account=ANN, order_id=number)):
        [event] = engine.apply(command, scene.now)
        assert isinstance(event, Refused | CancelRejected)
        assert event.reason is RejectReason.MARKET_MAINTENANCE
    [market] = engine.state.markets.values()
    assert not market.is_trading


def test_prices_that_came_and_went_while_closed_fire_nothing() -> None:
    """What counts is where a signal stands when orders meet again."""
    scene = Scene()
    number = scene.place(order(ANN, SELL, 1, None, trigger=stop(SELL, 95, Signal.MARK)))
    scene.do(SetMode(symbol=PERP, mode=Mode.SUSPENDED))
    scene.mark("90")
    scene.mark("100")

    events = scene.do(SetMode(symbol=PERP, mode=Mode.ONLINE))

    assert names(events) == ["ModeSet"]
    assert scene.live(ANN) == [OrderId(number)]
