"""The door under real sockets: order, bounds, patience, and nobody who can hurt another."""

import asyncio
import gzip
import json
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final

import pytest
import uvloop

from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.metrics import Metrics
from openvenue.gateways.tls import server_context
from tests.e2e.door_scene import Wire, frame, get, open_door, post, upgrade

BRIEF: Final = 0.05  # seconds; a limit that a test waits to be reached
LOOPS: Final = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

Play = Callable[[Coroutine[None, None, None]], None]


@pytest.fixture(params=LOOPS)
def play(request: pytest.FixtureRequest) -> Play:
    """Runs a scene on each kind of loop that the server may run on."""

    def run(scene: Coroutine[None, None, None]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(scene)

    return run


# ---- HTTP, in order


def test_pipelined_requests_are_handled_and_answered_as_they_came(play: Play) -> None:
    """A client may send many at once; their order is what it meant."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            wire.send(b"".join(get(f"/echo?{number}") for number in range(200)))

            bodies = [(await wire.reply()).body for _ in range(200)]

            assert bodies == [b"%d" % number for number in range(200)]
            assert here.gateway.handled == [str(number) for number in range(200)]

    play(scene())


def test_a_request_behind_a_slow_one_waits_for_it(play: Play) -> None:
    """Commands of one connection reach the venue in the order of arrival."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            wire.send(get("/wait") + get("/echo?second"))
            await here.gateway.entered.wait()
            assert here.gateway.handled == []

            here.gateway.release.set()

            assert (await wire.reply()).body == b"waited"
            assert (await wire.reply()).body == b"second"

    play(scene())


def test_a_slow_request_delays_nobody_on_another_connection(play: Play) -> None:
    """Only the client that waits, waits."""

    async def scene() -> None:
        async with open_door() as here:
            slow = (await here.connect()).send(get("/wait"))
            await here.gateway.entered.wait()

            assert (await here.ask(get("/echo?quick"))).body == b"quick"

            here.gateway.release.set()
            assert (await slow.reply()).body == b"waited"

    play(scene())


def test_a_request_that_arrives_byte_by_byte_is_one_request(play: Play) -> None:
    """TCP owes nobody whole requests."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            for byte in post("/echo", b"a body", "X-Strange: yes"):
                wire.send(bytes((byte,)))
                await wire.writer.drain()

            assert (await wire.reply()).body == b"a body"

    play(scene())


def test_a_chunked_body_is_put_together(play: Play) -> None:
    """Some clients do not know the length before they send."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            wire.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            wire.send(b"4\r\nsize\r\n2\r\n=1\r\n0\r\nX-Trailer: t\r\n\r\n" + get("/echo?next"))

            assert (await wire.reply()).body == b"size=1"
            assert (await wire.reply()).body == b"next"

    play(scene())


def test_a_client_that_asks_first_is_told_to_go_on(play: Play) -> None:
    """curl does, for larger bodies."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            head, body = post("/echo", b"body", "Expect: 100-continue").split(b"\r\n\r\n")
            wire.send(head + b"\r\n\r\n")

            assert (await wire.reply()).status == 100
            assert (await wire.send(body).reply()).body == b"body"

    play(scene())


def test_a_client_that_asks_first_for_too_much_is_told_no_at_once(play: Play) -> None:
    """That is what asking first is for."""

    async def scene() -> None:
        async with open_door() as here:
            big = b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "

            reply = await here.ask(big + b"10000000\r\n\r\n")

            assert reply.status == 413
            assert reply.headers["connection"] == "close"

    play(scene())


def test_head_is_get_without_the_body(play: Play) -> None:
    """Monitors use it; its headers are those of the GET."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            wire.send(b"HEAD /echo?twelve+bytes HTTP/1.1\r\nHost: a\r\n\r\n" + get("/echo?next"))

            head = await wire.reply(has_body=False)

            assert (head.status, head.headers["content-length"]) == (200, "12")
            assert (await wire.reply()).body == b"next"

    play(scene())


@pytest.mark.parametrize(
    ("request_line", "status", "allow"),
    [
        ("OPTIONS /echo", 204, "GET, POST, HEAD, OPTIONS"),
        ("OPTIONS *", 204, "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("OPTIONS /nowhere", 404, None),
        ("DELETE /echo", 405, "GET, POST, HEAD, OPTIONS"),
        ("PROPFIND /echo", 405, "GET, POST, HEAD, OPTIONS"),
        ("GET /nowhere", 404, None),
        ("GET /ws", 426, None),
        ("TRACE /echo", 501, None),
        ("CONNECT example.org:443", 501, None),
        ("FROB /echo", 501, None),
    ],
)
def test_what_nobody_handles_is_told_apart(
    play: Play, request_line: str, status: int, allow: str | None
) -> None:
    """Unknown path, known path asked wrongly, unknown method: three different mistakes."""

    async def scene() -> None:
        async with open_door() as here:
            reply = await here.ask(f"{request_line} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

            assert (reply.status, reply.headers.get("allow")) == (status, allow)

    play(scene())


def test_a_large_reply_is_packed_when_asked(play: Play) -> None:
    """Instruments and books shrink ten times; small replies are not worth it."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            asked = "Accept-Encoding: deflate, gzip;q=0.5"
            packed = await wire.send(get("/large?2000", asked)).reply()
            small = await wire.send(get("/large?100", asked)).reply()
            refused = await wire.send(get("/large?2000", "Accept-Encoding: gzip;q=0")).reply()
            unasked = await wire.send(get("/large?2000")).reply()

            assert packed.headers["content-encoding"] == "gzip"
            assert gzip.decompress(packed.body) == b"y" * 2000
            for plain in (small, refused, unasked):
                assert "content-encoding" not in plain.headers
            assert unasked.body == b"y" * 2000

    play(scene())


def test_an_old_client_gets_one_reply_and_the_end(play: Play) -> None:
    """HTTP/1.0 closes unless it asks to stay."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            stays = await wire.send(
                b"GET /echo?1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
            ).reply()
            goes = await wire.send(b"GET /echo?2 HTTP/1.0\r\n\r\n").everything()

            assert stays.headers["connection"] == "keep-alive"
            assert goes.endswith(b"\r\n\r\n2")

    play(scene())


def test_a_client_that_half_closes_still_hears_its_answer(play: Play) -> None:
    """`nc` and some scripts send, shut their side, and listen."""

    async def scene() -> None:
        async with open_door() as here:
            wire = (await here.connect()).send(get("/wait"))
            wire.writer.write_eof()
            await here.gateway.entered.wait()
            here.gateway.release.set()

            assert (await wire.everything()).endswith(b"waited")

    play(scene())


def test_an_upgrade_to_something_else_is_ignored(play: Play) -> None:
    """Java's client offers h2c with every first request, bodies included."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAA")
            wire.send(post("/echo", b"GET /wait HTTP/1.1", *offer) + get("/echo?next"))

            assert (await wire.reply()).body == b"GET /wait HTTP/1.1"
            assert (await wire.reply()).body == b"next"

    play(scene())


# ---- HTTP, within bounds

SMALL: Final = DoorLimits(url_bytes=200, header_bytes=1_000, header_count=8, body_bytes=2_000)
TOO_MUCH: Final = {
    "a long URL": (get("/echo?" + "a" * 300), 414),
    "a large header": (get("/echo", "X: " + "a" * 2_000), 431),
    "many headers": (get("/echo", *(f"X-{n}: 1" for n in range(20))), 431),
    "a header without end": (b"GET /echo HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 500_000, 431),
    "a large body": (post("/echo", b"a" * 3_000), 413),
    "a body of 10 MB": (post("/echo", b"a" * 10_000_000), 413),
    "a chunked body of 10 MB": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"10000\r\n%b\r\n" % (b"a" * 65_536) * 160
        + b"0\r\n\r\n",
        413,
    ),
    "an absurd length": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999\r\n\r\n",
        413,
    ),
    "trailers without end": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"T: t\r\n" * 5_000,
        431,
    ),
}
GARBAGE: Final = {
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "no version": (b"GET /echo\r\n\r\n", 400),
    "HTTP/3.7": (b"GET /echo HTTP/3.7\r\nHost: a\r\n\r\n", 400),
    "no Host": (b"GET /echo HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a space in a header name": (get("/echo", "X Y: 1"), 400),
    "a bad length": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    "two lengths": (post("/echo", b"ab", "Content-Length: 1"), 400),
    "length and chunks": (post("/echo", b"ab", "Transfer-Encoding: chunked"), 400),
    "bad chunks": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        400,
    ),
    "an unknown transfer encoding": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        501,
    ),
    "a packed body": (post("/echo", b"\x1f\x8b", "Content-Encoding: gzip"), 415),
    "an unknown expectation": (post("/echo", b"", "Expect: miracles"), 417),
}


@pytest.mark.parametrize(("request_bytes", "status"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much_is_refused_and_the_reply_arrives(
    play: Play, request_bytes: bytes, status: int
) -> None:
    """Also while the client is still sending: it must read why, not meet a reset."""

    async def scene() -> None:
        async with open_door(limits=SMALL) as here:
            wire = (await here.connect()).send(request_bytes)
            reply = await wire.reply()

            assert (reply.status, reply.headers["connection"]) == (status, "close")
            assert await wire.everything() == b""
            assert here.gateway.handled == []
            assert (await here.ask(get("/echo?next"))).body == b"next"

    play(scene())


@pytest.mark.parametrize(("request_bytes", "status"), GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused_plainly(play: Play, request_bytes: bytes, status: int) -> None:
    """It is never a 500, never a stack trace, and never handled."""

    async def scene() -> None:
        async with open_door() as here:
            wire = (await here.connect()).send(request_bytes)
            reply = await wire.reply()

            assert (reply.status, reply.headers["connection"]) == (status, "close")
            assert b"Traceback" not in reply.body
            assert here.gateway.handled == []

    play(scene())


def test_garbage_behind_a_good_request_does_not_hurt_it(play: Play) -> None:
    """What came whole before the mistake is answered first."""

    async def scene() -> None:
        async with open_door() as here:
            wire = (await here.connect()).send(get("/wait") + b"\x00\x01garbage\r\n\r\n")
            await here.gateway.entered.wait()
            here.gateway.release.set()

            assert (await wire.reply()).body == b"waited"
            assert (await wire.reply()).status in (400, 501)

    play(scene())


# ---- patience


@pytest.mark.parametrize(
    ("sent", "limits"),
    [
        (b"", DoorLimits(first_byte_seconds=BRIEF)),
        (b"\r\n", DoorLimits(first_byte_seconds=BRIEF)),  # a line that is no part of a request
        (get("/echo?1"), DoorLimits(idle_seconds=BRIEF)),
        (get("/echo?1"), DoorLimits(first_byte_seconds=0.001, idle_seconds=BRIEF)),
    ],
    ids=["silent from the start", "a blank line", "silent after a request", "kept after one"],
)
def test_a_silent_client_is_closed_without_a_word(
    play: Play, sent: bytes, limits: DoorLimits
) -> None:
    """There is no request to answer."""

    async def scene() -> None:
        async with open_door(limits=limits) as here:
            wire = (await here.connect()).send(sent)
            if sent.startswith(b"GET"):
                assert (await wire.reply()).status == 200

            assert await wire.everything() == b""

    play(scene())


@pytest.mark.parametrize(
    ("sent", "limits"),
    [
        (b"GET /echo HT", DoorLimits(header_seconds=BRIEF)),
        (b"GET /echo HTTP/1.1\r\nHost: a\r\nX: ", DoorLimits(header_seconds=BRIEF)),
        (post("/echo", b"whole")[:-1], DoorLimits(body_seconds=BRIEF)),
    ],
    ids=["half a line", "half a header", "half a body"],
)
def test_half_a_request_is_timed_out(play: Play, sent: bytes, limits: DoorLimits) -> None:
    """A slow sender holds a connection for seconds, not for ever."""

    async def scene() -> None:
        async with open_door(limits=limits) as here:
            reply = await here.ask(sent)

            assert reply.status == 408
            assert here.gateway.handled == []

    play(scene())


def test_a_drip_of_bytes_does_not_buy_time(play: Play) -> None:
    """Patience counts from the first byte of a request, not from the last."""

    async def scene() -> None:
        async with open_door(limits=DoorLimits(header_seconds=BRIEF)) as here:
            wire = (await here.connect()).send(b"GET /echo HTTP/1.1\r\n")

            reply = asyncio.create_task(wire.reply())
            while not (await asyncio.wait({reply}, timeout=BRIEF / 10))[0]:
                wire.send(b"X: y\r\n")

            assert reply.result().status == 408

    play(scene())


def test_a_handler_may_take_its_time(play: Play) -> None:
    """The client did its part: no time-out of ours ends its request."""

    async def scene() -> None:
        limits = DoorLimits(header_seconds=BRIEF, body_seconds=BRIEF, idle_seconds=BRIEF)
        async with open_door(limits=limits) as here:
            slow = (await here.connect()).send(get("/wait"))
            idle = (await here.connect()).send(get("/echo?1"))
            await idle.reply()
            assert await idle.everything() == b""  # so long that an idle one was closed

            here.gateway.release.set()

            assert (await slow.reply()).body == b"waited"

    play(scene())


def test_a_client_that_does_not_read_is_cut_off(play: Play) -> None:
    """Its replies would pile up here."""

    async def scene() -> None:
        limits = DoorLimits(write_seconds=BRIEF, write_bytes_per_second=1_000_000_000)
        async with open_door(limits=limits) as here:
            wire = await here.connect()
            wire.stop_reading()
            wire.send(get("/large?50000000"))

            await asyncio.wait_for(somebody_left(here.door.metrics, 0), 10)

    play(scene())


def test_connections_are_counted_and_capped(play: Play) -> None:
    """One client cannot take every place."""

    async def scene() -> None:
        async with open_door(limits=DoorLimits(connections_per_peer=2)) as here:
            first, second = await here.connect(), await here.connect()
            assert (await first.send(get("/echo?1")).reply()).status == 200
            assert (await second.send(get("/echo?2")).reply()).status == 200

            refused = await (await here.connect()).reply()
            await first.send(get("/echo?1", "Connection: close")).everything()
            await first.close()

            assert refused.status == 429
            await asyncio.wait_for(somebody_left(here.door.metrics, 1), 10)
            third = await here.connect()
            assert (await third.send(get("/echo?3")).reply()).status == 200

    play(scene())


# ---- our faults


@pytest.mark.parametrize("path", ["/bug", "/late-bug"])
def test_a_bug_in_a_handler_ends_one_connection_only(
    play: Play, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client sees no traceback; the log does."""

    async def scene() -> None:
        async with open_door() as here:
            other = await here.connect()
            await other.send(get("/echo?1")).reply()
            secret = "APIKey: not-for-the-log"
            reply = await here.ask(get(path, secret))

            assert reply.status == 500
            assert b"bug" not in reply.body
            assert reply.headers["connection"] == "close"
            assert (await other.send(get("/echo?2")).reply()).body == b"2"

    play(scene())
    logged = capsys.readouterr().out
    assert "a bug in a handler" in logged
    assert "not-for-the-log" not in logged


# ---- WebSocket


def test_a_frame_in_the_segment_of_the_upgrade_is_not_lost(play: Play) -> None:
    """Clients need not wait for our yes before they talk."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            tail = b"".join(frame(b"early %d" % number) for number in range(2_000))

            reply = await wire.upgraded("/ws?who", tail=tail)

            assert reply.status == 101
            assert await wire.frame() == (1, b"hello who")
            heard = [await wire.frame() for _ in range(2_000)]
            assert heard == [(1, b"early %d" % number) for number in range(2_000)]

    play(scene())


def test_an_upgrade_behind_requests_waits_for_their_replies(play: Play) -> None:
    """One connection, one order."""

    async def scene() -> None:
        async with open_door() as here:
            wire = (await here.connect()).send(get("/wait") + upgrade() + frame(b"early"))
            await here.gateway.entered.wait()
            here.gateway.release.set()

            assert (await wire.reply()).body == b"waited"
            assert (await wire.reply()).status == 101
            assert [await wire.frame(), await wire.frame()] == [(1, b"hello "), (1, b"early")]

    play(scene())


def test_a_message_in_fragments_is_one_message(play: Play) -> None:
    """With a ping in between, which is answered at once."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            await wire.upgraded()
            await wire.frame()
            wire.send(frame(b"in ", is_last=False) + frame(b"three ", 0, is_last=False))
            wire.send(frame(b"are you there", 9) + frame(b"parts", 0))

            assert await wire.frame() == (10, b"are you there")
            assert await wire.frame() == (1, b"in three parts")

    play(scene())


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 300_000])
def test_messages_of_every_length_form_arrive_whole(play: Play, size: int) -> None:
    """Frames have three ways to say how long they are."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            await wire.upgraded()
            await wire.frame()

            assert await wire.send(frame(b"z" * size)).frame() == (1, b"z" * size)

    play(scene())


BAD_FRAMES: Final = {
    "binary": (frame(b"x", 2), 1003),
    "not UTF-8": (frame(b"\xff\xfe"), 1007),
    "packed without being agreed": (frame(b"x", first_bits=0x40), 1002),
    "too big": (frame(b"x" * 3_000), 1009),
    "too big in fragments": (frame(b"x", is_last=False) + frame(b"x" * 1_999, 0) * 2, 1009),
    "endless empty fragments": (
        frame(b"", is_last=False) + frame(b"", 0, is_last=False) * 50,
        1009,
    ),
    "a fragment of nothing": (frame(b"x", 0), 1002),
    "a message within a message": (frame(b"x", is_last=False) + frame(b"y"), 1002),
    "not masked": (b"\x81\x01x", 1002),
    "an unknown kind": (frame(b"x", 5), 1002),
    "a long ping": (frame(b"x" * 126, 9), 1002),
    "a bug of ours": (frame(b"fail"), 1011),
}


@pytest.mark.parametrize(("sent", "code"), BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_bad_frames_close_the_socket_with_a_reason(play: Play, sent: bytes, code: int) -> None:
    """And the session hears that its client is gone."""

    async def scene() -> None:
        async with open_door(limits=DoorLimits(frame_bytes=2_000, linger_seconds=BRIEF)) as here:
            wire = await here.connect()
            await wire.upgraded()
            await wire.frame()
            kind, payload = await wire.send(sent).frame()

            assert (kind, int.from_bytes(payload[:2])) == (8, code)
            await asyncio.wait_for(here.gateway.closed.wait(), 10)

    play(scene())


REFUSED_UPGRADES: Final = {
    "an unknown path": (upgrade("/nowhere"), 404),
    "an HTTP path": (upgrade("/echo"), 404),
    "another page's script": (upgrade(extra="Origin: https://evil.example\r\n"), 403),
    "an old version": (upgrade().replace(b"Version: 13", b"Version: 12"), 426),
    "a short key": (upgrade().replace(b"Key: ", b"Key: ="), 400),
    "a body": (upgrade(extra="Content-Length: 5\r\n"), 400),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED_UPGRADES.values(), ids=REFUSED_UPGRADES)
def test_a_wrong_upgrade_is_refused_over_http(play: Play, sent: bytes, status: int) -> None:
    """No socket is opened, and no session."""

    async def scene() -> None:
        async with open_door() as here:
            assert (await here.ask(sent)).status == status
            assert here.gateway.conversations == []

    play(scene())


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1", "https://ok.example"]
)
def test_local_and_listed_pages_may_connect(play: Play, origin: str) -> None:
    """A dashboard on this machine is a client like any other."""

    async def scene() -> None:
        async with open_door(limits=DoorLimits(origins=("https://ok.example",))) as here:
            reply = await (await here.connect()).upgraded(extra=f"Origin: {origin}\r\n")

            assert reply.status == 101

    play(scene())


def test_frames_of_one_turn_leave_in_order(play: Play) -> None:
    """They share one write; nothing of that is to be seen."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            await wire.upgraded()
            await wire.frame()
            wire.send(frame(b"burst 5000"))

            heard = [(await wire.frame())[1] for _ in range(5_000)]

            assert heard == [b"frame %d" % number for number in range(5_000)]

    play(scene())


