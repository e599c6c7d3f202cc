"""Liquidation: when it starts, what each rung of a ladder does, who is left with what."""

from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final

from openvenue.engine.assignees import AssigneeTerms, Days
from openvenue.engine.commands import JoinAssignment, LeaveAssignment
from openvenue.engine.events import (
    Event,
    LiquidationMoved,
    LiquidationStarted,
    OrderAccepted,
    OrdersCanceled,
    Refused,
    Traded,
)
from openvenue.engine.instruments import FeeTier, Instrument, Kind, Rung, RungKind
from openvenue.engine.orders import BUY, SELL, Origin, Signal
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import AccountId, Nanos, Ppb, Symbol
from tests.unit.engine.scene import (
    ANN,
    BOB,
    COIN,
    COINS,
    DOLLAR,
    INVERSE,
    PERP,
    PIP,
    USD,
    XBT,
    Scene,
    inverse,
    linear,
    order,
    stop,
)

PARTLY: Final = Rung(kind=RungKind.PARTIAL, above=Ppb(0), parts=4, tries=2, fee=Ppb(1_000_000))
CLOSE: Final = Rung(kind=RungKind.MARKET)
ASSIGN: Final = Rung(kind=RungKind.ASSIGNMENT)
UNWIND: Final = Rung(kind=RungKind.UNWIND)
FUTURES: Final = (CLOSE, ASSIGN, UNWIND)
FREE: Final = (FeeTier(0, Ppb(0), Ppb(0)),)
STRANGER: Final = AccountId("rich stranger")
WEEK: Final = 7 * 86_400


def rungs(events: list[Event]) -> list[int]:
    """The rungs that did something, in order."""
    return [event.rung for event in events if isinstance(event, LiquidationMoved)]


def started(events: list[Event]) -> list[AccountId]:
    """Whose liquidation began."""
    return [event.account for event in events if isinstance(event, LiquidationStarted)]


def forced(events: list[Event], origin: Origin) -> list[tuple[AccountId, int, int]]:
    """Who met the order of this origin, at which price, with how much."""
    return [
        (event.maker_account, event.price, event.quantity)
        for event in events
        if isinstance(event, Traded) and event.origin is origin
    ]


def dollars(scene: Scene, account: AccountId) -> Fraction:
    """What an account has."""
    return Fraction(scene.wallet(account).balances.get(USD, 0), DOLLAR)


def long_pip(contract: Instrument, money: int = 500, lots: int = 100) -> Scene:
    """Pip is long at 100 with little money; everybody else is rich."""
    scene = Scene(contract)
    scene.give(PIP, money * DOLLAR)
    scene.hold(PIP, lots, 100)
    return scene


