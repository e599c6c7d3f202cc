"""Laws of money and positions, in plain arithmetic: fractions and sums, without shortcuts."""

from collections import Counter
from fractions import Fraction
from math import ceil, floor

from openvenue.engine.events import (
    Deposited,
    FundingPaid,
    FundingRateSet,
    LeverageSet,
    MarginMoved,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderTrimmed,
    PositionSettled,
    Traded,
    Withdrawn,
)
from openvenue.engine.instruments import Instrument, Kind
from openvenue.engine.orders import BUY, SELL, Order, OrderView, Origin
from openvenue.engine.queries import WalletView
from openvenue.engine.units import PRICE_ONE, AccountId, Atoms
from tests.simulation import market
from tests.simulation.recording import FEW, PositionSeen, Recording, View

DAY = 86_400 * 10**9


def test_money_neither_appears_nor_vanishes(recordings: list[Recording]) -> None:
    """Balances less what positions cost, and what the venue keeps, are what came in and stayed."""
    for recording in recordings:
        deposited: Counter[str] = Counter()
        for step in recording.setup + recording.steps:
            for event in step.events:
                if isinstance(event, Deposited):
                    deposited[event.asset] += event.amount
                elif isinstance(event, Withdrawn):
                    deposited[event.asset] -= event.amount
            there: Counter[str] = Counter(step.after.fees)
            after = step.after
            for sums in (after.funding, after.insurance, after.dust, after.converted):
                there.update(sums)
            for (_, _, asset), atoms in step.after.balances.items():
                there[asset] += atoms
            for (_, symbol), position in step.after.positions.items():
                there[market.BY_SYMBOL[symbol].settlement] -= position.cost  # type: ignore[index]
            for asset in market.SCALES:
                assert there[asset] == deposited[asset], (recording.seed, step.number, asset)


def test_a_trade_is_worth_its_size_at_its_price(recordings: list[Recording]) -> None:
    """Size times price, or divided by it; fees are rounded up, for the venue.

    All that an order trades is charged by what its family had traded before it, today and on the
    days before.
    """
    tiers: Counter[int] = Counter()
    for recording in recordings:
        volumes: Counter[tuple[str, int]] = Counter()  # cents, by family and day
        for step in recording.setup + recording.steps:
            today = step.now // DAY
            earlier: dict[int, Counter[tuple[str, int]]] = {}  # by the taker's order
            for event in step.events:
                if isinstance(event, Traded):
                    before = earlier.setdefault(event.taker_order_id, volumes.copy())
                    for account in (event.maker_account, event.taker_account):
                        volumes[market.FAMILIES[account], today] += _cents(event)
                    instrument = market.BY_SYMBOL[event.symbol]
                    exact = worth(instrument, event.quantity, event.price)
                    assert event.value == floor(exact), (recording.seed, event)
                    if event.origin is not Origin.CLIENT:
                        continue  # what the venue itself makes of fees is a law of risk
                    for fee, account, which in (
                        (event.maker_fee, event.maker_account, "maker"),
                        (event.taker_fee, event.taker_account, "taker"),
                    ):
                        family = market.FAMILIES[account]
                        first = today - instrument.fee_days + 1
                        volume = sum(before[family, day] for day in range(first, today + 1))
                        [*_, (number, tier)] = [
                            (number, each)
                            for number, each in enumerate(instrument.fee_tiers)
                            if each.volume * 100 <= volume
                        ]
                        tiers[number] += 1
                        rate = getattr(tier, which)
                        full = ceil(Fraction(event.value * rate, 10**9))
                        assert fee in (full, full - _spared(event, which)), event
    assert (tiers[1] > 20 and tiers[2] > 20) or len(recordings) < FEW


def _spared(event: Traded, which: str) -> int:
    """A spot buyer whose fills each round up pays an atom less, where that is not held."""
    is_buyer = which == "maker" and event.aggressor is SELL
    return int(is_buyer and event.symbol == market.SPOT.symbol)


