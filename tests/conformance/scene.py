"""Where conversations are played: four accounts, three markets, one venue in memory.

Ann and Bob are rich, Eve has ten dollars, Rob may only read Ann's account, Sid is her
subaccount and has a hundred, Tom has a key and no account. Bitcoin starts at 50,000 and market time
stands still at the beginning of 2026 until a transcript lets it pass.
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
    WalletId,
)
from openvenue.engine.units import AccountId, AssetId, Atoms, Lots, Nanos, Ppb, Symbol, Ticks
from openvenue.exchange.clock import VirtualClock
from openvenue.exchange.exchange import Exchange
from openvenue.gateways.kraken_futures import KrakenFutures
from openvenue.gateways.kraken_futures.asking import KeyRecord
from openvenue.gateways.kraken_futures.auth import KeyRing
from openvenue.gateways.kraken_futures.facts import Facts
from openvenue.gateways.kraken_futures.limits import Limits
from openvenue.gateways.kraken_futures.profile import DEFAULT, Profile
from openvenue.gateways.wire import Request, Response, Session
from openvenue.history.history import History, open_history
from openvenue.journal.memory import MemoryJournal
from openvenue.journal.records import Envelope
from openvenue.testing.clock import START, still_clock
from openvenue.testing.worlds import exchange_of

USD: Final = AssetId("USD")
XBT: Final = AssetId("XBT")
FLEX: Final = WalletId("flex")
INVERSE: Final = WalletId("fi_xbtusd")
INDEX: Final = IndexId("XBT:USD")
LEVELS: Final = (
    MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),
    MarginLevel(500_000, Ppb(40_000_000), Ppb(20_000_000)),
)
FEES: Final = (FeeTier(0, Ppb(200_000), Ppb(500_000)),)
FUNDING: Final = Funding(divisor=24, rate_max=Ppb(2_500_000), sample=Nanos(60 * 10**9))
MONTH: Final = 30 * 86_400 * 10**9

LADDER: Final = (
    Rung(kind=RungKind.MARKET),
    Rung(kind=RungKind.ASSIGNMENT),
    Rung(kind=RungKind.UNWIND),
)
QUARTERS: Final = Rung(kind=RungKind.PARTIAL, above=Ppb(0), parts=4, tries=3, fee=Ppb(5_000_000))
LADDERS: Final = {"quarters": (QUARTERS, *LADDER)}

LINEAR: Final = Instrument(
    symbol=Symbol("PF_XBTUSD"),
    kind=Kind.LINEAR,
    base=XBT,
    quote=USD,
    settlement=USD,
    wallet=FLEX,
    index=INDEX,
    tick_size=Decimal(1),
    lot_size=Decimal("0.0001"),
    settlement_scale=8,
    base_scale=10,
    max_quantity=Lots(10_000_000),
    max_price=Ticks(10_000_000),
    margin_levels=LEVELS,
    fee_tiers=FEES,
    max_position=Lots(12_000_000),
    min_notional=Decimal("10"),
    max_notional=Decimal(20_000_000),
    collar=Decimal("0.2"),
    impact_size=Lots(60),
    opened=START,
    funding=FUNDING,
    ladder=LADDER,
)
INVERSE_PERPETUAL: Final = Instrument(
    symbol=Symbol("PI_XBTUSD"),
    kind=Kind.INVERSE,
    base=XBT,
    quote=USD,
    settlement=XBT,
    wallet=INVERSE,
    index=INDEX,
    tick_size=Decimal("0.5"),
    lot_size=Decimal(1),
    settlement_scale=10,
    base_scale=10,
    max_quantity=Lots(20_000_000),
    max_price=Ticks(10_000_000),
    margin_levels=LEVELS,
    fee_tiers=FEES,
    opened=START,
    funding=FUNDING,
    ladder=LADDER,
)
DATED: Final = Instrument(
    symbol=Symbol("FI_XBTUSD_260130"),
    kind=Kind.INVERSE,
    base=XBT,
    quote=USD,
    settlement=XBT,
    wallet=INVERSE,
    index=INDEX,
    tick_size=Decimal("0.5"),
    lot_size=Decimal(1),
    settlement_scale=10,
    base_scale=10,
    max_quantity=Lots(20_000_000),
    max_price=Ticks(10_000_000),
    margin_levels=LEVELS,
    fee_tiers=FEES,
    opened=START,
    expires=Nanos(START + MONTH),
)
FACTS: Final = Facts(
    fee_schedule_uid="0c0ffee0-0000-4000-8000-000000000001",
    category="Layer 1",
    tags=("PERP",),
    isin="GB00J62YGL67",
    description="made up",
    platforms_permitted=("openvenue",),
    countries_banned=(),
    max_open_interest_usd=100_000_000,
    max_open_interest_share=Decimal("0.5"),
)
ACCOUNTS: Final = {"ann": 1_000_000, "bob": 1_000_000, "eve": 10, "sid": 100}
FAMILIES: Final = {"sid": AccountId("ann")}
MOST_ORDERS: Final = {"bob": 200}
SECRETS: Final = {
    name: bytes([place]) * 64
    for place, name in enumerate(["ann", "bob", "eve", "rob", "sid", "tom"])
}


def world(hold: Nanos = Nanos(0), ladder: tuple[Rung, ...] = LADDER) -> Sequence[Command]:
    """What the venue is told before its first client."""
    commands: list[Command] = [
        ListAsset(asset=Asset(USD, 8)),
        ListAsset(asset=Asset(XBT, 10, FLEX, INDEX, Ppb(30_000_000), Ppb(1_000_000))),
        ListInstrument(instrument=replace(LINEAR, hold=hold, ladder=ladder)),
        ListInstrument(instrument=INVERSE_PERPETUAL),
        ListInstrument(instrument=DATED),
        SetIndexPrice(index=INDEX, price=Decimal(50_000)),
    ]
    for name, dollars in ACCOUNTS.items():
        account = AccountId(name)
        commands += [
            OpenAccount(
                account=account,
                family=FAMILIES.get(name, account),
                max_open_orders=MOST_ORDERS.get(name, 20),
            ),
            Deposit(account=account, wallet=FLEX, asset=USD, amount=Atoms(dollars * 10**8)),
            Deposit(account=account, wallet=INVERSE, asset=XBT, amount=Atoms(dollars * 10**4)),
        ]
    return commands


def keys() -> KeyRing:
    """A key for everyone, named after its owner."""
    records = {
        f"key-{name}": KeyRecord(f"key-{name}", secret, AccountId(name))
        for name, secret in SECRETS.items()
    }
    records["key-rob"] = KeyRecord("key-rob", SECRETS["rob"], AccountId("ann"), "read_only")
    return KeyRing(records)


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
        self.is_closed = False

    def send(self, frame: bytes) -> None:
        """One frame."""
        self.frames.put_nowait(frame)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """The server says goodbye."""
        self.is_closed = True


class Scene:
    """A venue with its gateway; requests go in as values, and no socket is opened."""

    def __init__(
        self,
        clock: VirtualClock,
        disk: Disk,
        exchange: Exchange,
        history: History,
        gateway: KrakenFutures,
    ) -> None:
        self.clock: Final = clock
        self.disk: Final = disk
        self.exchange: Final = exchange
        self.history: Final = history
        self.gateway: Final = gateway
        self.sessions: Final[dict[str, tuple[Session, Wire]]] = {}

    @classmethod
    async def open(
        cls,
        limits: Limits = "off",
        profile: Profile = DEFAULT,
        hold: Nanos = Nanos(0),
        ladder: tuple[Rung, ...] = LADDER,
    ) -> "Scene":
        """A new world."""
        clock = still_clock()
        disk = Disk()
        exchange = await exchange_of(world(hold, ladder), clock, journal=disk)
        history = open_history(None, exchange)
        gateway = KrakenFutures(
            exchange, history, keys(), clock, limits, profile, facts_of=lambda _: FACTS
        )
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

    async def stop(self) -> None:
        """The venue halts; its gateway goes on."""
        await self.exchange.close()

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
            request = Request("GET", "/ws/v1", b"", {}, b"", "127.0.0.1", START, {})
            opened = self.gateway.socket("/ws/v1")
            assert opened is not None
            self.sessions[actor] = (opened(request, wire), wire)
        return self.sessions[actor]
