"""Plays conversations with Pacifica, written as `tests/conformance/transcript.py` describes.

What is different here:

    ann > POST /path {"symbol": …}        a body, signed with Ann's key as what the path does
    agent for ann > POST /path {…}        the same by an agent, in Ann's name
    ann as cancel_order > POST /path {…}  signed as something else
    nobody > POST /path {…}               sent as it stands
    nobody > GET /path?account=$ann       a question
    ann ws+ create_order {…}              a signed operation, under the id "1" and up
    ann ws= TEXT                          the next frame, to the letter
    ann ~> POST /path {…}                 a body whose answer is not waited for
    ann ~<                                now it is; it must be there without time passing
    stop                                  the venue halts; its gateway goes on
    hold 200ms                            at the beginning: markets have a speed bump

`timestamp` and `expiry_window` are the market's time and 5,000 unless the body has them; null
leaves one out. `$ann` is Ann's address.
"""

import asyncio
import json
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from openvenue.engine.commands import PassTime, SetIndexPrice, SetMarkPrice, SetMode
from openvenue.engine.instruments import IndexId, Mode
from openvenue.engine.units import Nanos, Symbol
from openvenue.gateways.pacifica import DEFAULT, Profile
from openvenue.gateways.pacifica.auth import sign
from openvenue.gateways.pacifica.operations import BY_PATH
from openvenue.gateways.pacifica.times import millis
from openvenue.gateways.wire import Request, Response
from tests.conformance.pacifica.scene import KEYS, Scene
from tests.conformance.transcript import UNITS, read

PATIENCE_SECONDS: Final = 5
BASE: Final = "/api/v1/"
STEP: Final = re.compile(
    r"([a-z]+)(?: for ([a-z]+))?(?: as ([a-z_]+))? (>|~>|ws>|ws\+|ws<|ws=) (.*)"
)
ACTIONS: Final = {
    "Create": "create_order",
    "CreateMarket": "create_market_order",
    "Cancel": "cancel_order",
    "CancelStopOrder": "cancel_stop_order",
    "Edit": "edit_order",
    "SetPositionTpsl": "set_position_tpsl",
}