def test_profit_is_what_the_closed_lots_gained(recordings: list[Recording]) -> None:
    """Realized profit is within two atoms a fill of value out less average value in.

    Fills, not orders, are rounded; a position that is closed has no cost left over.
    """
    closing = 0
    for recording in recordings:
        held: Counter[tuple[str, str]] = Counter()
        cost: Counter[tuple[str, str]] = Counter()
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, PositionSettled):
                    held.pop((event.account, event.symbol))
                    cost.pop((event.account, event.symbol))
                if not isinstance(event, Traded):
                    continue
                instrument = market.BY_SYMBOL[event.symbol]
                if instrument.kind is Kind.SPOT:
                    assert event.maker_realized == event.taker_realized == 0
                    continue
                long = 1 if instrument.kind is Kind.LINEAR else -1
                for account, sign, realized in (
                    (event.maker_account, -event.aggressor, event.maker_realized),
                    (event.taker_account, int(event.aggressor), event.taker_realized),
                ):
                    name = (str(account), str(event.symbol))
                    before = held[name]
                    closed = min(abs(before), event.quantity) if before * sign < 0 else 0
                    if closed == 0:
                        assert realized == 0, (recording.seed, event)
                    else:
                        closing += 1
                        out = -sign * long * worth(instrument, closed, event.price)
                        paid = Fraction(cost[name] * closed, abs(before))
                        assert abs(realized - (out - paid)) < 2, (recording.seed, step.number)
                    held[name] += sign * event.quantity
                    cost[name] += sign * long * event.value + realized
            for name, seen in step.after.positions.items():
                assert (seen.quantity, seen.cost) == (held[name], cost[name]), recording.seed
                assert seen.quantity != 0 or seen.cost == 0, (recording.seed, step.number, name)
    assert closing > 100 or len(recordings) < FEW


def test_longs_equal_shorts_and_open_interest(recordings: list[Recording]) -> None:
    """Every contract has two sides; open interest counts one of them."""
    for recording in recordings:
        for step in recording.steps:
            for symbol, open_interest in step.after.open_interest.items():
                mine = [
                    seen.quantity
                    for (_, held), seen in step.after.positions.items()
                    if held == symbol
                ]
                assert sum(mine) == 0, (recording.seed, step.number)
                assert sum(max(each, 0) for each in mine) == open_interest, recording.seed


def test_running_sums_equal_the_sums_that_they_save(recordings: list[Recording]) -> None:
    """What resting orders could add to a position, and which ones can only reduce it."""
    for recording in recordings:
        for step in recording.steps:
            view = step.after
            for (account, symbol), seen in view.positions.items():
                mine = _resting(view, account, symbol)
                opening = [each for each in mine if not each.order.reduce_only]
                where = (recording.seed, step.number, account, symbol)
                assert seen.buys == sum(e.leaves for e in opening if e.order.side is BUY), where
                assert seen.sells == sum(e.leaves for e in opening if e.order.side is SELL), where
                reducing = {int(e.order.order_id) for e in mine if e.order.reduce_only}
                assert set(seen.reducers) == reducing, where


def test_holds_are_what_open_spot_orders_need(recordings: list[Recording]) -> None:
    """The quote and the largest fee to buy, the base to sell, rounded up, order by order."""
    most = max(rate for tier in market.SPOT.fee_tiers for rate in (tier.maker, tier.taker))
    for recording in recordings:
        for step in recording.steps:
            needed: Counter[tuple[str, str, str]] = Counter()
            spot = market.SPOT
            for account in market.ACCOUNTS:
                for each in _resting(step.after, account, spot.symbol):
                    if each.order.side is SELL:
                        size = each.leaves * spot.lot_size * 10**spot.base_scale
                        needed[account, spot.wallet, spot.base] += int(size)
                        continue
                    assert each.order.limit_price is not None
                    value = ceil(worth(spot, each.leaves, each.order.limit_price))
                    fee = ceil(Fraction(value * most, 10**9))
                    needed[account, spot.wallet, spot.quote] += value + fee
            for name, atoms in step.after.held.items():
                assert atoms == needed[name], (recording.seed, step.number, name)
            for name, atoms in needed.items():
                assert step.after.held[name] == atoms, (recording.seed, step.number, name)


def test_nobody_spends_what_they_do_not_have(recordings: list[Recording]) -> None:
    """Cash covers what orders hold, to the atom, whatever tier their owner has come to."""
    for recording in recordings:
        for step in recording.steps:
            for (account, wallet, asset), atoms in step.after.balances.items():
                if wallet == market.CASH:
                    held = step.after.held.get((account, wallet, asset), 0)
                    assert atoms - held >= 0, (recording.seed, step.number, account, asset)


