"""The whole venue, over its sockets: what clients feel, and what a core can carry."""

import binascii
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count as count_from
from statistics import median
from time import perf_counter, sleep
from typing import Any, Final

import msgspec

from benchmarks.limits.disk import sync_seconds
from benchmarks.load import Load, authent
from benchmarks.processes import (
    LOAD_CORE,
    ROOT,
    SERVER_CORE,
    cpu_seconds,
    family,
    on_core,
    resident_bytes,
    work,
)
from benchmarks.rows import Bench, Row, mid, rate
from benchmarks.venue import API, VENUE, Client, UnexpectedReply, keys, send, venue, world_file
from openvenue.exchange.config import load_world
from openvenue.journal.directory import SNAPSHOTS
from openvenue.testing.server import Server

CONNECTIONS: Final = 64
BLOCK: Final = 50
PATIENCE_S: Final = 90.0  # for a snapshot to appear
WORLD: Final = (
    "Kraken Futures alone, as in the default world (6 instruments), no crowd, no rate limits, "
    "2 client accounts"
)


def send_order(bench: Bench) -> list[Row]:
    """Capacity of `sendorder`, beside that of a bare server that verifies and answers the same."""
    requests = bench.size(30_000, 5_000)
    with venue(bench.directory()) as server:
        pairs = keys(server)
        send(Load(port=server.port, keys=pairs, connections=64, requests=5_000, crossing=0, seed=9))

        seeds = count_from(1)

        def once() -> dict[str, Any]:
            seed = next(seeds)
            load = Load(
                port=server.port,
                keys=pairs,
                connections=CONNECTIONS,
                requests=requests,
                seed=seed,
            )
            ours = _capacity(server.pid, load)
            with bare_echo(pairs[0][1]) as (port, pid):
                bare = Load(
                    port=port, keys=pairs[:1], connections=CONNECTIONS, requests=requests, seed=7
                )
                limit = _capacity(pid, bare)
            return {
                "ours": ours["capacity"],
                "whole": ours["whole"],
                "limit": limit["capacity"],
                "ratio": ours["capacity"] / limit["capacity"],
                "wall_per_second": ours["wall_per_second"],
                "limit_wall_per_second": limit["wall_per_second"],
                "p50_ms": ours["p50_ms"],
                "p99_ms": ours["p99_ms"],
                "generator": limit["generator"],
            }

        results = bench.repeat("sendorder", once)
    ratio = mid(results, "ratio")
    return [
        Row(
            name="send-order",
            what="Kraken Futures sendorder, signed, durable, keep-alive HTTP",
            data_set=f"{WORLD}; {CONNECTIONS} connections with one order in flight each, "
            f"{requests:,} orders a run on a book that grows: 90 % limit orders on 200 levels "
            "a side, 10 % IOC; capacity = 1 / (CPU time of the server process per request, journal "
            f"thread included; {rate(mid(results, 'whole'))} with the process that keeps the index "
            "of the past); "
            "limit: httptools, kept hash states, form decoded, small JSON reply. Generator: Python "
            f"on uvloop on the other core, requests signed before; its own ceiling "
            f"{rate(mid(results, 'generator'))}. Observed {rate(mid(results, 'wall_per_second'))}, "
            f"p50 {mid(results, 'p50_ms'):.1f} ms, p99 {mid(results, 'p99_ms'):.1f} ms",
            target="≥ 40 % of the limit",
            figure=f"{rate(mid(results, 'ours'))}, {ratio:.0%}",
            limit=rate(mid(results, "limit")),
            is_met=ratio >= 0.4,
            runs=len(results),
            numbers={"runs": results},
        )
    ]


