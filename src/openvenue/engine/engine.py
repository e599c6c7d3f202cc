"""Commands in, events out."""

from collections.abc import Callable, Iterable
from typing import Any, Final, final

from openvenue.engine.commands import (
    AddMargin,
    AmendOrder,
    Announce,
    Batch,
    CancelOrder,
    CancelOrders,
    CancelTwap,
    Command,
    Deposit,
    JoinAssignment,
    LeaveAssignment,
    ListAsset,
    ListInstrument,
    OpenAccount,
    PassTime,
    PlaceOrder,
    PlaceTwap,
    ReplaceOrder,
    Resume,
    RetractNotice,
    SetConditions,
    SetDeadMansSwitch,
    SetIndexPrice,
    SetIntake,
    SetLeverage,
    SetMarkPrice,
    SetMode,
    SetProfitAsset,
    SetSelfTrade,
    SetTradingEnabled,
    Transfer,
    Withdraw,
)
from openvenue.engine.due import due, orders_due
from openvenue.engine.events import Event, RequestHeld
from openvenue.engine.evolve.table import EVOLVE
from openvenue.engine.orders import OrderView
from openvenue.engine.rules.accrue_funding import accrue_funding
from openvenue.engine.rules.activate_order import activate_order, fire_triggers
from openvenue.engine.rules.amend_order import amend_order
from openvenue.engine.rules.announce import announce, retract_notice, set_conditions
from openvenue.engine.rules.arm_legs import arm_legs
from openvenue.engine.rules.assignment import join_assignment, leave_assignment
from openvenue.engine.rules.batch import batch, decide_member
from openvenue.engine.rules.cancel_order import cancel_order, cancel_orders
from openvenue.engine.rules.dead_mans_switch import fire_dead_mans_switch, set_dead_mans_switch
from openvenue.engine.rules.hold import (
    hold_for,
    hold_request,
    release_hold,
    released_request,
    waits_behind,
)
from openvenue.engine.rules.isolated_margin import add_margin, move_margin
from openvenue.engine.rules.liquidate import check_holders, check_wallet, liquidate
from openvenue.engine.rules.maintenance import begin_maintenance, end_maintenance
from openvenue.engine.rules.order_due import order_due
from openvenue.engine.rules.place_close import place_close
from openvenue.engine.rules.place_order import place_order
from openvenue.engine.rules.profit_asset import convert_profit, set_profit_asset
from openvenue.engine.rules.replace_order import replace_order, successor
from openvenue.engine.rules.set_leverage import set_leverage
from openvenue.engine.rules.set_prices import set_index_price, set_mark_price
from openvenue.engine.rules.set_self_trade import set_self_trade
from openvenue.engine.rules.set_up import (
    deposit,
    list_asset,
    list_instrument,
    open_account,
    pass_time,
    resume,
    set_intake,
    set_mode,
)
from openvenue.engine.rules.settle_contract import settle_contract
from openvenue.engine.rules.transfer import set_trading_enabled, transfer, withdraw
from openvenue.engine.rules.trim_reducers import trim_reducers
from openvenue.engine.rules.twap import cancel_twap, place_twap, slice_twap
from openvenue.engine.state import State
from openvenue.engine.steps import (
    AccrueFunding,
    ActivateOrder,
    ArmLegs,
    BeginMaintenance,
    CheckHolders,
    CheckWallet,
    ConvertProfit,
    DecideMember,
    EndMaintenance,
    FireDeadMansSwitch,
    FireTriggers,
    HoldRequest,
    Liquidate,
    MoveMargin,
    OrderDue,
    PlaceClose,
    ReleaseHold,
    SettleContract,
    SliceTwap,
    TrimReducers,
)
from openvenue.engine.units import Nanos

