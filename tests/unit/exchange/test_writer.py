"""Order, time and disk: what clients may rely on before they hear an answer."""

import asyncio

import pytest

from openvenue.engine.commands import Deposit
from openvenue.engine.events import Event, Refused
from openvenue.engine.instruments import WalletId
from openvenue.engine.queries import GetAccount
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import AssetId, Atoms, Nanos
from openvenue.exchange.exchange import Exchange, SetupRefused
from openvenue.exchange.port import Outcome, VenueStopped
from tests.unit.exchange.doubles import (
    ANN,
    BOB,
    DOOR,
    START,
    EchoMachine,
    HeldJournal,
    Scene,
    asked_at,
    decided_so_far,
    switch,
    turns,
    until,
)

LATER = 10**15


async def test_nothing_is_visible_before_it_is_durable() -> None:
    """A reply, a feed message or a look that a crash takes back would be a lie."""
    async with Scene() as scene:
        scene.journal.is_holding = True
        reply = asyncio.create_task(scene.exchange.submit(switch(ANN, LATER), DOOR))
        await until(lambda: bool(scene.journal.held))
        question = asyncio.create_task(decided_so_far(scene.exchange))
        await turns()

        assert scene.machine.decided  # in memory it has happened
        assert not reply.done()
        assert not question.done()
        assert scene.heard == []

        scene.journal.release()
        assert asked_at(await reply) == LATER
        assert await question == 1
        assert [asked_at(outcome) for outcome in scene.heard] == [LATER]


async def test_a_question_is_answered_before_the_next_batch_is_decided() -> None:
    """Otherwise the answer would hold what the next sync may still lose."""
    async with Scene(batch_max=1) as scene:
        scene.journal.is_holding = True
        first = asyncio.create_task(scene.exchange.submit(switch(ANN, LATER), DOOR))
        second = asyncio.create_task(scene.exchange.submit(switch(BOB, LATER), DOOR))
        await until(lambda: bool(scene.journal.held))
        question = asyncio.create_task(decided_so_far(scene.exchange))
        await turns()

        scene.journal.release()
        await until(lambda: bool(scene.journal.held))

        assert first.done()
        assert not second.done()
        assert await question == 1


async def test_a_question_to_an_idle_venue_is_answered_at_once() -> None:
    """Questions skip the queue."""
    async with Scene() as scene:
        await scene.exchange.submit(switch(ANN, LATER), DOOR)

        assert await decided_so_far(scene.exchange) == 1


async def test_answers_come_in_the_order_of_posting_and_before_the_feed() -> None:
    """A session that sends ten orders reads ten answers in that order, then hears of them."""
    async with Scene(batch_max=3) as scene:
        told: list[tuple[str, int]] = []
        scene.exchange.subscribe(lambda group: told.extend(("feed", asked_at(o)) for o in group))
        for number in range(8):
            scene.exchange.post(
                switch(ANN, LATER + number), DOOR, lambda o: told.append(("reply", asked_at(o)))
            )
        await until(lambda: len(told) == 16)

        replies = [number - LATER for kind, number in told if kind == "reply"]
        assert replies == list(range(8))
        assert told[:6] == [("reply", LATER + n) for n in range(3)] + [
            ("feed", LATER + n) for n in range(3)
        ]
        assert [len(group) for group in scene.journal.groups] == [3, 3, 2]


async def test_entries_are_numbered_without_gaps_from_one() -> None:
    """The sequence is how everything downstream knows that it missed nothing."""
    async with Scene(batch_max=2) as scene:
        await asyncio.gather(
            *(scene.exchange.submit(switch(ANN, LATER + n), DOOR) for n in range(5))
        )

        assert [entry.seq for entry in scene.journal.entries()] == [1, 2, 3, 4, 5]
        assert scene.exchange.seq == 5


