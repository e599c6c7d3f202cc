"""One measurement in a process of its own: `python -m benchmarks.worker NAME '{"argument": 1}'`.

A fresh process has a heap that no other row has used, and can be given the engine's other form.
Its last line of output is JSON.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

import msgspec

from benchmarks import engine_work, journal_work

WORK: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "mix": engine_work.mix,
    "cancel_all": engine_work.cancel_all,
    "margined": engine_work.margined,
    "growth": engine_work.growth,
    "pause": engine_work.pause,
    "make_journal": journal_work.make_journal,
    "make_venue": journal_work.make_venue,
    "fold": journal_work.fold,
    "make_snapshot": journal_work.make_snapshot,
    "load_snapshot": journal_work.load_snapshot,
}


def main() -> None:
    """Do one piece of work and print what came of it."""
    name, arguments = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "{}"
    result = WORK[name](**msgspec.json.decode(arguments, type=dict[str, Any]))
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    main()
