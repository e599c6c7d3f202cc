"""Laws of time and memory: the same commands give the same events, and events rebuild the world."""

import random

import msgspec

from openvenue.engine.commands import Batch, Command
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    AmendRejected,
    CancelRejected,
    ContractSettled,
    DeadMansSwitchFired,
    Event,
    MemberDecided,
    OrderRejected,
    Refused,
)
from openvenue.engine.snapshot import restore, take
from tests.simulation.recording import FEW, OF_TIME, Recording, view

NOW_AT, NEXT_ORDER_ID_AT = 1, 3  # fields of a snapshot that a refusal may change


def test_decided_again_gives_the_same_events_and_the_same_fingerprint(
    recordings: list[Recording],
) -> None:
    """No clock, no chance, no order of hashing in a decision."""
    for recording in recordings:
        engine = Engine()
        for step in recording.setup + recording.steps:
            assert engine.apply(step.command, step.now) == step.events, recording.seed
        assert take(engine.state) == recording.steps[-1].state_after, recording.seed


def test_a_fold_of_the_events_is_the_world_that_decided_them(recordings: list[Recording]) -> None:
    """After every command, not only at the end: a crash may come anywhere."""
    for recording in recordings:
        engine = Engine()
        for step in recording.setup + recording.steps:
            engine.fold(step.events, step.now)
            assert take(engine.state) == step.state_after, (recording.seed, step.number)


def test_events_read_back_from_bytes_fold_to_the_same_world(recordings: list[Recording]) -> None:
    """What a journal holds is enough: commands and events survive their own encoding."""
    events_decoder = msgspec.msgpack.Decoder(list[Event])
    command_decoder: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)
    for recording in recordings[::4]:
        engine = Engine()
        for step in recording.setup + recording.steps:
            events = events_decoder.decode(msgspec.msgpack.encode(step.events))
            assert events == step.events
            assert command_decoder.decode(msgspec.msgpack.encode(step.command)) == step.command
            engine.fold(events, step.now)
        assert take(engine.state) == recording.steps[-1].state_after, recording.seed


def test_a_restored_world_goes_on_as_if_nothing_had_happened(recordings: list[Recording]) -> None:
    """A snapshot at any moment, restored elsewhere, decides all that follows alike."""
    for recording in recordings:
        pick = random.Random(recording.seed)
        for start in sorted(pick.sample(range(len(recording.steps)), 2)):
            engine = Engine(restore(recording.steps[start].state_before))
            assert take(engine.state) == recording.steps[start].state_before
            for step in recording.steps[start : start + 60]:
                assert engine.apply(step.command, step.now) == step.events, recording.seed
                assert take(engine.state) == step.state_after, (recording.seed, step.number)


def test_a_refusal_changes_nothing(recordings: list[Recording]) -> None:
    """But the time, and the number of the next order where the refused one had got an identity."""
    refused = 0
    for recording in recordings:
        for step in recording.steps:
            if not step.events or not all(
                isinstance(
                    event,
                    OrderRejected | CancelRejected | AmendRejected | Refused | MemberDecided,
                )
                for event in step.events
            ):
                continue
            where = (recording.seed, step.number, step.events)
            named = [
                event.order.order_id
                for event in step.events
                if isinstance(event, OrderRejected) and event.order is not None
            ]
            before = msgspec.msgpack.decode(step.state_before)
            after = msgspec.msgpack.decode(step.state_after)
            assert after[NEXT_ORDER_ID_AT] == before[NEXT_ORDER_ID_AT] + len(named), where
            before[NOW_AT] = after[NOW_AT]
            before[NEXT_ORDER_ID_AT] = after[NEXT_ORDER_ID_AT]
            assert after == before, where
            refused += 1
    assert refused > 50 or len(recordings) < FEW


def test_a_batch_is_its_members_one_by_one(recordings: list[Recording]) -> None:
    """Nothing comes between them, and each decides in the world that the one before left."""
    batches = 0
    for recording in recordings:
        for step in recording.steps:
            if not isinstance(step.command, Batch):
                continue
            engine = Engine(restore(step.state_before))
            alone: list[Event] = []
            for index, member in enumerate(step.command.members):
                alone.append(MemberDecided(index=index))
                alone += engine.apply(member, step.now)
            due = DeadMansSwitchFired | ContractSettled
            if not any(isinstance(event, due) for event in step.events):
                here = [event for event in alone if not isinstance(event, OF_TIME)]
                assert here == step.told, (recording.seed, step.number)
            assert view(engine.state) == step.after, (recording.seed, step.number)
            batches += 1
    assert batches > 50 or len(recordings) < FEW


def test_identifiers_count_up_without_gaps(recordings: list[Recording]) -> None:
    """Trades and orders are numbered by the venue, in the order of the journal."""
    for recording in recordings:
        next_exec, next_order = 1, 1
        for step in recording.steps:
            for event in step.events:
                exec_id = getattr(event, "exec_id", None)
                if exec_id is not None:
                    assert exec_id == next_exec, recording.seed
                    next_exec += 1
                if type(event).__name__ in ("OrderAccepted", "OrderRejected"):
                    order = getattr(event, "order", None)
                    if order is not None:
                        assert order.order_id == next_order, recording.seed
                        next_order += 1
