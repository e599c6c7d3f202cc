"""A wire that keeps what is asked or said, and answers or tells what it was told."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from openvenue.ems.config import ApiKind, Credentials, VenueAccount
from openvenue.ems.connectors.http import Http, Socket
from openvenue.ems.connectors.port import Silent
from openvenue.ems.orders import ExchangeId
from openvenue.engine.units import AccountId


class Asked(NamedTuple):
    """One request."""

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def form(self) -> dict[str, str]:
        """The members of a form body."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class PaperSocket(Socket):
    """Tells frames in turn; an exception is raised."""

    def __init__(self, frames: Sequence[object]) -> None:
        self.frames = list(frames)
        self.said: list[Any] = []

    async def say(self, message: object) -> None:
        self.said.append(message)

    async def hear(self) -> bytes:
        frame: Any = self.frames.pop(0) if self.frames else Silent("nothing was heard in time")
        if isinstance(frame, Exception):
            raise frame
        return json.dumps(frame).encode()

    async def wait(self, ping: object) -> bytes:
        return await self.hear()


class PaperWire(Http):
    """Answers in turn; an exception is raised. `sockets` are opened in turn, too."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.sockets: list[PaperSocket] = []
        self.paths: list[str] = []  # of sockets
        self.is_closed = False

    @asynccontextmanager
    async def talk(self, path: str) -> AsyncIterator[Socket]:
        self.paths.append(path)
        yield self.sockets[len(self.paths) - 1]

    async def ask(
        self,
        method: str,
        target: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        self.asked.append(Asked(method, target, body or b"", headers or {}))
        answer: Any = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return json.dumps(answer).encode()

    async def close(self) -> None:
        self.is_closed = True


def account(api: ApiKind, key: str, secret: str) -> VenueAccount:
    """Credentials that mean nothing."""
    return VenueAccount(
        owner=AccountId("ann"),
        exchange_id=ExchangeId("X"),
        api=api,
        base_url="http://127.0.0.1:1",
        credentials=Credentials(key, secret),
    )