async def test_market_time_never_goes_back() -> None:
    """The machine's clock may be set back; no deadline in the market may be un-passed."""
    machine_time = [START + 100]

    class SteppingClock:
        offset = Nanos(0)

        def wall(self) -> Nanos:
            return Nanos(machine_time[0])

        now = wall

        def call_at(self, when: Nanos, wake: object) -> "object":
            return lambda: None

    machine = EchoMachine()
    exchange = Exchange("test", machine, HeldJournal(), SteppingClock(), floor_bytes=0)  # type: ignore[arg-type]
    await exchange.start()
    await exchange.submit(switch(ANN, LATER), DOOR)
    machine_time[0] -= 50
    await exchange.submit(switch(ANN, LATER), DOOR)
    assert exchange.now() == START + 100
    machine_time[0] += 51
    await exchange.submit(switch(ANN, LATER), DOOR)
    await exchange.close()

    assert [now - START for _, now in machine.decided] == [100, 100, 101]


async def test_a_failed_sync_stops_the_venue_and_nobody_hears_of_the_batch() -> None:
    """Whether the disk has it is unknown, so nobody may be told either way but "stopped"."""
    async with Scene() as scene:
        scene.journal.is_holding = True
        in_flight = asyncio.create_task(scene.exchange.submit(switch(ANN, LATER), DOOR))
        await until(lambda: bool(scene.journal.held))
        queued = asyncio.create_task(scene.exchange.submit(switch(BOB, LATER), DOOR))
        question = asyncio.create_task(decided_so_far(scene.exchange))
        await turns()
        scene.journal.error = "The disk is full"
        scene.journal.release()

        for waiting in (in_flight, queued, question):
            with pytest.raises(VenueStopped, match="The disk is full"):
                await waiting
        with pytest.raises(VenueStopped, match="The disk is full"):
            await scene.exchange.submit(switch(ANN, LATER), DOOR)
        with pytest.raises(VenueStopped, match="The disk is full"):
            await scene.exchange.look(GetAccount(ANN))
        assert scene.heard == []
        assert scene.exchange.stopped is not None
        assert scene.exchange.seq == 0


async def test_a_fault_in_the_engine_stops_the_venue_after_what_was_decided_before_it() -> None:
    """The earlier entries of the batch are sound and are kept; the failed one never was."""
    async with Scene() as scene:
        scene.machine.fails_at = switch(ANN, LATER + 1)
        asked = [
            asyncio.create_task(scene.exchange.submit(switch(ANN, LATER + n), DOOR))
            for n in range(3)
        ]
        done = await asyncio.gather(*asked, return_exceptions=True)

        assert isinstance(done[0], Outcome)
        assert isinstance(done[1], VenueStopped)
        assert isinstance(done[2], VenueStopped)
        assert "a rule of ours is wrong" in str(done[1])
        assert [entry.seq for entry in scene.journal.entries()] == [1]
        assert [asked_at(outcome) for outcome in scene.heard] == [LATER]
        assert len(scene.machine.decided) == 2  # nothing was decided on the broken state


async def test_a_client_that_left_is_forgotten() -> None:
    """What it asked for happens all the same: it is in the journal."""
    async with Scene() as scene:
        scene.journal.is_holding = True
        reply = asyncio.create_task(scene.exchange.submit(switch(ANN, LATER), DOOR))
        await until(lambda: bool(scene.journal.held))
        reply.cancel()
        await turns()
        scene.journal.is_holding = False
        scene.journal.release()

        await scene.exchange.submit(switch(BOB, LATER), DOOR)

        assert [outcome.entry.seq for outcome in scene.heard] == [1, 2]


async def test_one_clients_broken_answer_harms_no_other() -> None:
    """A fault in one session is that session's."""
    async with Scene() as scene:
        heard: list[int] = []

        def broken(outcome: Outcome | None) -> None:
            raise RuntimeError("this session is confused")

        scene.exchange.post(switch(ANN, LATER), DOOR, broken)
        scene.exchange.post(switch(BOB, LATER), DOOR, lambda o: heard.append(asked_at(o)))
        await until(lambda: len(heard) == 1)

        assert scene.exchange.stopped is None
        assert scene.exchange.stats.answers_failed == 1