class Player:
    """Plays one transcript in a world of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Any] = {name: address for name, (address, _) in KEYS.items()}
        self._response: Response | None = None
        self._operations = 0
        self._asked: dict[str, asyncio.Task[Response]] = {}

    async def play(self) -> None:
        """All of it. Raises: AssertionError: an answer was another one."""
        lines = list(read(self._path))
        limits: Literal["production", "off"] = "off"
        settings: dict[str, Any] = {"book_interval_ms": 0, "prices_interval_ms": 0}
        hold = Nanos(0)
        while lines and lines[0].text.partition(" ")[0] in ("limits", "profile", "hold"):
            word, _, rest = lines.pop(0).text.partition(" ")
            if word == "hold":
                hold = Nanos(_nanos(rest))
            elif word == "limits":
                limits = "production" if rest == "production" else "off"
            else:
                name, _, value = rest.partition("=")
                settings[name] = json.loads(value)
        profile = msgspec.convert({**msgspec.to_builtins(DEFAULT), **settings}, Profile)
        scene = await Scene.open(limits, profile, hold)
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
            case "<":
                self._expect(rest)
            case "wait":
                await scene.wait(_nanos(rest))
            case "mode":
                symbol, mode = rest.split()
                await scene.tell(SetMode(symbol=Symbol(symbol), mode=Mode[mode]))
            case "intake":
                scene.disk.room = 0 if rest == "closed" else sys.maxsize
            case "index":
                index, price = rest.split()
                await scene.tell(SetIndexPrice(index=IndexId(index), price=Decimal(price)))
            case "mark":
                symbol, price = rest.split()
                await scene.tell(SetMarkPrice(symbol=Symbol(symbol), price=Decimal(price)))
            case _ if rest == "~<":
                async with asyncio.timeout(PATIENCE_SECONDS):
                    self._response = await self._asked.pop(first)
            case "stop":
                await scene.exchange.close()
            case _:
                found = STEP.fullmatch(text)
                assert found is not None, "no such step"
                await self._speak(scene, *found.groups())

    async def _speak(
        self,
        scene: Scene,
        actor: str,
        principal: str | None,
        operation: str | None,
        verb: str,
        rest: str,
    ) -> None:
        if verb in (">", "~>"):
            rest = self._fill_in(rest)
            method, path, *body = rest.split(" ", 2)
            path, _, query = path.partition("?")
            name = operation or BY_PATH.get(path.removeprefix(BASE), ("",))[0]
            data = b""
            if body:
                data = body[0].encode()
                if name == "batch_orders":
                    data = self._signed_batch(scene, actor, json.loads(data))
                elif actor != "nobody":
                    data = self._signed(scene, actor, principal, name, json.loads(data))
            headers = {"content-type": "application/json"}
            now = Nanos(scene.clock.wall())
            request = Request(method, path, query.encode(), headers, data, "127.0.0.1", now, {})
            if verb == ">":
                self._response = await scene.ask(request)
            else:
                await self._ask_and_go_on(scene, actor, request)
        elif verb == "ws>":
            scene.socket(actor)[0].receive(self._fill_in(rest).encode())
        elif verb == "ws+":
            name, _, told = self._fill_in(rest).partition(" ")
            if name == "batch_orders":
                signed = self._signed_batch(scene, actor, json.loads(told))
            else:
                signed = self._signed(scene, actor, principal, operation or name, json.loads(told))
            self._operations += 1
            frame = b'{"id":"%d","params":{"%b":%b}}' % (self._operations, name.encode(), signed)
            scene.socket(actor)[0].receive(frame)
        else:
            await self._hear(scene, actor, rest, is_exact=verb == "ws=")

    async def _ask_and_go_on(self, scene: Scene, actor: str, request: Request) -> None:
        """Until the venue has journaled something of it."""
        told = asyncio.Event()
        leave = scene.exchange.subscribe(lambda _: told.set())
        self._asked[actor] = asyncio.create_task(scene.ask(request))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await told.wait()
        leave()

    def _signed_batch(self, scene: Scene, actor: str, body: dict[str, Any]) -> bytes:
        """Each action is signed for itself, the batch is not."""
        for action in body["actions"] if isinstance(body.get("actions"), list) else []:
            operation = ACTIONS.get(action.get("type"))
            if operation is not None and "data" in action:
                data = self._signed(scene, actor, None, operation, action["data"])
                action["data"] = json.loads(data)
        return json.dumps(body).encode()

    def _signed(
        self, scene: Scene, actor: str, principal: str | None, operation: str, body: dict[str, Any]
    ) -> bytes:
        """A body with its header. A signature that the transcript gives is left alone."""
        address, key = KEYS[actor]
        head: dict[str, Any] = {
            "account": KEYS[principal][0] if principal else address,
            "timestamp": millis(scene.clock.wall()),
            "expiry_window": 5000,
        }
        for name in ("timestamp", "expiry_window"):
            if name in body:
                head[name] = body.pop(name)
                if head[name] is None:
                    del head[name]
        whole = {**head, **body}
        if principal:
            whole["agent_wallet"] = address
        whole.setdefault("signature", sign(key, operation, whole))
        return json.dumps(whole).encode()

    def _expect(self, text: str) -> None:
        response = self._response
        assert response is not None, "nothing was asked"
        status, _, expected = text.partition(" ")
        assert response.status == int(status), f"{response.status} {response.body!r}"
        if expected.startswith("="):
            assert response.body.decode() == self._fill_in(expected[1:]), response.body
        elif expected.startswith("@"):
            name, _, value = expected[1:].partition("=")
            assert dict(response.headers).get(name) == value, response.headers
        elif expected:
            got = json.loads(response.body, parse_float=Decimal)
            self._compare(json.loads(expected, parse_float=Decimal), got, "")

    async def _hear(self, scene: Scene, actor: str, expected: str, *, is_exact: bool) -> None:
        wire = scene.socket(actor)[1]
        if expected == "nothing":
            await scene.tell(PassTime())
            for _ in range(20):
                await asyncio.sleep(0)
            assert wire.frames.empty(), wire.frames.get_nowait()
            return
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame = await wire.frames.get()
        if is_exact:
            assert frame.decode() == self._fill_in(expected), f"\n{frame.decode()}"
            return
        got = json.loads(frame, parse_float=Decimal)
        self._compare(json.loads(expected, parse_float=Decimal), got, "")

    def _fill_in(self, text: str) -> str:
        return re.sub(r"\$([a-z_0-9]+)", lambda it: str(self._found[it[1]]), text)

    def _compare(self, expected: Any, got: Any, where: str) -> None:
        """Whether `got` says at least what is expected."""
        if isinstance(expected, str) and expected.startswith("$"):
            name = expected[1:]
            assert self._found.setdefault(name, got) == got, f"{where}: {got!r} is not {expected}"
        elif isinstance(expected, str) and "$" in expected:
            filled = self._fill_in(expected)
            assert filled == got, f"{where}: {got!r} is not {filled!r}"
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
        elif expected != "*":
            is_same = expected == got and isinstance(expected, bool) == isinstance(got, bool)
            assert is_same, f"{where}: {got!r} is not {expected!r}"


def _nanos(text: str) -> int:
    """A span of time as a transcript writes it."""
    found = re.fullmatch(r"([0-9]+)([a-z]+)", text)
    assert found is not None, text
    return int(found[1]) * UNITS[found[2]]
