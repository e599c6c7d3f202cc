"""Whether an account can carry an order: margin for derivatives, held balances for spot.

Orders are margined as if all of one side had filled, at the mark price like positions are; what an
order loses against the mark on execution counts at entry. Source: Kraken Futures, "Margining", the
pre-trade check; per underlying, linear contracts need the larger of their long and short margins.
"""

from typing import Final, final

from openvenue.engine.accounts import Wallet
from openvenue.engine.contracts import Contract
from openvenue.engine.matching import Fill
from openvenue.engine.positions import Position
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import AssetId

INSUFFICIENT_MARGIN: Final = RejectReason.INSUFFICIENT_MARGIN
LEVERAGE_TOO_HIGH: Final = RejectReason.LEVERAGE_TOO_HIGH
INSUFFICIENT_FUNDS: Final = RejectReason.INSUFFICIENT_FUNDS
WOULD_CAUSE_LIQUIDATION: Final = RejectReason.WOULD_CAUSE_LIQUIDATION


def equity(wallet: Wallet) -> int:
    """Collateral, unrealized profit and funding, in atoms of the asset that it settles in."""
    total = wallet.collateral()
    for position in wallet.positions:
        if position.is_stale or position.schedule is not position.market.schedule:
            position.refresh()
        total += position.value - position.cost + position.owed
    return total


@final
class Margin:
    """Margin figures of a wallet at the present mark prices, in atoms of its settlement asset."""

    def __init__(self) -> None:
        self.unrealized = 0  # profit
        self.unrealized_funding = 0
        self.initial = 0  # of positions
        self.initial_with_orders = 0
        self.maintenance = 0


def wallet_margin(wallet: Wallet, without: Position | None = None) -> Margin:
    """Margin of all of a wallet's positions and of the orders beside them, but for `without`."""
    total = Margin()
    longs = 0
    shorts = 0
    group = ""
    for position in wallet.positions:
        if position is without:
            continue
        if position.is_stale or position.schedule is not position.market.schedule:
            position.refresh()
        if position.group != group:
            group = position.group
            total.initial_with_orders += max(longs, shorts)
            longs = 0
            shorts = 0
        longs += position.initial_long
        shorts += position.initial_short
        total.unrealized += position.unrealized
        total.unrealized_funding += position.owed
        total.initial += position.initial
        total.maintenance += position.maintenance
    if wallet.parent is not None:
        total.initial_with_orders = total.initial  # what orders need is kept by the parent
        return total
    total.initial_with_orders += max(longs, shorts) + _reserved(wallet)
    return total


def _reserved(wallet: Wallet) -> int:
    """What a wallet keeps for orders beside isolated positions."""
    total = 0
    for position in wallet.isolated:
        if position.is_stale or position.schedule is not position.market.schedule:
            position.refresh()
        total += position.reserved
    return total


def free_in(wallet: Wallet, asset: AssetId) -> int:
    """Atoms of `asset` that nothing needs; negative where positions and orders need more.

    Unrealized profit carries orders, but cannot leave.
    """
    purpose = wallet.purpose
    has = wallet.available(asset)
    counted = purpose.counted.get(asset)
    if asset != purpose.settlement and (counted is None or purpose.settlement is None):
        return has
    margin = wallet_margin(wallet)
    unrealized = min(margin.unrealized + margin.unrealized_funding, 0)
    spare = wallet.collateral() + unrealized - margin.initial_with_orders
    if counted is None:
        return min(has, spare)
    needed = counted.collateral(wallet.balance(asset), purpose.scale) - max(spare, 0)
    return min(has, wallet.balance(asset) - counted.amount_for(needed, purpose.scale))


