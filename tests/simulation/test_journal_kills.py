"""A process that writes a journal is killed at any moment: what it had acknowledged is there."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from openvenue.journal.files import open_journal
from tests.unit.journal.samples import entry

SEED: Final = 20
KILLS: Final = 12
WRITER: Final = """
import sys
from pathlib import Path
from openvenue.journal.files import open_journal
from tests.unit.journal.samples import entry

journal = open_journal(Path(sys.argv[1]), segment_bytes=32 * 1024)
while True:
    first = journal.last_seq + 1
    group = [entry(seq, "k" * (seq % 50)) for seq in range(first, first + 1 + first % 7)]
    journal.append_now(group)
    sys.stdout.write(f"{journal.last_seq}\\n")
    sys.stdout.flush()
"""


def acknowledged_before_a_kill(directory: Path, after_lines: int) -> int:
    """Let a process append until it has told of so many groups; the last entry it told of."""
    root = Path(__file__).parents[2]
    paths = [str(root), *(path for path in sys.path if path)]
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(after_lines)]
        assert all(told), "the writer ended by itself"
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    return [int(line) for line in told if line.endswith("\n")][-1]


def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(tmp_path: Path) -> None:
    """The kill comes after a random number of groups, wherever the writer is just then."""
    chance = random.Random(SEED)
    last = 0
    for _ in range(KILLS):
        told = acknowledged_before_a_kill(tmp_path, chance.randrange(1, 120))

        journal = open_journal(tmp_path, segment_bytes=32 * 1024)
        found = [one for group in journal.replay() for one in group]
        journal.close()

        assert len(found) >= max(told, last + 1)
        assert found == [entry(seq, "k" * (seq % 50)) for seq in range(1, len(found) + 1)]
        last = len(found)
