"""What an order would take if it were sent now: asked, never done.

The refusal is that of `place_order` itself, which only plans; the rest is worked out from the same
plan and the same margin, so that the answer cannot differ from what the order then meets.
"""

from typing import Final, final

from msgspec.structs import replace

from openvenue.engine.accounts import Account
from openvenue.engine.commands import PlaceOrder
from openvenue.engine.events import OrderRejected
from openvenue.engine.margin import equity, initial_added, wallet_margin
from openvenue.engine.markets import Market
from openvenue.engine.orders import BUY, GTC
from openvenue.engine.positions import Position
from openvenue.engine.reasons import RejectReason
from openvenue.engine.rules.execution import NO_FILLS, NO_PRICE, market_limit, plan_for
from openvenue.engine.rules.place_order import place_order
from openvenue.engine.state import State
from openvenue.engine.units import Lots, Ticks

SMALL_ORDER: Final = RejectReason.SMALL_ORDER


@final
class Weight:
    """What an order of a derivatives market needs, and where it would leave its account.

    Atoms are of the settlement asset. All but `added` is as if what does not trade at once had
    filled at the order's limit.
    """

    def __init__(self) -> None:
        self.reason: RejectReason | None = None  # why it would be refused
        self.limit = NO_PRICE  # the worst price that it may trade at; 0: none, nothing stands there
        self.added = 0  # initial margin, with orders
        self.equity = 0  # of the wallet
        self.maintenance = 0  # of the wallet
        self.value = 0  # of the position, at mark, signed as its cost
        self.held_by = 0  # maintenance margin of the position


def weigh_order(state: State, order: PlaceOrder) -> Weight | None:
    """What an order without a trigger would take; None: no such account, or no such contract."""
    account = state.accounts.get(order.account)
    market = state.markets.get(order.symbol)
    if account is None or market is None or market.contract.is_spot:
        return None
    weight = Weight()
    weight.reason = _why_refused(state, order)
    weight.limit = _limit(market, order)
    if weight.limit > 0 and order.quantity > 0:
        _weigh(state, account, market, order, weight)
    return weight


def largest_order(state: State, order: PlaceOrder) -> Lots:
    """The most lots of this order that would be accepted, one more being refused; 0: none.

    Its own quantity does not matter. Any refusal counts, not just that of margin.
    """
    market = state.markets.get(order.symbol)
    if market is None or market.contract.is_spot:
        return Lots(0)
    least = market.contract.min_quantity
    fits = 0
    fails = market.contract.max_quantity + 1
    while fails - fits > 1:
        middle = (fits + fails) // 2
        reason = _why_refused(state, replace(order, quantity=Lots(middle)))
        if reason is None or reason is SMALL_ORDER or middle < least:
            fits = middle
        else:
            fails = middle
    if fits == 0 or _why_refused(state, replace(order, quantity=Lots(fits))) is not None:
        return Lots(0)
    return Lots(fits)


def _why_refused(state: State, order: PlaceOrder) -> RejectReason | None:
    first = place_order(state, order)[0]
    if isinstance(first, OrderRejected):
        return first.reason
    return None


def _limit(market: Market, order: PlaceOrder) -> Ticks:
    if order.limit_price is not None:
        return order.limit_price
    return market_limit(market, 1 if order.side is BUY else -1, order.market_cap)


def _weigh(state: State, account: Account, market: Market, order: PlaceOrder, into: Weight) -> None:
    """Fill in what follows from the plan."""
    contract = market.contract
    sign = 1 if order.side is BUY else -1
    plan = plan_for(market, account, sign, order.quantity, into.limit, order.self_trade)
    fills = NO_FILLS if plan is None else plan.fills
    leaves = order.quantity if plan is None else plan.leaves
    if order.time_in_force is not GTC or (plan is not None and plan.meets_itself):
        leaves = Lots(0)
    position = account.positions.get(order.symbol)
    if position is None:
        # A look at a market where the account has nothing yet; the state does not keep it.
        wallet = account.wallet_or_empty(contract.instrument.wallet)
        position = Position(account.account_id, market, wallet)
    wallet = position.wallet
    own = equity(wallet)  # refreshes
    if position.is_stale or position.schedule is not market.schedule:
        position.refresh()
    tier = contract.tier(account.volumes, state.now)
    traded = 0
    cost = 0  # signed as a position's
    fee = 0
    for fill in fills:
        traded += fill.quantity
        cost += fill.value if sign == contract.sign else -fill.value
        fee += contract.taker_fee(fill.value, tier)
    if sign > 0:
        long_lots = position.long_lots + traded + leaves
        short_lots = position.short_lots - traded
    else:
        long_lots = position.long_lots - traded
        short_lots = position.short_lots + traded + leaves
    into.added = initial_added(position, long_lots, short_lots)

    if leaves:
        rest = contract.value(leaves, into.limit)
        cost += rest if sign == contract.sign else -rest
        fee += contract.maker_fee(rest, tier)
    change = sign * (traded + leaves)
    quantity = position.quantity + change
    schedule = position.schedule
    own += schedule.value(change) - cost - fee
    if wallet.parent is not None:
        own = _isolated_equity(position, quantity, own)
    into.equity = own
    into.value = schedule.value(quantity)
    into.held_by = schedule.maintenance(quantity)
    into.maintenance = wallet_margin(wallet).maintenance - position.maintenance + into.held_by


def _isolated_equity(position: Position, quantity: int, own: int) -> int:
    """What an isolated position stands on once margin has followed its size: see MoveMargin."""
    held = abs(quantity)
    is_same_side = (position.quantity > 0) == (quantity > 0)
    had = abs(position.quantity) if is_same_side else 0
    initial = position.schedule.initial(held, position.leverage)
    if held == 0:
        return 0
    if held <= had:
        return min(own, max(initial, own * held // had))
    if had == 0:
        return initial
    return own + max(initial - position.schedule.initial(had, position.leverage), 0)
