"""The tables of the index. All of it can be thrown away: the journal says it again."""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from openvenue.engine.orders import OrderView, Side
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import AccountId, Nanos, OrderId, Symbol
from openvenue.history.day import Minute
from openvenue.history.fold import Alive
from openvenue.history.port import ClosedOrder, Fill, PublicTrade

VERSION: Final = 2  # of these tables and of the fold that fills them: another one means rebuild

_SCHEMA: Final = """
CREATE TABLE progress (seq INTEGER NOT NULL);
INSERT INTO progress VALUES (0);
CREATE TABLE fills (
  exec_id INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, account TEXT NOT NULL,
  symbol TEXT NOT NULL, side INTEGER NOT NULL, price INTEGER NOT NULL, quantity INTEGER NOT NULL,
  is_maker INTEGER NOT NULL, order_id INTEGER NOT NULL, cl_ord_id TEXT, leaves INTEGER NOT NULL,
  fee INTEGER NOT NULL, realized INTEGER NOT NULL, order_type TEXT NOT NULL
);
CREATE INDEX fills_by_account ON fills (account, time);
CREATE TABLE trades (
  exec_id INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, symbol TEXT NOT NULL,
  price INTEGER NOT NULL, quantity INTEGER NOT NULL, aggressor INTEGER NOT NULL,
  is_market INTEGER NOT NULL
);
CREATE INDEX trades_by_symbol ON trades (symbol, time);
CREATE TABLE closed (
  order_id INTEGER NOT NULL, account TEXT NOT NULL, cl_ord_id TEXT, time INTEGER NOT NULL,
  record BLOB NOT NULL
);
CREATE INDEX closed_by_account ON closed (account, time);
CREATE INDEX closed_by_id ON closed (order_id);
CREATE INDEX closed_by_name ON closed (account, cl_ord_id) WHERE cl_ord_id IS NOT NULL;
CREATE TABLE alive (order_id INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE minutes (
  symbol TEXT NOT NULL, minute INTEGER NOT NULL, open INTEGER NOT NULL, high INTEGER NOT NULL,
  low INTEGER NOT NULL, close INTEGER NOT NULL, volume INTEGER NOT NULL, value INTEGER NOT NULL,
  trades INTEGER NOT NULL,
  PRIMARY KEY (symbol, minute)
) WITHOUT ROWID;
"""

_Closed = tuple[OrderView, Nanos, CancelReason | None, RejectReason | None, bool]
_ENCODER: Final = msgspec.msgpack.Encoder()
_CLOSED: Final = msgspec.msgpack.Decoder(_Closed)
_ALIVE: Final = msgspec.msgpack.Decoder(Alive)


class Store:
    """One SQLite database, used by one thread. Nothing is kept until `commit`."""

    def __init__(self, path: Path | None) -> None:
        self._db = _open(path)

    def seq(self) -> int:
        """The newest entry that is in here."""
        (seq,) = self._db.execute("SELECT seq FROM progress").fetchone()
        return int(seq)

    def commit(self, seq: int) -> None:
        """Keep all since the last commit, as what entries up to `seq` say."""
        self._db.execute("UPDATE progress SET seq = ?", (seq,))
        self._db.commit()

    def close(self) -> None:
        """Forget what was not committed."""
        self._db.close()

    def add_fills(self, fills: Iterable[Fill]) -> None:
        """In the order in which they happened."""
        self._db.executemany(
            f"INSERT INTO fills VALUES ({', '.join('?' * 15)})", map(astuple, fills)
        )

    def add_trades(self, trades: Iterable[PublicTrade]) -> None:
        """In the order in which they happened."""
        self._db.executemany(
            "INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(astuple, trades)
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

    def set_alive(self, orders: Iterable[Alive], ended: Iterable[OrderId]) -> None:
        """Keep orders as they are now, and forget those that ended."""
        self._db.executemany(
            "INSERT OR REPLACE INTO alive VALUES (?, ?)",
            ((it.order.order_id, _ENCODER.encode(it)) for it in orders),
        )
        self._db.executemany("DELETE FROM alive WHERE order_id = ?", ((it,) for it in ended))

    def set_minutes(self, minutes: Iterable[tuple[Symbol, Minute]]) -> None:
        """Keep minutes as they are now."""
        self._db.executemany(
            "INSERT OR REPLACE INTO minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((symbol, *astuple(minute)) for symbol, minute in minutes),
        )

    def alive(self) -> Iterator[Alive]:
        """Orders that have not ended, oldest first."""
        for (record,) in self._db.execute("SELECT record FROM alive ORDER BY order_id"):
            yield _ALIVE.decode(record)

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
    db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    return db


def remove(path: Path) -> None:
    """Throw the index away, with what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _fill(row: Any) -> Fill:
    fields: list[Any] = list(row)
    fields[5] = Side(fields[5])
    fields[8] = bool(fields[8])
    return Fill(*fields)


def _trade(row: Any) -> PublicTrade:
    fields: list[Any] = list(row)
    fields[6] = Side(fields[6])
    fields[7] = bool(fields[7])
    return PublicTrade(*fields)


def _or_ever(before: Nanos | None) -> int:
    return 2**63 - 1 if before is None else before
