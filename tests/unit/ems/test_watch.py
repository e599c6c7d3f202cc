"""Who listens hears all there is, then what changes; and nobody is asked for nobody."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.ems.connectors.port import (
    Balance,
    CountsQuestions,
    Market,
    Position,
    Silent,
    Unreachable,
    VenueRefused,
)
from openvenue.ems.desk import Ems
from openvenue.ems.orders import ExchangeId, Order
from openvenue.ems.watch import Watcher
from tests.unit.ems.scene import (
    ANN,
    BOB,
    CONFIG,
    FUTURES,
    HELD,
    MARKET,
    SHORT,
    PaperVenue,
    Scene,
    ToldTime,
    until,
)


class Notes:
    """Writes down what it is told of one exchange."""

    def __init__(self, exchange_id: str = "KRAKENFTS") -> None:
        self._of = exchange_id
        self.orders: list[tuple[str, str]] = []
        self.known: list[list[str]] = []
        self.markets: list[Sequence[Market]] = []
        self.balances: list[tuple[bool, list[Balance]]] = []
        self.positions: list[tuple[bool, list[Position]]] = []

    def orders_known(self, exchange_id: ExchangeId, orders: Sequence[Order]) -> None:
        if exchange_id == self._of:
            self.known.append([order.cl_ord_id for order in orders])

    def order_changed(self, order: Order) -> None:
        if order.account.exchange_id == self._of:
            self.orders.append((order.cl_ord_id, order.status.value))

    def markets_known(self, exchange_id: ExchangeId, markets: Sequence[Market]) -> None:
        if exchange_id == self._of:
            self.markets.append(markets)

    def balances_told(
        self, exchange_id: ExchangeId, balances: Sequence[Balance], *, is_first: bool
    ) -> None:
        if exchange_id == self._of:
            self.balances.append((is_first, list(balances)))

    def positions_told(
        self, exchange_id: ExchangeId, positions: Sequence[Position], *, is_first: bool
    ) -> None:
        if exchange_id == self._of:
            self.positions.append((is_first, list(positions)))


async def test_all_there_is_then_what_changes_and_what_is_gone_is_zero(scene: Scene) -> None:
    """One asset of two changes, one vanishes; a position is closed."""
    other = replace(HELD, asset="USD", common_asset="USD")
    gone = replace(HELD, asset="ETH", common_asset="ETH")
    scene.venue.held = [HELD, other, gone]
    notes: Watcher = (told := Notes())
    await scene.place("before")
    listening = scene.desk.accounts.listen(ANN, notes)
    await until(lambda: bool(told.positions))
    more = replace(HELD, balance=Decimal(3))

    scene.venue.held = [more, other]
    scene.venue.positioned = []
    await until(lambda: len(told.positions) == 2)
    await scene.place("after")
    await until(lambda: len(told.orders) == 4)
    listening.end()

    assert told.known == [["before"]]
    assert told.markets == [[MARKET]]
    assert told.balances == [
        (True, [HELD, other, gone]),
        (False, [more, replace(gone, balance=0, available=0, locked=0)]),
    ]
    assert told.positions == [(True, [SHORT]), (False, [replace(SHORT, quantity=0)])]
    assert told.orders == [("after", it) for it in ("RECEIVED", "ROUTING", "ROUTED", "NEW")]


async def test_who_comes_later_is_told_at_once_and_nobody_is_asked_for_nobody(
    scene: Scene,
) -> None:
    """The venue is asked for all of them together, and for the last one no longer than it stays."""
    first, second, stranger = Notes(), Notes(), Notes()
    one = scene.desk.accounts.listen(ANN, first)
    await until(lambda: bool(first.positions))
    calls = len(scene.venue.calls)

    two = scene.desk.accounts.listen(ANN, second)
    told_at_once = (len(second.markets), len(second.balances), len(second.positions))
    asked_for_it = len(scene.venue.calls) - calls
    bobs = scene.desk.accounts.listen(BOB, stranger)
    one.end()
    await until(lambda: len(scene.venue.calls) > calls + 4)  # the second still listens
    two.end()
    await until(lambda: bool(stranger.positions))
    calls = len(scene.venue.calls)
    await until(lambda: stranger.known != [])
    for _ in range(1_000):
        await scene.desk.questions.changes(ANN, scene.desk.now(), scene.desk.now(), 1)
    bobs.end()

    assert told_at_once == (1, 1, 1) and asked_for_it == 0
    assert len(scene.venue.calls) == calls
    assert first.markets == second.markets
    assert scene.venue.calls.count("markets") == 1


@pytest.mark.parametrize(
    ("trouble", "is_running"),
    [(Unreachable("down"), False), (Silent("late"), False), (VenueRefused("busy"), True)],
)
async def test_a_venue_in_trouble_shows_and_is_asked_again(
    scene: Scene, trouble: Exception, is_running: bool
) -> None:
    """Its orders are told all the same; money when it answers."""
    scene.venue.down = trouble
    told = Notes()
    listening = scene.desk.accounts.listen(ANN, told)
    await until(lambda: len(scene.venue.calls) > 20)
    runs = scene.desk.accounts.exchanges(ANN)[FUTURES.exchange_id]
    orders, money = list(told.known), list(told.balances)

    scene.venue.down = None
    await until(lambda: bool(told.positions))
    listening.end()

    assert runs is is_running
    assert (orders, money) == ([[]], [])
    assert scene.desk.accounts.exchanges(ANN)[FUTURES.exchange_id]
    assert told.balances == [(True, [HELD])]


class CountingVenue(PaperVenue):
    """One that bears only so many questions."""

    patience = 4

    def may_look(self) -> bool:
        self.patience -= 1
        return self.patience >= 0


async def test_a_venues_patience_is_left_to_those_who_want_something_done() -> None:
    """Listening never costs what a cancel-all may need."""
    venue, told = CountingVenue(), Notes()
    assert isinstance(venue, CountsQuestions)
    desk = await Ems.open(None, CONFIG, ToldTime(), {FUTURES: venue})
    listening = desk.accounts.listen(ANN, told)

    await until(lambda: venue.patience < -10)
    listening.end()

    assert venue.calls.count("balances") == 4
    await desk.close()


async def test_an_order_that_comes_while_somebody_joins_is_told_once_in_its_turn(
    scene: Scene,
) -> None:
    """What is known comes first; what came and went meanwhile is not lost."""
    told = Notes()
    listening = scene.desk.accounts.listen(ANN, told)  # its greeting waits for a turn of the loop

    await scene.place("one")
    await until(lambda: ("one", "NEW") in told.orders or told.known == [["one"]])
    listening.end()

    assert len(told.known) == 1
    assert ("one" in told.known[0]) != (("one", "NEW") in told.orders)
