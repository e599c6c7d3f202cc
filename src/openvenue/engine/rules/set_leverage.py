"""SetLeverage: how much of an account's exposure in one market is covered, and by which money."""

from openvenue.engine.accounts import Account
from openvenue.engine.commands import SetLeverage
from openvenue.engine.events import Event, LeverageSet, Refused
from openvenue.engine.margin import equity, wallet_margin
from openvenue.engine.markets import Market
from openvenue.engine.positions import Position
from openvenue.engine.reasons import RejectReason
from openvenue.engine.rules.isolated_margin import moved
from openvenue.engine.state import State


def set_leverage(state: State, command: SetLeverage) -> list[Event]:
    """LeverageSet; MarginMoved where an open isolated position needs more, or less, from now on.

    A position that is open stays cross, or isolated. It is not left short of margin, and orders
    are not, either.
    """
    account = state.accounts.get(command.account)
    market = state.markets.get(command.symbol)
    if account is None:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    if market is None or market.contract.is_spot:
        return [Refused(reason=RejectReason.MARKET_NOT_FOUND, detail=command.symbol)]
    leverage = command.leverage
    contract = market.contract
    if leverage is not None:
        if leverage <= 0:
            return [Refused(reason=RejectReason.INVALID, detail="leverage")]
        exposure = _exposure(account.positions.get(command.symbol))
        if not market.schedule.allows(exposure, leverage):
            return [Refused(reason=RejectReason.LEVERAGE_TOO_HIGH, detail=command.symbol)]
    new = LeverageSet(
        account=command.account,
        symbol=command.symbol,
        leverage=leverage,
        is_isolated=command.is_isolated,
    )
    position = account.positions.get(command.symbol)
    if position is None:
        return [new]
    is_isolated = position.wallet.parent is not None
    if position.quantity and is_isolated != command.is_isolated:
        return [Refused(reason=RejectReason.OPEN_POSITION, detail=command.symbol)]
    change = _missing(account, market, position, leverage or 0)
    if change is None:
        return [Refused(reason=RejectReason.INSUFFICIENT_MARGIN, detail=command.symbol)]
    if command.is_isolated and not is_isolated and not _stands_alone(position, leverage or 0):
        return [Refused(reason=RejectReason.INSUFFICIENT_MARGIN, detail=command.symbol)]
    left = position.wallet.balance(contract.instrument.settlement)
    if is_isolated and not command.is_isolated and left:
        return [moved(position, -left), new]  # what a liquidation left
    return [new, moved(position, change)] if change else [new]


def _exposure(position: Position | None) -> int:
    """The larger of what is held and ordered on either side, in lots."""
    if position is None:
        return 0
    position.refresh()
    return max(position.long_lots, position.short_lots, 0)


def _stands_alone(position: Position, leverage: int) -> bool:
    """Whether a wallet carries the orders of a market that nets against its others no more."""
    wallet = position.wallet
    position.refresh()
    exposure = max(position.long_lots, position.short_lots)
    before = wallet_margin(wallet).initial_with_orders
    after = wallet_margin(wallet, position).initial_with_orders
    after += position.schedule.initial(exposure, leverage)
    return after <= before or after <= equity(wallet)


def _missing(account: Account, market: Market, position: Position, leverage: int) -> int | None:
    """What an isolated position has too little (or, negative, too much) at a new leverage.

    None: the wallet could not carry position and orders. Of a cross position nothing moves.
    """
    isolated = position.wallet
    wallet = isolated if isolated.parent is None else isolated.parent
    margin = wallet_margin(wallet)
    own = equity(isolated)  # refreshes
    schedule = position.schedule
    exposure = max(position.long_lots, position.short_lots)
    needed = schedule.initial(exposure, leverage)
    held = max(position.initial_long, position.initial_short)
    free = equity(wallet) - margin.initial_with_orders
    if isolated.parent is None or position.quantity == 0:
        return None if needed > held and needed - held > free else 0
    initial = schedule.initial(abs(position.quantity), leverage)
    missing = initial - own
    balance = isolated.balance(market.contract.instrument.settlement)
    if missing < 0:
        missing = -min(-missing, max(balance, 0)) if initial < position.initial else 0
    reserved = max(needed - initial, 0)
    if missing > 0 and missing + reserved - position.reserved > free:
        return None
    return missing
