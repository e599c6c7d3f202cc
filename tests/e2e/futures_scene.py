"""A scene on Kraken Futures, played through any client library, and what it must come to.

Sixty orders of one account on three contracts and both sides: limits, post-only, stops,
take-profits, reduce-only. Another account hits some of them, and a kill comes in the middle. What
money there is at the end is worked out here from the fills alone, in decimals.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final, Protocol

from openvenue.testing.server import Server

Raw = dict[str, Any]

MAKER: Final = Decimal("0.0002")
TAKER: Final = Decimal("0.0005")
INITIAL: Final = Decimal("0.02")
MAINTENANCE: Final = Decimal("0.01")
DEPOSITS: Final = {"flex": Decimal(1_000_000), "fi_xbtusd": Decimal(20)}


@dataclass(frozen=True)
class Contract:
    """What the scene needs to know of a market."""

    symbol: str
    unified: str  # as ccxt calls it
    mark: Decimal
    step: Decimal  # between the orders of the scene
    unit: Decimal  # of their sizes
    wallet: str
    atom: Decimal
    is_inverse: bool = False

    def value(self, size: Decimal, price: Decimal) -> Decimal:
        """What a trade is worth in the wallet's currency; a part of an atom is dropped."""
        worth = size / price if self.is_inverse else size * price
        return worth.quantize(self.atom, ROUND_FLOOR)

    def up(self, amount: Decimal) -> Decimal:
        """What an account pays or must hold, in whole atoms."""
        return amount.quantize(self.atom, ROUND_CEILING)

    def down(self, amount: Decimal) -> Decimal:
        """What an account is given, in whole atoms."""
        return amount.quantize(self.atom, ROUND_FLOOR)


def contract(symbol: str, unified: str, mark: int, step: int, unit: str) -> Contract:
    """A linear one."""
    cent = Decimal("1E-8")
    return Contract(symbol, unified, Decimal(mark), Decimal(step), Decimal(unit), "flex", atom=cent)


BTC: Final = contract("PF_XBTUSD", "BTC/USD:USD", 95_000, 100, "0.01")
ETH: Final = contract("PF_ETHUSD", "ETH/USD:USD", 3_200, 5, "0.3")
INVERSE: Final = Contract(
    *("PI_XBTUSD", "BTC/USD:BTC", Decimal(95_000), Decimal(100), Decimal(1_000), "fi_xbtusd"),
    atom=Decimal("1E-10"),
    is_inverse=True,
)
CONTRACTS: Final = (BTC, ETH, INVERSE)


@dataclass
class Planned:
    """An order of the scene. `steps` from mark; negative is below."""

    contract: Contract
    kind: str  # lmt, post, ioc, stp, take_profit
    side: str
    units: Decimal
    steps: int
    stop_steps: int | None = None
    reduce_only: bool = False
    filled: Decimal = Decimal(0)
    order_id: str = ""

    @property
    def size(self) -> Decimal:
        return self.units * self.contract.unit

    @property
    def left(self) -> Decimal:
        return self.size - self.filled

    @property
    def limit(self) -> Decimal:
        return self.contract.mark + self.steps * self.contract.step

    @property
    def stop(self) -> Decimal | None:
        if self.stop_steps is None:
            return None
        return self.contract.mark + self.stop_steps * self.contract.step

    @property
    def needs_margin(self) -> bool:
        """Waiting triggers and reduce-only orders need none."""
        return self.stop_steps is None and not self.reduce_only


class Api(Protocol):
    """A client library with an account, reduced to what the scene does. Answers are the API's."""

    async def place(self, order: Planned) -> Raw:
        """Its `sendStatus`."""

    async def cancel_all(self, contract: Contract | None = None) -> set[str]:
        """The ids of what was canceled."""

    async def open_orders(self) -> list[Raw]: ...

    async def fills(self) -> list[Raw]: ...

    async def positions(self) -> list[Raw]: ...

    async def wallets(self) -> Raw: ...

    async def markets(self) -> set[str]:
        """Symbols that are listed."""

    async def best(self, contract: Contract) -> tuple[Decimal | None, Decimal | None]:
        """Best bid and ask: of the book, and the ticker says the same."""

    async def mark(self, contract: Contract) -> Decimal: ...


