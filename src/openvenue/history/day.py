"""The last 24 hours of a market, kept by the minute of market time."""

from typing import Final

from msgspec import Struct

from openvenue.engine.units import SECOND, Atoms, Lots, Nanos, Symbol, Ticks
from openvenue.history.port import Candle, DayFigures, PublicTrade

MINUTE: Final = 60 * SECOND
DAY_MINUTES: Final = 24 * 60


class Minute(Struct, gc=False):
    """What was traded in one minute."""

    minute: int  # since 1970
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    value: int = 0
    trades: int = 0


def candle_of(it: Minute) -> Candle:
    """A minute as history tells it."""
    return Candle(
        Nanos(it.minute * MINUTE),
        Ticks(it.open),
        Ticks(it.high),
        Ticks(it.low),
        Ticks(it.close),
        Lots(it.volume),
        Atoms(it.value),
        it.trades,
    )


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
            minute = self._minutes[number] = Minute(number, price, price, price, price)
        minute.high = max(minute.high, price)
        minute.low = min(minute.low, price)
        minute.close = price
        minute.volume += quantity
        minute.value += value
        minute.trades += 1
        return minute

    def figures(self, now: Nanos, since: Nanos = Nanos(0)) -> DayFigures:
        """Over the minute of `now` and the 1439 before it, but for those before `since`."""
        current = now // MINUTE
        if not since:
            if self._answer is None or self._answer[0] != current:
                self._forget(current)
                self._answer = current, self._sum(list(self._minutes.values()))
            return self._answer[1]
        first = max(since // MINUTE, current - DAY_MINUTES + 1)
        return self._sum([it for it in self._minutes.values() if it.minute >= first])

    def _sum(self, minutes: list[Minute]) -> DayFigures:
        return DayFigures(
            symbol=self._symbol,
            open=Ticks(minutes[0].open) if minutes else None,
            high=Ticks(max(it.high for it in minutes)) if minutes else None,
            low=Ticks(min(it.low for it in minutes)) if minutes else None,
            volume=Lots(sum(it.volume for it in minutes)),
            value=Atoms(sum(it.value for it in minutes)),
            trades=sum(it.trades for it in minutes),
        )

    def _forget(self, current: int) -> None:
        """Drop what is older than a day."""
        for number in list(self._minutes):
            if number > current - DAY_MINUTES:
                break
            del self._minutes[number]