class TestPublishedExample:
    """Long 1000 contracts at 8000 with 0.01 coins: below 7481 it is closed, at 7407 the latest.

    Source: Kraken Futures, "Equity Protection Process", example.
    """

    def scene(self) -> Scene:
        """Pip has the example's position, free of fees as the page is."""
        scene = Scene(inverse(ladder=FUTURES, fee_tiers=FREE), index="8000")
        scene.give(PIP, COIN // 100, COINS, XBT)
        scene.hold(PIP, 1_000, 16_000, INVERSE)
        return scene

    def test_margins_are_the_pages(self) -> None:
        """Initial margin 0.0025 coins, maintenance margin 0.00125."""
        wallet = self.scene().wallet(PIP, COINS)
        assert wallet.initial_margin == COIN * 25 // 10_000
        assert wallet.maintenance_margin == COIN * 125 // 100_000

    def test_it_begins_at_7481(self) -> None:
        """Equity falls to maintenance margin at 1010 / 0.135."""
        scene = self.scene()
        assert started(scene.mark("7481.49", INVERSE)) == []
        assert started(scene.mark("7481.48", INVERSE)) == [PIP]

    def test_its_limit_is_7407(self) -> None:
        """Who buys there leaves nothing; the order goes to the half dollar above, no further."""
        scene = self.scene()
        for price in (14_900, 14_815, 14_814):
            scene.do(order(BOB, BUY, 400, price, symbol=INVERSE))
        events = scene.mark("7481", INVERSE)
        first = next(e.order for e in events if isinstance(e, OrderAccepted))
        assert (first.limit_price, first.origin) == (14_815, Origin.LIQUIDATION)
        assert forced(events, Origin.LIQUIDATION) == [(BOB, 14_900, 400), (BOB, 14_815, 400)]

    def test_what_is_better_than_the_limit_is_the_clients(self) -> None:
        """Closed at 7450, it keeps what that is better than the price at which all is lost."""
        scene = self.scene()
        scene.do(order(BOB, BUY, 1_000, 14_900, symbol=INVERSE))
        scene.mark("7481", INVERSE)
        kept = Fraction(1, 100) + Fraction(1_000, 8_000) - Fraction(1_000, 7_450)
        assert scene.wallet(PIP, COINS).balances[XBT] == ceil(kept * COIN)  # 0.000772 coins


class TestTheWayDown:
    """Each rung in turn; what comes before the positions; when it stops."""

    def test_all_orders_of_the_wallet_end_first(self) -> None:
        """Resting and waiting ones, with the reason; a stop that fired meanwhile does not act."""
        scene = long_pip(linear(ladder=FUTURES))
        scene.do(
            order(PIP, SELL, 1, 120),
            order(PIP, SELL, 100, None, trigger=stop(SELL, 96, Signal.MARK), reduce_only=True),
        )
        mine = tuple(scene.live(PIP))
        assert len(mine) == 2
        events = scene.mark("95")
        [gone] = [e for e in events if isinstance(e, OrdersCanceled)]
        assert (gone.account, gone.order_ids) == (PIP, mine)
        assert gone.reason is CancelReason.LIQUIDATION
        assert scene.live(PIP) == []

    def test_others_are_left_alone(self) -> None:
        """Bob holds as much, and has the money for it."""
        scene = long_pip(linear(ladder=FUTURES))
        scene.hold(BOB, 100, 100)
        scene.do(order(BOB, BUY, 1, 90))
        assert started(scene.mark("95")) == [PIP]
        assert scene.held(BOB) == 100
        assert len(scene.live(BOB)) == 1

    def test_a_part_is_enough_where_the_wallet_then_carries_the_rest(self) -> None:
        """A quarter is closed, for a fee to the fund; the rest stays."""
        scene = long_pip(linear(ladder=(PARTLY, *FUTURES)))
        scene.do(order(BOB, BUY, 100, 97))
        events = scene.mark("95.9")
        assert rungs(events) == [0]
        assert forced(events, Origin.PARTIAL_LIQUIDATION) == [(BOB, 97, 25)]
        assert (scene.held(PIP), scene.held(BOB)) == (75, 25)
        fee = 25 * 97 * DOLLAR // 1_000
        assert scene.engine.state.insurance == {USD: fee}
        taker_fee = 25 * 97 * DOLLAR // 2_000
        paid_before = 100 * 100 * DOLLAR // 2_000
        lost = 25 * 3 * DOLLAR
        assert (
            scene.wallet(PIP).balances[USD] == 500 * DOLLAR - paid_before - lost - taker_fee - fee
        )

    def test_parts_that_do_not_suffice_are_followed_by_all(self) -> None:
        """Two quarters, then the half that is left."""
        scene = long_pip(linear(ladder=(PARTLY, *FUTURES), fee_tiers=FREE))
        scene.do(order(BOB, BUY, 100, 95))
        events = scene.mark("95.1")
        assert rungs(events) == [0, 0, 1]
        assert forced(events, Origin.PARTIAL_LIQUIDATION) == [(BOB, 95, 25), (BOB, 95, 25)]
        assert forced(events, Origin.LIQUIDATION) == [(BOB, 95, 50)]
        assert dollars(scene, PIP) == 0

    def test_a_short_position_is_bought_back(self) -> None:
        """The same upwards."""
        scene = Scene(linear(ladder=FUTURES, fee_tiers=FREE))
        scene.give(PIP, 500 * DOLLAR)
        scene.hold(PIP, -100, 100)
        scene.do(order(BOB, SELL, 60, 104), order(BOB, SELL, 60, 106))
        events = scene.mark("104.5")
        assert forced(events, Origin.LIQUIDATION) == [
            (BOB, 104, 60)
        ]  # 106 leaves less than nothing
        assert forced(events, Origin.UNWIND) == []  # 265 dollars do for the forty that are left
        assert scene.held(PIP) == -40

    def test_fees_never_make_a_wallet_owe(self) -> None:
        """At the bankruptcy price there is nothing to take them from."""
        scene = long_pip(linear(ladder=FUTURES))
        paid = 100 * 100 * DOLLAR // 2_000
        scene.give(PIP, paid)
        scene.do(order(BOB, BUY, 100, 95))
        scene.mark("95.5")
        assert scene.held(PIP) == 0
        assert dollars(scene, PIP) == 0


class TestAssignment:
    """What the book did not take goes to those who want it, then to those who must."""

    def scene(self, **terms: object) -> Scene:
        """Bob is in the programme."""
        scene = long_pip(linear(ladder=FUTURES, fee_tiers=FREE))
        self.join(scene, BOB, **terms)
        return scene

    def join(self, scene: Scene, account: AccountId, **terms: object) -> list[Event]:
        """One more entry."""
        named = {"kind": Kind.LINEAR, **terms}
        return scene.do(JoinAssignment(account=account, terms=AssigneeTerms(**named)))  # type: ignore[arg-type]

    def test_an_assignee_takes_over_at_the_bankruptcy_price(self) -> None:
        """A second account has the position now, and nobody owes anything."""
        scene = self.scene()
        events = scene.mark("95.5")
        assert rungs(events) == [1]
        assert forced(events, Origin.ASSIGNMENT) == [(BOB, 95, 100)]
        assert (scene.held(PIP), scene.held(BOB)) == (0, 100)
        assert dollars(scene, PIP) == 0
        assert scene.position(BOB).cost == 100 * 95 * DOLLAR  # type: ignore[union-attr]

    def test_terms_bound_what_is_taken(self) -> None:
        """Forty at a time; the next in line takes the rest."""
        scene = self.scene(max_size=Decimal(40))
        self.join(scene, ANN)
        assert forced(scene.mark("95.5"), Origin.ASSIGNMENT) == [(BOB, 95, 40), (ANN, 95, 60)]

    def test_a_bound_on_the_position_counts_what_is_held(self) -> None:
        """Bob has thirty already."""
        scene = self.scene(max_position=Decimal(50))
        scene.hold(BOB, 30, 100)
        assert forced(scene.mark("95.5"), Origin.ASSIGNMENT) == [(BOB, 95, 20)]

    def test_nobody_takes_what_the_terms_do_not_name(self) -> None:
        """Another kind, another market's side, another day, switched off, or left."""
        for terms in (
            {"kind": Kind.INVERSE},
            {"accepts_long": False},
            {"days": Days.WEEKENDS},  # the scene is on a Thursday
            {"is_enabled": False},
        ):
            scene = self.scene(**terms)
            assert forced(scene.mark("95.5"), Origin.ASSIGNMENT) == [], terms
            assert scene.held(BOB) == 0

    def test_weekends_are_told_from_weekdays(self) -> None:
        """Two days later it is Saturday."""
        scene = self.scene(days=Days.WEEKENDS)
        scene.wait(2 * 86_400)
        assert forced(scene.mark("95.5"), Origin.ASSIGNMENT) == [(BOB, 95, 100)]

    def test_nobody_takes_more_than_they_have_margin_for(self) -> None:
        """Two percent of 95.5 dollars a lot, with 19.1 dollars."""
        scene = self.scene()
        poor = AccountId("amy")
        scene.do(LeaveAssignment(account=BOB, number=1))
        scene.give(poor, -scene.wallet(poor).balances[USD] + 1_910 * DOLLAR // 100)
        self.join(scene, poor)
        assert forced(scene.mark("95.5"), Origin.ASSIGNMENT) == [(poor, 95, 10)]

    def test_entries_come_and_go(self) -> None:
        """Numbers are counted up; only one's own can be taken out, and once."""
        scene = self.scene()
        [refused] = scene.do(LeaveAssignment(account=ANN, number=1))
        assert isinstance(refused, Refused)
        assert refused.reason is RejectReason.UNKNOWN_ASSIGNEE
        scene.do(LeaveAssignment(account=BOB, number=1))
        [refused] = scene.do(LeaveAssignment(account=BOB, number=1))
        assert isinstance(refused, Refused)
        [refused] = self.join(scene, BOB, symbol=Symbol("PF_NOTUSD"))
        assert isinstance(refused, Refused)
        [refused] = self.join(scene, BOB, max_size=Decimal(0))
        assert isinstance(refused, Refused)
        self.join(scene, BOB)
        assert list(scene.engine.state.assignees) == [1, 2]
        assert scene.engine.state.assignees[1].left == scene.now


class TestUnwind:
    """What nobody wants is closed against those who gain most."""

    def test_the_rest_is_closed_against_the_winner(self) -> None:
        """The stranger sold at 100 and buys back at 95, whether it wants to or not."""
        scene = long_pip(linear(ladder=FUTURES, fee_tiers=FREE))
        before = dollars(scene, STRANGER)
        events = scene.mark("95.5")
        assert rungs(events) == [2]
        assert forced(events, Origin.UNWIND) == [(STRANGER, 95, 100)]
        assert (scene.held(PIP), scene.held(STRANGER)) == (0, 0)
        assert dollars(scene, PIP) == 0
        assert dollars(scene, STRANGER) == before + 500

    def test_more_profit_on_less_money_comes_first(self) -> None:
        """Bob sold higher than the stranger; Ann sold at the same price with less behind it."""
        scene = long_pip(linear(ladder=FUTURES, fee_tiers=FREE))
        scene.hold(BOB, -30, 120)
        scene.hold(ANN, -30, 101)
        events = scene.mark("95.5")
        assert forced(events, Origin.UNWIND)[:2] == [(BOB, 95, 30), (ANN, 95, 30)]
        assert sum(quantity for _, _, quantity in forced(events, Origin.UNWIND)) == 100

    def test_below_the_bankruptcy_price_others_lose_what_pip_does_not_have(self) -> None:
        """The mark fell past it: the price of the unwinding is better than the mark."""
        scene = long_pip(linear(ladder=FUTURES, fee_tiers=FREE))
        events = scene.mark("90")
        assert forced(events, Origin.UNWIND) == [(STRANGER, 95, 100)]
        assert dollars(scene, PIP) == 0

    def test_the_last_price_is_the_books(self) -> None:
        """Stops that listen to trades do not hear of what happens outside the book."""
        scene = long_pip(linear(ladder=FUTURES, fee_tiers=FREE))
        scene.mark("95.5")
        assert scene.engine.state.markets[PERP].last == 100


def test_a_market_without_a_ladder_liquidates_nobody() -> None:
    """It is what the instrument says, and nothing else."""
    scene = long_pip(linear())
    assert started(scene.mark("50")) == []


def test_a_wallet_with_an_unpriced_position_waits_for_its_price() -> None:
    """Without a mark nobody knows what it is worth."""
    other = linear(Symbol("PF_NEWUSD"), ladder=FUTURES, index="NEW:USD")
    scene = Scene(linear(ladder=FUTURES), other)
    scene.give(PIP, 500 * DOLLAR)
    scene.hold(PIP, 100, 100)
    scene.hold(PIP, 1, 100, other.symbol)
    assert started(scene.mark("90")) == []
    assert started(scene.mark("100", other.symbol)) == [PIP]


def test_two_positions_share_what_is_left() -> None:
    """Each is closed at the price that costs its share of the equity, and none is left short."""
    other = linear(Symbol("PF_ETHUSD"), ladder=FUTURES, fee_tiers=FREE, index="ETH:USD")
    scene = Scene(linear(ladder=FUTURES, fee_tiers=FREE), other)
    scene.mark("100", other.symbol)
    scene.give(PIP, 1_000 * DOLLAR)
    scene.hold(PIP, 100, 100)
    scene.hold(PIP, -100, 100, other.symbol)
    scene.mark("105", other.symbol)
    events = scene.mark("96")
    assert started(events) == [PIP]
    assert {symbol for symbol in (PERP, other.symbol) if scene.held(PIP, symbol)} == set()
    assert dollars(scene, PIP) >= 0


def test_time_of_the_scene_is_a_thursday() -> None:
    """What the weekday tests rest on: 1 January 2026."""
    assert Nanos(Scene().now) // (86_400 * 10**9) % 7 == 0  # as 1 January 1970 was
