"""How the messages of a WebSocket fare while faults are planned, in and out.

A spoiler stands between a socket and its session from the first message that met a plan on. What it
holds back goes on when its time has come, whatever becomes of the plan meanwhile.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from openvenue.faults.fault import (
    AFTER,
    BEFORE,
    CHECKED,
    CHECKING,
    IN_ORDER,
    NO_GOODBYE,
    OF_KEYS,
    Kind,
)
from openvenue.faults.plan import FaultPlan, Strike
from openvenue.gateways.faulty_http import trouble_of
from openvenue.gateways.wire import Hurtable, Request

SWAP_SECONDS: Final = 1.0  # that a message waits for one to come after
CHECKSUM: Final = re.compile(rb'"checksum":([0-9]+)')
HELD_MAX: Final = 50_000  # messages held back; one more, and the connection ends


class Wire(Protocol):
    """The socket under a session."""

    def hear(self, payload: bytes) -> None:
        """Have the session answer a message."""

    def write(self, frames: list[bytes]) -> None:
        """Write these now."""

    def cut(self, frame: bytes) -> None:
        """Write half of a frame, and leave."""

    def hang(self) -> None:
        """Read and say nothing any more; the connection stays."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye, and close."""

    def abort(self) -> None:
        """Go now."""


class Named(Struct):
    """The members by which the four APIs name what a message is."""

    method: Any = None
    event: Any = None
    channel: Any = None
    feed: Any = None
    type: Any = None
    params: Any = None


def names_of(frame: bytes) -> list[str]:
    """What a message goes by: its method, event, channel, feed or type, and those of its params."""
    try:
        named = msgspec.json.decode(frame, type=Named)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return []
    found = [named.method, named.event, named.channel, named.feed, named.type]
    if isinstance(named.params, dict):
        found += [named.params.get("channel"), named.params.get("source")]
        if named.method is None and len(named.params) == 1:
            found += named.params  # an operation of Pacifica
    return [name for name in found if isinstance(name, str)]