def why_margin_refuses(
    position: Position, sign: int, fills: list[Fill], leaves: int, freed: int, tier: int
) -> RejectReason | None:
    """Why the wallet cannot carry `fills` and then `leaves` lots resting, or None.

    `leaves` is 0 for what will not rest, or cannot make the position larger; `freed` are lots that
    the same order reserves now, if it is being amended; `tier` is that of the account's fees.
    """
    if leaves == 0 and not fills:
        return None
    wallet = position.wallet
    if wallet.parent is not None:
        return _why_isolated_refuses(position, sign, fills, leaves, freed, tier)
    if position.is_stale or position.schedule is not position.market.schedule:
        position.refresh()
    # The rest of the wallet: one pass over a handful of positions, kept up to date.
    initial = _reserved(wallet) if wallet.isolated else 0  # with orders, of other groups
    maintenance = position.maintenance
    unrealized = position.value - position.cost + position.owed
    others_long = 0  # of the same group
    others_short = 0
    longs = 0
    shorts = 0
    group = ""
    for other in wallet.positions:
        if other is position:
            continue
        if other.is_stale or other.schedule is not other.market.schedule:
            other.refresh()
        maintenance += other.maintenance
        unrealized += other.value - other.cost + other.owed
        if other.group == position.group:
            others_long += other.initial_long
            others_short += other.initial_short
            continue
        if other.group != group:
            group = other.group
            initial += longs if longs > shorts else shorts
            longs = 0
            shorts = 0
        longs += other.initial_long
        shorts += other.initial_short
    initial += longs if longs > shorts else shorts
    longs = others_long + position.initial_long
    shorts = others_short + position.initial_short
    now = longs if longs > shorts else shorts

    # What the order changes: one side's exposure, or with fills the position itself.
    contract = position.market.contract
    schedule = position.schedule
    own = wallet.collateral() + unrealized
    long_lots = position.long_lots
    short_lots = position.short_lots
    given_back = 0  # by an amended order before it trades: a part of `now`
    if sign > 0:
        if freed and fills:
            without = others_long + schedule.initial(long_lots - freed, position.leverage)
            given_back = now - max(without, shorts)
        long_lots += leaves - freed
    else:
        if freed and fills:
            without = others_short + schedule.initial(short_lots - freed, position.leverage)
            given_back = now - max(without, longs)
        short_lots += leaves - freed
    if not fills:
        if sign > 0:
            longs = others_long + schedule.initial(long_lots, position.leverage)
        else:
            shorts = others_short + schedule.initial(short_lots, position.leverage)
        after = longs if longs > shorts else shorts
        if after > now and after - now > own - initial - now:
            return INSUFFICIENT_MARGIN
        return None

    traded = 0
    fee = 0
    paid = 0
    for fill in fills:
        traded += fill.quantity
        paid += fill.value
        fee += contract.taker_fee(fill.value, tier)
    if sign < 0:
        traded = -traded
    # What the fills are worth at mark, less what they cost; only a loss counts.
    cost = paid if sign == contract.sign else -paid
    loss = max(cost - schedule.value(traded), 0) if position.market.mark else 0
    longs = others_long + schedule.initial(long_lots + traded, position.leverage)
    shorts = others_short + schedule.initial(short_lots - traded, position.leverage)
    after = longs if longs > shorts else shorts
    maintenance_after = (
        maintenance - position.maintenance + schedule.maintenance(position.quantity + traded)
    )
    incremental = after - now + fee + loss
    grows = maintenance_after > maintenance
    usable = own - (maintenance if grows else initial + now)
    if incremental > 0 and incremental + (given_back if grows else 0) > usable:
        return INSUFFICIENT_MARGIN
    if loss == 0 or own < maintenance:
        return None
    return WOULD_CAUSE_LIQUIDATION if own - fee - loss < maintenance_after else None