def test_a_session_says_its_last_words_before_it_leaves(play: Play) -> None:
    """What was queued goes out before the goodbye, and the client may answer it."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            await wire.upgraded()
            await wire.frame()
            wire.send(frame(b"leave"))

            assert await wire.frame() == (1, b"last words")
            assert await wire.frame() == (8, (4001).to_bytes(2) + b"enough")
            assert await wire.send(frame((4001).to_bytes(2), 8)).everything() == b""
            await asyncio.wait_for(here.gateway.closed.wait(), 10)

    play(scene())


def test_a_goodbye_is_returned(play: Play) -> None:
    """With the client's own code, even one that no standard knows."""

    async def scene() -> None:
        async with open_door() as here:
            wire = await here.connect()
            await wire.upgraded()
            await wire.frame()

            assert await wire.send(frame((4321).to_bytes(2), 8)).frame() == (8, (4321).to_bytes(2))
            assert await wire.everything() == b""

    play(scene())


def test_a_reader_that_stays_slow_is_cut_off(play: Play) -> None:
    """Its feed would pile up here; others hear theirs meanwhile."""

    async def scene() -> None:
        limits = DoorLimits(socket_buffer_bytes=1_000_000, linger_seconds=BRIEF)
        async with open_door(limits=limits) as here:
            slow, quick = await here.connect(), await here.connect()
            for wire in (slow, quick):
                await wire.upgraded()
                await wire.frame()
            slow.stop_reading()
            slow.send(frame(b"flood"))

            await asyncio.wait_for(here.gateway.closed.wait(), 10)

            assert here.door.metrics.cut == 1
            assert await quick.send(frame(b"still here")).frame() == (1, b"still here")

    play(scene())