@dataclass
class Position:
    """Size and money of one account in one contract, from its fills."""

    contract: Contract
    size: Decimal = Decimal(0)  # signed
    paid: Decimal = Decimal(0)  # value of what is held, at the prices it was traded at

    def trade(self, side: str, size: Decimal, price: Decimal) -> Decimal:
        """The profit that a fill realizes, before fees."""
        sign = 1 if side == "buy" else -1
        held = abs(self.size)
        value = self.contract.value(size, price)
        if self.size * sign >= 0:
            self.size += sign * size
            self.paid += value
            return Decimal(0)
        assert size <= held, "the scene does not turn positions over"
        released = self.paid * size / held
        gained = value - released if (sign < 0) != self.contract.is_inverse else released - value
        profit = self.contract.down(gained)
        # What rounding leaves stays in what the rest has cost.
        exact = value - profit if (sign < 0) != self.contract.is_inverse else value + profit
        self.size += sign * size
        self.paid -= exact
        return profit

    @property
    def unrealized(self) -> Decimal:
        """Profit if it were closed at mark."""
        worth = (
            abs(self.size) / self.contract.mark
            if self.contract.is_inverse
            else abs(self.size) * self.contract.mark
        )
        gains = worth - self.paid if (self.size > 0) != self.contract.is_inverse else None
        return self.contract.down(self.paid - worth if gains is None else gains)

    def margin(self, rate: Decimal, size: Decimal) -> Decimal:
        """Margin of an exposure of `size`."""
        if size <= 0:
            return Decimal(0)
        mark = self.contract.mark
        return self.contract.up((size / mark if self.contract.is_inverse else size * mark) * rate)


@dataclass
class Books:
    """All of one account, worked out from its fills and open orders."""

    positions: dict[str, Position] = field(default_factory=dict)
    balances: dict[str, Decimal] = field(default_factory=lambda: dict(DEPOSITS))

    def take(self, fills: Iterable[Raw]) -> None:
        """Fills, oldest first."""
        for fill in fills:
            contract = next(it for it in CONTRACTS if it.symbol == fill["symbol"])
            position = self.positions.setdefault(contract.symbol, Position(contract))
            size, price = number(fill["size"]), number(fill["price"])
            rate = {"maker": MAKER, "taker": TAKER}[fill["fillType"]]
            fee = contract.up(contract.value(size, price) * rate)
            self.balances[contract.wallet] += position.trade(fill["side"], size, price) - fee

    def check(self, wallets: Raw, orders: Iterable[Planned]) -> None:
        """Whether the wallets say the same, to the last atom."""
        live = [order for order in orders if order.needs_margin]
        for name, balance in self.balances.items():
            mine = [it for it in self.positions.values() if it.contract.wallet == name]
            unrealized = sum((it.unrealized for it in mine), Decimal(0))
            initial = sum((it.margin(INITIAL, abs(it.size)) for it in mine), Decimal(0))
            maintenance = sum((it.margin(MAINTENANCE, abs(it.size)) for it in mine), Decimal(0))
            with_orders = sum((self._with_orders(it, live) for it in mine), Decimal(0))
            wallet = wallets[name]
            if name == "flex":
                told = {
                    "balanceValue": balance,
                    "portfolioValue": balance + unrealized,
                    "collateralValue": balance,
                    "totalUnrealized": unrealized,
                    "initialMargin": initial,
                    "initialMarginWithOrders": with_orders,
                    "maintenanceMargin": maintenance,
                    "marginEquity": balance + unrealized,
                    "availableMargin": balance + unrealized - with_orders,
                }
                assert {key: number(wallet[key]) for key in told} == told
                assert number(wallet["currencies"]["USD"]["quantity"]) == balance
            else:
                assert number(wallet["balances"]["xbt"]) == balance
                assert number(wallet["auxiliary"]["pv"]) == balance + unrealized
                assert number(wallet["auxiliary"]["pnl"]) == unrealized
                assert number(wallet["auxiliary"]["af"]) == balance + unrealized - with_orders
                assert number(wallet["marginRequirements"]["im"]) == initial
                assert number(wallet["marginRequirements"]["mm"]) == maintenance

    @staticmethod
    def _with_orders(position: Position, live: list[Planned]) -> Decimal:
        """The larger of what all buys and all sells would come to."""
        left = {"buy": Decimal(0), "sell": Decimal(0)}
        for order in live:
            if order.contract is position.contract:
                left[order.side] += order.left
        return max(
            position.margin(INITIAL, position.size + left["buy"]),
            position.margin(INITIAL, left["sell"] - position.size),
        )


def number(value: object) -> Decimal:
    """A JSON number; libraries make floats or texts of it."""
    return Decimal(str(value))


def buys(contract: Contract) -> list[Planned]:
    """Ten: limits, post-only, a stop above."""
    one = Decimal(1)
    limits = [Planned(contract, "lmt", "buy", one, -step) for step in range(1, 8)]
    posts = [Planned(contract, "post", "buy", one, -step) for step in (8, 9)]
    return [*limits, *posts, Planned(contract, "stp", "buy", one, 51, stop_steps=50)]


