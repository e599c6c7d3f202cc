"""What holds for every stream of bytes, however it is cut and whatever is wrong with it."""

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.serve import Door
from openvenue.gateways.wire import Handler, OpenSession, Request, Response
from tests.unit.gateways.door_doubles import PaperTransport, connect, replies

LIMITS = DoorLimits(url_bytes=300, header_bytes=1_000, header_count=20, body_bytes=400)
LATER = 3  # every third request waits for a turn of the loop


class Echo:
    """Says what it heard; now and then a turn of the loop later."""

    name = "echo"

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes, bytes]] = []

    def route(self, method: str, path: str) -> Handler | None:
        return self.echo

    def socket(self, path: str) -> OpenSession | None:
        return None

    async def echo(self, request: Request) -> Response:
        self.heard.append((request.method, request.query, request.body))
        if len(self.heard) % LATER == 0:
            await asyncio.sleep(0)
        return Response(200, request.query + request.body)


def plain_get(number: int) -> bytes:
    return b"GET /a?%d HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n" % number


def sized_post(number: int) -> bytes:
    body = b"b" * number
    return b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (number, body)


def chunked_post(number: int) -> bytes:
    head = b"POST /c HTTP/1.1\r\nhost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (number + 1, b"c" * (number + 1))


def odd_upgrade(number: int) -> bytes:
    head = b"POST /d?%d HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" % number
    return head + b"Content-Length: 3\r\n\r\nddd"


requests = st.builds(
    lambda make, number: make(number),
    st.sampled_from([plain_get, sized_post, chunked_post, odd_upgrade]),
    st.integers(0, 200),
)
streams = st.lists(requests, min_size=1, max_size=12).map(b"".join)


async def play(data: bytes, cuts: list[int]) -> tuple[Echo, PaperTransport]:
    """Send `data`, cut at the given places, and wait for all that it leads to."""
    echo = Echo()
    connection, paper = connect(Door([echo], limits=LIMITS))
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        if start < end and not paper.is_closing():
            connection.data_received(data[start:end])
    while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - handlers own no event to wait for
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return echo, paper


@given(streams, st.lists(st.integers(0, 10_000), max_size=30))
@settings(max_examples=150, deadline=None)
def test_it_does_not_matter_how_the_network_cuts_a_stream(data: bytes, cuts: list[int]) -> None:
    """The same requests are heard and the same replies given as in one piece."""
    whole, whole_paper = asyncio.run(play(data, []))
    parts, parts_paper = asyncio.run(play(data, cuts))

    assert parts.heard == whole.heard
    assert replies(parts_paper) == replies(whole_paper) == [200] * len(whole.heard)
    assert len(whole.heard) == data.count(b" HTTP/1.1\r\n")


@given(
    streams,
    st.lists(st.integers(0, 10_000), max_size=5),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=8)), min_size=1, max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_no_bytes_break_the_door(
    data: bytes, cuts: list[int], wounds: list[tuple[int, bytes]]
) -> None:
    """Whatever is damaged: good replies first, at most one refusal, and then the end."""
    for place, bytes_there in wounds:
        at = place % len(data)
        data = data[:at] + bytes_there + data[at + len(bytes_there) :] or b"\x00"
    echo, paper = asyncio.run(play(data, cuts))
    said = replies(paper)

    refused = [status for status in said if status >= 400]
    assert set(said) - set(refused) <= {100, 200}
    assert len(refused) <= 1
    assert said[len(said) - len(refused) :] == refused
    assert 500 not in said
    assert said.count(200) == len(echo.heard)
    if refused:
        assert paper.is_closing() or paper.has_eof