def one_at_a_time(bench: Bench) -> list[Row]:
    """What one client with one order in flight waits."""
    times = bench.size(500, 100)
    directory = bench.directory()
    with venue(directory) as server, on_core(LOAD_CORE):
        client = Client(server.port, keys(server)[0])
        requests = [client.order(number) for number in range(times)]
        for request in requests[:50]:
            client.exchange(request)

        def once() -> dict[str, Any]:
            syncs: list[float] = []
            took: list[float] = []
            for start in range(0, times, BLOCK):  # in turns: other users of the disk harm both
                syncs += sync_seconds(bench.scratch, BLOCK)
                took += [client.timed(each) for each in requests[start : start + BLOCK]]
            took.sort()
            limit = median(syncs)
            return {
                "ms": median(took) * 1e3,
                "p99_ms": took[int(times * 0.99)] * 1e3,
                "sync_ms": limit * 1e3,
                "above_ms": (median(took) - limit) * 1e3,
            }

        results = bench.repeat("one at a time", once)
        client.close()
    above = mid(results, "above_ms")
    return [
        Row(
            name="one-at-a-time",
            what="one signed REST order at a time, durable, p50",
            data_set=f"{WORLD}; {times} limit orders a run over one keep-alive connection, "
            f"blocking client on the other core, p99 {mid(results, 'p99_ms'):.2f} ms; limit: "
            "pwrite of 256 bytes and fdatasync on the same disk, p50, in turns with the orders",
            target="≤ the disk's sync + 0.25 ms",
            figure=f"{mid(results, 'ms'):.2f} ms (sync {above:+.2f} ms)",
            limit=f"{mid(results, 'sync_ms'):.2f} ms",
            is_met=above <= 0.25,
            why_not=""
            if above >= 0
            else "a bare sync took longer than a whole order: others were "
            "syncing, and this run says nothing",
            runs=len(results),
            numbers={"runs": results},
        )
    ]


def cancel_all(bench: Bench) -> list[Row]:
    """Cancel-all over REST, to the last byte; then a start on what it left behind."""
    own, others = bench.size(100_000, 5_000), bench.size(10_000, 500)
    directory = bench.directory()
    runs = []
    with venue(directory) as server:
        mine, other = keys(server)
        bench.say(f"cancel-all: {others:,} orders of the account that keeps its own")
        _rest(server, other, others, 1)
        for run in range(bench.size(5, 1)):
            bench.say(f"cancel-all: run {run + 1}, placing {own:,} orders")
            _rest(server, mine, own, run + 2)
            client = Client(server.port, mine)  # a new one: the door drops those that idle
            before = cpu_seconds(server.pid)
            begin = perf_counter()
            body = client.exchange(client.cancel_all())
            took = perf_counter() - begin
            client.close()
            status = msgspec.json.decode(body)["cancelStatus"]
            if len(status["cancelledOrders"]) != own:
                raise UnexpectedReply(f"{len(status['cancelledOrders']):,} orders were canceled")
            runs.append(
                {
                    "s": took,
                    "cpu_s": cpu_seconds(server.pid) - before,
                    "mb": len(body) / 1e6,
                    "events": len(status["orderEvents"]),
                }
            )
        left = msgspec.json.decode(Client(server.port, other).exchange(_open_orders(other)))
        if len(left["openOrders"]) != others:
            raise UnexpectedReply(f"{len(left['openOrders']):,} of {others:,} survived")
        took_s = mid(runs, "s")
    rows = [
        Row(
            name="cancel-all",
            what=f"cancelallorders of {own:,} orders, to the last byte of its reply",
            data_set=f"{WORLD}; {others:,} orders of the other account survive (checked); reply of "
            f"{mid(runs, 'mb'):.0f} MB with every order in it; {mid(runs, 'cpu_s'):.2f} s of the "
            "server's CPU; one blocking client on the other core, which keeps up with reading",
            target="≤ 2 s",
            figure=f"{took_s:.2f} s",
            is_met=took_s <= 2,
            runs=len(runs),
            numbers={"runs": runs},
        )
    ]
    return rows


def start(bench: Bench) -> list[Row]:
    """From launch to the first answer, on a directory with a past."""
    entries = bench.size(100_000, 10_000)
    directory = bench.directory()
    with venue(directory) as server:
        _rest(server, keys(server)[0], entries, 1)
        config = directory / "world.toml"
        server.kill()
        again = Server(directory, config=config)
        runs = []
        for run in range(bench.size(5, 1)):
            bench.say(f"start: run {run + 1}")
            begin = perf_counter()
            again.start()
            client = Client(again.port, keys(again)[0])
            client.get(API + "instruments")
            runs.append({"s": perf_counter() - begin})
            client.close()
            again.kill()
    took = mid(runs, "s")
    return [
        Row(
            name="start",
            what="launch to the first answer (GET instruments)",
            data_set=f"{WORLD}; {entries:,} entries in the journal, as many orders resting, no "
            "snapshot; ended by SIGKILL before; Python's own start and imports included; any core",
            target="≤ 1.5 s",
            figure=f"{took:.2f} s",
            is_met=took <= 1.5,
            runs=len(runs),
            numbers={"runs": runs},
        )
    ]