def test_reduce_only_never_flips_or_enlarges_a_position(recordings: list[Recording]) -> None:
    """Not as a taker, not as a maker, not after others have used the position up."""
    reduced = 0
    for recording in recordings:
        held: Counter[tuple[str, str]] = Counter()
        terms: dict[int, Order] = {}
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, OrderAccepted | OrderActivated | OrderAmended):
                    terms[event.order.order_id] = event.order
                if isinstance(event, PositionSettled):
                    held.pop((event.account, event.symbol))
                if not isinstance(event, Traded):
                    continue
                for order_id in (event.maker_order_id, event.taker_order_id):
                    order = terms[order_id]
                    name = (str(order.account), str(order.symbol))
                    before = held[name]
                    held[name] += event.quantity * int(order.side)
                    if order.reduce_only:
                        reduced += 1
                        assert before * int(order.side) < 0, (recording.seed, event)
                        assert before * held[name] >= 0, (recording.seed, event)
                        assert abs(held[name]) < abs(before), (recording.seed, event)
    assert reduced > 30 or len(recordings) < FEW


def test_resting_reduce_only_orders_fit_their_position(recordings: list[Recording]) -> None:
    """Each follows its position down, and ends with it."""
    trimmed = 0
    for recording in recordings:
        for step in recording.steps:
            trimmed += sum(isinstance(event, OrderTrimmed) for event in step.events)
            for view in step.after.orders.values():
                if view.order.reduce_only and not view.is_waiting:
                    name = (str(view.order.account), str(view.order.symbol))
                    against = -step.after.positions[name].quantity * int(view.order.side)
                    assert 0 < view.leaves <= against, (recording.seed, step.number)
    assert trimmed > 5 or len(recordings) < FEW


def test_margin_is_what_positions_and_open_orders_need(recordings: list[Recording]) -> None:
    """The whole size's level, at mark; linear contracts on one index net long against short."""
    for recording in recordings:
        leverage: dict[tuple[str, str], int] = {}
        for step in recording.steps:
            for event in step.events:
                if isinstance(event, LeverageSet):
                    leverage[event.account, event.symbol] = event.leverage or 0
            for account in market.ACCOUNTS:
                for wallet in step.after.accounts[account].wallets:
                    where = (recording.seed, step.number, account, wallet.wallet)
                    named = _margin(step.after, account, str(wallet.wallet), leverage)
                    assert wallet.initial_margin == named["initial"], where
                    assert wallet.initial_margin_with_orders == named["with orders"], where
                    assert wallet.maintenance_margin == named["maintenance"], where
                    assert wallet.unrealized == named["unrealized"], where
                    collateral = _collateral(step.after, wallet)
                    gained = wallet.unrealized + wallet.unrealized_funding
                    assert wallet.equity == collateral + gained, where


def test_funding_is_what_longs_pay_to_shorts(recordings: list[Recording]) -> None:
    """Each payment is the rate's share of what was held for as long as it was held.

    Nothing is lost: what the venue keeps of it between hours is what others will get.
    """
    paid = 0
    for recording in recordings:
        book = FundingBook(recording.seed)
        for step in recording.setup + recording.steps:
            for event in step.events:
                match event:
                    case FundingPaid():
                        paid += len(event.shares)
                        book.paid(event)
                    case FundingRateSet():
                        book.rate_set(event)
                    case Traded():
                        book.traded(event, step.now)
            for asset in market.SCALES:
                left = step.after.funding.get(asset, 0) - book.owed(asset, step.now)
                assert 0 <= left <= book.roundings[asset], (recording.seed, step.number, asset)
    assert paid > 100 or len(recordings) < FEW


