"""What happens to the tables, in the order of the journal: fold entries in, commit, answer.

Everything here runs on the thread, or in the process, that keeps the index.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

from openvenue.engine.instruments import IndexId
from openvenue.engine.units import AccountId, FinePrice, Nanos, OrderId, Symbol
from openvenue.history.alive import Story
from openvenue.history.blocks import Stream
from openvenue.history.day import DAY_MINUTES, MINUTE, Day, Minute, candle_of
from openvenue.history.fold import Fold
from openvenue.history.ledger import Ledger
from openvenue.history.past import (
    Bar,
    BarSource,
    BarSpan,
    Change,
    Execution,
    Found,
    MarkChange,
    OrderChange,
    OrderMissed,
    OrderThing,
    Page,
    Posting,
    RateChange,
    SettlementPosting,
    TradePosting,
    TwapChange,
)
from openvenue.history.port import (
    Candle,
    ClosedOrder,
    DayFigures,
    Fill,
    PublicTrade,
)
from openvenue.history.samples import Sample, merged
from openvenue.history.stats import Stats
from openvenue.history.store import Store, remove
from openvenue.journal.records import Entry

CHUNK: Final = 64  # entries folded in one go: the thread that decides wants its turn
COMMIT_EVERY: Final = 5_000  # entries
STALE_MAX: Final = 50_000  # records of orders beyond twice those alive, before all is written anew

# Entries after one and up to another at least, oldest first.
Read: TypeAlias = Callable[[int, int], Iterator[list[Entry]]]


class Index:
    """The past of one venue up to entry `seq`."""

    def __init__(self, path: Path | None, read: Read, recovered_seq: int = 0) -> None:
        """What the file at `path` has kept (None: nothing); what is missing is `read` when asked.

        Of a journal that was found at `recovered_seq`.
        """
        self.store = Store(path)
        if path is not None and self.store.seq() > recovered_seq:
            # The journal lost its end (a machine that fell, "os" durability): other entries have
            # taken those places.
            self.store.close()
            remove(path)
            self.store = Store(path)
        self.seq = self.store.seq()
        self._read = read
        self._has_past = path is not None
        self._committed = self.seq
        ledger = Ledger(self.store.instruments(), self.store.holders())
        self._fold = Fold(self.store.alive(), ledger)
        self._prices: dict[tuple[BarSource, str], Minute] = {}  # the newest minute of each
        self._changed_prices: dict[tuple[BarSource, str, int], Minute] = {}
        self._restore_prices(ledger)
        self._newest_kept = max(self._fold.alive, default=OrderId(0))
        self._touched: set[OrderId] = set()
        self._days: dict[Symbol, Day] = {}
        self._minutes: dict[tuple[Symbol, int], Minute] = {}  # changed since the last commit
        interest: dict[Symbol, int] = {}
        for symbol, quantity in ledger.positions():
            interest[symbol] = interest.get(symbol, 0) + max(quantity, 0)
        self._stats = Stats(interest, self.store.newest_samples())
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
        for group in self._read(self.seq, seq):
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
        self.store.add_alive(kept, ended)
        if self.store.alive_size > STALE_MAX + 2 * len(alive):
            self.store.replace_alive(list(alive.values()))
        ledger = self._fold.ledger
        self.store.set_holders(ledger.holder(it) for it in sorted(ledger.changed))
        ledger.changed.clear()
        self._keep_minutes()
        self.store.set_samples(self._stats.samples.items())
        self.store.commit(self.seq)
        self._newest_kept = max((it.order.order_id for it in kept), default=newest)
        self._newest_kept = max(self._newest_kept, newest)
        self._touched.clear()
        self._committed = self.seq

    def fills(self, account: AccountId, before: Nanos | None, limit: int) -> list[Fill]:
        """The newest fills strictly before `before`, newest first."""
        return self.store.fills(account, before, limit)

    def trades(self, symbol: Symbol, before: Nanos | None, limit: int) -> list[PublicTrade]:
        """The newest trades strictly before `before`, newest first."""
        return self.store.trades(symbol, before, limit)

    def closed(
        self,
        account: AccountId,
        order_ids: tuple[OrderId, ...],
        cl_ord_ids: tuple[str, ...],
        since: Nanos,
    ) -> list[ClosedOrder]:
        """Orders that ended at or after `since`, in the order in which they did."""
        return self.store.closed(account, order_ids, cl_ord_ids, since)

    def order_changes(
        self,
        stream: Stream,
        name: str,
        page: Page,
        wanted: Callable[[OrderThing], bool] | None,
    ) -> Found[OrderThing]:
        """What became of an account's orders, of its triggers, or of a market's orders."""
        return self.store.blocks.read(stream, name, page, wanted)

    def executions(self, symbol: Symbol, page: Page) -> Found[Execution]:
        """Trades of a market."""
        return self.store.blocks.read(Stream.EXECUTIONS, symbol, page)

    def marks(self, symbol: Symbol, page: Page) -> Found[MarkChange]:
        """Mark prices of a market."""
        return self.store.blocks.read(Stream.MARKS, symbol, page)

    def rates(self, symbol: Symbol, page: Page) -> Found[RateChange]:
        """Funding rates of a market."""
        return self.store.blocks.read(Stream.RATES, symbol, page)

    def twap_changes(self, account: AccountId, page: Page) -> Found[TwapChange]:
        """What became of an account's TWAPs."""
        return self.store.blocks.read(Stream.TWAPS, account, page)

    def postings(
        self, account: AccountId, page: Page, wanted: Callable[[Posting], bool] | None
    ) -> Found[Posting]:
        """What changed an account's money and positions."""
        return self.store.blocks.read(Stream.POSTINGS, account, page, wanted)

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

    def samples(self, symbol: Symbol, span: BarSpan) -> tuple[Sample | None, list[Sample]]:
        """The last sample before a span, and one for each part in which something happened."""
        self._sample()
        first = span.since // MINUTE
        end = span.until // MINUTE + span.minutes
        before, found = self.store.samples(symbol, first, end)
        parts: dict[int, Sample] = {}
        for sample in found:
            number = sample.minute // span.minutes
            part = parts.get(number)
            parts[number] = sample if part is None else merged(part, sample)
        return before, list(parts.values())

    def bars(self, source: BarSource, name: str, span: BarSpan) -> tuple[list[Bar], bool]:
        """Bars, ascending, and whether there are more."""
        self._keep_minutes()
        return self.store.bars(source, name, span)

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
        for minute, group in groupby(fresh, key=_minute_of):
            if minute > self._stats.minute:
                self._sample()
                self._stats.go_on(minute)
            self._fold_in(list(group))

    def _fold_in(self, fresh: Sequence[Entry]) -> None:
        """Entries of one minute."""
        story = self._fold.tell(fresh)
        for trade, value in zip(story.trades, story.values, strict=True):
            if trade.origin.is_off_book:
                continue  # bars are made of the market's own prices
            minute = self._day(trade.symbol).traded(trade, value)
            self._minutes[trade.symbol, trade.time // MINUTE] = minute
        if story.fills:
            self.store.add_fills(story.fills)
            self.store.add_trades(story.trades)
        if story.closed:
            self.store.add_closed(story.closed)
        self._touched |= story.touched
        self._add_past(story)
        self._count(story)
        self.seq = fresh[-1].seq

    def _add_past(self, story: Story) -> None:
        """What became of orders, accounts and prices."""
        blocks = self.store.blocks
        orders, triggers = blocks.of(Stream.ORDERS), blocks.of(Stream.TRIGGERS)
        market = blocks.of(Stream.MARKET)
        for change in story.changes:
            if isinstance(change, OrderMissed):
                orders[change.account].append(change)
                continue
            order = change.order
            if change.is_waiting:
                triggers[order.account].append(change)
            else:
                orders[order.account].append(change)
                if change.change is not Change.EDIT_REFUSED:  # nobody else's business
                    market[order.symbol].append(change)
        if story.executions:
            for execution in story.executions:
                blocks.of(Stream.EXECUTIONS)[execution.symbol].append(execution)
        postings = blocks.of(Stream.POSTINGS)
        for account, posting in story.postings:
            postings[account].append(posting)
        for symbol, rate in story.rates:
            blocks.of(Stream.RATES)[symbol].append(rate)
        for twap in story.twaps:
            blocks.of(Stream.TWAPS)[twap.view.twap.account].append(twap)
        for symbol, mark in story.marks:
            blocks.of(Stream.MARKS)[symbol].append(mark)
        blocks.tidy()
        for source, name, time, price in story.prices:
            self._price(source, name, time, price)
        if story.instruments:
            self.store.add_instruments(story.instruments)

    def _count(self, story: Story) -> None:
        """What happened in markets with positions, for the sample of this minute."""
        contracts, stats = self._fold.ledger.contracts, self._stats

        def is_sampled(symbol: Symbol) -> bool:
            return not contracts[symbol].is_spot

        for change in story.changes:
            if isinstance(change, OrderChange) and is_sampled(change.order.symbol):
                stats.of(change.order.symbol)
        for trade in story.trades:
            if is_sampled(trade.symbol):
                stats.traded(trade)
        for _, posting in story.postings:
            if isinstance(posting, TradePosting):
                symbol = posting.order.symbol
                old, new = posting.old_quantity, posting.new_quantity
                stats.moved(symbol, old, new, is_half=posting.is_maker)
            elif isinstance(posting, SettlementPosting):
                stats.moved(posting.symbol, posting.old_quantity, 0, is_half=False)

    def _sample(self) -> None:
        """Keep this minute of every market as it is now."""
        stats = self._stats
        if stats.samples:
            ledger = self._fold.ledger
            stats.look(ledger.contracts, self._fold.alive.values(), ledger.positions())
            self.store.set_samples(stats.samples.items())

    def _price(self, source: BarSource, name: str, time: Nanos, price: FinePrice) -> None:
        number = time // MINUTE
        minute = self._prices.get((source, name))
        if minute is None or minute.minute != number:
            minute = Minute(number, price, price, price, price)
            self._prices[source, name] = minute
        elif price > minute.high:
            minute.high = price
        elif price < minute.low:
            minute.low = price
        minute.close = price
        self._changed_prices[source, name, number] = minute

    def _restore_prices(self, ledger: Ledger) -> None:
        """Mark and index prices are what they were when their last minute was kept."""
        for source, name, minute in self.store.newest_price_minutes():
            self._prices[source, name] = minute
            price = FinePrice(minute.close)
            if source is BarSource.INDEX:
                self._fold.indexes[IndexId(name)] = price
            else:
                ledger.marks[Symbol(name)] = price
        for symbol, contract in ledger.contracts.items():
            index = self._fold.indexes.get(contract.instrument.index)
            if index is not None:
                ledger.marks.setdefault(symbol, index)

    def _keep_minutes(self) -> None:
        self.store.set_minutes((symbol, it) for (symbol, _), it in self._minutes.items())
        self._minutes.clear()
        changed = self._changed_prices
        self.store.set_price_minutes((*key[:2], it) for key, it in changed.items())
        changed.clear()

    def _day(self, symbol: Symbol) -> Day:
        day = self._days.get(symbol)
        if day is None:
            day = self._days[symbol] = Day(symbol)
        return day


def _minute_of(entry: Entry) -> int:
    return entry.time // MINUTE


def _chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), CHUNK):
        yield entries[start : start + CHUNK]
