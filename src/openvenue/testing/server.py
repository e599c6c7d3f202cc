"""A real server in a process of its own, for tests that need sockets, signals and a disk.

    with Server(tmp_path) as server:
        client = ccxt.krakenfutures({"apiKey": server.keys().api_key, ...})
        server.kill()      # SIGKILL, as a power cut would
        server.start()     # the same directory, the same ports

Nothing here sleeps: the program says on its standard output when it is ready.
"""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Literal, Self

from openvenue.exchange.keys import KeyFile, KeyPair, read_keys

READY: Final = "OpenVenue is ready"  # first words of the line that `openvenue serve` prints
START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 15.0


class ServerFailed(Exception):
    """The program ended, or was not ready in time; the text holds what it printed."""


class Server:
    """`openvenue serve` on free ports. Accounts, keys and prices come from `seed`.

    Without a crowd and without rate limits by default: an exact scene. Ports stay the same from
    start to start, so that clients can come back after a `kill`.
    """

    verb = "serve"

    def __init__(
        self,
        data_dir: Path,
        *,
        crowd: bool = False,
        limits: Literal["production", "off"] = "off",
        clock: Literal["real", "virtual"] = "real",
        seed: int | None = 1,
        config: Path | None = None,
        in_memory: bool = False,
        extra: Sequence[str] = (),
    ) -> None:
        self.data_dir = data_dir
        self.port, self.tls_port = free_ports(2)
        self.flags: list[str] = [
            *("--host", "127.0.0.1"),
            *("--port", str(self.port), "--tls-port", str(self.tls_port)),
            *("--data-dir", str(data_dir), "--limits", limits, "--clock", clock),
        ]
        if seed is not None:
            self.flags += ["--seed", str(seed)]
        if config is not None:
            self.flags += ["--config", str(config)]
        if in_memory:
            self.flags.append("--in-memory")
        if not crowd:
            self.flags.append("--no-crowd")
        self.flags += extra
        self._process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None
        self._ready = Event()  # or it has ended
        self._has_said_ready = False
        self.output: list[str] = []  # every line printed since the first start

    @property
    def base_url(self) -> str:
        """Where plain HTTP is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """Where the same is served over TLS, with a certificate that only this machine trusts."""
        return f"https://127.0.0.1:{self.tls_port}"

    @property
    def ws_url(self) -> str:
        """The WebSocket of Kraken Futures."""
        return f"ws://127.0.0.1:{self.port}/ws/v1"

    @property
    def pid(self) -> int:
        """The process, while there is one."""
        assert self._process is not None, "start the server first"
        return self._process.pid

    @property
    def key_file(self) -> KeyFile:
        """All keys of the data directory. Raises: FileNotFoundError before the first start."""
        return read_keys(self.data_dir)

    def keys(self, account: str = "primary") -> KeyPair:
        """The Kraken Futures key of an account."""
        pair = self.key_file.accounts[account].kraken_futures
        assert pair is not None, "a desk alone has no keys for venues"
        return pair

    @property
    def admin_key(self) -> str:
        """The key of the admin API."""
        return self.key_file.admin_key

    def start(self) -> Self:
        """Launch, and return once requests are answered.

        Raises: ServerFailed: it ended, or took longer than `START_TIMEOUT_S`.
        """
        assert self._process is None, "already running"
        self._ready.clear()
        self._has_said_ready = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "openvenue", self.verb, *self.flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        if not self._ready.wait(START_TIMEOUT_S) or not self._has_said_ready:
            self.kill()
            raise ServerFailed("\n".join(self.output[-40:]))
        return self

    def kill(self) -> None:
        """End it with SIGKILL, at once and without a goodbye. Nothing happens if it has ended."""
        if self._process is not None:
            self._process.kill()
            self._forget()

    def stop(self) -> int:
        """Ask it to end with SIGTERM; its exit code (0 is a graceful end).

        Raises: subprocess.TimeoutExpired: it did not, and was killed.
        """
        assert self._process is not None, "start the server first"
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        finally:
            self.kill()

    def await_ready(self, act: Callable[[], object]) -> None:
        """Do `act`, and return once the program has said again that it is ready: after a reset.

        Raises: ServerFailed: it ended, or took longer than `START_TIMEOUT_S`.
        """
        self._ready.clear()
        self._has_said_ready = False
        act()
        if not self._ready.wait(START_TIMEOUT_S) or not self._has_said_ready:
            raise ServerFailed("\n".join(self.output[-40:]))

    def restart(self) -> Self:
        """Kill it and start it again on the same directory and ports."""
        self.kill()
        return self.start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line.rstrip("\n"))
            if line.startswith(READY):
                self._has_said_ready = True
                self._ready.set()
        self._ready.set()  # it has ended: whoever waits must not wait longer

    def _forget(self) -> None:
        assert self._process is not None
        assert self._reader is not None
        self._process.wait(STOP_TIMEOUT_S)
        self._reader.join(STOP_TIMEOUT_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


class DeskServer(Server):
    """`openvenue ems`, towards venues that run elsewhere."""

    verb = "ems"

    def __init__(self, data_dir: Path, config: Path) -> None:
        """`config`: the file that names the venues, as `openvenue ems --help` tells it."""
        super().__init__(data_dir)
        (self.port,) = free_ports(1)
        self.flags = [
            *("--config", str(config), "--data-dir", str(data_dir)),
            *("--port", str(self.port)),
        ]


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
