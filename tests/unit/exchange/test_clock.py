"""Two times: the market's, and the machine's."""

import asyncio

from openvenue.engine.units import SECOND, Nanos
from openvenue.exchange.clock import RealClock, VirtualClock
from tests.unit.exchange.doubles import START


def test_a_virtual_clock_moves_the_market_and_not_the_machine() -> None:
    """Honest clients stamp by the machine; the offset is what makes their stamps fresh."""
    clock = VirtualClock(START)
    clock.advance(90 * SECOND)

    assert clock.now() == START + 90 * SECOND
    assert clock.wall() == START
    assert clock.offset == 90 * SECOND


def test_the_offset_of_a_still_market_shrinks_while_the_machine_goes_on() -> None:
    """wall + offset is always the market's time."""
    machine = [int(START)]
    clock = VirtualClock(Nanos(START + 1000), lambda: machine[0])
    machine[0] += 300

    assert clock.offset == 700
    assert clock.wall() + clock.offset == clock.now() == START + 1000


def test_sleepers_wake_in_the_order_of_their_times_and_only_once() -> None:
    """One advance may pass many due times."""
    clock = VirtualClock(START)
    woken: list[str] = []
    clock.call_at(Nanos(START + 20), lambda: woken.append("second"))
    clock.call_at(Nanos(START + 10), lambda: woken.append("first"))
    forget = clock.call_at(Nanos(START + 15), lambda: woken.append("nobody"))
    forget()
    forget()
    clock.advance(9)
    assert woken == []

    clock.advance(100)
    clock.advance(100)

    assert woken == ["first", "second"]


async def test_a_time_that_is_past_wakes_in_the_next_turn() -> None:
    """Never from within the call: whoever asked has not finished."""
    clock = VirtualClock(START)
    woken: list[bool] = []
    clock.call_at(START, lambda: woken.append(True))
    assert woken == []

    await asyncio.sleep(0)

    assert woken == [True]


async def test_a_real_clock_wakes_at_its_market_time() -> None:
    """Its offset counts: market time is what due times are in."""
    clock = RealClock(offset=500 * SECOND)
    woken = asyncio.Event()
    clock.call_at(clock.now(), woken.set)

    await asyncio.wait_for(woken.wait(), 5)

    assert abs(clock.now() - clock.wall() - 500 * SECOND) < SECOND
