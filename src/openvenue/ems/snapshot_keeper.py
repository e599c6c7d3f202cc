"""A snapshot made whenever enough has been journaled since the last one."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import structlog

from openvenue.ems import snapshots
from openvenue.ems.ledger import Ledger
from openvenue.ems.timer import Timer

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 60.0


async def keep_snapshots(
    directory: Path, ledger: Ledger, timer: Timer, seq: int, every: int
) -> None:
    """Have one made by a process beside us, every so many entries after `seq`, for ever."""
    while True:
        if ledger.seq - seq >= every:
            seq = ledger.seq
            maker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", snapshots.__name__, str(directory)),
            )
            try:
                if await maker.wait():
                    log.warning("no snapshot was made", directory=str(directory))
            finally:
                if maker.returncode is None:  # the desk closes: a half one is no snapshot
                    maker.kill()
                    await maker.wait()
        await timer.sleep(LOOK_SECONDS)
