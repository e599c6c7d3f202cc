"""Replies of what was held: they come from the entry in which the hold ended."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import Command, PassTime
from openvenue.engine.events import HoldReleased, OrderAccepted, RequestHeld
from openvenue.engine.orders import BUY
from openvenue.engine.units import SECOND, AccountId, Nanos
from openvenue.exchange.clock import VirtualClock
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.port import Outcome, VenueStopped
from openvenue.exchange.settlements import KEPT_MAX, Settlements
from openvenue.exchange.ticket import Ticket
from openvenue.journal.records import Envelope
from openvenue.testing.worlds import exchange_of
from tests.conformance.scene import world
from tests.unit.engine.scene import order

DOOR = Envelope("a door")
ANN = AccountId("ann")
CLOCK_START = Nanos(1_767_225_600 * SECOND)


def setup() -> Sequence[Command]:
    """A world whose linear perpetual holds for twenty milliseconds."""
    return world(Nanos(20 * 10**6))


async def hold(exchange: Exchange, price: int) -> int:
    """The number of the hold of a new order."""
    outcome = await exchange.submit(order(ANN, BUY, 100, price), DOOR)
    [event] = outcome.entry.events
    assert isinstance(event, RequestHeld)
    return event.hold_id


def told(outcome: Outcome) -> list[type]:
    """What happened, by type."""
    return [type(event) for event in outcome.entry.events]


async def test_the_answer_comes_when_the_hold_is_over() -> None:
    """To everyone who waits, and not before; the venue's own timer sees to it."""
    clock = VirtualClock(CLOCK_START)
    exchange = await exchange_of(setup(), clock)
    hold_id = await hold(exchange, 40_000)
    waiting = [asyncio.ensure_future(exchange.settled(hold_id)) for _ in range(2)]
    clock.advance(19 * 10**6)
    await exchange.submit(PassTime(), DOOR)
    assert not any(each.done() for each in waiting)

    clock.advance(10**6)
    first, second = await asyncio.gather(*waiting)

    assert first is second
    assert told(first) == [HoldReleased, OrderAccepted]
    assert first.entry.time == CLOCK_START + 20 * 10**6
    await exchange.close()


async def test_who_asks_late_is_answered_at_once() -> None:
    """The hold may be over before its sender's turn has come."""
    clock = VirtualClock(CLOCK_START)
    exchange = await exchange_of(setup(), clock)
    first, second = await hold(exchange, 40_000), await hold(exchange, 39_000)
    clock.advance(SECOND)
    outcome = await exchange.settled(second)

    assert await exchange.settled(first) is outcome  # one entry released both
    assert told(outcome) == [HoldReleased, OrderAccepted] * 2
    await exchange.close()
    assert await exchange.settled(first) is outcome


async def test_a_venue_that_stops_ends_the_wait() -> None:
    """And says so to who begins to wait after that."""
    exchange = await exchange_of(setup(), VirtualClock(CLOCK_START))
    hold_id = await hold(exchange, 40_000)
    waiting = asyncio.ensure_future(exchange.settled(hold_id))
    await asyncio.sleep(0)

    await exchange.close()

    with pytest.raises(VenueStopped):
        await waiting
    with pytest.raises(VenueStopped):
        await exchange.settled(hold_id)


async def test_what_nobody_asks_for_is_forgotten_in_time() -> None:
    """The newest stay: whoever asks for them is about to."""
    clock = VirtualClock(CLOCK_START)
    exchange = await exchange_of(setup(), clock)
    hold_id = await hold(exchange, 40_000)
    clock.advance(SECOND)
    outcome = await exchange.settled(hold_id)
    [released, _] = outcome.entry.events
    assert isinstance(released, HoldReleased)
    settlements = Settlements()

    for number in range(KEPT_MAX + 1):
        events = (replace(released, hold_id=number),)
        settlements.hear([Outcome(replace(outcome.entry, events=events), {})])

    loop = asyncio.get_running_loop()
    assert settlements.ask(0, Ticket(loop)) is None
    assert settlements.ask(1, Ticket(loop)) is not None
    await exchange.close()
