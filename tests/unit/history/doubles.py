"""A venue with a past, and scripts that make one."""

import random
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from openvenue.engine.commands import (
    Batch,
    CancelOrder,
    CancelOrders,
    Command,
    PlaceOrder,
    SetIndexPrice,
)
from openvenue.engine.instruments import IndexId
from openvenue.engine.orders import (
    BUY,
    FOK,
    GTC,
    IOC,
    Direction,
    Side,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.units import SECOND, Nanos, OrderId, Ticks
from openvenue.exchange.clock import VirtualClock
from openvenue.exchange.exchange import Exchange
from openvenue.history.alive import Story
from openvenue.history.fold import Fold
from openvenue.history.history import History, open_history
from openvenue.history.port import ClosedOrder, Fill, PublicTrade
from openvenue.journal.records import Envelope
from openvenue.testing.worlds import ANN, BOB, PERP, ask, bid, small_world

DOOR = Envelope("a door")
START = Nanos(1_700_000_000 * SECOND)


class Venue:
    """A venue with a past, real down to its files (or in memory, without a directory)."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.clock = VirtualClock(START)

    async def __aenter__(self) -> "Venue":
        self.exchange = await Exchange.open(
            "test",
            self.directory,
            self.clock,
            durability="os",
            setup=small_world(),
            floor_bytes=0,
        )
        self.history = open_history(self.directory, self.exchange)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.exchange.close()
        await self.history.close()

    async def do(self, *commands: Command) -> None:
        """One after the other, a second apart."""
        for command in commands:
            self.clock.advance(SECOND)
            await self.exchange.submit(command, DOOR)

    def story(self) -> Story:
        """The past by a plain fold of the journal from its first entry on."""
        return Fold().tell(entry for group in self.exchange.journal.replay(0) for entry in group)


def script(seed: int, steps: int) -> list[Command]:
    """Ann and Bob at odds: limits, takers, triggers, cancels, batches, moves of the index."""
    rng = random.Random(seed)
    commands: list[Command] = []

    def order(account: str) -> PlaceOrder:
        place = bid if rng.random() < 0.5 else ask
        who = ANN if account == "ann" else BOB
        made = place(
            who,
            rng.randint(1, 9),
            rng.randint(96, 104),
            cl_ord_id=f"{len(commands)}-{rng.random()}" if rng.random() < 0.5 else None,
            time_in_force=rng.choice([GTC, GTC, GTC, IOC, FOK]),
        )
        if rng.random() < 0.2 and made.time_in_force is GTC:
            made = replace(made, reduce_only=True)
        if rng.random() < 0.15:
            side: Side = made.side
            way = Direction.ABOVE if side is BUY else Direction.BELOW
            trigger = Trigger(TriggerKind.STOP, Ticks(100 + 2 * int(side)), Signal.LAST, way)
            made = replace(made, trigger=trigger)
        return made

    for _ in range(steps):
        dice = rng.random()
        who = rng.choice(["ann", "bob"])
        account = ANN if who == "ann" else BOB
        if dice < 0.75:
            commands.append(order(who))
        elif dice < 0.85:
            commands.append(CancelOrder(account=account, order_id=OrderId(rng.randint(1, steps))))
        elif dice < 0.88:
            commands.append(CancelOrders(account=account))
        elif dice < 0.95:
            members = tuple(order(who) for _ in range(3))
            commands.append(Batch(account=account, members=members))
        else:
            price = Decimal(rng.randint(98, 102))
            commands.append(SetIndexPrice(index=IndexId("XBT:USD"), price=price))
    return commands


async def everything(
    history: History,
) -> tuple[list[Fill], list[Fill], list[PublicTrade], list[ClosedOrder], list[ClosedOrder], object]:
    """All that can be asked."""
    return (
        await history.fills(ANN, limit=10**6),
        await history.fills(BOB, limit=10**6),
        await history.trades(PERP, limit=10**6),
        await history.closed_orders(ANN),
        await history.closed_orders(BOB),
        await history.day(),
    )
