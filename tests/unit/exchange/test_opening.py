"""A venue over its real engine and its real files: starting, stopping, starting again."""

import errno
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from openvenue.engine.commands import (
    Batch,
    CancelOrders,
    Command,
    Deposit,
    SetDeadMansSwitch,
    SetIndexPrice,
)
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    DeadMansSwitchFired,
    OrderAccepted,
    OrderRejected,
    OrdersCanceled,
    Resumed,
)
from openvenue.engine.instruments import IndexId, WalletId
from openvenue.engine.queries import GetBook, GetMarkets, GetOpenOrders
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import SECOND, AssetId, Atoms, Nanos, OrderId
from openvenue.exchange.clock import VirtualClock
from openvenue.exchange.engine_machine import EngineMachine
from openvenue.exchange.exchange import Exchange, SetupRefused
from openvenue.exchange.port import Outcome, VenueStopped
from openvenue.exchange.snapshots import SnapshotHelper, helper_command
from openvenue.journal.directory import SNAPSHOTS
from openvenue.journal.disk import Disk
from openvenue.journal.errors import JournalError
from openvenue.journal.files import open_journal
from openvenue.journal.records import Envelope
from openvenue.journal.recover import recover
from openvenue.journal.snapshots import list_snapshots
from openvenue.testing.worlds import ANN, BOB, PERP, ask, bid, small_world
from tests.unit.exchange.doubles import DOOR, START, HeldJournal, until


async def opened(
    directory: Path | None, clock: VirtualClock, setup: list[Command] | None = None
) -> Exchange:
    """A venue of the small world."""
    world = small_world() if setup is None else setup
    return await Exchange.open(
        "test", directory, clock, durability="os", setup=world, floor_bytes=0
    )


async def test_a_venue_knows_how_many_orders_are_live(tmp_path: Path) -> None:
    """Of all accounts, resting and waiting; what is filled or canceled does not count."""
    venue = await opened(None, VirtualClock(START))
    assert venue.live_orders == 0
    for order in (bid(ANN, 3, 98), bid(ANN, 3, 99), ask(BOB, 3, 101), ask(BOB, 3, 99)):
        await venue.submit(order, DOOR)

    assert venue.live_orders == 2
    await venue.submit(CancelOrders(account=ANN), DOOR)
    assert venue.live_orders == 1
    await venue.close()


async def test_a_venue_remembers_across_a_restart(tmp_path: Path) -> None:
    """The same book, the same counters, and its setup is not done twice."""
    clock = VirtualClock(START)
    first = await opened(tmp_path, clock)
    await first.submit(bid(ANN, 3, 99, cl_ord_id="mine"), DOOR)
    await first.submit(ask(BOB, 2, 101), DOOR)
    await first.submit(ask(BOB, 1, 99), DOOR)
    book = await first.look(GetBook(PERP))
    orders = await first.look(GetOpenOrders(ANN))
    seq = first.seq
    await first.close()

    again = await opened(tmp_path, clock)
    assert (again.recovered_seq, again.seq) == (seq, seq + 1)
    assert await again.look(GetBook(PERP)) == book
    assert await again.look(GetOpenOrders(ANN)) == orders
    assert len(await again.look(GetMarkets())) == 1
    outcome = await again.submit(bid(ANN, 1, 98), DOOR)
    (accepted,) = outcome.entry.events
    await again.close()

    assert isinstance(accepted, OrderAccepted)
    assert accepted.order.order_id == 4  # three went before


async def test_a_dead_mans_switch_that_fell_due_while_down_fires_at_the_start_once(
    tmp_path: Path,
) -> None:
    """Before any client's command, in the entry that says how long the venue was away."""
    clock = VirtualClock(START)
    first = await opened(tmp_path, clock)
    await first.submit(bid(ANN, 3, 99), DOOR)
    await first.submit(bid(BOB, 3, 98), DOOR)
    await first.submit(SetDeadMansSwitch(account=ANN, timeout=Nanos(60 * SECOND)), DOOR)
    await first.close()

    clock.advance(3600 * SECOND)
    again = await opened(tmp_path, clock)
    assert await again.look(GetOpenOrders(ANN)) == []
    assert len(await again.look(GetOpenOrders(BOB))) == 1
    entries = [entry for group in again.journal.replay(first.seq) for entry in group]
    await again.close()
    third = await opened(tmp_path, clock)
    later = [entry for group in third.journal.replay(again.seq) for entry in group]
    await third.close()

    kinds = [type(event) for entry in entries for event in entry.events]
    assert sorted(kinds, key=lambda kind: kind.__name__) == [
        DeadMansSwitchFired,
        OrdersCanceled,
        Resumed,
    ]
    assert [type(event) for entry in later for event in entry.events] == [Resumed]


