"""Live orders and where they wait: levels of one price, ladders of levels, a book of two ladders.

The same ladder holds waiting triggers: those that fire above their price are taken lowest first,
like asks; those that fire below, highest first, like bids.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, final

from mypy_extensions import mypyc_attr

from openvenue.engine.orders import Extras, Order, OrderView, Side, Signal
from openvenue.engine.units import Atoms, Lots, Nanos, Ticks

if TYPE_CHECKING:
    from openvenue.engine.accounts import Account
    from openvenue.engine.markets import Market
    from openvenue.engine.positions import Position

BUY: Final = Side.BUY
MID: Final = int(Signal.MID)
REPACK_MIN: Final = 64  # below so many holes a level is not worth repacking


@final
@mypyc_attr(acyclic=True)
class Live:
    """What changes about an order while it lives. Its terms are `order`, shared with its events.

    `level` is set while the order rests in a book or waits among the triggers; whoever removes the
    order clears it, which keeps the two from holding each other.
    """

    __slots__ = (
        "account",
        "cl_ord_id",
        "closes",
        "display",
        "extras",
        "fees",
        "held",
        "hidden",
        "is_reducer",
        "is_waiting",
        "leaves",
        "level",
        "market",
        "order",
        "order_id",
        "position",
        "price",
        "sign",
        "updated",
        "value",
    )

    def __init__(
        self,
        order: Order,
        updated: int,
        account: "Account",
        market: "Market",
        position: "Position | None",
    ) -> None:
        self.order = order
        # Of the terms, what is asked for at every step: native fields read faster.
        self.order_id: Final[int] = order.order_id
        self.cl_ord_id: Final = order.cl_ord_id
        self.sign: Final = 1 if order.side is BUY else -1
        self.is_reducer: Final = order.reduce_only
        self.extras = order.extras
        limit = order.limit_price
        self.price = 0 if limit is None else limit  # in ticks; 0 until a trigger has fired
        self.leaves: int = order.quantity
        self.updated = updated
        self.account = account
        self.market = market
        self.position: Position | None = position  # None: spot
        self.level: Level | None = None
        self.is_waiting = False  # a trigger that has not fired
        self.held = 0  # atoms held for it; spot only
        self.value = 0  # of all that has traded
        self.fees = 0
        self.display = 0  # how much of an iceberg is shown at a time; 0: all of the order
        self.hidden = 0  # of what rests
        self.closes = False  # its fills bring orders on the other side

    def note(self, extras: Extras) -> None:
        """Keep at hand what few orders have."""
        display = extras.display
        self.display = 0 if display is None else display
        self.closes = extras.close is not None

    def view(self) -> OrderView:
        """The order as it is now, as a plain value."""
        return OrderView(
            self.order,
            Lots(self.leaves),
            Nanos(self.updated),
            self.is_waiting,
            Atoms(self.value),
            Atoms(self.fees),
            Lots(self.hidden),
        )

    def amend(self, order: Order) -> None:
        """Take new terms under the same name: its quantity, or the limit that it acts with."""
        self.order = order
        self.extras = order.extras
        limit = order.limit_price
        self.price = 0 if limit is None else limit


@final
@mypyc_attr(acyclic=True)
class Level:
    """All orders at one price, oldest first."""

    __slots__ = ("holes", "ladder", "orders", "price", "quantity")

    def __init__(self, price: int, ladder: "Ladder") -> None:
        self.price = price
        self.quantity = 0  # sum of what is shown of them
        self.orders: dict[int, Live] = {}
        self.holes = 0  # removed since the dict was last packed
        self.ladder = ladder

    def remove(self, live: Live) -> None:
        """Take an order out; an empty level leaves its ladder."""
        orders = self.orders
        del orders[live.order_id]
        live.level = None
        self.quantity -= live.leaves - live.hidden
        live.hidden = 0
        if not orders:
            self.ladder.drop(self)
            return
        # A dict keeps a hole for each removed key and walks over them: taking from the front of a
        # long queue would become quadratic.
        self.holes += 1
        if self.holes > REPACK_MIN and self.holes > len(orders):
            self.orders = dict(orders)
            self.holes = 0


@final
@mypyc_attr(acyclic=True)
class Ladder:
    """Levels of one side. `toward` is 1 where the highest price is best, -1 for the lowest.

    A level is found under its key: its price where the highest is best, the price's negative where
    the lowest is. The best key is the largest.
    """

    __slots__ = ("keys", "levels", "toward")

    def __init__(self, toward: int) -> None:
        self.toward = toward
        self.levels: dict[int, Level] = {}
        self.keys: list[int] = []  # ascending: the best is last

    def best(self) -> Level | None:
        """The level to trade with first."""
        if not self.keys:
            return None
        return self.levels[self.keys[-1]]

    def best_first(self) -> Iterator[Level]:
        """Every level, best price first. The ladder must not change meanwhile."""
        keys = self.keys
        for at in range(len(keys) - 1, -1, -1):
            yield self.levels[keys[at]]

    def add(self, live: Live, price: int) -> None:
        """Put an order behind all others at its price."""
        key = price if self.toward > 0 else -price
        level = self.levels.get(key)
        if level is None:
            level = Level(price, self)
            self.levels[key] = level
            insort(self.keys, key)
        level.orders[live.order_id] = live
        level.quantity += live.leaves - live.hidden
        live.level = level

    def drop(self, level: Level) -> None:
        """Forget an empty level."""
        keys = self.keys
        key = level.price if self.toward > 0 else -level.price
        del self.levels[key]
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def depth(self, most: int) -> list[tuple[Ticks, Lots]]:
        """Price and total quantity of the best `most` levels (0: all), best first."""
        levels: list[tuple[Ticks, Lots]] = []
        for level in self.best_first():
            levels.append((Ticks(level.price), Lots(level.quantity)))
            if len(levels) == most:
                break
        return levels

    def counts(self, most: int) -> list[int]:
        """How many orders stand on each of the levels that `depth` tells."""
        counts: list[int] = []
        for level in self.best_first():
            counts.append(len(level.orders))
            if len(counts) == most:
                break
        return counts

    def in_priority(self) -> Iterator[Live]:
        """Every order, best price first, then oldest first."""
        for level in self.best_first():
            yield from level.orders.values()


@final
class Book:
    """The resting orders of one market."""

    def __init__(self) -> None:
        self.bids: Final = Ladder(1)
        self.asks: Final = Ladder(-1)

    def side(self, sign: int) -> Ladder:
        """Where orders of the side with this sign rest."""
        return self.bids if sign > 0 else self.asks


@final
class Trails:
    """Trailing stops of one signal and direction, by the price at which each moves next.

    Sells (`toward` 1) follow the signal up, buys (-1) follow it down. They also wait in a ladder,
    like every trigger; this is the second place in which they are found.
    """

    def __init__(self, toward: int) -> None:
        self._toward: Final = toward
        self._keys: list[tuple[int, int]] = []  # (price * toward, order id), next to move first
        self._orders: dict[int, tuple[int, Live]] = {}  # with the key's price

    def add(self, live: Live, moves_at: int) -> None:
        """Move `live` when the signal is at the fine price `moves_at`, or past it."""
        key = moves_at * self._toward
        self._orders[live.order_id] = (key, live)
        insort(self._keys, (key, live.order_id))

    def remove(self, live: Live) -> None:
        """Forget one."""
        key, _ = self._orders.pop(live.order_id)
        del self._keys[bisect_left(self._keys, (key, live.order_id))]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def moved(self, price: int) -> list[Live]:
        """Those that a signal at `price` moves, next to move first."""
        found: list[Live] = []
        for key, order_id in self._keys:
            if key > price * self._toward:
                break
            found.append(self._orders[order_id][1])
        return found


@final
class Triggers:
    """The waiting orders of one market, by the signal that they listen to and their direction."""

    def __init__(self) -> None:
        # index: signal * 2 + (1 where the direction is ABOVE)
        self._ladders: Final = [Ladder(-1 if at % 2 else 1) for at in range(10)]
        self._trails: Final = [Trails(-1 if at % 2 else 1) for at in range(10)]

        # Those of the middle, which each order that comes or goes may move.
        self.below_mid: Final = self.ladder(MID, -1)
        self.above_mid: Final = self.ladder(MID, 1)

    def ladder(self, signal: int, direction: int) -> Ladder:
        """Waiting orders that fire when `signal` goes in `direction`, next to fire first."""
        return self._ladders[signal * 2 + (1 if direction > 0 else 0)]

    def trails(self, signal: int, direction: int) -> Trails:
        """Those of them that follow the signal, by when they move."""
        return self._trails[signal * 2 + (1 if direction > 0 else 0)]

    def are_waiting(self, signal: int) -> bool:
        """Whether any order listens to this signal."""
        return bool(self._ladders[signal * 2].keys) or bool(self._ladders[signal * 2 + 1].keys)

    def are_trailing(self, signal: int) -> bool:
        """Whether any order follows this signal."""
        return bool(self._trails[signal * 2]) or bool(self._trails[signal * 2 + 1])

    def are_reached(self, signal: int, price: int, tick: int) -> bool:
        """Whether a signal at `price` fires any order. Never at 0: there is none yet.

        `price` is a fine price, `tick` the fine price of one tick.
        """
        if price <= 0:
            return False
        below = self._ladders[signal * 2].best()
        if below is not None and below.price * tick >= price:
            return True
        above = self._ladders[signal * 2 + 1].best()
        return above is not None and above.price * tick <= price

    def in_order(self) -> Iterator[Live]:
        """Every waiting order, in a fixed order."""
        for ladder in self._ladders:
            yield from ladder.in_priority()
