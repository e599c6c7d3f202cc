"""What holds for every test: how long its kind may take, and which examples a law meets."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import structlog
from hypothesis import HealthCheck, settings

from openvenue.build import engine_form

# Seconds for one test, minutes for all of a kind (summed over workers). Generous: they are there
# to stop what hangs and to notice a kind that has grown, not to measure speed.
BUDGETS: Final = {
    "unit": (20, 6),
    "conformance": (30, 4),
    "simulation": (300, 12),
    "e2e": (300, 25),
}
HERE: Final = Path(__file__).parent

# Examples are not timed one by one: a busy machine is no bug. CI always meets the same examples.
settings.register_profile(
    "openvenue",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("openvenue")

spent: Final[Counter[str]] = Counter()  # milliseconds by kind
said: Final[list[str]] = []  # what tests want people to read; see `pytest_runtest_logreport`


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """No test inherits where another one's program wrote its log: that file is closed by now."""
    yield
    structlog.reset_defaults()


def kind_of(path: Path) -> str | None:
    """The kind of test that lives at `path`: the first folder under `tests/`."""
    first = path.relative_to(HERE).parts[0] if path.is_relative_to(HERE) else ""
    return first if first in BUDGETS else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random scripts the laws are held against, and where their seeds begin."""
    group = parser.getgroup("openvenue")
    group.addoption(
        "--scripts",
        type=int,
        default=int(os.environ.get("OPENVENUE_SCRIPTS", "40")),
        help="random scripts for the laws of the engine (OPENVENUE_SCRIPTS)",
    )
    group.addoption(
        "--seed-from",
        type=int,
        default=int(os.environ.get("OPENVENUE_SEED", "1")),
        help="seed of the first of them (OPENVENUE_SEED)",
    )
    group.addoption(
        "--every-kind",
        action="store_true",
        help="as many storms, scripts with holds and with TWAPs, and not three for ten",
    )


def pytest_report_header() -> str:
    """Which engine the tests are about to meet."""
    return f"openvenue: {engine_form()} engine"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the time-out of its kind, unless it names its own."""
    for item in items:
        kind = kind_of(item.path)
        if kind is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(BUDGETS[kind][0]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what each kind has taken, and keep what tests say with `record_property("says", …)`.

    Reports are what reaches us here from the workers; a global of a worker would not.
    """
    if report.when == "call":
        said.extend(str(line) for name, line in report.user_properties if name == "says")
    kind = kind_of(HERE.parent / report.nodeid.partition("::")[0])
    if kind is not None:
        spent[kind] += round(report.duration * 1000)


def over_budget() -> list[str]:
    """The kinds that took longer than they may."""
    return [kind for kind, (_, minutes) in BUDGETS.items() if spent[kind] > minutes * 60_000]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A kind that is over its budget fails the run, even when every test passed."""
    if over_budget() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have to say; what each kind took, beside what it may take."""
    if said:
        terminalreporter.section("what the tests say")
        for line in said:
            terminalreporter.write_line(line)
    terminalreporter.section("time by kind of test")
    for kind, (_, minutes) in BUDGETS.items():
        verdict = "OVER BUDGET" if kind in over_budget() else "ok"
        took = f"{spent[kind] / 1000:.1f} s"
        terminalreporter.write_line(f"{kind:<12} {took:>9} of {minutes:2} min {verdict}")
