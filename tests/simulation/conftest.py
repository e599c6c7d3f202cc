"""Scripts for the laws: how many, from which seed, and what they reached.

`OPENVENUE_SCRIPTS` says how many scripts are played, `OPENVENUE_SEED` the seed of the first. A law
that fails names the seed and the step, so that `OPENVENUE_SEED=<seed> OPENVENUE_SCRIPTS=1` plays
that one alone.
"""

import os
from typing import Final

import pytest

from tests.simulation.recording import Recording, record

LENGTH: Final = 200  # commands in a script
summary: Final[list[str]] = []


def seeds() -> range:
    """The seeds of this run."""
    first = int(os.environ.get("OPENVENUE_SEED", "1"))
    return range(first, first + int(os.environ.get("OPENVENUE_SCRIPTS", "40")))


@pytest.fixture(scope="session")
def recordings() -> list[Recording]:
    """Every script of this run, played once; laws only read them."""
    return [record(seed, LENGTH) for seed in seeds()]


@pytest.fixture(scope="session")
def reached() -> list[str]:
    """Lines about what the scripts reached, shown at the end of the run."""
    return summary


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the scripts reached: a law about trades proves nothing if few scripts trade."""
    if summary:
        terminalreporter.section("what the scripts of commands reached")
        for line in summary:
            terminalreporter.write_line(line)
