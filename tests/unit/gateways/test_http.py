"""One connection on paper: what is written together, what is held back, what is bounded."""

import asyncio
from collections.abc import Callable

from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.serve import Door
from openvenue.gateways.wire import Handler, OpenSession, Request, Response
from tests.unit.gateways.door_doubles import connect, replies

ASK = b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n"
WAIT = b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n"


class TwoPaths:
    """One path answers at once, the other when it is let go."""

    name = "two"

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.tasks: list[asyncio.Task[None] | None] = []

    def route(self, method: str, path: str) -> Handler | None:
        return {"/now": self.now, "/later": self.later}.get(path)

    def socket(self, path: str) -> OpenSession | None:
        return None

    async def now(self, request: Request) -> Response:
        self.tasks.append(asyncio.current_task())
        return Response(200, b"now")

    async def later(self, request: Request) -> Response:
        await self.release.wait()
        self.tasks.append(asyncio.current_task())
        return Response(200, b"later")


async def test_replies_to_one_read_leave_in_one_write() -> None:
    """A write is a system call: the dearest thing that a small reply needs."""
    _, paper = client = connect(Door([TwoPaths()]))

    client[0].data_received(ASK * 50)

    assert len(paper.writes) == 1
    assert replies(paper) == [200] * 50


async def test_a_handler_that_does_not_wait_costs_no_task() -> None:
    """One that does gets a task of its own once it waits."""
    two = TwoPaths()
    connection, paper = connect(Door([two]))
    before = asyncio.all_tasks()

    connection.data_received(ASK)
    assert asyncio.all_tasks() == before
    connection.data_received(WAIT)
    assert len(asyncio.all_tasks() - before) == 1
    two.release.set()
    await turn_until(lambda: len(replies(paper)) == 2)

    assert two.tasks[0] is asyncio.current_task()
    assert two.tasks[1] not in (None, asyncio.current_task())


async def test_a_client_that_sends_too_far_ahead_is_not_read() -> None:
    """What waits for a slow request is bounded, and reading goes on when it is done."""
    two = TwoPaths()
    connection, paper = connect(Door([two], limits=DoorLimits(pipelined=3)))

    held = []
    for sent in (WAIT + ASK * 3, ASK):
        connection.data_received(sent)
        held.append(paper.is_paused)
    two.release.set()
    await turn_until(lambda: len(replies(paper)) == 5)
    held.append(paper.is_paused)

    assert held == [False, True, False]


async def test_a_client_that_does_not_read_is_not_read_either() -> None:
    """No reply is made that nobody takes."""
    connection, paper = connect(Door([TwoPaths()]))

    connection.pause_writing()
    connection.data_received(ASK)
    assert (paper.is_paused, replies(paper)) == (True, [])
    connection.resume_writing()

    assert (paper.is_paused, replies(paper)) == (False, [200])


async def test_the_reply_to_a_client_that_left_is_dropped() -> None:
    """What it asked for was done all the same, and nobody is told twice."""
    two = TwoPaths()
    door = Door([two])
    connection, paper = connect(door)
    connection.data_received(WAIT)

    connection.connection_lost(None)
    two.release.set()
    await turn_until(lambda: len(two.tasks) == 1)

    assert paper.writes == []
    assert door.metrics.connections == 0
    assert door.request_log.newest()[0].status == 200


async def test_an_interim_reply_never_overtakes_a_reply() -> None:
    """A client that pipelines matches answers by their order."""
    two = TwoPaths()
    connection, paper = connect(Door([two]))
    asks_first = (
        b"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )

    connection.data_received(WAIT + asks_first)
    assert replies(paper) == []
    two.release.set()
    await turn_until(lambda: len(replies(paper)) == 2)
    connection.data_received(b"ok")

    assert replies(paper) == [200, 100, 200]


async def test_header_names_that_nobody_repeats_are_not_kept() -> None:
    """A table of spellings that grows with what strangers send would be a leak."""
    door = Door([TwoPaths()])
    connection, _ = connect(door)

    for number in range(50):
        names = b"".join(b"X-%d-%d: 1\r\n" % (number, header) for header in range(50))
        connection.data_received(b"GET /now HTTP/1.1\r\nHost: a\r\n" + names + b"\r\n")

    assert len(door.header_names) <= 512


async def turn_until(holds: Callable[[], bool]) -> None:
    """Turn the loop until something holds."""
    for _ in range(1_000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("never happened")