def _why_isolated_refuses(
    position: Position, sign: int, fills: list[Fill], leaves: int, freed: int, tier: int
) -> RejectReason | None:
    """Why the wallet cannot give an isolated position what it would need, or None.

    It carries what orders need until they trade; then that much goes to the position.
    """
    parent = position.wallet.parent
    assert parent is not None, "an isolated position's margin comes from somewhere"
    contract = position.market.contract
    if position.is_stale or position.schedule is not position.market.schedule:
        position.refresh()
    schedule = position.schedule
    now = position.initial + position.reserved
    long_lots = position.long_lots
    short_lots = position.short_lots
    if sign > 0:
        long_lots += leaves - freed
    else:
        short_lots += leaves - freed
    traded = 0
    paid = 0
    fee = 0
    for fill in fills:
        traded += fill.quantity
        paid += fill.value
        fee += contract.taker_fee(fill.value, tier)
    if sign < 0:
        traded = -traded
    leverage = position.leverage
    if leverage:  # what makes the position larger must still be had with it
        exposure = max(long_lots + traded, short_lots - traded)
        if exposure > max(position.long_lots, position.short_lots):
            if not schedule.allows(exposure, leverage):
                return LEVERAGE_TOO_HIGH
    loss = 0
    if fills and position.market.mark:
        loss = max((paid if sign == contract.sign else -paid) - schedule.value(traded), 0)
    after = max(
        schedule.initial(long_lots + traded, position.leverage),
        schedule.initial(short_lots - traded, position.leverage),
    )
    incremental = after - now + fee + loss
    if incremental <= 0:
        return None
    free = equity(parent) - wallet_margin(parent).initial_with_orders
    if after <= now and loss:
        # What closing loses beyond the position's own margin: the wallet pays once nothing is open.
        incremental = fee + loss - equity(position.wallet)
        if position.quantity + traded:
            free = 0
    elif after <= now:
        return None  # closing at a fair price is never refused
    return INSUFFICIENT_MARGIN if incremental > max(free, 0) else None


def initial_added(position: Position, long_lots: int, short_lots: int) -> int:
    """What a wallet's initial margin with orders grows by if one market's exposures become these.

    Negative where it shrinks. An isolated position's is counted with what the wallet keeps for it.
    """
    schedule = position.schedule
    longs = schedule.initial(long_lots, position.leverage)
    shorts = schedule.initial(short_lots, position.leverage)
    if position.wallet.parent is not None:
        return max(longs, shorts) - position.initial - position.reserved
    others_long = 0  # of the same group
    others_short = 0
    for other in position.wallet.positions:
        if other is not position and other.group == position.group:
            if other.is_stale or other.schedule is not other.market.schedule:
                other.refresh()
            others_long += other.initial_long
            others_short += other.initial_short
    now = max(others_long + position.initial_long, others_short + position.initial_short)
    return max(others_long + longs, others_short + shorts) - now


def held_for(contract: Contract, sign: int, leaves: int, limit: int) -> int:
    """Atoms that a resting spot order holds: quote and the largest fee to buy, base to sell.

    The fee is of the worst tier, whichever side it is of: by the time that the order trades its
    account may be in that one.
    """
    if sign < 0:
        return leaves * contract.base_per_lot
    value = contract.value_up(leaves, limit)
    return value + contract.fee_at_most(value)


def held_fee(contract: Contract, left: int, quantity: int, limit: int, value: int) -> int:
    """The most that a resting buyer can pay as the fee of a fill that leaves `left` lots.

    It is what the hold gives back beside the fill's value: each fill rounds up, and together they
    would otherwise take some atoms more than was held for the whole.
    """
    released = held_for(contract, 1, left + quantity, limit)
    if left:
        released -= held_for(contract, 1, left, limit)
    return released - value


def why_funds_refuse(
    wallet: Wallet,
    contract: Contract,
    sign: int,
    fills: list[Fill],
    leaves: int,
    limit: int,
    freed: int,
    tier: int,
) -> RejectReason | None:
    """Why a spot wallet cannot pay for `fills` and then hold for `leaves`, or None.

    `freed` are atoms that the same order holds now, if it is being amended; `tier` is that of the
    account's fees.
    """
    instrument = contract.instrument
    if sign < 0:
        needed = leaves * contract.base_per_lot
        for fill in fills:
            needed += fill.quantity * contract.base_per_lot
        return INSUFFICIENT_FUNDS if needed > wallet.available(instrument.base) + freed else None
    needed = held_for(contract, sign, leaves, limit)
    for fill in fills:
        needed += fill.value + contract.taker_fee(fill.value, tier)
    return INSUFFICIENT_FUNDS if needed > wallet.available(instrument.quote) + freed else None
