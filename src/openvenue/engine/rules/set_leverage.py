"""SetLeverage: how much of an account's exposure in one market has to be covered."""

from openvenue.engine.commands import SetLeverage
from openvenue.engine.events import Event, LeverageSet, Refused
from openvenue.engine.margin import equity, wallet_margin
from openvenue.engine.reasons import RejectReason
from openvenue.engine.state import State


def set_leverage(state: State, command: SetLeverage) -> list[Event]:
    """LeverageSet, unless the schedule allows less, or a position would be left short of margin."""
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
        if leverage * contract.initial_num[0] > contract.initial_den[0]:
            return [Refused(reason=RejectReason.LEVERAGE_TOO_HIGH, detail=command.symbol)]
    position = account.positions.get(command.symbol)
    if position is not None and leverage is not None:
        margin = wallet_margin(position.wallet)
        exposure = max(position.long_lots, position.short_lots)
        held = max(position.initial_long, position.initial_short)
        needed = position.schedule.initial(exposure, leverage)
        if needed > held and margin.initial_with_orders + needed - held > equity(position.wallet):
            return [Refused(reason=RejectReason.INSUFFICIENT_MARGIN, detail=command.symbol)]
    return [LeverageSet(account=command.account, symbol=command.symbol, leverage=leverage)]
