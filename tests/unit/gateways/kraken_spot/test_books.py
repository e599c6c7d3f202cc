"""Books and their checksums: a client that follows the rules always sees the truth."""

from decimal import Decimal
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from openvenue.engine.instruments import Mode
from openvenue.engine.queries import BookView
from openvenue.engine.units import Lots, Ticks
from openvenue.gateways.kraken_spot.books import LevelBook, Levels, checksum
from openvenue.gateways.kraken_spot.facts import no_facts
from openvenue.gateways.kraken_spot.listing import Market
from tests.conformance.kraken_spot.scene import PAIRS, pair

BITCOIN: Final = Market(PAIRS[0], Mode.ONLINE, no_facts)
FINE: Final = Market(pair("SOL", "USD", "0.00001", "1", "0.5"), Mode.ONLINE, no_facts)
ASKS: Final = (
    "50000.1 0.50000000, 50000.5 1.25000000, 50001.0 0.00100000, 50001.3 2.00000000, "
    "50002.0 0.75000000, 50003.7 0.10000000, 50004.0 3.00000000, 50005.5 0.02500000, "
    "50008.0 1.00000000, 50010.0 10.00000000, 50011.0 1.00000000"
)
BIDS: Final = (
    "50000.0 0.40000000, 49999.9 0.00012345, 49999.0 1.00000000, 49998.5 2.50000000, "
    "49997.0 0.30000000, 49996.2 0.01000000, 49995.0 5.00000000, 49990.0 0.06000000, "
    "49988.8 1.10000000, 49980.0 20.00000000, 49970.0 1.00000000"
)


def levels(text: str, market: Market) -> Levels:
    """Levels written as `price size, price size`."""
    found: Levels = {}
    for level in text.split(", "):
        price, size = level.split(" ")
        ticks, lots = market.price_grid.read(price), market.size_grid.read(size)
        assert isinstance(ticks, int) and isinstance(lots, int)
        found[Ticks(ticks)] = Lots(lots)
    return found


def test_the_published_checksums_come_out() -> None:
    """The ten best levels of each side count, whatever else there is."""
    asks, bids = levels(ASKS, BITCOIN), levels(BIDS, BITCOIN)
    assert checksum(bids, asks, BITCOIN) == 3_235_226_788

    del asks[Ticks(500_001)]
    bids[Ticks(499_999)] = Lots(100_000)
    assert checksum(bids, asks, BITCOIN) == 3_951_503_935

    thin = levels("0.08123 0.00000700, 0.08200 15.00000000", FINE)
    assert checksum(levels("0.08100 1200.50000000", FINE), thin, FINE) == 712_255_275
    assert checksum({}, {}, FINE) == 0


class Client:
    """Follows the book as the guide says: apply, sort, cut to the depth."""

    def __init__(self, depth: int, bids: Levels, asks: Levels) -> None:
        self.depth = depth
        self.bids, self.asks = dict(bids), dict(asks)

    def hear(self, bids: Levels, asks: Levels) -> None:
        self.bids = self._after(self.bids, bids, is_bid=True)
        self.asks = self._after(self.asks, asks, is_bid=False)

    def _after(self, held: Levels, told: Levels, *, is_bid: bool) -> Levels:
        for price, lots in told.items():
            if lots:
                held[price] = lots
            else:
                assert price in held, "only what was seen goes"
                del held[price]
        return dict(sorted(held.items(), reverse=is_bid)[: self.depth])


STEPS: Final = st.lists(
    st.lists(st.tuples(st.booleans(), st.integers(1, 14), st.integers(0, 5)), max_size=4),
    max_size=30,
)


@given(STEPS, st.integers(1, 4))
def test_a_client_that_cuts_to_its_depth_sees_the_best_levels(
    steps: list[list[tuple[bool, int, int]]], depth: int
) -> None:
    """Whatever leaves, enters and comes back, its book and its checksum are those of the venue."""
    book = LevelBook(BookView(BITCOIN.symbol, [], []))
    window = book.window(depth)
    client = Client(depth, window.bids, window.asks)
    for changes in steps:
        for is_bid, price, total in changes:
            ladder = book.bids if is_bid else book.asks
            ticks = Ticks(price if is_bid else price + 20)
            ladder.add(ticks, total - ladder.totals.get(ticks, 0))
        moved = window.move()
        if moved is not None:
            client.hear(*moved)

        bids = sorted(book.bids.totals.items(), reverse=True)[:depth]
        asks = sorted(book.asks.totals.items())[:depth]
        assert list(client.bids.items()) == bids
        assert list(client.asks.items()) == asks
        assert checksum(client.bids, client.asks, BITCOIN) == checksum(
            book.bids.top(depth), book.asks.top(depth), BITCOIN
        )


def test_what_nobody_can_see_is_not_told() -> None:
    """A change behind the window is no message."""
    book = LevelBook(BookView(BITCOIN.symbol, [(Ticks(9), Lots(1)), (Ticks(8), Lots(1))], []))
    window = book.window(1)

    book.bids.add(Ticks(8), 5)
    assert window.move() is None

    book.bids.add(Ticks(9), -1)
    assert window.move() == ({Ticks(9): Lots(0), Ticks(8): Lots(6)}, {})


def test_averages_are_rounded_to_the_nearest_place() -> None:
    """Shown to people; nothing is worked out from them."""
    one = 10**8
    assert BITCOIN.average(0, 0, BITCOIN.prices) == "0.0"
    assert BITCOIN.average(50_000_05000, one, BITCOIN.prices) == "50000.1"
    assert BITCOIN.average(50_000_04999, one, BITCOIN.prices) == "50000.0"
    assert BITCOIN.average(1, 3 * one, BITCOIN.fine_prices) == "0.00000"
    assert Decimal(BITCOIN.average(100_000_00000, 2 * one, BITCOIN.fine_prices)) == 50_000
