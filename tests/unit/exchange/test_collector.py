"""Full collections happen when nothing else does."""

import gc
from collections.abc import Callable, Iterator

import pytest

from openvenue.exchange.collector import WORTH_IT, Collector


class Passes:
    """Full passes of Python's collector while it is listened to."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            self.count += 1


@pytest.fixture
def passes() -> Iterator[Passes]:
    """Listening; what a test does to the collector is undone."""
    thresholds = gc.get_threshold()
    counter = Passes()
    gc.callbacks.append(counter)
    yield counter
    gc.callbacks.remove(counter)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


class Later:
    """A loop's `call_later`, with the test's hand on it."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def comes(self) -> None:
        """The time is up for all that waits."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()


def test_a_venue_that_was_busy_is_collected_once_it_is_quiet(passes: Passes) -> None:
    """Once, and not again before there was work that makes it worth it."""
    later = Later()
    collector = Collector(later)
    for _ in range(WORTH_IT - 1):
        collector.touch()
    assert later.calls == []
    collector.touch()
    assert passes.count == 0

    later.comes()

    assert passes.count == 1
    collector.touch()
    assert later.calls == []


def test_work_puts_the_collection_off(passes: Passes) -> None:
    """It waits until nothing came for a while."""
    later = Later()
    collector = Collector(later)
    for _ in range(WORTH_IT):
        collector.touch()
    for _ in range(3):
        collector.touch()
        later.comes()
        assert passes.count == 0

    later.comes()

    assert passes.count == 1
    assert later.calls == []


def test_what_was_loaded_is_never_looked_at_again(passes: Passes) -> None:
    """A million orders from a snapshot must not make each pass longer."""
    Collector(Later()).settle()

    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[2] >= 1_000_000
