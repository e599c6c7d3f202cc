"""The rungs of a liquidation ladder: how a position is closed for its owner.

Each takes a position, how its wallet stands, the rung and which attempt at it this is, and answers
with what happens: nothing, if nobody is there to trade with.
"""

from fractions import Fraction
from typing import Final, final

from openvenue.engine.accounts import Account
from openvenue.engine.assignees import Assignee, Days
from openvenue.engine.events import CollateralTaken, Event, OrderAccepted, OrderCanceled, Traded
from openvenue.engine.instruments import Rung, RungKind
from openvenue.engine.margin import equity, wallet_margin
from openvenue.engine.orders import BUY, IOC, SELL, Order, Origin, SelfTrade
from openvenue.engine.positions import Position
from openvenue.engine.reasons import CancelReason
from openvenue.engine.risk import Standing, closing_limit, unwind_queue
from openvenue.engine.rules.execution import Holding, plan_for
from openvenue.engine.state import State
from openvenue.engine.units import (
    PPB_ONE,
    SECOND,
    AccountId,
    Atoms,
    ExecId,
    Lots,
    OrderId,
    Ticks,
    divide_up,
)

PARTIAL: Final = RungKind.PARTIAL
SELF_TRADE: Final = CancelReason.SELF_TRADE
IOC_REMAINDER: Final = CancelReason.IOC_REMAINDER
DAY: Final = 86_400 * SECOND
THURSDAY: Final = 3  # the first day of 1970, counted from Monday
SATURDAY: Final = 5


def close_on_book(
    state: State, position: Position, now: Standing, rung: Rung, attempt: int
) -> list[Event]:
    """An order for one part of the position, down to the price that leaves what the rung says.

    Fees come out of what a fill brings beyond the bankruptcy price, so they cannot make a wallet
    owe money.
    """
    market = position.market
    contract = market.contract
    account = state.accounts[position.account]
    sign = 1 if position.quantity < 0 else -1
    held = abs(position.quantity)
    parts = rung.parts if _size(position) >= rung.parts_from * contract.unit or attempt else 1
    quantity = divide_up(held, max(parts - attempt, 1))
    limit = closing_limit(position, now, rung.leaves)
    plan = plan_for(market, account, sign, quantity, limit, SelfTrade.CANCEL_OLDEST)
    if plan is None or not plan.fills:
        return []
    bankrupt = closing_limit(position, now, 0)
    margin = position.maintenance
    origin = Origin.PARTIAL_LIQUIDATION if rung.kind is PARTIAL else Origin.LIQUIDATION
    order = _order(
        state, int(state.next_order_id), account, position, sign, quantity, limit, origin
    )
    events: list[Event] = [OrderAccepted(order=order, rests=False)]
    for own in plan.evicted:
        events.append(_canceled(own.order, own.leaves, SELF_TRADE))
    taker = Holding(account, market, state.now)
    makers: dict[AccountId, Holding] = {}
    exec_id = int(state.next_exec_id)
    leaves = quantity
    for fill in plan.fills:
        live = fill.maker
        leaves -= fill.quantity
        owner = live.account.account_id
        maker = makers.get(owner)
        if maker is None:
            maker = makers[owner] = Holding(live.account, market, state.now)
        spare = abs(fill.value - contract.value(fill.quantity, bankrupt))
        fee = min(contract.taker_fee(fill.value, taker.tier), spare)
        asked = divide_up(fill.value * rung.fee, PPB_ONE)
        of_margin = margin * fill.quantity * rung.fee_of_maintenance
        asked = max(asked, divide_up(of_margin, held * PPB_ONE))
        events.append(
            Traded(  # more than 15 names would make CPython pass them in a dict
                ExecId(exec_id),
                market.symbol,
                Ticks(live.price),
                Lots(fill.quantity),
                order.side,
                maker_account=owner,
                maker_order_id=OrderId(live.order_id),
                maker_leaves=Lots(fill.leaves),
                maker_fee=contract.maker_fee(fill.value, maker.tier),
                maker_realized=maker.trade(contract, -sign, fill.quantity, live.price, fill.value),
                taker_account=position.account,
                taker_order_id=order.order_id,
                taker_leaves=Lots(leaves),
                taker_fee=Atoms(fee),
                taker_realized=taker.trade(contract, sign, fill.quantity, live.price, fill.value),
                value=Atoms(fill.value),
                origin=origin,
                liquidation_fee=Atoms(min(asked, spare - fee)),
                maker_funding=Atoms(maker.funding),
                taker_funding=Atoms(taker.funding),
            )
        )
        maker.funding = taker.funding = 0
        exec_id += 1
    if leaves:
        events.append(_canceled(order, leaves, IOC_REMAINDER))
    return events


