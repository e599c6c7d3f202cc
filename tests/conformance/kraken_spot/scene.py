"""Where conversations are played: three accounts, four pairs, one venue in memory.

Ann and Bob have a million dollars and a hundred of each coin, Eve has ten dollars, Rob may only
read Ann's account. Bitcoin starts at 50,000 and market time stands still at the beginning of 2026
until a transcript lets it pass.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from openvenue.engine.commands import (
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    PassTime,
    SetIndexPrice,
)
from openvenue.engine.instruments import Asset, FeeTier, IndexId, Instrument, Kind, WalletId
from openvenue.engine.units import AccountId, AssetId, Atoms, Lots, Nanos, Ppb, Symbol, Ticks
from openvenue.exchange.clock import VirtualClock
from openvenue.exchange.exchange import Exchange
from openvenue.gateways.kraken_spot import KeyRecord, KeyRing, KrakenSpot, Profile
from openvenue.gateways.kraken_spot.limits import Limits
from openvenue.gateways.kraken_spot.profile import DEFAULT
from openvenue.gateways.wire import Request, Response, Session
from openvenue.history.history import History, open_history
from openvenue.journal.records import Envelope
from openvenue.testing.clock import START, still_clock

SPOT: Final = WalletId("spot")
FEES: Final = (
    FeeTier(0, Ppb(2_500_000), Ppb(4_000_000)),
    FeeTier(10_000, Ppb(2_000_000), Ppb(3_500_000)),
)
SCALES: Final = {"USD": 5, "EUR": 5, "BTC": 10, "ETH": 10, "SOL": 10, "USDT": 8}
INDEX: Final = {"BTC": "50000", "ETH": "3000", "SOL": "150", "USDT": "1"}


def pair(base: str, quote: str, tick: str, least: str, cost: str) -> Instrument:
    """A pair, listed since the beginning."""
    lot = Decimal("0.00000001")
    return Instrument(
        symbol=Symbol(f"{base}/{quote}"),
        kind=Kind.SPOT,
        base=AssetId(base),
        quote=AssetId(quote),
        settlement=AssetId(quote),
        wallet=SPOT,
        index=IndexId(f"{base}:{quote}"),
        tick_size=Decimal(tick),
        lot_size=lot,
        settlement_scale=SCALES[quote],
        base_scale=SCALES[base],
        max_quantity=Lots(10**12),
        max_price=Ticks(10**9),
        margin_levels=(),
        fee_tiers=FEES,
        min_quantity=Lots(int(Decimal(least) / lot)),
        min_notional=Decimal(cost),
        opened=START,
    )


PAIRS: Final = (
    pair("BTC", "USD", "0.1", "0.00005", "0.5"),
    pair("ETH", "USD", "0.01", "0.001", "0.5"),
    pair("ETH", "BTC", "0.00001", "0.001", "0.00002"),
    pair("USDT", "USD", "0.00001", "5", "0.5"),
)
PRICES: Final = {"BTC:USD": "50000", "ETH:USD": "3000", "ETH:BTC": "0.06", "USDT:USD": "1"}
SECRETS: Final = {
    name: bytes([place]) * 64 for place, name in enumerate(["ann", "bob", "eve", "rob"])
}


def world() -> Sequence[Command]:
    """What the venue is told before its first client."""
    commands: list[Command] = [
        ListAsset(asset=Asset(AssetId(name), scale)) for name, scale in SCALES.items()
    ]
    commands += [ListInstrument(instrument=it) for it in PAIRS]
    commands += [
        SetIndexPrice(index=IndexId(name), price=Decimal(price)) for name, price in PRICES.items()
    ]
    for name in ("ann", "bob", "eve"):
        account = AccountId(name)
        commands.append(OpenAccount(account=account, family=account, max_open_orders=20))
        amounts = {"USD": 10} if name == "eve" else {"USD": 10**6, "BTC": 100, "ETH": 100}
        commands += [
            Deposit(
                account=account,
                wallet=SPOT,
                asset=AssetId(asset),
                amount=Atoms(amount * 10 ** SCALES[asset]),
            )
            for asset, amount in amounts.items()
        ]
    return commands


def keys() -> KeyRing:
    """A key for everyone, named after its owner."""
    records = {
        f"key-{name}": KeyRecord(f"key-{name}", secret, AccountId(name))
        for name, secret in SECRETS.items()
    }
    reading = frozenset(
        ("query-funds", "query-open-trades", "query-closed-trades", "create-ws-token")
    )
    records["key-rob"] = KeyRecord("key-rob", SECRETS["rob"], AccountId("ann"), reading)  # type: ignore[arg-type]
    return KeyRing(records)


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
        exchange: Exchange,
        history: History,
        gateway: KrakenSpot,
    ) -> None:
        self.clock: Final = clock
        self.exchange: Final = exchange
        self.history: Final = history
        self.gateway: Final = gateway
        self.sessions: Final[dict[str, tuple[Session, Wire]]] = {}
        self.paths: Final[dict[str, str]] = {}

    @classmethod
    async def open(cls, limits: Limits = "off", profile: Profile = DEFAULT) -> "Scene":
        """A new world."""
        clock = still_clock()
        exchange = await Exchange.open("kraken-spot", None, clock, setup=world())
        history = open_history(None, exchange)
        gateway = KrakenSpot(exchange, history, keys(), clock, limits, profile)
        await gateway.start()
        return cls(clock, exchange, history, gateway)

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
        assert handler is not None, "a path of this API"
        return await handler(request)

    def socket(self, actor: str) -> tuple[Session, Wire]:
        """The actor's connection, opened when it is first used."""
        if actor not in self.sessions:
            wire = Wire()
            path = self.paths.get(actor, "/v2")
            request = Request("GET", path, b"", {}, b"", "127.0.0.1", Nanos(START), {})
            opened = self.gateway.socket(path)
            assert opened is not None
            self.sessions[actor] = (opened(request, wire), wire)
        return self.sessions[actor]