async def test_a_dead_mans_switch_fires_by_itself_and_tells_each_order_as_it_was() -> None:
    """What a private feed needs to tell its client of every order that went."""
    clock = VirtualClock(START)
    venue = await opened(None, clock)
    heard: list[Outcome] = []
    await venue.submit(bid(ANN, 3, 99), DOOR)
    await venue.submit(bid(ANN, 4, 98), DOOR)
    await venue.submit(SetDeadMansSwitch(account=ANN, timeout=Nanos(60 * SECOND)), DOOR)
    venue.subscribe(heard.extend)

    clock.advance(60 * SECOND)
    await until(lambda: bool(heard))
    await venue.close()

    fired, canceled = heard[0].entry.events
    assert isinstance(fired, DeadMansSwitchFired)
    assert isinstance(canceled, OrdersCanceled)
    assert canceled.reason is CancelReason.DEAD_MANS_SWITCH
    assert [heard[0].before[it].leaves for it in canceled.order_ids] == [3, 4]


async def test_below_the_floor_orders_are_refused_and_cancels_pass() -> None:
    """What room there is belongs to those who want to get out."""
    journal = HeldJournal()
    venue = Exchange(
        "test", EngineMachine(Engine()), journal, VirtualClock(START), floor_bytes=1000
    )
    await venue.start(small_world())
    await venue.submit(bid(ANN, 3, 99), DOOR)

    journal.room = 999
    refused = await venue.submit(bid(ANN, 1, 99), DOOR)
    batch = await venue.submit(Batch(account=ANN, members=(bid(ANN, 1, 99),)), DOOR)
    canceled = await venue.submit(CancelOrders(account=ANN), DOOR)
    journal.room = 10_000
    taken = await venue.submit(bid(ANN, 1, 99), DOOR)
    await venue.close()

    (rejection,) = refused.entry.events
    assert isinstance(rejection, OrderRejected)
    assert rejection.reason is RejectReason.LOW_DISK
    assert any(
        isinstance(it, OrderRejected) and it.reason is RejectReason.LOW_DISK
        for it in batch.entry.events
    )
    assert OrdersCanceled(
        account=ANN, order_ids=(OrderId(1),), reason=CancelReason.MASS_CANCEL
    ) in list(canceled.entry.events)
    assert isinstance(taken.entry.events[0], OrderAccepted)


async def test_a_second_venue_on_the_same_directory_does_not_start(tmp_path: Path) -> None:
    """Two writers would be two truths."""
    first = await opened(tmp_path, VirtualClock(START))
    with pytest.raises(JournalError):
        await opened(tmp_path, VirtualClock(START))
    await first.close()


async def test_a_setup_that_is_refused_leaves_a_directory_in_which_one_can_start(
    tmp_path: Path,
) -> None:
    """The journal is closed and empty: mend the file, start again."""
    clock = VirtualClock(START)
    nobody = Deposit(account=BOB, wallet=WalletId("flex"), asset=AssetId("DOGE"), amount=Atoms(1))
    with pytest.raises(SetupRefused, match="DOGE"):
        await opened(tmp_path, clock, [*small_world(), nobody])

    venue = await opened(tmp_path, clock)
    assert venue.recovered_seq == 0
    assert len(await venue.look(GetMarkets())) == 1
    await venue.close()


async def test_nonces_of_before_the_restart_are_known_after_it(tmp_path: Path) -> None:
    """A request that was replayed across a restart is still a replay."""
    clock = VirtualClock(START)
    first = await opened(tmp_path, clock)
    await first.submit(bid(ANN, 1, 99), Envelope("kraken_futures", "a key", 1234))
    await first.close()

    again = await opened(tmp_path, clock)
    assert again.nonces == {"a key": 1234}
    await again.close()


async def test_what_the_exchange_told_is_what_its_journal_folds_to(tmp_path: Path) -> None:
    """One truth: the state in memory and the state that a restart builds have one fingerprint."""
    clock = VirtualClock(START)
    journal = open_journal(tmp_path, durability="os")
    engine = Engine()
    venue = Exchange("test", EngineMachine(engine), journal, clock, floor_bytes=0)
    await venue.start(small_world())
    for step in range(60):
        clock.advance(SECOND)
        await venue.submit(bid(ANN, 1 + step % 5, 95 + step % 7), DOOR)
        await venue.submit(ask(BOB, 1 + step % 3, 98 + step % 5), DOOR)
        price = Decimal(98 + step % 4)
        await venue.submit(SetIndexPrice(index=IndexId("XBT:USD"), price=price), DOOR)
    await venue.close()

    journal = open_journal(tmp_path, durability="os")
    world = recover(journal, None)
    journal.close()

    assert world.engine.state.fingerprint() == engine.state.fingerprint()


