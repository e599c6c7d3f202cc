"""What becomes of an order, from its acceptance to its end. Trades are in `trades`."""

from msgspec.structs import replace

from openvenue.engine.book import Live
from openvenue.engine.events import (
    HoldReleased,
    HoldsCanceled,
    LegArmed,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRefilled,
    OrderRejected,
    OrderRested,
    OrdersCanceled,
    OrderStarted,
    OrderTrimmed,
    RequestHeld,
    TriggerFired,
    TriggersMoved,
)
from openvenue.engine.evolve.follow_ups import look_at_mid
from openvenue.engine.evolve.places import (
    hold_again,
    leave_book,
    remove,
    reserve,
    rest,
    wait,
    wait_no_more,
    wait_or_fire,
)
from openvenue.engine.evolve.positions import open_position
from openvenue.engine.orders import Extras, moved
from openvenue.engine.state import State
from openvenue.engine.steps import ActivateOrder
from openvenue.engine.units import OrderId


def order_accepted(state: State, event: OrderAccepted) -> None:
    """The order lives: in the book, among the triggers, or about to trade."""
    order = event.order
    account = state.accounts[order.account]
    market = state.markets[order.symbol]
    position = account.positions.get(market.symbol)
    if position is None and not market.contract.is_spot:
        position = open_position(account, market)
    live = Live(order, state.now, account, market, position)
    order_id = live.order_id
    state.next_order_id = OrderId(order_id + 1)
    account.orders[order_id] = live
    cl_ord_id = live.cl_ord_id
    if cl_ord_id is not None:
        account.cl_ord_ids[cl_ord_id] = live
    extras = live.extras
    if extras is not None:
        live.note(extras)
        if _begin(state, live, extras):
            return
    if event.rests:
        rest(live)
        look_at_mid(state, market)
        return
    trigger = order.trigger
    if trigger is not None:
        live.is_waiting = True
        wait_or_fire(state, live)


def _begin(state: State, live: Live, extras: Extras) -> bool:
    """Note what is due about an order; whether it waits for that before anything else."""
    if extras.parent is not None:
        live.is_waiting = True
        return True
    if extras.starts is not None and extras.starts > state.now:
        state.timed.add(live, extras.starts)
        live.is_waiting = True
        return True
    if extras.expires is not None:
        state.timed.add(live, extras.expires)
    return False


def order_started(state: State, event: OrderStarted) -> None:
    """It waits for its price from here on, or acts in the next step."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    order = live.order
    extras = order.extras
    assert extras is not None, "what starts has a time"
    live.updated = state.now
    state.timed.remove(live)
    if extras.expires is not None:
        state.timed.add(live, extras.expires)
    if order.trigger is not None:
        if event.price is not None:
            live.amend(moved(order, event.price))
        wait_or_fire(state, live)
        return
    live.is_waiting = False
    state.steps.append(ActivateOrder(event.account, event.order_id))


def order_activated(state: State, event: OrderActivated) -> None:
    """What was a trigger is an order like any other, under the same id."""
    live = state.accounts[event.order.account].orders[event.order.order_id]
    live.amend(event.order)
    live.leaves = event.order.quantity
    live.updated = state.now
    if event.rests:
        rest(live)
        look_at_mid(state, live.market)


def order_rejected(state: State, event: OrderRejected) -> None:
    """Nothing, but that an identity is used up where one had been given."""
    if event.order is not None:
        state.next_order_id = OrderId(event.order.order_id + 1)


def order_rested(state: State, event: OrderRested) -> None:
    """The rest of a taker joins the book."""
    live = state.accounts[event.account].orders[event.order_id]
    rest(live)
    look_at_mid(state, live.market)


def order_refilled(state: State, event: OrderRefilled) -> None:
    """An iceberg's next slice stands behind all others at its price."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    level = live.level
    assert level is not None, "only what rests is refilled"
    ladder = level.ladder
    level.remove(live)
    live.hidden = live.leaves - event.shown
    ladder.add(live, live.price)


def order_amended(state: State, event: OrderAmended) -> None:
    """The order has its new terms: in its old place, at the back, or about to trade."""
    live = state.accounts[event.order.account].orders[event.order.order_id]
    state.remember(live)
    live.updated = state.now
    level = live.level
    if level is None:
        assert live.is_waiting, "only what rests or waits is amended"
        if event.order.extras is not None:
            live.note(event.order.extras)
        live.amend(event.order)
        live.leaves = event.leaves
        return
    extras = event.order.extras
    if extras is not None:
        live.note(extras)
    if event.keeps_place:
        level.quantity -= live.leaves - live.hidden - (event.leaves - event.hidden)
        live.hidden = event.hidden
        if not live.is_waiting:
            reserve(live, event.leaves - live.leaves)
        live.amend(event.order)
        live.leaves = event.leaves
        if not live.is_waiting and live.position is None:
            hold_again(live)
        return
    if not live.is_waiting:
        leave_book(live)
        live.amend(event.order)
        live.leaves = event.leaves
        if event.rests:
            rest(live)
        look_at_mid(state, live.market)
        return
    wait_no_more(live)
    live.amend(event.order)
    live.leaves = event.leaves
    wait_or_fire(state, live)


def order_trimmed(state: State, event: OrderTrimmed) -> None:
    """A reduce-only order is smaller, in its place."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    level = live.level
    assert level is not None, "only resting orders are trimmed"
    level.quantity -= live.leaves - event.leaves
    live.amend(replace(live.order, quantity=event.quantity))
    live.leaves = event.leaves
    live.updated = state.now
    position = live.position
    assert position is not None, "only reduce-only orders are trimmed"
    position.largest_reducer = event.leaves  # what is larger is trimmed to the same size


def trigger_fired(state: State, event: TriggerFired) -> None:
    """The order waits no more; what it does now is the next step."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    wait_no_more(live)
    live.is_waiting = False
    live.updated = state.now
    state.steps.append(ActivateOrder(event.account, event.order_id))


def triggers_moved(state: State, event: TriggersMoved) -> None:
    """Trailing stops wait at another price, behind the others there."""
    for move in event.moves:
        live = state.accounts[move.account].orders[move.order_id]
        state.remember(live)
        wait_no_more(live)
        live.amend(moved(live.order, move.price))
        live.updated = state.now
        wait(live)


def leg_armed(state: State, event: LegArmed) -> None:
    """It waits for its price."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    live.updated = state.now
    wait_or_fire(state, live)


def order_canceled(state: State, event: OrderCanceled) -> None:
    """One order is gone."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    remove(state, live)
    look_at_mid(state, live.market)


def orders_canceled(state: State, event: OrdersCanceled) -> None:
    """A whole scope is gone."""
    orders = state.accounts[event.account].orders
    for order_id in event.order_ids:
        live = orders[order_id]
        state.remember(live)
        remove(state, live)
        look_at_mid(state, live.market)


def request_held(state: State, event: RequestHeld) -> None:
    """It waits."""
    state.holds.next_id = event.hold_id + 1
    state.holds.add(event)


def holds_canceled(state: State, event: HoldsCanceled) -> None:
    """They wait on, for less."""
    for hold_id in event.hold_ids:
        state.holds.cancel(hold_id)


def hold_released(state: State, event: HoldReleased) -> None:
    """It waits no more."""
    state.holds.remove(event.hold_id)
