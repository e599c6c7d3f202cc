"""A venue that lies to whoever asks, and never to its journal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, cast

import pytest
from msgspec.structs import replace

from openvenue.engine.commands import (
    AmendOrder,
    Batch,
    CancelOrder,
    CancelOrders,
    Command,
    PassTime,
    PlaceOrder,
)
from openvenue.engine.events import (
    AmendRejected,
    CancelRejected,
    Event,
    MemberDecided,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrdersCanceled,
)
from openvenue.engine.orders import BUY, SELL, OrderView
from openvenue.engine.queries import GetOpenOrders, GetOrders
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import Lots
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.port import ExchangePort, Outcome, VenueStopped
from openvenue.faults.exchange import BY_FAULTS, FaultyExchange
from openvenue.faults.fault import Fault, Kind
from openvenue.faults.plan import FaultPlan, Strike
from openvenue.journal.memory import MemoryJournal
from openvenue.journal.records import Entry, Envelope
from openvenue.testing.clock import still_clock
from openvenue.testing.worlds import ANN, BOB, FLEX, PERP, ask, bid, exchange_of, small_world

MINE: Final = Envelope("kraken_futures", "key-ann", 7)
BRIEF: Final = 0.002  # seconds; a delay that a test waits for
THREE: Final = tuple(bid(ANN, 1, 90 + place, cl_ord_id=f"c{place}") for place in range(3))


@dataclass
class Scene:
    """A true exchange, the port before it, and what the exchange told everybody."""

    exchange: Exchange
    port: FaultyExchange
    plan: FaultPlan
    journal: MemoryJournal
    told: list[Event] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)

    async def do(self, *commands: Command) -> list[Outcome]:
        """What the client is told of each."""
        return [await self.port.submit(command, MINE) for command in commands]

    async def open(self) -> list[str | None]:
        """Names of Ann's live orders, as they truly are."""
        views = await self.exchange.look(GetOpenOrders(ANN))
        return [view.order.cl_ord_id for view in views]

    async def seen(self) -> list[str | None]:
        """The same as the client sees it."""
        views: list[OrderView] = await self.port.look(GetOpenOrders(ANN))
        return [view.order.cl_ord_id for view in views]

    def entries(self) -> list[Entry]:
        """The journal, from the first client's command on."""
        entries = [entry for group in self.journal.groups for entry in group]
        return [entry for entry in entries if entry.envelope.gateway != "exchange"]

    async def until(self, gateway: str) -> None:
        """Wait until the journal has an entry of this origin."""
        async with asyncio.timeout(5):
            while not any(it.envelope.gateway == gateway for it in self.entries()):
                await self.exchange.submit(PassTime(), MINE)


class Spy:
    """An exchange that notes what it is asked."""

    def __init__(self, exchange: Exchange, looks: list[object]) -> None:
        self.exchange = exchange
        self.looks = looks

    async def submit(self, command: Command, envelope: Envelope) -> Outcome:
        return await self.exchange.submit(command, envelope)

    async def look(self, query: GetOpenOrders) -> list[OrderView]:
        self.looks.append(query)
        return await self.exchange.look(query)


@asynccontextmanager
async def scene(*faults: Fault) -> AsyncIterator[Scene]:
    """The small world with a plan before it."""
    journal = MemoryJournal(keep=True)
    exchange = await exchange_of(small_world(), still_clock(), journal=journal)
    plan = FaultPlan(faults)
    noted: list[str] = []

    def note(strike: Strike, command: Command, envelope: Envelope) -> None:
        noted.append(f"{strike.label} {type(command).__name__} {envelope.key_id}")

    port = FaultyExchange(exchange, plan, "kraken_futures", note)
    here = Scene(exchange, port, plan, journal, noted=noted)
    exchange.subscribe(
        lambda outcomes: here.told.extend(e for it in outcomes for e in it.entry.events)
    )
    try:
        yield here
    finally:
        port.close()
        await exchange.close()


async def test_without_a_plan_the_port_is_the_exchange() -> None:
    """The same coroutine, the same answer: nothing stands between them."""
    async with scene() as here:
        (placed,) = await here.do(THREE[0])

        assert placed.entry == here.entries()[-1]
        assert await here.seen() == ["c0"]
        assert here.port.now() == here.exchange.now()
        assert here.port.offset == here.exchange.offset


