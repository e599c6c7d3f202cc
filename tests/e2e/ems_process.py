"""A desk in a process of its own, so that it can be killed: `python -m tests.e2e.ems_process FILE`.

The file holds a `Plan`. The port stands on the first line of standard output.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from openvenue.ems.config import EmsConfig
from openvenue.ems.desk import Ems
from openvenue.engine.units import AccountId
from openvenue.gateways.coinapi_ems import CoinApiEms
from openvenue.gateways.serve import Door


class Plan(Struct):
    """What the desk is started with."""

    directory: Path
    config: EmsConfig
    keys: dict[str, AccountId]


async def serve(plan: Plan) -> None:
    """Until somebody ends this process."""
    desk = await Ems.open(plan.directory, plan.config)
    door = Door([CoinApiEms(desk, plan.keys)])
    await door.start("127.0.0.1", 0, None, None)
    print(door.port, flush=True)
    await asyncio.Event().wait()


class EmsProcess:
    """It, seen from outside."""

    def __init__(self, file: Path, plan: Plan) -> None:
        file.write_bytes(msgspec.json.encode(plan, enc_hook=str))
        self._command = [sys.executable, "-m", __name__, str(file)]
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        """Launch; returns once requests are answered."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


def main() -> None:
    """Serve what the file says."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan, dec_hook=_path)
    asyncio.run(serve(plan))


def _path(kind: type, value: object) -> object:
    assert kind is Path
    return Path(str(value))


if __name__ == "__main__":
    main()