class FundingBook:
    """Who has held how much for how long, in fractions."""

    def __init__(self, seed: int) -> None:
        self.roundings: Counter[str] = Counter()  # atoms that rounding may have left, by asset
        self._seed = seed
        self._held: Counter[tuple[str, str]] = Counter()
        self._accrued: dict[tuple[str, str], Fraction] = {}
        self._since: dict[str, int] = {}
        self._rates: dict[str, Fraction] = {}  # atoms that a lot pays for a nanosecond

    def rate_set(self, event: FundingRateSet) -> None:
        """A new hour."""
        instrument = market.BY_SYMBOL[event.symbol]
        assert instrument.funding is not None
        assert abs(event.rate) <= instrument.funding.rate_max * 1_000
        self._accrue(event.symbol, event.time)
        if instrument.funding.accrues:
            self._rates[event.symbol] = _lot_rate(instrument, event.rate, event.index)
            for name in [it for it in self._accrued if it[1] == event.symbol]:
                assert 0 <= self._accrued.pop(name) < 1, "the hour was paid to the atom"

    def paid(self, event: FundingPaid) -> None:
        """The end of an hour."""
        instrument = market.BY_SYMBOL[event.symbol]
        assert instrument.funding is not None
        if instrument.funding.accrues:
            self._accrue(event.symbol, event.time)
        else:
            rate = _lot_rate(instrument, event.rate, event.index)
            for (account, symbol), lots in self._held.items():
                if symbol == event.symbol:
                    self._accrued[account, symbol] = -lots * rate * 3_600 * 10**9
        for share in event.shares:
            assert share.quantity == self._held[share.account, event.symbol], self._seed
            self._receive(share.account, event.symbol, share.amount)
        if not instrument.funding.accrues:
            assert all(0 <= left < 1 for left in self._accrued.values() if left), self._seed

    def traded(self, event: Traded, now: int) -> None:
        """What was held until now counts as it was."""
        if market.BY_SYMBOL[event.symbol].kind is Kind.SPOT:
            return
        self._accrue(event.symbol, now)
        for account, sign, funding in (
            (event.maker_account, -event.aggressor, event.maker_funding),
            (event.taker_account, int(event.aggressor), event.taker_funding),
        ):
            self._receive(account, event.symbol, funding)
            self._held[account, event.symbol] += sign * event.quantity

    def owed(self, asset: str, now: int) -> Fraction:
        """What all positions together would get now: nothing, but for what was paid earlier."""
        total = Fraction(0)
        for name, lots in self._held.items():
            if market.BY_SYMBOL[name[1]].settlement == asset:  # type: ignore[index]
                passed = now - self._since.get(name[1], now)
                total += self._accrued.get(name, 0)
                total -= lots * self._rates.get(name[1], Fraction(0)) * passed
        return total

    def _accrue(self, symbol: str, until: int) -> None:
        passed = until - self._since.get(symbol, until)
        self._since[symbol] = until
        rate = self._rates.get(symbol)
        if rate:
            for name, lots in self._held.items():
                if name[1] == symbol:
                    before = self._accrued.get(name, Fraction(0))
                    self._accrued[name] = before - lots * rate * passed

    def _receive(self, account: str, symbol: str, amount: int) -> None:
        exact = self._accrued.pop((account, symbol), Fraction(0))
        assert amount <= exact < amount + 1, (self._seed, account, symbol)
        self.roundings[market.BY_SYMBOL[symbol].settlement] += 1  # type: ignore[index]


def _cents(event: Traded) -> int:
    """Dollars of a trade, cut to a cent: contracts of a dollar, or its value in dollars."""
    instrument = market.BY_SYMBOL[event.symbol]
    if instrument.kind is Kind.INVERSE:
        return int(event.quantity) * int(instrument.lot_size * 100)
    one: int = 10**instrument.settlement_scale
    return event.value * 100 // one


def _lot_rate(instrument: Instrument, rate: int, index: int) -> Fraction:
    """Atoms that one lot pays for one nanosecond, from sizes, prices and rates alone."""
    size = Fraction(instrument.lot_size)
    price = Fraction(index, PRICE_ONE)
    units = size / price if instrument.kind is Kind.INVERSE else size * price
    one: int = 10**instrument.settlement_scale
    return units * one * Fraction(rate, 10**12) / (3_600 * 10**9)


def test_an_isolated_position_stands_on_its_own_margin(recordings: list[Recording]) -> None:
    """What it has was given to it; a flat one has nothing; the venue's answer adds up."""
    stood = given = 0
    for recording in recordings:
        for step in recording.steps:
            given += sum(isinstance(event, MarginMoved) for event in step.events)
            for account in market.ACCOUNTS:
                seen = step.after.accounts[account]
                wallets = {
                    str(each.wallet).partition("/")[2]: each for each in seen.isolated_wallets
                }
                for position in seen.positions:
                    where = (recording.seed, step.number, account, position.symbol)
                    if position.symbol not in seen.isolated:
                        assert position.isolated_margin is None, where
                        continue
                    stood += 1
                    wallet = wallets[position.symbol]
                    assert wallet.settlement is not None
                    assert position.isolated_margin == wallet.balances.get(wallet.settlement, 0)
                    assert wallet.initial_margin == position.initial_margin, where
                    assert wallet.initial_margin_with_orders == position.initial_margin, where
                    assert wallet.maintenance_margin == position.maintenance_margin, where
                open_ones = {position.symbol for position in seen.positions}
                for symbol, wallet in wallets.items():
                    if symbol not in open_ones:
                        assert not any(wallet.balances.values()), (
                            recording.seed,
                            step.number,
                            symbol,
                        )
    assert (stood > 100 and given > 30) or len(recordings) < FEW


