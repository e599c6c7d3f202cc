"""The dead man's switch: armed, disarmed, fired once."""

from openvenue.engine.commands import SetDeadMansSwitch
from openvenue.engine.events import (
    DeadMansSwitchFired,
    DeadMansSwitchSet,
    Event,
    OrdersCanceled,
    Refused,
)
from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.rules.cancel_order import held_orders, holds_canceled
from openvenue.engine.rules.twap import twaps_ended
from openvenue.engine.state import State
from openvenue.engine.steps import FireDeadMansSwitch
from openvenue.engine.units import Nanos, OrderId


def set_dead_mans_switch(state: State, command: SetDeadMansSwitch) -> list[Event]:
    """A new deadline in place of the old one; none for a timeout of 0."""
    if command.account not in state.accounts:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    if command.timeout < 0:
        return [Refused(reason=RejectReason.INVALID, detail="timeout")]
    deadline = Nanos(state.now + command.timeout) if command.timeout else None
    return [DeadMansSwitchSet(account=command.account, deadline=deadline)]


def fire_dead_mans_switch(state: State, step: FireDeadMansSwitch) -> list[Event]:
    """The switch goes off, and with it every live order and TWAP of the account."""
    account = state.accounts[step.account]
    return [
        DeadMansSwitchFired(account=step.account, deadline=step.deadline),
        OrdersCanceled(
            account=step.account,
            order_ids=tuple([OrderId(order_id) for order_id in account.orders]),
            reason=CancelReason.DEAD_MANS_SWITCH,
        ),
        *holds_canceled(step.account, held_orders(state, step.account)),
        *twaps_ended(state, step.account, CancelReason.DEAD_MANS_SWITCH),
    ]