def sells(contract: Contract) -> list[Planned]:
    """Ten: limits, post-only, a limit, a stop and a take-profit that only reduce."""
    half = Decimal("0.5")
    limits = [Planned(contract, "lmt", "sell", half, step) for step in range(1, 6)]
    posts = [Planned(contract, "post", "sell", half, step) for step in (6, 7)]
    return [
        *limits,
        *posts,
        Planned(contract, "lmt", "sell", Decimal(1), 8, reduce_only=True),
        Planned(contract, "stp", "sell", half, -51, stop_steps=-50, reduce_only=True),
        Planned(contract, "take_profit", "sell", half, 49, stop_steps=50, reduce_only=True),
    ]


async def play(server: Server, primary: Api, secondary: Api) -> None:
    """The whole scene."""
    assert {it.symbol for it in CONTRACTS} <= await primary.markets()
    orders: list[Planned] = []
    others = [Planned(it, "lmt", "buy", Decimal(1), -90) for it in CONTRACTS]
    for order in others:  # far away; what happens to the first account is not their concern
        await place(secondary, order)
    for contract in CONTRACTS:
        assert await primary.mark(contract) == contract.mark
        for order in buys(contract):
            await place(primary, order)
            orders.append(order)
    for contract in CONTRACTS:
        await hit(secondary, contract, "sell", Decimal("2.4"), -3, orders)

    await asyncio.to_thread(server.restart)  # kill -9; the clients keep their sessions

    for contract in CONTRACTS:
        for order in sells(contract):
            await place(primary, order)
            orders.append(order)
    for contract in CONTRACTS:
        await hit(secondary, contract, "buy", Decimal("0.7"), 2, orders)
        best = (contract.mark - 3 * contract.step, contract.mark + 2 * contract.step)
        assert await primary.best(contract) == best

    assert len(orders) == 60
    live = [order for order in orders if order.left]
    await check_orders(primary, live)
    assert sum(0 < order.filled < order.size for order in orders) == 6
    await check_money(primary, live, fills=15)
    await check_money(secondary, others, fills=15)

    in_eth = {order.order_id for order in live if order.contract is ETH}
    assert await primary.cancel_all(ETH) == in_eth
    assert await primary.cancel_all(ETH) == set()
    live = [order for order in live if order.contract is not ETH]
    await check_orders(primary, live)
    await check_money(primary, live, fills=15)

    assert await primary.cancel_all() == {order.order_id for order in live}
    assert await primary.cancel_all() == set()
    assert await primary.open_orders() == []
    await check_money(primary, [], fills=15)
    await check_orders(secondary, others)
    await check_money(secondary, others, fills=15)


async def place(api: Api, order: Planned) -> None:
    """One order, which must stand."""
    status = await api.place(order)
    assert status["status"] == "placed", (order, status)
    order.order_id = status["order_id"]


async def hit(
    taker: Api, contract: Contract, side: str, units: Decimal, steps: int, makers: list[Planned]
) -> None:
    """The other account takes what stands up to `steps`: best price first."""
    sign = 1 if side == "buy" else -1
    order = Planned(contract, "ioc", side, units, steps)
    await place(taker, order)
    left = order.size
    against = (it for it in makers if it.contract is contract and it.side != side)
    for maker in sorted(against, key=lambda it: sign * it.limit):
        if sign * maker.limit <= sign * order.limit and maker.stop is None:
            taken = min(left, maker.left)
            maker.filled += taken
            left -= taken
    assert left == 0, "the scene is made so that it fills"


async def check_orders(api: Api, live: list[Planned]) -> None:
    """Open orders are these, with these sizes, prices and kinds."""
    told = {it["order_id"]: it for it in await api.open_orders()}
    assert told.keys() == {order.order_id for order in live}
    for order in live:
        it = told[order.order_id]
        assert (it["symbol"], it["side"]) == (order.contract.symbol, order.side)
        assert number(it["unfilledSize"]) == order.left
        assert number(it["filledSize"]) == order.filled
        assert number(it["limitPrice"]) == order.limit
        assert it["reduceOnly"] is order.reduce_only
        assert it["status"] == ("partiallyFilled" if order.filled else "untouched")
        if order.stop is not None:
            assert number(it["stopPrice"]) == order.stop


async def check_money(api: Api, live: list[Planned], fills: int) -> None:
    """Positions, balances and margins are what the fills come to."""
    told = await api.fills()
    assert len(told) == fills
    assert len({it["fill_id"] for it in told}) == fills
    books = Books()
    books.take(reversed(told))
    positions = {it["symbol"]: it for it in await api.positions()}
    assert positions.keys() == books.positions.keys()
    for symbol, mine in books.positions.items():
        it = positions[symbol]
        assert it["side"] == ("long" if mine.size > 0 else "short")
        assert number(it["size"]) == abs(mine.size)
        size, paid = abs(mine.size), mine.paid
        average = size / paid if mine.contract.is_inverse else paid / size
        assert abs(number(it["price"]) - average) < Decimal("1E-8")
    books.check(await api.wallets(), live)
