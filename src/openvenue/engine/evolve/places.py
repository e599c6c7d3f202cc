"""Where a live order stands (book, triggers), and what is reserved for it there."""

from openvenue.engine.book import Level, Live
from openvenue.engine.evolve.follow_ups import look_at_triggers, see_to_legs
from openvenue.engine.margin import held_for
from openvenue.engine.state import State
from openvenue.engine.trailing import moves_at


def rest(live: Live) -> None:
    """Put an order into the book, behind the others at its price, and reserve for it."""
    book = live.market.book
    ladder = book.bids if live.sign > 0 else book.asks
    if live.display and live.leaves > live.display:
        live.hidden = live.leaves - live.display
    ladder.add(live, live.price)
    position = live.position
    if position is None:
        hold_again(live)
    elif live.is_reducer:
        position.add_reducer(live)
    else:
        reserve(live, live.leaves)


def leave_book(live: Live) -> None:
    """Take a resting order out of the book, with all that was reserved for it."""
    level = live.level
    assert level is not None, "it rests"
    level.remove(live)
    position = live.position
    if position is None:
        leaves = live.leaves
        live.leaves = 0
        hold_again(live)
        live.leaves = leaves
    elif live.is_reducer:
        del position.reducers[live.order_id]
    else:
        reserve(live, -live.leaves)


def reserve(live: Live, lots: int) -> None:
    """Count `lots` more (or fewer) of an order that could make its position larger."""
    position = live.position
    if position is None or live.is_reducer:
        return
    if live.sign > 0:
        position.buys += lots
    else:
        position.sells += lots
    position.is_stale = True


def hold_again(live: Live) -> None:
    """Hold what a resting spot order needs now, instead of what it needed before."""
    contract = live.market.contract
    sign = live.sign
    needed = held_for(contract, sign, live.leaves, live.price) if live.leaves else 0
    instrument = contract.instrument
    asset = instrument.quote if sign > 0 else instrument.base
    live.account.wallet(instrument.wallet).hold(asset, needed - live.held)
    live.held = needed


def wait(live: Live) -> None:
    """Put an order among the triggers."""
    trigger = live.order.trigger
    assert trigger is not None, "what waits has a trigger"
    market = live.market
    signal = int(trigger.signal)
    direction = int(trigger.direction)
    market.triggers.ladder(signal, direction).add(live, int(trigger.price))
    trail = trigger.trail
    if trail is not None:
        market.triggers.trails(signal, direction).add(
            live, moves_at(trigger, trail, market.contract)
        )
        live.account.trailing += 1
    extras = live.extras
    if extras is not None and extras.guards and live.position is not None:
        live.position.guards[live.order_id] = live


def wait_or_fire(state: State, live: Live) -> None:
    """Put an order among the triggers; if its price has been reached, it fires next."""
    wait(live)
    trigger = live.order.trigger
    assert trigger is not None, "what waits has a trigger"
    look_at_triggers(state, live.market, int(trigger.signal))


def wait_no_more(live: Live) -> None:
    """Take an order out of the triggers."""
    level = live.level
    assert level is not None, "it waits in a ladder"
    level.remove(live)
    trigger = live.order.trigger
    assert trigger is not None, "what waits has a trigger"
    if trigger.trail is not None:
        live.market.triggers.trails(int(trigger.signal), int(trigger.direction)).remove(live)
        live.account.trailing -= 1
    extras = live.extras
    if extras is not None and extras.guards and live.position is not None:
        del live.position.guards[live.order_id]


def remove(state: State, live: Live) -> None:
    """End a live order wherever it is."""
    level: Level | None = live.level
    if live.is_waiting:
        if level is not None:
            wait_no_more(live)
    elif level is not None:
        leave_book(live)
    forget(state, live)


def forget(state: State, live: Live) -> None:
    """Take away an ended order's names."""
    account = live.account
    order_id = live.order_id
    del account.orders[order_id]
    cl_ord_id = live.cl_ord_id
    if cl_ord_id is not None:
        del account.cl_ord_ids[cl_ord_id]
    if live.extras is not None:
        state.timed.remove(live)
        see_to_legs(state, live, live.value > 0 or live.leaves == 0)
