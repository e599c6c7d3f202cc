"""The engine alone, in processes that do nothing else."""

from typing import Any

from benchmarks.processes import plain_sources, work
from benchmarks.rows import Bench, Row, mid, rate
from openvenue.build import is_compiled

ONE_MARKET = "1 linear perpetual (2 margin levels, fees, all bounds)"


def _form(bench: Bench, form: str) -> str | None:
    """The import path that gives the engine this form; None: the installed one."""
    return plain_sources(bench.scratch) if form == "plain" and is_compiled() else None


def mix(bench: Bench) -> list[Row]:
    """Full rules, both forms."""
    return [_mix(bench, "compiled", 350_000), _mix(bench, "plain", 180_000)]


def _mix(bench: Bench, form: str, target: int) -> Row:
    row = Row(
        name=f"engine-{form}",
        what=f"engine alone, full rules, {form}",
        data_set="",
        target=f"≥ {rate(target)}",
    )
    if form == "compiled" and not is_compiled():
        row.why_not = "the engine is installed plain: no C compiler was found"
        return row
    sources = _form(bench, form)
    commands = bench.size(76_800, 20_480)
    results = bench.repeat(row.what, lambda: work("mix", sources=sources, commands=commands))
    value = mid(results, "per_second")
    last = results[-1]
    row.figure = rate(value)
    row.is_met = value >= target
    row.runs = len(results)
    row.numbers = {"runs": results}
    row.data_set = (
        f"100 accounts with positions, {ONE_MARKET}, 500 levels a side; {commands:,} commands: "
        f"60 % add (each with a client id), 30 % cancel, 10 % cross, an index price every 512; "
        f"{last['events_per_command']:.2f} events per command; {last['resting']:,} resting at the "
        f"end; CPU time"
    )
    return row


def cancel_all(bench: Bench) -> list[Row]:
    """One account's orders end, another's stay."""
    own, others = bench.size(100_000, 20_000), 10_000
    results = bench.repeat("cancel-all, engine", lambda: work("cancel_all", own=own, others=others))
    decided, encoded = mid(results, "decided_ms"), mid(results, "encode_ms")
    size = mid(results, "journaled_bytes")
    return [
        Row(
            name="cancel-all-engine",
            what=f"cancel-all of {own:,} orders of one account, decided",
            data_set=f"2 accounts, {ONE_MARKET}, {others:,} orders of another survive, 500 levels",
            target="≤ 100 ms, one event",
            figure=f"{decided:.0f} ms, {results[-1]['events']} event; journaled "
            f"{size / 1e3:,.0f} kB ({encoded:.1f} ms to encode)",
            is_met=decided <= 100 and results[-1]["events"] == 1,
            runs=len(results),
            numbers={"runs": results},
        )
    ]


def margined(bench: Bench) -> list[Row]:
    """What an account's number of open orders costs."""
    orders = bench.size(100_000, 20_000)

    def once() -> dict[str, Any]:
        one = work("margined", orders=orders, accounts=1, commands=51_200)
        many = work("margined", orders=orders, accounts=100, commands=51_200)
        return {
            "one": one["per_second"],
            "many": many["per_second"],
            "ratio": one["per_second"] / many["per_second"],
        }

    results = bench.repeat("margined account", once)
    ratio = mid(results, "ratio")
    return [
        Row(
            name="margined",
            what=f"one margined account with {orders:,} open orders",
            data_set=f"1 of 100 accounts against 100 of 100, {ONE_MARKET}, 500 levels a side; "
            "equal numbers of adds and uniformly random cancels",
            target="≥ 90 % of the same orders over 100 accounts",
            figure=f"{rate(mid(results, 'one'))}, {ratio:.0%}",
            limit=rate(mid(results, "many")),
            is_met=ratio >= 0.9,
            runs=len(results),
            numbers={"runs": results},
        )
    ]


def growth(bench: Bench) -> list[Row]:
    """Commands per second, and memory, as the book grows."""
    large = bench.size(1_000_000, 100_000)

    def once() -> dict[str, Any]:
        few = work("growth", orders=1_000, levels=500, commands=51_200)
        many = work("growth", orders=large, levels=20_000, commands=51_200)
        return {
            "few": few["per_second"],
            "many": many["per_second"],
            "ratio": many["per_second"] / few["per_second"],
            "bytes": many["bytes_per_order"],
        }

    results = bench.repeat("growth", once)
    ratio, size = mid(results, "ratio"), mid(results, "bytes")
    data_set = (
        f"100 accounts with positions, {ONE_MARKET}; 1,000 orders on 500 levels a side, "
        f"{large:,} on 20,000; equal numbers of adds and uniformly random cancels"
    )
    return [
        Row(
            name="growth",
            what=f"commands/s with {large:,} resting orders",
            data_set=data_set,
            target="≥ 40 % of those with 1,000",
            figure=f"{rate(mid(results, 'many'))}, {ratio:.0%}",
            limit=rate(mid(results, "few")),
            is_met=ratio >= 0.4,
            runs=len(results),
            numbers={"runs": results},
        ),
        Row(
            name="growth-memory",
            what="memory of one resting order, client id included",
            data_set=data_set,
            target="≤ 900 bytes",
            figure=f"{size:.0f} bytes",
            is_met=size <= 900,
            runs=len(results),
        ),
    ]


def pause(bench: Bench) -> list[Row]:
    """The engine's own part of the longest pause."""
    orders = bench.size(1_000_000, 100_000)
    results = bench.repeat("pause", lambda: work("pause", orders=orders, levels=20_000, chunks=200))
    batch = mid(results, "longest_batch_ms")
    return [
        Row(
            name="pause-engine",
            what=f"longest batch of 512 commands at {orders:,} orders, engine alone",
            data_set=f"100 accounts, {ONE_MARKET}, 20,000 levels a side, 200 batches of the mix; "
            "wall time, collector included",
            target="≤ 50 ms",
            figure=f"{batch:.1f} ms (one command: {mid(results, 'longest_command_ms'):.1f} ms)",
            is_met=batch <= 50,
            runs=len(results),
            numbers={"runs": results},
        )
    ]
