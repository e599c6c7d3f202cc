"""What happens to the tables, in the order of the journal: fold entries in, commit, answer.

Everything here runs on the index's own thread.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from openvenue.engine.units import Nanos, OrderId, Symbol
from openvenue.history.day import DAY_MINUTES, MINUTE, Day, Minute, candle_of
from openvenue.history.fold import Fold
from openvenue.history.port import Candle, DayFigures
from openvenue.history.store import Store, remove
from openvenue.journal.port import Journal
from openvenue.journal.records import Entry

CHUNK: Final = 64  # entries folded in one go: the thread that decides wants its turn
COMMIT_EVERY: Final = 5_000  # entries


class Index:
    """The past of one venue up to entry `seq`."""

    def __init__(self, path: Path | None, journal: Journal, recovered_seq: int) -> None:
        self.store = Store(path)
        if path is not None and self.store.seq() > recovered_seq:
            # The journal lost its end (a machine that fell, "os" durability): other entries have
            # taken those places.
            self.store.close()
            remove(path)
            self.store = Store(path)
        self.seq = self.store.seq()
        self._journal = journal
        self._has_past = path is not None
        self._committed = self.seq
        self._fold = Fold(self.store.alive())
        self._newest_kept = max(self._fold.alive, default=OrderId(0))
        self._touched: set[OrderId] = set()
        self._days: dict[Symbol, Day] = {}
        self._minutes: dict[tuple[Symbol, int], Minute] = {}  # changed since the last commit
        for symbol, minute in self.store.minutes(self.store.newest_minute() - DAY_MINUTES + 1):
            self._day(symbol).put(minute)

    @property
    def is_dirty(self) -> bool:
        """Whether there is something to commit."""
        return self.seq != self._committed

    def take(self, entries: Sequence[Entry]) -> None:
        """Fold in what comes next, and before it whatever was missed. Known entries are skipped."""
        if entries[0].seq > self.seq + 1:
            self.catch_up(entries[0].seq - 1)
        for chunk in _chunks(entries):
            self._take(chunk)
        if self.seq - self._committed >= COMMIT_EVERY:
            self.commit()

    def catch_up(self, seq: int) -> None:
        """Read the journal up to `seq`. Raises: JournalError.

        A journal in memory has nothing to tell of the time before we listened: its setup.
        """
        if self.seq >= seq:
            return
        for group in self._journal.replay(self.seq):
            for chunk in _chunks(group):
                self._take(chunk)
            if self.seq - self._committed >= COMMIT_EVERY:
                self.commit()
            if self.seq >= seq:
                return
        assert not self._has_past, f"the journal ends at {self.seq}, before {seq}"
        self.seq = seq

    def commit(self) -> None:
        """Keep all that was folded in."""
        alive = self._fold.alive
        kept = [alive[it] for it in self._touched if it in alive]
        newest = self._newest_kept
        ended = [it for it in self._touched if it not in alive and it <= newest]
        self.store.set_alive(kept, ended)
        self.store.set_minutes((symbol, it) for (symbol, _), it in self._minutes.items())
        self.store.commit(self.seq)
        self._newest_kept = max((it.order.order_id for it in kept), default=newest)
        self._newest_kept = max(self._newest_kept, newest)
        self._touched.clear()
        self._minutes.clear()
        self._committed = self.seq

    def days(self, symbols: Sequence[Symbol], now: Nanos, since: Nanos) -> dict[Symbol, DayFigures]:
        """Figures of the last 24 hours, but for the time before `since`."""
        return {symbol: self._day(symbol).figures(now, since) for symbol in symbols}

    def candles(self, symbol: Symbol, since: Nanos) -> list[Candle]:
        """One minute each, from the one that `since` is in, oldest first."""
        first = since // MINUTE
        found = {it.minute: it for it in self.store.minutes_of(symbol, first)}
        for (of, number), minute in self._minutes.items():
            if of == symbol and number >= first:
                found[number] = minute
        return [candle_of(found[number]) for number in sorted(found)]

    def close(self) -> None:
        """Keep what was folded in, and let go of the file."""
        if self.is_dirty:
            self.commit()
        self.store.close()

    def _take(self, entries: Sequence[Entry]) -> None:
        """At most a chunk."""
        fresh = [entry for entry in entries if entry.seq > self.seq]
        if not fresh:
            return
        assert fresh[0].seq == self.seq + 1, "entries follow on one another"
        story = self._fold.tell(fresh)
        for trade, value in zip(story.trades, story.values, strict=True):
            minute = self._day(trade.symbol).traded(trade, value)
            self._minutes[trade.symbol, trade.time // MINUTE] = minute
        if story.fills:
            self.store.add_fills(story.fills)
            self.store.add_trades(story.trades)
        if story.closed:
            self.store.add_closed(story.closed)
        self._touched |= story.touched
        self.seq = fresh[-1].seq

    def _day(self, symbol: Symbol) -> Day:
        day = self._days.get(symbol)
        if day is None:
            day = self._days[symbol] = Day(symbol)
        return day


def _chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), CHUNK):
        yield entries[start : start + CHUNK]
