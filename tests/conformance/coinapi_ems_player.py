"""Conversations with CoinAPI EMS that anyone who knows the API can read, and what plays them.

    # A comment.
    profile reject_content_type="appliction/json"     settings, before anything else
    venue down                            nobody takes its connections
    venue silent                          it takes them, and does not answer
    venue stubborn                        it says yes to cancels, and keeps its orders
    venue up                              all is well again
    venue refuses insufficientFunds       the next order, in these words
    venue adds                            an order that stands there and is not of this desk
    time passes 2001-09-10T00:00:00Z      until then
    ann > POST /path {…}                  a request with Ann's key
    nobody > GET /path                    one without
        < 200 {…}                         its answer, at least; more lines may follow
    until GET /path                       Ann asks until the answer is the one that follows
    ann opens /v1?argument=value          a WebSocket, with her key; nobody opens one without
        < 401 {…}                         or what is answered instead
    ann says {…}                          one message of hers
    ann hears {…}                         a message that has come, or comes, and says at least this
    ann has heard all                     nothing else has come
    ann leaves                            her connection is gone
    heart beats                           once
    venue holds 3                         of its first asset
    venue closes                          its position
    venue ends                            its oldest open order
        <type application/json            the content type of that answer

In an answer `"$name"` stands for whatever is there the first time, and for the same after that;
`"*"` for anything; `"absent"` for a member that is not there. Lists are compared whole.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from openvenue.ems.connectors.port import Silent, Unreachable, VenueRefused
from openvenue.ems.desk import Ems
from openvenue.ems.times import read_time
from openvenue.engine.units import Nanos
from openvenue.gateways.coinapi_ems import DEFAULT, CoinApiEms, Profile
from openvenue.gateways.wire import OpenSession, Request, Response
from tests.conformance.coinapi_ems_contract import OUTSIDE, check_answer, check_message
from tests.unit.ems.scene import ANN, BOB, BOBS, CONFIG, FUTURES, SPOT, PaperVenue, ToldTime

KEYS = {"key-ann": ANN, "key-bob": BOB}
NEVER_S = 3_600.0  # the heart beats when it is told to
TURNS_MAX = 1_000  # of asking again, before we believe that it never will be so


def read(path: Path) -> Iterator[tuple[int, str]]:
    """The steps of a transcript, numbered by line. An answer may go on over indented lines."""
    pending: tuple[int, str] | None = None
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        if raw.startswith(" ") and not text.startswith("<") and pending is not None:
            pending = (pending[0], f"{pending[1]} {text}")
            continue
        if pending is not None:
            yield pending
        pending = (number, text)
    if pending is not None:
        yield pending


class Ear:
    """One open WebSocket, and what has come over it."""

    def __init__(self, opens: OpenSession, asked: Request) -> None:
        self.heard: list[Any] = []
        self.session = opens(asked, self)

    def send(self, frame: bytes) -> None:
        message = json.loads(frame, parse_float=Decimal)
        check_message(message)
        self.heard.append(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        raise AssertionError(f"closed: {code} {reason}")

    def leave(self) -> None:
        """Hang up."""
        self.session.closed()


class Player:
    """Plays one transcript in a world of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Any] = {}
        self._response: Response | None = None
        self._venue = PaperVenue()
        self._keeps_to_contract = True
        self._time = ToldTime()
        self._again = ""  # what is asked until the answer is the expected one
        self._ears: dict[str, Ear] = {}

    async def play(self) -> None:
        """All of it. Raises: AssertionError: an answer was another one."""
        steps = list(read(self._path))
        settings: dict[str, Any] = {}
        while steps and steps[0][1].startswith("profile "):
            name, _, value = steps.pop(0)[1].removeprefix("profile ").partition("=")
            settings[name] = json.loads(value)
        profile = msgspec.convert({**msgspec.to_builtins(DEFAULT), **settings}, Profile)
        self._keeps_to_contract = not settings
        venues = {FUTURES: self._venue, SPOT: PaperVenue(), BOBS: PaperVenue()}
        desk = await Ems.open(None, CONFIG, self._time, venues)
        gateway = CoinApiEms(
            desk, KEYS, profile, trace=lambda: "d200e8b5-4271a5461ce5342f", beat_seconds=NEVER_S
        )
        try:
            for number, text in steps:
                try:
                    await self._step(gateway, text)
                except AssertionError as error:
                    where = f"{self._path.name}:{number}: {text}"
                    raise AssertionError(f"{where}\n{error}") from error
        finally:
            for ear in self._ears.values():
                ear.leave()
            await desk.close()

    async def _step(self, gateway: CoinApiEms, text: str) -> None:
        first, _, rest = text.partition(" ")
        match first:
            case "venue":
                self._tell(rest)
            case "time":
                at = read_time(rest.removeprefix("passes "))
                assert at is not None, rest
                self._time.pass_until(at)
            case "until":
                self._again = rest
            case "<" if self._again:
                await self._expect_in_the_end(gateway, rest)
            case "<":
                self._expect(rest)
            case "<type":
                assert self._response is not None
                assert self._response.content_type == rest, self._response.content_type
            case "heart":
                gateway.beat()
            case _ if rest.startswith(">"):
                await self._ask(gateway, first, rest.removeprefix("> "))
            case _:
                await self._talk(gateway, first, rest)

    def _tell(self, what: str) -> None:
        venue = self._venue
        word, _, rest = what.partition(" ")
        match word:
            case "down":
                venue.down = Unreachable("the exchange cannot be reached")
            case "silent":
                venue.down = Silent("no answer in time")
            case "up":
                venue.down, venue.mass_cancels_all, venue.relays = None, True, False
            case "stubborn":
                venue.mass_cancels_all, venue.relays = False, True
            case "refuses":
                venue.fail["place"] = [VenueRefused(rest)]
            case "adds":
                venue.add()
            case "holds":
                (held,) = venue.held
                venue.held = [replace(held, balance=Decimal(rest), available=Decimal(rest))]
            case "closes":
                venue.positioned = []
            case "ends":
                venue.end(next(iter(venue.open)))
            case _:
                raise AssertionError(f"no such step: {what}")

    async def _talk(self, gateway: CoinApiEms, actor: str, text: str) -> None:
        verb, _, rest = text.partition(" ")
        match verb:
            case "opens":
                path, _, query = rest.partition("?")
                headers = {} if actor == "nobody" else {"x-coinapi-key": f"key-{actor}"}
                asked = Request(
                    "GET", path, query.encode(), headers, b"", "127.0.0.1", Nanos(1), {}
                )
                self._response = gateway.turned_away(asked)
                opens = gateway.socket(path)
                assert opens is not None, path
                if self._response is None:
                    self._ears[actor] = Ear(opens, asked)
            case "says":
                self._ears[actor].session.receive(self._filled(rest).encode())
            case "hears":
                await self._hear(self._ears[actor], json.loads(rest, parse_float=Decimal))
            case "has":
                assert rest == "heard all", rest
                for _ in range(100):
                    await asyncio.sleep(0)
                assert self._ears[actor].heard == [], self._ears[actor].heard
            case "leaves":
                self._ears.pop(actor).leave()
            case _:
                raise AssertionError(f"no such step: {text}")

    async def _hear(self, ear: "Ear", expected: Any) -> None:
        """Take the first message that says at least this; others stay."""
        for _ in range(TURNS_MAX):
            for message in ear.heard:
                found = dict(self._found)
                try:
                    self._compare(expected, message, "")
                except AssertionError:
                    self._found = found
                else:
                    ear.heard.remove(message)
                    return
            await asyncio.sleep(0)
        raise AssertionError(f"heard only {json.dumps(ear.heard, default=str, indent=1)}")

    def _filled(self, text: str) -> str:
        return re.sub(r"\$(\w+)", lambda it: str(self._found[it[1]]), text)

    async def _ask(self, gateway: CoinApiEms, actor: str, text: str) -> None:
        method, _, rest = text.partition(" ")
        target, _, body = rest.partition(" ")
        target, body = self._filled(target), self._filled(body)
        path, _, query = target.partition("?")
        headers = {} if actor == "nobody" else {"x-coinapi-key": f"key-{actor}"}
        request = Request(
            method, path, query.encode(), headers, body.encode(), "127.0.0.1", Nanos(1), {}
        )
        handler = gateway.route(method, path)
        if handler is None:
            self._response = gateway.refusal(path, 404, "not found")
        else:
            self._response = await handler(request)
        is_theirs = not path.startswith(OUTSIDE)
        if self._keeps_to_contract and is_theirs and self._response is not None:
            answer = json.loads(self._response.body)
            status, content_type = self._response.status, self._response.content_type
            check_answer(method, path, status, content_type, answer)

    async def _expect_in_the_end(self, gateway: CoinApiEms, text: str) -> None:
        asked, self._again = self._again, ""
        for turn in range(TURNS_MAX):
            await self._ask(gateway, "ann", asked)
            try:
                self._expect(text)
            except AssertionError:
                if turn == TURNS_MAX - 1:
                    raise
            else:
                return

    def _expect(self, text: str) -> None:
        status, _, body = text.partition(" ")
        assert self._response is not None, "nothing was asked"
        said = self._response.body.decode()
        assert self._response.status == int(status), f"{self._response.status} {said}"
        if body:
            got = json.loads(said, parse_float=Decimal)
            self._compare(json.loads(body, parse_float=Decimal), got, "")

    def _compare(self, expected: Any, got: Any, where: str) -> None:
        """Whether `got` says at least what is expected."""
        if isinstance(expected, str) and expected.startswith("$"):
            assert self._found.setdefault(expected[1:], got) == got, f"{where}: {got!r}"
        elif isinstance(expected, dict):
            assert isinstance(got, dict), f"{where}: {got!r}"
            for name, value in expected.items():
                if value == "absent":
                    assert name not in got, f"{where}.{name}: {got[name]!r}"
                    continue
                assert name in got, f"{where}.{name} is missing in {got!r}"
                self._compare(value, got[name], f"{where}.{name}")
        elif isinstance(expected, list):
            assert isinstance(got, list) and len(expected) == len(got), f"{where}: {got!r}"
            for place, (one, other) in enumerate(zip(expected, got, strict=True)):
                self._compare(one, other, f"{where}[{place}]")
        elif expected != "*":
            assert expected == got and isinstance(expected, bool) == isinstance(got, bool), (
                f"{where}: {got!r} is not {expected!r}"
            )
