"""Conversations that anyone who knows the API can read, and what plays them.

    # A comment.
    limits production                     settings of the world, before anything else
    profile cancel_all_quirk=true
    hold 20ms                             the linear perpetual has maker protection
    ladder quarters                       its wallet is first liquidated by quarters
    mode PF_XBTUSD SUSPENDED              what happens to the market
    index XBT:USD 51000
    mark PF_XBTUSD 51000
    announce MAINTENANCE HIGH 3600 30 x   kind, priority, seconds from the beginning, minutes, text
    announce MARKET/SUSPENDED …           the same, and all markets go into that mode then
    retract 1                             that notice stands no more
    conditions PF_XBTUSD ABOVE 2          where its price is, and how much more margin it takes
    intake closed                         the disk is full, or `open`: it is not
    wait 5s                               market time passes
    venue stops                           and answers nobody
    ann > POST /path name=value …         a request, signed with Ann's key
        < 200 {…}                         its answer, at least; more lines may follow
        <! 200 {…}                        one that is known, and not of the published schemas
    ann ~> POST /path …                   one whose answer is not waited for
    ann ~<                                now it is; it must be there without time passing
    nobody > GET /path                    unsigned
    ann > POST /path … @nonce=5           with a header
    ann ws> {…}                           a frame that Ann sends
    ann ws< {…}                           the next frame that she hears, at least
    ann ws< nothing                       she hears no more

In an answer `"$name"` stands for whatever is there the first time, and for the same after that;
`"*"` for anything; `"absent"` for a field that is not there. Lists are compared whole. In what is
sent `$name` is what was found, `$sign:name` that text signed as a challenge with the sender's key.
An `error` is compared up to `": "` where the transcript has no colon.
"""

import asyncio
import hashlib
import hmac
import json
import re
import shlex
import sys
from base64 import b64encode
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from openvenue.engine.commands import (
    Announce,
    PassTime,
    RetractNotice,
    SetConditions,
    SetIndexPrice,
    SetMarkPrice,
    SetMode,
)
from openvenue.engine.instruments import Dislocation, IndexId, Mode, Rung
from openvenue.engine.notices import NoticeKind, Priority
from openvenue.engine.units import SECOND, Nanos, Symbol
from openvenue.gateways.kraken_futures.auth import sign
from openvenue.gateways.kraken_futures.profile import DEFAULT, Profile
from openvenue.gateways.wire import JSON, Request, Response
from openvenue.testing.clock import START
from tests.conformance.kraken_futures.schemas import check_answer
from tests.conformance.scene import LADDER, LADDERS, SECRETS, Scene

PATIENCE_SECONDS: Final = 5
HEADERS: Final = ("limits", "profile", "hold", "ladder")
SOCKET: Final = "/ws/v1"
UNITS: Final = {"ms": 10**6, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}


def _nanos(text: str) -> Nanos:
    amount, unit = re.fullmatch(r"([0-9]+)([a-z]+)", text).groups()  # type: ignore[union-attr]
    return Nanos(int(amount) * UNITS[unit])


class Line(NamedTuple):
    """One step of a conversation, and where it is written."""

    number: int
    text: str


def read(path: Path) -> Iterator[Line]:
    """The steps of a transcript. What an answer says may go on over indented lines."""
    pending: Line | None = None
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        text = raw.split(" # ")[0] if raw.lstrip().startswith("#") is False else ""
        if not text.strip():
            continue
        goes_on = raw.startswith(" ") and not text.lstrip().startswith(("< ", "<! "))
        if goes_on and pending is not None:
            pending = Line(pending.number, f"{pending.text} {text.strip()}")
            continue
        if pending is not None:
            yield pending
        pending = Line(number, text.strip())
    if pending is not None:
        yield pending


