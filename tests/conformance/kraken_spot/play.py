"""Plays conversations with Kraken Spot, written as `tests/conformance/transcript.py` describes.

What is different here: every private request gets its owner's next nonce unless it has one;
`json={…}` sends that text as the body; `ann at /auth/v2` says where Ann's socket goes, and
`ann ws= TEXT` wants the next frame to be exactly that text.
"""

import asyncio
import json
import re
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

import msgspec

from openvenue.engine.commands import PassTime, SetIndexPrice, SetMode
from openvenue.engine.instruments import IndexId, Mode
from openvenue.engine.units import Symbol
from openvenue.gateways.kraken_spot.auth import sign
from openvenue.gateways.kraken_spot.profile import DEFAULT, Profile
from openvenue.gateways.wire import Request, Response
from tests.conformance.kraken_spot.scene import SECRETS, Scene
from tests.conformance.transcript import UNITS, read

PATIENCE_SECONDS: Final = 5
FIRST_NONCE: Final = 1_767_225_600_000


class Player:
    """Plays one transcript in a world of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Any] = {}
        self._nonces: dict[str, int] = {}
        self._response: Response | None = None

    async def play(self) -> None:
        """All of it. Raises: AssertionError: an answer was another one."""
        lines = list(read(self._path))
        limits: Literal["production", "off"] = "off"
        settings: dict[str, Any] = {}
        while lines and lines[0].text.partition(" ")[0] in ("limits", "profile"):
            word, _, rest = lines.pop(0).text.partition(" ")
            if word == "limits":
                limits = "production" if rest == "production" else "off"
            else:
                name, _, value = rest.partition("=")
                settings[name] = json.loads(value)
        profile = msgspec.convert({**msgspec.to_builtins(DEFAULT), **settings}, Profile)
        scene = await Scene.open(limits, profile)
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
                amount, unit = re.fullmatch(r"([0-9]+)([a-z]+)", rest).groups()  # type: ignore[union-attr]
                await scene.wait(int(amount) * UNITS[unit])
            case "mode":
                symbol, mode = rest.split()
                await scene.tell(SetMode(symbol=Symbol(symbol), mode=Mode[mode]))
            case "index":
                index, price = rest.split()
                await scene.tell(SetIndexPrice(index=IndexId(index), price=Decimal(price)))
            case _:
                verb, _, rest = rest.partition(" ")
                if verb == ">":
                    await self._ask(scene, first, rest)
                elif verb == "at":
                    scene.paths[first] = rest
                elif verb == "ws>":
                    scene.socket(first)[0].receive(self._fill_in(rest).encode())
                elif verb in ("ws<", "ws="):
                    await self._hear(scene, first, rest, is_exact=verb == "ws=")
                else:
                    raise AssertionError("no such step")

    async def _ask(self, scene: Scene, actor: str, text: str) -> None:
        method, path, *words = shlex.split(self._fill_in(text))
        headers: dict[str, str] = {}
        pairs: list[tuple[str, str]] = []
        raw: dict[str, Any] | None = None
        for word in words:
            name, _, value = word.partition("=")
            if name.startswith("@"):
                headers[name[1:].lower()] = value
            elif name == "json":
                raw = json.loads(value)
            else:
                pairs.append((name, value))
        nonce = dict(pairs).get("nonce") if raw is None else raw.get("nonce")
        if nonce is None and actor != "nobody" and "private" in path:
            nonce = self._nonces[actor] = self._nonces.get(actor, FIRST_NONCE) + 1
            if raw is None:
                pairs.insert(0, ("nonce", str(nonce)))
            else:
                raw = {"nonce": nonce, **raw}
        data = urlencode(pairs, quote_via=quote).encode()
        query, body = (data, b"") if method == "GET" else (b"", data)
        headers["content-type"] = "application/x-www-form-urlencoded"
        if raw is not None:
            body = json.dumps(raw).encode()
            headers["content-type"] = "application/json"
        if actor != "nobody":
            headers.setdefault("api-key", f"key-{actor}")
            headers.setdefault("api-sign", sign(SECRETS[actor], path, str(nonce or ""), body))
        request = Request(method, path, query, headers, body, "127.0.0.1", scene.clock.wall(), {})
        self._response = await scene.ask(request)

    def _expect(self, text: str) -> None:
        response = self._response
        assert response is not None, "nothing was asked"
        status, _, expected = text.partition(" ")
        assert response.status == int(status), f"{response.status} {response.body!r}"
        got = json.loads(response.body, parse_float=Decimal)
        assert bool(got["error"]) != ("result" in got), "a failure has no result, a success has"
        if expected:
            self._compare(json.loads(expected, parse_float=Decimal), got, "")

    async def _hear(self, scene: Scene, actor: str, expected: str, *, is_exact: bool) -> None:
        wire = scene.socket(actor)[1]
        await scene.tell(PassTime())
        if expected == "nothing":
            for _ in range(10):
                await asyncio.sleep(0)
            assert wire.frames.empty(), wire.frames.get_nowait()
            return
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame = await wire.frames.get()
        if is_exact:
            assert frame.decode() == self._fill_in(expected), f"\n{frame.decode()}"
            return
        self._compare(
            json.loads(expected, parse_float=Decimal), json.loads(frame, parse_float=Decimal), ""
        )

    def _fill_in(self, text: str) -> str:
        return re.sub(r"\$([a-z_0-9]+)", lambda it: str(self._found[it[1]]), text)

    def _compare(self, expected: Any, got: Any, where: str) -> None:
        """Whether `got` says at least what is expected."""
        if isinstance(expected, str) and expected.startswith("$"):
            name = expected[1:]
            assert self._found.setdefault(name, got) == got, f"{where}: {got!r} is not {expected}"
        elif isinstance(expected, dict):
            assert isinstance(got, dict), f"{where}: {got!r}"
            for name, value in expected.items():
                if name.startswith("$"):
                    name = str(self._found[name[1:]])
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
