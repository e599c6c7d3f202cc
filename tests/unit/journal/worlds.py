"""A small venue with a past: two traders, one perpetual, prices near 50 000."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from openvenue.engine.commands import (
    CancelOrder,
    CancelOrders,
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetDeadMansSwitch,
    SetIndexPrice,
)
from openvenue.engine.engine import Engine
from openvenue.engine.instruments import Asset
from openvenue.engine.orders import BUY, GTC, IOC, SELL
from openvenue.engine.units import AssetId, Atoms, Lots, Nanos, Ticks
from openvenue.journal.files import open_journal
from openvenue.journal.records import Entry, Envelope
from tests.unit.journal.samples import ANN, BOB, FLEX, INDEX, INSTRUMENT, NOON, PERP, USD

OPEN_ENDED = replace(INSTRUMENT, expires=None, funding=None, min_notional=Decimal(0), hold=Nanos(0))
SETUP: Sequence[Command] = (
    ListAsset(asset=Asset(USD, 8)),
    ListAsset(asset=Asset(AssetId("XBT"), 10)),
    ListInstrument(instrument=OPEN_ENDED),
    OpenAccount(account=ANN, family=ANN, max_open_orders=1_000),
    OpenAccount(account=BOB, family=BOB, max_open_orders=1_000),
    Deposit(account=ANN, wallet=FLEX, asset=USD, amount=Atoms(10**15)),
    Deposit(account=BOB, wallet=FLEX, asset=USD, amount=Atoms(10**15)),
    SetIndexPrice(index=INDEX, price=Decimal(50_000)),
)


def script(length: int) -> Iterator[Command]:
    """`length` commands that rest, trade, cancel and are refused, always the same."""
    for step in range(length):
        account, side = (ANN, BUY) if step % 2 == 0 else (BOB, SELL)
        offset = (step * 7) % 11 - 3  # some orders cross the middle, and so trade
        match step % 9:
            case 7:
                yield CancelOrder(account=account, cl_ord_id=f"n-{step - 4}")
            case 8 if step % 4 == 0:
                yield CancelOrders(account=account, symbol=PERP)
            case 5 if step % 10 == 5:
                yield SetDeadMansSwitch(account=account, timeout=Nanos(40 * 10**6))
            case _:
                yield PlaceOrder(
                    account=account,
                    symbol=PERP,
                    side=side,
                    quantity=Lots(10 + step % 5),
                    limit_price=Ticks(100_000 - int(side) * offset),
                    time_in_force=IOC if step % 6 == 0 else GTC,
                    cl_ord_id=f"n-{step}",
                )


def entries_of(commands: Sequence[Command], engine: Engine) -> Iterator[Entry]:
    """What an exchange would journal of `commands`, a millisecond apart."""
    for seq, command in enumerate(commands, 1):
        now = Nanos(NOON + seq * 10**6)
        envelope = Envelope("test", key_id=f"key-{seq % 2}", nonce=1_000 + seq)
        yield Entry(seq, now, envelope, command, tuple(engine.apply(command, now)))


def write_world(
    directory: Path, length: int = 200, *, group: int = 4, segment_bytes: int = 16 * 1024
) -> tuple[Engine, list[Entry]]:
    """A journal of a world that ran for `length` commands; that world, and the entries."""
    engine = Engine()
    entries = list(entries_of([*SETUP, *script(length)], engine))
    journal = open_journal(directory, segment_bytes=segment_bytes)
    for first in range(0, len(entries), group):
        journal.append_now(entries[first : first + group])
    journal.close()
    return engine, entries
