"""What the disk takes for one small write that must last: a bare file, pwrite and fdatasync."""

import os
import time
from pathlib import Path
from statistics import median
from typing import Final

RECORD: Final = 256  # bytes
ROOM: Final = 16 * 2**20  # allocated before, as a journal does: a sync then writes no metadata


def sync_seconds(directory: Path, times: int = 500) -> tuple[float, float]:
    """Median and 99th percentile of one record written and synced, in seconds."""
    path = directory / "limit"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
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
        path.unlink()
    took.sort()
    return median(took), took[int(len(took) * 0.99)]