class Spoiler:
    """The plan's hand on one socket."""

    def __init__(
        self, wire: Wire, plan: FaultPlan, words: Hurtable | None, request: Request
    ) -> None:
        self._wire = wire
        self._plan = plan
        self._words = words
        self._request = request
        self._loop = asyncio.get_running_loop()
        self._is_hung = False
        self._arriving: deque[bytes] = deque()  # behind a message that is late
        self._leaving: deque[bytes] = deque()
        self._swapped: list[bytes] = []  # for behind the next message
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._next = 0

    def close(self) -> None:
        """The client has left."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    # ---- in

    def arrive(self, payload: bytes) -> None:
        """A message of the client."""
        if self._is_hung:
            return
        if self._arriving:
            self._hold(self._arriving, [payload])
            return
        strike = self._take_before(payload) or self._take_of_keys(payload)
        if strike is None:
            self._wire.hear(payload)
        elif strike.delay_seconds:
            self._arriving.append(payload)
            self._later(strike.delay_seconds, lambda: self._arrive_late(strike))
        else:
            self._suffer(strike, payload)

    def _arrive_late(self, strike: Strike) -> None:
        self._suffer(strike, self._arriving.popleft())
        waiting, self._arriving = self._arriving, deque()
        while waiting and not self._is_hung:
            self.arrive(waiting.popleft())
            if self._arriving:  # one of them is late itself
                self._arriving += waiting
                return

    def _suffer(self, strike: Strike, payload: bytes) -> None:
        fault = strike.fault
        match fault.kind:
            case Kind.DELAY:
                self._wire.hear(payload)
            case Kind.REFUSE:
                self._wire.abort()
            case Kind.CLOSE if fault.close_code == NO_GOODBYE:
                self._wire.abort()
            case Kind.CLOSE:
                self._wire.close(fault.close_code)
            case Kind.HANG:
                self._is_hung = True
                self._wire.hang()
            case _ if fault.body is not None:
                self._wire.write([fault.body.encode()])
            case _:
                assert self._words is not None, "nothing strikes a gateway without words"
                self._wire.write([self._words.trouble_frame(trouble_of(fault), payload)])

    # ---- out

    def leave(self, frames: list[bytes]) -> list[bytes]:
        """What of these messages is to be written now."""
        if self._is_hung:
            return []
        if self._leaving:
            self._hold(self._leaving, frames)
            return []
        out: list[bytes] = []
        for place, frame in enumerate(frames):
            swapped, self._swapped = self._swapped, []
            strike = self._take(AFTER, frame) or self._take(IN_ORDER, frame)
            if strike is None and self._take_checked(frame):
                frame = CHECKSUM.sub(_another, frame)
            kind = None if strike is None else strike.fault.kind
            if strike is None:
                out.append(frame)
            elif kind is Kind.CUT_REPLY:
                self._wire.write(out)
                self._wire.cut(frame)
                self._is_hung = True
                return []
            elif kind is Kind.LATE_REPLY:
                self._leaving += [frame, *swapped, *frames[place + 1 :]]
                self._later(strike.delay_seconds, self._leave_late)
                return out
            elif kind is Kind.REPEAT_REPLY:
                out += [frame, frame]
            elif kind is Kind.REORDER:
                self._swapped = [frame]
                self._later(strike.delay_seconds or SWAP_SECONDS, self._leave_alone(frame))
            elif kind is Kind.STALE:
                self._later(strike.delay_seconds, self._write_one(frame))
            out += swapped
        return out

    def _leave_late(self) -> None:
        waiting, self._leaving = self._leaving, deque()
        first = waiting.popleft()
        self._wire.write([first, *self.leave(list(waiting))])

    def _leave_alone(self, frame: bytes) -> Callable[[], None]:
        def leave() -> None:
            if self._swapped and self._swapped[0] is frame:  # nothing came after it
                self._swapped = []
                self._wire.write([frame])

        return leave

    def _write_one(self, frame: bytes) -> Callable[[], None]:
        return lambda: self._wire.write([frame])

    # ---- both

    def _hold(self, queue: deque[bytes], frames: list[bytes]) -> None:
        queue += frames
        if len(queue) > HELD_MAX:
            self._wire.abort()

    def _take_before(self, frame: bytes) -> Strike | None:
        """What happens to a message of the client, who may say in this one who it is."""
        if self._words is None or not self._plan.has(BEFORE):
            return None
        return self._take(BEFORE, frame, self._words.subject(frame))

    def _take_of_keys(self, frame: bytes) -> Strike | None:
        """What happens to a message because of the key that it shows."""
        if self._words is None or not self._plan.has(OF_KEYS):
            return None
        who = self._words.claimed_by(frame)
        return None if who is None else self._take(OF_KEYS, frame, who)

    def _take_checked(self, frame: bytes) -> Strike | None:
        """What happens to a message that has a checksum."""
        if self._words is None or self._words.name != CHECKING or not self._plan.has(CHECKED):
            return None
        return self._take(CHECKED, frame) if CHECKSUM.search(frame) else None

    def _take(self, kinds: tuple[Kind, ...], frame: bytes, who: str = "") -> Strike | None:
        if self._words is None or not self._plan.is_armed:
            return None
        request = self._request
        who = who or request.note.get("account") or self._words.claimed(request)
        strike = self._plan.take(kinds, self._words.name, who, request.path, names_of(frame))
        if strike is not None:
            request.note["fault"] = strike.label
        return strike

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        number = self._next
        self._next += 1

        def do() -> None:
            self._timers.pop(number, None)
            act()

        self._timers[number] = self._loop.call_later(seconds, do)


def _another(found: re.Match[bytes]) -> bytes:
    """A checksum that is wrong: one bit of it, so that it has the same form."""
    return b'"checksum":%d' % (int(found[1]) ^ 1)
