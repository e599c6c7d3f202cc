"""Snapshots are made by another process, which reads the journal: the writer never pauses."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


def helper_command(directory: Path) -> Sequence[str]:
    """How to start the process that folds the journal in `directory` and leaves a snapshot."""
    return (sys.executable, "-m", "openvenue.journal.helper", str(directory))


class SnapshotHelper:
    """Starts the helper every `every` entries, one at a time; a failure is logged, no more."""

    def __init__(self, command: Sequence[str], every: int, newest: int = 0) -> None:
        self._command = command
        self._every = every
        self._started_at = newest
        self._process: subprocess.Popen[bytes] | None = None
        self.running: asyncio.Task[None] | None = None  # while a helper is at work
        self._closed = False

    def reached(self, seq: int) -> None:
        """The journal holds `seq` entries."""
        if seq - self._started_at >= self._every and self.running is None and not self._closed:
            self._started_at = seq
            self.running = asyncio.create_task(self._run(seq))

    async def close(self) -> None:
        """Kill a helper that runs: the snapshot it was making is not missed."""
        self._closed = True
        if self._process is not None:
            self._process.kill()
        if self.running is not None:
            await self.running

    async def _run(self, seq: int) -> None:
        try:
            code, said = await asyncio.to_thread(self._wait)
        except OSError as error:  # no room for one more process
            code, said = -1, str(error)
        finally:
            self._process = None
            self.running = None
        if code != 0 and not self._closed:
            log.warning("snapshot failed", seq=seq, code=code, said=said[-2000:])

    def _wait(self) -> tuple[int, str]:
        """In a thread: starting a process takes a while, and waiting for it longer."""
        with subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            self._process = process
            if self._closed:
                process.kill()
            _, said = process.communicate()
            return process.returncode, said.decode(errors="replace")