def pause(bench: Bench) -> list[Row]:
    """The longest that anybody waits at a large book, while a snapshot of it is made."""
    orders = bench.size(1_000_000, 300_000)
    directory = bench.directory()
    config = world_file(directory)
    bench.say(f"pause: a venue with {orders:,} resting orders")
    made = work("make_venue", directory=str(directory), config=str(config), orders=orders)
    snapshots = directory / VENUE / SNAPSHOTS
    with venue(directory, core=None) as server:
        client = Client(server.port, keys(server)[0])
        requests = [client.order(number) for number in range(1_000)]
        calm = sorted(client.timed(request) for request in requests[:200])
        bench.say("pause: orders one at a time while the helper makes a snapshot")
        took: list[float] = []
        syncs: list[float] = []  # what the machine itself makes anybody wait
        begin = perf_counter()
        while not list(snapshots.glob("*.snapshot")) and perf_counter() - begin < PATIENCE_S:
            took.append(client.timed(requests[len(took) % 1_000]))
            if len(took) % 10 == 0:
                syncs += sync_seconds(bench.scratch, 1)
        made_after = perf_counter() - begin
        has_snapshot = bool(list(snapshots.glob("*.snapshot")))
        took += [client.timed(request) for request in requests]
        took.sort()
        resident = resident_bytes(server.pid)
        client.close()
    worst = took[-1] * 1e3
    row = Row(
        name="pause",
        what=f"longest wait for an order at {orders:,} resting orders, snapshot included",
        data_set=f"{WORLD}; {made['resting']:,} orders of 2 accounts in one market on 20,000 "
        f"levels; {len(took):,} orders one at a time over REST, disk sync included, while a "
        f"helper process made a snapshot ({made_after:.0f} s); p50 {median(took) * 1e3:.2f} ms, "
        f"p99.9 {took[int(len(took) * 0.999)] * 1e3:.1f} ms; before it p50 "
        f"{median(calm) * 1e3:.2f} ms; server {resident / 1e6:,.0f} MB resident; server, "
        "helper and client share the cores; limit: the longest bare write and sync in "
        "the same minute, one for each ten orders",
        target="≤ 50 ms",
        figure=f"{worst:.0f} ms",
        limit=f"{max(syncs, default=0.0) * 1e3:.0f} ms",
        is_met=worst <= 50,
        runs=1,
        numbers={"slowest_ms": [each * 1e3 for each in took[-20:]]},
    )
    if not has_snapshot:
        row.why_not = f"no snapshot appeared within {PATIENCE_S:.0f} s"
    return [row]


def feed(bench: Bench) -> list[Row]:
    """The book of one market told to a thousand."""
    subscribers = bench.size(1_000, 200)
    orders = bench.size(2_000, 400)
    raise_open_files()
    with venue(bench.directory()) as server:
        pairs = keys(server)
        send(Load(port=server.port, keys=pairs, connections=8, requests=800, crossing=0, seed=9))

        seeds = count_from(1)

        def once() -> dict[str, Any]:
            seed = next(seeds)
            with readers(server.port, subscribers) as finish:
                before = cpu_seconds(server.pid)
                begin = perf_counter()
                send(Load(port=server.port, keys=pairs, connections=8, requests=orders, seed=seed))
                result = finish()
                cpu = cpu_seconds(server.pid) - before
            if result["equal"] != subscribers:
                raise UnexpectedReply(f"{subscribers - result['equal']} heard something else")
            deliveries = result["frames"] * subscribers
            return {
                "per_core": deliveries / cpu,
                "frames": result["frames"],
                "wall_per_second": deliveries / (perf_counter() - begin),
                "bytes_each": result["bytes"] / deliveries,
            }

        results = bench.repeat("feed", once)
    value = mid(results, "per_core")
    return [
        Row(
            name="feed",
            what=f"book feed of one market to {subscribers:,} subscribers",
            data_set=f"{WORLD}; {orders:,} orders a run over 8 connections, as fast as answered, "
            f"{mid(results, 'frames'):,.0f} messages of {mid(results, 'bytes_each'):.0f} bytes "
            "to each subscriber, all of whom heard the same bytes; CPU time of the server process, "
            "orders and journal included",
            target="≥ 100.0k deliveries/s per core",
            figure=rate(value),
            is_met=value >= 100_000,
            runs=len(results),
            numbers={"runs": results},
        )
    ]


