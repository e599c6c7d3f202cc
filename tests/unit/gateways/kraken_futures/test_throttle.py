"""A state is told at once if it was quiet, else when its time has come, and never twice at once."""

import asyncio
from collections.abc import Callable

import pytest

from openvenue.exchange.port import VenueStopped
from openvenue.gateways.kraken_futures.throttle import Throttle


class Call:
    """Something that will be called."""

    def __init__(self, at: float, callback: Callable[[str], None], key: str) -> None:
        self.at = at
        self.callback = callback
        self.key = key
        self.is_canceled = False

    def cancel(self) -> None:
        """Not any more."""
        self.is_canceled = True


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.calls: list[Call] = []

    def time(self) -> float:
        """Seconds."""
        return self.now

    def call_later(self, delay: float, callback: Callable[[str], None], key: str, /) -> Call:
        """Note it."""
        call = Call(self.now + delay, callback, key)
        self.calls.append(call)
        return call

    async def move(self, seconds: float) -> None:
        """Let time pass, and do what falls due."""
        self.now += seconds
        due = [it for it in self.calls if it.at <= self.now]
        self.calls = [it for it in self.calls if it.at > self.now]
        for call in due:
            if not call.is_canceled:
                call.callback(call.key)
        for _ in range(5):
            await asyncio.sleep(0)


class Teller:
    """Notes what was told, and can be made to take its time."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def tell(self, key: str) -> None:
        """Tell."""
        self.told.append(key)
        await self.gate.wait()


@pytest.fixture
def hand() -> Hand:
    """A clock."""
    return Hand()


async def test_changes_in_a_second_are_told_together(hand: Hand) -> None:
    """The first at once, the others when a second has passed; other keys do not wait for it."""
    teller = Teller()
    throttle = Throttle(1.0, teller.tell, hand)

    throttle.changed("a")
    throttle.changed("a")
    await hand.move(0)
    assert teller.told == ["a"]
    for _ in range(3):
        throttle.changed("a")
        throttle.changed("b")
        await hand.move(0.25)
    assert teller.told == ["a", "b"]
    await hand.move(0.25)
    assert teller.told == ["a", "b", "a"]
    await hand.move(10)
    assert teller.told == ["a", "b", "a", "b"]


async def test_what_is_urgent_does_not_wait(hand: Hand) -> None:
    """And takes along what waited."""
    teller = Teller()
    throttle = Throttle(1.0, teller.tell, hand)

    throttle.was_told("a")
    throttle.changed("a")
    await hand.move(0.5)
    assert teller.told == []
    throttle.changed("a", is_urgent=True)
    await hand.move(0)
    assert teller.told == ["a"]
    await hand.move(5)
    assert teller.told == ["a"]


async def test_one_key_is_told_by_one_task_at_a_time(hand: Hand) -> None:
    """What changes meanwhile is told afterwards."""
    teller = Teller()
    teller.gate.clear()
    throttle = Throttle(1.0, teller.tell, hand)

    throttle.changed("a")
    await hand.move(0)
    throttle.changed("a", is_urgent=True)
    throttle.changed("a")
    await hand.move(5)
    assert teller.told == ["a"]
    teller.gate.set()
    await hand.move(0)
    await hand.move(0)
    assert teller.told == ["a", "a"]


async def test_nobody_is_told_after_the_end(hand: Hand) -> None:
    """Forgotten or closed: what waits is not called."""
    teller = Teller()
    throttle = Throttle(1.0, teller.tell, hand)

    throttle.changed("a")
    throttle.changed("b")
    throttle.forget("a")
    throttle.close()
    await hand.move(10)

    assert teller.told == []


async def test_a_venue_that_stopped_ends_nothing_but_this_message(hand: Hand) -> None:
    """The next change is tried again."""
    tries: list[str] = []

    async def tell(key: str) -> None:
        tries.append(key)
        raise VenueStopped("disk")

    throttle = Throttle(1.0, tell, hand)
    throttle.changed("a")
    await hand.move(0)
    throttle.changed("a")
    await hand.move(1)

    assert tries == ["a", "a"]