DECIDE: Final[dict[type[Any], Callable[[State, Any], list[Event]]]] = {
    PlaceOrder: place_order,
    AmendOrder: amend_order,
    CancelOrder: cancel_order,
    CancelOrders: cancel_orders,
    SetDeadMansSwitch: set_dead_mans_switch,
    Batch: batch,
    SetIndexPrice: set_index_price,
    SetMarkPrice: set_mark_price,
    SetMode: set_mode,
    SetIntake: set_intake,
    SetLeverage: set_leverage,
    AddMargin: add_margin,
    SetProfitAsset: set_profit_asset,
    ConvertProfit: convert_profit,
    MoveMargin: move_margin,
    Transfer: transfer,
    Withdraw: withdraw,
    SetTradingEnabled: set_trading_enabled,
    Announce: announce,
    RetractNotice: retract_notice,
    SetConditions: set_conditions,
    ListAsset: list_asset,
    ListInstrument: list_instrument,
    OpenAccount: open_account,
    Deposit: deposit,
    PassTime: pass_time,
    Resume: resume,
    AccrueFunding: accrue_funding,
    FireTriggers: fire_triggers,
    ActivateOrder: activate_order,
    TrimReducers: trim_reducers,
    FireDeadMansSwitch: fire_dead_mans_switch,
    OrderDue: order_due,
    ArmLegs: arm_legs,
    PlaceClose: place_close,
    SetSelfTrade: set_self_trade,
    ReplaceOrder: replace_order,
    DecideMember: decide_member,
    HoldRequest: hold_request,
    ReleaseHold: release_hold,
    JoinAssignment: join_assignment,
    LeaveAssignment: leave_assignment,
    CheckHolders: check_holders,
    CheckWallet: check_wallet,
    Liquidate: liquidate,
    SettleContract: settle_contract,
    BeginMaintenance: begin_maintenance,
    EndMaintenance: end_maintenance,
    PlaceTwap: place_twap,
    CancelTwap: cancel_twap,
    SliceTwap: slice_twap,
}
SEVERAL: Final = frozenset((Batch, ReplaceOrder))  # commands that are decided in parts


@final
class Engine:
    """A machine without surprises: the same commands at the same times give the same events.

    It reads no clock, draws no random number, opens no file and awaits nothing.
    """

    def __init__(self, state: State | None = None) -> None:
        self.state: Final = State() if state is None else state
        self.before: dict[int, OrderView] = {}  # orders as the last `apply` found or accepted them

    def apply(self, command: Command, now: Nanos) -> list[Event]:
        """Do all that is due by `now`, then `command`; return what happened, in order."""
        state = self.state
        assert now >= state.now, "market time does not go back"
        state.now = now
        state.before = {}
        events: list[Event] = []
        if (
            state.next_deadline <= now
            or state.next_sample <= now
            or state.timed.next <= now
            or state.holds.next <= now
            or state.slicing.next <= now
        ):
            for step in due(state, now):
                if type(step) is ReleaseHold:
                    self._release(step, events)
                else:
                    self._run(step, events)
            while state.timed.next <= now:  # a start may be followed by an end at once
                for _, step in orders_due(state, now):
                    self._run(step, events)
        if state.has_holds or type(command) in SEVERAL:
            self._do(command, events)
        else:
            self._run(command, events)
        self.before = state.before
        return events

    def _do(self, command: Any, events: list[Event]) -> None:
        """Decide one command, now or after a hold."""
        if type(command) in SEVERAL:
            self._do_parts(command, events)
            return
        if self.state.has_holds and (type(command) is PlaceOrder or type(command) is AmendOrder):
            hold = hold_for(self.state, command)
            if hold > 0:
                self._run(HoldRequest(command, hold), events)
                return
        self._run(command, events)

    def _do_parts(self, command: Batch | ReplaceOrder, events: list[Event]) -> None:
        """Decide commands that come as one, each in the world of the one before."""
        if isinstance(command, Batch):
            held = 0
            for index, member in enumerate(command.members):
                self._run(DecideMember(index), events)
                if held and isinstance(member, PlaceOrder) and waits_behind(self.state, member):
                    self._run(HoldRequest(member, held), events)
                    continue
                self._do(member, events)
                if self.state.has_holds and isinstance(events[-1], RequestHeld):
                    held = int(events[-1].until) - int(self.state.now)
            return
        new = successor(self.state, command)
        self._run(command, events)
        if isinstance(new, PlaceOrder):
            self._run(new, events)

    def _release(self, step: ReleaseHold, events: list[Event]) -> None:
        """Decide what was held, now."""
        request = released_request(self.state.holds.find(step.hold_id))
        self._run(step, events)
        if request is not None:
            self._run(request, events)

    def fold(self, events: Iterable[Event], now: Nanos) -> None:
        """Make an acknowledged past true again, without deciding anything."""
        state = self.state
        state.now = now
        state.before = {}
        for event in events:
            EVOLVE[type(event)](state, event)
        state.steps.clear()
        state.closes.clear()

    def _run(self, step: Any, events: list[Event]) -> None:
        """Decide one step, then everything that follows from it, one step at a time."""
        state = self.state
        steps = state.steps
        while True:
            for event in DECIDE[type(step)](state, step):
                EVOLVE[type(event)](state, event)
                events.append(event)
            if steps.queue:
                step = steps.popleft()
            elif state.closes:
                step = state.closes.popleft()
            else:
                return