async def test_faults_of_the_door_cost_the_exchange_nothing() -> None:
    """A cancel of all looks at every order only where somebody wants to lie about it."""
    async with scene(Fault(kind=Kind.HANG, count=0)) as here:
        looks: list[object] = []
        truly = here.exchange.look
        here.port._exchange = cast(ExchangePort, Spy(here.exchange, looks))

        await here.do(*THREE, CancelOrders(account=ANN))
        assert looks == []
        here.plan.add([Fault(kind=Kind.PARTIAL)])
        await here.do(CancelOrders(account=ANN))

        assert looks == [GetOpenOrders(ANN)]
        assert await truly(GetOpenOrders(ANN)) == []


@pytest.mark.parametrize("name", ["order_id", "cl_ord_id"])
async def test_a_cancel_is_told_as_done_and_is_not(name: str) -> None:
    """The journal says that nothing happened, and under whose nonce; the feed tells no cancel."""
    async with scene(Fault(kind=Kind.IGNORE_CANCEL)) as here:
        placed, *_ = await here.do(*THREE)
        accepted = placed.entry.events[0]
        assert isinstance(accepted, OrderAccepted)
        order_id = accepted.order.order_id
        by_id = CancelOrder(account=ANN, order_id=order_id)
        cancel = by_id if name == "order_id" else CancelOrder(account=ANN, cl_ord_id="c0")
        here.told.clear()

        (outcome,) = await here.do(cancel)

        (event,) = outcome.entry.events
        assert isinstance(event, OrderCanceled)
        assert (event.order_id, event.leaves) == (order_id, 1)
        assert outcome.entry.command == cancel
        assert outcome.before[order_id].order.cl_ord_id == "c0"
        assert await here.open() == ["c0", "c1", "c2"]
        truth = here.entries()[-1]
        assert (truth.command, truth.envelope, truth.seq) == (PassTime(), MINE, outcome.entry.seq)
        assert here.told == []
        assert here.noted == ["1 ignore_cancel CancelOrder key-ann"]

        await here.do(cancel)
        assert await here.open() == ["c1", "c2"]


async def test_a_cancel_of_all_is_told_as_done_and_is_not() -> None:
    """The answer names every order in its scope; all of them stand."""
    async with scene(Fault(kind=Kind.IGNORE_CANCEL)) as here:
        await here.do(*THREE, ask(ANN, 1, 120, cl_ord_id="sell"))

        (outcome,) = await here.do(CancelOrders(account=ANN, side=BUY))

        (event,) = outcome.entry.events
        assert isinstance(event, OrdersCanceled)
        names = [outcome.before[order_id].order.cl_ord_id for order_id in event.order_ids]
        assert names == ["c0", "c1", "c2"]
        assert await here.open() == ["c0", "c1", "c2", "sell"]


async def test_an_ignored_cancel_is_done_after_all_if_it_has_a_delay() -> None:
    """Told at once, done late: what fills in between is the client's surprise."""
    async with scene(Fault(kind=Kind.IGNORE_CANCEL, delay_seconds=BRIEF)) as here:
        await here.do(*THREE)
        await here.do(CancelOrders(account=ANN))
        assert await here.open() == ["c0", "c1", "c2"]

        await here.until("faults")

        assert await here.open() == []
        done = next(it for it in here.entries() if it.envelope == BY_FAULTS)
        assert done.command == CancelOrders(account=ANN)


async def test_a_cancel_of_nothing_is_no_occasion_to_lie() -> None:
    """The fault waits for one that it can hurt."""
    async with scene(Fault(kind=Kind.IGNORE_CANCEL), Fault(kind=Kind.PARTIAL)) as here:
        nothing, unknown = await here.do(
            CancelOrders(account=ANN), CancelOrder(account=ANN, cl_ord_id="nobody")
        )

        (event,) = nothing.entry.events
        assert isinstance(event, OrdersCanceled) and event.order_ids == ()
        assert isinstance(unknown.entry.events[0], CancelRejected)
        assert [row.struck for row in here.plan.planned()] == [0, 0]