def test_a_client_that_is_no_longer_there_is_noticed(play: Play) -> None:
    """It is asked, and its silence is the answer."""

    async def scene() -> None:
        limits = DoorLimits(ping_seconds=BRIEF, pong_seconds=BRIEF)
        async with open_door(limits=limits) as here:
            wire = await here.connect()
            await wire.upgraded()
            await wire.frame()

            assert (await wire.frame())[0] == 9  # and we do not answer
            await asyncio.wait_for(here.gateway.closed.wait(), 10)

    play(scene())


# ---- TLS


def test_the_same_is_served_over_tls_to_who_trusts_this_machine(play: Play, tmp_path: Path) -> None:
    """Some clients speak only https and wss."""
    tls = server_context(tmp_path)
    trusting = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")

    async def scene() -> None:
        async with open_door(tls=tls) as here:
            wire = await here.connect(trusting)
            assert (await wire.send(get("/echo?secret")).reply()).body == b"secret"
            assert (await wire.upgraded(tail=frame(b"early"))).status == 101
            assert [await wire.frame(), await wire.frame()] == [(1, b"hello "), (1, b"early")]
            wire.send(frame(b"burst 3000"))
            assert [(await wire.frame())[1] for _ in range(3_000)][-1] == b"frame 2999"
            with pytest.raises(ssl.SSLCertVerificationError):
                await here.connect(ssl.create_default_context())

    play(scene())


