"""The tables of the index. All of it can be thrown away: the journal says it again."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from openvenue.engine.instruments import Instrument
from openvenue.engine.orders import OrderView, Origin, Side
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import AccountId, Lots, Nanos, OrderId, Symbol
from openvenue.history.alive import Alive
from openvenue.history.blocks import SCHEMA as BLOCKS_SCHEMA
from openvenue.history.blocks import Blocks
from openvenue.history.day import MINUTE, Minute
from openvenue.history.ledger import Holder
from openvenue.history.past import Bar, BarSource, BarSpan
from openvenue.history.port import ClosedOrder, Fill, PublicTrade
from openvenue.history.samples import Sample

VERSION: Final = 11  # of these tables and of the fold that fills them: another one means rebuild

ALIVE_ROW: Final = 512  # orders to a row when all are written again

_SCHEMA: Final = """
CREATE TABLE progress (seq INTEGER NOT NULL);
INSERT INTO progress VALUES (0);
CREATE TABLE fills (
  exec_id INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, account TEXT NOT NULL,
  symbol TEXT NOT NULL, side INTEGER NOT NULL, price INTEGER NOT NULL, quantity INTEGER NOT NULL,
  is_maker INTEGER NOT NULL, order_id INTEGER NOT NULL, cl_ord_id TEXT, leaves INTEGER NOT NULL,
  fee INTEGER NOT NULL, realized INTEGER NOT NULL, order_type TEXT NOT NULL,
  is_after_amend INTEGER NOT NULL, origin INTEGER NOT NULL, liquidation_fee INTEGER NOT NULL,
  taker_type TEXT NOT NULL
);
CREATE INDEX fills_by_account ON fills (account, time);
CREATE TABLE trades (
  exec_id INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, symbol TEXT NOT NULL,
  price INTEGER NOT NULL, quantity INTEGER NOT NULL, aggressor INTEGER NOT NULL,
  is_market INTEGER NOT NULL, origin INTEGER NOT NULL
);
CREATE INDEX trades_by_symbol ON trades (symbol, time);
CREATE TABLE closed (
  order_id INTEGER NOT NULL, account TEXT NOT NULL, cl_ord_id TEXT, time INTEGER NOT NULL,
  record BLOB NOT NULL
);
CREATE INDEX closed_by_account ON closed (account, time);
CREATE INDEX closed_by_id ON closed (order_id);
CREATE INDEX closed_by_name ON closed (account, cl_ord_id) WHERE cl_ord_id IS NOT NULL;
CREATE TABLE alive (
  number INTEGER PRIMARY KEY, size INTEGER NOT NULL, orders BLOB NOT NULL, ended BLOB NOT NULL
);
CREATE TABLE minutes (
  symbol TEXT NOT NULL, minute INTEGER NOT NULL, open INTEGER NOT NULL, high INTEGER NOT NULL,
  low INTEGER NOT NULL, close INTEGER NOT NULL, volume INTEGER NOT NULL, value INTEGER NOT NULL,
  trades INTEGER NOT NULL,
  PRIMARY KEY (symbol, minute)
) WITHOUT ROWID;
CREATE TABLE price_minutes (
  source INTEGER NOT NULL, name TEXT NOT NULL, minute INTEGER NOT NULL, open INTEGER NOT NULL,
  high INTEGER NOT NULL, low INTEGER NOT NULL, close INTEGER NOT NULL,
  PRIMARY KEY (source, name, minute)
) WITHOUT ROWID;
CREATE TABLE samples (
  symbol TEXT NOT NULL, minute INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (symbol, minute)
) WITHOUT ROWID;
CREATE TABLE instruments (place INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE holders (account TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
"""

_Closed = tuple[OrderView, Nanos, CancelReason | None, RejectReason | None, bool]
_ENCODER: Final = msgspec.msgpack.Encoder()
_CLOSED: Final = msgspec.msgpack.Decoder(_Closed)
_ALIVE: Final = msgspec.msgpack.Decoder(list[Alive])
_ENDED: Final = msgspec.msgpack.Decoder(list[OrderId])
_INSTRUMENT: Final = msgspec.msgpack.Decoder(Instrument)
_SAMPLE: Final = msgspec.msgpack.Decoder(Sample)
_HOLDER: Final = msgspec.msgpack.Decoder(Holder)


class Store:
    """One SQLite database, used by one thread. Nothing is kept until `commit`."""

    def __init__(self, path: Path | None) -> None:
        self._db = _open(path)
        self.blocks: Final = Blocks(self._db)
        # Records of orders in `alive`, those that later ones have made stale among them.
        self.alive_size = int(self._db.execute("SELECT total(size) FROM alive").fetchone()[0])

    def seq(self) -> int:
        """The newest entry that is in here."""
        (seq,) = self._db.execute("SELECT seq FROM progress").fetchone()
        return int(seq)

    def commit(self, seq: int) -> None:
        """Keep all since the last commit, as what entries up to `seq` say."""
        self.blocks.flush()
        self._db.execute("UPDATE progress SET seq = ?", (seq,))
        self._db.commit()

    def close(self) -> None:
        """Forget what was not committed."""
        self._db.close()

    def add_fills(self, fills: Iterable[Fill]) -> None:
        """In the order in which they happened."""
        self._db.executemany(
            f"INSERT INTO fills VALUES ({', '.join('?' * 19)})", map(astuple, fills)
        )

    def add_trades(self, trades: Iterable[PublicTrade]) -> None:
        """In the order in which they happened."""
        self._db.executemany(
            "INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(astuple, trades)
        )

    def add_closed(self, orders: Iterable[ClosedOrder]) -> None:
        """In the order in which they ended."""
        self._db.executemany(
            "INSERT INTO closed VALUES (?, ?, ?, ?, ?)",
            (
                (
                    it.view.order.order_id,
                    it.view.order.account,
                    it.view.order.cl_ord_id,
                    it.closed,
                    _ENCODER.encode(astuple(it)),
                )
                for it in orders
            ),
        )

    def add_alive(self, orders: Sequence[Alive], ended: Sequence[OrderId]) -> None:
        """Keep orders as they are now, and that others ended: one row for all of a commit."""
        size = len(orders) + len(ended)
        self.alive_size += size
        self._db.execute(
            "INSERT INTO alive VALUES (NULL, ?, ?, ?)",
            (size, _ENCODER.encode(orders), _ENCODER.encode(ended)),
        )

    def replace_alive(self, orders: Sequence[Alive]) -> None:
        """Keep just these: what `add_alive` said before of them, and of others, goes."""
        self._db.execute("DELETE FROM alive")
        self.alive_size = 0
        for start in range(0, len(orders), ALIVE_ROW):
            self.add_alive(orders[start : start + ALIVE_ROW], ())

    def set_minutes(self, minutes: Iterable[tuple[Symbol, Minute]]) -> None:
        """Keep minutes as they are now."""
        self._db.executemany(
            "INSERT OR REPLACE INTO minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((symbol, *astuple(minute)) for symbol, minute in minutes),
        )

    def set_price_minutes(self, minutes: Iterable[tuple[BarSource, str, Minute]]) -> None:
        """Keep minutes of mark and index prices as they are now."""
        self._db.executemany(
            "INSERT OR REPLACE INTO price_minutes VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (source, name, it.minute, it.open, it.high, it.low, it.close)
                for source, name, it in minutes
            ),
        )

    def newest_price_minutes(self) -> Iterator[tuple[BarSource, str, Minute]]:
        """The last minute of every mark and index price."""
        query = (
            "SELECT source, name, max(minute), open, high, low, close FROM price_minutes "
            "GROUP BY source, name"
        )
        for source, name, *prices in self._db.execute(query):
            yield BarSource(source), name, Minute(*prices)

    def set_samples(self, samples: Iterable[tuple[Symbol, Sample]]) -> None:
        """Keep samples of minutes as they are now."""
        self._db.executemany(
            "INSERT OR REPLACE INTO samples VALUES (?, ?, ?)",
            ((symbol, it.minute, _ENCODER.encode(it)) for symbol, it in samples),
        )

    def newest_samples(self) -> Iterator[tuple[Symbol, Sample]]:
        """The last sample of every market."""
        query = "SELECT symbol, max(minute), record FROM samples GROUP BY symbol"
        for symbol, _, record in self._db.execute(query):
            yield Symbol(symbol), _SAMPLE.decode(record)

    def samples(
        self, symbol: Symbol, first: int, end: int
    ) -> tuple[Sample | None, Iterator[Sample]]:
        """The last sample before the minute `first`, and those from there on before `end`."""
        query = "SELECT record FROM samples WHERE symbol = ? AND minute {} ORDER BY minute {}"
        before = query.format("< ?", "DESC LIMIT 1")
        row = self._db.execute(before, (symbol, first)).fetchone()
        rows = self._db.execute(query.format(">= ? AND minute < ?", "ASC"), (symbol, first, end))
        return None if row is None else _SAMPLE.decode(row[0]), (
            _SAMPLE.decode(record) for (record,) in rows
        )

    def add_instruments(self, instruments: Iterable[Instrument]) -> None:
        """In the order of listing."""
        self._db.executemany(
            "INSERT INTO instruments (record) VALUES (?)",
            ((_ENCODER.encode(it),) for it in instruments),
        )

    def instruments(self) -> Iterator[Instrument]:
        """In the order of listing."""
        for (record,) in self._db.execute("SELECT record FROM instruments ORDER BY place"):
            yield _INSTRUMENT.decode(record)

    def set_holders(self, holders: Iterable[Holder]) -> None:
        """Keep what accounts have now."""
        self._db.executemany(
            "INSERT OR REPLACE INTO holders VALUES (?, ?)",
            ((it.account, _ENCODER.encode(it)) for it in holders),
        )

    def holders(self) -> Iterator[Holder]:
        """What every account has."""
        for (record,) in self._db.execute("SELECT record FROM holders"):
            yield _HOLDER.decode(record)

    def bars(self, source: BarSource, name: str, span: BarSpan) -> tuple[list[Bar], bool]:
        """Bars of what was kept, ascending, and whether there are more than were asked for."""
        width = span.minutes * MINUTE
        first = -(-span.since // width) * span.minutes
        end = (span.until // width + 1) * span.minutes
        table, name_column, volume, where = (
            ("minutes", "symbol", "sum(volume)", "symbol = :name")
            if source is BarSource.TRADE
            else ("price_minutes", "name", "0", "source = :source AND name = :name")
        )
        both = "AND {0}.source = :source" if source is not BarSource.TRADE else ""
        query = f"""
            SELECT b.bar, o.open, b.high, b.low, c.close, b.volume FROM (
              SELECT minute / :width AS bar, min(minute) AS first, max(minute) AS last,
                max(high) AS high, min(low) AS low, {volume} AS volume
              FROM {table} WHERE {where} AND minute >= :first AND minute < :end
              GROUP BY bar ORDER BY bar {"DESC" if span.from_end else "ASC"} LIMIT :limit
            ) b
            JOIN {table} o ON o.{name_column} = :name AND o.minute = b.first {both.format("o")}
            JOIN {table} c ON c.{name_column} = :name AND c.minute = b.last {both.format("c")}
            ORDER BY b.bar
        """
        values = {
            "width": span.minutes,
            "first": first,
            "end": end,
            "limit": span.count + 1,
            "name": name,
            "source": int(source),
        }
        found = [
            Bar(Nanos(bar * width), start, high, low, close, Lots(traded))
            for bar, start, high, low, close, traded in self._db.execute(query, values)
        ]
        is_more = len(found) > span.count
        if is_more:
            found = found[1:] if span.from_end else found[:-1]
        return found, is_more

    def alive(self) -> Iterator[Alive]:
        """Orders that have not ended, oldest first."""
        found: dict[OrderId, Alive] = {}
        rows = self._db.execute("SELECT orders, ended FROM alive ORDER BY number")
        for orders, ended in rows:
            for it in _ALIVE.decode(orders):
                found[it.order.order_id] = it
            for order_id in _ENDED.decode(ended):
                found.pop(order_id, None)
        for order_id in sorted(found):
            yield found[order_id]

    def minutes(self, since: int) -> Iterator[tuple[Symbol, Minute]]:
        """Minutes from the number `since` on, oldest first."""
        query = "SELECT * FROM minutes WHERE minute >= ? ORDER BY minute"
        for symbol, *figures in self._db.execute(query, (since,)):
            yield Symbol(symbol), Minute(*figures)

    def minutes_of(self, symbol: Symbol, since: int) -> Iterator[Minute]:
        """Minutes of one market from the number `since` on, oldest first."""
        query = "SELECT * FROM minutes WHERE symbol = ? AND minute >= ? ORDER BY minute"
        for _, *figures in self._db.execute(query, (symbol, since)):
            yield Minute(*figures)

    def newest_minute(self) -> int:
        """The number of the last minute in which something was traded; 0 if nothing was."""
        (minute,) = self._db.execute("SELECT max(minute) FROM minutes").fetchone()
        return int(minute or 0)

    def fills(self, account: AccountId, before: Nanos | None, limit: int) -> list[Fill]:
        """The newest fills strictly before `before`, newest first."""
        query = (
            "SELECT * FROM fills WHERE account = ? AND time < ? "
            "ORDER BY time DESC, rowid DESC LIMIT ?"
        )
        return [_fill(row) for row in self._db.execute(query, (account, _or_ever(before), limit))]

    def trades(self, symbol: Symbol, before: Nanos | None, limit: int) -> list[PublicTrade]:
        """The newest trades strictly before `before`, newest first."""
        query = (
            "SELECT * FROM trades WHERE symbol = ? AND time < ? "
            "ORDER BY time DESC, rowid DESC LIMIT ?"
        )
        rows = self._db.execute(query, (symbol, _or_ever(before), limit))
        return [_trade(row) for row in rows]

    def closed(
        self,
        account: AccountId,
        order_ids: tuple[OrderId, ...],
        cl_ord_ids: tuple[str, ...],
        since: Nanos,
    ) -> list[ClosedOrder]:
        """Orders that ended at or after `since`, in the order in which they did."""
        query = "SELECT rowid, record FROM closed WHERE account = ? AND time >= ?"
        rows: dict[int, bytes] = {}
        if not order_ids and not cl_ord_ids:
            rows.update(self._db.execute(query, (account, since)))
        for order_id in order_ids:
            by_id = f"{query} AND order_id = ?"
            rows.update(self._db.execute(by_id, (account, since, order_id)))
        for cl_ord_id in cl_ord_ids:
            by_name = f"{query} AND cl_ord_id = ?"
            rows.update(self._db.execute(by_name, (account, since, cl_ord_id)))
        return [ClosedOrder(*_CLOSED.decode(rows[rowid])) for rowid in sorted(rows)]


def _open(path: Path | None) -> sqlite3.Connection:
    """The database of this version; a file that is damaged or of another version starts anew."""
    if path is None:
        return _create(":memory:")
    for _ in range(2):
        db = sqlite3.connect(path, isolation_level="DEFERRED")
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version == VERSION and db.execute("SELECT seq FROM progress").fetchone():
                return db
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error):
                db.close()
                raise
        db.close()
        remove(path)
        _create(str(path)).close()
    raise sqlite3.DatabaseError(f"{path} cannot be made")


def _create(name: str) -> sqlite3.Connection:
    db = sqlite3.connect(name, isolation_level="DEFERRED")
    db.executescript(f"BEGIN; {_SCHEMA} {BLOCKS_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    return db


def remove(path: Path) -> None:
    """Throw the index away, with what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _fill(row: Any) -> Fill:
    fields: list[Any] = list(row)
    fields[5] = Side(fields[5])
    fields[8] = bool(fields[8])
    fields[15] = bool(fields[15])
    fields[16] = Origin(fields[16])
    return Fill(*fields)


def _trade(row: Any) -> PublicTrade:
    fields: list[Any] = list(row)
    fields[6] = Side(fields[6])
    fields[7] = bool(fields[7])
    fields[8] = Origin(fields[8])
    return PublicTrade(*fields)


def _or_ever(before: Nanos | None) -> int:
    return 2**63 - 1 if before is None else before
