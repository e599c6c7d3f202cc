"""What is planned to go wrong at the door does, on real sockets; and everything else goes well."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

import pytest
import uvloop

from openvenue.faults.fault import Fault, Kind
from openvenue.faults.plan import FaultPlan
from tests.e2e.door_scene import Scene, frame, get, open_door

BRIEF: Final = 0.05  # seconds; a delay that a test waits for
LOOPS: Final = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

Play = Callable[[Coroutine[None, None, None]], None]


@pytest.fixture(params=LOOPS)
def play(request: pytest.FixtureRequest) -> Play:
    """Runs a scene on each kind of loop that the server may run on."""

    def run(scene: Coroutine[None, None, None]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(scene)

    return run


def plan(*faults: Fault) -> FaultPlan:
    """A plan for the gateway of these tests."""
    return FaultPlan(faults, apis=("test",))


def notes(here: Scene) -> list[tuple[int, str | None]]:
    """What the request log says: status and fault, oldest first."""
    rows = here.door.request_log.newest()
    return [(row.status, row.more.get("fault")) for row in reversed(rows)]


async def until(claim: Callable[[], bool]) -> None:
    """Turns of the loop, until `claim` holds."""
    async with asyncio.timeout(10):
        for _ in iter(claim, True):
            await asyncio.sleep(0)


async def all_of(here: Scene, target: str) -> bytes:
    """Everything that comes back for a request, until the connection ends."""
    return await (await here.connect()).send(get(target)).everything()


@pytest.mark.parametrize("kind", [Kind.CLOSE, Kind.REFUSE])
def test_a_request_is_dropped_before_it_is_handled(play: Play, kind: Kind) -> None:
    """Then nothing was done, and the next request is served."""

    async def scene() -> None:
        async with open_door(faults=plan(Fault(kind=kind, api="test", path="/echo"))) as here:
            wire = (await here.connect()).send(get("/echo?dropped"))
            if kind is Kind.CLOSE:
                assert await wire.everything() == b""
            else:
                with pytest.raises(ConnectionResetError):
                    await wire.everything()

            assert (await here.ask(get("/echo?served"))).body == b"served"
            assert here.gateway.handled == ["served"]
            assert notes(here) == [(0, f"1 {kind}"), (200, None)]

    play(scene())


def test_a_reply_is_lost_after_the_effect(play: Play) -> None:
    """The worst of all: it was done, and the client cannot know."""

    async def scene() -> None:
        async with open_door(faults=plan(Fault(kind=Kind.LOSE_REPLY))) as here:
            assert await all_of(here, "/echo?done") == b""
            assert here.gateway.handled == ["done"]
            assert notes(here) == [(0, "1 lose_reply")]

    play(scene())


def test_a_reply_is_cut_in_its_middle(play: Play) -> None:
    """The client has a status and half of a body."""

    async def scene() -> None:
        async with open_door(faults=plan(Fault(kind=Kind.CUT_REPLY, count=2))) as here:
            said = await all_of(here, "/large?2000")
            head, _, body = said.partition(b"\r\n\r\n")
            assert b"200 OK" in head and b"Content-Length: 2000" in head
            assert body == b"y" * 1_000

            empty = await all_of(here, "/large?0")
            assert empty.startswith(b"HTTP/1.1 200") and not empty.endswith(b"\r\n\r\n")

    play(scene())


def test_a_reply_comes_twice_on_a_kept_connection(play: Play) -> None:
    """Whoever reads on takes it for the answer to the next request."""

    async def scene() -> None:
        async with open_door(faults=plan(Fault(kind=Kind.REPEAT_REPLY))) as here:
            wire = await here.connect()
            wire.send(get("/echo?one") + get("/echo?two"))

            assert [(await wire.reply()).body for _ in range(3)] == [b"one", b"one", b"two"]
            assert here.gateway.handled == ["one", "two"]

    play(scene())


def test_a_hung_request_is_never_answered_and_the_connection_stays(play: Play) -> None:
    """Nothing but the client's own patience ends it, and others are served."""

    async def scene() -> None:
        async with open_door(faults=plan(Fault(kind=Kind.HANG))) as here:
            hung = (await here.connect()).send(get("/echo?1") + get("/echo?2"))
            await until(lambda: bool(here.door.request_log.newest()))
            assert (await here.ask(get("/echo?other"))).body == b"other"
            assert here.gateway.handled == ["other"]
            assert here.door.metrics.connections == 2
            before = here.door.metrics.connections

            await hung.close()
            await until(lambda: here.door.metrics.connections < before)
            await (await here.connect()).close()

    play(scene())