def test_too_large_a_body_is_refused_over_tls_as_well(play: Play, tmp_path: Path) -> None:
    """TLS cannot close one half only; the reply arrives all the same."""
    tls = server_context(tmp_path)
    trusting = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")

    async def scene() -> None:
        async with open_door(tls=tls, limits=DoorLimits(linger_seconds=BRIEF)) as here:
            wire = (await here.connect(trusting)).send(post("/echo", b"a" * 3_000_000))

            assert (await wire.reply()).status == 413

    play(scene())


# ---- closing time


def test_a_graceful_stop_answers_what_was_accepted(play: Play) -> None:
    """Replies under way arrive, the idle are let go, sockets hear 1001, nobody comes in."""

    async def scene() -> None:
        async with open_door() as here:
            busy = (await here.connect()).send(get("/wait") + get("/echo?accepted"))
            idle = await here.connect()
            await idle.send(get("/echo?1")).reply()
            talking = await here.connect()
            await talking.upgraded()
            await talking.frame()
            await here.gateway.entered.wait()

            stopping = asyncio.create_task(here.door.stop(10))
            assert await idle.everything() == b""
            kind, payload = await talking.frame()
            talking.send(frame(payload, 8))
            with pytest.raises(ConnectionRefusedError):
                await here.connect()
            assert not stopping.done()
            here.gateway.release.set()

            assert (await busy.reply()).body == b"waited"
            last = await busy.reply()
            assert (last.body, last.headers["connection"]) == (b"accepted", "close")
            assert (kind, payload[:2]) == (8, (1001).to_bytes(2))
            await busy.close()
            await asyncio.wait_for(stopping, 10)

    play(scene())


