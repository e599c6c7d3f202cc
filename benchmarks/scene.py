"""The engine's data sets: a venue with accounts that hold positions, and a flow of commands to it.

Everything is drawn from one seed, so that every run and both forms of the engine do the same work.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from random import Random
from typing import Final

from openvenue.engine.commands import (
    CancelOrder,
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetIndexPrice,
)
from openvenue.engine.engine import Engine
from openvenue.engine.events import Event, OrderAccepted, OrderCanceled, Traded
from openvenue.engine.instruments import (
    Asset,
    FeeTier,
    IndexId,
    Instrument,
    Kind,
    MarginLevel,
    WalletId,
)
from openvenue.engine.orders import BUY, GTC, IOC, SELL, Side
from openvenue.engine.units import (
    AccountId,
    AssetId,
    Atoms,
    Lots,
    Nanos,
    OrderId,
    Ppb,
    Symbol,
    Ticks,
)
from openvenue.journal.records import Entry, Envelope

SYMBOL: Final = Symbol("PF_XBTUSD")
INDEX: Final = IndexId("XBT:USD")
USD: Final = AssetId("USD")
FLEX: Final = WalletId("flex")
MID: Final = 50_000  # ticks of one USD
CHUNK: Final = 512  # commands made ahead, then applied: as many as a writer's batch
STEP: Final = 1_000  # nanoseconds of market time between two commands
ENVELOPE: Final = Envelope("benchmark", "key", 0, "")
SEED: Final = 20_260


def instrument() -> Instrument:
    """A linear perpetual with two margin levels, maker and taker fees, and every bound in force."""
    return Instrument(
        symbol=SYMBOL,
        kind=Kind.LINEAR,
        base=AssetId("XBT"),
        quote=USD,
        settlement=USD,
        wallet=FLEX,
        index=INDEX,
        tick_size=Decimal(1),
        lot_size=Decimal("0.0001"),
        settlement_scale=8,
        base_scale=10,
        max_quantity=Lots(10**9),
        max_price=Ticks(10**7),
        margin_levels=(
            MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),
            MarginLevel(5_000_000, Ppb(40_000_000), Ppb(20_000_000)),
        ),
        fee_tiers=(FeeTier(0, Ppb(200_000), Ppb(500_000)),),
        max_position=Lots(10**10),
        max_notional=Decimal(20_000_000),
        min_notional=Decimal("0.01"),
        collar=Decimal("0.2"),
        impact_size=Lots(60),
    )


class Scene:
    """A venue of its own, its clock, and the orders that a flow may cancel."""

    def __init__(
        self, accounts: int, *, seed: int = SEED, hear: Callable[[Entry], None] | None = None
    ) -> None:
        self.engine: Final = Engine()
        self.random: Final = Random(seed)
        self.time = 0
        self.names: Final = [AccountId(f"account-{number:03}") for number in range(accounts)]
        self.placed = 0
        self.seq = 0
        self._hear = hear
        self._live: list[tuple[OrderId, AccountId]] = []
        self._place: dict[OrderId, int] = {}
        self._set_up()

    @property
    def resting(self) -> int:
        """Orders in the book."""
        return len(self._live)

    def apply(self, command: Command) -> list[Event]:
        """Have one command decided, a step later than the last."""
        self.time += STEP
        events = self.engine.apply(command, Nanos(self.time))
        if self._hear is not None:
            self.seq += 1
            self._hear(Entry(self.seq, Nanos(self.time), ENVELOPE, command, tuple(events)))
        return events

    def apply_all(self, commands: Iterable[Command]) -> list[Event]:
        """Have commands decided and remember what they left in the book."""
        events: list[Event] = []
        for command in commands:
            events += self.apply(command)
        self.learn(events)
        return events

    def add(
        self, levels: int, account: AccountId | None = None, quantity: int | None = None
    ) -> PlaceOrder:
        """A limit order that rests, at one of `levels` prices of its side."""
        random = self.random
        side = BUY if random.random() < 0.5 else SELL
        self.placed += 1
        return PlaceOrder(
            account=random.choice(self.names) if account is None else account,
            symbol=SYMBOL,
            side=side,
            quantity=Lots(random.randint(1, 10) if quantity is None else quantity),
            limit_price=Ticks(MID - side * random.randint(1, levels)),
            time_in_force=GTC,
            cl_ord_id=f"client-{self.placed:09}",
        )

    def cross(self) -> PlaceOrder:
        """An order that takes one to three lots from the best levels, and does not rest."""
        random = self.random
        side = BUY if random.random() < 0.5 else SELL
        return PlaceOrder(
            account=random.choice(self.names),
            symbol=SYMBOL,
            side=side,
            quantity=Lots(random.randint(1, 3)),
            limit_price=Ticks(MID + side * 500),
            time_in_force=IOC,
        )

    def cancel(self) -> CancelOrder:
        """A cancel of any resting order, all equally likely; named once."""
        at = self.random.randrange(len(self._live))
        order_id, account = self._live[at]
        self._drop(order_id)
        return CancelOrder(account=account, order_id=order_id)

    def mix(self, count: int, levels: int) -> list[Command]:
        """60 % adds, 30 % cancels, 10 % crosses, and one new index price."""
        commands: list[Command] = [
            SetIndexPrice(index=INDEX, price=Decimal(MID + self.random.randint(-5, 5)))
        ]
        while len(commands) < count:
            draw = self.random.random()
            if draw < 0.6 or not self._live:
                commands.append(self.add(levels))
            elif draw < 0.9:
                commands.append(self.cancel())
            else:
                commands.append(self.cross())
        return commands

    def steady(self, count: int, levels: int) -> list[Command]:
        """As many cancels as adds, so that the number of resting orders stays."""
        commands: list[Command] = []
        for _ in range(count // 2):
            commands.append(self.cancel())
            commands.append(self.add(levels))
        return commands

    def fill_book(self, orders: int, levels: int) -> None:
        """Rest `orders` more, spread over all accounts."""
        for start in range(0, orders, CHUNK):
            self.apply_all([self.add(levels) for _ in range(min(CHUNK, orders - start))])

    def learn(self, events: Iterable[Event]) -> None:
        """Remember which orders rest after `events`."""
        for event in events:
            kind = type(event)
            if kind is OrderAccepted:
                assert isinstance(event, OrderAccepted)
                if event.rests:
                    order = event.order
                    self._place[order.order_id] = len(self._live)
                    self._live.append((order.order_id, order.account))
            elif kind is Traded:
                assert isinstance(event, Traded)
                if event.maker_leaves == 0:
                    self._drop(event.maker_order_id)
            elif kind is OrderCanceled:
                assert isinstance(event, OrderCanceled)
                self._drop(event.order_id)

    def _drop(self, order_id: OrderId) -> None:
        at = self._place.pop(order_id, None)
        if at is None:
            return
        last = self._live.pop()
        if at < len(self._live):
            self._live[at] = last
            self._place[last[0]] = at

    def _set_up(self) -> None:
        commands: list[Command] = [
            ListAsset(asset=Asset(USD, 8)),
            ListAsset(asset=Asset(AssetId("XBT"), 10)),
            ListInstrument(instrument=instrument()),
        ]
        for name in self.names:
            commands.append(OpenAccount(account=name, family=name, max_open_orders=10**7))
            deposit = Atoms(10**9 * 10**8)
            commands.append(Deposit(account=name, wallet=FLEX, asset=USD, amount=deposit))
        commands.append(SetIndexPrice(index=INDEX, price=Decimal(MID)))
        self.apply_all(commands)
        for at, name in enumerate(self.names[:-1:2]):  # everybody begins with a position
            other = self.names[at * 2 + 1]
            self.apply_all([_limit(name, SELL, 50), _limit(other, BUY, 50)])


def _limit(account: AccountId, side: Side, quantity: int) -> PlaceOrder:
    return PlaceOrder(
        account=account,
        symbol=SYMBOL,
        side=side,
        quantity=Lots(quantity),
        limit_price=Ticks(MID),
        time_in_force=GTC,
    )
