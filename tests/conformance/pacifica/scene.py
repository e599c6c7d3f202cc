"""Where conversations are played: three accounts, four markets, one venue in memory.

Ann and Bob have a million dollars and a hundred SOL each, Eve has twenty dollars. An agent may act
for Ann. Bitcoin starts at 50,000, and market time stands still at the beginning of 2026 until a
transcript lets it pass.
"""

import asyncio
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from openvenue.engine.commands import (
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    PassTime,
    SetIndexPrice,
)
from openvenue.engine.instruments import (
    Asset,
    FeeTier,
    Funding,
    IndexId,
    Instrument,
    Kind,
    MarginLevel,
    Rung,
    RungKind,
    TwapRule,
    WalletId,
)
from openvenue.engine.units import AccountId, AssetId, Atoms, Lots, Nanos, Ppb, Symbol, Ticks
from openvenue.exchange.clock import VirtualClock
from openvenue.exchange.exchange import Exchange
from openvenue.gateways.pacifica import DEFAULT, Pacifica, Profile, WalletRing, make_pacifica_key
from openvenue.gateways.pacifica.limits import Limits
from openvenue.gateways.wire import Request, Response, Session
from openvenue.history.history import History, open_history
from openvenue.journal.memory import MemoryJournal
from openvenue.journal.records import Envelope
from openvenue.testing.clock import START, still_clock
from openvenue.testing.worlds import exchange_of

USDC: Final = AssetId("USDC")
SOL: Final = AssetId("SOL")
CROSS: Final = WalletId("cross")
SPOT: Final = WalletId("spot")
FEES: Final = (FeeTier(0, Ppb(150_000), Ppb(400_000)),)
FUNDING: Final = Funding(
    divisor=8,
    rate_max=Ppb(40_000_000),
    sample=Nanos(5 * 10**9),
    interest=Ppb(100_000),
    band=Ppb(500_000),
    impact_notional=20_000,
    accrues=False,
)
TWO_THIRDS: Final = Ppb(666_666_667)
LADDER: Final = (  # Ann is the backstop liquidator
    Rung(
        kind=RungKind.MARKET,
        above=TWO_THIRDS,
        leaves=TWO_THIRDS,
        parts=5,
        parts_from=100_000,
        tries=5,
        fee=Ppb(7_500_000),
        fee_of_maintenance=Ppb(400_000_000),
    ),
    Rung(kind=RungKind.BACKSTOP, above=Ppb(0), below=TWO_THIRDS, account=AccountId("ann")),
    Rung(kind=RungKind.UNWIND, below=Ppb(0)),
)
TWAPS: Final = TwapRule(
    interval=Nanos(30 * 10**9),
    shortest=Nanos(60 * 10**9),
    longest=Nanos(86_400 * 10**9),
    open_max=4,
)
PRICES: Final = {"BTC": "50000", "SOL": "150", "kBONK": "0.02"}


