"""SetSelfTrade: what an account's orders do where they meet its own family."""

from openvenue.engine.commands import SetSelfTrade
from openvenue.engine.events import Event, Refused, SelfTradeSet
from openvenue.engine.reasons import RejectReason
from openvenue.engine.state import State


def set_self_trade(state: State, command: SetSelfTrade) -> list[Event]:
    """SelfTradeSet; orders that live keep the rule that they were accepted with."""
    if command.account not in state.accounts:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    return [SelfTradeSet(account=command.account, self_trade=command.self_trade)]
