"""Looks at every market at the end of a minute: who traded, who holds what, what its book has."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from openvenue.engine.contracts import Contract
from openvenue.engine.orders import BUY, Origin
from openvenue.engine.units import Symbol
from openvenue.history.alive import Alive
from openvenue.history.port import PublicTrade
from openvenue.history.samples import (
    BANDS,
    MICRO,
    TARGETS,
    HolderSample,
    Sample,
    SideSample,
)

TOP: Final = 5  # one holder of so many is at the top
LIQUIDATIONS: Final = (Origin.LIQUIDATION, Origin.PARTIAL_LIQUIDATION)


class Stats:
    """The minute at hand of every market in which something happened in it."""

    def __init__(
        self, interest: Mapping[Symbol, int], newest: Iterable[tuple[Symbol, Sample]]
    ) -> None:
        self.minute = 0
        self._interest = dict(interest)
        self.samples: dict[Symbol, Sample] = {}
        kept = list(newest)
        if kept:
            self.minute = max(sample.minute for _, sample in kept)
            self.samples = {name: it for name, it in kept if it.minute == self.minute}

    def of(self, symbol: Symbol) -> Sample:
        """This minute of a market in which something happens now."""
        sample = self.samples.get(symbol)
        if sample is None:
            interest = self._interest.get(symbol, 0)
            sample = Sample(self.minute, 0, 0, 0, 0, interest, interest, interest, interest)
            self.samples[symbol] = sample
        return sample

    def traded(self, trade: PublicTrade) -> None:
        """Count a trade."""
        sample = self.of(trade.symbol)
        sample.trades += 1
        if trade.aggressor is BUY:
            sample.bought += trade.quantity
        else:
            sample.sold += trade.quantity
        if trade.origin in LIQUIDATIONS:
            sample.liquidated += trade.quantity

    def moved(self, symbol: Symbol, old: int, new: int, *, is_half: bool) -> None:
        """A position changed: the open interest is the sum of the long ones.

        Of a trade only both halves together are a moment that there was.
        """
        sample = self.of(symbol)
        interest = self._interest.get(symbol, 0) + max(new, 0) - max(old, 0)
        self._interest[symbol] = interest
        if not is_half:
            sample.close = interest
            sample.high = max(sample.high, interest)
            sample.low = min(sample.low, interest)

    def go_on(self, minute: int) -> None:
        """Another minute begins, in which nothing has happened yet."""
        self.minute = minute
        self.samples = {}

    def look(
        self,
        contracts: Mapping[Symbol, Contract],
        orders: Iterable[Alive],
        positions: Iterable[tuple[Symbol, int]],
    ) -> None:
        """Keep what is held and offered now, in the markets of this minute."""
        levels: dict[tuple[Symbol, int], dict[int, int]] = {}
        for alive in orders:
            order = alive.order
            limit = order.limit_price
            if not alive.is_waiting and limit is not None and order.symbol in self.samples:
                side = levels.setdefault((order.symbol, int(order.side)), {})
                side[limit] = side.get(limit, 0) + alive.leaves
        held: dict[Symbol, list[int]] = {}
        for symbol, quantity in positions:
            held.setdefault(symbol, []).append(quantity)
        for symbol, sample in self.samples.items():
            contract = contracts[symbol]
            sample.bids = _side(contract, levels.get((symbol, 1), {}), 1)
            sample.asks = _side(contract, levels.get((symbol, -1), {}), -1)
            sizes = sorted(held.get(symbol, ()), key=abs, reverse=True)
            sample.holders = _holders(sizes)
            sample.top = _holders(sizes[: -(-len(sizes) // TOP)])


def _holders(sizes: list[int]) -> HolderSample:
    longs = [size for size in sizes if size > 0]
    shorts = [-size for size in sizes if size < 0]
    return HolderSample(len(longs), len(shorts), sum(longs), sum(shorts))


def _side(contract: Contract, levels: dict[int, int], sign: int) -> SideSample:
    """`sign` is 1 for bids."""
    if not levels:
        return SideSample()
    prices = sorted(levels, reverse=sign > 0)
    best = prices[0]
    return SideSample(
        best,
        tuple(
            sum(levels[it] for it in prices if (best - it) * sign * 1_000 <= best * band)
            for band in BANDS
        ),
        tuple(_averages(contract, [(it, levels[it]) for it in prices])),
    )


def _averages(contract: Contract, levels: list[tuple[int, int]]) -> Iterator[int]:
    """The average price of an order of each target; 0 where the book is too thin."""
    instrument = contract.instrument
    dollars_per_lot = Fraction(instrument.lot_size)
    tick = Fraction(instrument.tick_size)
    for target in TARGETS:
        left = Fraction(target)
        size = Fraction(0)  # of the base asset
        for price, lots in levels:
            one = dollars_per_lot if contract.is_inverse else dollars_per_lot * tick * price
            taken = min(left, lots * one)
            size += taken / (tick * price)
            left -= taken
            if not left:
                break
        yield 0 if left else round(Fraction(target) / size / tick * MICRO)
