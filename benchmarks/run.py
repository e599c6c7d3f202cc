"""All benchmarks: `python -m benchmarks --quick --only NAME --json FILE`.

Prints each figure beside its target and the limit measured in the same run, and keeps both as JSON
in `benchmarks/results/`. Nothing here fails a build: a figure is read by people.
"""

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from benchmarks import desk_rows, engine_rows, journal_rows, server_rows, socket_rows
from benchmarks.processes import ROOT, WorkFailed
from benchmarks.rows import Bench, Row
from openvenue.build import engine_form
from openvenue.testing.server import ServerFailed

SUITES: Final[dict[str, Callable[[Bench], list[Row]]]] = {
    "engine": engine_rows.mix,
    "cancel-all-engine": engine_rows.cancel_all,
    "margined": engine_rows.margined,
    "growth": engine_rows.growth,
    "pause-engine": engine_rows.pause,
    "restart": journal_rows.restart,
    "send-order": server_rows.send_order,
    "add-order": socket_rows.add_order,
    "one-at-a-time": server_rows.one_at_a_time,
    "cancel-all": server_rows.cancel_all,
    "start": server_rows.start,
    "cancel-all-under-load": socket_rows.cancel_all_under_load,
    "pause": server_rows.pause,
    "feed": server_rows.feed,
    "kill-switch": desk_rows.kill_switch,
    "idle": server_rows.idle,
}
WIDTH: Final = 140  # of a report that goes to a file
RESULTS: Final = ROOT / "benchmarks" / "results"


def machine() -> dict[str, Any]:
    """What ran this."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "python": platform.python_version(),
        "engine": engine_form(),
        "cores": len(os.sched_getaffinity(0)),
        "processor": model,
        "kernel": platform.release(),
        "load_average": os.getloadavg()[0],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def run(
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of: {', '.join(SUITES)}. May be repeated.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Once each, on small data: proves that it runs.")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Where to write the results as well.")] = None,
    scratch: Annotated[
        Path | None, typer.Option(help="A directory on the disk to measure; the temporary one.")
    ] = None,
) -> None:
    """Measure, print, and write JSON."""
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    unknown = set(only or ()) - set(SUITES)
    if unknown:
        console.print(f"There is no benchmark {', '.join(sorted(unknown))}.", style="red")
        raise typer.Exit(2)
    facts = machine()
    console.print(" · ".join(f"{name} {value}" for name, value in facts.items()), style="dim")
    place = Path(tempfile.mkdtemp(prefix="openvenue-bench-", dir=scratch))
    bench = Bench(place, Console(stderr=True), is_quick=quick)
    rows: list[Row] = []
    try:
        for name in only or SUITES:
            console.print(f"[bold]{name}[/bold]")
            rows += _measure(name, bench)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    facts["load_average_after"] = os.getloadavg()[0]
    facts["is_quick"] = quick
    console.print(table(rows))
    for row in rows:
        console.print(f"[bold]{row.name}[/bold]: {row.why_not or row.data_set}", style="dim")
    if quick:
        console.print("A quick run proves that the benchmarks run; its figures are no measurement.")
    data = msgspec.json.format(msgspec.json.encode({"machine": facts, "rows": rows}), indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{facts['time'].replace(':', '')}.json").write_bytes(data)
    if json is not None:
        json.write_bytes(data)


def _measure(name: str, bench: Bench) -> list[Row]:
    """The rows of one suite. One that breaks says so, and the others go on."""
    try:
        return SUITES[name](bench)
    except (WorkFailed, ServerFailed, OSError) as error:
        why = f"it failed: {error}"
        return [Row(name=name, what=name, data_set="", target="", why_not=why)]


def table(rows: list[Row]) -> Table:
    """What people read."""
    made = Table(
        Column("", no_wrap=True),
        "what",
        "figure",
        "limit, same run",
        "target",
        "met",
        show_lines=True,
    )
    for row in rows:
        met = "not measured" if row.why_not else {True: "yes", False: "NO", None: "–"}[row.is_met]
        made.add_row(row.name, row.what, row.figure, row.limit, row.target, met)
    return made


def main() -> None:
    """Run it."""
    typer.run(run)