async def test_a_cancel_of_all_stops_halfway_and_does_not_say_so() -> None:
    """As a venue did that canceled sixteen and answered yes."""
    async with scene(Fault(kind=Kind.PARTIAL)) as here:
        await here.do(*THREE)
        here.told.clear()

        (outcome,) = await here.do(CancelOrders(account=ANN))

        (event,) = outcome.entry.events
        assert isinstance(event, OrdersCanceled)
        names = [outcome.before[order_id].order.cl_ord_id for order_id in event.order_ids]
        assert names == ["c0", "c2"]
        assert await here.open() == ["c1"]
        told = [event.order_id for event in here.told if isinstance(event, OrderCanceled)]
        assert told == list(event.order_ids)


async def test_half_of_a_batch_is_refused_and_was_never_asked() -> None:
    """Each member has its own answer, in its own place."""
    async with scene(Fault(kind=Kind.PARTIAL)) as here:
        await here.do(bid(ANN, 1, 80, cl_ord_id="old"), bid(ANN, 1, 81, cl_ord_id="kept"))
        members = (
            THREE[0],
            THREE[1],
            CancelOrder(account=ANN, cl_ord_id="old"),
            CancelOrder(account=ANN, cl_ord_id="kept"),
            THREE[2],
            AmendOrder(account=ANN, cl_ord_id="kept", quantity=Lots(2)),
        )

        (outcome,) = await here.do(Batch(account=ANN, members=members))

        kinds = [type(event) for event in outcome.entry.events]
        assert kinds == [
            *(MemberDecided, OrderAccepted, MemberDecided, OrderRejected),
            *(MemberDecided, OrderCanceled, MemberDecided, CancelRejected),
            *(MemberDecided, OrderAccepted, MemberDecided, AmendRejected),
        ]
        marks = [it.index for it in outcome.entry.events if isinstance(it, MemberDecided)]
        assert marks == list(range(6))
        assert await here.open() == ["kept", "c0", "c2"]
        truth = here.entries()[-1].command
        assert truth == Batch(account=ANN, members=members[::2])


async def test_an_order_that_stands_is_told_as_refused() -> None:
    """The client sends it again, and has two."""
    async with scene(Fault(kind=Kind.FALSE_REJECT)) as here:
        (outcome,) = await here.do(THREE[0])

        assert outcome.entry.events == (
            OrderRejected(
                account=ANN, symbol=PERP, reason=RejectReason.TOO_MANY_ORDERS, cl_ord_id="c0"
            ),
        )
        assert await here.open() == ["c0"]


async def test_a_canceled_order_appears_again_under_its_clients_name() -> None:
    """With what was left of it, and an id of its own: in truth it is a new order."""
    async with scene(Fault(kind=Kind.REAPPEAR, delay_seconds=BRIEF)) as here:
        await here.do(bid(ANN, 5, 95, cl_ord_id="c"), ask(BOB, 2, 95))
        (outcome,) = await here.do(CancelOrders(account=ANN))
        (event,) = outcome.entry.events
        assert isinstance(event, OrdersCanceled)
        assert await here.open() == []

        await here.until("faults")

        (view,) = await here.exchange.look(GetOpenOrders(ANN))
        assert (view.order.cl_ord_id, view.leaves, view.order.limit_price) == ("c", 3, 95)
        assert view.order.order_id not in event.order_ids


async def test_a_ghost_stays_among_the_open_orders_for_a_while() -> None:
    """A list that lags behind: the order is gone, as the journal and the feed say."""
    async with scene(Fault(kind=Kind.GHOST, delay_seconds=60, count=1)) as here:
        placed, *_ = await here.do(*THREE)
        accepted = placed.entry.events[0]
        assert isinstance(accepted, OrderAccepted)

        await here.do(CancelOrder(account=ANN, cl_ord_id="c1"))

        assert await here.open() == ["c0", "c2"]
        assert await here.seen() == ["c0", "c1", "c2"]
        by_name = await here.port.look(GetOrders(ANN, cl_ord_ids=("c1", "c2")))
        assert [view.order.cl_ord_id for view in by_name] == ["c1", "c2"]
        assert await here.port.look(GetOpenOrders(BOB)) == []


async def test_a_ghost_vanishes() -> None:
    """A list that is late is not wrong for ever."""
    async with scene(Fault(kind=Kind.GHOST, delay_seconds=BRIEF)) as here:
        await here.do(*THREE)
        await here.do(CancelOrders(account=ANN))

        async with asyncio.timeout(5):
            for _ in iter(lambda: not here.port._ghosts, True):
                await here.seen()

        assert await here.seen() == []


