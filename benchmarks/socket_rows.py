"""Orders over WebSocket: Kraken Spot v2, beside bare libraries and beside itself without a disk."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count as count_from
from statistics import median
from time import perf_counter
from typing import Any, Final

import msgspec

from benchmarks.processes import LOAD_CORE, ROOT, SERVER_CORE, cpu_seconds, family, on_core
from benchmarks.rows import Bench, Row, mid, rate
from benchmarks.socket_load import SocketLoad
from benchmarks.spot import (
    CANCELER,
    SocketClient,
    count,
    open_orders,
    send_frames,
    spot_venue,
    token,
)
from benchmarks.venue import UnexpectedReply
from openvenue.testing.server import Server

CONNECTIONS: Final = 8
IN_FLIGHT: Final = 64
CANCELED: Final = 10
WORLD: Final = (
    "world of Kraken Futures (idle) and Kraken Spot (6 pairs, 3 client accounts with 2 positions), "
    "no crowd, no rate limits, orders on BTC/USD"
)
MIX: Final = (
    "55 % rest on 200 levels a side, 45 % IOC take from them, one account buys and one sells"
)


def add_order(bench: Bench) -> list[Row]:
    """Capacity of `add_order`, durable, beside the bare limit and the same path in memory."""
    requests = bench.size(100_000, 10_000)
    with (
        spot_venue(bench.directory()) as durable,
        spot_venue(bench.directory(), in_memory=True) as in_memory,
        bare_echo() as (port, pid),
    ):
        for server in (durable, in_memory):
            send_frames(_load(server.port, _tokens(server), requests // 4, seed=9))

        seeds = count_from(1)

        def once() -> dict[str, Any]:
            seed = next(seeds)
            before = _counts(durable)
            ours = _capacity(durable.pid, _venue_load(durable, requests, seed))
            events, commands = (
                now - then for now, then in zip(_counts(durable), before, strict=True)
            )
            memory = _capacity(in_memory.pid, _venue_load(in_memory, requests, seed))
            limit = _capacity(pid, _load(port, ["a" * 43, "b" * 43], requests * 2, seed=7))
            return {
                "ours": ours["capacity"],
                "whole": ours["whole"],
                "in_memory": memory["whole"],
                "limit": limit["capacity"],
                "ratio": ours["capacity"] / limit["capacity"],
                "to_memory": ours["whole"] / memory["whole"],
                "events_per_command": events / commands,
                "wall_per_second": ours["wall_per_second"],
                "p50_ms": ours["p50_ms"],
                "p99_ms": ours["p99_ms"],
                "generator": limit["generator"],
            }

        results = bench.repeat("add_order", once)
        resting = open_orders(durable, "primary", "secondary")
    ratio, to_memory = mid(results, "ratio"), mid(results, "to_memory")
    data_set = (
        f"{WORLD}; {MIX}: {mid(results, 'events_per_command'):.2f} events per command, "
        f"{resting:,.0f} resting at the end; {CONNECTIONS} connections with {IN_FLIGHT} orders in "
        f"flight each, {requests:,} orders a run; capacity = 1 / (CPU time of the server process "
        f"per order, journal thread included; {rate(mid(results, 'whole'))} with the process that "
        "keeps the index of the past). Observed "
        f"{rate(mid(results, 'wall_per_second'))}, p50 {mid(results, 'p50_ms'):.1f} ms, p99 "
        f"{mid(results, 'p99_ms'):.1f} ms. Generator: picows on uvloop on the other core, frames "
        f"made and masked before; its own ceiling {rate(mid(results, 'generator'))}"
    )
    return [
        Row(
            name="add-order",
            what=f"Kraken Spot WS v2 add_order, durable, {CONNECTIONS} × {IN_FLIGHT} in flight",
            data_set=f"{data_set}; limit: httptools hands over to picows, msgspec decodes and "
            "replies, digits to integers, one write per read batch",
            target="≥ 25 % of the limit at ≤ 2 events per command",
            figure=f"{rate(mid(results, 'ours'))}, {ratio:.0%}",
            limit=rate(mid(results, "limit")),
            is_met=ratio >= 0.25 and mid(results, "events_per_command") <= 2,
            runs=len(results),
            numbers={"runs": results},
        ),
        Row(
            name="add-order-journal",
            what="the same, beside the same path without the journal",
            data_set="as above, CPU time of all processes; limit: the same --in-memory, in turns",
            target="≥ 75 % of the path without the journal",
            figure=f"{rate(mid(results, 'whole'))}, {to_memory:.0%}",
            limit=rate(mid(results, "in_memory")),
            is_met=to_memory >= 0.75,
            runs=len(results),
        ),
    ]


def cancel_all_under_load(bench: Bench) -> list[Row]:
    """What a cancel-all waits while others are busy: as busy as is aimed at, and half."""
    per_second = bench.size(20_000, 2_000)
    with spot_venue(bench.directory()) as server:
        send_frames(_load(server.port, _tokens(server), 20_000, seed=9))
        return [
            _cancel_all_row(bench, server, "cancel-all-under-load", per_second),
            _cancel_all_row(bench, server, "cancel-all-under-half-load", per_second // 2),
        ]


def _cancel_all_row(bench: Bench, server: Server, name: str, per_second: int) -> Row:
    times = bench.size(300, 30)

    def latencies() -> list[float]:
        with on_core(LOAD_CORE):
            client = SocketClient(server.port, token(server, CANCELER))
            took = []
            for _ in range(times):
                client.rest(CANCELED)
                took.append(client.cancel_all(CANCELED) * 1e3)
            client.close()
        return sorted(took)

    def once() -> dict[str, Any]:
        idle = latencies()
        load = _load(server.port, _tokens(server), per_second * 60, seed=1)
        load.rate = per_second
        before = _counts(server)[1]
        with busy(load) as seconds:
            loaded = latencies()
            flowed = (_counts(server)[1] - before - times * (CANCELED + 1)) / seconds()
        at = int(times * 0.99)
        return {
            "idle_p50": median(idle),
            "idle": idle[at],
            "busy_p50": median(loaded),
            "busy": loaded[at],
            "ratio": loaded[at] / idle[at],
            "flowed": flowed,
        }

    results = bench.repeat(name, once)
    ratio, flowed = mid(results, "ratio"), mid(results, "flowed")
    return Row(
        name=name,
        what=f"cancel-all of {CANCELED} orders while {per_second:,} orders/s of others flow, "
        "both over Kraken Spot WS v2",
        data_set=f"{WORLD}; {times} cancel-alls a run by one blocking client; load paced over "
        f"{CONNECTIONS} connections, at most {IN_FLIGHT} in flight on each, {MIX}; {rate(flowed)} "
        f"of it flowed; p50 {mid(results, 'idle_p50'):.2f} ms idle, "
        f"{mid(results, 'busy_p50'):.2f} ms busy. Client and load share one core",
        target="p99 ≤ 3 × that of an idle server",
        figure=f"{mid(results, 'busy'):.2f} ms, {ratio:.1f} ×",
        limit=f"{mid(results, 'idle'):.2f} ms",
        is_met=ratio <= 3 and flowed >= 0.9 * per_second,
        runs=len(results),
        numbers={"runs": results},
    )


def _load(port: int, tokens: list[str], requests: int, *, seed: int) -> SocketLoad:
    return SocketLoad(
        port=port,
        tokens=tokens,
        connections=CONNECTIONS,
        in_flight=IN_FLIGHT,
        requests=requests,
        seed=seed,
    )


def _venue_load(server: Server, requests: int, seed: int) -> SocketLoad:
    """Tokens are good for fifteen minutes, so each load has its own."""
    return _load(server.port, _tokens(server), requests, seed=seed)


def _tokens(server: Server) -> list[str]:
    return [token(server, "primary"), token(server, "secondary")]


def _counts(server: Server) -> tuple[float, float]:
    """Events and commands so far."""
    return count(server, "openvenue_events_total"), count(server, "openvenue_commands_total")


def _capacity(pid: int, load: SocketLoad) -> dict[str, Any]:
    """Orders per second of a core, by the CPU time that a server process spent on `load`."""
    before = cpu_seconds(pid), sum(map(cpu_seconds, family(pid)))
    result = send_frames(load)
    cpu, whole = cpu_seconds(pid) - before[0], sum(map(cpu_seconds, family(pid))) - before[1]
    return {
        "capacity": result["requests"] / cpu,
        "whole": result["requests"] / whole,  # with the processes that keep indexes
        "wall_per_second": result["requests"] / result["wall_s"],
        "generator": result["requests"] / result["cpu_s"],
        "p50_ms": result["p50_ms"],
        "p99_ms": result["p99_ms"],
    }


@contextmanager
def bare_echo() -> Iterator[tuple[int, int]]:
    """The limit's server: its port and its process."""
    with on_core(SERVER_CORE):
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.limits.socket_echo"],
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
def busy(load: SocketLoad) -> Iterator[Callable[[], float]]:
    """A load that goes on meanwhile; the result says for how many seconds it has.

    Raises: UnexpectedReply: it ended before.
    """
    with on_core(LOAD_CORE):
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.socket_load", msgspec.json.encode(load).decode()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "sending":
            raise UnexpectedReply("the load did not begin")
        begin = perf_counter()
        yield lambda: perf_counter() - begin
        if process.poll() is not None:
            raise UnexpectedReply("the load ended too early")
    finally:
        process.kill()
        process.communicate()