def test_a_door_with_hung_connections_closes_at_once(play: Play) -> None:
    """They are not waited for."""

    async def scene() -> None:
        async with open_door(faults=plan(Fault(kind=Kind.HANG))) as here:
            hung = (await here.connect()).send(get("/echo"))
            await until(lambda: bool(here.door.request_log.newest()))

            async with asyncio.timeout(2):
                await here.door.stop(60)

            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await hung.reply()

    play(scene())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(kind=Kind.STATUS, status=504), (200, b"trouble 504")),
        (Fault(kind=Kind.RATE_LIMIT), (200, b"trouble rate_limit")),
        (Fault(kind=Kind.MAINTENANCE), (200, b"trouble maintenance")),
        (Fault(kind=Kind.STATUS, status=418, body="teapot"), (418, b"teapot")),
    ],
)
def test_trouble_is_told_in_the_words_of_the_api(
    play: Play, fault: Fault, said: tuple[int, bytes]
) -> None:
    """Or in those that the plan gives; nothing is handled, and the connection goes on."""

    async def scene() -> None:
        async with open_door(faults=plan(fault)) as here:
            wire = (await here.connect()).send(get("/echo?1"))
            reply = await wire.reply()
            assert (reply.status, reply.body) == said
            assert (await wire.send(get("/echo?2")).reply()).body == b"2"
            assert here.gateway.handled == ["2"]

    play(scene())


@pytest.mark.parametrize("kind", [Kind.DELAY, Kind.LATE_REPLY])
def test_a_request_is_late_and_does_not_hold_up_others(play: Play, kind: Kind) -> None:
    """One slow client, or one slow path."""

    async def scene() -> None:
        late = Fault(kind=kind, path="/echo", account="ann", delay_seconds=BRIEF)
        async with open_door(faults=plan(late)) as here:
            slow = (await here.connect()).send(get("/echo?late", "Who: ann"))
            assert (await here.ask(get("/echo?quick", "Who: bob"))).body == b"quick"
            was_handled_first = "late" in here.gateway.handled

            began = asyncio.get_running_loop().time()
            assert (await slow.reply()).body == b"late"
            assert asyncio.get_running_loop().time() - began > BRIEF / 3
            if kind is Kind.DELAY:
                assert not was_handled_first

    play(scene())


def test_what_is_no_api_is_never_hurt(play: Play) -> None:
    """An operator who plans that everything hangs can still take it back."""

    class Plain:
        name = "plain"

        def route(self, method: str, path: str) -> object:
            return self.answer if path == "/plain" else None

        def socket(self, path: str) -> None:
            return None

        async def answer(self, request: object) -> object:
            from openvenue.gateways.wire import Response

            return Response(200, b"well")

    async def scene() -> None:
        always = Fault(kind=Kind.HANG, count=0)
        async with open_door(Plain(), faults=plan(always)) as here:  # type: ignore[arg-type]
            assert (await here.ask(get("/plain"))).body == b"well"
            assert (await here.ask(get("/nowhere"))).status == 404

    play(scene())


# ---- WebSocket


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(kind=Kind.STATUS, status=503), 503),  # 200 in that API's words is no refusal here
        (Fault(kind=Kind.STATUS, status=429, body="slow down"), 429),
    ],
)
def test_an_upgrade_is_answered_with_trouble(play: Play, fault: Fault, status: int) -> None:
    """A stream that cannot be opened, with a status that clients know as a failure."""

    async def scene() -> None:
        async with open_door(faults=plan(fault)) as here:
            assert (await (await here.connect()).upgraded()).status == status
            assert (await (await here.connect()).upgraded()).status == 101

    play(scene())


