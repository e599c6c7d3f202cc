"""Random scripts that mostly trade, trigger and cancel. The same seed writes the same script.

The writer looks at the state only to aim: which orders could be canceled, what was traded last.
"""

from decimal import Decimal
from random import Random
from typing import Final

from msgspec.structs import replace

from openvenue.engine.assignees import AssigneeTerms, Days
from openvenue.engine.book import Live
from openvenue.engine.commands import (
    AddMargin,
    AmendOrder,
    Batch,
    CancelOrder,
    CancelOrders,
    CancelTwap,
    Command,
    Deposit,
    JoinAssignment,
    LeaveAssignment,
    PassTime,
    PlaceOrder,
    PlaceTwap,
    ReplaceOrder,
    Resume,
    SetConditions,
    SetDeadMansSwitch,
    SetIndexPrice,
    SetIntake,
    SetLeverage,
    SetMarkPrice,
    SetMode,
    SetProfitAsset,
    SetSelfTrade,
    SetTradingEnabled,
    Transfer,
    Withdraw,
)
from openvenue.engine.instruments import Dislocation, Instrument, Kind, Mode
from openvenue.engine.orders import (
    BUY,
    FOK,
    GTC,
    IOC,
    SELL,
    Close,
    Direction,
    Distance,
    Extras,
    Leg,
    SelfTrade,
    Side,
    Signal,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from openvenue.engine.state import State
from openvenue.engine.units import AccountId, Atoms, Lots, Nanos, OrderId, Ppb, Symbol, Ticks
from tests.simulation import market

SECOND: Final = 10**9
SIZES: Final = {  # lots that are worth a few hundred dollars at most
    market.PERPETUAL.symbol: [2, 3, 5, 8, 13, 40],
    market.QUARTERLY.symbol: [1, 2, 3, 7, 30, 199],
    market.INVERSE.symbol: [1, 7, 50, 100, 333, 1_500],
    market.DATED_INVERSE.symbol: [1, 7, 50, 100, 333, 1_500],
    market.SPOT.symbol: [1, 3, 777, 10**6, 33_333_333, 10**8],
}
SELF_TRADES: Final = [
    SelfTrade.REJECT_TAKER,
    SelfTrade.REJECT_TAKER,
    SelfTrade.CANCEL_MAKER_SELF,
    SelfTrade.CANCEL_MAKER_CHILD,
    SelfTrade.CANCEL_MAKER_ANY,
]
MODES: Final = [each for each in Mode if each not in (Mode.ONLINE, Mode.INACTIVE)]


class Writer:
    """Writes one command after the other."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._jumps = Random(-seed)  # of the clock; what is written stays as it is without them
        self._pairs = Random(seed * 7 + 5)  # of what only pairs have, likewise
        self._flags = Random(seed * 7 + 3)  # of markets that suffer from something, likewise
        self._names = 0
        self._settled: set[Symbol] = set()
        self._base = 100  # dollars around which orders are placed
        # Most of a script happens in one market, so that its book is deep enough to collide in.
        self._focus = market.INSTRUMENTS[seed % len(market.INSTRUMENTS)]
        # In some scripts two of them stand on isolated margin there from the start.
        self._openings: list[Command] = []
        if seed % 3 == 1 and self._focus.kind is not Kind.SPOT:
            self._openings = [
                SetLeverage(
                    account=account, symbol=self._focus.symbol, leverage=10, is_isolated=True
                )
                for account in market.ACCOUNTS[1:3]
            ]

        # In others one has gains in another asset.
        if seed % 3 != 1 and self._focus.kind is Kind.LINEAR:
            for asset in (it for it in market.COUNTED if it != self._focus.settlement):
                self._openings += [
                    SetProfitAsset(account=account, symbol=self._focus.symbol, asset=asset)
                    for account in market.ACCOUNTS[:2]
                ]

    def write(self, state: State, now: Nanos) -> tuple[Nanos, Command]:
        """When the next command comes, and what it says."""
        if self._openings:
            return now, self._openings.pop()
        random = self._random
        self._settled = {each.symbol for each in state.markets.values() if each.settlement}
        if random.random() < 0.8:
            now = Nanos(now + random.choice([0, 1, 10**6, SECOND, 3 * SECOND]))
        if self._jumps.random() < 0.02:  # now and then to where funding is due
            now = Nanos(now + self._jumps.choice([40, 900, 3_600, 3_600]) * SECOND)
        if self._flags.random() < (0.15 if self._is_dislocated(state) else 0.01):
            return now, self._condition(state)
        pick = random.random()
        if (not state.intake_open or self._is_closed(state)) and random.random() < 0.5:
            return now, self._rare(state, now)
        if pick < 0.60:
            return now, self._place(state)
        if pick < 0.72:
            return now, self._amend(state)
        if pick < 0.83:
            return now, self._cancel(state)
        if pick < 0.85:
            return now, self._replace(state)
        if pick < 0.88:
            return now, self._cancel_all()
        if pick < 0.92:
            return now, self._batch(state)
        if pick < 0.94:
            timeout = random.choice([0, 5 * SECOND, 20 * SECOND, 60 * SECOND, 300 * SECOND])
            return now, SetDeadMansSwitch(account=self._account(), timeout=Nanos(timeout))
        if pick < 0.975:
            price = Decimal(random.randrange(9_600, 10_400)) / 100
            return now, SetIndexPrice(index=market.INDEX, price=price)
        return now, self._rare(state, now)

    def _is_dislocated(self, state: State) -> bool:
        return state.markets[market.PERPETUAL.symbol].dislocation is not Dislocation.NONE

    def _condition(self, state: State) -> SetConditions:
        """A price that has left its index for a few commands."""
        symbol = market.PERPETUAL.symbol
        if self._is_dislocated(state):
            return SetConditions(symbol=symbol)
        way = self._flags.choice([Dislocation.BELOW, Dislocation.ABOVE])
        return SetConditions(symbol=symbol, dislocation=way)

    def _is_closed(self, state: State) -> bool:
        return any(
            each.mode is not Mode.ONLINE and not each.settlement for each in state.markets.values()
        ) or any(not each.is_trading_enabled for each in state.accounts.values())

    def _account(self) -> AccountId:
        return self._random.choice(market.ACCOUNTS)

    def _instrument(self) -> Instrument:
        if self._random.random() < 0.75 and self._focus.symbol not in self._settled:
            return self._focus
        chosen = self._random.choice(market.INSTRUMENTS)
        if chosen.symbol in self._settled and self._random.random() < 0.9:
            return self._random.choice([market.PERPETUAL, market.INVERSE, market.SPOT])
        return chosen

    def _side(self) -> Side:
        return self._random.choice([BUY, SELL])

    def _ticks(self, instrument: Instrument, dollars: int) -> Ticks:
        return Ticks(int(dollars / instrument.tick_size))

    def _place(self, state: State, account: AccountId | None = None) -> PlaceOrder:
        random = self._random
        instrument = self._instrument()
        side = self._side()
        chosen = account
        account = self._account() if chosen is None else chosen
        for _ in range(6):  # mostly meet somebody
            if instrument.wallet == market.COIN and account == "dee":
                pass  # no coins: refused, which is worth trying, but not often
            elif self._counterparties(state, account, instrument, side):
                break
            account, side = self._account() if chosen is None else chosen, self._side()
        reduce_only = random.random() < 0.2
        if reduce_only or random.random() < 0.15:
            position = state.accounts[account].positions.get(instrument.symbol)
            if position is not None and position.quantity:  # against what is held
                side = SELL if position.quantity > 0 else BUY
            else:
                reduce_only = reduce_only and random.random() < 0.2
        style = random.random()
        time_in_force: TimeInForce = GTC
        meets = False
        away = random.choice([-3, -2, -2, -1, -1, 0, 1])
        if self._counterparties(state, account, instrument, side):
            meets = random.random() < 0.85
            if meets:
                away = random.choice([1, 2, 3, 4])
        elif style < 0.2:
            style = 1.0  # nobody to take from: rest instead
        limit: Ticks | None = self._ticks(instrument, self._base + side * away)
        trigger: Trigger | None = None
        if style < 0.08:
            time_in_force = IOC
        elif style < 0.12:
            time_in_force = FOK
        elif style < 0.2:
            time_in_force, limit = IOC, None
        elif style < 0.43:
            trigger = self._trigger(instrument, side)
            if trigger.offset is not None:
                limit = None
            elif random.random() < 0.6:
                time_in_force, limit = IOC, None
        name = None
        if random.random() < 0.3:
            self._names = self._names + 1 if random.random() < 0.9 else self._names
            name = f"n{self._names}"
        # Makers are mostly larger than takers, which now and then sweep several of them.
        sizes = SIZES[instrument.symbol]
        if meets:
            sizes = sizes[:4] if random.random() < 0.6 else sizes[3:]
        else:
            sizes = sizes[1:] if random.random() < 0.8 else sizes[:1]
        quantity = random.choice(sizes)
        if random.random() < 0.01:
            quantity *= 1_000
        post_only = time_in_force is GTC and trigger is None and random.random() < 0.06
        deadline = None
        if random.random() < 0.02:
            deadline = Nanos(state.now + random.choice([-1, 0, 5 * SECOND]))
        extras = (
            self._guards(instrument, trigger, reduce_only=reduce_only)
            or self._legs(instrument, side, reduce_only=reduce_only)
            or self._extras(state, waits=time_in_force is GTC and not reduce_only)
        )
        if instrument.kind is Kind.SPOT:
            rests = time_in_force is GTC and trigger is None
            extras = self._of_pairs(
                instrument,
                side,
                quantity,
                extras,
                rests=rests,
                is_market=trigger is None and limit is None,
            )
        return PlaceOrder(
            account=account,
            symbol=instrument.symbol,
            side=side,
            quantity=Lots(quantity),
            limit_price=limit,
            time_in_force=time_in_force,
            cl_ord_id=name,
            post_only=post_only,
            reduce_only=reduce_only and instrument.kind is not Kind.SPOT,
            trigger=trigger,
            market_cap=Decimal("0.01") if limit is None and random.random() < 0.8 else None,
            user_ref=random.randrange(3) if random.random() < 0.2 else None,
            self_trade=random.choices(list(SelfTrade), [9, 1, 1, 1, 0.5, 0.5, 0.5])[0],
            extras=extras,
            slides=post_only and random.random() < 0.5,
            deadline=deadline,
        )

    def _of_pairs(
        self,
        instrument: Instrument,
        side: Side,
        quantity: int,
        extras: Extras | None,
        *,
        rests: bool,
        is_market: bool,
    ) -> Extras | None:
        """A part that is hidden, an order that each fill brings, terms relative to the market."""
        random = self._pairs
        changed = Extras() if extras is None else extras
        if random.random() < (0.4 if rests else 0.01):
            slices = random.choice([1, 2, 3, 5, 9, 16])
            changed = replace(changed, display=Lots(max(quantity // slices, 1)))
        if random.random() < 0.12:
            changed = replace(changed, close=self._close(instrument, side))
        if is_market and side is BUY and random.random() < 0.5:
            cents = random.choice([1, 500, 10_000, 10**6])
            changed = replace(changed, cash=Atoms(cents * 10 ** market.SCALES[market.USD] // 100))
        elif rests and random.random() < 0.08:
            away = Distance(
                int(side) * random.choice([-3, -1, 0, 2]), Ppb(random.choice([0, 10**7]))
            )
            changed = replace(changed, limit_from=away)
        return extras if changed == Extras() else changed

    def _close(self, instrument: Instrument, side: Side) -> Close:
        """A take-profit or a stop-loss for what fills; sometimes it meets somebody at once."""
        random = self._pairs
        limit = self._ticks(instrument, self._base + side * random.choice([-3, -1, 1, 2, 3]))
        pick = random.random()
        if pick < 0.4:
            return Close(limit_price=limit)
        if pick < 0.5:
            return Close(limit_from=Distance(int(side) * random.choice([1, 3, 500, -40_000])))
        kind = random.choice([TriggerKind.STOP, TriggerKind.TAKE_PROFIT])
        is_above = (side is SELL) == (kind is TriggerKind.STOP)
        way = 1 if is_above else -1
        at = self._ticks(instrument, self._base + way * random.choice([0, 1, 2]))
        above = Direction.ABOVE if is_above else Direction.BELOW
        if pick < 0.6 and kind is TriggerKind.STOP:
            trail = Distance(share=Ppb(random.choice([0, 9_870_000])), ticks=random.choice([1, 2]))
            return Close(trigger=Trigger(kind, Ticks(0), Signal.LAST, above, trail=trail))
        if pick < 0.7:
            offset = Distance(share=Ppb(way * 15_000_000))
            return Close(trigger=Trigger(kind, at, Signal.LAST, above), trigger_from=offset)
        return Close(
            limit_price=limit if random.random() < 0.5 else None,
            trigger=Trigger(kind, at, random.choice([Signal.LAST, Signal.INDEX]), above),
        )

    def _guards(
        self, instrument: Instrument, trigger: Trigger | None, *, reduce_only: bool
    ) -> Extras | None:
        is_guard = reduce_only and trigger is not None and instrument.kind is not Kind.SPOT
        if not is_guard or self._random.random() < 0.5:
            return None
        return Extras(guards=True, whole=self._random.random() < 0.5)

    def _legs(self, instrument: Instrument, side: Side, *, reduce_only: bool) -> Extras | None:
        """A take-profit, a stop-loss, or both."""
        random = self._random
        if reduce_only or instrument.kind is Kind.SPOT or random.random() < 0.9:
            return None
        legs = []
        for kind, way in ((TriggerKind.TAKE_PROFIT, 1), (TriggerKind.STOP, -1)):
            if random.random() < 0.7:
                at = self._ticks(instrument, 100 + side * way * random.choice([1, 2, 2, 3]))
                above = Direction.ABOVE if side * way > 0 else Direction.BELOW
                signal = random.choice([Signal.LAST, Signal.MARK, Signal.MID])
                legs.append(
                    Leg(
                        Trigger(kind, at, signal, above),
                        limit_price=at if random.random() < 0.3 else None,
                        quantity=None
                        if random.random() < 0.7
                        else Lots(SIZES[instrument.symbol][1]),
                        market_cap=Decimal("0.08"),
                    )
                )
        return Extras(legs=tuple(legs))

    def _extras(self, state: State, *, waits: bool) -> Extras | None:
        random = self._random
        if not waits or random.random() < 0.88:
            return None
        expires = starts = None
        if random.random() < 0.7:
            expires = Nanos(state.now + random.choice([0, 3, 10, 60]) * SECOND)
        if random.random() < 0.4:
            starts = Nanos(state.now + random.choice([-1, 1, 5, 20]) * SECOND)
        return Extras(expires=expires, starts=starts)

    def _counterparties(
        self, state: State, account: AccountId, instrument: Instrument, side: Side
    ) -> bool:
        """Whether somebody outside the family is first in line on the other side."""
        for live in state.markets[instrument.symbol].book.side(-side).in_priority():
            return live.account.family != market.FAMILIES[account]
        return False

    def _trigger(self, instrument: Instrument, side: Side) -> Trigger:
        random = self._random
        kind = random.choice([TriggerKind.STOP, TriggerKind.TAKE_PROFIT])
        is_above = (side is BUY) == (kind is TriggerKind.STOP)
        dollars = self._base + random.choice([-1, 0, 1, 1, 2]) * (1 if is_above else -1)
        return Trigger(
            kind,
            self._ticks(instrument, dollars),
            random.choices([Signal.LAST, Signal.MARK, Signal.INDEX, Signal.MID], [4, 1, 1, 1])[0],
            Direction.ABOVE if is_above else Direction.BELOW,
            trail=self._trail(instrument)
            if kind is TriggerKind.STOP and random.random() < 0.4
            else None,
            offset=self._distance(instrument, random.choice([-2, -1, 0, 1]))
            if random.random() < 0.15
            else None,
        )

    def _trail(self, instrument: Instrument) -> Distance:
        return self._distance(instrument, self._random.choice([1, 1, 2, 3, 200]))

    def _distance(self, instrument: Instrument, dollars: int) -> Distance:
        """So many dollars, or about as many percent."""
        if self._random.random() < 0.5:
            return Distance(self._ticks(instrument, dollars))
        return Distance(share=Ppb(min(dollars, 50) * 9_870_000))

    def _cancel(self, state: State, account: AccountId | None = None) -> CancelOrder:
        random = self._random
        account = self._account() if account is None else account
        names = [
            held.request.cl_ord_id
            for held in state.holds.of(account)
            if isinstance(held.request, PlaceOrder) and held.request.cl_ord_id is not None
        ]
        if names and random.random() < 0.5:
            return CancelOrder(account=account, cl_ord_id=random.choice(names))
        live = list(state.accounts[account].orders.values())
        if not live or random.random() < 0.08:
            return CancelOrder(account=account, order_id=OrderId(random.randrange(1, 300)))
        order = random.choice(live).order
        if order.cl_ord_id is not None and random.random() < 0.5:
            return CancelOrder(account=account, cl_ord_id=order.cl_ord_id)
        return CancelOrder(account=account, order_id=order.order_id)

    def _replace(self, state: State) -> ReplaceOrder:
        """Another order for one that is named; sometimes it waits, or is not there."""
        random = self._random
        named = self._cancel(state)
        found = [
            live.order
            for live in state.accounts[named.account].orders.values()
            if live.order_id == named.order_id
        ]
        instrument = market.BY_SYMBOL[found[0].symbol] if found else self._focus
        side = found[0].side if found else BUY
        return ReplaceOrder(
            account=named.account,
            order_id=named.order_id,
            cl_ord_id=named.cl_ord_id,
            limit_price=self._ticks(instrument, 100 + side * random.choice([-3, -2, -1, 0, 1])),
            quantity=None
            if random.random() < 0.5
            else Lots(random.choice(SIZES[instrument.symbol])),
        )

    def _amend(self, state: State, account: AccountId | None = None) -> AmendOrder:
        random = self._random
        for _ in range(4):  # mostly somebody who has orders
            chosen_account = self._account() if account is None else account
            live = list(state.accounts[chosen_account].orders.values())
            if live:
                break
        account = chosen_account
        if not live or random.random() < 0.04:
            return AmendOrder(account=account, order_id=OrderId(random.randrange(1, 300)))
        if self._pairs.random() < 0.85:  # those that can be changed
            live = [each for each in live if not each.closes] or live
        resting = [each for each in live if not each.is_waiting]
        chosen = random.choice(resting if resting and random.random() < 0.5 else live)
        order = chosen.order
        instrument = market.BY_SYMBOL[order.symbol]
        by_name = order.cl_ord_id is not None and random.random() < 0.5
        leaves = quantity = limit = stop = None
        if random.random() < 0.6:
            size = chosen.leaves * random.choice([1, 2, 3, 3, 4, 5, 8, 20, 60, 200]) // 4
            if random.random() < 0.5:
                leaves = Lots(size)
            else:
                quantity = Lots(order.quantity - chosen.leaves + size)
        if order.limit_price is not None and random.random() < 0.6:
            others = state.markets[order.symbol].book.side(-order.side).best()
            if random.random() < 0.2:
                limit = order.limit_price
            elif others is not None and random.random() < 0.5:
                limit = Ticks(others.price + order.side * random.choice([-1, 0, 0, 2]))
            else:
                away = random.choice([-3, -2, -1, 0, 1, 2, 3])
                limit = self._ticks(instrument, self._base + order.side * away)
        trail = None
        trigger = order.trigger
        if chosen.is_waiting and trigger is not None and trigger.trail is not None:
            if random.random() < 0.9:
                limit = None
            if random.random() < 0.6:
                trail = self._trail(instrument) if random.random() < 0.7 else trigger.trail
            elif random.random() < 0.1:
                stop = self._ticks(instrument, self._base)
        elif (chosen.is_waiting and random.random() < 0.7) or random.random() < 0.01:
            stop = self._ticks(instrument, self._base + random.choice([-2, -1, 0, 1, 2]))
        deadline = None
        if random.random() < 0.02:
            deadline = Nanos(state.now + random.choice([-1, 0, 5 * SECOND]))
        return AmendOrder(
            account=account,
            order_id=None if by_name else order.order_id,
            cl_ord_id=order.cl_ord_id if by_name else None,
            quantity=quantity,
            leaves=leaves,
            limit_price=limit,
            trigger_price=stop,
            deadline=deadline,
            trail=trail,
            display=self._display(chosen),
        )

    def _display(self, live: Live) -> Lots | None:
        """Another size for the slices of an iceberg; now and then of what is none."""
        random = self._pairs
        if random.random() < (0.5 if live.display else 0.005):
            return Lots((live.display or live.leaves) * random.choice([0, 1, 2, 3, 5, 8]) // 2)
        return None

    def _cancel_all(self) -> CancelOrders:
        random = self._random
        return CancelOrders(
            account=self._account(),
            symbol=self._instrument().symbol if random.random() < 0.6 else None,
            side=self._side() if random.random() < 0.5 else None,
            keep_reduce_only=random.random() < 0.4,
            wallet=random.choice([market.FLEX, market.COIN]) if random.random() < 0.2 else None,
            user_ref=random.randrange(3) if random.random() < 0.1 else None,
        )

    def _batch(self, state: State) -> Batch:
        random = self._random
        account = self._account()
        return Batch(
            account=account,
            members=tuple(self._member(state, account) for _ in range(random.randrange(1, 6))),
        )

    def _member(self, state: State, account: AccountId) -> PlaceOrder | AmendOrder | CancelOrder:
        pick = self._random.random()
        if pick < 0.6:
            return self._place(state, account)
        return self._amend(state, account) if pick < 0.8 else self._cancel(state, account)

    def _rare(self, state: State, now: Nanos) -> Command:
        """What hardly ever happens, or closes a market; a closed market is opened again soon."""
        random = self._random
        for each in state.markets.values():
            if each.mode is not Mode.ONLINE and not each.settlement:
                return SetMode(symbol=each.symbol, mode=Mode.ONLINE)
        if not state.intake_open:
            return SetIntake(is_open=True)
        if random.random() < 0.05:
            return SetSelfTrade(account=self._account(), self_trade=random.choice(SELF_TRADES))
        symbol = self._instrument().symbol
        for account in state.accounts.values():
            if not account.is_trading_enabled:
                return SetTradingEnabled(account=account.account_id, is_enabled=True)
        pick = random.randrange(13)
        if pick == 0:
            return SetMode(symbol=symbol, mode=random.choice(MODES))
        if pick == 1:
            return SetIntake(is_open=False)
        if pick == 2:
            return SetMarkPrice(symbol=symbol, price=Decimal(random.randrange(97, 104)))
        if pick == 3:
            return SetMarkPrice(symbol=symbol, price=None)
        if pick == 4:
            return Resume(down_since=now)
        if pick == 5:
            wallet, asset = random.choice(list(market.FUNDS))
            amount = random.choice([-(10**9), -(10**7), 10**7])
            return Deposit(
                account=self._account(), wallet=wallet, asset=asset, amount=Atoms(amount)
            )
        if pick == 6:
            leverage = random.choice([None, 1, 2, 10, 50, 51])
            if random.random() < 0.2:
                amount = Atoms(random.choice([-5, 10**6, 10**12]))
                return AddMargin(account=self._account(), symbol=symbol, amount=amount)
            return SetLeverage(
                account=self._account(),
                symbol=symbol,
                leverage=leverage,
                is_isolated=random.random() < 0.7,
            )
        if pick == 7:
            return SetTradingEnabled(account=self._account(), is_enabled=False)
        if pick == 8:
            wallet, asset = random.choice(list(market.FUNDS))
            amount = random.choice([-1, 10**6, 10**7, 10**10])
            return Withdraw(
                account=self._account(), wallet=wallet, asset=asset, amount=Atoms(amount)
            )
        if pick == 9:
            return self._transfer()
        if pick == 10:
            return self._join_assignment()
        if pick == 11:
            return LeaveAssignment(account=self._account(), number=random.randrange(1, 5))
        return PassTime()

    def _join_assignment(self) -> JoinAssignment:
        random = self._random
        instrument = random.choice(market.INSTRUMENTS[1:4])
        terms = AssigneeTerms(
            kind=instrument.kind,
            symbol=instrument.symbol if random.random() < 0.3 else None,
            max_size=Decimal(random.choice([0, 1, 4, 1_000])) if random.random() < 0.5 else None,
            max_position=Decimal(random.choice([3, 500])) if random.random() < 0.3 else None,
            accepts_long=random.random() < 0.8,
            accepts_short=random.random() < 0.8,
            days=random.choices(list(Days), [4, 1, 1])[0],
            is_enabled=random.random() < 0.9,
        )
        return JoinAssignment(account=self._account(), terms=terms)

    def _transfer(self) -> Transfer:
        """Mostly within the one family that has two accounts, or between wallets of one account."""
        random = self._random
        wallet, asset = random.choice(list(market.FUNDS))
        account = self._account()
        other = random.choice([account, account, *market.ACCOUNTS])
        if random.random() < 0.4:
            account, other = random.sample([AccountId("cyd"), AccountId("dee")], 2)
        return Transfer(
            account=account,
            wallet=wallet,
            to_account=other,
            to_wallet=random.choice([market.FLEX, market.COIN, market.CASH]),
            asset=asset,
            amount=Atoms(random.choice([-1, 10**6, 10**6, 10**7, 10**10])),
        )


class Slicer(Writer):
    """Writes TWAPs between the commands of the others, and cancels of them."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._slices = Random(seed * 7 + 1)

    def write(self, state: State, now: Nanos) -> tuple[Nanos, Command]:
        """When the next command comes, and what it says."""
        random = self._slices
        pick = random.random()
        if pick < 0.09:
            return now, self._twap(state)
        if pick < 0.12:
            return now, self._stop(state)
        if pick < 0.13:
            return now, CancelOrders(
                account=random.choice(market.ACCOUNTS),
                symbol=random.choice([None, self._focus.symbol]),
                keep_reduce_only=random.random() < 0.3,
                takes_twaps=True,
            )
        if pick < 0.15:
            price = Decimal(random.randrange(9_600, 10_400)) / 100
            return now, SetIndexPrice(index=market.ELSEWHERE, price=price)
        return super().write(state, now)

    def _twap(self, state: State) -> PlaceTwap:
        random = self._slices
        instrument = self._focus
        if instrument.symbol not in market.SLICED or random.random() < 0.3:
            instrument = random.choice(market.INSTRUMENTS)
        account = random.choice(market.ACCOUNTS)
        side = random.choice([BUY, SELL])
        for _ in range(4):  # mostly meet somebody
            if self._counterparties(state, account, instrument, side):
                break
            account, side = random.choice(market.ACCOUNTS), side.opposite
        position = state.accounts[account].positions.get(instrument.symbol)
        reduce_only = position is not None and position.quantity != 0 and random.random() < 0.3
        if reduce_only and position is not None:
            side = SELL if position.quantity > 0 else BUY
        return PlaceTwap(
            account=account,
            symbol=instrument.symbol,
            side=side,
            quantity=Lots(random.choice(SIZES[instrument.symbol]) * random.choice([1, 3, 10])),
            slippage=Decimal(random.choice(["0.01", "0.03", "0.05", "0.05", "0.08", "0.08", "1"])),
            duration=Nanos(random.choice([3, 4, 7, 10, 20, 30, 60]) * SECOND),
            cl_ord_id=f"t{random.randrange(3)}" if random.random() < 0.3 else None,
            reduce_only=reduce_only,
            self_trade=random.choice([SelfTrade.REJECT_TAKER, SelfTrade.CANCEL_OLDEST]),
        )

    def _stop(self, state: State) -> CancelTwap:
        random = self._slices
        mine = [view.twap for view in state.slicing.all()]
        if not mine or random.random() < 0.1:
            return CancelTwap(account=random.choice(market.ACCOUNTS), cl_ord_id="t1")
        twap = random.choice(mine)
        account = twap.account if random.random() < 0.9 else random.choice(market.ACCOUNTS)
        if twap.cl_ord_id is not None and random.random() < 0.5:
            return CancelTwap(account=account, cl_ord_id=twap.cl_ord_id)
        return CancelTwap(account=account, order_id=twap.order_id)


class Storm(Writer):
    """Writes of a market that trends and falls, and of people who hold more than they should."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._cents = 10_000
        self._slope = 0

    def write(self, state: State, now: Nanos) -> tuple[Nanos, Command]:
        """When the next command comes, and what it says."""
        random = self._random
        self._settled = {each.symbol for each in state.markets.values() if each.settlement}
        now = Nanos(now + random.choice([0, SECOND, 2 * SECOND, 5 * SECOND]))
        pick = random.random()
        if pick < 0.28:
            if random.random() < 0.2:
                self._slope = random.choice([-150, -60, 0, 60, 150])
            jump = random.choice([-900, 900]) if random.random() < 0.06 else 0
            self._cents += random.randrange(-100, 101) + self._slope + jump
            self._cents = min(max(self._cents, 5_000), 18_000)
            self._base = self._cents // 100
            return now, SetIndexPrice(index=market.INDEX, price=Decimal(self._cents) / 100)
        if pick < 0.30:
            return now, self._join_assignment()
        if pick < 0.75:
            return now, self._large(state)
        _, command = super().write(state, now)
        if isinstance(command, SetIndexPrice):
            return now, PassTime()
        return now, command

    def _account(self) -> AccountId:
        """Those with little money do most."""
        return self._random.choices(market.ACCOUNTS, [2, 2, 5, 4, 2])[0]

    def _large(self, state: State) -> PlaceOrder:
        """An order for about as much as margin allows, across the book where somebody is there."""
        random = self._random
        kinds = [each for each in market.INSTRUMENTS[:4] if each.symbol not in self._settled]
        instrument = random.choice(kinds)
        account = self._account()
        side = self._side()
        if account == "dee" and instrument.wallet == market.COIN:
            account = AccountId("cyd")
        if self._counterparties(state, account, instrument, side):
            away = random.choice([1, 3])
        else:
            account = random.choice([AccountId("ann"), AccountId("bob"), AccountId("eve")])
            away = random.choice([-4, -2, -1])
        worth = random.choice([60, 400, 1_500])  # dollars
        size = worth / instrument.lot_size
        if instrument.kind is Kind.LINEAR:
            size /= self._base
        return PlaceOrder(
            account=account,
            symbol=instrument.symbol,
            side=side,
            quantity=Lots(max(min(int(size), instrument.max_quantity), 1)),
            limit_price=self._ticks(instrument, self._base + side * away),
            time_in_force=IOC if away > 0 and random.random() < 0.5 else GTC,
        )