@pytest.mark.parametrize("way", ["submit", "post"])
async def test_a_late_acknowledgement_comes_behind_the_feed(way: str) -> None:
    """It was done at once: everybody else has known for a while."""
    async with scene(Fault(kind=Kind.LATE_ACK, method="CancelOrders", delay_seconds=BRIEF)) as here:
        await here.do(*THREE)
        here.told.clear()
        answers: asyncio.Queue[Outcome | None] = asyncio.Queue()
        if way == "post":
            here.port.post(CancelOrders(account=ANN), MINE, answers.put_nowait)
        else:
            task = asyncio.create_task(here.port.submit(CancelOrders(account=ANN), MINE))
            task.add_done_callback(lambda done: answers.put_nowait(done.result()))
        async with asyncio.timeout(5):
            for _ in iter(lambda: bool(here.told), True):
                await asyncio.sleep(0)
        assert answers.empty()

        outcome = await asyncio.wait_for(answers.get(), 5)

        assert outcome is not None
        assert outcome.entry == here.entries()[-1]


async def test_posted_commands_keep_their_order_around_a_lie() -> None:
    """One connection, one order: what follows an ignored cancel is decided after it."""
    async with scene(Fault(kind=Kind.IGNORE_CANCEL)) as here:
        await here.do(THREE[0])
        done: list[str] = []
        everything = asyncio.Event()

        def answer(name: str) -> None:
            done.append(name)
            if len(done) == 3:
                everything.set()

        here.port.post(CancelOrders(account=ANN), MINE, lambda _: answer("lie"))
        here.port.post(THREE[1], MINE, lambda _: answer("one"))
        here.port.post(THREE[2], MINE, lambda _: answer("two"))
        await asyncio.wait_for(everything.wait(), 5)

        assert done == ["lie", "one", "two"]
        assert await here.open() == ["c0", "c1", "c2"]
        truth = [type(it.command) for it in here.entries()[-3:]]
        assert truth == [PassTime, PlaceOrder, PlaceOrder]


async def test_a_venue_that_has_stopped_says_so_in_spite_of_faults() -> None:
    """A fault on purpose must not hide that something is really broken."""
    async with scene(Fault(kind=Kind.IGNORE_CANCEL, count=0)) as here:
        await here.exchange.close()
        answers: asyncio.Queue[Outcome | None] = asyncio.Queue()

        with pytest.raises(VenueStopped):
            await here.port.submit(CancelOrders(account=ANN), MINE)
        here.port.post(CancelOrders(account=ANN), MINE, answers.put_nowait)

        assert await asyncio.wait_for(answers.get(), 5) is None


SCOPES: Final = {
    "symbol": PERP,
    "side": SELL,
    "keep_reduce_only": True,
    "wallet": FLEX,
    "user_ref": 5,
}


def test_every_scope_of_a_cancel_is_known_here() -> None:
    """A new one must be told apart by `is_in_scope`, or a lie would name the wrong orders."""
    # TWAPs are no orders, and no lie is about them.
    assert {"account", "takes_twaps", *SCOPES} == set(CancelOrders.__struct_fields__)


@pytest.mark.parametrize("name", [None, *SCOPES])
async def test_a_lie_names_the_orders_that_the_truth_would_have(name: str | None) -> None:
    """Whatever scope the cancel has, the engine is the judge."""
    async with scene(Fault(kind=Kind.IGNORE_CANCEL)) as here:
        await here.do(
            bid(ANN, 9, 100),
            ask(BOB, 9, 100),  # Ann is long, and may reduce
            THREE[0],
            ask(ANN, 1, 120),
            replace(ask(ANN, 1, 121), reduce_only=True),
            replace(ask(ANN, 1, 122), user_ref=5),
        )
        scope = {} if name is None else {name: SCOPES[name]}
        cancel = CancelOrders(account=ANN, **scope)  # type: ignore[arg-type]

        lie, truth = await here.do(cancel, cancel)

        assert lie.entry.events == truth.entry.events
        assert lie.before == truth.before
        (event,) = truth.entry.events
        assert isinstance(event, OrdersCanceled) and event.order_ids
