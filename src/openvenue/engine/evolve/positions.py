"""How a position changes: its size and cost, what funding has accrued, the money it moves."""

from openvenue.engine.accounts import Account
from openvenue.engine.markets import Market
from openvenue.engine.positions import Position
from openvenue.engine.state import State
from openvenue.engine.steps import TrimReducers
from openvenue.engine.units import AssetId


def position_in(account: Account, market: Market) -> Position:
    """What the account holds there, at first nothing."""
    position = account.positions.get(market.symbol)
    return open_position(account, market) if position is None else position


def open_position(account: Account, market: Market) -> Position:
    """A position of nothing yet, where the account has had none."""
    wallet = account.wallet(market.contract.instrument.wallet)
    position = Position(account.account_id, market, wallet)
    account.positions[market.symbol] = position
    wallet.join(position)
    return position


def change_position(state: State, position: Position, quantity: int, cost: int) -> None:
    """Add size and cost; what rests against the other side of it is trimmed next."""
    market = position.market
    held = position.quantity
    holds = held + quantity
    if market.funding.num:
        accrue(position, state.now)
    if (held > 0) != (holds > 0) or held == 0:
        position.funded = 0  # another position from here on
    position.quantity = holds
    position.cost += cost
    position.changed = state.now
    position.is_stale = True
    market.open_interest += (holds if holds > 0 else 0) - (held if held > 0 else 0)
    if held == 0:
        market.holders[position.account] = position
    elif holds == 0:
        del market.holders[position.account]
    if (position.reducers or position.guards) and (held > 0) != (quantity > 0):
        has_ended = holds == 0 or (held > 0) != (holds > 0)
        if has_ended or abs(holds) < position.largest_reducer:
            state.steps.append_first(TrimReducers(position.account, market.symbol))


def fund(state: State, position: Position, amount: int, until: int) -> None:
    """Turn what has accrued until then into money, which others have paid or will pay."""
    accrue(position, until)
    position.funding -= amount
    position.funded += amount
    position.is_stale = True
    asset = position.market.contract.instrument.settlement
    position.wallet.credit(asset, amount)
    add(state.funding, asset, -amount)


def accrue(position: Position, until: int) -> None:
    """Count what has accrued for the size that is about to change."""
    if position.market.funding.num:
        position.funding = position.accrued(until)
        position.funding_from = until


def add(sums: dict[AssetId, int], asset: AssetId, amount: int) -> None:
    """Count an amount into one of the venue's own sums."""
    sums[asset] = sums.get(asset, 0) + amount