def worth(instrument: Instrument, lots: int, ticks: int) -> Fraction:
    """Exact value in atoms of the settlement asset."""
    size = lots * Fraction(instrument.lot_size)
    price = ticks * Fraction(instrument.tick_size)
    units = size / price if instrument.kind is Kind.INVERSE else size * price
    one: int = 10**instrument.settlement_scale
    return units * one


def _collateral(view: View, wallet: WalletView) -> int:
    """Dollars as they are, coins in the wallet of linear contracts at their index less a part."""
    if wallet.settlement is None:
        return 0
    own = wallet.balances.get(wallet.settlement, 0)
    if wallet.wallet != market.FLEX:
        return own
    coins = Fraction(wallet.balances.get(market.XBT, Atoms(0)), 10 ** market.SCALES[market.XBT])
    value = floor(coins * Fraction(view.index, PRICE_ONE) * 10 ** market.SCALES[market.USD])
    return own + floor(Fraction(value * 95, 100))


def _resting(view: View, account: str, symbol: str) -> list[OrderView]:
    return [
        each
        for each in view.orders.values()
        if each.order.account == account and each.order.symbol == symbol and not each.is_waiting
    ]


def _margin(
    view: View, account: AccountId, wallet: str, leverage: dict[tuple[str, str], int]
) -> Counter[str]:
    """Margin figures of one wallet, from positions, orders and mark prices alone."""
    figures: Counter[str] = Counter()
    longs: Counter[str] = Counter()
    shorts: Counter[str] = Counter()
    for (owner, symbol), seen in view.positions.items():
        instrument = market.BY_SYMBOL[symbol]  # type: ignore[index]
        if owner != account or instrument.wallet != wallet:
            continue
        mark = Fraction(view.marks[symbol], PRICE_ONE)
        most = leverage.get((account, symbol), 0)
        if symbol not in view.accounts[account].isolated:
            figures["initial"] += _initial(instrument, abs(seen.quantity), mark, most)
            figures["maintenance"] += _rate(instrument, abs(seen.quantity), mark, "maintenance")
            figures["unrealized"] += _unrealized(instrument, seen, mark)
        opening = [e for e in _resting(view, account, symbol) if not e.order.reduce_only]
        buys = sum(e.leaves for e in opening if e.order.side is BUY)
        sells = sum(e.leaves for e in opening if e.order.side is SELL)
        if symbol in view.accounts[account].isolated:
            most_held = max(
                _initial(instrument, seen.quantity + buys, mark, most),
                _initial(instrument, sells - seen.quantity, mark, most),
            )
            own = _initial(instrument, abs(seen.quantity), mark, most)
            figures["with orders"] += max(most_held - own, 0)
            continue
        group = symbol if instrument.kind is Kind.INVERSE else f"linear on {instrument.index}"
        longs[group] += _initial(instrument, seen.quantity + buys, mark, most)
        shorts[group] += _initial(instrument, sells - seen.quantity, mark, most)
    for group in longs | shorts:
        figures["with orders"] += max(longs[group], shorts[group])
    return figures


def _initial(instrument: Instrument, lots: int, mark: Fraction, leverage: int) -> int:
    """By the schedule; where an account has chosen a leverage, that share of the value at least."""
    if lots <= 0 or not leverage:
        return _rate(instrument, lots, mark, "initial")
    size = lots * Fraction(instrument.lot_size)
    units = size / mark if instrument.kind is Kind.INVERSE else size * mark
    one: int = 10**instrument.settlement_scale
    return max(_rate(instrument, lots, mark, "initial"), ceil(units * one / leverage))


def _rate(instrument: Instrument, lots: int, mark: Fraction, which: str) -> int:
    if lots <= 0:
        return 0
    size = lots * Fraction(instrument.lot_size)
    units = size / mark if instrument.kind is Kind.INVERSE else size * mark
    one: int = 10**instrument.settlement_scale
    of_size = Fraction(lots) if instrument.kind is Kind.INVERSE else units
    level = [each for each in instrument.margin_levels if each.above <= of_size][-1]
    rate = level.initial if which == "initial" else level.maintenance
    return ceil(units * one * Fraction(rate, 10**9))


def _unrealized(instrument: Instrument, seen: PositionSeen, mark: Fraction) -> int:
    size = seen.quantity * Fraction(instrument.lot_size)
    units = -size / mark if instrument.kind is Kind.INVERSE else size * mark
    one: int = 10**instrument.settlement_scale
    return floor(units * one) - seen.cost