@pytest.mark.parametrize("kind", [Kind.CLOSE, Kind.REFUSE])
def test_an_upgrade_ends_in_nothing(play: Play, kind: Kind) -> None:
    """The connection is gone before a word."""

    async def scene() -> None:
        async with open_door(faults=plan(Fault(kind=kind, method="UPGRADE"))) as here:
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await (await here.connect()).upgraded()
            assert (await (await here.connect()).upgraded()).status == 101

    play(scene())


def test_an_upgrade_hangs_or_is_late(play: Play) -> None:
    """And a client with more patience gets in."""

    async def scene() -> None:
        late = Fault(kind=Kind.DELAY, delay_seconds=BRIEF)
        async with open_door(faults=plan(Fault(kind=Kind.HANG), late)) as here:
            hung = (await here.connect()).send(get("/ws"))  # not an upgrade: 426, and no fault
            assert (await hung.reply()).status == 426
            stuck = await here.connect()
            waiting = asyncio.create_task(stuck.upgraded())
            await until(lambda: len(here.door.request_log.newest()) == 2)

            wire = await here.connect()
            assert (await wire.upgraded()).status == 101
            assert await wire.frame() == (1, b"hello ")
            wire.send(frame(b"echo me"))
            assert await wire.frame() == (1, b"echo me")
            assert not waiting.done()
            waiting.cancel()

    play(scene())


def test_frames_are_cut_lost_and_repeated_on_a_real_socket(play: Play) -> None:
    """Byte by byte: half a frame is half a frame."""

    async def scene() -> None:
        faults = plan(
            Fault(kind=Kind.LOSE_REPLY, method="lost"),
            Fault(kind=Kind.REPEAT_REPLY, method="twice"),
            Fault(kind=Kind.CUT_REPLY, method="cut"),
        )
        async with open_door(faults=faults) as here:
            wire = await here.connect()
            await wire.upgraded()
            assert await wire.frame() == (1, b"hello ")
            for name in (b"lost", b"twice", b"well", b"cut"):
                wire.send(frame(b'{"event":"%b"}' % name))

            heard = [await wire.frame() for _ in range(3)]
            twice = (1, b'{"event":"twice"}')
            assert heard == [twice, twice, (1, b'{"event":"well"}')]
            half = await wire.everything()
            assert half == b"\x81\x0f" + b'{"event":"cut"}'[:8]

    play(scene())


def test_a_message_ends_or_silences_a_socket(play: Play) -> None:
    """With a code, without one, or not at all."""

    async def scene() -> None:
        faults = plan(
            Fault(kind=Kind.CLOSE, method="said", close_code=1008),
            Fault(kind=Kind.CLOSE, method="gone"),
            Fault(kind=Kind.HANG, method="hung"),
        )
        async with open_door(faults=faults) as here:
            wires = [await here.connect() for _ in range(3)]
            for wire in wires:
                await wire.upgraded()
                await wire.frame()
            for wire, name in zip(wires, (b"said", b"gone", b"hung"), strict=True):
                wire.send(frame(b'{"event":"%b"}' % name))

            assert await wires[0].frame() == (8, (1008).to_bytes(2))
            assert await wires[1].everything() == b""
            await until(lambda: not faults.is_armed)
            wires[2].send(frame(b"are you there"))
            here.gateway.conversations[2].sender.send(b"a feed")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(BRIEF):
                    await wires[2].frame()
            assert here.door.metrics.sockets["test"] >= 1

    play(scene())


def test_faults_planned_later_reach_sockets_that_are_open(play: Play) -> None:
    """A rehearsal begins when the bot has settled."""

    async def scene() -> None:
        faults = plan()
        async with open_door(faults=faults) as here:
            wire = await here.connect()
            await wire.upgraded()
            await wire.frame()
            faults.add([Fault(kind=Kind.STATUS, status=500)])

            wire.send(frame(b"1") + frame(b"2"))

            assert [await wire.frame() for _ in range(2)] == [(1, b"trouble 500"), (1, b"2")]

    play(scene())
