"""Other processes: measurements of their own, servers' CPU time, who runs on which core."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

import openvenue

ROOT: Final = Path(__file__).resolve().parent.parent
CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = CORES[0]
LOAD_CORE: Final = CORES[-1]


class WorkFailed(Exception):
    """A measurement ended badly; the text is what it said."""


def run_module(module: str, *arguments: str, sources: str | None = None) -> dict[str, Any]:
    """What `python -m module` prints on its last line, as JSON. Raises: WorkFailed."""
    environment = dict(os.environ)
    if sources is not None:
        environment["PYTHONPATH"] = sources
    ran = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise WorkFailed(f"{module} {' '.join(arguments)[:200]}: {ran.stderr[-2000:]}")
    return msgspec.json.decode(ran.stdout.strip().rpartition("\n")[2], type=dict[str, Any])


def work(name: str, *, sources: str | None = None, **arguments: Any) -> dict[str, Any]:
    """One of `worker.WORK`, in a new process. Raises: WorkFailed."""
    text = msgspec.json.encode(arguments).decode()
    return run_module("benchmarks.worker", name, text, sources=sources)


@cache
def plain_sources(scratch: Path) -> str:
    """The installed package without its compiled modules: what to import instead of it."""
    installed = Path(openvenue.__file__).parent
    target = scratch / "plain"
    ignore = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(installed, target / "openvenue", ignore=ignore)
    return str(target)


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process so far."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Processes started meanwhile run on this core alone; on any, if it is None."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CORES if core is None else {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
