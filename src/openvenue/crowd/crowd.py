"""Simulated traders: clients of an exchange like any other, without a socket and without keys.

They remember nothing that matters. Each second they look at what is there (their own open orders
included) and do what is missing, so a restart or a swept book is an ordinary second to them.
"""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Final

import structlog

from openvenue.crowd.ladder import (
    Shape,
    center_for,
    in_ticks,
    ladder,
    plan_changes,
    size_of,
)
from openvenue.crowd.taker import plan_trade
from openvenue.crowd.walk import IndexWalk
from openvenue.engine.commands import Batch, CancelOrder, Command, PlaceOrder, SetIndexPrice
from openvenue.engine.events import OrderRejected
from openvenue.engine.instruments import IndexId, Mode
from openvenue.engine.orders import GTC, OrderView
from openvenue.engine.queries import GetAccount, GetMarkets, GetOpenOrders, MarketView
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import (
    SECOND,
    AccountId,
    FinePrice,
    Lots,
    Nanos,
    Symbol,
    Ticks,
    decimal_price,
    fine_price,
)
from openvenue.exchange.clock import Clock
from openvenue.exchange.config import VenueTable
from openvenue.exchange.port import ExchangePort, Outcome, VenueStopped
from openvenue.exchange.setup import table_of
from openvenue.journal.records import Envelope

log = structlog.get_logger(__name__)

PERIOD: Final = Nanos(SECOND)
CATCH_UP_MAX: Final = 10  # seconds that are lived through one by one after a jump of the clock
REST_SECONDS: Final = 60  # without a word, after a refusal for lack of disk
QUOTED: Final = (Mode.ONLINE, Mode.LIMIT_ONLY)
ENVELOPE: Final = Envelope(gateway="crowd")


