"""The drill of docs/kill-switch.md, command by command, as it is written there."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from openvenue.testing.server import Server

DRILL: Final = Path(__file__).parents[2] / "docs" / "kill-switch.md"
PATIENCE_S: Final = 30.0
PULL: Final = 'openvenue cancel-all --data-dir drill --reason "monthly drill" --by NAME > drill.txt'
LIST: Final = "openvenue release --data-dir drill --list"
RELEASE: Final = 'openvenue release HALT-000001 --data-dir drill --reason "drill over" --by NAME'
CLEAR: Final = "openvenue fault clear --data-dir drill"
SYMBOLS: Final = {
    "KRAKENFTS": "KRAKENFTS_PERP_BTC_USD",
    "KRAKEN": "KRAKEN_SPOT_BTC_USD",
    "PACIFICA": "PACIFICA_PERP_BTC_USD",
}


def commands() -> list[str]:
    """Every command of the page's last section."""
    section = DRILL.read_text("utf-8").partition("## The drill")[2]
    return [" ".join(it.split()) for it in re.findall(r"`((?:openvenue|kill) [^`]+)`", section)]


class Drill:
    """A shell in a directory with a server in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.server = Server(directory / "drill")
        self.ran: list[str] = []
        self._orders = 0

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        """A command of the page."""
        assert command in commands(), f"the page does not say: {command}"
        self.ran.append(command)
        words, _, out = command.partition(" > ")
        ran = subprocess.run(
            [sys.executable, "-m", *shlex.split(words)],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if out:
            (self.directory / out).write_text(ran.stdout)
        return ran

    def signal(self, command: str, number: int) -> None:
        """One to the process that `desk.json` names."""
        assert command in commands()
        self.ran.append(command)
        told = json.loads((self.directory / "drill" / "desk.json").read_bytes())
        os.kill(told["pid"], number)

    def halts(self) -> list[list[str]]:
        """Of each halt its name, whether it stands, and its status; newest first."""
        listed = self.run(LIST)
        assert listed.returncode == 0, listed.stderr
        return [line.split()[:3] for line in listed.stdout.splitlines()]

    def until(self, is_so: Callable[[list[list[str]]], bool]) -> list[list[str]]:
        """The list, once something is the case."""
        until = time.monotonic() + PATIENCE_S
        while not is_so(halts := self.halts()):
            assert time.monotonic() < until, halts
        return halts

    def release(self, name: str) -> None:
        """As on the page, with the name that the list says."""
        ran = subprocess.run(
            [sys.executable, "-m", *shlex.split(RELEASE.replace("HALT-000001", name))],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr

    def place(self) -> list[Any]:
        """An order at each venue; what is said of them."""
        return [self._place(exchange_id, symbol) for exchange_id, symbol in SYMBOLS.items()]

    def _place(self, exchange_id: str, symbol: str) -> Any:
        keys = self.server.key_file.accounts["primary"].coinapi_ems
        assert keys is not None
        self._orders += 1
        order = {
            "exchange_id": exchange_id,
            "client_order_id": f"drill {self._orders}",
            "symbol_id_coinapi": symbol,
            "amount_order": 0.01,
            "price": 20_000,
            "side": "BUY",
            "order_type": "LIMIT",
            "time_in_force": "GOOD_TILL_CANCEL",
        }
        asked = urllib.request.Request(
            f"{self.server.base_url}/v1/orders",
            json.dumps(order).encode(),
            {"X-CoinAPI-Key": keys.api_key},
        )
        with urllib.request.urlopen(asked, timeout=10) as response:
            return json.load(response)

    def pulled(self, status: int) -> str:
        """What the page of a pull says, with its exit status."""
        ran = self.run(PULL)
        said = (self.directory / "drill.txt").read_text()
        assert ran.returncode == status, ran.stderr + said
        return said + ran.stderr


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    """With orders that stand, and every halt released."""
    drill = Drill(tmp_path)
    with drill.server:
        assert {it["status"] for it in drill.place()} == {"NEW"}
        yield drill


def test_the_page_is_what_happens(drill: Drill) -> None:
    """Rehearse, pull, try to trade, release, and all over again with a venue that hangs."""
    rehearsed = drill.run("openvenue cancel-all --data-dir drill --dry-run")
    assert rehearsed.returncode == 0
    assert rehearsed.stdout.count("1 would go") == len(SYMBOLS)

    assert drill.pulled(0).count("PROVEN") >= len(SYMBOLS)
    refused = drill.place()
    assert {it["status"] for it in refused} == {"REJECTED"}
    assert all("HALT-000001" in it["error_message"] for it in refused)
    assert drill.run(RELEASE).returncode == 0
    assert {it["status"] for it in drill.place()} == {"NEW"}

    hang = "openvenue fault add --data-dir drill --kind hang --api kraken_spot --count 0"
    assert drill.run(hang).returncode == 0
    assert "UNKNOWN" in drill.pulled(2)
    assert drill.run(CLEAR).returncode == 0
    (halt, *_) = drill.until(lambda halts: halts[0][2] == "proven")
    drill.release(halt[0])
    verified = drill.run("openvenue verify --data-dir drill")
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.parametrize(
    ("plan", "status"),
    [
        ("fault add --data-dir drill --kind rate_limit --api kraken_futures --count 3", 0),
        (
            "fault add --data-dir drill --kind revoked_key --api kraken_futures "
            "--account primary --count 0",
            2,
        ),
        ("fault restart --data-dir drill --venue pacifica --down 5", 0),
    ],
)
def test_trouble_of_a_venue(drill: Drill, plan: str, status: int) -> None:
    """As the page says how it ends."""
    assert drill.run(f"openvenue {plan}").returncode == 0

    said = drill.pulled(status)
    drill.run(CLEAR)

    assert ("UNKNOWN" in said) == (status == 2)
    drill.until(lambda halts: halts[0][2] == "proven")


def test_a_desk_that_is_stuck(drill: Drill) -> None:
    """It finds the marker when it goes on."""
    drill.signal("kill -STOP PID", signal.SIGSTOP)
    try:
        said = drill.pulled(2)
    finally:
        drill.signal("kill -CONT PID", signal.SIGCONT)

    assert "Going past it" in said
    (halt, *_) = drill.until(lambda halts: bool(halts) and halts[0][2] == "proven")
    assert halt[0] in said
    drill.release(halt[0])
    assert {it["status"] for it in drill.place()} == {"NEW"}


def test_a_desk_that_is_dead(drill: Drill) -> None:
    """It starts halted."""
    drill.signal("kill -9 PID", signal.SIGKILL)
    said = drill.pulled(2)
    drill.server.kill()  # what is left of it
    drill.server.start()

    assert {it["status"] for it in drill.place()} == {"REJECTED"}
    (halt, *_) = drill.until(lambda halts: bool(halts) and halts[0][2] == "proven")
    assert "Going past it" in said
    assert halt[0] in said


def test_every_command_of_the_page_is_run_here() -> None:
    """But those that serve, and the one at real venues."""
    text = Path(__file__).read_text("utf-8")
    told = " ".join(text.replace('"', "").replace("'", "").split())

    assert [
        it
        for it in commands()
        if it.replace('"', "").removeprefix("openvenue ") not in told
        and not it.startswith(("openvenue serve", "openvenue cancel-all --data-dir DESK"))
    ] == []
