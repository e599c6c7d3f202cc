"""What coming back costs: folding a journal, and loading a snapshot of a large book."""

import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.scene import CHUNK, ENVELOPE, STEP, SYMBOL, Scene
from benchmarks.venue import VENUE
from openvenue.engine.commands import Command, PlaceOrder
from openvenue.engine.engine import Engine
from openvenue.engine.orders import BUY, GTC, SELL
from openvenue.engine.snapshot import take
from openvenue.engine.units import AccountId, Lots, Nanos, Ticks
from openvenue.exchange.config import load_world
from openvenue.exchange.setup import build_setup
from openvenue.journal.directory import SNAPSHOTS
from openvenue.journal.files import open_journal
from openvenue.journal.records import Entry
from openvenue.journal.recover import recover, world_in
from openvenue.journal.snapshots import write_snapshot

GROUP: Final = 64  # entries made durable together, as a busy venue does


def make_journal(directory: str, entries: int, levels: int = 500) -> dict[str, Any]:
    """A journal of the engine's mix; what it holds and weighs."""
    group: list[Entry] = []
    journal = open_journal(Path(directory), durability="os")

    def hear(entry: Entry) -> None:
        group.append(entry)
        if len(group) == GROUP:
            journal.append_now(group)
            group.clear()

    scene = Scene(100, hear=hear)
    while scene.seq < entries:
        scene.apply_all(scene.mix(CHUNK, levels))
    if group:
        journal.append_now(group)
    journal.close()
    return {
        "entries": scene.seq,
        "resting": scene.resting,
        "fingerprint": scene.engine.state.fingerprint(),
        "gateway": ENVELOPE.gateway,
    }


def make_venue(directory: str, config: str, orders: int, levels: int = 20_000) -> dict[str, Any]:
    """A data directory as if `orders` had been sent, so that a server can begin with them."""
    table = load_world(Path(config)).venues.kraken_futures
    journal = open_journal(Path(directory) / VENUE, durability="os")
    engine = Engine()
    random = Random(1)
    now = Nanos(time.time_ns() - orders * STEP)
    seq = 0
    group: list[Entry] = []
    for command in chain(build_setup(table, now), _resting(random, orders, levels)):
        seq += 1
        now = Nanos(now + STEP)
        events = engine.apply(command, now)
        group.append(Entry(seq, now, ENVELOPE, command, tuple(events)))
        if len(group) == CHUNK:
            journal.append_now(group)
            group = []
    journal.append_now(group)
    journal.close()
    return {"entries": seq, "resting": len(engine.state.orders)}


def _resting(random: Random, orders: int, levels: int) -> Iterator[Command]:
    """Limit orders of two accounts that do not meet."""
    for number in range(orders):
        side = BUY if number % 2 else SELL
        yield PlaceOrder(
            account=AccountId("primary" if random.random() < 0.5 else "secondary"),
            symbol=SYMBOL,
            side=side,
            quantity=Lots(random.randint(1, 10)),
            limit_price=Ticks(95_000 - side * random.randint(1, levels)),
            time_in_force=GTC,
            cl_ord_id=f"client-{number:09}",
        )


def fold(directory: str) -> dict[str, Any]:
    """CPU time from files to a state: reading, checksums, decoding, folding."""
    journal = open_journal(Path(directory), create=False)
    begin = time.process_time()
    world = recover(journal, None)
    cpu = time.process_time() - begin
    journal.close()
    return {
        "per_second": world.seq / cpu,
        "entries": world.seq,
        "fingerprint": world.engine.state.fingerprint(),
    }


def make_snapshot(directory: str, orders: int, levels: int) -> dict[str, Any]:
    """A snapshot of a large book; how long the helper process would work on it."""
    scene = Scene(100)
    scene.fill_book(orders, levels)
    begin = time.process_time()
    data = take(scene.engine.state)
    took = time.process_time() - begin
    path = write_snapshot(Path(directory) / SNAPSHOTS, 1, Nanos(scene.time), data, {})
    return {"path": str(path), "bytes": len(data), "take_s": took, "resting": scene.resting}


def load_snapshot(path: str) -> dict[str, Any]:
    """Seconds from the file to a state."""
    begin = time.process_time()
    wall = time.perf_counter()
    world = world_in(Path(path))
    return {
        "cpu_s": time.process_time() - begin,
        "wall_s": time.perf_counter() - wall,
        "orders": len(world.engine.state.orders),
    }