class Crowd:
    """The crowd of one venue. The same seed, world and clock give the same life."""

    def __init__(self, exchange: ExchangePort, venue: VenueTable, rng: Random) -> None:
        """Raises: ValueError: the world has no crowd."""
        if venue.crowd is None:
            raise ValueError("this world has no crowd")
        self._exchange = exchange
        self._venue = venue
        self._rng = rng
        self._settings = venue.crowd
        self._maker = AccountId(venue.crowd.maker)
        self._taker = AccountId(venue.crowd.taker)
        self._walks: dict[IndexId, IndexWalk] = {
            IndexId(each.name): IndexWalk(rng, fine_price(each.price), each.volatility_ppm)
            for each in venue.indices
        }
        self._centers: dict[Symbol, Ticks] = {}
        self._next: Nanos | None = None
        self._rest = 0

    async def run(self, clock: Clock) -> None:
        """A step for each second of market time, until the venue stops or we are cancelled."""
        try:
            while True:
                await self.live_until(self._exchange.now())
                assert self._next is not None
                wake = asyncio.Event()
                forget = clock.call_at(self._next, wake.set)
                try:
                    await wake.wait()
                finally:
                    forget()
        except VenueStopped as stopped:
            log.info("the crowd leaves", why=str(stopped))

    async def live_until(self, now: Nanos) -> int:
        """Make the steps that are due at `now`, the first one at once; how many they were."""
        first = now if self._next is None else max(self._next, now - CATCH_UP_MAX * PERIOD)
        steps = 0
        while first <= now:
            await self.step()
            first = Nanos(first + PERIOD)
            steps += 1
        self._next = Nanos(first)
        return steps

    async def step(self) -> None:
        """One second: prices move, makers mend their ladders, takers trade."""
        if self._rest > 0:
            self._rest -= 1
            return
        markets = await self._exchange.look(GetMarkets())
        prices = self._move_indices(markets)
        commands: list[Command] = [
            SetIndexPrice(index=index, price=decimal_price(price))
            for index, price in prices.items()
        ]
        commands += await self._quotes(markets, prices)
        await self._do(commands)
        await self._do(await self._trades())

    def _move_indices(self, markets: list[MarketView]) -> dict[IndexId, FinePrice]:
        """Where each index that a market follows goes now."""
        prices: dict[IndexId, FinePrice] = {}
        for market in markets:
            index = market.instrument.index
            walk = self._walks.get(index)
            if walk is not None and market.index is not None and index not in prices:
                prices[index] = walk.next(market.index)
        return prices

    async def _quotes(
        self, markets: list[MarketView], prices: Mapping[IndexId, FinePrice]
    ) -> list[Batch]:
        """One batch for each market whose ladder is not as it should be."""
        live: dict[Symbol, list[OrderView]] = {}
        for view in await self._exchange.look(GetOpenOrders(self._maker)):
            live.setdefault(view.order.symbol, []).append(view)
        batches = []
        for market in markets:
            shape, price = self._shape(market), prices.get(market.instrument.index)
            if shape is None or price is None or market.mode not in QUOTED:
                continue
            batch = self._mend(market, shape, price, live.get(market.instrument.symbol, []))
            if batch is not None:
                batches.append(batch)
        return batches

    def _mend(
        self, market: MarketView, shape: Shape, price: FinePrice, live: list[OrderView]
    ) -> Batch | None:
        """The cancels and new orders of one market; cancels first, so that quotes never cross."""
        it = market.instrument
        center = center_for(shape, in_ticks(it, price), self._centers.get(it.symbol))
        self._centers[it.symbol] = center
        surplus, missing = plan_changes(live, ladder(it, shape, center))
        members: list[PlaceOrder | CancelOrder] = [
            CancelOrder(account=self._maker, order_id=order_id) for order_id in surplus
        ]
        members += [
            PlaceOrder(
                account=self._maker,
                symbol=it.symbol,
                side=quote.side,
                quantity=size_of(it, shape, quote, self._rng),
                limit_price=quote.price,
                time_in_force=GTC,
            )
            for quote in missing
        ]
        return Batch(account=self._maker, members=tuple(members)) if members else None

    async def _trades(self) -> list[Command]:
        """What the takers do this second, in markets drawn by lot."""
        account = await self._exchange.look(GetAccount(self._taker))
        held = {} if account is None else {each.symbol: each.quantity for each in account.positions}
        open_markets = [
            (market, shape)
            for market in await self._exchange.look(GetMarkets())
            if market.mode in QUOTED and (shape := self._shape(market)) is not None
        ]
        orders: list[Command] = []
        for _ in range(self._settings.trades_per_second if open_markets else 0):
            market, shape = self._rng.choice(open_markets)
            order = plan_trade(
                self._taker,
                market,
                shape.size,
                held.get(market.instrument.symbol, Lots(0)),
                Lots(shape.size * self._settings.max_holding),
                self._rng,
            )
            if order is not None:
                orders.append(order)
        return orders

    def _shape(self, market: MarketView) -> Shape | None:
        """How the crowd quotes a market; None if it stays away."""
        it = market.instrument
        table = table_of(self._venue, it.symbol)
        if table is None or table.crowd is None:
            return None
        quotes = table.crowd
        size = Lots(max(it.min_quantity, int(quotes.size / it.lot_size)))
        return Shape(self._settings.depth, size, quotes.spread_ppm, quotes.step_ppm)

    async def _do(self, commands: list[Command]) -> None:
        """Hand over all at once, so that they share a sync to disk, and wait for the outcomes."""
        outcomes = await asyncio.gather(
            *(self._exchange.submit(command, ENVELOPE) for command in commands)
        )
        if any(_is_refused_for_room(outcome) for outcome in outcomes):
            log.info("the crowd rests: the disk is low")
            self._rest = REST_SECONDS


def _is_refused_for_room(outcome: Outcome) -> bool:
    return any(
        isinstance(event, OrderRejected) and event.reason is RejectReason.LOW_DISK
        for event in outcome.entry.events
    )
