"""What the disk takes for one small write that must last: a bare file, pwrite and fdatasync."""

import os
import time
from pathlib import Path
from typing import Final

RECORD: Final = 256  # bytes
ROOM: Final = 16 * 2**20  # allocated before, as a journal does: a sync then writes no metadata


def sync_seconds(directory: Path, times: int) -> list[float]:
    """Seconds that each of `times` records took to be written and synced."""
    path = directory / "limit"
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(fd).st_size < ROOM:
            os.pwrite(fd, bytes(ROOM), 0)
            os.fsync(fd)
        record = b"x" * RECORD
        took = []
        for number in range(times):
            begin = time.perf_counter()
            os.pwrite(fd, record, number * RECORD)
            os.fdatasync(fd)
            took.append(time.perf_counter() - begin)
    finally:
        os.close(fd)
    return took
