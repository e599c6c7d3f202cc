"""The last 24 hours of a market, kept by the minute of market time."""

from typing import Final

from msgspec import Struct

from openvenue.engine.units import SECOND, Atoms, Lots, Nanos, Symbol, Ticks
from openvenue.history.port import DayFigures, PublicTrade

MINUTE: Final = 60 * SECOND
DAY_MINUTES: Final = 24 * 60


class Minute(Struct, gc=False):
    """What was traded in one minute."""

    minute: int  # since 1970
    open: int
    high: int
    low: int
    volume: int = 0
    value: int = 0
    trades: int = 0


class Day:
    """The minutes of one market in which something was traded, at most a day of them."""

    def __init__(self, symbol: Symbol) -> None:
        self._symbol = symbol
        self._minutes: dict[int, Minute] = {}  # ascending
        self._answer: tuple[int, DayFigures] | None = None  # of which minute, and what

    def put(self, minute: Minute) -> None:
        """A whole minute, later than all that are here."""
        self._minutes[minute.minute] = minute
        self._answer = None

    def traded(self, trade: PublicTrade, value: int) -> Minute:
        """Add one trade; the minute that it belongs to, as it is now."""
        number = trade.time // MINUTE
        price, quantity = trade.price, trade.quantity
        self._answer = None
        minute = self._minutes.get(number)
        if minute is None:
            self._forget(number)
            minute = self._minutes[number] = Minute(number, price, price, price)
        minute.high = max(minute.high, price)
        minute.low = min(minute.low, price)
        minute.volume += quantity
        minute.value += value
        minute.trades += 1
        return minute

    def figures(self, now: Nanos) -> DayFigures:
        """Over the minute of `now` and the 1439 before it."""
        current = now // MINUTE
        if self._answer is not None and self._answer[0] == current:
            return self._answer[1]
        self._forget(current)
        minutes = list(self._minutes.values())
        figures = DayFigures(
            symbol=self._symbol,
            open=Ticks(minutes[0].open) if minutes else None,
            high=Ticks(max(it.high for it in minutes)) if minutes else None,
            low=Ticks(min(it.low for it in minutes)) if minutes else None,
            volume=Lots(sum(it.volume for it in minutes)),
            value=Atoms(sum(it.value for it in minutes)),
            trades=sum(it.trades for it in minutes),
        )
        self._answer = current, figures
        return figures

    def _forget(self, current: int) -> None:
        """Drop what is older than a day."""
        for number in list(self._minutes):
            if number > current - DAY_MINUTES:
                break
            del self._minutes[number]