def idle(bench: Bench) -> list[Row]:
    """What a server costs that nobody uses, but for its crowd."""
    settle, watch = bench.size(10, 3), bench.size(10, 4)
    tables = load_world().venues.tables()
    markets = ", ".join(f"{name} ({len(it.instruments)} markets)" for name, it in tables.items())
    server = Server(bench.directory(), crowd=True, limits="production")
    with on_core(SERVER_CORE):
        server.start()
    try:
        sleep(settle)

        def once() -> dict[str, Any]:
            all_of_it = family(server.pid)
            before, begin = sum(map(cpu_seconds, all_of_it)), perf_counter()
            sleep(watch)
            share = (sum(map(cpu_seconds, all_of_it)) - before) / (perf_counter() - begin)
            return {"share": share, "mb": sum(map(resident_bytes, all_of_it)) / 1e6}

        results = bench.repeat("idle", once)
    finally:
        server.kill()
    share, size = mid(results, "share"), mid(results, "mb")
    return [
        Row(
            name="idle",
            what="idle server with its crowd",
            data_set=f"default world with crowd: {markets}; durable, no client; "
            f"{watch} s a run after {settle} s, CPU time and memory of all its processes",
            target="≤ 10 % of a core, ≤ 250 MB resident",
            figure=f"{share:.1%}, {size:.0f} MB",
            is_met=share <= 0.1 and size <= 250,
            runs=len(results),
            numbers={"runs": results},
        )
    ]


def _capacity(pid: int, load: Load) -> dict[str, Any]:
    """Requests per second of a core, by the CPU time that a server process spent on `load`."""
    before = cpu_seconds(pid), sum(map(cpu_seconds, family(pid)))
    result = send(load)
    cpu, whole = cpu_seconds(pid) - before[0], sum(map(cpu_seconds, family(pid))) - before[1]
    return {
        "capacity": result["requests"] / cpu,
        "whole": result["requests"] / whole,  # with the processes that keep indexes
        "wall_per_second": result["requests"] / result["wall_s"],
        "generator": result["requests"] / result["cpu_s"],
        "p50_ms": result["p50_ms"],
        "p99_ms": result["p99_ms"],
    }


def _rest(server: Server, key: tuple[str, str], orders: int, seed: int) -> None:
    """Have exactly `orders` more rest: nothing crosses, as each side keeps off the middle."""
    per_connection = orders // 50
    send(
        Load(
            port=server.port,
            keys=[key],
            connections=50,
            requests=per_connection * 50,
            crossing=0.0,
            seed=seed,
        )
    )


def _open_orders(key: tuple[str, str]) -> bytes:
    """A signed GET of the open orders."""
    path = API + "openorders"
    signature = authent(binascii.a2b_base64(key[1]), "", path)
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAPIKey: {key[0]}\r\n"
        f"Authent: {signature}\r\n\r\n"
    ).encode()


@contextmanager
def bare_echo(secret: str) -> Iterator[tuple[int, int]]:
    """The limit's server: its port and its process."""
    with on_core(SERVER_CORE):
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.limits.signed_echo", secret],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
    finally:
        process.kill()
        process.communicate()


@contextmanager
def readers(port: int, count: int) -> Iterator[Callable[[], dict[str, Any]]]:
    """Subscribers of the book feed; the result ends them and says what they heard."""
    arguments = msgspec.json.encode({"port": port, "count": count}).decode()
    with on_core(LOAD_CORE):
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.subscribers", arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def finish() -> dict[str, Any]:
        text, _ = process.communicate("")
        return msgspec.json.decode(text, type=dict[str, Any])

    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise UnexpectedReply("the subscribers could not subscribe")
        yield finish
    finally:
        process.kill()
        process.wait()


def raise_open_files() -> None:
    """Sockets for a thousand subscribers, in this process and those that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