def assign(
    state: State, position: Position, now: Standing, rung: Rung, attempt: int
) -> list[Event]:
    """The position goes to those in the assignment programme, who joined first first.

    Each takes at the bankruptcy price what its terms and its margin allow.
    """
    price = closing_limit(position, now, 0)
    left = abs(position.quantity)
    taken: list[Given] = []
    for assignee in state.assignees.values():
        account = state.accounts[assignee.account]
        if account.account_id == position.account or any(each.account is account for each in taken):
            continue
        lots = min(left, _takes(state, assignee, account, position))
        lots = _carries(account, position, lots, price)
        if lots:
            taken.append(Given(account, lots))
            left -= lots
        if left == 0:
            break
    return _give(state, position, taken, price, Origin.ASSIGNMENT)


def unwind(
    state: State, position: Position, now: Standing, rung: Rung, attempt: int
) -> list[Event]:
    """The position is closed at the bankruptcy price against those in front of the unwind queue."""
    price = closing_limit(position, now, 0)
    left = abs(position.quantity)
    others: list[Given] = []
    holders = list(position.market.holders.values())
    for other in unwind_queue(holders, 1 if position.quantity < 0 else -1):
        if other.account == position.account:
            continue
        lots = min(left, abs(other.quantity))
        others.append(Given(state.accounts[other.account], lots))
        left -= lots
        if left == 0:
            break
    return _give(state, position, others, price, Origin.UNWIND)


