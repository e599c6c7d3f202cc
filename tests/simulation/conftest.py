"""Scripts for the laws: how many, from which seed, and what they reached.

`--scripts` says how many are played, `--seed-from` the seed of the first, `--every-kind` that there
are as many storms and others. A law that fails names the seed and the step, so that
`--seed-from <seed> --scripts 1` plays that script alone.
"""

from typing import Final

import pytest

from tests.simulation.recording import Recording, record

LENGTH: Final = 200  # commands in a script
summary: Final[list[str]] = []


def seeds(config: pytest.Config, tenths: int) -> range:
    """Of so many tenths of the scripts that were asked for, or of all: `--every-kind`."""
    first: int = config.getoption("--seed-from")
    count: int = config.getoption("--scripts")
    is_all: bool = config.getoption("--every-kind")
    return range(first, first + (count if is_all else (count * tenths + 9) // 10))


@pytest.fixture(scope="session")
def recordings(pytestconfig: pytest.Config) -> list[Recording]:
    """Every script of this run, played once; laws only read them."""
    return [record(seed, LENGTH) for seed in seeds(pytestconfig, 10)]


@pytest.fixture(scope="session")
def storms(pytestconfig: pytest.Config) -> list[Recording]:
    """Scripts in which prices fall and wallets are liquidated; three for ten of the others."""
    return [record(seed, LENGTH, in_storm=True) for seed in seeds(pytestconfig, 3)]


@pytest.fixture(scope="session")
def held(pytestconfig: pytest.Config) -> list[Recording]:
    """The same scripts where perpetuals hold what could take; three for ten of the others."""
    return [record(seed, LENGTH, holds=True) for seed in seeds(pytestconfig, 3)]


@pytest.fixture(scope="session")
def held_storms(pytestconfig: pytest.Config) -> list[Recording]:
    """Storms where perpetuals hold what could take; one for ten scripts."""
    return [record(seed, LENGTH, in_storm=True, holds=True) for seed in seeds(pytestconfig, 1)]


@pytest.fixture(scope="session")
def sliced(pytestconfig: pytest.Config) -> list[Recording]:
    """Scripts in which TWAPs run beside what the others do; three for ten of the others."""
    return [record(seed, LENGTH, slices=True) for seed in seeds(pytestconfig, 3)]


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
