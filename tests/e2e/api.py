"""What every venue can do, asked for in raw bytes: each API's own words are in `api_*.py`."""

import asyncio
import contextlib
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from random import Random
from typing import Any, ClassVar, Final, Literal, Self
from uuid import UUID

from msgspec import Struct

from openvenue.testing.server import Server
from tests.e2e.crash_ledger import Names
from tests.e2e.door_scene import Reply, Wire, frame
from tests.e2e.signed_client import PATIENCE_S, Line, request

JSON: Final = "application/json"
GONE: Final = (ConnectionError, asyncio.IncompleteReadError)  # what a killed server leaves
CLOSE: Final = 8  # opcodes
PING: Final = 9

Kind = Literal["limit", "ioc", "stop"]
Message = dict[str, Any]


class Wish(Struct, frozen=True):
    """An order that a client wants, in words that every API has some of its own for."""

    symbol: str
    side: Literal["buy", "sell"]
    size: Decimal
    price: int  # the limit, or of a stop its trigger
    kind: Kind
    name: str  # the client's own: a UUID, which all of them take


class Refusal(Exception):
    """The venue says no, in its own words."""


class Api(ABC):
    """One account at one venue, on connections of its own. Requests go one after the other."""

    venue: ClassVar[str]  # as its directory is called
    exchange_id: ClassVar[str]  # as the desk calls it
    mids: ClassVar[Mapping[str, int]]  # where the default world puts prices
    names: ClassVar[Names]
    has_switch: ClassVar[bool] = True  # a dead man's switch

    def __init__(self, server: Server, account: str) -> None:
        self.server = server
        self.account = account
        self._line: Line | None = None
        self._turn = asyncio.Lock()  # nonces arrive in the order in which they were made

    @abstractmethod
    async def place(self, wish: Wish) -> str:
        """Send an order; the venue's name for it. Raises: Refusal."""

    @abstractmethod
    async def cancel(self, order: str, wish: Wish) -> bool:
        """Cancel one; whether it was there to be canceled."""

    @abstractmethod
    async def cancel_all(self) -> int:
        """The button; how many orders the answer speaks of."""

    def presses(self) -> dict[str, Callable[[], Coroutine[Any, Any, int]]]:
        """Every way in which this API lets one press it."""
        return {"REST": self.cancel_all}

    @abstractmethod
    async def open_orders(self) -> set[str]:
        """All of the account."""

    async def arm(self, seconds: int) -> str:
        """The dead man's switch; its deadline as the API tells it."""
        raise NotImplementedError

    @abstractmethod
    async def listen(self, on_news: "News") -> "Listener":
        """A socket that hears of the account's orders."""

    @abstractmethod
    def says_unavailable(self, reply: Reply) -> bool:
        """Whether a reply is this API's word for a venue that does not answer."""

    @abstractmethod
    def question(self) -> bytes:
        """A request for the open orders."""

    @abstractmethod
    def button(self) -> bytes:
        """A request to cancel all."""

    # ---- for all of them

    async def reply(self, data: bytes) -> Reply:
        """The reply to a request, on a kept connection."""
        async with self._turn:
            if self._line is None:
                self._line = await Line.to(self.server)
            return await self._line.reply(data)

    async def ask(self, data: bytes) -> Message:
        """Its JSON."""
        reply = await self.reply(data)
        answer: Message = json.loads(reply.body)
        return answer

    async def leave(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None


class News:
    """What feeds told, by the venue's names."""

    def __init__(self) -> None:
        self.canceled: Counter[str] = Counter()  # because somebody asked for it
        self.trades: set[str] = set()
        self.fills: set[tuple[str, Decimal]] = set()  # orders, and how much of them had traded
        self.frames = 0


class Socket:
    """A WebSocket, frame by frame."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._sent: Mapping[str, object] = {}

    @classmethod
    async def to(cls, server: Server, path: str) -> Self:
        """Connect and upgrade."""
        wire = Wire(*await asyncio.open_connection("127.0.0.1", server.port))
        assert (await wire.upgraded(path)).status == 101
        return cls(wire)

    def send(self, message: Mapping[str, object]) -> None:
        """One message."""
        self._sent = message
        self._wire.send(frame(json.dumps(message).encode()))

    async def next(self) -> Message:
        """The next message, however long none comes. Raises: GONE."""
        while True:
            opcode, payload = await self._wire.frame_at_last()
            if opcode == CLOSE:
                raise ConnectionError("the server closed the socket")
            if opcode != PING:
                message: Message = json.loads(payload)
                return message

    async def until(self, is_wanted: Callable[[Message], bool]) -> Message:
        """The next message that is wanted. Raises: GONE, TimeoutError."""
        passed: list[Message] = []
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_wanted(message := await self.next()):
                    passed = [*passed[-9:], message]
        except TimeoutError:
            told = f"{PATIENCE_S:g} s without an answer to {self._sent}; last came {passed}"
            self.close()
            raise TimeoutError(told) from None
        except GONE:
            self.close()
            raise
        return message

    def close(self) -> None:
        """Leave at once."""
        self._wire.writer.transport.abort()


class Listener:
    """Hears to the end of its socket."""

    def __init__(
        self,
        socket: Socket,
        news: News,
        hear: Callable[[Message, News], None],
        marker: Mapping[str, object],
        is_mark: Callable[[Message], bool],
    ) -> None:
        self._socket = socket
        self._news = news
        self._hear = hear
        self._marker = marker
        self._is_mark = is_mark
        self._goal = 0  # cancels
        self._reached = asyncio.Event()
        self._marked = asyncio.Event()

    async def run(self) -> None:
        """Listen until the server is gone. Raises: GONE."""
        try:
            while True:
                message = await self._socket.next()
                self._news.frames += 1
                if self._is_mark(message):
                    self._marked.set()
                else:
                    self._hear(message, self._news)
                    self._note()
        finally:
            self._socket.close()

    async def catch_up(self, count: int) -> None:
        """Until `count` cancels were heard, and then the answer to one more question: whatever was
        told twice stood before it.
        """
        self._goal = count
        self._note()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._reached.wait()
                self._socket.send(self._marker)
                await self._marked.wait()
        except TimeoutError:
            heard, mark = self._news.canceled.total(), self._marked.is_set()
            raise TimeoutError(f"heard {heard} of {count} cancels; mark: {mark}") from None

    def _note(self) -> None:
        if self._news.canceled.total() >= self._goal:
            self._reached.set()
        else:
            self._reached.clear()


def wish(random: Random, mids: Mapping[str, int], *, far: bool = False) -> Wish:
    """Mostly near the middle, so that some trade and some rest; `far`: rests, or waits."""
    symbol = random.choice(tuple(mids))
    mid = mids[symbol]
    sign, side = random.choice(((1, "buy"), (-1, "sell")))
    kind = random.choice(("limit", "limit", "limit", "stop" if far else "ioc"))
    away = mid * random.randrange(30, 60) // 1000 if far else mid * random.randrange(-2, 6) // 1000
    if kind == "ioc":
        away = -abs(away)
    price = mid + sign * away if kind == "stop" else mid - sign * away
    assert side in ("buy", "sell") and kind in ("limit", "ioc", "stop")
    return Wish(
        symbol=symbol,
        side="buy" if sign > 0 else "sell",
        size=Decimal(random.randrange(10, 50)) / 1000,
        price=price,
        kind="stop" if kind == "stop" else "ioc" if kind == "ioc" else "limit",
        name=str(UUID(int=random.getrandbits(128), version=4)),
    )


def post_json(path: str, body: Mapping[str, object], head: str = "") -> bytes:
    """The bytes of a POST whose body is JSON; `head` holds whole header lines."""
    data = json.dumps(body).encode()
    return request(b"POST", path.encode(), data, head.encode(), JSON)


def get(path: str, head: str = "") -> bytes:
    """The bytes of a GET."""
    return request(b"GET", path.encode(), head=head.encode())


@contextlib.asynccontextmanager
async def heard(*listeners: Listener) -> Any:
    """Listeners at work; whatever fails them shows at the end."""
    tasks = [asyncio.create_task(listener.run()) for listener in listeners]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks) if tasks else None
    for task in tasks:
        if not task.cancelled():
            task.result()
