"""Coming back: folding entries, loading a snapshot."""

from benchmarks.processes import work
from benchmarks.rows import Bench, Row, mid, rate


def restart(bench: Bench) -> list[Row]:
    """Entries folded per second, and a large snapshot loaded."""
    entries = bench.size(300_000, 50_000)
    directory = str(bench.directory())
    bench.say(f"restart: writing {entries:,} entries")
    made = work("make_journal", directory=directory, entries=entries)
    folds = bench.repeat("restart, fold", lambda: work("fold", directory=directory))
    same = all(fold["fingerprint"] == made["fingerprint"] for fold in folds)
    folded = mid(folds, "per_second")
    orders = bench.size(1_000_000, 100_000)
    bench.say(f"restart: a snapshot of {orders:,} orders")
    snapshot = work("make_snapshot", directory=directory, orders=orders, levels=20_000)
    loads = bench.repeat("restart, snapshot", lambda: work("load_snapshot", path=snapshot["path"]))
    wall = mid(loads, "wall_s")
    return [
        Row(
            name="restart-fold",
            what="journal read, checked, decoded and folded",
            data_set=f"{made['entries']:,} entries of the engine's mix in groups of 64, "
            f"{made['resting']:,} orders resting at the end; CPU time, no snapshot",
            target="≥ 300.0k/s, same fingerprint",
            figure=f"{rate(folded)}, {'same' if same else 'ANOTHER'} fingerprint",
            is_met=folded >= 300_000 and same,
            runs=len(folds),
            numbers={"runs": folds},
        ),
        Row(
            name="restart-snapshot",
            what=f"snapshot of {orders:,} orders loaded",
            data_set=f"100 accounts, 1 linear perpetual, 20,000 levels a side; "
            f"{snapshot['bytes'] / 1e6:,.0f} MB, taken in {snapshot['take_s']:.1f} s of a helper "
            "process",
            target="≤ 5 s",
            figure=f"{wall:.1f} s",
            is_met=wall <= 5,
            runs=len(loads),
            numbers={"runs": loads},
        ),
    ]