async def test_one_broken_listener_stops_the_venue_and_the_others_hear_the_entry() -> None:
    """A gateway whose feeds stand still while its venue says that all is well would mislead.

    What was done is durable, answered, and told to everybody else; nothing more is done.
    """
    async with Scene() as scene:
        calls: list[int] = []

        def broken(group: list[Outcome]) -> None:
            calls.append(len(group))
            raise RuntimeError("this listener is confused")

        first: list[int] = []
        scene.exchange.subscribe(broken)
        scene.exchange.subscribe(lambda group: first.extend(it.entry.seq for it in group))
        outcome = await scene.exchange.submit(switch(ANN, LATER), DOOR)
        with pytest.raises(VenueStopped, match=r"a listener failed at entry 1: .*confused"):
            await scene.exchange.submit(switch(ANN, LATER), DOOR)

        assert outcome.entry.seq == 1
        assert calls == [1]
        assert [outcome.entry.seq for outcome in scene.heard] == [1]
        assert first == [1]
        stopped = scene.exchange.stopped
        assert stopped is not None and "a listener failed" in stopped


async def test_closing_finishes_what_was_accepted_and_takes_nothing_more() -> None:
    """A graceful stop loses no order that a client has sent."""
    scene = Scene(batch_max=2)
    await scene.exchange.start()
    asked = [
        asyncio.create_task(scene.exchange.submit(switch(ANN, LATER + n), DOOR)) for n in range(5)
    ]
    await asyncio.sleep(0)
    await scene.exchange.close()

    assert [asked_at(await reply) for reply in asked] == [LATER + n for n in range(5)]
    assert scene.journal.is_closed
    with pytest.raises(VenueStopped):
        await scene.exchange.submit(switch(ANN, LATER), DOOR)


async def test_a_full_inbox_leaves_turns_to_everybody_else() -> None:
    """A flood over a journal that never waits must not starve the sockets."""
    async with Scene(batch_max=1) as scene:
        left = [50]

        def again(outcome: Outcome | None) -> None:
            left[0] -= 1
            if left[0] and outcome is not None:
                scene.exchange.post(switch(ANN, LATER), DOOR, again)

        scene.exchange.post(switch(ANN, LATER), DOOR, again)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        assert left[0] > 0
        await until(lambda: left[0] == 0)


async def test_the_numbers_count_what_was_served() -> None:
    """What /metrics shows."""
    async with Scene(batch_max=4) as scene:
        await asyncio.gather(
            *(scene.exchange.submit(switch(ANN, LATER + n), DOOR) for n in range(6))
        )
        stats = scene.exchange.stats

        assert stats.commands == {"SetDeadMansSwitch": 6}
        assert (stats.batches, stats.events) == (2, 6)
        assert (stats.last_batch, stats.largest_batch) == (2, 4)
        assert stats.decide_seconds > 0
        assert stats.sync_seconds > 0


async def test_a_venue_begins_with_its_world_in_one_group() -> None:
    """A crash in the middle of the first start leaves all of it or nothing."""
    scene = Scene(batch_max=1)
    world = [switch(ANN, LATER + n) for n in range(3)]
    await scene.exchange.start(world)
    await scene.exchange.close()

    assert [entry.command for entry in scene.journal.groups[0]] == world
    assert {entry.envelope.gateway for entry in scene.journal.entries()} == {"exchange"}


async def test_a_world_that_makes_no_sense_leaves_no_trace() -> None:
    """The user mends the file and starts again, as for the first time."""

    class Refusing(EchoMachine):
        def decide(self, command, now):  # type: ignore[no-untyped-def]
            events: list[Event] = [Refused(reason=RejectReason.INVALID, detail="no such wallet")]
            return events, {}

    journal = HeldJournal()
    exchange = Exchange("test", Refusing(), journal, Scene().clock, floor_bytes=0)
    money = Deposit(account=ANN, wallet=WalletId("x"), asset=AssetId("USD"), amount=Atoms(1))

    with pytest.raises(SetupRefused, match=r"Deposit was refused \(INVALID\): no such wallet"):
        await exchange.start([money])
    assert journal.entries() == []
