"""What happens to an order that may act now: planned, questioned, then told as events.

Shared by the orders that arrive (`place_order`) and the ones that a trigger lets act
(`activate_order`).
"""

from decimal import Decimal
from fractions import Fraction
from typing import Final, final

from openvenue.engine.accounts import Account
from openvenue.engine.book import Live
from openvenue.engine.contracts import Contract
from openvenue.engine.events import (
    Event,
    OrderCanceled,
    OrderRefilled,
    OrderRested,
    Traded,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.margin import held_fee, why_funds_refuse, why_margin_refuses
from openvenue.engine.markets import Market
from openvenue.engine.matching import Fill, Plan, plan_fills
from openvenue.engine.orders import Order, SelfTrade, Side, TimeInForce
from openvenue.engine.positions import Position
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.state import State
from openvenue.engine.units import AccountId, Atoms, ExecId, Lots, OrderId, Ticks

BUY: Final = Side.BUY
GTC: Final = TimeInForce.GTC
FOK: Final = TimeInForce.FOK
NO_PRICE: Final = Ticks(0)
POST_ONLY: Final = Mode.POST_ONLY
MARKET_POST_ONLY: Final = RejectReason.MARKET_POST_ONLY
PRICE_COLLAR: Final = RejectReason.PRICE_COLLAR
PRICE_DISLOCATION: Final = RejectReason.PRICE_DISLOCATION
INSUFFICIENT_MARGIN: Final = RejectReason.INSUFFICIENT_MARGIN
CLOSING_MARGIN: Final = RejectReason.CLOSING_MARGIN
WOULD_TAKE: Final = RejectReason.WOULD_TAKE
WOULD_NOT_TAKE: Final = RejectReason.WOULD_NOT_TAKE
WOULD_NOT_FILL: Final = RejectReason.WOULD_NOT_FILL
SELF_TRADE: Final = RejectReason.SELF_TRADE
REST_MET_ITSELF: Final = CancelReason.SELF_TRADE
EVICTED: Final = CancelReason.EVICTED
IOC_REMAINDER: Final = CancelReason.IOC_REMAINDER
REJECTS_TAKER: Final = (  # of those that stand in its way and stay there
    SelfTrade.REJECT_TAKER,
    SelfTrade.CANCEL_MAKER_SELF,
    SelfTrade.CANCEL_MAKER_CHILD,
    SelfTrade.CANCEL_MAKER_ANY,
)
NO_FILLS: Final[list[Fill]] = []


def market_limit(market: Market, sign: int, cap: Decimal | None) -> Ticks:
    """The worst price that a market order accepts; NO_PRICE where there is nothing to start from.

    It may go `cap` past the best opposite price (mark, if that side is empty), cut to the grid so
    that it stays within; without a cap it goes as far as the book does.
    Source: Kraken Futures REST, "Send order", orderType mkt.
    """
    if cap is None:
        return Ticks(market.contract.max_price if sign > 0 else 1)
    level = market.book.side(-sign).best()
    contract = market.contract
    reference = level.price * contract.tick_fine if level is not None else market.mark
    return capped_limit(contract, sign, reference, cap)


def capped_limit(contract: Contract, sign: int, reference: int, cap: Decimal) -> Ticks:
    """The worst price within `cap` (a fraction) of `reference`; NO_PRICE where that is none."""
    if reference <= 0:
        return NO_PRICE
    worst = Fraction(reference) * (1 + sign * Fraction(cap)) / contract.tick_fine
    ticks = worst.numerator // worst.denominator
    if sign < 0 and worst.denominator != 1:
        ticks += 1
    return Ticks(min(max(ticks, 1), contract.max_price))


def reducible_quantity(account: Account, market: Market, sign: int) -> int:
    """Lots by which an order of this side could reduce the position; 0 if it would not."""
    position = account.positions.get(market.symbol)
    if position is None:
        return 0
    return max(-position.quantity if sign > 0 else position.quantity, 0)


def plan_for(
    market: Market,
    account: Account,
    sign: int,
    quantity: int,
    limit: int,
    self_trade: SelfTrade,
) -> Plan | None:
    """What the order would trade; None if nobody stands at an acceptable price."""
    keys = market.book.asks.keys if sign > 0 else market.book.bids.keys
    if not keys or keys[-1] < (-limit if sign > 0 else limit):
        return None
    return plan_fills(market, account, sign, quantity, limit, self_trade)


def why_plan_refused(
    account: Account,
    market: Market,
    order: Order,
    sign: int,
    leaves: int,
    plan: Plan | None,
    now: int,
    amended: Live | None = None,
) -> RejectReason | None:
    """The first reason why an order cannot act as planned, or None.

    `leaves` is what it has to trade. An order that is `amended` gives back what it reserved.
    """
    fills = NO_FILLS
    if plan is not None:
        fills = plan.fills
        leaves = plan.leaves
    time_in_force = order.time_in_force
    is_resting = time_in_force is GTC
    if plan is not None and market.mode is POST_ONLY:
        return MARKET_POST_ONLY
    tier = market.contract.tier(account.volumes, now) if fills else 0  # what rests pays no fee yet
    rests = leaves if is_resting and (plan is None or not plan.meets_itself) else 0
    if market.contract.is_spot:
        limit = order.limit_price
        assert limit is not None, "an order that acts has a limit"
        wallet = account.wallet_or_empty(market.contract.instrument.wallet)
        freed = 0 if amended is None else amended.held
        reason = why_funds_refuse(wallet, market.contract, sign, fills, rests, limit, freed, tier)
    else:
        position = account.positions.get(market.symbol)
        if position is None:
            # A look at a market where the account has nothing yet; the state does not keep it.
            wallet = account.wallet_or_empty(market.contract.instrument.wallet)
            position = Position(account.account_id, market, wallet)
        if order.reduce_only:
            reason = why_margin_refuses(position, sign, fills, 0, 0, tier)
        else:
            freed = 0 if amended is None else amended.leaves
            reason = why_margin_refuses(position, sign, fills, rests, freed, tier)
        if reason is INSUFFICIENT_MARGIN and _closes(position, sign, fills):
            reason = CLOSING_MARGIN
    if reason is not None:
        return reason
    if plan is not None:
        if fills and is_off_collar(market, sign, fills[-1]):
            return PRICE_COLLAR
        if fills and sign == market.dislocation:
            return PRICE_DISLOCATION
        if order.post_only:
            return WOULD_TAKE
        if plan.meets_itself and time_in_force is FOK:
            return SELF_TRADE
        if plan.meets_itself and not fills and order.self_trade in REJECTS_TAKER:
            return SELF_TRADE
    if leaves and time_in_force is FOK:
        return WOULD_NOT_FILL
    if not fills and not is_resting and (plan is None or not plan.meets_itself):
        return WOULD_NOT_TAKE
    return None


def _closes(position: Position, sign: int, fills: list[Fill]) -> bool:
    """Whether trades leave a smaller position: then it is their fee and loss that lack money."""
    traded = 0
    for fill in fills:
        traded += fill.quantity
    before = abs(position.quantity)
    return abs(position.quantity + (traded if sign > 0 else -traded)) < before


def is_off_collar(market: Market, sign: int, worst: Fill) -> bool:
    """Whether a taker's worst fill is as far from mark as the collar, to its own disadvantage."""
    if market.collar == 0:
        return False
    above = worst.maker.price * market.contract.tick_fine - market.mark
    return (above if sign > 0 else -above) >= market.collar


def execute(
    state: State,
    account: Account,
    market: Market,
    order: Order,
    leaves: int,
    plan: Plan,
    events: list[Event],
) -> None:
    """Append what an accepted order does: its trades, then what becomes of the rest."""
    contract = market.contract
    exec_id = state.next_exec_id
    order_id = order.order_id
    side = order.side
    sign = 1 if side is BUY else -1
    is_spot_sale = contract.is_spot and sign < 0
    taker = Holding(account, market, state.now)
    for own in plan.evicted:
        events.append(_canceled(own.order, own.leaves, EVICTED))
    makers: dict[AccountId, Holding] = {}  # an account may stand in the book more than once
    for fill in plan.fills:
        live = fill.maker
        price = live.price
        quantity = fill.quantity
        value = fill.value
        leaves -= quantity
        owner = live.account.account_id
        maker = makers.get(owner)
        if maker is None:
            maker = Holding(live.account, market, state.now)
            makers[owner] = maker
        maker_fee = contract.maker_fee(value, maker.tier)
        if is_spot_sale:  # the maker pays out of what its order holds
            most = held_fee(contract, fill.leaves, quantity, price, value)
            if maker_fee > most:
                maker_fee = Atoms(most)
        events.append(
            Traded(  # more than 15 names would make CPython pass them in a dict
                exec_id,
                market.symbol,
                Ticks(price),
                Lots(quantity),
                side,
                maker_account=owner,
                maker_order_id=OrderId(live.order_id),
                maker_leaves=Lots(fill.leaves),
                maker_fee=maker_fee,
                maker_realized=maker.trade(contract, -sign, quantity, price, value),
                taker_account=account.account_id,
                taker_order_id=order_id,
                taker_leaves=Lots(leaves),
                taker_fee=contract.taker_fee(value, taker.tier),
                taker_realized=taker.trade(contract, sign, quantity, price, value),
                value=Atoms(value),
                maker_funding=Atoms(maker.funding),
                taker_funding=Atoms(taker.funding),
            )
        )
        if fill.shows:
            events.append(
                OrderRefilled(
                    order_id=OrderId(live.order_id), account=owner, shown=Lots(fill.shows)
                )
            )
        maker.funding = taker.funding = 0  # later fills have nothing more to give
        exec_id = ExecId(exec_id + 1)
    if leaves == 0:
        return
    if plan.meets_itself:
        events.append(_canceled(order, leaves, REST_MET_ITSELF))
    elif order.time_in_force is GTC:
        events.append(OrderRested(order_id=order_id, account=order.account, leaves=Lots(leaves)))
    else:
        events.append(_canceled(order, leaves, IOC_REMAINDER))


def _canceled(order: Order, leaves: int, reason: CancelReason) -> Event:
    return OrderCanceled(
        order_id=order.order_id,
        account=order.account,
        leaves=Lots(leaves),
        reason=reason,
    )


@final
class Holding:
    """A position as it will be while a plan is told, fill by fill; the state is not touched."""

    def __init__(self, account: Account, market: Market, now: int) -> None:
        position = account.positions.get(market.symbol)
        # All fills of one order are charged the tier that their accounts were in before it.
        self.tier: Final = market.contract.tier(account.volumes, now)
        self.funding = 0
        self._quantity = 0
        self._cost = 0
        if position is not None:
            self.funding = position.accrued(now)
            self._quantity = position.quantity
            self._cost = position.cost

    def trade(self, contract: Contract, sign: int, lots: int, ticks: int, value: int) -> Atoms:
        """Profit that this fill realizes; later fills start from what it leaves. Spot: none.

        `value` is what the fill is worth.
        """
        if contract.is_spot:
            return Atoms(0)
        quantity = self._quantity
        realized = Atoms(0)
        if quantity < 0 if sign > 0 else quantity > 0:
            realized = contract.realized(quantity, self._cost, sign, lots, ticks)
        self._quantity = quantity + (lots if sign > 0 else -lots)
        self._cost += (value if sign == contract.sign else -value) + realized
        return realized