class Player:
    """Plays one transcript in a world of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Any] = {}
        self._response: Response | None = None
        self._request: Request | None = None
        self._asked: dict[str, tuple[Request, asyncio.Task[Response]]] = {}  # by actor
        self.heard: list[tuple[str, Any]] = []  # every answer by its path, and every frame

    async def play(self) -> None:
        """All of it. Raises: AssertionError: an answer was another one."""
        lines = list(read(self._path))
        limits: Literal["production", "off"] = "off"
        settings: dict[str, Any] = {}
        hold = Nanos(0)
        ladder: tuple[Rung, ...] = LADDER
        while lines and lines[0].text.partition(" ")[0] in HEADERS:
            word, _, rest = lines.pop(0).text.partition(" ")
            if word == "limits":
                limits = "production" if rest == "production" else "off"
            elif word == "hold":
                hold = _nanos(rest)
            elif word == "ladder":
                ladder = LADDERS[rest]
            else:
                name, _, value = rest.partition("=")
                settings[name] = json.loads(value)
        profile = msgspec.convert({**msgspec.to_builtins(DEFAULT), **settings}, Profile)
        scene = await Scene.open(limits, profile, hold, ladder)
        try:
            for line in lines:
                try:
                    await self._step(scene, line.text)
                except AssertionError as error:
                    where = f"{self._path.name}:{line.number}: {line.text}"
                    raise AssertionError(f"{where}\n{error}") from error
        finally:
            await scene.close()

    async def _step(self, scene: Scene, text: str) -> None:
        first, _, rest = text.partition(" ")
        match first:
            case "<" | "<!":
                self._expect(rest, is_published=first == "<")
            case "wait":
                await scene.wait(_nanos(rest))
            case "mode":
                symbol, mode = rest.split()
                await scene.tell(SetMode(symbol=Symbol(symbol), mode=Mode[mode]))
            case "venue":
                assert rest == "stops"
                await scene.stop()
            case "intake":
                scene.disk.room = 0 if rest == "closed" else sys.maxsize
            case "index":
                index, price = rest.split()
                await scene.tell(SetIndexPrice(index=IndexId(index), price=Decimal(price)))
            case "announce":
                kind, priority, begins, minutes, note = rest.split(" ", 4)
                kind, _, closes = kind.partition("/")
                await scene.tell(
                    Announce(
                        kind=NoticeKind[kind],
                        priority=Priority[priority],
                        text=note,
                        effective=None if begins == "-" else Nanos(START + int(begins) * SECOND),
                        downtime_minutes=None if minutes == "-" else int(minutes),
                        closes=Mode[closes] if closes else None,
                    )
                )
            case "retract":
                await scene.tell(RetractNotice(notice_id=int(rest)))
            case "conditions":
                symbol, way, multiplier = rest.split()
                await scene.tell(
                    SetConditions(
                        symbol=Symbol(symbol),
                        dislocation=Dislocation[way],
                        margin_multiplier=int(multiplier),
                    )
                )
            case "mark":
                symbol, price = rest.split()
                await scene.tell(SetMarkPrice(symbol=Symbol(symbol), price=Decimal(price)))
            case _:
                verb, _, rest = rest.partition(" ")
                if verb == ">":
                    self._request = self._read_request(scene, first, rest)
                    self._response = await scene.ask(self._request)
                elif verb == "~>":
                    await self._ask_and_go_on(scene, first, rest)
                elif verb == "~<":
                    self._request, task = self._asked.pop(first)
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        self._response = await task
                elif verb == "ws>":
                    scene.socket(first)[0].receive(self._fill_in(rest, first).encode())
                elif verb == "ws<":
                    await self._hear(scene, first, rest)
                else:
                    raise AssertionError("no such step")

    async def _ask_and_go_on(self, scene: Scene, actor: str, text: str) -> None:
        """Until the venue has journaled something of it."""
        told = asyncio.Event()
        leave = scene.exchange.subscribe(lambda _: told.set())
        request = self._read_request(scene, actor, text)
        task = asyncio.create_task(scene.ask(request))
        self._asked[actor] = (request, task)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await told.wait()
        leave()
        assert not task.done(), "it was answered at once"

    def _read_request(self, scene: Scene, actor: str, text: str) -> Request:
        method, path, *words = shlex.split(self._fill_in(text, actor))
        headers: dict[str, str] = {}
        pairs: list[tuple[str, str]] = []
        for word in words:
            name, _, value = word.partition("=")
            if name.startswith("@"):
                headers[name[1:].lower()] = value
            else:
                pairs.append((name, value))
        data = urlencode(pairs, quote_via=quote).encode()
        query, body = (data, b"") if method == "GET" else (b"", data)
        if body:
            headers.setdefault("content-type", "application/x-www-form-urlencoded")
        if actor != "nobody":
            headers.setdefault("apikey", f"key-{actor}")
            signature = sign(SECRETS[actor], data, headers.get("nonce", ""), path)
            headers.setdefault("authent", signature)
        return Request(method, path, query, headers, body, "127.0.0.1", scene.clock.wall(), {})

    def _expect(self, text: str, *, is_published: bool) -> None:
        response, request = self._response, self._request
        assert response is not None and request is not None, "nothing was asked"
        status, _, expected = text.partition(" ")
        got: Any = None
        if response.body and response.content_type == JSON:
            got = json.loads(response.body, parse_float=Decimal)
        elif response.body:
            got = response.body.decode()
        self.heard.append((request.path, got))
        assert response.status == int(status), f"{response.status} {response.body!r}"
        if expected:
            self._compare(json.loads(expected, parse_float=Decimal), got, "")
        if is_published:
            check_answer(request.path, got)

    async def _hear(self, scene: Scene, actor: str, expected: str) -> None:
        wire = scene.socket(actor)[1]
        await scene.tell(PassTime())
        if expected == "nothing":
            for _ in range(10):
                await asyncio.sleep(0)
            assert wire.frames.empty(), wire.frames.get_nowait()
            return
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame = await wire.frames.get()
        got = json.loads(frame, parse_float=Decimal)
        self.heard.append((SOCKET, got))
        self._compare(json.loads(expected, parse_float=Decimal), got, "")

    def _fill_in(self, text: str, actor: str) -> str:
        def value(match: re.Match[str]) -> str:
            if match["sign"]:
                message = str(self._found[match["name"]]).encode()
                digest = hmac.digest(SECRETS[actor], hashlib.sha256(message).digest(), "sha512")
                return b64encode(digest).decode()
            return str(self._found[match["name"]])

        return re.sub(r"\$(?P<sign>sign:)?(?P<name>[a-z_0-9]+)", value, text)

    def _compare(self, expected: Any, got: Any, where: str) -> None:
        """Whether `got` says at least what is expected."""
        if isinstance(expected, str) and expected.startswith("$"):
            name = expected[1:]
            assert self._found.setdefault(name, got) == got, f"{where}: {got!r} is not {expected}"
        elif isinstance(expected, dict):
            assert isinstance(got, dict), f"{where}: {got!r}"
            for name, value in expected.items():
                if value == "absent":
                    assert name not in got, f"{where}.{name}: {got[name]!r}"
                    continue
                assert name in got, f"{where}.{name} is missing in {got!r}"
                self._compare(value, got[name], f"{where}.{name}")
        elif isinstance(expected, list):
            assert isinstance(got, list), f"{where}: {got!r}"
            assert len(expected) == len(got), f"{where}: {len(got)} entries in {got!r}"
            for place, (one, other) in enumerate(zip(expected, got, strict=True)):
                self._compare(one, other, f"{where}[{place}]")
        elif where == ".error" and isinstance(got, str) and ": " not in str(expected):
            assert got.partition(": ")[0] == expected, f"{where}: {got!r}"
        elif expected != "*":
            is_same = expected == got and isinstance(expected, bool) == isinstance(got, bool)
            assert is_same, f"{where}: {got!r} is not {expected!r}"
