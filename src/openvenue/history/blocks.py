"""The past in blocks: what happens to one account or market, many things in one row.

A thing costs two entries in lists and its share of an encoding; a row of the database is shared by
all that happened to one name between two commits.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, Final, TypeVar

import msgspec

from openvenue.history.past import (
    Execution,
    Found,
    MarkChange,
    OrderChange,
    OrderThing,
    Page,
    Posting,
    RateChange,
    Thing,
    TwapChange,
)

BLOCK_MAX: Final = 512  # things
EVER: Final = 2**63 - 1

SCHEMA: Final = """
CREATE TABLE blocks (
  stream INTEGER NOT NULL, name TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  first_time INTEGER NOT NULL, last_time INTEGER NOT NULL, things BLOB NOT NULL
);
CREATE INDEX blocks_by_name ON blocks (stream, name, first, last, first_time, last_time);
"""


class Stream(IntEnum):
    """What a block holds, and of whom."""

    ORDERS = 1  # of an account
    TRIGGERS = 2  # of an account
    MARKET = 3  # all orders of a market
    EXECUTIONS = 4  # of a market
    MARKS = 5  # of a market
    POSTINGS = 6  # of an account
    RATES = 7  # funding, of a market
    TWAPS = 130  # of an account


_encode: Final = msgspec.msgpack.Encoder().encode
_DECODERS: Final[dict[Stream, msgspec.msgpack.Decoder[Any]]] = {
    Stream.ORDERS: msgspec.msgpack.Decoder(list[OrderThing]),
    Stream.TRIGGERS: msgspec.msgpack.Decoder(list[OrderChange]),
    Stream.MARKET: msgspec.msgpack.Decoder(list[OrderChange]),
    Stream.EXECUTIONS: msgspec.msgpack.Decoder(list[Execution]),
    Stream.MARKS: msgspec.msgpack.Decoder(list[MarkChange]),
    Stream.POSTINGS: msgspec.msgpack.Decoder(list[Posting]),
    Stream.RATES: msgspec.msgpack.Decoder(list[RateChange]),
    Stream.TWAPS: msgspec.msgpack.Decoder(list[TwapChange]),
}
T = TypeVar("T", bound=Thing)


class Blocks:
    """All blocks of one index. What was added and not flushed is gone with a rollback."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._pending: dict[Stream, defaultdict[str, list[Any]]] = {
            stream: defaultdict(list) for stream in Stream
        }

    def of(self, stream: Stream) -> "defaultdict[str, list[Any]]":
        """Where to append what happens, by name. Numbers grow."""
        return self._pending[stream]

    def tidy(self) -> None:
        """Put full blocks into the database; to be called now and then."""
        for stream, names in self._pending.items():
            for name, things in names.items():
                if len(things) >= BLOCK_MAX:
                    self._write(stream, name, things)

    def flush(self) -> None:
        """Put everything into the database, for it to commit."""
        for stream, names in self._pending.items():
            for name, things in names.items():
                self._write(stream, name, things)
            names.clear()

    def read(
        self,
        stream: Stream,
        name: str,
        page: Page,
        wanted: Callable[[T], bool] | None = None,
    ) -> Found[T]:
        """One page of a stream."""
        found: list[T] = []
        for thing in self._things(stream, name, page):
            if wanted is not None and not wanted(thing):
                continue
            if len(found) == page.count:
                return Found(found, found[-1].number if found else page.cursor)
            found.append(thing)
        return Found(found, None)

    def _things(self, stream: Stream, name: str, page: Page) -> Iterator[Any]:
        pending = self._pending[stream].get(name)
        if pending:
            self._write(stream, name, pending)
        before = EVER if page.before is None else page.before
        low, high = -1, EVER
        if page.cursor is not None:
            if page.is_ascending:
                low = page.cursor
            else:
                high = page.cursor
        way = "ASC" if page.is_ascending else "DESC"
        rows = self._db.execute(
            "SELECT things FROM blocks WHERE stream = ? AND name = ? AND first < ? AND last > ? "
            f"AND first_time < ? AND last_time >= ? ORDER BY first {way}",
            (stream, name, high, low, before, page.since),
        )
        decode = _DECODERS[stream].decode
        for (data,) in rows:
            things = decode(data)
            for thing in things if page.is_ascending else reversed(things):
                if low < thing.number < high and page.since <= thing.time < before:
                    yield thing

    def _write(self, stream: Stream, name: str, things: list[Any]) -> None:
        """Things to blocks; none are left."""
        for start in range(0, len(things), BLOCK_MAX):
            block = things[start : start + BLOCK_MAX]
            first, last = block[0], block[-1]
            self._db.execute(
                "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    stream,
                    name,
                    first.number,
                    last.number,
                    first.time,
                    last.time,
                    _encode(block),
                ),
            )
        things.clear()
