"""Whether an account can carry an order: margin for derivatives, held balances for spot.

Orders are margined as if all of one side had filled, at the mark price like positions are; what an
order loses against the mark on execution counts at entry. Source: Kraken Futures, "Margining", the
pre-trade check; per underlying, linear contracts need the larger of their long and short margins.
"""

from typing import Final, final

from openvenue.engine.accounts import Wallet
from openvenue.engine.contracts import Contract
from openvenue.engine.matching import Fill
from openvenue.engine.positions import Position, initial_margin, maintenance_margin
from openvenue.engine.reasons import RejectReason

INSUFFICIENT_MARGIN: Final = RejectReason.INSUFFICIENT_MARGIN
INSUFFICIENT_FUNDS: Final = RejectReason.INSUFFICIENT_FUNDS
WOULD_CAUSE_LIQUIDATION: Final = RejectReason.WOULD_CAUSE_LIQUIDATION


@final
class Margin:
    """Margin figures of a wallet at the present mark prices, in atoms of its settlement asset."""

    def __init__(self) -> None:
        self.unrealized = 0
        self.initial = 0  # of positions
        self.initial_with_orders = 0
        self.maintenance = 0


def wallet_margin(
    wallet: Wallet,
    changed: Position | None = None,
    quantity: int = 0,
    buys: int = 0,
    sells: int = 0,
) -> Margin:
    """Margin of all of a wallet's positions; of `changed`, as if it had these sizes instead."""
    total = Margin()
    longs = 0
    shorts = 0
    index = ""
    for position in wallet.positions:
        market = position.market
        if position.mark != market.mark:
            position.refresh()
        instrument = market.contract.instrument
        if market.contract.is_inverse or instrument.index != index:
            total.initial_with_orders += max(longs, shorts)
            longs = 0
            shorts = 0
            index = instrument.index
        total.unrealized += position.unrealized
        total.initial += position.initial
        if position is changed:
            longs += initial_margin(market, quantity + buys)
            shorts += initial_margin(market, sells - quantity)
            total.maintenance += maintenance_margin(market, quantity)
        else:
            longs += position.initial_long
            shorts += position.initial_short
            total.maintenance += position.maintenance
    total.initial_with_orders += max(longs, shorts)
    if changed is not None and not changed.is_joined:
        _add_newcomer(total, wallet, changed, quantity, buys, sells)
    return total


def _add_newcomer(
    total: Margin, wallet: Wallet, newcomer: Position, quantity: int, buys: int, sells: int
) -> None:
    """Add a market that the wallet margins nothing of yet, netted with those on its index."""
    market = newcomer.market
    index = market.contract.instrument.index
    longs = 0
    shorts = 0
    for position in wallet.positions:
        other = position.market.contract
        if other.instrument.index == index and not other.is_inverse:
            longs += position.initial_long
            shorts += position.initial_short
    if market.contract.is_inverse:
        longs = 0
        shorts = 0
    with_it = max(
        longs + initial_margin(market, quantity + buys),
        shorts + initial_margin(market, sells - quantity),
    )
    total.initial_with_orders += with_it - max(longs, shorts)
    total.maintenance += maintenance_margin(market, quantity)


def why_margin_refuses(
    position: Position, sign: int, fills: list[Fill], leaves: int, reserves: bool
) -> RejectReason | None:
    """Why the wallet cannot carry `fills` and then `leaves` resting, or None.

    `reserves` is False for what will not rest or cannot make the position larger.
    """
    market = position.market
    contract = market.contract
    wallet = position.wallet
    traded = 0
    fee = 0
    against_mark = 0  # what the fills are worth at mark, less what they cost
    for fill in fills:
        traded += fill.quantity
        fee += contract.fee(fill.value, contract.taker_rate)
        against_mark -= sign * contract.sign * fill.value
    quantity = position.quantity + sign * traded
    if traded and market.mark > 0:
        against_mark += contract.unrealized(sign * traded, 0, market.mark)
    else:
        against_mark = 0
    buys = position.buys
    sells = position.sells
    if reserves:
        if sign > 0:
            buys += leaves
        else:
            sells += leaves

    now = wallet_margin(wallet)
    after = wallet_margin(wallet, position, quantity, buys, sells)
    settlement = contract.instrument.settlement
    equity = wallet.balance(settlement) + now.unrealized
    incremental = after.initial_with_orders - now.initial_with_orders + fee - min(against_mark, 0)
    grows = after.maintenance > now.maintenance
    usable = equity - (now.maintenance if grows else now.initial_with_orders)
    if incremental > 0 and incremental > usable:
        return INSUFFICIENT_MARGIN
    if against_mark >= 0 or equity < now.maintenance:
        return None
    return WOULD_CAUSE_LIQUIDATION if equity - fee + against_mark < after.maintenance else None


def held_for(contract: Contract, sign: int, leaves: int, limit: int) -> int:
    """Atoms that a resting spot order holds: quote and the larger fee to buy, base to sell."""
    if sign < 0:
        return leaves * contract.base_per_lot
    value = contract.value_up(leaves, limit)
    return value + contract.fee(value, max(contract.maker_rate, contract.taker_rate, 0))


def why_funds_refuse(
    wallet: Wallet, contract: Contract, sign: int, fills: list[Fill], leaves: int, limit: int
) -> RejectReason | None:
    """Why a spot wallet cannot pay for `fills` and then hold for `leaves`, or None."""
    instrument = contract.instrument
    if sign < 0:
        needed = leaves * contract.base_per_lot
        for fill in fills:
            needed += fill.quantity * contract.base_per_lot
        return INSUFFICIENT_FUNDS if needed > wallet.available(instrument.base) else None
    needed = held_for(contract, sign, leaves, limit)
    for fill in fills:
        needed += fill.value + contract.fee(fill.value, contract.taker_rate)
    return INSUFFICIENT_FUNDS if needed > wallet.available(instrument.quote) else None