def perpetual(name: str, tick: str, lot: str, leverage: int) -> Instrument:
    """A contract of one margin level."""
    initial = 10**9 // leverage
    return Instrument(
        symbol=Symbol(name),
        kind=Kind.LINEAR,
        base=AssetId(name),
        quote=USDC,
        settlement=USDC,
        wallet=CROSS,
        index=IndexId(f"{name}:USD"),
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        settlement_scale=6,
        base_scale=9,
        max_quantity=Lots(10**9),
        max_price=Ticks(1_000_000),
        margin_levels=(MarginLevel(0, Ppb(initial), Ppb(initial // 2)),),
        fee_tiers=FEES,
        min_notional=Decimal(10),
        max_notional=Decimal(5_000_000),
        collar=Decimal("0.3"),
        opened=START,
        trims_reducers=False,
        funding=FUNDING,
        ladder=LADDER,
        twap=TWAPS,
    )


PAIR: Final = Instrument(
    symbol=Symbol("SOL-USDC"),
    kind=Kind.SPOT,
    base=SOL,
    quote=USDC,
    settlement=USDC,
    wallet=SPOT,
    index=IndexId("SOL:USD"),
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.001"),
    settlement_scale=6,
    base_scale=9,
    max_quantity=Lots(10**9),
    max_price=Ticks(1_000_000),
    margin_levels=(),
    fee_tiers=FEES,
    min_notional=Decimal(10),
    max_notional=Decimal(1_000_000),
    opened=START,
)
MARKETS: Final = (
    perpetual("BTC", "1", "0.00001", 50),
    perpetual("SOL", "0.01", "0.001", 20),
    perpetual("kBONK", "0.000001", "10", 10),
    PAIR,
)
ACCOUNTS: Final = {"ann": 1_000_000, "bob": 1_000_000, "eve": 20}
KEYS: Final = {
    "ann": make_pacifica_key(bytes(range(1, 33))),
    "bob": make_pacifica_key(bytes(range(33, 65))),
    "eve": make_pacifica_key(b"\x01" * 32),
    "agent": make_pacifica_key(b"\x07" * 32),
    "ghost": make_pacifica_key(b"\x09" * 32),  # has a wallet, and no account at this venue
    "stranger": make_pacifica_key(b"\x08" * 32),
}


def world(hold: Nanos = Nanos(0)) -> Sequence[Command]:
    """What the venue is told before its first client."""
    commands: list[Command] = [ListAsset(asset=Asset(USDC, 6))]
    commands += [ListAsset(asset=Asset(AssetId(name), 9)) for name in PRICES]
    bump = {"hold": hold, "holds_triggers": False, "holds_batches": True}
    commands += [ListInstrument(instrument=replace(it, **bump)) for it in MARKETS]
    commands += [
        SetIndexPrice(index=IndexId(f"{name}:USD"), price=Decimal(price))
        for name, price in PRICES.items()
    ]
    for name, dollars in ACCOUNTS.items():
        account = AccountId(name)
        commands += [
            OpenAccount(account=account, family=account, max_open_orders=20),
            Deposit(account=account, wallet=CROSS, asset=USDC, amount=Atoms(dollars * 10**6)),
            Deposit(account=account, wallet=SPOT, asset=USDC, amount=Atoms(dollars * 10**6)),
            Deposit(account=account, wallet=SPOT, asset=SOL, amount=Atoms(100 * 10**9)),
        ]
    return commands


def wallets() -> WalletRing:
    """A wallet for everyone, and Ann's agent."""
    addresses = {KEYS[name][0]: AccountId(name) for name in (*ACCOUNTS, "ghost")}
    return WalletRing(addresses, {KEYS["ann"][0]: (KEYS["agent"][0],)})


class Disk(MemoryJournal):
    """A journal whose disk can be full."""

    room = sys.maxsize

    def free_bytes(self) -> int:
        """What is left."""
        return self.room


class Wire:
    """A client's end of a socket: what it was sent, in order."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.goodbye: tuple[int, str] | None = None

    def send(self, frame: bytes) -> None:
        """One frame."""
        self.frames.put_nowait(frame)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """The server says goodbye."""
        self.goodbye = code, reason


class Scene:
    """A venue with its gateway; requests go in as values, and no socket is opened."""

    def __init__(
        self,
        clock: VirtualClock,
        disk: Disk,
        exchange: Exchange,
        history: History,
        gateway: Pacifica,
    ) -> None:
        self.clock: Final = clock
        self.disk: Final = disk
        self.exchange: Final = exchange
        self.history: Final = history
        self.gateway: Final = gateway
        self.sessions: Final[dict[str, tuple[Session, Wire]]] = {}

    @classmethod
    async def open(
        cls, limits: Limits = "off", profile: Profile = DEFAULT, hold: Nanos = Nanos(0)
    ) -> "Scene":
        """A new world."""
        clock = still_clock()
        disk = Disk()
        exchange = await exchange_of(world(hold), clock, journal=disk)
        history = open_history(None, exchange)
        gateway = Pacifica(exchange, history, wallets(), clock, limits, profile)
        await gateway.start()
        return cls(clock, disk, exchange, history, gateway)

    async def close(self) -> None:
        """The end of the world."""
        for session, _ in self.sessions.values():
            session.closed()
        self.gateway.close()
        await self.history.close()
        await self.exchange.close()

    async def tell(self, command: Command) -> None:
        """Something that is no client's doing."""
        await self.exchange.submit(command, Envelope("test"))

    async def wait(self, nanos: int) -> None:
        """Let market time pass."""
        self.clock.advance(nanos)
        await self.tell(PassTime())

    async def ask(self, request: Request) -> Response:
        """A request as the door would pass it on."""
        handler = self.gateway.route(request.method, request.path)
        if handler is None:
            response = self.gateway.refusal(request.path, 404, "not found")
            assert response is not None, "a path of this API"
            return response
        return await handler(request)

    def socket(self, actor: str) -> tuple[Session, Wire]:
        """The actor's connection, opened when it is first used."""
        if actor not in self.sessions:
            wire = Wire()
            request = Request("GET", "/ws", b"", {}, b"", "127.0.0.1", Nanos(START), {})
            opened = self.gateway.socket("/ws")
            assert opened is not None
            self.sessions[actor] = (opened(request, wire), wire)
        return self.sessions[actor]
