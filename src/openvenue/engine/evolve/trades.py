"""One maker met one taker."""

from typing import Final

from openvenue.engine.accounts import Account
from openvenue.engine.events import Traded
from openvenue.engine.evolve.follow_ups import (
    look_at_margin,
    look_at_mid,
    look_at_profit,
    look_at_triggers,
    look_at_wallet,
    see_to_legs,
)
from openvenue.engine.evolve.places import forget, hold_again, leave_book, reserve
from openvenue.engine.evolve.positions import add, change_position, fund
from openvenue.engine.markets import Market
from openvenue.engine.orders import Origin, Side, Signal
from openvenue.engine.state import State
from openvenue.engine.steps import PlaceClose
from openvenue.engine.units import ExecId

BUY: Final = Side.BUY
LAST: Final = int(Signal.LAST)
CLIENT: Final = Origin.CLIENT


def traded(state: State, event: Traded) -> None:
    """Both orders shrink; positions or balances move; the venue earns its fees."""
    maker = state.accounts[event.maker_account].orders[event.maker_order_id]
    taker = state.accounts[event.taker_account].orders[event.taker_order_id]
    market = maker.market
    price = event.price
    quantity = event.quantity
    value = event.value
    maker_fee = event.maker_fee
    taker_fee = event.taker_fee
    maker_leaves = event.maker_leaves
    taker_leaves = event.taker_leaves
    taker_sign = 1 if event.aggressor is BUY else -1
    now = state.now
    state.next_exec_id = ExecId(event.exec_id + 1)
    state.remember(maker)

    level = maker.level
    if level is None:  # an order of the venue's own, that met another outside the book
        maker.leaves = maker_leaves
        if maker.leaves == 0:
            forget(state, maker)
    elif maker_leaves == 0:
        leave_book(maker)
        maker.leaves = 0
        forget(state, maker)
    else:
        level.quantity -= quantity
        reserve(maker, -quantity)
        maker.leaves = maker_leaves
    maker.updated = now
    maker.value += value
    maker.fees += maker_fee
    taker.value += value
    taker.fees += taker_fee
    taker.leaves = taker_leaves
    taker.updated = now
    if maker.leaves and maker.extras is not None:
        see_to_legs(state, maker, True)
    if taker.leaves and taker.extras is not None:
        see_to_legs(state, taker, True)
    if taker.leaves == 0:
        forget(state, taker)
    if maker.closes:
        state.closes.append(PlaceClose(maker.order, quantity, price))
    if taker.closes:
        state.closes.append(PlaceClose(taker.order, quantity, price))

    contract = market.contract
    if contract.is_spot:
        _exchange(maker.account, market, -taker_sign, quantity, value, maker_fee)
        _exchange(taker.account, market, taker_sign, quantity, value, taker_fee)
        if maker.leaves:
            hold_again(maker)
    else:
        cost = value if taker_sign == contract.sign else -value
        lots = quantity if taker_sign > 0 else -quantity
        maker_funding = event.maker_funding
        taker_funding = event.taker_funding
        maker_realized = event.maker_realized
        taker_realized = event.taker_realized
        made = maker.position
        taken = taker.position
        assert made is not None and taken is not None, "derivatives have positions"
        if maker_funding:
            fund(state, made, int(maker_funding), now)
        if taker_funding:
            fund(state, taken, int(taker_funding), now)
        change_position(state, made, -lots, maker_realized - cost)
        change_position(state, taken, lots, taker_realized + cost)
        # What is being closed for its owner keeps its margin, and stays as it is.
        is_own = event.origin is CLIENT
        if made.wallet.parent is not None:
            look_at_margin(state, made, lots)
        if taken.wallet.parent is not None and is_own:
            look_at_margin(state, taken, -lots)
        settlement = contract.settlement
        liquidation_fee = event.liquidation_fee
        made.wallet.credit(settlement, maker_realized - maker_fee)
        taken.wallet.credit(settlement, taker_realized - taker_fee - liquidation_fee)
        if made.profit_asset is not None:
            look_at_profit(state, made, maker_realized + maker_funding)
        if taken.profit_asset is not None and is_own:
            look_at_profit(state, taken, taker_realized + taker_funding)
        if liquidation_fee:
            add(state.insurance, settlement, liquidation_fee)
        # A maker that trades at a worse price than the mark has lost more than was reserved.
        away = price * contract.tick_fine - market.mark
        if market.mark and (away if taker_sign < 0 else -away) > 0:
            look_at_wallet(state, made.account, made.wallet.wallet_id)
    add(state.fees, contract.settlement, maker_fee + taker_fee)
    cents = market.cents(quantity, value)
    maker.account.volumes.add(now, cents)
    taker.account.volumes.add(now, cents)
    if level is None:
        return  # what met outside the book says nothing about the market's price
    market.last = price
    market.last_quantity = quantity
    market.last_time = now
    if market.triggers.are_waiting(LAST):
        look_at_triggers(state, market, LAST)
    look_at_mid(state, market)


def _exchange(
    account: Account, market: Market, sign: int, quantity: int, value: int, fee: int
) -> None:
    """Base against quote, and the fee in quote."""
    instrument = market.contract.instrument
    wallet = account.wallet(instrument.wallet)
    wallet.credit(instrument.base, sign * quantity * market.contract.base_per_lot)
    wallet.credit(instrument.quote, -sign * value - fee)
