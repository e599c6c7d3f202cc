"""What the README tells a new user to type does what it says."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from openvenue.testing.server import Server
from tests.e2e.signed_client import traceback_in

README: Final = (Path(__file__).parents[2] / "README.md").read_text()
PROGRAM: Final = ".venv-compiled/bin/openvenue"
ADDRESS: Final = "http://127.0.0.1:8080"


def snippet(language: str, server: Server) -> str:
    """The first block of that language, told where this server is."""
    block = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert block is not None
    assert PROGRAM in block[1]
    return block[1].replace(ADDRESS, server.base_url)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world as `make run` starts it, and the program where the README expects it."""
    program = tmp_path / PROGRAM
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m openvenue "$@"\n')
    program.chmod(0o700)
    with Server(tmp_path / "openvenue-data", crowd=True, limits="production", seed=None) as server:
        yield server
        assert traceback_in(server) == ""


def test_the_button_in_python_takes_three_orders_and_leaves_none(
    server: Server, tmp_path: Path
) -> None:
    """Three order ids in the first line, an empty list in the second."""
    code = snippet("python", server)
    told = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, text=True)
    cancelled, still_open = told.splitlines()
    assert cancelled.startswith("cancelled: [")
    assert len(set(re.findall(r"'([0-9a-f-]{36})'", cancelled))) == 3
    assert still_open == "still open: []"


def test_the_button_of_the_desk_proves_it_and_is_released(server: Server, tmp_path: Path) -> None:
    """Everything of everybody is proven gone at all three venues, and then trading may go on."""
    code = snippet("sh", server)
    ran = subprocess.run(
        ["sh", "-ec", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("HALT-000001: PROVEN")
    assert ran.stdout.count("LIVE") == 0
    last = ran.stdout.splitlines()[-1].split()
    assert last[:3] == ["HALT-000001", "released", "proven"]