def hand_over(
    state: State, position: Position, now: Standing, rung: Rung, attempt: int
) -> list[Event]:
    """All positions of the wallet go to the rung's account, at mark, and its money with them."""
    account = None if rung.account is None else state.accounts.get(rung.account)
    if account is None or account.account_id == position.account:
        return []
    events: list[Event] = []
    numbers = Numbers(state)
    for each in position.wallet.positions:
        if each.quantity:
            given = [Given(account, abs(each.quantity))]
            price = Ticks(max(each.market.mark // each.market.contract.tick_fine, 1))
            events += _give(state, each, given, price, Origin.BACKSTOP, numbers)
    wallet = position.wallet
    left = dict(wallet.balances)
    settlement = position.market.contract.instrument.settlement
    for event in events:
        if isinstance(event, Traded):
            brought = event.taker_realized + event.taker_funding
            left[settlement] = left.get(settlement, 0) + brought
    for asset, amount in left.items():
        if amount:
            events.append(
                CollateralTaken(
                    account=position.account,
                    wallet=wallet.wallet_id,
                    asset=asset,
                    amount=Atoms(amount),
                    to=account.account_id,
                    to_wallet=position.market.contract.instrument.wallet,
                )
            )
    return events


@final
class Given:
    """How much of a position somebody gets."""

    def __init__(self, account: Account, lots: int) -> None:
        self.account: Final = account
        self.lots: Final = lots


@final
class Numbers:
    """The next identifiers, while one step's events are put together."""

    def __init__(self, state: State) -> None:
        self.order_id: int = state.next_order_id
        self.exec_id: int = state.next_exec_id


def _give(
    state: State,
    position: Position,
    others: list[Given],
    price: Ticks,
    origin: Origin,
    numbers: Numbers | None = None,
) -> list[Event]:
    """Trades outside the book: an order of the venue's for each side, without fees."""
    if not others:
        return []
    if numbers is None:
        numbers = Numbers(state)
    first_exec = numbers.exec_id
    market = position.market
    contract = market.contract
    account = state.accounts[position.account]
    sign = 1 if position.quantity < 0 else -1
    left = 0
    for each in others:
        left += each.lots
    order = _order(state, numbers.order_id, account, position, sign, left, price, origin)
    numbers.order_id += 1
    events: list[Event] = [OrderAccepted(order=order, rests=False)]
    taker = Holding(account, market, state.now)
    trades: list[Event] = []
    for each in others:
        against = _order(
            state, numbers.order_id, each.account, position, -sign, each.lots, price, origin
        )
        numbers.order_id += 1
        events.append(OrderAccepted(order=against, rests=False))
        left -= each.lots
        maker = Holding(each.account, market, state.now)
        value = contract.value(each.lots, price)
        trades.append(
            Traded(
                ExecId(numbers.exec_id),
                market.symbol,
                price,
                Lots(each.lots),
                order.side,
                maker_account=each.account.account_id,
                maker_order_id=against.order_id,
                maker_leaves=Lots(0),
                maker_fee=Atoms(0),
                maker_realized=maker.trade(contract, -sign, each.lots, price, value),
                taker_account=account.account_id,
                taker_order_id=order.order_id,
                taker_leaves=Lots(left),
                taker_fee=Atoms(0),
                taker_realized=taker.trade(contract, sign, each.lots, price, value),
                value=value,
                origin=origin,
                maker_funding=Atoms(maker.funding),
                taker_funding=Atoms(taker.funding),
            )
        )
        taker.funding = 0
        numbers.exec_id += 1
    assert numbers.exec_id == first_exec + len(others), "one trade each"
    return events + trades


def _takes(state: State, assignee: Assignee, account: Account, position: Position) -> int:
    """Lots of a position that an assignee's terms allow; 0: none."""
    terms = assignee.terms
    instrument = position.market.contract.instrument
    is_long = position.quantity > 0
    if assignee.left or not terms.is_enabled or terms.kind is not instrument.kind:
        return 0
    if terms.symbol is not None and terms.symbol != instrument.symbol:
        return 0
    if not (terms.accepts_long if is_long else terms.accepts_short):
        return 0
    weekday = (state.now // DAY + THURSDAY) % 7
    if terms.days is not Days.ALL and (terms.days is Days.WEEKENDS) != (weekday >= SATURDAY):
        return 0
    lots = abs(position.quantity)
    lot = Fraction(instrument.lot_size)
    if terms.max_size is not None:
        lots = min(lots, int(Fraction(terms.max_size) / lot))
    held = account.positions.get(instrument.symbol)
    if terms.max_position is not None:
        has = 0 if held is None else held.quantity
        room = int(Fraction(terms.max_position) / lot) - (has if is_long else -has)
        lots = min(lots, room)
    return max(lots, 0)


def _carries(account: Account, position: Position, most: int, price: int) -> int:
    """As many lots, `most` at the most, as an account has margin for at this price."""
    market = position.market
    contract = market.contract
    sign = 1 if position.quantity > 0 else -1
    wallet = account.wallet_or_empty(contract.instrument.wallet)
    held = account.positions.get(market.symbol)
    if held is None:
        held = Position(account.account_id, market, wallet)
    margin = wallet_margin(wallet)
    held.refresh()
    free = equity(wallet) - margin.initial_with_orders
    before = held.initial_long if sign > 0 else held.initial_short
    exposure = held.long_lots if sign > 0 else held.short_lots
    low = 0
    high = most
    while low < high:
        lots = (low + high + 1) // 2
        needed = market.schedule.initial(exposure + lots, held.leverage) - before
        lost = contract.signed_value(sign, lots, price) - market.schedule.value(sign * lots)
        if needed + max(lost, 0) <= free:
            low = lots
        else:
            high = lots - 1
    return low


def _size(position: Position) -> int:
    """As margin levels count: contracts of an inverse position, worth in atoms of a linear one."""
    if position.market.contract.is_inverse:
        return abs(position.quantity)
    return abs(position.value)


def _order(
    state: State,
    number: int,
    account: Account,
    position: Position,
    sign: int,
    quantity: int,
    limit: Ticks,
    origin: Origin,
) -> Order:
    """An order that the venue makes for an account; it only reduces what the account has."""
    held = account.positions.get(position.market.symbol)
    return Order(
        order_id=OrderId(number),
        account=account.account_id,
        symbol=position.market.symbol,
        side=BUY if sign > 0 else SELL,
        quantity=Lots(quantity),
        limit_price=limit,
        time_in_force=IOC,
        created=state.now,
        reduce_only=held is not None and held.quantity * sign <= -quantity,
        origin=origin,
    )


def _canceled(order: Order, leaves: int, reason: CancelReason) -> Event:
    return OrderCanceled(
        order_id=order.order_id, account=order.account, leaves=Lots(leaves), reason=reason
    )
