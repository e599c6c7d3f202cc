"""Every kind of event either says something about the past, or is known not to."""

from typing import get_args

from openvenue.engine import events
from openvenue.history.fold import FOLDS

SAYS_NOTHING = {
    events.RequestHeld,
    events.HoldsCanceled,
    events.DeadMansSwitchSet,
    events.DeadMansSwitchFired,  # the orders that went are told by OrdersCanceled
    events.ModeSet,
    events.MaintenanceBegan,
    events.MaintenanceEnded,
    events.AssetListed,
    events.AccountOpened,
    events.Refused,
    events.Resumed,
    events.IntakeSet,
    events.LeverageSet,
    events.ProfitAssetSet,
    events.LiquidationStarted,  # what it brings about is told by other events
    events.LiquidationMoved,
    events.LiquidationEnded,
    events.AssigneeJoined,
    events.AssigneeLeft,
    events.ContractSettled,
    events.TradingEnabledSet,
    events.Announced,
    events.NoticeRetracted,
    events.ConditionsSet,
    events.MarginMoved,  # between a wallet and a position that it stands for
    events.FundingSampled,  # the rate that it makes is told when it is set
    events.SelfTradeSet,
    events.OrderRefilled,  # the order has what it had
    events.TwapRejected,  # nothing was opened
}


def test_no_event_is_overlooked() -> None:
    """Who adds an event decides here whether the index has to hear of it."""
    assert set(FOLDS) | SAYS_NOTHING == set(get_args(events.Event))
    assert not set(FOLDS) & SAYS_NOTHING