async def test_snapshots_are_made_beside_the_running_venue(tmp_path: Path) -> None:
    """By a process of their own; the next start begins at one."""
    clock = VirtualClock(START)
    venue = await Exchange.open(
        "test",
        tmp_path,
        clock,
        durability="os",
        setup=small_world(),
        floor_bytes=0,
        snapshot_every=20,
    )
    helper = venue._snapshots
    assert helper is not None
    for _ in range(20):
        await venue.submit(bid(ANN, 1, 99), DOOR)
    assert helper.running is not None
    await helper.running
    await venue.submit(bid(ANN, 1, 99), DOOR)
    book = await venue.look(GetBook(PERP))
    await venue.close()

    (snapshot,) = list_snapshots(tmp_path / SNAPSHOTS)
    assert int(snapshot.stem) >= 20
    again = await opened(tmp_path, clock)
    assert await again.look(GetBook(PERP)) == book
    await again.close()


def is_running(helper: SnapshotHelper) -> bool:
    """Asked anew each time."""
    return helper.running is not None


async def test_a_snapshot_that_fails_is_not_the_venues_fault(tmp_path: Path) -> None:
    """It is tried again after as many entries more."""
    helper = SnapshotHelper(("false",), 10)
    helper.reached(9)
    assert not is_running(helper)
    helper.reached(10)
    first = helper.running
    assert first is not None
    helper.reached(25)
    assert helper.running is first  # one at a time
    await first
    helper.reached(19)
    assert not is_running(helper)
    helper.reached(20)
    assert is_running(helper)
    await helper.close()


async def test_a_helper_that_cannot_be_started_is_forgotten() -> None:
    """A machine without room for one more process still trades."""
    helper = SnapshotHelper(("/no/such/program",), 1)
    helper.reached(1)
    assert helper.running is not None
    await helper.running

    assert not is_running(helper)
    await helper.close()


async def test_closing_kills_a_helper_that_runs() -> None:
    """A stop does not wait for a snapshot that nobody misses."""
    helper = SnapshotHelper(("sleep", "1000"), 1)
    helper.reached(1)
    await helper.close()
    helper.reached(100)

    assert helper.running is None


def test_the_helper_is_our_own_python() -> None:
    """Not whichever is first on the path."""
    command = helper_command(Path("some") / "where")
    assert command[0] == sys.executable
    assert command[-1] == str(Path("some") / "where")


class DyingDisk(Disk):
    """Syncs until told not to."""

    is_dead = False

    def sync(self, fd: int) -> None:
        """As the real one, or not at all."""
        if self.is_dead:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(fd)


async def test_a_disk_that_dies_stops_the_venue_and_keeps_what_was_acknowledged(
    tmp_path: Path,
) -> None:
    """What was answered is there after a restart; what was not answered may be, or may not."""
    clock = VirtualClock(START)
    disk = DyingDisk()
    journal = open_journal(tmp_path, disk=disk)
    venue = Exchange("test", EngineMachine(Engine()), journal, clock, floor_bytes=0)
    await venue.start(small_world())
    await venue.submit(bid(ANN, 1, 99, cl_ord_id="acknowledged"), DOOR)

    disk.is_dead = True
    with pytest.raises(VenueStopped, match="reports errors"):
        await venue.submit(bid(ANN, 1, 98, cl_ord_id="unknown"), DOOR)
    with pytest.raises(VenueStopped):
        await venue.look(GetBook(PERP))
    await venue.close()

    again = await opened(tmp_path, clock)
    names = [view.order.cl_ord_id for view in await again.look(GetOpenOrders(ANN))]
    await again.close()
    assert names[0] == "acknowledged"
    assert names[1:] in ([], ["unknown"])


async def test_a_venue_whose_journal_fails_at_its_start_says_so() -> None:
    """Nobody is told that it serves."""
    journal = HeldJournal()
    journal.error = "The disk is full"
    venue = Exchange("test", EngineMachine(Engine()), journal, VirtualClock(START), floor_bytes=0)

    with pytest.raises(VenueStopped, match="The disk is full"):
        await venue.start(small_world())
