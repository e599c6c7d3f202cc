"""What the engine alone costs: no journal, no sockets, commands in memory. CPU time throughout."""

import gc
import resource
import time
from typing import Any

from msgspec import msgpack

from benchmarks.scene import CHUNK, SYMBOL, Scene
from openvenue.engine.commands import CancelOrders, Command
from openvenue.engine.engine import Engine
from openvenue.engine.events import Event, OrdersCanceled
from openvenue.engine.units import Nanos
from openvenue.journal.records import Entry, Envelope


def timed(engine: Engine, commands: list[Command], now: int) -> tuple[float, list[Event]]:
    """CPU seconds that `commands` take, and their events."""
    events: list[Event] = []
    apply = engine.apply
    time_of = Nanos(now)
    begin = time.process_time()
    for command in commands:
        events += apply(command, time_of)
    return time.process_time() - begin, events


def _settle() -> None:
    """What a server does after loading: nothing that is here now is looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000_000)


def mix(commands: int, accounts: int = 100, levels: int = 500) -> dict[str, Any]:
    """60 % adds, 30 % cancels, 10 % crosses, on a book that begins empty."""
    scene = Scene(accounts)
    _settle()
    cpu = 0.0
    events = 0
    kinds: dict[str, int] = {}
    for _ in range(commands // CHUNK):
        chunk = scene.mix(CHUNK, levels)
        scene.time += CHUNK
        took, happened = timed(scene.engine, chunk, scene.time)
        cpu += took
        events += len(happened)
        for event in happened:
            name = type(event).__name__
            kinds[name] = kinds.get(name, 0) + 1
        scene.learn(happened)
    done = commands // CHUNK * CHUNK
    return {
        "per_second": done / cpu,
        "events_per_command": events / done,
        "resting": scene.resting,
        "events": kinds,
    }


def cancel_all(own: int, others: int, levels: int = 500) -> dict[str, Any]:
    """One account's orders end at once; another's stay."""
    scene = Scene(2)
    mine, other = scene.names
    for name, count in ((other, others), (mine, own)):
        for start in range(0, count, CHUNK):
            size = min(CHUNK, count - start)
            scene.apply_all([scene.add(levels, name) for _ in range(size)])
    _settle()
    command = CancelOrders(account=mine)
    begin = time.process_time()
    wall = time.perf_counter()
    events = scene.apply(command)
    decided_wall = time.perf_counter() - wall
    decided = time.process_time() - begin
    [event] = events
    assert isinstance(event, OrdersCanceled)
    assert len(event.order_ids) == own
    account = scene.engine.state.accounts
    assert not account[mine].orders
    assert len(account[other].orders) == others
    begin = time.process_time()
    data = msgpack.encode(Entry(1, Nanos(1), Envelope("benchmark"), command, tuple(events)))
    return {
        "decided_ms": decided * 1e3,
        "decided_wall_ms": decided_wall * 1e3,
        "events": len(events),
        "encode_ms": (time.process_time() - begin) * 1e3,
        "journaled_bytes": len(data),
    }


def margined(orders: int, accounts: int, commands: int, levels: int = 500) -> dict[str, Any]:
    """A steady flow on `orders` resting ones: what the number of an account's orders costs."""
    scene = Scene(max(accounts, 2))
    if accounts == 1:
        del scene.names[1:]  # the other one only stands against its position
    scene.fill_book(orders, levels)
    return _steady(scene, commands, levels)


def growth(orders: int, levels: int, commands: int) -> dict[str, Any]:
    """A steady flow with cancels of any resting order, and what each of those weighs."""
    scene = Scene(100)
    _settle()
    before = _resident()
    held = scene.engine.state
    scene.fill_book(orders, levels)
    after = _resident()
    assert len(held.orders) >= orders
    own = _bench_bytes(scene)
    result = _steady(scene, commands, levels)
    result["bytes_per_order"] = (after - before - own) / orders
    return result


def _steady(scene: Scene, commands: int, levels: int) -> dict[str, Any]:
    _settle()
    cpu = 0.0
    for _ in range(commands // CHUNK):
        chunk = scene.steady(CHUNK, levels)
        scene.time += CHUNK
        took, happened = timed(scene.engine, chunk, scene.time)
        cpu += took
        scene.learn(happened)
    return {"per_second": commands // CHUNK * CHUNK / cpu, "resting": scene.resting}


def pause(orders: int, levels: int, chunks: int) -> dict[str, Any]:
    """The longest that one command, and one batch of them, keeps the writer, collector included.

    The generator's own work between batches is not counted.
    """
    scene = Scene(100)
    scene.fill_book(orders, levels)
    _settle()
    longest = 0.0
    slowest_batch = 0.0
    engine = scene.engine
    for _ in range(chunks):
        commands = scene.mix(CHUNK, levels)
        scene.time += CHUNK
        now = Nanos(scene.time)
        events: list[Event] = []
        batch = time.perf_counter()
        for command in commands:
            begin = time.perf_counter()
            events += engine.apply(command, now)
            longest = max(longest, time.perf_counter() - begin)
        slowest_batch = max(slowest_batch, time.perf_counter() - batch)
        scene.learn(events)
    return {
        "longest_command_ms": longest * 1e3,
        "longest_batch_ms": slowest_batch * 1e3,
        "resting": scene.resting,
        "symbol": SYMBOL,
    }


def _resident() -> int:
    """Bytes of this process that are in memory now."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _bench_bytes(scene: Scene) -> int:
    """About what the flow's own list of resting orders weighs: it is no part of the venue."""
    import sys

    listed = scene._live
    placed = scene._place
    return sys.getsizeof(listed) + sys.getsizeof(placed) + len(listed) * sys.getsizeof(listed[0])