def test_a_stop_does_not_wait_for_ever(play: Play) -> None:
    """After the grace the door closes over whoever is left."""

    async def scene() -> None:
        async with open_door() as here:
            stuck = (await here.connect()).send(get("/wait"))
            await here.gateway.entered.wait()

            await asyncio.wait_for(here.door.stop(BRIEF), 10)

            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await stuck.reply()

    play(scene())


# ---- what is written down


def test_requests_are_logged_and_counted(play: Play) -> None:
    """Good ones, refused ones and lost ones."""

    async def scene() -> None:
        async with open_door() as here:
            await here.ask(get("/echo?signature=abc"))
            await here.ask(get("/nowhere"))
            await here.ask(b"nonsense\r\n\r\n")
            rows = here.door.request_log.newest()
            refused = here.door.request_log.newest(refused=True)
            text = here.door.metrics.text().decode()

            assert [(row.method, row.path, row.status) for row in reversed(rows)][:2] == [
                ("GET", "/echo", 200),
                ("GET", "/nowhere", 404),
            ]
            assert [row.status for row in refused] == [rows[0].status, 404]
            assert refused[0].why_refused
            assert "signature" not in json.dumps([str(row) for row in rows])
            assert 'endpoint="echo",gateway="test",le="+Inf",status="200"} 1.0' in text

    play(scene())


async def somebody_left(metrics: Metrics, stay: int) -> None:
    """Turn the loop until no more than `stay` connections are open."""
    while metrics.connections > stay:  # noqa: ASYNC110 - a counter is all that is public
        await asyncio.sleep(0)


async def lost(connecting: Coroutine[None, None, Wire], target: str) -> bool:
    """Whether a request ends without a reply."""
    wire = await connecting
    wire.send(get(target))
    try:
        return await wire.everything() == b""
    except ConnectionResetError:
        return True
