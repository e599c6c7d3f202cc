"""Messages in and out of a WebSocket while faults are planned."""

import asyncio
from typing import Final

import pytest

from openvenue.faults.fault import Fault, Kind
from openvenue.faults.plan import FaultPlan
from openvenue.gateways.faulty_socket import Spoiler, names_of
from openvenue.gateways.wire import Request, Response, Trouble
from tests.unit.gateways.door_doubles import request

BRIEF: Final = 0.002  # seconds; a delay that a test waits for
PATIENCE: Final = 5


class PaperWire:
    """What a session heard and a client was sent."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.sent: list[bytes] = []
        self.ends: list[object] = []
        self._moved = asyncio.Event()

    def hear(self, payload: bytes) -> None:
        self.heard.append(payload)
        self._moved.set()

    def write(self, frames: list[bytes]) -> None:
        self.sent += frames
        self._moved.set()

    def cut(self, frame: bytes) -> None:
        self.ends.append(("cut", frame))

    def hang(self) -> None:
        self.ends.append("hang")

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.ends.append(code)

    def abort(self) -> None:
        self.ends.append("abort")

    async def until(self, heard: int = 0, sent: int = 0) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.heard) < heard or len(self.sent) < sent:
                self._moved.clear()
                await self._moved.wait()


class Words:
    """A gateway with words for trouble."""

    name = "kraken_spot"
    paths = ("/ws",)

    def claimed(self, request: Request) -> str:
        return request.headers.get("who", "")

    def shows_key(self, request: Request) -> bool:
        return "who" in request.headers

    def claimed_by(self, frame: bytes) -> str | None:
        return "ann" if b"signature" in frame else None

    def subject(self, frame: bytes) -> str:
        return self.claimed_by(frame) or ("bob" if b"bob" in frame else "")

    def trouble(self, trouble: Trouble, request: Request) -> Response:
        raise AssertionError("over HTTP only")

    def trouble_frame(self, trouble: Trouble, frame: bytes) -> bytes:
        return b"%b to %b" % (trouble.encode(), frame)


class Scene:
    """A spoiler between a paper wire and whoever writes on it."""

    def __init__(self, *faults: Fault) -> None:
        self.plan = FaultPlan(faults)
        self.wire = PaperWire()
        self.request = request("GET", "/ws")
        self.spoiler = Spoiler(self.wire, self.plan, Words(), self.request)

    def tell(self, *frames: bytes) -> None:
        self.wire.write(self.spoiler.leave(list(frames)))


ORDER: Final = b'{"method":"add_order"}'
TRADE: Final = b'{"channel":"trade"}'
BOOK: Final = b'{"channel":"book"}'


@pytest.mark.parametrize(
    ("frame", "names"),
    [
        (b'{"method":"subscribe","params":{"channel":"book","depth":10}}', ["subscribe", "book"]),
        (b'{"event":"subscribe","feed":"fills"}', ["subscribe", "fills"]),
        (b'{"id":"1","params":{"cancel_order":{}}}', ["cancel_order"]),
        (b'{"method":"subscribe","params":{"source":"prices"}}', ["subscribe", "prices"]),
        (b'{"type":"ORDER_NEW_SINGLE_REQUEST"}', ["ORDER_NEW_SINGLE_REQUEST"]),
        (b'{"method":1}', []),
        (b"[]", []),
        (b"\xff", []),
    ],
)
def test_a_message_goes_by_what_its_api_calls_it(frame: bytes, names: list[str]) -> None:
    """One selector for methods, events, channels, feeds and types."""
    assert names_of(frame) == names


async def test_without_a_fault_of_its_own_a_message_passes() -> None:
    """Also while others have one."""
    scene = Scene(
        Fault(kind=Kind.CLOSE, method="cancel_all"),
        Fault(kind=Kind.STALE, method="x", delay_seconds=1),
    )

    scene.spoiler.arrive(ORDER)
    scene.tell(TRADE, BOOK)

    assert (scene.wire.heard, scene.wire.sent) == ([ORDER], [TRADE, BOOK])


async def test_a_wrong_checksum_is_all_that_is_wrong() -> None:
    """Of messages that have one, as often as was planned."""
    scene = Scene(Fault(kind=Kind.BAD_CHECKSUM, count=2, method="book"))
    checked = b'{"channel":"book","data":[{"bids":[],"checksum":%d}]}'

    scene.tell(TRADE, BOOK, checked % 12, checked % 0, checked % 12)

    assert scene.wire.sent == [TRADE, BOOK, checked % 13, checked % 1, checked % 12]
    assert scene.plan.planned()[0].struck == 2


async def test_a_message_that_shows_no_key_meets_no_revoked_one() -> None:
    """Nor does one of somebody else."""
    scene = Scene(Fault(kind=Kind.REVOKED_KEY, account="ann", count=0))
    signed = b'{"params":{"signature":""}}'

    scene.spoiler.arrive(ORDER)
    scene.spoiler.arrive(signed)

    assert scene.wire.heard == [ORDER]
    assert scene.wire.sent == [b"revoked to " + signed]
    assert scene.plan.planned()[0].struck == 1


async def test_a_late_message_keeps_those_behind_it_waiting() -> None:
    """Latency of a line does not change the order of what is on it."""
    scene = Scene(Fault(kind=Kind.DELAY, method="add_order", delay_seconds=BRIEF))

    for frame in (ORDER, b"1", b"2"):
        scene.spoiler.arrive(frame)
    assert scene.wire.heard == []
    await scene.wire.until(heard=3)

    assert scene.wire.heard == [ORDER, b"1", b"2"]
    assert scene.request.note["fault"] == "1 delay"


async def test_two_late_messages_are_late_one_after_the_other() -> None:
    """Each has its own delay, and the order stays."""
    scene = Scene(Fault(kind=Kind.DELAY, count=2, delay_seconds=BRIEF))

    for frame in (b"1", b"2", b"3"):
        scene.spoiler.arrive(frame)
    await scene.wire.until(heard=3)

    assert scene.wire.heard == [b"1", b"2", b"3"]
    assert scene.plan.planned()[0].struck == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(kind=Kind.STATUS, status=504), b"504 to " + ORDER),
        (Fault(kind=Kind.RATE_LIMIT), b"rate_limit to " + ORDER),
        (Fault(kind=Kind.MAINTENANCE), b"maintenance to " + ORDER),
        (Fault(kind=Kind.STATUS, body="<html>"), b"<html>"),
    ],
)
async def test_trouble_answers_in_place_of_the_venue(fault: Fault, said: bytes) -> None:
    """The message is not handled."""
    scene = Scene(fault)

    scene.spoiler.arrive(ORDER)

    assert (scene.wire.heard, scene.wire.sent) == ([], [said])


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        (Fault(kind=Kind.CLOSE), "abort"),  # which clients call 1006
        (Fault(kind=Kind.CLOSE, close_code=1008), 1008),
        (Fault(kind=Kind.REFUSE), "abort"),
        (Fault(kind=Kind.HANG), "hang"),
    ],
)
async def test_a_connection_ends_before_a_message_is_handled(fault: Fault, end: object) -> None:
    """Nothing was done, and the client cannot know."""
    scene = Scene(fault)

    scene.spoiler.arrive(ORDER)

    assert (scene.wire.heard, scene.wire.ends) == ([], [end])


async def test_a_socket_that_hangs_hears_and_says_nothing_any_more() -> None:
    """As when the machine at the other end is gone."""
    scene = Scene(Fault(kind=Kind.HANG, method="add_order"))

    scene.spoiler.arrive(ORDER)
    scene.spoiler.arrive(b"2")
    scene.tell(TRADE)

    assert (scene.wire.heard, scene.wire.sent) == ([], [])


async def test_a_message_is_lost_on_its_way_out() -> None:
    """It was done, and nobody told: the sequence has a hole."""
    scene = Scene(Fault(kind=Kind.LOSE_REPLY, method="trade"))

    scene.tell(BOOK, TRADE, BOOK, TRADE)

    assert scene.wire.sent == [BOOK, BOOK, TRADE]


async def test_a_message_comes_twice() -> None:
    """Whoever adds up fills counts one of them double."""
    scene = Scene(Fault(kind=Kind.REPEAT_REPLY, method="trade"))

    scene.tell(TRADE, BOOK)

    assert scene.wire.sent == [TRADE, TRADE, BOOK]


async def test_a_message_changes_places_with_the_next_one() -> None:
    """Also when that one comes in a later turn."""
    scene = Scene(Fault(kind=Kind.REORDER, method="trade", count=2))

    scene.tell(TRADE, b"1", b"2")
    scene.tell(TRADE)
    assert scene.wire.sent == [b"1", TRADE, b"2"]
    scene.tell(b"3")

    assert scene.wire.sent == [b"1", TRADE, b"2", b"3", TRADE]


async def test_a_message_with_nothing_behind_it_comes_all_the_same() -> None:
    """Reordered is not lost."""
    scene = Scene(Fault(kind=Kind.REORDER, delay_seconds=BRIEF))

    scene.tell(TRADE)
    await scene.wire.until(sent=1)

    assert scene.wire.sent == [TRADE]


async def test_a_stale_message_comes_behind_what_is_newer() -> None:
    """A client that takes the last one for the newest has an old book."""
    scene = Scene(Fault(kind=Kind.STALE, method="book", delay_seconds=BRIEF))

    scene.tell(BOOK, b"1")
    scene.tell(b"2")
    assert scene.wire.sent == [b"1", b"2"]
    await scene.wire.until(sent=3)

    assert scene.wire.sent == [b"1", b"2", BOOK]


async def test_a_late_reply_keeps_its_place() -> None:
    """The line is slow; it does not mix things up. What was on it arrives after `clear`, too."""
    scene = Scene(Fault(kind=Kind.LATE_REPLY, method="book", delay_seconds=BRIEF))

    scene.tell(b"0", BOOK, b"1")
    scene.tell(b"2")
    scene.plan.clear()
    assert scene.wire.sent == [b"0"]
    await scene.wire.until(sent=4)

    assert scene.wire.sent == [b"0", BOOK, b"1", b"2"]


async def test_a_frame_is_cut_and_nothing_follows() -> None:
    """The client has half of it, and an end."""
    scene = Scene(Fault(kind=Kind.CUT_REPLY, method="trade"))

    scene.tell(BOOK, TRADE, BOOK)
    scene.tell(BOOK)

    assert (scene.wire.sent, scene.wire.ends) == ([BOOK], [("cut", TRADE)])


async def test_an_account_is_known_once_its_owner_has_said_so() -> None:
    """On a socket that is when it subscribes, and before that by the key of its upgrade, if any."""
    scene = Scene(Fault(kind=Kind.LOSE_REPLY, account="ann", count=0))

    scene.tell(b"1")
    scene.request.note["account"] = "bob"
    scene.tell(b"2")
    scene.request.note["account"] = "ann"
    scene.tell(b"3")

    assert scene.wire.sent == [b"1", b"2"]


async def test_a_message_is_of_whom_it_is_about() -> None:
    """Before anybody has checked it, and whoever else the socket is of."""
    scene = Scene(Fault(kind=Kind.STATUS, account="bob", count=0))
    scene.request.note["account"] = "ann"

    scene.spoiler.arrive(ORDER)
    scene.spoiler.arrive(b'{"method":"subscribe","params":{"account":"bob"}}')

    assert scene.wire.heard == [ORDER]
    assert len(scene.wire.sent) == 1


async def test_what_is_held_back_for_a_client_who_has_left_is_forgotten() -> None:
    """A timer would keep it, and write to nobody."""
    scene = Scene(Fault(kind=Kind.STALE, delay_seconds=3_600))
    scene.tell(TRADE)
    (timer,) = scene.spoiler._timers.values()

    scene.spoiler.close()

    assert timer.cancelled()


async def test_a_line_holds_back_so_much_and_no_more() -> None:
    """A delay must not be a way to fill the memory."""
    scene = Scene(Fault(kind=Kind.LATE_REPLY, delay_seconds=3_600))

    scene.tell(TRADE)
    scene.tell(*[BOOK] * 50_000)

    assert scene.wire.ends == ["abort"]
    scene.spoiler.close()
